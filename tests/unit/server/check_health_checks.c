/* check_health_checks.c - probes of load balancers, and health of a full server. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "expect.h"
#include "logged.h"

#include "scraped.h"

#define V2          "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) text, sizeof(text) - 1

static const struct sw_network nearby = {
    .address = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 0}}, .bits = 104};

/* ---- Probes of a port ------------------------------------------------------------------------ */

static const struct {
    const char *bytes;
    size_t n;
    bool reset;
    const char *error; /* counted and logged once; NULL: neither counted nor logged */
} probes[] = {
    {BYTES(""), false, NULL},
    {BYTES(""), true, NULL},
    {BYTES(V2 "\x20\0\0\0"), false, NULL},
    {BYTES(V2 "\x20\0\0\0"), true, NULL},
    {BYTES("PROXY UNKNOWN\r\n"), false, NULL},
    {BYTES("PROXY TCP4 192.0.2.1 127.0.0.1 12345 80\r\n"), false, NULL},
    {BYTES("PROXY TCP4 192.0.2.1"), false, "TRUNCATED"},
    {BYTES("P"), false, "TRUNCATED"},
    {BYTES(V2), false, "TRUNCATED"},
};

static void probe(size_t i)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    int fd = client_open(&served);
    if (probes[i].reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_send(fd, probes[i].bytes, probes[i].n);
    close(fd);
}

/* The sum of all error samples. */
static long sum_errors(void)
{
    static const char name[] = "\nshockwave_refused_total{error=";
    long total = 0;
    for (const char *at = page; (at = strstr(at, name)); at++)
        total += atol(strchr(at + 1, ' '));
    return total;
}

/* Waits until the probe was accepted and closed.  The scrape itself is a connection in use. */
static void expect_end_of_probe(void)
{
    static const char requests[] = "shockwave_requests_total{method=\"GET\",code=\"2xx\"}";
    do
        scrape();
    while (sample(page, "shockwave_pool_used{pool=\"connections\"}") > 1 ||
           sample(page, "shockwave_accepted_total") < sample(page, requests) + 2);
}

static void expect_no_more_than_error(size_t i, const char *error)
{
    char name[128];
    snprintf(name, sizeof name, "shockwave_refused_total{error=\"%s\"}", error ? error : "");
    long errors = sum_errors();
    MUST(errors == (error != NULL), "%ld errors after probe %zu", errors, i);
    MUST(!error || sample(page, name) == 1, "no %s after probe %zu", error, i);
}

/* A connection that sends nothing is no error, with the PROXY protocol or without. */
START_TEST(tcp_probe_is_no_error)
{
    static const enum sw_proxy_protocol settings[] = {
        SW_PROXY_PROTOCOL_OFF, SW_PROXY_PROTOCOL_OPTIONAL, SW_PROXY_PROTOCOL_REQUIRED};
    for (size_t i = 0; i < COUNT(probes) * COUNT(settings) * 2; i++) {
        size_t row = i / 6;
        bool trusted = i % 2;
        const struct sw_listener_config listeners[] = {
            {.address = "127.0.0.1", .proxy_protocol = settings[i / 2 % 3]},
            {.address = "127.0.0.1", .handler = sw_admin_serve}};
        if (probes[row].n && (listeners[0].proxy_protocol == SW_PROXY_PROTOCOL_OFF || !trusted))
            continue;
        serve_logged((struct sw_server_config){.workers = 1,
                                               .listeners = listeners,
                                               .listener_count = 2,
                                               .trusted = &nearby,
                                               .trusted_count = trusted});
        probe(row);
        expect_end_of_probe();
        expect_no_more_than_error(i, probes[row].error);
        served_end(&served);
        read_file(log_path);
        unlink(log_path);
        size_t lines = count(text, "\n") - count(text, "/metrics");
        MUST(lines == (probes[row].error != NULL), "after probe %zu: %s", i, text);
    }
}
END_TEST

/* ---- Health ---------------------------------------------------------------------------------- */

/* Fills all connections with incomplete requests, and opens more that wait. */
static void fill_up(int *fd, int n)
{
    for (int i = 0; i < n; i++) {
        fd[i] = client_open(&served);
        client_send_text(fd[i], "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
    }
}

static void expect_health(void)
{
    for (int i = 0; i < 2 * SW_RESERVED; i++) { /* each releases what it used */
        ck_assert_ptr_ne(strstr(look("GET /livez HTTP/1.0\r\n\r\n"), " 200 OK\r\n"), NULL);
        ck_assert_ptr_ne(strstr(look("GET /readyz HTTP/1.0\r\n\r\n"), " 200 OK\r\n"), NULL);
    }
}

static const struct {
    uint32_t connections, exchanges;
    enum sw_full full;
    bool reserved; /* by the listener's flag, not by its handler */
} crowds[] = {
    {2, 2, SW_FULL_WAIT, false},  {20, 1, SW_FULL_WAIT, false}, {2, 2, SW_FULL_REFUSE, false},
    {2, 1, SW_FULL_REFUSE, true}, {2, 2, SW_FULL_WAIT, true},
};

static void watch(struct sw_exchange *exchange)
{
    sw_admin_serve(exchange);
}

START_TEST(full_server_reports_health)
{
    for (size_t i = 0; i < COUNT(crowds); i++) {
        const struct sw_listener_config listeners[] = {
            {.address = "127.0.0.1"},
            {.address = "127.0.0.1",
             .handler = crowds[i].reserved ? watch : sw_admin_serve,
             .reserved = crowds[i].reserved}};
        serve_logged((struct sw_server_config){.workers = 1,
                                               .connections = crowds[i].connections,
                                               .exchanges = crowds[i].exchanges,
                                               .full = crowds[i].full,
                                               .listeners = listeners,
                                               .listener_count = 2});
        int fd[4];
        fill_up(fd, 4);
        expect_sample("shockwave_connections{state=\"body\"}", crowds[i].exchanges);
        expect_health();
        client_send_text(fd[0], "12345");
        client_until(fd[0], buf, sizeof buf, "complete");
        for (int n = 0; n < 4; n++)
            close(fd[n]);
        end_logged();
    }
}
END_TEST

/* Reserved connections are not available to other listeners, nor the reverse. */
START_TEST(reserved_connections_have_their_own_limit)
{
    const struct sw_listener_config listeners[] = {
        {.address = "127.0.0.1"}, {.address = "127.0.0.1", .handler = sw_admin_serve}};
    serve_logged((struct sw_server_config){
        .workers = 1, .connections = 2, .listeners = listeners, .listener_count = 2});
    int fd[SW_RESERVED + 1], usual = client_open(&served);
    for (int i = 0; i <= SW_RESERVED; i++) {
        fd[i] = open_admin();
        client_send_text(fd[i], "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n");
        if (i < SW_RESERVED) {
            client_send_text(fd[i], "\r\n");
            client_until(fd[i], buf, sizeof buf, " 405 ");
        }
    }
    client_send_text(usual, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client_until(usual, buf, sizeof buf, "hello");
    struct pollfd last = {.fd = fd[SW_RESERVED], .events = POLLIN};
    client_send_text(fd[SW_RESERVED], "\r\n");
    ck_assert_int_eq(poll(&last, 1, 50), 0);
    close(fd[0]);
    client_until(fd[SW_RESERVED], buf, sizeof buf, " 405 ");
    for (int i = 1; i <= SW_RESERVED; i++)
        close(fd[i]);
    close(usual);
    end_logged();
}
END_TEST

static const struct sw_listener_config usual_listener = {.address = "127.0.0.1"},
                                       reserved_listener = {.address = "127.0.0.1",
                                                            .reserved = true};

START_TEST(reserved_connections_are_counted_in_memory)
{
    struct sw_server_config config = {
        .handler = handle, .workers = 1, .listeners = &usual_listener, .listener_count = 1};
    size_t usual = sw_server_memory(&config);
    config.listeners = &reserved_listener;
    size_t more = sw_server_memory(&config) - usual;
    ck_assert_uint_gt(more, SW_RESERVED * (32768 + 16384 + 4096));
    ck_assert_uint_lt(more, SW_RESERVED * 62000);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {tcp_probe_is_no_error, 1},
        {full_server_reports_health, 1},
        {reserved_connections_have_their_own_limit, 1},
        {reserved_connections_are_counted_in_memory, 1},
    };
    return suite_main("server health checks", tests, COUNT(tests));
}
