/* timer_wheel.h - timers of a coarse clock, and the clock. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_TIMER_WHEEL_H
#define SW_TIMER_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "server/list.h"

/*
 * A wheel of 512 slots, each a tick of 128 ms: 65 seconds.  The slot of a tick lists the timers
 * that may be due at that tick.
 *
 *     slots   | 0 | 1 | ... | tick % 512 | ... | 511 |
 *                             ^ every slot up to this one was searched
 *
 * A timer that is postponed is not moved: when its slot comes up, it is found to be early and only
 * then moved to the slot it belongs to.  So a busy connection pays one store for each request, and
 * a timer beyond the end of the wheel, linked into the last slot, needs no second wheel.
 *
 * Ticks wrap after seventeen years, so they are compared by their differences.
 */
enum { SW_WHEEL_SLOTS = 512, SW_TICK_BITS = 7 };

/* Its link must be initialized before the first call; sw_link_take() cancels it. */
struct sw_timer {
    struct sw_link link;
    uint32_t due;  /* tick */
    uint32_t slot; /* tick of the slot that lists it; no meaning while none does */
};

struct sw_wheel {
    uint32_t tick;                      /* all slots up to this tick were searched */
    uint64_t used[SW_WHEEL_SLOTS / 64]; /* a bit for each slot that may contain timers */
    struct sw_link slots[SW_WHEEL_SLOTS];
};

void sw_wheel_init(struct sw_wheel *wheel, uint32_t tick);

/* Sets a timer, or sets it again. */
void sw_wheel_set(struct sw_wheel *wheel, struct sw_timer *timer, uint32_t due);

/* Removes and returns a timer that is due at `tick`; NULL when there is none left. */
struct sw_timer *sw_wheel_due(struct sw_wheel *wheel, uint32_t tick);

/* The tick of the next slot that may contain timers; false when none does. */
bool sw_wheel_next(const struct sw_wheel *wheel, uint32_t *tick);

/* Milliseconds of a clock that never steps. */
uint64_t sw_clock(void);

#endif
