/* value.c - the rules that many field values share. */
/* SPDX-License-Identifier: MIT */
#include "values/value.h"

const char *sw_value_quoted(const char *p, const char *end, bool *escaped)
{
    *escaped = false;
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\') {
            *escaped = true;
            if (++p == end || !value_is_text(*p))
                return NULL;
        } else if (!value_is(*p, SW_VALUE_QUOTED)) {
            return NULL;
        }
    }
    return value_expect(p, end, '"');
}

const char *sw_value_param(const char *p, const char *end, bool optional, bool blanks,
                           struct sw_param *param)
{
    const char *at = p;
    const char *name_end = value_skip(p, end, SW_VALUE_TOKEN);

    *param = (struct sw_param){.name = value_span(p, name_end)};
    if (name_end == p)
        return NULL;
    at = value_expect(blanks ? value_skip_blanks(name_end, end) : name_end, end, '=');
    if (at == NULL)
        return optional ? name_end : NULL;
    if (blanks)
        at = value_skip_blanks(at, end);
    p = at;
    if (p < end && *p == '"') {
        at = sw_value_quoted(p, end, &param->escaped);
        if (at != NULL)
            param->value = value_span(p + 1, at - 1);
        return at;
    }
    at = value_skip(p, end, SW_VALUE_TOKEN);
    param->value = value_span(p, at);
    return at > p ? at : NULL;
}

bool sw_value_number(struct sw_span digits, uint64_t max, uint64_t *number)
{
    const char *end = value_end(digits);
    uint64_t sum = 0, limit = max / 10;

    for (const char *p = digits.p; p < end; p++) {
        unsigned digit = (unsigned char)(*p - '0');

        if (digit > 9)
            return false;
        /* Neither step can wrap; what went over the maximum stays there. */
        sum = sum > limit || sum * 10 > max - digit ? max : sum * 10 + digit;
    }
    *number = sum;
    return digits.n != 0;
}

size_t sw_value_put_number(uint64_t number, char *out)
{
    size_t n = 1;

    for (uint64_t left = number; left > 9; left /= 10)
        n++;
    for (size_t i = n; i > 0; number /= 10)
        out[--i] = (char)('0' + number % 10);
    return n;
}

bool sw_value_same(struct sw_span a, struct sw_span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (value_lower(a.p[i]) != value_lower(b.p[i]))
            return false;
    return true;
}
