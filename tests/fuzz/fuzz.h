/* fuzz.h - what the fuzzers share. */
/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "drive.h"

/* The input is a block of exactly `n` bytes on the heap, so that a sanitizer sees both its ends. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

/* Strict, and all that responses may be tolerated with but a fold, which is written into the input.
 */
static const struct sw_limits fuzz_limits[] = {
    {0},
    {.lenient = SW_LENIENT_NO_REASON | SW_LENIENT_TRAILERS | SW_LENIENT_VALUE_BYTES |
                SW_LENIENT_EMPTY_LINES | SW_LENIENT_CHUNK_SPACES | SW_LENIENT_CODINGS},
};

/* End here, as a crash, if there is a complaint. */
static inline void fuzz_must(const char *why)
{
    if (!why)
        return;
    fprintf(stderr, "%s\n", why);
    abort();
}

#endif
