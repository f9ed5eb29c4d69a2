/* server_room.c - how many peers there may be, and which of them makes room for another. */
/* SPDX-License-Identifier: MIT */
#include "server.h"

/*
 * A worker that is full is not held by peers that are idle: the one that has been so for longest is
 * closed when a newcomer is there.  One whose request is under way, be it a single byte, never is;
 * its time is bounded by the timers.  What a peer has sent is read before it counts as idle.
 */

static struct sw_room *room_of(const struct sw_worker *worker, const struct sw_door *door)
{
    return &((struct sw_worker *)(uintptr_t)worker)->rooms[door->reserved];
}

static bool has_place(const struct sw_room *room)
{
    return room->peers - room->spares < room->max_served;
}

bool sw_room_fits(const struct sw_worker *worker, const struct sw_door *door)
{
    const struct sw_room *room = room_of(worker, door);
    return has_place(room) || room->waiting[SW_WAIT_IDLE] > 0 || room->peers < room->max_peers;
}

/* The peer that has been idle longest; NULL when all have asked by now.  What leaves the front of the
   ring here came to its end by a request, so that this takes no longer than those did. */
static struct sw_peer *find_idle(struct sw_worker *worker, struct sw_room *room)
{
    while (!sw_link_empty(&room->idle)) {
        struct sw_peer *peer = SW_CONTAINER(room->idle.next, struct sw_peer, link);
        if (peer->wait == SW_WAIT_IDLE && !sw_peer_has_asked(peer))
            return peer;
        if (peer->wait == SW_WAIT_IDLE) {
            peer->readable = true;
            sw_peer_wake(worker, peer);
        } else {
            sw_link_move(&peer->link, &worker->open);
        }
    }
    return NULL;
}

bool sw_room_find(struct sw_worker *worker, const struct sw_door *door, struct sw_peer **victim)
{
    struct sw_room *room = room_of(worker, door);
    *victim = NULL;
    if (!sw_room_fits(worker, door))
        return false;
    if (has_place(room) || !room->waiting[SW_WAIT_IDLE])
        return true;
    *victim = find_idle(worker, room);
    return *victim;
}

void sw_room_evict(struct sw_worker *worker, struct sw_peer *victim)
{
    sw_count(&worker->metrics.evicted, 1);
    sw_peer_close(worker, victim);
    sw_room_reap(worker); /* no event of this turn is left that could meet another in its place */
}

void sw_room_reap(struct sw_worker *worker)
{
    while (!sw_link_empty(&worker->gone)) {
        struct sw_peer *peer = SW_CONTAINER(worker->gone.next, struct sw_peer, link);
        sw_link_take(&peer->link);
        sw_room_of(worker, peer)->peers--;
        sw_pool_put(&worker->peers, peer);
    }
}
