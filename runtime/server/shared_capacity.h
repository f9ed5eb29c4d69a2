/* shared_capacity.h - workers accept for each other. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_SHARED_CAPACITY_H
#define SW_SHARED_CAPACITY_H

struct sw_worker;

/* At the end of an iteration, when the worker has accepted what it can: accepts for crowded
   workers, and wakes others to accept for this one. */
void sw_rooms_share(struct sw_worker *worker);

/* Graceful shutdown: neither from now on. */
void sw_rooms_shut_down(struct sw_worker *worker);

#endif
