/* room.h - a share of a worker's connections and transactions. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_ROOM_H
#define SW_ROOM_H

#include <stdatomic.h>
#include <stdint.h>

#include "server/list.h"
#include "server/wait.h"

/* Capacity for a new connection, the better the higher. */
enum sw_space {
    SW_SPACE_NONE = 0,
    SW_SPACE_IDLE, /* an idle connection can be evicted for it */
    SW_SPACE_FREE,
};

/* Listeners of one room cannot use up the other. */
enum { SW_ROOM_USUAL = 0, SW_ROOM_RESERVED, SW_ROOMS };

struct sw_room {
    uint32_t connections, max_connections; /* overflow connections included */
    uint32_t overflow_count;               /* overflow connections that are not closed yet */
    uint32_t max_served;                   /* connections, overflow connections excluded */
    uint32_t transactions, max_transactions;
    uint32_t wait_counts[SW_WAITS];         /* connections by enum sw_wait, without NONE */
    _Atomic uint8_t space;                  /* enum sw_space, as published to other workers */
    atomic_bool crowded;                    /* clients wait that other workers may accept */
    struct sw_link waiting_for_transaction; /* longest first; not empty only at the maximum */
    struct sw_link idle; /* longest first.  A connection that has become active leaves the ring when
                            it comes to the front. */
};

#endif
