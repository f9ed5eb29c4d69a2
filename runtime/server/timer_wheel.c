/* timer_wheel.c - clock and timer wheel. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "server/timer_wheel.h"

#include <time.h>

/* Correct across the wrap of ticks. */
static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

void sw_wheel_init(struct sw_wheel *wheel, uint32_t tick)
{
    wheel->tick = tick;
    for (size_t i = 0; i < SW_WHEEL_SLOTS; i++)
        sw_link_init(&wheel->slots[i]);
}

static void put(struct sw_wheel *wheel, struct sw_timer *timer)
{
    uint32_t slot = timer->due, last = wheel->tick + SW_WHEEL_SLOTS - 1;
    if (!before(wheel->tick, slot))
        slot = wheel->tick + 1;
    else if (before(last, slot))
        slot = last;
    timer->slot = slot;
    slot %= SW_WHEEL_SLOTS;
    wheel->used[slot / 64] |= UINT64_C(1) << slot % 64;
    sw_link_move(&timer->link, &wheel->slots[slot]);
}

void sw_wheel_set(struct sw_wheel *wheel, struct sw_timer *timer, uint32_t due)
{
    timer->due = due;
    if (sw_link_empty(&timer->link) || before(due, timer->slot))
        put(wheel, timer);
}

struct sw_timer *sw_wheel_due(struct sw_wheel *wheel, uint32_t tick)
{
    while (before(wheel->tick, tick)) {
        uint32_t next = wheel->tick + 1, slot = next % SW_WHEEL_SLOTS;
        struct sw_link *ring = &wheel->slots[slot];
        while (!sw_link_empty(ring)) {
            struct sw_timer *timer = SW_CONTAINER(ring->next, struct sw_timer, link);
            if (!before(next, timer->due)) {
                sw_link_take(&timer->link);
                return timer;
            }
            put(wheel, timer);
        }
        wheel->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
        wheel->tick = next;
    }
    return NULL;
}

bool sw_wheel_next(const struct sw_wheel *wheel, uint32_t *tick)
{
    for (uint32_t i = 1; i < SW_WHEEL_SLOTS;) {
        uint32_t slot = (wheel->tick + i) % SW_WHEEL_SLOTS;
        uint64_t rest = wheel->used[slot / 64] >> slot % 64;
        if (rest & 1) {
            *tick = wheel->tick + i;
            return true;
        }
        i += rest ? 1 : 64 - slot % 64;
    }
    return false;
}

uint64_t sw_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
