/* alloc_server.c - a server that uses all kinds of responses, and counts its allocations.
 *
 *     alloc_server DIRECTORY LOG
 *
 * Serves on two workers: / , /file/NAME, /echo, /nocopy, /later, /metrics; /counts, the
 * counts so far; /allocate, the only path that allocates.  Prints its port.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "counted.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shockwave_server.h"

#define TEXT SW_SPAN("text/plain")

static struct sw_server *server;
static struct sw_files files;

static void stop(int signal_number)
{
    (void)signal_number;
    sw_server_stop(server);
}

/* ---- Content that comes back ----------------------------------------------------------------- */

static size_t echo_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    return sw_reply_write(exchange, bytes);
}

static void echo_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                     const char *bytes)
{
    (void)trailers, (void)bytes;
    sw_reply_end(exchange);
}

static void echo(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_content = echo_content, .on_request_end = echo_end};
    exchange->hooks = &hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
}

/* ---- Replies from another thread ------------------------------------------------------------- */

/* A stack of suspended exchanges, linked through `data`. */
static _Atomic(struct sw_exchange *) waiting;
static atomic_bool done;
static sem_t some;

static void *reply_later(void *data)
{
    while (!atomic_load(&done)) {
        while (sem_wait(&some))
            ;
        struct sw_exchange *exchange = atomic_exchange(&waiting, NULL);
        while (exchange) {
            struct sw_exchange *next = exchange->data;
            sw_exchange_resume(exchange);
            exchange = next;
        }
    }
    return data;
}

static void is_later(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("later"));
}

static void later(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_resume = is_later};
    exchange->hooks = &hooks;
    sw_exchange_suspend(exchange);
    struct sw_exchange *top = atomic_load(&waiting);
    do
        exchange->data = top;
    while (!atomic_compare_exchange_weak(&waiting, &top, exchange));
    sem_post(&some);
}

/* ---- Everything ------------------------------------------------------------------------------ */

static void nocopy(struct sw_exchange *exchange)
{
    static const char block[2 * SW_REPLY_COPIED];
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){block, sizeof block});
}

static void counts(struct sw_exchange *exchange)
{
    char text[256];
    int n = snprintf(text, sizeof text, "malloc %zu, free %zu, mmap %zu, munmap %zu, brk %zu",
                     counted[COUNTED_MALLOC], counted[COUNTED_FREE], counted[COUNTED_MMAP],
                     counted[COUNTED_MUNMAP], counted[COUNTED_BRK]);
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){text, (size_t)n});
}

/* So much that the C library asks the kernel for it. */
static void allocate(struct sw_exchange *exchange)
{
    void *volatile p = malloc(8 << 20);
    free(p);
    void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(map, 4096);
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("allocated"));
}

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("Hello, World!"));
}

static void handle(struct sw_exchange *exchange)
{
    static const struct {
        struct sw_span path;
        void (*serve)(struct sw_exchange *exchange);
    } routes[] = {
        {{"/", 1}, hello},
        {{"/echo", 5}, echo},
        {{"/nocopy", 7}, nocopy},
        {{"/later", 6}, later},
        {{"/counts", 7}, counts},
        {{"/metrics", 8}, sw_metrics_serve},
        {{"/allocate", 9}, allocate},
    };
    struct sw_span path = sw_exchange_target(exchange);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (routes[i].path.n == path.n && memcmp(routes[i].path.p, path.p, path.n) == 0) {
            routes[i].serve(exchange);
            return;
        }
    if (path.n > 5 && memcmp(path.p, "/file/", 6) == 0)
        sw_files_serve(&files, exchange, (struct sw_span){path.p + 5, path.n - 5});
    else
        sw_reply_unrouted(exchange, NULL);
}

int main(int argc, char **argv)
{
    const struct sw_listener_config listener = {.address = "127.0.0.1"};
    const struct sw_server_config config = {.listeners = &listener,
                                            .listener_count = 1,
                                            .workers = 2,
                                            .access_log = argc > 2 ? argv[2] : NULL,
                                            .handler = handle};
    pthread_t thread;
    files.root = argc > 1 ? argv[1] : ".";
    sem_init(&some, 0, 0);
    if (sw_files_open(&files) || !(server = sw_server_open(&config, NULL)) ||
        pthread_create(&thread, NULL, reply_later, NULL))
        return 2;
    signal(SIGTERM, stop);
    printf("%u\n", sw_server_port(server, 0));
    fflush(stdout);
    int error = sw_server_run(server);
    atomic_store(&done, true);
    sem_post(&some);
    pthread_join(thread, NULL); /* it may still be in sw_exchange_resume() */
    bool failed = error || sw_server_force_closed(server);
    sw_server_close(server);
    return failed;
}
