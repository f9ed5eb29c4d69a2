/* check_conn_plain.c - a plain reply in one go is what its parts make of it, byte for byte. */
/* SPDX-License-Identifier: MIT */
#include "core/conn.h" /* sw_conn_reply_simple() is the server's, and not public */
#include "expect.h"
#include "shockwave_values.h"

static struct sw_date date;

/* A server's connection, after the bytes that it has read. */
struct side {
    struct sw_conn conn;
    struct sw_message message;
    struct sw_writer out;
    char memory[600];
};

static void read_all(struct side *side, const char *request, size_t room)
{
    size_t at = 0, n = strlen(request);
    struct sw_event event;

    memset(side, 0, sizeof *side);
    sw_conn_init(&side->conn, SW_SERVER, NULL);
    sw_conn_attach(&side->conn, &side->message);
    do
        at += sw_conn_next(&side->conn, request + at, n - at, &event);
    while (event.kind != SW_EVENT_MORE && event.kind != SW_EVENT_PAUSED &&
           event.kind != SW_EVENT_FAILED);
    side->out = (struct sw_writer){.p = side->memory, .size = room};
}

static void reply_in_parts(struct side *side, unsigned status, struct sw_span type,
                           struct sw_span body)
{
    ck_assert_int_eq(sw_conn_reply(&side->conn, &side->out, status, body.n, &date), SW_OK);
    if (type.n)
        sw_write_field(&side->out, SW_HEADER_CONTENT_TYPE, type);
    sw_write_end(&side->out);
    ck_assert_int_eq(sw_conn_content(&side->conn, &side->out, body.n), SW_OK);
    sw_write_bytes(&side->out, body.p, body.n);
    ck_assert_int_eq(sw_conn_finish(&side->conn, &side->out, SW_SPAN("")), SW_OK);
}

/* True if the reply was written in one go. */
static bool check_plain(const char *request, unsigned status, struct sw_span type,
                        struct sw_span body, size_t room)
{
    static struct side plain, before, parts;

    read_all(&plain, request, room);
    before = plain;
    if (!sw_conn_reply_simple(&plain.conn, &plain.out,
                              &(struct sw_simple_reply){status, type, body, &date})) {
        MUST(memcmp(&plain.conn, &before.conn, sizeof plain.conn) == 0 && plain.out.n == 0 &&
                 plain.out.error == SW_OK,
             "refused, but something was done: %u to %s", status, request);
        return false;
    }
    read_all(&parts, request, sizeof parts.memory);
    reply_in_parts(&parts, status, type, body);
    MUST(parts.out.n == plain.out.n && memcmp(parts.memory, plain.memory, plain.out.n) == 0,
         "other bytes: %u to %s", status, request);
    MUST(parts.conn.in == plain.conn.in && parts.conn.out == plain.conn.out &&
             parts.conn.flags == plain.conn.flags && parts.conn.remaining == plain.conn.remaining &&
             sw_conn_next_action(&parts.conn) == sw_conn_next_action(&plain.conn),
         "another state: %u to %s", status, request);

    struct sw_event a, b;
    static const char next[] = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
    ck_assert_uint_eq(sw_conn_next(&plain.conn, next, sizeof next - 1, &a),
                      sw_conn_next(&parts.conn, next, sizeof next - 1, &b));
    ck_assert_int_eq(a.kind, b.kind);
    return true;
}

START_TEST(one_go_is_all_parts)
{
    static const struct {
        const char *text;
        bool plain;
    } requests[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", true},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", false},
        {"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", false},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHo", false},
        {"", false},
    };
    static const struct {
        unsigned status;
        bool plain;
    } statuses[] = {{200, true},  {404, true},  {299, false}, {503, true},  {204, false},
                    {205, false}, {304, false}, {101, false}, {103, false}, {426, false}};
    static const struct sw_span bodies[] = {
        {"", 0}, {"Hello, World!", 13}, {"words and words and words and words and words", 45}};

    sw_date_set(&date, 1795536976);
    for (size_t i = 0; i < COUNT(requests); i++)
        for (size_t k = 0; k < COUNT(statuses); k++)
            for (size_t b = 0; b < COUNT(bodies); b++) {
                bool plain = requests[i].plain && statuses[k].plain;
                for (size_t room = 0; room < 300; room += 7)
                    MUST(!check_plain(requests[i].text, statuses[k].status, SW_SPAN("text/plain"),
                                      bodies[b], room) ||
                             plain,
                         "%u to %s is not plain", statuses[k].status, requests[i].text);
                MUST(check_plain(requests[i].text, statuses[k].status, SW_SPAN(""), bodies[b],
                                 600) == plain,
                     "%u to %s", statuses[k].status, requests[i].text);
                ck_assert(!check_plain(requests[i].text, statuses[k].status, SW_SPAN("a\r\nB: c"),
                                       bodies[b], 600));
            }
}
END_TEST

START_TEST(it_needs_room_a_date_and_a_writer_that_takes_it)
{
    static const char begin[] = "HTTP/1.1 200 OK\r\nDate: ",
                      end[] = "Content-Length: 2\r\nContent-Type: a/b\r\n\r\nhi";
    static struct side side;
    const size_t complete_len = sizeof begin - 1 + SW_DATE_LEN + 2 + sizeof end - 1;
    const struct sw_date undated = {0};
    struct sw_simple_reply reply = {200, SW_SPAN("a/b"), SW_SPAN("hi"), &date};

    sw_date_set(&date, 1795536976);
    read_all(&side, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", complete_len - 1);
    ck_assert(!sw_conn_reply_simple(&side.conn, &side.out, &reply));
    side.out.size = complete_len;
    reply.date = &undated;
    ck_assert(!sw_conn_reply_simple(&side.conn, &side.out, &reply));
    reply.date = &date;
    side.out.framed = SW_FRAMED; /* inside another head */
    ck_assert(!sw_conn_reply_simple(&side.conn, &side.out, &reply));
    side.out.framed = SW_FRAMED_BY_CALLER;
    side.out.error = SW_ERROR_BAD_OUT_NAME;
    ck_assert(!sw_conn_reply_simple(&side.conn, &side.out, &reply));
    ck_assert_uint_eq(side.out.n, 0);
    side.out.error = SW_OK;
    ck_assert(sw_conn_reply_simple(&side.conn, &side.out, &reply));
    ck_assert_uint_eq(side.out.n, complete_len);
    ck_assert_mem_eq(side.memory, begin, sizeof begin - 1);
    ck_assert_mem_eq(side.memory + complete_len - sizeof end + 1, end, sizeof end - 1);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {one_go_is_all_parts, 1},
        {it_needs_room_a_date_and_a_writer_that_takes_it, 1},
    };
    return suite_main("conn plain", tests, COUNT(tests));
}
