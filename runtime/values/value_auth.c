/* value_auth.c - credentials, challenges, Basic. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/value.h"

int sw_auth_param_next(struct sw_span *rest, struct sw_param *param)
{
    struct sw_span element;
    int got = sw_list_next(rest, &element);

    if (got <= 0)
        return got;
    if (sw_value_param(element.p, value_end(element), false, true, param) != value_end(element))
        return value_stop(rest);
    return 1;
}

/* 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" up to the end. */
static bool is_token68(const char *p, const char *end)
{
    const char *start = p;

    p = value_skip(p, end, SW_VALUE_TOKEN68);
    if (p == start)
        return false;
    while (p < end && *p == '=')
        p++;
    return p == end;
}

/*
 * auth-scheme and what follows it: a token68 by preference, since "name=" is one, else parameters
 * not looked at yet.
 */
static bool split_scheme(struct sw_span value, struct sw_auth *auth)
{
    const char *end = value_end(value);
    const char *p = value_skip(value.p, end, SW_VALUE_TOKEN);

    *auth = (struct sw_auth){.scheme = value_span(value.p, p)};
    if (auth->scheme.n == 0)
        return false;
    if (p == end)
        return true;
    if (*p != ' ')
        return false;
    while (p < end && *p == ' ')
        p++;
    if (is_token68(p, end))
        auth->token68 = value_span(p, end);
    else
        auth->params = value_span(p, end);
    return true;
}

bool sw_auth_parse(struct sw_span value, struct sw_auth *auth)
{
    struct sw_span rest;
    struct sw_param param;
    int got;

    if (!split_scheme(value, auth))
        return false;
    rest = auth->params;
    while ((got = sw_auth_param_next(&rest, &param)) > 0)
        ;
    return got == 0;
}

/*
 * A comma ends either a parameter or a challenge, and only the element after it decides: a
 * parameter has "=" after its name, a challenge has blanks and a name or nothing.
 */
int sw_challenge_next(struct sw_span *rest, struct sw_auth *auth)
{
    struct sw_span element, ahead;
    struct sw_param param;
    int got = sw_list_next(rest, &element);

    if (got <= 0)
        return got;
    if (!split_scheme(element, auth))
        return value_stop(rest);
    if (auth->params.n != 0) {
        ahead = auth->params;
        if (sw_auth_param_next(&ahead, &param) < 0)
            return value_stop(rest);
    }
    if (auth->token68.n != 0)
        return 1;
    for (ahead = *rest; (got = sw_list_next(&ahead, &element)) > 0; *rest = ahead) {
        const char *end = value_end(element);

        if (sw_value_param(element.p, end, false, true, &param) != end)
            break;
        auth->params = value_span(auth->params.p != NULL ? auth->params.p : element.p, end);
    }
    return got < 0 ? value_stop(rest) : 1;
}

static int base64_value(char c)
{
    if (value_is_digit(c))
        return c - '0' + 52;
    if (value_is_alpha(c))
        return c >= 'a' ? c - 'a' + 26 : c - 'A';
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Decode one group whose last `padding` characters are "="; false for what is not canonical. */
static bool decode_group(const char *p, size_t padding, char out[3])
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? base64_value(p[i]) : 0;

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    out[0] = (char)(bits >> 16);
    out[1] = (char)(bits >> 8);
    out[2] = (char)bits;
    return (bits & ((1u << (8 * padding)) - 1)) == 0;
}

ptrdiff_t sw_base64_decode(struct sw_span text, char *out, size_t room)
{
    const char *end = value_end(text);
    size_t n = 0;

    if (text.n % 4 != 0)
        return VALUE_BAD;
    for (const char *p = text.p; p < end; p += 4) {
        size_t padding = 0;
        char group[3];

        if (end - p == 4 && p[3] == '=')
            padding = p[2] == '=' ? 2 : 1;
        if (!decode_group(p, padding, group))
            return VALUE_BAD;
        if (room - n < 3 - padding)
            return VALUE_NO_ROOM;
        memcpy(out + n, group, 3 - padding);
        n += 3 - padding;
    }
    return (ptrdiff_t)n;
}

ptrdiff_t sw_basic_decode(struct sw_span token68, char *out, size_t room, struct sw_span *user,
                          struct sw_span *password)
{
    ptrdiff_t n = sw_base64_decode(token68, out, room);
    const char *colon;

    if (n < 0)
        return n;
    for (ptrdiff_t i = 0; i < n; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 127)
            return VALUE_BAD;
    colon = n > 0 ? memchr(out, ':', (size_t)n) : NULL;
    if (colon == NULL)
        return VALUE_BAD;
    *user = value_span(out, colon);
    *password = value_span(colon + 1, out + n);
    return n;
}
