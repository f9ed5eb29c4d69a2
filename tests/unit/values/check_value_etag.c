/* check_value_etag.c - entity tags and conditional requests. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

static void read_etag(struct sw_span value, struct notes *notes)
{
    struct sw_etag etag;

    if (!sw_etag_parse(value, &etag)) {
        note(notes, "bad");
        return;
    }
    note(notes, etag.weak ? "weak " : "strong ");
    note_span(notes, etag.opaque);
}

START_TEST(an_entity_tag_is_quoted_and_optionally_weak)
{
    static const struct row rows[] = {
        {"\"xyzzy\"", "strong xyzzy"},
        {"W/\"xyzzy\"", "weak xyzzy"},
        {"\"\"", "strong "},
        {"W/\"\"", "weak "},
        {"\"a,b\"", "strong a,b"},
        {"\"a\\\"", "strong a\\"},
        {"", "bad"},
        {"xyzzy", "bad"},
        {"\"xyzzy", "bad"},
        {"\"", "bad"},
        {"W/", "bad"},
        {"W", "bad"},
        {"W\"a\"", "bad"},
        {"w/\"a\"", "bad"},
        {"W/ \"a\"", "bad"},
        {"\"a b\"", "bad"},
        {"\"a\"b", "bad"},
        {"\"a\"\"b\"", "bad"},
        {"*", "bad"},
    };

    WALK(rows, read_etag);
}
END_TEST

START_TEST(every_byte_of_a_tag_follows_the_grammar)
{
    for (int c = 0; c < 256; c++) {
        bool good = c == 0x21 || (c >= 0x23 && c <= 0x7e) || c >= 0x80;
        char text[] = {'"', (char)c, 'x', '"'};
        struct sw_etag etag;

        ck_assert_msg(sw_etag_parse((struct sw_span){text, 4}, &etag) == good, "%d", c);
    }
}
END_TEST

static void read_etags(struct sw_span rest, struct notes *notes)
{
    struct sw_etag etag;
    int got;

    while ((got = sw_etag_next(&rest, &etag)) > 0) {
        note(notes, etag.weak ? "W" : "");
        note_span(notes, etag.opaque);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(a_list_of_tags_has_no_escapes)
{
    static const struct row rows[] = {
        {"", "."},
        {" , ", "."},
        {"\"a\"", "a|."},
        {"\"a\", W/\"b\" ,,\"c\" ", "a|Wb|c|."},
        {"\"a,b\",\"c\\\",\"d\"", "a,b|c\\|d|."},
        {"\"a\" \"b\"", "!"},
        {"\"a\"x", "!"},
        {"\"a\", b", "a|!"},
        {"\"a\", \"b", "a|!"},
        {"*", "!"},
    };

    WALK(rows, read_etags);
}
END_TEST

/* The table of RFC 9110 8.8.3.2. */
START_TEST(tags_are_compared_strongly_and_weakly)
{
    static const struct {
        const char *a, *b;
        bool strong, weak;
    } rows[] = {
        {"W/\"1\"", "W/\"1\"", false, true}, {"W/\"1\"", "W/\"2\"", false, false},
        {"W/\"1\"", "\"1\"", false, true},   {"\"1\"", "\"1\"", true, true},
        {"\"1\"", "\"2\"", false, false},    {"\"1\"", "\"12\"", false, false},
        {"\"\"", "\"\"", true, true},        {"\"a\"", "\"A\"", false, false},
    };
    struct sw_etag none = {{NULL, 0}, false}, a, b;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert(sw_etag_parse(span_of(rows[i].a), &a) && sw_etag_parse(span_of(rows[i].b), &b));
        ck_assert(sw_etag_equal_strong(&a, &b) == rows[i].strong);
        ck_assert(sw_etag_equal_strong(&b, &a) == rows[i].strong);
        ck_assert(sw_etag_equal_weak(&a, &b) == rows[i].weak);
        ck_assert(sw_etag_equal_weak(&b, &a) == rows[i].weak);
    }
    ck_assert(!sw_etag_equal_weak(&none, &none));
    ck_assert(!sw_etag_equal_weak(&a, &none) && !sw_etag_equal_weak(&none, &a));
    ck_assert(sw_etag_parse(span_of("\"\""), &a));
    ck_assert(!sw_etag_equal_strong(&a, &none) && !sw_etag_equal_strong(&none, &a));
}
END_TEST

/* The current representation has the tag "1" and changed on Sun, 06 Nov 1994 08:49:37 GMT. */
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME   "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

enum { MODIFIED = 784111777 };

struct evaluation {
    const char *match, *none_match, *modified, *unmodified, *range;
    enum sw_method method;
    enum sw_condition outcome;
};

static struct sw_span field(const char *text)
{
    return text != NULL ? span_of(text) : (struct sw_span){NULL, 0};
}

static void evaluate(const struct evaluation *rows, size_t count,
                     const struct sw_representation *current, int64_t now)
{
    for (size_t i = 0; i < count; i++) {
        const struct evaluation *row = &rows[i];
        struct sw_conditions conditions = {field(row->match), field(row->none_match),
                                           field(row->modified), field(row->unmodified),
                                           field(row->range)};
        enum sw_condition got = sw_conditions_evaluate(&conditions, row->method, current, now);

        ck_assert_msg(got == row->outcome, "row %zu: %d, not %d", i, (int)got, (int)row->outcome);
    }
}

#define EVALUATE(rows, current, now) evaluate(rows, sizeof(rows) / sizeof((rows)[0]), current, now)
#define GET                          SW_METHOD_GET
#define HEAD                         SW_METHOD_HEAD
#define PUT                          SW_METHOD_PUT
#define PROCEED                      SW_CONDITION_PROCEED
#define RANGE                        SW_CONDITION_RANGE
#define UNCHANGED                    SW_CONDITION_NOT_MODIFIED
#define FAILED                       SW_CONDITION_FAILED

static const struct sw_representation tagged = {
    .exists = true,
    .dated = true,
    .modified = MODIFIED,
    .etag = {{"1", 1}, false},
};

START_TEST(conditions_are_evaluated_in_order)
{
    static const struct evaluation rows[] = {
        {NULL, NULL, NULL, NULL, NULL, GET, RANGE},
        {NULL, NULL, NULL, NULL, NULL, HEAD, PROCEED},
        {NULL, NULL, NULL, NULL, NULL, PUT, PROCEED},
        /* If-Match */
        {"\"1\"", NULL, NULL, NULL, NULL, PUT, PROCEED},
        {"\"2\", \"1\"", NULL, NULL, NULL, NULL, PUT, PROCEED},
        {"*", NULL, NULL, NULL, NULL, PUT, PROCEED},
        {"\"2\"", NULL, NULL, NULL, NULL, PUT, FAILED},
        {"\"2\"", NULL, NULL, NULL, NULL, GET, FAILED},
        {"W/\"1\"", NULL, NULL, NULL, NULL, PUT, FAILED},
        {"", NULL, NULL, NULL, NULL, PUT, FAILED},
        {"rubbish", NULL, NULL, NULL, NULL, PUT, FAILED},
        /* If-Unmodified-Since counts only without If-Match */
        {NULL, NULL, NULL, AFTER, NULL, PUT, PROCEED},
        {NULL, NULL, NULL, SAME, NULL, PUT, PROCEED},
        {NULL, NULL, NULL, BEFORE, NULL, PUT, FAILED},
        {NULL, NULL, NULL, "rubbish", NULL, PUT, PROCEED},
        {"\"1\"", NULL, NULL, BEFORE, NULL, PUT, PROCEED},
        /* If-None-Match */
        {NULL, "\"2\"", NULL, NULL, NULL, GET, RANGE},
        {NULL, "\"1\"", NULL, NULL, NULL, GET, UNCHANGED},
        {NULL, "\"2\", W/\"1\"", NULL, NULL, NULL, HEAD, UNCHANGED},
        {NULL, "*", NULL, NULL, NULL, GET, UNCHANGED},
        {NULL, "*", NULL, NULL, NULL, PUT, FAILED},
        {NULL, "W/\"1\"", NULL, NULL, NULL, PUT, FAILED},
        {NULL, "\"2\"", NULL, NULL, NULL, PUT, PROCEED},
        {NULL, "rubbish", NULL, NULL, NULL, GET, RANGE},
        {NULL, "rubbish", NULL, NULL, NULL, PUT, FAILED},
        {"\"1\"", "\"1\"", NULL, NULL, NULL, GET, UNCHANGED},
        {"\"2\"", "\"1\"", NULL, NULL, NULL, GET, FAILED},
        /* If-Modified-Since counts only without If-None-Match, for GET and HEAD */
        {NULL, NULL, AFTER, NULL, NULL, GET, UNCHANGED},
        {NULL, NULL, SAME, NULL, NULL, HEAD, UNCHANGED},
        {NULL, NULL, BEFORE, NULL, NULL, GET, RANGE},
        {NULL, NULL, "rubbish", NULL, NULL, GET, RANGE},
        {NULL, NULL, AFTER, NULL, NULL, PUT, PROCEED},
        {NULL, "\"2\"", AFTER, NULL, NULL, GET, RANGE},
        {NULL, "\"1\"", BEFORE, NULL, NULL, GET, UNCHANGED},
        /* If-Range */
        {NULL, NULL, NULL, NULL, "\"1\"", GET, RANGE},
        {NULL, NULL, NULL, NULL, "\"1\"", HEAD, PROCEED},
        {NULL, NULL, NULL, NULL, "\"2\"", GET, PROCEED},
        {NULL, NULL, NULL, NULL, "W/\"1\"", GET, PROCEED},
        {NULL, NULL, NULL, NULL, SAME, GET, RANGE},
        {NULL, NULL, NULL, NULL, BEFORE, GET, PROCEED},
        {NULL, NULL, NULL, NULL, AFTER, GET, PROCEED},
        {NULL, NULL, NULL, NULL, "rubbish", GET, PROCEED},
        {NULL, "\"1\"", NULL, NULL, "\"2\"", GET, UNCHANGED},
        /* RFC 9110 13.2.1: methods that select nothing */
        {"\"2\"", "*", NULL, BEFORE, NULL, SW_METHOD_OPTIONS, PROCEED},
        {"\"2\"", "*", NULL, BEFORE, NULL, SW_METHOD_CONNECT, PROCEED},
        {"\"2\"", "*", NULL, BEFORE, NULL, SW_METHOD_TRACE, PROCEED},
    };

    EVALUATE(rows, &tagged, MODIFIED + 1);
}
END_TEST

START_TEST(an_absent_representation_has_no_validators)
{
    static const struct evaluation nothing[] = {
        {"*", NULL, NULL, NULL, NULL, PUT, FAILED},
        {"\"1\"", NULL, NULL, NULL, NULL, PUT, FAILED},
        {NULL, "*", NULL, NULL, NULL, PUT, PROCEED},
        {NULL, "\"1\"", NULL, NULL, NULL, PUT, PROCEED},
        {NULL, NULL, NULL, BEFORE, NULL, PUT, PROCEED},
        {NULL, NULL, AFTER, NULL, NULL, GET, RANGE},
        {NULL, NULL, NULL, NULL, "\"1\"", GET, PROCEED},
        {NULL, NULL, NULL, NULL, SAME, GET, PROCEED},
    };
    static const struct evaluation bare[] = {
        {"*", NULL, NULL, NULL, NULL, PUT, PROCEED},
        {"\"\"", NULL, NULL, NULL, NULL, PUT, FAILED},
        {NULL, "*", NULL, NULL, NULL, PUT, FAILED},
        {NULL, NULL, NULL, BEFORE, NULL, PUT, PROCEED},
        {NULL, NULL, AFTER, NULL, NULL, GET, RANGE},
        {NULL, NULL, NULL, NULL, "\"\"", GET, PROCEED},
        {NULL, NULL, NULL, NULL, "Thu, 01 Jan 1970 00:00:00 GMT", GET, PROCEED},
    };
    static const struct evaluation fresh[] = {
        {NULL, NULL, NULL, NULL, SAME, GET, PROCEED},
        {NULL, NULL, NULL, NULL, "\"1\"", GET, RANGE},
    };

    EVALUATE(nothing, &(struct sw_representation){.exists = false}, MODIFIED + 1);
    EVALUATE(bare, &(struct sw_representation){.exists = true}, MODIFIED + 1);
    /* A date of this very second is weak: the content may change again before it ends. */
    EVALUATE(fresh, &tagged, MODIFIED);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {an_entity_tag_is_quoted_and_optionally_weak, 1},
        {every_byte_of_a_tag_follows_the_grammar, 1},
        {a_list_of_tags_has_no_escapes, 1},
        {tags_are_compared_strongly_and_weakly, 1},
        {conditions_are_evaluated_in_order, 1},
        {an_absent_representation_has_no_validators, 1},
    };
    return suite_main("value_etag", tests, COUNT(tests));
}
