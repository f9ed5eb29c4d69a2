/* head_target.c - checks that a request target has one of the four forms, and that of its method.
 */
/* SPDX-License-Identifier: MIT */
#include "core/head.h"
#include "shockwave_values.h"

/* Whether the percent sign at text[i] has no hex digits, which may be tolerated. */
static bool bad_percent(const char *text, size_t n, size_t i, bool tolerated)
{
    return !tolerated && !(n - i > 2 && sw_byte_is(text[i + 1], SW_BYTE_HEX) &&
                           sw_byte_is(text[i + 2], SW_BYTE_HEX));
}

/* The length of the run at text[0..n) of pchar, "/", "?" and complete percent-encodings. */
static size_t path_run(const struct sw_head *head, const char *text, size_t n, enum sw_error *error)
{
    bool lenient = SW_LIMIT(head->limits, lenient) & SW_LENIENT_TARGET, query = false;
    unsigned allowed = lenient ? SW_BYTE_LENIENT : SW_BYTE_TARGET;

    for (size_t i = 0; i < n; i++) {
        if (!sw_byte_is(text[i], allowed)) {
            *error = SW_ERROR_BAD_TARGET;
            return i;
        }
        query |= text[i] == '?';
        if (text[i] == '%' && bad_percent(text, n, i, lenient && query)) {
            *error = SW_ERROR_BAD_TARGET_PERCENT;
            return i;
        }
    }
    return n;
}

static bool check_path(struct sw_head *head, const char *buf, size_t from)
{
    size_t end = (size_t)head->target + head->target_len;
    enum sw_error error = SW_OK;
    size_t good = path_run(head, buf + from, end - from, &error);

    return error == SW_OK || sw_head_fail(head, error, from + good);
}

/* RFC 9112 3.2.3: CONNECT names a host and a port, and nothing else does. */
static bool check_authority(struct sw_head *head, const char *buf)
{
    struct sw_span target = sw_head_target(head, buf);
    struct sw_host host;

    if (memchr(target.p, '/', target.n))
        return sw_head_fail(head, SW_ERROR_BAD_TARGET_FORM, head->target);
    if (!sw_host_parse(target, &host) || host.port < 0)
        return sw_head_fail(head, SW_ERROR_BAD_TARGET_AUTHORITY, head->target);
    return true;
}

/* The length of `scheme:` at the front of the target, or 0.  RFC 3986 3.1. */
static size_t scheme_length(struct sw_span target)
{
    for (size_t i = 0; i < target.n; i++) {
        char c = target.p[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool later = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';

        if (c == ':')
            return i == 0 ? 0 : i + 1;
        if (!letter && !(i > 0 && later))
            return 0;
    }
    return 0;
}

/* Whether the limits allow this scheme.  RFC 9110 7.4. */
static bool check_scheme(struct sw_head *head, struct sw_span scheme)
{
    unsigned found = sw_token_is(scheme, "http")    ? SW_SCHEME_HTTP
                     : sw_token_is(scheme, "https") ? SW_SCHEME_HTTPS
                                                    : SW_SCHEME_OTHER;

    if (!(SW_LIMIT(head->limits, schemes) & found))
        return sw_head_fail(head, SW_ERROR_BAD_TARGET_SCHEME, head->target);
    return true;
}

/*
 * RFC 9112 3.2.2, for schemes with an authority: no other absolute URI has a meaning in a request.
 * Userinfo is an error, as RFC 9110 4.2.4 recommends.  The scheme is checked last, after the
 * syntax.
 */
static bool check_absolute(struct sw_head *head, const char *buf)
{
    struct sw_span target = sw_head_target(head, buf);
    size_t from = scheme_length(target), to;
    struct sw_host host;

    if (from == 0 || target.n < from + 2 || target.p[from] != '/' || target.p[from + 1] != '/')
        return sw_head_fail(head, SW_ERROR_BAD_TARGET_FORM, head->target);
    from += 2;
    for (to = from; to < target.n && target.p[to] != '/' && target.p[to] != '?'; to++)
        if (target.p[to] == '@')
            return sw_head_fail(head, SW_ERROR_TARGET_USERINFO, head->target + to);
    struct sw_span authority = {target.p + from, to - from};
    if (!sw_host_parse(authority, &host) || host.name.n == 0)
        return sw_head_fail(head, SW_ERROR_BAD_TARGET_AUTHORITY, head->target + from);
    return check_path(head, buf, head->target + to) &&
           check_scheme(head, (struct sw_span){target.p, (size_t)(authority.p - target.p) - 3});
}

bool sw_head_check_target(struct sw_head *head, const char *buf)
{
    const char *target = buf + head->target;

    if (head->method == SW_METHOD_CONNECT)
        return check_authority(head, buf);
    if (target[0] == '/')
        return check_path(head, buf, head->target);
    if (target[0] != '*')
        return check_absolute(head, buf);
    if (head->target_len != 1 || !(sw_method_names[head->method].flags & SW_METHOD_F_ASTERISK))
        return sw_head_fail(head, SW_ERROR_BAD_TARGET_FORM, head->target);
    return true;
}
