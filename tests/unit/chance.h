/* chance.h - pseudo-random numbers (xorshift64), the same for the same seed. */
/* SPDX-License-Identifier: MIT */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>
#include <stdint.h>

static uint64_t chance_state;

/* A number below `below`. */
static inline uint32_t chance(uint32_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (uint32_t)((chance_state >> 32) * below >> 32);
}

/* True once in n times. */
static inline bool once_in(uint32_t n)
{
    return chance(n) == 0;
}

/* The state is never 0, and seeds that differ in one bit give unrelated sequences. */
static inline void chance_seed(uint64_t seed)
{
    chance_state = (seed ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9) | 1;
    for (int i = 0; i < 20; i++)
        chance(2);
}

#endif
