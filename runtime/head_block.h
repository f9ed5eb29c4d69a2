/* head_block.h - template: the lines of a head, found 64 bytes at a time. */
/* SPDX-License-Identifier: MIT */

/*
 * Included once for each instruction set, after these are defined:
 *
 *   NAME(x)   x with the instruction set's name behind it
 *   TARGET    the attribute that lets the compiler use it
 *
 *   struct NAME(block)           up to 64 bytes, loaded
 *   NAME(load)(p)                p[0..64)
 *   NAME(load_part)(p, n)        p[0..n), 16 <= n < 64, and not a byte beyond; its masks end at n
 *   NAME(token)(block)           bit i for the i-th byte: tchar, RFC 9110 5.6.2
 *   NAME(masks)(block)           that, and what no value may hold: all controls but HTAB
 *   NAME(path)(block)            pchar, "/" and "?", but not "%", RFC 3986 3.3, 3.4
 *   NAME(clean)(p, n)            how many bytes of p[0..n), a multiple of 64, hold no control
 *   NAME(same)(p, n, word)       is p[0..n), with bit 5 of each byte set, the word, which is filled up
 *                                to 32 bytes with 0?  All of p[0..32) may be read.
 *   NAME(emit)(position, base, bits)   write base + i for each bit i, and perhaps something into the
 *                                POSITIONS_SLACK places behind them; returns how many
 *
 * A line ends at the first control byte F of a run, and the next begins two bytes later: S = F << 2.
 * Adding S to the token bytes T makes a carry run through each name to its end, the first byte that
 * is no token: (T + S) & ~T.  One addition finds the colons of a block and validates the names in
 * it; colons inside values are never looked at.  A control byte where a line begins ends the head.
 */

/* The id of the name p[0..n), with `room` bytes to read at p: in one comparison of 32, mostly. */
INLINE TARGET unsigned NAME(header)(const char *p, size_t n, size_t room)
{
    if (n <= 32 && room >= 32) {
        unsigned id = sw_header_guess(p, n);
        if (NAME(same)(p, n, words[id]))
            return id;
        if (twins[id] == SW_HEADER_OTHER)
            return SW_HEADER_OTHER;
    }
    return sw_header_find(p, n);
}

/*
 * Take the lines whose two ends are known, name ends and line ends in turn; returns how many
 * positions that used.  Apart from the search for them, because both want all registers.
 */
TARGET static __attribute__((noinline)) size_t NAME(take_lines)(struct sw_head *head,
                                                                const char *buf, size_t len,
                                                                const uint16_t *position,
                                                                size_t count)
{
    const struct bounds bounds = bounds_of(head);
    const uint16_t *p = position, *last = position + (count & ~(size_t)1);
    size_t s = head->at;
    uint32_t i = head->field_count;

    if (last != p && last[-1] + 2u > len)
        last -= 2;
    for (; p != last && i < bounds.fields; p += 2, i++) {
        size_t e = p[0], r = p[1];
        struct sw_head_part value = {(uint32_t)e + 2, (uint32_t)r};
        if (!is_plain(buf, e, r)) {
            if (!is_crlf(buf + r) || buf[e] != ':')
                break;
            value = sw_head_trim(buf, e + 1, r);
        }
        if (e - s - 1 >= bounds.name || r - s > bounds.line)
            break;
        put_line(head, s, e, value, NAME(header)(buf + s, e - s, len - s), i);
        s = r + 2;
    }
    head->at = (uint32_t)s;
    head->field_count = i;
    return (size_t)(p - position);
}

/* The 64 bytes at `base`, or as many of them as there are: then the last 64 of all, shifted. */
INLINE TARGET struct masks NAME(masks_at)(const char *buf, size_t len, size_t base)
{
    if (base + 64 <= len)
        return NAME(masks)(NAME(load)(buf + base));
    if (base >= len)
        return (struct masks){0, 0};
    struct masks m = NAME(masks)(NAME(load)(buf + len - 64));
    return (struct masks){m.token >> (base + 64 - len), m.control >> (base + 64 - len)};
}

/*
 * The lines from head->at on, which lies in the block at `base`, whose masks are `m`.  True if the
 * head ends behind them, at head->at.
 */
INLINE TARGET bool NAME(take_fields)(struct sw_head *head, const char *buf, size_t len,
                                     struct masks m, uint32_t base)
{
    uint16_t position[POSITIONS + POSITIONS_SLACK];
    size_t count = 0;
    uint64_t begin = UINT64_C(1) << (head->at - base), control_before = 0, in_name = 0;

    m.token &= -begin;
    m.control &= -begin;
    for (;;) {
        uint64_t line_end = m.control & ~(m.control << 1 | control_before);
        uint64_t line = line_end << 2 | begin;
        unsigned long long sum;
        bool runs_on = __builtin_uaddll_overflow(m.token, line | in_name, &sum);
        uint64_t name_end = sum & ~m.token;
        uint64_t end = line & m.control;
        uint64_t wanted = end ? (end & -end) - 1 : UINT64_MAX;

        if (name_end & line_end & wanted)
            return false;
        count += NAME(emit)(position + count, base, (name_end | line_end) & wanted);
        base += 64;
        if (end || count > POSITIONS - 64 || base >= len) {
            size_t used = NAME(take_lines)(head, buf, len, position, count);
            if (end)
                return used == count && head->at + 2 <= len && is_crlf(buf + head->at);
            if (count - used > 1 || base >= len)
                return false;
            position[0] = position[used];
            count -= used;
        }
        begin = line_end >> 62;
        control_before = m.control >> 63;
        in_name = runs_on;
        if (!(m.control || runs_on))
            base += (uint32_t)NAME(clean)(buf + base, len - base);
        m = NAME(masks_at)(buf, len, base);
    }
}

/* The request line at head->at, where `block` begins. */
INLINE TARGET bool NAME(request_line)(struct sw_head *head, const char *buf, size_t len,
                                             struct NAME(block) block, uint64_t token)
{
    const char *p = buf + head->at;
    size_t left = len - head->at;
    unsigned space = count_zeros(~token);

    if (space >= 62 || space >= left || p[space] != ' ')
        return false;
    uint64_t path = NAME(path)(block) | ((UINT64_C(2) << space) - 1);
    size_t end = count_zeros(~path);
    for (size_t more = 64; end % 64 == 0 && more == 64 && end + 64 <= left; end += more)
        more = count_zeros(~NAME(path)(NAME(load)(p + end)));
    return take_request_line(head, buf, len, space, end);
}

TARGET void NAME(sw_head)(struct sw_head *head, const char *buf, size_t len)
{
    uint32_t base = head->at;

    if (len > FAST_REACH)
        len = FAST_REACH;
    while (len >= base + 16u) {
        size_t left = len - base;
        struct NAME(block) block = left < 64 ? NAME(load_part)(buf + base, left)
                                             : NAME(load)(buf + base);
        struct masks m = NAME(masks)(block);
        if (head->state == SW_HEAD_START &&
            !(head->kind == SW_REQUEST
                  ? NAME(request_line)(head, buf, len, block, m.token)
                  : take_status_line(head, buf, len, count_zeros(m.control))))
            return;
        if (head->at - base < 64) {
            if (head->at < len && NAME(take_fields)(head, buf, len, m, base)) {
                head->at += 2;
                head->state = SW_HEAD_WHOLE;
            }
            return;
        }
        base = head->at;
    }
}
