/* value_accept.c - media types, Accept and its kin, and the choice they make between offers. */
/* SPDX-License-Identifier: MIT */
#include "values/value.h"

/* ---- Elements ------------------------------------------------------------ */

/* type "/" subtype, and the rest as parameters not looked at yet. */
static bool split_media(struct sw_span value, struct sw_media *media)
{
    const char *end = value_end(value);
    const char *type_end = value_skip(value.p, end, SW_VALUE_TOKEN);
    const char *p = value_expect(type_end, end, '/');

    if (type_end == value.p || p == NULL)
        return false;
    media->type = value_span(value.p, type_end);
    type_end = p;
    p = value_skip(p, end, SW_VALUE_TOKEN);
    media->subtype = value_span(type_end, p);
    media->params = value_span(p, end);
    return p > type_end;
}

bool sw_media_parse(struct sw_span value, struct sw_media *media)
{
    struct sw_span rest;
    struct sw_param param;
    int got;

    if (!split_media(value, media))
        return false;
    rest = media->params;
    while ((got = sw_param_next(&rest, &param)) > 0)
        ;
    return got == 0;
}

/* "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ] in thousandths.  RFC 9110 12.4.2. */
static bool parse_qvalue(struct sw_span value, unsigned *q)
{
    unsigned place = 1000;

    if (value.n == 0 || value.n > 5 || (value.p[0] != '0' && value.p[0] != '1'))
        return false;
    *q = value.p[0] == '1' ? place : 0;
    if (value.n > 1 && value.p[1] != '.')
        return false;
    for (size_t i = 2; i < value.n; i++) {
        if (!value_is_digit(value.p[i]))
            return false;
        place /= 10;
        *q += (unsigned)(value.p[i] - '0') * place;
    }
    return *q <= 1000;
}

/* [ OWS ";" OWS "q=" qvalue ] up to the end. */
static bool parse_weight(const char *p, const char *end, unsigned *q)
{
    *q = 1000;
    if (p == end)
        return true;
    p = value_expect(value_skip_blanks(p, end), end, ';');
    if (p == NULL)
        return false;
    p = value_skip_blanks(p, end);
    if (end - p < 2 || value_lower(p[0]) != 'q' || p[1] != '=')
        return false;
    return parse_qvalue(value_span(p + 2, end), q);
}

/* A weight among other parameters; a second weight would contradict it. */
static bool find_weight(struct sw_span params, unsigned *q)
{
    struct sw_param param;
    bool found = false;
    int got;

    *q = 1000;
    while ((got = sw_param_next(&params, &param)) > 0) {
        if (!sw_token_is(param.name, "q"))
            continue;
        /* Unlike other values a weight is never quoted, so "=" directly precedes it. */
        if (found || param.value.p[-1] != '=' || !parse_qvalue(param.value, q))
            return false;
        found = true;
    }
    return got == 0;
}

int sw_accept_next(struct sw_span *rest, struct sw_accept *accept)
{
    struct sw_span element;
    struct sw_media media;
    int got = sw_list_next(rest, &element);

    if (got <= 0)
        return got;
    if (!split_media(element, &media) || !find_weight(media.params, &accept->q) ||
        (sw_token_is(media.type, "*") && !sw_token_is(media.subtype, "*")))
        return value_stop(rest);
    accept->name = media.type;
    accept->sub = media.subtype;
    accept->params = media.params;
    return 1;
}

int sw_accept_coding_next(struct sw_span *rest, struct sw_accept *accept)
{
    struct sw_span element;
    const char *end, *p;
    int got = sw_list_next(rest, &element);

    if (got <= 0)
        return got;
    end = value_end(element);
    p = value_skip(element.p, end, SW_VALUE_TOKEN);
    *accept = (struct sw_accept){.name = value_span(element.p, p)};
    if (p == element.p || !parse_weight(p, end, &accept->q))
        return value_stop(rest);
    return 1;
}

/* 1*8ALPHA *( "-" 1*8alphanum ) / "*".  RFC 4647 2.1. */
static bool is_language_range(struct sw_span range)
{
    const char *p = range.p, *end = value_end(range), *start = p;

    if (sw_token_is(range, "*"))
        return true;
    while (p < end && value_is_alpha(*p))
        p++;
    while (p < end && *p == '-' && p > start && p - start <= 8) {
        start = p + 1;
        p = value_skip(start, end, SW_VALUE_ALNUM);
    }
    return p == end && p > start && p - start <= 8;
}

int sw_accept_language_next(struct sw_span *rest, struct sw_accept *accept)
{
    int got = sw_accept_coding_next(rest, accept);

    return got > 0 && !is_language_range(accept->name) ? value_stop(rest) : got;
}

/* ---- Choices ------------------------------------------------------------- */

/* `weigh` returns the weight of an offer: higher is preferred, 0 is not acceptable, or VALUE_BAD.
 */
static ptrdiff_t choose(struct sw_lines accept, const struct sw_span *offers, size_t count,
                        int (*weigh)(struct sw_lines accept, struct sw_span offer))
{
    ptrdiff_t best = SW_CHOICE_NONE;
    int max = 0;

    for (size_t i = 0; i < count; i++) {
        int weight = value_absent(&accept) ? 1 : weigh(accept, offers[i]);

        if (weight < 0)
            return SW_CHOICE_BAD;
        if (weight > max) {
            max = weight;
            best = (ptrdiff_t)i;
        }
    }
    return best;
}

/* The next element of a list in one or several lines. */
static int next(struct sw_lines *lines, struct sw_accept *accept,
                int (*take)(struct sw_span *rest, struct sw_accept *accept))
{
    int got;

    while ((got = take(&lines->rest, accept)) == 0 && sw_lines_next(lines))
        continue;
    return got;
}

/* Compares two values after resolving quoted pairs. */
static bool same_value(struct sw_span a, struct sw_span b)
{
    const char *p = a.p, *q = b.p;

    for (;; p++, q++) {
        if (p < value_end(a) && *p == '\\')
            p++;
        if (q < value_end(b) && *q == '\\')
            q++;
        if (p == value_end(a) || q == value_end(b))
            return p == value_end(a) && q == value_end(b);
        if (value_lower(*p) != value_lower(*q))
            return false;
    }
}

static bool has_param(struct sw_span params, const struct sw_param *wanted)
{
    struct sw_param param;

    while (sw_param_next(&params, &param) > 0)
        if (sw_value_same(param.name, wanted->name) && same_value(param.value, wanted->value))
            return true;
    return false;
}

/* How specifically a range covers an offer, 0 for not at all.  RFC 9110 12.5.1. */
static size_t covers(const struct sw_accept *range, const struct sw_media *offer)
{
    struct sw_span rest = range->params;
    struct sw_param param;
    size_t parameters = 0, specific = 1;

    if (!sw_token_is(range->name, "*")) {
        if (!sw_value_same(range->name, offer->type))
            return 0;
        specific = 2;
        if (!sw_token_is(range->sub, "*")) {
            if (!sw_value_same(range->sub, offer->subtype))
                return 0;
            specific = 3;
        }
    }
    while (sw_param_next(&rest, &param) > 0) {
        if (sw_token_is(param.name, "q"))
            continue;
        if (!has_param(offer->params, &param))
            return 0;
        parameters++;
    }
    /* A named type beats any number of parameters. */
    return specific * (SIZE_MAX / 4) + parameters;
}

static int weigh_media(struct sw_lines accept, struct sw_span offer)
{
    struct sw_accept range;
    struct sw_media media;
    size_t max_specific = 0;
    int got, weight = 0;
    bool usable = sw_media_parse(offer, &media);

    while ((got = next(&accept, &range, sw_accept_next)) > 0) {
        size_t specific = usable ? covers(&range, &media) : 0;

        if (specific > max_specific) {
            max_specific = specific;
            weight = (int)range.q;
        }
    }
    return got < 0 ? got : weight;
}

ptrdiff_t sw_accept_choose(struct sw_span accept, const struct sw_span *offers, size_t count)
{
    return choose(value_lines(accept), offers, count, weigh_media);
}

ptrdiff_t sw_head_accept_choose(const struct sw_head *head, const char *buf,
                                const struct sw_span *offers, size_t count)
{
    return choose(sw_lines_of(head, buf, SW_HEADER_ACCEPT), offers, count, weigh_media);
}

/* A coding without the "x-" that two of them once had.  RFC 9110 8.4.1. */
static struct sw_span plain_coding(struct sw_span coding)
{
    if (sw_token_is(coding, "x-gzip") || sw_token_is(coding, "x-compress"))
        return (struct sw_span){coding.p + 2, coding.n - 2};
    return coding;
}

static int weigh_coding(struct sw_lines accept, struct sw_span offer)
{
    struct sw_accept coding;
    int got, named = -1, others = -1;

    offer = plain_coding(offer);
    while ((got = next(&accept, &coding, sw_accept_coding_next)) > 0) {
        if (sw_value_same(plain_coding(coding.name), offer))
            named = (int)coding.q;
        else if (sw_token_is(coding.name, "*"))
            others = (int)coding.q;
    }
    if (got < 0)
        return got;
    if (named < 0)
        named = others;
    /* Doubled, so that an identity that is not listed fits between 0 and the lowest weight. */
    if (named >= 0)
        return named * 2;
    return sw_token_is(offer, "identity");
}

ptrdiff_t sw_accept_coding_choose(struct sw_span accept, const struct sw_span *offers, size_t count)
{
    return choose(value_lines(accept), offers, count, weigh_coding);
}

ptrdiff_t sw_head_accept_coding_choose(const struct sw_head *head, const char *buf,
                                       const struct sw_span *offers, size_t count)
{
    return choose(sw_lines_of(head, buf, SW_HEADER_ACCEPT_ENCODING), offers, count, weigh_coding);
}

/* Whether `range` is `tag` or what is left of it after dropping subtags from its end. */
static bool is_prefix(struct sw_span range, struct sw_span tag)
{
    if (range.n == 0 || range.n > tag.n || (range.n < tag.n && tag.p[range.n] != '-'))
        return false;
    return sw_value_same(range, (struct sw_span){tag.p, range.n});
}

static int weigh_language(struct sw_lines accept, struct sw_span offer)
{
    struct sw_accept range;
    size_t longest = 0;
    int got, filtered = -1, found = -1, others = -1, order = 0xffff;

    while ((got = next(&accept, &range, sw_accept_language_next)) > 0) {
        /* The order in the field decides only between equal weights. */
        int weight = range.q != 0 ? (int)range.q << 16 | order : 0;

        order -= order > 0;
        if (sw_token_is(range.name, "*")) {
            others = weight > others ? weight : others;
        } else if (is_prefix(range.name, offer)) {
            if (range.name.n > longest) {
                longest = range.name.n;
                filtered = weight;
            }
        } else if (is_prefix(offer, range.name) && weight > 0) {
            /* A weight of 0 for de-CH does not exclude de. */
            found = weight > found ? weight : found;
        }
    }
    if (got < 0)
        return got;
    if (filtered >= 0)
        return filtered;
    if (found >= 0)
        return found;
    return others > 0 ? others : 0;
}

ptrdiff_t sw_accept_language_choose(struct sw_span accept, const struct sw_span *offers,
                                    size_t count)
{
    return choose(value_lines(accept), offers, count, weigh_language);
}

ptrdiff_t sw_head_accept_language_choose(const struct sw_head *head, const char *buf,
                                         const struct sw_span *offers, size_t count)
{
    return choose(sw_lines_of(head, buf, SW_HEADER_ACCEPT_LANGUAGE), offers, count, weigh_language);
}
