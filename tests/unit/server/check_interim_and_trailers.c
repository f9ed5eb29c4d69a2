/* check_interim_and_trailers.c - the server: interim responses, trailers and split lists. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "served.h"

#define HOST "Host: x\r\n"

static char buf[1 << 16];

static struct served served;

static void serve(void (*handler)(struct sw_exchange *exchange))
{
    served_begin(&served, (struct sw_server_config){.handler = handler});
}

static void reply_target(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), sw_exchange_target(exchange));
}

static struct sw_span hint_value;

static void hint(struct sw_exchange *exchange)
{
    sw_reply_interim(exchange, SW_STATUS_EARLY_HINTS);
    sw_reply_field(exchange, SW_HEADER_LINK, hint_value);
    sw_reply_interim(exchange, SW_STATUS_EARLY_HINTS);
    sw_reply_field_named(exchange, SW_SPAN("Link"), SW_SPAN("</b.css>"));
    reply_target(exchange);
}

START_TEST(early_hints_precede_the_reply)
{
    hint_value = SW_SPAN("</a.css>");
    serve(hint);
    client_ask(&served, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", buf, sizeof buf);
    static const char hints[] = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
                                "HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n"
                                "HTTP/1.1 200 OK\r\n";
    ck_assert_ptr_eq(strstr(buf, hints), buf);
    client_ask(&served, "GET / HTTP/1.0\r\n\r\n", buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 200 OK\r\n"), buf);
    hint_value = SW_SPAN("two\nlines");
    client_ask(&served, "GET / HTTP/1.1\r\n" HOST "\r\n", buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 500 "), buf);
    ck_assert_uint_eq(count(buf, "HTTP/1.1"), 1);
    served_end(&served);
}
END_TEST

static void hint_at_nothing(struct sw_exchange *exchange)
{
    sw_reply_interim(exchange, SW_STATUS_EARLY_HINTS);
}

static void hint_wrongly(struct sw_exchange *exchange)
{
    sw_reply_interim(exchange, SW_STATUS_OK);
    reply_target(exchange);
}

START_TEST(early_hints_alone_are_no_reply)
{
    void (*const handlers[])(struct sw_exchange *) = {hint_at_nothing, hint_wrongly};
    for (size_t i = 0; i < COUNT(handlers); i++) {
        serve(handlers[i]);
        client_ask(&served, "GET / HTTP/1.1\r\n" HOST "\r\n", buf, sizeof buf);
        ck_assert_uint_eq(count(buf, "HTTP/1.1 500 "), 1);
        ck_assert_uint_eq(count(buf, "HTTP/1.1 200 "), 0);
        served_end(&served);
    }
}
END_TEST

static void sum_up(struct sw_exchange *exchange)
{
    struct sw_writer lines = {.p = exchange->scratch, .size = exchange->scratch_size};
    sw_write_field(&lines, SW_HEADER_SERVER_TIMING, SW_SPAN("all;dur=1"));
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
    sw_reply_write(exchange, SW_SPAN("five5"));
    struct sw_span trailers = {lines.p, lines.n};
    ck_assert_int_eq(sw_reply_end_trailers(exchange, trailers), SW_OK);
}

START_TEST(trailers_follow_the_content)
{
    serve(sum_up);
    size_t n = client_ask(&served,
                          "GET / HTTP/1.1\r\n" HOST "\r\n"
                          "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                          buf, sizeof buf);
    static const char end[] = "5\r\nfive5\r\n0\r\nServer-Timing: all;dur=1\r\n\r\n";
    ck_assert_uint_eq(count(buf, end), 2);
    ck_assert_str_eq(buf + n - strlen(end), end);
    client_ask(&served, "GET / HTTP/1.0\r\n\r\n", buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "\r\n\r\nfive5"), 1);
    ck_assert_uint_eq(count(buf, "Server-Timing"), 0);
    served_end(&served);
}
END_TEST

/* RFC 9113 8.2.3: the pairs of Cookie may be split into several lines. */
static void reply_cookies(struct sw_exchange *exchange)
{
    struct sw_lines lines = sw_exchange_lines(exchange, SW_HEADER_COOKIE);
    struct sw_pair cookie;
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
    while (sw_lines_next(&lines))
        while (sw_cookie_next(&lines.rest, &cookie) > 0)
            sw_reply_write(exchange, cookie.value);
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

START_TEST(handler_gets_each_cookie_line)
{
    serve(reply_cookies);
    client_ask(&served, "GET / HTTP/1.0\r\nCookie: a=1; b=2\r\nX: y\r\nCookie: c=3\r\n\r\n", buf,
               sizeof buf);
    ck_assert_ptr_nonnull(strstr(buf, "\r\n\r\n123"));
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {early_hints_precede_the_reply, 1},
        {early_hints_alone_are_no_reply, 1},
        {trailers_follow_the_content, 1},
        {handler_gets_each_cookie_line, 1},
    };
    return suite_main("server interim and trailers", tests, COUNT(tests));
}
