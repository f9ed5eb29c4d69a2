/* worker.c - a thread that serves: iterations of its event loop, and graceful shutdown. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "server/access_log.h"
#include "server/capacity.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/connection_state.h"
#include "server/event_loop.h"
#include "server/list.h"
#include "server/listener.h"
#include "server/report.h"
#include "server/room.h"
#include "server/server_state.h"
#include "server/service_manager.h"
#include "server/shared_capacity.h"
#include "server/suspend.h"
#include "server/timer_wheel.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <errno.h>
#include <time.h>

enum {
    EVENTS = 128,      /* per iteration of the event loop */
    BATCH = 16,        /* connections that are read, processed and written together */
    ACCEPT_GRACE = 80, /* milliseconds for connections in the handshake at the shutdown */
};

/* All rings of connections that are not closed. */
#define RINGS(worker)                                                                              \
    {                                                                                              \
        &(worker)->open, &(worker)->ready,                                                         \
            &(worker)->rooms[SW_ROOM_USUAL].waiting_for_transaction,                               \
            &(worker)->rooms[SW_ROOM_USUAL].idle,                                                  \
            &(worker)->rooms[SW_ROOM_RESERVED].waiting_for_transaction,                            \
            &(worker)->rooms[SW_ROOM_RESERVED].idle                                                \
    }

/* ---- Opening and closing -------------------------------------------------------------------- */

static void init_pools(struct sw_worker *worker, const struct sw_plan *plan)
{
    char *memory = (char *)worker;
    sw_pool_init(&worker->connections, memory + plan->connections, sizeof(struct sw_connection),
                 plan->peer_count);
    sw_pool_init(&worker->transactions, memory + plan->transactions, SW_TRANSACTION_SIZE,
                 plan->lease_count);
    sw_pool_init(&worker->messages, memory + plan->messages, sizeof(struct sw_message),
                 plan->lease_count);
    sw_pool_init(&worker->compact_messages, memory + plan->compact_messages, SW_COMPACT_SIZE,
                 plan->lease_count);
    sw_pool_init(&worker->inputs, memory + plan->inputs, plan->input, plan->lease_count);
    sw_pool_init(&worker->outputs, memory + plan->outputs, worker->config->output_buffer,
                 plan->lease_count);
    sw_pool_init(&worker->partial_input, memory + plan->partial_input,
                 sizeof(struct sw_partial_input), plan->parked_count);
}

void sw_worker_init(struct sw_worker *worker, struct sw_server *server, const struct sw_plan *plan)
{
    const struct sw_server_config *config = &server->config;
    char *memory = (char *)worker;
    worker->server = server;
    worker->config = config;
    worker->trusted_limits = config->limits;
    worker->trusted_limits.schemes |= SW_SCHEME_HTTP | SW_SCHEME_HTTPS;
    worker->loop = (struct sw_loop){-1, -1};
    worker->listener_count = config->listener_count;
    for (uint32_t i = 0; i < worker->listener_count; i++)
        worker->listeners[i] = (struct sw_listener){.tag = SW_TAG_LISTENER, .fd = -1};
    worker->now = sw_clock();
    sw_wheel_init(&worker->wheel, (uint32_t)(worker->now >> SW_TICK_BITS));
    sw_date_set(&worker->date, (int64_t)time(NULL));
    sw_link_init(&worker->open);
    sw_link_init(&worker->ready);
    sw_link_init(&worker->closed);
    sw_link_init(&worker->deadline.link);
    atomic_init(&worker->resumed, NULL);
    sw_config_rooms(config, worker->rooms);
    for (int i = 0; i < SW_ROOMS; i++) {
        sw_link_init(&worker->rooms[i].waiting_for_transaction);
        sw_link_init(&worker->rooms[i].idle);
        atomic_init(&worker->rooms[i].space,
                    worker->rooms[i].max_served ? SW_SPACE_FREE : SW_SPACE_NONE);
        atomic_init(&worker->rooms[i].crowded, false);
    }
    init_pools(worker, plan);
    worker->scratch = memory + plan->scratch;
    worker->client_addresses = (void *)(memory + plan->client_addresses);
    worker->log.config = config;
    worker->log.date = &worker->date;
    worker->log.metrics = &worker->metrics;
    worker->log.fd = -1;
    worker->log.lines = sw_log_wanted(config) ? memory + plan->log : NULL;
}

/* ---- Iterations ------------------------------------------------------------------------------ */

/* Does a client wait that can be accepted now? */
static bool may_accept(const struct sw_worker *worker)
{
    if (worker->retry_at)
        return false;
    for (uint32_t i = 0; i < worker->listener_count; i++)
        if (worker->listeners[i].ready && sw_room_fits(worker, &worker->listeners[i]))
            return true;
    return false;
}

/* The first worker notifies the service manager. */
static bool is_first(const struct sw_worker *worker)
{
    return worker == sw_server_worker(worker->server, 0);
}

/* Graceful shutdown: connections are closed after their next response, and soon when idle. */
static void begin_shutdown(struct sw_worker *worker)
{
    if (is_first(worker))
        sw_service_manager_notify(&worker->server->service_manager, "STOPPING=1");
    sw_rooms_shut_down(worker);
    for (uint32_t i = 0; i < worker->listener_count; i++)
        sw_listener_finish_accepting(worker, &worker->listeners[i]);
    worker->shut_at = worker->now + ACCEPT_GRACE;
    struct sw_link *rings[] = RINGS(worker);
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++)
        for (struct sw_link *link = rings[i]->next; link != rings[i]; link = link->next)
            sw_connection_shut_down(worker, SW_CONTAINER(link, struct sw_connection, link));
    sw_wheel_set(&worker->wheel, &worker->deadline, sw_worker_tick(worker, worker->config->drain));
}

/* Accepts all connections in the queues, then closes the listeners. */
static void close_listeners(struct sw_worker *worker)
{
    if (atomic_load(&worker->server->helping)) {
        worker->shut_at = worker->now + 1;
        return;
    }
    for (uint32_t i = 0; i < worker->listener_count; i++) {
        struct sw_listener *listener = &worker->listeners[i];
        for (listener->ready = true;
             listener->ready && !worker->retry_at && sw_room_fits(worker, listener);)
            sw_listener_accept(worker, worker, i);
        sw_listener_close(worker, listener);
    }
    worker->shut_at = 0;
}

/* The deadline of graceful shutdown: closes all connections. */
static void force_close(struct sw_worker *worker)
{
    struct sw_link *rings[] = RINGS(worker);
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
        struct sw_link all;
        sw_link_init(&all);
        sw_link_move_all(rings[i], &all);
        while (!sw_link_empty(&all)) {
            struct sw_connection *connection = SW_CONTAINER(all.next, struct sw_connection, link);
            worker->force_closed += connection->fd >= 0 && connection->wait != SW_WAIT_LINGER &&
                                   connection->wait != SW_WAIT_IDLE;
            sw_connection_close(worker, connection);
        }
    }
    worker->over = true;
}

static void take_resumed(struct sw_worker *worker)
{
    struct sw_transaction *txn =
        atomic_exchange_explicit(&worker->resumed, NULL, memory_order_acquire);
    while (txn) {
        struct sw_transaction *next = txn->resumed;
        sw_connection_resume(worker, txn->connection);
        txn = next;
    }
}

static void run_ready(struct sw_worker *worker)
{
    struct sw_link now;
    sw_link_init(&now);
    sw_link_move_all(&worker->ready, &now);
    while (!sw_link_empty(&now)) {
        struct sw_connection *connection = SW_CONTAINER(now.next, struct sw_connection, link);
        sw_link_move(&connection->link, &worker->open);
        if (sw_connection_event(worker, connection, 0))
            sw_connection_run(worker, connection);
    }
}

static void run_timers(struct sw_worker *worker)
{
    struct sw_timer *timer;
    while ((timer = sw_wheel_due(&worker->wheel, (uint32_t)(worker->now >> SW_TICK_BITS)))) {
        if (timer == &worker->deadline)
            force_close(worker);
        else
            sw_connection_expire(worker, SW_CONTAINER(timer, struct sw_connection, timer));
    }
}

/* Milliseconds until the next slot of the wheel with timers; -1 when there is none. */
static int wheel_timeout(const struct sw_worker *worker)
{
    uint32_t tick, now = (uint32_t)(worker->now >> SW_TICK_BITS);
    if (!sw_wheel_next(&worker->wheel, &tick))
        return -1;
    int32_t ticks = (int32_t)(tick - now);
    if (ticks <= 0)
        return 0;
    return (ticks << SW_TICK_BITS) - (int)(worker->now & ((1 << SW_TICK_BITS) - 1));
}

/* The shorter of `time` and the time until `at`, which is finer than the ticks of the wheel.  An
   `at` of 0 is never, and so is a time of -1. */
static int sooner(const struct sw_worker *worker, int time, uint64_t at)
{
    if (!at)
        return time;
    int until = at > worker->now ? (int)(at - worker->now) : 0;
    return time < 0 || until < time ? until : time;
}

static int poll_timeout(const struct sw_worker *worker)
{
    if (!sw_link_empty(&worker->ready) || worker->helps || may_accept(worker))
        return 0;
    int time = sooner(worker, wheel_timeout(worker), worker->retry_at);
    time = sooner(worker, time, worker->log.retry_at);
    if (is_first(worker))
        time = sooner(worker, time, worker->server->service_manager.retry_at);
    return sooner(worker, time, worker->shut_at);
}

static void keep_time(struct sw_worker *worker)
{
    uint64_t now = sw_clock();
    if (now >> SW_TICK_BITS != worker->now >> SW_TICK_BITS)
        sw_date_set(&worker->date, (int64_t)time(NULL));
    worker->now = now;
}

/* The kernel wakes one worker for a connection on a common socket: only those with capacity watch
   it. */
static void watch_listeners(struct sw_worker *worker)
{
    if (worker->shutting_down)
        return;
    for (uint32_t i = 0; i < worker->listener_count; i++) {
        struct sw_listener *listener = &worker->listeners[i];
        if (listener->common && listener->fd >= 0 &&
            listener->watched != sw_room_fits(worker, listener))
            sw_listener_watch(worker, listener, !listener->watched);
    }
}

/* Runs the connections with events in batches, each as large as the caches and the free
   transactions allow. */
static void take_events(struct sw_worker *worker, const struct sw_loop_event *ready, int n)
{
    struct sw_connection *connections[BATCH];
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        if (!ready[i].tag)
            continue;
        if (*(uint8_t *)ready[i].tag == SW_TAG_LISTENER)
            ((struct sw_listener *)ready[i].tag)->ready = true;
        else if (sw_connection_event(worker, ready[i].tag, ready[i].what))
            connections[count++] = ready[i].tag;
        if (count == BATCH || count >= sw_transactions_available(worker)) {
            sw_connections_run(worker, connections, count);
            count = 0;
        }
    }
    sw_connections_run(worker, connections, count);
}

/* Of the workers that fail after the same call of sw_server_reopen(), one reports it. */
static void reopen_log(struct sw_worker *worker)
{
    struct sw_server *server = worker->server;
    unsigned calls = atomic_load(&server->reopen);
    if (sw_log_reopen(&worker->log, calls, worker->now))
        return;
    const struct sw_server_error error = {.what = "access_log", .code = errno};
    if (worker->config->on_log_error && atomic_exchange(&server->reported, calls) != calls)
        worker->config->on_log_error(&error);
}

static void run_iteration(struct sw_worker *worker)
{
    struct sw_loop_event ready[EVENTS];
    int n = sw_loop_wait(&worker->loop, ready, EVENTS, poll_timeout(worker));
    keep_time(worker);
    take_events(worker, ready, n);
    take_resumed(worker);
    run_ready(worker);
    run_timers(worker);
    if (worker->retry_at <= worker->now)
        worker->retry_at = 0;
    sw_room_reap(worker);
    for (uint32_t i = 0; i < worker->listener_count && !worker->retry_at; i++)
        if (worker->listeners[i].ready)
            sw_listener_accept(worker, worker, i);
    sw_rooms_share(worker);
    watch_listeners(worker);
    if (is_first(worker))
        sw_service_manager_retry(&worker->server->service_manager);
    reopen_log(worker);
    sw_log_write(&worker->log, worker->now);
    sw_worker_publish(worker);
}

void sw_worker_serve(struct sw_worker *worker)
{
    while (!worker->shutting_down ||
           ((worker->shut_at || worker->connections.used) && !worker->over)) {
        run_iteration(worker);
        unsigned stop = atomic_load(&worker->server->stop), before = worker->shutting_down;
        worker->shutting_down = stop;
        if (stop && !before)
            begin_shutdown(worker);
        if (stop > 1)
            force_close(worker);
        else if (worker->shut_at && worker->shut_at <= worker->now)
            close_listeners(worker);
    }
}

void sw_worker_close(struct sw_worker *worker)
{
    for (uint32_t i = 0; i < worker->listener_count; i++)
        sw_listener_close(worker, &worker->listeners[i]);
    force_close(worker);
    while (!sw_link_empty(&worker->open)) { /* suspended */
        struct sw_connection *connection =
            SW_CONTAINER(worker->open.next, struct sw_connection, link);
        sw_transaction_end_suspend(connection->txn);
        sw_connection_close(worker, connection);
    }
    sw_room_reap(worker);
    sw_pool_close(&worker->connections);
    sw_pool_close(&worker->transactions);
    sw_pool_close(&worker->messages);
    sw_pool_close(&worker->compact_messages);
    sw_pool_close(&worker->inputs);
    sw_pool_close(&worker->outputs);
    sw_pool_close(&worker->partial_input);
    sw_log_close(&worker->log, worker->now);
    sw_loop_close(&worker->loop);
}
