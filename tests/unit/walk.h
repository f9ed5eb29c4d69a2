/* walk.h - plans random exchanges: what each side of a connection is to send. */
/* SPDX-License-Identifier: MIT */
#ifndef WALK_H
#define WALK_H

#include <string.h>

#include "chance.h"
#include "shockwave.h"

/* All sent bytes are slices of these arrays, so that received bytes are compared with them. */
enum { WALK_BYTES = 1 << 16, WALK_TEXT = 1 << 12, WALK_LINES = 5, WALK_DRAIN = 500 };

static char walk_bytes[WALK_BYTES]; /* for content, and for what follows an upgrade */
static char walk_text[WALK_TEXT];   /* for field values */
static char walk_path[WALK_TEXT];   /* for targets: a slash at each multiple of 16 */

static void walk_seed(uint64_t seed)
{
    static const char *const bait[] = {"\r\n",
                                       "0\r\n\r\n",
                                       "\r",
                                       "\n",
                                       "GET / HTTP/1.1\r\n\r\n",
                                       "5\r\n",
                                       "HTTP/1.1 200 OK\r\n\r\n"};
    static const char path[] = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789-._~!$&'()*+,;=:@/?";

    chance_seed(seed);
    for (size_t i = 0; i < WALK_BYTES; i++)
        walk_bytes[i] = (char)chance(256);
    for (size_t i = 0; i < WALK_BYTES - 32; i += 1 + chance(40)) {
        const char *text = bait[chance(sizeof bait / sizeof *bait)];
        memcpy(walk_bytes + i, text, strlen(text));
    }
    for (size_t i = 0; i < WALK_TEXT; i++) {
        walk_text[i] = once_in(8) ? " \t\x80\xff"[chance(4)] : (char)('!' + chance(94));
        walk_path[i] = i % 16 ? path[chance(sizeof path - 1)] : '/';
    }
}

/* ---- Messages -------------------------------------------------------------------------------- */

struct walk_line {
    struct sw_span name, value;
};

/* A planned message, without its start line. */
struct walk_message {
    struct walk_line fields[WALK_LINES], trailers[WALK_LINES];
    uint32_t field_count, trailer_count;
    struct sw_span content;
    bool measured; /* Content-Length is sent */
};

struct walk_exchange {
    enum sw_method method;
    struct sw_span target;
    unsigned status;
    struct walk_message request, reply;
    unsigned interims; /* interim responses before the reply, 102 and 103 alternating */
    unsigned interim_sent, interim_seen;
    bool old, old_keeps;   /* HTTP/1.0, with `Connection: keep-alive` */
    bool reply_old;        /* the reply is, and closes */
    bool expects, patient; /* 100-continue; the client waits for it */
    bool offers, accepts;  /* another protocol, CONNECT included */
    bool late;             /* the server replies only to the complete request */
    bool last;             /* the client sends Connection: close */
    bool closes;           /* the server sends Connection: close */
    bool bad;              /* the request breaks a rule */
};

static struct sw_span draw_value(void)
{
    struct sw_span value = {walk_text + chance(WALK_TEXT - 64), once_in(50) ? 64 : chance(24)};
    while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
        value.p++, value.n--;
    while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    return value;
}

/* Names without a meaning for the connection, the first of them fit for trailers. */
static uint32_t draw_lines(struct walk_line *lines, uint32_t names)
{
    static const struct sw_span name[] = {
        SW_SPAN("X-Sum"),        SW_SPAN("x_sum"),  SW_SPAN("Server-Timing"), SW_SPAN("q"),
        SW_SPAN("ETag"),         SW_SPAN("Accept"), SW_SPAN("user-agent"),    SW_SPAN("COOKIE"),
        SW_SPAN("Content-Type"), SW_SPAN("Via"),    SW_SPAN("Vary"),          SW_SPAN("!#$%&'*+"),
    };
    uint32_t n = once_in(3) ? 0 : chance(WALK_LINES + 1);
    for (uint32_t i = 0; i < n; i++)
        lines[i] = (struct walk_line){name[chance(names ? names : sizeof name / sizeof *name)],
                                      draw_value()};
    return n;
}

static uint32_t draw_size(void)
{
    uint32_t kind = chance(100);
    return kind < 40 ? 0 : kind < 90 ? chance(64) : kind < 99 ? chance(1000) : chance(12000);
}

static void draw_message(struct walk_message *message, uint32_t size, bool measured)
{
    message->field_count = draw_lines(message->fields, 0);
    message->measured = measured;
    message->trailer_count = measured ? 0 : draw_lines(message->trailers, 4);
    message->content = (struct sw_span){walk_bytes + chance(WALK_BYTES - size), size};
}

static void draw_request(struct walk_exchange *exchange, bool last)
{
    static const uint8_t methods[] = {SW_METHOD_GET,  SW_METHOD_GET,    SW_METHOD_HEAD,
                                      SW_METHOD_POST, SW_METHOD_PUT,    SW_METHOD_DELETE,
                                      SW_METHOD_POST, SW_METHOD_OPTIONS};
    uint32_t size = draw_size();

    exchange->old = once_in(20);
    exchange->old_keeps = exchange->old && !once_in(4);
    exchange->method = methods[chance(sizeof methods)];
    exchange->target = (struct sw_span){walk_path + chance(200) * 16, 1 + chance(40)};
    if (!exchange->old && once_in(last ? 6 : 100)) {
        exchange->offers = true;
        exchange->accepts = last && !once_in(4);
        if (once_in(2)) {
            exchange->method = SW_METHOD_CONNECT;
            exchange->target = SW_SPAN("example.org:443");
            size = 0;
        }
    }
    bool unmeasured = exchange->method != SW_METHOD_CONNECT && !exchange->old && once_in(3);
    draw_message(&exchange->request, size, !unmeasured);
    exchange->expects = !exchange->old && (size > 0 || unmeasured) && once_in(4);
    exchange->patient = exchange->expects && !once_in(3);
    exchange->last = last && once_in(3);
    exchange->bad = last && !exchange->offers && once_in(10);
}

static void draw_reply(struct walk_exchange *exchange)
{
    static const uint16_t statuses[] = {200, 200, 200, 404, 500, 599, 204, 205, 304, 301};

    exchange->status = exchange->method == SW_METHOD_CONNECT ? (exchange->accepts ? 200 : 403)
                       : exchange->accepts                   ? SW_STATUS_SWITCHING_PROTOCOLS
                                                             : statuses[chance(10)];
    draw_message(&exchange->reply, draw_size(), exchange->accepts || !once_in(3));
    exchange->interims = once_in(10) ? chance(4) : 0;
    exchange->late = exchange->accepts || !once_in(3);
    exchange->closes = once_in(60);
    exchange->reply_old = exchange->closes && exchange->reply.measured && !exchange->accepts;
}

/* Draw the next exchange; `last` if no other follows on this connection. */
static void walk_draw(struct walk_exchange *exchange, bool last)
{
    *exchange = (struct walk_exchange){0};
    draw_request(exchange, last);
    draw_reply(exchange);
}

/* ---- What follows from what is meant --------------------------------------------------------- */

static inline bool walk_bodiless(const struct walk_exchange *exchange)
{
    return exchange->method == SW_METHOD_HEAD || exchange->status == SW_STATUS_NO_CONTENT ||
           exchange->status == SW_STATUS_RESET_CONTENT ||
           exchange->status == SW_STATUS_NOT_MODIFIED || exchange->accepts;
}

static inline enum sw_framing walk_request_framing(const struct walk_exchange *exchange)
{
    if (!exchange->request.measured)
        return SW_FRAMING_CHUNKED;
    bool expected = sw_method_names[exchange->method].flags & SW_METHOD_F_CONTENT;
    return exchange->request.content.n > 0 || expected ? SW_FRAMING_LENGTH : SW_FRAMING_NONE;
}

static inline enum sw_framing walk_reply_framing(const struct walk_exchange *exchange)
{
    bool reset = exchange->status == SW_STATUS_RESET_CONTENT && exchange->method != SW_METHOD_HEAD;

    return exchange->accepts          ? SW_FRAMING_TUNNEL
           : reset                    ? SW_FRAMING_LENGTH
           : walk_bodiless(exchange)  ? SW_FRAMING_NONE
           : exchange->reply.measured ? SW_FRAMING_LENGTH
           : exchange->old            ? SW_FRAMING_CLOSE
                                      : SW_FRAMING_CHUNKED;
}

/* Must the connection end with this exchange, whatever is read of it? */
static inline bool walk_ends(const struct walk_exchange *exchange)
{
    return exchange->last || exchange->closes || (exchange->old && !exchange->old_keeps) ||
           walk_reply_framing(exchange) == SW_FRAMING_CLOSE;
}

/* May the connection close because of what was not read of this request? */
static inline bool walk_may_end(const struct walk_exchange *exchange)
{
    return !exchange->late && (exchange->expects || !exchange->request.measured ||
                               exchange->request.content.n > WALK_DRAIN);
}

#endif
