/* peers.c - the list of them, in the order of the tables. */
/* SPDX-License-Identifier: MIT */
#include "peers.h"

const struct bench_parser *const bench_peers[] = {
    &bench_picohttpparser, &bench_llhttp, &bench_httparse, &bench_http_parser, NULL,
};
