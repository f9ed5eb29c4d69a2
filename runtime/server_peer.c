/* server_peer.c - a connected socket: bytes in, and how it ends. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64
#include "server.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * A peer without a lease is idle.  News from the loop set its flags; sw_peers_run() then borrows a
 * lease and turns until there is nothing left to do: read, parse (which calls the handler), send
 * all that was written at once.  What stopped it decides which timer runs and what is given back.
 *
 * Some peers go through these three together.  Each of the three fills the caches with code of its
 * own, most of it the kernel's, and one peer after the other finds it there.
 */

enum {
    TURNS = 16,              /* for one peer before the others have theirs */
    LINGER_BYTES = 16 << 20, /* dropped at most after the last reply */
    GRACE = 100,             /* milliseconds for who is idle when the server leaves */
};

/* ---- Waiting -------------------------------------------------------------------------------- */

/* Bytes that the socket has taken, and the other end has not. */
static int64_t queued(const struct sw_peer *peer)
{
    int n = 0;
    ioctl(peer->fd, SIOCOUTQ, &n);
    return n;
}

/*
 * A head has one deadline, whatever comes in between.  Content has a new one each time that enough
 * of it has come, and so have replies: one byte now and then does not keep a connection open.  How
 * much of a reply has arrived is known to the socket alone, which may take more of it by itself, and
 * asks for more late; so it is asked when time is up.
 */
static void wait_for(struct sw_worker *worker, struct sw_peer *peer, enum sw_wait wait)
{
    const struct sw_server_config *config = worker->config;
    uint32_t time = 0;
    switch (wait) {
    case SW_WAIT_NONE:
    case SW_WAIT_TURN:
    case SW_WAITS:
        break;
    case SW_WAIT_IDLE:
        if (peer->wait == wait && !sw_link_empty(&peer->timer.link))
            return; /* empty lines do not make it longer */
        time = worker->leaving ? GRACE : config->idle_timeout;
        break;
    case SW_WAIT_HEAD:
        if (peer->wait == wait)
            return;
        time = config->head_timeout;
        break;
    case SW_WAIT_BODY:
        if (peer->wait == wait && peer->progress < config->pace)
            return;
        time = config->body_timeout;
        break;
    case SW_WAIT_WRITE:
        if (peer->wait == wait)
            return;
        time = config->write_timeout;
        peer->lease->queued = (uint32_t)queued(peer);
        break;
    case SW_WAIT_LINGER:
        time = config->linger;
        break;
    case SW_WAIT_HOLD:
        if (peer->wait == wait)
            return;
        time = peer->lease->hold_time;
        break;
    }
    sw_peer_wait(worker, peer, wait);
    peer->progress = 0;
    if (wait != SW_WAIT_NONE)
        sw_wheel_set(&worker->wheel, &peer->timer, sw_worker_tick(worker, time));
}

static void note_received(struct sw_worker *worker, struct sw_peer *peer, size_t n)
{
    sw_add_saturated(&peer->progress, n);
    sw_count(&worker->metrics.received, n);
}

void sw_peer_wake(struct sw_worker *worker, struct sw_peer *peer)
{
    sw_link_move(&peer->link, &worker->ready);
}

/* ---- Ends ----------------------------------------------------------------------------------- */

/* Everything but the socket, which is somebody else's now, or closed. */
static void forget(struct sw_worker *worker, struct sw_peer *peer)
{
    peer->fd = -1;
    sw_peer_wait(worker, peer, SW_WAIT_NONE);
    sw_link_take(&peer->timer.link);
    struct sw_lease *lease = peer->lease;
    if (lease && lease->active && lease->held) {
        sw_link_move(&peer->link, &worker->open);
        sw_lease_note_gone(lease);
        return; /* until it is resumed */
    }
    if (lease && lease->active) {
        sw_lease_fetch(lease);
        sw_lease_over(lease, false);
    }
    if (lease)
        sw_lease_return(worker, peer);
    sw_peer_unpark(worker, peer);
    sw_link_move(&peer->link, &worker->gone);
    sw_room_of(worker, peer)->spares -= peer->spare;
    peer->spare = false;
}

void sw_peer_close(struct sw_worker *worker, struct sw_peer *peer)
{
    if (peer->fd >= 0) {
        /* A process that was forked may have the socket too: then closing it here does not end the
           events, and they would be taken for those of the next connection in the same slot. */
        sw_loop_remove(&worker->loop, peer->fd);
        close(peer->fd);
    }
    worker->retry_at = 0;
    forget(worker, peer);
}

/* Read and drop, so that the last reply is not taken from the peer by a reset.  RFC 9112 9.6. */
static void linger(struct sw_worker *worker, struct sw_peer *peer)
{
    for (int turn = 0; peer->readable; turn++) {
        if (turn == TURNS) {
            sw_peer_wake(worker, peer);
            return;
        }
        ssize_t n = recv(peer->fd, worker->sink, sizeof worker->sink, 0);
        if (n > 0)
            note_received(worker, peer, (size_t)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            peer->readable = false;
        else
            peer->ended = true;
        if (peer->ended || peer->progress > LINGER_BYTES) {
            sw_peer_close(worker, peer);
            return;
        }
    }
}

/* All that there was to say has been said. */
static void end(struct sw_worker *worker, struct sw_peer *peer)
{
    bool close_now = peer->ended || (!peer->last && sw_conn_fate(&peer->conn) == SW_FATE_CLOSE);
    if (close_now || shutdown(peer->fd, SHUT_WR)) {
        sw_peer_close(worker, peer);
        return;
    }
    if (!peer->lease->active || !peer->lease->held) { /* else when it is resumed */
        if (peer->lease->active)
            sw_lease_over(peer->lease, false);
        sw_lease_return(worker, peer);
    }
    wait_for(worker, peer, SW_WAIT_LINGER);
    linger(worker, peer);
}

/* What follows is another protocol: the handler takes the socket, or nobody wants it. */
static void hand_over(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    const struct sw_hooks *hooks = lease->active ? lease->exchange.hooks : NULL;
    if (!hooks || !hooks->upgraded) {
        sw_peer_close(worker, peer);
        return;
    }
    int fd = peer->fd;
    sw_loop_remove(&worker->loop, fd);
    peer->fd = -1;
    lease->final = true;
    hooks->upgraded(&lease->exchange, fd,
                    (struct sw_span){lease->in + lease->start, lease->end - lease->start});
    sw_lease_over(lease, true);
    forget(worker, peer);
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

/*
 * Reads once.  Fewer bytes than there is space for mean that the socket is empty, and that an event
 * will tell of more; so the usual request costs no second read.  Three reads are short for another
 * reason, and set `cut`: one that stops at urgent data (EPOLLPRI has told of it), one that stops at
 * descriptors sent over a unix socket, which are closed unseen, and one before the end of the
 * connection, after which no event comes.
 */
static ssize_t receive(struct sw_worker *worker, struct sw_peer *peer, char *at, size_t space,
                       bool *cut)
{
    *cut = peer->ending || peer->urgent;
    if (worker->doors[peer->door].port)
        return recv(peer->fd, at, space, 0);
    struct iovec part = {at, space};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(peer->fd, &message, 0);
    *cut = *cut || message.msg_flags & MSG_CTRUNC;
    return n;
}

static void fill(struct sw_worker *worker, struct sw_peer *peer, struct sw_lease *lease)
{
    sw_lease_take_input(lease);
    /* The head of an active request stays where it is; what was not parsed yet comes behind it. */
    uint32_t rest = lease->end - lease->start;
    if (lease->start > lease->kept) {
        memmove(lease->in + lease->kept, lease->in + lease->start, rest);
        lease->start = lease->kept;
        lease->end = lease->start + rest;
    }
    uint32_t space = worker->config->input - lease->end;
    bool cut = false;
    ssize_t n = receive(worker, peer, lease->in + lease->end, space, &cut);
    if (n > 0) {
        lease->end += (uint32_t)n;
        note_received(worker, peer, (size_t)n);
        peer->readable = (size_t)n == space || cut;
    } else if (n == 0 && space > 0) {
        peer->readable = false;
        peer->ended = true;
        sw_conn_eof(&peer->conn);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        peer->readable = peer->urgent = false;
    } else if (n == 0 || errno != EINTR) {
        peer->broken = true;
    }
}

/* Where the next request begins in the input: after empty lines, which are none of it, and at the
   end while nothing else has come.  RFC 9112 2.2. */
static uint32_t request_at(const struct sw_lease *lease)
{
    uint32_t at = lease->start;
    while (at < lease->end && (lease->in[at] == '\r' || lease->in[at] == '\n'))
        at++;
    return at;
}

/* Was it HEAD, of which no more than that may have come? */
static bool asks_for_head(const struct sw_lease *lease)
{
    static const char head[] = "HEAD ";
    const size_t n = sizeof head - 1;
    if (lease->active)
        return lease->exchange.head->method == SW_METHOD_HEAD;
    uint32_t at = request_at(lease);
    return lease->end - at >= n && memcmp(lease->in + at, head, n) == 0;
}

void sw_peer_say(struct sw_worker *worker, struct sw_peer *peer, unsigned status,
                 struct sw_span text)
{
    struct sw_lease *lease = peer->lease;
    sw_lease_fetch(lease);
    peer->last = true;
    lease->status = (uint16_t)status;
    lease->told = asks_for_head(lease) ? 0 : text.n;
    struct sw_writer out = sw_lease_writer(lease);
    sw_write_status(&out, status);
    sw_write_date(&out, &worker->date);
    sw_write_field(&out, SW_HEADER_CONNECTION, SW_SPAN("close"));
    sw_write_field(&out, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain; charset=utf-8"));
    sw_write_length(&out, text.n);
    sw_write_end(&out);
    sw_write_bytes(&out, text.p, lease->told);
    if (!out.error)
        lease->written += (uint32_t)out.n;
}

/* ---- Turns ---------------------------------------------------------------------------------- */

/* Nothing is left to do for now. */
static void rest(struct sw_worker *worker, struct sw_peer *peer, enum sw_pause pause)
{
    struct sw_lease *lease = peer->lease;
    if (peer->blocked || sw_lease_owes(lease)) {
        if (!lease->written)
            sw_lease_give_output(lease);
        sw_lease_shelve(worker, peer);
        wait_for(worker, peer, SW_WAIT_WRITE);
        return;
    }
    sw_lease_give_output(lease);
    lease->draining = lease->draining && !sw_body_done(&lease->message->body);
    if (pause != SW_PAUSE_INPUT) {
        wait_for(worker, peer, lease->held && lease->hold_time ? SW_WAIT_HOLD : SW_WAIT_NONE);
    } else if (lease->active || lease->draining) {
        sw_lease_shelve(worker, peer);
        wait_for(worker, peer, SW_WAIT_BODY);
    } else if (lease->start < lease->end) {
        bool begun = request_at(lease) < lease->end;
        sw_lease_park_head(worker, peer);
        if (!begun && !peer->readable)
            sw_room_note_idle(worker, peer);
        wait_for(worker, peer, begun ? SW_WAIT_HEAD : SW_WAIT_IDLE);
    } else if (sw_conn_unlend(&peer->conn)) {
        sw_lease_return(worker, peer);
        if (!peer->readable) /* else it is to be run again, and not idle yet */
            sw_room_note_idle(worker, peer);
        wait_for(worker, peer, SW_WAIT_IDLE);
    }
}

/* Read what has come, if it is wanted.  False when there is no lease: it will come to its turn. */
static bool hear(struct sw_worker *worker, struct sw_peer *peer)
{
    if (!peer->lease && !sw_lease_borrow(worker, peer))
        return false;
    struct sw_lease *lease = peer->lease;
    sw_lease_fetch(lease);
    if (sw_lease_wants_room(lease)) /* before the next request, which would take its place */
        sw_lease_room(lease);
    if (lease->pause == SW_PAUSE_INPUT && peer->readable)
        fill(worker, peer, lease);
    return true;
}

static void answer(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    bool greeted = peer->greeted || sw_peer_greet(worker, peer);
    lease->pause = (uint8_t)(greeted ? sw_lease_parse(lease) : SW_PAUSE_INPUT);
    sw_lease_note_half_closed(lease);
}

/* Send what was written.  True when there is more to do: in another turn, or later if this is the
   last. */
static bool speak(struct sw_worker *worker, struct sw_peer *peer, bool last)
{
    struct sw_lease *lease = peer->lease;
    enum sw_pause pause = (enum sw_pause)lease->pause;
    if (!sw_peer_flush(worker, peer)) {
        sw_peer_close(worker, peer);
        return false;
    }
    if (!peer->blocked && sw_lease_owes(lease)) {
        sw_peer_wake(worker, peer);
    } else if (!peer->blocked) {
        if (pause == SW_PAUSE_LAST) {
            end(worker, peer);
            return false;
        }
        if (pause == SW_PAUSE_HANDOVER) {
            hand_over(worker, peer);
            return false;
        }
        if (sw_lease_wants_room(lease) || pause == SW_PAUSE_OUTPUT ||
            (pause == SW_PAUSE_INPUT && peer->readable)) {
            if (!last)
                return true;
            sw_peer_wake(worker, peer);
            rest(worker, peer, pause);
            return false;
        }
    }
    if (peer->hung && (peer->blocked || !sw_lease_owes(lease)))
        sw_peer_close(worker, peer); /* all of the client's bytes were read; no event will come */
    else
        rest(worker, peer, pause);
    return false;
}

void sw_peers_run(struct sw_worker *worker, struct sw_peer **peers, size_t count)
{
    for (int turn = 0; count > 0; turn++) {
        size_t left = 0, again = 0;
        for (size_t i = 0; i < count; i++)
            if (hear(worker, peers[i]))
                peers[left++] = peers[i];
        for (size_t i = 0; i < left; i++)
            answer(worker, peers[i]);
        for (size_t i = 0; i < left; i++)
            if (speak(worker, peers[i], turn == TURNS))
                peers[again++] = peers[i];
        count = again;
    }
}

void sw_peer_run(struct sw_worker *worker, struct sw_peer *peer)
{
    sw_peers_run(worker, &peer, 1);
}

bool sw_peer_ready(struct sw_worker *worker, struct sw_peer *peer, unsigned what)
{
    if (peer->fd < 0)
        return false;
    if (what & (SW_READABLE | SW_ENDING))
        peer->readable = true;
    if (what & SW_ENDING)
        peer->ending = true;
    if (what & SW_WRITABLE)
        peer->blocked = false;
    if (what & SW_URGENT)
        peer->urgent = true;
    if (what & SW_HUNG_UP) /* what the client sent before is still to be read */
        peer->hung = peer->readable = peer->ending = true;
    if (what & SW_BROKEN || (peer->hung && peer->lease && peer->lease->held))
        sw_peer_close(worker, peer);
    else if (peer->wait == SW_WAIT_LINGER)
        linger(worker, peer);
    else
        return true;
    return false;
}

/* Have closing throw away what the peer did not take: it would stay in the kernel for minutes. */
static void reset(const struct sw_peer *peer)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* Has the peer taken enough of the reply to have some more time?  4 GiB are enough for any pace. */
static bool takes_enough(const struct sw_worker *worker, const struct sw_peer *peer)
{
    if (peer->progress == UINT32_MAX)
        return true;
    int64_t taken = (int64_t)peer->lease->queued + peer->progress - queued(peer);
    return taken >= (int64_t)worker->config->pace;
}

/* Its next request may lie there already: in a long turn, news of it come behind the clock's. */
bool sw_peer_has_asked(const struct sw_peer *peer)
{
    char byte;
    return recv(peer->fd, &byte, 1, MSG_PEEK) > 0;
}

#define TOO_MANY                                                                                   \
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"                                       \
    "Connection: close\r\nContent-Length: 0\r\n\r\n"
#define TOO_LATE                                                                                   \
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

/* A last reply for a peer without a lease, which is closed when it has read that. */
static void turn_away(struct sw_worker *worker, struct sw_peer *peer, struct sw_span reply,
                      struct sw_log_refusal refusal)
{
    sw_peer_unpark(worker, peer);
    send(peer->fd, reply.p, reply.n, MSG_NOSIGNAL); /* all was sent before: there is room */
    shutdown(peer->fd, SHUT_WR);
    sw_log_refuse(worker, peer, refusal);
    wait_for(worker, peer, SW_WAIT_LINGER);
}

void sw_peer_expire(struct sw_worker *worker, struct sw_peer *peer)
{
    if (peer->wait == SW_WAIT_WRITE && takes_enough(worker, peer)) {
        sw_peer_wait(worker, peer, SW_WAIT_NONE);
        wait_for(worker, peer, SW_WAIT_WRITE);
        return;
    }
    if (peer->wait == SW_WAIT_IDLE && sw_peer_has_asked(peer)) {
        peer->readable = true;
        sw_peer_run(worker, peer);
        return;
    }
    enum sw_wait wait = (enum sw_wait)peer->wait;
    struct sw_log_refusal refusal = {.timeout = wait};
    if (wait == SW_WAIT_NONE || wait == SW_WAIT_TURN)
        return;
    sw_count(&worker->metrics.timeouts[wait], 1);
    if (peer->lease && wait != SW_WAIT_LINGER)
        peer->lease->timeout = (uint8_t)wait;
    switch (wait) {
    case SW_WAIT_HEAD:
    case SW_WAIT_BODY:
        if (!peer->greeted)
            break;
        if (!peer->lease && !sw_lease_free(worker, peer)) {
            refusal.status = SW_STATUS_REQUEST_TIMEOUT;
            turn_away(worker, peer, SW_SPAN(TOO_LATE), refusal);
            return;
        }
        if (!peer->lease)
            sw_lease_borrow(worker, peer);
        if (peer->lease->reply == SW_REPLY_NONE && !peer->lease->draining) {
            sw_peer_say(worker, peer, SW_STATUS_REQUEST_TIMEOUT,
                        SW_SPAN("the request took too long to arrive\n"));
            refusal.status = SW_STATUS_REQUEST_TIMEOUT;
            refusal.told = peer->lease->told;
        }
        break;
    case SW_WAIT_WRITE:
        reset(peer);
        break;
    case SW_WAIT_HOLD:
        sw_lease_give_up(peer->lease);
        sw_peer_run(worker, peer);
        return;
    case SW_WAIT_NONE:
    case SW_WAIT_TURN:
    case SW_WAITS:
    case SW_WAIT_IDLE:
    case SW_WAIT_LINGER:
        break;
    }
    if (wait == SW_WAIT_HEAD)
        sw_log_refuse(worker, peer, refusal);
    if (refusal.status)
        sw_peer_run(worker, peer);
    else
        sw_peer_close(worker, peer);
}

void sw_peer_leave(struct sw_worker *worker, struct sw_peer *peer)
{
    sw_conn_close(&peer->conn);
    if (peer->wait == SW_WAIT_IDLE) {
        sw_peer_wait(worker, peer, SW_WAIT_NONE);
        wait_for(worker, peer, SW_WAIT_IDLE);
    }
}

bool sw_peer_open(struct sw_worker *worker, const struct sw_door *door, int fd,
                  const struct sockaddr *end)
{
    struct sw_room *room = &worker->rooms[door->reserved];
    bool full = room->peers - room->spares >= room->max_served;
    struct sw_peer *peer = sw_pool_get(&worker->peers);
    if (!peer)
        return false;
    *peer = (struct sw_peer){.tag = SW_TAG_PEER, .fd = fd, .greeted = !door->proxied};
    peer->reserved = door->reserved;
    peer->door = (unsigned)(door - worker->doors) & 15U;
    sw_conn_init(&peer->conn, SW_SERVER, sw_peer_limits(worker, end));
    sw_link_init(&peer->link);
    sw_link_init(&peer->timer.link);
    if (sw_loop_add(&worker->loop, fd, peer)) {
        sw_pool_put(&worker->peers, peer);
        return false;
    }
    room->peers++;
    sw_count(&worker->metrics.accepted, 1);
    if (sw_log_wanted(worker->config))
        sw_peer_note_name(worker, peer, end);
    sw_room_note_idle(worker, peer);
    wait_for(worker, peer, SW_WAIT_IDLE);
    if (full) {
        peer->spare = true;
        room->spares++;
        turn_away(worker, peer, SW_SPAN(TOO_MANY),
                  (struct sw_log_refusal){.status = SW_STATUS_SERVICE_UNAVAILABLE});
    }
    return true;
}
