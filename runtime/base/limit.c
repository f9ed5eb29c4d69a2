/* limit.c - the default limits. */
/* SPDX-License-Identifier: MIT */
#include "shockwave.h"

const struct sw_limits sw_limits_default = {
    .method = 32,
    .target = 8192,
    .empty_lines = 4,
    .field_name = 256,
    .field_line = 8192,
    .fields = SW_FIELDS_DEFAULT,
    .head = 16384,
    .body = UINT64_C(1) << 30,
    .chunk_extensions = 4096,
    .chunk_overhead = 16384,
    .trailers = 32,
    .trailer_bytes = 8192,
    .discard = 65536,
    .pipeline = 16,
    .lenient = 0,
    .schemes = SW_SCHEME_HTTP,
};
