/* access_log.h - a worker's access log: one line for each request. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_ACCESS_LOG_H
#define SW_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "server/wait.h"
#include "shockwave_server.h"

struct sw_log {
    char *lines; /* those in [start, end) are not written yet; NULL: there is no log */
    uint32_t start, end;
    int fd;        /* -1: not open */
    bool complete; /* a regular file: it takes any number of bytes at once */
    bool socket;
    bool torn;         /* what was written ends inside a line */
    unsigned reopened; /* calls of sw_server_reopen() that were obeyed */
    uint64_t retry_at; /* it took nothing: when to write again; 0 otherwise */
    int64_t second;    /* of the stamp */
    char stamp[32];
};

struct sw_connection;
struct sw_transaction;
struct sw_worker;

/* Does this configuration ask for an access log? */
static inline bool sw_log_wanted(const struct sw_server_config *config)
{
    return config->access_log || config->access_log_fd;
}

/* Opens a worker's log.  NULL, or the name of the member that is wrong, with errno set. */
const char *sw_log_open(struct sw_worker *worker);
void sw_log_close(struct sw_worker *worker);

/* Adds the line of a transaction that has ended. */
void sw_log_exchange(struct sw_transaction *txn, bool complete);

/* A message that never became a transaction, and the response to it. */
struct sw_log_refusal {
    unsigned status; /* 0: none */
    uint64_t body_bytes_sent;
    enum sw_error error;
    uint64_t at; /* of the error */
    enum sw_wait timeout;
    const struct sw_head *head; /* of which at least the target was read; or NULL */
    const char *bytes;
};
void sw_log_refuse(struct sw_worker *worker, struct sw_connection *connection,
                   struct sw_log_refusal refusal);

/* Writes the lines of this iteration of the event loop, unless a full pipe must be waited for. */
void sw_log_write(struct sw_worker *worker);

#endif
