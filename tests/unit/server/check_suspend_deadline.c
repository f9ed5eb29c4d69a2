/* check_suspend_deadline.c - the server: suspend, resume, disconnects and deadlines. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "logged.h"
#include "suite.h"

#include <semaphore.h>

#define TEXT       SW_SPAN("text/plain")
#define ASK(path)  "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"

enum { THREADS = 8 };

static sem_t go;
static atomic_int on_resume_calls, on_disconnect_calls, on_half_close_calls, on_complete_calls,
    complete_replies, is_busy, was_closed;
static atomic_int disconnects_before_complete,
    error; /* what sw_exchange_resume() returned in a hook */

/* ---- The handler ----------------------------------------------------------------------------- */

static void on_resume(struct sw_exchange *exchange)
{
    atomic_fetch_add(&on_resume_calls, 1);
    if (is_for(exchange, "/again") && atomic_load(&on_resume_calls) < 4) {
        sw_exchange_suspend_for(exchange, 1000);
        atomic_store(&pending, exchange);
        return;
    }
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("late"));
}

static void on_disconnect(struct sw_exchange *exchange)
{
    (void)exchange;
    ck_assert_int_eq(atomic_load(&on_complete_calls), 0);
    atomic_fetch_add(&on_disconnect_calls, 1);
}

static void on_half_close(struct sw_exchange *exchange)
{
    atomic_store(&was_closed, sw_exchange_half_closed(exchange));
    atomic_fetch_add(&on_half_close_calls, 1);
}

/* Suspend and resume have no effect in on_complete. */
static void on_complete(struct sw_exchange *exchange, bool is_complete)
{
    sw_exchange_suspend(exchange);
    atomic_store(&error, sw_exchange_resume(exchange));
    atomic_store(&disconnects_before_complete, atomic_load(&on_disconnect_calls));
    atomic_fetch_add(&complete_replies, is_complete);
    atomic_fetch_add(&on_complete_calls, 1);
}

static const struct sw_hooks hooks = {.on_resume = on_resume,
                                      .on_half_close = on_half_close,
                                      .on_disconnect = on_disconnect,
                                      .on_complete = on_complete};

static void suspend(struct sw_exchange *exchange)
{
    exchange->hooks = &hooks;
    if (is_for(exchange, "/bounded") || is_for(exchange, "/again"))
        sw_exchange_suspend_for(exchange, is_for(exchange, "/again") ? 1000000 : 100);
    if (is_for(exchange, "/begun") || is_for(exchange, "/complete"))
        sw_exchange_suspend_for(exchange, 100);
    if (is_for(exchange, "/begun"))
        sw_reply_begin(exchange, SW_STATUS_OK, 10);
    if (is_for(exchange, "/complete"))
        sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("early"));
    sw_exchange_suspend(exchange); /* no effect if suspended already */
    if (is_for(exchange, "/bad")) {
        sw_reply_begin(exchange, SW_STATUS_OK, 0);
        sw_reply_field(exchange, SW_HEADER_SERVER, SW_SPAN("a\nb"));
    }
    atomic_store(&pending, exchange);
}

static void handle_suspended(struct sw_exchange *exchange)
{
    if (is_for(exchange, "/busy")) {
        atomic_store(&is_busy, 1);
        sem_wait(&go);
        sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("done"));
    } else if (is_for(exchange, "/unheld")) {
        ck_assert_int_eq(sw_exchange_resume(exchange), SW_ERROR_MISUSE);
        sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("done"));
        ck_assert_int_eq(sw_exchange_resume(exchange), SW_ERROR_MISUSE);
    } else {
        suspend(exchange);
    }
}

static void await(atomic_int *what, int value)
{
    for (int i = 0; atomic_load(what) != value && i < WAIT_MAX_MS; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(what), value);
}

static struct sw_exchange *await_pending(void)
{
    struct sw_exchange *exchange;
    while (!(exchange = atomic_exchange(&pending, NULL)))
        usleep(1000);
    return exchange;
}

static void serve(uint32_t drain)
{
    sem_init(&go, 0, 0);
    serve_logged(
        (struct sw_server_config){.handler = handle_suspended, .workers = 1, .drain = drain});
}

static int make_busy(void)
{
    int fd = client_open(&served);
    client_send_text(fd, ASK("/busy"));
    await(&is_busy, 1);
    return fd;
}

static void reset(int fd)
{
    const struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* ---- Disconnects ----------------------------------------------------------------------------- */

/* The client resets or stays.  The server shuts down; the drain ends by its limit or by a second
   stop, and the exchange is force-closed while suspended. */
START_TEST(on_disconnect_is_called_once)
{
    bool resets = _i & 1, resumes = _i & 2, twice = _i & 4;
    serve(twice ? 1000000 : 150);
    int fd = client_open(&served);
    client_send_text(fd, ASK("/"));
    struct sw_exchange *exchange = await_pending();
    if (resets) {
        reset(fd);
        await(&on_disconnect_calls, 1);
    }
    if (resumes && resets)
        ck_assert_int_eq(sw_exchange_resume(exchange), SW_OK);
    sw_server_stop(served.server);
    if (twice)
        sw_server_stop(served.server);
    served_wait(&served);
    if (!resets)
        close(fd);
    ck_assert_int_eq(atomic_load(&on_disconnect_calls), 1);
    ck_assert_int_eq(atomic_load(&disconnects_before_complete), 1);
    ck_assert_int_eq(atomic_load(&on_complete_calls), 1);
    ck_assert_int_eq(atomic_load(&on_resume_calls), 0);
    unlink(log_path);
}
END_TEST

START_TEST(complete_reply_has_no_on_disconnect)
{
    serve(0);
    int fd = client_open(&served);
    client_send_text(fd, ASK("/"));
    ck_assert_int_eq(sw_exchange_resume(await_pending()), SW_OK);
    client_until(fd, buf, sizeof buf, "late");
    await(&on_complete_calls, 1);
    ck_assert_int_eq(atomic_load(&complete_replies), 1);
    close(fd);
    end_logged();
    ck_assert_int_eq(atomic_load(&on_disconnect_calls) + atomic_load(&on_half_close_calls), 0);
}
END_TEST

/* ---- Resuming -------------------------------------------------------------------------------- */

static atomic_int succeeded, refused;

static void *resume(void *exchange)
{
    enum sw_error result = sw_exchange_resume(exchange);
    atomic_fetch_add(result == SW_OK ? &succeeded : &refused, 1);
    ck_assert(result == SW_OK || result == SW_ERROR_MISUSE);
    return NULL;
}

/* Several threads resume two exchanges at once while the worker is busy. */
START_TEST(only_one_resume_succeeds)
{
    serve(0);
    int fds[] = {client_open(&served), client_open(&served)};
    struct sw_exchange *exchanges[2];
    for (int i = 0; i < 2; i++) {
        client_send_text(fds[i], ASK("/"));
        exchanges[i] = await_pending();
    }
    int busy = make_busy();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, resume, exchanges[i % 2]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(sw_exchange_resume(exchanges[0]), SW_ERROR_MISUSE);
    ck_assert_int_eq(atomic_load(&succeeded), 2);
    ck_assert_int_eq(atomic_load(&refused), THREADS - 2);
    sem_post(&go);
    client_until(busy, buf, sizeof buf, "done");
    for (int i = 0; i < 2; i++) {
        client_until(fds[i], buf, sizeof buf, "late");
        close(fds[i]);
    }
    await(&on_complete_calls, 2);
    ck_assert_int_eq(atomic_load(&on_resume_calls), 2);
    close(busy);
    end_logged();
}
END_TEST

START_TEST(resume_without_suspend_is_misuse)
{
    serve(0);
    int fd = client_open(&served);
    client_send_text(fd, ASK("/unheld"));
    client_until(fd, buf, sizeof buf, "done");
    client_send_text(fd, POST("/")); /* without content: the transaction stays attached */
    struct sw_exchange *exchange = await_pending();
    ck_assert_int_eq(sw_exchange_resume(exchange), SW_OK);
    client_until(fd, buf, sizeof buf, "late");
    await(&on_complete_calls, 1);
    ck_assert_int_eq(atomic_load(&error), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_exchange_resume(exchange), SW_ERROR_MISUSE);
    client_send_text(fd, "0123456789" ASK("/"));
    ck_assert_int_eq(sw_exchange_resume(await_pending()), SW_OK);
    client_until(fd, buf, sizeof buf, "late");
    await(&on_complete_calls, 2);
    ck_assert_int_eq(atomic_load(&on_resume_calls), 2);
    close(fd);
    end_logged();
}
END_TEST

/* The response fails, and the exchange is suspended nevertheless: it lasts until it is resumed. */
START_TEST(failed_reply_stays_suspended)
{
    serve(0);
    int fd = client_open(&served);
    client_send_text(fd, ASK("/bad"));
    struct sw_exchange *exchange = await_pending();
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 500 "), buf);
    ck_assert_int_eq(atomic_load(&on_complete_calls), 0);
    if (_i) {
        close(fd);
        await(&on_disconnect_calls, 1);
    }
    ck_assert_int_eq(sw_exchange_resume(exchange), SW_OK);
    await(&on_complete_calls, 1);
    ck_assert_int_eq(atomic_load(&on_resume_calls), 0);
    if (!_i)
        close(fd);
    end_logged();
}
END_TEST

/* ---- Half-closed ----------------------------------------------------------------------------- */

/* The client half-closes before the handler is called or while suspended, and gets its response. */
START_TEST(half_closed_client_is_reported_and_gets_a_reply)
{
    serve(0);
    int busy = _i ? make_busy() : -1, fd = client_open(&served);
    client_send_text(fd, ASK("/"));
    struct sw_exchange *exchange = _i ? NULL : await_pending();
    ck_assert_int_eq(atomic_load(&on_half_close_calls), 0);
    shutdown(fd, SHUT_WR);
    if (_i) {
        sem_post(&go);
        exchange = await_pending();
    }
    await(&on_half_close_calls, 1);
    ck_assert_int_eq(atomic_load(&was_closed), 1);
    ck_assert_int_eq(sw_exchange_resume(exchange), SW_OK);
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_nonnull(strstr(buf, "late"));
    await(&on_complete_calls, 1);
    ck_assert_int_eq(atomic_load(&on_half_close_calls), 1);
    ck_assert_int_eq(atomic_load(&on_disconnect_calls), 0);
    ck_assert_int_eq(atomic_load(&complete_replies), 1);
    close(fd);
    if (busy >= 0)
        close(busy);
    end_logged();
}
END_TEST

/* ---- Deadlines ------------------------------------------------------------------------------- */

static const struct {
    const char *request, *begin, *end;
} bounded[] = {
    {ASK("/bounded"), "HTTP/1.1 503 ", "took too long\n"},
    {POST("/bounded"), "HTTP/1.1 503 ", "took too long\n"},
    {"HEAD /bounded HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 503 ", "\r\n\r\n"},
    {ASK("/begun"), "HTTP/1.1 200 ", "\r\n\r\n"}, /* without its content */
    {ASK("/complete"), "HTTP/1.1 200 ", "early"},
};

START_TEST(suspend_has_a_deadline)
{
    serve(0);
    int fd = client_open(&served);
    client_send_text(fd, bounded[_i].request);
    struct sw_exchange *exchange = await_pending();
    size_t n = client_all(fd, buf, sizeof buf), end = strlen(bounded[_i].end);
    ck_assert_ptr_eq(strstr(buf, bounded[_i].begin), buf);
    ck_assert_str_eq(buf + n - end, bounded[_i].end);
    await(&on_disconnect_calls, 1);
    ck_assert_int_eq(atomic_load(&on_complete_calls), 0); /* still owned by the other thread */
    if (_i % 2) {
        close(fd);
        usleep(20000);
    }
    ck_assert_int_eq(sw_exchange_resume(exchange), SW_OK);
    await(&on_complete_calls, 1);
    expect_part("\"timeout of hold\"");
    ck_assert_int_eq(atomic_load(&on_resume_calls), 0);
    ck_assert_int_eq(atomic_load(&on_disconnect_calls), 1);
    if (_i % 2 == 0)
        close(fd);
    end_logged();
}
END_TEST

/* Each suspension has a deadline of its own; a resume before it gets a normal response. */
START_TEST(resume_ends_the_deadline)
{
    serve(0);
    int fd = client_open(&served);
    client_send_text(fd, ASK("/again"));
    ck_assert_int_eq(sw_exchange_resume(await_pending()), SW_OK); /* a distant deadline */
    struct sw_exchange *exchange = await_pending();
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 503 "), buf); /* the last deadline was near */
    ck_assert_int_eq(sw_exchange_resume(exchange), SW_OK);
    await(&on_complete_calls, 1);
    close(fd);
    end_logged();
}
END_TEST

/* The exchange is never resumed: the server stops nevertheless. */
START_TEST(deadline_does_not_delay_shutdown)
{
    serve(150);
    int fd = client_open(&served);
    client_send_text(fd, ASK("/bounded"));
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 503 "), buf);
    close(fd);
    end_logged();
    ck_assert_int_eq(atomic_load(&on_disconnect_calls), 1);
    ck_assert_int_eq(atomic_load(&on_complete_calls), 1);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {on_disconnect_is_called_once, 8},
        {complete_reply_has_no_on_disconnect, 1},
        {only_one_resume_succeeds, 1},
        {resume_without_suspend_is_misuse, 1},
        {failed_reply_stays_suspended, 2},
        {half_closed_client_is_reported_and_gets_a_reply, 2},
        {suspend_has_a_deadline, COUNT(bounded)},
        {resume_ends_the_deadline, 1},
        {deadline_does_not_delay_shutdown, 1},
    };
    return suite_main("server suspend deadline", tests, COUNT(tests));
}
