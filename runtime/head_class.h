/* head_class.h - the classes of bytes as the tables that vectors look up, 16 bytes each. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_CLASS_H
#define SW_HEAD_CLASS_H

#include "head_fast.h"

/*
 * The class of a byte is what two tables of 16 have in common, one looked up by its low half, one by
 * its high half.  A bit of the class stands for one row of 16 bytes, or for two rows of which one
 * adds to the other.  Bytes above 127 have no class: the first lookup gives 0 for them.
 *
 * Controls have bits 0 to 2, tokens bits 3 to 7.
 */
#define IN(row, x, bit) ((row) >> (x) & 1 ? (bit) : 0)
#define TEXT_LOW(x) \
    (char)(IN(0xfdff, x, 1) | IN(0xffff, x, 2) | IN(0x8000, x, 4) | IN(0x6cfa, x, 8) | \
           IN(0x03ff, x, 16) | IN(0xfffe, x, 32) | IN(0xc7ff, x, 64) | IN(0x57ff, x, 128))
#define TEXT_HIGH 1, 2, 8, 16, 32, 64, 48, (char)132, 0, 0, 0, 0, 0, 0, 0, 0

#define PATH_LOW(x) \
    (char)(IN(0xffd2, x, 1) | IN(0xafff, x, 2) | IN(0xffff, x, 4) | IN(0x87ff, x, 8) | \
           IN(0xfffe, x, 16) | IN(0x47ff, x, 32))
#define PATH_HIGH 0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0

/* Bit 0 for what a name of a host is made of without a second thought, letters, digits, "-", "." and
   "_"; bit 1 for the digits among them, bit 2 for the colon before a port. */
#define HOST_LOW(x) \
    (char)(IN(0x03ff, x, 1 | 2) | IN(0x0400, x, 4) | IN(0x6000, x, 8) | IN(0xfffe, x, 16) | \
           IN(0x07ff, x, 32) | IN(0x8000, x, 64))
#define HOST_HIGH 0, 0, 8, 7, 16, (char)(32 | 64), 16, 32, 0, 0, 0, 0, 0, 0, 0, 0

#define SIXTEEN(f) \
    f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), \
        f(15)

/*
 * RFC 3986 3.2.2, 3.2.3: what is surely a registered name or an IPv4 address, and a port below 60000, has
 * only bytes of the class HOST, and no colon or this.  value_host.c knows the rest.  `all` has a bit
 * for each byte of it, the last one highest of 32, `colon` one for each colon among them; `digit` has
 * those of the digits.  `fifth` is the last byte but four.
 */
INLINE bool has_plain_port(uint32_t all, uint32_t colon, uint32_t digit, char fifth)
{
    uint32_t port = all & -(colon << 1), first = all & -all;

    return !(colon & (colon - 1)) && colon != first && port && !(port & ~digit) &&
           colon >= UINT32_C(1) << (fifth < '6' ? 26 : 27);
}

#endif
