/* check_deferred.c - the server: deferred responses and upgrades. */
/* SPDX-License-Identifier: MIT */
#include "served.h"

#include <stdatomic.h>

#define TEXT SW_SPAN("text/plain")
#define HOST "Host: x\r\n"

static char buf[1 << 20];

static struct served served;

static void serve(void (*handler)(struct sw_exchange *exchange))
{
    served_begin(&served, (struct sw_server_config){.handler = handler});
}

/* ---- Deferred responses ---------------------------------------------------------------------- */

static _Atomic(struct sw_exchange *) pending;
static atomic_int on_disconnect_calls, on_complete_calls, complete_replies;

static void late_reply(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("late"));
}

static void count_disconnect(struct sw_exchange *exchange)
{
    (void)exchange;
    atomic_fetch_add(&on_disconnect_calls, 1);
}

static void count_complete(struct sw_exchange *exchange, bool is_complete)
{
    (void)exchange;
    atomic_fetch_add(&complete_replies, is_complete);
    atomic_fetch_add(&on_complete_calls, 1);
}

static const struct sw_hooks late_hooks = {
    .on_resume = late_reply, .on_disconnect = count_disconnect, .on_complete = count_complete};

static void suspend(struct sw_exchange *exchange)
{
    exchange->hooks = &late_hooks;
    sw_exchange_suspend(exchange);
    atomic_store(&pending, exchange);
}

static struct sw_exchange *await_pending(void)
{
    struct sw_exchange *exchange;
    while (!(exchange = atomic_exchange(&pending, NULL)))
        usleep(1000);
    return exchange;
}

static void await(atomic_int *what, int value)
{
    while (atomic_load(what) != value)
        usleep(1000);
}

START_TEST(resume_from_another_thread)
{
    serve(suspend);
    int fd = client_open(&served);
    for (int i = 1; i <= 100; i++) {
        client_send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
        sw_exchange_resume(await_pending());
        client_until(fd, buf, sizeof buf, "late");
        await(&on_complete_calls, i);
    }
    ck_assert_int_eq(atomic_load(&complete_replies), 100);
    ck_assert_int_eq(atomic_load(&on_disconnect_calls), 0);
    close(fd);
    served_end(&served);
}
END_TEST

static void content_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                        const char *bytes)
{
    (void)trailers, (void)bytes;
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static size_t suspend_first(struct sw_exchange *exchange, struct sw_span bytes)
{
    if (!exchange->data) {
        exchange->data = exchange;
        sw_exchange_suspend(exchange);
        atomic_store(&pending, exchange);
        return 1;
    }
    return sw_reply_write(exchange, bytes);
}

static const struct sw_hooks suspend_content_hooks = {.on_content = suspend_first,
                                                      .on_request_end = content_end};

static void suspend_at_content(struct sw_exchange *exchange)
{
    exchange->hooks = &suspend_content_hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, 4);
}

START_TEST(suspended_exchange_gets_no_content)
{
    serve(suspend_at_content);
    int fd = client_open(&served);
    client_send_text(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabcdeGET /");
    client_until(fd, buf, sizeof buf, "\r\n\r\n"); /* the head of the reply does not wait */
    sw_exchange_resume(await_pending());
    client_until(fd, buf, sizeof buf, "bcde");
    close(fd);
    served_end(&served);
}
END_TEST

START_TEST(disconnect_is_reported_while_suspended)
{
    serve(suspend);
    int fd = client_open(&served);
    client_send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    struct sw_exchange *exchange = await_pending();
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    await(&on_disconnect_calls, 1);
    ck_assert_int_eq(atomic_load(&on_complete_calls), 0);
    ck_assert_int_eq(sw_exchange_target(exchange).p[0], '/'); /* the request remains valid */
    sw_exchange_resume(exchange);
    await(&on_complete_calls, 1);
    ck_assert_int_eq(atomic_load(&complete_replies), 0);
    served_end(&served);
}
END_TEST

/* ---- Upgrades -------------------------------------------------------------------------------- */

static void echo_rest(struct sw_exchange *exchange, int fd, struct sw_span rest)
{
    (void)exchange;
    send(fd, rest.p, rest.n, MSG_NOSIGNAL);
    send(fd, ", indeed", 8, MSG_NOSIGNAL);
    close(fd);
}

static const struct sw_hooks echo_hooks = {.on_upgrade = echo_rest, .on_complete = count_complete};

static void upgrade(struct sw_exchange *exchange)
{
    exchange->hooks = &echo_hooks;
    sw_reply_begin(exchange, SW_STATUS_SWITCHING_PROTOCOLS, 0);
    sw_reply_field(exchange, SW_HEADER_UPGRADE, SW_SPAN("parrot"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

START_TEST(upgrade_passes_socket_and_unread_bytes)
{
    serve(upgrade);
    client_ask(&served,
               "GET / HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: parrot\r\n\r\nlovely",
               buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 101 "), buf);
    ck_assert_ptr_ne(strstr(buf, "\r\n\r\nlovely, indeed"), NULL);
    await(&on_complete_calls, 1);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {suspended_exchange_gets_no_content, 1},
        {resume_from_another_thread, 1},
        {disconnect_is_reported_while_suspended, 1},
        {upgrade_passes_socket_and_unread_bytes, 1},
    };
    return suite_main("server deferred", tests, COUNT(tests));
}
