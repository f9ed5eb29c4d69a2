/* metrics.c - a worker's counters. */
/* SPDX-License-Identifier: MIT */
#include "server/metrics.h"
#include "server/room.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker_state.h"

/*
 * A worker's counters are on its own pages; nobody else writes there, so that counting is an
 * addition without a lock.  A reader adds up what he finds.  What must agree within one answer, the
 * buckets of a histogram and their sum, is read once.
 */

/* Where the buckets of request times end, in milliseconds. */
const uint16_t sw_metrics_bounds[SW_LATENCIES - 1] = {1,   2,   5,    10,   25,   50,   100,
                                                      250, 500, 1000, 2500, 5000, 10000};

void sw_metrics_count(struct sw_transaction *txn)
{
    struct sw_metrics *metrics = &txn->worker->metrics;
    uint64_t taken = txn->worker->now - txn->began;
    unsigned method = txn->exchange.head->method, status = txn->status / 100;
    size_t i = 0;
    while (i < SW_LATENCIES - 1 && taken > sw_metrics_bounds[i])
        i++;
    sw_count(&metrics->latencies[i], 1);
    sw_count(&metrics->milliseconds, taken);
    sw_count(&metrics->requests[method < SW_METHOD_CLASSES ? method : 0]
                               [status < SW_STATUS_CLASSES ? status : 0],
             1);
}

static void show(_Atomic uint64_t *gauge, uint64_t value)
{
    atomic_store_explicit(gauge, value, memory_order_relaxed);
}

void sw_metrics_publish(struct sw_worker *worker)
{
    struct sw_metrics *metrics = &worker->metrics;
    const struct sw_pool *const all[SW_POOLS] = {&worker->connections, &worker->transactions,
                                                 &worker->outputs, &worker->partial_input};
    uint32_t handling = worker->connections.used;
    for (size_t i = SW_WAIT_NONE + 1; i < SW_WAITS; i++) {
        uint32_t n = 0;
        for (size_t r = 0; r < SW_ROOMS; r++)
            n += worker->rooms[r].wait_counts[i];
        show(&metrics->connections[i], n);
        handling -= n;
    }
    show(&metrics->connections[SW_WAIT_NONE], handling);
    for (size_t i = 0; i < SW_POOLS; i++) {
        show(&metrics->pools[i].used, all[i]->used);
        show(&metrics->pools[i].high, all[i]->high);
        show(&metrics->pools[i].misses, all[i]->misses);
    }
}
