/* server_beneath.c - opening files below a directory, and nothing else. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

/*
 * Two ways that give the same: the kernel resolves the whole name and refuses all links; or we go
 * from folder to folder, each held by its descriptor, and refuse them one by one.  Neither looks at
 * a name twice, so nobody can put a link there in between.
 */

/* What is no regular file must neither block nor become our terminal before we see that. */
enum { OPEN = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_LARGEFILE };

static int open_at_once(int root, const char *name)
{
#ifdef SYS_openat2
    struct open_how how = {.flags = OPEN, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, root, name, &how, sizeof how);
#else
    (void)root, (void)name;
    errno = ENOSYS;
    return -1;
#endif
}

/* From a folder, which is left unless it is the root, to what it holds under a name. */
static int step(int root, int folder, const char *name, int flags)
{
    int fd = openat(folder, name, flags | O_NOFOLLOW);
    int error = errno;
    if (folder != root)
        close(folder);
    errno = error;
    return fd;
}

static int open_by_steps(int root, char *name)
{
    int folder = root;
    char *slash;
    while (folder >= 0 && (slash = strchr(name, '/'))) {
        *slash = '\0';
        folder = step(root, folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        *slash = '/';
        name = slash + 1;
    }
    return folder < 0 ? -1 : step(root, folder, name, OPEN);
}

bool sw_beneath_at_once(int root)
{
    int fd = open_at_once(root, ".");
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int sw_beneath_open(int root, bool walk, char *name, struct stat *info)
{
    int fd = walk ? open_by_steps(root, name) : open_at_once(root, name);
    int error = ENOENT;
    if (fd < 0)
        return -1;
    if (fstat(fd, info))
        error = errno;
    else if (S_ISREG(info->st_mode))
        return fd;
    else if (S_ISDIR(info->st_mode))
        error = EISDIR;
    close(fd);
    errno = error;
    return -1;
}
