/* check_alloc_core.c - a million requests are parsed and replied to without an allocation. */
/* SPDX-License-Identifier: MIT */
#include <stdalign.h>

#include "counted.h"
#include "expect.h"

/* ---- Requests and their replies -------------------------------------------------------------- */

/* The bytes that each connection receives: every framing, pipelined, and more fields than
   SW_FIELDS_INLINE. */
static const char requests[] =
    "GET /plaintext HTTP/1.1\r\nHost: h.example\r\nUser-Agent: u\r\nAccept: */*\r\n\r\n"
    "POST /echo HTTP/1.1\r\nHost: h.example\r\nContent-Length: 5\r\n\r\ngrape"
    "HEAD /a%20b?c=d HTTP/1.1\r\nHost: h.example:80\r\nConnection: keep-alive\r\n\r\n"
    "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    "3;a=\"b\"\r\nfig\r\n2\r\nqq\r\n0\r\nSum: 1\r\n\r\n"
    "GET /fields HTTP/1.1\r\nHost: h\r\n"
    "a:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\na:7\r\na:8\r\na:9\r\nb:0\r\nb:1\r\nb:2\r\n"
    "b:3\r\nb:4\r\nb:5\r\nb:6\r\nb:7\r\nb:8\r\nb:9\r\nc:0\r\nc:1\r\nc:2\r\nc:3\r\nc:4\r\n"
    "c:5\r\nc:6\r\nc:7\r\nc:8\r\nc:9\r\nd:0\r\nd:1\r\nd:2\r\nd:3\r\nd:4\r\nd:5\r\n\r\n";

enum { REQUESTS = 5, MILLION = 1000000 };

struct tally {
    size_t heads, ends, content, trailers, written;
};

static void reply(struct sw_conn *conn, struct sw_writer *out, const struct sw_date *date,
                  size_t number)
{
    static const struct sw_span body = {"Hello, World!", 13};
    uint64_t length = number % 2 ? body.n : SW_LENGTH_UNKNOWN;
    MUST(!sw_conn_reply(conn, out, SW_STATUS_OK, length, date), "no reply");
    sw_write_field(out, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain"));
    sw_write_field_named(out, SW_SPAN("X-Test"), SW_SPAN("mine"));
    sw_write_end(out);
    MUST(!sw_conn_content(conn, out, body.n), "no content");
    if (!sw_conn_bodiless(conn))
        sw_write_bytes(out, body.p, body.n);
    MUST(!sw_conn_finish(conn, out, (struct sw_span){NULL, 0}) && !out->error, "no end");
}

/* Counts one event, and replies to a complete request. */
static void process(struct sw_conn *conn, const struct sw_event *event, const struct sw_date *date,
                    struct tally *tally)
{
    char memory[512];
    struct sw_writer out = {.p = memory, .size = sizeof memory};

    MUST(event->kind != SW_EVENT_FAILED, "%s", sw_error_infos[conn->error].name);
    tally->heads += event->kind == SW_EVENT_HEAD;
    tally->content += event->kind == SW_EVENT_CONTENT ? event->bytes.n : 0;
    if (event->kind == SW_EVENT_END) {
        tally->trailers += event->head ? event->head->field_count : 0;
        reply(conn, &out, date, tally->ends++);
        tally->written += out.n;
    }
}

/* Sends all the requests through one connection; its message is attached from the pool and
   returned after each event that lets it be detached. */
static void run_connection(struct sw_pool *pool, const struct sw_date *date, struct tally *tally)
{
    struct sw_conn conn;
    struct sw_event event = {.kind = SW_EVENT_END};
    size_t at = 0, n = sizeof requests - 1;

    sw_conn_init(&conn, SW_SERVER, NULL);
    while (event.kind != SW_EVENT_MORE) {
        if (!conn.message && at < n) {
            struct sw_message *message = sw_pool_get(pool);
            sw_conn_attach(&conn, message);
        }
        at += sw_conn_next(&conn, requests + at, n - at, &event);
        process(&conn, &event, date, tally);
        struct sw_message *message = sw_conn_detach(&conn);
        if (message)
            sw_pool_put(pool, message);
    }
    MUST(at == n && !conn.message && sw_conn_next_action(&conn) == SW_ACTION_KEEP_ALIVE,
         "not at its end");
}

START_TEST(a_million_requests_allocate_nothing)
{
    static alignas(64) char memory[5 * 4096];
    struct sw_pool pool;
    struct sw_date date = {0};
    struct tally tally = {0};

    ck_assert_uint_le(sw_pool_memory(sizeof(struct sw_message), 4), sizeof memory);
    sw_pool_init(&pool, memory, sizeof(struct sw_message), 4);
    size_t before = counted_all();
    for (size_t i = 0; i < MILLION / REQUESTS; i++) {
        sw_date_set(&date, (int64_t)(1700000000 + i / 1000));
        run_connection(&pool, &date, &tally);
    }
    size_t allocations = counted_all() - before;
    printf("%zu allocations in %zu requests, %zu bytes of replies\n", allocations, tally.ends,
           tally.written);
    ck_assert_uint_eq(tally.heads, MILLION);
    ck_assert_uint_eq(tally.ends, MILLION);
    ck_assert_uint_eq(tally.content, MILLION / REQUESTS * 10);
    ck_assert_uint_eq(tally.trailers, MILLION / REQUESTS);
    ck_assert_uint_eq(pool.high, 1);
    ck_assert_uint_eq(allocations, 0);
}
END_TEST

/* The counter itself works. */
START_TEST(an_allocation_is_counted)
{
    size_t before = counted_all();
    void *volatile p = malloc(100);
    free(p);
    ck_assert_uint_eq(counted_all(), before + 2);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {a_million_requests_allocate_nothing, 1},
        {an_allocation_is_counted, 1},
    };
    return suite_main("alloc_core", tests, COUNT(tests));
}
