/* check_value_lines.c - the fields of a head, their lists in one line or in several. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

enum { NOW = 784111778, MODIFIED = NOW - 1 };

#define DATE  "Sun, 06 Nov 1994 08:49:37 GMT"
#define LATER "Sun, 06 Nov 1994 08:49:38 GMT"

static char text[2048];
static struct sw_head head;

/* Reads a request with these field lines, separated by "|"; fails if one is invalid. */
static void read_head(const char *start, const char *fields)
{
    size_t n = (size_t)snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: h\r\n", start);

    for (const char *p = fields; *p != '\0'; p++) {
        if (*p == '|')
            text[n++] = '\r';
        text[n++] = *p == '|' ? '\n' : *p;
    }
    memcpy(text + n, "\r\n", 2);
    sw_head_init(&head, SW_REQUEST, NULL);
    ck_assert_msg(sw_head_parse(&head, text, n + 2) == (ptrdiff_t)n + 2, "%s", fields);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

START_TEST(all_lines_of_a_field_are_seen_in_their_order)
{
    static const struct {
        const char *fields, *lines, *value;
    } rows[] = {
        {"", "", "-"},
        {"Via: a|", "", "-"},
        {"Vary: a|", "a/", "a"},
        {"Vary:|", "/", ""},
        {"Vary: a|Vary: b, c|", "a/b, c/", ""},
        {"vary: a|Via: x|VARY:|X: y|Vary: b|", "a//b/", ""},
        {"Via: x|Vary: a|", "a/", "a"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct notes notes = {.n = 0}, value = {.n = 0};

        read_head("GET", rows[i].fields);
        struct sw_lines lines = sw_lines_of(&head, text, SW_HEADER_VARY);
        while (sw_lines_next(&lines)) {
            note_span(&notes, lines.rest);
            note(&notes, "/");
        }
        ck_assert(!sw_lines_next(&lines));
        ck_assert_str_eq(notes.text, rows[i].lines);
        note_span(&value, sw_head_value(&head, text, SW_HEADER_VARY));
        ck_assert_str_eq(value.text, rows[i].value);
    }
}
END_TEST

/* More lines than SW_FIELDS_INLINE. */
START_TEST(many_lines_are_all_seen)
{
    static struct sw_field more[64];
    char fields[1024] = "";
    size_t count = 0;

    for (int i = 0; i < 60; i++)
        strcat(fields, i == 59 ? "Vary: last|" : "Vary: a|");
    read_head("GET", "");
    sw_head_init(&head, SW_REQUEST, NULL);
    sw_head_attach_fields(&head, more, 64);
    size_t n = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\n");
    for (const char *p = fields; *p != '\0'; p++) {
        if (*p == '|')
            text[n++] = '\r';
        text[n++] = *p == '|' ? '\n' : *p;
    }
    memcpy(text + n, "\r\n", 2);
    ck_assert_int_gt(sw_head_parse(&head, text, n + 2), 0);
    for (struct sw_lines lines = sw_lines_of(&head, text, SW_HEADER_VARY); sw_lines_next(&lines);)
        count++;
    ck_assert_uint_eq(count, 60);
    ck_assert(sw_head_has_token(&head, text, SW_HEADER_VARY, "LAST"));
}
END_TEST

/* ---- Lists that are read element by element ------------------------------------------------- */

#define EACH(type, id, call)                                                                       \
    do {                                                                                           \
        type x;                                                                                    \
        for (struct sw_lines lines = sw_lines_of(&head, text, id); sw_lines_next(&lines);)         \
            while (call(&lines.rest, &x) > 0)                                                      \
                count++;                                                                           \
    } while (0)

START_TEST(each_list_goes_on_in_the_next_line)
{
    size_t count = 0;

    read_head("GET", "Cookie: a=b; c=d|Cookie: e=f|Accept: a/b|Accept: c/d;q=0.5, e/f|"
                     "Accept-Encoding: br|Accept-Encoding: gzip|Accept-Language: de|"
                     "Accept-Language: en, fr|TE: trailers|TE: gzip;q=0.5|"
                     "If-Match: \"a\"|If-Match: W/\"b\", \"c\"|Forwarded: for=a|Forwarded: for=b|"
                     "X-Forwarded-For: ::1|X-Forwarded-For: 192.0.2.1, 192.0.2.2|"
                     "Cache-Control: no-cache|Cache-Control: max-age=1|Connection: a|"
                     "Connection: b, c|WWW-Authenticate: Basic realm=x|WWW-Authenticate: A, B|"
                     "Allow: GET|Allow: PUT|Content-Encoding: gzip|Content-Encoding: br|");
    EACH(struct sw_pair, SW_HEADER_COOKIE, sw_cookie_next);
    ck_assert_uint_eq(count, 3);
    EACH(struct sw_accept, SW_HEADER_ACCEPT, sw_accept_next);
    ck_assert_uint_eq(count, 6);
    EACH(struct sw_accept, SW_HEADER_ACCEPT_ENCODING, sw_accept_coding_next);
    ck_assert_uint_eq(count, 8);
    EACH(struct sw_accept, SW_HEADER_ACCEPT_LANGUAGE, sw_accept_language_next);
    ck_assert_uint_eq(count, 11);
    EACH(struct sw_accept, SW_HEADER_TE, sw_accept_coding_next);
    ck_assert_uint_eq(count, 13);
    EACH(struct sw_etag, SW_HEADER_IF_MATCH, sw_etag_next);
    ck_assert_uint_eq(count, 16);
    EACH(struct sw_forwarded, SW_HEADER_FORWARDED, sw_forwarded_next);
    ck_assert_uint_eq(count, 18);
    EACH(struct sw_node, SW_HEADER_X_FORWARDED_FOR, sw_forwarded_for_next);
    ck_assert_uint_eq(count, 21);
    EACH(struct sw_param, SW_HEADER_CACHE_CONTROL, sw_directive_next);
    ck_assert_uint_eq(count, 23);
    EACH(struct sw_span, SW_HEADER_CONNECTION, sw_token_next);
    ck_assert_uint_eq(count, 26);
    EACH(struct sw_auth, SW_HEADER_WWW_AUTHENTICATE, sw_challenge_next);
    ck_assert_uint_eq(count, 29);
    EACH(struct sw_span, SW_HEADER_ALLOW, sw_token_next);
    ck_assert_uint_eq(count, 31);
    EACH(struct sw_span, SW_HEADER_CONTENT_ENCODING, sw_token_next);
    ck_assert_uint_eq(count, 33);
}
END_TEST

START_TEST(a_token_may_be_on_any_line)
{
    read_head("GET", "Upgrade: a|Upgrade: b/1, c|Connection: x|Connection: \"|"
                     "Connection: Upgrade|");
    ck_assert(sw_head_has_token(&head, text, SW_HEADER_UPGRADE, "a"));
    ck_assert(sw_head_has_token(&head, text, SW_HEADER_UPGRADE, "C"));
    ck_assert(!sw_head_has_token(&head, text, SW_HEADER_UPGRADE, "b"));
    ck_assert(sw_head_has_token(&head, text, SW_HEADER_CONNECTION, "upgrade"));
    ck_assert(!sw_head_has_token(&head, text, SW_HEADER_VIA, "a"));
}
END_TEST

START_TEST(an_expectation_may_be_on_any_line)
{
    static const struct {
        const char *fields;
        enum sw_expect expect;
    } rows[] = {
        {"", SW_EXPECT_NOTHING},
        {"Expect:|Expect: ,|", SW_EXPECT_NOTHING},
        {"Expect: 100-continue|", SW_EXPECT_CONTINUE},
        {"Expect:|Expect: 100-Continue|", SW_EXPECT_CONTINUE},
        {"Expect: 100-continue|Expect: 100-continue|", SW_EXPECT_CONTINUE},
        {"Expect: 100-continue|Expect: other|", SW_EXPECT_OTHER},
        {"Expect: other|Expect: 100-continue|", SW_EXPECT_OTHER},
        {"Expect: 100-continue|Expect: \"|", SW_EXPECT_OTHER},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        read_head("GET", rows[i].fields);
        ck_assert_msg(sw_head_expect(&head, text) == rows[i].expect, "%s", rows[i].fields);
    }
}
END_TEST

/* ---- Choices --------------------------------------------------------------------------------- */

struct choice {
    const char *fields;
    ptrdiff_t choice;
};

typedef ptrdiff_t choose(const struct sw_head *head, const char *buf, const struct sw_span *offers,
                         size_t count);

static void check_choices(const struct choice *rows, size_t count, choose *function,
                          const struct sw_span *offers)
{
    for (size_t i = 0; i < count; i++) {
        read_head("GET", rows[i].fields);
        ptrdiff_t got = function(&head, text, offers, 3);
        ck_assert_msg(got == rows[i].choice, "%s: %td", rows[i].fields, got);
    }
}

START_TEST(what_is_accepted_is_on_all_lines)
{
    static const struct sw_span codings[] = {{"br", 2}, {"gzip", 4}, {"identity", 8}};
    static const struct choice coding_rows[] = {
        {"", 0},
        {"Accept-Encoding:|", 2},
        {"Accept-Encoding:|Accept-Encoding:|", 2},
        {"Accept-Encoding: identity|Accept-Encoding: br|", 0},
        {"Accept-Encoding: gzip|Accept-Encoding: br;q=0.5|", 1},
        {"Accept-Encoding: *|X: y|Accept-Encoding: br;q=0|", 1},
        {"Accept-Encoding: br;q=0|Accept-Encoding: gzip;q=0|Accept-Encoding: identity;q=0|",
         SW_CHOICE_NONE},
        {"Accept-Encoding: br|Accept-Encoding: ;|", SW_CHOICE_BAD},
        {"Accept-Encoding: ;|Accept-Encoding: br|", SW_CHOICE_BAD},
    };
    static const struct sw_span types[] = {{"text/html", 9}, {"text/plain", 10}, {"a/b", 3}};
    static const struct choice type_rows[] = {
        {"", 0},
        {"Accept: x/y|Accept: a/b|", 2},
        {"Accept: text/*;q=0.5|Accept: text/plain|", 1},
        {"Accept: */*|Accept: text/html;q=0|", 1},
        {"Accept: a/b|Accept: text|", SW_CHOICE_BAD},
    };
    static const struct sw_span languages[] = {{"de", 2}, {"en", 2}, {"fr", 2}};
    static const struct choice language_rows[] = {
        {"", 0},
        {"Accept-Language: fr|Accept-Language: de|", 2}, /* the one named first */
        {"Accept-Language: it|Accept-Language: en|", 1},
        {"Accept-Language: *;q=0.5|Accept-Language: en|", 1},
        {"Accept-Language: de|Accept-Language: e_n|", SW_CHOICE_BAD},
    };

    check_choices(coding_rows, sizeof(coding_rows) / sizeof(coding_rows[0]),
                  sw_head_accept_coding_choose, codings);
    check_choices(type_rows, sizeof(type_rows) / sizeof(type_rows[0]), sw_head_accept_choose,
                  types);
    check_choices(language_rows, sizeof(language_rows) / sizeof(language_rows[0]),
                  sw_head_accept_language_choose, languages);
}
END_TEST

START_TEST(directives_are_on_all_lines)
{
    struct sw_cache_control control = {0};

    read_head("GET", "Cache-Control: no-store|Cache-Control: max-age=5|Cache-Control: max-age=7|");
    ck_assert(sw_head_cache_control_parse(&head, text, &control));
    ck_assert_uint_eq(control.has, SW_CACHE_NO_STORE | SW_CACHE_MAX_AGE);
    ck_assert_uint_eq(control.max_age, 5);
    control = (struct sw_cache_control){0};
    read_head("GET", "Cache-Control: no-store|Cache-Control: =|Cache-Control: public|");
    ck_assert(!sw_head_cache_control_parse(&head, text, &control));
    ck_assert_uint_eq(control.has & SW_CACHE_NO_STORE, SW_CACHE_NO_STORE);
    control = (struct sw_cache_control){0};
    read_head("GET", "");
    ck_assert(sw_head_cache_control_parse(&head, text, &control));
    ck_assert_uint_eq(control.has, 0);
}
END_TEST

/* ---- Conditions ------------------------------------------------------------------------------ */

#define PROCEED   SW_CONDITION_PROCEED
#define RANGE     SW_CONDITION_RANGE
#define UNCHANGED SW_CONDITION_NOT_MODIFIED
#define FAILED    SW_CONDITION_FAILED

static const struct {
    const char *method, *fields;
    enum sw_condition outcome;
} conditions[] = {
    {"GET", "", RANGE},
    {"HEAD", "", PROCEED},
    {"PUT", "If-Match: \"1\"|", PROCEED},
    {"PUT", "If-Match: \"x\"|If-Match: \"1\"|", PROCEED},
    {"PUT", "If-Match: \"1\"|If-Match: \"x\"|", PROCEED},
    {"PUT", "If-Match:|If-Match: \"x\"|Via: v|If-Match: \"y\", \"1\"|", PROCEED},
    {"PUT", "If-Match: \"x\"|If-Match: \"y\"|", FAILED},
    {"PUT", "If-Match: \"x\"|If-Match: W/\"1\"|", FAILED},
    {"PUT", "If-Match:|If-Match:|", FAILED},
    {"PUT", "If-Match: \"x\"|If-Match: rubbish|If-Match: \"1\"|", FAILED},
    {"PUT", "If-Match: *|", PROCEED},
    {"PUT", "If-Match:|If-Match: *|If-Match:|", PROCEED},
    {"PUT", "If-Match: *|If-Match: \"1\"|", FAILED},
    {"PUT", "If-Match: \"x\"|If-Match: *|", FAILED},
    {"PUT", "If-Match: *|If-Match: *|", FAILED},
    {"GET", "If-None-Match: \"x\"|If-None-Match: \"1\"|", UNCHANGED},
    {"HEAD", "If-None-Match: W/\"1\"|If-None-Match: \"x\"|", UNCHANGED},
    {"PUT", "If-None-Match: \"x\"|If-None-Match: \"1\"|", FAILED},
    {"PUT", "If-None-Match: \"x\"|If-None-Match: \"y\"|", PROCEED},
    {"PUT", "If-None-Match: \"x\"|If-None-Match: rubbish|", FAILED},
    {"GET", "If-None-Match: \"x\"|If-None-Match: rubbish|", RANGE},
    {"GET", "If-None-Match: *|If-None-Match: \"x\"|", RANGE},
    {"PUT", "If-None-Match: *|If-None-Match: \"x\"|", FAILED},
    /* The other fields are not lists: a repeated one is ignored. */
    {"GET", "If-Modified-Since: " DATE "|", UNCHANGED},
    {"GET", "If-Modified-Since: " DATE "|If-Modified-Since: " DATE "|", RANGE},
    {"PUT", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT|", FAILED},
    {"PUT", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT|If-Unmodified-Since: " LATER "|",
     PROCEED},
    {"GET", "If-Range: \"1\"|", RANGE},
    {"GET", "If-Range: \"1\"|If-Range: \"1\"|", PROCEED},
    {"GET", "If-Range: " DATE "|If-Range: \"1\"|", PROCEED},
};

START_TEST(conditions_are_on_all_lines)
{
    const struct sw_representation current = {
        .exists = true, .dated = true, .modified = MODIFIED, .etag = {{"1", 1}, false}};

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        read_head(conditions[i].method, conditions[i].fields);
        enum sw_condition got = sw_head_conditions_evaluate(&head, text, &current, NOW);
        ck_assert_msg(got == conditions[i].outcome, "%s %s: %d", conditions[i].method,
                      conditions[i].fields, (int)got);
    }
}
END_TEST

START_TEST(an_absent_representation_is_not_matched_on_any_line)
{
    const struct sw_representation nothing = {.exists = false};

    read_head("PUT", "If-Match: \"1\"|If-Match: \"2\"|");
    ck_assert_int_eq(sw_head_conditions_evaluate(&head, text, &nothing, NOW), FAILED);
    read_head("PUT", "If-Match:|If-Match: *|");
    ck_assert_int_eq(sw_head_conditions_evaluate(&head, text, &nothing, NOW), FAILED);
    read_head("PUT", "If-None-Match:|If-None-Match: *|");
    ck_assert_int_eq(sw_head_conditions_evaluate(&head, text, &nothing, NOW), PROCEED);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {all_lines_of_a_field_are_seen_in_their_order, 1},
        {many_lines_are_all_seen, 1},
        {each_list_goes_on_in_the_next_line, 1},
        {a_token_may_be_on_any_line, 1},
        {an_expectation_may_be_on_any_line, 1},
        {what_is_accepted_is_on_all_lines, 1},
        {directives_are_on_all_lines, 1},
        {conditions_are_on_all_lines, 1},
        {an_absent_representation_is_not_matched_on_any_line, 1},
    };
    return suite_main("value_lines", tests, COUNT(tests));
}
