/* metrics.c - a worker's counters. */
/* SPDX-License-Identifier: MIT */
#include "server/metrics.h"

/*
 * The counters of a worker are on its own pages, and only the worker writes them: counting is an
 * addition without a lock.  A reader sums them over all workers.  Values that must agree within one
 * response, as a histogram's buckets and its count must, are read once.
 */

const uint16_t sw_metrics_bounds[SW_LATENCIES - 1] = {1,   2,   5,    10,   25,   50,   100,
                                                      250, 500, 1000, 2500, 5000, 10000};

void sw_metrics_count(struct sw_metrics *metrics, unsigned method, unsigned status,
                      uint64_t duration_ms)
{
    unsigned class = status / 100;
    size_t i = 0;
    while (i < SW_LATENCIES - 1 && duration_ms > sw_metrics_bounds[i])
        i++;
    sw_count(&metrics->latencies[i], 1);
    sw_count(&metrics->milliseconds, duration_ms);
    sw_count(&metrics->requests[method < SW_METHOD_CLASSES ? method : 0]
                               [class < SW_STATUS_CLASSES ? class : 0],
             1);
}

static void show(_Atomic uint64_t *gauge, uint64_t value)
{
    atomic_store_explicit(gauge, value, memory_order_relaxed);
}

void sw_metrics_publish(struct sw_metrics *metrics, const uint32_t waits[SW_WAITS],
                        const struct sw_pool *const pools[SW_POOLS])
{
    for (size_t i = 0; i < SW_WAITS; i++)
        show(&metrics->connections[i], waits[i]);
    for (size_t i = 0; i < SW_POOLS; i++) {
        show(&metrics->pools[i].used, pools[i]->used);
        show(&metrics->pools[i].high, pools[i]->high);
        show(&metrics->pools[i].misses, pools[i]->misses);
    }
}
