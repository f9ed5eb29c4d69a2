/* server_listen.c - listeners, and the peers that come through them. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ACCEPTS = 64,     /* for one listener before the peers have their turn */
    RETRY_AFTER = 50, /* milliseconds, when descriptors have run out */
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

/* Returns the size of the address, or 0 when the text is none. */
static socklen_t read_address(const struct sw_listener *listener, union address *out)
{
    memset(out, 0, sizeof *out);
    size_t n = strlen(listener->address);
    if (listener->address[0] == '/') {
        if (n >= sizeof out->local.sun_path)
            return 0;
        out->local.sun_family = AF_UNIX;
        memcpy(out->local.sun_path, listener->address, n + 1);
        return sizeof out->local;
    }
    if (inet_pton(AF_INET, listener->address, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(listener->port);
        return sizeof out->v4;
    }
    if (inet_pton(AF_INET6, listener->address, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(listener->port);
        return sizeof out->v6;
    }
    return 0;
}

/* A socket left behind by a server that is no more is in the way; anything else is left alone. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) &&
        errno == ECONNREFUSED)
        unlink(address->sun_path);
    if (fd >= 0)
        close(fd);
}

static const char *prepare(struct sw_door *door, union address *address, socklen_t size)
{
    int family = address->any.sa_family, on = 1;
    door->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (door->fd < 0)
        return "socket";
    if (family == AF_UNIX) {
        remove_stale(&address->local);
    } else {
        /* Accepted sockets inherit NODELAY. */
        if (setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
            setsockopt(door->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
            return "setsockopt";
        if (family == AF_INET6 && setsockopt(door->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on))
            return "setsockopt";
    }
    if (bind(door->fd, &address->any, size))
        return "bind";
    if (family == AF_UNIX)
        memcpy(door->path, address->local.sun_path, sizeof door->path);
    if (listen(door->fd, SOMAXCONN))
        return "listen";
    if (getsockname(door->fd, &address->any, &size))
        return "getsockname";
    if (family == AF_INET)
        door->port = ntohs(address->v4.sin_port);
    else if (family == AF_INET6)
        door->port = ntohs(address->v6.sin6_port);
    return NULL;
}

const char *sw_door_open(struct sw_worker *worker, struct sw_door *door,
                         const struct sw_listener *listener)
{
    *door = (struct sw_door){.tag = SW_TAG_DOOR, .fd = -1};
    union address address;
    socklen_t size = read_address(listener, &address);
    if (!size) {
        errno = EINVAL;
        return "listeners";
    }
    const char *failed = prepare(door, &address, size);
    if (!failed && (errno = sw_loop_add(&worker->loop, door->fd, door)) != 0)
        failed = "epoll_ctl";
    int code = errno;
    if (failed)
        sw_door_close(door);
    errno = code;
    return failed;
}

void sw_door_close(struct sw_door *door)
{
    if (door->fd >= 0)
        close(door->fd);
    door->fd = -1;
    door->ready = false;
    if (door->path[0])
        unlink(door->path);
    door->path[0] = '\0';
}

/*
 * Out of descriptors, or memory: trying again at once would be spinning, and giving up would be
 * dying.  So the next try is when one of our own sockets is closed, or a little later, whichever
 * comes first.
 */
static void starve(struct sw_worker *worker)
{
    worker->starving = true;
    sw_wheel_set(&worker->wheel, &worker->retry, sw_worker_tick(worker, RETRY_AFTER));
}

void sw_door_accept(struct sw_worker *worker, struct sw_door *door)
{
    for (int i = 0; i < ACCEPTS; i++) {
        if (worker->starving || worker->peers.used == worker->peers.count)
            return;
        int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (!sw_peer_open(worker, fd)) {
                close(fd);
                starve(worker);
            }
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            door->ready = false;
            return;
        }
        if (errno != EINTR && errno != ECONNABORTED)
            starve(worker);
    }
}
