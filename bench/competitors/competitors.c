/* competitors.c - the other parsers, in the order of the tables. */
/* SPDX-License-Identifier: MIT */
#include "competitors.h"

const struct bench_parser *const bench_competitors[] = {
    &bench_picohttpparser, &bench_llhttp, &bench_httparse, &bench_http_parser, NULL,
};
