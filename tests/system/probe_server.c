/* probe_server.c - the server that tests/system/probe.py asks its questions: probe_server PORT. */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shockwave_server.h"
#include "shockwave_values.h"

#define TEXT SW_SPAN("text/plain")

static struct sw_server *server;

static void stop(int signal_number)
{
    (void)signal_number;
    sw_server_stop(server);
}

/* ---- /echo: the content as it was decoded, once all of it is here ---------------------------- */

enum { ECHO_MAX = 4 << 20 };

struct echo {
    size_t n;
    char bytes[ECHO_MAX];
};

static size_t echo_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    struct echo *echo = exchange->data;
    if (bytes.n > sizeof echo->bytes - echo->n) {
        sw_reply(exchange, SW_STATUS_CONTENT_TOO_LARGE, TEXT, SW_SPAN("too much\n"));
        return 0;
    }
    memcpy(echo->bytes + echo->n, bytes.p, bytes.n);
    echo->n += bytes.n;
    return bytes.n;
}

static void echo_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                     const char *bytes)
{
    struct echo *echo = exchange->data;
    (void)trailers, (void)bytes;
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("application/octet-stream"),
             (struct sw_span){echo->bytes, echo->n});
}

static void free_echo(struct sw_exchange *exchange, bool is_complete)
{
    (void)is_complete;
    free(exchange->data);
}

static const struct sw_hooks echo = {
    .on_content = echo_content, .on_request_end = echo_end, .on_complete = free_echo};

static void echo_begin(struct sw_exchange *exchange)
{
    struct echo *room = malloc(sizeof *room);
    if (!room) {
        sw_reply(exchange, SW_STATUS_SERVICE_UNAVAILABLE, TEXT, SW_SPAN("no memory\n"));
        return;
    }
    room->n = 0;
    exchange->data = room;
    exchange->hooks = &echo;
}

/* ---- Everything else ------------------------------------------------------------------------- */

static bool is_echo(const struct sw_exchange *exchange)
{
    struct sw_target target;
    return sw_target_parse(sw_exchange_target(exchange), &target) && target.path.n == 5 &&
           memcmp(target.path.p, "/echo", 5) == 0;
}

static void refuse_method(struct sw_exchange *exchange)
{
    struct sw_span text = SW_SPAN("not here\n");
    sw_reply_begin(exchange, SW_STATUS_METHOD_NOT_ALLOWED, text.n);
    sw_reply_field(exchange, SW_HEADER_ALLOW, SW_SPAN("GET, HEAD, POST, PUT, OPTIONS"));
    sw_reply_field(exchange, SW_HEADER_CONTENT_TYPE, TEXT);
    sw_reply_write(exchange, text);
    sw_reply_end(exchange);
}

static void handle(struct sw_exchange *exchange)
{
    switch (exchange->head->method) {
    case SW_METHOD_GET:
    case SW_METHOD_HEAD:
        sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("ok\n"));
        break;
    case SW_METHOD_POST:
    case SW_METHOD_PUT:
        if (is_echo(exchange))
            echo_begin(exchange);
        else
            sw_reply(exchange, SW_STATUS_NOT_FOUND, TEXT, SW_SPAN("nothing takes content here\n"));
        break;
    case SW_METHOD_OPTIONS:
        sw_reply(exchange, SW_STATUS_NO_CONTENT, (struct sw_span){NULL, 0},
                 (struct sw_span){NULL, 0});
        break;
    case SW_METHOD_OTHER:
        sw_reply(exchange, SW_STATUS_NOT_IMPLEMENTED, TEXT, SW_SPAN("no such method\n"));
        break;
    default:
        refuse_method(exchange);
    }
}

int main(int argc, char **argv)
{
    struct sw_listener_config listener = {.address = "127.0.0.1",
                                          .port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 0)};
    struct sw_server_config config = {
        .listeners = &listener, .listener_count = 1, .handler = handle};
    struct sw_server_error fault;
    server = sw_server_open(&config, &fault);
    if (!server) {
        fprintf(stderr, "probe_server: %s: %s\n", fault.what, strerror(fault.code));
        return 1;
    }
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    printf("%u\n", sw_server_port(server, 0));
    fflush(stdout);
    int error = sw_server_run(server);
    bool failed = error || sw_server_force_closed(server);
    sw_server_close(server);
    return failed;
}
