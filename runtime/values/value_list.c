/* value_list.c - field lines, comma lists, tokens, parameters, quoted strings; Expect. */
/* SPDX-License-Identifier: MIT */
#include "values/value.h"

struct sw_lines sw_lines_of(const struct sw_head *head, const char *buf, enum sw_header id)
{
    return (struct sw_lines){.head = head, .buf = buf, .next = sw_head_field(head, id)};
}

bool sw_lines_next(struct sw_lines *lines)
{
    const struct sw_head *head = lines->head;

    if (head == NULL) { /* one value without a head: see value_lines() */
        bool is_first = lines->buf != NULL;
        lines->buf = NULL;
        return is_first;
    }
    if (lines->next == NULL)
        return false;
    lines->rest = sw_field_value(lines->next, lines->buf);
    lines->next = sw_head_next_field(head, lines->next);
    return true;
}

struct sw_span sw_head_value(const struct sw_head *head, const char *buf, enum sw_header id)
{
    struct sw_lines lines = sw_lines_of(head, buf, id);

    if (sw_lines_next(&lines) && lines.next != NULL)
        lines.rest.n = 0;
    return lines.rest;
}

bool sw_token_is(struct sw_span span, const char *word)
{
    size_t i;

    for (i = 0; i < span.n; i++)
        if (word[i] == '\0' || value_lower(span.p[i]) != value_lower(word[i]))
            return false;
    return word[i] == '\0';
}

int sw_list_next(struct sw_span *rest, struct sw_span *element)
{
    const char *end = value_end(*rest);
    const char *start = value_skip_commas(rest->p, end);
    const char *p = start;
    bool escaped;

    while (p < end && *p != ',') {
        p = *p == '"' ? sw_value_quoted(p, end, &escaped) : p + 1;
        if (p == NULL)
            return value_stop(rest);
    }
    *element = value_span(start, value_trim_blanks(start, p));
    *rest = value_span(p, end);
    return p > start;
}

int sw_token_next(struct sw_span *rest, struct sw_span *token)
{
    int got = sw_list_next(rest, token);

    if (got > 0 && value_skip(token->p, value_end(*token), SW_VALUE_TOKEN) != value_end(*token))
        return value_stop(rest);
    return got;
}

static bool have_token(struct sw_lines lines, const char *token)
{
    struct sw_span element;

    while (sw_lines_next(&lines))
        while (sw_list_next(&lines.rest, &element) > 0)
            if (sw_token_is(element, token))
                return true;
    return false;
}

bool sw_list_has_token(struct sw_span list, const char *token)
{
    return have_token(value_lines(list), token);
}

bool sw_head_has_token(const struct sw_head *head, const char *buf, enum sw_header id,
                       const char *token)
{
    return have_token(sw_lines_of(head, buf, id), token);
}

int sw_param_next(struct sw_span *rest, struct sw_param *param)
{
    const char *p = rest->p, *end = value_end(*rest);
    bool separated = false;

    for (; p < end && (*p == ';' || *p == ' ' || *p == '\t'); p++)
        separated |= *p == ';';
    if (p == end) {
        *rest = value_span(end, end);
        return 0;
    }
    p = separated ? sw_value_param(p, end, false, false, param) : NULL;
    if (p == NULL)
        return value_stop(rest);
    *rest = value_span(p, end);
    return 1;
}

bool sw_param_find(struct sw_span params, const char *name, struct sw_param *param)
{
    while (sw_param_next(&params, param) > 0)
        if (sw_token_is(param->name, name))
            return true;
    return false;
}

ptrdiff_t sw_quoted_decode(struct sw_span text, char *out, size_t room)
{
    const char *end = value_end(text);
    size_t n = 0;

    for (const char *p = text.p; p < end; p++) {
        if (*p == '\\' && ++p == end)
            return VALUE_BAD;
        if (n == room)
            return VALUE_NO_ROOM;
        out[n++] = *p;
    }
    return (ptrdiff_t)n;
}

static enum sw_expect read_expect(struct sw_lines lines)
{
    struct sw_span expectation;
    enum sw_expect expect = SW_EXPECT_NOTHING;
    int got;

    while (sw_lines_next(&lines)) {
        while ((got = sw_list_next(&lines.rest, &expectation)) > 0) {
            if (!sw_token_is(expectation, "100-continue"))
                return SW_EXPECT_OTHER;
            expect = SW_EXPECT_CONTINUE;
        }
        if (got < 0)
            return SW_EXPECT_OTHER;
    }
    return expect;
}

enum sw_expect sw_expect_read(struct sw_span value)
{
    return read_expect(value_lines(value));
}

enum sw_expect sw_head_expect(const struct sw_head *head, const char *buf)
{
    return read_expect(sw_lines_of(head, buf, SW_HEADER_EXPECT));
}
