/* value_proxy.c - the PROXY header, versions 1 and 2. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/value.h"

enum {
    LINE_MAX = 107, /* of version 1, CRLF included; 2.1 */
    FIXED = 16,     /* of version 2, before the addresses; 2.2 */
};

static const char name[6] = {'P', 'R', 'O', 'X', 'Y', ' '};
static const char signature[12] = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static bool begins(const char *buf, size_t len, const char *with, size_t n)
{
    return memcmp(buf, with, len < n ? len : n) == 0;
}

/* ---- Version 1 ---------------------------------------------------------------------------------
 */

/* The next word of the line: up to a space, or the end. */
static struct sw_span word(struct sw_span *rest)
{
    const char *space = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
    struct sw_span span = *rest;

    if (space) {
        span.n = (size_t)(space - rest->p);
        *rest = value_span(space + 1, value_end(*rest));
    } else {
        *rest = value_span(value_end(*rest), value_end(*rest));
    }
    return span;
}

static bool read_address(struct sw_span text, bool v6, struct sw_address *address)
{
    return text.n && (memchr(text.p, ':', text.n) != NULL) == v6 && sw_address_parse(text, address);
}

/* Decimal, without leading zeros. */
static bool read_port(struct sw_span text, uint16_t *port)
{
    uint64_t number;

    if ((text.n > 1 && *text.p == '0') || !sw_value_number(text, UINT16_MAX + 1, &number) ||
        number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* The text between "PROXY " and CRLF. */
static bool read_line(struct sw_span rest, struct sw_proxy *proxy)
{
    struct sw_span family = word(&rest);
    bool v6 = family.n == 4 && memcmp(family.p, "TCP6", 4) == 0;

    if (family.n == 7 && memcmp(family.p, "UNKNOWN", 7) == 0)
        return true;
    if (!v6 && !(family.n == 4 && memcmp(family.p, "TCP4", 4) == 0))
        return false;
    proxy->known = read_address(word(&rest), v6, &proxy->source) &&
                   read_address(word(&rest), v6, &proxy->destination) &&
                   read_port(word(&rest), &proxy->source_port) &&
                   read_port(rest, &proxy->destination_port);
    return proxy->known;
}

static ptrdiff_t parse_line(const char *buf, size_t len, struct sw_proxy *proxy)
{
    const char *end = memchr(buf, '\n', len < LINE_MAX ? len : LINE_MAX);

    if (!end)
        return len < LINE_MAX ? 0 : -SW_ERROR_BAD_PROXY;
    if (end[-1] != '\r' || !read_line(value_span(buf + sizeof name, end - 1), proxy))
        return -SW_ERROR_BAD_PROXY;
    return end + 1 - buf;
}

/* ---- Version 2 ---------------------------------------------------------------------------------
 */

/* The number in the two bytes at p, in network order. */
static uint16_t two(const unsigned char *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void read_v4(const unsigned char *p, struct sw_address *address)
{
    *address = (struct sw_address){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    memcpy(address->bytes + 12, p, 4);
}

/* The bytes of the addresses of this family and transport; SIZE_MAX for what is not assigned. */
static size_t address_size(unsigned char family)
{
    switch (family) {
    case 0x00:
        return 0;
    case 0x11:
    case 0x12:
        return 12;
    case 0x21:
    case 0x22:
        return 36;
    case 0x31: /* unix sockets: two paths */
    case 0x32:
        return 216;
    default:
        return SIZE_MAX;
    }
}

static bool skip_tlvs(const unsigned char *p, size_t n)
{
    while (n >= 3 && two(p + 1) <= n - 3) {
        size_t tlv_size = 3u + two(p + 1);
        p += tlv_size;
        n -= tlv_size;
    }
    return n == 0;
}

static bool read_block(unsigned char family, const unsigned char *p, size_t n,
                       struct sw_proxy *proxy)
{
    size_t size = address_size(family);

    if (size > n)
        return false;
    /* Without a family the offset of TLVs is not known. */
    if (size != 0 && !skip_tlvs(p + size, n - size))
        return false;
    if (size == 12) {
        read_v4(p, &proxy->source);
        read_v4(p + 4, &proxy->destination);
    } else if (size == 36) {
        memcpy(proxy->source.bytes, p, 16);
        memcpy(proxy->destination.bytes, p + 16, 16);
    } else {
        return true;
    }
    proxy->source_port = two(p + size - 4);
    proxy->destination_port = two(p + size - 2);
    proxy->known = true;
    return true;
}

static ptrdiff_t parse_block(const char *buf, size_t len, struct sw_proxy *proxy)
{
    const unsigned char *p = (const unsigned char *)buf;
    enum { LOCAL = 0x20, PROXY = 0x21 };

    if (len > 12 && p[12] != LOCAL && p[12] != PROXY)
        return -SW_ERROR_BAD_PROXY;
    if (len > 13 && address_size(p[13]) == SIZE_MAX && p[12] == PROXY)
        return -SW_ERROR_BAD_PROXY;
    if (len < FIXED)
        return 0;
    size_t n = two(p + 14);
    if (n > SW_PROXY_MAX - FIXED)
        return -SW_ERROR_PROXY_TOO_LONG;
    if (len < FIXED + n)
        return 0;
    if (p[12] == PROXY && !read_block(p[13], p + FIXED, n, proxy))
        return -SW_ERROR_BAD_PROXY;
    return (ptrdiff_t)(FIXED + n);
}

ptrdiff_t sw_proxy_parse(const char *buf, size_t len, struct sw_proxy *proxy)
{
    *proxy = (struct sw_proxy){.known = false};
    if (len == 0)
        return 0;
    if (begins(buf, len, name, sizeof name))
        return parse_line(buf, len, proxy);
    if (begins(buf, len, signature, sizeof signature))
        return parse_block(buf, len, proxy);
    return -SW_ERROR_PROXY_MISSING;
}
