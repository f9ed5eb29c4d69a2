/* capacity.c - how many connections a worker has, and which one is evicted for another. */
/* SPDX-License-Identifier: MIT */
#include "server/capacity.h"
#include "server/connection.h"
#include "server/connection_state.h"
#include "server/list.h"
#include "server/listener.h"
#include "server/metrics.h"
#include "server/room.h"
#include "server/server_state.h"
#include "server/wait.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

/*
 * A full worker evicts the connection that has been idle for longest when a client connects.  A
 * connection that has received a single byte of a request is never evicted: the timers bound its
 * time.  Before an eviction the socket is checked for input that was not read yet.
 */

static struct sw_room *room_of(const struct sw_worker *worker, const struct sw_listener *listener)
{
    return &((struct sw_worker *)(uintptr_t)worker)->rooms[listener->reserved];
}

static bool has_place(const struct sw_room *room)
{
    return room->connections - room->overflow_count < room->max_served;
}

enum sw_space sw_room_space(const struct sw_room *room)
{
    if (has_place(room))
        return SW_SPACE_FREE;
    return room->wait_counts[SW_WAIT_IDLE] ? SW_SPACE_IDLE : SW_SPACE_NONE;
}

enum sw_space sw_room_space_elsewhere(const struct sw_worker *worker, uint32_t room)
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
    enum sw_space space = sw_room_space(room);
    if (space == SW_SPACE_FREE)
        return true;
    if (!worker->shutting_down && sw_room_space_elsewhere(worker, listener->reserved) > space)
        return false;
    return space == SW_SPACE_IDLE || room->connections < room->max_connections;
}

/* The connection that has been idle longest, or NULL.  Each one that leaves the front of the ring
   was put there by a request, which bounds the total time. */
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
    sw_room_reap(worker); /* after all events of this iteration */
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
