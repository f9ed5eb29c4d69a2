/* head_fast.h - what the implementations of the fast path through a head share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_FAST_H
#define SW_HEAD_FAST_H

#include "core/head.h"
#include "core/field_name.h"
#include "method_first.h"

/*
 * The fast path parses complete lines from head->at on, as far as they pass its checks, and stops
 * at the first that does not: head->at and head->state are then at the beginning of that line.  It
 * reports no error: the slow path, head_step.c, parses that line by all the rules.
 *
 * There is one implementation for each instruction set, made from head_block.h, and head_swar.c for
 * machines without vectors.  head_fast.c picks one for this CPU.
 */

/* Every arm64 has vectors, but a build may not allow them (-mgeneral-regs-only), and a big-endian
   machine numbers the bytes of a vector from the other end. */
#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define SW_HEAD_NEON
#endif

/* All of this is inlined into each implementation: the calls would take longer than the work. */
#define INLINE static inline __attribute__((always_inline))

/* Ends of names and lines, alternating: those of the fields in a struct sw_head, and of one block.
   No line has less than four bytes, `a:` CR LF. */
enum { POSITIONS_OF_BLOCK = 32, POSITIONS = 2 * SW_FIELDS_INLINE + POSITIONS_OF_BLOCK };

/* One bit for each byte of a block: SW_BYTE_TOKEN, and control bytes but HTAB. */
struct masks {
    uint64_t token, control;
};

/* Where names, lines and the head end in a block. */
struct ends {
    uint64_t name, line, head;
    uint64_t carry; /* 1 if a name continues in the next block */
};

/* The ends of names and lines up to `end`, and why the search stopped. */
struct found {
    uint16_t *end;
    enum {
        FOUND_END,      /* at the end of the head */
        FOUND_PART,     /* at the end of the bytes, or of the array */
        FOUND_TOO_MANY, /* at a block with more ends than valid lines can have */
    } stop;
};

/* The number of the lowest bit that is set: one is. */
INLINE size_t lowest(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

/* The number of the lowest bit that is set, or 64. */
INLINE size_t count_zeros(uint64_t bits)
{
    return bits ? lowest(bits) : 64;
}

/* The mask of n bytes, 32 to 64, from that of a block made of their first 32 and last 32. */
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

/* Whether a complete empty line is at `at`. */
INLINE bool is_end(const char *buf, size_t at, size_t len)
{
    return at + 2 <= len && is_crlf(buf + at);
}

_Static_assert(SW_METHOD_FIRST != SW_METHOD_CONNECT, "the first method has a path as its target");

/* Whether this is the first method of the grammar and a space.  It is the usual one, so that this
   comparison comes before sw_method_scan(). */
INLINE bool is_first_method(const char *p)
{
    return memcmp(p, SW_METHOD_FIRST_TEXT, sizeof SW_METHOD_FIRST_TEXT - 1) == 0;
}

/* The head is complete and valid, and has this length. */
INLINE ptrdiff_t done(struct sw_head *head, size_t length)
{
    SW_PATH(HEAD_DONE);
    head->state = SW_HEAD_DONE;
    return head->length = head->at = (uint32_t)length;
}

/*
 * The ends of names and lines in a block: see the theory of operation in head_block.h.  `begin` has
 * a bit where a line begins that ended in the block before, `in_name` is the carry out of that
 * block, and `control_before` the last bit of its control mask.
 */
INLINE struct ends find_ends(struct masks m, uint64_t begin, uint64_t in_name,
                             uint64_t control_before)
{
    struct ends ends;
    unsigned long long sum;

    ends.line = m.control & ~(2 * m.control + control_before);
    uint64_t line = 4 * ends.line + begin;
    ends.carry = __builtin_uaddll_overflow(m.token, line + in_name, &sum);
    ends.name = sum & ~m.token;
    ends.head = line & m.control;
    return ends;
}

/* The bits below the lowest bit that is set, or all if none is. */
INLINE uint64_t below(uint64_t bits)
{
    return (bits - 1) & ~bits;
}

/* Whether there is a colon at e, CRLF at r, and no white space around the value but one space after
   the colon.  Without the colon, r is not read: it may then be out of bounds. */
INLINE bool is_fast_line(const char *buf, size_t e, size_t r)
{
    return memcmp(buf + e, ": ", 2) == 0 && is_crlf(buf + r) && (unsigned char)buf[e + 2] > ' ' &&
           (unsigned char)buf[r - 1] > ' ';
}

/* Set the id of a field, and its `slot` in the index by id. */
INLINE void set_id(struct sw_head *head, struct sw_field *field, uint16_t slot, size_t id)
{
    field->id = (uint16_t)id;
    if (id == SW_HEADER_OTHER)
        return;
    if (sw_head_stale(head->slot[id], head->first))
        head->slot[id] = slot;
    else
        sw_head_index(head, (uint16_t)(slot - head->first), (unsigned)id);
}

/* Set all of a field but its id: a name of n bytes at s, and the value buf[from..to). */
INLINE void set_field(struct sw_field *field, size_t s, size_t n, size_t from, size_t to)
{
    field->name = (uint32_t)s;
    field->name_len = (uint16_t)n;
    field->value = (uint32_t)from;
    field->value_len = (uint32_t)(to - from);
}

/* Whether this is `Host: ` in any case of letters.  Eight bytes are readable. */
INLINE bool is_host_name(const char *p)
{
    return (sw_load8_little(p) & UINT64_C(0x0000ffffdfdfdfdf)) == UINT64_C(0x0000203a54534f48);
}

/*
 * Whether p[0..n) is a name of `run` bytes, not empty (RFC 9110 4.2.1), a colon and a port below
 * 60000 (RFC 3986 3.2.3).  Other ports are left to value_host.c.  The eight bytes before p + n are
 * readable.
 */
INLINE bool is_port_after(const char *p, size_t run, size_t n)
{
    size_t digits = n - run - 1;

    if (run == 0 || digits - 1 > 4 || p[run] != ':')
        return false;
    uint64_t v = sw_load8_little(p + n - 8) ^ UINT64_C(0x3030303030303030);
    uint64_t others = (v | (v + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0);
    return !(others >> (64 - 8 * digits)) && (digits < 5 || p[run + 1] < '6');
}

/* The Host line from s to r becomes the first field. */
INLINE void set_first_host(struct sw_head *head, size_t s, size_t r)
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

/* Keeps the address of the tables in one register: the compiler would compute one for each. */
INLINE const struct sw_header_tables *in_register(const struct sw_header_tables *tables)
{
    __asm__("" : "+r"(tables));
    return tables;
}

/* Keeps a mask in a general register. */
INLINE uint64_t as_number(uint64_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

/* Checks by all the rules a request target that may not be a path.  If it is invalid, the request
   line counts as not parsed. */
bool sw_head_slow_target(struct sw_head *head, const char *buf);

/* Whether a line ends here with HTTP/1.0 or HTTP/1.1. */
INLINE bool is_version(const char *end)
{
    return memcmp(end - 9, " HTTP/1.", 8) == 0 &&
           (sw_load4_little(end - 2) & ~UINT32_C(0x100)) == UINT32_C(0x0a0d302e);
}

/*
 * The request line at `at`: a method of `space` token bytes, and `end` bytes before the first
 * control byte.  `is_path` if all bytes between the two spaces are those of a path or a query, but
 * not "%".  False if the line is for the slow path.
 */
INLINE bool parse_request_line(struct sw_head *head, const char *buf, size_t len, uint32_t at,
                               size_t space, size_t end, enum sw_method method, bool is_path)
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
    return (is_path && memcmp(p + space, " /", 2) == 0 && method != SW_METHOD_CONNECT) ||
           sw_head_slow_target(head, buf);
}

/* The status line at head->at, which has `end` bytes before the first control byte. */
bool sw_head_status_line(struct sw_head *head, const char *buf, size_t len, size_t end);

/* The number of lines from head->at on that parse_fast_lines() may parse: complete, within
   max.line, and with room for their fields in one array. */
size_t sw_head_fast_lines(const struct sw_head *head, size_t len, const uint16_t *position,
                          size_t count);

/* Slow path of one line, at head->at, with the end of the name at e and of the line at r.  There is
   room for its field.  False if it is for head_step.c. */
bool sw_head_slow_line(struct sw_head *head, const char *buf, size_t e, size_t r);

/* Parses lines by SWAR.  True if it came to the end of the head. */
bool sw_head_lines_swar(struct sw_head *head, const char *buf, size_t len);

/* The implementations of sw_head_parse(), with at least 32 bytes from head->at on. */
ptrdiff_t sw_head_parse_sse42(struct sw_head *head, const char *buf, size_t len);
ptrdiff_t sw_head_parse_avx2(struct sw_head *head, const char *buf, size_t len);
ptrdiff_t sw_head_parse_avx512(struct sw_head *head, const char *buf, size_t len);
ptrdiff_t sw_head_parse_neon(struct sw_head *head, const char *buf, size_t len);

#endif
