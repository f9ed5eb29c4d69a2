/* check_empty_lines.c - the server: empty lines before a request do not start its timeout. */
/* SPDX-License-Identifier: MIT */
#include "logged.h"

#define GET  "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
#define PUT  "PUT /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"

static const char *const before[] = {"", GET, POST, PUT, ("\r\n" GET)};
static const char *const stray[] = {"\r", "\r\n", "\r\n\r", "\r\n\r\n\r\n\r\n"};

enum { BEFORE = sizeof before / sizeof *before, STRAY = sizeof stray / sizeof *stray, IDLE = 3000 };

/* logged.h's handler, and the metrics. */
static void handle_or_serve_metrics(struct sw_exchange *exchange)
{
    if (is_for(exchange, "/metrics"))
        sw_metrics_serve(exchange);
    else
        handle(exchange);
}

static void expect_counted(const char *line)
{
    client_ask(&served, "GET /metrics HTTP/1.0\r\n\r\n", buf, sizeof buf);
    ck_assert_msg(strstr(buf, line) != NULL, "no %s in: %s", line, buf);
}

/* Opens a connection, sends `first` and reads its response if it is a request, then sends `lines`.
 */
static int open_and_stray(const char *first, const char *lines)
{
    int fd = client_open(&served);
    client_send_text(fd, first);
    if (*first)
        client_until(fd, buf, sizeof buf, strcmp(first, POST) == 0 ? "complete" : "hello");
    client_send_text(fd, lines);
    return fd;
}

/* The head timeout is much shorter than the idle timeout, which closes without a response. */
START_TEST(empty_lines_are_idle)
{
    int fds[BEFORE * STRAY];
    serve_logged((struct sw_server_config){.handler = handle_or_serve_metrics,
                                           .head_timeout = 100,
                                           .idle_timeout = IDLE,
                                           .workers = 1});
    for (int i = 0; i < BEFORE * STRAY; i++)
        fds[i] = open_and_stray(before[i % BEFORE], stray[i / BEFORE]);
    for (int i = 0; i < BEFORE * STRAY; i++) {
        ck_assert_uint_eq(client_all(fds[i], buf, sizeof buf), 0);
        close(fds[i]);
    }
    expect_counted("shockwave_timeouts_total{kind=\"idle\"} 20\n");
    expect_counted("shockwave_timeouts_total{kind=\"head\"} 0\n");
    served_end(&served);
    read_file(log_path);
    unlink(log_path);
    ck_assert_uint_eq(count(text, "\n"), (BEFORE - 1) * STRAY + 2);
    ck_assert_ptr_eq(strstr(text, " 408 "), NULL);
    ck_assert_ptr_eq(strstr(text, " 000 "), NULL);
}
END_TEST

/* The request is sent after the head timeout: only its own response is sent. */
START_TEST(request_after_empty_lines_gets_a_reply)
{
    int fds[BEFORE * STRAY];
    serve_logged((struct sw_server_config){.head_timeout = 100});
    for (int i = 0; i < BEFORE * STRAY; i++)
        fds[i] = open_and_stray(before[i % BEFORE], stray[i / BEFORE]);
    usleep(400000);
    for (int i = 0; i < BEFORE * STRAY; i++) {
        client_send_text(fds[i], strlen(stray[i / BEFORE]) % 2 ? "\n" GET : GET);
        client_until(fds[i], buf, sizeof buf, "hello");
        ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 200 OK\r\n"), buf);
        close(fds[i]);
    }
    end_logged();
}
END_TEST

START_TEST(close_after_empty_lines_is_no_error)
{
    serve_logged((struct sw_server_config){.handler = handle});
    int fd = open_and_stray(before[_i % BEFORE], stray[_i / BEFORE]);
    shutdown(fd, SHUT_WR);
    ck_assert_uint_eq(client_all(fd, buf, sizeof buf), 0);
    close(fd);
    served_end(&served);
    read_file(log_path);
    unlink(log_path);
    ck_assert_uint_eq(count(text, "\n"), before[_i % BEFORE][0] != '\0');
}
END_TEST

static const struct {
    const char *bytes, *status, *end;
} begun[] = {
    {"\r\nG", "HTTP/1.1 408 ", "to arrive\n"},
    {"\r\n\r\nGET /hello HTTP/1.1\r\nHo", "HTTP/1.1 408 ", "to arrive\n"},
    {"\r\nHEAD /hello HT", "HTTP/1.1 408 ", "\r\n\r\n"},
};

/* The first byte of a request starts the head timeout, which ends in a 408. */
START_TEST(request_begun_after_empty_lines_times_out)
{
    serve_logged((struct sw_server_config){.head_timeout = 100});
    int fd = client_open(&served);
    client_send_text(fd, begun[_i].bytes);
    size_t n = client_all(fd, buf, sizeof buf), end = strlen(begun[_i].end);
    ck_assert_ptr_eq(strstr(buf, begun[_i].status), buf);
    ck_assert_str_eq(buf + n - end, begun[_i].end);
    close(fd);
    end_logged();
}
END_TEST

/* An empty line does not restart the idle timeout. */
START_TEST(empty_lines_do_not_extend_the_idle_timeout)
{
    serve_logged((struct sw_server_config){
        .idle_timeout = 1000, .limits = {.empty_lines = 255}, .workers = 1});
    int fd = client_open(&served);
    struct pollfd closed = {.fd = fd, .events = POLLIN};
    while (poll(&closed, 1, 100) == 0)
        client_send_text(fd, "\r\n");
    ck_assert_int_le(client_receive(fd, buf, sizeof buf), 0);
    close(fd);
    end_logged();
}
END_TEST

/* More empty lines than the stash for partial input can contain. */
START_TEST(many_empty_lines_are_idle)
{
    int fds[BEFORE];
    char lines[511] = "";
    serve_logged((struct sw_server_config){
        .head_timeout = 100, .idle_timeout = IDLE, .limits = {.empty_lines = 255}});
    for (int i = 0; i < 510; i++)
        lines[i] = i % 2 ? '\n' : '\r';
    for (int i = 0; i < BEFORE; i++)
        fds[i] = open_and_stray(before[i], lines);
    for (int i = 0; i < BEFORE; i++) {
        ck_assert_uint_eq(client_all(fds[i], buf, sizeof buf), 0);
        close(fds[i]);
    }
    end_logged();
}
END_TEST

START_TEST(empty_lines_with_the_proxy_protocol)
{
    static const struct sw_network all = {{{0}}, 0};
    static const char *const lines[] = {"\r\n", "\r", "PROXY UNKNOWN\r\n\r\n",
                                        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n\r\n\r"};
    struct sw_listener_config listener = {.address = "127.0.0.1",
                                          .proxy_protocol = SW_PROXY_PROTOCOL_REQUIRED};
    serve_logged((struct sw_server_config){.listeners = &listener,
                                           .listener_count = 1,
                                           .trusted = &all,
                                           .trusted_count = 1,
                                           .head_timeout = 100,
                                           .idle_timeout = 700});
    int fd = open_and_stray("", lines[_i]);
    ck_assert_uint_eq(client_all(fd, buf, sizeof buf), 0);
    close(fd);
    served_end(&served);
    read_file(log_path);
    unlink(log_path);
    ck_assert_str_eq(text, "");
}
END_TEST

/* A graceful shutdown closes such a connection at once and does not count it as force-closed. */
START_TEST(graceful_shutdown_closes_it_as_idle)
{
    serve_logged((struct sw_server_config){.head_timeout = 1000000, .drain = 20000});
    int fd = open_and_stray(before[_i % BEFORE], stray[_i / BEFORE]);
    int other = client_open(&served);
    client_send_text(other, GET);
    client_until(other, buf, sizeof buf, "hello");
    sw_server_stop(served.server);
    ck_assert_uint_eq(client_all(fd, buf, sizeof buf), 0);
    ck_assert_int_eq(served_wait(&served), 0);
    close(other);
    close(fd);
    unlink(log_path);
}
END_TEST

/* When all connections are in use, one that has sent only empty lines is evicted as idle. */
START_TEST(connection_with_empty_lines_is_evicted)
{
    serve_logged((struct sw_server_config){
        .connections = 1, .idle_timeout = 1000000, .workers = 1, .limits = {.empty_lines = 255}});
    char lines[511] = "";
    for (int i = 0; i < 510; i++)
        lines[i] = i % 2 ? '\n' : '\r';
    int fd = open_and_stray(before[_i % BEFORE], _i / BEFORE == STRAY ? lines : stray[_i / BEFORE]);
    int other = client_open(&served);
    client_send_text(other, GET);
    client_until(other, buf, sizeof buf, "hello");
    ck_assert_int_le(client_receive(fd, buf, sizeof buf), 0);
    close(other);
    close(fd);
    end_logged();
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {empty_lines_are_idle, 1},
        {request_after_empty_lines_gets_a_reply, 1},
        {close_after_empty_lines_is_no_error, BEFORE * STRAY},
        {request_begun_after_empty_lines_times_out, COUNT(begun)},
        {empty_lines_do_not_extend_the_idle_timeout, 1},
        {many_empty_lines_are_idle, 1},
        {empty_lines_with_the_proxy_protocol, 4},
        {graceful_shutdown_closes_it_as_idle, BEFORE * STRAY},
        {connection_with_empty_lines_is_evicted, BEFORE * (STRAY + 1)},
    };
    return suite_main("server empty lines", tests, COUNT(tests));
}
