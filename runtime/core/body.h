/* body.h - how far a body has come, for the file that begins it and the file that takes it. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_BODY_H
#define SW_BODY_H

#include "base/limit.h"

/*
 * A chunk line stays in the caller's buffer until it is complete, so that its extensions can be
 * returned; `at` is how many of its bytes were checked.  Content is returned at once.
 */
enum sw_body_state {
    PLAIN = 0,  /* Content-Length, or until the connection closes */
    SIZE,       /* hexadecimal digits */
    SIZE_SPACE, /* after white space that follows the size */
    NAME_1,     /* after ";", the first byte of an extension's name */
    NAME,
    NAME_SPACE,
    VALUE_1, /* after "=" */
    VALUE,
    VALUE_SPACE,
    QUOTED,
    ESCAPED,  /* after a backslash in a quoted string */
    UNQUOTED, /* after the closing quote */
    SIZE_LF,  /* after the CR of the chunk line */
    DATA,
    DATA_CR, /* after the last byte of a chunk */
    TRAILERS,
    DONE,
    FAILED,
};

/* White space that a chunk line may have. */
enum sw_body_spaces {
    SPACES_NONE,
    SPACES_BAD,  /* around ";" and "=" of an extension: BWS, RFC 9112 7.1.1 */
    SPACES_LAST, /* there, and before the CRLF */
};

/* Stop for good. */
static inline ptrdiff_t sw_body_fail(struct sw_body *body, enum sw_error error, size_t at)
{
    body->state = FAILED;
    body->error = (uint16_t)error;
    body->error_at = (uint32_t)at;
    return -(ptrdiff_t)error;
}

#endif
