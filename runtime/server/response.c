/* response.c - what handlers call to respond. */
/* SPDX-License-Identifier: MIT */
#include "core/conn.h"
#include "server/connection_state.h"
#include "server/output.h"
#include "server/response.h"
#include "server/transaction.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <string.h>

enum {
    FRAMING = 64, /* for chunk heads and the last chunk */
    PIECE = 512,  /* a smaller part is not worth a chunk of its own */
};

/* ---- Replies -------------------------------------------------------------------------------- */

/* Was it HEAD, of which no more than that may have come? */
static bool is_head_request(const struct sw_transaction *txn)
{
    static const char head[] = "HEAD ";
    const size_t n = sizeof head - 1;
    if (txn->active)
        return txn->exchange.head->method == SW_METHOD_HEAD;
    uint32_t at = sw_transaction_request_at(txn);
    return txn->end - at >= n && memcmp(txn->in + at, head, n) == 0;
}

void sw_transaction_respond(struct sw_transaction *txn, unsigned status, struct sw_span text)
{
    sw_transaction_restore(txn);
    txn->connection->last = true;
    txn->status = (uint16_t)status;
    txn->body_bytes_sent = is_head_request(txn) ? 0 : text.n;
    struct sw_writer out = sw_transaction_writer(txn);
    sw_write_status(&out, status);
    sw_write_date(&out, &txn->worker->date);
    sw_write_field(&out, SW_HEADER_CONNECTION, SW_SPAN("close"));
    sw_write_field(&out, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain; charset=utf-8"));
    sw_write_length(&out, text.n);
    sw_write_end(&out);
    sw_write_bytes(&out, text.p, txn->body_bytes_sent);
    if (!out.error)
        txn->written += (uint32_t)out.n;
}

void sw_response_fail(struct sw_transaction *txn, enum sw_error error)
{
    txn->error = (uint16_t)error;
    txn->reply = SW_REPLY_ENDED;
    txn->connection->last = true;
}

void sw_response_finish_head(struct sw_transaction *txn)
{
    if (txn->reply != SW_REPLY_HEAD && txn->reply != SW_REPLY_INTERIM)
        return;
    sw_write_end(&txn->head);
    if (txn->reply == SW_REPLY_INTERIM && txn->exchange.head->minor == 0)
        txn->head.n = 0; /* RFC 9110 15.2 */
    if (txn->head.error) {
        sw_response_fail(txn, txn->head.error);
        sw_transaction_respond(txn, SW_STATUS_INTERNAL_SERVER_ERROR,
                               SW_SPAN("the reply could not be written\n"));
        return;
    }
    txn->written += (uint32_t)txn->head.n;
    txn->reply = txn->reply == SW_REPLY_HEAD ? SW_REPLY_CONTENT : SW_REPLY_NONE;
}

void sw_response_abandon(struct sw_transaction *txn)
{
    bool unanswered = txn->reply == SW_REPLY_NONE;
    sw_response_fail(txn, SW_ERROR_MISUSE);
    if (unanswered)
        sw_transaction_respond(txn, SW_STATUS_INTERNAL_SERVER_ERROR,
                               SW_SPAN("the handler gave no response\n"));
}

void sw_response_misuse(struct sw_transaction *txn)
{
    sw_response_finish_head(txn);
    if (txn->reply != SW_REPLY_ENDED)
        sw_response_abandon(txn);
}

static bool is_missing(struct sw_span span)
{
    return span.n && !span.p;
}

bool sw_transaction_may_respond(struct sw_exchange *exchange)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    sw_response_finish_head(txn);
    if (txn->reply == SW_REPLY_NONE)
        return true;
    sw_response_misuse(txn);
    return false;
}

/* False where no head may follow what was written before. */
static bool open_head(struct sw_transaction *txn)
{
    sw_response_finish_head(txn);
    if (txn->reply != SW_REPLY_NONE)
        return false;
    /* One by one: a struct is copied in vectors, which wait for the stores that just made it. */
    const struct sw_writer fresh = sw_transaction_writer(txn);
    txn->head.p = fresh.p;
    txn->head.n = 0;
    txn->head.size = fresh.size;
    txn->head.error = SW_OK;
    txn->head.framed = 0;
    return true;
}

enum sw_error sw_reply_interim(struct sw_exchange *exchange, unsigned status)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    if (!open_head(txn))
        return SW_ERROR_MISUSE;
    txn->reply = SW_REPLY_INTERIM;
    txn->head.framed = SW_FRAMED;
    if (status / 100 == 1 && status != SW_STATUS_SWITCHING_PROTOCOLS)
        sw_write_status(&txn->head, status);
    else
        txn->head.error = SW_ERROR_MISUSE;
    return txn->head.error;
}

enum sw_error sw_reply_begin(struct sw_exchange *exchange, unsigned status, uint64_t length)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    struct sw_connection *connection = txn->connection;
    if (!open_head(txn))
        return SW_ERROR_MISUSE;
    if (sw_transaction_wants_content(txn)) {
        sw_conn_interim(&connection->conn, &txn->head, SW_STATUS_CONTINUE);
        sw_conn_keep_reading(&connection->conn);
    }
    enum sw_error error =
        sw_conn_reply(&connection->conn, &txn->head, status, length, &txn->worker->date);
    if (error && !txn->head.error)
        txn->head.error = (uint16_t)error;
    txn->reply = SW_REPLY_HEAD;
    txn->status = (uint16_t)status;
    return txn->head.error;
}

/* The head that fields can be added to, or NULL. */
static struct sw_writer *open_writer(struct sw_exchange *exchange)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    bool is_open = txn->reply == SW_REPLY_HEAD || txn->reply == SW_REPLY_INTERIM;
    return is_open ? &txn->head : NULL;
}

enum sw_error sw_reply_field(struct sw_exchange *exchange, enum sw_header id, struct sw_span value)
{
    struct sw_writer *out = open_writer(exchange);
    if (!out)
        return SW_ERROR_MISUSE;
    if (!is_missing(value))
        sw_write_field(out, id, value);
    else if (!out->error)
        out->error = SW_ERROR_MISUSE;
    return out->error;
}

enum sw_error sw_reply_field_named(struct sw_exchange *exchange, struct sw_span name,
                                   struct sw_span value)
{
    struct sw_writer *out = open_writer(exchange);
    if (!out)
        return SW_ERROR_MISUSE;
    if (!is_missing(name) && !is_missing(value))
        sw_write_field_named(out, name, value);
    else if (!out->error)
        out->error = SW_ERROR_MISUSE;
    return out->error;
}

enum sw_error sw_reply_field_number(struct sw_exchange *exchange, enum sw_header id,
                                    uint64_t number)
{
    struct sw_writer *out = open_writer(exchange);
    if (!out)
        return SW_ERROR_MISUSE;
    sw_write_number(out, id, number);
    return out->error;
}

/* Write the framing for `n` bytes of content.  False when they are not to follow. */
static bool write_framing(struct sw_transaction *txn, struct sw_writer *out, size_t n)
{
    enum sw_error error = sw_conn_content(&txn->connection->conn, out, n);
    if (error)
        sw_response_fail(txn, error);
    if (error || sw_conn_bodiless(&txn->connection->conn))
        return false;
    txn->body_bytes_sent += n;
    return true;
}

size_t sw_reply_write(struct sw_exchange *exchange, struct sw_span bytes)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    uint32_t size = txn->worker->config->output_buffer;
    sw_response_finish_head(txn);
    if (txn->reply == SW_REPLY_NONE || is_missing(bytes))
        sw_response_misuse(txn);
    size_t taken = 0;
    while (txn->reply == SW_REPLY_CONTENT && taken < bytes.n) {
        size_t n = bytes.n - taken;
        if (size - txn->written < n + FRAMING)
            sw_connection_flush(txn->worker, txn->connection);
        size_t room = size - txn->written;
        room = room > FRAMING ? room - FRAMING : 0;
        if (room < n && room < PIECE)
            return taken;
        if (n > room)
            n = room;
        struct sw_writer out = sw_transaction_writer(txn);
        if (!write_framing(txn, &out, n))
            break;
        sw_write_bytes(&out, bytes.p + taken, n);
        txn->written += (uint32_t)out.n;
        taken += n;
    }
    return bytes
        .n; /* content of a failed response is discarded: sw_reply_end() returns the error */
}

/* `valid`: the caller passed a pointer, or a file and a range within it. */
static bool write_nocopy(struct sw_transaction *txn, struct sw_span bytes, int file,
                         uint64_t offset, bool valid)
{
    sw_response_finish_head(txn);
    if (txn->reply == SW_REPLY_NONE || !valid)
        sw_response_misuse(txn);
    if (txn->reply != SW_REPLY_CONTENT || !bytes.n)
        return true;
    if (txn->nocopy.n)
        return false;
    struct sw_writer out = sw_transaction_writer(txn);
    if (write_framing(txn, &out, bytes.n)) {
        txn->written += (uint32_t)out.n;
        txn->nocopy = bytes;
        txn->nocopy_at = txn->written;
        txn->file = file;
        txn->file_at = offset;
    }
    return true;
}

bool sw_reply_write_nocopy(struct sw_exchange *exchange, struct sw_span bytes)
{
    return write_nocopy(sw_transaction_of(exchange), bytes, -1, 0, !is_missing(bytes));
}

bool sw_reply_file(struct sw_exchange *exchange, int fd, uint64_t offset, size_t length)
{
    bool valid = !length || (fd >= 0 && length <= INT64_MAX && offset <= INT64_MAX - length);
    return write_nocopy(sw_transaction_of(exchange), (struct sw_span){NULL, length}, fd, offset,
                        valid);
}

/* Complete lines with a name, none of which is empty and would end the trailer section. */
static bool are_lines(struct sw_span lines)
{
    while (lines.n) {
        const char *end = memchr(lines.p, '\n', lines.n);
        size_t n = end ? (size_t)(end - lines.p) : 0;
        const char *colon = n ? memchr(lines.p, ':', n) : NULL;
        if (!colon || colon == lines.p || memchr(lines.p, '\r', n) != end - 1)
            return false;
        lines = (struct sw_span){end + 1, lines.n - n - 1};
    }
    return true;
}

enum sw_error sw_reply_end_trailers(struct sw_exchange *exchange, struct sw_span lines)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    sw_response_finish_head(txn);
    if (txn->reply == SW_REPLY_NONE || (txn->reply == SW_REPLY_ENDED && !txn->error))
        return SW_ERROR_MISUSE;
    if (is_missing(lines))
        sw_response_misuse(txn);
    else if (txn->reply == SW_REPLY_CONTENT && !are_lines(lines))
        sw_response_fail(txn, SW_ERROR_BAD_OUT_VALUE);
    if (txn->reply == SW_REPLY_CONTENT) {
        uint32_t size = txn->worker->config->output_buffer;
        if (size - txn->written < lines.n + FRAMING)
            sw_connection_flush(txn->worker, txn->connection);
        if (txn->written && size - txn->written < lines.n + FRAMING)
            return SW_ERROR_NO_ROOM;
        struct sw_writer out = sw_transaction_writer(txn);
        enum sw_error error = sw_conn_finish(&txn->connection->conn, &out, lines);
        txn->written += (uint32_t)out.n;
        txn->reply = SW_REPLY_ENDED;
        if (error)
            sw_response_fail(txn, error);
    }
    return (enum sw_error)txn->error;
}

enum sw_error sw_reply_end(struct sw_exchange *exchange)
{
    return sw_reply_end_trailers(exchange, (struct sw_span){NULL, 0});
}

/* Fast path.  False: nothing was done. */
static bool reply_simple(struct sw_transaction *txn, const struct sw_simple_reply *reply)
{
    if (reply->body.n > SW_REPLY_COPIED || txn->reply != SW_REPLY_NONE ||
        sw_transaction_wants_content(txn))
        return false;
    struct sw_writer out = sw_transaction_writer(txn);
    if (!sw_conn_reply_simple(&txn->connection->conn, &out, reply))
        return false;
    txn->written += (uint32_t)out.n;
    txn->body_bytes_sent += reply->body.n;
    txn->status = (uint16_t)reply->status;
    txn->reply = SW_REPLY_ENDED;
    return true;
}

enum sw_error sw_reply(struct sw_exchange *exchange, unsigned status, struct sw_span type,
                       struct sw_span body)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    if (is_missing(type) || is_missing(body)) {
        sw_response_misuse(txn);
        return SW_ERROR_MISUSE;
    }
    if (reply_simple(txn, &(struct sw_simple_reply){status, type, body, &txn->worker->date}))
        return SW_OK;
    if (!sw_transaction_may_respond(exchange))
        return SW_ERROR_MISUSE;
    sw_reply_begin(exchange, status, body.n);
    if (type.n)
        sw_reply_field(exchange, SW_HEADER_CONTENT_TYPE, type);
    if (body.n > SW_REPLY_COPIED)
        sw_reply_write_nocopy(exchange, body);
    else
        sw_reply_write(exchange, body);
    return sw_reply_end(exchange);
}
