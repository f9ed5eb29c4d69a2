/* server_exchange.c - a request and its reply: the handler, its hooks, and what they may call. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "conn.h"
#include "server.h"

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
static bool listens(const struct sw_lease *lease)
{
    const struct sw_hooks *hooks = lease->exchange.hooks;
    return hooks && (hooks->content || hooks->end) && !lease->whole;
}

/* Nothing more can be said in this exchange: what was written goes out, then the peer is left. */
static void fail(struct sw_lease *lease, enum sw_error error)
{
    lease->error = (uint16_t)error;
    lease->reply = SW_REPLY_ENDED;
    lease->peer->last = true;
}

/* A head is complete.  If it cannot be sent, another one says so. */
static void commit(struct sw_lease *lease)
{
    if (lease->reply != SW_REPLY_HEAD && lease->reply != SW_REPLY_INTERIM)
        return;
    if (lease->head.framed == SW_FRAMED_BY_CALLER && !lease->head.error)
        lease->head.error = SW_ERROR_MISUSE; /* the handler called sw_write_end() itself */
    sw_write_end(&lease->head);
    if (lease->reply == SW_REPLY_INTERIM && lease->exchange.head->minor == 0)
        lease->head.n = 0; /* RFC 9110 15.2 */
    if (lease->head.error) {
        fail(lease, (enum sw_error)lease->head.error);
        sw_peer_say(lease->worker, lease->peer, SW_STATUS_INTERNAL_SERVER_ERROR,
                    SW_SPAN("the reply could not be written\n"));
        return;
    }
    lease->written += (uint32_t)lease->head.n;
    lease->head.error = SW_ERROR_MISUSE; /* a field that is added later would be content */
    lease->reply = lease->reply == SW_REPLY_HEAD ? SW_REPLY_CONTENT : SW_REPLY_NONE;
}

/* Nothing will come of this exchange any more. */
static void abandon(struct sw_lease *lease)
{
    bool unanswered = lease->reply == SW_REPLY_NONE;
    fail(lease, SW_ERROR_MISUSE);
    if (unanswered)
        sw_peer_say(lease->worker, lease->peer, SW_STATUS_INTERNAL_SERVER_ERROR,
                    SW_SPAN("the request was not answered\n"));
}

/* The handler made a call that does not fit.  After the end of the reply nothing changes. */
static void misuse(struct sw_lease *lease)
{
    commit(lease);
    if (lease->reply != SW_REPLY_ENDED)
        abandon(lease);
}

static bool is_missing(struct sw_span span)
{
    return span.n && !span.p;
}

bool sw_lease_unanswered(struct sw_exchange *exchange)
{
    struct sw_lease *lease = sw_lease_of(exchange);
    commit(lease);
    if (lease->reply == SW_REPLY_NONE)
        return true;
    misuse(lease);
    return false;
}

/* Make ready for a head: false where none may follow what was written before. */
static bool open_head(struct sw_lease *lease)
{
    commit(lease);
    if (lease->reply != SW_REPLY_NONE) {
        lease->head = (struct sw_writer){.error = SW_ERROR_MISUSE};
        return false;
    }
    /* One by one: a struct is copied in vectors, which wait for the stores that just made it. */
    const struct sw_writer fresh = sw_lease_writer(lease);
    lease->head.p = fresh.p;
    lease->head.n = 0;
    lease->head.size = fresh.size;
    lease->head.error = SW_OK;
    lease->head.framed = 0;
    return true;
}

struct sw_writer *sw_reply_interim(struct sw_exchange *exchange, unsigned status)
{
    struct sw_lease *lease = sw_lease_of(exchange);
    if (!open_head(lease))
        return &lease->head;
    lease->reply = SW_REPLY_INTERIM;
    lease->head.framed = SW_FRAMED;
    if (status / 100 == 1 && status != SW_STATUS_SWITCHING_PROTOCOLS)
        sw_write_status(&lease->head, status);
    else
        lease->head.error = SW_ERROR_MISUSE;
    return &lease->head;
}

struct sw_writer *sw_reply_begin(struct sw_exchange *exchange, unsigned status, uint64_t length)
{
    struct sw_lease *lease = sw_lease_of(exchange);
    struct sw_peer *peer = lease->peer;
    if (!open_head(lease))
        return &lease->head;
    if (listens(lease)) {
        sw_conn_interim(&peer->conn, &lease->head, SW_STATUS_CONTINUE);
        sw_conn_keep_reading(&peer->conn);
    }
    enum sw_error error =
        sw_conn_reply(&peer->conn, &lease->head, status, length, &lease->worker->date);
    if (error && !lease->head.error)
        lease->head.error = (uint16_t)error;
    lease->reply = SW_REPLY_HEAD;
    lease->status = (uint16_t)status;
    return &lease->head;
}

/* Write the framing for `n` bytes of content.  False when they are not to follow. */
static bool announce(struct sw_lease *lease, struct sw_writer *out, size_t n)
{
    enum sw_error error = sw_conn_content(&lease->peer->conn, out, n);
    if (error)
        fail(lease, error);
    if (error || sw_conn_bodiless(&lease->peer->conn))
        return false;
    lease->told += n;
    return true;
}

size_t sw_reply_write(struct sw_exchange *exchange, struct sw_span bytes)
{
    struct sw_lease *lease = sw_lease_of(exchange);
    uint32_t size = lease->worker->config->output;
    commit(lease);
    if (lease->reply == SW_REPLY_NONE || is_missing(bytes))
        misuse(lease);
    size_t taken = 0;
    while (lease->reply == SW_REPLY_CONTENT && taken < bytes.n) {
        size_t n = bytes.n - taken;
        if (size - lease->written < n + FRAMING)
            sw_peer_flush(lease->worker, lease->peer);
        size_t room = size - lease->written;
        room = room > FRAMING ? room - FRAMING : 0;
        if (room < n && room < PIECE)
            return taken;
        if (n > room)
            n = room;
        struct sw_writer out = sw_lease_writer(lease);
        if (!announce(lease, &out, n))
            break;
        sw_write_bytes(&out, bytes.p + taken, n);
        lease->written += (uint32_t)out.n;
        taken += n;
    }
    return bytes.n; /* what cannot go out any more is taken too: sw_reply_end() tells */
}

/* `valid`: there is something at the place that the caller named. */
static bool lend(struct sw_lease *lease, struct sw_span bytes, int file, uint64_t offset,
                 bool valid)
{
    commit(lease);
    if (lease->reply == SW_REPLY_NONE || !valid)
        misuse(lease);
    if (lease->reply != SW_REPLY_CONTENT || !bytes.n)
        return true;
    if (lease->lent.n)
        return false;
    struct sw_writer out = sw_lease_writer(lease);
    if (announce(lease, &out, bytes.n)) {
        lease->written += (uint32_t)out.n;
        lease->lent = bytes;
        lease->lent_at = lease->written;
        lease->file = file;
        lease->file_at = offset;
    }
    return true;
}

bool sw_reply_lend(struct sw_exchange *exchange, struct sw_span bytes)
{
    return lend(sw_lease_of(exchange), bytes, -1, 0, !is_missing(bytes));
}

bool sw_reply_file(struct sw_exchange *exchange, int fd, uint64_t offset, size_t length)
{
    bool valid = !length || (fd >= 0 && length <= INT64_MAX && offset <= INT64_MAX - length);
    return lend(sw_lease_of(exchange), (struct sw_span){NULL, length}, fd, offset, valid);
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
    struct sw_lease *lease = sw_lease_of(exchange);
    commit(lease);
    if (lease->reply == SW_REPLY_NONE || (lease->reply == SW_REPLY_ENDED && !lease->error))
        return SW_ERROR_MISUSE;
    if (is_missing(lines))
        misuse(lease);
    else if (lease->reply == SW_REPLY_CONTENT && !are_lines(lines))
        fail(lease, SW_ERROR_BAD_OUT_VALUE);
    if (lease->reply == SW_REPLY_CONTENT) {
        uint32_t size = lease->worker->config->output;
        if (size - lease->written < lines.n + FRAMING)
            sw_peer_flush(lease->worker, lease->peer);
        if (lease->written && size - lease->written < lines.n + FRAMING)
            return SW_ERROR_NO_ROOM;
        struct sw_writer out = sw_lease_writer(lease);
        enum sw_error error = sw_conn_finish(&lease->peer->conn, &out, lines);
        lease->written += (uint32_t)out.n;
        lease->reply = SW_REPLY_ENDED;
        if (error)
            fail(lease, error);
    }
    return (enum sw_error)lease->error;
}

enum sw_error sw_reply_end(struct sw_exchange *exchange)
{
    return sw_reply_end_trailers(exchange, (struct sw_span){NULL, 0});
}

/* The short way, which most replies go.  False: nothing was done. */
static bool reply_plainly(struct sw_lease *lease, const struct sw_whole *reply)
{
    if (reply->body.n > SW_REPLY_COPIED || lease->reply != SW_REPLY_NONE || listens(lease))
        return false;
    struct sw_writer out = sw_lease_writer(lease);
    if (!sw_conn_reply_plainly(&lease->peer->conn, &out, reply))
        return false;
    lease->written += (uint32_t)out.n;
    lease->told += reply->body.n;
    lease->status = (uint16_t)reply->status;
    lease->reply = SW_REPLY_ENDED;
    return true;
}

enum sw_error sw_reply(struct sw_exchange *exchange, unsigned status, struct sw_span type,
                       struct sw_span body)
{
    struct sw_lease *lease = sw_lease_of(exchange);
    if (is_missing(type) || is_missing(body)) {
        misuse(lease);
        return SW_ERROR_MISUSE;
    }
    if (reply_plainly(lease, &(struct sw_whole){status, type, body, &lease->worker->date}))
        return SW_OK;
    if (!sw_lease_unanswered(exchange))
        return SW_ERROR_MISUSE;
    struct sw_writer *out = sw_reply_begin(exchange, status, body.n);
    if (type.n)
        sw_write_field(out, SW_HEADER_CONTENT_TYPE, type);
    if (body.n > SW_REPLY_COPIED)
        sw_reply_lend(exchange, body);
    else
        sw_reply_write(exchange, body);
    return sw_reply_end(exchange);
}

/* ---- Requests ------------------------------------------------------------------------------- */

void sw_lease_over(struct sw_lease *lease, bool whole)
{
    struct sw_exchange *exchange = &lease->exchange;
    const struct sw_hooks *hooks = exchange->hooks;
    lease->reply = SW_REPLY_ENDED; /* for `over`, which may come before the end of a reply */
    lease->final = true;
    if (hooks && hooks->over)
        hooks->over(exchange, whole);
    if (lease->active) {
        sw_metrics_note(lease);
        if (lease->worker->log.lines)
            sw_log_exchange(lease, whole);
    }
    sw_lease_release(lease);
    lease->active = lease->whole = lease->final = false;
    lease->told_gone = lease->told_half_closed = false;
    lease->draining = true;
    lease->reply = SW_REPLY_NONE;
    lease->error = SW_OK;
    if (lease->shelf)
        sw_lease_give_head(lease);
    lease->kept = 0;
    lease->status = lease->broken = lease->timeout = 0;
    lease->told = 0;
    lease->lent.n = lease->content.n = 0;
    exchange->hooks = NULL;
    exchange->data = NULL;
}

static bool is_over(const struct sw_lease *lease)
{
    return lease->active && lease->reply == SW_REPLY_ENDED && !lease->error && !lease->lent.n;
}

static void settle(struct sw_lease *lease)
{
    struct sw_conn *conn = &lease->peer->conn;
    const struct sw_hooks *hooks = lease->exchange.hooks;
    commit(lease);
    if (lease->held || lease->peer->last)
        return;
    if (is_over(lease)) {
        if (!hooks || !hooks->upgraded || sw_conn_fate(conn) != SW_FATE_HANDOVER)
            sw_lease_over(lease, true);
        return;
    }
    if (lease->reply == SW_REPLY_ENDED)
        return;
    if (listens(lease)) {
        if (lease->reply == SW_REPLY_NONE) {
            struct sw_writer out = sw_lease_writer(lease);
            if (!sw_conn_interim(conn, &out, SW_STATUS_CONTINUE))
                lease->written += (uint32_t)out.n;
        }
    } else if (lease->reply == SW_REPLY_NONE || !hooks || !hooks->room ||
               !(lease->written || lease->lent.n || lease->drained)) {
        abandon(lease);
    }
}

/* A head stays where it is until its exchange is over, or is put aside if content comes behind it:
   then nobody knows for how long.  Returns where it is. */
static const char *settle_head(struct sw_lease *lease, const char *bytes)
{
    if (lease->shelf)
        sw_lease_give_head(lease); /* what was left of the one before waited there for its end */
    if (!sw_body_done(&lease->message->body)) {
        const char *aside = sw_lease_keep_head(lease, bytes);
        if (aside)
            return aside;
    }
    lease->kept = lease->start;
    if (lease->kept > lease->worker->config->limits.head) {
        /* Too little room may be left behind it: make some while nobody points to it yet. */
        uint32_t head = (uint32_t)(bytes - lease->in);
        memmove(lease->in, bytes, lease->end - head);
        bytes = lease->in;
        lease->start -= head;
        lease->end -= head;
        lease->kept -= head;
    }
    return bytes;
}

static void begin(struct sw_lease *lease, const struct sw_event *event)
{
    struct sw_worker *worker = lease->worker;
    const struct sw_server_config *config = worker->config;
    struct sw_peer *peer = lease->peer;
    lease->active = true;
    lease->draining = false;
    lease->exchange.head = event->head;
    lease->exchange.bytes = settle_head(lease, event->bytes.p);
    lease->began = worker->now;
    sw_peer_wait(worker, peer, SW_WAIT_NONE);
    sw_add_saturated(&peer->requests, 1);
    if ((config->requests && peer->requests >= config->requests) || worker->leaving)
        sw_conn_close(&peer->conn);
    worker->doors[peer->door].handler(&lease->exchange);
    settle(lease);
}

/* Offer content to the handler.  True when all of it was taken, or nobody wants it. */
static bool offer(struct sw_lease *lease)
{
    const struct sw_hooks *hooks = lease->exchange.hooks;
    if (!hooks || !hooks->content || lease->reply == SW_REPLY_ENDED) {
        lease->content.n = 0;
        return true;
    }
    size_t taken = hooks->content(&lease->exchange, lease->content);
    if (taken > lease->content.n) {
        misuse(lease);
        taken = lease->content.n;
    }
    lease->content.p += taken;
    lease->content.n -= taken;
    if (!taken && !lease->held && !lease->written && !lease->lent.n)
        abandon(lease); /* nothing is on its way that could change its mind */
    settle(lease);
    return !lease->content.n;
}

static void finish(struct sw_lease *lease, const struct sw_event *event)
{
    const struct sw_hooks *hooks = lease->exchange.hooks;
    lease->whole = true;
    if (hooks && hooks->end && lease->reply != SW_REPLY_ENDED)
        hooks->end(&lease->exchange, event->head, event->bytes.p);
    settle(lease);
}

/* The peer broke a rule.  What is owed to its earlier requests was written before. */
static void refuse(struct sw_lease *lease, size_t taken)
{
    struct sw_worker *worker = lease->worker;
    struct sw_conn *conn = &lease->peer->conn;
    struct sw_writer out = sw_lease_writer(lease);
    struct sw_log_refusal refusal = {.error = (enum sw_error)conn->error};
    refusal.at = conn->flags & IN_A_HEAD ? conn->error_at - taken : lease->passed + conn->error_at;
    sw_count(&worker->metrics.errors[conn->error], 1);
    if (!sw_conn_refuse(conn, &out, &worker->date)) {
        const char *end = memmem(out.p, out.n, "\r\n\r\n", 4);
        lease->written += (uint32_t)out.n;
        refusal.status = sw_error_infos[conn->error].status;
        refusal.told = (uint64_t)(out.p + out.n - (end + 4));
    }
    lease->peer->last = true;
    if (!lease->active) {
        if (conn->flags & IN_A_HEAD && lease->message->head.target_len) {
            refusal.head = &lease->message->head;
            refusal.bytes = lease->in + lease->start;
        }
        sw_log_refuse(worker, lease->peer, refusal);
        return;
    }
    lease->broken = conn->error;
    lease->broken_at = refusal.at;
    if (refusal.status) {
        lease->status = (uint16_t)refusal.status;
        lease->told = refusal.told;
    }
}

enum sw_pause sw_lease_parse(struct sw_lease *lease)
{
    struct sw_peer *peer = lease->peer;
    struct sw_conn *conn = &peer->conn;
    for (;;) {
        if (peer->last)
            return SW_PAUSE_LAST;
        if (lease->held)
            return SW_PAUSE_HANDLER;
        if (lease->lent.n || lease->worker->config->output - lease->written < RESERVE)
            return SW_PAUSE_OUTPUT;
        if (lease->content.n && !offer(lease)) {
            if (lease->held || peer->last)
                continue;
            return SW_PAUSE_OUTPUT;
        }
        struct sw_event event;
        size_t n = sw_conn_next(conn, lease->in + lease->start, lease->end - lease->start, &event);
        lease->start += (uint32_t)n;
        if (event.kind != SW_EVENT_FAILED)
            lease->passed = event.kind == SW_EVENT_HEAD ? event.bytes.n : lease->passed + n;
        switch (event.kind) {
        case SW_EVENT_HEAD:
            begin(lease, &event);
            break;
        case SW_EVENT_CONTENT:
            lease->content = event.bytes;
            break;
        case SW_EVENT_END:
            finish(lease, &event);
            break;
        case SW_EVENT_MORE:
            if (n && peer->ended)
                break;
            if (sw_conn_fate(conn) != SW_FATE_KEEP)
                return SW_PAUSE_LAST;
            return lease->active && lease->whole ? SW_PAUSE_HANDLER : SW_PAUSE_INPUT;
        case SW_EVENT_PAUSED:
        case SW_EVENT_INTERIM: /* only to a client */
            return SW_PAUSE_HANDLER;
        case SW_EVENT_UPGRADED:
            return SW_PAUSE_HANDOVER;
        case SW_EVENT_CLOSED:
            return SW_PAUSE_LAST;
        case SW_EVENT_FAILED:
            refuse(lease, n);
            break;
        }
    }
}

bool sw_lease_wants_room(const struct sw_lease *lease)
{
    if (!lease->active || lease->held)
        return false;
    if (lease->reply == SW_REPLY_ENDED)
        return is_over(lease);
    const struct sw_hooks *hooks = lease->exchange.hooks;
    return lease->reply == SW_REPLY_CONTENT && lease->drained && hooks && hooks->room;
}

void sw_lease_room(struct sw_lease *lease)
{
    lease->drained = false;
    if (lease->reply != SW_REPLY_ENDED)
        lease->exchange.hooks->room(&lease->exchange);
    settle(lease);
}

void sw_lease_give_up(struct sw_lease *lease)
{
    bool unanswered = lease->reply == SW_REPLY_NONE;
    if (lease->reply == SW_REPLY_ENDED)
        lease->peer->last = true; /* its reply has been sent, and is the last */
    else
        fail(lease, SW_ERROR_MISUSE);
    if (unanswered)
        sw_peer_say(lease->worker, lease->peer, SW_STATUS_SERVICE_UNAVAILABLE,
                    SW_SPAN("the reply took too long\n"));
    sw_lease_note_gone(lease);
}

void sw_lease_resume(struct sw_lease *lease)
{
    const struct sw_hooks *hooks = lease->exchange.hooks;
    struct sw_peer *peer = lease->peer;
    sw_lease_release(lease);
    if (peer->wait == SW_WAIT_HOLD)
        sw_peer_wait(lease->worker, peer, SW_WAIT_NONE);
    if (peer->fd < 0) {
        sw_peer_close(lease->worker, peer);
        return;
    }
    if (peer->wait == SW_WAIT_LINGER) { /* the client was answered without it */
        sw_lease_over(lease, is_over(lease));
        sw_lease_return(lease->worker, peer);
        return;
    }
    if (hooks && hooks->resumed && lease->reply != SW_REPLY_ENDED)
        hooks->resumed(&lease->exchange);
    settle(lease);
    sw_peer_run(lease->worker, peer);
}
