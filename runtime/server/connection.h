/* connection.h - an accepted socket: read, process, write, close. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CONNECTION_H
#define SW_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;
struct sw_connection;
struct sw_listener;
struct sw_worker;

/* Begins a connection from the address `end`.  False when there is no memory for it: the socket is
   then still the caller's. */
bool sw_connection_open(struct sw_worker *worker, const struct sw_listener *listener, int fd,
                        const struct sockaddr *end);

/* Has the socket input that was not read yet?  One system call. */
bool sw_connection_has_input(const struct sw_connection *connection);

/* Notes readiness, a set of enum sw_readiness.  True when sw_connections_run() is to be called. */
bool sw_connection_event(struct sw_worker *worker, struct sw_connection *connection, unsigned what);

/* Reads, processes and writes until each connection waits.  Overwrites the array. */
void sw_connections_run(struct sw_worker *worker, struct sw_connection **connections, size_t count);
void sw_connection_run(struct sw_worker *worker, struct sw_connection *connection);

/* The timer has expired. */
void sw_connection_expire(struct sw_worker *worker, struct sw_connection *connection);

/* Its suspended transaction was resumed. */
void sw_connection_resume(struct sw_worker *worker, struct sw_connection *connection);

/* Closes the socket at once and releases everything. */
void sw_connection_close(struct sw_worker *worker, struct sw_connection *connection);

/* Graceful shutdown: the next response is the last; an idle connection is closed soon. */
void sw_connection_shut_down(struct sw_worker *worker, struct sw_connection *connection);

#endif
