/* value_etag.c - entity tags and the conditions made of them and of dates. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/value.h"

/* Past [ "W/" ] DQUOTE *etagc DQUOTE, or NULL.  RFC 9110 8.8.3. */
static const char *parse_etag(const char *p, const char *end, struct sw_etag *etag)
{
    const char *start;

    etag->weak = end - p >= 2 && p[0] == 'W' && p[1] == '/';
    if (etag->weak)
        p += 2;
    start = value_expect(p, end, '"');
    if (start == NULL)
        return NULL;
    p = value_skip(start, end, SW_VALUE_ETAG);
    etag->opaque = value_span(start, p);
    return value_expect(p, end, '"');
}

bool sw_etag_parse(struct sw_span value, struct sw_etag *etag)
{
    const char *end = value_end(value);

    return value.n != 0 && parse_etag(value.p, end, etag) == end;
}

int sw_etag_next(struct sw_span *rest, struct sw_etag *etag)
{
    const char *end = value_end(*rest);
    const char *p = value_skip_commas(rest->p, end);

    if (p == end) {
        *rest = value_span(end, end);
        return 0;
    }
    p = parse_etag(p, end, etag);
    if (p == NULL)
        return value_stop(rest);
    p = value_skip_blanks(p, end);
    if (p < end && *p != ',')
        return value_stop(rest);
    *rest = value_span(p, end);
    return 1;
}

bool sw_etag_equal_weak(const struct sw_etag *a, const struct sw_etag *b)
{
    return a->opaque.p != NULL && b->opaque.p != NULL && a->opaque.n == b->opaque.n &&
           memcmp(a->opaque.p, b->opaque.p, a->opaque.n) == 0;
}

bool sw_etag_equal_strong(const struct sw_etag *a, const struct sw_etag *b)
{
    return !a->weak && !b->weak && sw_etag_equal_weak(a, b);
}

/*
 * Whether "*" or a tag of the list fits what there is: 1, 0, or VALUE_BAD.  A "*" is a list of its
 * own: beside anything else it breaks the grammar, on whichever lines they are.
 */
static int matches(struct sw_lines lines, const struct sw_representation *current,
                   bool (*equal)(const struct sw_etag *, const struct sw_etag *))
{
    struct sw_etag etag;
    bool any = false, others = false;
    int got = 0;

    while (got == 0 && sw_lines_next(&lines)) {
        if (sw_token_is(lines.rest, "*") && !any) {
            any = true;
            continue;
        }
        while ((got = sw_etag_next(&lines.rest, &etag)) > 0) {
            if (current->exists && !any && equal(&etag, &current->etag))
                return 1;
            others = true;
        }
    }
    if (any && others)
        return VALUE_BAD;
    return got < 0 ? got : any && current->exists;
}

/* Whether a date field can be evaluated, and its date. */
static bool have_date(struct sw_span value, const struct sw_representation *current, int64_t now,
                      int64_t *date)
{
    return current->exists && current->dated && sw_date_parse(value, now, date);
}

/* RFC 9110 13.1.5: one validator, and only a strong one will do to put ranges together. */
static bool range_applies(struct sw_span if_range, const struct sw_representation *current,
                          int64_t now)
{
    struct sw_etag etag;
    int64_t date;

    if (if_range.p == NULL)
        return true;
    if (sw_etag_parse(if_range, &etag))
        return current->exists && sw_etag_equal_strong(&etag, &current->etag);
    return have_date(if_range, current, now, &date) && date == current->modified && now > date;
}

/* The fields of a request: the lists as their lines, the others as values. */
struct fields {
    struct sw_lines match, none_match;
    struct sw_span modified_since, unmodified_since, range;
};

static enum sw_condition evaluate(const struct fields *fields, enum sw_method method,
                                  const struct sw_representation *current, int64_t now)
{
    bool reads = method == SW_METHOD_GET || method == SW_METHOD_HEAD;
    int64_t date;

    if (method == SW_METHOD_CONNECT || method == SW_METHOD_OPTIONS || method == SW_METHOD_TRACE)
        return SW_CONDITION_PROCEED;
    if (!value_absent(&fields->match)) {
        if (matches(fields->match, current, sw_etag_equal_strong) <= 0)
            return SW_CONDITION_FAILED;
    } else if (have_date(fields->unmodified_since, current, now, &date) &&
               current->modified > date) {
        return SW_CONDITION_FAILED;
    }
    if (!value_absent(&fields->none_match)) {
        int match = matches(fields->none_match, current, sw_etag_equal_weak);

        if (reads && match > 0)
            return SW_CONDITION_NOT_MODIFIED;
        if (!reads && match != 0)
            return SW_CONDITION_FAILED;
    } else if (reads && have_date(fields->modified_since, current, now, &date) &&
               current->modified <= date) {
        return SW_CONDITION_NOT_MODIFIED;
    }
    if (method == SW_METHOD_GET && range_applies(fields->range, current, now))
        return SW_CONDITION_RANGE;
    return SW_CONDITION_PROCEED;
}

enum sw_condition sw_conditions_evaluate(const struct sw_conditions *conditions,
                                         enum sw_method method,
                                         const struct sw_representation *current, int64_t now)
{
    const struct fields fields = {
        value_lines(conditions->if_match),
        value_lines(conditions->if_none_match),
        conditions->if_modified_since,
        conditions->if_unmodified_since,
        conditions->if_range,
    };

    return evaluate(&fields, method, current, now);
}

enum sw_condition sw_head_conditions_evaluate(const struct sw_head *head, const char *buf,
                                              const struct sw_representation *current, int64_t now)
{
    const struct fields fields = {
        sw_lines_of(head, buf, SW_HEADER_IF_MATCH),
        sw_lines_of(head, buf, SW_HEADER_IF_NONE_MATCH),
        sw_head_value(head, buf, SW_HEADER_IF_MODIFIED_SINCE),
        sw_head_value(head, buf, SW_HEADER_IF_UNMODIFIED_SINCE),
        sw_head_value(head, buf, SW_HEADER_IF_RANGE),
    };

    return evaluate(&fields, (enum sw_method)head->method, current, now);
}
