/* llhttp.c - how llhttp reads a stream. */
/* SPDX-License-Identifier: MIT */
#include <llhttp.h>

#define PARSER               llhttp_t
#define should_keep_alive(p) llhttp_should_keep_alive(p)
#define method_name(method)  llhttp_method_name(method)

static int stop_here(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

#include "callbacks.h"

static const llhttp_settings_t settings = {
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

void read_llhttp(enum stream stream, const char *bytes, size_t n, struct reading *out)
{
    struct state state = {.out = out, .stream = stream};
    llhttp_errno_t error;
    llhttp_t parser;
    size_t at = 0;

    reading_init(out);
    llhttp_init(&parser, stream == STREAM_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser.data = &state;
    do {
        state.eof = at == n;
        error = state.eof ? llhttp_finish(&parser) : llhttp_execute(&parser, bytes + at, n - at);
        at = error == HPE_OK || state.eof ? n : (size_t)(llhttp_get_error_pos(&parser) - bytes);
        if (!note_end(&parser, &state, at))
            return;
        llhttp_resume(&parser);
        llhttp_resume_after_upgrade(&parser);
        if (llhttp_get_errno(&parser) != HPE_OK) {
            refused(out, llhttp_errno_name(llhttp_get_errno(&parser)));
            return;
        }
    } while (!state.eof);
}

bool llhttp_knows_method(struct sw_span method)
{
#define NAMED(number, name, string) #string,
    static const char *const names[] = {HTTP_METHOD_MAP(NAMED)};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == method.n && memcmp(names[i], method.p, method.n) == 0)
            return true;
    return false;
}
