/* request.c - from the events of a message to the handler and its hooks. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "core/conn.h"
#include "server/connection_state.h"
#include "server/listener.h"
#include "server/metrics.h"
#include "server/report.h"
#include "server/request.h"
#include "server/response.h"
#include "server/suspend.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <string.h>

/*
 * After each call of the handler or a hook, finish_callback() checks that the exchange can still
 * continue: the response has ended, or the transaction is suspended, or a hook will be called.  If
 * not, the handler has abandoned the exchange and the client gets a response 500: no request waits
 * forever for a response.
 */

/* In the output buffer before a handler is called: for a head and a small body. */
enum { RESERVE = 4096 + SW_REPLY_COPIED };

void sw_transaction_complete(struct sw_transaction *txn, bool complete)
{
    struct sw_exchange *exchange = &txn->exchange;
    const struct sw_hooks *hooks = exchange->hooks;
    txn->reply = SW_REPLY_ENDED; /* on_complete may be called before the end of a response */
    txn->final = true;
    if (hooks && hooks->on_complete)
        hooks->on_complete(exchange, complete);
    if (txn->active)
        sw_transaction_report(txn, complete);
    sw_transaction_end_suspend(txn);
    txn->active = txn->complete = txn->final = false;
    txn->disconnect_reported = txn->half_close_reported = false;
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

bool sw_transaction_is_over(const struct sw_transaction *txn)
{
    return txn->active && txn->reply == SW_REPLY_ENDED && !txn->error && !txn->nocopy.n;
}

static void finish_callback(struct sw_transaction *txn)
{
    struct sw_conn *conn = &txn->connection->conn;
    const struct sw_hooks *hooks = txn->exchange.hooks;
    sw_response_finish_head(txn);
    if (txn->suspended || txn->connection->last)
        return;
    if (sw_transaction_is_over(txn)) {
        if (!hooks || !hooks->on_upgrade || sw_conn_next_action(conn) != SW_ACTION_UPGRADE)
            sw_transaction_complete(txn, true);
        return;
    }
    if (txn->reply == SW_REPLY_ENDED)
        return;
    if (sw_transaction_wants_content(txn)) {
        if (txn->reply == SW_REPLY_NONE) {
            struct sw_writer out = sw_transaction_writer(txn);
            if (!sw_conn_interim(conn, &out, SW_STATUS_CONTINUE))
                txn->written += (uint32_t)out.n;
        }
    } else if (txn->reply == SW_REPLY_NONE || !hooks || !hooks->on_writable ||
               !(txn->written || txn->nocopy.n || txn->output_sent)) {
        sw_response_abandon(txn);
    }
}

/* A head stays in the input buffer until its exchange is over, or is copied if content follows,
   which may take long to arrive.  Returns its address. */
static const char *place_head(struct sw_transaction *txn, const char *bytes)
{
    if (txn->compact)
        sw_transaction_drop_head_copy(
            txn); /* of the previous request, whose content was being discarded */
    if (!sw_body_done(&txn->message->body)) {
        const char *aside = sw_transaction_copy_head(txn, bytes);
        if (aside)
            return aside;
    }
    txn->kept = txn->start;
    if (txn->kept > txn->worker->config->limits.head) {
        /* Too little space may be left after it: move it while nothing points to it yet. */
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

/* Passes content to the handler.  True when all of it was taken or discarded. */
static bool deliver_content(struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    if (!hooks || !hooks->on_content || txn->reply == SW_REPLY_ENDED) {
        txn->content.n = 0;
        return true;
    }
    size_t taken = hooks->on_content(&txn->exchange, txn->content);
    if (taken > txn->content.n) {
        sw_response_misuse(txn);
        taken = txn->content.n;
    }
    txn->content.p += taken;
    txn->content.n -= taken;
    if (!taken && !txn->suspended && !txn->written && !txn->nocopy.n)
        sw_response_abandon(txn); /* no event will follow on which it could continue */
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

/* The client broke a rule.  The responses to its earlier requests were written before. */
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
        return sw_transaction_is_over(txn);
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
        txn->connection->last = true; /* the response has been sent, and is the last */
    else
        sw_response_fail(txn, SW_ERROR_MISUSE);
    if (unanswered)
        sw_transaction_respond(txn, SW_STATUS_SERVICE_UNAVAILABLE,
                               SW_SPAN("the reply took too long\n"));
    sw_transaction_note_disconnect(txn);
}

void sw_transaction_on_resume(struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    if (hooks && hooks->on_resume && txn->reply != SW_REPLY_ENDED)
        hooks->on_resume(&txn->exchange);
    finish_callback(txn);
}
