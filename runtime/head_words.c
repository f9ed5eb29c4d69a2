/* head_words.c - heads by plain 8-byte words, on any machine. */
/* SPDX-License-Identifier: MIT */
#include "head_fast.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* A high bit for each byte that is 0, exact up to the first of them. */
INLINE uint64_t zeros_of(uint64_t word)
{
    return (word - EACH(1)) & ~word & EACH(0x80);
}

/* The same, exact up to the first, for each control byte, HTAB too: what is below 0x20, and 0x7f.  (A
   "~" behind a byte of all ones passes for one too: such a line is not plain.) */
INLINE uint64_t controls_of(uint64_t word)
{
    return ((word - EACH(0x20)) | (word + EACH(1))) & ~word & EACH(0x80);
}

INLINE size_t first_of(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits) / 8;
}

/* The eight bytes at `from`, or as many as there are before len, and zeros behind them; len >= 8. */
INLINE uint64_t word_at(const char *p, size_t from, size_t len)
{
    if (from + 8 <= len)
        return sw_load8_little(p + from);
    return sw_load8_little(p + len - 8) >> 8 * (from + 8 - len);
}

/* The bytes of p[from..len) up to the first control other than HTAB; len if there is none. */
INLINE size_t value_end(const char *p, size_t from, size_t len)
{
    while (from + 16 <= len) {
        uint64_t front = controls_of(sw_load8_little(p + from));
        uint64_t back = controls_of(sw_load8_little(p + from + 8));
        if (!(front | back)) {
            from += 16;
            continue;
        }
        from += front ? first_of(front) : 8 + first_of(back);
        if (p[from] != '\t')
            return from;
        from++;
    }
    while (from < len) {
        uint64_t found = controls_of(word_at(p, from, len));
        from += found ? first_of(found) : 8;
        if (found && (from >= len || p[from] != '\t'))
            break;
        from += found != 0;
    }
    return from < len ? from : len;
}

INLINE size_t token_end(const char *p, size_t from, size_t len)
{
    while (from < len && sw_byte_is(p[from], SW_BYTE_TOKEN))
        from++;
    return from;
}

/* Where a colon stands first; len if there is none. */
INLINE size_t colon(const char *p, size_t from, size_t len)
{
    for (; from < len; from += 8) {
        uint64_t found = zeros_of(word_at(p, from, len) ^ EACH(':'));
        if (found)
            return from + first_of(found);
    }
    return len;
}

static bool take_start(struct sw_head *head, const char *buf, size_t len)
{
    const char *p = buf + head->at;
    size_t left = len - head->at;

    if (head->kind == SW_RESPONSE)
        return sw_head_status_line(head, buf, len, value_end(p, 0, left));
    size_t space = token_end(p, 0, left), end = space + 1;
    if (space == left || p[space] != ' ')
        return false;
    while (end < left && sw_byte_is(p[end], SW_BYTE_TARGET) && p[end] != '%')
        end++;
    bool path = end + 9 <= left && p[end] == ' ';
    end = path ? end + 9 : value_end(p, space, left);
    return take_request_line(head, buf, len, head->at, space, end, sw_method_scan(p), path);
}

/*
 * A name that the grammar knows is a token, and needs no look at its bytes, unless one of them is a
 * control: without bit 5, CR is the same as "-".  So the search for the end of the line begins with
 * the name.
 */
static bool take_line(struct sw_head *head, const char *buf, size_t len)
{
    size_t s = head->at, e = colon(buf, s, len), n = e - s;

    if (e == len || head->field_count >= head->most.fields || n - 1 >= head->most.name)
        return false;
    enum sw_header id = sw_header_lookup(buf + s, n);
    if (id == SW_HEADER_OTHER && token_end(buf, s, e) != e)
        return false;
    size_t r = value_end(buf, s, len);
    if (r < e || r + 2 > len || !is_crlf(buf + r) || r - s > head->most.line)
        return false;
    struct sw_head_part value = {(uint32_t)e + 2, (uint32_t)r};
    if (!is_plain(buf, e, r))
        value = sw_head_trim(buf, e + 1, r);
    sw_head_put(head, head->field_count++,
                (struct sw_field){(uint32_t)s, (uint16_t)n, (uint16_t)id, value.from,
                                  value.to - value.from});
    head->at = (uint32_t)r + 2;
    return true;
}

/* Is it surely a registered name or an IPv4 address, RFC 3986 3.2.2?  Without a branch for each byte. */
static bool is_plain_host(const char *p, size_t n)
{
    unsigned all = SW_BYTE_HOST;

    for (size_t i = 0; i < n; i++)
        all &= sw_bytes[(unsigned char)p[i]];
    return all && n > 0;
}

enum taken sw_head_lines_by_words(struct sw_head *head, const char *buf, size_t len)
{
    while (head->at + 2 <= len && !is_crlf(buf + head->at))
        if (!take_line(head, buf, len))
            return TAKEN_PART;
    return head->at + 2 <= len ? TAKEN_LINES : TAKEN_PART;
}

ptrdiff_t sw_head_words(struct sw_head *head, const char *buf, size_t all)
{
    size_t len = all < head->most.reach ? all : head->most.reach;

    if (len < 8 || (head->state == SW_HEAD_START && !take_start(head, buf, len)) ||
        sw_head_lines_by_words(head, buf, len) == TAKEN_PART)
        return sw_head_finish(head, buf, all);
    head->at += 2;
    head->state = SW_HEAD_WHOLE;
    const struct sw_field *host = sw_head_field(head, SW_HEADER_HOST);
    if (head->kind == SW_REQUEST &&
        !(host && !head->repeats && is_plain_host(buf + host->value, host->value_len)))
        return sw_head_finish(head, buf, all);
    head->state = SW_HEAD_DONE;
    return head->length = head->at;
}
