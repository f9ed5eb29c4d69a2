/* worker.h - a thread that serves. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_WORKER_H
#define SW_WORKER_H

struct sw_plan;
struct sw_server;
struct sw_worker;

/* Initializes a worker at the start of its slice of the mapping. */
void sw_worker_init(struct sw_worker *worker, struct sw_server *server, const struct sw_plan *plan);

/* Serves on this thread until sw_server_stop(). */
void sw_worker_serve(struct sw_worker *worker);

/* Closes its sockets, its log and its event loop. */
void sw_worker_close(struct sw_worker *worker);

#endif
