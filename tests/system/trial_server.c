/* trial_server.c - the server for the trials of clients, faults, idleness and replacement.
 *
 *     trial_server [MEMBER=NUMBER]... [port=NUMBER] [proxy_protocol=NUMBER] [files=DIRECTORY]
 *                  [log=PATH]
 *
 * Serves /, /large, /echo, /drop, /never, /client, /metrics, /livez and /readyz, and for all else
 * the directory.  Prints its port, and at the end the number of force-closed connections.
 */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shockwave_server.h"

#define TEXT SW_SPAN("text/plain")

static struct sw_server *server;
static struct sw_files files = {.precompressed = true};

static void stop(int signal_number)
{
    (void)signal_number;
    sw_server_stop(server);
}

/* ---- Handlers -------------------------------------------------------------------------------- */

/* Zero bytes of a shared mapping: those of .bss may be counted as memory of this process when they
 * are read (Linux 6.18 does), and the trials measure what the server takes. */
enum { LARGE = 32 << 20 };
static const char *large;

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

static const struct sw_hooks echo_hooks = {.on_content = echo_content, .on_request_end = echo_end};

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

static const struct sw_hooks drop_hooks = {.on_content = drop_content, .on_request_end = drop_end};

static void drop(struct sw_exchange *exchange)
{
    exchange->hooks = &drop_hooks;
}

static void serve_large(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, LARGE});
}

static bool asks_for(const struct sw_exchange *exchange, const char *path)
{
    struct sw_span target = sw_exchange_target(exchange);
    return target.n == strlen(path) && memcmp(target.p, path, target.n) == 0;
}

/* Replies with the IPv4 address of the client. */
static void reply_client(struct sw_exchange *exchange)
{
    struct sw_client client = sw_exchange_client(exchange);
    const uint8_t *bytes = client.address.bytes;
    char text[64] = "no address";
    int n = (int)strlen(text);
    if (client.known)
        n = snprintf(text, sizeof text, "%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){text, (size_t)n});
}

static void serve_file(struct sw_exchange *exchange)
{
    const char *path = sw_exchange_path(exchange);
    sw_files_serve(&files, exchange, (struct sw_span){path, strcspn(path, "? ")});
}

static void handle(struct sw_exchange *exchange)
{
    static const struct {
        const char *path;
        void (*serve)(struct sw_exchange *exchange);
    } pages[] = {
        {"/large", serve_large},
        {"/echo", echo},
        {"/drop", drop},
        {"/never", sw_exchange_suspend},
        {"/client", reply_client},
        {"/metrics", sw_metrics_serve},
        {"/livez", sw_livez_serve},
        {"/readyz", sw_readyz_serve},
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (asks_for(exchange, pages[i].path)) {
            pages[i].serve(exchange);
            return;
        }
    }
    if (files.root)
        serve_file(exchange);
    else
        sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("Hello, World!"));
}

/* ---- Options --------------------------------------------------------------------------------- */

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
    MEMBER(min_progress), MEMBER(linger),       MEMBER(drain),        MEMBER(backlog),
    MEMBER(forwarding),
};

/* False when it is no option. */
static bool read_option(const char *text, struct sw_server_config *config,
                        struct sw_listener_config *listener)
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
    else if (strncmp(text, "proxy_protocol=", 8) == 0)
        listener->proxy_protocol = (enum sw_proxy_protocol)number;
    else if (strncmp(text, "files=", 6) == 0)
        files.root = value + 1;
    else if (strncmp(text, "log=", 4) == 0)
        config->access_log = value + 1;
    else if (strncmp(text, "shared=", 7) == 0)
        config->shared = number != 0;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct sw_listener_config listener = {.address = "127.0.0.1"};
    struct sw_network neighbours;
    sw_network_parse(SW_SPAN("127.0.0.0/8"), &neighbours);
    struct sw_server_config config = {.listeners = &listener,
                                      .listener_count = 1,
                                      .trusted = &neighbours,
                                      .trusted_count = 1,
                                      .notify = getenv("NOTIFY_SOCKET"),
                                      .limits.body = UINT64_MAX,
                                      .handler = handle};
    large = mmap(NULL, LARGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (large == MAP_FAILED) {
        perror("trial_server: mmap");
        return 2;
    }
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
    int fault_of_files = files.root ? sw_files_open(&files) : 0;
    if (fault_of_files) {
        fprintf(stderr, "trial_server: %s: %s\n", files.root, strerror(fault_of_files));
        return 2;
    }
    struct sw_server_error fault;
    server = sw_server_open(&config, &fault);
    if (!server) {
        fprintf(stderr, "trial_server: %s: %s\n", fault.what, strerror(fault.code));
        return 2;
    }
    signal(SIGTERM, stop);
    printf("%u\n", sw_server_port(server, 0));
    fflush(stdout);
    int error = sw_server_run(server);
    unsigned force_closed = sw_server_force_closed(server);
    sw_server_close(server);
    printf("%u cut\n", force_closed);
    return error || force_closed;
}
