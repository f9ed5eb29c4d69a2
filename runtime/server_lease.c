/* server_lease.c - what a peer is lent while bytes are in flight, and no longer. */
/* SPDX-License-Identifier: MIT */
#include "head.h"
#include "server.h"

#include <string.h>

/*
 * There is one message, one shelf, one input and one output buffer for each lease, so that whoever
 * has a lease never waits for them.  They are apart from it because a peer that dribbles holds his
 * lease for long: while nothing is in a buffer it is somebody else's, and a message that waits is
 * folded up on its shelf.
 */

/* In pieces, because gcc makes a `rep stos` of a longer memset, whose mere start takes longer.  All
   but what other threads may look at, see server_hold.c. */
static void clear(struct sw_lease *lease)
{
    enum { SIZE = offsetof(struct sw_lease, worker), WHOLE = SIZE / 64 * 64 };
    char *memory = (char *)lease;
    for (size_t at = 0; at < WHOLE; at += 64)
        memset(memory + at, 0, 64);
    memset(memory + WHOLE, 0, SIZE - WHOLE);
}

/* Give a peer one of those that are free. */
static struct sw_lease *lend(struct sw_worker *worker, struct sw_peer *peer)
{
    const struct sw_server_config *config = worker->config;
    struct sw_lease *lease = sw_pool_get(&worker->leases);
    sw_room_of(worker, peer)->leases++;
    size_t index = (size_t)((char *)lease - worker->leases.memory) / SW_LEASE_SIZE;
    clear(lease);
    if (lease->worker != worker) {
        lease->worker = worker; /* the first time */
        atomic_init(&lease->hold, SW_HOLD_NONE);
    }
    lease->peer = peer;
    lease->exchange.user = config->user;
    lease->exchange.scratch = worker->scratch + index * config->scratch;
    lease->exchange.scratch_size = config->scratch;
    lease->message = sw_pool_get(&worker->messages);
    if (lease->message->head.limits == peer->conn.limits)
        sw_conn_lend_again(&peer->conn, lease->message);
    else
        sw_conn_lend(&peer->conn, lease->message); /* the first time */
    lease->in = worker->sink;
    peer->lease = lease;
    sw_lease_take_input(lease);
    return lease;
}

bool sw_lease_free(struct sw_worker *worker, const struct sw_peer *peer)
{
    const struct sw_room *room = sw_room_of(worker, peer);
    return room->leases < room->max_leases;
}

/*
 * The peers that wait are served in the order of their coming.  So one that becomes free is lent at
 * once to the first of them: while a peer waits none is free, and no newcomer can overtake it.  The
 * server is late then, and not the client: no timer runs, and that of a head stands still.
 */
struct sw_lease *sw_lease_borrow(struct sw_worker *worker, struct sw_peer *peer)
{
    if (sw_lease_free(worker, peer))
        return lend(worker, peer);
    if (peer->wait == SW_WAIT_TURN) /* it waits already, and has its place */
        return NULL;
    worker->leases.misses++;
    peer->progress = sw_worker_tick(worker, 0); /* since when */
    sw_link_move(&peer->link, &sw_room_of(worker, peer)->starved);
    sw_peer_wait(worker, peer, SW_WAIT_TURN);
    return NULL;
}

/* What is parked is the beginning of a head, whose timer goes on. */
static void end_wait(struct sw_worker *worker, struct sw_peer *peer)
{
    uint32_t waited = sw_worker_tick(worker, 0) - peer->progress;
    sw_peer_wait(worker, peer, peer->parked ? SW_WAIT_HEAD : SW_WAIT_NONE);
    if (peer->parked)
        sw_wheel_set(&worker->wheel, &peer->timer, peer->timer.due + waited);
    peer->progress = 0;
}

static void feed(struct sw_worker *worker, struct sw_room *room)
{
    while (!sw_link_empty(&room->starved) && room->leases < room->max_leases) {
        struct sw_peer *peer = SW_CONTAINER(room->starved.next, struct sw_peer, link);
        end_wait(worker, peer);
        lend(worker, peer);
        sw_peer_wake(worker, peer);
    }
}

/* In the sink there are no bytes of anybody's: it is only an address. */
static void give_input(struct sw_lease *lease)
{
    struct sw_worker *worker = lease->worker;
    if (lease->in != worker->sink)
        sw_pool_put(&worker->inputs, lease->in);
    lease->in = worker->sink;
    lease->start = lease->end = 0;
}

void sw_lease_return(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    sw_lease_give_output(lease);
    if (lease->shelf)
        sw_lease_give_head(lease);
    give_input(lease);
    if (lease->message)
        sw_pool_put(&worker->messages, lease->message);
    sw_pool_put(&worker->leases, lease);
    peer->lease = NULL;
    struct sw_room *room = sw_room_of(worker, peer);
    room->leases--;
    feed(worker, room);
}

/* ---- Output --------------------------------------------------------------------------------- */

void sw_lease_give_output(struct sw_lease *lease)
{
    if (lease->out)
        sw_pool_put(&lease->worker->outputs, lease->out);
    lease->out = NULL;
    lease->sent = lease->written = lease->lent_at = 0;
}

/* ---- Input ---------------------------------------------------------------------------------- */

void sw_lease_take_input(struct sw_lease *lease)
{
    struct sw_worker *worker = lease->worker;
    struct sw_peer *peer = lease->peer;
    if (lease->in != worker->sink)
        return;
    lease->in = sw_pool_get(&worker->inputs);
    if (sw_more_fields(worker->config))
        sw_head_lend(&lease->message->head, (void *)(lease->in + worker->config->input),
                     sw_more_fields(worker->config));
    if (peer->parked) {
        memcpy(lease->in, peer->parked->bytes, peer->parked->n);
        lease->end = peer->parked->n;
        sw_peer_unpark(worker, peer);
    }
}

void sw_peer_unpark(struct sw_worker *worker, struct sw_peer *peer)
{
    if (peer->parked)
        sw_pool_put(&worker->parked, peer->parked);
    peer->parked = NULL;
}

/* Put what was not parsed yet aside.  False when it is too much. */
static bool park(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    uint32_t n = lease->end - lease->start;
    if (n > sizeof peer->parked->bytes)
        return false;
    if (n) {
        peer->parked = sw_pool_get(&worker->parked);
        peer->parked->n = n;
        memcpy(peer->parked->bytes, lease->in + lease->start, n);
    }
    return true;
}

/* Nothing else is known of a connection whose next request has not begun: it is read anew. */
void sw_lease_park_head(struct sw_worker *worker, struct sw_peer *peer)
{
    if (!park(worker, peer))
        return;
    sw_conn_init(&peer->conn, SW_SERVER, peer->conn.limits);
    sw_lease_return(worker, peer);
}

/* ---- Shelves -------------------------------------------------------------------------------- */

enum { SHELF_BYTES = SW_SHELF_SIZE - offsetof(struct sw_shelf, bytes) };

const char *sw_lease_keep_head(struct sw_lease *lease, const char *bytes)
{
    size_t n = (size_t)(lease->in + lease->start - bytes);
    if (n > SHELF_BYTES || lease->message->head.field_count > SW_FIELDS_INLINE)
        return NULL;
    lease->shelf = sw_pool_get(&lease->worker->shelves);
    lease->shelf->n = (uint32_t)n;
    return memcpy(lease->shelf->bytes, bytes, n);
}

void sw_lease_give_head(struct sw_lease *lease)
{
    sw_pool_put(&lease->worker->shelves, lease->shelf);
    lease->shelf = NULL;
}

/* Where the fields are on a shelf: those of the head, then those of the trailers. */
static struct sw_field *fields_of(struct sw_shelf *shelf)
{
    size_t align = _Alignof(struct sw_field), at = offsetof(struct sw_shelf, bytes) + shelf->n;
    return (void *)((char *)shelf + (at + align - 1) / align * align);
}

static bool has_place(const struct sw_shelf *shelf, size_t fields)
{
    size_t bytes = (shelf->n + _Alignof(struct sw_field) - 1) + fields * sizeof(struct sw_field);
    return bytes <= SHELF_BYTES;
}

/* The index by id is not on the shelf: it is made anew. */
static void unfold(struct sw_head *head, const char *summary, const struct sw_field *fields)
{
    memcpy(head, summary, SW_SUMMARY_SIZE);
    for (uint32_t i = 0; i < head->field_count; i++)
        sw_head_put(head, i, fields[i]);
}

/* Put the message on the shelf, where there is a place for its fields. */
static void fold(struct sw_lease *lease)
{
    struct sw_message *message = lease->message;
    struct sw_shelf *shelf = lease->shelf;
    bool chunked = message->body.framing == SW_FRAMING_CHUNKED; /* else there are no trailers */
    size_t fields = message->head.field_count;
    size_t trailers = chunked ? message->trailers.field_count : 0;
    if (fields > SW_FIELDS_INLINE || !has_place(shelf, fields + trailers))
        return;
    struct sw_field *place = fields_of(shelf);
    memcpy(place, message->head.fields, fields * sizeof *place);
    memcpy(place + fields, message->trailers.fields, trailers * sizeof *place);
    memcpy(shelf->head, &message->head, SW_SUMMARY_SIZE);
    memcpy(shelf->trailers, &message->trailers, SW_SUMMARY_SIZE);
    shelf->body = message->body;
    sw_pool_put(&lease->worker->messages, message);
    lease->message = lease->peer->conn.message = NULL;
    lease->exchange.head = NULL;
}

void sw_lease_shelve(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    bool owed = lease->active || (lease->draining && !sw_body_done(&lease->message->body));
    if (!owed || lease->held || lease->content.n)
        return;
    if (!lease->shelf) {
        size_t n = lease->active ? lease->message->head.length : 0;
        if (n > SHELF_BYTES || lease->message->head.field_count > SW_FIELDS_INLINE)
            return;
        lease->shelf = sw_pool_get(&worker->shelves);
        lease->shelf->n = (uint32_t)n;
        if (n)
            lease->exchange.bytes = memcpy(lease->shelf->bytes, lease->exchange.bytes, n);
        lease->kept = 0;
    }
    if (!park(worker, peer))
        return;
    give_input(lease);
    fold(lease);
}

void sw_lease_fetch(struct sw_lease *lease)
{
    struct sw_worker *worker = lease->worker;
    struct sw_shelf *shelf = lease->shelf;
    if (!lease->message) {
        struct sw_message *message = sw_pool_get(&worker->messages);
        const struct sw_field *fields = fields_of(shelf);
        unfold(&message->head, shelf->head, fields);
        message->body = shelf->body;
        if (message->body.framing == SW_FRAMING_CHUNKED)
            unfold(&message->trailers, shelf->trailers, fields + message->head.field_count);
        message->body.trailers = &message->trailers;
        lease->message = lease->peer->conn.message = message;
        lease->exchange.head = &message->head;
    }
    if (lease->peer->parked)
        sw_lease_take_input(lease);
}
