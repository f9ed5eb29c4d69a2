/* parsers.h - parsers of heads and of chunked bodies, ours and others, as one interface. */
/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PARSERS_H
#define BENCH_PARSERS_H

#include "shockwave.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Every parser does the same work: it finds the length of the head, the target, the names and the
 * values.  It keeps the spans in its own form, as its users would; piece() reads them for the
 * check, which is not timed.
 */
struct bench_parser {
    const char *name;
    /* Parses the head in buf[0..len).  Returns its length and sets *fields, or returns 0. */
    size_t (*request)(const char *buf, size_t len, size_t *fields);
    size_t (*response)(const char *buf, size_t len, size_t *fields);
    /* Spans of the last head, which was in `buf`: 0 is the target or the reason, 1 + 2i the name of
       field i, 2 + 2i its value. */
    struct sw_span (*piece)(const char *buf, size_t i);
    /* Parses the chunked body in buf[0..len).  Returns the number of bytes of content, or -1.
       spans() does not move them, in_place() moves them to the front. */
    ptrdiff_t (*spans)(const char *buf, size_t len);
    ptrdiff_t (*in_place)(char *buf, size_t len);
};

extern const struct bench_parser bench_shockwave;

/* Ends with NULL.  Weak: NULL in a program that is linked without the other parsers. */
extern const struct bench_parser *const bench_competitors[] __attribute__((weak));

enum { BENCH_FIELDS = 128 };

#ifdef __cplusplus
}
#endif

#endif
