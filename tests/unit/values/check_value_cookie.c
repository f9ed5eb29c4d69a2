/* check_value_cookie.c - Cookie; Set-Cookie read and written. */
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

/* cookie-octet and the bytes of an attribute's value, RFC 6265 4.1.1. */
START_TEST(every_byte_of_a_cookie_follows_the_grammar)
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

/* Read it and write it again: the known attributes in one order and spelling. */
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
        /* A cookie-date, which is more than an HTTP-date. */
        {"id=x; Expires=Thu, 01-Jan-2026 00:00:01 GMT",
         "id=x; Expires=Thu, 01 Jan 2026 00:00:01 GMT"},
        {"a=b; EXPIRES=Thu Jan 1 2026 0:0:1", "a=b; Expires=Thu, 01 Jan 2026 00:00:01 GMT"},
        {"a=b; Expires =\tThu, 01-Jan-2026 00:00:01 GMT\t; Secure",
         "a=b; Expires=Thu, 01 Jan 2026 00:00:01 GMT; Secure"},
        {"a=b; Expires=01 Jan 2026 00:00:01; Expires=02 Feb 2027 00:00:02",
         "a=b; Expires=Tue, 02 Feb 2027 00:00:02 GMT"},
        {"a=b; Expires=01 Jan 2026 00:00:01; Expires=never; Expires",
         "a=b; Expires=Thu, 01 Jan 2026 00:00:01 GMT"},
        {"a=b; Expires=01 Jan 1600 00:00:01", "a=b"},
        {"a=b; Max-Age=3600", "a=b; Max-Age=3600"},
        {"a=b; Max-Age=-1", "a=b; Max-Age=-1"},
        {"a=b; Max-Age=0", "a=b; Max-Age=0"},
        {"a=b; Max-Age=99999999999999999999", "a=b; Max-Age=9223372036854775807"},
        {"a=b; Max-Age=-99999999999999999999", "a=b; Max-Age=-9223372036854775807"},
        {"a=b; Max-Age=9223372036854775807", "a=b; Max-Age=9223372036854775807"},
        {"a=b; Max-Age=9223372036854775808", "a=b; Max-Age=9223372036854775807"},
        {"a=b; Max-Age=-9223372036854775808", "a=b; Max-Age=-9223372036854775807"},
        {"a=b; max-AGE =\t007 ", "a=b; Max-Age=7"},
        {"a=b; Max-Age=-0", "a=b; Max-Age=0"},
        {"a=b; Max-Age=1; Max-Age=2", "a=b; Max-Age=2"},
        {"a=b; Max-Age=1; Max-Age=2s; Max-Age=; Max-Age", "a=b; Max-Age=1"},
        {"a=b; Max-Age=1x", "a=b"},
        {"a=b; Max-Age=+1", "a=b"},
        {"a=b; Max-Age=--1", "a=b"},
        {"a=b; Max-Age=1-", "a=b"},
        {"a=b; Max-Age=1.5", "a=b"},
        {"a=b; Max-Age=1 2", "a=b"},
        {"a=b; Max-Age=\"1\"", "a=b"},
        {"a=b; Max-Age=", "a=b"},
        {"a=b; Max-Age=-", "a=b"},
        {"a=b; Max-Age", "a=b"},
        {"a=b; Domain=.Example.com", "a=b; Domain=Example.com"},
        {"a=b; Domain=c", "a=b; Domain=c"},
        {"a=b; Domain=", "a=b"},
        {"a=b; Domain=.", "a=b"},
        {"a=b; Domain=..c", "a=b; Domain=.c"},
        {"a=b; Domain=c; domain=d", "a=b; Domain=d"},
        {"a=b; Domain=c; Domain=", "a=b; Domain=c"},
        {"a=b; Domain=c; Domain=.", "a=b"},
        {"a=b; Domain", "a=b"},
        {"a=b; Path=/x", "a=b; Path=/x"},
        {"a=b; Path=/x; path=/y", "a=b; Path=/y"},
        {"a=b; Path=/x; path=y", "a=b"},
        {"a=b; Path", "a=b"},
        {"a=b; Path=", "a=b"},
        {"a=b; Path=/x; Path", "a=b"},
        {"a=b; Path=\"/x\"", "a=b"},
        {"a=b; PATH = /x/ ", "a=b; Path=/x/"},
        {"a=b;SECURE;httponly;partitioned;samesite=lax",
         "a=b; Secure; HttpOnly; SameSite=Lax; Partitioned"},
        {"a=b; SameSite = Strict ; Secure=x", "a=b; Secure; SameSite=Strict"},
        {"a=b; SameSite=None", "a=b; SameSite=None"},
        {"a=b; SameSite=Other", "a=b"},
        {"a=b; SameSite=Laxx; SameSite=La; SameSite", "a=b"},
        {"a=b; samesite=LAX; SAMESITE=none", "a=b; SameSite=None"},
        {"a=b; Unknown=c; ; =; =d", "a=b"},
        /* An unknown attribute is not taken for a known one. */
        {"a=b; Unknown=Lax; =Strict; SameSit=Lax; SameSites=None; Same-Site=Strict; S=None", "a=b"},
        {"a=b; SameSite=Lax; Priority=Strict", "a=b; SameSite=Lax"},
        {"a=b; Securex; xSecure; Http-Only; HttpOnly2; Partition; Partitioned-; Secur", "a=b"},
        {"a=b; Expire=01 Jan 2026 00:00:01; Max-Ag=1; MaxAge=1; Domains=c; Pat=/; Paths=/", "a=b"},
        {"a = b ; Secure", "a=b; Secure"},
        {"\ta\t=\tb\t", "a=b"},
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

static void read_end(struct sw_span value, struct notes *notes)
{
    struct sw_set_cookie cookie;

    ck_assert(sw_set_cookie_parse(value, NOW, &cookie));
    if (cookie.ends == INT64_MAX || cookie.ends == INT64_MIN)
        note(notes, cookie.ends == INT64_MAX ? "never" : "at once");
    else
        note(notes, "%lld", (long long)cookie.ends);
}

/* RFC 6265 5.2.2, 5.3 */
START_TEST(max_age_has_precedence_over_expires)
{
    static const struct row rows[] = {
        {"a=b", "never"},
        {"a=b; Expires=01 Jan 1970 00:00:05", "5"},
        {"a=b; Max-Age=3", "1700000003"},
        {"a=b; Max-Age=3; Expires=01 Jan 1970 00:00:05", "1700000003"},
        {"a=b; Expires=01 Jan 1970 00:00:05; Max-Age=3", "1700000003"},
        {"a=b; Expires=01 Jan 1970 00:00:05; Max-Age=x", "5"},
        {"a=b; Max-Age=0; Expires=01 Jan 2050 00:00:05", "at once"},
        {"a=b; Max-Age=-7", "at once"},
        {"a=b; Max-Age=9223372035154775807", "never"},
        {"a=b; Max-Age=9223372035154775806", "9223372036854775806"},
        {"a=b; Max-Age=99999999999999999999", "never"},
    };

    WALK(rows, read_end);
}
END_TEST

static void read_cookie_date(struct sw_span value, struct notes *notes)
{
    int64_t seconds;

    if (sw_cookie_date_parse(value, &seconds))
        note(notes, "%lld", (long long)seconds);
    else
        note(notes, "bad");
}

START_TEST(the_parts_of_a_cookie_date_are_in_any_order)
{
    static const struct row rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", "784111777"},
        {"Sunday, 06-Nov-94 08:49:37 GMT", "784111777"},
        {"Sun Nov  6 08:49:37 1994", "784111777"},
        {"Sun, 06-Nov-1994 08:49:37 GMT", "784111777"},
        {"08:49:37 06 Nov 1994", "784111777"},
        {"Nov 08:49:37 06 1994", "784111777"},
        {"06 1994 nov 8:49:37", "784111777"},
        {"NOVEMBER 6 8:49:37 94", "784111777"},
        {"6th nov 1994ad 08:49:37.5", "784111777"},
        {"6th nov 1994ad 08:49:37Z", "784111777"},
        {"06 Nov 1994 08:49:37 +0200", "784111777"},
        {"\t06/Nov@1994[08:49:37]", "784111777"},
        {"06{Nov}1994~08:49:37~~", "784111777"},
        {"06;Nov`1994_08:49:37", "784111777"},
        /* Only the first of each counts, and a part is what the token can be first. */
        {"06 Nov 1994 08:49:37 07 Dec 1995 09:50:38", "784111777"},
        {"06 07 Nov 1994 08:49:37", "1194338977"},
        {"1994 06 Nov 08:49:37", "784111777"},
        {"06 94 Nov 08:49:37", "784111777"},
        {"6:7 Nov 1994 08:49:37", "784111777"},
        {"08:49:37 6:7:8 Nov 1994", "784111777"},
        {"0006 6 Nov 1994 08:49:37", "1162802977"},
        /* Years of two digits, and of more. */
        {"01 Jan 70 00:00:00", "0"},
        {"01 Jan 99 00:00:00", "915148800"},
        {"01 Jan 00 00:00:00", "946684800"},
        {"01 Jan 69 00:00:00", "3124224000"},
        {"01 Jan 069 00:00:00", "3124224000"},
        {"01 Jan 100 00:00:00", "bad"},
        {"31 Dec 1600 23:59:59", "bad"},
        {"01 Jan 1601 00:00:00", "-11644473600"},
        {"31 Dec 9999 23:59:59", "253402300799"},
        {"01 Jan 10000 00:00:00", "bad"},
        {"01 Jan 5 00:00:00", "bad"},
        /* Dates that do not exist, times that are none. */
        {"29 Feb 2024 00:00:00", "1709164800"},
        {"29 Feb 2023 00:00:00", "bad"},
        {"31 Apr 2024 00:00:00", "bad"},
        {"32 Jan 2024 00:00:00", "bad"},
        {"0 Jan 2024 00:00:00", "bad"},
        {"001 Jan 2024 00:00:00", "bad"},
        {"01 Jan 2024 23:59:59", "1704153599"},
        {"01 Jan 2024 24:00:00", "bad"},
        {"01 Jan 2024 00:60:00", "bad"},
        {"01 Jan 2024 00:00:60", "bad"},
        {"01 Jan 2024 00:00:60 00:00:01", "bad"},
        {"01 Jan 2024 000:00:00", "bad"},
        {"01 Jan 2024 00:000:00", "bad"},
        {"01 Jan 2024 00:00:000", "bad"},
        {"01 Jan 2024 00:00:", "bad"},
        {"01 Jan 2024 00:00", "bad"},
        {"01 Jan 2024 00-00-00", "bad"},
        /* A part is missing. */
        {"Jan 2024 00:00:00", "bad"},
        {"01 2024 00:00:00", "bad"},
        {"01 Ja 2024 00:00:00", "bad"},
        {"01 Foo 2024 00:00:00", "bad"},
        {"01 Jan 00:00:00", "bad"},
        {"01 Jan 2024", "bad"},
        {"0", "bad"},
        {"-1", "bad"},
        {" ,;", "bad"},
        {"", "bad"},
    };
    int64_t seconds;

    WALK(rows, read_cookie_date);
    ck_assert(!sw_cookie_date_parse((struct sw_span){NULL, 0}, &seconds));
}
END_TEST

START_TEST(every_month_has_its_name_and_every_byte_delimits_or_does_not)
{
    static const char *const months[] = {"jan", "fEb", "MAR",  "april", "May", "June",
                                         "JUL", "aug", "Sept", "OCT",   "nov", "December"};
    char text[64];
    int64_t seconds;

    for (int i = 0; i < 12; i++) {
        int n = snprintf(text, sizeof(text), "3 %s 2001 0:0:0", months[i]), month = 0;
        char back[SW_DATE_LEN];

        ck_assert(sw_cookie_date_parse((struct sw_span){text, (size_t)n}, &seconds));
        sw_date_format(seconds, back);
        for (month = 0; month < 12; month++)
            if (sw_token_is((struct sw_span){back + 8, 3},
                            (char[]){months[month][0], months[month][1], months[month][2], 0}))
                break;
        ck_assert_int_eq(month, i);
    }
    for (int c = 0; c < 256; c++) {
        bool delimits = c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
                        (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
        char date[] = "03xJan 2001 0:0:0";

        date[2] = (char)c;
        ck_assert_msg(sw_cookie_date_parse(span_of(date), &seconds) == delimits || c == 0, "%d", c);
    }
}
END_TEST

/* RFC 6265 5.1.3 */
START_TEST(a_domain_matches_the_hosts_in_it)
{
    static const struct {
        const char *host, *domain;
        bool matches;
    } rows[] = {
        {"example.com", "example.com", true},
        {"WWW.example.COM", "Example.com", true},
        {"a.b.example.com", "example.com", true},
        {"example.com", "www.example.com", false},
        {"badexample.com", "example.com", false},
        {"example.org", "example.com", false},
        {"example.com", "", false},
        {"", "", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "0.2.1", false},
        {"192.0.2.1", "2.1", false},
        {"x.192.0.2.1", "192.0.2.1", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(sw_cookie_domain_matches(span_of(rows[i].host), span_of(rows[i].domain)) ==
                          rows[i].matches,
                      "%s %s", rows[i].host, rows[i].domain);
}
END_TEST

static ptrdiff_t format(const struct sw_set_cookie *cookie)
{
    char out[64];

    return sw_set_cookie_format(cookie, out, sizeof(out));
}

START_TEST(set_cookie_is_written_completely_or_not_at_all)
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
    const struct suite_test tests[] = {
        {a_bad_cookie_does_not_hide_the_others, 1},
        {every_byte_of_a_cookie_follows_the_grammar, 1},
        {set_cookie_is_read_and_written, 1},
        {max_age_has_precedence_over_expires, 1},
        {the_parts_of_a_cookie_date_are_in_any_order, 1},
        {every_month_has_its_name_and_every_byte_delimits_or_does_not, 1},
        {a_domain_matches_the_hosts_in_it, 1},
        {set_cookie_is_written_completely_or_not_at_all, 1},
    };
    return suite_main("value_cookie", tests, COUNT(tests));
}
