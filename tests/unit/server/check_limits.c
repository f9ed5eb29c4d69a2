/* check_limits.c - the server: configuration, listeners, limits. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#define TEXT SW_SPAN("text/plain")
#define GET  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n" /* without its content */

static char buf[1 << 20];

static struct served served;

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("hello"));
}

/* ---- Configuration --------------------------------------------------------------------------- */

static const struct sw_listener_config nowhere[SW_LISTENERS_MAX + 1] = {
    {.address = "no such address"}};

static const struct {
    const char *what;
    struct sw_server_config config;
} wrong[] = {
    {"handler", {.handler = NULL}},
    {"listeners", {.handler = hello, .listener_count = 1}},
    {"listeners", {.handler = hello, .listener_count = 1, .listeners = nowhere}},
    {"listener_count",
     {.handler = hello, .listener_count = SW_LISTENERS_MAX + 1, .listeners = nowhere}},
    {"backlog", {.handler = hello, .backlog = UINT32_MAX}},
    {"workers", {.handler = hello, .workers = SW_WORKERS_MAX + 1}},
    {"connections", {.handler = hello, .connections = 1 << 30}},
    {"full", {.handler = hello, .full = SW_FULL_REFUSE + 1}},
    {"exchanges", {.handler = hello, .connections = 10, .exchanges = 11}},
    {"head_timeout", {.handler = hello, .head_timeout = UINT32_MAX}},
    {"body_timeout", {.handler = hello, .body_timeout = UINT32_MAX}},
    {"idle_timeout", {.handler = hello, .idle_timeout = UINT32_MAX}},
    {"write_timeout", {.handler = hello, .write_timeout = UINT32_MAX}},
    {"linger", {.handler = hello, .linger = UINT32_MAX}},
    {"drain", {.handler = hello, .drain = UINT32_MAX}},
    {"input_buffer", {.handler = hello, .input_buffer = 32767}},
    {"input_buffer", {.handler = hello, .input_buffer = 1 << 27}},
    {"output_buffer", {.handler = hello, .output_buffer = 8191}},
    {"scratch", {.handler = hello, .scratch = UINT32_MAX}},
    {"limits.head", {.handler = hello, .limits.head = 1 << 27}},
    {"limits.fields", {.handler = hello, .limits.fields = 1 << 20}},
    {"limits.trailers", {.handler = hello, .limits.trailers = 33}},
    {"limits.field_name", {.handler = hello, .limits.field_name = 65536}},
    {"limits.pipeline", {.handler = hello, .limits.pipeline = 33}},
};

START_TEST(out_of_range_member_is_reported)
{
    struct sw_server_error fault;
    ck_assert_ptr_eq(sw_server_open(&wrong[_i].config, &fault), NULL);
    ck_assert_str_eq(fault.what, wrong[_i].what);
    ck_assert_int_eq(fault.code, EINVAL);
    ck_assert_ptr_eq(sw_server_open(&wrong[_i].config, NULL), NULL);
}
END_TEST

START_TEST(memory_is_computed_before_opening)
{
    struct sw_server_config config = {.handler = hello, .workers = 1}, more = config;
    size_t usual = sw_server_memory(&config);
    ck_assert_uint_gt(usual, 0);
    more.connections = 2 * 4096;
    ck_assert_uint_gt(sw_server_memory(&more), usual + 4096 * (32768 + 16384));
    more.exchanges = 4096;
    ck_assert_uint_eq(sw_server_memory(&more), usual + 4096 * (128 + 512 + 20));
    more = config;
    more.workers = 3;
    ck_assert_uint_gt(sw_server_memory(&more), 3 * usual - 3 * 4096);
    config.handler = NULL;
    ck_assert_uint_eq(sw_server_memory(&config), 0);
}
END_TEST

START_TEST(port_in_use_is_reported)
{
    served_begin(&served, (struct sw_server_config){.handler = hello});
    const struct sw_listener_config same[] = {
        {.address = "127.0.0.1"},
        {.address = "127.0.0.1", .port = (uint16_t)sw_server_port(served.server, 0)}};
    struct sw_server_config config = {.handler = hello, .listeners = same, .listener_count = 2};
    struct sw_server_error fault;
    ck_assert_ptr_eq(sw_server_open(&config, &fault), NULL);
    ck_assert_str_eq(fault.what, "bind");
    ck_assert_int_eq(fault.code, EADDRINUSE);
    ck_assert_ptr_eq(fault.listener, &same[1]);
    config.workers = SW_WORKERS_MAX + 1;
    ck_assert_ptr_eq(sw_server_open(&config, &fault), NULL);
    ck_assert_ptr_eq(fault.listener, NULL);
    served_end(&served);
}
END_TEST

/* ---- Listeners ------------------------------------------------------------------------------- */

static void ask_at(int family, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, address, size), 0);
    client_send_text(fd, GET);
    client_until(fd, buf, sizeof buf, "hello");
    close(fd);
}

START_TEST(several_listeners)
{
    char path[] = "/tmp/shockwave-check-XXXXXX", socket_path[64];
    ck_assert_ptr_ne(mkdtemp(path), NULL);
    snprintf(socket_path, sizeof socket_path, "%s/socket", path);
    struct sw_listener_config listeners[] = {
        {.address = "127.0.0.1"}, {.address = "::1"}, {.address = socket_path}};
    struct sw_server_config config = {
        .handler = hello, .listeners = listeners, .listener_count = 3};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    memcpy(local.sun_path, socket_path, strlen(socket_path));
    for (int round = 0; round < 2; round++) {
        served_begin(&served, config);
        struct sockaddr_in v4 = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)sw_server_port(served.server, 0)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                                  .sin6_port = htons((uint16_t)sw_server_port(served.server, 1)),
                                  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        ask_at(AF_INET, (struct sockaddr *)&v4, sizeof v4);
        ask_at(AF_INET6, (struct sockaddr *)&v6, sizeof v6);
        ask_at(AF_UNIX, (struct sockaddr *)&local, sizeof local);
        ck_assert_uint_eq(sw_server_port(served.server, 2), 0);
        ck_assert_uint_eq(sw_server_port(served.server, 3), 0);
        ck_assert_int_eq(served_end(&served), 0);
        ck_assert_int_ne(access(socket_path, F_OK), 0);
        /* The socket file of a killed server is replaced by the next one. */
        int stale = socket(AF_UNIX, SOCK_STREAM, 0);
        ck_assert_int_eq(bind(stale, (struct sockaddr *)&local, sizeof local), 0);
        close(stale);
    }
    unlink(socket_path);
    rmdir(path);
}
END_TEST

/* ---- Limits ---------------------------------------------------------------------------------- */

START_TEST(last_request_gets_connection_close)
{
    served_begin(&served, (struct sw_server_config){.handler = hello, .requests = 3});
    client_ask(&served, GET GET GET GET GET, buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 200 OK"), 3);
    const char *last = strstr(buf, "Connection: close");
    ck_assert_ptr_ne(last, NULL);
    ck_assert_uint_eq(count(last, "hello"), 1);
    served_end(&served);
}
END_TEST

START_TEST(connections_beyond_the_limit_wait)
{
    served_begin(&served,
                 (struct sw_server_config){.handler = hello, .workers = 1, .connections = 2});
    int fd[5];
    for (int i = 0; i < 5; i++) {
        fd[i] = client_open(&served);
        client_send_text(fd[i], POST);
    }
    for (int i = 0; i < 5; i++) {
        client_until(fd[i], buf, sizeof buf, "hello");
        if (i == 1) {
            struct pollfd third = {.fd = fd[2], .events = POLLIN};
            ck_assert_int_eq(poll(&third, 1, 100), 0);
        }
        if (i >= 1)
            close(fd[i - 1]);
    }
    close(fd[4]);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

/* The client reads the complete 503 although it keeps sending; a close frees a connection. */
START_TEST(connections_beyond_the_limit_are_refused)
{
    served_begin(&served,
                 (struct sw_server_config){
                     .handler = hello, .workers = 1, .connections = 2, .full = SW_FULL_REFUSE});
    int fd[2];
    for (int i = 0; i < 2; i++) {
        fd[i] = client_open(&served);
        client_send_text(fd[i], POST);
        client_until(fd[i], buf, sizeof buf, "hello");
    }
    static char block[1 << 20];
    for (int i = 0; i < 200; i++) { /* more than there are overflow connections */
        int third = client_open(&served);
        client_send_text(third, GET);
        if (i == 0)
            client_send(third, block, sizeof block);
        client_all(third, buf, sizeof buf);
        ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 503 "), buf);
        ck_assert_ptr_ne(strstr(buf, "\r\nRetry-After: 1\r\n"), NULL);
        ck_assert_ptr_ne(strstr(buf, "\r\nConnection: close\r\n"), NULL);
        close(third);
    }
    for (int i = 0; i < 100; i++) {
        do { /* the server may not have seen the close yet */
            close(fd[0]);
            fd[0] = client_open(&served);
            client_send_text(fd[0], POST);
            client_until(fd[0], buf, sizeof buf, "\r\n\r\n");
        } while (strstr(buf, "HTTP/1.1 503 ") == buf);
        ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 200 "), buf);
    }
    close(fd[0]);
    close(fd[1]);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

/* A refused client that does not close uses an overflow connection for up to config.linger ms. */
START_TEST(overflow_connections_have_a_limit)
{
    enum { CLIENTS = 100 };
    struct sw_server_config config = {.handler = hello,
                                      .workers = 1,
                                      .connections = 1,
                                      .full = SW_FULL_REFUSE,
                                      .linger = 1000000};
    served_begin(&served, config);
    int fd[CLIENTS], refused = 0;
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = client_open(&served);
        if (i == 0) {
            client_send_text(fd[i], POST);
            client_until(fd[i], buf, sizeof buf, "hello");
        }
    }
    usleep(100000);
    for (int i = 0; i < CLIENTS; i++) {
        struct pollfd readable = {.fd = fd[i], .events = POLLIN};
        refused += poll(&readable, 1, 0);
    }
    ck_assert_int_gt(refused, 10);
    ck_assert_int_lt(refused, CLIENTS - 10);
    for (int i = 0; i < CLIENTS; i++)
        close(fd[i]);
    served_end(&served);
}
END_TEST

START_TEST(connections_wait_for_an_exchange_in_order)
{
    served_begin(&served,
                 (struct sw_server_config){.handler = hello, .workers = 1, .exchanges = 1});
    int first = client_open(&served), others[4];
    /* Missing content keeps the only transaction in use. */
    client_send_text(first, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
    client_until(first, buf, sizeof buf, "hello");
    for (int i = 0; i < 4; i++) {
        others[i] = client_open(&served);
        client_send_text(others[i], GET);
    }
    struct pollfd second = {.fd = others[0], .events = POLLIN};
    ck_assert_int_eq(poll(&second, 1, 100), 0);
    client_send_text(first, "123456789");
    for (int i = 0; i < 4; i++) {
        client_until(others[i], buf, sizeof buf, "hello");
        close(others[i]);
    }
    close(first);
    served_end(&served);
}
END_TEST

/* The idle timeout does not run while waiting, and a graceful shutdown serves the request. */
START_TEST(waiting_for_an_exchange_is_not_idle)
{
    served_begin(&served, (struct sw_server_config){
                              .handler = hello, .workers = 1, .exchanges = 1, .idle_timeout = 150});
    int first = client_open(&served);
    client_send_text(first, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
    client_until(first, buf, sizeof buf, "hello");
    int second = client_open(&served);
    client_send_text(second, GET);
    struct pollfd readable = {.fd = second, .events = POLLIN};
    ck_assert_int_eq(poll(&readable, 1, 500), 0);
    sw_server_stop(served.server);
    ck_assert_int_eq(poll(&readable, 1, 500), 0);
    client_send_text(first, "123456789");
    client_until(second, buf, sizeof buf, "hello");
    close(first);
    close(second);
    ck_assert_int_eq(served_wait(&served), 0);
}
END_TEST

static void reply_field_count(struct sw_exchange *exchange)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", exchange->head->field_count);
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){text, (size_t)n});
}

/* Below, at and above the number of fields in a struct sw_message. */
START_TEST(parser_limits_are_applied)
{
    static const int limits[] = {20, 100, 128, 129, 300};
    for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
        struct sw_server_config config = {.handler = reply_field_count,
                                          .limits.fields = (uint32_t)limits[k]};
        served_begin(&served, config);
        for (int fields = limits[k] - 1; fields <= limits[k]; fields++) {
            char count[16];
            int fd = client_open(&served);
            snprintf(count, sizeof count, "\r\n\r\n%d", limits[k]);
            client_send_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n");
            for (int i = 0; i < fields; i++)
                client_send_text(fd, "X: y\r\n");
            client_send_text(fd, "\r\n");
            client_until(fd, buf, sizeof buf, fields < limits[k] ? count : "TOO_MANY_FIELDS");
            close(fd);
        }
        served_end(&served);
    }
}
END_TEST

static void reply_pad(struct sw_exchange *exchange)
{
    const struct sw_field *pad =
        sw_head_field_named(exchange->head, exchange->bytes, SW_SPAN("pad"));
    sw_reply(exchange, SW_STATUS_OK, TEXT, sw_field_value(pad, exchange->bytes));
}

/* Partial heads around the size limit of the stash are restored. */
START_TEST(head_in_two_reads)
{
    char pad[701] = "", request[800], want[800];
    for (size_t i = 0; i < 700; i++)
        pad[i] = (char)('a' + i % 26);
    served_begin(&served, (struct sw_server_config){.handler = reply_pad});
    int fd = client_open(&served), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int n = snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\nPad: %s\r\n\r\n", pad);
    snprintf(want, sizeof want, "\r\n\r\n%s", pad);
    for (size_t split = 1; split < (size_t)n; split += split < 480 || split > 540 ? 7 : 1) {
        client_send(fd, request, split);
        usleep(2000);
        client_send(fd, request + split, (size_t)n - split);
        client_until(fd, buf, sizeof buf, want);
    }
    close(fd);
    served_end(&served);
}
END_TEST

/* Heads at many offsets of the input buffer, each with content: compacting loses no byte. */
static size_t echo_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    return sw_reply_write(exchange, bytes);
}

static void echo_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                     const char *bytes)
{
    (void)trailers, (void)bytes;
    sw_reply_write(exchange, sw_exchange_target(exchange));
    sw_reply_end(exchange);
}

static const struct sw_hooks echo_hooks = {.on_content = echo_content, .on_request_end = echo_end};

static void echo(struct sw_exchange *exchange)
{
    exchange->hooks = &echo_hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
}

static void *send_pipeline(void *data)
{
    int fd = *(int *)data;
    static char pad[5001];
    memset(pad, 'p', 5000);
    for (int i = 0; i < 200; i++) {
        static char request[16384];
        int n = snprintf(request, sizeof request,
                         "POST /%03d HTTP/1.1\r\nHost: x\r\nX-Pad: %.*s\r\n%s"
                         "Transfer-Encoding: chunked\r\n\r\n7d0\r\n%.*s\r\n0\r\n\r\n",
                         i, i * 37 % 5000, pad, i == 199 ? "Connection: close\r\n" : "", 2000, pad);
        client_send(fd, request, (size_t)n);
    }
    return NULL;
}

START_TEST(input_buffer_is_compacted)
{
    served_begin(&served, (struct sw_server_config){.handler = echo});
    int fd = client_open(&served);
    pthread_t sender;
    pthread_create(&sender, NULL, send_pipeline, &fd);
    client_all(fd, buf, sizeof buf);
    pthread_join(sender, NULL);
    const char *at = buf;
    for (int i = 0; i < 200 && at; i++) {
        char want[32];
        snprintf(want, sizeof want, "\r\n/%03d\r\n", i);
        at = strstr(at, want);
    }
    ck_assert_ptr_ne(at, NULL);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 200 OK"), 200);
    close(fd);
    served_end(&served);
}
END_TEST

/* ---- Descriptors ----------------------------------------------------------------------------- */

/* The limit applies to a process, so the server runs in a child. */
static pid_t fork_server(int *port, unsigned descriptors)
{
    int channel[2];
    ck_assert_int_eq(pipe(channel), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {descriptors, descriptors};
        setrlimit(RLIMIT_NOFILE, &limit);
        struct sw_listener_config any = {.address = "127.0.0.1"};
        struct sw_server_config config = {
            .handler = hello, .workers = 1, .listeners = &any, .listener_count = 1};
        struct sw_server *server = sw_server_open(&config, NULL);
        int own = server ? (int)sw_server_port(server, 0) : 0;
        if (write(channel[1], &own, sizeof own) != sizeof own || !server)
            _exit(1);
        sw_server_run(server);
        _exit(0);
    }
    ck_assert_int_eq(read(channel[0], port, sizeof *port), sizeof *port);
    close(channel[0]);
    close(channel[1]);
    return child;
}

static int open_at(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

START_TEST(descriptor_exhaustion_does_not_spin)
{
    enum { CLIENTS = 200, LIMIT = 40 };
    int port, fd[CLIENTS];
    pid_t child = fork_server(&port, LIMIT);
    ck_assert_int_ne(port, 0);
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = open_at(port);
        client_send_text(fd[i], GET);
    }
    client_until(fd[0], buf, sizeof buf, "hello");
    sleep(1);
    client_send_text(fd[0], GET); /* open connections are served without free descriptors */
    client_until(fd[0], buf, sizeof buf, "hello");
    for (int i = 1; i < CLIENTS; i++) {
        client_until(fd[i], buf, sizeof buf, "hello"); /* accepted when others close */
        close(fd[i]);
    }
    struct rusage usage;
    kill(child, SIGKILL);
    ck_assert_int_eq(wait4(child, NULL, 0, &usage), child);
    long spent = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    ck_assert_int_lt(spent, 500); /* CPU time in ms of more than 1 s; a busy loop uses all */
    close(fd[0]);
}
END_TEST

/* ---- Kernel memory --------------------------------------------------------------------------- */

static void write_nocopy_much(struct sw_exchange *exchange)
{
    static char much[64 << 20];
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){much, sizeof much});
}

/* The server's descriptor of a connection of this process. */
static int other_end(int fd)
{
    struct sockaddr_in ours, peer;
    socklen_t n = sizeof ours;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ours, &n), 0);
    for (int i = 3; i < 1024; i++) {
        n = sizeof peer;
        if (!getpeername(i, (struct sockaddr *)&peer, &n) && peer.sin_family == AF_INET &&
            peer.sin_port == ours.sin_port)
            return i;
    }
    ck_abort_msg("no socket is at the other end");
    return -1;
}

static int queued(int fd)
{
    int n = 0;
    ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &n), 0);
    return n;
}

START_TEST(client_that_does_not_read_uses_little_kernel_memory)
{
    served_begin(&served, (struct sw_server_config){.handler = write_nocopy_much});
    int fd = client_open_narrow(&served, 4096);
    client_send_text(fd, GET);
    client_until(fd, buf, 64, "HTTP/1.1 200");
    int server_fd = other_end(fd), before = 0, now = queued(server_fd);
    while (now != before) {
        usleep(100000);
        before = now;
        now = queued(server_fd);
    }
    ck_assert_int_gt(now, 0);
    ck_assert_int_lt(now, 1 << 20);
    close(fd);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {out_of_range_member_is_reported, COUNT(wrong)},
        {memory_is_computed_before_opening, 1},
        {port_in_use_is_reported, 1},
        {several_listeners, 1},
        {last_request_gets_connection_close, 1},
        {connections_beyond_the_limit_wait, 1},
        {connections_beyond_the_limit_are_refused, 1},
        {overflow_connections_have_a_limit, 1},
        {connections_wait_for_an_exchange_in_order, 1},
        {waiting_for_an_exchange_is_not_idle, 1},
        {parser_limits_are_applied, 1},
        {head_in_two_reads, 1},
        {input_buffer_is_compacted, 1},
        {descriptor_exhaustion_does_not_spin, 1},
        {client_that_does_not_read_uses_little_kernel_memory, 1},
    };
    return suite_main("server limits", tests, COUNT(tests));
}
