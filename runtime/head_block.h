/* head_block.h - template: the lines of a head, found 64 bytes at a time. */
/* SPDX-License-Identifier: MIT */

/*
 * Included once for each instruction set, after these are defined:
 *
 *   NAME(x)   x with the instruction set's name behind it
 *   TARGET    the attribute that lets the compiler use it
 *
 *   struct NAME(block)           64 bytes, loaded
 *   NAME(load)(p)                p[0..64)
 *   NAME(masks)(block)           bit i for the i-th byte: tchar, RFC 9110 5.6.2; and what no value may
 *                                hold, all controls but HTAB
 *   NAME(path)(block)            pchar, "/" and "?", but not "%", RFC 3986 3.3, 3.4
 *   NAME(clean)(p, n)            how many bytes of p[0..n), a multiple of 64, hold no control
 *   NAME(same)(tables, end, n, id, near_front)  are the n bytes before `end`, at most 32, the name with
 *                                this id, but for bit 5 of each byte?  32 bytes lie before `end`, or
 *                                only 16 if it is `near_front`, and then n is not more.
 *   NAME(is_host)(p, n)          is p[0..n) surely a host and perhaps a port?  At least 16 bytes
 *                                lie before p, and 32 if n is over 16.
 *   NAME(emit)(position, base, bits)   write base + i for each bit i, into POSITIONS_OF_BLOCK places
 *                                and not beyond; returns how many bits there are
 *
 * A line ends at the first control byte F of a run, and the next begins two bytes later: S = F << 2.
 * Adding S to the token bytes T makes a carry run through each name to its end, the first byte that
 * is no token: (T + S) & ~T.  One addition finds the colons of a block and validates the names in
 * it; colons inside values are never looked at.  A control byte where a line begins ends the head.
 */

/*
 * Take the line that begins at s, whose name ends at e and which ends at r, if it is plain; the index
 * is to say `at` of its field.
 */
INLINE TARGET bool NAME(take_line)(struct sw_head *head, const struct sw_header_tables *tables,
                                   const char *buf, size_t s, size_t e, size_t r,
                                   struct sw_field *field, uint16_t at, bool near_front)
{
    size_t n = e - s;

    if (!is_plain(buf, e, r) || n - 2 > (near_front ? 14 : 30))
        return false;
    unsigned id = sw_header_guess(tables, buf[s + 2], buf[e - 2], n);
    while (!NAME(same)(tables, buf + e, n, id, near_front) &&
           (id = tables->twins[id]) != SW_HEADER_OTHER)
        ;
    *field = (struct sw_field){(uint32_t)s, (uint16_t)n, (uint16_t)id, (uint32_t)e + 2,
                               (uint32_t)(r - e - 2)};
    if (id == SW_HEADER_OTHER)
        return true;
    if (sw_head_stale(head->slot[id], head->first))
        head->slot[id] = at;
    else
        sw_head_index(head, (uint16_t)(at - head->first), id);
    return true;
}

/*
 * Take the lines whose two ends are known, name ends and line ends in turn, up to the first that is
 * not plain or has a name of more than 32 bytes; returns where its ends are.  There is no call in it,
 * which leaves all registers to it.
 */
TARGET static __attribute__((noinline)) const uint16_t *
NAME(take_plain)(struct sw_head *head, const char *buf, const uint16_t *p, const uint16_t *last)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    struct sw_field *field = sw_head_place(head, head->field_count);
    uint16_t at = (uint16_t)(head->first + head->field_count);
    size_t s = head->at;

    for (; p != last && p[0] < 32; p += 2, field++, at++) {
        size_t e = p[0], r = p[1];
        if (!NAME(take_line)(head, tables, buf, s, e, r, field, at, true))
            break;
        s = r + 2;
    }
    if (p == last || p[0] >= 32)
        for (; p != last; p += 2, field++, at++) {
            size_t e = p[0], r = p[1];
            if (!NAME(take_line)(head, tables, buf, s, e, r, field, at, false))
                break;
            s = r + 2;
        }
    head->at = (uint32_t)s;
    head->field_count = (uint16_t)(at - head->first);
    return p;
}

/* Take all of them that can be; returns how many positions that used. */
INLINE TARGET size_t NAME(take_lines)(struct sw_head *head, const char *buf, size_t len,
                                      const uint16_t *position, size_t count)
{
    const uint16_t *p = position, *end = position + count, *last;

    while (end - p >= 2) {
        last = p + 2 * sw_head_lines(head, len, p, (size_t)(end - p));
        if (p == last)
            break;
        while (p != last) {
            if (head->most.name >= 32)
                p = NAME(take_plain)(head, buf, p, last);
            if (p == last)
                break;
            if (!sw_head_odd_line(head, buf, p[0], p[1]))
                return (size_t)(p - position);
            p += 2;
        }
    }
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
 * Write down the ends of names and of lines, in turn, from the block at search->base on, whose masks
 * are m; a line begins where `begin` has a bit.  There is no call in it either.
 */
TARGET static __attribute__((noinline)) enum found
NAME(find_lines)(struct search *search, const char *buf, size_t len, struct masks m, uint64_t begin)
{
    uint64_t in_name = search->in_name, control_before = search->control, busy_before = 1;
    size_t base = search->base, count = search->count;
    enum found found = FOUND_END;

    for (;;) {
        uint64_t line_end = m.control & ~(m.control << 1 | control_before);
        uint64_t line = line_end << 2 | begin;
        unsigned long long sum;
        bool runs_on = __builtin_uaddll_overflow(m.token, line | in_name, &sum);
        uint64_t name_end = sum & ~m.token;
        uint64_t end = line & m.control, before_end = (end - 1) & ~end;

        if (name_end & line_end & before_end)
            return FOUND_ODD;
        size_t more = NAME(emit)(search->position + count, (uint32_t)base,
                                 (name_end | line_end) & before_end);
        if (more > POSITIONS_OF_BLOCK)
            return FOUND_ODD;
        count += more;
        if (end)
            break;
        base += 64;
        begin = line_end >> 62;
        control_before = m.control >> 63;
        in_name = runs_on;
        if (base >= len || count > POSITIONS - POSITIONS_OF_BLOCK) {
            found = base < len ? FOUND_MANY : FOUND_ALL;
            search->begin = begin;
            search->in_name = in_name;
            search->control = control_before;
            search->base = base;
            break;
        }
        uint64_t busy = m.control | in_name;
        if (!(busy | busy_before))
            base += NAME(clean)(buf + base, len - base);
        busy_before = busy;
        m = NAME(masks_at)(buf, len, base);
    }
    search->count = count;
    return found;
}

/*
 * The lines from head->at on, which lies in the block at `base`, whose masks are `m`.  True if the
 * head ends behind them, at head->at.
 */
INLINE TARGET bool NAME(take_fields)(struct sw_head *head, const char *buf, size_t len,
                                     struct masks m, size_t base, size_t at)
{
    _Alignas(32) uint16_t position[POSITIONS];
    struct search search = {.position = position, .base = base};
    uint64_t begin = UINT64_C(1) << (at - base);
    enum found found;

    m = (struct masks){m.token & -begin, m.control & -begin};
    while ((found = NAME(find_lines)(&search, buf, len, m, begin)) != FOUND_ODD) {
        size_t used = NAME(take_lines)(head, buf, len, position, search.count);
        if (found == FOUND_END)
            return used == search.count && head->at + 2 <= len && is_crlf(buf + head->at);
        if (found == FOUND_ALL || search.count - used > 1)
            return false;
        position[0] = position[used];
        search.count -= used;
        begin = search.begin;
        m = NAME(masks_at)(buf, len, search.base);
    }
    return false;
}

/* The request line at `base`, where `block` begins; returns where the next line begins, or 0. */
INLINE TARGET size_t NAME(request_line)(struct sw_head *head, const char *buf, size_t len,
                                        struct NAME(block) block, uint64_t token, size_t base)
{
    const char *p = buf + base;
    size_t left = len - base;
    unsigned space = count_zeros(~token);

    if (space >= 62 || p[space] != ' ')
        return 0;
    uint64_t path = NAME(path)(block) | ((UINT64_C(2) << space) - 1);
    size_t end = count_zeros(~path);
    for (size_t more = 64; end % 64 == 0 && more == 64 && end + 64 <= left; end += more)
        more = count_zeros(~NAME(path)(NAME(load)(p + end)));
    return sw_head_request_line(head, buf, len, space, end);
}

/* What the lines of a whole head mean together, as far as it is plain: a request has one Host. */
INLINE TARGET bool NAME(is_fine)(const struct sw_head *head, const char *buf)
{
    if (head->kind == SW_RESPONSE)
        return true;
    const struct sw_field *host = sw_head_field(head, SW_HEADER_HOST);
    return host && !head->repeats && NAME(is_host)(buf + host->value, host->value_len);
}

TARGET void NAME(sw_head)(struct sw_head *head, const char *buf, size_t len)
{
    size_t base = head->at, at = base;

    if (len > FAST_REACH)
        len = FAST_REACH;
    if (base + 64 > len)
        return;
    struct NAME(block) block = NAME(load)(buf + base);
    struct masks m = NAME(masks)(block);
    m = (struct masks){as_number(m.token), as_number(m.control)};
    if (head->state == SW_HEAD_START) {
        at = head->kind == SW_REQUEST
                 ? NAME(request_line)(head, buf, len, block, m.token, base)
                 : sw_head_status_line(head, buf, len, count_zeros(m.control));
        if (!at)
            return;
        if (at - base >= 64) {
            base = at;
            m = NAME(masks_at)(buf, len, base);
        }
    }
    if (!NAME(take_fields)(head, buf, len, m, base, at))
        return;
    head->at += 2;
    head->state = SW_HEAD_WHOLE;
    if (NAME(is_fine)(head, buf)) {
        head->state = SW_HEAD_DONE;
        head->length = head->at;
    }
}
