/* peers.h - the parsers that ours is measured against. */
/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PARSERS_H
#define BENCH_PARSERS_H

#include "../parsers.h"

extern const struct bench_parser bench_picohttpparser, bench_llhttp, bench_httparse,
    bench_http_parser;

#endif
