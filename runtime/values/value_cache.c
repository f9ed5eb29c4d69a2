/* value_cache.c - Cache-Control. */
/* SPDX-License-Identifier: MIT */
#include "values/value.h"

static const struct {
    const char *name;
    uint32_t bit;
} directives[] = {
    {"no-cache", SW_CACHE_NO_CACHE},
    {"no-store", SW_CACHE_NO_STORE},
    {"no-transform", SW_CACHE_NO_TRANSFORM},
    {"only-if-cached", SW_CACHE_ONLY_IF_CACHED},
    {"must-revalidate", SW_CACHE_MUST_REVALIDATE},
    {"proxy-revalidate", SW_CACHE_PROXY_REVALIDATE},
    {"must-understand", SW_CACHE_MUST_UNDERSTAND},
    {"public", SW_CACHE_PUBLIC},
    {"private", SW_CACHE_PRIVATE},
    {"immutable", SW_CACHE_IMMUTABLE},
    {"max-age", SW_CACHE_MAX_AGE},
    {"s-maxage", SW_CACHE_S_MAXAGE},
    {"max-stale", SW_CACHE_MAX_STALE},
    {"min-fresh", SW_CACHE_MIN_FRESH},
    {"stale-while-revalidate", SW_CACHE_STALE_WHILE_REVALIDATE},
    {"stale-if-error", SW_CACHE_STALE_IF_ERROR},
};

int sw_directive_next(struct sw_span *rest, struct sw_param *directive)
{
    struct sw_span element;
    int got = sw_list_next(rest, &element);

    if (got <= 0)
        return got;
    if (sw_value_param(element.p, value_end(element), true, false, directive) != value_end(element))
        return value_stop(rest);
    return 1;
}

static uint32_t bit_of(struct sw_span name)
{
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
        if (sw_token_is(name, directives[i].name))
            return directives[i].bit;
    return 0;
}

/* Where the argument of a directive goes that has seconds for one. */
static uint32_t *seconds_of(struct sw_cache_control *control, uint32_t bit)
{
    switch (bit) {
    case SW_CACHE_MAX_AGE:
        return &control->max_age;
    case SW_CACHE_S_MAXAGE:
        return &control->s_maxage;
    case SW_CACHE_MAX_STALE:
        return &control->max_stale;
    case SW_CACHE_MIN_FRESH:
        return &control->min_fresh;
    case SW_CACHE_STALE_WHILE_REVALIDATE:
        return &control->stale_while_revalidate;
    case SW_CACHE_STALE_IF_ERROR:
        return &control->stale_if_error;
    default:
        return NULL;
    }
}

static void take(struct sw_cache_control *control, const struct sw_param *directive)
{
    uint32_t bit = bit_of(directive->name);
    uint32_t *seconds = seconds_of(control, bit);
    bool first = (control->has & bit) == 0;

    control->has |= bit;
    if (seconds != NULL && first) {
        if (bit == SW_CACHE_MAX_STALE && directive->value.p == NULL)
            *seconds = SW_SECONDS_MAX;
        else if (!sw_seconds_parse(directive->value, seconds))
            *seconds = 0;
    } else if (bit == SW_CACHE_NO_CACHE || bit == SW_CACHE_PRIVATE) {
        struct sw_span *fields =
            bit == SW_CACHE_PRIVATE ? &control->private_fields : &control->no_cache_fields;

        /* Two lists cannot be one span; that all fields are meant is the careful reading. */
        *fields = first && !directive->escaped ? directive->value : (struct sw_span){NULL, 0};
    }
}

static bool parse(struct sw_lines lines, struct sw_cache_control *control)
{
    struct sw_param directive;
    int got = 0;

    while (sw_lines_next(&lines)) {
        while ((got = sw_directive_next(&lines.rest, &directive)) > 0)
            take(control, &directive);
        if (got < 0)
            return false;
    }
    return true;
}

bool sw_cache_control_parse(struct sw_span value, struct sw_cache_control *control)
{
    return parse(value_lines(value), control);
}

bool sw_head_cache_control_parse(const struct sw_head *head, const char *buf,
                                 struct sw_cache_control *control)
{
    return parse(sw_lines_of(head, buf, SW_HEADER_CACHE_CONTROL), control);
}
