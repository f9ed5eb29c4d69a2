/* reading.h - how a parser reads a stream of messages, in terms that all parsers share. */
/* SPDX-License-Identifier: MIT */
#ifndef READING_H
#define READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shockwave.h"

enum { READING_MESSAGES = 8, READING_FIELDS = 192, READING_CONTENT = 1 << 16 };

/* What the stream is: requests, or the responses to requests that were all of one kind. */
enum stream { STREAM_REQUESTS, STREAM_GET, STREAM_HEAD, STREAM_CONNECT, STREAM_UPGRADE, STREAMS };

enum framing { FRAMED_NONE, FRAMED_LENGTH, FRAMED_CHUNKED, FRAMED_CLOSE };

/* One message.  Spans lie in the stream, `content` in the reading's own memory. */
struct message {
    struct sw_span method, target; /* requests */
    unsigned status;               /* responses */
    struct sw_span reason;
    unsigned minor;
    size_t field_count, trailers_from; /* fields from there on came in a trailer section */
    struct reading_field {
        struct sw_span name, value;
    } fields[READING_FIELDS];
    struct sw_span content;
    enum framing framing;
    bool keep_alive;
    size_t end; /* the offset after it */
};

enum ending {
    ENDS_WELL,    /* between messages, or where the connection was to be closed */
    ENDS_SHORT,   /* inside a message */
    ENDS_TUNNEL,  /* with a change of protocol */
    ENDS_REFUSED, /* `error` is the reason */
    ENDS_FULL,    /* there are more messages than fit in here */
};

struct reading {
    struct message
        messages[READING_MESSAGES + 1]; /* the complete ones, then one that is incomplete */
    size_t count;                       /* of complete ones */
    enum ending ending;
    const char *error;
    size_t content_len;
    char content[READING_CONTENT];
};

void read_ours(enum stream stream, const char *bytes, size_t n, struct reading *out);
void read_http_parser(enum stream stream, const char *bytes, size_t n, struct reading *out);
void read_llhttp(enum stream stream, const char *bytes, size_t n, struct reading *out);

/* Does the parser have a number for the method?  It refuses all others. */
bool http_parser_knows_method(struct sw_span method);
bool llhttp_knows_method(struct sw_span method);

/* ---- For the readers ------------------------------------------------------------------------- */

/* Begin with nothing read. */
void reading_init(struct reading *out);

/* The incomplete message, empty at first. */
static inline struct message *reading_message(struct reading *out)
{
    return &out->messages[out->count];
}

/* Add a field to it, if there is room, or a piece of content. */
void reading_field(struct reading *out, struct sw_span name, struct sw_span value);
void reading_content(struct reading *out, const char *p, size_t n);

/* The message is complete.  False when no message may follow: then the reading is complete too. */
bool reading_end(struct reading *out, enum framing framing, bool keep_alive, size_t end);

#endif
