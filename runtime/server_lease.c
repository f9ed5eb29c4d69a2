/* server_lease.c - what a peer is lent while bytes are in flight, and no longer. */
/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <string.h>

/*
 * There is one input buffer, one output buffer and one head kept aside for each lease, so that
 * whoever has a lease never waits for them.  They are apart from it because a peer that dribbles
 * holds his lease for long: while nothing is in a buffer it is somebody else's.
 */

/* A lease is free, or somebody to whom one was promised has gone. */
void sw_lease_feed(struct sw_worker *worker)
{
    if (!sw_link_empty(&worker->starved))
        sw_link_move(worker->starved.next, &worker->ready);
}

struct sw_lease *sw_lease_borrow(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = sw_pool_get(&worker->leases);
    if (!lease) {
        sw_link_move(&peer->link, &worker->starved);
        if (peer->wait == SW_WAIT_IDLE) /* it has asked: from now on it is we who are late */
            sw_peer_wait(worker, peer, SW_WAIT_NONE);
        return NULL;
    }
    const struct sw_server_config *config = worker->config;
    size_t index = (size_t)((char *)lease - worker->leases.memory) / SW_LEASE_SIZE;
    memset(lease, 0, offsetof(struct sw_lease, message));
    lease->worker = worker;
    lease->peer = peer;
    lease->exchange.user = config->user;
    lease->exchange.scratch = worker->scratch + index * config->scratch;
    lease->exchange.scratch_size = config->scratch;
    sw_conn_lend(&peer->conn, &lease->message);
    lease->in = worker->sink;
    peer->lease = lease;
    sw_lease_take_input(lease);
    return lease;
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
    sw_lease_give_head(lease);
    give_input(lease);
    sw_pool_put(&worker->leases, lease);
    peer->lease = NULL;
    sw_lease_feed(worker);
}

/* ---- Output --------------------------------------------------------------------------------- */

struct sw_writer sw_lease_writer(struct sw_lease *lease)
{
    struct sw_worker *worker = lease->worker;
    if (!lease->out)
        lease->out = sw_pool_get(&worker->outputs);
    return (struct sw_writer){.p = lease->out + lease->written,
                              .size = worker->config->output - lease->written};
}

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
    sw_head_lend(&lease->message.head, (void *)(lease->in + worker->config->input),
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
    sw_conn_init(&peer->conn, SW_SERVER, &worker->config->limits);
    sw_lease_return(worker, peer);
}

void sw_lease_park_content(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    if (!lease->kept && park(worker, peer))
        give_input(lease);
}

const char *sw_lease_keep_head(struct sw_lease *lease, const char *bytes)
{
    size_t n = (size_t)(lease->in + lease->start - bytes);
    struct sw_worker *worker = lease->worker;
    if (n > sizeof lease->head_kept->bytes || lease->message.head.field_count > SW_FIELDS_INLINE)
        return NULL;
    lease->head_kept = sw_pool_get(&worker->parked);
    lease->head_kept->n = (uint32_t)n;
    return memcpy(lease->head_kept->bytes, bytes, n);
}

void sw_lease_give_head(struct sw_lease *lease)
{
    if (lease->head_kept)
        sw_pool_put(&lease->worker->parked, lease->head_kept);
    lease->head_kept = NULL;
    lease->kept = 0;
}
