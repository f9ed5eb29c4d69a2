/* conn_write.c - what a connection sends: heads with the right framing, content, ends. */
/* SPDX-License-Identifier: MIT */
#include "core/conn.h"

/*
 * A call that fails changes neither the connection nor the output.  Functions on the hot path write
 * first and then change the connection, or save the few members that they change: copying the
 * complete struct would load vectors right after narrow stores, which stalls store forwarding.
 */

/* How things were before a call. */
struct before {
    struct sw_conn conn;
    size_t n;
    uint8_t framed;
};

static struct before remember(const struct sw_conn *conn, const struct sw_writer *out)
{
    return (struct before){*conn, out->n, out->framed};
}

static enum sw_error written(struct sw_conn *conn, struct sw_writer *out,
                             const struct before *before)
{
    if (out->error != SW_OK) {
        *conn = before->conn;
        out->n = before->n;
        out->framed = before->framed;
    }
    return out->error;
}

/* Content-Length, Transfer-Encoding, or nothing: then the connection's end is the message's. */
static void write_framing(struct sw_conn *conn, struct sw_writer *out, uint64_t length)
{
    if (length != SW_LENGTH_UNKNOWN) {
        conn->framing = SW_FRAMING_LENGTH;
        conn->remaining = length;
        sw_write_length(out, length);
    } else if (conn->framing == SW_FRAMING_CHUNKED) {
        sw_write_field(out, SW_HEADER_TRANSFER_ENCODING, SW_SPAN("chunked"));
    }
}

/* ---- Server ---------------------------------------------------------------------------------- */

/* Whether this reply makes the connection another protocol's. */
static bool is_tunnel(const struct sw_conn *conn, unsigned status)
{
    return status == SW_STATUS_SWITCHING_PROTOCOLS ||
           (status / 100 == 2 && conn->message->head.method == SW_METHOD_CONNECT);
}

/* Whether what is left of the request is more than we would read for the connection's sake, or may
   never come, which only the peer knows while it waits for 100. */
static bool unread_is_too_much(const struct sw_conn *conn)
{
    if (conn->in != IN_BODY)
        return false;
    return conn->flags & CONTINUE || (!(conn->flags & KEEP_READING) &&
                                      conn->message->body.left > SW_LIMIT(conn->limits, discard));
}

/* What the reply does to the connection and to its own body, before a byte of it is written. */
static void finish_reply(struct sw_conn *conn, unsigned status, uint64_t length)
{
    bool old = conn->flags & PEER_IS_HTTP10, tunnel = is_tunnel(conn, status);

    conn->remaining = 0;
    conn->framing = tunnel ? SW_FRAMING_TUNNEL : old ? SW_FRAMING_CLOSE : SW_FRAMING_CHUNKED;
    if (tunnel || status == SW_STATUS_NO_CONTENT || status == SW_STATUS_RESET_CONTENT ||
        status == SW_STATUS_NOT_MODIFIED || conn->message->head.method == SW_METHOD_HEAD)
        conn->flags |= BODILESS;
    else if (old && length == SW_LENGTH_UNKNOWN)
        conn->flags |= CLOSING;
    if (unread_is_too_much(conn))
        conn->flags |= CLOSING;
}

static void write_persistence(const struct sw_conn *conn, struct sw_writer *out, unsigned status)
{
    /* Both carry Upgrade, which must not be passed on: RFC 9110 7.8. */
    if (status == SW_STATUS_SWITCHING_PROTOCOLS || status == SW_STATUS_UPGRADE_REQUIRED)
        sw_write_field(out, SW_HEADER_CONNECTION, SW_SPAN("upgrade"));
    if (conn->framing == SW_FRAMING_TUNNEL)
        return;
    if (conn->flags & CLOSING)
        sw_write_field(out, SW_HEADER_CONNECTION, SW_SPAN("close"));
    else if (conn->flags & PEER_IS_HTTP10)
        sw_write_field(out, SW_HEADER_CONNECTION, SW_SPAN("keep-alive"));
}

/* The head of a response that may be written now. */
static enum sw_error write_reply(struct sw_conn *conn, struct sw_writer *out, unsigned status,
                                 uint64_t length, const struct sw_date *date)
{
    const uint64_t remaining = conn->remaining;
    const size_t n = out->n;
    const uint16_t flags = conn->flags;
    const uint8_t framing = conn->framing, framed = out->framed;

    finish_reply(conn, status, length);
    sw_write_status(out, status);
    if (date)
        sw_write_date(out, date);
    write_persistence(conn, out, status);
    /* RFC 9110 8.6, RFC 9112 6.1: never with 204 or a tunnel; with 304 only what is known.  205 has
       no content, but no exception from framing either: RFC 9110 15.3.6. */
    if (conn->framing != SW_FRAMING_TUNNEL && status == SW_STATUS_RESET_CONTENT)
        sw_write_length(out, 0);
    else if (conn->framing != SW_FRAMING_TUNNEL && status != SW_STATUS_NO_CONTENT &&
             !(status == SW_STATUS_NOT_MODIFIED && length == SW_LENGTH_UNKNOWN))
        write_framing(conn, out, length);
    if (out->error != SW_OK) {
        conn->remaining = remaining;
        conn->flags = flags;
        conn->framing = framing;
        out->n = n;
        out->framed = framed;
        return out->error;
    }
    out->framed = date ? SW_FRAMED_DATED : SW_FRAMED;
    sw_conn_move_out(conn, GOT_HEAD);
    return SW_OK;
}

static bool may_reply(const struct sw_conn *conn)
{
    return conn->role == SW_SERVER && conn->out == OUT_IDLE &&
           (conn->in == IN_BODY || conn->in == IN_DONE);
}

enum sw_error sw_conn_reply(struct sw_conn *conn, struct sw_writer *out, unsigned status,
                            uint64_t length, const struct sw_date *date)
{
    bool switching = status == SW_STATUS_SWITCHING_PROTOCOLS;

    if (!may_reply(conn) || status > 999 || (status < 200 && !switching))
        return SW_ERROR_MISUSE;
    if (switching && !(conn->flags & UPGRADE))
        return SW_ERROR_MISUSE;
    if (is_tunnel(conn, status) && !sw_body_done(&conn->message->body))
        return SW_ERROR_MISUSE;
    return write_reply(conn, out, status, length, date);
}

bool sw_conn_reply_simple(struct sw_conn *conn, struct sw_writer *out,
                          const struct sw_simple_reply *reply)
{
    const unsigned status = reply->status;
    enum sw_method method = (enum sw_method)conn->message->head.method;

    if (!may_reply(conn) || conn->flags & (CLOSING | PEER_IS_HTTP10) ||
        !sw_body_done(&conn->message->body))
        return false;
    if (status < 200 || status == SW_STATUS_NO_CONTENT || status == SW_STATUS_RESET_CONTENT ||
        status == SW_STATUS_NOT_MODIFIED || status == SW_STATUS_UPGRADE_REQUIRED ||
        method == SW_METHOD_HEAD || method == SW_METHOD_CONNECT)
        return false;
    if (!sw_write_simple_reply(out, reply))
        return false;
    conn->framing = SW_FRAMING_LENGTH;
    conn->remaining = 0;
    conn->flags = (uint16_t)((conn->flags & ~EXCHANGE) | HEAD_STALE);
    sw_conn_move_in(conn, NEXT_MESSAGE); /* as `out` did, in three steps to where it was */
    return true;
}

void sw_conn_keep_reading(struct sw_conn *conn)
{
    conn->flags |= KEEP_READING;
}

enum sw_error sw_conn_interim(struct sw_conn *conn, struct sw_writer *out, unsigned status)
{
    const struct before before = remember(conn, out);

    if (!may_reply(conn) || status / 100 != 1 || status == SW_STATUS_SWITCHING_PROTOCOLS)
        return SW_ERROR_MISUSE;
    if (conn->flags & PEER_IS_HTTP10 || (status == SW_STATUS_CONTINUE && !(conn->flags & CONTINUE)))
        return SW_OK;
    if (status == SW_STATUS_CONTINUE)
        conn->flags &= (uint16_t)~CONTINUE;
    sw_write_status(out, status);
    sw_write_end(out);
    return written(conn, out, &before);
}

static void put_text(struct sw_writer *out, const char *text)
{
    while (*text)
        sw_write_bytes(out, text++, 1);
}

static void put_number(struct sw_writer *out, uint32_t number)
{
    char digits[10], *end = digits + sizeof digits, *p = end;

    do
        *--p = (char)('0' + number % 10);
    while (number /= 10);
    sw_write_bytes(out, p, (size_t)(end - p));
}

/* `BAD_HOST at byte 16: what is wrong (RFC 9112 3.2)` LF.  The byte is given for errors in a head;
   the bytes of a body are not counted. */
static void describe(const struct sw_conn *conn, struct sw_writer *text)
{
    const struct sw_error_info *info = &sw_error_infos[conn->error];

    put_text(text, info->name);
    if (conn->flags & IN_A_HEAD && conn->error != SW_ERROR_TRUNCATED) {
        const struct sw_message *message = conn->message;
        put_text(text, " at byte ");
        put_number(text, message->head.error ? message->head.error_at : message->body.error_at);
    }
    put_text(text, ": ");
    put_text(text, info->text);
    put_text(text, " (");
    put_text(text, info->rule);
    put_text(text, ")\n");
}

enum sw_error sw_conn_refuse(struct sw_conn *conn, struct sw_writer *out,
                             const struct sw_date *date)
{
    const struct before before = remember(conn, out);
    char memory[256];
    struct sw_writer text = {.p = memory, .size = sizeof memory};

    if (conn->role != SW_SERVER || conn->in != IN_FAILED || conn->out != OUT_IDLE || !conn->message)
        return SW_ERROR_MISUSE;
    describe(conn, &text);
    write_reply(conn, out, sw_error_infos[conn->error].status, text.n, date);
    sw_write_field(out, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain"));
    sw_write_end(out);
    if (!(conn->flags & BODILESS))
        sw_write_bytes(out, text.p, text.n);
    conn->remaining = 0;
    sw_conn_finish(conn, out, (struct sw_span){0});
    return written(conn, out, &before);
}

/* ---- Client ---------------------------------------------------------------------------------- */

/* The grammar's flags of a method; those of SW_METHOD_OTHER for what is none. */
static unsigned method_flags(enum sw_method method)
{
    return sw_method_names[method < SW_METHOD_COUNT ? method : SW_METHOD_OTHER].flags;
}

/* May content go with a request?  RFC 9110 9.3.6, 9.3.8. */
static bool may_carry(enum sw_method method)
{
    return method != SW_METHOD_CONNECT && !(method_flags(method) & SW_METHOD_F_CONTENT_FORBIDDEN);
}

enum sw_error sw_conn_request(struct sw_conn *conn, struct sw_writer *out, enum sw_method method,
                              struct sw_span target, uint64_t length)
{
    const struct before before = remember(conn, out);
    uint32_t limit = SW_LIMIT(conn->limits, pipeline);
    uint64_t pending_methods = method == SW_METHOD_HEAD      ? PENDING_HEAD
                               : method == SW_METHOD_CONNECT ? PENDING_CONNECT
                                                             : PENDING_OTHER;

    if (conn->role != SW_CLIENT || conn->out != OUT_IDLE || conn->in == IN_FAILED ||
        conn->flags & (CLOSING | PEER_CLOSED | UPGRADE | LAST_SENT) ||
        (length > 0 && !may_carry(method)))
        return SW_ERROR_MISUSE;
    if (conn->pending >= (limit < 32 ? limit : 32))
        return SW_ERROR_PIPELINE_TOO_DEEP;
    conn->remaining = 0;
    conn->framing = length == SW_LENGTH_UNKNOWN ? SW_FRAMING_CHUNKED : SW_FRAMING_LENGTH;
    sw_write_request_lenient(out, method, target, SW_LIMIT(conn->limits, lenient));
    if (conn->flags & LAST) {
        sw_write_field(out, SW_HEADER_CONNECTION, SW_SPAN("close"));
        conn->flags |= LAST_SENT;
    }
    if (length > 0 || method_flags(method) & SW_METHOD_F_CONTENT)
        write_framing(conn, out, length);
    out->framed = SW_FRAMED;
    conn->pending_methods |= pending_methods << (2 * conn->pending++);
    if (pending_methods == PENDING_CONNECT)
        conn->flags |= UPGRADE;
    sw_conn_move_out(conn, GOT_HEAD);
    return written(conn, out, &before);
}

enum sw_error sw_conn_offer(struct sw_conn *conn, struct sw_writer *out, struct sw_span protocol)
{
    const struct before before = remember(conn, out);

    /* The head must be open still, and a CONNECT asks for something else. */
    if (conn->role != SW_CLIENT || conn->out != OUT_BODY || out->framed != SW_FRAMED ||
        conn->flags & UPGRADE)
        return SW_ERROR_MISUSE;
    out->framed = SW_FRAMED_BY_CALLER;
    sw_write_field(out, SW_HEADER_CONNECTION, SW_SPAN("upgrade"));
    out->framed = SW_FRAMED;
    sw_write_field(out, SW_HEADER_UPGRADE, protocol);
    conn->flags |= UPGRADE;
    return written(conn, out, &before);
}

/* ---- Content --------------------------------------------------------------------------------- */

/* The CRLF after the data of the previous chunk, if there is one, and the next size. */
static void write_chunk_head(const struct sw_conn *conn, struct sw_writer *out, size_t n)
{
    char head[2 + 2 * sizeof n + 2], *end = head + sizeof head, *p = end;

    *--p = '\n';
    *--p = '\r';
    do
        *--p = "0123456789abcdef"[n & 15];
    while (n >>= 4);
    if (conn->flags & CHUNK_OPEN) {
        *--p = '\n';
        *--p = '\r';
    }
    sw_write_bytes(out, p, (size_t)(end - p));
}

enum sw_error sw_conn_content(struct sw_conn *conn, struct sw_writer *out, size_t n)
{
    if (conn->out != OUT_BODY || conn->framing == SW_FRAMING_TUNNEL)
        return SW_ERROR_MISUSE;
    if (conn->framing == SW_FRAMING_LENGTH && n > conn->remaining)
        return SW_ERROR_BODY_LENGTH_MISMATCH;
    bool chunk = conn->framing == SW_FRAMING_CHUNKED && n > 0 && !(conn->flags & BODILESS);
    if (chunk)
        write_chunk_head(conn, out, n);
    if (out->error != SW_OK)
        return out->error;
    if (conn->framing == SW_FRAMING_LENGTH)
        conn->remaining -= n;
    if (chunk)
        conn->flags |= CHUNK_OPEN;
    return SW_OK;
}

bool sw_conn_bodiless(const struct sw_conn *conn)
{
    return conn->flags & BODILESS;
}

static void write_last_chunk(const struct sw_conn *conn, struct sw_writer *out,
                             struct sw_span trailers)
{
    if (conn->flags & CHUNK_OPEN)
        sw_write_bytes(out, "\r\n", 2);
    sw_write_bytes(out, "0\r\n", 3);
    sw_write_bytes(out, trailers.p, trailers.n);
    sw_write_bytes(out, "\r\n", 2);
}

enum sw_error sw_conn_finish(struct sw_conn *conn, struct sw_writer *out, struct sw_span trailers)
{
    const size_t n = out->n;
    bool body = !(conn->flags & BODILESS);
    bool missing = body && conn->remaining > 0;

    if (conn->out != OUT_BODY || (trailers.n > 0 && conn->framing == SW_FRAMING_LENGTH))
        return SW_ERROR_MISUSE;
    if (body && conn->framing == SW_FRAMING_CHUNKED)
        write_last_chunk(conn, out, trailers);
    if (out->error != SW_OK) {
        out->n = n;
        return out->error;
    }
    conn->flags &= (uint16_t)~CHUNK_OPEN;
    if (missing)
        conn->flags |= CLOSING;
    sw_conn_move_out(conn, GOT_END);
    if (conn->role == SW_CLIENT) {
        sw_conn_move_out(conn, NEXT_MESSAGE);
    } else if (conn->framing == SW_FRAMING_TUNNEL) {
        sw_conn_move_in(conn, SWITCH);
        sw_conn_move_out(conn, SWITCH);
    } else {
        sw_conn_next_message(conn);
    }
    return missing ? SW_ERROR_BODY_LENGTH_MISMATCH : SW_OK;
}

enum sw_action sw_conn_next_action(const struct sw_conn *conn)
{
    bool over = conn->in == IN_CLOSED || conn->in == IN_FAILED;

    if (conn->in == IN_SWITCHED)
        return SW_ACTION_UPGRADE;
    if (!over)
        return SW_ACTION_KEEP_ALIVE;
    return conn->role == SW_CLIENT || conn->flags & PEER_CLOSED ? SW_ACTION_CLOSE
                                                                : SW_ACTION_LINGER;
}
