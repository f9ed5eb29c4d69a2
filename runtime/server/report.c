/* report.c - what transactions, connections and workers report to access log and metrics. */
/* SPDX-License-Identifier: MIT */
#include "server/report.h"
#include "server/access_log.h"
#include "server/client_address.h"
#include "server/connection_state.h"
#include "server/metrics.h"
#include "server/transaction.h"
#include "server/worker_state.h"

/*
 * Log and metrics know neither connections nor transactions: they take plain records and numbers,
 * which this file fills in.
 *
 *     transaction, connection, worker --> report --> struct sw_access_record --> access_log
 *                                                --> counters, gauges        --> metrics
 */

/* The value of a field, unless it is absent, or the grammar keeps it out of logs. */
static struct sw_span value_of(const struct sw_head *head, const char *bytes, enum sw_header id)
{
    const struct sw_field *field = NULL;
    if (!(sw_header_names[id].flags & SW_HEADER_F_SENSITIVE))
        field = sw_head_field(head, id);
    return field ? sw_field_value(field, bytes) : (struct sw_span){NULL, 0};
}

static void set_head(struct sw_access_record *record, const struct sw_head *head, const char *bytes)
{
    const uint64_t version_end = (uint64_t)head->target + head->target_len + 9;
    record->method = sw_head_method(head, bytes);
    record->target = sw_head_target(head, bytes);
    record->referer = value_of(head, bytes, SW_HEADER_REFERER);
    record->user_agent = value_of(head, bytes, SW_HEADER_USER_AGENT);
    if (!record->error || record->error_at >= version_end)
        record->version = head->minor ? "1.1" : "1.0";
}

void sw_transaction_report(struct sw_transaction *txn, bool complete)
{
    struct sw_worker *worker = txn->worker;
    const struct sw_head *head = txn->exchange.head;
    uint64_t duration_ms = worker->now - txn->began;
    uint64_t unsent = txn->nocopy.n < txn->body_bytes_sent ? txn->nocopy.n : 0;
    sw_metrics_count(&worker->metrics, head->method, txn->status, duration_ms);
    if (!worker->log.lines)
        return;
    struct sw_access_record record = {
        .client = sw_exchange_client(&txn->exchange),
        .status = txn->status,
        .body_bytes_sent = txn->body_bytes_sent - unsent,
        .duration_ms = duration_ms,
        .error = (enum sw_error)txn->broken,
        .error_at = txn->broken_at,
        .timeout = (enum sw_wait)txn->timeout,
        .complete = complete,
    };
    set_head(&record, head, txn->exchange.bytes);
    sw_log_add(&worker->log, &record, worker->now);
}

void sw_log_refuse(struct sw_worker *worker, struct sw_connection *connection,
                   struct sw_log_refusal refusal)
{
    if (!worker->log.lines)
        return;
    struct sw_access_record record = {
        .client = *sw_connection_client(worker, connection),
        .status = refusal.status,
        .body_bytes_sent = refusal.body_bytes_sent,
        .error = refusal.error,
        .error_at = refusal.at,
        .timeout = refusal.timeout,
    };
    if (refusal.head)
        set_head(&record, refusal.head, refusal.bytes);
    sw_log_add(&worker->log, &record, worker->now);
}

void sw_worker_publish(struct sw_worker *worker)
{
    const struct sw_pool *const pools[SW_POOLS] = {&worker->connections, &worker->transactions,
                                                   &worker->outputs, &worker->partial_input};
    uint32_t waits[SW_WAITS] = {worker->connections.used};
    for (size_t i = SW_WAIT_NONE + 1; i < SW_WAITS; i++) {
        for (size_t r = 0; r < SW_ROOMS; r++)
            waits[i] += worker->rooms[r].wait_counts[i];
        waits[SW_WAIT_NONE] -= waits[i];
    }
    sw_metrics_publish(&worker->metrics, waits, pools);
}
