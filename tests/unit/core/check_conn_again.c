/* check_conn_again.c - a message attached again, as a proxy's pool does: to either role, after any
 * end. */
/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "core/conn.h" /* the states are not public */
#include "expect.h"

#define FILLER "X-A: 0123456789\r\nX-B: 0123456789\r\nX-C: 0123456789\r\nVia: a\r\nVia: b\r\n"

/* A connection's bytes, and the request that a client makes before. */
struct use {
    enum sw_role role;
    enum sw_method method;
    const char *bytes;
    bool eof;
};

/* All that a message can have been through when it is taken back, and all that it can be for. */
static const struct use uses[] = {
    {SW_SERVER, SW_METHOD_GET, "", true},
    {SW_SERVER, SW_METHOD_GET, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", false},
    {SW_SERVER, SW_METHOD_GET, "\r\n\r\nGET /a?b HTTP/1.0\r\n" FILLER "\r\n", false},
    {SW_SERVER, SW_METHOD_GET,
     "PUT / HTTP/1.1\r\nHost: h\r\n" FILLER "Content-Length: 3\r\n\r\nabc", false},
    {SW_SERVER, SW_METHOD_GET,
     "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\nA: b\r\nC: "
     "d\r\n\r\n",
     false},
    {SW_SERVER, SW_METHOD_GET,
     "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nCookie: b\r\n\r\n",
     false},
    {SW_SERVER, SW_METHOD_GET, "GET / HTTP/1.1\r\n" FILLER "\r\n", false},
    {SW_SERVER, SW_METHOD_GET, "GET / HTTP/1.1\r\nHost: \x01\r\n\r\n", false},
    {SW_SERVER, SW_METHOD_GET, "GET / HTTP/1.1\r\nHost: h\r\nX-C", true},
    {SW_SERVER, SW_METHOD_GET, "HTTP/1.1 200 OK\r\n\r\n", false},
    {SW_SERVER, SW_METHOD_GET, "OPTIONS * HTTP/1.1\r\nHost: h\r\n" FILLER "\r\n", false},
    {SW_CLIENT, SW_METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
    {SW_CLIENT, SW_METHOD_GET, "HTTP/1.1 200 OK\r\n" FILLER "Content-Length: 3\r\n\r\nabc", false},
    {SW_CLIENT, SW_METHOD_GET,
     "HTTP/1.1 103 \r\n" FILLER "\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", false},
    {SW_CLIENT, SW_METHOD_GET,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 ;x\r\nab\r\n0\r\nCookie: b\r\nC: "
     "d\r\n\r\n",
     false},
    {SW_CLIENT, SW_METHOD_GET, "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\nabc", true},
    {SW_CLIENT, SW_METHOD_HEAD, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\nHost: h\r\n\r\n", false},
    {SW_CLIENT, SW_METHOD_CONNECT, "HTTP/1.1 200 OK\r\n" FILLER "\r\nraw", false},
    {SW_CLIENT, SW_METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Le", true},
    {SW_CLIENT, SW_METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", false},
    {SW_CLIENT, SW_METHOD_GET, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", false},
    {SW_CLIENT, SW_METHOD_GET, "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
};

static const struct sw_limits limit_sets[] = {
    {0},
    {.lenient = SW_LENIENT_TRAILERS | SW_LENIENT_VALUE_BYTES | SW_LENIENT_EMPTY_LINES},
};

/* All that came of a use. */
struct log {
    size_t n;
    char text[4096];
};

static void note(struct log *log, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log->n += (size_t)vsnprintf(log->text + log->n, sizeof log->text - log->n, format, args);
    va_end(args);
    MUST(log->n < sizeof log->text, "no room");
}

static void note_head(struct log *log, const struct sw_head *head, const char *buf)
{
    note(log, "%u %u %u %u %u %u %u:", head->kind, head->method, head->status, head->minor,
         head->start, head->target_len, head->length);
    for (size_t i = 0; i < head->field_count; i++) {
        struct sw_span value = sw_field_value(sw_head_at(head, i), buf);
        note(log, " %u=%.*s", sw_head_at(head, i)->id, (int)value.n, value.p);
    }
    for (unsigned id = 1; id < SW_HEADER_COUNT; id++) {
        const struct sw_field *first = sw_head_field(head, id);
        if (first)
            note(log, " %u at %zu, %zu", id, field_index(head, first),
                 field_index(head, sw_head_next_field(head, first)));
    }
    note(log, "\n");
}

static void note_event(struct log *log, const struct sw_conn *conn, const struct sw_event *event)
{
    note(log, "event %d\n", event->kind);
    if (event->head)
        note_head(log, event->head, event->bytes.p);
    else if (event->kind == SW_EVENT_CONTENT)
        note(log, "%.*s\n", (int)event->bytes.n, event->bytes.p);
    else if (event->kind == SW_EVENT_FAILED)
        note(log, "%s at %u\n", sw_error_infos[conn->error].name, conn->error_at);
}

static void write_message(struct sw_conn *conn, const struct use *use)
{
    char memory[256];
    struct sw_writer out = {.p = memory, .size = sizeof memory};
    struct sw_span target = use->method == SW_METHOD_CONNECT ? SW_SPAN("h:1") : SW_SPAN("/");
    if (use->role == SW_CLIENT)
        ck_assert_uint_eq(sw_conn_request(conn, &out, use->method, target, 0), SW_OK);
    else
        ck_assert_uint_eq(sw_conn_reply(conn, &out, 404, 0, NULL), SW_OK);
    sw_write_end(&out);
    ck_assert_uint_eq(sw_conn_finish(conn, &out, (struct sw_span){0}), SW_OK);
}

/* Run it with a message that is attached or reattached, and detach that. */
static void run(struct log *log, const struct use *use, const struct sw_limits *limits,
                struct sw_message *message, bool again, size_t step)
{
    struct sw_conn conn;
    struct sw_event event;
    size_t n = strlen(use->bytes), given = 0, taken = 0;

    log->n = 0;
    sw_conn_init(&conn, use->role, limits);
    (again ? sw_conn_reattach : sw_conn_attach)(&conn, message);
    ck_assert_ptr_eq(sw_conn_detach(&conn), message);
    (again ? sw_conn_reattach : sw_conn_attach)(&conn, message);
    if (use->role == SW_CLIENT)
        write_message(&conn, use);
    do {
        given = n - given < step ? n : given + step;
        if (given == n && use->eof)
            sw_conn_eof(&conn);
        do {
            taken += sw_conn_next(&conn, use->bytes + taken, given - taken, &event);
            if (event.kind != SW_EVENT_MORE)
                note_event(log, &conn, &event);
            if (event.kind == SW_EVENT_END && use->role == SW_SERVER)
                write_message(&conn, use);
            bool inside = conn.in == IN_HEAD && taken < given && event.kind == SW_EVENT_MORE;
            if (inside && use->bytes[taken] != '\r')
                ck_assert_ptr_null(sw_conn_detach(&conn));
        } while (event.kind != SW_EVENT_MORE && event.kind != SW_EVENT_FAILED &&
                 event.kind != SW_EVENT_CLOSED && event.kind != SW_EVENT_UPGRADED);
    } while (event.kind == SW_EVENT_MORE && given < n);
    MUST(sw_conn_detach(&conn) == message || conn.in < IN_SWITCHED, "not given back: %s",
         use->bytes);
}

/* What comes of a use does not depend on what the message was for before. */
START_TEST(either_role_after_any_end)
{
    static struct sw_message fresh, used;
    static struct log first, second;
    static const size_t steps[] = {SIZE_MAX, 1, 7};
    for (size_t limits = 0; limits < COUNT(limit_sets); limits++)
        for (size_t before = 0; before < COUNT(uses); before++)
            for (size_t after = 0; after < COUNT(uses); after++)
                for (size_t i = 0; i < COUNT(steps); i++) {
                    memset(&fresh, 0x5a, sizeof fresh);
                    memset(&used, 0xa5, sizeof used);
                    run(&first, &uses[before], &limit_sets[limits], &used, false, steps[i]);
                    run(&first, &uses[after], &limit_sets[limits], &used, true, steps[i]);
                    run(&second, &uses[after], &limit_sets[limits], &fresh, false, steps[i]);
                    MUST(first.n == second.n && memcmp(first.text, second.text, first.n) == 0,
                         "%s\nafter %s\nby %zu:\n%s\nbut with a new message:\n%s",
                         uses[after].bytes, uses[before].bytes, steps[i], first.text, second.text);
                }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {either_role_after_any_end, 1},
    };
    return suite_main("conn again", tests, COUNT(tests));
}
