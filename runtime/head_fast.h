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

/* One function is made of all this for each road: calls would cost more than they do. */
#define INLINE static inline __attribute__((always_inline))

/* Name ends and line ends, in turn, that are known but not yet taken; and room for what a store of
   several may write behind them. */
enum { POSITIONS = 96, POSITIONS_SLACK = 8 };

/* Offsets are kept in 16 bits, so what lies further on is left to head_step.c. */
enum { FAST_REACH = UINT16_MAX - 64 };

/* For 64 bytes, a bit each. */
struct masks {
    uint64_t token, control;
};

/* The limits that each field line is held to. */
struct bounds {
    uint32_t fields, name, line;
};

INLINE struct bounds bounds_of(const struct sw_head *head)
{
    uint32_t name = SW_LIMIT(head->limits, field_name);

    return (struct bounds){sw_head_room(head), name < UINT16_MAX ? name : UINT16_MAX,
                           SW_LIMIT(head->limits, field_line)};
}

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

/*
 * Put the i-th field, whose name begins at s and has this id, and whose colon is at e.  As
 * sw_head_put(), but without a branch on what an earlier head left in the index.
 */
INLINE void put_line(struct sw_head *head, size_t s, size_t e, struct sw_head_part value,
                     unsigned id, uint32_t i)
{
    struct sw_field field = {(uint32_t)s, (uint16_t)(e - s), (uint16_t)id, value.from,
                             value.to - value.from};

    if (i >= SW_FIELDS_INLINE) {
        sw_head_put(head, i, field);
        return;
    }
    uint32_t first = head->slot[id];
    bool before = first < i, same = head->fields[first % SW_FIELDS_INLINE].id == id;
    bool known = (unsigned)before & (unsigned)same;
    head->repeats |= known;
    head->slot[id] = (uint16_t)(known ? first : i);
    head->fields[i] = field;
}

/*
 * The request line at head->at: a method of `space` token bytes, a space, and a target that is a
 * path and perhaps a query without "%" up to `end`.  Other targets take their own check.
 */
INLINE bool take_request_line(struct sw_head *head, const char *buf, size_t len,
                                     size_t space, size_t end)
{
    const char *p = buf + head->at;
    size_t left = len - head->at;
    const struct sw_limits *limits = head->limits;

    if (space == 0 || space > SW_LIMIT(limits, method) || end + 11 > left || p[end] != ' ' ||
        memcmp(p + end + 1, "HTTP/1.", 7) != 0 || (p[end + 8] | 1) != '1' ||
        !is_crlf(p + end + 9) || p[space + 1] != '/' || end - space - 1 > SW_LIMIT(limits, target))
        return false;
    enum sw_method method = sw_method_scan(p);
    if (sw_method_names[method].flags & SW_METHOD_F_PREFACE || method == SW_METHOD_CONNECT)
        return false;
    head->method = (uint16_t)method;
    head->minor = p[end + 8] & 1;
    head->start = head->at;
    head->target = head->at + (uint32_t)space + 1;
    head->target_len = (uint32_t)(end - space - 1);
    head->at += (uint32_t)end + 11;
    head->state = SW_HEAD_FIELD;
    return true;
}

/* The status line at head->at, whose first control byte is `end` bytes on. */
INLINE bool take_status_line(struct sw_head *head, const char *buf, size_t len, size_t end)
{
    const char *p = buf + head->at;
    struct sw_status_line line;

    if (end < 13 || head->at + end + 2 > len || !is_crlf(p + end) ||
        sw_status_scan(p, &line) < 100 || line.reason != 13)
        return false;
    head->status = line.code;
    head->status_id = line.id;
    head->minor = line.minor;
    head->start = head->at;
    head->target = head->at + 13;
    head->target_len = (uint32_t)end - 13;
    head->at += (uint32_t)end + 2;
    head->state = SW_HEAD_FIELD;
    return true;
}

/* The roads.  Each takes what it can of buf[head->at..len). */
void sw_head_words(struct sw_head *head, const char *buf, size_t len);
void sw_head_sse42(struct sw_head *head, const char *buf, size_t len);
void sw_head_avx2(struct sw_head *head, const char *buf, size_t len);
void sw_head_avx512(struct sw_head *head, const char *buf, size_t len);
void sw_head_neon(struct sw_head *head, const char *buf, size_t len);

#endif
