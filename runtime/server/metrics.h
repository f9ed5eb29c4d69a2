/* metrics.h - a worker's counters. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_METRICS_H
#define SW_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "server/wait.h"
#include "shockwave.h"

enum {
    SW_METHOD_CLASSES = SW_METHOD_TRACE + 1, /* 0: any method that RFC 9110 does not define */
    SW_STATUS_CLASSES = 6,                   /* 0: no response */
    SW_LATENCIES = 14,                       /* buckets, the last without an upper bound */
    SW_POOLS = 4,
};

/* Only the worker writes, with plain additions; other threads read at any time. */
struct sw_metrics {
    _Atomic uint64_t requests[SW_METHOD_CLASSES][SW_STATUS_CLASSES];
    _Atomic uint64_t latencies[SW_LATENCIES], milliseconds;
    _Atomic uint64_t received, sent; /* bytes */
    _Atomic uint64_t accepted, evicted;
    _Atomic uint64_t timeouts[SW_WAITS]; /* by enum sw_wait */
    _Atomic uint64_t errors[SW_ERROR_COUNT];
    _Atomic uint64_t dropped; /* lines of the access log */
    _Atomic uint64_t not_reopened;
    /* As of the end of the last iteration of the event loop. */
    _Atomic uint64_t connections[SW_WAITS]; /* by enum sw_wait */
    struct {
        _Atomic uint64_t used, high, misses;
    } pools[SW_POOLS];
};

static inline void sw_count(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t sum = atomic_load_explicit(counter, memory_order_relaxed) + n;
    atomic_store_explicit(counter, sum, memory_order_relaxed);
}

/* Upper bounds of the latency buckets but the last, in milliseconds. */
extern const uint16_t sw_metrics_bounds[SW_LATENCIES - 1];

/* Counts a request that has ended; `status` is 0 without a response. */
void sw_metrics_count(struct sw_metrics *metrics, unsigned method, unsigned status,
                      uint64_t duration_ms);

/* Shows other threads, at the end of an iteration, how many connections wait for what, and how full
   the pools are. */
void sw_metrics_publish(struct sw_metrics *metrics, const uint32_t waits[SW_WAITS],
                        const struct sw_pool *const pools[SW_POOLS]);

#endif
