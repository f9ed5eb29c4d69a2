/* check_words.c - every word of the grammar is found, nothing else is, and the tables agree. */
/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "shockwave_values.h"

static const char tchars[] = "!#$%&'*+-.^_`|~0123456789"
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* ---- Methods --------------------------------------------------------------------------------- */

static int method_of(const char *token, size_t n)
{
    for (int m = 1; m < SW_METHOD_COUNT; m++)
        if (sw_method_names[m].len == n && !memcmp(sw_method_names[m].text, token, n))
            return m;
    return SW_METHOD_OTHER;
}

/* token[n] is a space. */
static void expect_method(const char *token, size_t n)
{
    MUST((int)sw_method_scan(guard_end(token, n + 1)) == method_of(token, n), "%.*s", (int)n,
         token);
}

START_TEST(methods_and_their_neighbours)
{
    for (int m = 1; m < SW_METHOD_COUNT; m++) {
        char token[256];
        size_t n = sw_method_names[m].len;
        ck_assert_uint_eq(n, strlen(sw_method_names[m].text));
        ck_assert_int_eq(method_of(sw_method_names[m].text, n), m);
        memcpy(token, sw_method_names[m].text, n);
        memcpy(token + n, " x ", 3);
        expect_method(token, n);
        for (size_t i = 0; i < n; i++) {
            const char was = token[i];
            for (const char *c = tchars; *c; c++) {
                token[i] = *c;
                expect_method(token, n);
            }
            token[i] = ' ';
            expect_method(token, i);
            token[i] = was;
        }
        token[n] = 'S';
        token[n + 1] = ' ';
        expect_method(token, n + 1);
    }
    expect_method(" ", 0);
}
END_TEST

/* ---- Fields ---------------------------------------------------------------------------------- */

static int alike(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return 0;
    return 1;
}

static int header_of(const char *name, size_t n)
{
    for (int h = 1; h < SW_HEADER_COUNT; h++)
        if (sw_header_names[h].len == n && alike(sw_header_names[h].text, name, n))
            return h;
    return SW_HEADER_OTHER;
}

static void expect_header(const char *name, size_t n, int h)
{
    MUST((int)sw_header_find(guard_end(name, n), n) == h, "%.*s", (int)n, name);
    MUST((int)sw_header_find(guard_begin(name, n), n) == h, "%.*s", (int)n, name);
}

/* Selects once per walk, not per name: the check for CPU features takes longer than the lookups. */
static void with_each_implementation(void (*walk)(void))
{
    const char *best = sw_head_variant(NULL);
    walk();
    sw_head_variant("portable");
    walk();
    sw_head_variant(best);
}

static void walk_cases(void)
{
    for (int h = 1; h < SW_HEADER_COUNT; h++) {
        char name[256];
        size_t n = sw_header_names[h].len;
        ck_assert_uint_eq(n, strlen(sw_header_names[h].text));
        memcpy(name, sw_header_names[h].text, n);
        ck_assert_int_eq(header_of(name, n), h);
        expect_header(name, n, h);
        for (size_t i = 0; i < n; i++)
            name[i] = (char)toupper((unsigned char)name[i]);
        expect_header(name, n, h);
        for (size_t i = 0; i < n; i++) { /* ends in lower case */
            name[i] = (char)tolower((unsigned char)name[i]);
            expect_header(name, n, h);
        }
    }
}

START_TEST(fields_in_any_case)
{
    with_each_implementation(walk_cases);
}
END_TEST

static void walk_neighbours(void)
{
    for (int h = 1; h < SW_HEADER_COUNT; h++) {
        char name[256];
        size_t n = sw_header_names[h].len;
        memcpy(name, sw_header_names[h].text, n);
        for (size_t i = 0; i < n; i++) {
            const char was = name[i];
            for (const char *c = tchars; *c; c++) {
                name[i] = *c;
                expect_header(name, n, header_of(name, n));
            }
            name[i] = was;
            expect_header(name, i, header_of(name, i));
            expect_header(name + i, n - i, header_of(name + i, n - i));
        }
        name[n] = '-';
        expect_header(name, n + 1, header_of(name, n + 1));
    }
}

START_TEST(neighbours_of_fields)
{
    with_each_implementation(walk_neighbours);
}
END_TEST

/* The network chooses the bytes that index the hash, and how many there are. */
static void walk_repeated_bytes(void)
{
    char name[512];
    for (int c = 0; c < 256; c++) {
        memset(name, c, sizeof name);
        for (size_t n = 0; n <= sizeof name; n++)
            expect_header(name, n, header_of(name, n));
    }
    ck_assert_int_eq(sw_header_find(guard_end("", 0), (size_t)-1 / 8), SW_HEADER_OTHER);
}

START_TEST(no_name_escapes_the_table)
{
    with_each_implementation(walk_repeated_bytes);
}
END_TEST

/* ---- Statuses -------------------------------------------------------------------------------- */

START_TEST(status_rows_and_codes)
{
    unsigned named = 0;
    for (unsigned code = 0; code < 1100; code++) {
        unsigned id = sw_status_id(code);
        const struct sw_status_info *row = sw_status_find(code);
        if (!id) {
            ck_assert_ptr_null(row);
            continue;
        }
        named++;
        ck_assert_ptr_eq(row, &sw_status_infos[id]);
        ck_assert_uint_eq(row->code, code);
        ck_assert_uint_eq(row->line_len, strlen(row->line));
        char front[16];
        snprintf(front, sizeof front, "HTTP/1.1 %03u ", code);
        ck_assert_int_eq(memcmp(row->line, front, 13), 0);
        ck_assert_uint_gt(row->line_len, 15);
        ck_assert_str_eq(row->line + row->line_len - 2, "\r\n");
        const unsigned flags = row->flags;
        const int bare = code < 200 || code == 204 || code == 304; /* RFC 9112 6.3 */
        ck_assert_int_eq(!!(flags & SW_STATUS_F_INTERIM), code < 200);
        ck_assert_int_eq(!!(flags & SW_STATUS_F_NO_CONTENT), bare);
    }
    ck_assert_uint_eq(named, SW_STATUS_ID_COUNT - 1);
    ck_assert_uint_eq(sw_status_id((unsigned)-1), 0);
}
END_TEST

START_TEST(status_lines)
{
    for (unsigned code = 0; code < 1000; code++)
        for (unsigned minor = 0; minor < 10; minor++)
            for (unsigned spaced = 0; spaced < 2; spaced++) {
                char line[20];
                struct sw_status_line out;
                int n = snprintf(line, sizeof line, "HTTP/1.%u %03u%s\r", minor, code,
                                 spaced ? " " : "");
                const char *at = guard_end(line, (size_t)n - spaced); /* what follows is not read */
                ck_assert_int_eq(sw_status_scan(at, &out), (int)code);
                ck_assert_uint_eq(out.code, code);
                ck_assert_uint_eq(out.id, sw_status_id(code));
                ck_assert_uint_eq(out.minor, minor);
                ck_assert_uint_eq(out.reason, 12 + spaced);
            }
}
END_TEST

START_TEST(no_status_lines)
{
    static const char good[] = "HTTP/1.1 200 \r";
    static const char *const bad[] = {"\r",
                                      "HTTP/1.1\r",
                                      "HTTP/1.1 \r",
                                      "HTTP/1.1 20\r",
                                      "HTTP/1.1 2000 \r",
                                      "HTTP/1.1  200 \r",
                                      "HTTP/1.10 200 \r",
                                      "HTTP/1. 200 \r",
                                      "HTTP/11 200 \r",
                                      "HTTP/2.0 200 \r",
                                      "http/1.1 200 \r",
                                      "HTTP/1.1 200\tOK\r",
                                      "HTTP/1.1 -20 \r",
                                      " HTTP/1.1 200 \r",
                                      "ICY 200 OK\r"};
    struct sw_status_line out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(sw_status_scan(guard_end(bad[i], strlen(bad[i])), &out) == -1, "%s", bad[i]);
    for (size_t i = 0; i < 13; i++) { /* each byte changed to a CR ends the reading there */
        char line[sizeof good];
        memcpy(line, good, sizeof good);
        line[i] = '\r';
        ck_assert_int_eq(sw_status_scan(guard_end(line, i + 1), &out), i == 12 ? 200 : -1);
    }
}
END_TEST

/* ---- Media types ----------------------------------------------------------------------------- */

static int media_of(const char *name, size_t n)
{
    for (int m = 1; m < SW_MEDIA_ID_COUNT; m++) {
        size_t len = sw_media_infos[m].suffix_len;
        if (n >= len && alike(sw_media_infos[m].suffix, name + n - len, len))
            return m;
    }
    return 0;
}

static void expect_media(const char *name, size_t n, int m)
{
    const struct sw_media_info *want = &sw_media_infos[m];
    MUST(sw_media_find((struct sw_span){guard_end(name, n), n}) == want, "%.*s", (int)n, name);
    MUST(sw_media_find((struct sw_span){guard_begin(name, n), n}) == want, "%.*s", (int)n, name);
}

START_TEST(suffixes_in_any_case)
{
    for (int m = 1; m < SW_MEDIA_ID_COUNT; m++) {
        const struct sw_media_info *row = &sw_media_infos[m];
        char name[256] = "/a.b/c.d";
        size_t n = strlen(name) + row->suffix_len;
        struct sw_media media;
        ck_assert_uint_eq(row->suffix_len, strlen(row->suffix));
        ck_assert_uint_eq(row->type_len, strlen(row->type));
        ck_assert_msg(sw_media_parse((struct sw_span){row->type, row->type_len}, &media), "%s",
                      row->type);
        strcat(name, row->suffix);
        expect_media(name, n, m);
        expect_media(row->suffix, row->suffix_len, m);
        for (size_t i = n - row->suffix_len; i < n; i++) {
            name[i] = (char)toupper((unsigned char)name[i]);
            expect_media(name, n, m);
        }
    }
    ck_assert_uint_eq(sw_media_infos[0].type_len, strlen(sw_media_infos[0].type));
}
END_TEST

START_TEST(neighbours_of_suffixes)
{
    for (int m = 1; m < SW_MEDIA_ID_COUNT; m++) {
        char name[256] = "a";
        size_t n = 1 + sw_media_infos[m].suffix_len;
        strcat(name, sw_media_infos[m].suffix);
        for (size_t i = 1; i < n; i++) {
            const char was = name[i];
            for (int c = 0; c < 256; c++) {
                name[i] = (char)c;
                expect_media(name, n, media_of(name, n));
            }
            name[i] = was;
            expect_media(name, i, media_of(name, i));
        }
        for (int c = 0; c < 256; c++) {
            name[n] = (char)c;
            expect_media(name, n + 1, media_of(name, n + 1));
        }
    }
}
END_TEST

START_TEST(odd_names_of_files)
{
    static const char *const names[] = {"",    ".",     "..",     "/",           "html",
                                        "a.",  "a/",    ".html/", "a.html/html", "a.html.",
                                        "a.x", "a.htm", "a.html "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_media(names[i], strlen(names[i]), media_of(names[i], strlen(names[i])));
}
END_TEST

/* ---- Flags and errors ------------------------------------------------------------------------ */

START_TEST(flags_make_sense)
{
    for (int m = 1; m < SW_METHOD_COUNT; m++) {
        const unsigned flags = sw_method_names[m].flags;
        if (flags & SW_METHOD_F_SAFE) /* RFC 9110 9.2.2 */
            ck_assert_msg(flags & SW_METHOD_F_IDEMPOTENT, "%s", sw_method_names[m].text);
        ck_assert(!(flags & SW_METHOD_F_CONTENT) || !(flags & SW_METHOD_F_CONTENT_FORBIDDEN));
    }
    for (int h = 1; h < SW_HEADER_COUNT; h++) {
        const unsigned flags = sw_header_names[h].flags;
        ck_assert_msg(!(flags & SW_HEADER_F_SINGLE) || !(flags & SW_HEADER_F_LIST), "%s",
                      sw_header_names[h].text);
        if (flags & (SW_HEADER_F_HOP | SW_HEADER_F_FRAMING))
            ck_assert_msg(flags & SW_HEADER_F_NO_TRAILER, "%s", sw_header_names[h].text);
    }
}
END_TEST

START_TEST(flags_of_some_words)
{
    static const struct {
        enum sw_method method;
        unsigned flags;
    } methods[] = {
        {SW_METHOD_OTHER, 0},
        {SW_METHOD_GET, SW_METHOD_F_SAFE | SW_METHOD_F_IDEMPOTENT | SW_METHOD_F_CACHEABLE},
        {SW_METHOD_POST, SW_METHOD_F_CACHEABLE | SW_METHOD_F_CONTENT},
        {SW_METHOD_DELETE, SW_METHOD_F_IDEMPOTENT},
        {SW_METHOD_CONNECT, 0},
        {SW_METHOD_TRACE,
         SW_METHOD_F_SAFE | SW_METHOD_F_IDEMPOTENT | SW_METHOD_F_CONTENT_FORBIDDEN},
        {SW_METHOD_PRI, SW_METHOD_F_SAFE | SW_METHOD_F_IDEMPOTENT | SW_METHOD_F_PREFACE},
    };
    static const struct {
        enum sw_header header;
        unsigned flags;
    } headers[] = {
        {SW_HEADER_OTHER, 0},
        {SW_HEADER_HOST, SW_HEADER_F_SINGLE | SW_HEADER_F_NO_TRAILER},
        {SW_HEADER_CONTENT_LENGTH,
         SW_HEADER_F_SINGLE | SW_HEADER_F_FRAMING | SW_HEADER_F_NO_TRAILER},
        {SW_HEADER_TRANSFER_ENCODING,
         SW_HEADER_F_LIST | SW_HEADER_F_HOP | SW_HEADER_F_FRAMING | SW_HEADER_F_NO_TRAILER},
        {SW_HEADER_SET_COOKIE, SW_HEADER_F_NO_TRAILER | SW_HEADER_F_SENSITIVE},
        {SW_HEADER_ETAG, SW_HEADER_F_SINGLE},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        ck_assert_uint_eq(sw_method_names[methods[i].method].flags, methods[i].flags);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        ck_assert_uint_eq(sw_header_names[headers[i].header].flags, headers[i].flags);
    ck_assert_uint_eq(sw_status_find(404)->flags, SW_STATUS_F_CACHEABLE);
    ck_assert_uint_eq(sw_status_find(302)->flags, 0);
}
END_TEST

START_TEST(errors_are_described_in_full)
{
    ck_assert_uint_eq(sw_error_infos[SW_OK].status, 0);
    for (int e = 1; e < SW_ERROR_COUNT; e++) {
        const struct sw_error_info *row = &sw_error_infos[e];
        ck_assert_uint_gt(strlen(row->name), 0);
        ck_assert_uint_gt(strlen(row->text), 0);
        ck_assert_uint_gt(strlen(row->rule), 0);
        ck_assert_int_ne(row->text[strlen(row->text) - 1], '.');
        ck_assert_uint_ge(row->status, 400);
        ck_assert_msg(sw_status_find(row->status) != NULL, "%s", row->name);
        for (int other = 0; other < e; other++) {
            ck_assert_str_ne(row->name, sw_error_infos[other].name);
            ck_assert_str_ne(row->text, sw_error_infos[other].text);
        }
    }
    ck_assert_str_eq(sw_error_infos[SW_ERROR_OBS_FOLD].name, "OBS_FOLD");
    ck_assert_uint_eq(sw_error_infos[SW_ERROR_TARGET_TOO_LONG].status, SW_STATUS_URI_TOO_LONG);
}
END_TEST

/* The ids of the first words of each kind are ABI; so is that nothing is inserted before them. */
START_TEST(ids_stay)
{
    ck_assert_int_eq(SW_METHOD_GET, 1);
    ck_assert_int_eq(SW_METHOD_TRACE, 9);
    ck_assert_int_eq(SW_HEADER_HOST, 1);
    ck_assert_int_eq(SW_HEADER_TRANSFER_ENCODING, 4);
    ck_assert_int_eq(SW_ERROR_BAD_METHOD, 1);
    ck_assert_int_eq(SW_ERROR_BAD_VALUE, 64);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {methods_and_their_neighbours, 1},
        {fields_in_any_case, 1},
        {neighbours_of_fields, 1},
        {no_name_escapes_the_table, 1},
        {status_rows_and_codes, 1},
        {status_lines, 1},
        {no_status_lines, 1},
        {suffixes_in_any_case, 1},
        {neighbours_of_suffixes, 1},
        {odd_names_of_files, 1},
        {flags_make_sense, 1},
        {flags_of_some_words, 1},
        {errors_are_described_in_full, 1},
        {ids_stay, 1},
    };
    return suite_main("words", tests, COUNT(tests));
}
