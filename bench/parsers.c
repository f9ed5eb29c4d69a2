/* parsers.c - our parser as the benches call it. */
/* SPDX-License-Identifier: MIT */
#include "parsers.h"

static struct sw_field more[BENCH_FIELDS - SW_FIELDS_INLINE];
static struct sw_head requests, responses, *last;

static size_t parse(struct sw_head *head, enum sw_kind kind, const char *buf, size_t len,
                    size_t *fields)
{
    if (!head->limits) {
        sw_head_init(head, kind, NULL);
        sw_head_attach_fields(head, more, BENCH_FIELDS - SW_FIELDS_INLINE);
    }
    last = head;
    sw_head_reset(head);
    ptrdiff_t n = sw_head_parse(head, buf, len);
    *fields = head->field_count;
    return n > 0 ? (size_t)n : 0;
}

static size_t request(const char *buf, size_t len, size_t *fields)
{
    return parse(&requests, SW_REQUEST, buf, len, fields);
}

static size_t response(const char *buf, size_t len, size_t *fields)
{
    return parse(&responses, SW_RESPONSE, buf, len, fields);
}

static struct sw_span piece(const char *buf, size_t i)
{
    if (i == 0)
        return sw_head_target(last, buf);
    const struct sw_field *field = sw_head_at(last, (i - 1) / 2);
    return i % 2 ? sw_field_name(field, buf) : sw_field_value(field, buf);
}

/* A body that the head above its chunks has begun, to start from for each of them. */
static struct sw_body chunked(void)
{
    static const char bytes[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    static struct sw_head head, trailers;
    static struct sw_body body;

    if (body.framing == SW_FRAMING_NONE) {
        sw_head_init(&head, SW_REQUEST, NULL);
        sw_head_parse(&head, bytes, sizeof bytes - 1);
        sw_body_begin(&body, &head, bytes, SW_METHOD_OTHER, &trailers);
    }
    return body;
}

static ptrdiff_t spans(const char *buf, size_t len)
{
    struct sw_body body = chunked();
    struct sw_span content;
    size_t at = 0, sum = 0;
    ptrdiff_t n;

    while ((n = sw_body_next(&body, buf + at, len - at, &content)) > 0) {
        at += (size_t)n;
        sum += content.n;
    }
    return sw_body_done(&body) ? (ptrdiff_t)sum : -1;
}

static ptrdiff_t in_place(char *buf, size_t len)
{
    struct sw_body body = chunked();

    return sw_body_compact(&body, buf, &len) > 0 && sw_body_done(&body) ? (ptrdiff_t)len : -1;
}

const struct bench_parser bench_shockwave = {
    .name = "shockwave",
    .request = request,
    .response = response,
    .piece = piece,
    .spans = spans,
    .in_place = in_place,
};
