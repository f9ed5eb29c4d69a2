/* report.h - what transactions, connections and workers report to access log and metrics. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_REPORT_H
#define SW_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "server/wait.h"
#include "shockwave_server.h"

struct sw_connection;
struct sw_transaction;
struct sw_worker;

/* Counts and logs a transaction that has ended.  It must not be compact. */
void sw_transaction_report(struct sw_transaction *txn, bool complete);

/* A message that no handler was called for, and the response to it. */
struct sw_log_refusal {
    unsigned status; /* 0: none */
    uint64_t body_bytes_sent;
    enum sw_error error;
    uint64_t at; /* of the error */
    enum sw_wait timeout;
    const struct sw_head *head; /* at least its target was read; or NULL */
    const char *bytes;
};

/* Logs it. */
void sw_log_refuse(struct sw_worker *worker, struct sw_connection *connection,
                   struct sw_log_refusal refusal);

/* Shows other threads the state of a worker's connections and pools. */
void sw_worker_publish(struct sw_worker *worker);

#endif
