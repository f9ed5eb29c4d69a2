/* check_write.c - what is written, what is refused, and that nothing else is touched. */
/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shockwave.h"
#include "suite.h"

/* ---- Memory that ends at a guard page ----------------------------------------------------------
 */

enum { WALLS = 3, ROOM = 4096 };

/* The last n bytes before an unmapped page.  A writer, a name and a value need one each at once. */
static char *walled(unsigned which, size_t n)
{
    static char *wall[WALLS];

    if (wall[which] == NULL) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *two =
            mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        ck_assert_ptr_ne(two, MAP_FAILED);
        ck_assert_int_eq(mprotect(two + page, page, PROT_NONE), 0);
        wall[which] = two + page;
    }
    return wall[which] - n;
}

/* All end at one wall, so what is written at once must begin far enough apart: ROOM, ROOM / 2. */
static struct sw_writer writer(size_t size)
{
    return (struct sw_writer){.p = walled(0, size), .size = size};
}

static struct sw_span span(unsigned which, const void *bytes, size_t n)
{
    char *p = walled(which, n);

    if (n != 0)
        memcpy(p, bytes, n);
    return (struct sw_span){p, n};
}

static struct sw_span name_span(const char *text)
{
    return span(1, text, strlen(text));
}

static struct sw_span value_span(const char *text)
{
    return span(2, text, strlen(text));
}

static void expect(const struct sw_writer *out, const char *text)
{
    ck_assert_int_eq(out->error, SW_OK);
    ck_assert_uint_eq(out->n, strlen(text));
    if (out->n != 0)
        ck_assert_mem_eq(out->p, text, out->n);
}

static void expect_error(const struct sw_writer *out, enum sw_error error)
{
    ck_assert_str_eq(sw_error_infos[out->error].name, sw_error_infos[error].name);
    ck_assert_uint_eq(out->n, 0);
}

/* ---- Words ----------------------------------------------------------------------------------- */

START_TEST(every_status_has_its_line)
{
    for (unsigned code = 0; code < 70000; code = code < 1100 ? code + 1 : code + 997) {
        struct sw_writer out = writer(ROOM);
        const struct sw_status_info *info = sw_status_find(code);
        char line[100];

        sw_write_status(&out, code);
        if (code < 100 || code > 999) {
            expect_error(&out, SW_ERROR_MISUSE);
            continue;
        }
        snprintf(line, sizeof line, "HTTP/1.1 %u %.*s\r\n", code, info ? info->line_len - 15 : 0,
                 info ? info->line + 13 : "");
        expect(&out, line);
    }
}
END_TEST

START_TEST(every_field_has_its_name)
{
    for (unsigned id = 0; id < SW_HEADER_COUNT + 3u; id++) {
        struct sw_writer out = writer(ROOM), number = writer(ROOM / 2);
        char line[300];

        sw_write_field(&out, (enum sw_header)id, value_span("some value"));
        if (id == SW_HEADER_OTHER || id >= SW_HEADER_COUNT) {
            expect_error(&out, SW_ERROR_BAD_OUT_NAME);
            sw_write_number(&number, (enum sw_header)id, 7);
            expect_error(&number, SW_ERROR_BAD_OUT_NAME);
            continue;
        }
        snprintf(line, sizeof line, "%s: some value\r\n", sw_header_names[id].text);
        expect(&out, line);
        sw_write_number(&number, (enum sw_header)id, 4711);
        snprintf(line, sizeof line, "%s: 4711\r\n", sw_header_names[id].text);
        expect(&number, line);
    }
}
END_TEST

START_TEST(every_method_but_the_preface_opens_a_request)
{
    for (unsigned id = 0; id < SW_METHOD_COUNT + 3u; id++) {
        const struct sw_name *name = &sw_method_names[id < SW_METHOD_COUNT ? id : 0];
        const char *target = id == SW_METHOD_CONNECT ? "example.com:443" : "/a?b";
        struct sw_writer out = writer(ROOM), named = writer(ROOM / 2);
        char line[300];

        sw_write_request(&out, (enum sw_method)id, value_span(target));
        sw_write_request_named(&named, name_span(name->text), value_span(target));
        if (name->len == 0 || (name->flags & SW_METHOD_F_PREFACE) != 0) {
            expect_error(&out, SW_ERROR_BAD_METHOD);
            expect_error(&named, SW_ERROR_BAD_METHOD);
            continue;
        }
        snprintf(line, sizeof line, "%s %s HTTP/1.1\r\n", name->text, target);
        expect(&out, line);
        expect(&named, line);
    }
}
END_TEST

/* ---- Injection ------------------------------------------------------------------------------- */

/* tchar of RFC 9110 5.6.2. */
static bool is_allowed_in_token(int c)
{
    return c != 0 && strchr("!#$%&'*+-.^_`|~0123456789"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                            c) != NULL;
}

/* RFC 9110 5.5: blanks are only allowed between visible bytes, and obs-text is visible. */
static bool is_allowed_in_value(int c, bool is_first_or_last)
{
    if (c == ' ' || c == '\t')
        return !is_first_or_last;
    return c > ' ' && c != 127;
}

/* Bytes: less than a SWAR word, one word, several words, and a remainder after each. */
enum { LONGEST = 19 };

START_TEST(every_byte_at_every_place_of_a_value)
{
    char value[LONGEST], line[LONGEST + 20];

    for (size_t n = 1; n <= LONGEST; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                struct sw_writer known = writer(ROOM), named = writer(ROOM / 2);

                memset(value, 'x', n);
                value[at] = (char)c;
                sw_write_field(&known, SW_HEADER_VIA, span(2, value, n));
                sw_write_field_named(&named, name_span("Via"), span(2, value, n));
                if (!is_allowed_in_value(c, at == 0 || at == n - 1)) {
                    expect_error(&known, SW_ERROR_BAD_OUT_VALUE);
                    expect_error(&named, SW_ERROR_BAD_OUT_VALUE);
                    continue;
                }
                snprintf(line, sizeof line, "Via: %.*s\r\n", (int)n, value);
                expect(&known, line);
                expect(&named, line);
            }
        }
    }
}
END_TEST

START_TEST(every_byte_at_every_place_of_a_name)
{
    char name[LONGEST], line[LONGEST + 20];

    for (size_t n = 1; n <= 4; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                struct sw_writer field = writer(ROOM), request = writer(ROOM / 2);

                memset(name, 'X', n);
                name[at] = (char)c;
                sw_write_field_named(&field, span(1, name, n), value_span("1"));
                sw_write_request_named(&request, span(1, name, n), value_span("/"));
                if (!is_allowed_in_token(c)) {
                    expect_error(&field, SW_ERROR_BAD_OUT_NAME);
                    expect_error(&request, SW_ERROR_BAD_METHOD);
                    continue;
                }
                snprintf(line, sizeof line, "%.*s: 1\r\n", (int)n, name);
                expect(&field, line);
                snprintf(line, sizeof line, "%.*s / HTTP/1.1\r\n", (int)n, name);
                expect(&request, line);
            }
        }
    }
}
END_TEST

START_TEST(what_is_empty)
{
    struct sw_writer out = writer(ROOM);

    sw_write_field(&out, SW_HEADER_HOST, (struct sw_span){NULL, 0});
    expect(&out, "Host: \r\n");
    sw_write_field_named(&out, (struct sw_span){NULL, 0}, value_span("1"));
    ck_assert_int_eq(out.error, SW_ERROR_BAD_OUT_NAME);

    out = (struct sw_writer){.p = NULL};
    sw_write_bytes(&out, NULL, 0);
    expect(&out, "");
    sw_write_end(&out);
    expect_error(&out, SW_ERROR_NO_ROOM);
}
END_TEST

/* RFC 9112 3.2: which form belongs to which method, and which bytes a target is made of. */
static const struct {
    const char *method, *target;
    enum sw_error error;
} requests[] = {
    {"GET", "/", SW_OK},
    {"GET", "/a/b;c=1?q=%41&r", SW_OK},
    {"GET", "http://example.com/", SW_OK},
    {"GET", "http://[::1]:80/?q", SW_OK},
    {"GET", "http://example.com", SW_OK},
    {"OPTIONS", "*", SW_OK},
    {"M-SEARCH", "*", SW_OK},
    {"NOTIFY", "*", SW_OK},
    {"NOTIFY", "/", SW_OK},
    {"SUBSCRIBE", "*", SW_ERROR_BAD_OUT_TARGET},
    {"OPTIONS", "/", SW_OK},
    {"CONNECT", "example.com:443", SW_OK},
    {"CONNECT", "[::1]:443", SW_OK},
    {"MY-OWN", "/", SW_OK},
    {"GET", "", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "*", SW_ERROR_BAD_OUT_TARGET},
    {"MY-OWN", "*", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "a", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "example.com:443", SW_ERROR_BAD_OUT_TARGET},
    {"CONNECT", "/", SW_ERROR_BAD_OUT_TARGET},
    {"CONNECT", "*", SW_ERROR_BAD_OUT_TARGET},
    {"CONNECT", "http://example.com/", SW_ERROR_BAD_OUT_TARGET},
    {"CONNECT", "example.com", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "/%4", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "/%zz", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "/#top", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "http://user@example.com/", SW_ERROR_BAD_OUT_TARGET},
    {"GET", "/ HTTP/1.1\r\nHost: evil\r\n", SW_ERROR_BAD_OUT_TARGET},
    {"GET /x", "/", SW_ERROR_BAD_METHOD},
    {"", "/", SW_ERROR_BAD_METHOD},
    {"PRI", "*", SW_ERROR_BAD_METHOD},
    {"PRI", "/", SW_ERROR_BAD_METHOD},
};

START_TEST(requests_by_method_and_target)
{
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct sw_writer out = writer(ROOM);
        char line[200];

        sw_write_request_named(&out, name_span(requests[i].method), value_span(requests[i].target));
        if (requests[i].error != SW_OK) {
            expect_error(&out, requests[i].error);
            continue;
        }
        snprintf(line, sizeof line, "%s %s HTTP/1.1\r\n", requests[i].method, requests[i].target);
        expect(&out, line);
    }
}
END_TEST

START_TEST(every_byte_of_a_target)
{
    static const char allowed[] = "-._~!$&'()*+,;=:@/?0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    for (int c = 0; c < 256; c++) {
        char target[3] = {'/', (char)c, 'x'};

        for (size_t n = 2; n <= 3; n++) {
            struct sw_writer out = writer(ROOM);

            sw_write_request(&out, SW_METHOD_GET, span(2, target, n));
            if (c == 0 || strchr(allowed, c) == NULL)
                expect_error(&out, SW_ERROR_BAD_OUT_TARGET);
            else
                ck_assert_uint_eq(out.n, strlen("GET ") + n + strlen(" HTTP/1.1\r\n"));
        }
    }
}
END_TEST

/* ---- Numbers --------------------------------------------------------------------------------- */

static void check_number(uint64_t number)
{
    struct sw_writer decimal = writer(ROOM), hexadecimal = writer(ROOM / 2);
    char text[100];

    sw_write_length(&decimal, number);
    snprintf(text, sizeof text, "Content-Length: %" PRIu64 "\r\n", number);
    expect(&decimal, text);
    sw_write_chunk(&hexadecimal, number);
    snprintf(text, sizeof text, "%" PRIx64 "\r\n", number);
    expect(&hexadecimal, text);
}

START_TEST(numbers)
{
    for (uint64_t number = 0; number < 2000; number++)
        check_number(number);
    for (unsigned base = 2; base <= 10; base += 8)
        for (uint64_t power = 1, next = base; next / base == power; power = next, next *= base)
            for (uint64_t near = next - 2; near != next + 3; near++)
                check_number(near);
    check_number(UINT64_MAX - 1);
    check_number(UINT64_MAX);
}
END_TEST

/* ---- Room ------------------------------------------------------------------------------------ */

static struct sw_date date;

static const char *const pieces[] = {
    "HTTP/1.1 431 Request Header Fields Too Large\r\n",
    "HTTP/1.1 999 \r\n",
    "GET /some/where?or=other HTTP/1.1\r\n",
    "BREW /pot HTTP/1.1\r\n",
    "Content-Type: text/plain; charset=utf-8\r\n",
    "X-My-Own: yes\r\n",
    "Age: 12345678901\r\n",
    "7ab3\r\n",
    "\r\n",
    "Hello, World!",
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
};

static void put(struct sw_writer *out, size_t piece)
{
    switch (piece) {
    case 0:
        sw_write_status(out, SW_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE);
        break;
    case 1:
        sw_write_status(out, 999);
        break;
    case 2:
        sw_write_request(out, SW_METHOD_GET, value_span("/some/where?or=other"));
        break;
    case 3:
        sw_write_request_named(out, name_span("BREW"), value_span("/pot"));
        break;
    case 4:
        sw_write_field(out, SW_HEADER_CONTENT_TYPE, value_span("text/plain; charset=utf-8"));
        break;
    case 5:
        sw_write_field_named(out, name_span("X-My-Own"), value_span("yes"));
        break;
    case 6:
        sw_write_number(out, SW_HEADER_AGE, 12345678901);
        break;
    case 7:
        sw_write_chunk(out, 0x7ab3);
        break;
    case 8:
        sw_write_end(out);
        break;
    case 9:
        sw_write_bytes(out, "Hello, World!", 13);
        break;
    default:
        sw_write_date(out, &date);
    }
}

/* At every size, after other pieces, with a guard page after the memory. */
START_TEST(a_piece_is_written_completely_or_not_at_all)
{
    sw_date_set(&date, 784111777);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        size_t full = strlen(pieces[i]);

        for (size_t before = 0; before <= 40; before += 20) {
            for (size_t size = before; size <= before + full + 1; size++) {
                struct sw_writer out = writer(size);

                out.n = before;
                memset(out.p, '#', size);
                put(&out, i);
                if (size < before + full) {
                    ck_assert_int_eq(out.error, SW_ERROR_NO_ROOM);
                    ck_assert_uint_eq(out.n, before);
                } else {
                    ck_assert_int_eq(out.error, SW_OK);
                    ck_assert_uint_eq(out.n, before + full);
                    ck_assert_mem_eq(out.p + before, pieces[i], full);
                }
                for (size_t at = 0; at < size; at++)
                    ck_assert(out.p[at] == '#' || (at >= before && at < out.n));
            }
        }
    }
}
END_TEST

START_TEST(bytes_of_every_length)
{
    char bytes[300];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + 1);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct sw_writer out = writer(n);
        struct sw_span from = span(2, bytes, n);

        memset(out.p - 1, '#', n + 1);
        sw_write_bytes(&out, from.p, from.n);
        ck_assert_int_eq(out.error, SW_OK);
        ck_assert_uint_eq(out.n, n);
        ck_assert_int_eq(out.p[-1], '#');
        if (n != 0)
            ck_assert_mem_eq(out.p, bytes, n);
    }
}
END_TEST

static const enum sw_error sticky[] = {
    SW_ERROR_NO_ROOM,        SW_ERROR_BAD_OUT_NAME,    SW_ERROR_BAD_OUT_VALUE,
    SW_ERROR_BAD_OUT_TARGET, SW_ERROR_BAD_OUT_FRAMING, SW_ERROR_MISUSE,
};

START_TEST(the_first_error_stays)
{
    sw_date_set(&date, 784111777);
    for (size_t i = 0; i < COUNT(sticky); i++) {
        struct sw_writer out = writer(ROOM);

        sw_write_end(&out);
        out.error = (uint16_t)sticky[i];
        for (size_t j = 0; j < COUNT(pieces); j++)
            put(&out, j);
        sw_write_status(&out, 0);
        sw_write_field(&out, SW_HEADER_OTHER, value_span("1"));
        sw_write_field(&out, SW_HEADER_VIA, value_span("\n"));
        sw_write_request(&out, SW_METHOD_GET, value_span(" "));
        ck_assert_int_eq(out.error, sticky[i]);
        ck_assert_uint_eq(out.n, 2);
    }
}
END_TEST

/* ---- Heads that a connection began ----------------------------------------------------------- */

enum { NEVER = SW_FRAMED_DATED + 1 };

static const struct {
    const char *name;
    uint8_t from; /* the first enum sw_framed that refuses it */
} owned[] = {
    {"Content-Length", SW_FRAMED},
    {"Transfer-Encoding", SW_FRAMED},
    {"Connection", SW_FRAMED},
    {"Keep-Alive", SW_FRAMED},
    {"Proxy-Connection", SW_FRAMED},
    {"Date", SW_FRAMED_DATED},
    {"Upgrade", NEVER},
    {"TE", NEVER},
    {"Trailer", NEVER},
    {"Host", NEVER},
    {"Content-Type", NEVER},
    {"X-My-Own", NEVER},
    {"cONTENT-lENGTH", SW_FRAMED},
    {"date", SW_FRAMED_DATED},
    {"Content-Lengt", NEVER},
};

START_TEST(a_connection_keeps_its_fields)
{
    for (uint8_t framed = SW_FRAMED_BY_CALLER; framed <= SW_FRAMED_DATED; framed++) {
        for (size_t i = 0; i < COUNT(owned); i++) {
            enum sw_error error = framed >= owned[i].from ? SW_ERROR_BAD_OUT_FRAMING : SW_OK;
            struct sw_span name = name_span(owned[i].name);
            enum sw_header id = sw_header_find(name.p, name.n);
            struct sw_writer known = writer(ROOM), named = writer(ROOM / 2), number = writer(100);

            known.framed = named.framed = number.framed = framed;
            sw_write_field_named(&named, name, value_span("1"));
            ck_assert_int_eq(named.error, error);
            ck_assert(error == SW_OK || named.n == 0);
            if (id == SW_HEADER_OTHER)
                continue;
            sw_write_field(&known, id, value_span("1"));
            ck_assert_int_eq(known.error, error);
            ck_assert(error == SW_OK || known.n == 0);
            sw_write_number(&number, id, 1);
            ck_assert_int_eq(number.error, error);
        }
    }
}
END_TEST

START_TEST(a_connection_keeps_its_fields_until_the_head_ends)
{
    struct sw_writer out = writer(ROOM);

    sw_date_set(&date, 784111777);
    out.framed = SW_FRAMED;
    sw_write_date(&out, &date);
    ck_assert_int_eq(out.error, SW_OK);
    sw_write_end(&out);
    sw_write_length(&out, 1);
    ck_assert_int_eq(out.error, SW_OK);

    out = writer(ROOM);
    out.framed = SW_FRAMED;
    sw_write_length(&out, 1);
    expect_error(&out, SW_ERROR_BAD_OUT_FRAMING);

    out = writer(ROOM);
    out.framed = SW_FRAMED_DATED;
    sw_write_date(&out, &date);
    expect_error(&out, SW_ERROR_BAD_OUT_FRAMING);
}
END_TEST

/* ---- All of it ------------------------------------------------------------------------------- */

START_TEST(the_plaintext_response)
{
    struct sw_writer out = writer(115);

    sw_date_set(&date, 784111777);
    sw_write_status(&out, SW_STATUS_OK);
    sw_write_date(&out, &date);
    sw_write_field(&out, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain"));
    sw_write_length(&out, 13);
    sw_write_end(&out);
    sw_write_bytes(&out, "Hello, World!", 13);
    expect(&out, "HTTP/1.1 200 OK\r\n"
                 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                 "Content-Type: text/plain\r\n"
                 "Content-Length: 13\r\n"
                 "\r\n"
                 "Hello, World!");
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {every_status_has_its_line, 1},
        {every_field_has_its_name, 1},
        {every_method_but_the_preface_opens_a_request, 1},
        {every_byte_at_every_place_of_a_value, 1},
        {every_byte_at_every_place_of_a_name, 1},
        {what_is_empty, 1},
        {requests_by_method_and_target, 1},
        {every_byte_of_a_target, 1},
        {numbers, 1},
        {a_piece_is_written_completely_or_not_at_all, 1},
        {bytes_of_every_length, 1},
        {the_first_error_stays, 1},
        {a_connection_keeps_its_fields, 1},
        {a_connection_keeps_its_fields_until_the_head_ends, 1},
        {the_plaintext_response, 1},
    };
    return suite_main("write", tests, COUNT(tests));
}
