/* trial_server.c - the server that faults, idleness and replacement are tried on.
 *
 *     trial_server [MEMBER=NUMBER]... [port=NUMBER]
 *
 * Serves / , /large, /echo, /drop, /never and /metrics; says its port, and at the end how many it had
 * to cut.
 */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shockwave_server.h"

#define TEXT SW_SPAN("text/plain")

static struct sw_server *server;

static void stop(int signal_number)
{
    (void)signal_number;
    sw_server_stop(server);
}

/* ---- Handlers ---------------------------------------------------------------------------------
 */

static char large[32 << 20];

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

static const struct sw_hooks echo_hooks = {.content = echo_content, .end = echo_end};

static void echo(struct sw_exchange *exchange)
{
    exchange->hooks = &echo_hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
}

static size_t drop_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)exchange;
    return bytes.n;
}

static void drop_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                     const char *bytes)
{
    (void)trailers, (void)bytes;
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("dropped"));
}

static const struct sw_hooks drop_hooks = {.content = drop_content, .end = drop_end};

static bool asks_for(const struct sw_exchange *exchange, const char *path)
{
    struct sw_span target = sw_exchange_target(exchange);
    return target.n == strlen(path) && memcmp(target.p, path, target.n) == 0;
}

static void handle(struct sw_exchange *exchange)
{
    if (asks_for(exchange, "/large"))
        sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, sizeof large});
    else if (asks_for(exchange, "/echo"))
        echo(exchange);
    else if (asks_for(exchange, "/drop"))
        exchange->hooks = &drop_hooks;
    else if (asks_for(exchange, "/never"))
        sw_exchange_hold(exchange);
    else if (asks_for(exchange, "/metrics"))
        sw_metrics_serve(exchange);
    else
        sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("Hello, World!"));
}

/* ---- Options ----------------------------------------------------------------------------------
 */

#define MEMBER(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct sw_server_config, name)                                             \
    }

static const struct {
    const char *name;
    size_t at;
} members[] = {
    MEMBER(workers),      MEMBER(connections),  MEMBER(exchanges),    MEMBER(requests),
    MEMBER(head_timeout), MEMBER(body_timeout), MEMBER(idle_timeout), MEMBER(write_timeout),
    MEMBER(pace),         MEMBER(linger),       MEMBER(drain),        MEMBER(backlog),
};

/* False when it is no option. */
static bool read_option(const char *text, struct sw_server_config *config,
                        struct sw_listener *listener)
{
    const char *value = strchr(text, '=');
    if (!value)
        return false;
    uint32_t number = (uint32_t)strtoul(value + 1, NULL, 10);
    size_t n = (size_t)(value - text);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strlen(members[i].name) == n && memcmp(members[i].name, text, n) == 0) {
            memcpy((char *)config + members[i].at, &number, sizeof number);
            return true;
        }
    }
    if (strncmp(text, "port=", 5) == 0)
        listener->port = (uint16_t)number;
    else if (strncmp(text, "shared=", 7) == 0)
        config->shared = number != 0;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct sw_listener listener = {.address = "127.0.0.1"};
    struct sw_server_config config = {.listeners = &listener,
                                      .listener_count = 1,
                                      .notify = getenv("NOTIFY_SOCKET"),
                                      .limits.body = UINT64_MAX,
                                      .handler = handle};
    for (int i = 1; i < argc; i++) {
        if (!read_option(argv[i], &config, &listener)) {
            fprintf(stderr, "trial_server: %s: no such option\n", argv[i]);
            return 2;
        }
    }
    struct sw_inherited inherited;
    if (sw_inherited_read(getpid(), getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
                          getenv("LISTEN_FDNAMES"), &inherited, 1))
        listener.fd = inherited.fd;
    struct sw_server_fault fault;
    server = sw_server_open(&config, &fault);
    if (!server) {
        fprintf(stderr, "trial_server: %s: %s\n", fault.what, strerror(fault.code));
        return 2;
    }
    signal(SIGTERM, stop);
    printf("%u\n", sw_server_port(server, 0));
    fflush(stdout);
    int cut = sw_server_run(server);
    sw_server_close(server);
    printf("%d cut\n", cut);
    return cut != 0;
}
