/* head_lines.h - template: the lines of a head, from their ends to their fields. */
/* SPDX-License-Identifier: MIT */

/*
 * The second half of head_block.h, which includes it and explains the words.  find_lines() writes
 * the ends of names and of lines to an array; parse_fast_lines() makes fields of them, and
 * parse_lines() also passes single lines to the slow path.
 */

/*
 * Parses the line from s to r, with the end of its name at e, if it is a fast-path line; the index
 * then has `slot` for its field.  A name has up to `width` bytes, and the comparison reads the
 * `width` bytes before e: 16 for names that end within the first 32 bytes of the buffer, else 32.
 */
INLINE TARGET bool NAME(parse_line)(struct sw_head *head, const struct sw_header_tables *tables,
                                    const char *buf, size_t s, size_t e, size_t r,
                                    struct sw_field *field, uint16_t slot, size_t width)
{
    size_t n = as_number(e - s);

    set_field(field, s, n, e + 2, r);
    if (!is_fast_line(buf, e, r) || n - 2 > width - 2)
        return false;
    size_t id = sw_header_candidate(tables, buf[s + 2], buf[e - 2], n);
    if (!NAME(is_name)(tables, buf + e, n, id, width))
        do
            id = tables->chain[id];
        while (id != SW_HEADER_OTHER && !NAME(is_name)(tables, buf + e, n, id, width));
    set_id(head, field, slot, id);
    return true;
}

/*
 * Parses lines with known ends, name ends and line ends alternating from p to `last`, at least
 * one line.  Returns the ends of the first line that is not a fast-path line, or `last`.  It calls
 * no function, so that all registers are free for it.
 */
TARGET static __attribute__((noinline)) uint16_t *
NAME(parse_fast_lines)(struct sw_head *head, const char *buf, uint16_t *p, const uint16_t *last)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    struct sw_field *field = sw_head_place(head, head->field_count);
    uint16_t slot = (uint16_t)(head->first + head->field_count);
    size_t s = head->at;

    while (p != last && p[0] < 32) {
        size_t e = as_number(p[0]), r = as_number(p[1]);
        if (!NAME(parse_line)(head, tables, buf, s, e, r, field, slot, 16))
            break;
        s = r + 2;
        p += 2, field++, slot++;
    }
    if (p != last && p[0] >= 32)
        do {
            size_t e = as_number(p[0]), r = as_number(p[1]);
            if (!NAME(parse_line)(head, tables, buf, s, e, r, field, slot, 32))
                break;
            s = r + 2;
            p += 2, field++, slot++;
        } while (p != last);
    head->at = (uint32_t)s;
    head->field_count = (uint16_t)(slot - head->first);
    return p;
}

/* Parses the lines with ends from p to `end`, single ones by the slow path.  True if all are. */
INLINE TARGET bool NAME(parse_lines)(struct sw_head *head, const char *buf, size_t len, uint16_t *p,
                                     const uint16_t *end)
{
    while (end - p >= 2) {
        const uint16_t *last = p + 2 * sw_head_fast_lines(head, len, p, (size_t)(end - p));
        if (p == last)
            return false;
        while (p != last) {
            if (head->max.name >= 32)
                p = NAME(parse_fast_lines)(head, buf, p, last);
            if (p == last)
                break;
            if (!sw_head_slow_line(head, buf, p[0], p[1]))
                return false;
            p += 2;
        }
    }
    return p == end;
}

/* The masks of the fewer than 64 bytes from `base` on: those of the last 64 bytes, shifted. */
INLINE TARGET struct masks NAME(masks_of_tail)(const char *buf, size_t len, size_t base,
                                               struct NAME(classes) classes)
{
    struct masks m = NAME(masks)(NAME(load)(buf + len - 64), classes);

    return (struct masks){m.token >> (base + 64 - len), m.control >> (base + 64 - len)};
}

/*
 * Writes the ends of names and of lines, alternating, from the block at `base` on, which has the
 * masks m.  A line begins there: a field line, or at 0 the start line, which has no name.  A line
 * without a colon has one end for both, so that the ends after it no longer alternate; but there is
 * no colon at the first, and the line is refused.
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
            return (struct found){position, FOUND_TOO_MANY};
        const uint16_t *before = now;
        now = position;
        position += more;
        begin = ends.line >> 62;
        control_before = m.control >> 63;
        in_name = ends.carry;
        base += 64;
        if (base + 64 > len || position > full) {
            if (base >= len || position > full)
                return (struct found){position, FOUND_PART};
            m = NAME(masks_of_tail)(buf, len, base, classes);
            continue;
        }
        if (position == earlier && !in_name)
            base += NAME(clean)(buf + base, len - 64 - base);
        earlier = before;
        m = NAME(masks)(NAME(load)(buf + base), classes);
    }
    size_t more = NAME(emit)(position, (uint32_t)base, (ends.name | ends.line) & below(ends.head));
    if (more > POSITIONS_OF_BLOCK)
        return (struct found){position, FOUND_TOO_MANY};
    return (struct found){position + more, FOUND_END};
}

/* The masks of the block at `base`, or of what there is of it.  Not inlined, so that no constants
   are loaded in vain. */
TARGET static __attribute__((noinline)) struct masks NAME(masks_at)(const char *buf, size_t len,
                                                                    size_t base)
{
    if (base + 64 <= len)
        return NAME(masks)(NAME(load)(buf + base), NAME(text)());
    if (base >= len)
        return (struct masks){0, 0};
    return NAME(masks_of_tail)(buf, len, base, NAME(text)());
}

/* find_lines() for rare callers, which keep their registers for other things. */
TARGET static __attribute__((noinline)) struct found
NAME(find_lines_at)(uint16_t *position, const char *buf, size_t len, size_t base)
{
    return NAME(find_lines)(position, buf, len, base, NAME(masks_at)(buf, len, base));
}

/*
 * Parses the lines from head->at on in batches, slow-path lines too.  True if all are parsed, up
 * to the end of the head.  A name of two bytes ends at 16 or later, as a comparison of 16 bytes
 * needs, unless the start line had no CR (SW_LENIENT_BARE_LF): hence the 14.
 */
TARGET static __attribute__((noinline)) bool
NAME(parse_remaining_lines)(struct sw_head *head, const char *buf, size_t len, uint16_t *position)
{
    uint32_t from;

    if (len < 64 || head->at < 14)
        return sw_head_lines_swar(head, buf, len);
    do {
        from = head->at;
        struct found found = NAME(find_lines_at)(position, buf, len, from);
        if (found.stop == FOUND_TOO_MANY)
            return false;
        if (NAME(parse_lines)(head, buf, len, position, found.end) && found.stop == FOUND_END)
            return true;
    } while (head->at > from);
    return false;
}
