/* check_limit_zero.c - limits that allow nothing, and limits that do not exist. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "suite.h"

#define LINE    "GET / HTTP/1.1\r\nHost: h\r\n"
#define CHUNKED LINE "Transfer-Encoding: chunked\r\n\r\n"

#define ALL(value)                                                                                 \
    {                                                                                              \
        .empty_lines = (value), .body = (value), .chunk_extensions = (value), .trailers = (value)  \
    }

static const struct sw_limits zero = ALL(SW_LIMIT_ZERO), none = ALL(SW_LIMIT_NONE);

/* What a request and its body come to: an error, or SW_OK where both are complete. */
static enum sw_error outcome_of(const char *text, const struct sw_limits *limits)
{
    struct sw_head head, trailers;
    struct sw_body body;
    struct sw_span content;
    size_t len = strlen(text);
    sw_head_init(&head, SW_REQUEST, limits);
    ptrdiff_t n = sw_head_parse(&head, text, len);
    if (n < 0)
        return (enum sw_error) - n;
    ck_assert_int_gt(n, 0);
    enum sw_error error = sw_body_begin(&body, &head, text, SW_METHOD_OTHER, &trailers);
    for (size_t at = (size_t)n; !error && !sw_body_done(&body); at += (size_t)n) {
        n = sw_body_next(&body, text + at, len - at, &content);
        ck_assert_int_ne(n, 0);
        if (n < 0)
            error = (enum sw_error) - n;
    }
    return error;
}

static const struct {
    const char *text;
    enum sw_error at_zero;
} rows[] = {
    {LINE "\r\n", SW_OK},
    {"\r\n" LINE "\r\n", SW_ERROR_TOO_MANY_EMPTY_LINES},
    {LINE "Content-Length: 0\r\n\r\n", SW_OK},
    {LINE "Content-Length: 1\r\n\r\na", SW_ERROR_BODY_TOO_LARGE},
    {CHUNKED "0\r\n\r\n", SW_OK},
    {CHUNKED "1\r\na\r\n0\r\n\r\n", SW_ERROR_BODY_TOO_LARGE},
    {CHUNKED "0;a\r\n\r\n", SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG},
    {CHUNKED "0\r\nA: b\r\n\r\n", SW_ERROR_TOO_MANY_TRAILERS},
};

START_TEST(limits_of_zero_allow_nothing)
{
    ck_assert_int_eq(outcome_of(rows[_i].text, &zero), rows[_i].at_zero);
    ck_assert_int_eq(outcome_of(rows[_i].text, &none), SW_OK);
    ck_assert_int_eq(outcome_of(rows[_i].text, NULL), SW_OK);
}
END_TEST

/* More content than 32 bits count. */
START_TEST(a_body_without_a_limit_may_be_large)
{
    static const char large[] = LINE "Content-Length: 1099511627776\r\n\r\n";
    struct sw_head head, trailers;
    struct sw_body body;
    sw_head_init(&head, SW_REQUEST, &none);
    ck_assert_int_gt(sw_head_parse(&head, large, sizeof large - 1), 0);
    ck_assert_int_eq(sw_body_begin(&body, &head, large, SW_METHOD_OTHER, &trailers), SW_OK);
    ck_assert_uint_eq(body.left, UINT64_C(1) << 40);
}
END_TEST

/* Each error in a response is answered with 400, in a request with the status of the grammar. */
START_TEST(an_error_in_a_response_is_400)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"};
    for (unsigned i = 0; i < 2; i++) {
        struct sw_head head, trailers;
        struct sw_body body;
        sw_head_init(&head, i ? SW_REQUEST : SW_RESPONSE, NULL);
        ck_assert_int_gt(sw_head_parse(&head, texts[i], strlen(texts[i])), 0);
        ck_assert_int_eq(sw_body_begin(&body, &head, texts[i], SW_METHOD_OTHER, &trailers),
                         SW_ERROR_TRANSFER_CODING_UNKNOWN);
        ck_assert_uint_eq(sw_body_error_status(&body), i ? 501 : 400);
    }
    ck_assert_uint_eq(sw_body_error_status(&(struct sw_body){0}), sw_error_infos[SW_OK].status);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits of zero");
    TCase *tests = suite_case("limits of zero");
    tcase_add_loop_test(tests, limits_of_zero_allow_nothing, 0, (int)(sizeof rows / sizeof *rows));
    tcase_add_test(tests, a_body_without_a_limit_may_be_large);
    tcase_add_test(tests, an_error_in_a_response_is_400);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
