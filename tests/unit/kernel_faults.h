/*
 * kernel_faults.h - makes one system call of the server fail; for one file of a program.
 *
 * The program is linked with -Wl,--wrap=X for each WRAP(..., X, ...) below (tests.mk reads them),
 * so that each call of the archive comes here first.  A site is a return address: one call in the
 * source.  Calls count only on threads where `kernel_serving` is true, which the server's threads
 * have set: the client of the test shares the program and is left alone.
 *
 * What the kernel promises stays true: after EAGAIN, or after fewer bytes than there are, the event
 * queue reports the descriptor again, as the shim registers it again.
 *
 * Names that are not wrapped, as they make no system call, or one that cannot fail:
 * FREE: memchr memcmp memcpy memmem memmove memrchr memset strchr strcmp strcpy strcspn strlen
 * FREE: strncmp strrchr strspn strstr strtok_r strtoll snprintf free inet_ntop inet_pton
 * FREE: sigaddset sigdelset sigemptyset sigfillset sigismember
 * FREE: clock_gettime time pthread_join pthread_sigmask munmap fgets fclose bcmp puts
 */
/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_FAULTS_H
#define KERNEL_FAULTS_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

enum { KERNEL_SITES = 256, KERNEL_SHORT = -1, KERNEL_ZERO = -2, KERNEL_CODES = 10 };

struct kernel_site {
    uintptr_t address; /* 0: none */
    const char *call;
    unsigned count;
    bool is_opening; /* it was called first while the server opened */
};

/* The call that fails: the nth at its site, from 1 on; a site of 0 is none. */
struct kernel_fault {
    uintptr_t site;
    unsigned nth;
    int code; /* an errno, or one of the two above */
};

static __thread bool kernel_serving, kernel_opening;
static struct kernel_fault kernel_fault;
static struct kernel_site *kernel_sites; /* in memory that processes share */
static bool kernel_fired;
static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;

static int kernel_hit(const char *call, void *from)
{
    uintptr_t address = (uintptr_t)from;
    int code = 0, i = 0;
    if (!kernel_serving)
        return 0;
    pthread_mutex_lock(&kernel_lock);
    while (i < KERNEL_SITES - 1 && kernel_sites[i].address && kernel_sites[i].address != address)
        i++;
    struct kernel_site *site = &kernel_sites[i];
    bool is_opening = site->address ? site->is_opening : kernel_opening;
    *site = (struct kernel_site){address, call, site->count + 1, is_opening};
    if (address == kernel_fault.site && site->count == kernel_fault.nth && !kernel_fired) {
        __atomic_store_n(&kernel_fired, true, __ATOMIC_RELEASE);
        code = kernel_fault.code;
    }
    pthread_mutex_unlock(&kernel_lock);
    return code;
}

static bool kernel_has_fired(void)
{
    return __atomic_load_n(&kernel_fired, __ATOMIC_ACQUIRE);
}

/* ---- The event queue, which reports again -----------------------------------------------------
 */

enum { KERNEL_FDS = 1024 };

static struct {
    int queue;
    struct epoll_event event;
    bool is_known;
} kernel_watched[KERNEL_FDS];

int __real_epoll_ctl(int queue, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int queue, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int queue, int what, int fd, struct epoll_event *event)
{
    int code = kernel_hit("epoll_ctl", __builtin_return_address(0));
    if (code) {
        errno = code;
        return -1;
    }
    int result = __real_epoll_ctl(queue, what, fd, event);
    if (kernel_serving && result == 0 && fd < KERNEL_FDS) {
        kernel_watched[fd].queue = queue;
        kernel_watched[fd].event = *event;
        kernel_watched[fd].is_known = what != EPOLL_CTL_DEL;
    }
    return result;
}

static void kernel_report_again(int fd)
{
    if (fd >= KERNEL_FDS || !kernel_watched[fd].is_known)
        return;
    int queue = kernel_watched[fd].queue, error = errno;
    struct epoll_event event = kernel_watched[fd].event;
    if (__real_epoll_ctl(queue, EPOLL_CTL_MOD, fd, &event)) { /* not with EPOLLEXCLUSIVE */
        __real_epoll_ctl(queue, EPOLL_CTL_DEL, fd, &event);
        __real_epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
    }
    errno = error;
}

/* ---- Calls ------------------------------------------------------------------------------------
 */

/* Fails, or does what it should. */
#define WRAP(type, name, parameters, arguments)                                                    \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        int code = kernel_hit(#name, __builtin_return_address(0));                                 \
        if (!code)                                                                                 \
            return __real_##name arguments;                                                        \
        errno = code;                                                                              \
        return (type)-1;                                                                           \
    }

/* The same for bytes: it may also take or give one byte only, or none. */
#define WRAP_BYTES(name, fd, parameters, arguments, one)                                           \
    ssize_t __real_##name parameters;                                                              \
    ssize_t __wrap_##name parameters;                                                              \
    ssize_t __wrap_##name parameters                                                               \
    {                                                                                              \
        int code = kernel_hit(#name, __builtin_return_address(0));                                 \
        if (!code)                                                                                 \
            return __real_##name arguments;                                                        \
        ssize_t got = code == KERNEL_ZERO ? 0 : code == KERNEL_SHORT ? __real_##name one : -1;     \
        if (code > 0)                                                                              \
            errno = code;                                                                          \
        if (code == EAGAIN || code == KERNEL_SHORT)                                                \
            kernel_report_again(fd);                                                               \
        return got;                                                                                \
    }

/* One byte of a message. */
static struct msghdr kernel_one(const struct msghdr *message, struct iovec *part)
{
    struct msghdr one = *message;
    *part = (struct iovec){message->msg_iov[0].iov_base, 1};
    one.msg_iov = part;
    one.msg_iovlen = 1;
    return one;
}

/* clang-format off: a line for each, which tests.mk reads */
WRAP_BYTES(recv, fd, (int fd, void *p, size_t n, int flags), (fd, p, n, flags), (fd, p, 1, flags))
WRAP_BYTES(send, fd, (int fd, const void *p, size_t n, int f), (fd, p, n, f), (fd, p, 1, f))
WRAP_BYTES(write, fd, (int fd, const void *p, size_t n), (fd, p, n), (fd, p, 1))
WRAP_BYTES(sendfile64, fd, (int fd, int in, int64_t *at, size_t n), (fd, in, at, n),
           (fd, in, at, 1))
WRAP_BYTES(recvmsg, fd, (int fd, struct msghdr *m, int f), (fd, m, f),
           (fd, (m->msg_iov[0].iov_len = 1, m), f))
WRAP_BYTES(sendmsg, fd, (int fd, const struct msghdr *m, int f), (fd, m, f),
           (fd, &((struct msghdr[]){kernel_one(m, &(struct iovec){0})})[0], f))
WRAP_BYTES(sendto, fd, (int fd, const void *p, size_t n, int f, const void *a, socklen_t l),
           (fd, p, n, f, a, l), (fd, p, n, f, a, l))
WRAP(int, bind, (int fd, const void *a, socklen_t n), (fd, a, n))
WRAP(int, chmod, (const char *path, mode_t mode), (path, mode))
WRAP(int, connect, (int fd, const void *a, socklen_t n), (fd, a, n))
WRAP(int, epoll_create1, (int flags), (flags))
WRAP(int, epoll_wait, (int q, struct epoll_event *e, int n, int t), (q, e, n, t))
WRAP(int, eventfd, (unsigned n, int flags), (n, flags))
WRAP(int, fchownat, (int fd, const char *p, uid_t u, gid_t g, int f), (fd, p, u, g, f))
WRAP(int, fcntl, (int fd, int what, long n), (fd, what, n))
WRAP(int, fcntl64, (int fd, int what, long n), (fd, what, n))
WRAP(int, flock, (int fd, int what), (fd, what))
WRAP(int, fstat, (int fd, struct stat *info), (fd, info))
WRAP(int, fstat64, (int fd, struct stat *info), (fd, info))
WRAP(int, fstatfs64, (int fd, struct statfs *info), (fd, info))
WRAP(int, getpeername, (int fd, void *a, socklen_t *n), (fd, a, n))
WRAP(ssize_t, getrandom, (void *p, size_t n, unsigned flags), (p, n, flags))
WRAP(int, getsockname, (int fd, void *a, socklen_t *n), (fd, a, n))
WRAP(int, getsockopt, (int fd, int l, int o, void *p, socklen_t *n), (fd, l, o, p, n))
WRAP(int, ioctl, (int fd, unsigned long what, void *p), (fd, what, p))
WRAP(int, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, lstat, (const char *path, struct stat *info), (path, info))
WRAP(int, madvise, (void *p, size_t n, int advice), (p, n, advice))
WRAP(void *, mmap, (void *p, size_t n, int prot, int f, int fd, off_t at), (p, n, prot, f, fd, at))
WRAP(int, nanosleep, (const struct timespec *t, struct timespec *rest), (t, rest))
WRAP(int, open, (const char *path, int flags, unsigned mode), (path, flags, mode))
WRAP(int, open64, (const char *path, int flags, unsigned mode), (path, flags, mode))
WRAP(int, openat64, (int fd, const char *path, int flags, unsigned mode), (fd, path, flags, mode))
WRAP(ssize_t, readlinkat, (int fd, const char *path, char *p, size_t n), (fd, path, p, n))
WRAP(int, sched_getaffinity, (pid_t pid, size_t n, void *set), (pid, n, set))
WRAP(int, setsockopt, (int fd, int l, int o, const void *p, socklen_t n), (fd, l, o, p, n))
WRAP(int, shutdown, (int fd, int how), (fd, how))
WRAP(int, sigtimedwait, (const sigset_t *s, siginfo_t *i, const struct timespec *t), (s, i, t))
WRAP(int, socket, (int family, int type, int protocol), (family, type, protocol))
WRAP(long, syscall, (long n, long a, long b, long c, long d), (n, a, b, c, d))
WRAP(int, unlink, (const char *path), (path))
/* Made by hand: WRAP(accept4), WRAP(close), WRAP(epoll_ctl), WRAP(fopen), WRAP(pthread_create) */
/* clang-format on */

int __real_close(int fd);
int __wrap_close(int fd);
int __real_accept4(int fd, void *address, socklen_t *size, int flags);
int __wrap_accept4(int fd, void *address, socklen_t *size, int flags);
int __wrap_accept4(int fd, void *address, socklen_t *size, int flags)
{
    int code = kernel_hit("accept4", __builtin_return_address(0));
    if (!code)
        return __real_accept4(fd, address, size, flags);
    if (code == EAGAIN)
        kernel_report_again(fd);
    if (code == ECONNABORTED) { /* the connection is closed */
        int aborted = __real_accept4(fd, address, size, flags);
        if (aborted >= 0)
            __real_close(aborted);
    }
    errno = code;
    return -1;
}

/* close(2): Linux closes the descriptor whatever it returns. */
int __wrap_close(int fd)
{
    int code = kernel_hit("close", __builtin_return_address(0));
    int result = __real_close(fd);
    if (!code)
        return result;
    errno = code;
    return -1;
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
    int code = kernel_hit("fopen", __builtin_return_address(0));
    if (!code)
        return __real_fopen(path, mode);
    errno = code;
    return NULL;
}

/* A thread of the server's is one that its threads start. */
struct kernel_thread {
    void *(*run)(void *);
    void *data;
};
static struct kernel_thread kernel_threads[16];
static unsigned kernel_thread_count;

static void *kernel_run_thread(void *data)
{
    struct kernel_thread *thread = data;
    kernel_serving = true;
    return thread->run(thread->data);
}

int __real_pthread_create(pthread_t *id, const pthread_attr_t *a, void *(*run)(void *), void *data);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *a, void *(*run)(void *), void *data);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *a, void *(*run)(void *), void *data)
{
    int code = kernel_hit("pthread_create", __builtin_return_address(0));
    if (code)
        return code;
    if (!kernel_serving)
        return __real_pthread_create(id, a, run, data);
    struct kernel_thread *thread = &kernel_threads[kernel_thread_count++ % 16];
    *thread = (struct kernel_thread){run, data};
    return __real_pthread_create(id, a, kernel_run_thread, thread);
}

/* ---- What each may fail with, by its man page -------------------------------------------------
 */

static const struct {
    const char *call;
    int codes[KERNEL_CODES];
} kernel_codes[] = {
    {"accept4", {EINTR, EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTO, EPERM}},
    {"recv", {EINTR, EAGAIN, ECONNRESET, ENOMEM, ETIMEDOUT, KERNEL_SHORT}},
    {"recvmsg", {EINTR, EAGAIN, ECONNRESET, ENOMEM, KERNEL_SHORT}},
    {"send", {EINTR, EAGAIN, ECONNRESET, EPIPE, ENOBUFS, ENOMEM, KERNEL_SHORT}},
    {"sendmsg", {EINTR, EAGAIN, ECONNRESET, EPIPE, ENOBUFS, ENOMEM, KERNEL_SHORT}},
    {"sendto", {EINTR, EAGAIN, ECONNREFUSED, ENOENT, ENOBUFS, ENOMEM}},
    {"sendfile64", {EINTR, EAGAIN, EIO, ENOMEM, EPIPE, KERNEL_SHORT, KERNEL_ZERO}},
    {"write", {EINTR, EAGAIN, ENOSPC, EIO, EPIPE, EDQUOT, EFBIG, KERNEL_SHORT}},
    {"epoll_create1", {EMFILE, ENFILE, ENOMEM}},
    {"epoll_ctl", {ENOMEM, ENOSPC}},
    {"epoll_wait", {EINTR}},
    {"eventfd", {EMFILE, ENFILE, ENODEV, ENOMEM}},
    {"socket", {EACCES, EMFILE, ENFILE, ENOBUFS, ENOMEM}},
    {"bind", {EACCES, EADDRINUSE, ENOMEM}},
    {"listen", {EADDRINUSE}},
    {"connect", {ECONNREFUSED, EAGAIN, EACCES}},
    {"getsockname", {ENOBUFS}},
    {"getpeername", {ENOTCONN, ENOBUFS}},
    {"getsockopt", {ENOBUFS, EINVAL}},
    {"setsockopt", {ENOMEM, ENOPROTOOPT}},
    {"fcntl", {EMFILE, EINVAL}},
    {"fcntl64", {EMFILE, EINVAL}},
    {"flock", {EINTR, EWOULDBLOCK, ENOLCK}},
    {"fstat", {ENOMEM, EIO}},
    {"fstat64", {ENOMEM, EIO}},
    {"fstatfs64", {EIO, ENOSYS}},
    {"lstat", {ENOENT, ENOMEM}},
    {"chmod", {EPERM, EIO}},
    {"fchownat", {EPERM, EIO}},
    {"unlink", {EPERM, EBUSY}},
    {"getrandom", {EINTR, ENOSYS}},
    {"ioctl", {EINVAL}},
    {"shutdown", {ENOTCONN}},
    {"open", {EINTR, EMFILE, ENFILE, ENOENT, ENOMEM, ENOSPC}},
    {"open64", {EINTR, EMFILE, ENFILE, ENOENT, ENOMEM, ENOSPC}},
    {"openat64", {EINTR, EMFILE, ENFILE, ENOENT, ENOMEM}},
    {"syscall", {EINTR, EAGAIN, ENOSYS, EMFILE, ENFILE, ENOENT, ENOMEM}},
    {"readlinkat", {EIO, ENOMEM}},
    {"fopen", {EMFILE, ENOMEM}},
    {"mmap", {ENOMEM}},
    {"madvise", {EINVAL}},
    {"pthread_create", {EAGAIN}},
    {"sched_getaffinity", {EINVAL}},
    {"nanosleep", {EINTR}},
    {"sigtimedwait", {EINTR}},
    {"close", {EINTR, EIO}},
};

#endif
