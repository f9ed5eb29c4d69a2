/* http_parser.c - how http_parser reads a stream. */
/* SPDX-License-Identifier: MIT */
#include <http_parser.h>

#define PARSER               http_parser
#define should_keep_alive(p) http_should_keep_alive(p)
#define method_name(method)  http_method_str(method)

static int stop_here(http_parser *parser)
{
    http_parser_pause(parser, 1);
    return 0;
}

#include "callbacks.h"

static const http_parser_settings settings = {
    .on_message_begin = message_begin,
    .on_url = url,
    .on_status = status,
    .on_header_field = header_field,
    .on_header_value = header_value,
    .on_headers_complete = headers_complete,
    .on_body = body,
    .on_chunk_header = chunk_header,
    .on_message_complete = message_complete,
};

void read_http_parser(enum stream stream, const char *bytes, size_t n, struct reading *out)
{
    struct state state = {.out = out, .stream = stream};
    http_parser parser;
    size_t at = 0;

    reading_init(out);
    http_parser_init(&parser, stream == STREAM_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE);
    parser.data = &state;
    do {
        state.eof = at == n;
        at += http_parser_execute(&parser, &settings, bytes + at, n - at);
        if (!note_end(&parser, &state, at))
            return;
        if (HTTP_PARSER_ERRNO(&parser) == HPE_PAUSED)
            http_parser_pause(&parser, 0);
        if (HTTP_PARSER_ERRNO(&parser) != HPE_OK) {
            refused(out, http_errno_name(HTTP_PARSER_ERRNO(&parser)));
            return;
        }
    } while (!state.eof);
}

bool http_parser_knows_method(struct sw_span method)
{
#define NAMED(number, name, string) #string,
    static const char *const names[] = {HTTP_METHOD_MAP(NAMED)};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == method.n && memcmp(names[i], method.p, method.n) == 0)
            return true;
    return false;
}
