/* unix_socket.c - unix sockets: binding them at a path, and removing them from it. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server/listener.h"
#include "server/unix_socket.h"
#include "shockwave_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/*
 * The socket of a server that crashed remains at its path, where bind() fails until it is removed.
 * No system call removes a name only if it still refers to the same file, so there are two races:
 *
 *   start   two servers find the same stale socket; the second one removes what the first has bound
 *           since.  And between bind() and listen() a socket looks stale: connect() is refused.
 *   end     a server removes the socket that its successor has bound at the path since.
 *
 * Against both, each server holds a lock on the folder, flock(2): at the start from the check to
 * listen(), at the end from the comparison of device and inode to unlink().  A lock on the folder
 * leaves no file in it.  At the end the server's own socket is still open, so that no other file
 * can have its inode.  Where the folder cannot be locked, because it may not be read or its file
 * system has no locks, servers go on without.
 */

enum {
    START_TRIES = 5000, /* milliseconds to wait for the lock */
    END_TRIES = 100,    /* on the thread of a worker */
};

/* open(), again after a signal, which may end it on a network file system. */
static int open_path(const char *path, int flags)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* Locks the folder of a path: a descriptor to close, or -1 and errno, EWOULDBLOCK when another
   process owned the lock for the complete time. */
static int lock_folder(const char *path, int tries)
{
    char folder[sizeof((struct sockaddr_un *)NULL)->sun_path];
    size_t n = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, path, n + 1);
    folder[n ? n : 1] = '\0';
    int fd = open_path(folder, O_RDONLY | O_DIRECTORY);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        int error = errno;
        if ((error == EWOULDBLOCK || error == EINTR) && tries-- > 0) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
            continue;
        }
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* Is there a socket without a listening server?  SOCK_NONBLOCK: with a server whose backlog is
   full, connect() fails with EAGAIN instead of waiting. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) || !S_ISSOCK(status.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused =
        connect(fd, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

/* Sets mode and owner of the socket that `file` refers to: never of a link in its place. */
static const char *set_permissions(const struct sw_listener_config *listener_config, int file)
{
    uid_t user = listener_config->socket_owner & SW_OWNED_BY_USER ? listener_config->socket_user : (uid_t)-1;
    gid_t group = listener_config->socket_owner & SW_OWNED_BY_GROUP ? listener_config->socket_group : (gid_t)-1;
    char name[32]; /* fchmod() takes no O_PATH */
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    if (listener_config->socket_mode && chmod(name, listener_config->socket_mode))
        return "chmod";
    if (listener_config->socket_owner && fchownat(file, "", user, group, AT_EMPTY_PATH))
        return "chown";
    return NULL;
}

/* Mode and owner are set before listen(): until then connect() is refused. */
static const char *bind_at(struct sw_listener *listener,
                           const struct sw_listener_config *listener_config,
                           const struct sockaddr_un *address, int backlog)
{
    struct stat status;
    if (is_stale(address))
        unlink(address->sun_path);
    if (bind(listener->fd, (const struct sockaddr *)address, sizeof *address))
        return "bind";
    int file = open_path(address->sun_path, O_PATH | O_NOFOLLOW);
    if (file < 0)
        return "open";
    const char *failed = fstat(file, &status) ? "fstat" : NULL;
    if (!failed && !S_ISSOCK(status.st_mode)) {
        failed = "bind"; /* another file is there already */
        errno = EADDRINUSE;
    }
    if (!failed) {
        memcpy(listener->path, address->sun_path, sizeof listener->path);
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
        failed = set_permissions(listener_config, file);
    }
    int error = errno;
    close(file);
    errno = error;
    return failed ? failed : listen(listener->fd, backlog) ? "listen" : NULL;
}

const char *sw_local_listen(struct sw_listener *listener,
                            const struct sw_listener_config *listener_config,
                            const struct sockaddr_un *address, int backlog)
{
    int lock = lock_folder(address->sun_path, START_TRIES);
    if (lock < 0 && errno == EWOULDBLOCK)
        return "flock";
    const char *failed = bind_at(listener, listener_config, address, backlog);
    int error = errno;
    if (lock >= 0)
        close(lock);
    errno = error;
    return failed;
}

void sw_local_remove(struct sw_listener *listener)
{
    struct stat status;
    if (!listener->path[0])
        return;
    int lock = lock_folder(listener->path, END_TRIES);
    if (lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
        status.st_ino == listener->inode)
        unlink(listener->path);
    if (lock >= 0)
        close(lock);
    listener->path[0] = '\0';
}
