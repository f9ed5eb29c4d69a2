/* head_swar.c - the fast path through a head on any machine, by SWAR. */
/* SPDX-License-Identifier: MIT */

/*
 * SWAR (SIMD within a register): eight bytes are loaded as one 64-bit number, and arithmetic on it
 * tests all of them at once, with the result in the high bit of each byte.  Subtracting 1 from each
 * byte sets the high bit of those that were 0; a borrow may set further ones after the first, so
 * that only the first is exact, which is all a search needs.
 *
 * Lines are parsed one by one: the colon by such a search, the name by the hash, the end of the
 * line by another search.  This file also parses heads of less than 32 bytes on every machine.  No
 * byte outside the buffer is read: the last eight bytes are loaded again and shifted.
 */
#include "core/simd/head_fast.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of each byte that is 0, exact up to the first of them. */
INLINE uint64_t zeros_of(uint64_t word)
{
    return (word - EACH(1)) & ~word & EACH(0x80);
}

/* The same for control bytes, HTAB included: those below 0x20, and 0x7f.  (A "~" after a 0xff is
   taken for one as well, by the carry: such a line takes the slow path.) */
INLINE uint64_t controls_of(uint64_t word)
{
    return ((word - EACH(0x20)) | (word + EACH(1))) & ~word & EACH(0x80);
}

INLINE size_t first_of(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits) / 8;
}

/* The fewer than eight bytes at `from`, and zeros after them; len >= 8. */
INLINE uint64_t rest_at(const char *p, size_t from, size_t len)
{
    return sw_load8_little(p + len - 8) >> 8 * (from + 8 - len);
}

INLINE uint64_t word_at(const char *p, size_t from, size_t len)
{
    return from + 8 <= len ? sw_load8_little(p + from) : rest_at(p, from, len);
}

/* The offset of the first control byte other than HTAB in p[from..len), or len. */
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

/* The offset of the first colon in p[from..len), or len. */
INLINE size_t colon(const char *p, size_t from, size_t len)
{
    for (; from + 8 <= len; from += 8) {
        uint64_t found = zeros_of(sw_load8_little(p + from) ^ EACH(':'));
        if (found)
            return from + first_of(found);
    }
    if (from < len) {
        uint64_t found = zeros_of(rest_at(p, from, len) ^ EACH(':'));
        if (found)
            return from + first_of(found);
    }
    return len;
}

static bool parse_start_line(struct sw_head *head, const char *buf, size_t len)
{
    const char *p = buf + head->at;
    size_t left = len - head->at;

    if (head->kind == SW_RESPONSE)
        return sw_head_status_line(head, buf, len, value_end(p, 0, left));
    size_t space = token_end(p, 0, left), end = space + 1;
    if (space == left || p[space] != ' ')
        return false;
    while (end < left && sw_byte_is(p[end], SW_BYTE_PATH))
        end++;
    bool is_path = end + 9 <= left && p[end] == ' ';
    end = is_path ? end + 9 : value_end(p, space, left);
    return parse_request_line(head, buf, len, head->at, space, end, sw_method_scan(p), is_path);
}

/*
 * Parses the field line at s.  Returns the offset of the next one, or 0 if this one is for the slow
 * path.  The index then has `slot` for its field.
 *
 * A name of the grammar is a token, so that its bytes are not classified.  But the comparison
 * ignores bit 5, in which CR differs from "-"; so the search for the end of the line starts at the
 * name.  There is no CRLF in it: LF differs so from "*", which no name of the grammar has.
 */
INLINE size_t parse_line(struct sw_head *head, const struct sw_header_tables *tables,
                         const char *buf, size_t len, size_t s, struct sw_field *field,
                         uint16_t slot)
{
    size_t e = colon(buf, s, len), n = e - s, id;

    if (e == len || n - 1 >= head->max.name)
        return 0;
    if (n - 2 <= SW_HEADER_LONGEST - 2)
        id = sw_header_match(tables, sw_header_candidate(tables, buf[s + 2], buf[e - 2], n),
                             buf + s, n);
    else
        id = sw_header_find_swar(buf + s, n);
    if (id == SW_HEADER_OTHER && token_end(buf, s, e) != e)
        return 0;
    size_t r = value_end(buf, s, len);
    if (!is_end(buf, r, len) || r - s > head->max.line)
        return 0;
    struct sw_head_part value = {(uint32_t)e + 2, (uint32_t)r};
    if (!is_fast_line(buf, e, r))
        value = sw_head_trim(buf, e + 1, r);
    set_field(field, s, n, value.from, value.to);
    set_id(head, field, slot, id);
    return r + 2;
}

/* The length of the run at p[0..n) of bytes that the name of a host may have, RFC 3986 3.2.2. */
INLINE size_t host_run(const char *p, size_t n)
{
    size_t run = 0;

    while (run < n && sw_byte_is(p[run], SW_BYTE_HOST))
        run++;
    return run;
}

/* Whether p[0..n), which begins with such a run, is a registered name or an IPv4 address, and
   optionally a port.  The eight bytes before its end are readable. */
INLINE bool is_host(const char *p, size_t run, size_t n)
{
    return run == n ? n > 0 : is_port_after(p, run, n);
}

/* The line at head->at, if it is a plain Host: as the first field, where RFC 9110 7.2 recommends
   it, it needs no lookup and no search for its end. */
static bool parse_first_host(struct sw_head *head, const char *buf, size_t len)
{
    size_t s = head->at, v = s + 6;

    if (s + 8 > len || !is_host_name(buf + s) || !head->max.fast_fields)
        return false;
    size_t run = host_run(buf + v, len - v), r = v + run;
    if (r < len && buf[r] == ':')
        for (r++; r < len && buf[r] >= '0' && buf[r] <= '9'; r++)
            ;
    if (!is_end(buf, r, len) || r - s > head->max.line || !is_host(buf + v, run, r - v))
        return false;
    set_first_host(head, s, r);
    return true;
}

/* Parses lines while there is room in the array that has the i-th field, up to field `room`.  True
   if it came to the end of the head. */
static bool parse_lines(struct sw_head *head, const char *buf, size_t len, size_t i, size_t room)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    struct sw_field *field = sw_head_place(head, i), *full = field + (room - i);
    uint16_t slot = (uint16_t)(head->first + i);
    size_t s = head->at, next;
    bool end;

    for (; !(end = is_end(buf, s, len)) && field != full; s = next, field++, slot++)
        if (!(next = parse_line(head, tables, buf, len, s, field, slot)))
            break;
    head->at = (uint32_t)s;
    head->field_count = (uint16_t)(slot - head->first);
    return end;
}

bool sw_head_lines_swar(struct sw_head *head, const char *buf, size_t len)
{
    size_t i = head->field_count, max = head->max.fields;
    bool end = false;

    if (i < SW_FIELDS_INLINE)
        end = parse_lines(head, buf, len, i, least(max, SW_FIELDS_INLINE));
    i = head->field_count;
    /* Without attached fields `max` is SW_FIELDS_INLINE or less, and there is no array to point to.
     */
    if (!end && i >= SW_FIELDS_INLINE && i < max)
        end = parse_lines(head, buf, len, i, max);
    return end;
}

/* RFC 9112 3.2: a request has exactly one Host.  False if it takes the slow path to know. */
static bool has_valid_host(const struct sw_head *head, const char *buf)
{
    if (head->kind == SW_RESPONSE)
        return true;
    const struct sw_field *host = sw_head_field(head, SW_HEADER_HOST);
    if (!host || head->repeats)
        return false;
    const char *p = buf + host->value;
    return is_host(p, host_run(p, host->value_len), host->value_len);
}

ptrdiff_t sw_head_parse_swar(struct sw_head *head, const char *buf, size_t all)
{
    size_t len = least(all, head->max.offset);
    bool host = false;

    SW_PATH(HEAD_SWAR);
    if (head->state == SW_HEAD_START) {
        if (len < 8 || !parse_start_line(head, buf, len))
            return sw_head_finish(head, buf, all);
        host = parse_first_host(head, buf, len);
    }
    if (!sw_head_lines_swar(head, buf, len))
        return sw_head_finish(head, buf, all);
    if (host ? !head->repeats : has_valid_host(head, buf))
        return done(head, head->at + 2);
    head->at += 2;
    head->state = SW_HEAD_COMPLETE;
    return sw_head_finish(head, buf, all);
}
