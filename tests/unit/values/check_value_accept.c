/* check_value_accept.c - media types, the Accept fields, and what they choose. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

static void read_media(struct sw_span value, struct notes *notes)
{
    struct sw_media media;
    struct sw_param charset;

    if (!sw_media_parse(value, &media)) {
        note(notes, "bad");
        return;
    }
    note_span(notes, media.type);
    note(notes, " ");
    note_span(notes, media.subtype);
    if (sw_param_find(media.params, "charset", &charset)) {
        note(notes, " ");
        note_span(notes, charset.value);
    }
}

START_TEST(a_media_type_has_a_type_a_subtype_and_parameters)
{
    static const struct row rows[] = {
        {"text/html", "text html"},
        {"Text/HTML;Charset=\"utf-8\"", "Text HTML utf-8"},
        {"text/html; a=b ; charset=utf-8;", "text html utf-8"},
        {"application/vnd.api+json", "application vnd.api+json"},
        {"", "bad"},
        {"text", "bad"},
        {"text/", "bad"},
        {"/html", "bad"},
        {"text /html", "bad"},
        {"text/ html", "bad"},
        {"text/html/x", "bad"},
        {"text/html charset=x", "bad"},
        {"text/html;charset", "bad"},
        {"text/html;charset=\"x", "bad"},
        {"text/html, text/plain", "bad"},
    };

    WALK(rows, read_media);
}
END_TEST

static void note_accept(struct notes *notes, const struct sw_accept *accept)
{
    note_span(notes, accept->name);
    if (accept->sub.p != NULL) {
        note(notes, "/");
        note_span(notes, accept->sub);
        note_span(notes, accept->params);
    }
    note(notes, " %u|", accept->q);
}

static void read_accept(struct sw_span rest, struct notes *notes)
{
    struct sw_accept accept;
    int got;

    while ((got = sw_accept_next(&rest, &accept)) > 0)
        note_accept(notes, &accept);
    note_end(notes, got, rest);
}

static void read_codings(struct sw_span rest, struct notes *notes)
{
    struct sw_accept accept;
    int got;

    while ((got = sw_accept_coding_next(&rest, &accept)) > 0)
        note_accept(notes, &accept);
    note_end(notes, got, rest);
}

static void read_languages(struct sw_span rest, struct notes *notes)
{
    struct sw_accept accept;
    int got;

    while ((got = sw_accept_language_next(&rest, &accept)) > 0)
        note_accept(notes, &accept);
    note_end(notes, got, rest);
}

static const struct row media_ranges[] = {
    {"", "."},
    {"*/*", "*/* 1000|."},
    {"text/*;q=0.3, text/html;level=1;Q=0.7", "text/*;q=0.3 300|text/html;level=1;Q=0.7 700|."},
    {"a/b;q=0.5;x=y", "a/b;q=0.5;x=y 500|."},
    {"a/b;x=\"q=0,1\"", "a/b;x=\"q=0,1\" 1000|."},
    {"a/b;q=1;q=0", "!"},
    {"a/b;q=\"1\"", "!"},
    {"a/b;q", "!"},
    {"*/html", "!"},
    {"*", "!"},
    {"text", "!"},
    {"a/b, /c", "a/b 1000|!"},
    {"a/b;q=x, c/d", "!"},
    {"a/b \"", "!"},
};

static const struct row codings[] = {
    {"", "."},
    {"gzip", "gzip 1000|."},
    {"gzip;q=1.0, identity; q=0.5, *;q=0", "gzip 1000|identity 500|* 0|."},
    {"gzip ;\tq=0.001", "gzip 1|."},
    {"br;Q=0.", "br 0|."},
    {"br;q=1.", "br 1000|."},
    {"br;q=1.000", "br 1000|."},
    {"br;q=0.12", "br 120|."},
    {"br;q=0.1234", "!"},
    {"br;q=1.001", "!"},
    {"br;q=1.1", "!"},
    {"br;q=2", "!"},
    {"br;q=00", "!"},
    {"br;q=.5", "!"},
    {"br;q=-1", "!"},
    {"br;q=0.1a", "!"},
    {"br;q=0,5", "br 0|5 1000|."},
    {"br;q=", "!"},
    {"br;q", "!"},
    {"br;", "!"},
    {"br;q =1", "!"},
    {"br;x=1", "!"},
    {"br;q=1;x=1", "!"},
    {"br x", "!"},
    {";q=1", "!"},
    {"a, \"", "a 1000|!"},
};

static const struct row languages[] = {
    {"da, en-gb;q=0.8, en;q=0.7", "da 1000|en-gb 800|en 700|."},
    {"*;q=0.1", "* 100|."},
    {"zh-Hant-TW-x-a1", "zh-Hant-TW-x-a1 1000|."},
    {"abcdefgh-12345678", "abcdefgh-12345678 1000|."},
    {"abcdefghi", "!"},
    {"a-123456789", "!"},
    {"abcdefghi-a", "!"},
    {"en_US", "!"},
    {"e1", "!"},
    {"en-", "!"},
    {"-en", "!"},
    {"en--us", "!"},
    {"*-CH", "!"},
    {"de-*", "!"},
    {"en;q=2", "!"},
};

START_TEST(accept_is_a_list_of_weighted_ranges)
{
    WALK(media_ranges, read_accept);
    WALK(codings, read_codings);
    WALK(languages, read_languages);
}
END_TEST

struct choice {
    const char *accept; /* NULL: absent */
    const char *offers[4];
    ptrdiff_t index;
};

static void choose(const struct choice *rows, size_t count,
                   ptrdiff_t (*by)(struct sw_span, const struct sw_span *, size_t))
{
    for (size_t i = 0; i < count; i++) {
        struct sw_span offers[4], accept = {NULL, 0};
        size_t n = 0;
        ptrdiff_t got;

        if (rows[i].accept != NULL) {
            accept.n = strlen(rows[i].accept);
            accept.p = guard_end(rows[i].accept, accept.n);
        }
        for (; n < 4 && rows[i].offers[n] != NULL; n++)
            offers[n] = span_of(rows[i].offers[n]);
        got = by(accept, offers, n);
        ck_assert_msg(got == rows[i].index, "%s: %td, not %td", rows[i].accept, got, rows[i].index);
    }
}

#define CHOOSE(rows, by) choose(rows, sizeof(rows) / sizeof((rows)[0]), by)

START_TEST(the_more_specific_range_gives_the_weight)
{
    static const struct choice rows[] = {
        {NULL, {"a/b", "c/d"}, 0},
        {NULL, {NULL}, SW_CHOICE_NONE},
        {"*/*", {NULL}, SW_CHOICE_NONE},
        {"", {"a/b"}, SW_CHOICE_NONE},
        {"*/*", {"a/b", "c/d"}, 0},
        {"C/D", {"a/b", "c/d"}, 1},
        {"a/*;q=0.5, c/*", {"a/b", "c/d"}, 1},
        {"a/b;q=0", {"a/b"}, SW_CHOICE_NONE},
        {"a/b;q=0, */*;q=0.1", {"a/b", "c/d"}, 1},
        {"*/*;q=0.1, a/b;q=0", {"a/b", "c/d"}, 1},
        {"a/c", {"a/b"}, SW_CHOICE_NONE},
        {"b/*", {"a/b"}, SW_CHOICE_NONE},
        /* The example of RFC 9110 12.5.1. */
        {"text/*, text/plain;q=0.1, text/plain;format=flowed, */*;q=0.5",
         {"text/plain", "text/plain;format=flowed"},
         1},
        {"text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, "
         "*/*;q=0.5",
         {"image/jpeg", "text/plain;format=fixed", "text/html", "text/plain"},
         3},
        {"text/html;level=1, text/html;q=0.4", {"text/html;level=2", "text/html; level=1"}, 1},
        /* A named type beats a parameter. */
        {"*/*;level=1;q=0.1, text/html", {"text/html;level=1", "image/png"}, 0},
        {"*/*;level=1, text/html;q=0.1", {"text/html;level=1", "image/png;level=1"}, 1},
        /* Values are what they mean, not how they are quoted. */
        {"a/b;x=\"y\\z\"", {"a/b;x=y", "a/b;x=yz"}, 1},
        {"a/b;x=Yz", {"a/b;x=\"\\y\\z\""}, 0},
        {"a/b;x=yz", {"a/b;x=y"}, SW_CHOICE_NONE},
        {"a/b;x=y", {"a/b;x=yz"}, SW_CHOICE_NONE},
        {"a/b;x=y", {"a/b;y=x;x=y"}, 0},
        {"*/*", {"rubbish", "a/b"}, 1},
        {"rubbish", {"a/b"}, SW_CHOICE_BAD},
        {"a/b, c", {"a/b"}, SW_CHOICE_BAD},
    };

    CHOOSE(rows, sw_accept_choose);
}
END_TEST

START_TEST(identity_is_the_coding_of_last_resort)
{
    static const struct choice rows[] = {
        {NULL, {"gzip", "identity"}, 0},
        {"", {"gzip", "identity"}, 1},
        {"", {"gzip"}, SW_CHOICE_NONE},
        {"gzip", {"br", "gzip", "identity"}, 1},
        {"gzip;q=0.001", {"identity", "gzip"}, 1},
        {"gzip, br", {"br", "gzip"}, 0},
        {"gzip;q=0.9, br", {"gzip", "br"}, 1},
        {"compress", {"gzip", "identity"}, 1},
        {"gzip;q=0", {"gzip", "identity"}, 1},
        {"*", {"br", "identity"}, 0},
        {"*;q=0", {"br", "identity"}, SW_CHOICE_NONE},
        {"identity;q=0", {"br", "identity"}, SW_CHOICE_NONE},
        {"*;q=0, identity;q=0.5", {"br", "identity"}, 1},
        {"gzip;q=0, *", {"gzip", "br"}, 1},
        {"*, gzip;q=0", {"gzip", "br"}, 1},
        {"X-GZIP", {"gzip"}, 0},
        {"gzip", {"x-gzip"}, 0},
        {"x-compress", {"gzip", "compress"}, 1},
        {"x-br", {"br"}, SW_CHOICE_NONE},
        {"gzip;q=9", {"gzip"}, SW_CHOICE_BAD},
    };

    CHOOSE(rows, sw_accept_coding_choose);
}
END_TEST

START_TEST(languages_are_filtered_then_looked_up)
{
    static const struct choice rows[] = {
        {NULL, {"en", "de"}, 0},
        {"de", {"en", "de"}, 1},
        {"DE", {"en", "de-CH"}, 1},
        {"de", {"den"}, SW_CHOICE_NONE},
        {"da, en-gb;q=0.8, en;q=0.7", {"en-US", "en-GB"}, 1},
        {"en;q=0.7, en-gb;q=0", {"en-GB", "en-US"}, 1},
        {"en-gb;q=0, en;q=0.7", {"en-GB", "en-US"}, 1},
        /* The first named of equals, whatever the offers' order. */
        {"fr, en", {"en", "fr"}, 1},
        {"en, fr", {"en", "fr"}, 0},
        {"en;q=0.5, fr", {"en", "fr"}, 1},
        /* Lookup: de-CH-1996 falls back to de-CH and to de. */
        {"de-CH-1996, en;q=0.5", {"en", "de"}, 1},
        {"de-CH-1996", {"en", "de-CH"}, 1},
        {"de-CH;q=0.2, de-AT;q=0.6, en;q=0.5", {"en", "de"}, 1},
        {"de-AT;q=0.6, de-CH;q=0.2, en;q=0.5", {"en", "de"}, 1},
        {"de-CH;q=0", {"de"}, SW_CHOICE_NONE},
        {"de-CH;q=0, *", {"de"}, 0},
        {"*", {"en"}, 0},
        {"*;q=0", {"en"}, SW_CHOICE_NONE},
        {"*;q=0.1, *;q=0.9, de;q=0.5", {"de", "en"}, 1},
        {"*;q=0.9, *;q=0.1, de;q=0.5", {"de", "en"}, 1},
        {"en;q=0, *", {"en", "fr"}, 1},
        {"de", {"", "de"}, 1},
        {"", {"en"}, SW_CHOICE_NONE},
        {"en_US", {"en"}, SW_CHOICE_BAD},
    };
    char *many = guard_end("", 0) - 3 * 70000;

    CHOOSE(rows, sw_accept_language_choose);
    /* Places further back than can be counted are all last. */
    for (size_t i = 0; i < 70000; i++)
        memcpy(many + 3 * i, i < 69999 ? "xx," : " de", 3);
    ck_assert_int_eq(
        sw_accept_language_choose((struct sw_span){many, 3 * 70000}, &(struct sw_span){"de", 2}, 1),
        0);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {a_media_type_has_a_type_a_subtype_and_parameters, 1},
        {accept_is_a_list_of_weighted_ranges, 1},
        {the_more_specific_range_gives_the_weight, 1},
        {identity_is_the_coding_of_last_resort, 1},
        {languages_are_filtered_then_looked_up, 1},
    };
    return suite_main("value_accept", tests, COUNT(tests));
}
