/* compare.h - compares two readings of one stream: ours and another parser's. */
/* SPDX-License-Identifier: MIT */
#ifndef COMPARE_H
#define COMPARE_H

#include "reading.h"

enum evaluation {
    ALIKE,   /* it accepts the same messages with the same parts, and refuses the same */
    ACCEPTS, /* it accepts what we refuse */
    DIFFERS, /* it refuses what we accept, or gives it other parts */
};

/* Another parser, and the methods that it knows. */
struct other_parser {
    const char *name;
    void (*read)(enum stream stream, const char *bytes, size_t n, struct reading *out);
    bool (*knows_method)(struct sw_span method);
};

struct outcome {
    enum evaluation evaluation;
    const char *how;   /* DIFFERS: the part that differs, or what the other parser does */
    const char *error; /* ACCEPTS: ours; DIFFERS: the other parser's, or "" */
    const struct message *message; /* DIFFERS: the first that differs, as we read it */
};

struct outcome outcome_of(const struct reading *ours, const struct reading *theirs);

/* The name that the cause of a difference has in differences.txt, or NULL for an unknown one.  The
   bytes are the stream's. */
const char *difference_cause(const struct outcome *outcome, const struct other_parser *parser,
                             enum stream stream, const char *bytes);

#endif
