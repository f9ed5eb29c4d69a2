/* value_host.c - host[:port], IP addresses and networks. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bytes.h"
#include "base/path.h"
#include "values/value.h"

/* Past IPv4address, or NULL.  A dec-octet has no leading zeros.  RFC 3986 3.2.2. */
static const char *parse_ipv4(const char *p, const char *end, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        const char *start;
        unsigned octet = 0;

        if (i > 0 && (p = value_expect(p, end, '.')) == NULL)
            return NULL;
        for (start = p; p < end && p - start < 3 && value_is_digit(*p); p++)
            octet = octet * 10 + (unsigned)(*p - '0');
        if (p == start || octet > 255 || (p - start > 1 && *start == '0'))
            return NULL;
        out[i] = (uint8_t)octet;
    }
    return p;
}

/* Past 1*4HEXDIG, or NULL. */
static const char *parse_group(const char *p, const char *end, uint8_t out[2])
{
    const char *start = p;
    unsigned group = 0;

    for (; p < end && p - start < 4 && value_hex(*p) >= 0; p++)
        group = group << 4 | (unsigned)value_hex(*p);
    out[0] = (uint8_t)(group >> 8);
    out[1] = (uint8_t)group;
    return p > start ? p : NULL;
}

/*
 * A complete IPv6address.  `at` counts bytes written and `gap` is where "::" was: the groups after
 * it move to the end.  "::" replaces at least one group, so one must be free.  RFC 3986 3.2.2.
 */
static bool parse_ipv6(const char *p, const char *end, uint8_t out[16])
{
    enum { NO_GAP = 17 };
    size_t at = 0, gap = NO_GAP;

    if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
        gap = 0;
        p += 2;
    }
    while (p < end && at < 16) {
        const char *v4 = at <= 12 ? parse_ipv4(p, end, out + at) : NULL;

        if (v4 == end) {
            p = end;
            at += 4;
            break;
        }
        p = parse_group(p, end, out + at);
        if (p == NULL)
            return false;
        at += 2;
        if (p == end)
            break;
        p = value_expect(p, end, ':');
        if (p == NULL || p == end)
            return false;
        if (*p == ':') {
            if (gap != NO_GAP)
                return false;
            gap = at;
            p++;
        }
    }
    if (p != end || (gap == NO_GAP) != (at == 16))
        return false;
    if (gap != NO_GAP) {
        memmove(out + gap + (16 - at), out + gap, at - gap);
        memset(out + gap, 0, 16 - at);
    }
    return true;
}

bool sw_address_parse(struct sw_span text, struct sw_address *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const char *end = value_end(text);

    if (text.n == 0)
        return false;
    if (parse_ipv4(text.p, end, address->bytes + 12) == end) {
        memcpy(address->bytes, mapped, sizeof(mapped));
        return true;
    }
    return parse_ipv6(text.p, end, address->bytes);
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ).  RFC 3986 3.2.2. */
static bool is_future(const char *p, const char *end)
{
    const char *digits = p + 1;

    if (p == end || value_lower(*p) != 'v')
        return false;
    for (p = digits; p < end && value_hex(*p) >= 0; p++)
        ;
    if (p == digits || p == end || *p++ != '.' || p == end)
        return false;
    while (p < end && (value_is(*p, SW_VALUE_NAME) || *p == ':'))
        p++;
    return p == end;
}

/* Whether the four bytes at p are all plain ones of a name. */
static bool four_plain(const char *p)
{
    const uint8_t *class = sw_value_classes;
    const unsigned char *u = (const unsigned char *)p;

    return (class[u[0]] & class[u[1]] & class[u[2]] & class[u[3]] & SW_VALUE_NAME) != 0;
}

/* Past reg-name; every "%" must begin a percent-encoding, or the result is NULL. */
static const char *skip_name(const char *p, const char *end)
{
    for (;;) {
        /* Four at a time, for this runs on every request and names are mostly plain. */
        while (end - p >= 4 && four_plain(p))
            p += 4;
        p = value_skip(p, end, SW_VALUE_NAME);
        if (p == end || *p != '%')
            return p;
        if (end - p < 3 || value_hex(p[1]) < 0 || value_hex(p[2]) < 0)
            return NULL;
        p += 3;
    }
}

/* Parses the text between brackets at p; returns the end of the closing bracket, or NULL. */
static const char *parse_literal(const char *p, const char *end, struct sw_host *host)
{
    uint8_t scratch[16];
    const char *close = memchr(p, ']', (size_t)(end - p));

    if (close == NULL)
        return NULL;
    host->name = value_span(p + 1, close);
    if (parse_ipv6(p + 1, close, scratch))
        host->kind = SW_HOST_IPV6;
    else if (is_future(p + 1, close))
        host->kind = SW_HOST_FUTURE;
    else
        return NULL;
    return close + 1;
}

/* *DIGIT up to the end, or -2 for what is no port.  RFC 3986 3.2.3. */
static int parse_port(const char *p, const char *end)
{
    int port = 0;

    if (p == end)
        return -1;
    for (; p < end; p++) {
        if (!value_is_digit(*p))
            return -2;
        port = port * 10 + (*p - '0');
        if (port > 65535)
            return -2;
    }
    return port;
}

/* All but telling an IPv4 address from a name: an address is a name too, as far as bytes go.  A
   port belongs to a host: without one, RFC 9110 4.2.1, there is nothing at all, 7.2. */
static bool parse_host(struct sw_span value, struct sw_host *host)
{
    const char *p = value.p, *end = value_end(value);

    SW_PATH(HOST);
    *host = (struct sw_host){.name = value_span(p, p), .port = -1};
    if (p == end)
        return true;
    if (*p == '[') {
        p = parse_literal(p, end, host);
        if (p == NULL)
            return false;
    } else {
        p = skip_name(p, end);
        if (p == NULL || p == value.p)
            return false;
        host->name = value_span(value.p, p);
        host->kind = SW_HOST_NAME;
    }
    if (p == end)
        return true;
    if (*p++ != ':')
        return false;
    host->port = parse_port(p, end);
    return host->port >= -1;
}

bool sw_host_parse(struct sw_span value, struct sw_host *host)
{
    uint8_t scratch[4];

    if (!parse_host(value, host))
        return false;
    if (host->kind == SW_HOST_NAME && value_is_digit(*host->name.p) &&
        parse_ipv4(host->name.p, value_end(host->name), scratch) == value_end(host->name))
        host->kind = SW_HOST_IPV4;
    return true;
}

/* Bytes of a name, then a colon and a port below 60000, or neither; nearly every Host is so.  No
   branch depends on what the bytes of the name are. */
static bool is_plain(struct sw_span value)
{
    size_t n = value.n, digits = 0;
    unsigned all = SW_BYTE_HOST;

    while (digits < 5 && digits < n && value_is_digit(value.p[n - 1 - digits]))
        digits++;
    if (digits < n && value.p[n - 1 - digits] == ':') {
        if (digits == 0 || (digits == 5 && value.p[n - 5] >= '6'))
            return false;
        n -= digits + 1;
    }
    for (size_t i = 0; i < n; i++)
        all &= sw_byte_classes[(unsigned char)value.p[i]];
    return all != 0 && n > 0;
}

bool sw_host_valid(struct sw_span value)
{
    struct sw_host host;

    return is_plain(value) || parse_host(value, &host);
}

bool sw_network_parse(struct sw_span text, struct sw_network *network)
{
    const char *slash = text.n != 0 ? memchr(text.p, '/', text.n) : NULL;
    struct sw_span base = slash != NULL ? value_span(text.p, slash) : text;
    uint64_t bits = 128;

    if (!sw_address_parse(base, &network->address))
        return false;
    if (slash != NULL) {
        bool v4 = memchr(base.p, ':', base.n) == NULL;

        if (!sw_value_number(value_span(slash + 1, value_end(text)), 129, &bits) ||
            bits > (v4 ? 32 : 128))
            return false;
        if (v4)
            bits += 96;
    }
    network->bits = (unsigned)bits;
    return true;
}

bool sw_network_has(const struct sw_network *network, const struct sw_address *address)
{
    const uint8_t *a = network->address.bytes, *b = address->bytes;
    size_t bytes = network->bits / 8;
    unsigned left = network->bits % 8;

    return memcmp(a, b, bytes) == 0 && (left == 0 || ((a[bytes] ^ b[bytes]) >> (8 - left)) == 0);
}
