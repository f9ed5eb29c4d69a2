/* value_target.c - request targets, percent-encoding, dot segments, queries. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "value.h"

/* Whether "%" at p begins a percent-encoding. */
static bool is_encoded(const char *p, const char *end)
{
    return end - p >= 3 && value_hex(p[1]) >= 0 && value_hex(p[2]) >= 0;
}

/* Past the bytes of a path, and in a query past "?" too, to the first that may not stand there. */
static const char *skip_encoded(const char *p, const char *end, bool query)
{
    for (;;) {
        p = value_skip(p, end, CLASS_PATH);
        if (p < end && *p == '%' && is_encoded(p, end))
            p += 3;
        else if (query && p < end && *p == '?')
            p++;
        else
            return p;
    }
}

static bool parse_path(const char *p, const char *end, struct sw_target *target)
{
    const char *start = p;

    p = skip_encoded(p, end, false);
    target->path = value_span(start, p);
    if (p < end && *p == '?') {
        start = p + 1;
        p = skip_encoded(start, end, true);
        target->query = value_span(start, p);
    }
    return p == end;
}

static bool parse_authority(const char *p, const char *end, struct sw_target *target)
{
    target->authority = value_span(p, end);
    return sw_host_parse(target->authority, &target->host) && target->host.kind != SW_HOST_EMPTY;
}

/* The end of a scheme with "://" behind it, or NULL: without the slashes it may be host:port. */
static const char *skip_scheme(const char *p, const char *end)
{
    if (!value_is_alpha(*p))
        return NULL;
    while (p < end && (value_is(*p, CLASS_ALNUM) || *p == '+' || *p == '-' || *p == '.'))
        p++;
    return end - p >= 3 && memcmp(p, "://", 3) == 0 ? p : NULL;
}

bool sw_target_parse(struct sw_span value, struct sw_target *target)
{
    const char *p = value.p, *end = value_end(value), *scheme_end, *slash;

    *target = (struct sw_target){.host.port = -1};
    if (p == end)
        return false;
    if (*p == '/') {
        target->form = SW_TARGET_ORIGIN;
        return parse_path(p, end, target);
    }
    if (*p == '*') {
        target->form = SW_TARGET_ASTERISK;
        return value.n == 1;
    }
    scheme_end = skip_scheme(p, end);
    if (scheme_end == NULL) {
        target->form = SW_TARGET_AUTHORITY;
        return parse_authority(p, end, target) && target->host.port >= 0;
    }
    target->form = SW_TARGET_ABSOLUTE;
    target->scheme = value_span(p, scheme_end);
    p = scheme_end + 3;
    for (slash = p; slash < end && *slash != '/' && *slash != '?'; slash++)
        ;
    return parse_authority(p, slash, target) && parse_path(slash, end, target);
}

ptrdiff_t sw_percent_decode(struct sw_span text, unsigned flags, char *out, size_t room)
{
    const char *p = text.p, *end = value_end(text);
    size_t n = 0;

    while (p < end) {
        char c = *p;
        size_t taken = 1, kept = 1;

        if (c == '+' && (flags & SW_DECODE_PLUS) != 0) {
            c = ' ';
        } else if (c == '%' && is_encoded(p, end)) {
            c = (char)(value_hex(p[1]) << 4 | value_hex(p[2]));
            taken = 3;
            if (c == '/' && (flags & SW_DECODE_SLASH) == 0)
                kept = 3;
        } else if (c == '%' && (flags & SW_DECODE_LOOSE) == 0) {
            return VALUE_BAD;
        }
        if (c == '\0' && (flags & SW_DECODE_NUL) == 0)
            return VALUE_BAD;
        if (room - n < kept)
            return VALUE_NO_ROOM;
        if (kept == 1)
            out[n] = c;
        else
            memmove(out + n, p, kept);
        n += kept;
        p += taken;
    }
    return (ptrdiff_t)n;
}

size_t sw_path_normalise(char *path, size_t len)
{
    size_t in = 0, out = 0;

    while (in < len) {
        size_t start = in, n;

        for (in++; in < len && path[in] != '/'; in++)
            ;
        n = in - start - 1;
        if (n == 0 || n > 2 || path[start + 1] != '.' || path[in - 1] != '.') {
            memmove(path + out, path + start, in - start);
            out += in - start;
            continue;
        }
        if (n == 2)
            while (out > 0 && path[--out] != '/')
                ;
        if (in == len)
            path[out++] = '/';
    }
    return out;
}

int sw_query_next(struct sw_span *rest, struct sw_pair *pair)
{
    const char *p = rest->p, *end = value_end(*rest), *stop, *equals;

    while (p < end && *p == '&')
        p++;
    *rest = value_span(end, end);
    if (p == end)
        return 0;
    stop = memchr(p, '&', (size_t)(end - p));
    if (stop == NULL)
        stop = end;
    equals = memchr(p, '=', (size_t)(stop - p));
    *pair = (struct sw_pair){.name = value_span(p, equals != NULL ? equals : stop)};
    if (equals != NULL)
        pair->value = value_span(equals + 1, stop);
    *rest = value_span(stop, end);
    return 1;
}
