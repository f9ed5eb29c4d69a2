/* transaction.h - a request in progress, and its buffers. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_TRANSACTION_H
#define SW_TRANSACTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/connection_state.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

/* What the connection is to do next: why the processing of its input stopped. */
enum sw_pause {
    SW_PAUSE_INPUT = 0, /* read more */
    SW_PAUSE_OUTPUT,    /* send what was written, then process the rest of the input */
    SW_PAUSE_HANDLER,   /* wait until the handler continues */
    SW_PAUSE_LAST,      /* send what was written, then close: nothing more is read */
    SW_PAUSE_UPGRADE,   /* send what was written, then pass the socket to on_upgrade */
};

enum sw_reply_state {
    SW_REPLY_NONE = 0,
    SW_REPLY_INTERIM, /* the head of an interim response is being written */
    SW_REPLY_HEAD,
    SW_REPLY_CONTENT,
    SW_REPLY_ENDED,
};

/* A suspended transaction as all threads see it, see suspend.c. */
enum sw_suspend_state { SW_SUSPEND_NONE = 0, SW_SUSPEND_ACTIVE, SW_SUSPEND_RESUMED };

struct sw_transaction {
    struct sw_exchange exchange; /* first: sw_transaction_of() */
    struct sw_connection *connection;
    bool active : 1;                    /* a request was passed to the handler, and is not over */
    bool complete : 1;                  /* the request has arrived completely */
    bool suspended : 1;                 /* as the worker sees it */
    bool discarding : 1;                /* over, but unread content may follow */
    bool output_sent : 1;               /* all output was sent since the last callback */
    bool half_close_reported : 1;       /* on_half_close was called */
    bool disconnect_reported : 1;       /* on_disconnect was called */
    bool final : 1;                     /* in on_complete or on_upgrade: it cannot be suspended */
    uint8_t pause;                      /* enum sw_pause: the last */
    uint16_t error;                     /* enum sw_error: of the response */
    uint16_t status;                    /* of the response; 0 before it begins */
    uint16_t broken;                    /* enum sw_error: of the request */
    uint8_t timeout;                    /* enum sw_wait: the timer that expired */
    uint64_t broken_at;                 /* bytes into the message */
    uint64_t passed;                    /* bytes of the message that were parsed */
    uint64_t body_bytes_sent;           /* content of the response that was written */
    uint64_t began;                     /* worker->now when the head was complete */
    uint32_t start, end;                /* input not parsed yet: in[start..end) */
    uint32_t kept;                      /* in[0..kept) holds the head of the active request */
    struct sw_compact_message *compact; /* copy of that head (and of the message, while compact), or
                                           NULL */
    struct sw_message *message;         /* NULL while compact */
    uint32_t sent, written;             /* output not sent yet: out[sent..written) */
    uint32_t nocopy_at;                 /* `nocopy` is sent between out[..nocopy_at) and the rest */
    uint32_t queued;     /* bytes in the socket's queue when the timer for writing was set */
    uint32_t suspend_ms; /* milliseconds it may be suspended; 0: no limit */
    uint8_t reply;       /* enum sw_reply_state; apart from the flags, with which it would be tested
                            by one wide load that waits for the store just made */
    char *in;            /* the input buffer, or worker->discard_buffer without one */
    char *out;           /* the output buffer, or NULL */
    struct sw_span nocopy; /* zero-copy output; p is NULL for bytes of a file */
    int file;
    uint64_t file_at;
    struct sw_span content; /* not taken by the handler yet */
    struct sw_writer head;  /* of the response, while fields are added */
    /* Not cleared from here on when the transaction is attached again, see suspend.c. */
    struct sw_worker *worker;
    struct sw_transaction *resumed; /* the next in worker->resumed */
    _Atomic uint8_t suspend_state;  /* enum sw_suspend_state */
};

/* The transaction of an exchange that a handler knows. */
static inline struct sw_transaction *sw_transaction_of(struct sw_exchange *exchange)
{
    return (struct sw_transaction *)(void *)exchange;
}

/* From one transaction to the next in their pool. */
enum { SW_TRANSACTION_SIZE = (sizeof(struct sw_transaction) + 63) / 64 * 64 };

/* An incomplete head, or an incomplete line between chunks. */
enum { SW_PARTIAL_INPUT_SIZE = 512 };

struct sw_partial_input {
    uint32_t n;
    char bytes[SW_PARTIAL_INPUT_SIZE - sizeof(uint32_t)];
};

/*
 * Copy of a head, for a request whose content arrives slowly, or whose response is read slowly.
 * While the transaction is compact, the message as well, its fields after the bytes of the head.
 */
enum { SW_SUMMARY_SIZE = offsetof(struct sw_head, slot) };

struct sw_compact_message {
    char head[SW_SUMMARY_SIZE], trailers[SW_SUMMARY_SIZE];
    struct sw_body body;
    uint32_t n; /* bytes of the head */
    char bytes[];
};

/* A slow client costs one kilobyte in all. */
enum { SW_COMPACT_SIZE = 1024 - sizeof(struct sw_connection) - SW_TRANSACTION_SIZE };

_Static_assert(SW_COMPACT_SIZE >= sizeof(struct sw_compact_message) + 256, "a usual head fits");

/* Fields of a head beyond those of a struct sw_message; a multiple of four, which make 64 bytes. */
static inline size_t sw_more_fields(const struct sw_server_config *config)
{
    uint32_t fields = config->limits.fields;
    return fields > SW_FIELDS_DEFAULT ? (fields - SW_FIELDS_INLINE + 3) & ~UINT32_C(3) : 0;
}

/* ---- Attached to a connection --------------------------------------------------------------- */

/* Attaches a transaction, with an input buffer and the partial input.  NULL at the maximum: the
   connection waits in its room's ring `waiting_for_transaction`. */
struct sw_transaction *sw_transaction_attach(struct sw_worker *worker,
                                             struct sw_connection *connection);
bool sw_transaction_is_available(struct sw_worker *worker, const struct sw_connection *connection);

/* Detaches and frees it; the first connection that waits gets it. */
void sw_transaction_release(struct sw_worker *worker, struct sw_connection *connection);

/* Transactions that are free in the usual room. */
static inline uint32_t sw_transactions_available(const struct sw_worker *worker)
{
    const struct sw_room *room = &worker->rooms[SW_ROOM_USUAL];
    return room->max_transactions - room->transactions;
}

/* ---- Output --------------------------------------------------------------------------------- */

static inline bool sw_transaction_has_output(const struct sw_transaction *txn)
{
    return txn->written || txn->nocopy.n;
}

/* A writer for the rest of the output buffer: add the bytes it wrote to txn->written. */
static inline struct sw_writer sw_transaction_writer(struct sw_transaction *txn)
{
    struct sw_worker *worker = txn->worker;
    if (!txn->out)
        txn->out = sw_pool_get(&worker->outputs);
    return (struct sw_writer){.p = txn->out + txn->written,
                              .size = worker->config->output_buffer - txn->written};
}

void sw_transaction_release_output(struct sw_transaction *txn);

/* ---- Input ---------------------------------------------------------------------------------- */

/* Attaches an input buffer, with the partial input. */
void sw_transaction_attach_input(struct sw_transaction *txn);
void sw_connection_drop_partial_input(struct sw_worker *worker, struct sw_connection *connection);

/* Offset in `in` of the next request, after empty lines; `end` if none has begun. */
uint32_t sw_transaction_request_at(const struct sw_transaction *txn);

/* Waits for the rest of a head: keeps its bytes as partial input, and releases the transaction,
   unless they are too many. */
void sw_transaction_stash_head(struct sw_worker *worker, struct sw_connection *connection);

/* Copies a head that ends at `start`.  NULL if it is too long. */
const char *sw_transaction_copy_head(struct sw_transaction *txn, const char *bytes);
void sw_transaction_drop_head_copy(struct sw_transaction *txn);

/* Waiting for the client: compacts the message and releases its buffers, if there is space.
   Restore it before anything else is done with the transaction. */
void sw_transaction_compact(struct sw_worker *worker, struct sw_connection *connection);
void sw_transaction_restore(struct sw_transaction *txn);

#endif
