/* event_loop.h - readiness of sockets, edge-triggered. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_LOOP_H
#define SW_LOOP_H

#include <stdbool.h>

/*
 * Events are edge-triggered: one when the socket becomes readable or writable, and the next only
 * after a read has found it empty, or a write has found it full.  Until then the caller must
 * remember the event.
 */

struct sw_loop {
    int epoll_fd;
    int wake_fd;
};

enum sw_readiness {
    SW_READABLE = 1,
    SW_WRITABLE = 2,
    SW_READ_CLOSED = 4,  /* the peer has shut down its side: read() returns 0 after the rest */
    SW_SOCKET_ERROR = 8, /* the connection was reset: neither reading nor writing is possible */
    SW_HUNG_UP = 32,     /* writing is impossible; what was sent before can be read */
    SW_URGENT = 16, /* urgent data is in the socket: a read stops there, though more may follow */
};

struct sw_loop_event {
    void *tag; /* as passed to sw_loop_add(); NULL for sw_loop_wake() */
    unsigned what;
};

/* 0 or an errno. */
int sw_loop_open(struct sw_loop *loop);
void sw_loop_close(struct sw_loop *loop);

/* Watches a socket for reading: 0 or an errno. */
int sw_loop_add(struct sw_loop *loop, int fd, void *tag);

/* Watches a listening socket that several loops share: a new connection wakes one of them. */
int sw_loop_listen(struct sw_loop *loop, int fd, void *tag);

/* Watches it for writing as well.  Called only after a write was short. */
int sw_loop_modify(struct sw_loop *loop, int fd, void *tag);

/* Stops watching it.  Closing a socket does the same, unless another process has it open. */
void sw_loop_remove(struct sw_loop *loop, int fd);

/* Waits up to `milliseconds` (-1: without limit), and fills ready[0..count).  Returns how many. */
int sw_loop_wait(struct sw_loop *loop, struct sw_loop_event *ready, int count, int milliseconds);

/* Ends the current wait, or the next one.  From any thread or signal handler. */
void sw_loop_wake(struct sw_loop *loop);

#endif
