/* connection_state.h - a connection as the files see it that serve it. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CONNECTION_STATE_H
#define SW_CONNECTION_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/list.h"
#include "server/timer_wheel.h"
#include "server/wait.h"
#include "shockwave.h"

/* What a pointer returned by the event loop points to. */
enum sw_tag { SW_TAG_CONNECTION = 1, SW_TAG_LISTENER };

/* All the memory of an idle connection.  The table of its flags is in connection.c. */
struct sw_connection {
    uint8_t tag;      /* enum sw_tag; first, as in struct sw_listener */
    uint8_t wait : 4; /* enum sw_wait */
    bool hung : 1;
    bool urgent : 1;
    bool readable : 1;
    bool ending : 1;
    bool ended : 1;
    bool blocked : 1;
    bool watched : 1;
    bool broken : 1;
    bool last : 1;
    bool overflow : 1;
    uint8_t listener : 4; /* index of the listener that accepted it */
    bool proxy_header_done : 1;
    bool has_address : 1;
    bool reserved : 1;
    int fd;
    uint32_t requests;
    uint32_t progress; /* bytes since the timer was set, by sw_add_saturated(); while waiting for a
                          transaction: the tick at which the wait began */
    struct sw_conn conn;
    struct sw_link link; /* in one ring of the worker, or of its room */
    struct sw_timer timer;
    struct sw_transaction *txn;             /* NULL while idle */
    struct sw_partial_input *partial_input; /* received, without an input buffer; or NULL */
};

_Static_assert(sizeof(struct sw_connection) <= 128, "what an idle connection costs");

/* Adds to a counter of 32 bits, which stays at UINT32_MAX: a full counter stays full.  For
   the memory of an idle connection, where 64 bits are too many. */
static inline void sw_add_saturated(uint32_t *counter, uint64_t n)
{
    *counter = n < UINT32_MAX - *counter ? *counter + (uint32_t)n : UINT32_MAX;
}

#endif
