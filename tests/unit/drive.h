/* drive.h - parses one head or body in one piece, split in two at each offset, byte by byte. */
/* SPDX-License-Identifier: MIT */
#ifndef DRIVE_H
#define DRIVE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "guard.h"
#include "shockwave.h"

/*
 * Theory of operation.  These invariants are true for any input, and the functions ending in
 * _everywhere check them; they return NULL, or a description of the invariant that is broken:
 *
 *   - the outcome does not depend on how the input is split;
 *   - a proper prefix of an accepted input needs more bytes;
 *   - an error is final: the next call returns it again;
 *   - no byte outside the buffer is read (guard.h places a guard page at each end);
 *   - every implementation that this CPU can run gives the same result.
 *
 *   in one piece     |<-------------- n -------------->| guard page
 *   split at k       |<--- k --->|                       then  |<---------- n ---------->|
 *   byte by byte     |1|, |2|, |3|, ... |n|
 */

/* The result of a parse; neither complete nor an error: more bytes are needed. */
struct outcome {
    enum sw_error error;
    bool complete;
    size_t at; /* offset of the end, or of the byte that breaks a rule; else 0 */
};

static inline bool outcome_same(struct outcome a, struct outcome b)
{
    return a.error == b.error && a.complete == b.complete && a.at == b.at;
}

static inline const char *outcome_text(struct outcome v)
{
    static char text[2][80];
    static int next;
    char *out = text[next ^= 1];
    const char *what = v.error      ? sw_error_infos[v.error].name
                       : v.complete ? "complete"
                                    : "needs more";
    snprintf(out, sizeof text[0], "%s at %zu", what, v.at);
    return out;
}

/* Formats the description that the drivers return. */
__attribute__((format(printf, 1, 2))) static inline const char *drive_why(const char *format, ...)
{
    static char why[400];
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    return why;
}

/*
 * The next offset to split at after `split`: each offset, unless the input is long; then around
 * line breaks and at each 251st byte.
 */
static inline size_t drive_next_split(const char *bytes, size_t n, size_t split)
{
    for (split++; n > 8192 && split < n; split++)
        if (split % 251 == 0 || memchr("\r\n", bytes[split - 1], 2) ||
            memchr("\r\n", bytes[split], 2))
            break;
    return split;
}

/* ---- Heads ----------------------------------------------------------------------------------- */

enum { DRIVE_FIELDS = 100 };

/* A head, and memory for more fields than SW_FIELDS_INLINE. */
struct drive_head {
    struct sw_head head;
    struct sw_field more[DRIVE_FIELDS];
    char bytes[1 << 17]; /* as after the parse: a lenient parser may have written spaces */
};

static inline void drive_head_init(struct drive_head *d, enum sw_kind kind,
                                   const struct sw_limits *limits)
{
    sw_head_init(&d->head, kind, limits);
    sw_head_attach_fields(&d->head, d->more, DRIVE_FIELDS);
}

/* One call and its outcome. */
static inline struct outcome drive_head_call(struct sw_head *head, const char *buf, size_t n)
{
    ptrdiff_t result = sw_head_parse(head, buf, n);
    if (result < 0)
        return (struct outcome){.error = (enum sw_error)(-result), .at = head->error_at};
    return (struct outcome){.complete = result > 0, .at = (size_t)result};
}

/* Parse bytes[0..n), given as a first piece and then `step` more bytes at a time. */
static inline struct outcome drive_head(struct drive_head *d, const char *bytes, size_t n,
                                        size_t first, size_t step)
{
    size_t len = first;
    char *buf = guard_end(bytes, len);
    struct outcome v = drive_head_call(&d->head, buf, len);
    while (!v.error && !v.complete && len < n) {
        size_t more = n - len < step ? n - len : step;
        buf = guard_append(len, bytes + len, more);
        len += more;
        v = drive_head_call(&d->head, buf, len);
    }
    memcpy(d->bytes, buf, len);
    return v;
}

static inline bool drive_same_head(const struct sw_head *a, const struct sw_head *b)
{
    if (a->method != b->method || a->status != b->status || a->status_id != b->status_id ||
        a->kind != b->kind || a->minor != b->minor || a->start != b->start ||
        a->target != b->target || a->target_len != b->target_len ||
        a->field_count != b->field_count || a->length != b->length)
        return false;
    for (size_t i = 0; i < a->field_count; i++)
        if (memcmp(sw_head_at(a, i), sw_head_at(b, i), sizeof(struct sw_field)) != 0)
            return false;
    return true;
}

/* Parse the head in pieces, and compare the result with that of one piece. */
static inline const char *drive_head_split(struct drive_head *split,
                                           const struct drive_head *unsplit,
                                           struct outcome expected, const char *bytes, size_t n,
                                           size_t first, size_t step)
{
    sw_head_reset(&split->head);
    struct outcome v = drive_head(split, bytes, n, first, step);
    if (!outcome_same(v, expected))
        return drive_why("%s, but given as %zu and then by %zu: %s", outcome_text(expected), first,
                         step, outcome_text(v));
    if (v.complete && !drive_same_head(&split->head, &unsplit->head))
        return drive_why("other fields when given as %zu and then by %zu", first, step);
    if (!v.error)
        return NULL;
    struct outcome again = drive_head_call(&split->head, guard_end(bytes, n), n);
    return outcome_same(again, v)
               ? NULL
               : drive_why("%s, but called again: %s", outcome_text(v), outcome_text(again));
}

/* The first bytes, then all of them, with a guard page before the first byte. */
static inline const char *drive_head_begin(struct drive_head *split,
                                           const struct drive_head *unsplit,
                                           struct outcome expected, const char *bytes, size_t n,
                                           size_t first)
{
    sw_head_reset(&split->head);
    char *buf = guard_begin(bytes, first);
    struct outcome v = drive_head_call(&split->head, buf, first);
    if (!v.error && !v.complete) {
        memcpy(buf + first, bytes + first, n - first);
        v = drive_head_call(&split->head, buf, n);
    }
    if (!outcome_same(v, expected))
        return drive_why("%s, but after a guard page, given as %zu and then all: %s",
                         outcome_text(expected), first, outcome_text(v));
    if (v.complete && !drive_same_head(&split->head, &unsplit->head))
        return drive_why("other fields after a guard page, when given as %zu and then all", first);
    return NULL;
}

/* Bytes after a complete or wrong head do not change its outcome; with them a short head goes
   through the fast path in blocks of 64 bytes. */
static inline const char *drive_head_longer(struct drive_head *split,
                                            const struct drive_head *unsplit,
                                            struct outcome expected, const char *bytes, size_t n)
{
    static char longer[(1 << 17) + 80];
    if (!expected.complete && !expected.error)
        return NULL;
    memcpy(longer, bytes, n);
    memset(longer + n, 'x', 80);
    sw_head_reset(&split->head);
    struct outcome v = drive_head_call(&split->head, guard_end(longer, n + 80), n + 80);
    if (!outcome_same(v, expected))
        return drive_why("%s, but with more bytes after it: %s", outcome_text(expected),
                         outcome_text(v));
    if (v.complete && !drive_same_head(&split->head, &unsplit->head))
        return drive_why("other fields with more bytes after it");
    return NULL;
}

/* Parse bytes[0..n) at every split, with the selected implementation. */
static inline const char *drive_head_splits(struct drive_head *unsplit, struct outcome *outcome,
                                            enum sw_kind kind, const struct sw_limits *limits,
                                            const char *bytes, size_t n)
{
    static struct drive_head split;
    drive_head_init(&split, kind, limits);
    drive_head_init(unsplit, kind, limits);
    struct outcome v = *outcome = drive_head(unsplit, bytes, n, n, n);
    if (unsplit->head.length != (v.complete ? v.at : 0) || unsplit->head.error != v.error ||
        (v.error && v.at >= n))
        return drive_why("%s of %zu, but length %u, error %u", outcome_text(v), n,
                         unsplit->head.length, unsplit->head.error);

    size_t end = v.complete ? v.at : n;
    const char *why = drive_head_begin(&split, unsplit, v, bytes, n, n);
    why = why ? why : drive_head_longer(&split, unsplit, v, bytes, n);
    for (size_t k = 0; k < end && !why; k = drive_next_split(bytes, n, k)) {
        sw_head_reset(&split.head);
        struct outcome prefix = drive_head_call(&split.head, guard_end(bytes, k), k);
        if (prefix.complete || (prefix.error && !outcome_same(prefix, v)))
            return drive_why("%s, but its first %zu bytes: %s", outcome_text(v), k,
                             outcome_text(prefix));
        why = drive_head_split(&split, unsplit, v, bytes, n, k, n);
        why = why ? why : drive_head_begin(&split, unsplit, v, bytes, n, k);
    }
    return why ? why : drive_head_split(&split, unsplit, v, bytes, n, 0, 1);
}

/* Parse bytes[0..n) at every split, with each implementation that this CPU can run.  `unsplit`
   receives the result of one piece, by the portable implementation. */
static inline const char *drive_head_everywhere(struct drive_head *unsplit, struct outcome *outcome,
                                                enum sw_kind kind, const struct sw_limits *limits,
                                                const char *bytes, size_t n)
{
    static const char *const variants[] = {"sse42", "avx2", "avx512", "neon"};
    static struct drive_head other;
    const char *best = sw_head_variant(NULL);
    sw_head_variant("portable");
    const char *why = drive_head_splits(unsplit, outcome, kind, limits, bytes, n);
    for (size_t i = 0; i < sizeof variants / sizeof *variants && !why; i++) {
        struct outcome v;
        if (!sw_head_variant(variants[i]))
            continue;
        why = drive_head_splits(&other, &v, kind, limits, bytes, n);
        if (!why && (!outcome_same(v, *outcome) ||
                     (v.complete && !drive_same_head(&other.head, &unsplit->head))))
            why = drive_why("%s, but by %s: %s", outcome_text(*outcome), variants[i],
                            outcome_text(v));
    }
    sw_head_variant(best);
    return why;
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

/* A body, its content, and its extensions and trailer fields. */
struct drive_body {
    struct sw_body body;
    struct sw_head trailers;
    bool refused; /* by sw_body_begin() */
    size_t content_len, notes_len;
    char content[1 << 17];
    char notes[1 << 15]; /* extensions and trailer fields, a line each */
};

/* The arguments of sw_body_begin(), the same for each split. */
struct drive_source {
    const struct sw_head *head;
    const char *head_bytes;
    enum sw_method request;
    bool eof; /* the peer closes after the bytes */
};

/* The call that reads the body, and where the bytes are: before a guard page, or after one. */
enum drive_call { DRIVE_NEXT, DRIVE_NEXT_BEGIN, DRIVE_COMPACT, DRIVE_CALLS };

static inline void drive_note(struct drive_body *d, struct sw_span text)
{
    if (d->notes_len + text.n + 1 > sizeof d->notes)
        abort();
    memcpy(d->notes + d->notes_len, text.p, text.n);
    d->notes_len += text.n;
    d->notes[d->notes_len++] = '\n';
}

static inline void drive_note_trailers(struct drive_body *d, const char *buf)
{
    for (size_t i = 0; i < d->trailers.field_count; i++) {
        drive_note(d, sw_field_name(sw_head_at(&d->trailers, i), buf));
        drive_note(d, sw_field_value(sw_head_at(&d->trailers, i), buf));
    }
}

/* One call with buf[0..len); appends its content and extension. */
static inline ptrdiff_t drive_body_call(struct drive_body *d, enum drive_call call, char *buf,
                                        size_t len)
{
    struct sw_span content = {buf, len};
    ptrdiff_t took = call == DRIVE_COMPACT ? sw_body_compact(&d->body, buf, &content.n)
                                           : sw_body_next(&d->body, buf, len, &content);
    if (took < 0)
        return took;
    if (content.n > (size_t)took || d->content_len + content.n > sizeof d->content)
        abort();
    if (content.n)
        memcpy(d->content + d->content_len, content.p, content.n);
    d->content_len += content.n;
    if (call != DRIVE_COMPACT && took && d->body.extension.n)
        drive_note(d, d->body.extension);
    return took;
}

/* Read the body at bytes[0..n), given as a first piece and then `step` more bytes at a time. */
static inline struct outcome drive_body(struct drive_body *d, const struct drive_source *source,
                                        enum drive_call call, const char *bytes, size_t n,
                                        size_t first, size_t step)
{
    d->content_len = d->notes_len = 0;
    enum sw_error error =
        sw_body_begin(&d->body, source->head, source->head_bytes, source->request, &d->trailers);
    d->refused = error != SW_OK;
    if (d->refused)
        return (struct outcome){.error = error, .at = d->body.error_at};

    static char kept[1 << 17]; /* as after the parse: a lenient parser may have written spaces */
    size_t given = first, taken = 0;
    if (n > sizeof kept)
        abort();
    if (n)
        memcpy(kept, bytes, n);
    while (!sw_body_done(&d->body)) {
        char *buf = call == DRIVE_NEXT_BEGIN ? guard_begin(kept + taken, given - taken)
                                             : guard_end(kept + taken, given - taken);
        ptrdiff_t took = drive_body_call(d, call, buf, given - taken);
        if (took == 0 && given > taken)
            memcpy(kept + taken, buf, given - taken);
        if (took < 0)
            return (struct outcome){.error = (enum sw_error)(-took),
                                    .at = taken + d->body.error_at};
        taken += (size_t)took;
        if (sw_body_done(&d->body) && d->body.framing == SW_FRAMING_CHUNKED &&
            call != DRIVE_COMPACT)
            drive_note_trailers(d, buf);
        if (took > 0)
            continue;
        if (given < n)
            given = n - given < step ? n : given + step;
        else if (!source->eof)
            return (struct outcome){0};
        else if ((error = sw_body_eof(&d->body)) != SW_OK)
            return (struct outcome){.error = error};
        else
            break;
    }
    return (struct outcome){.complete = true, .at = taken};
}

static inline bool drive_same_body(const struct drive_body *a, const struct drive_body *b,
                                   bool notes)
{
    return a->content_len == b->content_len &&
           memcmp(a->content, b->content, a->content_len) == 0 &&
           (!notes ||
            (a->notes_len == b->notes_len && memcmp(a->notes, b->notes, a->notes_len) == 0));
}

/* Read the body in pieces, and compare the result with that of one piece. */
static inline const char *drive_body_split(const struct drive_body *unsplit,
                                           struct outcome expected,
                                           const struct drive_source *source, enum drive_call call,
                                           const char *bytes, size_t n, size_t first, size_t step)
{
    static struct drive_body split;
    struct outcome v = drive_body(&split, source, call, bytes, n, first, step);
    if (!outcome_same(v, expected))
        return drive_why("%s, but given as %zu and then by %zu, call %d: %s",
                         outcome_text(expected), first, step, (int)call, outcome_text(v));
    if (!v.error && !drive_same_body(unsplit, &split, v.complete && call != DRIVE_COMPACT))
        return drive_why("other content when given as %zu and then by %zu, call %d", first, step,
                         (int)call);
    if (!v.error && !v.complete)
        return NULL;
    size_t content_len = split.content_len;
    uint32_t error_at = split.body.error_at;
    ptrdiff_t again = drive_body_call(&split, call, guard_end(bytes, n), n);
    if (again != -(ptrdiff_t)v.error || split.content_len != content_len ||
        split.body.error_at != error_at)
        return drive_why("%s, but called again: %td", outcome_text(v), again);
    return NULL;
}

/* Read the body at bytes[0..n) at every split, by each call. */
static inline const char *drive_body_everywhere(struct drive_body *unsplit, struct outcome *outcome,
                                                const struct drive_source *source,
                                                const char *bytes, size_t n)
{
    struct outcome v = *outcome = drive_body(unsplit, source, DRIVE_NEXT, bytes, n, n, n);
    if (unsplit->refused)
        return NULL;
    size_t end = v.complete ? v.at : n;
    struct drive_source open = *source;
    open.eof = false;
    const char *why = NULL;
    for (size_t k = 0; k < end && !why; k = drive_next_split(bytes, n, k)) {
        static struct drive_body part;
        struct outcome prefix = drive_body(&part, &open, DRIVE_NEXT, bytes, k, k, k);
        if (prefix.complete || (prefix.error && !outcome_same(prefix, v)))
            return drive_why("%s, but its first %zu bytes: %s", outcome_text(v), k,
                             outcome_text(prefix));
        for (enum drive_call call = 0; call < DRIVE_CALLS && !why; call++)
            why = drive_body_split(unsplit, v, source, call, bytes, n, k, n);
    }
    for (enum drive_call call = 0; call < DRIVE_CALLS && !why; call++)
        why = drive_body_split(unsplit, v, source, call, bytes, n, 0, 1);
    return why;
}

#endif
