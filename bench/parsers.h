/* parsers.h - parsers of heads and of chunked bodies, ours and our peers', behind the same calls.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PARSERS_H
#define BENCH_PARSERS_H

#include "shockwave.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Every parser is asked for the same: the length of the head, and where the target, the names and
 * the values lie.  It keeps those in its own form, as its users would, and is held to them by
 * piece(), outside of what is timed.
 */
struct bench_parser {
    const char *name;
    /* Read the head in buf[0..len).  Returns its length and sets *fields, or returns 0. */
    size_t (*request)(const char *buf, size_t len, size_t *fields);
    size_t (*response)(const char *buf, size_t len, size_t *fields);
    /* Of the last head read from `buf`: 0 is the target or the reason, then name and value of each
       field in turn. */
    struct sw_span (*piece)(const char *buf, size_t i);
    /* Take the chunked body in buf[0..len), and return the bytes of content, or -1.  spans() leaves
       them where they are, in_place() moves them together at the front. */
    ptrdiff_t (*spans)(const char *buf, size_t len);
    ptrdiff_t (*in_place)(char *buf, size_t len);
};

extern const struct bench_parser bench_shockwave;

/* Ends with NULL.  The benches can be linked without the peers, and then this is not there. */
extern const struct bench_parser *const bench_peers[] __attribute__((weak));

enum { BENCH_FIELDS = 128 };

#ifdef __cplusplus
}
#endif

#endif
