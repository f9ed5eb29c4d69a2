/* check_server_later.c - the server: replies that come later, and what is handed over. */
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

/* ---- Later ----------------------------------------------------------------------------------- */

static _Atomic(struct sw_exchange *) pending;
static atomic_int told_gone, told_over, over_whole;

static void late_reply(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("late"));
}

static void late_gone(struct sw_exchange *exchange)
{
    (void)exchange;
    atomic_fetch_add(&told_gone, 1);
}

static void late_over(struct sw_exchange *exchange, bool whole)
{
    (void)exchange;
    atomic_fetch_add(&over_whole, whole);
    atomic_fetch_add(&told_over, 1);
}

static const struct sw_hooks late_hooks = {
    .on_resume = late_reply, .on_disconnect = late_gone, .on_complete = late_over};

static void hold(struct sw_exchange *exchange)
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

START_TEST(another_thread_resumes)
{
    serve(hold);
    int fd = client_open(&served);
    for (int i = 1; i <= 100; i++) {
        client_say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
        sw_exchange_resume(await_pending());
        client_until(fd, buf, sizeof buf, "late");
        await(&told_over, i);
    }
    ck_assert_int_eq(atomic_load(&over_whole), 100);
    ck_assert_int_eq(atomic_load(&told_gone), 0);
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

static size_t hold_first(struct sw_exchange *exchange, struct sw_span bytes)
{
    if (!exchange->data) {
        exchange->data = exchange;
        sw_exchange_suspend(exchange);
        atomic_store(&pending, exchange);
        return 1;
    }
    return sw_reply_write(exchange, bytes);
}

static const struct sw_hooks hold_content_hooks = {.on_content = hold_first,
                                                   .on_request_end = content_end};

static void hold_at_content(struct sw_exchange *exchange)
{
    exchange->hooks = &hold_content_hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, 4);
}

START_TEST(holding_holds_content_back)
{
    serve(hold_at_content);
    int fd = client_open(&served);
    client_say(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabcdeGET /");
    client_until(fd, buf, sizeof buf, "\r\n\r\n"); /* the head of the reply does not wait */
    sw_exchange_resume(await_pending());
    client_until(fd, buf, sizeof buf, "bcde");
    close(fd);
    served_end(&served);
}
END_TEST

START_TEST(who_holds_is_told_that_the_peer_is_gone)
{
    serve(hold);
    int fd = client_open(&served);
    client_say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    struct sw_exchange *exchange = await_pending();
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    await(&told_gone, 1);
    ck_assert_int_eq(atomic_load(&told_over), 0);
    ck_assert_int_eq(sw_exchange_target(exchange).p[0], '/'); /* still there */
    sw_exchange_resume(exchange);
    await(&told_over, 1);
    ck_assert_int_eq(atomic_load(&over_whole), 0);
    served_end(&served);
}
END_TEST

/* ---- Upgrades -------------------------------------------------------------------------------- */

static void speak(struct sw_exchange *exchange, int fd, struct sw_span rest)
{
    (void)exchange;
    send(fd, rest.p, rest.n, MSG_NOSIGNAL);
    send(fd, ", indeed", 8, MSG_NOSIGNAL);
    close(fd);
}

static const struct sw_hooks speak_hooks = {.on_upgrade = speak, .on_complete = late_over};

static void upgrade(struct sw_exchange *exchange)
{
    exchange->hooks = &speak_hooks;
    struct sw_writer *out = sw_reply_begin(exchange, SW_STATUS_SWITCHING_PROTOCOLS, 0);
    sw_write_field(out, SW_HEADER_UPGRADE, SW_SPAN("parrot"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

START_TEST(an_upgrade_hands_over_socket_and_bytes)
{
    serve(upgrade);
    client_ask(&served,
               "GET / HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: parrot\r\n\r\nlovely",
               buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 101 "), buf);
    ck_assert_ptr_ne(strstr(buf, "\r\n\r\nlovely, indeed"), NULL);
    await(&told_over, 1);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {holding_holds_content_back, 1},
        {another_thread_resumes, 1},
        {who_holds_is_told_that_the_peer_is_gone, 1},
        {an_upgrade_hands_over_socket_and_bytes, 1},
    };
    return suite_main("server later", tests, COUNT(tests));
}
