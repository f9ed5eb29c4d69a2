/* check_server.c - the server: complete and streamed responses, backpressure, content. */
/* SPDX-License-Identifier: MIT */
#include "served.h"

#include <stdio.h>

#define TEXT SW_SPAN("text/plain")
#define HOST "Host: x\r\n"

static char buf[1 << 20];

static struct served served;

static void serve(void (*handler)(struct sw_exchange *exchange))
{
    served_begin(&served, (struct sw_server_config){.handler = handler});
}

/* ---- At once --------------------------------------------------------------------------------- */

static void reply_target(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, sw_exchange_target(exchange));
}

START_TEST(replies_in_order)
{
    serve(reply_target);
    char batch[4096] = "", want[256];
    for (int i = 0; i < 16; i++)
        snprintf(batch + strlen(batch), sizeof batch - strlen(batch),
                 "GET /%d HTTP/1.1\r\n" HOST "%s\r\n", i, i == 15 ? "Connection: close\r\n" : "");
    client_ask(&served, batch, buf, sizeof buf);
    const char *at = buf;
    for (int i = 0; i < 16; i++) {
        snprintf(want, sizeof want, "\r\n\r\n/%d", i);
        at = strstr(at, want);
        ck_assert_msg(at != NULL, "reply %d is not in its place: %s", i, buf);
    }
    ck_assert_uint_eq(count(buf, "HTTP/1.1 200 OK\r\n"), 16);
    ck_assert_uint_eq(count(buf, "Connection: close\r\n"), 1);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

static void reply_status(struct sw_exchange *exchange)
{
    unsigned status = (unsigned)atoi(sw_exchange_target(exchange).p + 1);
    bool bare = status == SW_STATUS_NO_CONTENT || status == SW_STATUS_NOT_MODIFIED;
    sw_reply(exchange, status, status == 200 || bare ? (struct sw_span){NULL, 0} : TEXT,
             bare ? (struct sw_span){NULL, 0} : SW_SPAN("some words"));
}

static const unsigned statuses[] = {200, 201, 204, 205, 299, 304, 404, 426, 599};

/* The response to HEAD takes the slow path, the one to GET the fast path if possible. */
START_TEST(head_is_equal_on_fast_and_slow_path)
{
    serve(reply_status);
    char ask[256], line[32];
    snprintf(ask, sizeof ask,
             "GET /%u HTTP/1.1\r\n" HOST "\r\nHEAD /%u HTTP/1.1\r\n" HOST "\r\n"
             "GET /200 HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n",
             statuses[_i], statuses[_i]);
    client_ask(&served, ask, buf, sizeof buf);
    snprintf(line, sizeof line, "HTTP/1.1 %u ", statuses[_i]);
    const char *got = buf, *head = strstr(buf + 1, line);
    ck_assert_ptr_nonnull(head);
    size_t n = (size_t)(strstr(got, "\r\n\r\n") + 4 - got);
    ck_assert_int_eq(strncmp(got, line, strlen(line)), 0);
    ck_assert_mem_eq(got, head, n);
    ck_assert_uint_eq(count(buf, "Date: "), 3);
    ck_assert_int_eq(strncmp(head + n, "HTTP/1.1 200 OK\r\n", 17), 0);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

static void reply_two_lines(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain\r\nX-Mine: yes"), SW_SPAN("some words"));
}

START_TEST(content_type_of_two_lines_is_500)
{
    serve(reply_two_lines);
    client_ask(&served, "GET / HTTP/1.1\r\n" HOST "\r\n", buf, sizeof buf);
    ck_assert_int_eq(strncmp(buf, "HTTP/1.1 500 ", 13), 0);
    ck_assert_uint_eq(count(buf, "X-Mine"), 0);
    ck_assert_uint_eq(count(buf, "HTTP/1.1"), 1);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

/* Responses to requests of one read are sent in one write. */
START_TEST(pipelined_replies_are_one_write)
{
    serve(reply_target);
    int fd = client_open(&served);
    client_send_text(fd, "GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n");
    buf[client_receive(fd, buf, sizeof buf - 1)] = '\0';
    ck_assert_uint_eq(count(buf, "HTTP/1.1 200 OK\r\n"), 2);
    close(fd);
    served_end(&served);
}
END_TEST

static char large[300000];

static void reply_large_nocopy(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, sizeof large});
}

START_TEST(large_content_is_sent_zero_copy)
{
    memset(large, 'x', sizeof large);
    serve(reply_large_nocopy);
    size_t n = client_ask(&served,
                          "GET / HTTP/1.1\r\n" HOST "\r\n"
                          "HEAD / HTTP/1.1\r\n" HOST "\r\n"
                          "GET / HTTP/1.0\r\n\r\n",
                          buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "Content-Length: 300000\r\n"), 3);
    const char *last = strstr(buf, "Connection: close");
    ck_assert(last && (size_t)(buf + n - last) > sizeof large);
    ck_assert_uint_lt(n, 2 * sizeof large + 1000);
    ck_assert_uint_gt(n, 2 * sizeof large);
    served_end(&served);
}
END_TEST

/* ---- What a handler may do wrong ------------------------------------------------------------- */

static void do_nothing(struct sw_exchange *exchange)
{
    (void)exchange;
}

static const struct sw_hooks no_hooks = {.on_writable = do_nothing};

static void hope_for_room(struct sw_exchange *exchange)
{
    exchange->hooks = &no_hooks; /* nothing was written, so on_writable is not called */
}

static void inject(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 2);
    sw_reply_field(exchange, SW_HEADER_SERVER, SW_SPAN("x\r\nSet-Cookie: y=z"));
    ck_assert_uint_eq(sw_reply_write(exchange, SW_SPAN("ok")), 2);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_BAD_OUT_VALUE);
}

static void frame_by_hand(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 2);
    sw_reply_field(exchange, SW_HEADER_TRANSFER_ENCODING, SW_SPAN("chunked"));
    sw_reply_write(exchange, SW_SPAN("ok"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_BAD_OUT_FRAMING);
}

static void write_too_many_fields(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 2);
    for (int i = 0; i < 100000; i++)
        sw_reply_field(exchange, SW_HEADER_SERVER, SW_SPAN("x"));
    sw_reply_write(exchange, SW_SPAN("ok"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_NO_ROOM);
}

static void end_before_the_beginning(struct sw_exchange *exchange)
{
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void switch_unasked(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_SWITCHING_PROTOCOLS, 0);
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_MISUSE);
}

static void (*const mistakes[])(struct sw_exchange *exchange) = {
    do_nothing,     hope_for_room,         inject,
    frame_by_hand,  write_too_many_fields, end_before_the_beginning,
    switch_unasked,
};

START_TEST(misuse_before_the_head_is_500)
{
    serve(mistakes[_i]);
    client_ask(&served, "GET / HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n", buf,
               sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 500 "), buf);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 "), 1);
    ck_assert_ptr_ne(strstr(buf, "\r\nConnection: close\r\n"), NULL);
    ck_assert_ptr_eq(strstr(buf, "Set-Cookie"), NULL);
    served_end(&served);
}
END_TEST

/* RFC 9110 9.3.2: a generated response to HEAD has no content either. */
START_TEST(misuse_on_a_head_request_is_500_without_content)
{
    serve(mistakes[_i]);
    client_ask(&served, "HEAD / HTTP/1.1\r\n" HOST "\r\n", buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 500 "), buf);
    ck_assert_str_eq(strstr(buf, "\r\n\r\n"), "\r\n\r\n");
    served_end(&served);
}
END_TEST

static void promise_too_much(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 10);
    sw_reply_write(exchange, SW_SPAN("four"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_BODY_LENGTH_MISMATCH);
}

static void give_too_much(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 4);
    sw_reply_write(exchange, SW_SPAN("four"));
    sw_reply_write(exchange, SW_SPAN("and more"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_ERROR_BODY_LENGTH_MISMATCH);
}

static void begin_twice(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 4);
    sw_reply_write(exchange, SW_SPAN("four"));
    ck_assert_int_eq(sw_reply_begin(exchange, SW_STATUS_OK, 4), SW_ERROR_MISUSE);
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static void stop_in_the_middle(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
    sw_reply_write(exchange, SW_SPAN("four"));
}

static const struct {
    void (*handler)(struct sw_exchange *exchange);
    size_t replies;
} later_mistakes[] = {
    {promise_too_much, 1}, {give_too_much, 1}, {begin_twice, 2}, {stop_in_the_middle, 1}};

/* After the head was sent, closing the connection signals that content is missing. */
START_TEST(misuse_after_the_head_closes)
{
    serve(later_mistakes[_i].handler);
    client_ask(&served,
               "GET / HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
               buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 200 OK\r\n"), later_mistakes[_i].replies);
    ck_assert_uint_eq(count(buf, "four"), later_mistakes[_i].replies);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 "), later_mistakes[_i].replies);
    ck_assert_ptr_eq(strstr(buf, "\r\n0\r\n\r\n"), NULL);
    ck_assert_ptr_eq(strstr(buf, "and more"), NULL);
    served_end(&served);
}
END_TEST

/* ---- In pieces ------------------------------------------------------------------------------- */

/* Writes numbered lines until the output buffer is full, up to the number in exchange->scratch. */
enum { LINES = 2000000, LINE = 8 };

static void more_lines(struct sw_exchange *exchange)
{
    uint32_t *next = (uint32_t *)(void *)exchange->scratch;
    for (; *next < LINES; ++*next) {
        char line[LINE + 1];
        snprintf(line, sizeof line, "%07u\n", *next);
        if (sw_reply_write(exchange, (struct sw_span){line, LINE}) < LINE)
            return;
    }
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static const struct sw_hooks line_hooks = {.on_writable = more_lines};

static void count_lines(struct sw_exchange *exchange)
{
    memset(exchange->scratch, 0, sizeof(uint32_t));
    exchange->hooks = &line_hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, (uint64_t)LINES * LINE);
    more_lines(exchange);
}

START_TEST(backpressure_from_a_slow_client)
{
    serve(count_lines);
    int fd = client_open_narrow(&served, 4096);
    client_send_text(fd, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    client_until(fd, buf, 200, "\r\n\r\n");
    size_t n = strlen(strstr(buf, "\r\n\r\n") + 4), line = 0, wrong = 0;
    memmove(buf, strstr(buf, "\r\n\r\n") + 4, n);
    for (ssize_t got = 1; got; n += (size_t)got) {
        size_t at = 0;
        for (; n - at >= LINE; at += LINE, line++)
            wrong += strtoul(buf + at, NULL, 10) != line;
        memmove(buf, buf + at, n -= at);
        got = client_receive(fd, buf + n, sizeof buf - n);
        ck_assert_int_ge(got, 0);
    }
    ck_assert_uint_eq(line, LINES);
    ck_assert_uint_eq(wrong, 0);
    close(fd);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

/* Echoes content: backpressure in both directions. */
static size_t pass_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    return sw_reply_write(exchange, bytes);
}

static void pass_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                     const char *bytes)
{
    if (trailers)
        sw_reply_write(exchange, sw_field_value(sw_head_at(trailers, 0), bytes));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static const struct sw_hooks pass_hooks = {.on_content = pass_content, .on_request_end = pass_end};

static void pass(struct sw_exchange *exchange)
{
    exchange->hooks = &pass_hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
}

enum { STREAM = 20000000 };

static void *send_stream(void *data)
{
    int fd = *(int *)data;
    char *block = malloc(100000);
    for (size_t sent = 0; sent < STREAM; sent += 100000) {
        for (size_t i = 0; i < 100000; i++)
            block[i] = (char)('a' + (sent + i) % 23);
        client_send(fd, block, 100000);
    }
    free(block);
    return NULL;
}

/* An HTTP/1.0 client gets content without chunks, which can be compared directly. */
START_TEST(content_is_echoed_with_backpressure)
{
    serve(pass);
    int fd = client_open(&served);
    pthread_t sender;
    snprintf(buf, sizeof buf, "POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n", STREAM);
    client_send_text(fd, buf);
    pthread_create(&sender, NULL, send_stream, &fd);
    client_until(fd, buf, 300, "\r\n\r\n");
    const char *p = strstr(buf, "\r\n\r\n") + 4;
    size_t n = strlen(p), at = 0, wrong = 0;
    for (ssize_t got = 1; got > 0; p = buf, n = (size_t)got) {
        for (size_t i = 0; i < n; i++, at++)
            wrong += p[i] != (char)('a' + at % 23);
        got = client_receive(fd, buf, sizeof buf);
        ck_assert_int_ge(got, 0);
    }
    ck_assert_uint_eq(at, STREAM);
    ck_assert_uint_eq(wrong, 0);
    pthread_join(sender, NULL);
    close(fd);
    served_end(&served);
}
END_TEST

START_TEST(handler_gets_chunks_and_trailers)
{
    serve(pass);
    client_ask(&served,
               "POST / HTTP/1.1\r\n" HOST "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Sum: 42\r\n\r\n",
               buf, sizeof buf);
    ck_assert_ptr_ne(strstr(buf, "\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n2\r\n42\r\n0\r\n\r\n"), NULL);
    served_end(&served);
}
END_TEST

static size_t take_one(struct sw_exchange *exchange, struct sw_span bytes)
{
    sw_reply_write(exchange, (struct sw_span){bytes.p, 1});
    return 1;
}

static const struct sw_hooks one_hooks = {.on_content = take_one, .on_request_end = pass_end};

static void one_by_one(struct sw_exchange *exchange)
{
    exchange->hooks = &one_hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, 5);
}

START_TEST(unconsumed_content_is_offered_again)
{
    serve(one_by_one);
    client_ask(&served,
               "POST / HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 5\r\n\r\nabcde",
               buf, sizeof buf);
    ck_assert_ptr_ne(strstr(buf, "\r\n\r\nabcde"), NULL);
    served_end(&served);
}
END_TEST

/* ---- Nocopy, discarded and refused content --------------------------------------------------- */

static void write_nocopy_in_a_chunk(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
    sw_reply_write(exchange, SW_SPAN("before"));
    ck_assert(sw_reply_write_nocopy(exchange, (struct sw_span){large, sizeof large}));
    ck_assert(!sw_reply_write_nocopy(exchange, SW_SPAN("one at a time")));
    sw_reply_write(exchange, SW_SPAN("suffix"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

START_TEST(nocopy_content_keeps_its_order)
{
    memset(large, 'x', sizeof large);
    serve(write_nocopy_in_a_chunk);
    size_t n =
        client_ask(&served, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", buf, sizeof buf);
    const char *before = strstr(buf, "\r\n\r\n6\r\nbefore\r\n493e0\r\nx");
    const char *after = strstr(buf, "x\r\n6\r\nsuffix\r\n0\r\n\r\n");
    ck_assert(before && after);
    ck_assert_uint_eq(count(buf, "x\r\n6"), 1);
    ck_assert_uint_gt(n, sizeof large);
    ck_assert_uint_eq((size_t)(after - before), sizeof large + 21);
    served_end(&served);
}
END_TEST

static void end_only(struct sw_exchange *exchange, const struct sw_head *trailers,
                     const char *bytes)
{
    (void)trailers, (void)bytes;
    reply_target(exchange);
}

static size_t refuse_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)bytes;
    sw_reply(exchange, SW_STATUS_CONTENT_TOO_LARGE, TEXT, SW_SPAN("too much"));
    return 0;
}

static size_t ignore_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)exchange, (void)bytes;
    return 0;
}

static const struct {
    struct sw_hooks hooks;
    const char *first;
    size_t replies;
} content_cases[] = {
    {{.on_request_end = end_only}, "HTTP/1.1 200 OK\r\n", 2},
    {{.on_content = refuse_content}, "HTTP/1.1 413 Content Too Large\r\n", 2},
    {{.on_content = ignore_content}, "HTTP/1.1 500 Internal Server Error\r\n", 1},
};

static int content_case;

static void content_or_not(struct sw_exchange *exchange)
{
    if (exchange->head->method == SW_METHOD_POST)
        exchange->hooks = &content_cases[content_case].hooks;
    else
        reply_target(exchange);
}

START_TEST(unread_content_is_not_parsed_as_a_request)
{
    content_case = _i;
    serve(content_or_not);
    client_ask(&served,
               "POST / HTTP/1.1\r\n" HOST "Content-Length: 23\r\n\r\nGET /content HTTP/1.1\r\n"
               "GET /next HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
               buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, content_cases[_i].first), buf);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 "), content_cases[_i].replies);
    ck_assert_ptr_eq(strstr(buf, "/content"), NULL);
    served_end(&served);
}
END_TEST

static size_t sum_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)exchange;
    return bytes.n;
}

static void sum_end(struct sw_exchange *exchange, const struct sw_head *trailers, const char *bytes)
{
    (void)trailers, (void)bytes;
    sw_reply(exchange, SW_STATUS_NO_CONTENT, (struct sw_span){0}, (struct sw_span){0});
}

static const struct sw_hooks sum_hooks = {.on_content = sum_content, .on_request_end = sum_end};

static void sum(struct sw_exchange *exchange)
{
    if (exchange->head->method == SW_METHOD_POST)
        exchange->hooks = &sum_hooks;
    else
        reply_target(exchange);
}

START_TEST(continue_is_sent_only_for_read_content)
{
    serve(sum);
    int fd = client_open(&served);
    client_send_text(fd, "POST / HTTP/1.1\r\n" HOST
                         "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    client_until(fd, buf, sizeof buf, "\r\n\r\n");
    ck_assert_str_eq(buf, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send_text(fd, "ab");
    client_until(fd, buf, sizeof buf, "\r\n\r\n");
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 204 "), buf);
    client_send_text(fd,
                     "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 200 "), buf);
    ck_assert_ptr_ne(strstr(buf, "Connection: close"), NULL);
    close(fd);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {replies_in_order, 1},
        {head_is_equal_on_fast_and_slow_path, COUNT(statuses)},
        {content_type_of_two_lines_is_500, 1},
        {pipelined_replies_are_one_write, 1},
        {large_content_is_sent_zero_copy, 1},
        {misuse_before_the_head_is_500, COUNT(mistakes)},
        {misuse_on_a_head_request_is_500_without_content, COUNT(mistakes)},
        {misuse_after_the_head_closes, COUNT(later_mistakes)},
        {backpressure_from_a_slow_client, 1},
        {content_is_echoed_with_backpressure, 1},
        {handler_gets_chunks_and_trailers, 1},
        {unconsumed_content_is_offered_again, 1},
        {nocopy_content_keeps_its_order, 1},
        {unread_content_is_not_parsed_as_a_request, COUNT(content_cases)},
        {continue_is_sent_only_for_read_content, 1},
    };
    return suite_main("server", tests, COUNT(tests));
}
