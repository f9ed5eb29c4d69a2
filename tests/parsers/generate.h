/* generate.h - streams of messages, right and nearly right, from a seed. */
/* SPDX-License-Identifier: MIT */
#ifndef GENERATE_H
#define GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "reading.h"

struct random {
    uint64_t state;
};

/* A number below `limit`. */
uint32_t random_below(struct random *random, uint32_t limit);

/* A generated stream, with room for the bytes that a mutation adds. */
struct text {
    size_t n;
    char p[8192];
};

/* Put together one to four messages that keep to the grammar, not always to the rest. */
void generate_stream(struct random *random, enum stream stream, struct text *out);

/* Change something, somewhere. */
void generate_mutation(struct random *random, struct text *text);

#endif
