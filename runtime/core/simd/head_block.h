/* head_block.h - template: the fast path through a head, 64 bytes at a time. */
/* SPDX-License-Identifier: MIT */

/*
 * Theory of operation
 *
 * In: the bytes buf[0..all) of a head, complete or not, at least 32 from head->at on.
 * Out: what sw_head_parse() returns; start line, fields and the index by id in struct sw_head.
 *
 * A block is 64 bytes, and a mask has one bit for each of them.  Vector instructions make two masks
 * of a block: T, the bytes that a token may have (RFC 9110 5.6.2), and C, the control bytes other
 * than HTAB, which no value has.  All else is arithmetic on 64-bit numbers, and one addition finds
 * the colons: S has a bit where a line begins, so S + T carries through the name, from its first
 * byte to the first that is no token.  The carry also validates the name, and a colon inside a
 * value, where no line begins, is never looked at.  (Bit 0 is on the left here, so that the bits
 * are below their bytes; a carry runs to the right.  r and n are CR and LF.)
 *
 *                                 Host: arnAccept: x/yrnrn
 *     T  token bytes              1111..1..111111..1.1....
 *     C  control bytes            .......11...........1111
 *     F  = C & ~(C << 1)          .......1............1...    ends of lines
 *     S  = F << 2 | 1             1........1............1.    begins of lines
 *        S + T                    ....1.1........1.1.1..1.    a carry through each name ...
 *     N  = (S + T) & ~T           ....1..........1......1.    ... to its end, the colon
 *     E  = S & C                  ......................1.    an empty line ends the head
 *
 * Below the lowest bit of E, N | F are the ends of names and lines, alternating.  Three bits go
 * from a block to the next: the carry (a name continues), the last bit of C (a CR before a LF) and
 * the begin of a line.  find_ends() in head_fast.h is all of this in six lines.
 *
 * Stages, each entered by a jump:
 *
 *     sw_head_parse         the entry point: by method, kind and limits
 *     parse_known_request   the usual request line, in the first block; a Host alone after it
 *     parse_any_head        any other start line; parse_any_request
 *     parse_one_block       fields of a head that ends in the first block, from its masks
 *     parse_many_blocks     fields of a longer head: find_lines() stores the ends of all lines,
 *                           parse_fast_lines() reads them
 *     parse_rest            the rest of a head in pieces, or with slow-path lines
 *     complete_head         all lines are parsed: a request has one valid Host
 *
 * Each line is checked where its ends are known: colon and one space after the name, CRLF at the
 * end, no white space before it.  Its name is compared to one row of the hash, 32 bytes at once.
 *
 * The slow path, sw_head_slow_line() for a line and sw_head_finish() for all the rest, parses by
 * the rules in head_step.c and finds all errors.  To it go: lines that fail the check above; names
 * of one byte or more than 32; targets that may not be paths; a Host of more than 32 bytes or that
 * is no plain name; limits below those of a block; and the head after max.offset.  The fast path
 * never accepts what the slow path refuses: the tests compare the two on each of their heads.
 *
 * No byte outside buf[0..all) is read, as tests with a guard page on either side prove.  A block
 * that begins in the last 63 bytes is made of the last 64 of the buffer, shifted; if there are
 * fewer than 64 in all, of its first 32 and its last 32, or by AVX-512 with a masked load, which
 * does not touch what it masks off.  A name is compared backwards from its end: 32 bytes if it
 * ends at 32 or later, else 16, which the start line before it always has.
 *
 * Bounds:
 *
 *     POSITIONS_OF_BLOCK  32      a line has two ends and at least 4 bytes, `a:` CR LF
 *     POSITIONS           96      the ends of SW_FIELDS_INLINE fields, and a block more
 *     max.offset          65471   ends are 16-bit numbers: SW_HEAD_FAST_MAX
 *     max.fast_fields     32, or 0 if a limit is below what one block can contain
 *     names               32      the rows of the hash
 *
 * To instantiate it, an implementation defines TARGET, the attribute that allows its instructions,
 * NAME(x), x with its name appended, and:
 *
 *     struct NAME(block)           64 bytes, loaded
 *     NAME(load)(p)                p[0..64)
 *     NAME(load_short)(p, n)       p[0..n), 32 <= n < 64
 *     NAME(combine)(bits, n)       the mask of p[0..n), from the mask of that block
 *     struct NAME(classes)         constants for masks(), made by NAME(text)()
 *     NAME(masks)(block, classes)  T and C
 *     NAME(low)(block)             all of C, and possibly HTAB and bytes above 127
 *     NAME(path)(block)            pchar, "/" and "?", but not "%": RFC 3986 3.3, 3.4
 *     NAME(host)(block)            bytes of a registered name or an IPv4 address
 *     NAME(clean)(p, n)            a number of bytes of p[0..n), a multiple of 64, without C
 *     NAME(is_name)(tables, end, n, id, width)  whether the n <= width bytes before `end` are the
 *                                  name with this id, without regard to bit 5; reads the `width`
 *                                  bytes before `end`, 16 or 32
 *     NAME(host_run)(p, n, left)   the length of the run of host bytes at p, up to n;
 *                                  0 < n <= 32, 16 bytes are before p, 32 before p + n, and `left`
 * from p on, of which p[n] is a control byte NAME(emit)(position, base, bits)  writes base + i for
 * each bit i, within POSITIONS_OF_BLOCK entries, and returns the number of bits
 */

#include "core/simd/head_lines.h"

/* Whether p[0..n) is a registered name or an IPv4 address, RFC 3986 3.2.2, and optionally a port.
   See NAME(host_run)(). */
INLINE TARGET bool NAME(is_host)(const char *p, size_t n, size_t left)
{
    if (n - 1 >= 32)
        return false;
    size_t run = NAME(host_run)(p, n, left);
    return run == n || is_port_after(p, run, n);
}

/* RFC 9112 3.2: a request has exactly one Host.  False if it takes the slow path to know. */
INLINE TARGET bool NAME(has_valid_host)(const struct sw_head *head, const char *buf)
{
    if (head->kind == SW_RESPONSE)
        return true;
    const struct sw_field *host = sw_head_field(head, SW_HEADER_HOST);
    return host && !head->repeats &&
           NAME(is_host)(buf + host->value, host->value_len, head->at - host->value);
}

/* All lines are parsed, up to the empty one at head->at. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(complete_head)(struct sw_head *head,
                                                                      const char *buf, size_t all)
{
    SW_PATH(HEAD_COMPLETE);
    if (NAME(has_valid_host)(head, buf))
        return done(head, head->at + 2);
    head->at += 2;
    head->state = SW_HEAD_COMPLETE;
    return sw_head_finish(head, buf, all);
}

/* The lines from head->at on, slow-path lines too; `position` is memory for ends. */
TARGET static __attribute__((noinline)) ptrdiff_t
NAME(parse_rest_with)(struct sw_head *head, const char *buf, size_t all, uint16_t *position)
{
    size_t len = least(all, head->max.offset);

    SW_PATH(HEAD_REST);
    if (head->state != SW_HEAD_FIELD || !NAME(parse_remaining_lines)(head, buf, len, position) ||
        !is_end(buf, head->at, len))
        return sw_head_finish(head, buf, all);
    return NAME(complete_head)(head, buf, all);
}

/* The same for a head that came in pieces, or has a slow-path line in its first block. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(parse_rest)(struct sw_head *head,
                                                                   const char *buf, size_t all)
{
    _Alignas(64) uint16_t position[POSITIONS];

    return NAME(parse_rest_with)(head, buf, all, position);
}

/* The line at head->at, which ends at r, if it is a plain Host: as the first field, where RFC 9110
   7.2 recommends it, it needs no lookup. */
INLINE TARGET bool NAME(parse_first_host)(struct sw_head *head, const char *buf, size_t len,
                                          size_t r)
{
    size_t s = head->at;

    if (r < s + 7 || !is_host_name(buf + s) || !is_crlf(buf + r) ||
        !NAME(is_host)(buf + s + 6, r - s - 6, len - s - 6))
        return false;
    set_first_host(head, s, r);
    return true;
}

/* The fields of a head that does not end in its first block, of which these are the masks.  The
   start line is parsed. */
TARGET static __attribute__((noinline)) ptrdiff_t
NAME(parse_many_blocks)(struct sw_head *head, const char *buf, size_t all, uint64_t token,
                        uint64_t control)
{
    _Alignas(64) uint16_t position[POSITIONS];
    size_t len = least(all, head->max.offset);

    SW_PATH(HEAD_MANY_BLOCKS);
    if (len < 64 || head->at > 65)
        return NAME(parse_rest_with)(head, buf, all, position);
    struct found found = NAME(find_lines)(position, buf, len, 0, (struct masks){token, control});
    if (found.stop != FOUND_END ||
        (size_t)(found.end - position - 3) / 2 >= head->max.fast_fields ||
        found.end[-1] - head->at > head->max.line)
        return NAME(parse_rest_with)(head, buf, all, position);
    bool host = NAME(parse_first_host)(head, buf, len, position[2]);
    uint16_t *p = position + (host ? 3 : 1);
    if ((p != found.end && NAME(parse_fast_lines)(head, buf, p, found.end) != found.end) ||
        !is_end(buf, head->at, len))
        return NAME(parse_rest_with)(head, buf, all, position);
    if (host && !head->repeats)
        return done(head, head->at + 2);
    return NAME(complete_head)(head, buf, all);
}

/* The fields of a head that ends in its first block. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(parse_one_block)(struct sw_head *head,
                                                                        const char *buf, size_t all,
                                                                        uint64_t token,
                                                                        uint64_t control)
{
    const struct sw_header_tables *tables = in_register(&sw_header_tables);
    struct ends ends = find_ends((struct masks){token, control}, 0, 0, 0);
    uint64_t bits = (ends.name | ends.line) & below(ends.head);
    struct sw_field *field = head->fields;
    uint16_t slot = head->first;
    size_t s = head->at;

    SW_PATH(HEAD_ONE_BLOCK);
    if (!head->max.fast_fields)
        return NAME(parse_rest)(head, buf, all);
    for (bits &= bits - 1; bits; field++, slot++) {
        size_t e = lowest(bits);
        bits &= bits - 1;
        size_t r = count_zeros(bits);
        bits &= bits - 1;
        if (!(e < 32 ? NAME(parse_line)(head, tables, buf, s, e, r, field, slot, 16)
                     : NAME(parse_line)(head, tables, buf, s, e, r, field, slot, 32)))
            break;
        s = r + 2;
    }
    head->at = (uint32_t)s;
    head->field_count = (uint16_t)(slot - head->first);
    return is_end(buf, s, all) ? NAME(complete_head)(head, buf, all)
                               : NAME(parse_rest)(head, buf, all);
}

/* The length of a line without a control byte in its first 64 bytes; n if it does not end. `others`
 * grows by its bytes that no path has: one space, in a plain request line. */
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
INLINE TARGET bool NAME(parse_request_line)(struct sw_head *head, const char *buf, size_t len,
                                            struct masks m, uint64_t path, enum sw_method method)
{
    size_t space = count_zeros(~m.token), end = count_zeros(m.control);
    uint64_t before = below(m.control);

    if (space > 60)
        return false;
    uint64_t other = ~path & before & -(UINT64_C(2) << space);
    bool is_path = !(other & (other - 1));
    if (end == 64) {
        size_t others = (size_t)__builtin_popcountll(other);
        if (len < 64)
            return false;
        end = NAME(long_line)(buf, len, &others);
        is_path = others == 1;
    }
    return parse_request_line(head, buf, len, 0, space, end, method, is_path);
}

/* The fields of a head with these masks of its first block.  The start line is parsed. */
INLINE TARGET ptrdiff_t NAME(parse_fields)(struct sw_head *head, const char *buf, size_t all,
                                           struct masks m)
{
    uint64_t line = m.control & ~(2 * m.control);

    if (4 * line & m.control)
        return NAME(parse_one_block)(head, buf, all, m.token, m.control);
    return NAME(parse_many_blocks)(head, buf, all, m.token, m.control);
}

/* The first block of buf[0..len). */
INLINE TARGET struct NAME(block) NAME(first_block)(const char *buf, size_t len)
{
    return len < 64 ? NAME(load_short)(buf, len) : NAME(load)(buf);
}

/* The mask of buf[0..len) from a mask of its first block. */
INLINE TARGET uint64_t NAME(first_mask)(uint64_t bits, size_t len)
{
    return len < 64 ? NAME(combine)(bits, len) : bits;
}

INLINE TARGET struct masks NAME(first_masks)(struct NAME(block) block, size_t len)
{
    struct masks m = NAME(masks)(block, NAME(text)());

    return (struct masks){NAME(first_mask)(m.token, len), NAME(first_mask)(m.control, len)};
}

/* A request with this method, or SW_METHOD_OTHER, and these masks of its first block. */
TARGET static __attribute__((noinline)) ptrdiff_t
NAME(parse_any_request)(struct sw_head *head, const char *buf, size_t all, enum sw_method method,
                        uint64_t token, uint64_t control)
{
    size_t len = least(all, head->max.offset);
    uint64_t path = NAME(first_mask)(NAME(path)(NAME(first_block)(buf, len)), len);
    struct masks m = {token, control};

    SW_PATH(HEAD_ANY);
    if (!NAME(parse_request_line)(head, buf, len, m, path, method))
        return sw_head_finish(head, buf, all);
    return NAME(parse_fields)(head, buf, all, m);
}

/* A head of either kind, with any limits. */
TARGET static __attribute__((noinline)) ptrdiff_t NAME(parse_any_head)(struct sw_head *head,
                                                                       const char *buf, size_t all)
{
    size_t len = least(all, head->max.offset);

    SW_PATH(HEAD_ANY);
    if (len < 32)
        return sw_head_finish(head, buf, all);
    struct masks m = NAME(first_masks)(NAME(first_block)(buf, len), len);
    if (head->kind == SW_REQUEST)
        return NAME(parse_any_request)(head, buf, all, sw_method_scan(buf), m.token, m.control);
    if (!sw_head_status_line(head, buf, len, count_zeros(m.control)))
        return sw_head_finish(head, buf, all);
    return NAME(parse_fields)(head, buf, all, m);
}

/* A request with one field, the Host at head->at, which ends at r and is more than a name: it may
   have a port. */
TARGET static __attribute__((noinline)) ptrdiff_t
NAME(parse_only_host)(struct sw_head *head, const char *buf, size_t all, size_t r)
{
    size_t s = head->at, v = s + 6, n = r - v;

    if (n > 32 || !is_port_after(buf + v, NAME(host_run)(buf + v, n, all - v), n))
        return NAME(parse_rest)(head, buf, all);
    set_first_host(head, s, r);
    return done(head, r + 4);
}

/*
 * A request with a known method of `space` bytes and possibly a path, under limits that a block
 * cannot exceed.  low() is ready some cycles before masks(), which many heads do not need
 * here.
 */
INLINE TARGET ptrdiff_t NAME(parse_known_request)(struct sw_head *head, const char *buf, size_t all,
                                                  enum sw_method method, size_t space)
{
    struct NAME(block) block = NAME(first_block)(buf, all);
    uint64_t low = as_number(NAME(first_mask)(NAME(low)(block), all));
    uint64_t path = NAME(first_mask)(NAME(path)(block), all);
    uint64_t others = ~path & below(low) & -(UINT64_C(2) << space);
    size_t end = count_zeros(low);

    /* The only byte that no path has is the space before the version. */
    if (end < space + 11 || end + 2 > all || buf[space + 1] != '/' || !is_version(buf + end) ||
        others & (others - 1)) {
        struct masks m = NAME(first_masks)(block, all);
        return NAME(parse_any_request)(head, buf, all, method, m.token, m.control);
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
        uint64_t host = NAME(first_mask)(NAME(host)(block), all);
        if (!(~host >> v << (v - r) % 64)) {
            set_first_host(head, s, r);
            return done(head, r + 4);
        }
    }
    head->state = SW_HEAD_FIELD;
    head->at = (uint32_t)s;
    if (only_host)
        return NAME(parse_only_host)(head, buf, all, r);
    return NAME(parse_fields)(head, buf, all, NAME(first_masks)(block, all));
}

/* A request that does not begin with SW_METHOD_FIRST. */
TARGET static __attribute__((noinline)) ptrdiff_t
NAME(parse_other_method)(struct sw_head *head, const char *buf, size_t all)
{
    /* No method is longer than 31 bytes, so the scan ends within the 32 that are there. */
    enum sw_method method = sw_method_scan(buf);

    if (method == SW_METHOD_OTHER || method == SW_METHOD_CONNECT ||
        sw_method_names[method].flags & SW_METHOD_F_PREFACE)
        return NAME(parse_any_head)(head, buf, all);
    return NAME(parse_known_request)(head, buf, all, method, sw_method_names[method].len);
}

/* The entry point.  From here on each stage ends in a jump to the next, not in a call, and the
   stages of the usual heads keep all they need in registers. */
TARGET ptrdiff_t NAME(sw_head_parse)(struct sw_head *head, const char *buf, size_t all)
{
    if (head->at)
        return NAME(parse_rest)(head, buf, all);
    if (head->kind != SW_REQUEST || !head->max.fast_fields)
        return NAME(parse_any_head)(head, buf, all);
    if (!is_first_method(buf))
        return NAME(parse_other_method)(head, buf, all);
    return NAME(parse_known_request)(head, buf, all, SW_METHOD_FIRST,
                                     sizeof SW_METHOD_FIRST_TEXT - 2);
}
