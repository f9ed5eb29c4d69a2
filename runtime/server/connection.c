/* server_peer.c - a connected socket: bytes in, and how it ends. */
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
#include "server/timer_wheel.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * A peer without a lease is idle.  News from the loop set its flags; sw_connections_run() then
 * borrows a lease and turns until there is nothing left to do: read, parse (which calls the
 * handler), send all that was written at once.  What stopped it decides which timer runs and what
 * is given back.
 *
 * Some peers go through these three together.  Each of the three fills the caches with code of its
 * own, most of it the kernel's, and one peer after the other finds it there.
 */

enum {
    MAX_ROUNDS = 16,         /* for one peer before the others have theirs */
    LINGER_BYTES = 16 << 20, /* dropped at most after the last reply */
    GRACE = 100,             /* milliseconds for who is idle when the server leaves */
};

/* ---- Waiting -------------------------------------------------------------------------------- */

/* Bytes that the socket has taken, and the other end has not. */
static int64_t queued(const struct sw_connection *connection)
{
    int n = 0;
    ioctl(connection->fd, SIOCOUTQ, &n);
    return n;
}

/*
 * A head has one deadline, whatever comes in between.  Content has a new one each time that enough
 * of it has come, and so have replies: one byte now and then does not keep a connection open.  How
 * much of a reply has arrived is known to the socket alone, which may take more of it by itself,
 * and asks for more late; so it is asked when time is up.
 */
static void wait_for(struct sw_worker *worker, struct sw_connection *connection, enum sw_wait wait)
{
    const struct sw_server_config *config = worker->config;
    uint32_t time = 0;
    switch (wait) {
    case SW_WAIT_NONE:
    case SW_WAIT_TURN:
    case SW_WAITS:
        break;
    case SW_WAIT_IDLE:
        if (connection->wait == wait && !sw_link_empty(&connection->timer.link))
            return; /* empty lines do not make it longer */
        time = worker->shutting_down ? GRACE : config->idle_timeout;
        break;
    case SW_WAIT_HEAD:
        if (connection->wait == wait)
            return;
        time = config->head_timeout;
        break;
    case SW_WAIT_BODY:
        if (connection->wait == wait && connection->progress < config->min_progress)
            return;
        time = config->body_timeout;
        break;
    case SW_WAIT_WRITE:
        if (connection->wait == wait)
            return;
        time = config->write_timeout;
        connection->txn->queued = (uint32_t)queued(connection);
        break;
    case SW_WAIT_LINGER:
        time = config->linger;
        break;
    case SW_WAIT_HOLD:
        if (connection->wait == wait)
            return;
        time = connection->txn->hold_time;
        break;
    }
    sw_connection_set_wait(worker, connection, wait);
    connection->progress = 0;
    if (wait != SW_WAIT_NONE)
        sw_wheel_set(&worker->wheel, &connection->timer, sw_worker_tick(worker, time));
}

static void note_received(struct sw_worker *worker, struct sw_connection *connection, size_t n)
{
    sw_add_saturated(&connection->progress, n);
    sw_count(&worker->metrics.received, n);
}

/* ---- Ends ----------------------------------------------------------------------------------- */

/* Everything but the socket, which is somebody else's now, or closed. */
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

/* Read and drop, so that the last reply is not taken from the peer by a reset.  RFC 9112 9.6. */
static void linger(struct sw_worker *worker, struct sw_connection *connection)
{
    for (int run_iteration = 0; connection->readable; run_iteration++) {
        if (run_iteration == MAX_ROUNDS) {
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

/* All that there was to say has been said. */
static void end(struct sw_worker *worker, struct sw_connection *connection)
{
    bool close_now =
        connection->ended ||
        (!connection->last && sw_conn_next_action(&connection->conn) == SW_ACTION_CLOSE);
    if (close_now || shutdown(connection->fd, SHUT_WR)) {
        sw_connection_close(worker, connection);
        return;
    }
    if (!connection->txn->active || !connection->txn->suspended) { /* else when it is resumed */
        if (connection->txn->active)
            sw_transaction_complete(connection->txn, false);
        sw_transaction_release(worker, connection);
    }
    wait_for(worker, connection, SW_WAIT_LINGER);
    linger(worker, connection);
}

/* What follows is another protocol: the handler takes the socket, or nobody wants it. */
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

/* ---- Bytes ---------------------------------------------------------------------------------- */

/*
 * Reads once.  Fewer bytes than there is space for mean that the socket is empty, and that an event
 * will tell of more; so the usual request costs no second read.  Three reads are short for another
 * reason, and set `cut`: one that stops at urgent data (EPOLLPRI has told of it), one that stops at
 * descriptors sent over a unix socket, which are closed unseen, and one before the end of the
 * connection, after which no event comes.
 */
static ssize_t receive(struct sw_worker *worker, struct sw_connection *connection, char *at,
                       size_t space, bool *force_close)
{
    *force_close = connection->ending || connection->urgent;
    if (worker->listeners[connection->listener].port)
        return recv(connection->fd, at, space, 0);
    struct iovec part = {at, space};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(connection->fd, &message, 0);
    *force_close = *force_close || message.msg_flags & MSG_CTRUNC;
    return n;
}

static void read_socket(struct sw_worker *worker, struct sw_connection *connection,
                        struct sw_transaction *txn)
{
    sw_transaction_attach_input(txn);
    /* The head of an active request stays where it is; what was not parsed yet comes behind it. */
    uint32_t rest = txn->end - txn->start;
    if (txn->start > txn->kept) {
        memmove(txn->in + txn->kept, txn->in + txn->start, rest);
        txn->start = txn->kept;
        txn->end = txn->start + rest;
    }
    uint32_t space = worker->config->input_buffer - txn->end;
    bool force_close = false;
    ssize_t n = receive(worker, connection, txn->in + txn->end, space, &force_close);
    if (n > 0) {
        txn->end += (uint32_t)n;
        note_received(worker, connection, (size_t)n);
        connection->readable = (size_t)n == space || force_close;
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

/* ---- Turns ---------------------------------------------------------------------------------- */

/* Nothing is left to do for now. */
static void rest(struct sw_worker *worker, struct sw_connection *connection, enum sw_pause pause)
{
    struct sw_transaction *txn = connection->txn;
    if (connection->blocked || sw_transaction_has_output(txn)) {
        if (!txn->written)
            sw_transaction_release_output(txn);
        sw_transaction_compact(worker, connection);
        wait_for(worker, connection, SW_WAIT_WRITE);
        return;
    }
    sw_transaction_release_output(txn);
    txn->discarding = txn->discarding && !sw_body_done(&txn->message->body);
    if (pause != SW_PAUSE_INPUT) {
        wait_for(worker, connection,
                 txn->suspended && txn->hold_time ? SW_WAIT_HOLD : SW_WAIT_NONE);
    } else if (txn->active || txn->discarding) {
        sw_transaction_compact(worker, connection);
        wait_for(worker, connection, SW_WAIT_BODY);
    } else if (txn->start < txn->end) {
        bool begun = sw_transaction_request_at(txn) < txn->end;
        sw_transaction_stash_head(worker, connection);
        if (!begun && !connection->readable)
            sw_room_note_idle(worker, connection);
        wait_for(worker, connection, begun ? SW_WAIT_HEAD : SW_WAIT_IDLE);
    } else if (sw_conn_detach(&connection->conn)) {
        sw_transaction_release(worker, connection);
        if (!connection->readable) /* else it is to be run again, and not idle yet */
            sw_room_note_idle(worker, connection);
        wait_for(worker, connection, SW_WAIT_IDLE);
    }
}

/* Read what has come, if it is wanted.  False when there is no lease: it will come to its turn. */
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

/* Send what was written.  True when there is more to do: in another turn, or later if this is the
   last. */
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
        sw_connection_close(
            worker, connection); /* all of the client's bytes were read; no event will come */
    else
        rest(worker, connection, pause);
    return false;
}

void sw_connections_run(struct sw_worker *worker, struct sw_connection **connections, size_t count)
{
    for (int run_iteration = 0; count > 0; run_iteration++) {
        size_t left = 0, again = 0;
        for (size_t i = 0; i < count; i++)
            if (read_input(worker, connections[i]))
                connections[left++] = connections[i];
        for (size_t i = 0; i < left; i++)
            process_input(worker, connections[i]);
        for (size_t i = 0; i < left; i++)
            if (write_output(worker, connections[i], run_iteration == MAX_ROUNDS))
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
    if (connection->wait == SW_WAIT_HOLD)
        sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
    if (connection->fd < 0) {
        sw_connection_close(worker, connection);
        return;
    }
    if (connection->wait == SW_WAIT_LINGER) { /* the client was answered without the handler */
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
    if (what & SW_HUNG_UP) /* what the client sent before is still to be read */
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

/* Have closing throw away what the peer did not take: it would stay in the kernel for minutes. */
static void reset(const struct sw_connection *connection)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* Has the peer taken enough of the reply to have some more time?  4 GiB are enough for any pace. */
static bool made_progress(const struct sw_worker *worker, const struct sw_connection *connection)
{
    if (connection->progress == UINT32_MAX)
        return true;
    int64_t taken = (int64_t)connection->txn->queued + connection->progress - queued(connection);
    return taken >= (int64_t)worker->config->min_progress;
}

/* Its next request may lie there already: in a long turn, news of it come behind the clock's. */
bool sw_connection_has_input(const struct sw_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK) > 0;
}

#define TOO_MANY                                                                                   \
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"                                       \
    "Connection: close\r\nContent-Length: 0\r\n\r\n"
#define TOO_LATE "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

/* A last reply for a peer without a lease, which is closed when it has read that. */
static void refuse_overflow(struct sw_worker *worker, struct sw_connection *connection,
                            struct sw_span reply, struct sw_log_refusal refusal)
{
    sw_connection_drop_partial_input(worker, connection);
    send(connection->fd, reply.p, reply.n, MSG_NOSIGNAL); /* all was sent before: there is room */
    shutdown(connection->fd, SHUT_WR);
    sw_log_refuse(worker, connection, refusal);
    wait_for(worker, connection, SW_WAIT_LINGER);
}

void sw_connection_expire(struct sw_worker *worker, struct sw_connection *connection)
{
    if (connection->wait == SW_WAIT_WRITE && made_progress(worker, connection)) {
        sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
        wait_for(worker, connection, SW_WAIT_WRITE);
        return;
    }
    if (connection->wait == SW_WAIT_IDLE && sw_connection_has_input(connection)) {
        connection->readable = true;
        sw_connection_run(worker, connection);
        return;
    }
    enum sw_wait wait = (enum sw_wait)connection->wait;
    struct sw_log_refusal refusal = {.timeout = wait};
    if (wait == SW_WAIT_NONE || wait == SW_WAIT_TURN)
        return;
    sw_count(&worker->metrics.timeouts[wait], 1);
    if (connection->txn && wait != SW_WAIT_LINGER)
        connection->txn->timeout = (uint8_t)wait;
    switch (wait) {
    case SW_WAIT_HEAD:
    case SW_WAIT_BODY:
        if (!connection->proxy_header_done)
            break;
        if (!connection->txn && !sw_transaction_is_available(worker, connection)) {
            refusal.status = SW_STATUS_REQUEST_TIMEOUT;
            refuse_overflow(worker, connection, SW_SPAN(TOO_LATE), refusal);
            return;
        }
        if (!connection->txn)
            sw_transaction_attach(worker, connection);
        if (connection->txn->reply == SW_REPLY_NONE && !connection->txn->discarding) {
            sw_transaction_respond(connection->txn, SW_STATUS_REQUEST_TIMEOUT,
                                   SW_SPAN("the request took too long to arrive\n"));
            refusal.status = SW_STATUS_REQUEST_TIMEOUT;
            refusal.body_bytes_sent = connection->txn->body_bytes_sent;
        }
        break;
    case SW_WAIT_WRITE:
        reset(connection);
        break;
    case SW_WAIT_HOLD:
        sw_transaction_on_suspend_timeout(connection->txn);
        sw_connection_run(worker, connection);
        return;
    case SW_WAIT_NONE:
    case SW_WAIT_TURN:
    case SW_WAITS:
    case SW_WAIT_IDLE:
    case SW_WAIT_LINGER:
        break;
    }
    if (wait == SW_WAIT_HEAD)
        sw_log_refuse(worker, connection, refusal);
    if (refusal.status)
        sw_connection_run(worker, connection);
    else
        sw_connection_close(worker, connection);
}

void sw_connection_shut_down(struct sw_worker *worker, struct sw_connection *connection)
{
    sw_conn_close(&connection->conn);
    if (connection->wait == SW_WAIT_IDLE) {
        sw_connection_set_wait(worker, connection, SW_WAIT_NONE);
        wait_for(worker, connection, SW_WAIT_IDLE);
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
    wait_for(worker, connection, SW_WAIT_IDLE);
    if (full) {
        connection->overflow = true;
        room->overflow_count++;
        refuse_overflow(worker, connection, SW_SPAN(TOO_MANY),
                        (struct sw_log_refusal){.status = SW_STATUS_SERVICE_UNAVAILABLE});
    }
    return true;
}
