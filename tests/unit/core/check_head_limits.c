/* check_head_limits.c - limits of a head, its target and its hosts. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

#define LINE "GET /p HTTP/1.1\r\n"
#define HOST "Host: h\r\n\r\n"

static struct drive_head parsed;

/* ---- Limits ---------------------------------------------------------------------------------- */

/* What is counted begins in `before`, goes on for as long as it is made, and ends in `after`. */
static const struct counted {
    const char *name;
    size_t member; /* offset in struct sw_limits */
    uint32_t usual;
    enum sw_kind kind;
    const char *before, *after;
    size_t counted_before, counted_after;
    enum sw_error error;
} counted[] = {
    {"method", offsetof(struct sw_limits, method), 32, SW_REQUEST, "", " / HTTP/1.1\r\n" HOST, 0, 0,
     SW_ERROR_METHOD_TOO_LONG},
    {"method after an empty line", offsetof(struct sw_limits, method), 32, SW_REQUEST, "\r\n",
     " / HTTP/1.1\r\n" HOST, 0, 0, SW_ERROR_METHOD_TOO_LONG},
    {"target", offsetof(struct sw_limits, target), 8192, SW_REQUEST, "GET /", " HTTP/1.1\r\n" HOST,
     1, 0, SW_ERROR_TARGET_TOO_LONG},
    {"field name", offsetof(struct sw_limits, field_name), 256, SW_REQUEST, LINE "X",
     ": v\r\n" HOST, 1, 0, SW_ERROR_FIELD_NAME_TOO_LONG},
    {"field line", offsetof(struct sw_limits, field_line), 8192, SW_REQUEST,
     LINE "X: ", "\r\n" HOST, 3, 0, SW_ERROR_FIELD_LINE_TOO_LONG},
    {"field line that is all name", offsetof(struct sw_limits, field_line), 0, SW_REQUEST, LINE "X",
     ":\r\n" HOST, 1, 1, SW_ERROR_FIELD_LINE_TOO_LONG},
    {"request head", offsetof(struct sw_limits, head), 0, SW_REQUEST, LINE "X: ", "\r\n" HOST,
     sizeof LINE + 2, 2 + sizeof HOST - 1, SW_ERROR_HEAD_TOO_LARGE},
    {"response head", offsetof(struct sw_limits, head), 0, SW_RESPONSE, "HTTP/1.1 200 ", "\r\n\r\n",
     13, 4, SW_ERROR_HEAD_TOO_LARGE},
    {"trailer section", offsetof(struct sw_limits, trailer_bytes), 8192, SW_TRAILERS,
     "X: ", "\r\n\r\n", 3, 4, SW_ERROR_TRAILERS_TOO_LARGE},
    {"trailer line", offsetof(struct sw_limits, field_line), 0, SW_TRAILERS, "X: ", "\r\n\r\n", 3,
     0, SW_ERROR_FIELD_LINE_TOO_LONG},
};

/* The message in which `amount` bytes are counted. */
static const char *make(const struct counted *c, size_t amount)
{
    static char text[20000];
    size_t fill = amount - c->counted_before - c->counted_after;
    size_t n = (size_t)sprintf(text, "%s", c->before);
    memset(text + n, 'x', fill);
    sprintf(text + n + fill, "%s", c->after);
    return text;
}

/* At the limit the head is complete; the first byte past the limit is an error. */
static void check_counted(const struct counted *c, const struct sw_limits *limits, size_t max)
{
    const char *text = make(c, max);
    expect_head(&parsed, c->kind, limits, text, expect_complete(strlen(text)));
    for (size_t over = 1; over < 200; over += 33) {
        size_t at = strlen(c->before) - c->counted_before + max;
        struct outcome expected = expect_error(c->error, at);
        text = make(c, max + over);
        if (over == 1)
            expect_head(&parsed, c->kind, limits, text, expected);
        drive_head_init(&parsed, c->kind, limits);
        expect_outcome(drive_head(&parsed, text, strlen(text), strlen(text), 1), expected, c->name);
        drive_head_init(&parsed, c->kind, limits);
        expect_outcome(drive_head(&parsed, text, at + 1, at + 1, 1), expected, c->name);
        drive_head_init(&parsed, c->kind, limits);
        expect_outcome(drive_head(&parsed, text, strlen(text), 0, 1), expected, c->name);
    }
}

START_TEST(limits_are_met_at_their_byte)
{
    for (size_t i = 0; i < COUNT(counted); i++) {
        struct sw_limits limits = {0};
        if (counted[i].usual)
            check_counted(&counted[i], NULL, counted[i].usual);
        uint32_t least = (uint32_t)(counted[i].counted_before + counted[i].counted_after + 10);
        for (uint32_t max = least; max < 200; max += 9) {
            memcpy((char *)&limits + counted[i].member, &max, sizeof max);
            check_counted(&counted[i], &limits, max);
        }
    }
}
END_TEST

/* Two lines below their own limit make up the default of a head. */
START_TEST(heads_of_the_usual_limit)
{
    static char text[20000];
    for (size_t over = 0; over < 2; over++) {
        size_t n = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < 2; i++) {
            n += (size_t)sprintf(text + n, "X: ");
            memset(text + n, 'x', 8000);
            n += (size_t)sprintf(text + n + 8000, "\r\n") + 8000;
        }
        size_t last = 16384 + over - n - 4;
        n += (size_t)sprintf(text + n, "X:");
        memset(text + n, 'x', last - 2);
        sprintf(text + n + last - 2, "\r\n\r\n");
        expect_head(&parsed, SW_RESPONSE, NULL, text,
                    over ? expect_error(SW_ERROR_HEAD_TOO_LARGE, 16384) : expect_complete(16384));
    }
}
END_TEST

/* A head that is longer than 16-bit offsets. */
START_TEST(heads_beyond_64_kib)
{
    static const struct sw_limits limits = {.head = 1 << 17, .field_line = 1 << 17, .fields = 100};
    static char text[100000];
    size_t n = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: h\r\nA: ");
    memset(text + n, 'a', 65500);
    n += 65500;
    for (int i = 0; i < 50; i++)
        n += (size_t)sprintf(text + n, "\r\nCookie: %d", i);
    n += (size_t)sprintf(text + n, "\r\n\r\n");
    expect_head(&parsed, SW_REQUEST, &limits, text, expect_complete(n));
    ck_assert_uint_eq(parsed.head.field_count, 52);
    ck_assert_uint_eq(sw_head_field(&parsed.head, SW_HEADER_COOKIE)->value_len, 1);
}
END_TEST

/* A name has 16 bits for its length, whatever the limit. */
START_TEST(names_beyond_64_kib)
{
    static char text[80000] = LINE;
    struct sw_limits limits = {.field_name = 100000, .field_line = 100000, .head = 100000};
    struct sw_head head;
    memset(text + sizeof LINE - 1, 'x', sizeof text - sizeof LINE);
    sw_head_init(&head, SW_REQUEST, &limits);
    expect_outcome(drive_head_call(&head, text, sizeof text),
                   expect_error(SW_ERROR_FIELD_NAME_TOO_LONG, sizeof LINE - 1 + UINT16_MAX),
                   "a long name");
}
END_TEST

/* Lines so short that a block of 64 bytes ends more of them than good ones could be in it. */
START_TEST(more_lines_than_a_block_contains)
{
    char text[600];
    for (size_t good = 0; good < 40; good++)
        for (size_t bad = 10; bad < 60; bad += good ? 20 : 1) {
            strcpy(text, LINE);
            for (size_t i = 0; i < good + bad; i++)
                strcat(text, i < good ? "a: b\r\n" : ":\r\n");
            strcat(text, "\r\n");
            expect_head(&parsed, SW_REQUEST, NULL, text,
                        expect_error(SW_ERROR_EMPTY_FIELD_NAME, sizeof LINE - 1 + 6 * good));
        }
    strcpy(text, LINE);
    for (size_t i = 0; i < 31; i++)
        strcat(text, "a:\r\n");
    strcat(text, HOST);
    expect_head(&parsed, SW_REQUEST, NULL, text, expect_complete(strlen(text)));
}
END_TEST

START_TEST(empty_lines)
{
    for (uint32_t max = 0; max < 9; max++)
        for (size_t lines = 0; lines < 12; lines++) {
            struct sw_limits limits = {.empty_lines = max};
            size_t allowed = max ? max : 4;
            char text[100] = "";
            for (size_t i = 0; i < lines; i++)
                strcat(text, "\r\n");
            strcat(text, LINE HOST);
            expect_head(&parsed, SW_REQUEST, &limits, text,
                        lines > allowed ? expect_error(SW_ERROR_TOO_MANY_EMPTY_LINES, 2 * allowed)
                                        : expect_complete(strlen(text)));
        }
}
END_TEST

START_TEST(trailer_fields)
{
    for (uint32_t max = 0; max <= 32; max++)
        for (size_t count = 0; count <= 40; count += 1 + count / 4) {
            struct sw_limits limits = {.trailers = max, .fields = 1};
            size_t allowed = max ? max : 32, n = 0;
            char text[300];
            for (size_t i = 0; i < count; i++)
                n += (size_t)sprintf(text + n, "A: b\r\n");
            sprintf(text + n, "\r\n");
            expect_head(&parsed, SW_TRAILERS, &limits, text,
                        count > allowed ? expect_error(SW_ERROR_TOO_MANY_TRAILERS, 6 * allowed)
                                        : expect_complete(n + 2));
        }
}
END_TEST

/* RFC 9110 6.5.1: framing, routing, authentication and the like belong in the head. */
START_TEST(forbidden_trailers)
{
    for (unsigned id = 1; id < SW_HEADER_COUNT; id++) {
        char text[200];
        snprintf(text, sizeof text, "A: b\r\n%s: x\r\n\r\n", sw_header_names[id].text);
        bool forbidden = sw_header_names[id].flags & SW_HEADER_F_NO_TRAILER;
        expect_head(&parsed, SW_TRAILERS, NULL, text,
                    forbidden ? expect_error(SW_ERROR_FORBIDDEN_TRAILER, 6)
                              : expect_complete(strlen(text)));
    }
    static const enum sw_header never[] = {
        SW_HEADER_TRANSFER_ENCODING,
        SW_HEADER_CONTENT_LENGTH,
        SW_HEADER_HOST,
        SW_HEADER_CONNECTION,
        SW_HEADER_AUTHORIZATION,
        SW_HEADER_COOKIE,
        SW_HEADER_SET_COOKIE,
        SW_HEADER_CACHE_CONTROL,
        SW_HEADER_EXPECT,
        SW_HEADER_CONTENT_TYPE,
        SW_HEADER_CONTENT_RANGE,
        SW_HEADER_TRAILER,
        SW_HEADER_TE,
        SW_HEADER_UPGRADE,
        SW_HEADER_CONTENT_ENCODING,
    };
    for (size_t i = 0; i < COUNT(never); i++)
        ck_assert(sw_header_names[never[i]].flags & SW_HEADER_F_NO_TRAILER);
}
END_TEST

/* ---- Targets and hosts ----------------------------------------------------------------------- */

#define FORM      SW_ERROR_BAD_TARGET_FORM
#define AUTHORITY SW_ERROR_BAD_TARGET_AUTHORITY
#define SCHEME    SW_ERROR_BAD_TARGET_SCHEME

/* RFC 9112 3.2: which form goes with GET, OPTIONS and CONNECT.  Where an error lies counts from the
   target's first byte. */
static const struct {
    const char *target;
    enum sw_error get, options, connect; /* GET: all methods with a path as target */
    size_t at;                           /* of the error for GET and OPTIONS */
} forms[] = {
    {"/", SW_OK, SW_OK, FORM, 0},
    {"//", SW_OK, SW_OK, FORM, 0},
    {"/a?b?c/d:@", SW_OK, SW_OK, FORM, 0},
    {"*", FORM, SW_OK, AUTHORITY, 0},
    {"**", FORM, FORM, AUTHORITY, 0},
    {"a", FORM, FORM, AUTHORITY, 0},
    {"?a", FORM, FORM, AUTHORITY, 0},
    {"h:80", FORM, FORM, SW_OK, 0},
    {"h:", FORM, FORM, AUTHORITY, 0},
    {":80", FORM, FORM, AUTHORITY, 0},
    {"h:65535", FORM, FORM, SW_OK, 0},
    {"h:65536", FORM, FORM, AUTHORITY, 0},
    {"h:99999999999999999999", FORM, FORM, AUTHORITY, 0},
    {"u@h:80", FORM, FORM, AUTHORITY, 0},
    {"[::1]:80", FORM, FORM, SW_OK, 0},
    {"[::1]", FORM, FORM, AUTHORITY, 0},
    {"1.2.3.4:80", FORM, FORM, SW_OK, 0},
    {"h:80/", FORM, FORM, FORM, 0},
    {"http://h", SW_OK, SW_OK, FORM, 0},
    {"http://h?q", SW_OK, SW_OK, FORM, 0},
    {"hTTp://h:443/a?b", SW_OK, SW_OK, FORM, 0},
    {"HTTPS://h:443/a?b", SCHEME, SCHEME, FORM, 0},
    {"ftp://h/", SCHEME, SCHEME, FORM, 0},
    {"a+b-c.1://h/", SCHEME, SCHEME, FORM, 0},
    {"http+unix://h/", SCHEME, SCHEME, FORM, 0},
    {"httpx://h/", SCHEME, SCHEME, FORM, 0},
    {"htt://h/", SCHEME, SCHEME, FORM, 0},
    {"https://u@h/", SW_ERROR_TARGET_USERINFO, SW_ERROR_TARGET_USERINFO, FORM, 9},
    {"https://:1/", AUTHORITY, AUTHORITY, FORM, 8},
    {"https://h/%", SW_ERROR_BAD_TARGET_PERCENT, SW_ERROR_BAD_TARGET_PERCENT, FORM, 10},
    {"1a://h/", FORM, FORM, FORM, 0},
    {"http:/h", FORM, FORM, FORM, 0},
    {"http:h", FORM, FORM, AUTHORITY, 0},
    {"://h/", FORM, FORM, FORM, 0},
    {"http://", AUTHORITY, AUTHORITY, FORM, 7},
    {"http:///a", AUTHORITY, AUTHORITY, FORM, 7},
    {"http://:80/", AUTHORITY, AUTHORITY, FORM, 7},
    {"http://h:/", SW_OK, SW_OK, FORM, 0},
    {"http://h:65536/", AUTHORITY, AUTHORITY, FORM, 7},
    {"http://h:8x/", AUTHORITY, AUTHORITY, FORM, 7},
    {"http://[::1/", AUTHORITY, AUTHORITY, FORM, 7},
    {"http://::1/", AUTHORITY, AUTHORITY, FORM, 7},
    {"http://[::1]:8/", SW_OK, SW_OK, FORM, 0},
    {"http://u:p@h/", SW_ERROR_TARGET_USERINFO, SW_ERROR_TARGET_USERINFO, FORM, 10},
    {"http://@h/", SW_ERROR_TARGET_USERINFO, SW_ERROR_TARGET_USERINFO, FORM, 7},
    {"http://h/u@v", SW_OK, SW_OK, FORM, 0},
    {"http://h/%2", SW_ERROR_BAD_TARGET_PERCENT, SW_ERROR_BAD_TARGET_PERCENT, FORM, 9},
    {"http://h/[", SW_ERROR_BAD_TARGET, SW_ERROR_BAD_TARGET, FORM, 9},
    {"http://%41/", SW_OK, SW_OK, FORM, 0},
    {"http://%4/", AUTHORITY, AUTHORITY, FORM, 7},
    {"/%", SW_ERROR_BAD_TARGET_PERCENT, SW_ERROR_BAD_TARGET_PERCENT, FORM, 1},
    {"/%4", SW_ERROR_BAD_TARGET_PERCENT, SW_ERROR_BAD_TARGET_PERCENT, FORM, 1},
    {"/a%4g", SW_ERROR_BAD_TARGET_PERCENT, SW_ERROR_BAD_TARGET_PERCENT, FORM, 2},
};

static void check_form(const char *method, const char *target, enum sw_error error, size_t at)
{
    char text[200];
    size_t n = (size_t)snprintf(text, sizeof text, "%s %s HTTP/1.1\r\n" HOST, method, target);
    expect_head(&parsed, SW_REQUEST, NULL, text,
                error ? expect_error(error, strlen(method) + 1 + at) : expect_complete(n));
}

START_TEST(target_forms)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        check_form("GET", forms[i].target, forms[i].get, forms[i].at);
        check_form("X-OWN", forms[i].target, forms[i].get, forms[i].at);
        check_form("OPTIONS", forms[i].target, forms[i].options, forms[i].at);
        check_form("M-SEARCH", forms[i].target, forms[i].options, forms[i].at); /* SSDP */
        check_form("NOTIFY", forms[i].target, forms[i].options, forms[i].at);
        check_form("m-search", forms[i].target, forms[i].get, forms[i].at); /* another method */
        check_form("CONNECT", forms[i].target, forms[i].connect, 0);
    }
}
END_TEST

/* RFC 9110 7.4: a target whose scheme does not match the connection is misdirected. */
START_TEST(schemes_of_targets)
{
    static const struct {
        const char *target;
        uint32_t scheme;
    } targets[] = {{"http://h/", SW_SCHEME_HTTP},
                   {"HTTP://h", SW_SCHEME_HTTP},
                   {"https://h/", SW_SCHEME_HTTPS},
                   {"Https://h?a", SW_SCHEME_HTTPS},
                   {"ftp://h/", SW_SCHEME_OTHER},
                   {"httpss://h/", SW_SCHEME_OTHER},
                   {"/", ~0u},
                   {"/http://h/", ~0u}};
    for (size_t i = 0; i < COUNT(targets); i++)
        for (uint32_t schemes = 0; schemes < 8; schemes++) {
            char text[100];
            struct sw_limits limits = {.schemes = schemes};
            size_t n =
                (size_t)snprintf(text, sizeof text, "PUT %s HTTP/1.1\r\n" HOST, targets[i].target);
            bool good = targets[i].scheme & (schemes ? schemes : SW_SCHEME_HTTP);
            expect_head(&parsed, SW_REQUEST, &limits, text,
                        good ? expect_complete(n) : expect_error(SCHEME, 4));
            ck_assert_uint_eq(sw_head_error_status(&parsed.head), good ? 0 : 421);
        }
}
END_TEST

/* RFC 9112 3.2, RFC 9110 7.2. */
START_TEST(host_values)
{
    static const struct {
        const char *value;
        bool good;
    } hosts[] = {
        {"", true},
        {"h", true},
        {"h:80", true},
        {"h:", true},
        {"h:0", true},
        {"h:65535", true},
        {"h:65536", false},
        {"h:59999", true},
        {"h:60000", true},
        {"h:99999", false},
        {"h:000080", true},
        {"a.example:59999", true},
        {"a.example:5999x", false},
        {"a.example:65536", false},
        {"a.example:099999", false},
        {"h:080", true},
        {"h:80x", false},
        {"h:x", false},
        {"h:+80", false},
        {"h:80:80", false},
        {"1.2.3.4", true},
        {"256.1.1.1", true},
        {"[::1]", true},
        {"[::1]:80", true},
        {"[::1", false},
        {"::1", false},
        {"[::1]x", false},
        {"[]", false},
        {"[1::2::3]", false},
        {"[::ffff:1.2.3.4]", true},
        {"[v1.a:b]", true},
        {"[v.a]", false},
        {"h/p", false},
        {"h?q", false},
        {"h#f", false},
        {"u@h", false},
        {"a b", false},
        {"a\tb", false},
        {"a,b", true},
        {"%41", true},
        {"%4", false},
        {"%zz", false},
        {"a\\b", false},
        {"\x80", false},
        {"a_b", true},
        {"http://h", false},
        {"[::1%25eth0]", false},
        {":80", false},
        {":", false},
        {":x", false},
        {":65535", false},
        {"h:9999", true},
        {"h:12345", true},
        {"h:1:2", false},
        {"h:8 0", false},
        {"h.example.org:8o", false},
        {"a-name-of-sixteen", true},
        {"a-name-of-more-than-sixteen:8080", true},
        {"a-name-of-more-than-sixteen:8x80", false},
        {"a/name-of-more-than-sixteen:8080", false},
        {"a-name-that-is-longer-than-32-bytes.example.org", true},
        {"a-name-that-is-longer-than-32 bytes.example.org", false},
    };
    for (size_t i = 0; i < COUNT(hosts); i++)
        for (int minor = 0; minor < 2; minor++) {
            char text[200];
            size_t n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.%d\r\nHost: %s \r\n\r\n",
                                        minor, hosts[i].value);
            expect_head(&parsed, SW_REQUEST, NULL, text,
                        hosts[i].good ? expect_complete(n) : expect_error(SW_ERROR_BAD_HOST, 22));
        }
}
END_TEST

/* Host must be present once; responses and trailers need none. */
START_TEST(how_many_hosts)
{
    static const struct {
        enum sw_kind kind;
        const char *text;
        enum sw_error error;
        size_t at;
    } heads[] = {
        {SW_REQUEST, "GET / HTTP/1.0\r\n\r\n", SW_OK, 0},
        {SW_REQUEST, "GET / HTTP/1.1\r\n\r\n", SW_ERROR_HOST_MISSING, 16},
        {SW_REQUEST, "GET / HTTP/1.2\r\nA: b\r\n\r\n", SW_ERROR_HOST_MISSING, 22},
        {SW_REQUEST, "GET http://h/ HTTP/1.1\r\n\r\n", SW_ERROR_HOST_MISSING, 24},
        {SW_REQUEST, "GET / HTTP/1.0\r\nHost: h\r\nhost: h\r\n\r\n", SW_ERROR_HOST_REPEATED, 25},
        {SW_REQUEST, LINE "A: b\r\nHost: h\r\nC: d\r\nHost:\r\n\r\n", SW_ERROR_HOST_REPEATED, 38},
        {SW_REQUEST, "GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n", SW_ERROR_BAD_HOST, 30},
        {SW_REQUEST, "GET http://h/ HTTP/1.1\r\nHost: other\r\n\r\n", SW_OK, 0},
        {SW_REQUEST, "CONNECT h:1 HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", SW_ERROR_HOST_REPEATED,
         31},
        {SW_RESPONSE, "HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\n\r\n", SW_OK, 0},
    };
    for (size_t i = 0; i < COUNT(heads); i++)
        expect_head(&parsed, heads[i].kind, NULL, heads[i].text,
                    heads[i].error ? expect_error(heads[i].error, heads[i].at)
                                   : expect_complete(strlen(heads[i].text)));
}
END_TEST

/* The status of the response to a bad request; for a bad response it is always 400. */
START_TEST(statuses_of_errors)
{
    static const struct {
        const char *text;
        unsigned status;
    } heads[] = {
        {"GET /\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\n", 505},
        {"AVERYLONGMETHODTHATISLONGERTHANANYISALLOWEDTOBE / HTTP/1.1\r\n", 501},
        {"GET /0123456789abcdef HTTP/1.1\r\n", 414},
        {LINE "X-A-Name-That-Is-Longer-Than-It-May: 1\r\n", 431},
        {LINE "A: a value that is longer than a complete line may be here\r\n", 431},
        {LINE "A: b\r\nA: b\r\nA: b\r\n", 431},
        {LINE "A: 67890123456789012345678901234567\r\nB: 6789012345678901234567890\r\n", 431},
    };
    struct sw_limits limits = {
        .target = 16, .field_name = 32, .field_line = 40, .fields = 2, .head = 64};
    for (size_t i = 0; i < COUNT(heads); i++) {
        drive_head_init(&parsed, SW_REQUEST, &limits);
        ck_assert_uint_eq(sw_head_error_status(&parsed.head), 0);
        ck_assert(drive_head_call(&parsed.head, heads[i].text, strlen(heads[i].text)).error);
        ck_assert_msg(sw_head_error_status(&parsed.head) == heads[i].status, "%s", heads[i].text);
        drive_head_init(&parsed, i % 2 ? SW_RESPONSE : SW_TRAILERS, &limits);
        ck_assert(drive_head_call(&parsed.head, "HTTP/2.1 200 OK\r\n", 17).error);
        ck_assert_uint_eq(sw_head_error_status(&parsed.head), 400);
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {limits_are_met_at_their_byte, 1},
        {heads_of_the_usual_limit, 1},
        {heads_beyond_64_kib, 1},
        {names_beyond_64_kib, 1},
        {more_lines_than_a_block_contains, 1},
        {empty_lines, 1},
        {trailer_fields, 1},
        {forbidden_trailers, 1},
        {target_forms, 1},
        {schemes_of_targets, 1},
        {host_values, 1},
        {how_many_hosts, 1},
        {statuses_of_errors, 1},
    };
    return suite_main("head limits", tests, COUNT(tests));
}
