/* body.c - which framing a message has, and the content inside it. */
/* SPDX-License-Identifier: MIT */
#include "bytes.h"
#include "limit.h"
#include "shockwave_values.h"

/*
 * A chunk line stays in the caller's buffer until it is whole, so that its extensions can be shown;
 * `at` is how much of it has been looked at.  Content is passed on at once.
 */
enum state {
    PLAIN = 0, /* Content-Length, or until the connection closes */
    SIZE,      /* hexadecimal digits */
    NAME_1,    /* behind ";", the first byte of an extension's name */
    NAME,
    VALUE_1,   /* behind "=" */
    VALUE,
    QUOTED,
    ESCAPED,   /* behind a backslash in a quoted string */
    UNQUOTED,  /* behind the closing quote */
    SIZE_LF,   /* behind the CR of the chunk line */
    DATA,
    DATA_CR,   /* behind the last byte of a chunk */
    TRAILERS,
    DONE,
    FAILED,
};

static ptrdiff_t fail(struct sw_body *body, enum sw_error error, size_t at)
{
    body->state = FAILED;
    body->error = (uint16_t)error;
    body->error_at = (uint32_t)at;
    return -(ptrdiff_t)error;
}

/* ---- Framing --------------------------------------------------------------------------------- */

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

/* The part of a list up to its next comma, without the blanks around it, cut off its front. */
static struct sw_span cut_member(struct sw_span *list)
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
        enum sw_error error = read_length(cut_member(&value), &member);
        if (error != SW_OK)
            return error;
        if (!first && member != *length)
            return SW_ERROR_CONTENT_LENGTH_REPEATED;
        *length = member;
        first = false;
    } while (more);
    return SW_OK;
}

/* All lines of Content-Length, the first of which is the i-th field. */
static enum sw_error read_lengths(struct sw_body *body, const struct sw_head *head, const char *buf,
                                  size_t i)
{
    for (size_t first = i; i < head->field_count; i = sw_head_again(head, i)) {
        const struct sw_field *field = sw_head_at(head, i);
        enum sw_error error =
            read_length_line(sw_field_value(field, buf), i == first, &body->left);
        if (error != SW_OK) {
            fail(body, error, field->value);
            return error;
        }
    }
    return SW_OK;
}

/* One line of Transfer-Encoding.  `chunked` says whether that coding has been seen. */
static enum sw_error read_codings(struct sw_span value, bool *chunked)
{
    struct sw_span coding;
    int got;

    while ((got = sw_token_next(&value, &coding)) > 0) {
        bool is_chunked = sw_token_is(coding, "chunked");
        if (*chunked)
            return is_chunked ? SW_ERROR_CHUNKED_REPEATED : SW_ERROR_CHUNKED_NOT_LAST;
        if (!is_chunked)
            return SW_ERROR_TRANSFER_CODING_UNKNOWN;
        *chunked = true;
    }
    return got < 0 ? SW_ERROR_BAD_TRANSFER_ENCODING : SW_OK;
}

/*
 * All lines of Transfer-Encoding: `chunked`, once, in HTTP/1.1, without Content-Length.  Other
 * codings have no decoder here, so whoever forwards them must not be told that we understood.
 */
static enum sw_error read_transfer_encoding(struct sw_body *body, const struct sw_head *head,
                                            const char *buf, size_t i)
{
    enum sw_error error = SW_OK;
    size_t at = sw_head_at(head, i)->value;
    bool chunked = false;

    if (sw_head_field(head, SW_HEADER_CONTENT_LENGTH))
        error = SW_ERROR_CONTENT_LENGTH_AND_TRANSFER_ENCODING;
    else if (head->minor == 0)
        error = SW_ERROR_TRANSFER_ENCODING_IN_1_0;
    for (; i < head->field_count && error == SW_OK; i = sw_head_again(head, i)) {
        at = sw_head_at(head, i)->value;
        error = read_codings(sw_field_value(sw_head_at(head, i), buf), &chunked);
    }
    if (error == SW_OK && !chunked)
        error = SW_ERROR_BAD_TRANSFER_ENCODING;
    if (error != SW_OK)
        fail(body, error, at);
    return error;
}

/* A message that ends with its head whatever its fields say: rules 1 and 2 of RFC 9112 6.3. */
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

/* What the framing fields mean otherwise: rules 3 to 8 of RFC 9112 6.3. */
static const uint8_t framing_by_field[2][3] = {
    /*                neither              Content-Length     Transfer-Encoding: chunked */
    [SW_REQUEST] = {SW_FRAMING_NONE, SW_FRAMING_LENGTH, SW_FRAMING_CHUNKED},
    [SW_RESPONSE] = {SW_FRAMING_CLOSE, SW_FRAMING_LENGTH, SW_FRAMING_CHUNKED},
};

enum sw_error sw_body_begin(struct sw_body *body, const struct sw_head *head, const char *buf,
                            enum sw_method request, struct sw_head *trailers)
{
    const struct sw_field *coding = sw_head_field(head, SW_HEADER_TRANSFER_ENCODING);
    const struct sw_field *length = sw_head_field(head, SW_HEADER_CONTENT_LENGTH);
    enum sw_framing framing;
    enum sw_error error = SW_OK;

    *body = (struct sw_body){.limits = head->limits};
    if (coding)
        error = read_transfer_encoding(body, head, buf, sw_head_first(head, SW_HEADER_TRANSFER_ENCODING));
    else if (length)
        error = read_lengths(body, head, buf, sw_head_first(head, SW_HEADER_CONTENT_LENGTH));
    if (error != SW_OK)
        return error;

    if (ends_at_head(head, request, &framing))
        body->left = 0;
    else
        framing = framing_by_field[head->kind == SW_RESPONSE][coding ? 2 : length ? 1 : 0];
    if (body->left > SW_LIMIT(body->limits, body)) {
        fail(body, SW_ERROR_BODY_TOO_LARGE, length->value);
        return SW_ERROR_BODY_TOO_LARGE;
    }
    body->framing = (uint8_t)framing;
    if (framing == SW_FRAMING_CHUNKED) {
        body->state = SIZE;
        body->trailers = trailers;
        sw_head_init(trailers, SW_TRAILERS, body->limits);
    }
    if (framing == SW_FRAMING_NONE || (framing == SW_FRAMING_LENGTH && body->left == 0))
        body->state = DONE;
    return SW_OK;
}

/* ---- Chunk lines ----------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The size: at most the 16 digits of 64 bits, leading zeros counted.  RFC 9112 7.1. */
static enum sw_error size_byte(struct sw_body *body, char c)
{
    int digit = hex_digit(c);

    if (digit >= 0) {
        if (body->digits == 16)
            return body->left >> 60 ? SW_ERROR_CHUNK_SIZE_OVERFLOW : SW_ERROR_CHUNK_SIZE_TOO_LONG;
        body->digits++;
        body->left = body->left << 4 | (uint64_t)digit;
        return SW_OK;
    }
    if (body->digits == 0 || (c != ';' && c != '\r'))
        return c == '\n' ? SW_ERROR_BARE_LF : SW_ERROR_BAD_CHUNK_SIZE;
    body->state = c == ';' ? NAME_1 : SIZE_LF;
    return SW_OK;
}

/* A byte that is in neither a token nor a quoted string: it ends something or is an error. */
static enum sw_error extension_delimiter(struct sw_body *body, char c)
{
    bool named = body->state == NAME, valued = body->state == VALUE || body->state == UNQUOTED;

    if (c == ';' && (named || valued))
        body->state = NAME_1;
    else if (c == '=' && named)
        body->state = VALUE_1;
    else if (c == '\r' && (named || valued))
        body->state = SIZE_LF;
    else if (c == '"' && body->state == VALUE_1)
        body->state = QUOTED;
    else
        return c == '\n' ? SW_ERROR_BARE_LF : SW_ERROR_BAD_CHUNK_EXTENSION;
    return SW_OK;
}

/*
 * `;name=value` and `;name="quoted"`, RFC 9112 7.1.1.  The white space that RFC 9110 5.6.3 has a
 * recipient tolerate is refused: no peer needs it, and implementations have disagreed about it.
 */
static enum sw_error extension_byte(struct sw_body *body, char c)
{
    if (body->state == QUOTED || body->state == ESCAPED) {
        if (!sw_byte_is(c, SW_BYTE_VALUE))
            return c == '\n' ? SW_ERROR_BARE_LF : SW_ERROR_BAD_CHUNK_EXTENSION;
        body->state = body->state == ESCAPED ? QUOTED
                      : c == '\\'            ? ESCAPED
                      : c == '"'             ? UNQUOTED
                                             : QUOTED;
        return SW_OK;
    }
    if (body->state == UNQUOTED || !sw_byte_is(c, SW_BYTE_TOKEN))
        return extension_delimiter(body, c);
    body->state = body->state == NAME_1    ? NAME
                  : body->state == VALUE_1 ? VALUE
                                           : body->state;
    return SW_OK;
}

static enum sw_error chunk_line_byte(struct sw_body *body, char c)
{
    enum sw_error error;

    if (body->state == SIZE_LF)
        return c == '\n' ? SW_OK : SW_ERROR_BARE_CR;
    if (body->state == SIZE) {
        error = size_byte(body, c);
        if (body->state == SIZE)
            return error;
    } else {
        error = extension_byte(body, c);
    }
    if (error == SW_OK && body->state != SIZE_LF &&
        ++body->extensions > SW_LIMIT(body->limits, chunk_extensions))
        return SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG;
    return error;
}

/*
 * A chunk line of n bytes is whole.  Many lines for little content are an attack on whoever counts
 * only content, so what a line costs beyond 16 bytes for each of content is added up.
 */
static ptrdiff_t chunk_begin(struct sw_body *body, size_t n)
{
    uint64_t room = SW_LIMIT(body->limits, body) - body->content;
    uint64_t cost = (uint64_t)body->overhead + n + 2;
    uint64_t free = body->left > UINT32_MAX / 16 ? UINT32_MAX : body->left * 16;

    body->at = 0;
    body->digits = 0;
    if (body->left == 0) {
        body->state = TRAILERS;
        return (ptrdiff_t)n;
    }
    if (body->left > room)
        return fail(body, SW_ERROR_BODY_TOO_LARGE, 0);
    cost = cost > free ? cost - free : 0;
    if (cost > SW_LIMIT(body->limits, chunk_overhead))
        return fail(body, SW_ERROR_CHUNK_OVERHEAD, 0);
    body->overhead = (uint32_t)cost;
    body->content += body->left;
    body->state = DATA;
    return (ptrdiff_t)n;
}

/* The extensions of the line of n bytes at buf, if it has any. */
static struct sw_span extensions_of(const char *buf, size_t n)
{
    const char *semicolon = memchr(buf, ';', n);

    return semicolon ? (struct sw_span){semicolon, n - 2 - (size_t)(semicolon - buf)}
                     : (struct sw_span){0};
}

/* A chunk line without extensions, whole at the front of buf, which nearly all are; 0 for others. */
static ptrdiff_t plain_chunk_line(struct sw_body *body, const char *buf, size_t len)
{
    uint64_t size = 0;
    size_t n = 0;

    for (; n < 16 && n < len && sw_byte_is(buf[n], SW_BYTE_HEX); n++)
        size = size << 4 | (uint64_t)((buf[n] & 15) + (buf[n] >> 6) * 9);
    if (n == 0 || n + 2 > len || memcmp(buf + n, "\r\n", 2) != 0)
        return 0;
    body->left = size;
    return chunk_begin(body, n + 2);
}

/* Take a chunk line from the front of buf once it is whole. */
static ptrdiff_t chunk_line(struct sw_body *body, const char *buf, size_t len)
{
    if (body->at == 0) {
        ptrdiff_t taken = plain_chunk_line(body, buf, len);
        if (taken != 0)
            return taken;
        body->left = 0;
    }
    while (body->at < len) {
        bool last = body->state == SIZE_LF;
        enum sw_error error = chunk_line_byte(body, buf[body->at]);
        if (error != SW_OK)
            return fail(body, error, error == SW_ERROR_BARE_CR ? body->at - 1 : body->at);
        body->at++;
        if (last) {
            body->extension = extensions_of(buf, body->at);
            return chunk_begin(body, body->at);
        }
    }
    return 0;
}

/* ---- Content --------------------------------------------------------------------------------- */

/* Take what there is of `left`, from buf[from..len). */
static size_t take(struct sw_body *body, const char *buf, size_t from, size_t len,
                   struct sw_span *content)
{
    size_t n = len - from < body->left ? len - from : (size_t)body->left;

    *content = (struct sw_span){buf + from, n};
    body->left -= n;
    return from + n;
}

/* The CRLF behind a chunk's data: exactly that.  RFC 9112 7.1. */
static ptrdiff_t chunk_end(struct sw_body *body, const char *buf, size_t len)
{
    if (len > 0 && buf[0] != '\r')
        return fail(body, SW_ERROR_BAD_CHUNK_END, 0);
    if (len > 1 && buf[1] != '\n')
        return fail(body, SW_ERROR_BAD_CHUNK_END, 1);
    if (len < 2)
        return 0;
    body->state = SIZE;
    return 2;
}

static ptrdiff_t trailer_section(struct sw_body *body, const char *buf, size_t len)
{
    ptrdiff_t taken = sw_head_parse(body->trailers, buf, len);

    if (taken < 0)
        return fail(body, (enum sw_error)-taken, body->trailers->at);
    if (taken > 0)
        body->state = DONE;
    return taken;
}

/* As far as buf[0..len) goes: the end of the chunk before, a chunk line, data. */
static ptrdiff_t chunked(struct sw_body *body, const char *buf, size_t len, struct sw_span *content)
{
    size_t used = 0;
    ptrdiff_t taken;

    if (body->state == DATA_CR) {
        taken = chunk_end(body, buf, len);
        if (taken <= 0)
            return taken;
        used = (size_t)taken;
    }
    if (body->state < DATA) {
        taken = chunk_line(body, buf + used, len - used);
        if (taken < 0)
            body->error_at += (uint32_t)used;
        if (taken < 0 || used + (size_t)taken == 0)
            return taken;
        used += (size_t)taken;
    }
    if (body->state == DATA) {
        used = take(body, buf, used, len, content);
        if (body->left == 0)
            body->state = DATA_CR;
    } else if (body->state == TRAILERS && used == 0) {
        return trailer_section(body, buf, len);
    }
    return (ptrdiff_t)used;
}

static ptrdiff_t until_close(struct sw_body *body, const char *buf, size_t len,
                             struct sw_span *content)
{
    uint64_t room = SW_LIMIT(body->limits, body) - body->content;

    if (len > room)
        return fail(body, SW_ERROR_BODY_TOO_LARGE, (size_t)room);
    *content = (struct sw_span){buf, len};
    body->content += len;
    return (ptrdiff_t)len;
}

ptrdiff_t sw_body_next(struct sw_body *body, const char *buf, size_t len, struct sw_span *content)
{
    size_t taken;

    *content = (struct sw_span){buf, 0};
    body->extension = (struct sw_span){0};
    if (body->state == FAILED)
        return -(ptrdiff_t)body->error;
    if (body->state == DONE)
        return 0;
    switch ((enum sw_framing)body->framing) {
    case SW_FRAMING_LENGTH:
        taken = take(body, buf, 0, len, content);
        body->content += taken;
        if (body->left == 0)
            body->state = DONE;
        return (ptrdiff_t)taken;
    case SW_FRAMING_CHUNKED:
        return chunked(body, buf, len, content);
    case SW_FRAMING_CLOSE:
        return until_close(body, buf, len, content);
    case SW_FRAMING_NONE:
    case SW_FRAMING_TUNNEL:
        break;
    }
    return 0;
}

ptrdiff_t sw_body_compact(struct sw_body *body, char *buf, size_t *len)
{
    bool had_failed = body->state == FAILED;
    size_t from = 0, to = 0;
    struct sw_span content;
    ptrdiff_t taken;

    while ((taken = sw_body_next(body, buf + from, *len - from, &content)) > 0) {
        memmove(buf + to, content.p, content.n);
        to += content.n;
        from += (size_t)taken;
    }
    if (taken < 0 && !had_failed)
        body->error_at += (uint32_t)from;
    *len = to;
    return taken < 0 ? taken : (ptrdiff_t)from;
}

enum sw_error sw_body_eof(struct sw_body *body)
{
    if (body->state == FAILED)
        return (enum sw_error)body->error;
    if (body->state != DONE && body->framing != SW_FRAMING_CLOSE) {
        fail(body, SW_ERROR_TRUNCATED, 0);
        return SW_ERROR_TRUNCATED;
    }
    body->state = DONE;
    return SW_OK;
}

bool sw_body_done(const struct sw_body *body)
{
    return body->state == DONE;
}
