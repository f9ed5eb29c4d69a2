/* write.h - what only a connection writes: a complete response, a lenient request. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_WRITE_H
#define SW_WRITE_H

#include "shockwave.h"

/* A reply that is there from its beginning to its end. */
struct sw_simple_reply {
    unsigned status;
    struct sw_span type, body; /* no Content-Type where `type` is empty */
    const struct sw_date *date;
};

/*
 * Write its status line, Date, Content-Length, Content-Type and body.  Returns false, and writes
 * nothing, where one of them is refused, there is too little room, or the grammar has no such
 * status: the slow path, piece by piece, then succeeds or returns the error.
 */
bool sw_write_simple_reply(struct sw_writer *out, const struct sw_simple_reply *reply);

/* sw_write_request(), with the bytes in the target that `lenient` (sw_limits.lenient) tolerates. */
void sw_write_request_lenient(struct sw_writer *out, enum sw_method method, struct sw_span target,
                              uint32_t lenient);

#endif
