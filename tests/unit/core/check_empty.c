/* check_empty.c - nothing at all, wherever a span or a buffer may be passed: no pointer, no bytes.
 */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "shockwave_values.h"

/*
 * What an application passes where it has nothing: an empty struct sw_span, recv()'s buffer before
 * it is there, a writer without memory.  C lets nothing be added to NULL and passes NULL to no
 * memcpy(): a sanitizer that knows this (clang's, check-asan-clang) ends the test where the core
 * does so.
 */
static const struct sw_span none = {NULL, 0};

/* ---- Heads, bodies, connections -------------------------------------------------------------- */

START_TEST(heads)
{
    for (enum sw_kind kind = SW_REQUEST; kind <= SW_TRAILERS; kind++) {
        static const char begun[] = "X";
        struct sw_head head;
        sw_head_init(&head, kind, NULL);
        sw_head_attach_fields(&head, NULL, 0);
        ck_assert_int_eq(sw_head_parse(&head, NULL, 0), 0);
        ck_assert_int_eq(sw_head_parse(&head, "", 0), 0);
        ck_assert_ptr_null(sw_head_field_named(&head, NULL, (struct sw_span){NULL, 0}));
        ck_assert_uint_eq(sw_head_options(&head, NULL), 0);
        ck_assert(!sw_head_expects_continue(&head, NULL));
        ck_assert_int_eq(sw_head_parse(&head, begun, kind != SW_RESPONSE), 0);
    }
}
END_TEST

/* Heads that fill SW_FIELDS_INLINE, split in two at each offset, without attached fields. */
static void fill(enum sw_kind kind, const char *first, unsigned fields, enum sw_error error)
{
    static char text[1024];
    size_t n = (size_t)sprintf(text, "%s", first), at = 0;

    for (unsigned i = 0; i < fields; i++) {
        at = i == SW_FIELDS_INLINE ? n : at;
        n += (size_t)sprintf(text + n, "A: 1\r\n");
    }
    n += (size_t)sprintf(text + n, "\r\n");
    for (size_t split = 0; split <= n; split++) {
        struct sw_head head;
        sw_head_init(&head, kind, NULL);
        ptrdiff_t got = sw_head_parse(&head, text, split);
        if (got == 0)
            got = sw_head_parse(&head, text, n);
        MUST(got == (error ? -(ptrdiff_t)error : (ptrdiff_t)n), "%u fields, split at %zu: %td",
             fields, split, got);
        MUST(!error || head.error_at == at, "%u fields, split at %zu: error at %u", fields, split,
             head.error_at);
    }
}

START_TEST(heads_without_attached_fields)
{
    static const char *const variants[] = {"portable", "sse42", "avx2", "avx512", "neon"};
    const char *best = sw_head_variant(NULL);

    for (size_t v = 0; v < COUNT(variants); v++) {
        if (!sw_head_variant(variants[v]))
            continue;
        for (unsigned fields = 30; fields < 36; fields++) {
            bool many = fields > SW_FIELDS_INLINE;
            enum sw_error error = many ? SW_ERROR_TOO_MANY_FIELDS : SW_OK;
            fill(SW_RESPONSE, "HTTP/1.1 200 OK\r\n", fields, error);
            fill(SW_REQUEST, "GET / HTTP/1.0\r\n", fields, error);
            fill(SW_TRAILERS, "", fields, many ? SW_ERROR_TOO_MANY_TRAILERS : SW_OK);
        }
    }
    sw_head_variant(best);
}
END_TEST

/* The body after a head, before any of its bytes has arrived. */
static void begin_body(const char *text, enum sw_kind kind)
{
    struct sw_head head, trailers;
    struct sw_body body;
    struct sw_span content = {"", 1};
    size_t len = 0;

    sw_head_init(&head, kind, NULL);
    ck_assert_int_eq(sw_head_parse(&head, text, strlen(text)), (ptrdiff_t)strlen(text));
    ck_assert_int_eq(sw_body_begin(&body, &head, text, SW_METHOD_GET, &trailers), SW_OK);
    ck_assert_int_eq(sw_body_next(&body, NULL, 0, &content), 0);
    ck_assert_uint_eq(content.n, 0);
    ck_assert_int_eq(sw_body_compact(&body, NULL, &len), 0);
    ck_assert_uint_eq(len, 0);
    if (body.framing != SW_FRAMING_CHUNKED)
        return;
    static const char last[] = "0\r\n";
    ck_assert_int_eq(sw_body_next(&body, last, 3, &content), 3);
    ck_assert_int_eq(sw_body_next(&body, NULL, 0, &content), 0);
}

START_TEST(bodies)
{
    begin_body("HTTP/1.1 200 OK\r\n\r\n", SW_RESPONSE);
    begin_body("GET / HTTP/1.1\r\nHost: h\r\n\r\n", SW_REQUEST);
    begin_body("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", SW_REQUEST);
    begin_body("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", SW_REQUEST);
}
END_TEST

static void converse(const char *text, size_t n, enum sw_event_kind expected)
{
    static struct sw_message message;
    struct sw_conn conn;
    struct sw_event event;
    size_t at = 0;

    sw_conn_init(&conn, SW_SERVER, NULL);
    ck_assert_uint_eq(sw_conn_next(&conn, NULL, 0, &event), 0);
    sw_conn_attach(&conn, &message);
    do
        at += sw_conn_next(&conn, text + at, n - at, &event);
    while (event.kind != SW_EVENT_MORE && event.kind != SW_EVENT_PAUSED);
    if (at < n)
        return; /* what is left is to be passed again */
    ck_assert_uint_eq(sw_conn_next(&conn, NULL, 0, &event), 0);
    ck_assert_int_eq(event.kind, SW_EVENT_MORE);
    sw_conn_eof(&conn);
    ck_assert_uint_eq(sw_conn_next(&conn, NULL, 0, &event), 0);
    ck_assert_int_eq(event.kind, expected);
}

START_TEST(connections)
{
    static const char text[] = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "2\r\nab\r\n0\r\n\r\n";
    converse("", 0, SW_EVENT_CLOSED);
    for (size_t n = 1; n < sizeof text - 1; n++)
        converse(text, n, SW_EVENT_FAILED);
    converse(text, sizeof text - 1, SW_EVENT_MORE);
}
END_TEST

/* ---- Writing --------------------------------------------------------------------------------- */

START_TEST(writers_without_memory)
{
    struct sw_writer out = {0};
    sw_write_any_bytes(&out, NULL, 0);
    sw_write_bytes(&out, NULL, 0);
    ck_assert_int_eq(out.error, SW_OK);
    sw_write_status(&out, 200);
    ck_assert_int_eq(out.error, SW_ERROR_NO_ROOM);
    for (unsigned i = 0; i < 8; i++) {
        out = (struct sw_writer){0};
        i == 0   ? sw_write_request(&out, SW_METHOD_GET, SW_SPAN("/"))
        : i == 1 ? sw_write_field(&out, SW_HEADER_AGE, none)
        : i == 2 ? sw_write_field_named(&out, SW_SPAN("a"), none)
        : i == 3 ? sw_write_number(&out, SW_HEADER_AGE, 1)
        : i == 4 ? sw_write_length(&out, 1)
        : i == 5 ? sw_write_chunk(&out, 1)
        : i == 6 ? sw_write_any_bytes(&out, "a", 1)
                 : sw_write_end(&out);
        ck_assert_int_eq(out.error, SW_ERROR_NO_ROOM);
        ck_assert_uint_eq(out.n, 0);
    }
}
END_TEST

START_TEST(empty_parts_of_a_message)
{
    static const char expected[] = "Age: \r\nx: \r\n";
    char memory[64];
    struct sw_writer out = {.p = memory, .size = sizeof memory};
    sw_write_field(&out, SW_HEADER_AGE, none);
    sw_write_field_named(&out, SW_SPAN("x"), none);
    ck_assert_int_eq(out.error, SW_OK);
    ck_assert_uint_eq(out.n, sizeof expected - 1);
    ck_assert_mem_eq(memory, expected, out.n);
    sw_write_field_named(&out, none, SW_SPAN("v"));
    ck_assert_int_eq(out.error, SW_ERROR_BAD_OUT_NAME);
    out.error = SW_OK;
    sw_write_request(&out, SW_METHOD_GET, none);
    ck_assert_int_eq(out.error, SW_ERROR_BAD_OUT_TARGET);
    out.error = SW_OK;
    sw_write_request_named(&out, none, SW_SPAN("/"));
    ck_assert_int_eq(out.error, SW_ERROR_BAD_METHOD);
    out.error = SW_OK;
    sw_write_request_named(&out, SW_SPAN("x"), none);
    ck_assert_int_eq(out.error, SW_ERROR_BAD_OUT_TARGET);
}
END_TEST

/* ---- Values ---------------------------------------------------------------------------------- */

START_TEST(words)
{
    ck_assert_int_eq(sw_header_find(NULL, 0), SW_HEADER_OTHER);
    ck_assert_ptr_nonnull(sw_media_find(none));
    ck_assert(!sw_token_is(none, "a"));
    ck_assert(sw_token_is(none, ""));
    ck_assert(!sw_list_has_token(none, "a"));
}
END_TEST

START_TEST(lists)
{
    struct sw_span rest = none, element;
    struct sw_param param;
    struct sw_pair pair;
    struct sw_accept accept;
    struct sw_etag etag;
    struct sw_forwarded forwarded;
    struct sw_node node;
    struct sw_auth auth;
    ck_assert_int_eq(sw_list_next(&rest, &element), 0);
    ck_assert_int_eq(sw_token_next(&rest, &element), 0);
    ck_assert_int_eq(sw_param_next(&rest, &param), 0);
    ck_assert_int_eq(sw_accept_next(&rest, &accept), 0);
    ck_assert_int_eq(sw_accept_coding_next(&rest, &accept), 0);
    ck_assert_int_eq(sw_accept_language_next(&rest, &accept), 0);
    ck_assert_int_eq(sw_directive_next(&rest, &param), 0);
    ck_assert_int_eq(sw_cookie_next(&rest, &pair), 0);
    ck_assert_int_eq(sw_etag_next(&rest, &etag), 0);
    ck_assert_int_eq(sw_forwarded_next(&rest, &forwarded), 0);
    ck_assert_int_eq(sw_forwarded_for_next(&rest, &node), 0);
    ck_assert_int_eq(sw_challenge_next(&rest, &auth), 0);
    ck_assert_int_eq(sw_auth_param_next(&rest, &param), 0);
    ck_assert_int_eq(sw_query_next(&rest, &pair), 0);
    ck_assert(!sw_param_find(none, "a", &param));
    (void)sw_accept_choose(none, &none, 1);
    (void)sw_accept_coding_choose(none, &none, 1);
    (void)sw_accept_language_choose(none, &none, 1);
    ck_assert_int_eq(sw_accept_choose(SW_SPAN("a/b"), NULL, 0), -1);
    ck_assert_int_eq(sw_accept_coding_choose(SW_SPAN("a"), NULL, 0), -1);
    ck_assert_int_eq(sw_accept_language_choose(SW_SPAN("a"), NULL, 0), -1);
}
END_TEST

START_TEST(single_values)
{
    struct sw_media media;
    int64_t seconds;
    uint32_t delta;
    struct sw_cache_control control;
    struct sw_set_cookie cookie;
    struct sw_content_range range;
    struct sw_range found[1];
    size_t count = 1;
    struct sw_etag etag;
    struct sw_host host;
    struct sw_address address;
    struct sw_network network;
    struct sw_node node;
    struct sw_proxy proxy;
    struct sw_auth auth;
    struct sw_target target;
    ck_assert_int_eq(sw_expect_read(none), SW_EXPECT_NOTHING);
    ck_assert(!sw_media_parse(none, &media));
    ck_assert(!sw_date_parse(none, 0, &seconds));
    ck_assert(!sw_seconds_parse(none, &delta));
    ck_assert(!sw_retry_after_parse(none, 0, &seconds));
    (void)sw_cache_control_parse(none, &control);
    ck_assert(!sw_set_cookie_parse(none, 0, &cookie));
    (void)sw_range_evaluate(none, 1, found, &count);
    ck_assert(!sw_content_range_parse(none, &range));
    ck_assert(!sw_etag_parse(none, &etag));
    ck_assert(sw_host_parse(none, &host));
    ck_assert(sw_host_valid(none));
    ck_assert(!sw_address_parse(none, &address));
    ck_assert(!sw_network_parse(none, &network));
    ck_assert(!sw_node_parse(none, &node));
    ck_assert_int_eq(sw_proxy_parse(NULL, 0, &proxy), 0);
    ck_assert(!sw_auth_parse(none, &auth));
    ck_assert(!sw_target_parse(none, &target));
}
END_TEST

START_TEST(decoders)
{
    struct sw_span user, password;
    ck_assert_int_eq(sw_quoted_decode(none, NULL, 0), 0);
    ck_assert_int_eq(sw_base64_decode(none, NULL, 0), 0);
    ck_assert_int_lt(sw_basic_decode(none, NULL, 0, &user, &password), 0);
    ck_assert_int_eq(sw_percent_decode(none, 0, NULL, 0), 0);
    ck_assert_int_eq(sw_percent_decode(SW_SPAN("a"), 0, NULL, 0), -SW_ERROR_NO_ROOM);
    ck_assert_int_eq(sw_quoted_decode(SW_SPAN("a"), NULL, 0), -SW_ERROR_NO_ROOM);
    ck_assert_int_eq(sw_base64_decode(SW_SPAN("YWI="), NULL, 0), -SW_ERROR_NO_ROOM);
    ck_assert_uint_eq(sw_path_normalise(NULL, 0), 0);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {heads, 1},
        {heads_without_attached_fields, 1},
        {bodies, 1},
        {connections, 1},
        {writers_without_memory, 1},
        {empty_parts_of_a_message, 1},
        {words, 1},
        {lists, 1},
        {single_values, 1},
        {decoders, 1},
    };
    return suite_main("empty", tests, COUNT(tests));
}
