/* check_misuse.c - the server: misuse by a handler is SW_ERROR_MISUSE and does no harm. */
/* SPDX-License-Identifier: MIT */
#include "served.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>

#define TEXT SW_SPAN("text/plain")
#define HOST "Host: x\r\n"
static const struct sw_span nowhere = {NULL, 5}, nothing = {NULL, 0};
static char large[SW_REPLY_COPIED + 1];
static char buf[1 << 16];
static struct served served;
static int file = -1;
static atomic_int overs;

static void ok(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("right")), SW_OK);
}

/* ---- Before a reply has begun: 500 ----------------------------------------------------------- */

static void write_first(struct sw_exchange *exchange)
{
    ck_assert_uint_eq(sw_reply_write(exchange, SW_SPAN("wrong")), 5);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("wrong")), SW_ERROR_MISUSE);
}

static void write_nocopy_first(struct sw_exchange *exchange)
{
    ck_assert(sw_reply_write_nocopy(exchange, SW_SPAN("wrong")));
    ck_assert_int_eq(sw_reply_begin(exchange, 200, 0), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void file_first(struct sw_exchange *exchange)
{
    ck_assert(sw_reply_file(exchange, file, 0, 5));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void write_after_an_interim(struct sw_exchange *exchange)
{
    sw_reply_interim(exchange, SW_STATUS_EARLY_HINTS);
    sw_reply_write(exchange, SW_SPAN("wrong"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void reply_from_nowhere(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, nowhere), SW_ERROR_MISUSE);
}

static void reply_large_from_nowhere(struct sw_exchange *exchange)
{
    const struct sw_span missing = {NULL, sizeof large};
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, missing), SW_ERROR_MISUSE);
}

static void reply_of_no_type(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, nowhere, SW_SPAN("wrong")), SW_ERROR_MISUSE);
}

static void reply_from_nowhere_after_an_interim(struct sw_exchange *exchange)
{
    sw_reply_interim(exchange, SW_STATUS_EARLY_HINTS);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, nowhere), SW_ERROR_MISUSE);
}

static void field_from_nowhere(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply_begin(exchange, SW_STATUS_OK, 5), SW_OK);
    ck_assert_int_eq(sw_reply_field(exchange, SW_HEADER_SERVER, nowhere), SW_ERROR_MISUSE);
    sw_reply_write(exchange, SW_SPAN("wrong"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void field_named_from_nowhere(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 0);
    ck_assert_int_eq(sw_reply_field_named(exchange, nowhere, SW_SPAN("wrong")), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_field(exchange, SW_HEADER_SERVER, SW_SPAN("wrong")), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void empty_line_as_a_field(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
    ck_assert_int_eq(sw_reply_field_named(exchange, nothing, nothing), SW_ERROR_BAD_OUT_NAME);
    sw_reply_write(exchange, SW_SPAN("wrong"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_BAD_OUT_NAME);
}

static void reply_in_a_field(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 0);
    ck_assert_int_eq(
        sw_reply_field(exchange, SW_HEADER_SERVER, SW_SPAN("x\r\n\r\nHTTP/1.1 200 wrong\r\n\r\n")),
        SW_ERROR_BAD_OUT_VALUE);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_BAD_OUT_VALUE);
}

static void field_of_an_interim_from_nowhere(struct sw_exchange *exchange)
{
    sw_reply_interim(exchange, SW_STATUS_EARLY_HINTS);
    ck_assert_int_eq(sw_reply_field(exchange, SW_HEADER_LINK, nowhere), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("wrong")), SW_ERROR_MISUSE);
}

static void (*const early[])(struct sw_exchange *exchange) = {
    write_first,
    write_nocopy_first,
    file_first,
    write_after_an_interim,
    reply_from_nowhere,
    reply_large_from_nowhere,
    reply_of_no_type,
    reply_from_nowhere_after_an_interim,
    field_from_nowhere,
    field_named_from_nowhere,
    empty_line_as_a_field,
    reply_in_a_field,
    field_of_an_interim_from_nowhere,
};

static void serve(void (*handler)(struct sw_exchange *exchange))
{
    served_begin(&served, (struct sw_server_config){.handler = handler, .workers = 1});
}

static const char *final_reply(void)
{
    const char *p = buf;
    while (strncmp(p, "HTTP/1.1 1", 10) == 0)
        p = strstr(p, "\r\n\r\n") + 4;
    return p;
}

START_TEST(misuse_before_the_head_is_500)
{
    file = open("/proc/self/exe", O_RDONLY);
    serve(early[_i]);
    client_ask(&served, "GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", buf,
               sizeof buf);
    ck_assert_msg(strncmp(final_reply(), "HTTP/1.1 500 ", 13) == 0, "%s", buf);
    ck_assert_uint_eq(count(final_reply(), "HTTP/1.1"), 1);
    ck_assert_uint_eq(count(buf, "wrong"), 0);
    ck_assert_uint_eq(count(buf, "Connection: close\r\n"), 1);
    ck_assert_int_eq(served_end(&served), 0);
    close(file);
}
END_TEST

/* ---- Statuses -------------------------------------------------------------------------------- */

static atomic_uint status;

static void begin_with_it(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply_begin(exchange, atomic_load(&status), 0), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void reply_with_it(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply(exchange, atomic_load(&status), TEXT, SW_SPAN("wrong")),
                     SW_ERROR_MISUSE);
}

static void interim_with_it(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply_interim(exchange, atomic_load(&status)), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("wrong")), SW_ERROR_MISUSE);
}

START_TEST(invalid_status_is_500)
{
    static const struct {
        void (*handler)(struct sw_exchange *exchange);
        unsigned status;
    } rows[] = {
        {begin_with_it, 0},          {begin_with_it, 1},          {begin_with_it, 99},
        {begin_with_it, 100},        {begin_with_it, 101},        {begin_with_it, 103},
        {begin_with_it, 199},        {begin_with_it, 1000},       {begin_with_it, 65736},
        {begin_with_it, UINT32_MAX}, {reply_with_it, 0},          {reply_with_it, 99},
        {reply_with_it, 101},        {reply_with_it, 103},        {reply_with_it, 1000},
        {reply_with_it, 65736},      {reply_with_it, UINT32_MAX}, {interim_with_it, 0},
        {interim_with_it, 99},       {interim_with_it, 101},      {interim_with_it, 200},
        {interim_with_it, 1000},     {interim_with_it, 65636},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        atomic_store(&status, rows[i].status);
        serve(rows[i].handler);
        client_ask(&served, "GET / HTTP/1.1\r\n" HOST "\r\n", buf, sizeof buf);
        ck_assert_msg(strncmp(buf, "HTTP/1.1 500 ", 13) == 0, "%u: %s", rows[i].status, buf);
        ck_assert_uint_eq(count(buf, "HTTP/1.1"), 1);
        ck_assert_uint_eq(count(buf, "wrong"), 0);
        served_end(&served);
    }
}
END_TEST

/* ---- In a reply: the connection is closed ---------------------------------------------------- */

static void begun(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
    sw_reply_write(exchange, SW_SPAN("right"));
}

static void write_from_nowhere(struct sw_exchange *exchange)
{
    begun(exchange);
    ck_assert_uint_eq(sw_reply_write(exchange, nowhere), 5);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void write_nocopy_null(struct sw_exchange *exchange)
{
    begun(exchange);
    ck_assert(sw_reply_write_nocopy(exchange, nowhere));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void file_of_nothing(struct sw_exchange *exchange)
{
    begun(exchange);
    ck_assert(sw_reply_file(exchange, -1, 0, 5));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void file_from_beyond(struct sw_exchange *exchange)
{
    begun(exchange);
    ck_assert(sw_reply_file(exchange, file, INT64_MAX - 4, 5));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void trailers_from_nowhere(struct sw_exchange *exchange)
{
    begun(exchange);
    ck_assert_int_eq(sw_reply_end_trailers(exchange, nowhere), SW_ERROR_MISUSE);
}

static void trailers_with_a_length(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
    sw_reply_write(exchange, SW_SPAN("right"));
    ck_assert_int_eq(sw_reply_end_trailers(exchange, SW_SPAN("X: wrong\r\n")), SW_ERROR_MISUSE);
}

static void trailers_that_are_no_lines(struct sw_exchange *exchange)
{
    static const char *const wrong[] = {
        "wrong",     "X: wrong",          "X: wrong\r",      "X: wrong\n",
        "\r\n",      "X: wrong\r\n\r\n",  "X: a\rwrong\r\n", ":wrong\r\n",
        "wrong\r\n", "X: a\r\nwrong: b\n"};
    unsigned i = (unsigned)(sw_exchange_target(exchange).p[1] - '0');
    const struct sw_span lines = {wrong[i % 10], strlen(wrong[i % 10])};
    begun(exchange);
    ck_assert_int_eq(sw_reply_end_trailers(exchange, lines), SW_ERROR_BAD_OUT_VALUE);
}

static void reply_inside(struct sw_exchange *exchange)
{
    begun(exchange);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("wrong")), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void reply_large_inside(struct sw_exchange *exchange)
{
    begun(exchange);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, sizeof large}),
                     SW_ERROR_MISUSE);
}

static void unrouted_inside(struct sw_exchange *exchange)
{
    begun(exchange);
    sw_reply_unrouted(exchange, "GET");
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void health_inside(struct sw_exchange *exchange)
{
    begun(exchange);
    sw_livez_serve(exchange);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void metrics_inside(struct sw_exchange *exchange)
{
    begun(exchange);
    sw_metrics_serve(exchange);
    ck_assert_ptr_null(exchange->hooks);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static struct sw_files files = {.root = "/proc/self"};

static void files_inside(struct sw_exchange *exchange)
{
    begun(exchange);
    sw_files_serve(&files, exchange, SW_SPAN("/status"));
    ck_assert_ptr_null(exchange->hooks);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void (*const inside[])(struct sw_exchange *exchange) = {
    write_from_nowhere,
    write_nocopy_null,
    file_of_nothing,
    file_from_beyond,
    trailers_from_nowhere,
    trailers_with_a_length,
    reply_inside,
    reply_large_inside,
    unrouted_inside,
    health_inside,
    metrics_inside,
    files_inside,
    trailers_that_are_no_lines,
};

START_TEST(misuse_in_a_reply_closes_the_connection)
{
    file = open("/proc/self/exe", O_RDONLY);
    ck_assert_int_eq(sw_files_open(&files), 0);
    for (int i = 0; i < (inside[_i] == trailers_that_are_no_lines ? 10 : 1); i++) {
        char ask[128];
        serve(inside[_i]);
        snprintf(ask, sizeof ask, "GET /%d HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
                 i);
        client_ask(&served, ask, buf, sizeof buf);
        ck_assert_msg(strncmp(buf, "HTTP/1.1 200 ", 13) == 0, "%s", buf);
        ck_assert_uint_eq(count(buf, "HTTP/1.1"), 1);
        ck_assert_uint_eq(count(buf, "wrong"), 0);
        ck_assert_ptr_null(strstr(buf, "\r\n0\r\n"));
        ck_assert_int_eq(served_end(&served), 0);
    }
    sw_files_close(&files);
    close(file);
}
END_TEST

/* ---- After the end: nothing changes ---------------------------------------------------------- */

static void no_field_is_taken(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply_field(exchange, SW_HEADER_SERVER, SW_SPAN("wrong")), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_field(exchange, SW_HEADER_SERVER, nowhere), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_field_named(exchange, SW_SPAN("X"), SW_SPAN("wrong")),
                     SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_field_number(exchange, SW_HEADER_AGE, 1), SW_ERROR_MISUSE);
}

static void field_after_the_head(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
    sw_reply_write(exchange, SW_SPAN("right"));
    no_field_is_taken(exchange);
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static void field_before_the_head(struct sw_exchange *exchange)
{
    no_field_is_taken(exchange);
    ok(exchange);
}

static void field_after_an_interim(struct sw_exchange *exchange)
{
    sw_reply_interim(exchange, SW_STATUS_PROCESSING);
    ok(exchange);
    no_field_is_taken(exchange);
}

static void begin_inside(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
    ck_assert_int_eq(sw_reply_begin(exchange, SW_STATUS_OK, 5), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_interim(exchange, SW_STATUS_PROCESSING), SW_ERROR_MISUSE);
    sw_reply_write(exchange, SW_SPAN("right"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static void end_too_early(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_end_trailers(exchange, SW_SPAN("X: wrong\r\n")), SW_ERROR_MISUSE);
    sw_reply_interim(exchange, SW_STATUS_PROCESSING);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
    ok(exchange);
}

static void all_too_late(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("wrong")), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, sizeof large}),
                     SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply(exchange, SW_STATUS_OK, TEXT, nowhere), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_begin(exchange, SW_STATUS_OK, 5), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_interim(exchange, SW_STATUS_PROCESSING), SW_ERROR_MISUSE);
    ck_assert_uint_eq(sw_reply_write(exchange, SW_SPAN("wrong")), 5);
    ck_assert_uint_eq(sw_reply_write(exchange, nowhere), 5);
    ck_assert(sw_reply_write_nocopy(exchange, SW_SPAN("wrong")));
    ck_assert(sw_reply_write_nocopy(exchange, nowhere));
    ck_assert(sw_reply_file(exchange, file, 0, 5));
    no_field_is_taken(exchange);
    sw_reply_unrouted(exchange, NULL);
    sw_reply_unrouted(exchange, "GET");
    sw_readyz_serve(exchange);
    sw_metrics_serve(exchange);
    sw_files_serve(&files, exchange, SW_SPAN("/status"));
    ck_assert_int_eq(sw_reply_end_trailers(exchange, SW_SPAN("X: wrong\r\n")), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void twice(struct sw_exchange *exchange)
{
    ok(exchange);
    all_too_late(exchange);
}

static void twice_in_pieces(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
    ck_assert(sw_reply_write_nocopy(exchange, SW_SPAN("right")));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
    all_too_late(exchange);
}

static void when_over(struct sw_exchange *exchange, bool is_complete)
{
    ck_assert(is_complete);
    all_too_late(exchange);
    atomic_fetch_add(&overs, 1);
}

static void replies_when_over(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_complete = when_over};
    exchange->hooks = &hooks;
    ok(exchange);
}

static void writes_nocopy_twice(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
    ck_assert(sw_reply_write_nocopy(exchange, SW_SPAN("right")));
    ck_assert(!sw_reply_write_nocopy(exchange, SW_SPAN("wrong")));
    ck_assert(!sw_reply_file(exchange, file, 0, 5));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static void nothing_from_nowhere(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
    ck_assert_uint_eq(sw_reply_write(exchange, nothing), 0);
    ck_assert(sw_reply_write_nocopy(exchange, nothing));
    ck_assert(sw_reply_file(exchange, -1, UINT64_MAX, 0));
    sw_reply_write(exchange, SW_SPAN("right"));
    ck_assert_int_eq(sw_reply_end_trailers(exchange, nothing), SW_OK);
}

static void (*const harmless[])(struct sw_exchange *exchange) = {
    field_before_the_head, field_after_the_head, field_after_an_interim,
    begin_inside,          end_too_early,        twice,
    twice_in_pieces,       replies_when_over,    writes_nocopy_twice,
    nothing_from_nowhere,
};

START_TEST(misuse_after_the_end_is_harmless)
{
    file = open("/proc/self/exe", O_RDONLY);
    ck_assert_int_eq(sw_files_open(&files), 0);
    serve(harmless[_i]);
    client_ask(&served,
               "GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
               buf, sizeof buf);
    ck_assert_msg(count(buf, "HTTP/1.1 200 OK\r\n") == 2, "%s", buf);
    ck_assert_uint_eq(count(buf, "\r\n\r\nright"), 2);
    ck_assert_uint_eq(count(buf, "wrong"), 0);
    ck_assert_uint_eq(count(buf, "HTTP/1.1") - count(buf, "HTTP/1.1 102"), 2);
    ck_assert_int_eq(served_end(&served), 0);
    sw_files_close(&files);
    close(file);
}
END_TEST

/* ---- Content --------------------------------------------------------------------------------- */

static size_t take_more(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)exchange;
    return bytes.n + 1;
}

static size_t take_all_there_is(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)bytes;
    sw_reply_interim(exchange, SW_STATUS_PROCESSING);
    return SIZE_MAX; /* (size_t)-1, the error value of read() */
}

static size_t reply_and_take_more(struct sw_exchange *exchange, struct sw_span bytes)
{
    ok(exchange);
    return bytes.n + 1;
}

static const struct {
    struct sw_hooks hooks;
    const char *want;
} takers[] = {
    {{.on_content = take_more}, "HTTP/1.1 500 "},
    {{.on_content = take_all_there_is}, "HTTP/1.1 500 "},
    {{.on_content = reply_and_take_more}, "HTTP/1.1 200 "},
};

static atomic_int taker;

static void take(struct sw_exchange *exchange)
{
    exchange->hooks = &takers[atomic_load(&taker)].hooks;
}

START_TEST(consuming_more_than_given_is_misuse)
{
    atomic_store(&taker, _i);
    serve(take);
    client_ask(&served,
               "POST / HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 5\r\n\r\n"
               "abcde",
               buf, sizeof buf);
    ck_assert_msg(strncmp(final_reply(), takers[_i].want, 13) == 0, "%s", buf);
    served_end(&served);
}
END_TEST

/* ---- Allow ----------------------------------------------------------------------------------- */

static char too_long[2000];
static const char *const allows[] = {"GET", "", too_long};
static atomic_int allow;

static void unrouted(struct sw_exchange *exchange)
{
    sw_reply_unrouted(exchange, allows[atomic_load(&allow)]);
}

START_TEST(allow_is_sent_or_500)
{
    static const char *const wants[] = {"\r\nAllow: GET, OPTIONS\r\n", "\r\nAllow: OPTIONS\r\n",
                                        "HTTP/1.1 500 "};
    memset(too_long, 'A', sizeof too_long - 1);
    atomic_store(&allow, _i);
    serve(unrouted);
    client_ask(&served, "PUT / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", buf, sizeof buf);
    ck_assert_msg(strstr(buf, wants[_i]) != NULL, "%s", buf);
    served_end(&served);
}
END_TEST

/* ---- Paths ----------------------------------------------------------------------------------- */

static void path_from_nowhere(struct sw_exchange *exchange)
{
    sw_files_serve(&files, exchange, nowhere);
}

START_TEST(null_path_is_404)
{
    ck_assert_int_eq(sw_files_open(&files), 0);
    serve(path_from_nowhere);
    client_ask(&served, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", buf, sizeof buf);
    ck_assert_int_eq(strncmp(buf, "HTTP/1.1 404 ", 13), 0);
    served_end(&served);
    sw_files_close(&files);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {misuse_before_the_head_is_500, COUNT(early)},
        {invalid_status_is_500, 1},
        {misuse_in_a_reply_closes_the_connection, COUNT(inside)},
        {misuse_after_the_end_is_harmless, COUNT(harmless)},
        {consuming_more_than_given_is_misuse, COUNT(takers)},
        {allow_is_sent_or_500, COUNT(allows)},
        {null_path_is_404, 1},
    };
    return suite_main("server misuse", tests, COUNT(tests));
}
