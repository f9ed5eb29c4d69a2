/* transaction.c - a request in progress, and its buffers. */
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
 * Theory of operation.  Each pool has as many messages, compact messages, input and output buffers
 * as there are transactions, so that a transaction never waits for one of them.  They are separate
 * because a slow client keeps its transaction for long: an empty buffer is returned to its pool,
 * and the message of a waiting transaction is compacted.  Then it costs one kilobyte:
 *
 *     idle            connection
 *     active          connection, transaction, message, input buffer [, output buffer]
 *     waiting for     connection, transaction, compact message (head, fields, state of the body)
 *     the client      [, partial input] [, output buffer that is being sent]
 */

/* In blocks, because gcc makes of a longer memset `rep stos`, whose startup alone takes longer.
   Without the members that other threads may read, see suspend.c. */
static void clear(struct sw_transaction *txn)
{
    enum { SIZE = offsetof(struct sw_transaction, worker), BLOCKS = SIZE / 64 * 64 };
    char *memory = (char *)txn;
    for (size_t at = 0; at < BLOCKS; at += 64)
        memset(memory + at, 0, 64);
    memset(memory + BLOCKS, 0, SIZE - BLOCKS);
}

static struct sw_transaction *attach(struct sw_worker *worker, struct sw_connection *connection)
{
    const struct sw_server_config *config = worker->config;
    struct sw_transaction *txn = sw_pool_get(&worker->transactions);
    sw_room_of(worker, connection)->transactions++;
    size_t index = (size_t)((char *)txn - worker->transactions.memory) / SW_TRANSACTION_SIZE;
    clear(txn);
    if (txn->worker != worker) {
        txn->worker = worker; /* the first time */
        atomic_init(&txn->suspend_state, SW_SUSPEND_NONE);
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
    return room->transactions < room->max_transactions;
}

/*
 * Connections that wait are served in order, first come, first served: a transaction that is
 * released is attached to the first of them at once, so that none is free while a connection waits.
 * The wait is the server's fault, not the client's: no timer runs, and that of a head is stopped.
 */
struct sw_transaction *sw_transaction_attach(struct sw_worker *worker,
                                             struct sw_connection *connection)
{
    if (sw_transaction_is_available(worker, connection))
        return attach(worker, connection);
    if (connection->wait == SW_WAIT_TRANSACTION) /* it is in the ring already */
        return NULL;
    worker->transactions.misses++;
    connection->progress = sw_worker_tick(worker, 0); /* the start of the wait */
    sw_link_move(&connection->link, &sw_room_of(worker, connection)->waiting_for_transaction);
    sw_connection_set_wait(worker, connection, SW_WAIT_TRANSACTION);
    return NULL;
}

/* Partial input is an incomplete head, whose timer continues. */
static void end_wait(struct sw_worker *worker, struct sw_connection *connection)
{
    uint32_t waited = sw_worker_tick(worker, 0) - connection->progress;
    sw_connection_set_wait(worker, connection,
                           connection->partial_input ? SW_WAIT_HEAD : SW_WAIT_NONE);
    if (connection->partial_input)
        sw_wheel_set(&worker->wheel, &connection->timer, connection->timer.due + waited);
    connection->progress = 0;
}

static void wake_next(struct sw_worker *worker, struct sw_room *room)
{
    while (!sw_link_empty(&room->waiting_for_transaction) &&
           room->transactions < room->max_transactions) {
        struct sw_connection *connection =
            SW_CONTAINER(room->waiting_for_transaction.next, struct sw_connection, link);
        end_wait(worker, connection);
        attach(worker, connection);
        sw_connection_schedule(worker, connection);
    }
}

/* The discard buffer is only an address here: it contains no input. */
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
    wake_next(worker, room);
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

/* Copies the input not parsed yet.  False when it is too long. */
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

/* The head is parsed from its start again, so that no other state has to be kept. */
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

/* ---- Compact messages -------------------------------------------------------------------------
 */

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

/* The fields of a compact message: those of the head, then those of the trailers. */
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

/* The index by id is not part of a compact message: it is built again. */
static void expand(struct sw_head *head, const char *summary, const struct sw_field *fields)
{
    memcpy(head, summary, SW_SUMMARY_SIZE);
    for (uint32_t i = 0; i < head->field_count; i++)
        sw_head_put(head, i, fields[i]);
}

/* Compacts the message if its fields fit. */
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
