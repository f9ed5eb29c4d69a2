/* httparse.c - hyper's parser, from Rust. */
/* SPDX-License-Identifier: MIT */
#include "competitors.h"

/* httparse/lib.rs */
size_t bench_httparse_request(const char *buf, size_t len, size_t *fields);
size_t bench_httparse_response(const char *buf, size_t len, size_t *fields);
void bench_httparse_piece(size_t i, struct sw_span *out);

static struct sw_span piece(const char *buf, size_t i)
{
    struct sw_span span;

    (void)buf;
    bench_httparse_piece(i, &span);
    return span;
}

const struct bench_parser bench_httparse = {
    .name = "httparse",
    .request = bench_httparse_request,
    .response = bench_httparse_response,
    .piece = piece,
};
