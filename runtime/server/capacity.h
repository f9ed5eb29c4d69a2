/* capacity.h - how many connections a worker has, and which one is evicted for another. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CAPACITY_H
#define SW_CAPACITY_H

#include "server/worker_state.h"

/* What a room has for a new connection; what those of the other workers have at best. */
enum sw_space sw_room_space(const struct sw_room *room);
enum sw_space sw_room_space_elsewhere(const struct sw_worker *worker, uint32_t room);

/* Can the worker accept a connection of this listener? */
bool sw_room_fits(const struct sw_worker *worker, const struct sw_listener *listener);

/* The same, and the idle connection to be evicted for it, or NULL. */
bool sw_room_find(struct sw_worker *worker, const struct sw_listener *listener,
                  struct sw_connection **victim);
void sw_room_evict(struct sw_worker *worker, struct sw_connection *victim);

/* Frees closed connections. */
void sw_room_reap(struct sw_worker *worker);

#endif
