/* check_access_log.c - the access log: its lines, the client's address, and what is not logged. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "expect.h"
#include "logged.h"

#define HOST  "Host: x\r\n"
#define CLOSE "Connection: close\r\n\r\n"
#define GET   "GET / HTTP/1.1\r\n" HOST CLOSE

/* ---- The format ------------------------------------------------------------------------------ */

START_TEST(combined_format)
{
    serve_logged((struct sw_server_config){0});
    client_ask(&served,
               "GET /a?b HTTP/1.1\r\n" HOST "Referer: http://from/\r\nUser-Agent: me/1\r\n" CLOSE,
               buf, sizeof buf);
    expect_line(
        "^127\\.0\\.0\\.1 - - \\[[0-3][0-9]/[A-Z][a-z]{2}/20[0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{2} "
        "\\+0000\\] \"GET /a\\?b HTTP/1\\.1\" 200 5 \"http://from/\" \"me/1\"$");
    end_logged();
}
END_TEST

START_TEST(json_format)
{
    serve_logged((struct sw_server_config){.log_format = SW_LOG_JSON});
    client_ask(&served,
               "GET /a?b HTTP/1.1\r\n" HOST "Referer: http://from/\r\nUser-Agent: me/1\r\n" CLOSE,
               buf, sizeof buf);
    expect_line(
        "^\\{\"time\":\"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\","
        "\"client\":\"127\\.0\\.0\\.1\",\"port\":[0-9]+,\"method\":\"GET\",\"target\":\"/a\\?b\","
        "\"version\":\"1\\.1\",\"status\":200,\"bytes\":5,\"ms\":[0-9]+,\"whole\":true,"
        "\"referer\":\"http://from/\",\"agent\":\"me/1\"\\}$");
    end_logged();
}
END_TEST

#define CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *request, *combined, *json;
} outcomes[] = {
    {"HEAD / HTTP/1.0\r\n\r\n", "\"HEAD / HTTP/1.0\" 200 - \"-\" \"-\"",
     "\"version\":\"1.0\",\"status\":200,\"bytes\":0,"},
    {"BREW /none HTTP/1.1\r\n" HOST CLOSE, "\"BREW /none HTTP/1.1\" 204 - ", "\"method\":\"BREW\""},
    {"GET /nocopy HTTP/1.1\r\n" HOST CLOSE, "\"GET /nocopy HTTP/1.1\" 200 100000 ",
     "\"bytes\":100000,"},
    {"GET /chunked HTTP/1.1\r\n" HOST CLOSE, "\"GET /chunked HTTP/1.1\" 200 10 ", "\"bytes\":10,"},
    /* Responses that the server generates, with the reason. */
    {"GET /nothing HTTP/1.1\r\n" HOST CLOSE, "\"GET /nothing HTTP/1.1\" 500 29 ",
     "\"status\":500,"},
    {"HEAD /nothing HTTP/1.1\r\n" HOST CLOSE, "\"HEAD /nothing HTTP/1.1\" 500 - ",
     "\"status\":500,\"bytes\":0,"},
    {"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
     "\"GET / HTTP/1.1\" 400 93 \"-\" \"-\" \"SPACE_BEFORE_COLON at byte 20, RFC 9112 5.1\"",
     "\"status\":400,\"bytes\":93,\"ms\":0,\"whole\":false,\"error\":\"SPACE_BEFORE_COLON\","
     "\"rule\":\"RFC 9112 5.1\",\"at\":20}"},
    {"GET / HTTP/9.9\r\n\r\n", "\"GET /\" 505 ", "\"target\":\"/\",\"status\":505,"},
    {"GET /\1 HTTP/1.1\r\n\r\n", "\"GET /\" 400 ", "\"at\":5}"},
    {"GET\t/ HTTP/1.1\r\n\r\n", "] \"-\" 400 ", "\",\"port\":"},
    {"GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\nHost: a b\r\n\r\n",
     "\"BAD_HOST at byte 22, RFC 9110 7.2\"", "\"at\":22}"},
    {CHUNKED "3\r\nabcX", "\"POST / HTTP/1.1\" 200 5 \"-\" \"-\"\n", "\"whole\":true"},
    {CHUNKED "3\r\nabcX", " 000 - \"-\" \"-\" \"BAD_CHUNK_END at byte 62, RFC 9112 7.1\"",
     "\"status\":0,\"bytes\":0,\"ms\":0,\"whole\":false,\"error\":\"BAD_CHUNK_END\","},
    {"POST /read HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX",
     "\"POST /read HTTP/1.1\" 400 79 \"-\" \"-\" \"BAD_CHUNK_END at byte 66, RFC 9112 7.1\"",
     "\"status\":400,"},
};

/* Each row in each format. */
START_TEST(each_outcome_is_logged)
{
    bool json = _i % 2;
    const char *want = json ? outcomes[_i / 2].json : outcomes[_i / 2].combined;
    serve_logged((struct sw_server_config){.log_format = json ? SW_LOG_JSON : SW_LOG_COMBINED});
    client_ask(&served, outcomes[_i / 2].request, buf, sizeof buf);
    expect_part(want);
    end_logged();
}
END_TEST

START_TEST(too_large_head_is_logged)
{
    serve_logged((struct sw_server_config){.limits.head = 200});
    int fd = client_open(&served);
    client_send_text(fd, "GET /large HTTP/1.1\r\n" HOST "A: ");
    for (int i = 0; i < 300; i++)
        client_send_text(fd, "a");
    client_all(fd, buf, sizeof buf);
    close(fd);
    expect_part("\"GET /large HTTP/1.1\" 431 ");
    expect_part(" \"HEAD_TOO_LARGE at byte 200, ");
    end_logged();
}
END_TEST

START_TEST(truncated_head_is_logged)
{
    serve_logged((struct sw_server_config){0});
    int fd = client_open(&served);
    client_send_text(fd, "GET / HTTP/1.1\r\nHo");
    shutdown(fd, SHUT_WR);
    client_all(fd, buf, sizeof buf);
    close(fd);
    expect_part("\"TRUNCATED at byte 18, ");
    end_logged();
}
END_TEST

static const struct {
    const char *request, *want;
} slow[] = {
    {"GET /slow HT", "\"-\" 408 36 \"-\" \"-\" \"timeout of head\""},
    {"HEAD /slow HT", "\"-\" 408 - \"-\" \"-\" \"timeout of head\""},
    {"POST /read HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabc",
     "\"POST /read HTTP/1.1\" 408 36 \"-\" \"-\" \"timeout of body\""},
    {"HEAD /read HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabc",
     "\"HEAD /read HTTP/1.1\" 408 - \"-\" \"-\" \"timeout of body\""},
    {"GET /endless HTTP/1.1\r\n" HOST "\r\n", "\"timeout of write\""},
};

START_TEST(timeouts_are_logged)
{
    serve_logged(
        (struct sw_server_config){.head_timeout = 100, .body_timeout = 100, .write_timeout = 100});
    int fd = client_open(&served);
    client_send_text(fd, slow[_i].request);
    expect_part(slow[_i].want);
    close(fd);
    end_logged();
}
END_TEST

/* The client closes in the middle of the response. */
START_TEST(incomplete_reply_is_logged_as_such)
{
    serve_logged((struct sw_server_config){.log_format = SW_LOG_JSON});
    int fd = client_open_narrow(&served, 4096);
    client_send_text(fd, "GET /huge HTTP/1.1\r\n" HOST "\r\n");
    client_until(fd, buf, sizeof buf, "HTTP/1.1 200");
    close(fd);
    expect_part("\"whole\":false");
    const char *bytes = strstr(text, "\"bytes\":");
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_gt(atoi(bytes + 8), 0);
    ck_assert_int_lt(atoi(bytes + 8), HUGE_SIZE);
    end_logged();
}
END_TEST

START_TEST(refused_connection_is_logged)
{
    serve_logged((struct sw_server_config){.connections = 1, .full = SW_FULL_REFUSE, .workers = 1});
    int first = client_open(&served);
    client_send_text(first, "GET / HTTP/1.1\r\n" HOST "\r\n");
    client_until(first, buf, sizeof buf, "hello");
    client_send_text(first, "G"); /* busy: an idle connection would be evicted */
    int second = client_open(&served);
    client_all(second, buf, sizeof buf);
    expect_part("127.0.0.1 - - [");
    expect_part("] \"-\" 503 - \"-\" \"-\"\n");
    close(first);
    close(second);
    end_logged();
}
END_TEST

/* ---- The client's address -------------------------------------------------------------------- */

static const struct sw_network nearby = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127}}, 104};

static const struct {
    enum sw_proxy_protocol proxy_protocol;
    enum sw_forwarding forwarding;
    const char *request, *want;
} clients[] = {
    {0, 0, "GET / HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1\r\n" CLOSE, "127.0.0.1 - - "},
    {0, SW_FORWARDING_X_FORWARDED_FOR,
     "GET / HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1\r\n" CLOSE, "192.0.2.1 - - "},
    {0, SW_FORWARDING_FORWARDED,
     "GET / HTTP/1.1\r\n" HOST "Forwarded: for=\"[2001:db8::7]:4\"\r\n" CLOSE, "2001:db8::7 - - "},
    {0, SW_FORWARDING_FORWARDED, "GET / HTTP/1.1\r\n" HOST "Forwarded: for=unknown\r\n" CLOSE,
     "- - - "},
    {SW_PROXY_PROTOCOL_REQUIRED, 0, "PROXY TCP4 192.0.2.2 192.0.2.3 7 80\r\n" GET,
     "192.0.2.2 - - "},
    {SW_PROXY_PROTOCOL_REQUIRED, 0, "PROXY TCP6 2001:db8::1 ::1 7 80\r\n" GET, "2001:db8::1 - - "},
    {SW_PROXY_PROTOCOL_REQUIRED, 0, "PROXY nonsense\r\n", "127.0.0.1 - - "},
    {SW_PROXY_PROTOCOL_REQUIRED, 0, "PROXY nonsense\r\n",
     "] \"-\" 000 - \"-\" \"-\" \"BAD_PROXY at byte 0, "},
};

START_TEST(client_address_is_logged)
{
    const struct sw_listener_config listener = {.address = "127.0.0.1",
                                                .proxy_protocol = clients[_i].proxy_protocol};
    serve_logged((struct sw_server_config){.listeners = &listener,
                                           .listener_count = 1,
                                           .forwarding = clients[_i].forwarding,
                                           .trusted = &nearby,
                                           .trusted_count = 1});
    int fd = client_open(&served);
    client_send_text(fd, clients[_i].request);
    while (client_receive(fd, buf, sizeof buf) > 0)
        continue;
    close(fd);
    expect_part(clients[_i].want);
    end_logged();
}
END_TEST

/* The address is logged although the client disconnects before the line is written. */
START_TEST(closed_client_is_logged_with_its_address)
{
    serve_logged((struct sw_server_config){0});
    int fd = client_open(&served);
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_send_text(fd, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
    struct sw_exchange *exchange;
    while (!(exchange = atomic_exchange(&pending, NULL)))
        usleep(1000);
    close(fd);
    sw_exchange_resume(exchange);
    expect_part("127.0.0.1 - - [");
    end_logged();
}
END_TEST

/* ---- What is not logged ---------------------------------------------------------------------- */

static const char *const shells[] = {"GET / HTTP/1.1\r\n" HOST "%s" CLOSE,
                                     "GET / HTTP/1.1\r\n" HOST "%sBad : x\r\n\r\n"};

START_TEST(sensitive_fields_are_not_logged)
{
    static char fields[4096], request[8192];
    size_t n = 0, sensitive = 0;
    for (size_t i = 1; i < SW_HEADER_COUNT; i++)
        if (sw_header_names[i].flags & SW_HEADER_F_SENSITIVE) {
            n += (size_t)sprintf(fields + n, "%s: Basic c2VjcmV0\r\n", sw_header_names[i].text);
            sensitive++;
        }
    ck_assert_uint_gt(sensitive, 10);
    snprintf(request, sizeof request, shells[_i / 2], fields);
    serve_logged((struct sw_server_config){.log_format = _i % 2 ? SW_LOG_JSON : SW_LOG_COMBINED});
    client_ask(&served, request, buf, sizeof buf);
    expect_part(_i / 2 ? "SPACE_BEFORE_COLON" : "200");
    ck_assert_ptr_null(strstr(text, "c2VjcmV0"));
    end_logged();
}
END_TEST

/* True for one line of printable characters with balanced quotes. */
static bool is_one_line(const char *line)
{
    bool quoted = false;
    for (; *line && *line != '\n'; line++) {
        if (*line < ' ' || *line > '~')
            return false;
        if (quoted && *line == '\\')
            line++;
        else if (*line == '"')
            quoted = !quoted;
    }
    return !quoted && line[0] == '\n' && line[1] == '\0';
}

static const struct {
    const char *value, *combined, *json;
} foreign[] = {
    {"a\"b", "\"a\\\"b\"", "\"a\\\"b\""},
    {"a\\", "\"a\\\\\"", "\"a\\\\\""},
    {"\\\"", "\"\\\\\\\"\"", "\"\\\\\\\"\""},
    {"a\tb", "\"a\\x09b\"", "\"a\\u0009b\""},
    {"a\x80\xff", "\"a\\x80\\xff\"", "\"a\\u0080\\u00ff\""},
    {"\xe2\x80\xa8", "\"\\xe2\\x80\\xa8\"", "\"\\u00e2\\u0080\\u00a8\""},
    {"a\x1b[31m", "BAD_FIELD_VALUE", "BAD_FIELD_VALUE"},
    {"a\n127.0.0.1 - -", "BARE_LF", "BARE_LF"},
};

START_TEST(log_injection_is_escaped)
{
    char request[400];
    bool json = _i % 2;
    const char *value = foreign[_i / 2].value;
    snprintf(request, sizeof request,
             "GET /%s HTTP/1.1\r\n" HOST "Referer: %s\r\nUser-Agent: %s\r\n" CLOSE,
             strpbrk(value, "\t\n\x1b") ? "" : value, value, value);
    serve_logged((struct sw_server_config){.log_format = json ? SW_LOG_JSON : SW_LOG_COMBINED,
                                           .limits.lenient = SW_LENIENT_TARGET});
    client_ask(&served, request, buf, sizeof buf);
    expect_part(json ? foreign[_i / 2].json : foreign[_i / 2].combined);
    ck_assert_msg(is_one_line(text), "%s", text);
    end_logged();
}
END_TEST

/* Long values are truncated so that a line always fits, at each position within an escape. */
START_TEST(long_values_are_truncated)
{
    static char request[20000];
    for (int shift = 0; shift < 6; shift++) {
        size_t n = (size_t)sprintf(request, "GET /%.*s", shift, "xxxxxx");
        memset(request + n, '\xff', 4000);
        n += 4000;
        n += (size_t)sprintf(request + n, " HTTP/1.1\r\n" HOST "User-Agent: %.*s", shift, "xxxxxx");
        memset(request + n, '"', 4000);
        strcpy(request + n + 4000, "\r\n" CLOSE);
        serve_logged((struct sw_server_config){.log_format = _i ? SW_LOG_JSON : SW_LOG_COMBINED,
                                               .limits.lenient = SW_LENIENT_TARGET});
        client_ask(&served, request, buf, sizeof buf);
        expect_part("...");
        ck_assert_uint_eq(count(text, "..."), 2);
        ck_assert_msg(is_one_line(text), "%s", text);
        ck_assert_uint_gt(strlen(text), 2048);
        ck_assert_uint_lt(strlen(text), 4096);
        end_logged();
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {combined_format, 1},
        {json_format, 1},
        {each_outcome_is_logged, COUNT(outcomes) * 2},
        {too_large_head_is_logged, 1},
        {truncated_head_is_logged, 1},
        {timeouts_are_logged, COUNT(slow)},
        {incomplete_reply_is_logged_as_such, 1},
        {refused_connection_is_logged, 1},
        {client_address_is_logged, COUNT(clients)},
        {closed_client_is_logged_with_its_address, 1},
        {sensitive_fields_are_not_logged, COUNT(shells) * 2},
        {log_injection_is_escaped, COUNT(foreign) * 2},
        {long_values_are_truncated, 2},
    };
    return suite_main("server access log", tests, COUNT(tests));
}
