/* server_time.h - lists, clocks and the timer wheel of the server. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_SERVER_TIME_H
#define SW_SERVER_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Lists ---------------------------------------------------------------------------------- */

/* A node of a ring, or its head.  A ring that holds nothing points to itself. */
struct sw_link {
    struct sw_link *prev, *next;
};

static inline void sw_link_init(struct sw_link *link)
{
    link->prev = link->next = link;
}

static inline bool sw_link_empty(const struct sw_link *link)
{
    return link->next == link;
}

/* Take a node out of the ring it is in, and leave it alone. */
static inline void sw_link_take(struct sw_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    sw_link_init(link);
}

/* Move a node to the end of a ring. */
static inline void sw_link_move(struct sw_link *link, struct sw_link *ring)
{
    sw_link_take(link);
    link->prev = ring->prev;
    link->next = ring;
    ring->prev->next = link;
    ring->prev = link;
}

/* Move all of a ring's nodes into another one, which is empty. */
static inline void sw_link_move_all(struct sw_link *from, struct sw_link *to)
{
    sw_link_move(to, from);
    sw_link_take(from);
}

#define SW_CONTAINER(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* ---- Time ----------------------------------------------------------------------------------- */

/*
 * The wheel: 512 slots of 128 ms.  A timer that is set again to a later time is not moved: its slot
 * comes up, is found to be early, and only then is it put where it belongs.  So a busy connection
 * costs one store for each request, and a time beyond the wheel needs no second wheel.
 */
enum { SW_WHEEL_SLOTS = 512, SW_TICK_BITS = 7 };

struct sw_timer {
    struct sw_link link;
    uint32_t due;  /* tick */
    uint32_t slot; /* the tick whose slot it is linked into; means nothing while it is alone */
};

struct sw_wheel {
    uint32_t tick;                      /* all slots up to this one have been looked at */
    uint64_t used[SW_WHEEL_SLOTS / 64]; /* slots that may hold timers */
    struct sw_link slots[SW_WHEEL_SLOTS];
};

void sw_wheel_init(struct sw_wheel *wheel, uint32_t tick);
void sw_wheel_set(struct sw_wheel *wheel, struct sw_timer *timer, uint32_t due);

/* The next timer that is due at `tick`, now alone, or NULL: then all slots have been looked at. */
struct sw_timer *sw_wheel_due(struct sw_wheel *wheel, uint32_t tick);

/* The tick of the next slot that may hold timers; false when none does. */
bool sw_wheel_next(const struct sw_wheel *wheel, uint32_t *tick);

/* Milliseconds on a clock that never steps. */
uint64_t sw_clock(void);

#endif
