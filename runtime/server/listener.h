/* listener.h - listening sockets. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_LISTENER_H
#define SW_LISTENER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sw_exchange;
struct sw_server;
struct sw_worker;

/* A worker's part of a listener: a socket of its own, or a descriptor of a common one. */
struct sw_listener {
    uint8_t tag;            /* enum sw_tag; first, as in struct sw_connection */
    atomic_bool ready;      /* clients may be waiting; other workers may accept them */
    bool common;            /* the socket belongs to other workers, or another process, as well */
    bool watched;           /* by the event loop */
    bool reserved;          /* its connections are in the reserved room */
    uint8_t proxy_protocol; /* enum sw_proxy_protocol */
    uint16_t port;          /* 0: a unix socket */
    int fd;
    void (*handler)(struct sw_exchange *exchange);
    char path[108]; /* of a unix socket; removed at the end if it is still this file: */
    dev_t device;
    ino_t inode;
};

/* Opens the i-th listener for all workers.  NULL, or the system call that failed, with errno. */
const char *sw_listeners_open(struct sw_server *server, uint32_t i);
void sw_listener_close(struct sw_worker *worker, struct sw_listener *listener);

/* Graceful shutdown: accepts only clients that are connecting already. */
void sw_listener_finish_accepting(struct sw_worker *worker, struct sw_listener *listener);

/* Adds it to the worker's event loop, or removes it.  0, or an errno. */
int sw_listener_watch(struct sw_worker *worker, struct sw_listener *listener, bool watch);

/* Accepts clients from the i-th listener of `owner`, as many as `worker` has capacity for. */
void sw_listener_accept(struct sw_worker *worker, struct sw_worker *owner, uint32_t i);

#endif
