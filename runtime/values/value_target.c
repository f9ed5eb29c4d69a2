/* value_target.c - request targets, percent-encoding, dot segments, queries. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bytes.h"
#include "values/value.h"

/* Whether "%" at p begins a percent-encoding. */
static bool is_encoded(const char *p, const char *end)
{
    return end - p >= 3 && value_hex(p[1]) >= 0 && value_hex(p[2]) >= 0;
}

/*
 * The path ends at the first "?" or with the target, whatever its bytes are: if it ended at the
 * first byte that RFC 3986 does not allow, "/a|b" would name the resource "/a".
 */
static void split_path(const char *p, const char *end, struct sw_target *target)
{
    const char *mark = p < end ? memchr(p, '?', (size_t)(end - p)) : NULL;

    target->path = value_span(p, mark != NULL ? mark : end);
    if (mark != NULL)
        target->query = value_span(mark + 1, end);
}

/* Whether a path or a query is made of bytes of the class and of percent-encodings, or of percent
   signs alone where these are tolerated. */
static bool is_made_of(struct sw_span text, unsigned class, bool percent)
{
    const char *end = value_end(text);

    for (const char *p = text.p; p < end; p++)
        if (!sw_byte_is(*p, class) || (*p == '%' && !percent && !is_encoded(p, end)))
            return false;
    return true;
}

static bool parse_path(const char *p, const char *end, uint32_t lenient, struct sw_target *target)
{
    bool is_lenient = lenient & SW_LENIENT_TARGET;
    unsigned class = is_lenient ? SW_BYTE_LENIENT : SW_BYTE_TARGET;

    split_path(p, end, target);
    return is_made_of(target->path, class, false) && is_made_of(target->query, class, is_lenient);
}

static bool parse_authority(const char *p, const char *end, struct sw_target *target)
{
    target->authority = value_span(p, end);
    return sw_host_parse(target->authority, &target->host) && target->host.kind != SW_HOST_EMPTY;
}

/* The end of a scheme that is followed by "://", or NULL: without the slashes it may be host:port.
 */
static const char *skip_scheme(const char *p, const char *end)
{
    if (!value_is_alpha(*p))
        return NULL;
    while (p < end && (value_is(*p, SW_VALUE_ALNUM) || *p == '+' || *p == '-' || *p == '.'))
        p++;
    return end - p >= 3 && memcmp(p, "://", 3) == 0 ? p : NULL;
}

bool sw_target_parse(struct sw_span value, struct sw_target *target)
{
    return sw_target_parse_lenient(value, 0, target);
}

bool sw_target_parse_lenient(struct sw_span value, uint32_t lenient, struct sw_target *target)
{
    const char *p = value.p, *end = value_end(value), *scheme_end, *slash;
    bool is_authority;

    *target = (struct sw_target){.host.port = -1};
    if (p == end)
        return false;
    if (*p == '/') {
        target->form = SW_TARGET_ORIGIN;
        return parse_path(p, end, lenient, target);
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
    is_authority = parse_authority(p, slash, target);
    return parse_path(slash, end, lenient, target) && is_authority;
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
