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
 *   NAME(load_short)(p, n)       p[0..n), 32 <= n < 64
 *   NAME(fold)(bits, n)          what the masks of that block are, without what lies behind n
 *   struct NAME(classes)         what masks are made by, in registers where that helps: NAME(text)()
 *   NAME(masks)(block, classes)  bit i for the i-th byte: tchar, RFC 9110 5.6.2; and what no value
 *                                may hold, all controls but HTAB
 *   NAME(path)(block)            pchar, "/" and "?", but not "%", RFC 3986 3.3, 3.4
 *   NAME(host)(block)            what needs no second thought in a Host, and is not the colon
 *   NAME(clean)(p, n)            how many bytes of p[0..n), a multiple of 64, hold no control
 *   NAME(same)(tables, end, n, id)  are the n bytes before `end`, at most 32, the name with this
 *                                id, but for bit 5 of each byte?  32 bytes lie before `end`.
 *   NAME(same_near)(tables, end, n, id)  the same for at most 16 bytes, where only 16 may lie there
 *   NAME(is_host)(p, n)          is p[0..n) surely a host and perhaps a port?  At least 16 bytes
 *                                lie before p, and 32 if n is over 16.
 *   NAME(emit)(position, base, bits)   write base + i for each bit i, into POSITIONS_OF_BLOCK places
 *                                and not beyond; returns how many bits there are
 */

/* Take the line that begins at s, whose name ends at e and which ends at r, if it is plain; the index
   is to say `at` of its field. */
INLINE TARGET bool NAME(take_line)(struct sw_head *head, const struct sw_header_tables *tables,
                                   const char *buf, size_t s, size_t e, size_t r,
                                   struct sw_field *field, uint16_t at)
{
    size_t n = e - s;

    place(field, s, e, r);
    if (!is_plain(buf, e, r) || n - 2 > 30)
        return false;
    size_t id = sw_header_guess(tables, buf[s + 2], buf[e - 2], n);
    while (!NAME(same)(tables, buf + e, n, id) && (id = tables->twins[id]) != SW_HEADER_OTHER)
        ;
    put_id(head, field, at, id);
    return true;
}

/* The same near the front, where there may be no 32 bytes before e, for names of at most 16. */
INLINE TARGET bool NAME(take_line_near)(struct sw_head *head, const struct sw_header_tables *tables,
                                        const char *buf, size_t s, size_t e, size_t r,
                                        struct sw_field *field, uint16_t at)
{
    size_t n = e - s;

    place(field, s, e, r);
    if (!is_plain(buf, e, r) || n - 2 > 14)
        return false;
    size_t id = sw_header_guess(tables, buf[s + 2], buf[e - 2], n);
    while (!NAME(same_near)(tables, buf + e, n, id) && (id = tables->twins[id]) != SW_HEADER_OTHER)
        ;
    put_id(head, field, at, id);
    return true;
}

/*
 * Take the lines whose two ends are known, name ends and line ends in turn, at least one of them, up to
 * the first that is not plain or has a name of more than 32 bytes; returns where its ends are.  The
 * first is taken as one near the front even where it is not, which costs no branch.  There is no call
 * in it, which leaves all registers to it.
 */
TARGET static __attribute__((noinline)) uint16_t *NAME(take_plain)(struct sw_head *head,
                                                                   const char *buf, uint16_t *p,
                                                                   const uint16_t *last)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    struct sw_field *field = sw_head_place(head, head->field_count);
    uint16_t at = (uint16_t)(head->first + head->field_count);
    size_t s = head->at;

    do {
        size_t e = p[0], r = p[1];
        if (!NAME(take_line_near)(head, tables, buf, s, e, r, field, at))
            break;
        s = r + 2;
        p += 2, field++, at++;
    } while (p != last && p[0] < 32);
    if (p != last && p[0] >= 32)
        do {
            size_t e = p[0], r = p[1];
            if (!NAME(take_line)(head, tables, buf, s, e, r, field, at))
                break;
            s = r + 2;
            p += 2, field++, at++;
        } while (p != last);
    head->at = (uint32_t)s;
    head->field_count = (uint16_t)(at - head->first);
    return p;
}

/* Take as many of them as can be; is that all? */
INLINE TARGET bool NAME(take_lines)(struct sw_head *head, const char *buf, size_t len, uint16_t *p,
                                    const uint16_t *end)
{
    while (end - p >= 2) {
        const uint16_t *last = p + 2 * sw_head_lines(head, len, p, (size_t)(end - p));
        if (p == last)
            return false;
        while (p != last) {
            if (head->most.name >= 32)
                p = NAME(take_plain)(head, buf, p, last);
            if (p == last)
                break;
            if (!sw_head_odd_line(head, buf, p[0], p[1]))
                return false;
            p += 2;
        }
    }
    return p == end;
}

/* The bytes from `base` on, fewer than 64: the last 64 of all, shifted. */
INLINE TARGET struct masks NAME(masks_of_rest)(const char *buf, size_t len, size_t base,
                                               struct NAME(classes) classes)
{
    struct masks m = NAME(masks)(NAME(load)(buf + len - 64), classes);

    return (struct masks){m.token >> (base + 64 - len), m.control >> (base + 64 - len)};
}

/*
 * Write down the ends of names and of lines, in turn, from the block at `base` on, whose masks are m.
 * A field line begins there, or at 0 the start line, which has no name.  There is no call in it either.
 */
TARGET static __attribute__((noinline)) struct found
NAME(find_lines)(uint16_t *position, const char *buf, size_t len, size_t base, struct masks m)
{
    const struct NAME(classes) classes = NAME(text)();
    const uint16_t *full = position + POSITIONS - POSITIONS_OF_BLOCK, *earlier = NULL, *now = NULL;
    uint64_t begin = base != 0, in_name = 0, control_before = 0;
    struct ends ends;

    for (;;) {
        m = (struct masks){as_number(m.token), as_number(m.control)};
        ends = find_ends(m, begin, in_name, control_before);
        if (ends.head | ends.odd)
            break;
        size_t more = NAME(emit)(position, (uint32_t)base, ends.name | ends.line);
        if (more > POSITIONS_OF_BLOCK)
            return (struct found){position, FOUND_ODD};
        const uint16_t *before = now;
        now = position;
        position += more;
        begin = ends.line >> 62;
        control_before = m.control >> 63;
        in_name = ends.runs_on;
        base += 64;
        if (base + 64 > len || position > full) {
            if (base >= len || position > full)
                return (struct found){position, FOUND_PART};
            m = NAME(masks_of_rest)(buf, len, base, classes);
            continue;
        }
        if (position == earlier && !in_name)
            base += NAME(clean)(buf + base, len - 64 - base);
        earlier = before;
        m = NAME(masks)(NAME(load)(buf + base), classes);
    }
    uint64_t before = below(ends.head);
    size_t more = NAME(emit)(position, (uint32_t)base, (ends.name | ends.line) & before);
    if (ends.odd & before || more > POSITIONS_OF_BLOCK)
        return (struct found){position, FOUND_ODD};
    return (struct found){position + more, FOUND_END};
}

/* The 64 bytes at `base`, or as many of them as there are.  Apart, for constants not to be made ready in
   vain. */
TARGET static __attribute__((noinline)) struct masks NAME(masks_there)(const char *buf, size_t len,
                                                                       size_t base)
{
    if (base + 64 <= len)
        return NAME(masks)(NAME(load)(buf + base), NAME(text)());
    if (base >= len)
        return (struct masks){0, 0};
    return NAME(masks_of_rest)(buf, len, base, NAME(text)());
}

/* The lines from head->at on, be they odd, many, or only a part of the head.  Only a start line without
   its CR, if forgiven, can leave less than 16 bytes before the end of a name of two. */
TARGET static __attribute__((noinline)) enum taken NAME(take_more)(struct sw_head *head,
                                                                   const char *buf, size_t len,
                                                                   uint16_t *position)
{
    uint32_t from;

    if (len < 64 || head->at < 14)
        return sw_head_lines_by_words(head, buf, len);
    do {
        from = head->at;
        struct masks m = NAME(masks_there)(buf, len, from);
        struct found found = NAME(find_lines)(position, buf, len, from, m);
        if (found.then == FOUND_ODD)
            return TAKEN_PART;
        if (NAME(take_lines)(head, buf, len, position, found.end) && found.then == FOUND_END)
            return TAKEN_LINES;
    } while (head->at > from);
    return TAKEN_PART;
}

/* The lines behind the start line, which begins the block at 0, whose masks these are. */
INLINE TARGET enum taken NAME(take_fields)(struct sw_head *head, const char *buf, size_t len,
                                           struct masks m, uint16_t *position)
{
    if (len < 64 || head->at > 65)
        return NAME(take_more)(head, buf, len, position);
    struct found found = NAME(find_lines)(position, buf, len, 0, m);
    size_t lines = (size_t)(found.end - position) / 2;
    if (found.then == FOUND_END && lines - 1 < head->most.block &&
        found.end[-1] - head->at <= head->most.line &&
        NAME(take_plain)(head, buf, position + 1, found.end) == found.end)
        return TAKEN_LINES;
    return NAME(take_more)(head, buf, len, position);
}

/* The bytes of the line at p before its first control byte, which is not among the first 64; n if
   there is none.  They are looked at for what no path has, with those before: one space should be. */
INLINE TARGET size_t NAME(long_line)(const char *p, size_t n, size_t *others)
{
    size_t at = 64;

    for (; at < n; at += 64) {
        size_t from = at + 64 <= n ? at : n - 64;
        struct NAME(block) block = NAME(load)(p + from);
        uint64_t control = NAME(masks)(block, NAME(text)()).control >> (at - from);
        uint64_t other = ~NAME(path)(block) >> (at - from), before = below(control);
        *others += (size_t)__builtin_popcountll(other & before);
        if (control)
            return at + (size_t)__builtin_ctzll(control);
    }
    return n;
}

/* The request line that begins a block with these masks. */
INLINE TARGET bool NAME(request_line)(struct sw_head *head, const char *buf, size_t len,
                                      struct masks m, uint64_t path, enum sw_method method)
{
    size_t space = count_zeros(~m.token), end = count_zeros(m.control);
    uint64_t before = below(m.control);

    if (space > 60)
        return false;
    uint64_t other = ~path & before & -(UINT64_C(2) << space);
    bool plain = !(other & (other - 1));
    if (end == 64) {
        size_t others = (size_t)__builtin_popcountll(other);
        if (len < 64)
            return false;
        end = NAME(long_line)(buf, len, &others);
        plain = others == 1;
    }
    return take_request_line(head, buf, len, 0, space, end, method, plain);
}

/* The first block of buf[0..len). */
INLINE TARGET struct NAME(block) NAME(front)(const char *buf, size_t len)
{
    return len < 64 ? NAME(load_short)(buf, len) : NAME(load)(buf);
}

/* A head that ends in its first block: its lines behind the start line, by the bits of their ends. */
INLINE TARGET enum taken NAME(take_block)(struct sw_head *head, const char *buf, size_t len,
                                          struct ends ends)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    uint64_t bits = (ends.name | ends.line) & below(ends.head);
    struct sw_field *field = head->fields;
    uint16_t at = head->first;
    size_t s = (size_t)__builtin_ctzll(bits) + 2;

    bits &= bits - 1;
    if ((size_t)__builtin_popcountll(bits) > 2 * head->most.block)
        return TAKEN_PART;
    for (; bits; field++, at++) {
        size_t e = (size_t)__builtin_ctzll(bits);
        bits &= bits - 1;
        size_t r = (size_t)__builtin_ctzll(bits);
        bits &= bits - 1;
        if (!(e < 32 ? NAME(take_line_near)(head, tables, buf, s, e, r, field, at)
                     : NAME(take_line)(head, tables, buf, s, e, r, field, at)))
            break;
        s = r + 2;
    }
    head->at = (uint32_t)s;
    head->field_count = (uint16_t)(at - head->first);
    if (s != (size_t)__builtin_ctzll(ends.head))
        return TAKEN_PART;
    const struct sw_field *host = sw_head_field(head, SW_HEADER_HOST);
    if (!host || head->repeats)
        return TAKEN_LINES;
    uint64_t plain = NAME(host)(NAME(front)(buf, len));
    uint64_t others = ~(len < 64 ? NAME(fold)(plain, len) : plain) >> host->value;
    return others << (64 - host->value_len) ? TAKEN_LINES : TAKEN_FINE;
}

/* A head from its first byte on. */
INLINE TARGET enum taken NAME(take_head)(struct sw_head *head, const char *buf, size_t len,
                                         uint16_t *position)
{
    bool request = head->kind == SW_REQUEST;
    /* No method is longer than 31 bytes: the space behind it need not be looked for before. */
    enum sw_method method = request ? sw_method_scan(buf) : SW_METHOD_OTHER;
    struct NAME(block) block = NAME(front)(buf, len);
    struct masks m = NAME(masks)(block, NAME(text)());
    uint64_t path = NAME(path)(block);

    if (len < 64) {
        m = (struct masks){NAME(fold)(m.token, len), NAME(fold)(m.control, len)};
        path = NAME(fold)(path, len);
    }
    m = (struct masks){as_number(m.token), as_number(m.control)};
    if (request ? !NAME(request_line)(head, buf, len, m, path, method)
                : !sw_head_status_line(head, buf, len, count_zeros(m.control)))
        return TAKEN_PART;
    struct ends ends = find_ends(m, 0, 0, 0);
    if (ends.head && !(ends.odd & below(ends.head))) {
        enum taken taken = NAME(take_block)(head, buf, len, ends);
        return taken == TAKEN_PART ? NAME(take_more)(head, buf, len, position) : taken;
    }
    return NAME(take_fields)(head, buf, len, m, position);
}

/* What the lines of a whole head mean together, as far as it is plain: a request has one Host. */
INLINE TARGET bool NAME(is_fine)(const struct sw_head *head, const char *buf)
{
    if (head->kind == SW_RESPONSE)
        return true;
    const struct sw_field *host = sw_head_field(head, SW_HEADER_HOST);
    return host && !head->repeats && NAME(is_host)(buf + host->value, host->value_len);
}

TARGET ptrdiff_t NAME(sw_head)(struct sw_head *head, const char *buf, size_t all)
{
    _Alignas(64) uint16_t position[POSITIONS];
    size_t len = all < head->most.reach ? all : head->most.reach;
    enum taken taken = TAKEN_PART;

    if (head->state == SW_HEAD_FIELD)
        taken = NAME(take_more)(head, buf, len, position);
    else if (head->at == 0 && len >= 32)
        taken = NAME(take_head)(head, buf, len, position);
    if (taken == TAKEN_PART || head->at + 2 > len || !is_crlf(buf + head->at))
        return sw_head_finish(head, buf, all);
    head->at += 2;
    head->state = SW_HEAD_WHOLE;
    if (taken != TAKEN_FINE && !NAME(is_fine)(head, buf))
        return sw_head_finish(head, buf, all);
    head->state = SW_HEAD_DONE;
    return head->length = head->at;
}
