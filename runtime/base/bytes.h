/* bytes.h - byte classes (see grammar/byte.classes) and unaligned loads. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_BYTES_H
#define SW_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "byte_classes.h"

/* Is the byte in one of these classes, SW_BYTE_X or'ed? */
static inline bool sw_byte_is(char c, unsigned classes)
{
    return sw_byte_classes[(unsigned char)c] & classes;
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
