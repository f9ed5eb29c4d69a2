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
 *   struct NAME(classes)         what masks are made by, in registers where that helps:
 * NAME(text)() NAME(masks)(block, classes)  bit i for the i-th byte: tchar, RFC 9110 5.6.2; and
 * what no value may hold, all controls but HTAB NAME(low)(block)             all of the latter, and
 * perhaps HTAB and bytes above 127 NAME(path)(block)            pchar, "/" and "?", but not "%",
 * RFC 3986 3.3, 3.4 NAME(host)(block)            what needs no second thought in a Host, and is not
 * the colon NAME(clean)(p, n)            how many bytes of p[0..n), a multiple of 64, hold no
 * control NAME(same)(tables, end, n, id)  are the n bytes before `end`, at most 32, the name with
 * this id, but for bit 5 of each byte?  32 bytes lie before `end`. NAME(same_near)(tables, end, n,
 * id)  the same for at most 16 bytes, where only 16 may lie there NAME(host_run)(p, n, room)   n,
 * if all of p[0..n), 0 < n <= 32, are such, or how many are in front.  16 bytes lie before p, 32
 * before p + n, and `room` from p on, of which p[n] is a control byte. NAME(emit)(position, base,
 * bits)   write base + i for each bit i, into POSITIONS_OF_BLOCK places and not beyond; returns how
 * many bits there are
 */

/* Take the line that begins at s, whose name ends at e and which ends at r, if it is plain; the
   index is to say `at` of its field. */
INLINE TARGET bool NAME(take_line)(struct sw_head *head, const struct sw_header_tables *tables,
                                   const char *buf, size_t s, size_t e, size_t r,
                                   struct sw_field *field, uint16_t at)
{
    size_t n = as_number(e - s);

    place(field, s, n, e + 2, r);
    if (!is_plain(buf, e, r) || n - 2 > 30)
        return false;
    size_t id = sw_header_candidate(tables, buf[s + 2], buf[e - 2], n);
    if (!NAME(same)(tables, buf + e, n, id))
        do
            id = tables->chain[id];
        while (id != SW_HEADER_OTHER && !NAME(same)(tables, buf + e, n, id));
    put_id(head, field, at, id);
    return true;
}

/* The same near the front, where there may be no 32 bytes before e, for names of at most 16. */
INLINE TARGET bool NAME(take_line_near)(struct sw_head *head, const struct sw_header_tables *tables,
                                        const char *buf, size_t s, size_t e, size_t r,
                                        struct sw_field *field, uint16_t at)
{
    size_t n = as_number(e - s);

    place(field, s, n, e + 2, r);
    if (!is_plain(buf, e, r) || n - 2 > 14)
        return false;
    size_t id = sw_header_candidate(tables, buf[s + 2], buf[e - 2], n);
    if (!NAME(same_near)(tables, buf + e, n, id))
        do
            id = tables->chain[id];
        while (id != SW_HEADER_OTHER && !NAME(same_near)(tables, buf + e, n, id));
    put_id(head, field, at, id);
    return true;
}

/*
 * Take the lines whose two ends are known, name ends and line ends in turn, at least one of them,
 * up to the first that is not plain or has a name of more than 32 bytes; returns where its ends
 * are.  There is no call in it, which leaves all registers to it.
 */
TARGET static __attribute__((noinline)) uint16_t *
NAME(take_plain)(struct sw_head *head, const char *buf, uint16_t *p, const uint16_t *last)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    struct sw_field *field = sw_head_place(head, head->field_count);
    uint16_t at = (uint16_t)(head->first + head->field_count);
    size_t s = head->at;

    while (p != last && p[0] < 32) {
        size_t e = as_number(p[0]), r = as_number(p[1]);
        if (!NAME(take_line_near)(head, tables, buf, s, e, r, field, at))
            break;
        s = r + 2;
        p += 2, field++, at++;
    }
    if (p != last && p[0] >= 32)
        do {
            size_t e = as_number(p[0]), r = as_number(p[1]);
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
        const uint16_t *last = p + 2 * sw_head_fast_lines(head, len, p, (size_t)(end - p));
        if (p == last)
            return false;
        while (p != last) {
            if (head->max.name >= 32)
                p = NAME(take_plain)(head, buf, p, last);
            if (p == last)
                break;
            if (!sw_head_slow_line(head, buf, p[0], p[1]))
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
 * Write down the ends of names and of lines, in turn, from the block at `base` on, whose masks are
 * m. A field line begins there, or at 0 the start line, which has no name.  A line without a colon
 * has both ends in one, and none behind it are in turn: who takes that line will see.
 */
INLINE TARGET struct found NAME(find_lines)(uint16_t *position, const char *buf, size_t len,
                                            size_t base, struct masks m)
{
    const struct NAME(classes) classes = NAME(text)();
    const uint16_t *full = position + POSITIONS - POSITIONS_OF_BLOCK, *earlier = NULL, *now = NULL;
    uint64_t begin = base != 0, in_name = 0, control_before = 0;
    struct ends ends;

    for (;;) {
        m = (struct masks){as_number(m.token), as_number(m.control)};
        ends = find_ends(m, begin, in_name, control_before);
        if (ends.head)
            break;
        size_t more = NAME(emit)(position, (uint32_t)base, ends.name | ends.line);
        if (more > POSITIONS_OF_BLOCK)
            return (struct found){position, FOUND_MANY};
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
    size_t more = NAME(emit)(position, (uint32_t)base, (ends.name | ends.line) & below(ends.head));
    if (more > POSITIONS_OF_BLOCK)
        return (struct found){position, FOUND_MANY};
    return (struct found){position + more, FOUND_END};
}

/* The 64 bytes at `base`, or as many of them as there are.  Apart, for constants not to be made
   ready in vain. */
TARGET static __attribute__((noinline)) struct masks NAME(masks_there)(const char *buf, size_t len,
                                                                       size_t base)
{
    if (base + 64 <= len)
        return NAME(masks)(NAME(load)(buf + base), NAME(text)());
    if (base >= len)
        return (struct masks){0, 0};
    return NAME(masks_of_rest)(buf, len, base, NAME(text)());
}

/* The same for those who come here seldom, and have other things in their registers. */
TARGET static __attribute__((noinline)) struct found
NAME(find_more)(uint16_t *position, const char *buf, size_t len, size_t base)
{
    return NAME(find_lines)(position, buf, len, base, NAME(masks_there)(buf, len, base));
}

/* The lines from head->at on, be they odd, many, or only a part of the head; are they all taken, up
   to its end?  Only a start line without its CR, if forgiven, can leave less than 16 bytes before
   the end of a name of two. */
TARGET static __attribute__((noinline)) bool NAME(take_more)(struct sw_head *head, const char *buf,
                                                             size_t len, uint16_t *position)
{
    uint32_t from;

    if (len < 64 || head->at < 14)
        return sw_head_lines_swar(head, buf, len);
    do {
        from = head->at;
        struct found found = NAME(find_more)(position, buf, len, from);
        if (found.then == FOUND_MANY)
            return false;
        if (NAME(take_lines)(head, buf, len, position, found.end) && found.then == FOUND_END)
            return true;
    } while (head->at > from);
    return false;
}

/* RFC 3986 3.2.2: is p[0..n) surely a registered name or an IPv4 address, and perhaps a port?  See
   NAME(host_run)(). */
INLINE TARGET bool NAME(is_host)(const char *p, size_t n, size_t room)
{
    if (n - 1 >= 32)
        return false;
    size_t run = NAME(host_run)(p, n, room);
    return run == n || is_port_behind(p, run, n);
}

/* What the lines of a whole head mean together, as far as it is plain: a request has one Host. */
INLINE TARGET bool NAME(is_fine)(const struct sw_head *head, const char *buf)
{
    if (head->kind == SW_RESPONSE)
        return true;
    const struct sw_field *host = sw_head_field(head, SW_HEADER_HOST);
    return host && !head->repeats &&
           NAME(is_host)(buf + host->value, host->value_len, head->at - host->value);
}

/* A head whose lines are all taken, up to the empty one at head->at. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(conclude)(struct sw_head *head,
                                                                 const char *buf, size_t all)
{
    SW_PATH(HEAD_CONCLUDE);
    if (NAME(is_fine)(head, buf))
        return done(head, head->at + 2);
    head->at += 2;
    head->state = SW_HEAD_COMPLETE;
    return sw_head_finish(head, buf, all);
}

/* The rest of buf[0..all), of which the lines before head->at are taken. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(go_on)(struct sw_head *head, const char *buf,
                                                              size_t all, uint16_t *position)
{
    size_t len = least(all, head->max.offset);

    SW_PATH(HEAD_RESUME);
    if (head->state != SW_HEAD_FIELD || !NAME(take_more)(head, buf, len, position) ||
        !is_end(buf, head->at, len))
        return sw_head_finish(head, buf, all);
    return NAME(conclude)(head, buf, all);
}

/* The same for a head that came in pieces, or has something odd in its first block. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(resume)(struct sw_head *head,
                                                               const char *buf, size_t all)
{
    _Alignas(64) uint16_t position[POSITIONS];

    return NAME(go_on)(head, buf, all, position);
}

/*
 * The line at head->at, which ends at r, if it is a plain Host: as the first field, where RFC
 * 9110 7.2 wants it, it needs no lookup.
 */
INLINE TARGET bool NAME(take_host)(struct sw_head *head, const char *buf, size_t len, size_t r)
{
    size_t s = head->at;

    if (r < s + 7 || !is_host_name(buf + s) || !is_crlf(buf + r) ||
        !NAME(is_host)(buf + s + 6, r - s - 6, len - s - 6))
        return false;
    put_host(head, s, r);
    return true;
}

/* The fields of a head whose start line is taken, and whose first block, with these masks, it does
   not end in. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(long_fields)(struct sw_head *head,
                                                                    const char *buf, size_t all,
                                                                    uint64_t token,
                                                                    uint64_t control)
{
    _Alignas(64) uint16_t position[POSITIONS];
    size_t len = least(all, head->max.offset);

    SW_PATH(HEAD_LONG);
    if (len < 64 || head->at > 65)
        return NAME(go_on)(head, buf, all, position);
    struct found found = NAME(find_lines)(position, buf, len, 0, (struct masks){token, control});
    if (found.then != FOUND_END ||
        (size_t)(found.end - position - 3) / 2 >= head->max.fast_fields ||
        found.end[-1] - head->at > head->max.line)
        return NAME(go_on)(head, buf, all, position);
    bool host = NAME(take_host)(head, buf, len, position[2]);
    uint16_t *p = position + (host ? 3 : 1);
    if ((p != found.end && NAME(take_plain)(head, buf, p, found.end) != found.end) ||
        !is_end(buf, head->at, len))
        return NAME(go_on)(head, buf, all, position);
    if (host && !head->repeats)
        return done(head, head->at + 2);
    return NAME(conclude)(head, buf, all);
}

/* The same for a head that ends in that block. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(short_fields)(struct sw_head *head,
                                                                     const char *buf, size_t all,
                                                                     uint64_t token,
                                                                     uint64_t control)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    struct ends ends = find_ends((struct masks){token, control}, 0, 0, 0);
    uint64_t bits = (ends.name | ends.line) & below(ends.head);
    struct sw_field *field = head->fields;
    uint16_t at = head->first;
    size_t s = head->at;

    SW_PATH(HEAD_SHORT);
    if (!head->max.fast_fields)
        return NAME(resume)(head, buf, all);
    for (bits &= bits - 1; bits; field++, at++) {
        size_t e = lowest(bits);
        bits &= bits - 1;
        size_t r = count_zeros(bits);
        bits &= bits - 1;
        if (!(e < 32 ? NAME(take_line_near)(head, tables, buf, s, e, r, field, at)
                     : NAME(take_line)(head, tables, buf, s, e, r, field, at)))
            break;
        s = r + 2;
    }
    head->at = (uint32_t)s;
    head->field_count = (uint16_t)(at - head->first);
    return is_end(buf, s, all) ? NAME(conclude)(head, buf, all) : NAME(resume)(head, buf, all);
}

/* The bytes of the line at p before its first control byte, which is not among the first 64; n if
   there is none.  They are looked at for what no path has, with those before: one space should be.
 */
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
            return at + lowest(control);
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

/* The fields of a head whose start line is taken, and whose first block has these masks. */
INLINE TARGET ptrdiff_t NAME(fields)(struct sw_head *head, const char *buf, size_t all,
                                     struct masks m)
{
    uint64_t line = m.control & ~(2 * m.control);

    if (4 * line & m.control)
        return NAME(short_fields)(head, buf, all, m.token, m.control);
    return NAME(long_fields)(head, buf, all, m.token, m.control);
}

/* The first block of buf[0..len). */
INLINE TARGET struct NAME(block) NAME(front)(const char *buf, size_t len)
{
    return len < 64 ? NAME(load_short)(buf, len) : NAME(load)(buf);
}

/* What its masks are. */
INLINE TARGET uint64_t NAME(of_front)(uint64_t bits, size_t len)
{
    return len < 64 ? NAME(combine)(bits, len) : bits;
}

INLINE TARGET struct masks NAME(masks_of_front)(struct NAME(block) block, size_t len)
{
    struct masks m = NAME(masks)(block, NAME(text)());

    return (struct masks){NAME(of_front)(m.token, len), NAME(of_front)(m.control, len)};
}

/* A request with this method, and these masks of its first block. */
TARGET static __attribute__((noinline)) ptrdiff_t
NAME(any_request)(struct sw_head *head, const char *buf, size_t all, enum sw_method method,
                  uint64_t token, uint64_t control)
{
    size_t len = least(all, head->max.offset);
    uint64_t path = NAME(of_front)(NAME(path)(NAME(front)(buf, len)), len);
    struct masks m = {token, control};

    SW_PATH(HEAD_ANY);
    if (!NAME(request_line)(head, buf, len, m, path, method))
        return sw_head_finish(head, buf, all);
    return NAME(fields)(head, buf, all, m);
}

/* A head of which no more is known than that there are 32 bytes. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(any_head)(struct sw_head *head,
                                                                 const char *buf, size_t all)
{
    size_t len = least(all, head->max.offset);

    SW_PATH(HEAD_ANY);
    if (len < 32)
        return sw_head_finish(head, buf, all);
    struct masks m = NAME(masks_of_front)(NAME(front)(buf, len), len);
    if (head->kind == SW_REQUEST)
        return NAME(any_request)(head, buf, all, sw_method_scan(buf), m.token, m.control);
    if (!sw_head_status_line(head, buf, len, count_zeros(m.control)))
        return sw_head_finish(head, buf, all);
    return NAME(fields)(head, buf, all, m);
}

/* A request that has only a Host, in the line at head->at that ends at r; perhaps there is a port
 * in it. */
TARGET static __attribute__((noinline)) ptrdiff_t
NAME(only_host)(struct sw_head *head, const char *buf, size_t all, size_t r)
{
    size_t s = head->at, v = s + 6, n = r - v;

    if (n > 32 || !is_port_behind(buf + v, NAME(host_run)(buf + v, n, all - v), n))
        return NAME(resume)(head, buf, all);
    put_host(head, s, r);
    return done(head, r + 4);
}

/*
 * A request whose method has `space` bytes and may have a path, and no limits that its first 64
 * bytes could exceed.  Where control bytes may be is known some cycles before which bytes are of
 * what class.
 */
INLINE TARGET ptrdiff_t NAME(request)(struct sw_head *head, const char *buf, size_t all,
                                      enum sw_method method, size_t space)
{
    struct NAME(block) block = NAME(front)(buf, all);
    uint64_t low = as_number(NAME(of_front)(NAME(low)(block), all));
    uint64_t path = NAME(of_front)(NAME(path)(block), all);
    uint64_t others = ~path & below(low) & -(UINT64_C(2) << space);
    size_t end = count_zeros(low);

    /* The space before the version is all that no path has. */
    if (end < space + 11 || end + 2 > all || buf[space + 1] != '/' || !is_version(buf + end) ||
        others & (others - 1)) {
        struct masks m = NAME(masks_of_front)(block, all);
        return NAME(any_request)(head, buf, all, method, m.token, m.control);
    }
    head->method = (uint16_t)method;
    head->minor = buf[end - 1] & 1;
    head->target = (uint32_t)space + 1;
    head->target_len = (uint32_t)(end - space - 10);
    uint64_t line = low & ~(2 * low);
    size_t s = as_number(end + 2), r = as_number(lowest((line & (line - 1)) | UINT64_C(1) << 63));
    bool only_host =
        r >= s + 7 && r + 4 <= all && memcmp(buf + r, "\r\n\r\n", 4) == 0 && is_host_name(buf + s);
    if (only_host) {
        size_t v = s + 6;
        uint64_t host = NAME(of_front)(NAME(host)(block), all);
        if (!(~host >> v << (v - r) % 64)) {
            put_host(head, s, r);
            return done(head, r + 4);
        }
    }
    head->state = SW_HEAD_FIELD;
    head->at = (uint32_t)s;
    if (only_host)
        return NAME(only_host)(head, buf, all, r);
    return NAME(fields)(head, buf, all, NAME(masks_of_front)(block, all));
}

/* Such a request, if it is one. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(other_method)(struct sw_head *head,
                                                                     const char *buf, size_t all)
{
    /* No method is longer than 31 bytes: the space behind it need not be looked for before. */
    enum sw_method method = sw_method_scan(buf);

    if (method == SW_METHOD_OTHER || method == SW_METHOD_CONNECT ||
        sw_method_names[method].flags & SW_METHOD_F_PREFACE)
        return NAME(any_head)(head, buf, all);
    return NAME(request)(head, buf, all, method, sw_method_names[method].len);
}

/*
 * At least 32 bytes from head->at on.  From here on each step is a jump to the next, not a call,
 * and those that nearly all heads take have all they need in registers.
 */
TARGET ptrdiff_t NAME(sw_head)(struct sw_head *head, const char *buf, size_t all)
{
    if (head->at)
        return NAME(resume)(head, buf, all);
    if (head->kind != SW_REQUEST || !head->max.fast_fields)
        return NAME(any_head)(head, buf, all);
    if (!is_first_method(buf))
        return NAME(other_method)(head, buf, all);
    return NAME(request)(head, buf, all, SW_METHOD_FIRST, sizeof SW_METHOD_FIRST_TEXT - 2);
}
