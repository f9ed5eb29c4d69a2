/* server_exchange.c - a request and its reply: the handler, its hooks, and what they may call. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "core/conn.h"
#include "server/server.h"

#include <string.h>

/*
 * After each call of the handler or a hook, settle() asks whether anything can still come of the
 * exchange: the reply has ended, or somebody holds, or a hook is due to be called.  If not, the
 * exchange was abandoned, and the peer is told so: no request can hang for want of a reply.
 */

enum {
    RESERVE = 4096 + SW_REPLY_COPIED, /* for a head and a small body, before a handler is called */
    FRAMING = 64,                     /* for chunk heads and the last chunk */
    PIECE = 512,                      /* no smaller piece is worth a chunk of its own */
};

/* ---- Replies -------------------------------------------------------------------------------- */

/* Does the handler want content that is still to come? */
static bool wants_content(const struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    return hooks && (hooks->on_content || hooks->on_request_end) && !txn->complete;
}

/* Nothing more can be said in this exchange: what was written goes out, then the peer is left. */
static void fail(struct sw_transaction *txn, enum sw_error error)
{
    txn->error = (uint16_t)error;
    txn->reply = SW_REPLY_ENDED;
    txn->connection->last = true;
}

/* A head is complete.  If it cannot be sent, another one says so. */
static void finish_head(struct sw_transaction *txn)
{
    if (txn->reply != SW_REPLY_HEAD && txn->reply != SW_REPLY_INTERIM)
        return;
    if (txn->head.framed == SW_FRAMED_BY_CALLER && !txn->head.error)
        txn->head.error = SW_ERROR_MISUSE; /* the handler called sw_write_end() itself */
    sw_write_end(&txn->head);
    if (txn->reply == SW_REPLY_INTERIM && txn->exchange.head->minor == 0)
        txn->head.n = 0; /* RFC 9110 15.2 */
    if (txn->head.error) {
        fail(txn, (enum sw_error)txn->head.error);
        sw_connection_respond(txn->worker, txn->connection, SW_STATUS_INTERNAL_SERVER_ERROR,
                              SW_SPAN("the reply could not be written\n"));
        return;
    }
    txn->written += (uint32_t)txn->head.n;
    txn->head.error = SW_ERROR_MISUSE; /* a field that is added later would be content */
    txn->reply = txn->reply == SW_REPLY_HEAD ? SW_REPLY_CONTENT : SW_REPLY_NONE;
}

/* Nothing will come of this exchange any more. */
static void abandon(struct sw_transaction *txn)
{
    bool unanswered = txn->reply == SW_REPLY_NONE;
    fail(txn, SW_ERROR_MISUSE);
    if (unanswered)
        sw_connection_respond(txn->worker, txn->connection, SW_STATUS_INTERNAL_SERVER_ERROR,
                              SW_SPAN("the request was not answered\n"));
}

/* The handler made a call that does not fit.  After the end of the reply nothing changes. */
static void misuse(struct sw_transaction *txn)
{
    finish_head(txn);
    if (txn->reply != SW_REPLY_ENDED)
        abandon(txn);
}

static bool is_missing(struct sw_span span)
{
    return span.n && !span.p;
}

bool sw_transaction_may_respond(struct sw_exchange *exchange)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    finish_head(txn);
    if (txn->reply == SW_REPLY_NONE)
        return true;
    misuse(txn);
    return false;
}

/* Make ready for a head: false where none may follow what was written before. */
static bool open_head(struct sw_transaction *txn)
{
    finish_head(txn);
    if (txn->reply != SW_REPLY_NONE) {
        txn->head = (struct sw_writer){.error = SW_ERROR_MISUSE};
        return false;
    }
    /* One by one: a struct is copied in vectors, which wait for the stores that just made it. */
    const struct sw_writer fresh = sw_transaction_writer(txn);
    txn->head.p = fresh.p;
    txn->head.n = 0;
    txn->head.size = fresh.size;
    txn->head.error = SW_OK;
    txn->head.framed = 0;
    return true;
}

struct sw_writer *sw_reply_interim(struct sw_exchange *exchange, unsigned status)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    if (!open_head(txn))
        return &txn->head;
    txn->reply = SW_REPLY_INTERIM;
    txn->head.framed = SW_FRAMED;
    if (status / 100 == 1 && status != SW_STATUS_SWITCHING_PROTOCOLS)
        sw_write_status(&txn->head, status);
    else
        txn->head.error = SW_ERROR_MISUSE;
    return &txn->head;
}

struct sw_writer *sw_reply_begin(struct sw_exchange *exchange, unsigned status, uint64_t length)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    struct sw_connection *connection = txn->connection;
    if (!open_head(txn))
        return &txn->head;
    if (wants_content(txn)) {
        sw_conn_interim(&connection->conn, &txn->head, SW_STATUS_CONTINUE);
        sw_conn_keep_reading(&connection->conn);
    }
    enum sw_error error =
        sw_conn_reply(&connection->conn, &txn->head, status, length, &txn->worker->date);
    if (error && !txn->head.error)
        txn->head.error = (uint16_t)error;
    txn->reply = SW_REPLY_HEAD;
    txn->status = (uint16_t)status;
    return &txn->head;
}

/* Write the framing for `n` bytes of content.  False when they are not to follow. */
static bool write_framing(struct sw_transaction *txn, struct sw_writer *out, size_t n)
{
    enum sw_error error = sw_conn_content(&txn->connection->conn, out, n);
    if (error)
        fail(txn, error);
    if (error || sw_conn_bodiless(&txn->connection->conn))
        return false;
    txn->body_bytes_sent += n;
    return true;
}

size_t sw_reply_write(struct sw_exchange *exchange, struct sw_span bytes)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    uint32_t size = txn->worker->config->output_buffer;
    finish_head(txn);
    if (txn->reply == SW_REPLY_NONE || is_missing(bytes))
        misuse(txn);
    size_t taken = 0;
    while (txn->reply == SW_REPLY_CONTENT && taken < bytes.n) {
        size_t n = bytes.n - taken;
        if (size - txn->written < n + FRAMING)
            sw_connection_flush(txn->worker, txn->connection);
        size_t room = size - txn->written;
        room = room > FRAMING ? room - FRAMING : 0;
        if (room < n && room < PIECE)
            return taken;
        if (n > room)
            n = room;
        struct sw_writer out = sw_transaction_writer(txn);
        if (!write_framing(txn, &out, n))
            break;
        sw_write_bytes(&out, bytes.p + taken, n);
        txn->written += (uint32_t)out.n;
        taken += n;
    }
    return bytes.n; /* what cannot go out any more is taken too: sw_reply_end() tells */
}

/* `valid`: there is something at the place that the caller named. */
static bool write_nocopy(struct sw_transaction *txn, struct sw_span bytes, int file,
                         uint64_t offset, bool valid)
{
    finish_head(txn);
    if (txn->reply == SW_REPLY_NONE || !valid)
        misuse(txn);
    if (txn->reply != SW_REPLY_CONTENT || !bytes.n)
        return true;
    if (txn->nocopy.n)
        return false;
    struct sw_writer out = sw_transaction_writer(txn);
    if (write_framing(txn, &out, bytes.n)) {
        txn->written += (uint32_t)out.n;
        txn->nocopy = bytes;
        txn->nocopy_at = txn->written;
        txn->file = file;
        txn->file_at = offset;
    }
    return true;
}

bool sw_reply_write_nocopy(struct sw_exchange *exchange, struct sw_span bytes)
{
    return write_nocopy(sw_transaction_of(exchange), bytes, -1, 0, !is_missing(bytes));
}

bool sw_reply_file(struct sw_exchange *exchange, int fd, uint64_t offset, size_t length)
{
    bool valid = !length || (fd >= 0 && length <= INT64_MAX && offset <= INT64_MAX - length);
    return write_nocopy(sw_transaction_of(exchange), (struct sw_span){NULL, length}, fd, offset,
                        valid);
}

/* Are they whole lines with a name, which end the trailer section nowhere? */
static bool are_lines(struct sw_span lines)
{
    while (lines.n) {
        const char *end = memchr(lines.p, '\n', lines.n);
        size_t n = end ? (size_t)(end - lines.p) : 0;
        const char *colon = n ? memchr(lines.p, ':', n) : NULL;
        if (!colon || colon == lines.p || memchr(lines.p, '\r', n) != end - 1)
            return false;
        lines = (struct sw_span){end + 1, lines.n - n - 1};
    }
    return true;
}

enum sw_error sw_reply_end_trailers(struct sw_exchange *exchange, struct sw_span lines)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    finish_head(txn);
    if (txn->reply == SW_REPLY_NONE || (txn->reply == SW_REPLY_ENDED && !txn->error))
        return SW_ERROR_MISUSE;
    if (is_missing(lines))
        misuse(txn);
    else if (txn->reply == SW_REPLY_CONTENT && !are_lines(lines))
        fail(txn, SW_ERROR_BAD_OUT_VALUE);
    if (txn->reply == SW_REPLY_CONTENT) {
        uint32_t size = txn->worker->config->output_buffer;
        if (size - txn->written < lines.n + FRAMING)
            sw_connection_flush(txn->worker, txn->connection);
        if (txn->written && size - txn->written < lines.n + FRAMING)
            return SW_ERROR_NO_ROOM;
        struct sw_writer out = sw_transaction_writer(txn);
        enum sw_error error = sw_conn_finish(&txn->connection->conn, &out, lines);
        txn->written += (uint32_t)out.n;
        txn->reply = SW_REPLY_ENDED;
        if (error)
            fail(txn, error);
    }
    return (enum sw_error)txn->error;
}

enum sw_error sw_reply_end(struct sw_exchange *exchange)
{
    return sw_reply_end_trailers(exchange, (struct sw_span){NULL, 0});
}

/* The short way, which most replies go.  False: nothing was done. */
static bool reply_simple(struct sw_transaction *txn, const struct sw_simple_reply *reply)
{
    if (reply->body.n > SW_REPLY_COPIED || txn->reply != SW_REPLY_NONE || wants_content(txn))
        return false;
    struct sw_writer out = sw_transaction_writer(txn);
    if (!sw_conn_reply_simple(&txn->connection->conn, &out, reply))
        return false;
    txn->written += (uint32_t)out.n;
    txn->body_bytes_sent += reply->body.n;
    txn->status = (uint16_t)reply->status;
    txn->reply = SW_REPLY_ENDED;
    return true;
}

enum sw_error sw_reply(struct sw_exchange *exchange, unsigned status, struct sw_span type,
                       struct sw_span body)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    if (is_missing(type) || is_missing(body)) {
        misuse(txn);
        return SW_ERROR_MISUSE;
    }
    if (reply_simple(txn, &(struct sw_simple_reply){status, type, body, &txn->worker->date}))
        return SW_OK;
    if (!sw_transaction_may_respond(exchange))
        return SW_ERROR_MISUSE;
    struct sw_writer *out = sw_reply_begin(exchange, status, body.n);
    if (type.n)
        sw_write_field(out, SW_HEADER_CONTENT_TYPE, type);
    if (body.n > SW_REPLY_COPIED)
        sw_reply_write_nocopy(exchange, body);
    else
        sw_reply_write(exchange, body);
    return sw_reply_end(exchange);
}

/* ---- Requests ------------------------------------------------------------------------------- */

void sw_transaction_complete(struct sw_transaction *txn, bool complete)
{
    struct sw_exchange *exchange = &txn->exchange;
    const struct sw_hooks *hooks = exchange->hooks;
    txn->reply = SW_REPLY_ENDED; /* for `over`, which may come before the end of a reply */
    txn->final = true;
    if (hooks && hooks->on_complete)
        hooks->on_complete(exchange, complete);
    if (txn->active) {
        sw_metrics_count(txn);
        if (txn->worker->log.lines)
            sw_log_exchange(txn, complete);
    }
    sw_transaction_end_suspend(txn);
    txn->active = txn->complete = txn->final = false;
    txn->told_gone = txn->told_half_closed = false;
    txn->discarding = true;
    txn->reply = SW_REPLY_NONE;
    txn->error = SW_OK;
    if (txn->compact)
        sw_transaction_drop_head_copy(txn);
    txn->kept = 0;
    txn->status = txn->broken = txn->timeout = 0;
    txn->body_bytes_sent = 0;
    txn->nocopy.n = txn->content.n = 0;
    exchange->hooks = NULL;
    exchange->data = NULL;
}

static bool is_over(const struct sw_transaction *txn)
{
    return txn->active && txn->reply == SW_REPLY_ENDED && !txn->error && !txn->nocopy.n;
}

static void finish_callback(struct sw_transaction *txn)
{
    struct sw_conn *conn = &txn->connection->conn;
    const struct sw_hooks *hooks = txn->exchange.hooks;
    finish_head(txn);
    if (txn->suspended || txn->connection->last)
        return;
    if (is_over(txn)) {
        if (!hooks || !hooks->on_upgrade || sw_conn_next_action(conn) != SW_ACTION_UPGRADE)
            sw_transaction_complete(txn, true);
        return;
    }
    if (txn->reply == SW_REPLY_ENDED)
        return;
    if (wants_content(txn)) {
        if (txn->reply == SW_REPLY_NONE) {
            struct sw_writer out = sw_transaction_writer(txn);
            if (!sw_conn_interim(conn, &out, SW_STATUS_CONTINUE))
                txn->written += (uint32_t)out.n;
        }
    } else if (txn->reply == SW_REPLY_NONE || !hooks || !hooks->on_writable ||
               !(txn->written || txn->nocopy.n || txn->output_sent)) {
        abandon(txn);
    }
}

/* A head stays where it is until its exchange is over, or is put aside if content comes behind it:
   then nobody knows for how long.  Returns where it is. */
static const char *place_head(struct sw_transaction *txn, const char *bytes)
{
    if (txn->compact)
        sw_transaction_drop_head_copy(
            txn); /* what was left of the one before waited there for its end */
    if (!sw_body_done(&txn->message->body)) {
        const char *aside = sw_transaction_copy_head(txn, bytes);
        if (aside)
            return aside;
    }
    txn->kept = txn->start;
    if (txn->kept > txn->worker->config->limits.head) {
        /* Too little room may be left behind it: make some while nobody points to it yet. */
        uint32_t head = (uint32_t)(bytes - txn->in);
        memmove(txn->in, bytes, txn->end - head);
        bytes = txn->in;
        txn->start -= head;
        txn->end -= head;
        txn->kept -= head;
    }
    return bytes;
}

static void begin(struct sw_transaction *txn, const struct sw_event *event)
{
    struct sw_worker *worker = txn->worker;
    const struct sw_server_config *config = worker->config;
    struct sw_connection *connection = txn->connection;
    txn->active = true;
    txn->discarding = false;
    txn->exchange.head = event->head;
    txn->exchange.bytes = place_head(txn, event->bytes.p);
    txn->began = worker->now;
    sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
    sw_add_saturated(&connection->requests, 1);
    if ((config->requests && connection->requests >= config->requests) || worker->shutting_down)
        sw_conn_close(&connection->conn);
    worker->listeners[connection->listener].handler(&txn->exchange);
    finish_callback(txn);
}

/* Offer content to the handler.  True when all of it was taken, or nobody wants it. */
static bool deliver_content(struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    if (!hooks || !hooks->on_content || txn->reply == SW_REPLY_ENDED) {
        txn->content.n = 0;
        return true;
    }
    size_t taken = hooks->on_content(&txn->exchange, txn->content);
    if (taken > txn->content.n) {
        misuse(txn);
        taken = txn->content.n;
    }
    txn->content.p += taken;
    txn->content.n -= taken;
    if (!taken && !txn->suspended && !txn->written && !txn->nocopy.n)
        abandon(txn); /* nothing is on its way that could change its mind */
    finish_callback(txn);
    return !txn->content.n;
}

static void finish(struct sw_transaction *txn, const struct sw_event *event)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    txn->complete = true;
    if (hooks && hooks->on_request_end && txn->reply != SW_REPLY_ENDED)
        hooks->on_request_end(&txn->exchange, event->head, event->bytes.p);
    finish_callback(txn);
}

/* The peer broke a rule.  What is owed to its earlier requests was written before. */
static void refuse(struct sw_transaction *txn, size_t taken)
{
    struct sw_worker *worker = txn->worker;
    struct sw_conn *conn = &txn->connection->conn;
    struct sw_writer out = sw_transaction_writer(txn);
    struct sw_log_refusal refusal = {.error = (enum sw_error)conn->error};
    refusal.at = conn->flags & IN_A_HEAD ? conn->error_at - taken : txn->passed + conn->error_at;
    sw_count(&worker->metrics.errors[conn->error], 1);
    if (!sw_conn_refuse(conn, &out, &worker->date)) {
        const char *end = memmem(out.p, out.n, "\r\n\r\n", 4);
        txn->written += (uint32_t)out.n;
        refusal.status = sw_error_infos[conn->error].status;
        refusal.body_bytes_sent = (uint64_t)(out.p + out.n - (end + 4));
    }
    txn->connection->last = true;
    if (!txn->active) {
        if (conn->flags & IN_A_HEAD && txn->message->head.target_len) {
            refusal.head = &txn->message->head;
            refusal.bytes = txn->in + txn->start;
        }
        sw_log_refuse(worker, txn->connection, refusal);
        return;
    }
    txn->broken = conn->error;
    txn->broken_at = refusal.at;
    if (refusal.status) {
        txn->status = (uint16_t)refusal.status;
        txn->body_bytes_sent = refusal.body_bytes_sent;
    }
}

enum sw_pause sw_transaction_parse(struct sw_transaction *txn)
{
    struct sw_connection *connection = txn->connection;
    struct sw_conn *conn = &connection->conn;
    for (;;) {
        if (connection->last)
            return SW_PAUSE_LAST;
        if (txn->suspended)
            return SW_PAUSE_HANDLER;
        if (txn->nocopy.n || txn->worker->config->output_buffer - txn->written < RESERVE)
            return SW_PAUSE_OUTPUT;
        if (txn->content.n && !deliver_content(txn)) {
            if (txn->suspended || connection->last)
                continue;
            return SW_PAUSE_OUTPUT;
        }
        struct sw_event event;
        size_t n = sw_conn_next(conn, txn->in + txn->start, txn->end - txn->start, &event);
        txn->start += (uint32_t)n;
        if (event.kind != SW_EVENT_FAILED)
            txn->passed = event.kind == SW_EVENT_HEAD ? event.bytes.n : txn->passed + n;
        switch (event.kind) {
        case SW_EVENT_HEAD:
            begin(txn, &event);
            break;
        case SW_EVENT_CONTENT:
            txn->content = event.bytes;
            break;
        case SW_EVENT_END:
            finish(txn, &event);
            break;
        case SW_EVENT_MORE:
            if (n && connection->ended)
                break;
            if (sw_conn_next_action(conn) != SW_ACTION_KEEP_ALIVE)
                return SW_PAUSE_LAST;
            return txn->active && txn->complete ? SW_PAUSE_HANDLER : SW_PAUSE_INPUT;
        case SW_EVENT_PAUSED:
        case SW_EVENT_INTERIM: /* only to a client */
            return SW_PAUSE_HANDLER;
        case SW_EVENT_UPGRADED:
            return SW_PAUSE_UPGRADE;
        case SW_EVENT_CLOSED:
            return SW_PAUSE_LAST;
        case SW_EVENT_FAILED:
            refuse(txn, n);
            break;
        }
    }
}

bool sw_transaction_wants_writable(const struct sw_transaction *txn)
{
    if (!txn->active || txn->suspended)
        return false;
    if (txn->reply == SW_REPLY_ENDED)
        return is_over(txn);
    const struct sw_hooks *hooks = txn->exchange.hooks;
    return txn->reply == SW_REPLY_CONTENT && txn->output_sent && hooks && hooks->on_writable;
}

void sw_transaction_on_writable(struct sw_transaction *txn)
{
    txn->output_sent = false;
    if (txn->reply != SW_REPLY_ENDED)
        txn->exchange.hooks->on_writable(&txn->exchange);
    finish_callback(txn);
}

void sw_transaction_on_suspend_timeout(struct sw_transaction *txn)
{
    bool unanswered = txn->reply == SW_REPLY_NONE;
    if (txn->reply == SW_REPLY_ENDED)
        txn->connection->last = true; /* its reply has been sent, and is the last */
    else
        fail(txn, SW_ERROR_MISUSE);
    if (unanswered)
        sw_connection_respond(txn->worker, txn->connection, SW_STATUS_SERVICE_UNAVAILABLE,
                              SW_SPAN("the reply took too long\n"));
    sw_transaction_note_disconnect(txn);
}

void sw_transaction_resume(struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    struct sw_connection *connection = txn->connection;
    sw_transaction_end_suspend(txn);
    if (connection->wait == SW_WAIT_HOLD)
        sw_connection_set_wait(txn->worker, connection, SW_WAIT_NONE);
    if (connection->fd < 0) {
        sw_connection_close(txn->worker, connection);
        return;
    }
    if (connection->wait == SW_WAIT_LINGER) { /* the client was answered without it */
        sw_transaction_complete(txn, is_over(txn));
        sw_transaction_release(txn->worker, connection);
        return;
    }
    if (hooks && hooks->on_resume && txn->reply != SW_REPLY_ENDED)
        hooks->on_resume(&txn->exchange);
    finish_callback(txn);
    sw_connection_run(txn->worker, connection);
}
