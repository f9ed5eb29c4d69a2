/* check_head_variants.c - the boundaries of the fast paths of each implementation of the parser. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "expect.h"
#include "shockwave_values.h"

enum { MAX_OFFSET = UINT16_MAX - 64 }; /* the highest offset that a fast path touches */

static struct drive_head parsed;
static char text[1 << 17];

static size_t put(size_t n, const char *bytes)
{
    return n + (size_t)sprintf(text + n, "%s", bytes);
}

static size_t put_many(size_t n, char c, size_t count)
{
    memset(text + n, c, count);
    text[n + count] = '\0';
    return n + count;
}

static void expect_text(enum sw_kind kind, struct outcome expected)
{
    expect_head(&parsed, kind, NULL, text, expected);
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* A known name of n bytes if there is one; else n letters. */
static enum sw_header name_of(size_t n, char *name)
{
    memset(name, 'q', n);
    name[n] = '\0';
    for (unsigned id = 1; id < SW_HEADER_COUNT; id++)
        if (sw_header_names[id].len == n) {
            memcpy(name, sw_header_names[id].text, n);
            return (enum sw_header)id;
        }
    return SW_HEADER_OTHER;
}

/* The lines before a name: a method that the fast path checks first or another, and a Host that is
   the first field or absent. */
static const struct {
    const char *before, *after;
    unsigned fields; /* of those in `after` */
} starts[] = {
    {"G /", " HTTP/1.0\r\n", 0},
    {"GET /", " HTTP/1.0\r\n", 0},
    {"GET /", " HTTP/1.1\r\nHost: h\r\n", 1},
    {"POST /", " HTTP/1.1\r\nhost: h.example:80\r\n", 1},
};

/* With a target of `pad` bytes: a name similar to the known one, then the known name. */
static void check_name(size_t start, size_t pad, const char *name, enum sw_header id)
{
    size_t n = put(put_many(put(0, starts[start].before), 'p', pad), starts[start].after);
    n += (size_t)sprintf(text + n, "!%s: b\r\n%s: a\r\nX: y\r\n!%s: b\r\n%s: c\r\n\r\n", name + 1,
                         name, name + 1, name);
    expect_text(SW_REQUEST, expect_complete(n));
    const struct sw_field *fields = parsed.head.fields + starts[start].fields;
    ck_assert_uint_eq(parsed.head.field_count, starts[start].fields + 5);
    ck_assert_uint_eq(fields[0].id, SW_HEADER_OTHER);
    ck_assert_uint_eq(fields[1].id, id);
    ck_assert_uint_eq(fields[3].id, SW_HEADER_OTHER);
    ck_assert_uint_eq(fields[4].id, id);
}

/* That name alone, or near it. */
static void check_first_name(size_t start, size_t pad, const char *name, enum sw_header id)
{
    size_t at = put(put_many(put(0, starts[start].before), 'p', pad), starts[start].after);
    size_t n = put(put(at, name), ": a\r\n\r\n");
    expect_text(SW_REQUEST, expect_complete(n));
    ck_assert_uint_eq(parsed.head.fields[starts[start].fields].id, id);
    text[at] = '!';
    expect_text(SW_REQUEST, expect_complete(n));
    ck_assert_uint_eq(parsed.head.fields[starts[start].fields].id, SW_HEADER_OTHER);
}

START_TEST(names_of_any_length_anywhere)
{
    static const size_t lengths[] = {1, 2, 3, 15, 16, 17, 18, 31, 32, 33, 34};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char name[40];
        enum sw_header id = name_of(lengths[i], name);
        for (size_t start = 0; start < COUNT(starts); start++)
            for (size_t pad = 0; pad < 70; pad++)
                check_name(start, pad, name, id);
    }
}
END_TEST

/* Where 16 bytes end in the first name, but not 32, and where 32 do.  (No second Host is let in.)
 */
START_TEST(every_header_first)
{
    for (unsigned id = 1; id < SW_HEADER_COUNT; id++)
        for (size_t start = 0; start < COUNT(starts) && id != SW_HEADER_HOST; start++)
            for (size_t pad = 0; pad < 24; pad += 4) {
                check_name(start, pad, sw_header_names[id].text, (enum sw_header)id);
                check_first_name(start, pad, sw_header_names[id].text, (enum sw_header)id);
            }
}
END_TEST

/* The search for the end of a long value, which goes by hundreds of bytes, may not begin in a name.
 */
START_TEST(names_of_many_blocks)
{
    static const struct sw_limits limits = {.field_name = 1000};
    for (size_t name = 150; name < 800; name += 23) {
        size_t n = put_many(put(0, "HTTP/1.1 200 OK\r\n"), 'n', name);
        n = put_many(put(n, ":"), 'v', 600);
        n = put(n, ":w\r\n\r\n");
        expect_head(&parsed, SW_RESPONSE, &limits, text, expect_complete(n));
        ck_assert_uint_eq(parsed.head.fields[0].name_len, name);
    }
}
END_TEST

/* ---- Start lines ----------------------------------------------------------------------------- */

/* In a path of every length, at its front, in its middle and at its end. */
START_TEST(percent_anywhere)
{
    for (size_t pad = 0; pad < 140; pad++)
        for (size_t at = 0; at <= pad; at += pad / 2 + 1) {
            size_t before = put_many(put(0, "GET /"), 'p', at);
            size_t n = put_many(put(before, "%4f"), 'p', pad - at);
            n = put(n, " HTTP/1.1\r\nHost: h\r\n\r\n");
            expect_text(SW_REQUEST, expect_complete(n));
            text[before + 2] = 'g';
            expect_text(SW_REQUEST, expect_error(SW_ERROR_BAD_TARGET_PERCENT, before));
        }
}
END_TEST

/* Targets that are no paths, of every length; "x" is made longer. */
static const struct {
    const char *before, *after;
    enum sw_error error;
    size_t at;
} targets[] = {
    {"GET http://", "/?%41", SW_OK, 0},
    {"OPTIONS http://", ":80", SW_OK, 0},
    {"CONNECT ", ":443", SW_OK, 0},
    {"CONNECT ", "", SW_ERROR_BAD_TARGET_AUTHORITY, 8},
    {"CONNECT /", "", SW_ERROR_BAD_TARGET_FORM, 8},
    {"GET ", "", SW_ERROR_BAD_TARGET_FORM, 4},
    {"GET ", ":80", SW_ERROR_BAD_TARGET_FORM, 4},
    {"OPTIONS *", "", SW_ERROR_BAD_TARGET_FORM, 8},
    {"GET http://u@", "/", SW_ERROR_TARGET_USERINFO, 12},
};

START_TEST(other_targets)
{
    for (size_t i = 0; i < COUNT(targets); i++)
        for (size_t pad = 1; pad < 140; pad++) {
            size_t n = put_many(put(0, targets[i].before), 'x', pad);
            n = put(put(n, targets[i].after), " HTTP/1.1\r\nHost: h\r\n\r\n");
            expect_text(SW_REQUEST, targets[i].error ? expect_error(targets[i].error, targets[i].at)
                                                     : expect_complete(n));
        }
}
END_TEST

/* The fast path compares a method before it knows the length; a longer token is another method. */
START_TEST(longer_tokens_than_a_method)
{
    for (unsigned m = 1; m < SW_METHOD_COUNT; m++) {
        size_t n = put(0, sw_method_names[m].text);
        n = put(n, "X /path HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_text(SW_REQUEST, expect_complete(n));
        ck_assert_uint_eq(parsed.head.method, SW_METHOD_OTHER);
        text[strlen(sw_method_names[m].text)] = '\t';
        expect_text(SW_REQUEST, expect_error(SW_ERROR_BAD_METHOD, strlen(sw_method_names[m].text)));
    }
}
END_TEST

/* ---- Heads of every length ------------------------------------------------------------------- */

/* Hosts shorter and longer than a block; the byte after the host is not part of it. */
static void check_hosts(const char *method)
{
    for (size_t n = 0; n < 80; n++) {
        size_t host = put(put(0, method), " / HTTP/1.1\r\nHost: ");
        put(put_many(host, 'h', n), "\r\n\r\n");
        expect_text(SW_REQUEST, expect_complete(host + n + 4));
        put(put_many(host, 'h', n), ":80\r\n\r\n");
        expect_text(SW_REQUEST,
                    n ? expect_complete(host + n + 7) : expect_error(SW_ERROR_BAD_HOST, host));
        put(put_many(host, 'h', n), "[\r\nA: b\r\n\r\n");
        expect_text(SW_REQUEST, expect_error(SW_ERROR_BAD_HOST, host));
        put(put_many(host, 'h', n), "\r\nHost: h\r\n\r\n");
        expect_text(SW_REQUEST, expect_error(SW_ERROR_HOST_REPEATED, host + n + 2));
        text[host + n + 2] = 'M';
        expect_text(SW_REQUEST, expect_complete(host + n + 13));
    }
}

START_TEST(hosts_of_any_length)
{
    check_hosts("G");
    check_hosts("GET");
    check_hosts("DELETE");
}
END_TEST

/* At each place of a Host: alone, before another field, after one in the same block or not. */
START_TEST(ports)
{
    static const char *const hosts[] = {"h:8",     "h:59999",  "h:60000", "h:65535",   "h:65536",
                                        "h:08080", "h:123456", "h:",      ":80",       "h:8a",
                                        "h:8:0",   "[::1]:80", "h::",     "1.2.3.4:5", ""};
    static const char *const shapes[][2] = {
        {"", ""}, {"", "A: b\r\n"}, {"A: b\r\n", ""}, {"Accept-Language: en\r\n", "A: b\r\n"}};
    for (size_t i = 0; i < COUNT(hosts); i++)
        for (size_t shape = 0; shape < COUNT(shapes); shape++)
            for (size_t pad = 0; pad < 80; pad += 4) {
                struct sw_host host;
                size_t at = put(put_many(put(0, "GET /"), 'p', pad), " HTTP/1.1\r\n");
                at = put(put(at, shapes[shape][0]), "Host: ");
                size_t n = put(put(put(put(at, hosts[i]), "\r\n"), shapes[shape][1]), "\r\n");
                bool good = sw_host_parse((struct sw_span){hosts[i], strlen(hosts[i])}, &host);
                expect_text(SW_REQUEST,
                            good ? expect_complete(n) : expect_error(SW_ERROR_BAD_HOST, at));
            }
}
END_TEST

/* The end of the head where a Host is looked for. */
START_TEST(requests_without_fields)
{
    for (size_t pad = 0; pad < 140; pad++) {
        size_t n = put(put_many(put(0, "GET /"), 'p', pad), " HTTP/1.0\r\n\r\n");
        expect_text(SW_REQUEST, expect_complete(n));
        text[n - 5] = '1';
        expect_text(SW_REQUEST, expect_error(SW_ERROR_HOST_MISSING, n - 2));
        put(n - 2, "H: h\r\n\r\n");
        expect_text(SW_REQUEST, expect_error(SW_ERROR_HOST_MISSING, n + 4));
    }
}
END_TEST

/* Every byte in every place of a Host that is all there is, and of a port. */
START_TEST(bytes_of_a_host)
{
    static const char fine[] = "host.example:8080";
    const size_t at = put(0, "GET / HTTP/1.1\r\nHost: ");
    for (size_t i = 0; i < sizeof fine - 1; i++)
        for (int c = 1; c < 256; c++) {
            struct sw_host host;
            size_t n = put(put(at, fine), "\r\n\r\n");
            if (c == '\r' || c == '\n')
                continue;
            text[at + i] = (char)c;
            struct sw_span value = {text + at, sizeof fine - 1};
            bool ends = i == 0 || i == value.n - 1;
            if (c == '\t' || c == ' ') {
                value.p += i == 0;
                value.n -= ends;
            }
            bool control = (c < ' ' && c != '\t') || c == 127;
            bool good = !control && sw_host_parse(value, &host);
            expect_head(&parsed, SW_REQUEST, NULL, text,
                        control ? expect_error(SW_ERROR_BAD_FIELD_VALUE, at + i)
                        : good  ? expect_complete(n)
                                : expect_error(SW_ERROR_BAD_HOST, (size_t)(value.p - text)));
        }
}
END_TEST

/* A line with a bad name, colon or end, at every offset. */
static const struct {
    const char *line;
    enum sw_error error;
    size_t at;
} odd[] = {
    {"A:b\r\n", SW_OK, 0},
    {"A:\r\n", SW_OK, 0},
    {"A: \t b\t\r\n", SW_OK, 0},
    {"A: \xff\r\n", SW_OK, 0},
    {"A: b\n", SW_ERROR_BARE_LF, 4},
    {"A: b\r\r\n", SW_ERROR_BARE_CR, 4},
    {"A: b\x7f\r\n", SW_ERROR_BAD_FIELD_VALUE, 4},
    {"AB\r\n", SW_ERROR_NO_COLON, 2},
    {"A : b\r\n", SW_ERROR_SPACE_BEFORE_COLON, 1},
    {"A\x7f: b\r\n", SW_ERROR_BAD_FIELD_NAME, 1},
    {" A: b\r\n", SW_ERROR_OBS_FOLD, 0},
    {": b\r\n", SW_ERROR_EMPTY_FIELD_NAME, 0},
    {"\r\r\n", SW_ERROR_BARE_CR, 0},
    {"\n", SW_ERROR_BARE_LF, 0},
};

START_TEST(slow_path_lines_anywhere)
{
    for (size_t i = 0; i < COUNT(odd); i++)
        for (size_t pad = 0; pad < 140; pad++) {
            size_t at = put_many(put(0, "HTTP/1.1 200 \r\nX: "), 'x', pad);
            at = put(at, "\r\n");
            size_t n = put(put(at, odd[i].line), "Y: z\r\n\r\n");
            expect_text(SW_RESPONSE, odd[i].error ? expect_error(odd[i].error, at + odd[i].at)
                                                  : expect_complete(n));
        }
}
END_TEST

/* As many ends in a block as there can be, and each number below. */
START_TEST(short_lines)
{
    for (size_t name = 1; name < 6; name++)
        for (size_t value = 0; value < 10; value++) {
            size_t n = put(0, "HTTP/1.1 200 \r\n");
            for (size_t i = 0; i < 30; i++) {
                n = put(put_many(n, 'n', name), value ? ": " : ":");
                n = put(put_many(n, 'v', value), "\r\n");
            }
            n = put(n, "\r\n");
            expect_text(SW_RESPONSE, expect_complete(n));
            ck_assert_uint_eq(parsed.head.field_count, 30);
        }
}
END_TEST

/* The fast path of a block of 64 bytes skips limits above its size; lower ones must apply. */
START_TEST(limits_inside_a_block)
{
    const size_t at = put(0, "HTTP/1.1 200 \r\n");
    for (uint32_t max = 1; max <= 40; max++)
        for (size_t n = max; n <= max + 1; n++) {
            struct sw_limits names = {.field_name = max}, lines = {.field_line = max + 3};
            size_t end = put(put_many(at, 'x', n), ": v\r\n\r\n");
            expect_head(&parsed, SW_RESPONSE, &names, text,
                        n > max ? expect_error(SW_ERROR_FIELD_NAME_TOO_LONG, at + max)
                                : expect_complete(end));
            end = put(put_many(put(at, "X: "), 'x', n), "\r\n\r\n");
            expect_head(&parsed, SW_RESPONSE, &lines, text,
                        n > max ? expect_error(SW_ERROR_FIELD_LINE_TOO_LONG, at + max + 3)
                                : expect_complete(end));
        }
}
END_TEST

START_TEST(fields_inside_a_block)
{
    for (uint32_t max = 1; max <= 6; max++) {
        struct sw_limits limits = {.fields = max};
        size_t n = put(0, "HTTP/1.1 200 \r\n");
        for (size_t i = 0; i < max; i++)
            n = put(n, "A: b\r\n");
        put(n, "\r\n");
        expect_head(&parsed, SW_RESPONSE, &limits, text, expect_complete(n + 2));
        put(n, "A: b\r\n\r\n");
        expect_head(&parsed, SW_RESPONSE, &limits, text, expect_error(SW_ERROR_TOO_MANY_FIELDS, n));
    }
}
END_TEST

/* The same with a method that the fast path checks first. */
START_TEST(requests_inside_a_block)
{
    for (uint32_t max = 1; max <= 64; max++) {
        struct sw_limits fields = {.fields = max}, paths = {.target = max};
        struct sw_limits heads = {.head = max + 24}, lines = {.field_line = max + 6};
        size_t n = put(0, "GET / HTTP/1.1\r\nHost: h\r\n");
        for (size_t i = 1; i < max; i++)
            n = put(n, "AB: c\r\n");
        put(n, "\r\n");
        expect_head(&parsed, SW_REQUEST, &fields, text, expect_complete(n + 2));
        put(n, "AB: c\r\n\r\n");
        expect_head(&parsed, SW_REQUEST, &fields, text, expect_error(SW_ERROR_TOO_MANY_FIELDS, n));
        n = put(put_many(put(0, "GET /"), 'p', max - 1), " HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_head(&parsed, SW_REQUEST, &paths, text, expect_complete(n));
        n = put(put_many(put(0, "GET /"), 'p', max), " HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_head(&parsed, SW_REQUEST, &paths, text,
                    expect_error(SW_ERROR_TARGET_TOO_LONG, 4 + max));
        for (size_t more = 0; more < 2; more++) {
            n = put(put_many(put(0, "GET / HTTP/1.1\r\nHost: "), 'h', max + more), "\r\n\r\n");
            expect_head(&parsed, SW_REQUEST, &lines, text,
                        more ? expect_error(SW_ERROR_FIELD_LINE_TOO_LONG, 16 + 6 + max)
                             : expect_complete(n));
            heads.head = (uint32_t)(n - more);
            expect_head(&parsed, SW_REQUEST, &heads, text,
                        more ? expect_error(SW_ERROR_HEAD_TOO_LARGE, n - 1) : expect_complete(n));
        }
    }
}
END_TEST

/* ---- The max offset of the fast paths -------------------------------------------------------- */

/* In one piece, and split at the max offset, by each implementation. */
static void expect_far(const struct sw_limits *limits, size_t n)
{
    static const char *const variants[] = {"portable", "sse42", "avx2", "avx512", "neon"};
    static struct drive_head split;
    const char *best = sw_head_variant(NULL);
    for (size_t i = 0; i < COUNT(variants); i++) {
        if (!sw_head_variant(variants[i]))
            continue;
        drive_head_init(&parsed, SW_REQUEST, limits);
        drive_head_init(&split, SW_REQUEST, limits);
        struct outcome v = expect_complete(n);
        expect_outcome(drive_head(&parsed, text, n, n, n), v, variants[i]);
        ck_assert_uint_eq(parsed.head.field_count, 4);
        ck_assert_uint_eq(parsed.head.fields[2].id, SW_HEADER_AGE);
        ck_assert_uint_eq(parsed.head.fields[2].value_len, 1);
        const char *why = drive_head_longer(&split, &parsed, v, text, n);
        why = why ? why : drive_head_split(&split, &parsed, v, text, n, MAX_OFFSET, n);
        why = why ? why : drive_head_begin(&split, &parsed, v, text, n, 30);
        MUST(!why, "%s: %s", variants[i], why);
    }
    sw_head_variant(best);
}

START_TEST(lines_around_the_max_offset)
{
    static const struct sw_limits limits = {.head = 1 << 17, .field_line = 1 << 17};
    for (size_t end = MAX_OFFSET - 70; end < MAX_OFFSET + 70; end++) {
        size_t n = put(0, "GET / HTTP/1.1\r\nHost: h\r\nA: ");
        n = put_many(n, 'a', end - n);
        expect_far(&limits, put(n, "\r\nAge: 1\r\nX-Forwarded-For: 2\r\n\r\n"));
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {names_of_any_length_anywhere, 1},
        {every_header_first, 1},
        {names_of_many_blocks, 1},
        {percent_anywhere, 1},
        {other_targets, 1},
        {longer_tokens_than_a_method, 1},
        {hosts_of_any_length, 1},
        {ports, 1},
        {requests_without_fields, 1},
        {bytes_of_a_host, 1},
        {slow_path_lines_anywhere, 1},
        {short_lines, 1},
        {limits_inside_a_block, 1},
        {fields_inside_a_block, 1},
        {requests_inside_a_block, 1},
        {lines_around_the_max_offset, 1},
    };
    return suite_main("head variants", tests, COUNT(tests));
}
