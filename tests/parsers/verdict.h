/* verdict.h - two readings of one stream, ours and a peer's, and what sets them apart. */
/* SPDX-License-Identifier: MIT */
#ifndef VERDICT_H
#define VERDICT_H

#include "reading.h"

enum evaluation {
    ALIKE,   /* what we accept, the peer reads the same way; what we refuse, it refuses */
    ACCEPTS, /* the peer takes what we refuse */
    DIFFERS, /* the peer does not read what we accept, or reads it another way */
};

/* Whose reading is compared, and what is special about it. */
struct peer {
    const char *name;
    void (*read)(enum stream stream, const char *bytes, size_t n, struct reading *out);
    bool (*knows_method)(struct sw_span method);
};

struct outcome {
    enum evaluation evaluation;
    const char *how;               /* DIFFERS: what is not the same, or what the peer does */
    const char *error;             /* ACCEPTS: ours; DIFFERS: the peer's, or "" */
    const struct message *message; /* DIFFERS: the first one that it is about, as we read it */
};

struct outcome outcome_of(const struct reading *ours, const struct reading *theirs);

/* The name that the cause of a difference has in differences.txt, or NULL for an unknown one.  The
   bytes are the stream's. */
const char *verdict_cause(const struct outcome *outcome, const struct peer *peer,
                          enum stream stream, const char *bytes);

#endif
