/* example_peer.h - one peer of a small server: all that is HTTP, nothing of sockets or loops. */
/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_PEER_H
#define EXAMPLE_PEER_H

#include <string.h>

#include "shockwave.h"

/*
 * A loop appends received bytes to the `in_n` bytes of `in`, calls peer_process(), and sends the
 * `out_n` bytes of `out`.  When all are sent it asks sw_conn_next_action() what is to become of
 * the socket.
 *
 * The input must have room for more than the largest head, or one that just fills it would wait for
 * ever.  The output is large enough for whatever comes of one event, so no call here can fail.
 */
enum { PEER_IN = 1 << 14, PEER_HEAD = 1 << 12, PEER_OUT = PEER_IN + 2 * PEER_HEAD };

struct peer {
    struct sw_conn conn;
    struct sw_message message;
    size_t in_n, out_n;
    char in[PEER_IN], out[PEER_OUT];
};

static inline void peer_begin(struct peer *peer)
{
    static const struct sw_limits limits = {.head = PEER_HEAD, .trailer_bytes = PEER_HEAD};

    sw_conn_init(&peer->conn, SW_SERVER, &limits);
    sw_conn_attach(&peer->conn, &peer->message);
    peer->in_n = peer->out_n = 0;
}

static inline struct sw_writer peer_writer(struct peer *peer)
{
    return (struct sw_writer){.p = peer->out + peer->out_n, .size = PEER_OUT - peer->out_n};
}

/* A piece of content: the framing before it, then the piece, unless the reply has no content. */
static inline void peer_content(struct peer *peer, struct sw_writer *out, struct sw_span bytes)
{
    sw_conn_content(&peer->conn, out, bytes.n);
    if (!sw_conn_bodiless(&peer->conn))
        sw_write_bytes(out, bytes.p, bytes.n);
}

static inline void peer_reply(struct peer *peer, unsigned status, struct sw_span text)
{
    struct sw_writer out = peer_writer(peer);

    sw_conn_reply(&peer->conn, &out, status, text.n, NULL);
    sw_write_field(&out, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain"));
    sw_write_end(&out);
    peer_content(peer, &out, text);
    sw_conn_finish(&peer->conn, &out, (struct sw_span){0});
    peer->out_n += out.n;
}

/* The request's content is to go back as it comes: how long it will be is not known yet. */
static inline void peer_echo(struct peer *peer)
{
    struct sw_writer out = peer_writer(peer);

    sw_conn_interim(&peer->conn, &out, SW_STATUS_CONTINUE); /* if the client waits for it */
    sw_conn_keep_reading(&peer->conn);
    sw_conn_reply(&peer->conn, &out, SW_STATUS_OK, SW_LENGTH_UNKNOWN, NULL);
    sw_write_end(&out);
    peer->out_n += out.n;
}

/* The application. */
static inline void peer_request(struct peer *peer, const struct sw_head *head, const char *buf)
{
    struct sw_span target = sw_head_target(head, buf);
    bool reads = head->method == SW_METHOD_GET || head->method == SW_METHOD_HEAD;
    bool root = target.n == 1, echo = target.n == 5 && memcmp(target.p, "/echo", 5) == 0;

    if (echo && head->method == SW_METHOD_POST)
        peer_echo(peer);
    else if (root && reads)
        peer_reply(peer, SW_STATUS_OK, SW_SPAN("Hello, World!\n"));
    else if (root || echo)
        peer_reply(peer, SW_STATUS_METHOD_NOT_ALLOWED, SW_SPAN("not with this method\n"));
    else
        peer_reply(peer, SW_STATUS_NOT_FOUND, SW_SPAN("nothing here\n"));
}

static inline void peer_event(struct peer *peer, const struct sw_event *event)
{
    struct sw_writer out = peer_writer(peer);

    switch (event->kind) {
    case SW_EVENT_HEAD:
        peer_request(peer, event->head, event->bytes.p);
        return;
    case SW_EVENT_CONTENT: /* for /echo: once a reply is finished, what is unread is dropped */
        peer_content(peer, &out, event->bytes);
        break;
    case SW_EVENT_END:
        sw_conn_finish(&peer->conn, &out, (struct sw_span){0});
        break;
    case SW_EVENT_FAILED: /* does nothing where it is too late for a reply */
        sw_conn_refuse(&peer->conn, &out, NULL);
        break;
    default: /* nothing to be done */
        break;
    }
    peer->out_n += out.n;
}

/* Process received bytes and write responses while the output has room. */
static inline void peer_process(struct peer *peer)
{
    struct sw_event event = {.kind = SW_EVENT_HEAD};
    size_t at = 0;

    while ((event.kind == SW_EVENT_HEAD || event.kind == SW_EVENT_CONTENT ||
            event.kind == SW_EVENT_END) &&
           PEER_OUT - peer->out_n >= peer->in_n - at + PEER_HEAD) {
        size_t taken = sw_conn_next(&peer->conn, peer->in + at, peer->in_n - at, &event);
        peer_event(peer, &event);
        at += taken;
    }
    peer->in_n -= at;
    memmove(peer->in, peer->in + at, peer->in_n);
}

#endif
