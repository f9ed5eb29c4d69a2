/* value_cookie.c - Cookie and Set-Cookie. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/value.h"

static bool is_token(struct sw_span name)
{
    return name.n != 0 && value_skip(name.p, value_end(name), SW_VALUE_TOKEN) == value_end(name);
}

/* *cookie-octet / ( DQUOTE *cookie-octet DQUOTE ) */
static bool is_cookie_value(struct sw_span value)
{
    const char *p = value.p, *end = value_end(value);

    if (value.n >= 2 && *p == '"' && end[-1] == '"') {
        p++;
        end--;
    }
    return value_skip(p, end, SW_VALUE_COOKIE) == end;
}

/* The bytes of an attribute value: US-ASCII except controls and ";". */
static bool is_attribute(struct sw_span value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if (c < ' ' || c > '~' || c == ';')
            return false;
    }
    return true;
}

/* Take the text up to the next ";" off the front, trimmed. */
static struct sw_span next_part(struct sw_span *rest)
{
    const char *end = value_end(*rest);
    const char *p = value_skip_blanks(rest->p, end);
    const char *stop = p < end ? memchr(p, ';', (size_t)(end - p)) : NULL;

    if (stop == NULL)
        stop = end;
    *rest = value_span(stop < end ? stop + 1 : end, end);
    return value_span(p, value_trim_blanks(p, stop));
}

/* The span without the blanks at its ends. */
static struct sw_span trim(struct sw_span span)
{
    const char *end = value_end(span), *p = value_skip_blanks(span.p, end);

    return value_span(p, value_trim_blanks(p, end));
}

/* Split at the first "="; without one all is name and the value's p is NULL. */
static struct sw_pair split_pair(struct sw_span part)
{
    const char *end = value_end(part);
    const char *equals = part.n != 0 ? memchr(part.p, '=', part.n) : NULL;

    if (equals == NULL)
        return (struct sw_pair){.name = part};
    return (struct sw_pair){value_span(part.p, equals), value_span(equals + 1, end)};
}

static bool is_cookie(const struct sw_pair *pair)
{
    return is_token(pair->name) && pair->value.p != NULL && is_cookie_value(pair->value);
}

int sw_cookie_next(struct sw_span *rest, struct sw_pair *cookie)
{
    struct sw_span part;

    do {
        if (rest->n == 0)
            return 0;
        part = next_part(rest);
    } while (part.n == 0);
    *cookie = split_pair(part);
    if (is_cookie(cookie))
        return 1;
    *cookie = (struct sw_pair){.name = part};
    return VALUE_BAD;
}

static void parse_max_age(struct sw_span value, struct sw_set_cookie *cookie)
{
    bool negative = value.n != 0 && *value.p == '-';
    uint64_t number;

    if (negative)
        value = (struct sw_span){value.p + 1, value.n - 1};
    if (!sw_value_number(value, INT64_MAX, &number))
        return;
    cookie->has_max_age = true;
    cookie->max_age = negative ? -(int64_t)number : (int64_t)number;
}

static void parse_same_site(struct sw_span value, struct sw_set_cookie *cookie)
{
    if (sw_token_is(value, "Lax"))
        cookie->same_site = SW_SAME_SITE_LAX;
    else if (sw_token_is(value, "Strict"))
        cookie->same_site = SW_SAME_SITE_STRICT;
    else if (sw_token_is(value, "None"))
        cookie->same_site = SW_SAME_SITE_NONE;
}

/* RFC 6265 5.2.3.  One leading dot means nothing, and what was nothing else names no domain. */
static void parse_domain(struct sw_span value, struct sw_set_cookie *cookie)
{
    if (value.n == 0)
        return;
    if (*value.p == '.')
        value = (struct sw_span){value.p + 1, value.n - 1};
    cookie->domain = value.n != 0 ? value : (struct sw_span){NULL, 0};
}

static void parse_attribute(struct sw_pair attribute, struct sw_set_cookie *cookie)
{
    struct sw_span name = attribute.name, value = attribute.value;

    if (sw_token_is(name, "Expires")) {
        if (sw_cookie_date_parse(value, &cookie->expires))
            cookie->has_expires = true;
    } else if (sw_token_is(name, "Max-Age")) {
        parse_max_age(value, cookie);
    } else if (sw_token_is(name, "Domain")) {
        parse_domain(value, cookie);
    } else if (sw_token_is(name, "Path")) {
        cookie->path = value.n != 0 && *value.p == '/' ? value : (struct sw_span){NULL, 0};
    } else if (sw_token_is(name, "Secure")) {
        cookie->secure = true;
    } else if (sw_token_is(name, "HttpOnly")) {
        cookie->http_only = true;
    } else if (sw_token_is(name, "Partitioned")) {
        cookie->partitioned = true;
    } else if (sw_token_is(name, "SameSite")) {
        parse_same_site(value, cookie);
    }
}

/* RFC 6265 5.2.2 and 5.3: Max-Age goes before Expires, and without both the session is the end. */
static int64_t end_of(const struct sw_set_cookie *cookie, int64_t now)
{
    if (!cookie->has_max_age)
        return cookie->has_expires ? cookie->expires : INT64_MAX;
    if (cookie->max_age <= 0)
        return INT64_MIN;
    return now > INT64_MAX - cookie->max_age ? INT64_MAX : now + cookie->max_age;
}

/* Split a part of Set-Cookie, both halves trimmed.  RFC 6265 5.2. */
static struct sw_pair split_setting(struct sw_span part)
{
    struct sw_pair pair = split_pair(part);

    return (struct sw_pair){trim(pair.name), trim(pair.value)};
}

bool sw_set_cookie_parse(struct sw_span value, int64_t now, struct sw_set_cookie *cookie)
{
    *cookie = (struct sw_set_cookie){.cookie = split_setting(next_part(&value))};
    if (!is_cookie(&cookie->cookie))
        return false;
    while (value.n != 0) {
        struct sw_pair attribute = split_setting(next_part(&value));

        if (!is_attribute(attribute.name) || !is_attribute(attribute.value))
            return false;
        parse_attribute(attribute, cookie);
    }
    cookie->ends = end_of(cookie, now);
    return true;
}

bool sw_cookie_domain_matches(struct sw_span host, struct sw_span domain)
{
    struct sw_address address;
    size_t more = host.n - domain.n;

    if (domain.n == 0 || host.n < domain.n ||
        !sw_value_same((struct sw_span){host.p + more, domain.n}, domain))
        return false;
    return more == 0 || (host.p[more - 1] == '.' && !sw_address_parse(host, &address));
}

/* ---- Writing ------------------------------------------------------------- */

/* Text that has outgrown its room keeps counting and stops writing. */
struct text {
    char *out;
    size_t n, room;
};

static void put(struct text *text, const char *p, size_t n)
{
    if (text->n <= text->room && n <= text->room - text->n && n != 0)
        memcpy(text->out + text->n, p, n);
    text->n += n;
}

static void put_span(struct text *text, struct sw_span span)
{
    put(text, span.p, span.n);
}

static void put_word(struct text *text, const char *word)
{
    for (; *word != '\0'; word++)
        put(text, word, 1);
}

static void put_attributes(struct text *text, const struct sw_set_cookie *cookie)
{
    static const char *const same_site[] = {"", "; SameSite=Lax", "; SameSite=Strict",
                                            "; SameSite=None"};
    char scratch[SW_DATE_LEN];

    if (cookie->has_expires) {
        put_word(text, "; Expires=");
        put(text, scratch, sw_date_format(cookie->expires, scratch));
    }
    if (cookie->has_max_age) {
        uint64_t age = (uint64_t)cookie->max_age;

        put_word(text, cookie->max_age < 0 ? "; Max-Age=-" : "; Max-Age=");
        put(text, scratch, sw_value_put_number(cookie->max_age < 0 ? 0 - age : age, scratch));
    }
    if (cookie->domain.p != NULL) {
        put_word(text, "; Domain=");
        put_span(text, cookie->domain);
    }
    if (cookie->path.p != NULL) {
        put_word(text, "; Path=");
        put_span(text, cookie->path);
    }
    if (cookie->secure)
        put_word(text, "; Secure");
    if (cookie->http_only)
        put_word(text, "; HttpOnly");
    put_word(text, same_site[cookie->same_site]);
    if (cookie->partitioned)
        put_word(text, "; Partitioned");
}

ptrdiff_t sw_set_cookie_format(const struct sw_set_cookie *cookie, char *out, size_t room)
{
    struct text text = {out, 0, room};

    if (!is_cookie(&cookie->cookie) || !is_attribute(cookie->domain) ||
        !is_attribute(cookie->path) || cookie->same_site > SW_SAME_SITE_NONE)
        return VALUE_BAD;
    put_span(&text, cookie->cookie.name);
    put(&text, "=", 1);
    put_span(&text, cookie->cookie.value);
    put_attributes(&text, cookie);
    return text.n <= room ? (ptrdiff_t)text.n : VALUE_NO_ROOM;
}
