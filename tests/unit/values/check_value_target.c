/* check_value_target.c - request targets, percent-encoding, dot segments, queries. */
/* SPDX-License-Identifier: MIT */
#include <ctype.h>

#include "rows.h"

static void read_target(struct sw_span value, struct notes *notes)
{
    static const char *const forms[] = {"none", "origin", "absolute", "authority", "asterisk"};
    struct sw_target target;

    if (!sw_target_parse(value, &target)) {
        note(notes, "bad");
        return;
    }
    note(notes, "%s ", forms[target.form]);
    note_span(notes, target.scheme);
    note(notes, " ");
    note_span(notes, target.authority);
    note(notes, " ");
    note_span(notes, target.path);
    note(notes, " ");
    note_span(notes, target.query);
    note(notes, " %d", target.host.port);
}

START_TEST(a_target_has_one_of_four_forms)
{
    static const struct row rows[] = {
        {"/", "origin - - / - -1"},
        {"/a/b;c=d,e", "origin - - /a/b;c=d,e - -1"},
        {"/a?b=c&d", "origin - - /a b=c&d -1"},
        {"/a?", "origin - - /a  -1"},
        {"/?a?b/c:@", "origin - - / a?b/c:@ -1"},
        {"//a//b", "origin - - //a//b - -1"},
        {"/%41%2f%zz", "bad"},
        {"/%41%2f", "origin - - /%41%2f - -1"},
        {"/?%41%", "bad"},
        {"/a%4", "bad"},
        {"/a#b", "bad"},
        {"/a?b#c", "bad"},
        {"/a b", "bad"},
        {"/a\"b", "bad"},
        {"/a<b", "bad"},
        {"/a\\b", "bad"},
        {"/a[b]", "bad"},
        {"/a|b^c", "bad"},
        {"/\xc3\xa9", "bad"},
        {"*", "asterisk - - - - -1"},
        {"*a", "bad"},
        {"", "bad"},
        {"http://a", "absolute http a  - -1"},
        {"http://a/", "absolute http a / - -1"},
        {"HTTP://a:80/b?c", "absolute HTTP a:80 /b c 80"},
        {"http://a?b", "absolute http a  b -1"},
        {"x+y-z.1://[::1]:8/", "absolute x+y-z.1 [::1]:8 / - 8"},
        {"http://", "bad"},
        {"http:///a", "bad"},
        {"http://:80/", "bad"},
        {"http://u@a/", "bad"},
        {"http://u:p@a/", "bad"},
        {"http://a:b/", "bad"},
        {"http://a/b c", "bad"},
        {"http://a/#b", "bad"},
        {"1http://a/", "bad"},
        {"http:/a", "bad"},
        {"http:/", "bad"},
        {"http:a", "bad"},
        {"a:80", "authority - a:80 - - 80"},
        {"[::1]:443", "authority - [::1]:443 - - 443"},
        {"1.2.3.4:1", "authority - 1.2.3.4:1 - - 1"},
        {"a", "bad"},
        {"a:", "bad"},
        {":80", "bad"},
        {"a:80/", "bad"},
        {"u@a:80", "bad"},
        {"a/b", "bad"},
        {"?a", "bad"},
    };

    WALK(rows, read_target);
    ck_assert(!sw_target_parse((struct sw_span){NULL, 0}, &(struct sw_target){.form = 0}));
}
END_TEST

/* pchar and "/", RFC 3986 3.3; a query has "?" too. */
START_TEST(every_byte_of_a_target_follows_the_grammar)
{
    for (int c = 0; c < 256; c++) {
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool good = alnum || (c != 0 && strchr("-._~!$&'()*+,;=:@/?", c) != NULL);
        char path[] = {'/', (char)c, 'x'};
        char query[] = {'/', '?', (char)c};
        struct sw_target target;

        ck_assert_msg(sw_target_parse((struct sw_span){path, 3}, &target) == good, "%d", c);
        ck_assert_msg(sw_target_parse((struct sw_span){query, 3}, &target) == good, "%d", c);
    }
}
END_TEST

/* The path ends only at "?", valid or not; the flags of leniency decide which bytes are valid. */
START_TEST(a_path_ends_at_its_query_in_each_leniency)
{
    static const char *const fronts[] = {"", "http://x"};
    for (int c = 1; c < 256; c++)
        for (uint32_t lenient = 0; lenient <= SW_LENIENT_TARGET; lenient += SW_LENIENT_TARGET)
            for (size_t front = 0; front < 2; front++) {
                bool more = c > 127 || strchr("\"<>[\\]^`{|}", c);
                bool strict = strchr("-._~!$&'()*+,;=:@/?", c) || (c < 128 && isalnum(c));
                char text[32], path[8], query[8];
                struct sw_target target;
                snprintf(path, sizeof path, c == '?' ? "/a" : "/a%cb", c);
                snprintf(query, sizeof query, c == '?' ? "b?c?d" : "c%cd", c);
                snprintf(text, sizeof text, "%s%s?%s", fronts[front], path, query);
                ck_assert_msg(sw_target_parse_lenient(span_of(text), lenient, &target) ==
                                  (strict || (more && lenient)),
                              "%d", c);
                ck_assert_uint_eq(target.path.n, strlen(path));
                ck_assert_mem_eq(target.path.p, path, strlen(path));
                ck_assert_uint_eq(target.query.n, strlen(query));
                ck_assert_mem_eq(target.query.p, query, strlen(query));
                ck_assert(sw_target_parse(span_of(text), &target) == strict);
                ck_assert_uint_eq(target.path.n, strlen(path));
            }
    for (uint32_t other = 1; other < SW_LENIENT_TARGET; other <<= 1)
        ck_assert(!sw_target_parse_lenient(SW_SPAN("/|"), other, &(struct sw_target){.form = 0}));
}
END_TEST

START_TEST(a_path_is_complete_after_an_invalid_authority)
{
    struct sw_target target;
    ck_assert(!sw_target_parse(SW_SPAN("http://u@h/a|b?c"), &target));
    ck_assert_uint_eq(target.path.n, 4);
    ck_assert_uint_eq(target.query.n, 1);
    ck_assert(!sw_target_parse_lenient(SW_SPAN("/a%|"), SW_LENIENT_TARGET, &target));
    ck_assert_uint_eq(target.path.n, 4);
    ck_assert(!sw_target_parse_lenient(SW_SPAN("/a%?b"), SW_LENIENT_TARGET, &target));
    ck_assert_uint_eq(target.path.n, 3);
    ck_assert(sw_target_parse_lenient(SW_SPAN("/a?%"), SW_LENIENT_TARGET, &target));
    ck_assert(!sw_target_parse(SW_SPAN("/a?%"), &target));
    ck_assert_uint_eq(target.query.n, 1);
}
END_TEST

START_TEST(percent_encoding_is_resolved_as_requested)
{
    static const struct {
        const char *in, *out; /* out NULL: a bad value */
        unsigned flags;
    } rows[] = {
        {"", "", 0},
        {"/a%20b", "/a b", 0},
        {"%41%7a%C3%a9", "Az\xc3\xa9", 0},
        {"a+b", "a+b", 0},
        {"a+b%2B", "a b+", SW_DECODE_PLUS},
        {"a%2Fb%2fc", "a%2Fb%2fc", 0},
        {"a%2Fb%2fc", "a/b/c", SW_DECODE_SLASH},
        {"a+%2F", "a /", SW_DECODE_FORM},
        {"%252F", "%2F", 0},
        {"%2541", "%41", 0},
        {"%", NULL, 0},
        {"%4", NULL, 0},
        {"a%4", NULL, 0},
        {"%zz", NULL, SW_DECODE_FORM},
        {"%4z", NULL, SW_DECODE_NUL},
        {"%", "%", SW_DECODE_LOOSE},
        {"%4", "%4", SW_DECODE_LOOSE},
        {"%zz%41%%41", "%zzA%A", SW_DECODE_LOOSE},
        {"a%00b", NULL, 0},
        {"a%00b", NULL, SW_DECODE_LOOSE | SW_DECODE_FORM},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].in);
        char *p = guard_end(rows[i].in, n), out[32];
        ptrdiff_t want = rows[i].out ? (ptrdiff_t)strlen(rows[i].out) : -SW_ERROR_BAD_VALUE;
        struct sw_span text = {p, n};

        ck_assert_msg(sw_percent_decode(text, rows[i].flags, out, sizeof(out)) == want, "%s",
                      rows[i].in);
        if (want < 0)
            continue;
        ck_assert_mem_eq(out, rows[i].out, (size_t)want);
        if (want > 0)
            ck_assert_int_eq(sw_percent_decode(text, rows[i].flags, out, (size_t)want - 1),
                             -SW_ERROR_NO_ROOM);
        /* In place, where it came from. */
        ck_assert_int_eq(sw_percent_decode(text, rows[i].flags, p, n), want);
        ck_assert_mem_eq(p, rows[i].out, (size_t)want);
    }
    ck_assert_int_eq(sw_percent_decode(span_of("%00"), SW_DECODE_NUL, (char[1]){'x'}, 1), 1);
}
END_TEST

START_TEST(every_two_hexadecimal_digits_are_a_byte)
{
    for (int c = 1; c < 256; c++) {
        char text[4], out[1];

        snprintf(text, sizeof(text), c % 2 ? "%%%02x" : "%%%02X", (unsigned)c);
        ck_assert_int_eq(sw_percent_decode(span_of(text), SW_DECODE_SLASH, out, 1), 1);
        ck_assert_int_eq((unsigned char)out[0], c);
    }
}
END_TEST

static void read_path(struct sw_span path, struct notes *notes)
{
    char copy[64];
    size_t n;

    memcpy(copy, path.p, path.n);
    n = sw_path_normalise(copy, path.n);
    note(notes, "%.*s", (int)n, copy);
}

START_TEST(dot_segments_go_and_never_above_the_root)
{
    static const struct row rows[] = {
        {"", ""},
        {"/", "/"},
        {"/.", "/"},
        {"/..", "/"},
        {"/./", "/"},
        {"/../", "/"},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"/a/.", "/a/"},
        {"/a/./b", "/a/b"},
        {"/a/..", "/"},
        {"/a/../", "/"},
        {"/a/../b", "/b"},
        {"/a/b/..", "/a/"},
        {"/a/b/c/./../../g", "/a/g"},
        {"/../../../etc/passwd", "/etc/passwd"},
        {"/a/../../../b", "/b"},
        {"/...", "/..."},
        {"/.a/..b/c.", "/.a/..b/c."},
        {"/a./b..", "/a./b.."},
        {"/x./.x", "/x./.x"},
        {"//", "//"},
        {"//..", "/"},
        {"/a//..", "/a/"},
        {"/a//../b", "/a/b"},
        {"/a/.../..", "/a/"},
    };

    WALK(rows, read_path);
}
END_TEST

static void read_query(struct sw_span rest, struct notes *notes)
{
    struct sw_pair pair;
    int got;

    while ((got = sw_query_next(&rest, &pair)) > 0) {
        note_span(notes, pair.name);
        note(notes, "=");
        note_span(notes, pair.value);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(a_query_is_pairs)
{
    static const struct row rows[] = {
        {"", "."},
        {"&&", "."},
        {"a=b", "a=b|."},
        {"a=b&c=d", "a=b|c=d|."},
        {"&a=b&&c&", "a=b|c=-|."},
        {"a=", "a=|."},
        {"=b", "=b|."},
        {"=", "=|."},
        {"a=b=c&%3D=+", "a=b=c|%3D=+|."},
    };

    WALK(rows, read_query);
    ck_assert_int_eq(sw_query_next(&(struct sw_span){NULL, 0}, &(struct sw_pair){.name = {0, 0}}),
                     0);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {a_target_has_one_of_four_forms, 1},
        {every_byte_of_a_target_follows_the_grammar, 1},
        {a_path_ends_at_its_query_in_each_leniency, 1},
        {a_path_is_complete_after_an_invalid_authority, 1},
        {percent_encoding_is_resolved_as_requested, 1},
        {every_two_hexadecimal_digits_are_a_byte, 1},
        {dot_segments_go_and_never_above_the_root, 1},
        {a_query_is_pairs, 1},
    };
    return suite_main("value_target", tests, COUNT(tests));
}
