/* shared_capacity.c - workers accept for each other when one of them is full. */
/* SPDX-License-Identifier: MIT */
#include "server/capacity.h"
#include "server/event_loop.h"
#include "server/listener.h"
#include "server/room.h"
#include "server/server_state.h"
#include "server/shared_capacity.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

/*
 * The kernel distributes connections over the workers, each of which has an accept queue of its
 * own, whether it has capacity or not.  A worker that has less capacity than another one leaves its
 * queue to that one: it sets `crowded` and wakes the other one, which accepts from these listeners
 * as from its own.  Closing and opening a listener would lose the connections in its queue, and one
 * queue for all workers would send all of them to the same one.
 *
 * No wake is lost: a worker publishes its own change first, and reads the others' state after.  So
 * of two workers whose changes belong together at least one sees both.  While there is capacity the
 * cost is a few loads.
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

/* Shows the capacity to other workers.  True when it has become less. */
static bool publish(const struct sw_worker *worker, struct sw_room *room)
{
    uint8_t before = atomic_load_explicit(&room->space, memory_order_relaxed);
    uint8_t space = worker->retry_at ? SW_SPACE_NONE : (uint8_t)sw_room_space(room);
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

/* Accepts for crowded workers.  What is left is for the next iteration. */
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
            if (listener->ready) /* its worker may have read the flag while it was clear */
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
        enum sw_space own = sw_room_space(&worker->rooms[r]),
                      best = sw_room_space_elsewhere(worker, r);
        bool crowded = worker->rooms[r].crowded;
        if (best > own && (crowded || less[r]))
            wake(worker, r, best);
        else if (best == SW_SPACE_NONE && own == SW_SPACE_NONE && less[r])
            wake_crowded(worker, r); /* they refuse their clients */
    }
}

void sw_rooms_shut_down(struct sw_worker *worker)
{
    for (uint32_t r = 0; r < SW_ROOMS; r++) {
        atomic_store(&worker->rooms[r].space, SW_SPACE_NONE);
        note_crowd(worker, r, false);
    }
}
