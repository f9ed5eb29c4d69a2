/* check_transaction_queue.c - the full server: the order of waiting connections, and eviction. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "expect.h"
#include "served.h"

#include <semaphore.h>
#include <stdatomic.h>

static char buf[1 << 16];

static struct served served;

#include "scraped.h"

#define HEAD(path) "GET " path " HTTP/1.1\r\nHost: x\r\n"
#define GET(path)  HEAD(path) "\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"

static char order[64]; /* the second letters of the targets, in the order of the handler's calls */
static atomic_size_t orders;

static void note(struct sw_exchange *exchange)
{
    size_t n = atomic_load(&orders);
    if (n < sizeof order - 1)
        order[n] = sw_exchange_target(exchange).p[1];
    atomic_store(&orders, n + 1);
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("hello"));
}

static const char *handled_order(void)
{
    return atomic_load(&orders) ? order : "";
}

static sem_t is_kept, go;

/* The second listener's: /keep blocks the worker, so that what arrives is one iteration's. */
static void watch(struct sw_exchange *exchange)
{
    if (sw_exchange_target(exchange).p[1] != 'k') {
        sw_admin_serve(exchange);
        return;
    }
    sem_post(&is_kept);
    sem_wait(&go);
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("kept"));
}

static void serve(struct sw_server_config config)
{
    static struct sw_listener_config listeners[] = {
        {.address = "127.0.0.1"}, {.address = "127.0.0.1", .handler = watch, .reserved = true}};
    config.handler = note;
    config.workers = 1;
    config.exchanges = config.exchanges ? config.exchanges : 1;
    config.listeners = listeners;
    config.listener_count = 2;
    memset(order, 0, sizeof order);
    atomic_store(&orders, 0);
    sem_init(&is_kept, 0, 0);
    sem_init(&go, 0, 0);
    served_begin(&served, config);
}

#define QUEUED "shockwave_connections{state=\"queued\"}"

/* A connection whose request waits for an exchange, after `queued` others. */
static int open_waiter(const char *text, long queued)
{
    int fd = client_open(&served);
    client_send_text(fd, text);
    expect_sample(QUEUED, queued + 1);
    return fd;
}

/* A connection that has an exchange and has not sent its content. */
static int open_with_exchange(long owners)
{
    int fd = client_open(&served);
    client_send_text(fd, POST("/a"));
    client_until(fd, buf, sizeof buf, "hello");
    expect_sample("shockwave_connections{state=\"body\"}", owners);
    return fd;
}

static int keep(void)
{
    int fd = open_admin();
    client_send_text(fd, "GET /keep HTTP/1.0\r\n\r\n");
    sem_wait(&is_kept);
    return fd;
}

static void let_go(int fd)
{
    sem_post(&go);
    client_all(fd, buf, sizeof buf);
    close(fd);
}

static void expect_hello(int fd)
{
    client_until(fd, buf, sizeof buf, "hello");
    close(fd);
}

/* ---- Order ----------------------------------------------------------------------------------- */

enum { NEWCOMERS = 20 };

/* An exchange freed in an iteration with events of other connections goes to the waiting one. */
START_TEST(new_request_does_not_overtake_a_waiting_one)
{
    for (int closes = 0; closes < 2; closes++) {
        serve((struct sw_server_config){0});
        int fd[NEWCOMERS], owner = open_with_exchange(1);
        for (int i = 0; i < NEWCOMERS; i++)
            fd[i] = client_open(&served);
        int waiter = open_waiter(GET("/w"), 0), kept = keep();
        if (closes)
            close(owner);
        else
            client_send_text(owner, "12345");
        for (int i = 0; i < NEWCOMERS; i++)
            client_send_text(fd[i], GET("/n"));
        let_go(kept);
        expect_hello(waiter);
        for (int i = 0; i < NEWCOMERS; i++)
            expect_hello(fd[i]);
        MUST(strcmp(handled_order(), "awnnnnnnnnnnnnnnnnnnnn") == 0, "%s", order);
        if (!closes)
            close(owner);
        served_end(&served);
    }
}
END_TEST

/* A freed exchange wakes one connection; events of the others do not change the order. */
START_TEST(waiting_connection_keeps_its_position)
{
    serve((struct sw_server_config){0});
    int owner = open_with_exchange(1);
    int first = open_waiter(POST("/1"), 0);
    int second = open_waiter(HEAD("/2"), 1);
    int third = open_waiter(GET("/3"), 2);
    int fourth = open_waiter(GET("/4"), 3);
    client_send_text(second, "\r\n"); /* does not move it to the end */
    scrape();
    setsockopt(third, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    close(third); /* nor does a close wake another one */
    expect_sample(QUEUED, 3);
    close(owner);
    client_until(first, buf, sizeof buf, "hello");
    expect_sample(QUEUED, 2);
    client_send_text(first, "12345");
    expect_hello(second);
    expect_hello(fourth);
    ck_assert_str_eq(handled_order(), "a124");
    close(first);
    served_end(&served);
}
END_TEST

/* Each exchange freed in an iteration goes to the connection that has waited longest. */
START_TEST(one_waiting_connection_per_free_exchange)
{
    enum { HOLDERS = 3, WAITERS = 5 };
    serve((struct sw_server_config){.exchanges = HOLDERS});
    int owners[HOLDERS], waiters[WAITERS];
    for (int i = 0; i < HOLDERS; i++)
        owners[i] = open_with_exchange(i + 1);
    static const char *const posts[WAITERS] = {POST("/1"), POST("/2"), POST("/3"), POST("/4"),
                                               POST("/5")};
    for (int i = 0; i < WAITERS; i++)
        waiters[i] = open_waiter(posts[i], i);
    int kept = keep();
    for (int i = 0; i < HOLDERS; i++)
        close(owners[i]);
    let_go(kept);
    for (int i = 0; i < HOLDERS; i++)
        client_until(waiters[i], buf, sizeof buf, "hello");
    expect_sample(QUEUED, WAITERS - HOLDERS);
    ck_assert_str_eq(handled_order(), "aaa123");
    for (int i = 0; i < WAITERS; i++)
        close(waiters[i]);
    served_end(&served);
}
END_TEST

/* ---- Timeouts -------------------------------------------------------------------------------- */

static void sleep_ms(uint32_t milliseconds)
{
    usleep(milliseconds * 1000);
}

/* True if the server processed a head whose remainder arrived in time; false if the test was slow.
 */
static bool head_time_is_paused(uint32_t time)
{
    bool in_time = false;
    serve((struct sw_server_config){.head_timeout = time});
    int waiter = client_open(&served);
    client_send_text(waiter, "GET /w HTTP/1.1\r\n");
    expect_sample("shockwave_connections{state=\"head\"}", 1);
    int owner = open_with_exchange(1);
    client_send_text(waiter, "Host: x\r\n\r\n");
    while (!in_time && sample(scrape(), "shockwave_connections{state=\"head\"}") > 0)
        continue;
    in_time = sample(page, QUEUED) == 1;
    sleep_ms(in_time ? 2 * time : 0);
    close(owner);
    ck_assert_int_ge(client_receive(waiter, buf, sizeof buf), 0);
    in_time = in_time && strncmp(buf, "HTTP/1.1 200 ", 13) == 0;
    MUST(!in_time || strcmp(handled_order(), "aw") == 0, "%s", order);
    close(waiter);
    served_end(&served);
    return in_time;
}

START_TEST(head_timeout_is_paused_while_waiting)
{
    uint32_t time = 300;
    while (time < WAIT_MAX_MS && !head_time_is_paused(time))
        time *= 2;
    ck_assert_uint_lt(time, WAIT_MAX_MS);
}
END_TEST

/* The head timeout continues with the time that remained before waiting. */
START_TEST(head_timeout_continues_after_waiting)
{
    serve((struct sw_server_config){.head_timeout = 400});
    int owner = open_with_exchange(1);
    int waiter = open_waiter("GET /w HTTP/1.1\r\n", 0);
    sleep_ms(600);
    close(owner);
    client_all(waiter, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 408 "), buf);
    close(waiter);
    served_end(&served);
}
END_TEST

/* A client that sends nothing more gets a 408, although exchanges are in use. */
START_TEST(slow_head_that_does_not_wait_gets_408)
{
    serve((struct sw_server_config){.head_timeout = 200});
    int waiter = client_open(&served);
    client_send_text(waiter, "GET /w HTTP/1.1\r\n");
    int owner = open_with_exchange(1);
    client_all(waiter, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 408 "), buf);
    expect_sample("shockwave_timeouts_total{kind=\"head\"}", 1);
    close(waiter);
    close(owner);
    served_end(&served);
}
END_TEST

/* ---- Eviction -------------------------------------------------------------------------------- */

static void ask(int fd)
{
    client_send_text(fd, GET("/g"));
    client_until(fd, buf, sizeof buf, "hello");
}

static void expect_closed(int fd)
{
    ck_assert_int_eq(client_receive(fd, buf, sizeof buf), 0);
    close(fd);
}

#define EVICTED "shockwave_evicted_total"

/* Three idle connections and a new one: the longest idle one is evicted. */
static const struct {
    const char *asks; /* the order of their requests */
    int first, second;
} orders_of_use[] = {
    {"", 0, 1},     {"0", 1, 2},     {"01", 2, 0},       {"10", 2, 1},
    {"012", 0, 1},  {"120", 1, 2},   {"0120", 1, 2},     {"210", 2, 1},
    {"0000", 1, 2}, {"01201", 2, 0}, {"01202101", 2, 0},
};

START_TEST(longest_idle_connection_is_evicted)
{
    for (size_t i = 0; i < COUNT(orders_of_use) * 2; i++) {
        serve((struct sw_server_config){
            .connections = 3, .exchanges = 3, .full = i % 2 ? SW_FULL_REFUSE : SW_FULL_WAIT});
        int fd[3], first = orders_of_use[i / 2].first, second = orders_of_use[i / 2].second;
        for (int n = 0; n < 3; n++) {
            fd[n] = client_open(&served);
            expect_sample("shockwave_connections{state=\"idle\"}", n + 1);
        }
        for (const char *at = orders_of_use[i / 2].asks; *at; at++)
            ask(fd[*at - '0']);
        expect_sample(EVICTED, 0);
        int newcomer = client_open(&served);
        ask(newcomer);
        expect_closed(fd[first]);
        expect_sample(EVICTED, 1);
        int another = client_open(&served);
        ask(another);
        expect_closed(fd[second]);
        expect_sample(EVICTED, 2);
        ask(fd[3 - first - second]);
        ask(newcomer);
        ask(another);
        close(fd[3 - first - second]);
        close(newcomer);
        close(another);
        served_end(&served);
    }
}
END_TEST

/* An incomplete request, and the bytes that complete it. */
static const struct {
    const char *begin, *end;
} busy[] = {
    {"G", "ET /g HTTP/1.1\r\nHost: x\r\n\r\n"},
    {HEAD("/g"), "\r\n"},
    {POST("/p"), "12345"},
    {POST("/p") "1234", "5"},
    {GET("/g") HEAD("/h"), "\r\n"},
};

START_TEST(busy_connections_are_not_evicted)
{
    for (size_t i = 0; i < COUNT(busy); i++) {
        serve((struct sw_server_config){.connections = 2, .exchanges = 2});
        int fd[2], newcomer;
        for (int n = 0; n < 2; n++) {
            fd[n] = client_open(&served);
            client_send_text(fd[n], busy[i].begin);
        }
        do
            scrape();
        while (sample(page, "shockwave_connections{state=\"head\"}") +
                   sample(page, "shockwave_connections{state=\"body\"}") <
               2);
        newcomer = client_open(&served);
        client_send_text(newcomer, GET("/n"));
        struct pollfd readable = {.fd = newcomer, .events = POLLIN};
        expect_sample(EVICTED, 0);
        ck_assert_int_eq(poll(&readable, 1, 20), 0);
        client_send_text(fd[1], busy[i].end); /* now it is idle */
        client_until(newcomer, buf, sizeof buf, "hello");
        ck_assert_int_ge(client_all(fd[1], buf, sizeof buf), 1);
        ck_assert_ptr_ne(strstr(buf, "hello"), NULL);
        client_send_text(fd[0], busy[i].end);
        client_until(fd[0], buf, sizeof buf, "hello");
        for (int n = 0; n < 2; n++)
            close(fd[n]);
        close(newcomer);
        served_end(&served);
    }
}
END_TEST

/* A request sent before a new connection arrives is served, for any number of them. */
START_TEST(connection_with_a_request_is_not_evicted)
{
    enum { CLIENTS = 300 };
    serve((struct sw_server_config){.connections = CLIENTS, .exchanges = CLIENTS});
    static int fd[CLIENTS], more[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        fd[i] = client_open(&served);
    expect_sample("shockwave_connections{state=\"idle\"}", CLIENTS);
    int kept = keep();
    for (int i = 0; i < CLIENTS; i++) {
        more[i] = client_open(&served);
        client_send_text(more[i], GET("/g"));
    }
    for (int i = 0; i < CLIENTS; i++)
        client_send_text(fd[i], GET("/g"));
    let_go(kept);
    for (int i = 0; i < CLIENTS; i++) {
        client_until(fd[i], buf, sizeof buf, "hello");
        client_until(more[i], buf, sizeof buf, "hello");
        close(fd[i]);
        close(more[i]);
    }
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {new_request_does_not_overtake_a_waiting_one, 1},
        {waiting_connection_keeps_its_position, 1},
        {one_waiting_connection_per_free_exchange, 1},
        {head_timeout_is_paused_while_waiting, 1},
        {head_timeout_continues_after_waiting, 1},
        {slow_head_that_does_not_wait_gets_408, 1},
        {longest_idle_connection_is_evicted, 1},
        {busy_connections_are_not_evicted, 1},
        {connection_with_a_request_is_not_evicted, 1},
    };
    return suite_main("server transaction queue", tests, COUNT(tests));
}
