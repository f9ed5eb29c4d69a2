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

/* What a name of a host is made of without a second thought: letters, digits, "-", "." and "_". */
#define HOST_LOW(x) \
    (char)(IN(0x6000, x, 1) | IN(0x03ff, x, 2) | IN(0xfffe, x, 4) | IN(0x07ff, x, 8) | \
           IN(0x8000, x, 16))
#define HOST_HIGH 0, 0, 1, 2, 4, 8 | 16, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0

#define SIXTEEN(f) \
    f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), \
        f(15)

#endif
