/* server_lease.c - what a peer is lent while bytes are in flight, and no longer. */
/* SPDX-License-Identifier: MIT */
#include "core/head.h"
#include "server/connection_state.h"
#include "server/list.h"
#include "server/room.h"
#include "server/timer_wheel.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <string.h>

/*
 * There is one message, one shelf, one input and one output buffer for each lease, so that whoever
 * has a lease never waits for them.  They are apart from it because a peer that dribbles holds his
 * lease for long: while nothing is in a buffer it is somebody else's, and a message that waits is
 * folded up on its shelf.
 */

/* In pieces, because gcc makes a `rep stos` of a longer memset, whose mere start takes longer.  All
   but what other threads may look at, see server_hold.c. */
static void clear(struct sw_transaction *txn)
{
    enum { SIZE = offsetof(struct sw_transaction, worker), WHOLE = SIZE / 64 * 64 };
    char *memory = (char *)txn;
    for (size_t at = 0; at < WHOLE; at += 64)
        memset(memory + at, 0, 64);
    memset(memory + WHOLE, 0, SIZE - WHOLE);
}

/* Give a peer one of those that are free. */
static struct sw_transaction *write_nocopy(struct sw_worker *worker,
                                           struct sw_connection *connection)
{
    const struct sw_server_config *config = worker->config;
    struct sw_transaction *txn = sw_pool_get(&worker->transactions);
    sw_room_of(worker, connection)->transactions++;
    size_t index = (size_t)((char *)txn - worker->transactions.memory) / SW_TRANSACTION_SIZE;
    clear(txn);
    if (txn->worker != worker) {
        txn->worker = worker; /* the first time */
        atomic_init(&txn->hold, SW_HOLD_NONE);
    }
    txn->connection = connection;
    txn->exchange.user = config->user;
    txn->exchange.scratch = worker->scratch + index * config->scratch;
    txn->exchange.scratch_size = config->scratch;
    txn->message = sw_pool_get(&worker->messages);
    if (txn->message->head.limits == connection->conn.limits)
        sw_conn_reattach(&connection->conn, txn->message);
    else
        sw_conn_attach(&connection->conn, txn->message); /* the first time */
    txn->in = worker->discard_buffer;
    connection->txn = txn;
    sw_transaction_attach_input(txn);
    return txn;
}

bool sw_transaction_is_available(struct sw_worker *worker, const struct sw_connection *connection)
{
    const struct sw_room *room = sw_room_of(worker, connection);
    return room->transactions < room->max_leases;
}

/*
 * The peers that wait are served in the order of their coming.  So one that becomes free is lent at
 * once to the first of them: while a peer waits none is free, and no newcomer can overtake it.  The
 * server is late then, and not the client: no timer runs, and that of a head stands still.
 */
struct sw_transaction *sw_transaction_attach(struct sw_worker *worker,
                                             struct sw_connection *connection)
{
    if (sw_transaction_is_available(worker, connection))
        return write_nocopy(worker, connection);
    if (connection->wait == SW_WAIT_TURN) /* it waits already, and has its place */
        return NULL;
    worker->transactions.misses++;
    connection->progress = sw_worker_tick(worker, 0); /* since when */
    sw_link_move(&connection->link, &sw_room_of(worker, connection)->waiting_for_transaction);
    sw_connection_set_wait(worker, connection, SW_WAIT_TURN);
    return NULL;
}

/* What is parked is the beginning of a head, whose timer goes on. */
static void end_wait(struct sw_worker *worker, struct sw_connection *connection)
{
    uint32_t waited = sw_worker_tick(worker, 0) - connection->progress;
    sw_connection_set_wait(worker, connection,
                           connection->partial_input ? SW_WAIT_HEAD : SW_WAIT_NONE);
    if (connection->partial_input)
        sw_wheel_set(&worker->wheel, &connection->timer, connection->timer.due + waited);
    connection->progress = 0;
}

static void feed(struct sw_worker *worker, struct sw_room *room)
{
    while (!sw_link_empty(&room->waiting_for_transaction) &&
           room->transactions < room->max_leases) {
        struct sw_connection *connection =
            SW_CONTAINER(room->waiting_for_transaction.next, struct sw_connection, link);
        end_wait(worker, connection);
        write_nocopy(worker, connection);
        sw_connection_schedule(worker, connection);
    }
}

/* In the sink there are no bytes of anybody's: it is only an address. */
static void release_input(struct sw_transaction *txn)
{
    struct sw_worker *worker = txn->worker;
    if (txn->in != worker->discard_buffer)
        sw_pool_put(&worker->inputs, txn->in);
    txn->in = worker->discard_buffer;
    txn->start = txn->end = 0;
}

void sw_transaction_release(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    sw_transaction_release_output(txn);
    if (txn->compact)
        sw_transaction_drop_head_copy(txn);
    release_input(txn);
    if (txn->message)
        sw_pool_put(&worker->messages, txn->message);
    sw_pool_put(&worker->transactions, txn);
    connection->txn = NULL;
    struct sw_room *room = sw_room_of(worker, connection);
    room->transactions--;
    feed(worker, room);
}

/* ---- Output --------------------------------------------------------------------------------- */

void sw_transaction_release_output(struct sw_transaction *txn)
{
    if (txn->out)
        sw_pool_put(&txn->worker->outputs, txn->out);
    txn->out = NULL;
    txn->sent = txn->written = txn->nocopy_at = 0;
}

/* ---- Input ---------------------------------------------------------------------------------- */

void sw_transaction_attach_input(struct sw_transaction *txn)
{
    struct sw_worker *worker = txn->worker;
    struct sw_connection *connection = txn->connection;
    if (txn->in != worker->discard_buffer)
        return;
    txn->in = sw_pool_get(&worker->inputs);
    if (sw_more_fields(worker->config))
        sw_head_attach_fields(&txn->message->head, (void *)(txn->in + worker->config->input_buffer),
                              sw_more_fields(worker->config));
    if (connection->partial_input) {
        memcpy(txn->in, connection->partial_input->bytes, connection->partial_input->n);
        txn->end = connection->partial_input->n;
        sw_connection_drop_partial_input(worker, connection);
    }
}

void sw_connection_drop_partial_input(struct sw_worker *worker, struct sw_connection *connection)
{
    if (connection->partial_input)
        sw_pool_put(&worker->partial_input, connection->partial_input);
    connection->partial_input = NULL;
}

/* Put what was not parsed yet aside.  False when it is too much. */
static bool stash(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    uint32_t n = txn->end - txn->start;
    if (n > sizeof connection->partial_input->bytes)
        return false;
    if (n) {
        connection->partial_input = sw_pool_get(&worker->partial_input);
        connection->partial_input->n = n;
        memcpy(connection->partial_input->bytes, txn->in + txn->start, n);
    }
    return true;
}

/* Nothing else is known of a connection whose next request has not begun: it is read anew. */
void sw_transaction_stash_head(struct sw_worker *worker, struct sw_connection *connection)
{
    if (!stash(worker, connection))
        return;
    sw_conn_init(&connection->conn, SW_SERVER, connection->conn.limits);
    sw_transaction_release(worker, connection);
}

/* Empty lines before a request are ignored, RFC 9112 2.2. */
uint32_t sw_transaction_request_at(const struct sw_transaction *txn)
{
    uint32_t at = txn->start;
    while (at < txn->end && (txn->in[at] == '\r' || txn->in[at] == '\n'))
        at++;
    return at;
}

/* ---- Shelves -------------------------------------------------------------------------------- */

enum { COMPACT_BYTES = SW_COMPACT_SIZE - offsetof(struct sw_compact_message, bytes) };

const char *sw_transaction_copy_head(struct sw_transaction *txn, const char *bytes)
{
    size_t n = (size_t)(txn->in + txn->start - bytes);
    if (n > COMPACT_BYTES || txn->message->head.field_count > SW_FIELDS_INLINE)
        return NULL;
    txn->compact = sw_pool_get(&txn->worker->compact_messages);
    txn->compact->n = (uint32_t)n;
    return memcpy(txn->compact->bytes, bytes, n);
}

void sw_transaction_drop_head_copy(struct sw_transaction *txn)
{
    sw_pool_put(&txn->worker->compact_messages, txn->compact);
    txn->compact = NULL;
}

/* Where the fields are on a shelf: those of the head, then those of the trailers. */
static struct sw_field *fields_of(struct sw_compact_message *compact)
{
    size_t align = _Alignof(struct sw_field),
           at = offsetof(struct sw_compact_message, bytes) + compact->n;
    return (void *)((char *)compact + (at + align - 1) / align * align);
}

static bool has_place(const struct sw_compact_message *compact, size_t fields)
{
    size_t bytes = (compact->n + _Alignof(struct sw_field) - 1) + fields * sizeof(struct sw_field);
    return bytes <= COMPACT_BYTES;
}

/* The index by id is not on the shelf: it is made anew. */
static void expand(struct sw_head *head, const char *summary, const struct sw_field *fields)
{
    memcpy(head, summary, SW_SUMMARY_SIZE);
    for (uint32_t i = 0; i < head->field_count; i++)
        sw_head_put(head, i, fields[i]);
}

/* Put the message on the shelf, where there is a place for its fields. */
static void compact_message(struct sw_transaction *txn)
{
    struct sw_message *message = txn->message;
    struct sw_compact_message *compact = txn->compact;
    bool chunked = message->body.framing == SW_FRAMING_CHUNKED; /* else there are no trailers */
    size_t fields = message->head.field_count;
    size_t trailers = chunked ? message->trailers.field_count : 0;
    if (fields > SW_FIELDS_INLINE || !has_place(compact, fields + trailers))
        return;
    struct sw_field *place = fields_of(compact);
    memcpy(place, message->head.fields, fields * sizeof *place);
    memcpy(place + fields, message->trailers.fields, trailers * sizeof *place);
    memcpy(compact->head, &message->head, SW_SUMMARY_SIZE);
    memcpy(compact->trailers, &message->trailers, SW_SUMMARY_SIZE);
    compact->body = message->body;
    sw_pool_put(&txn->worker->messages, message);
    txn->message = txn->connection->conn.message = NULL;
    txn->exchange.head = NULL;
}

void sw_transaction_compact(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    bool remaining = txn->active || (txn->discarding && !sw_body_done(&txn->message->body));
    if (!remaining || txn->suspended || txn->content.n)
        return;
    if (!txn->compact) {
        size_t n = txn->active ? txn->message->head.length : 0;
        if (n > COMPACT_BYTES || txn->message->head.field_count > SW_FIELDS_INLINE)
            return;
        txn->compact = sw_pool_get(&worker->compact_messages);
        txn->compact->n = (uint32_t)n;
        if (n)
            txn->exchange.bytes = memcpy(txn->compact->bytes, txn->exchange.bytes, n);
        txn->kept = 0;
    }
    if (!stash(worker, connection))
        return;
    release_input(txn);
    compact_message(txn);
}

void sw_transaction_restore(struct sw_transaction *txn)
{
    struct sw_worker *worker = txn->worker;
    struct sw_compact_message *compact = txn->compact;
    if (!txn->message) {
        struct sw_message *message = sw_pool_get(&worker->messages);
        const struct sw_field *fields = fields_of(compact);
        expand(&message->head, compact->head, fields);
        message->body = compact->body;
        if (message->body.framing == SW_FRAMING_CHUNKED)
            expand(&message->trailers, compact->trailers, fields + message->head.field_count);
        message->body.trailers = &message->trailers;
        txn->message = txn->connection->conn.message = message;
        txn->exchange.head = &message->head;
    }
    if (txn->connection->partial_input)
        sw_transaction_attach_input(txn);
}
