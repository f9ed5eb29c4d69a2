/* callbacks.h - llhttp or http_parser as a struct bench_parser. */
/* SPDX-License-Identifier: MIT */

/*
 * The including file defines PARSER and SETTINGS, the library's types; NAME and STRUCT, ours;
 * begin(parser, type, settings); and execute(parser, settings, buf, len), which returns whether all
 * of buf[0..len) was consumed.
 *
 * Users of these libraries store the spans in callbacks, as here.  A span that is split between two
 * buffers would come in two calls; each message here is in one buffer.
 */

static struct {
    struct sw_span pieces[1 + 2 * BENCH_FIELDS];
    size_t names, content;
    bool is_complete;
} seen;

static int on_target(PARSER *parser, const char *at, size_t n)
{
    (void)parser;
    seen.pieces[0] = (struct sw_span){at, n};
    return 0;
}

static int on_name(PARSER *parser, const char *at, size_t n)
{
    (void)parser;
    if (seen.names == BENCH_FIELDS)
        return -1;
    seen.pieces[1 + 2 * seen.names++] = (struct sw_span){at, n};
    return 0;
}

static int on_value(PARSER *parser, const char *at, size_t n)
{
    (void)parser;
    seen.pieces[2 * seen.names] = (struct sw_span){at, n};
    return 0;
}

static int on_head(PARSER *parser)
{
    (void)parser;
    seen.is_complete = true;
    return 1; /* there is no body, regardless of its framing fields */
}

static int on_content(PARSER *parser, const char *at, size_t n)
{
    (void)parser;
    (void)at;
    seen.content += n;
    return 0;
}

static int on_end(PARSER *parser)
{
    (void)parser;
    seen.is_complete = true;
    return 0;
}

static const SETTINGS head_settings = {
    .on_url = on_target,
    .on_status = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
};
static const SETTINGS body_settings = {
    .on_body = on_content,
    .on_message_complete = on_end,
};

static struct sw_span piece(const char *buf, size_t i)
{
    (void)buf;
    return seen.pieces[i];
}

/* Each message starts with a copy of a parser that was made ready once. */
static bool run(const PARSER *ready, const SETTINGS *settings, const char *buf, size_t len)
{
    PARSER parser = *ready;

    seen.names = 0;
    seen.content = 0;
    seen.is_complete = false;
    return execute(&parser, settings, buf, len) && seen.is_complete;
}

static size_t request(const char *buf, size_t len, size_t *fields)
{
    static PARSER ready;

    if (!ready.data)
        begin(&ready, HTTP_REQUEST, &head_settings);
    size_t n = run(&ready, &head_settings, buf, len) ? len : 0;
    *fields = seen.names;
    return n;
}

static size_t response(const char *buf, size_t len, size_t *fields)
{
    static PARSER ready;

    if (!ready.data)
        begin(&ready, HTTP_RESPONSE, &head_settings);
    size_t n = run(&ready, &head_settings, buf, len) ? len : 0;
    *fields = seen.names;
    return n;
}

static ptrdiff_t spans(const char *buf, size_t len)
{
    static const char above[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    static PARSER ready;

    if (!ready.data) {
        begin(&ready, HTTP_REQUEST, &body_settings);
        execute(&ready, &body_settings, above, sizeof above - 1);
    }
    return run(&ready, &body_settings, buf, len) ? (ptrdiff_t)seen.content : -1;
}

const struct bench_parser STRUCT = {
    .name = NAME,
    .request = request,
    .response = response,
    .piece = piece,
    .spans = spans,
};
