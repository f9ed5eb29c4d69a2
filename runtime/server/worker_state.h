/* worker_state.h - a worker as the files see it that serve its connections. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_WORKER_STATE_H
#define SW_WORKER_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/access_log.h"
#include "server/connection_state.h"
#include "server/event_loop.h"
#include "server/list.h"
#include "server/listener.h"
#include "server/metrics.h"
#include "server/room.h"
#include "server/timer_wheel.h"
#include "shockwave_server.h"

struct sw_worker {
    struct sw_server *server;
    const struct sw_server_config *config;
    struct sw_limits trusted_limits; /* for trusted clients: both schemes, as a proxy ends TLS */
    pthread_t thread;
    struct sw_loop loop;
    struct sw_wheel wheel;
    struct sw_date date;
    uint64_t now; /* sw_clock() at the start of the iteration */
    uint32_t listener_count;
    uint64_t shut_at;         /* shutting down: when the listeners are closed; otherwise 0 */
    bool helps;               /* it left clients of other workers to the next iteration */
    uint64_t retry_at;        /* out of descriptors: when to accept again; otherwise 0 */
    struct sw_timer deadline; /* of graceful shutdown: open connections are force-closed */
    struct sw_room rooms[SW_ROOMS];
    struct sw_pool connections;  /* struct sw_connection; like all pools, for both rooms */
    struct sw_pool transactions; /* struct sw_transaction */
    struct sw_pool inputs;       /* input buffers, each followed by additional fields */
    struct sw_pool outputs;
    struct sw_pool messages;         /* struct sw_message */
    struct sw_pool compact_messages; /* struct sw_compact_message */
    struct sw_pool partial_input;    /* struct sw_partial_input */
    char *scratch;                   /* config->scratch bytes for each transaction */
    struct sw_metrics metrics;
    struct sw_log log;
    struct sw_client *client_addresses; /* one for each connection, touched only on demand */
    struct sw_link open;                /* connections in no other ring: they wait for events */
    struct sw_link ready;               /* to be run in the next iteration */
    struct sw_link closed;              /* freed before the next accept, so that an event of this
                                           iteration never meets a newer connection there */
    _Atomic(struct sw_transaction *) resumed; /* a stack: any thread pushes, the worker takes all */
    unsigned shutting_down;                   /* calls of sw_server_stop() that were obeyed */
    uint32_t force_closed;                    /* connections that were force-closed */
    bool over;                                /* the deadline of graceful shutdown has passed */
    struct sw_listener listeners[SW_LISTENERS_MAX];
    char discard_buffer[16384]; /* for unread bytes */
};

static inline struct sw_room *sw_room_of(struct sw_worker *worker,
                                         const struct sw_connection *connection)
{
    return &worker->rooms[connection->reserved];
}

/* The tick that is `milliseconds` from now, rounded up. */
static inline uint32_t sw_worker_tick(const struct sw_worker *worker, uint32_t milliseconds)
{
    return (uint32_t)((worker->now + milliseconds) >> SW_TICK_BITS) + 1;
}

/* Runs a connection in the next iteration of the event loop. */
static inline void sw_connection_schedule(struct sw_worker *worker,
                                          struct sw_connection *connection)
{
    sw_link_move(&connection->link, &worker->ready);
}

/* The connection is idle now: it becomes the last to be evicted. */
static inline void sw_room_note_idle(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_link *idle = &sw_room_of(worker, connection)->idle;
    if (idle->prev != &connection->link)
        sw_link_move(&connection->link, idle);
}

/* Sets what the connection waits for, and keeps its room's counts by it. */
static inline void sw_connection_set_wait(struct sw_worker *worker,
                                          struct sw_connection *connection, enum sw_wait wait)
{
    if (connection->wait == wait)
        return;
    struct sw_room *room = sw_room_of(worker, connection);
    room->wait_counts[connection->wait]--;
    room->wait_counts[wait]++;
    connection->wait = (uint8_t)wait & 15U;
}

#endif
