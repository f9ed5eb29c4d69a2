/* libh2o.c - the smallest server on libh2o and its own event loop: `libh2o PORT`. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define H2O_USE_LIBUV 0
#include <h2o.h>

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accepting;

static int handle(h2o_handler_t *self, h2o_req_t *request)
{
    static h2o_generator_t nothing_more = {NULL, NULL};
    h2o_iovec_t body = {H2O_STRLIT("Hello, World!")};

    (void)self;
    request->res.status = 200;
    request->res.reason = "OK";
    request->res.content_length = body.len;
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("text/plain"));
    h2o_start_response(request, &nothing_more);
    h2o_send(request, &body, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void take(h2o_socket_t *listener, const char *error)
{
    h2o_socket_t *socket;

    while (!error && (socket = h2o_evloop_socket_accept(listener)))
        h2o_accept(&accepting, socket);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    address.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 8080));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1024)) {
        perror("libh2o");
        return 2;
    }
    h2o_config_init(&config);
    config.http1.req_timeout = 60000;
    h2o_hostconf_t *host =
        h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/plaintext", 0);
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = handle;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accepting = (h2o_accept_ctx_t){.ctx = &context, .hosts = config.hosts};
    h2o_socket_read_start(h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ),
                          take);
    for (;;)
        h2o_evloop_run(context.loop, INT32_MAX);
}
