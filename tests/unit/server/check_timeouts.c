/* check_timeouts.c - the server: timeouts, ends of connections, graceful shutdown. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <stdio.h>
#include <time.h>

#define TEXT SW_SPAN("text/plain")
#define GET  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static char buf[1 << 20];

static struct served served;

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("hello"));
}

static uint32_t idle_time;

/* Blocks the event loop for longer than the idle timeout if the target is not "/". */
static void doze(struct sw_exchange *exchange)
{
    if (sw_exchange_target(exchange).n > 1)
        usleep((idle_time + 400) * 1000);
    hello(exchange);
}

/* ---- Timeouts -------------------------------------------------------------------------------- */

static void expect_timeout_reply(const char *text, const char *want)
{
    int fd = client_open(&served);
    client_send_text(fd, text);
    client_all(fd, buf, sizeof buf);
    ck_assert_msg(strncmp(buf, want, strlen(want)) == 0, "%s instead of %s", buf, want);
    if (!*want)
        ck_assert_str_eq(buf, "");
    close(fd);
}

START_TEST(slow_head_is_closed_with_408)
{
    served_begin(&served, (struct sw_server_config){.handler = hello, .head_timeout = 100});
    expect_timeout_reply("GET / HTTP/1.1\r\nHo", "HTTP/1.1 408 Request Timeout\r\n");
    int fd = client_open(&served);
    client_send_text(fd, GET "GET / HTTP/1.1\r\n");
    client_all(fd, buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 200 OK"), 1);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 408 "), 1);
    close(fd);
    served_end(&served);
}
END_TEST

START_TEST(trickling_does_not_extend_the_head_timeout)
{
    served_begin(&served, (struct sw_server_config){.handler = hello, .head_timeout = 200});
    int fd = client_open(&served);
    struct pollfd closed = {.fd = fd, .events = POLLIN};
    client_send_text(fd, "GET / HTTP/1.1\r\nX: ");
    while (poll(&closed, 1, 20) == 0)
        client_send_text(fd, "x");
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 408 "), buf);
    close(fd);
    served_end(&served);
}
END_TEST

#define POST "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"

static size_t swallow(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)exchange;
    return bytes.n;
}

static void swallowed(struct sw_exchange *exchange, const struct sw_head *trailers,
                      const char *bytes)
{
    (void)trailers, (void)bytes;
    hello(exchange);
}

static const struct sw_hooks swallow_hooks = {.on_content = swallow, .on_request_end = swallowed};

static void swallow_all(struct sw_exchange *exchange)
{
    exchange->hooks = &swallow_hooks;
}

START_TEST(slow_content_is_closed_with_408)
{
    served_begin(&served, (struct sw_server_config){.handler = swallow_all, .body_timeout = 100});
    expect_timeout_reply(POST "some of it", "HTTP/1.1 408 Request Timeout\r\n");
    served_end(&served);
}
END_TEST

START_TEST(content_timeout_is_extended_by_min_progress_only)
{
    served_begin(&served, (struct sw_server_config){
                              .handler = swallow_all, .body_timeout = 1000, .min_progress = 1000});
    static char block[2000];
    int slow = client_open(&served), quick = client_open(&served);
    struct pollfd closed = {.fd = slow, .events = POLLIN};
    memset(block, 'x', sizeof block);
    client_send_text(slow, POST);
    client_send_text(quick, POST);
    size_t sent = 0;
    while (poll(&closed, 1, 50) == 0) { /* up to twenty rounds within body_timeout */
        client_send_text(slow, "x");
        client_send(quick, block, sizeof block);
        sent += sizeof block;
    }
    client_all(slow, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 408 "), buf);
    for (; sent < 100000; sent += sizeof block)
        client_send(quick, block, sizeof block);
    client_until(quick, buf, sizeof buf, "hello");
    close(slow);
    close(quick);
    served_end(&served);
}
END_TEST

START_TEST(idle_connection_is_closed)
{
    served_begin(&served, (struct sw_server_config){.handler = hello, .idle_timeout = 100});
    expect_timeout_reply("", "");
    expect_timeout_reply(GET, "HTTP/1.1 200 OK\r\n");
    served_end(&served);
}
END_TEST

enum { CLIENTS = 300 };

static uint32_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* Sends one request on each connection.  False if that took over half of the idle timeout. */
static bool have_idle_clients(int fds[CLIENTS])
{
    uint32_t begin = milliseconds();
    served_begin(&served, (struct sw_server_config){
                              .handler = doze, .idle_timeout = idle_time, .workers = 1});
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = client_open(&served);
        client_send_text(fds[i], GET);
        client_until(fds[i], buf, 200, "hello");
    }
    return milliseconds() - begin < idle_time / 2;
}

static void close_all(const int fds[CLIENTS])
{
    for (size_t i = 0; i < CLIENTS; i++)
        close(fds[i]);
    served_end(&served);
}

/* The pending requests are more than one epoll_wait() returns, and the loop was blocked for longer
   than the idle timeout. */
START_TEST(connection_with_a_pending_request_is_not_idle)
{
    static int fds[CLIENTS];
    for (idle_time = 2000; !have_idle_clients(fds); idle_time *= 2)
        close_all(fds);
    client_send_text(fds[0], "GET /doze HTTP/1.1\r\nHost: x\r\n\r\n");
    for (size_t i = 1; i < CLIENTS; i++)
        client_send_text(fds[i], GET);
    for (size_t i = 0; i < CLIENTS; i++)
        client_until(fds[i], buf, 200, "hello");
    close_all(fds);
}
END_TEST

static char large[20000000];

static void reply_large(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, sizeof large});
}

START_TEST(client_that_does_not_read_is_closed)
{
    served_begin(&served, (struct sw_server_config){.handler = reply_large, .write_timeout = 200});
    int fd = client_open_narrow(&served, 4096);
    client_send_text(fd, GET);
    struct pollfd closed = {.fd = fd, .events = POLLRDHUP};
    ck_assert_int_eq(poll(&closed, 1, WAIT_MAX_MS), 1); /* without reading */
    close(fd);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

/* ---- Ends ------------------------------------------------------------------------------------ */

/* A head of a megabyte: the client reads the error response although it keeps sending. */
START_TEST(error_reply_arrives_while_the_client_sends)
{
    served_begin(&served, (struct sw_server_config){.handler = hello});
    int fd = client_open(&served);
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    client_send_text(fd, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
    client_send(fd, block, sizeof block);
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 431 "), buf);
    ck_assert_ptr_ne(strstr(buf, "FIELD_LINE_TOO_LONG at byte "), NULL);
    close(fd);
    served_end(&served);
}
END_TEST

START_TEST(half_closed_client_gets_its_replies)
{
    served_begin(&served, (struct sw_server_config){.handler = hello});
    int fd = client_open(&served);
    client_send_text(fd, GET GET);
    shutdown(fd, SHUT_WR);
    client_all(fd, buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "hello"), 2);
    close(fd);
    served_end(&served);
}
END_TEST

START_TEST(reset_connections_do_not_affect_others)
{
    served_begin(&served, (struct sw_server_config){.handler = reply_large});
    for (int i = 0; i < 50; i++) {
        int fd = client_open(&served);
        client_send_text(fd, GET GET);
        client_receive(fd, buf, 1000);
        struct linger reset = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    int fd = client_open(&served);
    client_send_text(fd, GET);
    client_until(fd, buf, 20, "HTTP/1.1 200 OK");
    close(fd);
    served_end(&served);
}
END_TEST

/* ---- Graceful shutdown ----------------------------------------------------------------------- */

START_TEST(graceful_shutdown_completes_requests)
{
    served_begin(&served, (struct sw_server_config){.handler = reply_large, .drain = 20000});
    int idle = client_open(&served), busy = client_open(&served), half = client_open(&served);
    client_send_text(busy, GET);
    client_receive(busy, buf, 1000);
    client_send_text(half, "GET / HTTP/1.1\r\n");
    usleep(50000);
    sw_server_stop(served.server);
    ck_assert_uint_eq(client_all(idle, buf, sizeof buf), 0);
    client_send_text(half, "Host: x\r\n\r\n");
    client_until(half, buf, 200, "Connection: close\r\n");
    int fds[] = {busy, half};
    for (int i = 0; i < 2; i++) {
        while (client_receive(fds[i], buf, sizeof buf) > 0)
            ;
        close(fds[i]);
    }
    close(idle);
    ck_assert_int_eq(served_wait(&served), 0);
}
END_TEST

static void begin_shutdown(const struct sw_server_config *config, int *fd)
{
    served_begin(&served, *config);
    *fd = client_open_narrow(&served, 4096);
    client_send_text(*fd, GET);
    client_receive(*fd, buf, 100);
    sw_server_stop(served.server);
}

START_TEST(graceful_shutdown_is_bounded_by_drain)
{
    int fd;
    struct sw_server_config config = {.handler = reply_large, .drain = 200};
    begin_shutdown(&config, &fd);
    ck_assert_int_eq(served_wait(&served), 1);
    close(fd);
}
END_TEST

START_TEST(second_stop_closes_at_once)
{
    int fd;
    struct sw_server_config config = {.handler = reply_large, .drain = 1000000};
    begin_shutdown(&config, &fd);
    sw_server_stop(served.server);
    ck_assert_int_eq(served_wait(&served), 1);
    close(fd);
}
END_TEST

static void suspend(struct sw_exchange *exchange)
{
    sw_exchange_suspend(exchange);
}

START_TEST(suspended_exchange_is_force_closed_after_drain)
{
    struct sw_server_config config = {.handler = suspend, .drain = 200};
    served_begin(&served, config);
    int fd = client_open(&served);
    client_send_text(fd, GET);
    usleep(50000);
    ck_assert_int_eq(served_end(&served), 1);
    close(fd);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {slow_head_is_closed_with_408, 1},
        {trickling_does_not_extend_the_head_timeout, 1},
        {slow_content_is_closed_with_408, 1},
        {content_timeout_is_extended_by_min_progress_only, 1},
        {idle_connection_is_closed, 1},
        {connection_with_a_pending_request_is_not_idle, 1},
        {client_that_does_not_read_is_closed, 1},
        {error_reply_arrives_while_the_client_sends, 1},
        {half_closed_client_gets_its_replies, 1},
        {reset_connections_do_not_affect_others, 1},
        {graceful_shutdown_completes_requests, 1},
        {graceful_shutdown_is_bounded_by_drain, 1},
        {second_stop_closes_at_once, 1},
        {suspended_exchange_is_force_closed_after_drain, 1},
    };
    return suite_main("server timeouts", tests, COUNT(tests));
}
