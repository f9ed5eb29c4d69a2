/* head_fast.h - what the fast roads through a head share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_FAST_H
#define SW_HEAD_FAST_H

#include "core/head.h"
#include "core/field_name.h"
#include "method_first.h"

/*
 * A fast road takes whole lines, as many as are plainly right, starting with the line that begins
 * at head->at, and leaves head->at and the state where it stopped.  It knows no errors but those of
 * a request target: whatever else looks odd, head_step.c is to read again.
 */

/* Every arm64 has vectors, but a build may have to leave them alone, and bits of a vector are
   counted from its other end where the highest byte comes first. */
#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define SW_HEAD_NEON
#endif

/* One function is made of all this for each road: calls would cost more than they do. */
#define INLINE static inline __attribute__((always_inline))

/* Name ends and line ends, in turn, that are known but not yet taken: enough for the fields inside
   of a head, and one block more.  No line is shorter than four bytes. */
enum { POSITIONS_OF_BLOCK = 32, POSITIONS = 2 * SW_FIELDS_INLINE + POSITIONS_OF_BLOCK };

/* For 64 bytes, a bit each. */
struct masks {
    uint64_t token, control;
};

/* Where in a block names and lines end, and the head. */
struct ends {
    uint64_t name, line, head;
    uint64_t runs_on; /* 1 if a name goes on in the next block */
};

/* Name ends and line ends, in turn, up to `end`, and why there are no more. */
struct found {
    uint16_t *end;
    enum {
        FOUND_END,  /* the end of the head is behind them */
        FOUND_PART, /* there is no more, or no room for more */
        FOUND_MANY, /* a block has more than lines that are right can have */
    } then;
};

/* The number of the lowest bit that is set. */
INLINE size_t lowest(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

/* The same, and 64 if none is. */
INLINE size_t count_zeros(uint64_t bits)
{
    return bits ? lowest(bits) : 64;
}

/* The masks of a block of which the last 32 bytes are the last of n, 32 to 64. */
INLINE uint64_t combine_halves(uint64_t bits, size_t n)
{
    return (uint32_t)bits | bits >> 32 << (n - 32);
}

INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

INLINE bool is_crlf(const char *p)
{
    return memcmp(p, "\r\n", 2) == 0;
}

/* Is the line at `at` the empty one, and whole? */
INLINE bool is_end(const char *buf, size_t at, size_t len)
{
    return at + 2 <= len && is_crlf(buf + at);
}

_Static_assert(SW_METHOD_FIRST != SW_METHOD_CONNECT, "what the first method asks for is a path");

/* Is this the first method of the grammar, and a space?  As most requests have it, it is asked
   before the automaton is. */
INLINE bool is_first_method(const char *p)
{
    return memcmp(p, SW_METHOD_FIRST_TEXT, sizeof SW_METHOD_FIRST_TEXT - 1) == 0;
}

/* The head is whole, fine, and so long. */
INLINE ptrdiff_t done(struct sw_head *head, size_t length)
{
    SW_PATH(HEAD_DONE);
    head->state = SW_HEAD_DONE;
    return head->length = head->at = (uint32_t)length;
}

/*
 * A line ends at the first control byte F of a run, and the next begins two bytes later: S = F
 * << 2. Adding S to the token bytes T makes a carry run through each name to its end, the first
 * byte that is no token: (T + S) & ~T.  One addition finds the colons of a block and validates the
 * names in it; colons inside values are never looked at.  A control byte where a line begins ends
 * the head. A line without a colon has its two ends in one.
 */
INLINE struct ends find_ends(struct masks m, uint64_t begin, uint64_t in_name,
                             uint64_t control_before)
{
    struct ends ends;
    unsigned long long sum;

    ends.line = m.control & ~(2 * m.control + control_before);
    uint64_t line = 4 * ends.line + begin;
    ends.runs_on = __builtin_uaddll_overflow(m.token, line + in_name, &sum);
    ends.name = sum & ~m.token;
    ends.head = line & m.control;
    return ends;
}

/* The bits below the lowest of these, or all if there is none. */
INLINE uint64_t below(uint64_t bits)
{
    return (bits - 1) & ~bits;
}

/* Are the colon at e and the CRLF at r where they should be, and nothing between them to trim off
   but one space?  Without the colon, r is not looked at. */
INLINE bool is_plain(const char *buf, size_t e, size_t r)
{
    return memcmp(buf + e, ": ", 2) == 0 && is_crlf(buf + r) && (unsigned char)buf[e + 2] > ' ' &&
           (unsigned char)buf[r - 1] > ' ';
}

/* Say how the field is called; the index is to point to it by `at`. */
INLINE void put_id(struct sw_head *head, struct sw_field *field, uint16_t at, size_t id)
{
    field->id = (uint16_t)id;
    if (id == SW_HEADER_OTHER)
        return;
    if (sw_head_stale(head->slot[id], head->first))
        head->slot[id] = at;
    else
        sw_head_index(head, (uint16_t)(at - head->first), (unsigned)id);
}

/* All of a field but its id: a name of n bytes at s, a value from one place to another. */
INLINE void place(struct sw_field *field, size_t s, size_t n, size_t from, size_t to)
{
    field->name = (uint32_t)s;
    field->name_len = (uint16_t)n;
    field->value = (uint32_t)from;
    field->value_len = (uint32_t)(to - from);
}

/* Does a field line begin here that is called Host, with its value behind one space?  Eight bytes
   are there. */
INLINE bool is_host_name(const char *p)
{
    return (sw_load8_little(p) & UINT64_C(0x0000ffffdfdfdfdf)) == UINT64_C(0x0000203a54534f48);
}

/*
 * RFC 3986 3.2.3: are the n bytes of a host, of which `run` may be a name's, that name (one, RFC
 * 9110 4.2.1), a colon and a port below 60000?  value_host.c knows the rest.  Eight bytes lie
 * before p + n.
 */
INLINE bool is_port_behind(const char *p, size_t run, size_t n)
{
    size_t digits = n - run - 1;

    if (run == 0 || digits - 1 > 4 || p[run] != ':')
        return false;
    uint64_t v = sw_load8_little(p + n - 8) ^ UINT64_C(0x3030303030303030);
    uint64_t others = (v | (v + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0);
    return !(others >> (64 - 8 * digits)) && (digits < 5 || p[run + 1] < '6');
}

/* Take the Host line from s to r, which is the first field. */
INLINE void put_host(struct sw_head *head, size_t s, size_t r)
{
    head->fields[0] = (struct sw_field){
        .name = (uint32_t)s,
        .name_len = 4,
        .id = SW_HEADER_HOST,
        .value = (uint32_t)s + 6,
        .value_len = (uint32_t)(r - s - 6),
    };
    head->slot[SW_HEADER_HOST] = head->first;
    head->field_count = 1;
    head->at = (uint32_t)r + 2;
}

/* One register for the address of many tables, which the compiler would compute for each of them.
 */
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

/* Is the request target right that is not surely a path?  If not, the line is given back. */
bool sw_head_slow_target(struct sw_head *head, const char *buf);

/* Does a line end here, with the version HTTP/1.0 or HTTP/1.1 before it? */
INLINE bool is_version(const char *end)
{
    return memcmp(end - 9, " HTTP/1.", 8) == 0 &&
           (sw_load4_little(end - 2) & ~UINT32_C(0x100)) == UINT32_C(0x0a0d302e);
}

/*
 * The request line at `at`: a method of `space` token bytes, and a line of `end` bytes before its
 * first control byte.  `path` if only such bytes as a path or a query has, but for "%", stand
 * between the two spaces.  False if the line is not plain.
 */
INLINE bool take_request_line(struct sw_head *head, const char *buf, size_t len, uint32_t at,
                              size_t space, size_t end, enum sw_method method, bool path)
{
    const char *p = buf + at;
    size_t target_len = end - space - 10;

    if (space - 1 >= head->max.method || end < space + 11 || target_len > head->max.target ||
        at + end + 2 > len || !is_version(p + end) ||
        sw_method_names[method].flags & SW_METHOD_F_PREFACE)
        return false;
    head->method = (uint16_t)method;
    head->minor = p[end - 1] & 1;
    head->start = at;
    head->target = at + (uint32_t)space + 1;
    head->target_len = (uint32_t)target_len;
    head->state = SW_HEAD_FIELD;
    head->at = at + (uint32_t)end + 2;
    return (path && memcmp(p + space, " /", 2) == 0 && method != SW_METHOD_CONNECT) ||
           sw_head_slow_target(head, buf);
}

/* The status line at head->at, whose first control byte is `end` bytes on. */
bool sw_head_status_line(struct sw_head *head, const char *buf, size_t len, size_t end);

/* How many of the lines, from head->at on, can be taken in one go: whole ones, none of them too
   long, and with places for their fields one behind the other. */
size_t sw_head_fast_lines(const struct sw_head *head, size_t len, const uint16_t *position,
                          size_t count);

/* Take the line at head->at whose name ends at e and which ends at r, if it is right.  There is a
   place for its field. */
bool sw_head_slow_line(struct sw_head *head, const char *buf, size_t e, size_t r);

/* Take the fields up to the end of the head, if all are plain. */
bool sw_head_lines_swar(struct sw_head *head, const char *buf, size_t len);

/* The roads.  Each takes what it can of buf[head->at..len). */
ptrdiff_t sw_head_sse42(struct sw_head *head, const char *buf, size_t len);
ptrdiff_t sw_head_avx2(struct sw_head *head, const char *buf, size_t len);
ptrdiff_t sw_head_avx512(struct sw_head *head, const char *buf, size_t len);
ptrdiff_t sw_head_neon(struct sw_head *head, const char *buf, size_t len);

#endif
