/* loop.h - a few calls over the kernel's readiness queue. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_LOOP_H
#define SW_LOOP_H

#include <stdbool.h>

/*
 * Readiness is told by the edge: once when it begins, and again only after a read or a write has
 * found the socket empty or full.  Whoever is told must remember it until then.
 */

struct sw_loop {
    int epoll_fd;
    int wake_fd;
};

enum sw_readiness {
    SW_READABLE = 1,
    SW_WRITABLE = 2,
    SW_READ_CLOSED = 4,  /* the peer has shut its side: read until the end to see it */
    SW_SOCKET_ERROR = 8, /* the connection was reset: nothing can be read or written any more */
    SW_HUNG_UP = 32,     /* nothing can be written any more; what was sent before can be read */
    SW_URGENT = 16, /* urgent data is in the socket: a read stops there, though more may follow */
};

struct sw_loop_event {
    void *tag; /* what was passed to sw_loop_add(); NULL for sw_loop_wake() */
    unsigned what;
};

/* Open and close; 0 or an errno. */
int sw_loop_open(struct sw_loop *loop);
void sw_loop_close(struct sw_loop *loop);

/* Watch a socket for reading: 0 or an errno. */
int sw_loop_add(struct sw_loop *loop, int fd, void *tag);

/* Watch a listening socket that other loops may watch too: newcomers wake one of them, not all. */
int sw_loop_listen(struct sw_loop *loop, int fd, void *tag);

/* Watch it for writing as well, from now on.  Asked for only when a write has fallen short. */
int sw_loop_modify(struct sw_loop *loop, int fd, void *tag);

/* Watch it no longer.  Closing a socket does the same, unless another process has it too. */
void sw_loop_remove(struct sw_loop *loop, int fd);

/* Wait for at most `milliseconds` (-1: for ever) and fill ready[0..count): how many. */
int sw_loop_wait(struct sw_loop *loop, struct sw_loop_event *ready, int count, int milliseconds);

/* End the wait that is under way, or the next one.  On any thread, and in a signal handler. */
void sw_loop_wake(struct sw_loop *loop);

#endif
