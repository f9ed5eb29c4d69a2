/* server_room.c - how many peers there may be, and which of them makes room for another. */
/* SPDX-License-Identifier: MIT */
#include "server/server.h"

/*
 * A worker that is full is not held by peers that are idle: the one that has been so for longest is
 * closed when a newcomer is there.  One whose request is under way, be it a single byte, never is;
 * its time is bounded by the timers.  What a peer has sent is read before it counts as idle.
 */

static struct sw_room *room_of(const struct sw_worker *worker, const struct sw_listener *listener)
{
    return &((struct sw_worker *)(uintptr_t)worker)->rooms[listener->reserved];
}

static bool has_place(const struct sw_room *room)
{
    return room->connections - room->overflow_count < room->max_served;
}

static enum sw_space space_in(const struct sw_room *room)
{
    if (has_place(room))
        return SW_SPACE_FREE;
    return room->wait_counts[SW_WAIT_IDLE] ? SW_SPACE_IDLE : SW_SPACE_NONE;
}

/* What other workers have in such a room, at best. */
static enum sw_space space_elsewhere(const struct sw_worker *worker, uint32_t room)
{
    unsigned best = SW_SPACE_NONE;
    for (uint32_t i = 0; i < worker->config->workers && best < SW_SPACE_FREE; i++) {
        struct sw_worker *other = sw_server_worker(worker->server, i);
        unsigned space = other == worker ? SW_SPACE_NONE : atomic_load(&other->rooms[room].space);
        best = space > best ? space : best;
    }
    return (enum sw_space)best;
}

bool sw_room_fits(const struct sw_worker *worker, const struct sw_listener *listener)
{
    const struct sw_room *room = room_of(worker, listener);
    enum sw_space space = space_in(room);
    if (space == SW_SPACE_FREE)
        return true;
    if (!worker->shutting_down && space_elsewhere(worker, listener->reserved) > space)
        return false;
    return space == SW_SPACE_IDLE || room->connections < room->max_peers;
}

/* The peer that has been idle longest; NULL when all have asked by now.  What leaves the front of
   the ring here came to its end by a request, so that this takes no longer than those did. */
static struct sw_connection *find_idle(struct sw_worker *worker, struct sw_room *room)
{
    while (!sw_link_empty(&room->idle)) {
        struct sw_connection *connection =
            SW_CONTAINER(room->idle.next, struct sw_connection, link);
        if (connection->wait == SW_WAIT_IDLE && !sw_connection_has_input(connection))
            return connection;
        if (connection->wait == SW_WAIT_IDLE) {
            connection->readable = true;
            sw_connection_schedule(worker, connection);
        } else {
            sw_link_move(&connection->link, &worker->open);
        }
    }
    return NULL;
}

bool sw_room_find(struct sw_worker *worker, const struct sw_listener *listener,
                  struct sw_connection **victim)
{
    struct sw_room *room = room_of(worker, listener);
    *victim = NULL;
    if (!sw_room_fits(worker, listener))
        return false;
    if (has_place(room) || !room->wait_counts[SW_WAIT_IDLE])
        return true;
    *victim = find_idle(worker, room);
    return *victim;
}

void sw_room_evict(struct sw_worker *worker, struct sw_connection *victim)
{
    sw_count(&worker->metrics.evicted, 1);
    sw_connection_close(worker, victim);
    sw_room_reap(worker); /* no event of this turn is left that could meet another in its place */
}

void sw_room_reap(struct sw_worker *worker)
{
    while (!sw_link_empty(&worker->closed)) {
        struct sw_connection *connection =
            SW_CONTAINER(worker->closed.next, struct sw_connection, link);
        sw_link_take(&connection->link);
        sw_room_of(worker, connection)->connections--;
        sw_pool_put(&worker->connections, connection);
    }
}

/* ---- Between workers ------------------------------------------------------------------------- */

/*
 * The kernel deals newcomers out to the workers, each of which has a queue of its own, whether it
 * has room or not.  A worker that has less to offer than another one leaves what is in front of its
 * listeners to that one: it says that it is crowded and wakes it, and the other one accepts from
 * these listeners as from its own.  Closing and opening a listener would lose what is in its queue,
 * and one queue for all would bring all newcomers to the same worker.
 *
 * No wake is lost: a worker says first what has changed, and looks at the others afterwards.  So of
 * two whose changes belong together one at least sees both.  Nothing of this costs more than a few
 * loads while there is room.
 */

static void wake(struct sw_worker *worker, uint32_t room, enum sw_space space)
{
    for (uint32_t i = 0; i < worker->config->workers; i++) {
        struct sw_worker *other = sw_server_worker(worker->server, i);
        if (other != worker && atomic_load(&other->rooms[room].space) == space)
            sw_loop_wake(&other->loop);
    }
}

static void wake_crowded(struct sw_worker *worker, uint32_t room)
{
    for (uint32_t i = 0; i < worker->config->workers; i++) {
        struct sw_worker *other = sw_server_worker(worker->server, i);
        if (other != worker && atomic_load(&other->rooms[room].crowded))
            sw_loop_wake(&other->loop);
    }
}

/* Tell the others.  True when there was more before. */
static bool publish(const struct sw_worker *worker, struct sw_room *room)
{
    uint8_t before = atomic_load_explicit(&room->space, memory_order_relaxed);
    uint8_t space = worker->retry_at ? SW_SPACE_NONE : (uint8_t)space_in(room);
    if (space != before)
        atomic_store(&room->space, space);
    return space < before;
}

static void note_crowd(struct sw_worker *worker, uint32_t room, bool crowded)
{
    atomic_bool *before = &worker->rooms[room].crowded;
    if (atomic_load_explicit(before, memory_order_relaxed) == crowded)
        return;
    atomic_store(before, crowded);
    if (crowded)
        atomic_fetch_add(&worker->server->crowded, 1);
    else
        atomic_fetch_sub(&worker->server->crowded, 1);
}

static bool is_crowded(const struct sw_worker *worker, uint32_t room)
{
    for (uint32_t i = 0; i < worker->listener_count; i++) {
        const struct sw_listener *listener = &worker->listeners[i];
        if (listener->reserved == room && listener->ready && !sw_room_fits(worker, listener))
            return true;
    }
    return false;
}

/* Let in the newcomers of others.  What is left afterwards is for another turn. */
static void help(struct sw_worker *worker)
{
    struct sw_server *server = worker->server;
    atomic_fetch_add(&server->helping, 1);
    for (uint32_t w = 0; w < worker->config->workers && !atomic_load(&server->stop); w++) {
        struct sw_worker *other = sw_server_worker(server, w);
        for (uint32_t i = 0; i < worker->listener_count && other != worker; i++) {
            struct sw_listener *listener = &other->listeners[i];
            if (!atomic_load(&other->rooms[listener->reserved].crowded) || worker->retry_at ||
                !listener->ready || !sw_room_fits(worker, listener))
                continue;
            sw_listener_accept(worker, other, i);
            if (listener->ready) /* its worker may have seen it when it was not */
                sw_loop_wake(&other->loop);
            worker->helps |= listener->ready && !worker->retry_at && sw_room_fits(worker, listener);
        }
    }
    atomic_fetch_sub(&server->helping, 1);
}

void sw_rooms_share(struct sw_worker *worker)
{
    bool less[SW_ROOMS];
    worker->helps = false;
    if (worker->config->workers == 1 || worker->shutting_down)
        return;
    for (uint32_t r = 0; r < SW_ROOMS; r++) {
        less[r] = publish(worker, &worker->rooms[r]);
        note_crowd(worker, r, is_crowded(worker, r));
    }
    if (!atomic_load(&worker->server->crowded))
        return;
    help(worker);
    for (uint32_t r = 0; r < SW_ROOMS; r++) {
        less[r] |= publish(worker, &worker->rooms[r]);
        enum sw_space own = space_in(&worker->rooms[r]), best = space_elsewhere(worker, r);
        bool crowded = worker->rooms[r].crowded;
        if (best > own && (crowded || less[r]))
            wake(worker, r, best);
        else if (best == SW_SPACE_NONE && own == SW_SPACE_NONE && less[r])
            wake_crowded(worker, r); /* which refuse, then */
    }
}

void sw_rooms_leave(struct sw_worker *worker)
{
    for (uint32_t r = 0; r < SW_ROOMS; r++) {
        atomic_store(&worker->rooms[r].space, SW_SPACE_NONE);
        note_crowd(worker, r, false);
    }
}
