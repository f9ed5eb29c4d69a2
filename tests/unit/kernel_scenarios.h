/*
 * kernel_scenarios.h - servers, and what their clients do, for check_kernel.c.
 *
 * A client checks each response.  note() keeps the worst that was seen in a run.
 */
/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SCENARIOS_H
#define KERNEL_SCENARIOS_H

#include "kernel_faults.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/server_state.h"
#include "server/worker_state.h"

#define TEXT SW_SPAN("text/plain")

enum {
    LARGE = 3 << 20,
    FILE_SIZE = 300000,
    HANG = 10000, /* milliseconds; only a hang lasts so long */
    PARALLEL = 6, /* runs at once: they mainly wait */
};

/* What a client saw, the worst last. */
enum seen { RESPONSE, ERROR_RESPONSE, CLOSED, NOT_OPENED, WRONG, HUNG, LEAKED, UNSERVED, CRASHED };
static const char *const seen_names[] = {"served",        "error response",   "closed",
                                         "does not open", "wrong response",   "hangs",
                                         "leaks",         "the next is lost", "crashes"};

/* In memory that processes share. */
struct result {
    enum seen seen;
    bool fired;
    char text[100];
};

static char *large; /* LARGE bytes */
static char folder[] = "/tmp/check_kernel.XXXXXX";
static struct sw_files files;
static atomic_bool has_not_run; /* sw_server_run() has failed, so that no client is served */

/* ---- The handler ------------------------------------------------------------------------------
 */

static void *resume(void *exchange)
{
    kernel_serving = true;
    sw_exchange_resume(exchange);
    kernel_serving = false;
    return NULL;
}

static void respond_resumed(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("resumed"));
}

static void suspend(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_resume = respond_resumed};
    pthread_t thread;
    exchange->hooks = &hooks;
    sw_exchange_suspend(exchange);
    bool serving = kernel_serving;
    kernel_serving = false;
    pthread_create(&thread, NULL, resume, exchange);
    pthread_detach(thread);
    kernel_serving = serving;
}

static void handle(struct sw_exchange *exchange)
{
    struct sw_span path = sw_exchange_target(exchange);
    if (path.n > 3 && memcmp(path.p, "/f/", 3) == 0)
        sw_files_serve(&files, exchange, (struct sw_span){path.p + 2, path.n - 2});
    else if (path.n > 1 && path.p[1] == 'l')
        sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, LARGE});
    else if (path.n > 1 && path.p[1] == 's')
        suspend(exchange);
    else
        sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("plain"));
}

/* ---- The client -------------------------------------------------------------------------------
 */

struct run {
    struct sw_server_config config;
    struct sw_listener_config listener;
    struct sw_server *server;
    pthread_t thread;
    enum seen seen;
    struct result *result;
};

static void note(struct run *run, enum seen seen, const char *text)
{
    if (seen <= run->seen)
        return;
    run->seen = seen;
    run->result->seen = seen;
    snprintf(run->result->text, sizeof run->result->text, "%s", text);
}

static int client_connect(struct run *run)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_un local;
    } to = {0};
    socklen_t size = sizeof to;
    struct sw_worker *worker = sw_server_worker(run->server, 0);
    getsockname(worker->listeners[0].fd, &to.any, &size);
    int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (run->config.user) /* a slow client */
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    if (connect(fd, &to.any, size))
        note(run, CLOSED, "connect");
    return fd;
}

static void client_send(int fd, const char *text)
{
    send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Bytes, or 0 at the end of the connection, however it came; -1 when none comes for HANG. */
static ssize_t client_read(int fd, char *p, size_t n)
{
    enum { SLICE = 20 };
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int ready = 0;
    for (int i = 0; i < HANG / SLICE && ready <= 0 && !atomic_load(&has_not_run); i++)
        ready = poll(&poll_fd, 1, SLICE);
    if (ready <= 0)
        return atomic_load(&has_not_run) ? 0 : -1;
    ssize_t got = recv(fd, p, n, 0);
    return got < 0 ? 0 : got;
}

/* Reads one response, whose body is `body` if it is a 200. */
static enum seen client_expect(int fd, struct sw_span body)
{
    static char bytes[LARGE + 8192];
    size_t n = 0, head = 0, length = 0;
    while (!head || n < head + length) {
        /* A head is read byte by byte, so that what follows stays for the next response. */
        size_t want = head ? head + length - n : 1;
        ssize_t got = n + want < sizeof bytes ? client_read(fd, bytes + n, want) : -2;
        if (got <= 0)
            return got == 0 ? CLOSED : got == -1 ? HUNG : WRONG;
        n += (size_t)got;
        if (!head && n >= 4 && memcmp(bytes + n - 4, "\r\n\r\n", 4) == 0) {
            bytes[n] = '\0';
            const char *field = strcasestr(bytes, "content-length: ");
            head = n;
            length = field ? strtoul(field + 16, NULL, 10) : 0;
        }
    }
    if (memcmp(bytes, "HTTP/1.1 ", 9) != 0)
        return WRONG;
    if (memcmp(bytes + 9, "200", 3) != 0)
        return bytes[9] == '4' || bytes[9] == '5' ? ERROR_RESPONSE : WRONG;
    return length == body.n && memcmp(bytes + head, body.p, body.n) == 0 ? RESPONSE : WRONG;
}

static bool expect(struct run *run, int fd, struct sw_span body)
{
    enum seen seen = client_expect(fd, body);
    note(run, seen, "");
    return seen == RESPONSE || seen == ERROR_RESPONSE;
}

#define PLAIN   SW_SPAN("plain")
#define GET(to) "GET " to " HTTP/1.1\r\nHost: h\r\n\r\n"

/* ---- What clients do --------------------------------------------------------------------------
 */

static void ask_one_by_one(struct run *run, int fd)
{
    for (int i = 0; i < 3; i++) {
        client_send(fd, GET("/"));
        if (!expect(run, fd, PLAIN))
            return;
    }
    client_send(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(run, fd, PLAIN);
}

static void ask_pipelined(struct run *run, int fd)
{
    client_send(fd, GET("/") GET("/suspended") GET("/"));
    if (expect(run, fd, PLAIN) && expect(run, fd, SW_SPAN("resumed")))
        expect(run, fd, PLAIN);
}

static void ask_file(struct run *run, int fd)
{
    client_send(fd, GET("/f/file"));
    if (!expect(run, fd, (struct sw_span){large, FILE_SIZE}))
        return;
    client_send(fd, GET("/f/sub/../link")); /* a link */
    expect(run, fd, (struct sw_span){large, FILE_SIZE});
}

/* A link as it is in the folder, and a range: files by steps, where openat2() is not had. */
static void ask_walked_file(struct run *run, int fd)
{
    files.walk = true;
    client_send(fd, GET("/f/sub/up"));
    if (expect(run, fd, (struct sw_span){large, FILE_SIZE}))
        ask_file(run, fd);
}

static void ask_large(struct run *run, int fd)
{
    client_send(fd, GET("/large"));
    poll(NULL, 0, 2);
    if (!expect(run, fd, (struct sw_span){large, LARGE}))
        return;
    client_send(fd, GET("/"));
    expect(run, fd, PLAIN);
}

static void ask_suspended(struct run *run, int fd)
{
    for (int i = 0; i < 3; i++) {
        client_send(fd, GET("/suspended"));
        if (!expect(run, fd, SW_SPAN("resumed")))
            return;
    }
}

static void ask_by_proxy(struct run *run, int fd)
{
    client_send(fd, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n");
    ask_one_by_one(run, fd);
}

static void ask_logged(struct run *run, int fd)
{
    static char request[3000];
    memset(request, 'x', sizeof request - 1);
    memcpy(request, "GET /", 5);
    memcpy(request + 1900, " HTTP/1.1\r\nHost: h\r\n\r\n", 23);
    for (int i = 0; i < 12; i++) {
        client_send(fd, request);
        if (!expect(run, fd, PLAIN))
            return;
        if (i == 5) {
            kernel_serving = true;
            sw_server_reopen(run->server);
            kernel_serving = false;
        }
    }
    /* As many at once as do not fit into the buffer of the log. */
    for (int i = 0; i < 8; i++)
        client_send(fd, request);
    for (int i = 0; i < 8; i++)
        if (!expect(run, fd, PLAIN))
            return;
}

static void ask_wrongly(struct run *run, int fd)
{
    char rest[1000];
    client_send(fd, "GET / HTTP/1.1\r\nHost h\r\n\r\n");
    for (int i = 0; i < 20; i++)
        client_send(fd, "what is not read any more, but dropped while the connection lingers");
    enum seen seen = client_expect(fd, PLAIN);
    note(run, seen == ERROR_RESPONSE ? RESPONSE : seen, "");
    shutdown(fd, SHUT_WR);
    while (client_read(fd, rest, sizeof rest) > 0)
        ;
}

/* ---- Scenarios --------------------------------------------------------------------------------
 */

static char path[2][80];

static const char *in_folder(int i, const char *name)
{
    snprintf(path[i], sizeof path[i], "%s/%s.%ld", folder, name, (long)getpid());
    return path[i];
}

static void with_file_log(struct run *run)
{
    run->config.access_log = in_folder(0, "log");
    run->config.log_buffer = 8192;
}

static void with_pipe_log(struct run *run)
{
    int ends[2];
    if (pipe(ends) == 0)
        fcntl(ends[1], F_SETPIPE_SZ, 1 << 20); /* it is never read */
    run->config.access_log_fd = ends[1];
    run->config.log_buffer = 8192;
}

static void with_socket_log(struct run *run)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
        return;
    run->config.access_log_fd = ends[1];
    run->config.log_buffer = 8192;
}

/* A stale socket is at the path. */
static void with_unix_socket(struct run *run)
{
    struct sockaddr_un stale = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    run->listener.address = in_folder(0, "socket");
    run->listener.socket_mode = 0600;
    run->listener.socket_owner = SW_OWNED_BY_USER;
    run->listener.socket_user = getuid();
    run->config.workers = 2;
    memcpy(stale.sun_path, path[0], strlen(path[0]));
    bind(fd, (const struct sockaddr *)&stale, sizeof stale);
    close(fd);
}

static void with_inherited(struct run *run)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(fd, (const struct sockaddr *)&to, sizeof to);
    listen(fd, 100);
    run->listener.fd = fd;
    run->config.workers = 2;
}

static void with_manager(struct run *run)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    run->config.notify = in_folder(1, "notify");
    memcpy(to.sun_path, path[1], strlen(path[1]));
    bind(fd, (const struct sockaddr *)&to, sizeof to);
}

static void with_proxy(struct run *run)
{
    static struct sw_network network;
    memcpy(network.address.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f", 13);
    network.bits = 104;
    run->listener.proxy_protocol = SW_PROXY_PROTOCOL_REQUIRED;
    run->config.trusted = &network;
    run->config.trusted_count = 1;
}

static void with_slow_client(struct run *run)
{
    run->config.user = run;
}

static void with_v6(struct run *run)
{
    run->listener.address = "::1";
    run->config.workers = 2;
}

static void with_counted_workers(struct run *run)
{
    run->config.workers = 0;
}

static const struct scenario {
    const char *name;
    void (*prepare)(struct run *run);
    void (*ask)(struct run *run, int fd);
    bool drains; /* graceful shutdown, with a connection that is idle */
} scenarios[] = {
    {"requests on one connection", NULL, ask_one_by_one, false},
    {"pipelined requests", NULL, ask_pipelined, false},
    {"suspended and resumed", NULL, ask_suspended, false},
    {"a bad request", NULL, ask_wrongly, false},
    {"files", NULL, ask_file, false},
    {"files by steps", NULL, ask_walked_file, false},
    {"a large response", NULL, ask_large, false},
    {"a slow client", with_slow_client, ask_large, false},
    {"a PROXY header", with_proxy, ask_by_proxy, false},
    {"a unix socket", with_unix_socket, ask_one_by_one, false},
    {"an inherited socket", with_inherited, ask_one_by_one, true},
    {"two workers", with_v6, ask_one_by_one, true},
    {"as many workers as processors", with_counted_workers, ask_one_by_one, false},
    {"a log in a file", with_file_log, ask_logged, false},
    {"a log to a pipe", with_pipe_log, ask_logged, false},
    {"a log to a socket", with_socket_log, ask_logged, false},
    {"graceful shutdown with a service manager", with_manager, ask_one_by_one, true},
};

#endif
