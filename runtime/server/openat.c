/* openat.c - path resolution: opens files below a directory, and no others. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "server/openat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "shockwave_server.h"

/*
 * A name becomes a descriptor in three steps:
 *
 *     name --find--> O_PATH descriptor --fstat--> is it a regular file? --read--> descriptor
 *
 * An O_PATH descriptor refers to the file without opening it.  Opening a FIFO would wake its
 * writer, and opening a device or a socket has effects of its own: neither is ever done.
 *
 * To find: openat2() resolves the complete name below the root.  Where the kernel or a sandbox does
 * not have it, the name is resolved here, one component at a time, each from the descriptor of its
 * directory, with the same result: links are followed as long as they stay below the root.
 *
 * To read: the descriptor itself is opened again through procfs, so that no name is looked up
 * twice. Without procfs (a chroot or a container that has none) the last component is opened from
 * the descriptor of its directory.  Only that has a race: a regular file that is replaced by a FIFO
 * between fstat() and openat() is opened, without waiting, and closed again.
 */

enum {
    FIND = O_PATH | O_CLOEXEC,
    READ = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_LARGEFILE, /* waits for no F_SETLEASE */
    LINKS_MAX = 40, /* in one name, as in the kernel */
    TRIES = 32,     /* after EINTR, or a rename in the middle of ".." */
};

/* openat(), again after a signal. */
static int open_from(int folder, const char *name, int flags)
{
    int fd = -1;
    for (int i = 0; i < TRIES && fd < 0 && (i == 0 || errno == EINTR); i++)
        fd = openat(folder, name, flags);
    return fd;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static void close_quietly(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}

/* ---- Finding -------------------------------------------------------------------------------- */

static int find_at_once(const struct sw_files *files, const char *name)
{
#ifdef SYS_openat2
    struct open_how how = {.flags = FIND, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd = -1;
    if (files->symlinks == SW_SYMLINKS_OFF)
        how.resolve |= RESOLVE_NO_SYMLINKS;
    for (int i = 0; i < TRIES && fd < 0 && (i == 0 || errno == EINTR || errno == EAGAIN); i++)
        fd = (int)syscall(SYS_openat2, files->fd, name, &how, sizeof how);
    return fd;
#else
    (void)files, (void)name;
    return fail(ENOSYS);
#endif
}

/* A name that is being resolved. */
struct walk {
    const struct sw_files *files;
    int folder;       /* the current directory; files->fd is not closed */
    unsigned links;   /* followed */
    size_t done;      /* bytes of `path`: the directories so far, each with a slash after it */
    const char *last; /* the component that was looked up last */
    char *rest;       /* what remains to be resolved, in `text`; links are inserted before it */
    char path[PATH_MAX];
    char text[PATH_MAX];
};

static void set_folder(struct walk *walk, int folder)
{
    if (walk->folder != walk->files->fd)
        close_quietly(walk->folder);
    walk->folder = folder;
}

/* To the parent directory, from the root again: ".." as a name would lead out of the root if the
   directory had been moved. */
static int go_up(struct walk *walk)
{
    if (walk->done == 0)
        return fail(EXDEV);
    while (--walk->done > 0 && walk->path[walk->done - 1] != '/')
        ;
    set_folder(walk, walk->files->fd);
    for (char *at = walk->path, *slash; at < walk->path + walk->done; at = slash + 1) {
        slash = memchr(at, '/', (size_t)(walk->path + walk->done - at));
        *slash = '\0';
        int fd = open_from(walk->folder, at, FIND | O_DIRECTORY | O_NOFOLLOW);
        *slash = '/';
        if (fd < 0)
            return -1;
        set_folder(walk, fd);
    }
    return 0;
}

static int go_down(struct walk *walk, const char *name, int fd)
{
    size_t n = strlen(name);
    if (walk->done + n + 1 > sizeof walk->path) {
        close(fd);
        return fail(ENAMETOOLONG);
    }
    memcpy(walk->path + walk->done, name, n);
    walk->path[walk->done + n] = '/';
    walk->done += n + 1;
    set_folder(walk, fd);
    return 0;
}

/* Replaces the name of a link by its target. */
static int follow(struct walk *walk, int link, bool more)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(link, "", target, sizeof target - 1);
    close_quietly(link);
    if (n <= 0)
        return n < 0 ? -1 : fail(ENOENT);
    if (walk->files->symlinks == SW_SYMLINKS_OFF || ++walk->links > LINKS_MAX)
        return fail(ELOOP);
    if (target[0] == '/')
        return fail(EXDEV);
    if (more)
        target[n++] = '/';
    if (n > walk->rest - walk->text)
        return fail(ENAMETOOLONG);
    walk->rest -= n;
    memcpy(walk->rest, target, (size_t)n);
    return 0;
}

/* Resolves one component.  0: a directory or a link; 1: anything else, with its descriptor; -1. */
static int step(struct walk *walk, char *name, bool more, int *found)
{
    struct stat info;
    walk->last = name;
    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0)
        return go_up(walk);
    int fd = open_from(walk->folder, name, FIND | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    if (fstat(fd, &info)) {
        close_quietly(fd);
        return -1;
    }
    if (S_ISLNK(info.st_mode))
        return follow(walk, fd, more);
    if (S_ISDIR(info.st_mode))
        return go_down(walk, name, fd);
    if (more) {
        close(fd);
        return fail(ENOTDIR);
    }
    *found = fd;
    return 1;
}

/* Returns the descriptor of a file, with its directory in walk->folder, or -1. */
static int find_by_steps(struct walk *walk, const char *name)
{
    size_t n = strlen(name) + 1;
    int fd = -1, got = 0;
    if (n > sizeof walk->text)
        return fail(ENAMETOOLONG);
    walk->rest = walk->text + sizeof walk->text - n;
    memcpy(walk->rest, name, n);
    while (got == 0) {
        char *component = walk->rest + strspn(walk->rest, "/");
        if (!*component)
            return fail(EISDIR);
        walk->rest = component + strcspn(component, "/");
        bool more = *walk->rest == '/';
        if (more)
            *walk->rest++ = '\0';
        got = step(walk, component, more, &fd);
    }
    return fd;
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* 0 for a regular file. */
static int check_kind(int fd, struct stat *info)
{
    if (fstat(fd, info))
        return -1;
    if (S_ISREG(info->st_mode))
        return 0;
    return fail(S_ISDIR(info->st_mode) ? EISDIR : ENOENT);
}

/* Opens what a descriptor refers to.  ENOSYS: procfs does not have it, as in another PID namespace.
   The descriptor proves that the file exists. */
static int read_again(const struct sw_files *files, int fd)
{
    char name[40];
    if (files->proc < 0)
        return fail(ENOSYS);
    snprintf(name, sizeof name, "thread-self/fd/%d", fd);
    int again = open_from(files->proc, name, READ);
    return again < 0 && errno == ENOENT ? fail(ENOSYS) : again;
}

static int read_by_name(const struct walk *walk, struct stat *info)
{
    int fd = open_from(walk->folder, walk->last, READ | O_NOFOLLOW);
    if (fd >= 0 && check_kind(fd, info)) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

static int open_at_once(const struct sw_files *files, const char *name, struct stat *info)
{
    int place = find_at_once(files, name);
    if (place < 0)
        return -1;
    int fd = check_kind(place, info) ? -1 : read_again(files, place);
    close_quietly(place);
    return fd;
}

static int open_by_steps(const struct sw_files *files, const char *name, struct stat *info)
{
    struct walk walk;
    walk.files = files;
    walk.folder = files->fd;
    walk.links = 0;
    walk.done = 0;
    int place = find_by_steps(&walk, name), fd = -1;
    if (place >= 0) {
        fd = check_kind(place, info) ? -1 : read_again(files, place);
        if (fd < 0 && errno == ENOSYS)
            fd = read_by_name(&walk, info);
        close_quietly(place);
    }
    set_folder(&walk, files->fd);
    return fd;
}

int sw_openat_open(const struct sw_files *files, const char *name, struct stat *info)
{
    int fd = files->walk ? fail(ENOSYS) : open_at_once(files, name, info);
    return fd < 0 && errno == ENOSYS ? open_by_steps(files, name, info) : fd;
}

/* ---- The root ------------------------------------------------------------------------------- */

/* The root of procfs, or -1: another file system at that place must not be trusted. */
static int open_proc(void)
{
    struct statfs info;
    int fd = open_from(AT_FDCWD, "/proc", FIND | O_DIRECTORY);
    if (fd >= 0 && (fstatfs(fd, &info) || info.f_type != PROC_SUPER_MAGIC)) {
        close(fd);
        return -1;
    }
    return fd;
}

int sw_openat_begin(struct sw_files *files)
{
    files->fd = open_from(AT_FDCWD, files->root, FIND | O_DIRECTORY);
    if (files->fd < 0)
        return errno;
    files->proc = open_proc();
    int fd = find_at_once(files, ".");
    files->walk = fd < 0 || files->proc < 0;
    if (fd >= 0)
        close(fd);
    return 0;
}

void sw_openat_end(struct sw_files *files)
{
    close(files->fd);
    if (files->proc >= 0)
        close(files->proc);
    files->fd = files->proc = -1;
}
