/* bytes.h - unaligned loads and byte classes. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_BYTES_H
#define SW_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a byte may be part of. */
enum sw_byte {
    SW_BYTE_TOKEN = 1,   /* tchar, RFC 9110 5.6.2 */
    SW_BYTE_VALUE = 2,   /* field-vchar, SP, HTAB, obs-text: a field value or a reason, 5.5 */
    SW_BYTE_TARGET = 4,  /* pchar, "/" and "?": a path or a query, RFC 3986 3.3, 3.4 */
    SW_BYTE_HEX = 8,     /* HEXDIG in either case */
    SW_BYTE_LENIENT = 16, /* TARGET, and what SW_LENIENT_TARGET adds */
    SW_BYTE_HOST = 32,     /* unreserved and sub-delims that are tokens: a registered name, 3.2.2 */
    SW_BYTE_PATH = 64,
    SW_BYTE_CONTROL = 128
};

extern const uint8_t sw_bytes[256];

static inline bool sw_byte_is(char c, unsigned classes)
{
    return sw_bytes[(unsigned char)c] & classes;
}

static inline uint64_t sw_load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

/* The first byte lowest, whatever the machine. */
static inline uint64_t sw_load8_little(const char *p)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(sw_load8(p));
#else
    return sw_load8(p);
#endif
}

static inline uint32_t sw_load4_little(const char *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return v;
}

static inline uint32_t sw_load4(const char *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static inline uint16_t sw_load2(const char *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}

#endif
