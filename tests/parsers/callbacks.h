/* callbacks.h - a reading from the callbacks of PARSER, the same in both other parsers. */
/* SPDX-License-Identifier: MIT */

/*
 * No include guard: http_parser.c and llhttp.c include this once each, having defined PARSER, its
 * type; should_keep_alive(), needs_eof() and method_name(), its functions; and stop_here(), which
 * makes it return after the message: the result of message_complete.
 */
#include <string.h>

#include "reading.h"

struct state {
    struct reading *out;
    enum stream stream;
    bool chunked, eof, complete, go_on;
};

static struct reading *reading_of(const PARSER *parser)
{
    return ((struct state *)parser->data)->out;
}

/* A span arrives in pieces; bytes may be omitted between them. */
static void extend(struct sw_span *span, const char *p, size_t n)
{
    if (span->n == 0)
        span->p = p;
    span->n = (size_t)(p + n - span->p);
}

static int message_begin(PARSER *parser)
{
    ((struct state *)parser->data)->chunked = false;
    return 0;
}

static int url(PARSER *parser, const char *p, size_t n)
{
    extend(&reading_message(reading_of(parser))->target, p, n);
    return 0;
}

static int status(PARSER *parser, const char *p, size_t n)
{
    extend(&reading_message(reading_of(parser))->reason, p, n);
    return 0;
}

static int header_field(PARSER *parser, const char *p, size_t n)
{
    reading_field(reading_of(parser), (struct sw_span){p, n}, (struct sw_span){0});
    return 0;
}

static int header_value(PARSER *parser, const char *p, size_t n)
{
    struct message *message = reading_message(reading_of(parser));
    extend(&message->fields[message->field_count - 1].value, p, n);
    return 0;
}

static int headers_complete(PARSER *parser)
{
    const struct state *state = parser->data;
    struct message *message = reading_message(state->out);

    if (state->stream == STREAM_REQUESTS)
        message->method.p = method_name(parser->method);
    else
        message->status = parser->status_code;
    message->method.n = message->method.p ? strlen(message->method.p) : 0;
    message->minor = parser->http_minor;
    message->trailers_from = message->field_count;
    if (state->stream == STREAM_CONNECT && parser->status_code / 100 == 2)
        return 2;                        /* another protocol follows */
    return state->stream == STREAM_HEAD; /* 1: no content, despite the fields */
}

static int body(PARSER *parser, const char *p, size_t n)
{
    reading_content(reading_of(parser), p, n);
    return 0;
}

static int chunk_header(PARSER *parser)
{
    ((struct state *)parser->data)->chunked = true;
    return 0;
}

static int message_complete(PARSER *parser)
{
    struct state *state = parser->data;

    state->complete = true;
    state->go_on = should_keep_alive(parser);
    return stop_here(parser);
}

/*
 * Note the message that ended at offset `at`, if any.  False when the reading is complete: the
 * bytes after an upgrade are not parsed, except by a server, which may ignore the request to
 * upgrade.
 */
static bool note_end(const PARSER *parser, struct state *state, size_t at)
{
    struct reading *out = state->out;

    if (!state->complete)
        return true;
    state->complete = false;
    if (state->stream != STREAM_REQUESTS && parser->upgrade) {
        reading_end(out, FRAMED_NONE, true, at);
        out->ending = ENDS_TUNNEL;
        return false;
    }
    return reading_end(out,
                       state->eof                            ? FRAMED_CLOSE
                       : state->chunked                      ? FRAMED_CHUNKED
                       : reading_message(out)->content.n > 0 ? FRAMED_LENGTH
                                                             : FRAMED_NONE,
                       state->go_on, at);
}

static void refused(struct reading *out, const char *error)
{
    out->ending = strcmp(error, "HPE_INVALID_EOF_STATE") == 0 ? ENDS_SHORT : ENDS_REFUSED;
    out->error = error;
}
