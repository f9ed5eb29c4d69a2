/* conn.c - one HTTP/1.1 connection, either role, without I/O: what the peer sends. */
/* SPDX-License-Identifier: MIT */
#include "core/conn.h"
#include "core/head.h"

/*
 * Theory of operation.  There are two state machines, one for each direction, and flags for the
 * exchange in progress.  Received bytes drive `in`, written bytes drive `out`:
 *
 *     in:  HEAD -> BODY -> DONE -> HEAD ...        out:  IDLE -> BODY -> DONE -> IDLE ...
 *                    \-> DISCARD -^
 *
 * A server reads the next request only when both machines are done with this one, so responses keep
 * their order (RFC 9112 9.3.2).  The two machines of a client are independent: requests may be
 * written ahead of their responses (pipelining).
 *
 * States change only through these tables; 0 means that the cause has no effect in that state.
 */
/* clang-format off */
static const uint8_t in_table[][CAUSES] = {
    /*               GOT_HEAD GOT_END  DISCARDED   NEXT_MESSAGE SWITCH       NO_MORE    BROKEN */
    [IN_HEAD]     = {IN_BODY, 0,       0,          0,           0,           IN_CLOSED, IN_FAILED},
    [IN_BODY]     = {0,       IN_DONE, IN_DISCARD, IN_HEAD,     IN_SWITCHED, IN_CLOSED, IN_FAILED},
    [IN_DISCARD]  = {0,       IN_DONE, 0,          0,           0,           IN_CLOSED, IN_FAILED},
    [IN_DONE]     = {0,       0,       0,          IN_HEAD,     IN_SWITCHED, IN_CLOSED, IN_FAILED},
    [IN_SWITCHED] = {0},
    [IN_CLOSED]   = {0},
    [IN_FAILED]   = {0},
};

static const uint8_t out_table[][CAUSES] = {
    /* GOT_HEAD, GOT_END, DISCARDED, NEXT_MESSAGE, SWITCH, NO_MORE, BROKEN */
    [OUT_IDLE]     = {OUT_BODY, 0,        0, 0,        OUT_SWITCHED, OUT_CLOSED, OUT_IDLE},
    [OUT_BODY]     = {0,        OUT_DONE, 0, 0,        OUT_SWITCHED, OUT_CLOSED, OUT_CLOSED},
    [OUT_DONE]     = {0,        0,        0, OUT_IDLE, OUT_SWITCHED, OUT_CLOSED, OUT_CLOSED},
    [OUT_SWITCHED] = {0},
    [OUT_CLOSED]   = {0},
};
/* clang-format on */

void sw_conn_move_in(struct sw_conn *conn, enum sw_conn_cause cause)
{
    if (in_table[conn->in][cause] != IN_NONE)
        conn->in = in_table[conn->in][cause];
}

void sw_conn_move_out(struct sw_conn *conn, enum sw_conn_cause cause)
{
    if (out_table[conn->out][cause] != OUT_NONE)
        conn->out = out_table[conn->out][cause];
}

static void move_both(struct sw_conn *conn, enum sw_conn_cause cause)
{
    sw_conn_move_in(conn, cause);
    sw_conn_move_out(conn, cause);
}

void sw_conn_init(struct sw_conn *conn, enum sw_role role, const struct sw_limits *limits)
{
    *conn = (struct sw_conn){
        .limits = sw_limits_or_default(limits),
        .role = (uint8_t)role,
        .in = IN_HEAD,
        .out = OUT_IDLE,
    };
}

void sw_conn_attach(struct sw_conn *conn, struct sw_message *message)
{
    conn->message = message;
    conn->flags &= (uint16_t)~HEAD_STALE;
    sw_head_init(&message->head, conn->role == SW_SERVER ? SW_REQUEST : SW_RESPONSE, conn->limits);
    sw_head_attach_fields(&message->head, message->more, SW_FIELDS_DEFAULT - SW_FIELDS_INLINE);
}

void sw_conn_reattach(struct sw_conn *conn, struct sw_message *message)
{
    message->head.kind = conn->role == SW_SERVER ? SW_REQUEST : SW_RESPONSE;
    conn->message = message;
    conn->flags |= HEAD_STALE;
}

struct sw_message *sw_conn_detach(struct sw_conn *conn)
{
    struct sw_message *message = conn->message;
    bool between =
        conn->in == IN_HEAD && message && (conn->flags & HEAD_STALE || message->head.parsed == 0);

    if (conn->in < IN_SWITCHED && !between)
        return NULL;
    conn->message = NULL;
    return message;
}

void sw_conn_eof(struct sw_conn *conn)
{
    conn->flags |= PEER_CLOSED;
}

void sw_conn_close(struct sw_conn *conn)
{
    conn->flags |= conn->role == SW_SERVER ? CLOSING : LAST;
}

/* ---- Next message -----------------------------------------------------------------------------
 */

void sw_conn_next_message(struct sw_conn *conn)
{
    if (conn->out != OUT_DONE)
        return;
    if (conn->in == IN_BODY && sw_body_done(&conn->message->body))
        sw_conn_move_in(conn, GOT_END); /* no END event follows the response */
    if (conn->flags & CLOSING) {
        move_both(conn, NO_MORE);
    } else if (conn->in == IN_DONE) {
        move_both(conn, NEXT_MESSAGE);
        conn->flags = (uint16_t)((conn->flags & ~EXCHANGE) | HEAD_STALE);
    } else {
        sw_conn_move_in(conn, DISCARDED);
    }
}

/* Client: the response to the oldest request is complete. */
static void end_pending(struct sw_conn *conn)
{
    conn->pending--;
    conn->pending_methods >>= 2;
    conn->flags |= HEAD_STALE;
    if (conn->pending == 0)
        conn->flags &= (uint16_t)~UPGRADE;
    if (conn->flags & CLOSING || (conn->flags & LAST && conn->pending == 0))
        move_both(conn, NO_MORE);
    else
        sw_conn_move_in(conn, NEXT_MESSAGE);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static size_t emit(struct sw_event *event, enum sw_event_kind kind, size_t taken)
{
    event->kind = kind;
    return taken;
}

static size_t broken(struct sw_conn *conn, struct sw_event *event, enum sw_error error, size_t at)
{
    conn->error = (uint16_t)error;
    conn->error_at = (uint32_t)at;
    conn->flags |= conn->in == IN_HEAD ? CLOSING | IN_A_HEAD : CLOSING;
    move_both(conn, BROKEN);
    return emit(event, SW_EVENT_FAILED, 0);
}

/* The method of the request that this response belongs to, as far as framing depends on it. */
static enum sw_method request_method(const struct sw_conn *conn)
{
    switch (conn->pending_methods & 3) {
    case PENDING_HEAD:
        return SW_METHOD_HEAD;
    case PENDING_CONNECT:
        return SW_METHOD_CONNECT;
    default:
        return SW_METHOD_OTHER;
    }
}

static void note_request(struct sw_conn *conn, const char *buf)
{
    const struct sw_head *head = &conn->message->head;

    /* Nearly always there is no Connection, and HTTP/1.1 goes on. */
    if ((head->minor == 0 || sw_head_field(head, SW_HEADER_CONNECTION)) &&
        !sw_head_keep_alive(head, buf))
        conn->flags |= CLOSING;
    if (head->minor == 0)
        conn->flags |= PEER_IS_HTTP10;
    else if (sw_head_field(head, SW_HEADER_UPGRADE) &&
             sw_head_options(head, buf) & SW_OPTION_UPGRADE)
        conn->flags |= UPGRADE;
    if (!sw_body_done(&conn->message->body) && sw_head_expects_continue(head, buf))
        conn->flags |= CONTINUE;
    conn->discarded = 0;
}

/* Client: does this response belong to the request that offered another protocol, and was that
   request written completely?  It is the newest request.  RFC 9110 7.8. */
static bool may_switch(const struct sw_conn *conn)
{
    bool complete =
        conn->out == OUT_IDLE || (conn->framing == SW_FRAMING_LENGTH && conn->remaining == 0);

    return conn->flags & UPGRADE && conn->pending == 1 && complete;
}

/* Does the response that ends HTTP here match the request: 2xx to CONNECT, or a 101 with an Upgrade
   field?  RFC 9110 7.8. */
static bool accepts_offer(const struct sw_conn *conn, const char *buf)
{
    const struct sw_head *head = &conn->message->head;

    if ((conn->pending_methods & 3) == PENDING_CONNECT)
        return head->status / 100 == 2;
    return sw_head_field(head, SW_HEADER_UPGRADE) && sw_head_options(head, buf) & SW_OPTION_UPGRADE;
}

/* A response head: does it belong to a request, and does the connection persist? */
static size_t note_response(struct sw_conn *conn, const char *buf, size_t taken,
                            struct sw_event *event)
{
    const struct sw_head *head = &conn->message->head;
    bool tunnel = conn->message->body.framing == SW_FRAMING_TUNNEL;

    if (tunnel && !(may_switch(conn) && accepts_offer(conn, buf)))
        return broken(conn, event, SW_ERROR_UNEXPECTED_MESSAGE, head->start);
    if (head->status < 200 && !tunnel) {
        sw_conn_move_in(conn, NEXT_MESSAGE);
        conn->flags |= HEAD_STALE;
        return emit(event, SW_EVENT_INTERIM, taken);
    }
    if (conn->message->body.framing == SW_FRAMING_CLOSE ||
        (!tunnel && !sw_head_keep_alive(head, buf)))
        conn->flags |= CLOSING;
    return emit(event, SW_EVENT_HEAD, taken);
}

/* Only empty lines, the last one possibly incomplete; they may follow a message. */
static bool nothing_begun(const struct sw_conn *conn, size_t len)
{
    return len == 0 || conn->message->head.state <= SW_HEAD_START_LF;
}

static size_t head_unfinished(struct sw_conn *conn, size_t len, struct sw_event *event)
{
    if (!(conn->flags & PEER_CLOSED))
        return emit(event, SW_EVENT_MORE, 0);
    if (!nothing_begun(conn, len) || conn->pending > 0)
        return broken(conn, event, SW_ERROR_TRUNCATED, len);
    move_both(conn, NO_MORE);
    return emit(event, SW_EVENT_CLOSED, len);
}

/* The bytes that may be read as a head: all, but if no request was made the empty lines in front,
   as far as those are tolerated. */
static size_t expected_bytes(const struct sw_conn *conn, const char *buf, size_t len)
{
    size_t n = 0;

    if (conn->role == SW_SERVER || conn->pending > 0)
        return len;
    if (!(conn->limits->lenient & SW_LENIENT_EMPTY_LINES))
        return 0;
    while (n < len && (buf[n] == '\r' || buf[n] == '\n'))
        n++;
    return n;
}

static size_t read_head(struct sw_conn *conn, const char *buf, size_t len, struct sw_event *event)
{
    struct sw_message *message = conn->message;

    if (len == 0)
        return head_unfinished(conn, len, event);
    if (!message)
        return broken(conn, event, SW_ERROR_MISUSE, 0);
    if (conn->flags & HEAD_STALE) {
        sw_head_reset(&message->head);
        conn->flags &= (uint16_t)~HEAD_STALE;
    }
    size_t expected = expected_bytes(conn, buf, len);
    ptrdiff_t taken = sw_head_parse(&message->head, buf, expected);
    if (taken < 0)
        return broken(conn, event, (enum sw_error) - taken, message->head.error_at);
    if (expected < len)
        return broken(conn, event, SW_ERROR_UNEXPECTED_MESSAGE, expected);
    if (taken == 0)
        return head_unfinished(conn, len, event);

    enum sw_error error = sw_body_begin(&message->body, &message->head, buf, request_method(conn),
                                        &message->trailers);
    if (error != SW_OK)
        return broken(conn, event, error, message->body.error_at);
    sw_conn_move_in(conn, GOT_HEAD);
    event->head = &message->head;
    event->bytes = (struct sw_span){buf, (size_t)taken};
    if (conn->role == SW_CLIENT)
        return note_response(conn, buf, (size_t)taken, event);
    note_request(conn, buf);
    return emit(event, SW_EVENT_HEAD, (size_t)taken);
}

/* The message is complete with the `taken` bytes after the `used` ones: emit END, and go on to the
   next message if the other direction is done too. */
static size_t message_end(struct sw_conn *conn, const char *buf, size_t used, size_t taken,
                          struct sw_event *event)
{
    const struct sw_head *trailers = &conn->message->trailers;

    if (conn->message->body.framing == SW_FRAMING_CHUNKED && trailers->field_count > 0)
        event->head = trailers;
    event->bytes = (struct sw_span){buf + used, taken};
    sw_conn_move_in(conn, GOT_END);
    if (conn->role == SW_CLIENT)
        end_pending(conn);
    else
        sw_conn_next_message(conn);
    return emit(event, SW_EVENT_END, used + taken);
}

/* What follows the first `used` bytes is not here yet, or never will be. */
static size_t body_unfinished(struct sw_conn *conn, const char *buf, size_t used, size_t len,
                              struct sw_event *event)
{
    if (!(conn->flags & PEER_CLOSED))
        return emit(event, SW_EVENT_MORE, used);
    if (sw_body_eof(&conn->message->body) != SW_OK)
        return broken(conn, event, SW_ERROR_TRUNCATED, len);
    return message_end(conn, buf, used, 0, event);
}

static size_t read_body(struct sw_conn *conn, const char *buf, size_t len, struct sw_event *event)
{
    struct sw_body *body = &conn->message->body;
    size_t used = 0;

    if (body->framing == SW_FRAMING_TUNNEL) {
        conn->pending--;
        move_both(conn, SWITCH);
        return emit(event, SW_EVENT_UPGRADED, 0);
    }
    if (len > 0 && !sw_body_done(body))
        conn->flags &= (uint16_t)~CONTINUE;
    while (!sw_body_done(body)) {
        struct sw_span content;
        ptrdiff_t taken = sw_body_next(body, buf + used, len - used, &content);
        if (taken < 0)
            return broken(conn, event, (enum sw_error) - taken, used + body->error_at);
        if (taken == 0)
            return body_unfinished(conn, buf, used, len, event);
        if (content.n > 0) {
            event->bytes = content;
            return emit(event, SW_EVENT_CONTENT, used + (size_t)taken);
        }
        if (sw_body_done(body))
            return message_end(conn, buf, used, (size_t)taken, event);
        used += (size_t)taken;
    }
    return message_end(conn, buf, used, 0, event);
}

/* Content after a finished response is discarded up to limits.discard: bytes of a body are never
   parsed as a request. */
static size_t drain(struct sw_conn *conn, const char *buf, size_t len, struct sw_event *event)
{
    const struct sw_event nothing = *event;
    size_t used = 0;

    while (conn->in == IN_DISCARD) {
        *event = nothing;
        size_t taken = read_body(conn, buf + used, len - used, event);
        used += taken;
        uint64_t discarded = (uint64_t)conn->discarded + taken;
        conn->discarded = discarded < UINT32_MAX ? (uint32_t)discarded : UINT32_MAX;
        if (event->kind == SW_EVENT_FAILED) {
            conn->error_at += (uint32_t)used;
            return used;
        }
        if (discarded > SW_LIMIT(conn->limits, discard)) {
            move_both(conn, NO_MORE);
            return emit(event, SW_EVENT_CLOSED, len);
        }
        if (event->kind == SW_EVENT_MORE)
            return used;
    }
    *event = nothing;
    return used;
}

size_t sw_conn_next(struct sw_conn *conn, const char *buf, size_t len, struct sw_event *event)
{
    size_t used = 0, taken;

    if (!buf)
        buf = ""; /* C lets nothing be added to NULL, not even 0 */
    *event = (struct sw_event){SW_EVENT_MORE, {buf, 0}, NULL};
    if (conn->in == IN_DISCARD) {
        used = drain(conn, buf, len, event);
        if (conn->in != IN_HEAD)
            return used;
    }
    switch ((enum sw_conn_in)conn->in) {
    case IN_HEAD:
        taken = read_head(conn, buf + used, len - used, event);
        if (event->kind == SW_EVENT_FAILED)
            conn->error_at += (uint32_t)used;
        return used + taken;
    case IN_BODY:
        return read_body(conn, buf, len, event);
    case IN_DONE:
        return emit(event, len > 0 ? SW_EVENT_PAUSED : SW_EVENT_MORE, 0);
    case IN_SWITCHED:
        return emit(event, SW_EVENT_UPGRADED, 0);
    case IN_FAILED:
        return emit(event, SW_EVENT_FAILED, 0);
    case IN_CLOSED:
    case IN_NONE:
    case IN_DISCARD:
        break;
    }
    return emit(event, SW_EVENT_CLOSED, len);
}
