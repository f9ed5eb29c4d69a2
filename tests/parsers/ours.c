/* ours.c - how Shockwave reads a stream. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "reading.h"

/* The other side of the exchange: every request gets a response, every response has a request. */
static void write_message(struct sw_conn *conn, enum stream stream)
{
    static char memory[1024];
    struct sw_writer out = {.p = memory, .size = sizeof memory};
    enum sw_error error;

    if (stream == STREAM_REQUESTS)
        error = sw_conn_reply(conn, &out, SW_STATUS_NOT_FOUND, 0, NULL);
    else if (stream == STREAM_CONNECT)
        error = sw_conn_request(conn, &out, SW_METHOD_CONNECT, SW_SPAN("h.example:1"), 0);
    else
        error = sw_conn_request(conn, &out, stream == STREAM_HEAD ? SW_METHOD_HEAD : SW_METHOD_GET,
                                SW_SPAN("/"), 0);
    if (stream != STREAM_REQUESTS && error == SW_OK)
        sw_write_field(&out, SW_HEADER_HOST, SW_SPAN("h.example"));
    if (stream == STREAM_UPGRADE && error == SW_OK)
        error = sw_conn_offer(conn, &out, SW_SPAN("echo"));
    sw_write_end(&out);
    if (error == SW_OK)
        error = sw_conn_finish(conn, &out, (struct sw_span){0});
    if (error != SW_OK || out.error != SW_OK)
        abort();
}

static void note_fields(struct reading *out, const struct sw_head *head, const char *buf)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *field = sw_head_at(head, i);
        reading_field(out, sw_field_name(field, buf), sw_field_value(field, buf));
    }
}

static void note_head(struct reading *out, const struct sw_head *head, const char *buf)
{
    struct message *message = reading_message(out);

    if (head->kind == SW_REQUEST) {
        message->method = sw_head_method(head, buf);
        message->target = sw_head_target(head, buf);
    } else {
        message->status = head->status;
        message->reason = sw_head_reason(head, buf);
    }
    message->minor = head->minor;
    note_fields(out, head, buf);
    message->trailers_from = message->field_count;
}

static enum framing framing_of(const struct sw_body *body)
{
    switch ((enum sw_framing)body->framing) {
    case SW_FRAMING_LENGTH:
        return body->left > 0 ? FRAMED_LENGTH : FRAMED_NONE;
    case SW_FRAMING_CHUNKED:
        return FRAMED_CHUNKED;
    case SW_FRAMING_CLOSE:
        return FRAMED_CLOSE;
    case SW_FRAMING_NONE:
    case SW_FRAMING_TUNNEL:
        break;
    }
    return FRAMED_NONE;
}

void read_ours(enum stream stream, const char *bytes, size_t n, struct reading *out)
{
    static struct sw_field more[2][128];
    static struct sw_message message;
    enum framing framing = FRAMED_NONE;
    struct sw_conn conn;
    size_t at = 0;
    bool closed = false;

    reading_init(out);
    sw_conn_init(&conn, stream == STREAM_REQUESTS ? SW_SERVER : SW_CLIENT, NULL);
    sw_conn_attach(&conn, &message);
    sw_head_attach_fields(&message.head, more[0], 128);
    for (;;) {
        struct sw_event event;
        if (stream != STREAM_REQUESTS && conn.pending == 0 && at < n &&
            sw_conn_next_action(&conn) == SW_ACTION_KEEP_ALIVE)
            write_message(&conn, stream);
        at += sw_conn_next(&conn, bytes + at, n - at, &event);
        switch (event.kind) {
        case SW_EVENT_HEAD:
        case SW_EVENT_INTERIM:
            note_head(out, event.head, event.bytes.p);
            framing = framing_of(&message.body);
            if (event.kind == SW_EVENT_INTERIM && !reading_end(out, FRAMED_NONE, true, at))
                return;
            break;
        case SW_EVENT_CONTENT:
            reading_content(out, event.bytes.p, event.bytes.n);
            break;
        case SW_EVENT_END:
            if (event.head)
                note_fields(out, event.head, event.bytes.p);
            if (stream == STREAM_REQUESTS)
                write_message(&conn, stream);
            if (!reading_end(out, framing, sw_conn_next_action(&conn) == SW_ACTION_KEEP_ALIVE, at))
                return;
            break;
        case SW_EVENT_MORE:
            if (closed)
                abort();
            sw_conn_eof(&conn);
            closed = true;
            break;
        case SW_EVENT_UPGRADED:
            reading_end(out, FRAMED_NONE, true, at);
            out->ending = ENDS_TUNNEL;
            return;
        case SW_EVENT_CLOSED:
            return;
        case SW_EVENT_FAILED:
            out->ending = conn.error == SW_ERROR_TRUNCATED ? ENDS_SHORT : ENDS_REFUSED;
            out->error = sw_error_infos[conn.error].name;
            return;
        case SW_EVENT_PAUSED:
            abort();
        }
    }
}
