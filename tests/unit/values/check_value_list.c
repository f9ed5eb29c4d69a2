/* check_value_list.c - lists, tokens, parameters, quoted strings, Expect. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

static void read_list(struct sw_span rest, struct notes *notes)
{
    struct sw_span element;
    int got;

    while ((got = sw_list_next(&rest, &element)) > 0) {
        note_span(notes, element);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(a_list_is_split_at_commas_outside_quotes)
{
    static const struct row rows[] = {
        {"", "."},
        {" ", "."},
        {",", "."},
        {" , ,\t,", "."},
        {"a", "a|."},
        {"a,b", "a|b|."},
        {" a ,\tb\t, c ", "a|b|c|."},
        {",a,,b,", "a|b|."},
        {"a b;c = d, e", "a b;c = d|e|."},
        {"\"a,b\", c", "\"a,b\"|c|."},
        {"x=\"a\\\",b\";y, c", "x=\"a\\\",b\";y|c|."},
        {"\"\"", "\"\"|."},
        {"a, \"b", "a|!"},
        {"\"", "!"},
        {"\"\\", "!"},
        {"\"\\\"", "!"},
        {"\"a\x01\", b", "!"},
        {"\"\\\x01\", b", "!"},
    };

    WALK(rows, read_list);
}
END_TEST

static void read_tokens(struct sw_span rest, struct notes *notes)
{
    struct sw_span token;
    int got;

    while ((got = sw_token_next(&rest, &token)) > 0) {
        note_span(notes, token);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(a_list_of_tokens_contains_nothing_else)
{
    static const struct row rows[] = {
        {"", "."},         {"close", "close|."}, {"keep-alive, Upgrade,", "keep-alive|Upgrade|."},
        {"a, b c", "a|!"}, {"a, \"b\"", "a|!"},  {"a, b=c, d", "a|!"},
        {"\xe9", "!"},
    };

    WALK(rows, read_tokens);
}
END_TEST

static void read_close(struct sw_span value, struct notes *notes)
{
    note(notes, "%d", sw_list_has_token(value, "close"));
}

START_TEST(a_token_is_found_in_either_case)
{
    static const struct row rows[] = {
        {"close", "1"},
        {"CLOSE", "1"},
        {"keep-alive, Close", "1"},
        {", close ,", "1"},
        {"", "0"},
        {"closed", "0"},
        {"clos", "0"},
        {"close;x", "0"},
        {"\"close\"", "0"},
        {"x close", "0"},
        {"\"unclosed, close", "0"},
    };

    WALK(rows, read_close);
    ck_assert(!sw_list_has_token((struct sw_span){NULL, 0}, "close"));
    ck_assert(sw_token_is(span_of(""), ""));
    /* Folding by a bit would take these for equal. */
    ck_assert(!sw_token_is(span_of("@"), "`"));
    ck_assert(!sw_token_is(span_of("\r"), "-"));
    ck_assert(!sw_token_is(span_of("["), "{"));
}
END_TEST

static void read_params(struct sw_span rest, struct notes *notes)
{
    struct sw_param param;
    int got;

    while ((got = sw_param_next(&rest, &param)) > 0) {
        note_span(notes, param.name);
        note(notes, param.escaped ? "~" : "=");
        note_span(notes, param.value);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(parameters_follow_semicolons)
{
    static const struct row rows[] = {
        {"", "."},
        {" ; ;; ", "."},
        {";a=b", "a=b|."},
        {" ; a=b ;\tc=\"d e\";", "a=b|c=d e|."},
        {";a=\"\"", "a=|."},
        {";a=\"x\\\"y\"", "a~x\\\"y|."},
        {";a=b;;c=d", "a=b|c=d|."},
        {"a=b", "!"},
        {";a", "!"},
        {";a=", "!"},
        {";=b", "!"},
        {";a =b", "!"},
        {";a= b", "!"},
        {";a=b c=d", "a=b|!"},
        {";a=b/c", "a=b|!"},
        {";a=\"b", "!"},
        {";a=\"b\"c", "a=b|!"},
    };
    struct sw_param param;

    WALK(rows, read_params);
    ck_assert(sw_param_find(span_of(";a=b;Charset=utf-8;charset=x"), "charset", &param));
    ck_assert(sw_token_is(param.value, "utf-8"));
    ck_assert(!sw_param_find(span_of(";a=b"), "b", &param));
    ck_assert(!sw_param_find(span_of(";a;b=c"), "b", &param));
}
END_TEST

static void read_quoted(struct sw_span text, struct notes *notes)
{
    char out[8];
    ptrdiff_t n = sw_quoted_decode(text, out, sizeof(out));

    if (n < 0)
        note(notes, "%s", n == -SW_ERROR_NO_ROOM ? "room" : "bad");
    else
        note(notes, "%.*s", (int)n, out);
}

START_TEST(quoted_pairs_are_resolved)
{
    static const struct row rows[] = {
        {"", ""},
        {"abc", "abc"},
        {"a\\\"b\\\\", "a\"b\\"},
        {"\\a\\b\\c\\d\\e\\f\\g\\h", "abcdefgh"},
        {"123456789", "room"},
        {"a\\", "bad"},
    };
    char place[] = "\\a\\bc";

    WALK(rows, read_quoted);
    ck_assert_int_eq(sw_quoted_decode(span_of(place), place, 3), 3);
    ck_assert_mem_eq(place, "abc", 3);
}
END_TEST

/* tchar, qdtext and quoted-pair of RFC 9110 5.6.2 and 5.6.4. */
START_TEST(every_byte_follows_the_grammar)
{
    for (int c = 0; c < 256; c++) {
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool token = alnum || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
        bool text = c == '\t' || c == ' ' || (c >= 0x21 && c <= 0x7e) || c >= 0x80;
        bool quoted = text && c != '"' && c != '\\';
        char name[] = {'x', (char)c, 'y'};
        char plain[] = {'"', (char)c, '"'};
        char pair[] = {'"', '\\', (char)c, '"'};
        struct sw_span rest = {name, 3}, element;

        ck_assert_msg((sw_token_next(&rest, &element) > 0 && element.n == 3) == token, "%d", c);
        rest = (struct sw_span){plain, 3};
        ck_assert_msg((sw_list_next(&rest, &element) > 0) == quoted, "%d", c);
        rest = (struct sw_span){pair, 4};
        ck_assert_msg((sw_list_next(&rest, &element) > 0) == text, "%d", c);
    }
}
END_TEST

static void read_expect(struct sw_span value, struct notes *notes)
{
    static const char *const names[] = {"nothing", "continue", "other"};

    note(notes, "%s", names[sw_expect_read(value)]);
}

START_TEST(only_100_continue_is_expected_alone)
{
    static const struct row rows[] = {
        {"", "nothing"},
        {" , ", "nothing"},
        {"100-continue", "continue"},
        {"100-Continue, 100-continue", "continue"},
        {"100-continue, x", "other"},
        {"200-ok", "other"},
        {"100-continue;a=b", "other"},
        {"100-continue, \"", "other"},
    };

    WALK(rows, read_expect);
    ck_assert_int_eq(sw_expect_read((struct sw_span){NULL, 0}), SW_EXPECT_NOTHING);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {a_list_is_split_at_commas_outside_quotes, 1},
        {a_list_of_tokens_contains_nothing_else, 1},
        {a_token_is_found_in_either_case, 1},
        {parameters_follow_semicolons, 1},
        {quoted_pairs_are_resolved, 1},
        {every_byte_follows_the_grammar, 1},
        {only_100_continue_is_expected_alone, 1},
    };
    return suite_main("value_list", tests, COUNT(tests));
}
