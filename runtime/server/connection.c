/* connection.c - an accepted socket: read, process, write, close. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64
#include "server/access_log.h"
#include "server/client_address.h"
#include "server/connection.h"
#include "server/connection_state.h"
#include "server/event_loop.h"
#include "server/list.h"
#include "server/listener.h"
#include "server/metrics.h"
#include "server/output.h"
#include "server/proxy_protocol.h"
#include "server/report.h"
#include "server/request.h"
#include "server/response.h"
#include "server/room.h"
#include "server/suspend.h"
#include "server/timeouts.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Theory of operation.  Events are edge-triggered: they set flags, which stay set until a system
 * call finds the socket empty or full.  sw_connections_run() then repeats three steps: read,
 * process (which calls the handler), write all output at once.  Processing returns an enum
 * sw_pause, which reports what comes next; it is executed here, in write_output() and rest(), and
 * nowhere else.  What stopped the connection decides which timer runs and which buffers are kept.
 *
 *     open --> IDLE --> HEAD --> NONE (handler) --> WRITE --> LINGER --> closed
 *               ^         |       ^  |     ^  |        |
 *               |         |       |  +-> BODY |        |       from any state: closed,
 *               |         v       |  +-> SUSPEND       |       when the socket fails or
 *               |    TRANSACTION -+                    |       a timer expires
 *               +------ the response was sent ---------+
 *
 * The state is `wait`, an enum sw_wait.  Flags, all of the socket:
 *
 *     flag               set when                                  cleared when
 *     readable           an event reports of input                   a read finds the socket empty
 *     urgent             an event reports of urgent data, which      a read finds the socket empty
 *                        ends a read early
 *     ending             an event reports that the client has shut   never
 *                        down its side; its bytes come first
 *     ended              a read has found that end                 never
 *     hung               an event reports that nothing can be sent;  never
 *                        input is still read to its end
 *     broken             a system call failed: to be closed        never
 *     blocked            the socket took only a part of a write    an event reports of space
 *     watched            the event loop watches for space          never
 *     last               the output ends with the last response    never
 *     overflow           refused: the worker is full               on closing
 *     proxy_header_done  no PROXY header is expected any more      never
 *     has_address        its client address is stored              never
 *     reserved           it is in the reserved room                never
 *
 * Several connections are taken through the steps side by side: each step fills the caches with
 * code of its own, most of it the kernel's, which the next connection finds there.
 */

enum {
    MAX_ROUNDS = 16,         /* of one connection before the others have theirs */
    LINGER_BYTES = 16 << 20, /* discarded after the last response; more closes the connection */
};

static void note_received(struct sw_worker *worker, struct sw_connection *connection, size_t n)
{
    sw_add_saturated(&connection->progress, n);
    sw_count(&worker->metrics.received, n);
}

/* ---- Closing -------------------------------------------------------------------------------- */

/* Releases everything but the socket, which is closed, or belongs to on_upgrade. */
static void detach_socket(struct sw_worker *worker, struct sw_connection *connection)
{
    connection->fd = -1;
    sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
    sw_link_take(&connection->timer.link);
    struct sw_transaction *txn = connection->txn;
    if (txn && txn->active && txn->suspended) {
        sw_link_move(&connection->link, &worker->open);
        sw_transaction_note_disconnect(txn);
        return; /* until it is resumed */
    }
    if (txn && txn->active) {
        sw_transaction_restore(txn);
        sw_transaction_complete(txn, false);
    }
    if (txn)
        sw_transaction_release(worker, connection);
    sw_connection_drop_partial_input(worker, connection);
    sw_link_move(&connection->link, &worker->closed);
    sw_room_of(worker, connection)->overflow_count -= connection->overflow;
    connection->overflow = false;
}

void sw_connection_close(struct sw_worker *worker, struct sw_connection *connection)
{
    if (connection->fd >= 0) {
        /* A process that was forked may have the socket too: then closing it here does not end the
           events, and they would be taken for those of the next connection in the same slot. */
        sw_loop_remove(&worker->loop, connection->fd);
        close(connection->fd);
    }
    worker->retry_at = 0;
    detach_socket(worker, connection);
}

/* Discards input, so that no reset takes the last response from the client.  RFC 9112 9.6. */
static void linger(struct sw_worker *worker, struct sw_connection *connection)
{
    for (int round = 0; connection->readable; round++) {
        if (round == MAX_ROUNDS) {
            sw_connection_schedule(worker, connection);
            return;
        }
        ssize_t n = recv(connection->fd, worker->discard_buffer, sizeof worker->discard_buffer, 0);
        if (n > 0)
            note_received(worker, connection, (size_t)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            connection->readable = false;
        else
            connection->ended = true;
        if (connection->ended || connection->progress > LINGER_BYTES) {
            sw_connection_close(worker, connection);
            return;
        }
    }
}

/* The last response was sent. */
static void end(struct sw_worker *worker, struct sw_connection *connection)
{
    bool close_now =
        connection->ended ||
        (!connection->last && sw_conn_next_action(&connection->conn) == SW_ACTION_CLOSE);
    if (close_now || shutdown(connection->fd, SHUT_WR)) {
        sw_connection_close(worker, connection);
        return;
    }
    if (!connection->txn->active ||
        !connection->txn->suspended) { /* otherwise when it is resumed */
        if (connection->txn->active)
            sw_transaction_complete(connection->txn, false);
        sw_transaction_release(worker, connection);
    }
    sw_connection_wait_for(worker, connection, SW_WAIT_LINGER);
    linger(worker, connection);
}

/* What follows is another protocol: on_upgrade takes the socket, or it is closed. */
static void upgrade(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    const struct sw_hooks *hooks = txn->active ? txn->exchange.hooks : NULL;
    if (!hooks || !hooks->on_upgrade) {
        sw_connection_close(worker, connection);
        return;
    }
    int fd = connection->fd;
    sw_loop_remove(&worker->loop, fd);
    connection->fd = -1;
    txn->final = true;
    hooks->on_upgrade(&txn->exchange, fd,
                      (struct sw_span){txn->in + txn->start, txn->end - txn->start});
    sw_transaction_complete(txn, true);
    detach_socket(worker, connection);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/*
 * Reads once.  Fewer bytes than there is space for mean that the socket is empty, and that an event
 * will announce more; so the usual request costs no second read.  Three reads are short for another
 * reason, and set `is_short`: one that stops at urgent data (EPOLLPRI has announced it), one that
 * stops at descriptors sent over a unix socket, which the kernel closes, and one before the end of
 * the connection, after which no event follows.
 */
static ssize_t receive(struct sw_worker *worker, struct sw_connection *connection, char *at,
                       size_t space, bool *is_short)
{
    *is_short = connection->ending || connection->urgent;
    if (worker->listeners[connection->listener].port)
        return recv(connection->fd, at, space, 0);
    struct iovec part = {at, space};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(connection->fd, &message, 0);
    *is_short = *is_short || message.msg_flags & MSG_CTRUNC;
    return n;
}

static void read_socket(struct sw_worker *worker, struct sw_connection *connection,
                        struct sw_transaction *txn)
{
    sw_transaction_attach_input(txn);
    /* The head of an active request stays in place, followed by the input not parsed yet. */
    uint32_t rest = txn->end - txn->start;
    if (txn->start > txn->kept) {
        memmove(txn->in + txn->kept, txn->in + txn->start, rest);
        txn->start = txn->kept;
        txn->end = txn->start + rest;
    }
    uint32_t space = worker->config->input_buffer - txn->end;
    bool is_short = false;
    ssize_t n = receive(worker, connection, txn->in + txn->end, space, &is_short);
    if (n > 0) {
        txn->end += (uint32_t)n;
        note_received(worker, connection, (size_t)n);
        connection->readable = (size_t)n == space || is_short;
    } else if (n == 0 && space > 0) {
        connection->readable = false;
        connection->ended = true;
        sw_conn_eof(&connection->conn);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        connection->readable = connection->urgent = false;
    } else if (n == 0 || errno != EINTR) {
        connection->broken = true;
    }
}

/* ---- Running -------------------------------------------------------------------------------- */

/* Nothing is left to do for now: releases buffers, and sets the timer. */
static void rest(struct sw_worker *worker, struct sw_connection *connection, enum sw_pause pause)
{
    struct sw_transaction *txn = connection->txn;
    if (connection->blocked || sw_transaction_has_output(txn)) {
        if (!txn->written)
            sw_transaction_release_output(txn);
        sw_transaction_compact(worker, connection);
        sw_connection_wait_for(worker, connection, SW_WAIT_WRITE);
        return;
    }
    sw_transaction_release_output(txn);
    txn->discarding = txn->discarding && !sw_body_done(&txn->message->body);
    if (pause != SW_PAUSE_INPUT) {
        sw_connection_wait_for(worker, connection,
                               txn->suspended && txn->suspend_ms ? SW_WAIT_SUSPEND : SW_WAIT_NONE);
    } else if (txn->active || txn->discarding) {
        sw_transaction_compact(worker, connection);
        sw_connection_wait_for(worker, connection, SW_WAIT_BODY);
    } else if (txn->start < txn->end) {
        bool begun = sw_transaction_request_at(txn) < txn->end;
        sw_transaction_stash_head(worker, connection);
        if (!begun && !connection->readable)
            sw_room_note_idle(worker, connection);
        sw_connection_wait_for(worker, connection, begun ? SW_WAIT_HEAD : SW_WAIT_IDLE);
    } else if (sw_conn_detach(&connection->conn)) {
        sw_transaction_release(worker, connection);
        if (!connection->readable) /* otherwise it is run again, and not idle yet */
            sw_room_note_idle(worker, connection);
        sw_connection_wait_for(worker, connection, SW_WAIT_IDLE);
    }
}

/* Reads if the parser needs input.  False when the connection has to wait for a transaction. */
static bool read_input(struct sw_worker *worker, struct sw_connection *connection)
{
    if (!connection->txn && !sw_transaction_attach(worker, connection))
        return false;
    struct sw_transaction *txn = connection->txn;
    sw_transaction_restore(txn);
    if (sw_transaction_wants_writable(
            txn)) /* before the next request, which would take its place */
        sw_transaction_on_writable(txn);
    if (txn->pause == SW_PAUSE_INPUT && connection->readable)
        read_socket(worker, connection, txn);
    return true;
}

static void process_input(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    bool proxy_header_done =
        connection->proxy_header_done || sw_connection_read_proxy_header(worker, connection);
    txn->pause = (uint8_t)(proxy_header_done ? sw_transaction_parse(txn) : SW_PAUSE_INPUT);
    sw_transaction_note_half_close(txn);
}

/* Sends the output, and executes the next action.  True when there is more to do: in another round,
   or in the next iteration if this is the last round. */
static bool write_output(struct sw_worker *worker, struct sw_connection *connection, bool last)
{
    struct sw_transaction *txn = connection->txn;
    enum sw_pause pause = (enum sw_pause)txn->pause;
    if (!sw_connection_flush(worker, connection)) {
        sw_connection_close(worker, connection);
        return false;
    }
    if (!connection->blocked && sw_transaction_has_output(txn)) {
        sw_connection_schedule(worker, connection);
    } else if (!connection->blocked) {
        if (pause == SW_PAUSE_LAST) {
            end(worker, connection);
            return false;
        }
        if (pause == SW_PAUSE_UPGRADE) {
            upgrade(worker, connection);
            return false;
        }
        if (sw_transaction_wants_writable(txn) || pause == SW_PAUSE_OUTPUT ||
            (pause == SW_PAUSE_INPUT && connection->readable)) {
            if (!last)
                return true;
            sw_connection_schedule(worker, connection);
            rest(worker, connection, pause);
            return false;
        }
    }
    if (connection->hung && (connection->blocked || !sw_transaction_has_output(txn)))
        sw_connection_close(worker, connection); /* all input was read; no event will follow */
    else
        rest(worker, connection, pause);
    return false;
}

void sw_connections_run(struct sw_worker *worker, struct sw_connection **connections, size_t count)
{
    for (int round = 0; count > 0; round++) {
        size_t left = 0, again = 0;
        for (size_t i = 0; i < count; i++)
            if (read_input(worker, connections[i]))
                connections[left++] = connections[i];
        for (size_t i = 0; i < left; i++)
            process_input(worker, connections[i]);
        for (size_t i = 0; i < left; i++)
            if (write_output(worker, connections[i], round == MAX_ROUNDS))
                connections[again++] = connections[i];
        count = again;
    }
}

void sw_connection_run(struct sw_worker *worker, struct sw_connection *connection)
{
    sw_connections_run(worker, &connection, 1);
}

void sw_connection_resume(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    sw_transaction_end_suspend(txn);
    if (connection->wait == SW_WAIT_SUSPEND)
        sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
    if (connection->fd < 0) {
        sw_connection_close(worker, connection);
        return;
    }
    if (connection->wait == SW_WAIT_LINGER) { /* the deadline has ended the exchange */
        sw_transaction_complete(txn, sw_transaction_is_over(txn));
        sw_transaction_release(worker, connection);
        return;
    }
    sw_transaction_on_resume(txn);
    sw_connection_run(worker, connection);
}

bool sw_connection_event(struct sw_worker *worker, struct sw_connection *connection, unsigned what)
{
    if (connection->fd < 0)
        return false;
    if (what & (SW_READABLE | SW_READ_CLOSED))
        connection->readable = true;
    if (what & SW_READ_CLOSED)
        connection->ending = true;
    if (what & SW_WRITABLE)
        connection->blocked = false;
    if (what & SW_URGENT)
        connection->urgent = true;
    if (what & SW_HUNG_UP) /* earlier input is still to be read */
        connection->hung = connection->readable = connection->ending = true;
    if (what & SW_SOCKET_ERROR ||
        (connection->hung && connection->txn && connection->txn->suspended))
        sw_connection_close(worker, connection);
    else if (connection->wait == SW_WAIT_LINGER)
        linger(worker, connection);
    else
        return true;
    return false;
}

/* Closing discards the output that the client did not read: the kernel would keep it for minutes.
 */
static void reset(const struct sw_connection *connection)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* In a long iteration a timer may expire before the event of the next request is seen. */
bool sw_connection_has_input(const struct sw_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK) > 0;
}

#define TOO_MANY                                                                                   \
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"                                       \
    "Connection: close\r\nContent-Length: 0\r\n\r\n"
#define TOO_LATE "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

/* The last response of a connection without a transaction. */
static void refuse_overflow(struct sw_worker *worker, struct sw_connection *connection,
                            struct sw_span reply, struct sw_log_refusal refusal)
{
    sw_connection_drop_partial_input(worker, connection);
    send(connection->fd, reply.p, reply.n,
         MSG_NOSIGNAL); /* all earlier output was sent: there is space */
    shutdown(connection->fd, SHUT_WR);
    sw_log_refuse(worker, connection, refusal);
    sw_connection_wait_for(worker, connection, SW_WAIT_LINGER);
}

/* The response to a request that did not arrive in time, if one can be sent.  Returns its status,
   or 0. */
static unsigned respond_late(struct sw_worker *worker, struct sw_connection *connection,
                             unsigned status)
{
    if (!status || !connection->proxy_header_done)
        return 0;
    if (!connection->txn)
        sw_transaction_attach(worker, connection);
    if (connection->txn->reply != SW_REPLY_NONE || connection->txn->discarding)
        return 0;
    sw_transaction_respond(connection->txn, status,
                           SW_SPAN("the request took too long to arrive\n"));
    return status;
}

static void expire(struct sw_worker *worker, struct sw_connection *connection, enum sw_wait wait)
{
    const struct sw_timeout *timeout = &sw_timeouts[wait];
    struct sw_log_refusal refusal = {.timeout = wait};
    if (timeout->status && connection->proxy_header_done && !connection->txn &&
        !sw_transaction_is_available(worker, connection)) {
        refusal.status = timeout->status;
        refuse_overflow(worker, connection, SW_SPAN(TOO_LATE), refusal);
        return;
    }
    refusal.status = respond_late(worker, connection, timeout->status);
    if (refusal.status)
        refusal.body_bytes_sent = connection->txn->body_bytes_sent;
    if (timeout->reset)
        reset(connection);
    if (timeout->refused)
        sw_log_refuse(worker, connection, refusal);
    if (refusal.status)
        sw_connection_run(worker, connection);
    else
        sw_connection_close(worker, connection);
}

void sw_connection_expire(struct sw_worker *worker, struct sw_connection *connection)
{
    enum sw_wait wait = (enum sw_wait)connection->wait;
    if (wait == SW_WAIT_NONE || wait == SW_WAIT_TRANSACTION)
        return;
    if (wait == SW_WAIT_WRITE && sw_connection_made_progress(worker, connection)) {
        sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
        sw_connection_wait_for(worker, connection, SW_WAIT_WRITE);
        return;
    }
    if (wait == SW_WAIT_IDLE && sw_connection_has_input(connection)) {
        connection->readable = true;
        sw_connection_run(worker, connection);
        return;
    }
    sw_count(&worker->metrics.timeouts[wait], 1);
    if (connection->txn && wait != SW_WAIT_LINGER)
        connection->txn->timeout = (uint8_t)wait;
    if (wait == SW_WAIT_SUSPEND) {
        sw_transaction_on_suspend_timeout(connection->txn);
        sw_connection_run(worker, connection);
    } else {
        expire(worker, connection, wait);
    }
}

void sw_connection_shut_down(struct sw_worker *worker, struct sw_connection *connection)
{
    sw_conn_close(&connection->conn);
    if (connection->wait == SW_WAIT_IDLE) {
        sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
        sw_connection_wait_for(worker, connection, SW_WAIT_IDLE);
    }
}

bool sw_connection_open(struct sw_worker *worker, const struct sw_listener *listener, int fd,
                        const struct sockaddr *end)
{
    struct sw_room *room = &worker->rooms[listener->reserved];
    bool full = room->connections - room->overflow_count >= room->max_served;
    struct sw_connection *connection = sw_pool_get(&worker->connections);
    if (!connection)
        return false;
    *connection = (struct sw_connection){
        .tag = SW_TAG_CONNECTION, .fd = fd, .proxy_header_done = !listener->proxy_protocol};
    connection->reserved = listener->reserved;
    connection->listener = (unsigned)(listener - worker->listeners) & 15U;
    sw_conn_init(&connection->conn, SW_SERVER, sw_connection_limits(worker, end));
    sw_link_init(&connection->link);
    sw_link_init(&connection->timer.link);
    if (sw_loop_add(&worker->loop, fd, connection)) {
        sw_pool_put(&worker->connections, connection);
        return false;
    }
    room->connections++;
    sw_count(&worker->metrics.accepted, 1);
    if (sw_log_wanted(worker->config))
        sw_connection_note_address(worker, connection, end);
    sw_room_note_idle(worker, connection);
    sw_connection_wait_for(worker, connection, SW_WAIT_IDLE);
    if (full) {
        connection->overflow = true;
        room->overflow_count++;
        refuse_overflow(worker, connection, SW_SPAN(TOO_MANY),
                        (struct sw_log_refusal){.status = SW_STATUS_SERVICE_UNAVAILABLE});
    }
    return true;
}
