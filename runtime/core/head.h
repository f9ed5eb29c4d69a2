/* head.h - what the files that parse a head share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_H
#define SW_HEAD_H

#include "base/bytes.h"
#include "base/limit.h"
#include "base/path.h"

/* Where in a head the next byte stands.  The first ones depend on the kind of head. */
enum sw_head_state {
    SW_HEAD_START = 0, /* before the start line; empty lines are skipped in front of a request */
    SW_HEAD_START_LF,  /* behind the CR of such a line */
    SW_HEAD_METHOD,
    SW_HEAD_TARGET,
    SW_HEAD_VERSION,     /* `mark` is where it begins */
    SW_HEAD_LINE_SPACES, /* behind the version, if forgiven */
    SW_HEAD_STATUS,      /* the 12 bytes `HTTP/1.1 200` and the space */
    SW_HEAD_REASON,
    SW_HEAD_LINE_LF, /* behind the CR of the start line */
    SW_HEAD_FIELD,   /* at the beginning of a line */
    SW_HEAD_NAME,    /* `line` is where it begins */
    SW_HEAD_VALUE,   /* `mark` is where the colon stands */
    SW_HEAD_VALUE_LF,
    SW_HEAD_END_LF,   /* behind the CR of the empty line */
    SW_HEAD_COMPLETE, /* the last byte is in: what the lines mean together is still to check */
    SW_HEAD_DONE,
    SW_HEAD_FAILED,
};

/* Stop at `at` for good.  Returns false, for the caller to return. */
bool sw_head_fail(struct sw_head *head, enum sw_error error, size_t at);

/*
 * Take the field line whose name begins at head->line: colon at `colon`, value up to `end`, white
 * space around it included.  There is room for it.  False after an error.
 */
bool sw_head_add(struct sw_head *head, const char *buf, size_t colon, size_t end);

/* A part of the buffer, by offsets. */
struct sw_head_part {
    uint32_t from, to;
};

/* White space off both ends of buf[from..to). */
struct sw_head_part sw_head_trim(const char *buf, size_t from, size_t to);

/* Where the i-th field goes. */
static inline struct sw_field *sw_head_place(struct sw_head *head, size_t i)
{
    return i < SW_FIELDS_INLINE ? &head->fields[i] : &head->more[i - SW_FIELDS_INLINE];
}

/* Has a head before this one put that in the index?  What is left of 32768 fields ago looks newer,
   so whoever is told no is to look at the field itself. */
static inline bool sw_head_stale(uint16_t slot, uint16_t first)
{
    return (uint16_t)(slot - first) > INT16_MAX;
}

/* Put the i-th field, of this id, in the index, unless one of that id is there. */
static inline void sw_head_index(struct sw_head *head, uint32_t i, unsigned id)
{
    uint16_t before = (uint16_t)(head->slot[id] - head->first);

    if (before < i && sw_head_at(head, before)->id == id)
        head->repeats = true;
    else
        head->slot[id] = (uint16_t)(head->first + i);
}

/* Put the i-th field in its place, and in the index. */
static inline void sw_head_put(struct sw_head *head, uint32_t i, struct sw_field field)
{
    if (field.id != SW_HEADER_OTHER)
        sw_head_index(head, i, field.id);
    *sw_head_place(head, i) = field;
}

/* Take bytes one by one, by the rules, until buf[0..len) is used up, the head whole or failed, or
   (`one_line`) the line at an end.  This is the definition; whatever is faster must agree. */
void sw_head_step(struct sw_head *head, const char *buf, size_t len, bool one_line);

/*
 * A road takes whole lines from the one that begins at head->at, which is the start line or a
 * field, as far as they are plainly right.  Where it leaves off sw_head_finish() goes on byte by
 * byte, and says what all lines mean together.  All of them return what sw_head_parse() does.
 */
ptrdiff_t sw_head_finish(struct sw_head *head, const char *buf, size_t len);

/* Roads keep offsets in 16 bits: what lies further on is left to head_step.c. */
enum { SW_HEAD_FAST_MAX = UINT16_MAX - 64 };

/* The road for what is short, and for machines without vectors. */
ptrdiff_t sw_head_parse_swar(struct sw_head *head, const char *buf, size_t len);

/* The fastest on this CPU for what is at least 32 bytes: at first one that finds out which it is,
   and has it take its own place. */
extern ptrdiff_t (*sw_head_implementation)(struct sw_head *head, const char *buf, size_t len);

static inline ptrdiff_t sw_head_fast(struct sw_head *head, const char *buf, size_t len)
{
    if (len - head->at < 32)
        return sw_head_parse_swar(head, buf, len);
    return __atomic_load_n(&sw_head_implementation, __ATOMIC_RELAXED)(head, buf, len);
}

/* Check the request target against the method: its form, characters and authority. */
bool sw_head_check_target(struct sw_head *head, const char *buf);

#endif
