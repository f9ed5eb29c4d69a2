/* server_worker.c - a thread that serves: its turns, and how it leaves. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "server.h"

#include <errno.h>
#include <time.h>

enum {
    EVENTS = 128,  /* from the loop in one turn */
    TOGETHER = 16, /* peers that go through their turns side by side */
    SETTLE = 80,   /* milliseconds for connections that are being made when the server leaves */
};

/* All that hold peers which are not gone. */
#define RINGS(worker)                                                                              \
    {                                                                                              \
        &(worker)->open, &(worker)->ready, &(worker)->rooms[SW_ROOM_USUAL].starved,                \
            &(worker)->rooms[SW_ROOM_USUAL].idle, &(worker)->rooms[SW_ROOM_RESERVED].starved,      \
            &(worker)->rooms[SW_ROOM_RESERVED].idle                                                \
    }

/* ---- Opening and closing -------------------------------------------------------------------- */

void sw_worker_init(struct sw_worker *worker, struct sw_server *server, const struct sw_plan *plan)
{
    const struct sw_server_config *config = &server->config;
    char *memory = (char *)worker;
    worker->server = server;
    worker->config = config;
    worker->trusted_limits = config->limits;
    worker->trusted_limits.schemes |= SW_SCHEME_HTTP | SW_SCHEME_HTTPS;
    worker->loop = (struct sw_loop){-1, -1};
    worker->door_count = config->listener_count;
    for (uint32_t i = 0; i < worker->door_count; i++)
        worker->doors[i] = (struct sw_door){.tag = SW_TAG_DOOR, .fd = -1};
    worker->now = sw_clock();
    sw_wheel_init(&worker->wheel, (uint32_t)(worker->now >> SW_TICK_BITS));
    sw_date_set(&worker->date, (int64_t)time(NULL));
    sw_link_init(&worker->open);
    sw_link_init(&worker->ready);
    sw_link_init(&worker->gone);
    sw_link_init(&worker->deadline.link);
    atomic_init(&worker->resumed, NULL);
    sw_config_rooms(config, worker->rooms);
    for (int i = 0; i < SW_ROOMS; i++) {
        sw_link_init(&worker->rooms[i].starved);
        sw_link_init(&worker->rooms[i].idle);
        atomic_init(&worker->rooms[i].space,
                    worker->rooms[i].max_served ? SW_SPACE_FREE : SW_SPACE_NONE);
        atomic_init(&worker->rooms[i].crowded, false);
    }
    sw_pool_init(&worker->peers, memory + plan->peers, sizeof(struct sw_peer), plan->peer_count);
    sw_pool_init(&worker->leases, memory + plan->leases, SW_LEASE_SIZE, plan->lease_count);
    sw_pool_init(&worker->messages, memory + plan->messages, sizeof(struct sw_message),
                 plan->lease_count);
    sw_pool_init(&worker->shelves, memory + plan->shelves, SW_SHELF_SIZE, plan->lease_count);
    sw_pool_init(&worker->inputs, memory + plan->inputs, plan->input, plan->lease_count);
    sw_pool_init(&worker->outputs, memory + plan->outputs, config->output, plan->lease_count);
    sw_pool_init(&worker->parked, memory + plan->parked, sizeof(struct sw_parked),
                 plan->parked_count);
    worker->scratch = memory + plan->scratch;
    worker->names = (void *)(memory + plan->names);
    worker->log.fd = -1;
    worker->log.lines = sw_log_wanted(config) ? memory + plan->log : NULL;
}

/* ---- Turns ---------------------------------------------------------------------------------- */

/* Is somebody waiting in front of a door, and may come in? */
static bool may_accept(const struct sw_worker *worker)
{
    if (worker->retry_at)
        return false;
    for (uint32_t i = 0; i < worker->door_count; i++)
        if (worker->doors[i].ready && sw_room_fits(worker, &worker->doors[i]))
            return true;
    return false;
}

/* The one that tells the service manager. */
static bool is_first(const struct sw_worker *worker)
{
    return worker == sw_server_worker(worker->server, 0);
}

/* From here on each peer is closed, or its next reply is its last. */
static void leave(struct sw_worker *worker)
{
    if (is_first(worker))
        sw_manager_tell(&worker->server->manager, "STOPPING=1");
    sw_rooms_leave(worker);
    for (uint32_t i = 0; i < worker->door_count; i++)
        sw_door_settle(worker, &worker->doors[i]);
    worker->shut_at = worker->now + SETTLE;
    struct sw_link *rings[] = RINGS(worker);
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++)
        for (struct sw_link *link = rings[i]->next; link != rings[i]; link = link->next)
            sw_peer_leave(worker, SW_CONTAINER(link, struct sw_peer, link));
    sw_wheel_set(&worker->wheel, &worker->deadline, sw_worker_tick(worker, worker->config->drain));
}

/* The time of those who were connecting is over; all that are in the queue may come in. */
static void shut_doors(struct sw_worker *worker)
{
    if (atomic_load(&worker->server->helping)) {
        worker->shut_at = worker->now + 1;
        return;
    }
    for (uint32_t i = 0; i < worker->door_count; i++) {
        struct sw_door *door = &worker->doors[i];
        for (door->ready = true; door->ready && !worker->retry_at && sw_room_fits(worker, door);)
            sw_door_accept(worker, worker, i);
        sw_door_close(worker, door);
    }
    worker->shut_at = 0;
}

/* Time is up: close whatever is open. */
static void cut(struct sw_worker *worker)
{
    struct sw_link *rings[] = RINGS(worker);
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
        struct sw_link all;
        sw_link_init(&all);
        sw_link_move_all(rings[i], &all);
        while (!sw_link_empty(&all)) {
            struct sw_peer *peer = SW_CONTAINER(all.next, struct sw_peer, link);
            worker->cut +=
                peer->fd >= 0 && peer->wait != SW_WAIT_LINGER && peer->wait != SW_WAIT_IDLE;
            sw_peer_close(worker, peer);
        }
    }
    worker->over = true;
}

static void take_resumed(struct sw_worker *worker)
{
    struct sw_lease *lease = atomic_exchange_explicit(&worker->resumed, NULL, memory_order_acquire);
    while (lease) {
        struct sw_lease *next = lease->resumed;
        sw_lease_resume(lease);
        lease = next;
    }
}

static void run_ready(struct sw_worker *worker)
{
    struct sw_link now;
    sw_link_init(&now);
    sw_link_move_all(&worker->ready, &now);
    while (!sw_link_empty(&now)) {
        struct sw_peer *peer = SW_CONTAINER(now.next, struct sw_peer, link);
        sw_link_move(&peer->link, &worker->open);
        if (sw_peer_ready(worker, peer, 0))
            sw_peer_run(worker, peer);
    }
}

static void run_timers(struct sw_worker *worker)
{
    struct sw_timer *timer;
    while ((timer = sw_wheel_due(&worker->wheel, (uint32_t)(worker->now >> SW_TICK_BITS)))) {
        if (timer == &worker->deadline)
            cut(worker);
        else
            sw_peer_expire(worker, SW_CONTAINER(timer, struct sw_peer, timer));
    }
}

/* Milliseconds until the wheel has something to do; -1 when it never has. */
static int patience_of_wheel(const struct sw_worker *worker)
{
    uint32_t tick, now = (uint32_t)(worker->now >> SW_TICK_BITS);
    if (!sw_wheel_next(&worker->wheel, &tick))
        return -1;
    int32_t ticks = (int32_t)(tick - now);
    if (ticks <= 0)
        return 0;
    return (ticks << SW_TICK_BITS) - (int)(worker->now & ((1 << SW_TICK_BITS) - 1));
}

/* The shorter of the two: `time`, and how long it is until `at`, which is nearer than the wheel's
   ticks can tell; 0 is never. */
static int sooner(const struct sw_worker *worker, int time, uint64_t at)
{
    if (!at)
        return time;
    int until = at > worker->now ? (int)(at - worker->now) : 0;
    return time < 0 || until < time ? until : time;
}

static int patience(const struct sw_worker *worker)
{
    if (!sw_link_empty(&worker->ready) || worker->helps || may_accept(worker))
        return 0;
    int time = sooner(worker, patience_of_wheel(worker), worker->retry_at);
    time = sooner(worker, time, worker->log.retry_at);
    if (is_first(worker))
        time = sooner(worker, time, worker->server->manager.retry_at);
    return sooner(worker, time, worker->shut_at);
}

static void keep_time(struct sw_worker *worker)
{
    uint64_t now = sw_clock();
    if (now >> SW_TICK_BITS != worker->now >> SW_TICK_BITS)
        sw_date_set(&worker->date, (int64_t)time(NULL));
    worker->now = now;
}

/* A newcomer wakes one worker only: that must not be one who has no room, or leaves. */
static void watch_doors(struct sw_worker *worker)
{
    if (worker->leaving)
        return;
    for (uint32_t i = 0; i < worker->door_count; i++) {
        struct sw_door *door = &worker->doors[i];
        if (door->common && door->fd >= 0 && door->watched != sw_room_fits(worker, door))
            sw_door_watch(worker, door, !door->watched);
    }
}

/* News from the loop.  As many peers at once as fit into the caches and find a lease each. */
static void take_news(struct sw_worker *worker, const struct sw_ready *ready, int n)
{
    struct sw_peer *peers[TOGETHER];
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        if (!ready[i].tag)
            continue;
        if (*(uint8_t *)ready[i].tag == SW_TAG_DOOR)
            ((struct sw_door *)ready[i].tag)->ready = true;
        else if (sw_peer_ready(worker, ready[i].tag, ready[i].what))
            peers[count++] = ready[i].tag;
        if (count == TOGETHER || count >= sw_lease_left(worker)) {
            sw_peers_run(worker, peers, count);
            count = 0;
        }
    }
    sw_peers_run(worker, peers, count);
}

static void turn(struct sw_worker *worker)
{
    struct sw_ready ready[EVENTS];
    int n = sw_loop_wait(&worker->loop, ready, EVENTS, patience(worker));
    keep_time(worker);
    take_news(worker, ready, n);
    take_resumed(worker);
    run_ready(worker);
    run_timers(worker);
    if (worker->retry_at <= worker->now)
        worker->retry_at = 0;
    sw_room_reap(worker);
    for (uint32_t i = 0; i < worker->door_count && !worker->retry_at; i++)
        if (worker->doors[i].ready)
            sw_door_accept(worker, worker, i);
    sw_rooms_share(worker);
    watch_doors(worker);
    if (is_first(worker))
        sw_manager_retry(&worker->server->manager);
    sw_log_turn(worker);
    sw_metrics_publish(worker);
}

void sw_worker_serve(struct sw_worker *worker)
{
    while (!worker->leaving || ((worker->shut_at || worker->peers.used) && !worker->over)) {
        turn(worker);
        unsigned stop = atomic_load(&worker->server->stop), before = worker->leaving;
        worker->leaving = stop;
        if (stop && !before)
            leave(worker);
        if (stop > 1)
            cut(worker);
        else if (worker->shut_at && worker->shut_at <= worker->now)
            shut_doors(worker);
    }
}

void sw_worker_close(struct sw_worker *worker)
{
    for (uint32_t i = 0; i < worker->door_count; i++)
        sw_door_close(worker, &worker->doors[i]);
    cut(worker);
    while (!sw_link_empty(&worker->open)) { /* what is still held */
        struct sw_peer *peer = SW_CONTAINER(worker->open.next, struct sw_peer, link);
        sw_lease_release(peer->lease);
        sw_peer_close(worker, peer);
    }
    sw_room_reap(worker);
    sw_pool_close(&worker->peers);
    sw_pool_close(&worker->leases);
    sw_pool_close(&worker->messages);
    sw_pool_close(&worker->shelves);
    sw_pool_close(&worker->inputs);
    sw_pool_close(&worker->outputs);
    sw_pool_close(&worker->parked);
    sw_log_close(worker);
    sw_loop_close(&worker->loop);
}
