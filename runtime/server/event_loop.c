/* event_loop.c - the event loop, with Linux's epoll. */
/* SPDX-License-Identifier: MIT */
#include "server/event_loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 128 };

int sw_loop_open(struct sw_loop *loop)
{
    loop->wake_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return errno;
    loop->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* readable from now on */
    int error = loop->wake_fd < 0 ? errno : sw_loop_add(loop, loop->wake_fd, NULL);
    if (error)
        sw_loop_close(loop);
    return error;
}

void sw_loop_close(struct sw_loop *loop)
{
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    loop->wake_fd = loop->epoll_fd = -1;
}

static int control(struct sw_loop *loop, int what, int fd, void *tag, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = tag};
    return epoll_ctl(loop->epoll_fd, what, fd, &event) ? errno : 0;
}

int sw_loop_add(struct sw_loop *loop, int fd, void *tag)
{
    return control(loop, EPOLL_CTL_ADD, fd, tag, EPOLLIN | EPOLLPRI | EPOLLRDHUP);
}

int sw_loop_listen(struct sw_loop *loop, int fd, void *tag)
{
    return control(loop, EPOLL_CTL_ADD, fd, tag, EPOLLIN | EPOLLEXCLUSIVE);
}

/* EPOLLOUT need not be removed again: edge-triggered, it is reported only after a write was
   short. */
int sw_loop_modify(struct sw_loop *loop, int fd, void *tag)
{
    return control(loop, EPOLL_CTL_MOD, fd, tag, EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT);
}

void sw_loop_remove(struct sw_loop *loop, int fd)
{
    control(loop, EPOLL_CTL_DEL, fd, NULL, 0);
}

int sw_loop_wait(struct sw_loop *loop, struct sw_loop_event *ready, int count, int milliseconds)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(loop->epoll_fd, events, count < BATCH ? count : BATCH, milliseconds);
    for (int i = 0; i < n; i++) {
        uint32_t e = events[i].events;
        ready[i].tag = events[i].data.ptr;
        ready[i].what = (e & EPOLLIN ? (unsigned)SW_READABLE : 0) |
                        (e & EPOLLOUT ? (unsigned)SW_WRITABLE : 0) |
                        (e & EPOLLPRI ? (unsigned)SW_URGENT : 0) |
                        (e & EPOLLRDHUP ? (unsigned)SW_READ_CLOSED : 0) |
                        (e & EPOLLHUP ? (unsigned)SW_HUNG_UP : 0) |
                        (e & EPOLLERR ? (unsigned)SW_SOCKET_ERROR : 0);
    }
    return n < 0 ? 0 : n;
}

/*
 * wake_fd is never read: each write to an eventfd triggers an event of its own.  Where a write
 * fails (a signal, or a full counter), EPOLL_CTL_MOD reports wake_fd again, since its counter
 * begins with 1 and so is always readable.  A lost wake would leave a resumed exchange waiting.
 */
void sw_loop_wake(struct sw_loop *loop)
{
    int saved = errno;
    if (write(loop->wake_fd, &(uint64_t){1}, sizeof(uint64_t)) < 0)
        control(loop, EPOLL_CTL_MOD, loop->wake_fd, NULL, EPOLLIN);
    errno = saved;
}
