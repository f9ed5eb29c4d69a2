/* check_metrics.c - the server's metrics and health endpoints. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "served.h"

#define HOST  "Host: x\r\n"
#define CLOSE "Connection: close\r\n\r\n"

static char buf[1 << 16];

static struct served served;

#include "scraped.h"

static void handle(struct sw_exchange *exchange)
{
    struct sw_span target = sw_exchange_target(exchange);
    if (target.n == 6 && memcmp(target.p, "/abort", 6) == 0)
        return;
    if (target.n == 8 && memcmp(target.p, "/nothing", 8) == 0)
        sw_reply(exchange, SW_STATUS_NO_CONTENT, (struct sw_span){NULL, 0},
                 (struct sw_span){NULL, 0});
    else if (target.n == 8 && memcmp(target.p, "/missing", 8) == 0)
        sw_reply_unrouted(exchange, NULL);
    else
        sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("hello"));
}

/* The second listener serves metrics and health. */
static void serve(struct sw_server_config config)
{
    static struct sw_listener_config listeners[] = {
        {.address = "127.0.0.1"}, {.address = "127.0.0.1", .handler = sw_admin_serve}};
    config.handler = config.handler ? config.handler : handle;
    config.listeners = listeners;
    config.listener_count = 2;
    served_begin(&served, config);
}

static const struct {
    const char *request, *sample;
    long want;
} counted[] = {
    {"GET / HTTP/1.1\r\n" HOST CLOSE, "shockwave_requests_total{method=\"GET\",code=\"2xx\"}", 1},
    {"GET /nothing HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST CLOSE,
     "shockwave_requests_total{method=\"GET\",code=\"2xx\"}", 2},
    {"BREW / HTTP/1.1\r\n" HOST CLOSE, "shockwave_requests_total{method=\"other\",code=\"2xx\"}",
     1},
    {"PROPFIND / HTTP/1.1\r\n" HOST CLOSE,
     "shockwave_requests_total{method=\"other\",code=\"2xx\"}", 1},
    {"TRACE /missing HTTP/1.1\r\n" HOST CLOSE,
     "shockwave_requests_total{method=\"TRACE\",code=\"4xx\"}", 1},
    {"PUT /abort HTTP/1.1\r\n" HOST CLOSE, "shockwave_requests_total{method=\"PUT\",code=\"5xx\"}",
     1},
    {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "shockwave_refused_total{error=\"SPACE_BEFORE_COLON\"}",
     1},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nz\r\n",
     "shockwave_refused_total{error=\"BAD_CHUNK_SIZE\"}", 1},
    {"GET / HTTP/1.1\r\n" HOST CLOSE, "shockwave_accepted_total", 2}, /* the scrape is one */
    {"GET / HTTP/1.1\r\n" HOST CLOSE, "shockwave_request_duration_seconds_bucket{le=\"+Inf\"}", 1},
    {"GET / HTTP/1.1\r\n" HOST CLOSE, "shockwave_request_duration_seconds_count", 1},
};

START_TEST(events_are_counted)
{
    for (size_t i = 0; i < COUNT(counted); i++) {
        serve((struct sw_server_config){.workers = 1});
        client_ask(&served, counted[i].request, buf, sizeof buf);
        long got = sample(scrape(), counted[i].sample);
        MUST(got == counted[i].want, "%s is %ld, not %ld", counted[i].sample, got, counted[i].want);
        served_end(&served);
    }
}
END_TEST

START_TEST(bytes_are_counted)
{
    static const char request[] = "GET / HTTP/1.1\r\n" HOST CLOSE;
    static const char asking[] = "GET /metrics HTTP/1.0\r\n\r\n";
    serve((struct sw_server_config){.workers = 1});
    size_t sent = client_ask(&served, request, buf, sizeof buf);
    scrape();
    ck_assert_int_eq(sample(page, "shockwave_sent_bytes_total"), sent);
    ck_assert_int_eq(sample(page, "shockwave_received_bytes_total"),
                     sizeof request - 1 + sizeof asking - 1);
    sent += strlen(page);
    ck_assert_int_eq(sample(scrape(), "shockwave_sent_bytes_total"), sent);
    served_end(&served);
}
END_TEST

/* Each worker has counters of its own; a scrape adds them up. */
START_TEST(workers_are_summed)
{
    enum { REQUESTS = 64 };
    serve((struct sw_server_config){.workers = 4});
    for (int i = 0; i < REQUESTS; i++)
        client_ask(&served, "GET / HTTP/1.1\r\n" HOST CLOSE, buf, sizeof buf);
    expect_sample("shockwave_requests_total{method=\"OPTIONS\",code=\"2xx\"}", 0);
    ck_assert_int_ge(sample(page, "shockwave_requests_total{method=\"GET\",code=\"2xx\"}"),
                     REQUESTS);
    served_end(&served);
}
END_TEST

static void suspend(struct sw_exchange *exchange)
{
    sw_exchange_suspend(exchange);
}

START_TEST(connections_are_counted_by_state)
{
    serve((struct sw_server_config){.workers = 1});
    int fd = client_open(&served);
    expect_sample("shockwave_connections{state=\"idle\"}", 1);
    client_send_text(fd, "POST / HTTP/1.1\r\n");
    expect_sample("shockwave_connections{state=\"head\"}", 1);
    client_send_text(fd, HOST "Content-Length: 5\r\n\r\n");
    expect_sample("shockwave_connections{state=\"body\"}", 1);
    client_send_text(fd, "12345");
    expect_sample("shockwave_connections{state=\"idle\"}", 1);
    expect_sample("shockwave_pool_used_max{pool=\"exchanges\"}", 2);
    close(fd);
    expect_sample("shockwave_connections{state=\"idle\"}", 0);
    served_end(&served);
}
END_TEST

START_TEST(suspended_exchange_counts_as_handling)
{
    serve((struct sw_server_config){.workers = 1, .handler = suspend});
    int fd = client_open(&served);
    client_send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    expect_sample("shockwave_connections{state=\"idle\"}", 0);
    expect_sample("shockwave_connections{state=\"handling\"}", 2); /* the scrape is one */
    sw_server_stop(served.server);
    close(fd);
    served_end(&served);
}
END_TEST

static const struct {
    const char *bytes, *sample;
} slow[] = {
    {"", "shockwave_timeouts_total{kind=\"idle\"}"},
    {"GET /", "shockwave_timeouts_total{kind=\"head\"}"},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n1",
     "shockwave_timeouts_total{kind=\"body\"}"},
};

START_TEST(timeouts_are_counted_by_kind)
{
    for (size_t i = 0; i < COUNT(slow); i++) {
        serve((struct sw_server_config){
            .workers = 1, .idle_timeout = 150, .head_timeout = 150, .body_timeout = 150});
        int fd = client_open(&served);
        client_send_text(fd, slow[i].bytes);
        expect_sample(slow[i].sample, 1);
        close(fd);
        served_end(&served);
    }
}
END_TEST

/* ---- The text -------------------------------------------------------------------------------- */

/* Each family has HELP and TYPE once, followed by all of its samples. */
START_TEST(prometheus_format)
{
    serve((struct sw_server_config){.workers = 1});
    scrape();
    ck_assert_ptr_ne(strstr(page, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                     NULL);
    char *save, family[128] = "", type[32] = "";
    char *line = strtok_r(strstr(page, "\r\n\r\n") + 4, "\n", &save);
    size_t families = 0, samples = 0;
    for (; line; line = strtok_r(NULL, "\n", &save)) {
        char name[128];
        double value;
        if (sscanf(line, "# HELP %127s", family) == 1) {
            families++;
        } else if (sscanf(line, "# TYPE %127s %31s", name, type) == 2) {
            ck_assert_str_eq(name, family);
            size_t n = strlen(name);
            ck_assert_int_eq(strcmp(type, "counter") == 0,
                             n > 6 && strcmp(name + n - 6, "_total") == 0);
        } else {
            samples++;
            MUST(strncmp(line, family, strlen(family)) == 0, "%s in %s", line, family);
            const char *number = strrchr(line, ' ');
            MUST(number && sscanf(number, "%lf", &value) == 1 && value >= 0, "%s", line);
        }
    }
    ck_assert_uint_eq(families, 14);
    ck_assert_uint_gt(samples, 100);
    served_end(&served);
}
END_TEST

/* The page is complete with small buffers and a slow client. */
START_TEST(slow_client_gets_the_complete_reply)
{
    serve((struct sw_server_config){.workers = 1, .output_buffer = 8192});
    int fd = open_admin();
    char requests[64 * 64] = "";
    for (int i = 0; i < 64; i++)
        strcat(requests, i < 63 ? "GET /metrics HTTP/1.1\r\n" HOST "\r\n"
                                : "GET /metrics HTTP/1.1\r\n" HOST CLOSE);
    client_send_text(fd, requests);
    usleep(50000);
    static char all[1 << 20];
    client_all(fd, all, sizeof all);
    ck_assert_uint_eq(count(all, "HTTP/1.1 200 OK\r\n"), 64);
    ck_assert_uint_eq(count(all, "# TYPE shockwave_pool_misses_total counter\n"), 64);
    ck_assert_uint_eq(count(all, "\r\n0\r\n\r\n"), 64);
    close(fd);
    served_end(&served);
}
END_TEST

/* ---- Health ---------------------------------------------------------------------------------- */

START_TEST(health_is_reported)
{
    serve((struct sw_server_config){.workers = 1});
    ck_assert_ptr_ne(strstr(look("GET /livez HTTP/1.0\r\n\r\n"), "200 OK\r\n"), NULL);
    ck_assert_ptr_ne(strstr(page, "Cache-Control: no-store\r\n"), NULL);
    ck_assert_ptr_ne(strstr(look("GET /readyz?verbose HTTP/1.0\r\n\r\n"), "200 OK\r\n"), NULL);
    ck_assert_ptr_ne(strstr(look("HEAD /readyz HTTP/1.0\r\n\r\n"), "Content-Length: 6\r\n"), NULL);
    ck_assert_ptr_ne(strstr(look("POST /readyz HTTP/1.0\r\n\r\n"), " 405 "), NULL);
    ck_assert_ptr_ne(strstr(page, "Allow: GET, HEAD, OPTIONS\r\n"), NULL);
    ck_assert_ptr_ne(strstr(look("GET /readyzz HTTP/1.0\r\n\r\n"), " 404 "), NULL);
    ck_assert_ptr_ne(strstr(look("GET / HTTP/1.0\r\n\r\n"), " 404 "), NULL);
    /* A request begun before a graceful shutdown gets a 503 from /readyz. */
    int fd = open_admin();
    client_send_text(fd, "GET /readyz HTTP/1.1\r\n");
    expect_sample("shockwave_connections{state=\"head\"}", 1);
    sw_server_stop(served.server);
    usleep(20000);
    client_send_text(fd, HOST "\r\n");
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 503 "), buf);
    close(fd);
    served_wait(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {events_are_counted, 1},
        {bytes_are_counted, 1},
        {workers_are_summed, 1},
        {connections_are_counted_by_state, 1},
        {suspended_exchange_counts_as_handling, 1},
        {timeouts_are_counted_by_kind, 1},
        {prometheus_format, 1},
        {slow_client_gets_the_complete_reply, 1},
        {health_is_reported, 1},
    };
    return suite_main("server metrics", tests, COUNT(tests));
}
