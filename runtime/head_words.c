/* head_words.c - the lines of a head by plain 8-byte words, on any machine. */
/* SPDX-License-Identifier: MIT */
#include "head_fast.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The bytes of p[from..len) up to the first control other than HTAB; len if there is none. */
INLINE size_t value_end(const char *p, size_t from, size_t len)
{
    while (from + 8 <= len) {
        uint64_t word = sw_load8_little(p + from), delete = word ^ EACH(0x7f);
        uint64_t below = (word - EACH(0x20)) & ~word & EACH(0x80);
        uint64_t found = below | ((delete - EACH(1)) & ~delete & EACH(0x80));
        if (!found) {
            from += 8;
            continue;
        }
        from += (size_t)__builtin_ctzll(found) / 8;
        if (p[from] != '\t')
            return from;
        from++;
    }
    while (from < len && sw_byte_is(p[from], SW_BYTE_VALUE))
        from++;
    return from;
}

INLINE size_t token_end(const char *p, size_t from, size_t len)
{
    while (from < len && sw_byte_is(p[from], SW_BYTE_TOKEN))
        from++;
    return from;
}

static bool take_start(struct sw_head *head, const char *buf, size_t len)
{
    const char *p = buf + head->at;
    size_t left = len - head->at;

    if (head->kind == SW_RESPONSE)
        return take_status_line(head, buf, len, value_end(p, 0, left));
    size_t space = token_end(p, 0, left), end = space + 1;
    if (space == left || p[space] != ' ')
        return false;
    while (end < left && sw_byte_is(p[end], SW_BYTE_TARGET) && p[end] != '%')
        end++;
    return take_request_line(head, buf, len, space, end);
}

void sw_head_words(struct sw_head *head, const char *buf, size_t len)
{
    const struct bounds bounds = bounds_of(head);

    if (head->state == SW_HEAD_START && (head->at == len || !take_start(head, buf, len)))
        return;
    while (head->at + 2 <= len) {
        uint32_t s = head->at, i = head->field_count;
        size_t e = token_end(buf, s, len);
        if (e == s && is_crlf(buf + s)) {
            head->at += 2;
            head->state = SW_HEAD_WHOLE;
            return;
        }
        if (e == len || i >= bounds.fields)
            return;
        size_t r = value_end(buf, e, len);
        if (r + 2 > len || !is_crlf(buf + r) || buf[e] != ':' || e - s - 1 >= bounds.name ||
            r - s > bounds.line)
            return;
        struct sw_head_part value = {(uint32_t)e + 2, (uint32_t)r};
        if (!is_plain(buf, e, r))
            value = sw_head_trim(buf, e + 1, r);
        put_line(head, s, e, value, sw_header_lookup(buf + s, e - s), i);
        head->at = (uint32_t)r + 2;
        head->field_count = i + 1;
    }
}
