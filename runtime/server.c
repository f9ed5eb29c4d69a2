/* server.c - configuration, memory, and the worker's turn. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    EVENTS = 128,            /* from the loop in one turn */
    SIZE_MAX_EACH = 1 << 26, /* no buffer of one connection is larger */
};

/* ---- Configuration -------------------------------------------------------------------------- */

static void give_default(uint32_t *member, uint32_t value)
{
    if (!*member)
        *member = value;
}

/* The least input buffer: a head that stays, and behind it a trailer section and a chunk line. */
static uint64_t least_input(const struct sw_limits *limits)
{
    return (uint64_t)limits->head + limits->trailer_bytes + limits->chunk_extensions + 4096;
}

/* Put defaults where zeros are.  Returns the name of a member that is out of range, or NULL. */
static const char *resolve(struct sw_server_config *config)
{
    static const struct sw_listener nearby = {"127.0.0.1", 8080};
    if (!config->listener_count) {
        config->listeners = &nearby;
        config->listener_count = 1;
    }
    struct sw_limits *limits = &config->limits;
    give_default(&limits->fields, 128);
    give_default(&limits->head, 16384);
    give_default(&limits->trailer_bytes, 8192);
    give_default(&limits->chunk_extensions, 4096);
    give_default(&config->connections, 4096);
    give_default(&config->exchanges, config->connections);
    give_default(&config->head_timeout, 10000);
    give_default(&config->body_timeout, 30000);
    give_default(&config->idle_timeout, 60000);
    give_default(&config->write_timeout, 30000);
    give_default(&config->pace, 16384);
    give_default(&config->linger, 2000);
    give_default(&config->drain, 10000);
    give_default(&config->output, 16384);
    give_default(&config->scratch, 4096);

    uint64_t least = least_input(limits);
    if (least > SIZE_MAX_EACH)
        return "limits.head";
    give_default(&config->input, least < 32768 ? 32768 : (uint32_t)least);

    const struct {
        const char *name;
        uint64_t value, least, most;
    } ranges[] = {
        {"handler", config->handler != NULL, 1, 1},
        {"listeners", config->listeners != NULL, 1, 1},
        {"listener_count", config->listener_count, 1, SW_LISTENERS_MAX},
        {"connections", config->connections, 1, 1 << 24},
        {"exchanges", config->exchanges, 1, config->connections},
        {"head_timeout", config->head_timeout, 1, INT32_MAX},
        {"body_timeout", config->body_timeout, 1, INT32_MAX},
        {"idle_timeout", config->idle_timeout, 1, INT32_MAX},
        {"write_timeout", config->write_timeout, 1, INT32_MAX},
        {"linger", config->linger, 1, INT32_MAX},
        {"drain", config->drain, 1, INT32_MAX},
        {"input", config->input, least, SIZE_MAX_EACH},
        {"output", config->output, 8192, SIZE_MAX_EACH},
        {"scratch", config->scratch, 1, SIZE_MAX_EACH},
        {"limits.fields", limits->fields, 1, 1 << 16},
        {"limits.field_name", limits->field_name, 0, UINT16_MAX},
        {"limits.pipeline", limits->pipeline, 0, 32},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return ranges[i].name;
    config->scratch = (config->scratch + 63) & ~UINT32_C(63);
    return NULL;
}

/* ---- Memory --------------------------------------------------------------------------------- */

/* The one mapping: the server, then its pools, each from a multiple of 64 on. */
struct plan {
    size_t lease; /* bytes of one */
    size_t peers, leases, outputs, parked, size;
};

static struct plan make_plan(const struct sw_server_config *config)
{
    struct plan plan = {.lease = SW_LEASE_SIZE + sw_more_fields(config) * sizeof(struct sw_field) +
                                 config->scratch + config->input};
    plan.peers = (sizeof(struct sw_server) + 63) / 64 * 64;
    plan.leases = plan.peers + sw_pool_memory(sizeof(struct sw_peer), config->connections);
    plan.outputs = plan.leases + sw_pool_memory(plan.lease, config->exchanges);
    plan.parked = plan.outputs + sw_pool_memory(config->output, config->exchanges);
    plan.size = plan.parked + sw_pool_memory(sizeof(struct sw_parked), config->connections);
    return plan;
}

size_t sw_server_memory(const struct sw_server_config *config)
{
    struct sw_server_config whole = *config;
    return resolve(&whole) ? 0 : make_plan(&whole).size;
}

/* ---- Opening and closing -------------------------------------------------------------------- */

static void init_worker(struct sw_worker *worker, const struct sw_server_config *config,
                        const struct plan *plan, char *memory)
{
    worker->config = config;
    worker->now = sw_clock();
    sw_wheel_init(&worker->wheel, (uint32_t)(worker->now >> SW_TICK_BITS));
    sw_date_set(&worker->date, (int64_t)time(NULL));
    sw_link_init(&worker->open);
    sw_link_init(&worker->ready);
    sw_link_init(&worker->starved);
    sw_link_init(&worker->gone);
    sw_link_init(&worker->retry.link);
    sw_link_init(&worker->deadline.link);
    atomic_init(&worker->resumed, NULL);
    atomic_init(&worker->stop, 0);
    sw_pool_init(&worker->peers, memory + plan->peers, sizeof(struct sw_peer), config->connections);
    sw_pool_init(&worker->leases, memory + plan->leases, plan->lease, config->exchanges);
    sw_pool_init(&worker->outputs, memory + plan->outputs, config->output, config->exchanges);
    sw_pool_init(&worker->parked, memory + plan->parked, sizeof(struct sw_parked),
                 config->connections);
}

/* Returns what failed, with errno set, or NULL. */
static const char *open_doors(struct sw_worker *worker)
{
    if ((errno = sw_loop_open(&worker->loop)) != 0)
        return "epoll_create";
    for (uint32_t i = 0; i < worker->config->listener_count; i++) {
        const char *failed = sw_door_open(worker, &worker->doors[i], &worker->config->listeners[i]);
        if (failed)
            return failed;
        worker->doors[i].ready = true;
        worker->door_count++;
    }
    return NULL;
}

struct sw_server *sw_server_open(const struct sw_server_config *config,
                                 struct sw_server_fault *fault)
{
    struct sw_server_config whole = *config;
    struct sw_server *server = MAP_FAILED;
    const char *failed = resolve(&whole);
    if (failed) {
        errno = EINVAL;
    } else {
        struct plan plan = make_plan(&whole);
        server = mmap(NULL, plan.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        failed = "mmap";
        if (server != MAP_FAILED) {
            server->size = plan.size;
            server->config = whole;
            init_worker(&server->worker, &server->config, &plan, (char *)server);
            failed = open_doors(&server->worker);
            server->config.listeners = NULL;
        }
    }
    if (!failed)
        return server;
    if (fault)
        *fault = (struct sw_server_fault){failed, errno};
    if (server != MAP_FAILED)
        sw_server_close(server);
    return NULL;
}

unsigned sw_server_port(const struct sw_server *server, uint32_t i)
{
    return i < server->worker.door_count ? server->worker.doors[i].port : 0;
}

void sw_server_stop(struct sw_server *server)
{
    atomic_fetch_add(&server->worker.stop, 1);
    sw_loop_wake(&server->worker.loop);
}

/* ---- Turns ---------------------------------------------------------------------------------- */

/* From here on nobody is idle: each peer is closed, or its next reply is its last. */
static void leave(struct sw_worker *worker)
{
    for (uint32_t i = 0; i < worker->door_count; i++) {
        sw_door_accept(worker, &worker->doors[i]);
        sw_door_close(&worker->doors[i]);
    }
    struct sw_link all;
    sw_link_init(&all);
    sw_link_move_all(&worker->open, &all);
    while (!sw_link_empty(&all))
        sw_peer_leave(worker, SW_CONTAINER(all.next, struct sw_peer, link));
    sw_wheel_set(&worker->wheel, &worker->deadline, sw_worker_tick(worker, worker->config->drain));
}

/* Time is up: close whatever is open. */
static void cut(struct sw_worker *worker)
{
    struct sw_link *rings[] = {&worker->open, &worker->ready, &worker->starved};
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
        struct sw_link all;
        sw_link_init(&all);
        sw_link_move_all(rings[i], &all);
        while (!sw_link_empty(&all)) {
            struct sw_peer *peer = SW_CONTAINER(all.next, struct sw_peer, link);
            worker->cut += peer->fd >= 0 && peer->wait != SW_WAIT_LINGER;
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
        sw_peer_ready(worker, peer, 0);
    }
}

static void run_timers(struct sw_worker *worker)
{
    struct sw_timer *timer;
    while ((timer = sw_wheel_due(&worker->wheel, (uint32_t)(worker->now >> SW_TICK_BITS)))) {
        if (timer == &worker->retry)
            worker->starving = false;
        else if (timer == &worker->deadline)
            cut(worker);
        else
            sw_peer_expire(worker, SW_CONTAINER(timer, struct sw_peer, timer));
    }
}

/* Is somebody waiting in front of a door, and may come in? */
static bool may_accept(const struct sw_worker *worker)
{
    if (worker->starving || worker->leaving || worker->peers.used == worker->peers.count)
        return false;
    for (uint32_t i = 0; i < worker->door_count; i++)
        if (worker->doors[i].ready)
            return true;
    return false;
}

static int patience(const struct sw_worker *worker)
{
    uint32_t tick;
    if (!sw_link_empty(&worker->ready) || may_accept(worker))
        return 0;
    if (!sw_wheel_next(&worker->wheel, &tick))
        return -1;
    uint32_t now = (uint32_t)(worker->now >> SW_TICK_BITS);
    int32_t ticks = (int32_t)(tick - now);
    if (ticks <= 0)
        return 0;
    return (ticks << SW_TICK_BITS) - (int)(worker->now & ((1 << SW_TICK_BITS) - 1));
}

static void keep_time(struct sw_worker *worker)
{
    uint64_t now = sw_clock();
    if (now >> SW_TICK_BITS != worker->now >> SW_TICK_BITS)
        sw_date_set(&worker->date, (int64_t)time(NULL));
    worker->now = now;
}

static void reap(struct sw_worker *worker)
{
    while (!sw_link_empty(&worker->gone)) {
        struct sw_peer *peer = SW_CONTAINER(worker->gone.next, struct sw_peer, link);
        sw_link_take(&peer->link);
        sw_pool_put(&worker->peers, peer);
    }
}

static void turn(struct sw_worker *worker)
{
    struct sw_ready ready[EVENTS];
    int n = sw_loop_wait(&worker->loop, ready, EVENTS, patience(worker));
    keep_time(worker);
    for (int i = 0; i < n; i++) {
        if (!ready[i].tag)
            continue;
        if (*(uint8_t *)ready[i].tag == SW_TAG_DOOR)
            ((struct sw_door *)ready[i].tag)->ready = true;
        else
            sw_peer_ready(worker, ready[i].tag, ready[i].what);
    }
    take_resumed(worker);
    run_ready(worker);
    run_timers(worker);
    for (uint32_t i = 0; i < worker->door_count && may_accept(worker); i++)
        if (worker->doors[i].ready)
            sw_door_accept(worker, &worker->doors[i]);
    reap(worker);
}

static void serve(struct sw_worker *worker)
{
    do {
        turn(worker);
        unsigned stop = atomic_load(&worker->stop);
        if (stop && !worker->leaving)
            leave(worker);
        if (stop > 1)
            cut(worker);
        worker->leaving = stop;
    } while (!worker->leaving || (worker->peers.used && !worker->over));
}

int sw_server_run(struct sw_server *server)
{
    /* sendfile() has no MSG_NOSIGNAL: SIGPIPE is blocked, and what has come of it is dropped. */
    sigset_t pipe, blocked;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &blocked);
    serve(&server->worker);
    if (!sigismember(&blocked, SIGPIPE)) {
        sigtimedwait(&pipe, NULL, &(struct timespec){0, 0});
        pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
    }
    return server->worker.cut;
}

void sw_server_close(struct sw_server *server)
{
    struct sw_worker *worker = &server->worker;
    for (uint32_t i = 0; i < worker->door_count; i++)
        sw_door_close(&worker->doors[i]);
    cut(worker);
    while (!sw_link_empty(&worker->open)) { /* what is still held */
        struct sw_peer *peer = SW_CONTAINER(worker->open.next, struct sw_peer, link);
        peer->lease->held = false;
        sw_peer_close(worker, peer);
    }
    reap(worker);
    sw_pool_close(&worker->peers);
    sw_pool_close(&worker->leases);
    sw_pool_close(&worker->outputs);
    sw_pool_close(&worker->parked);
    sw_loop_close(&worker->loop);
    munmap(server, server->size);
}
