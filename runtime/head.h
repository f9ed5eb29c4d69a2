/* head.h - what the files that parse a head share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_H
#define SW_HEAD_H

#include "bytes.h"
#include "limit.h"

/* Where in a head the next byte stands.  The first ones depend on the kind of head. */
enum sw_head_state {
    SW_HEAD_START = 0,   /* before the start line; empty lines are skipped in front of a request */
    SW_HEAD_START_LF,    /* behind the CR of such a line */
    SW_HEAD_METHOD,
    SW_HEAD_TARGET,
    SW_HEAD_VERSION,     /* `mark` is where it begins */
    SW_HEAD_LINE_SPACES, /* behind the version, if forgiven */
    SW_HEAD_STATUS,      /* the 12 bytes `HTTP/1.1 200` and the space */
    SW_HEAD_REASON,
    SW_HEAD_LINE_LF,     /* behind the CR of the start line */
    SW_HEAD_FIELD,       /* at the beginning of a line */
    SW_HEAD_NAME,        /* `line` is where it begins */
    SW_HEAD_VALUE,       /* `mark` is where the colon stands */
    SW_HEAD_VALUE_LF,
    SW_HEAD_END_LF,      /* behind the CR of the empty line */
    SW_HEAD_WHOLE,       /* the last byte is in: what the lines mean together is still to check */
    SW_HEAD_DONE,
    SW_HEAD_FAILED,
};

/* Stop at `at` for good.  Returns false, for the caller to return. */
bool sw_head_fail(struct sw_head *head, enum sw_error error, size_t at);

/*
 * Take the field line whose name begins at head->line: colon at `colon`, value up to `end`, white
 * space around it included.  There is room for it (sw_head_room).  False after an error.
 */
bool sw_head_add(struct sw_head *head, const char *buf, size_t colon, size_t end);

/* A part of the buffer, by offsets. */
struct sw_head_part {
    uint32_t from, to;
};

/* White space off both ends of buf[from..to). */
struct sw_head_part sw_head_trim(const char *buf, size_t from, size_t to);

/* Put the i-th field in its place, and in the index unless one of its id is there. */
void sw_head_put(struct sw_head *head, uint32_t i, struct sw_field field);

/* How many fields this head may have. */
static inline uint32_t sw_head_room(const struct sw_head *head)
{
    uint32_t room = SW_FIELDS_INLINE + head->more_count;
    uint32_t limit = head->kind == SW_TRAILERS ? SW_LIMIT(head->limits, trailers)
                                               : SW_LIMIT(head->limits, fields);

    return room < limit ? room : limit;
}

/* Take bytes one by one, by the rules, until buf[0..len) is used up, the head whole or failed, or
   (`one_line`) the line at an end.  This is the definition; whatever is faster must agree. */
void sw_head_step(struct sw_head *head, const char *buf, size_t len, bool one_line);

/*
 * Take whole lines from the one that begins at head->at, as far as they are plainly right, and leave
 * the rest to sw_head_step().
 */
void sw_head_fast(struct sw_head *head, const char *buf, size_t len);

/* Check the request target against the method: its form, characters and authority. */
bool sw_head_check_target(struct sw_head *head, const char *buf);

#endif
