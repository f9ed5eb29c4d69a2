/* value_range.c - Range against a length, and Content-Range. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/value.h"

enum spec { SPEC_BAD, SPEC_PAST_END, SPEC_GOOD };

/* One range-spec, limited to the length.  Numbers above 64 bits count as the largest. */
static enum spec parse_spec(struct sw_span spec, uint64_t length, struct sw_range *range)
{
    const char *end = value_end(spec);
    const char *dash = memchr(spec.p, '-', spec.n);
    uint64_t first, last = UINT64_MAX;

    if (dash == NULL)
        return SPEC_BAD;
    if (dash == spec.p) {
        if (!sw_value_number(value_span(dash + 1, end), UINT64_MAX, &last))
            return SPEC_BAD;
        /* A suffix of an empty representation is satisfiable, but no Content-Range can express it.
         */
        if (length == 0 && last != 0)
            return SPEC_BAD;
        *range = (struct sw_range){last < length ? length - last : 0, length - 1};
        return last != 0 ? SPEC_GOOD : SPEC_PAST_END;
    }
    if (!sw_value_number(value_span(spec.p, dash), UINT64_MAX, &first))
        return SPEC_BAD;
    if (dash + 1 < end && !sw_value_number(value_span(dash + 1, end), UINT64_MAX, &last))
        return SPEC_BAD;
    if (first > last)
        return SPEC_BAD;
    *range = (struct sw_range){first, last < length ? last : length - 1};
    return first < length ? SPEC_GOOD : SPEC_PAST_END;
}

static bool overlaps(const struct sw_range *ranges, size_t count, const struct sw_range *range)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].first <= range->last && range->first <= ranges[i].last)
            return true;
    return false;
}

/* Past the range unit, which must be bytes, and what follows it; NULL for another unit. */
static const char *skip_unit(struct sw_span value, char delimiter)
{
    const char *end = value_end(value);
    const char *p = value_skip(value.p, end, SW_VALUE_TOKEN);

    return sw_token_is(value_span(value.p, p), "bytes") ? value_expect(p, end, delimiter) : NULL;
}

enum sw_range_result sw_range_evaluate(struct sw_span value, uint64_t length,
                                       struct sw_range *ranges, size_t *count)
{
    const char *set = skip_unit(value, '=');
    size_t room = *count, n = 0;
    struct sw_span rest, element;
    struct sw_range range;
    bool any = false;
    int got;

    *count = 0;
    if (set == NULL)
        return SW_RANGE_IGNORE;
    rest = value_span(set, value_end(value));
    while ((got = sw_list_next(&rest, &element)) > 0) {
        enum spec spec = parse_spec(element, length, &range);

        any = true;
        if (spec == SPEC_PAST_END)
            continue;
        if (spec == SPEC_BAD || n == room || overlaps(ranges, n, &range))
            return SW_RANGE_IGNORE;
        ranges[n++] = range;
    }
    if (got < 0 || !any)
        return SW_RANGE_IGNORE;
    *count = n;
    return n != 0 ? SW_RANGE_PARTIAL : SW_RANGE_UNSATISFIABLE;
}

/* Past a number, or NULL if there is none or it does not fit. */
static const char *parse_number(const char *p, const char *end, uint64_t *number)
{
    const char *stop = value_skip_digits(p, end);

    if (!sw_value_number(value_span(p, stop), UINT64_MAX, number) || *number == UINT64_MAX)
        return NULL;
    return stop;
}

/* Past first-last, or NULL. */
static const char *parse_positions(const char *p, const char *end, struct sw_range *range)
{
    if ((p = parse_number(p, end, &range->first)) == NULL ||
        (p = value_expect(p, end, '-')) == NULL || (p = parse_number(p, end, &range->last)) == NULL)
        return NULL;
    return range->first <= range->last ? p : NULL;
}

bool sw_content_range_parse(struct sw_span value, struct sw_content_range *range)
{
    const char *p = skip_unit(value, ' '), *end = value_end(value);

    *range = (struct sw_content_range){.has_range = true, .has_length = true};
    if (p == NULL)
        return false;
    if (p < end && *p == '*') {
        range->has_range = false;
        p++;
    } else if ((p = parse_positions(p, end, &range->range)) == NULL) {
        return false;
    }
    if ((p = value_expect(p, end, '/')) == NULL)
        return false;
    if (range->has_range && p < end && *p == '*') {
        range->has_length = false;
        return p + 1 == end;
    }
    if (parse_number(p, end, &range->length) != end)
        return false;
    return !range->has_range || range->range.last < range->length;
}

size_t sw_content_range_format(const struct sw_content_range *range, char out[SW_CONTENT_RANGE_MAX])
{
    size_t n = 6;

    memcpy(out, "bytes ", n);
    if (range->has_range) {
        n += sw_value_put_number(range->range.first, out + n);
        out[n++] = '-';
        n += sw_value_put_number(range->range.last, out + n);
    } else {
        out[n++] = '*';
    }
    out[n++] = '/';
    if (range->has_length)
        n += sw_value_put_number(range->length, out + n);
    else
        out[n++] = '*';
    return n;
}
