/* competitors.h - the parsers that ours is compared with. */
/* SPDX-License-Identifier: MIT */
#ifndef BENCH_COMPETITORS_H
#define BENCH_COMPETITORS_H

#include "../parsers.h"

extern const struct bench_parser bench_picohttpparser, bench_llhttp, bench_httparse,
    bench_http_parser;

#endif
