/* head.h - what the files that parse a head share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_H
#define SW_HEAD_H

#include "base/bytes.h"
#include "base/limit.h"
#include "base/path.h"

/* The part of a head that the next byte belongs to.  The first ones depend on the kind of head. */
enum sw_head_state {
    SW_HEAD_START = 0, /* before the start line; empty lines are skipped in front of a request */
    SW_HEAD_START_LF,  /* after the CR of such a line */
    SW_HEAD_METHOD,
    SW_HEAD_TARGET,
    SW_HEAD_VERSION,     /* `mark` is where it begins */
    SW_HEAD_LINE_SPACES, /* after the version, if tolerated */
    SW_HEAD_STATUS,      /* the 12 bytes `HTTP/1.1 200` and the space */
    SW_HEAD_REASON,
    SW_HEAD_LINE_LF, /* after the CR of the start line */
    SW_HEAD_FIELD,   /* at the beginning of a line */
    SW_HEAD_NAME,    /* `line` is where it begins */
    SW_HEAD_VALUE,   /* `mark` is where the colon is */
    SW_HEAD_VALUE_LF,
    SW_HEAD_END_LF,   /* after the CR of the empty line */
    SW_HEAD_COMPLETE, /* the last byte is parsed; the check of Host is left */
    SW_HEAD_DONE,
    SW_HEAD_FAILED,
};

/* Fail at offset `at`.  Returns false, for the caller to return. */
bool sw_head_fail(struct sw_head *head, enum sw_error error, size_t at);

/*
 * Add the field with its name at head->line, its colon at `colon`, and its value up to `end`, white
 * space included.  There is room for it.  False after an error.
 */
bool sw_head_add(struct sw_head *head, const char *buf, size_t colon, size_t end);

/* A part of the buffer, by offsets. */
struct sw_head_part {
    uint32_t from, to;
};

/* buf[from..to) without the white space at both ends. */
struct sw_head_part sw_head_trim(const char *buf, size_t from, size_t to);

/* The memory of the i-th field. */
static inline struct sw_field *sw_head_place(struct sw_head *head, size_t i)
{
    return i < SW_FIELDS_INLINE ? &head->fields[i] : &head->more[i - SW_FIELDS_INLINE];
}

/* Whether an earlier head made this entry of the index.  One from 32768 or more fields ago passes
   for a new one: if false, compare the id of the field. */
static inline bool sw_head_stale(uint16_t slot, uint16_t first)
{
    return (uint16_t)(slot - first) > INT16_MAX;
}

/* Enter the i-th field in the index by id, or note that the id repeats. */
static inline void sw_head_index(struct sw_head *head, uint32_t i, unsigned id)
{
    uint16_t before = (uint16_t)(head->slot[id] - head->first);

    if (before < i && sw_head_at(head, before)->id == id)
        head->repeats = true;
    else
        head->slot[id] = (uint16_t)(head->first + i);
}

/* Store the i-th field, and enter it in the index. */
static inline void sw_head_put(struct sw_head *head, uint32_t i, struct sw_field field)
{
    if (field.id != SW_HEADER_OTHER)
        sw_head_index(head, i, field.id);
    *sw_head_place(head, i) = field;
}

/* The slow path: parse byte by byte up to len, the end of the head, an error or (`one_line`) the
   end of the line.  This is the definition: the fast path must have the same results. */
void sw_head_step(struct sw_head *head, const char *buf, size_t len, bool one_line);

/*
 * Where the fast path stops, sw_head_finish() continues by sw_head_step(), and checks the Host of a
 * complete head.  Both return what sw_head_parse() does.
 *
 * sw_head_parse() jumps to the fast path, and each of its exits jumps to sw_head_finish() if it has
 * to: were the result tested in sw_head_parse(), its arguments would have to be saved over the
 * call, 16 instructions more for each head, 7 % of the shortest request (head/min, AVX2).
 */
ptrdiff_t sw_head_finish(struct sw_head *head, const char *buf, size_t len);

/* The fast path has 16-bit offsets: what is after this one takes the slow path. */
enum { SW_HEAD_FAST_MAX = UINT16_MAX - 64 };

/* The fast path of short heads, and of machines without vectors, by SWAR. */
ptrdiff_t sw_head_parse_swar(struct sw_head *head, const char *buf, size_t len);

/* The implementation for this CPU, for at least 32 bytes.  Initially the dispatcher: picks the best
   implementation and replaces itself. */
extern ptrdiff_t (*sw_head_implementation)(struct sw_head *head, const char *buf, size_t len);

static inline ptrdiff_t sw_head_fast(struct sw_head *head, const char *buf, size_t len)
{
    if (len - head->at < 32)
        return sw_head_parse_swar(head, buf, len);
    return __atomic_load_n(&sw_head_implementation, __ATOMIC_RELAXED)(head, buf, len);
}

/* Check the form, bytes and authority of the request target, by its method. */
bool sw_head_check_target(struct sw_head *head, const char *buf);

#endif
