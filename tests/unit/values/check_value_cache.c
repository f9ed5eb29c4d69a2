/* check_value_cache.c - Cache-Control. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

static void read_directives(struct sw_span rest, struct notes *notes)
{
    struct sw_param directive;
    int got;

    while ((got = sw_directive_next(&rest, &directive)) > 0) {
        note_span(notes, directive.name);
        note(notes, "=");
        note_span(notes, directive.value);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(directives_are_a_list_of_names_with_optional_values)
{
    static const struct row rows[] = {
        {"", "."},
        {"no-store", "no-store=-|."},
        {"max-age=60, public,, x=\"a,b\"", "max-age=60|public=-|x=a,b|."},
        {"x=\"\"", "x=|."},
        {"a, max-age =60", "a=-|!"},
        {"a, max-age= 60", "a=-|!"},
        {"max-age=", "!"},
        {"=60", "!"},
        {"a b", "!"},
        {"a;b", "!"},
        {"x=\"a", "!"},
        {"x=\"a\"b", "!"},
    };

    WALK(rows, read_directives);
}
END_TEST

static void read_control(struct sw_span value, struct notes *notes)
{
    struct sw_cache_control control = {.has = 0};
    bool good = sw_cache_control_parse(value, &control);

    note(notes, "%s%x %u %u %u %u %u %u ", good ? "" : "! ", (unsigned)control.has,
         (unsigned)control.max_age, (unsigned)control.s_maxage, (unsigned)control.max_stale,
         (unsigned)control.min_fresh, (unsigned)control.stale_while_revalidate,
         (unsigned)control.stale_if_error);
    note_span(notes, control.no_cache_fields);
    note(notes, " ");
    note_span(notes, control.private_fields);
}

START_TEST(known_directives_are_understood)
{
    static const struct row rows[] = {
        {"", "0 0 0 0 0 0 0 - -"},
        {"no-cache", "1 0 0 0 0 0 0 - -"},
        {"NO-STORE", "2 0 0 0 0 0 0 - -"},
        {"no-transform", "4 0 0 0 0 0 0 - -"},
        {"only-if-cached", "8 0 0 0 0 0 0 - -"},
        {"must-revalidate", "10 0 0 0 0 0 0 - -"},
        {"proxy-revalidate", "20 0 0 0 0 0 0 - -"},
        {"must-understand", "40 0 0 0 0 0 0 - -"},
        {"public", "80 0 0 0 0 0 0 - -"},
        {"private", "100 0 0 0 0 0 0 - -"},
        {"immutable", "200 0 0 0 0 0 0 - -"},
        {"max-age=1, s-maxage=2, max-stale=3, min-fresh=4, stale-while-revalidate=5, "
         "stale-if-error=6",
         "fc00 1 2 3 4 5 6 - -"},
        {"unknown, x=1", "0 0 0 0 0 0 0 - -"},
        {"max-age=\"60\"", "400 60 0 0 0 0 0 - -"},
        {"max-age=99999999999", "400 2147483647 0 0 0 0 0 - -"},
        {"max-stale", "1000 0 0 2147483647 0 0 0 - -"},
        /* The first one is used; a value that is not a number is ignored. */
        {"max-age=1, max-age=2", "400 1 0 0 0 0 0 - -"},
        {"max-age=x, max-age=2", "400 0 0 0 0 0 0 - -"},
        {"max-age", "400 0 0 0 0 0 0 - -"},
        {"max-age=-1", "400 0 0 0 0 0 0 - -"},
        {"max-age=1.5", "400 0 0 0 0 0 0 - -"},
        /* Lists of names, all names where there is doubt. */
        {"no-cache=\"a, b\", private=c", "101 0 0 0 0 0 0 a, b c"},
        {"no-cache=a, no-cache=b", "1 0 0 0 0 0 0 - -"},
        {"no-cache=a, no-cache", "1 0 0 0 0 0 0 - -"},
        {"private, private=a", "100 0 0 0 0 0 0 - -"},
        {"private=\"\\a\"", "100 0 0 0 0 0 0 - -"},
        /* What comes before an error counts. */
        {"no-store, a b, public", "! 2 0 0 0 0 0 0 - -"},
    };
    struct sw_cache_control control = {.has = 0};

    WALK(rows, read_control);
    /* Two lines are one list. */
    ck_assert(sw_cache_control_parse(span_of("max-age=1, private=a"), &control));
    ck_assert(sw_cache_control_parse(span_of("max-age=2, no-store"), &control));
    ck_assert_uint_eq(control.has, SW_CACHE_MAX_AGE | SW_CACHE_PRIVATE | SW_CACHE_NO_STORE);
    ck_assert_uint_eq(control.max_age, 1);
    ck_assert_uint_eq(control.private_fields.n, 1);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {directives_are_a_list_of_names_with_optional_values, 1},
        {known_directives_are_understood, 1},
    };
    return suite_main("value_cache", tests, COUNT(tests));
}
