/* access_log.h - a worker's access log: one line for each request. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_ACCESS_LOG_H
#define SW_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "server/wait.h"
#include "shockwave_server.h"

/* What a line reports.  Spans without bytes have p NULL. */
struct sw_access_record {
    struct sw_client client;
    struct sw_span method, target; /* neither, or both */
    const char *version;           /* "1.1"; NULL if it was not read */
    struct sw_span referer, user_agent;
    unsigned status; /* 0: no response */
    uint64_t body_bytes_sent, duration_ms;
    enum sw_error error; /* of the request */
    uint64_t error_at;   /* bytes into the message */
    enum sw_wait timeout;
    bool complete; /* the response was sent to its end */
};

struct sw_metrics;

struct sw_log {
    const struct sw_server_config *config;
    const struct sw_date *date; /* of the worker */
    struct sw_metrics *metrics; /* counts lines that were dropped, and failures to reopen */
    char *lines; /* those in [start, end) are not written yet; NULL: there is no log */
    uint32_t start, end;
    int fd;          /* -1: not open */
    bool is_regular; /* a regular file: it takes any number of bytes at once */
    bool is_socket;
    bool torn;         /* what was written ends inside a line */
    unsigned reopened; /* calls of sw_server_reopen() that were obeyed */
    uint64_t retry_at; /* it took nothing: when to write again; 0 otherwise */
    int64_t second;    /* of the stamp */
    char stamp[32];
};

/* Does this configuration ask for an access log? */
static inline bool sw_log_wanted(const struct sw_server_config *config)
{
    return config->access_log || config->access_log_fd;
}

/* Opens the log, unless `lines` is NULL.  Returns NULL, or the name of the member of the
   configuration that is wrong, with errno set. */
const char *sw_log_open(struct sw_log *log);
void sw_log_close(struct sw_log *log, uint64_t now);

/* Adds a line.  When there is no space for it, it is dropped and counted. */
void sw_log_add(struct sw_log *log, const struct sw_access_record *record, uint64_t now);

/* Opens the file again after a call of sw_server_reopen().  On failure, false with errno set, and
   lines still go to the file that was open: no line is lost. */
bool sw_log_reopen(struct sw_log *log, unsigned calls, uint64_t now);

/* Writes the lines of this iteration of the event loop, unless a full pipe must be waited for. */
void sw_log_write(struct sw_log *log, uint64_t now);

#endif
