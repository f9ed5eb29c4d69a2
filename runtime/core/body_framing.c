/* body_framing.c - which framing a message has. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/body.h"
#include "shockwave_values.h"

/* Digits, all of them, below 2^64.  RFC 9110 8.6. */
static enum sw_error read_length(struct sw_span digits, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < digits.n; i++) {
        unsigned digit = (unsigned)(digits.p[i] - '0');
        if (digit > 9)
            return SW_ERROR_BAD_CONTENT_LENGTH;
        if (*length > (UINT64_MAX - digit) / 10)
            return SW_ERROR_CONTENT_LENGTH_OVERFLOW;
        *length = *length * 10 + digit;
    }
    return digits.n ? SW_OK : SW_ERROR_BAD_CONTENT_LENGTH;
}

/* Removes the first member of a list, up to its comma, and returns it without blanks around it. */
static struct sw_span next_member(struct sw_span *list)
{
    const char *end = list->p + list->n, *comma = memchr(list->p, ',', list->n);
    const char *from = list->p, *to = comma ? comma : end;

    list->p = comma ? comma + 1 : end;
    list->n = (size_t)(end - list->p);
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return (struct sw_span){from, (size_t)(to - from)};
}

/* One line of Content-Length: a number, or RFC 9110 8.6's list of one number again and again. */
static enum sw_error read_length_line(struct sw_span value, bool first, uint64_t *length)
{
    bool more;

    do {
        uint64_t member;
        more = memchr(value.p, ',', value.n) != NULL;
        enum sw_error error = read_length(next_member(&value), &member);
        if (error != SW_OK)
            return error;
        if (!first && member != *length)
            return SW_ERROR_CONTENT_LENGTH_REPEATED;
        *length = member;
        first = false;
    } while (more);
    return SW_OK;
}

/* All lines of Content-Length, the first of which is `first`. */
static enum sw_error read_lengths(struct sw_body *body, const struct sw_head *head, const char *buf,
                                  const struct sw_field *first)
{
    for (const struct sw_field *field = first; field; field = sw_head_next_field(head, field)) {
        enum sw_error error =
            read_length_line(sw_field_value(field, buf), field == first, &body->left);
        if (error != SW_OK) {
            sw_body_fail(body, error, field->value);
            return error;
        }
    }
    return SW_OK;
}

/* What the codings seen so far come to. */
struct codings {
    bool any;     /* codings other than chunked are the caller's to undo */
    bool chunked; /* that coding was applied */
    bool last;    /* and none after it */
};

/* `name;parameter=value`, RFC 9112 7.  The name, or false if that is not what it is. */
static bool split_coding(struct sw_span coding, struct sw_span *name)
{
    const char *semicolon = memchr(coding.p, ';', coding.n);
    size_t n = semicolon ? (size_t)(semicolon - coding.p) : coding.n;
    struct sw_span front = {coding.p, n}, params = {coding.p + n, coding.n - n};
    struct sw_param param;
    int got;

    if (sw_token_next(&front, name) <= 0) /* a comma can be in quotes only: no token */
        return false;
    while ((got = sw_param_next(&params, &param)) > 0)
        ;
    return got == 0;
}

static enum sw_error read_coding(struct sw_span coding, struct codings *codings)
{
    struct sw_span name;

    if (!split_coding(coding, &name) || (coding.n > name.n && !codings->any))
        return SW_ERROR_BAD_TRANSFER_ENCODING;
    if (!sw_token_is(name, "chunked")) {
        codings->last = false;
        if (codings->any)
            return SW_OK;
        return codings->chunked ? SW_ERROR_CHUNKED_NOT_LAST : SW_ERROR_TRANSFER_CODING_UNKNOWN;
    }
    if (codings->chunked)
        return SW_ERROR_CHUNKED_REPEATED;
    codings->chunked = codings->last = true;
    return coding.n == name.n ? SW_OK : SW_ERROR_BAD_TRANSFER_ENCODING; /* RFC 9112 7.1 */
}

/*
 * One line of Transfer-Encoding.  RFC 9110 5.6.1.2 has a recipient pass over empty elements; here
 * they are refused, because implementations disagree about such a list, and with it about where the
 * message ends (request smuggling).
 */
static enum sw_error read_codings(struct sw_span value, struct codings *codings)
{
    enum sw_error error;
    bool more;

    do {
        struct sw_span coding, front = value;
        if (next_member(&front).n == 0 || sw_list_next(&value, &coding) < 0)
            return SW_ERROR_BAD_TRANSFER_ENCODING;
        error = read_coding(coding, codings);
        more = value.n > 0;
        if (more)
            value.p++, value.n--; /* the comma */
    } while (error == SW_OK && more);
    return error;
}

/*
 * All lines of Transfer-Encoding from `field` on: `chunked`, once, in HTTP/1.1, without Content-Length.  Other
 * codings have no decoder here, so without SW_LENIENT_CODINGS they are an error.  RFC 9112 6.1, 6.3
 * rule 4.
 */
static enum sw_error read_transfer_encoding(struct sw_body *body, const struct sw_head *head,
                                            const char *buf, const struct sw_field *field,
                                            enum sw_framing *framing)
{
    struct codings codings = {.any = sw_head_lenient(head, SW_LENIENT_CODINGS)};
    uint32_t at = field->value;
    enum sw_error error = SW_OK;

    if (sw_head_field(head, SW_HEADER_CONTENT_LENGTH))
        error = SW_ERROR_CONTENT_LENGTH_AND_TRANSFER_ENCODING;
    else if (head->minor == 0)
        error = SW_ERROR_TRANSFER_ENCODING_IN_1_0;
    for (; field && error == SW_OK; field = sw_head_next_field(head, field)) {
        at = field->value;
        error = read_codings(sw_field_value(field, buf), &codings);
    }
    if (error != SW_OK)
        sw_body_fail(body, error, at);
    *framing = codings.last ? SW_FRAMING_CHUNKED : SW_FRAMING_CLOSE;
    return error;
}

/*
 * A CONNECT request has no content, and what follows its head is the tunnel's: RFC 9110 9.3.6.
 * Parsers disagree about framing fields in it: some skip the content, others take it for the first
 * bytes of the tunnel or for the next request.  `Content-Length: 0` is harmless.
 */
static enum sw_error refuse_content(struct sw_body *body, const struct sw_field *field)
{
    sw_body_fail(body, SW_ERROR_CONNECT_CONTENT, field->value);
    return SW_ERROR_CONNECT_CONTENT;
}

/* Does the message end with its head, whatever its framing fields contain?  RFC 9112 6.3 rules 1
   and 2. */
static bool ends_at_head(const struct sw_head *head, enum sw_method request,
                         enum sw_framing *framing)
{
    if (head->kind != SW_RESPONSE)
        return false;
    bool tunnel = head->status == SW_STATUS_SWITCHING_PROTOCOLS ||
                  (request == SW_METHOD_CONNECT && head->status / 100 == 2);
    *framing = tunnel ? SW_FRAMING_TUNNEL : SW_FRAMING_NONE;
    return tunnel || request == SW_METHOD_HEAD || head->status / 100 == 1 ||
           head->status == SW_STATUS_NO_CONTENT || head->status == SW_STATUS_NOT_MODIFIED;
}

/* The first chunk line comes next. */
static void begin_chunks(struct sw_body *body, const struct sw_head *head, struct sw_head *trailers)
{
    body->state = SIZE;
    body->spaces = head->kind != SW_RESPONSE                        ? SPACES_NONE
                   : sw_head_lenient(head, SW_LENIENT_CHUNK_SPACES) ? SPACES_LAST
                                                                    : SPACES_BAD;
    body->trailers = trailers;
    sw_head_init(trailers, SW_TRAILERS, body->limits);
    trailers->of_request = head->kind == SW_REQUEST;
}

/* Not inlined: it saves many registers, its caller needs none. */
#define APART __attribute__((noinline))

/* A response, or a request with a framing field. */
static APART enum sw_error read_framing(struct sw_body *body, const struct sw_head *head,
                                        const char *buf, enum sw_method request,
                                        struct sw_head *trailers)
{
    const struct sw_field *coding = sw_head_field(head, SW_HEADER_TRANSFER_ENCODING);
    const struct sw_field *length = sw_head_field(head, SW_HEADER_CONTENT_LENGTH);
    const bool connect = head->kind == SW_REQUEST && head->method == SW_METHOD_CONNECT;
    enum sw_framing framing;
    enum sw_error error = SW_OK;

    body->of_response = head->kind == SW_RESPONSE;
    body->content_max = sw_limit_body(body->limits);
    if (ends_at_head(head, request, &framing)) {
        body->framing = (uint8_t)framing;
        body->state = framing == SW_FRAMING_NONE ? DONE : PLAIN;
        return SW_OK;
    }
    if (connect && coding)
        error = refuse_content(body, coding);
    else if (coding)
        error = read_transfer_encoding(body, head, buf, coding, &framing);
    else if (length)
        error = read_lengths(body, head, buf, length);
    if (error == SW_OK && connect && body->left > 0)
        error = refuse_content(body, length);
    if (error != SW_OK)
        return error;

    if (body->left > body->content_max) {
        sw_body_fail(body, SW_ERROR_BODY_TOO_LARGE, length->value);
        return SW_ERROR_BODY_TOO_LARGE;
    }
    /* Rules 3 to 8: a response without either field ends with the connection; a request without
       either does not come here. */
    if (!coding)
        framing = length ? SW_FRAMING_LENGTH : SW_FRAMING_CLOSE;
    body->framing = (uint8_t)framing;
    if (framing == SW_FRAMING_CHUNKED)
        begin_chunks(body, head, trailers);
    if (framing == SW_FRAMING_LENGTH && body->left == 0)
        body->state = DONE;
    return SW_OK;
}

/* In two pieces: gcc makes a `rep stos` of one, whose startup takes longer. */
static void clear(struct sw_body *body)
{
    memset(body, 0, offsetof(struct sw_body, line));
    memset(&body->line, 0, sizeof body->line);
}

unsigned sw_body_error_status(const struct sw_body *body)
{
    if (body->error != SW_OK && body->of_response)
        return SW_STATUS_BAD_REQUEST;
    return sw_error_infos[body->error].status;
}

enum sw_error sw_body_begin(struct sw_body *body, const struct sw_head *head, const char *buf,
                            enum sw_method request, struct sw_head *trailers)
{
    clear(body);
    body->limits = head->limits;
    if (head->kind != SW_RESPONSE && !sw_head_field(head, SW_HEADER_TRANSFER_ENCODING) &&
        !sw_head_field(head, SW_HEADER_CONTENT_LENGTH)) {
        body->state = DONE;
        return SW_OK;
    }
    return read_framing(body, head, buf, request, trailers);
}
