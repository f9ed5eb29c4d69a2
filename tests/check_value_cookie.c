/* check_value_cookie.c - Cookie, and Set-Cookie both ways. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

enum { NOW = 1700000000 };

static void read_cookies(struct sw_span rest, struct notes *notes)
{
    struct sw_pair cookie;
    int got;

    while ((got = sw_cookie_next(&rest, &cookie)) != 0) {
        note(notes, got < 0 ? "!" : "");
        note_span(notes, cookie.name);
        note(notes, "=");
        note_span(notes, cookie.value);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(a_bad_cookie_does_not_hide_the_others)
{
    static const struct row rows[] = {
        {"", "."},
        {" ", "."},
        {";; ;", "."},
        {"a=b", "a=b|."},
        {"SID=31d4d96e407aad42; lang=en-US", "SID=31d4d96e407aad42|lang=en-US|."},
        {"a=b;c=d ;\te=f;", "a=b|c=d|e=f|."},
        {"a=", "a=|."},
        {"a=b=c", "a=b=c|."},
        {"a=\"b\"", "a=\"b\"|."},
        {"a=\"\"", "a=\"\"|."},
        {"a=\"", "!a=\"=-|."},
        {"a=\"b", "!a=\"b=-|."},
        {"a=b\"c", "!a=b\"c=-|."},
        {"a=b c; d=e", "!a=b c=-|d=e|."},
        {"a=b,c; d=e", "!a=b,c=-|d=e|."},
        {"a=b\\; d=e", "!a=b\\=-|d=e|."},
        {"a; d=e", "!a=-|d=e|."},
        {"=a; d=e", "!=a=-|d=e|."},
        {"a b=c; d=e", "!a b=c=-|d=e|."},
        {"a =c; d=e", "!a =c=-|d=e|."},
        {"a= c; d=e", "!a= c=-|d=e|."},
        {"a=\xc3\xa9; d=e", "!a=\xc3\xa9=-|d=e|."},
    };

    WALK(rows, read_cookies);
}
END_TEST

/* cookie-octet of RFC 6265 4.1.1, and what an attribute may hold. */
START_TEST(every_byte_stands_in_a_cookie_where_its_grammar_lets_it)
{
    for (int c = 0; c < 256; c++) {
        bool octet = c == 0x21 || (c >= 0x23 && c <= 0x2b) || (c >= 0x2d && c <= 0x3a) ||
                     (c >= 0x3c && c <= 0x5b) || (c >= 0x5d && c <= 0x7e);
        bool attribute = c >= 0x20 && c <= 0x7e;
        char text[] = {'a', '=', 'x', (char)c, 'y'};
        char setting[] = {'a', '=', ';', 'x', (char)c, 'y'};
        struct sw_span rest = {text, 5};
        struct sw_pair cookie;
        struct sw_set_cookie set;
        bool got = sw_cookie_next(&rest, &cookie) > 0 && cookie.value.n == 3;

        ck_assert_msg(got == octet, "%d", c);
        rest = (struct sw_span){setting, 6};
        ck_assert_msg(sw_set_cookie_parse(rest, NOW, &set) == attribute, "%d", c);
    }
}
END_TEST

/* Read it, write it again: what was understood, in one order and spelling. */
static void read_set_cookie(struct sw_span value, struct notes *notes)
{
    struct sw_set_cookie cookie;
    char out[256];

    if (sw_set_cookie_parse(value, NOW, &cookie))
        note(notes, "%.*s", (int)sw_set_cookie_format(&cookie, out, sizeof(out)), out);
    else
        note(notes, "bad");
}

START_TEST(set_cookie_is_read_and_written)
{
    static const struct row rows[] = {
        {"a=b", "a=b"},
        {"a=", "a="},
        {"a=\"b\";", "a=\"b\""},
        {"a=b; Expires=Wed, 09 Jun 2021 10:18:14 GMT",
         "a=b; Expires=Wed, 09 Jun 2021 10:18:14 GMT"},
        {"a=b; Expires=Wednesday, 09-Jun-21 10:18:14 GMT",
         "a=b; Expires=Wed, 09 Jun 2021 10:18:14 GMT"},
        {"a=b; expires=never", "a=b"},
        {"a=b; Max-Age=3600", "a=b; Max-Age=3600"},
        {"a=b; Max-Age=-1", "a=b; Max-Age=-1"},
        {"a=b; Max-Age=0", "a=b; Max-Age=0"},
        {"a=b; Max-Age=99999999999999999999", "a=b; Max-Age=9223372036854775807"},
        {"a=b; Max-Age=-99999999999999999999", "a=b; Max-Age=-9223372036854775807"},
        {"a=b; Max-Age=1x", "a=b"},
        {"a=b; Max-Age=-", "a=b"},
        {"a=b; Max-Age", "a=b"},
        {"a=b; Domain=.Example.com", "a=b; Domain=Example.com"},
        {"a=b; Domain=c", "a=b; Domain=c"},
        {"a=b; Domain=", "a=b"},
        {"a=b; Domain=.", "a=b"},
        {"a=b; Domain", "a=b"},
        {"a=b; Path=/x", "a=b; Path=/x"},
        {"a=b; Path=/x; path=/y", "a=b; Path=/y"},
        {"a=b; Path=/x; path=y", "a=b"},
        {"a=b; Path", "a=b"},
        {"a=b;SECURE;httponly;partitioned;samesite=lax",
         "a=b; Secure; HttpOnly; SameSite=Lax; Partitioned"},
        {"a=b; SameSite = Strict ; Secure=x", "a=b; Secure; SameSite=Strict"},
        {"a=b; SameSite=None", "a=b; SameSite=None"},
        {"a=b; SameSite=Other", "a=b"},
        {"a=b; Unknown=c; ; =; =d", "a=b"},
        {"a=b; Path=/x, c=d; Secure", "a=b; Path=/x, c=d; Secure"},
        {"", "bad"},
        {";", "bad"},
        {"a", "bad"},
        {"=b", "bad"},
        {"a=b c", "bad"},
        {"a=b; Path=/\xc3\xa9", "bad"},
    };

    WALK(rows, read_set_cookie);
    ck_assert(!sw_set_cookie_parse((struct sw_span){NULL, 0}, NOW,
                                   &(struct sw_set_cookie){.secure = false}));
}
END_TEST

static ptrdiff_t format(const struct sw_set_cookie *cookie)
{
    char out[64];

    return sw_set_cookie_format(cookie, out, sizeof(out));
}

START_TEST(set_cookie_is_written_whole_or_not_at_all)
{
    static const char *const want = "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age="
                                    "-9223372036854775808; Domain=c; Path=/; HttpOnly";
    struct sw_set_cookie cookie = {
        .cookie = {{"a", 1}, {"b", 1}},
        .domain = {"c", 1},
        .path = {"/", 1},
        .max_age = INT64_MIN,
        .has_expires = true,
        .has_max_age = true,
        .http_only = true,
    };
    struct sw_set_cookie small = {.cookie = {{"a", 1}, {"b", 1}}}, bad;
    size_t n = strlen(want);

    for (size_t room = 0; room <= n; room++) {
        char *out = guard_end("", 0) - room;
        ptrdiff_t got = sw_set_cookie_format(&cookie, out, room);

        ck_assert_int_eq(got, room < n ? -SW_ERROR_NO_ROOM : (ptrdiff_t)n);
        if (room == n)
            ck_assert_mem_eq(out, want, n);
    }
    ck_assert_int_eq(format(&small), 3);
    bad = small;
    bad.cookie.name.n = 0;
    ck_assert_int_eq(format(&bad), -SW_ERROR_BAD_VALUE);
    bad = small;
    bad.cookie.name = span_of("a;");
    ck_assert_int_eq(format(&bad), -SW_ERROR_BAD_VALUE);
    bad = small;
    bad.cookie.value = span_of("b; Secure");
    ck_assert_int_eq(format(&bad), -SW_ERROR_BAD_VALUE);
    bad = small;
    bad.domain = span_of("c\r\nX: y");
    ck_assert_int_eq(format(&bad), -SW_ERROR_BAD_VALUE);
    bad = small;
    bad.path = span_of("/;");
    ck_assert_int_eq(format(&bad), -SW_ERROR_BAD_VALUE);
    bad = small;
    bad.same_site = SW_SAME_SITE_NONE + 1;
    ck_assert_int_eq(format(&bad), -SW_ERROR_BAD_VALUE);
}
END_TEST

int main(void)
{
    TCase *tests = suite_case("cookie");

    tcase_add_test(tests, a_bad_cookie_does_not_hide_the_others);
    tcase_add_test(tests, every_byte_stands_in_a_cookie_where_its_grammar_lets_it);
    tcase_add_test(tests, set_cookie_is_read_and_written);
    tcase_add_test(tests, set_cookie_is_written_whole_or_not_at_all);
    return run_case(tests, "value_cookie");
}
