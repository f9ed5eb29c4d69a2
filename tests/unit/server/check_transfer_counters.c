/* check_transfer_counters.c - the server: counters of 32 bits saturate; limits beyond them are
 * refused. */
/* SPDX-License-Identifier: MIT */
#include "served.h"

#include <stdio.h>

#include "server/transaction.h"

#define TEXT SW_SPAN("text/plain")
#define GET  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static char buf[1 << 16];

static const struct {
    uint32_t before;
    uint64_t n;
    uint32_t after;
} sums[] = {
    {0, 0, 0},
    {0, 1, 1},
    {1, UINT32_MAX - 2, UINT32_MAX - 1},
    {1, UINT32_MAX - 1, UINT32_MAX},
    {1, UINT32_MAX, UINT32_MAX},
    {UINT32_MAX - 1, 1, UINT32_MAX},
    {UINT32_MAX - 1, 2, UINT32_MAX},
    {UINT32_MAX, 0, UINT32_MAX},
    {UINT32_MAX, 1, UINT32_MAX},
    {0, UINT64_C(1) << 32, UINT32_MAX},
    {2 << 20, UINT64_C(1) << 32, UINT32_MAX},
    {7, UINT64_MAX, UINT32_MAX},
};

START_TEST(sums_saturate)
{
    uint32_t sum = sums[_i].before;
    sw_add_saturated(&sum, sums[_i].n);
    ck_assert_uint_eq(sum, sums[_i].after);
}
END_TEST

/* Sets the number of requests that the connection has had. */
static void count_many(struct sw_exchange *exchange)
{
    struct sw_connection *peer = sw_transaction_of(exchange)->connection;
    uint32_t before = peer->requests;
    char text[64];
    int n = snprintf(text, sizeof text, "number %u", before);
    peer->requests = UINT32_MAX - 1;
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){text, (size_t)n});
}

START_TEST(request_counter_saturates)
{
    struct served served;
    served_begin(&served, (struct sw_server_config){.handler = count_many});
    int fd = client_open(&served);
    for (int i = 0; i < 3; i++) {
        client_send_text(fd, GET);
        client_until(fd, buf, sizeof buf, i ? "number 4294967295" : "number 1");
        ck_assert_ptr_null(strstr(buf, "close"));
    }
    close(fd);
    served_end(&served);
}
END_TEST

/* ---- Limits ---------------------------------------------------------------------------------- */

static const struct {
    const char *what; /* NULL: valid */
    struct sw_limits limits;
} limits[] = {
    {NULL, {.empty_lines = 255}},
    {"limits.empty_lines", {.empty_lines = 256}},
    {"limits.empty_lines", {.empty_lines = UINT32_MAX}},
    {NULL, {.trailers = 32}},
    {"limits.trailers", {.trailers = 33}},
    {"limits.trailers", {.trailers = UINT32_MAX}},
    {NULL, {.fields = 65535}},
    {"limits.fields", {.fields = 65536}},
    {NULL, {.field_name = 65535}},
    {"limits.field_name", {.field_name = 65536}},
    {NULL, {.pipeline = 32}},
    {"limits.pipeline", {.pipeline = 33}},
    {NULL, {.lenient = 2 * SW_LENIENT_CODINGS - 1}},
    {"limits.lenient", {.lenient = 2 * SW_LENIENT_CODINGS}},
    {"limits.head", {.head = 1 << 27}},
    {"limits.head", {.head = UINT32_MAX}},
    {"limits.trailer_bytes", {.trailer_bytes = 1 << 27}},
    {"limits.chunk_extensions", {.chunk_extensions = UINT32_MAX}},
    {"limits.chunk_extensions", {.trailer_bytes = 1 << 25, .chunk_extensions = 1 << 26}},
    {NULL,
     {.method = UINT32_MAX,
      .target = UINT32_MAX,
      .field_line = UINT32_MAX,
      .body = UINT64_MAX,
      .chunk_overhead = UINT32_MAX,
      .discard = UINT32_MAX}},
};

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("hello"));
}

START_TEST(unsatisfiable_limits_are_refused)
{
    static const struct sw_listener_config any = {.address = "127.0.0.1"};
    struct sw_server_config config = {.handler = hello,
                                      .limits = limits[_i].limits,
                                      .listeners = &any,
                                      .listener_count = 1,
                                      .workers = 1,
                                      .connections = 16};
    struct sw_server_error fault = {.what = ""};
    struct sw_server *server = sw_server_open(&config, &fault);
    if (!limits[_i].what) {
        ck_assert_msg(server != NULL, "%s", fault.what);
        sw_server_close(server);
        return;
    }
    ck_assert_ptr_eq(server, NULL);
    ck_assert_str_eq(fault.what, limits[_i].what);
    ck_assert_int_eq(fault.code, EINVAL);
    ck_assert_uint_eq(sw_server_memory(&config), 0);
}
END_TEST

/* The largest value of each limit is applied. */
static const struct {
    struct sw_limits limits;
    const char *front, *part;
    size_t allowed;
    const char *rest;
} obeyed[] = {
    {{.empty_lines = 255}, "", "\r\n", 255, GET},
    {{.trailers = 32},
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
     "A: b\r\n",
     32,
     "\r\n"},
};

static void reply_at_request_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                                 const char *bytes)
{
    (void)trailers, (void)bytes;
    hello(exchange);
}

static void read_all(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_request_end = reply_at_request_end};
    exchange->hooks = &hooks;
}

START_TEST(largest_limits_are_applied)
{
    struct served served;
    served_begin(&served,
                 (struct sw_server_config){.handler = read_all, .limits = obeyed[_i].limits});
    for (size_t more = 0; more < 2; more++) {
        static char text[4096];
        int fd = client_open(&served);
        strcpy(text, obeyed[_i].front);
        for (size_t i = 0; i < obeyed[_i].allowed + more; i++)
            strcat(text, obeyed[_i].part);
        strcat(text, obeyed[_i].rest);
        client_send_text(fd, text);
        client_until(fd, buf, sizeof buf, more ? "HTTP/1.1 4" : "hello");
        close(fd);
    }
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {sums_saturate, COUNT(sums)},
        {request_counter_saturates, 1},
        {unsatisfiable_limits_are_refused, COUNT(limits)},
        {largest_limits_are_applied, COUNT(obeyed)},
    };
    return suite_main("server transfer counters", tests, COUNT(tests));
}
