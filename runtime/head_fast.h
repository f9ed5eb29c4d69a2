/* head_fast.h - what the fast roads through a head share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_FAST_H
#define SW_HEAD_FAST_H

#include "head.h"
#include "header.h"

/*
 * A fast road takes whole lines, as many as are plainly right, starting with the line that begins at
 * head->at, and leaves head->at and the state where it stopped.  It knows no errors but those of a
 * request target: whatever else looks odd, head_step.c is to read again.
 */

/* Every arm64 has vectors, but a build may have to leave them alone, and bits of a vector are counted
   from its other end where the highest byte comes first. */
#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define SW_HEAD_NEON
#endif

/* One function is made of all this for each road: calls would cost more than they do. */
#define INLINE static inline __attribute__((always_inline))

/* Name ends and line ends, in turn, that are known but not yet taken: enough for the fields inside of a
   head, and one block more.  No line is shorter than four bytes. */
enum { POSITIONS_OF_BLOCK = 32, POSITIONS = 2 * SW_FIELDS_INLINE + POSITIONS_OF_BLOCK };

/* Offsets are kept in 16 bits, so what lies further on is left to head_step.c. */
enum { FAST_REACH = UINT16_MAX - 64 };

/* For 64 bytes, a bit each. */
struct masks {
    uint64_t token, control;
};

/* How far the search for the ends of names and lines has come. */
struct search {
    uint16_t *position;
    size_t base, count;               /* where the next block begins; positions so far */
    uint64_t begin, in_name, control; /* does a line begin in it, a name go on, did a control stand
                                         before it: bit 0, of the first one bit 1 too */
};

enum found {
    FOUND_END,  /* the end of the head */
    FOUND_ALL,  /* all that there is so far */
    FOUND_MANY, /* as many as there is room for */
    FOUND_ODD,  /* a line without a colon */
};

/* The zeros below the lowest bit that is set; 64 if none is. */
INLINE unsigned count_zeros(uint64_t bits)
{
    return bits ? (unsigned)__builtin_ctzll(bits) : 64;
}

INLINE bool is_crlf(const char *p)
{
    return memcmp(p, "\r\n", 2) == 0;
}

/* Are the colon at e and the CRLF at r where they should be, and nothing between them to trim off but
   one space? */
INLINE bool is_plain(const char *buf, size_t e, size_t r)
{
    return is_crlf(buf + r) && memcmp(buf + e, ": ", 2) == 0 && (unsigned char)buf[e + 2] > ' ' &&
           (unsigned char)buf[r - 1] > ' ';
}

/* One register for the address of many tables, which the compiler would compute for each of them. */
INLINE const struct sw_header_tables *in_register(const struct sw_header_tables *tables)
{
    __asm__("" : "+r"(tables));
    return tables;
}

/* A general register for a mask, which then outlives calls. */
INLINE uint64_t as_number(uint64_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

/*
 * The request line at head->at: a method of `space` token bytes, a space, and a target that is a
 * path and perhaps a query without "%" up to `end`.  Other targets take their own check.  Returns
 * where the next line begins, or 0 if it is not plain.
 */
size_t sw_head_request_line(struct sw_head *head, const char *buf, size_t len, size_t space, size_t end);

/* The status line at head->at, whose first control byte is `end` bytes on. */
size_t sw_head_status_line(struct sw_head *head, const char *buf, size_t len, size_t end);

/* How many of the lines, from head->at on, can be taken in one go: whole ones, none of them too long,
   and with places for their fields one behind the other. */
size_t sw_head_lines(const struct sw_head *head, size_t len, const uint16_t *position, size_t count);

/* Take the line at head->at whose name ends at e and which ends at r, if it is right.  There is a place
   for its field. */
bool sw_head_odd_line(struct sw_head *head, const char *buf, size_t e, size_t r);

/* The roads.  Each takes what it can of buf[head->at..len). */
void sw_head_sse42(struct sw_head *head, const char *buf, size_t len);
void sw_head_avx2(struct sw_head *head, const char *buf, size_t len);
void sw_head_avx512(struct sw_head *head, const char *buf, size_t len);
void sw_head_neon(struct sw_head *head, const char *buf, size_t len);

#endif
