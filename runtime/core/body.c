/* body.c - the content inside a body. */
/* SPDX-License-Identifier: MIT */
#include "core/body.h"
#include "base/bytes.h"
#include "base/path.h"

/* A function that is not inlined keeps its registers and stack apart from its caller's. */
#define NOINLINE __attribute__((noinline))

/* ---- Chunk lines ----------------------------------------------------------------------------- */

enum { MAX_DIGITS = 16 };

/* One more than a hexadecimal digit is worth; 0 for what is none.  The next chunk waits for these
   numbers: eight bytes at once take longer to become one, and arithmetic for each saves nothing. */
static const uint8_t digits[256] = {
    ['0'] = 1, 2,  3,  4,  5,  6,          7,  8,  9,  10, ['A'] = 11,
    12,        13, 14, 15, 16, ['a'] = 11, 12, 13, 14, 15, 16,
};

static bool may_end_in_lf(const struct sw_body *body)
{
    return SW_LIMIT(body->limits, lenient) & SW_LENIENT_CHUNK_LF;
}

/* The error at a LF that does not end a line: BARE_LF unless SW_LENIENT_CHUNK_LF tolerates it. */
static enum sw_error misplaced(const struct sw_body *body, char c, enum sw_error error)
{
    return c == '\n' && !may_end_in_lf(body) ? SW_ERROR_BARE_LF : error;
}

/* Does the line end with this byte, or with the LF that must follow it?  DATA follows the line. */
static bool line_ends(struct sw_body *body, char c)
{
    if (c != '\r' && !(c == '\n' && may_end_in_lf(body)))
        return false;
    body->state = c == '\r' ? SIZE_LF : DATA;
    return true;
}

static inline bool is_space(const struct sw_body *body, char c)
{
    return (c == ' ' || c == '\t') && body->spaces != SPACES_NONE;
}

/* After the size and optional white space, after which the line may end only if that is tolerated.
 */
static enum sw_error size_end(struct sw_body *body, char c)
{
    bool spaced = body->state == SIZE_SPACE;

    if (c == ';')
        body->state = NAME_1;
    else if (is_space(body, c))
        body->state = SIZE_SPACE;
    else if ((spaced && body->spaces != SPACES_LAST) || !line_ends(body, c))
        return misplaced(body, c, SW_ERROR_BAD_CHUNK_SIZE);
    return SW_OK;
}

/* The size: up to 16 digits (64 bits), leading zeros counted.  RFC 9112 7.1. */
static enum sw_error size_byte(struct sw_body *body, char c)
{
    unsigned digit = digits[(unsigned char)c];

    if (digit != 0) {
        if (body->digits == MAX_DIGITS)
            return body->left >> 60 ? SW_ERROR_CHUNK_SIZE_OVERFLOW : SW_ERROR_CHUNK_SIZE_TOO_LONG;
        body->digits++;
        body->left = body->left << 4 | (digit - 1);
        return SW_OK;
    }
    if (body->digits == 0)
        return misplaced(body, c, SW_ERROR_BAD_CHUNK_SIZE);
    return size_end(body, c);
}

/* White space between the parts of an extension; what may follow depends on what came before it. */
static void extension_space(struct sw_body *body)
{
    if (body->state == NAME)
        body->state = NAME_SPACE;
    else if (body->state == VALUE || body->state == UNQUOTED)
        body->state = VALUE_SPACE;
}

/* A byte that is in neither a token nor a quoted string: it ends something or is an error. */
static enum sw_error extension_delimiter(struct sw_body *body, char c)
{
    bool spaced = body->state == NAME_SPACE || body->state == VALUE_SPACE;
    bool named = body->state == NAME || body->state == NAME_SPACE;
    bool valued = body->state == VALUE || body->state == UNQUOTED || body->state == VALUE_SPACE;

    if (c == ';' && (named || valued))
        body->state = NAME_1;
    else if (c == '=' && named)
        body->state = VALUE_1;
    else if (c == '"' && body->state == VALUE_1)
        body->state = QUOTED;
    else if (is_space(body, c))
        extension_space(body);
    else if (!(named || valued) || (spaced && body->spaces != SPACES_LAST) || !line_ends(body, c))
        return misplaced(body, c, SW_ERROR_BAD_CHUNK_EXTENSION);
    return SW_OK;
}

/*
 * `;name=value` and `;name="quoted"`, RFC 9112 7.1.1.  White space around ";" and "=" is taken in a
 * response, as RFC 9110 5.6.3 asks for.  In a request it is refused: no client sends it, and
 * implementations that disagree about it can be made to disagree about where a request ends.
 */
static enum sw_error extension_byte(struct sw_body *body, char c)
{
    if (body->state == QUOTED || body->state == ESCAPED) {
        if (!sw_byte_is(c, SW_BYTE_VALUE))
            return misplaced(body, c, SW_ERROR_BAD_CHUNK_EXTENSION);
        body->state = body->state == ESCAPED ? QUOTED
                      : c == '\\'            ? ESCAPED
                      : c == '"'             ? UNQUOTED
                                             : QUOTED;
        return SW_OK;
    }
    if (!sw_byte_is(c, SW_BYTE_TOKEN) || body->state == UNQUOTED || body->state == NAME_SPACE ||
        body->state == VALUE_SPACE)
        return extension_delimiter(body, c);
    body->state = body->state == NAME_1 ? NAME : body->state == VALUE_1 ? VALUE : body->state;
    return SW_OK;
}

static enum sw_error chunk_line_byte(struct sw_body *body, char c)
{
    enum sw_error error;

    if (body->state == SIZE_LF) {
        body->state = DATA;
        return c == '\n' ? SW_OK : SW_ERROR_BARE_CR;
    }
    if (body->state == SIZE) {
        error = size_byte(body, c);
        if (body->state == SIZE)
            return error;
    } else {
        error = body->state == SIZE_SPACE ? size_end(body, c) : extension_byte(body, c);
    }
    if (error == SW_OK && body->state < SIZE_LF) {
        if (body->extensions == SW_LIMIT(body->limits, chunk_extensions))
            return SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG;
        body->extensions++;
    }
    return error;
}

/*
 * A chunk line of n bytes is complete.  Many lines with little content are an attack on a limit of
 * content alone, so the bytes of lines beyond 16 for each byte of content are added up.
 */
static ptrdiff_t chunk_begin(struct sw_body *body, size_t n)
{
    uint64_t room = body->content_max - body->content;
    uint64_t cost = (uint64_t)body->overhead + n + 2;
    uint64_t free = body->left > UINT32_MAX / 16 ? UINT32_MAX : body->left * 16;

    body->at = 0;
    body->digits = 0;
    if (body->left == 0) {
        body->state = TRAILERS;
        return (ptrdiff_t)n;
    }
    if (body->left > room)
        return sw_body_fail(body, SW_ERROR_BODY_TOO_LARGE, 0);
    cost = cost > free ? cost - free : 0;
    if (cost > SW_LIMIT(body->limits, chunk_overhead))
        return sw_body_fail(body, SW_ERROR_CHUNK_OVERHEAD, 0);
    body->overhead = (uint32_t)cost;
    body->content += body->left;
    body->state = DATA;
    return (ptrdiff_t)n;
}

/* The extensions of the line of n bytes at buf, if it has any. */
static struct sw_span extensions_of(const char *buf, size_t n)
{
    const char *semicolon = memchr(buf, ';', n);
    size_t end = buf[n - 2] == '\r' ? n - 2 : n - 1;

    return semicolon ? (struct sw_span){semicolon, end - (size_t)(semicolon - buf)}
                     : (struct sw_span){0};
}

/* The length of the line at the front of buf if it is complete and only a size and CRLF, as nearly
   all are; else 0. */
static inline size_t plain_line(const char *buf, size_t len, uint64_t *size)
{
    size_t max = len < MAX_DIGITS ? len : MAX_DIGITS, n = 0;
    unsigned digit;

    for (*size = 0; n < max && (digit = digits[(unsigned char)buf[n]]) != 0; n++)
        *size = *size * 16 + digit - 1;
    return n != 0 && len - n >= 2 && memcmp(buf + n, "\r\n", 2) == 0 ? n + 2 : 0;
}

/* Parse a chunk line at the front of buf once it is complete. */
static ptrdiff_t chunk_line(struct sw_body *body, const char *buf, size_t len)
{
    if (body->at == 0) {
        size_t n = plain_line(buf, len, &body->left);
        if (n != 0)
            return chunk_begin(body, n);
        body->left = 0;
    }
    while (body->at < len) {
        enum sw_error error = chunk_line_byte(body, buf[body->at]);
        if (error != SW_OK)
            return sw_body_fail(body, error, error == SW_ERROR_BARE_CR ? body->at - 1 : body->at);
        body->at++;
        if (body->state == DATA) {
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

/* The CRLF after a chunk's data: exactly that, or LF with SW_LENIENT_CHUNK_LF.  At least one byte
   is available.  RFC 9112 7.1. */
static ptrdiff_t chunk_end(struct sw_body *body, const char *buf, size_t len)
{
    if (buf[0] == '\n' && may_end_in_lf(body)) {
        body->state = SIZE;
        return 1;
    }
    if (buf[0] != '\r')
        return sw_body_fail(body, SW_ERROR_BAD_CHUNK_END, 0);
    if (len > 1 && buf[1] != '\n')
        return sw_body_fail(body, SW_ERROR_BAD_CHUNK_END, 1);
    if (len < 2)
        return 0;
    body->state = SIZE;
    return 2;
}

static ptrdiff_t trailer_section(struct sw_body *body, const char *buf, size_t len)
{
    ptrdiff_t taken = sw_head_parse(body->trailers, buf, len);

    if (taken < 0)
        return sw_body_fail(body, (enum sw_error) - taken, body->trailers->error_at);
    if (taken > 0)
        body->state = DONE;
    return taken;
}

/* As far as buf[0..len) goes: the end of the chunk before, a chunk line, data. */
static NOINLINE ptrdiff_t chunked(struct sw_body *body, const char *buf, size_t len,
                                  struct sw_span *content)
{
    size_t used = 0;
    ptrdiff_t taken;

    SW_PATH(CHUNK_ANY);
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
    }
    return (ptrdiff_t)used;
}

static ptrdiff_t until_close(struct sw_body *body, const char *buf, size_t len,
                             struct sw_span *content)
{
    uint64_t room = body->content_max - body->content;

    if (len > room)
        return sw_body_fail(body, SW_ERROR_BODY_TOO_LARGE, (size_t)room);
    *content = (struct sw_span){buf, len};
    body->content += len;
    return (ptrdiff_t)len;
}

/* Whatever the framing is, and wherever in it buf begins. */
static NOINLINE ptrdiff_t next(struct sw_body *body, const char *buf, size_t len,
                               struct sw_span *content)
{
    size_t taken;

    *content = (struct sw_span){buf, 0};
    if (body->state == FAILED)
        return -(ptrdiff_t)body->error;
    if (body->state == DONE || len == 0)
        return 0;
    switch ((enum sw_framing)body->framing) {
    case SW_FRAMING_LENGTH:
        taken = take(body, buf, 0, len, content);
        body->content += taken;
        if (body->left == 0)
            body->state = DONE;
        return (ptrdiff_t)taken;
    case SW_FRAMING_CHUNKED:
        return body->state == TRAILERS ? trailer_section(body, buf, len)
                                       : chunked(body, buf, len, content);
    case SW_FRAMING_CLOSE:
        return until_close(body, buf, len, content);
    case SW_FRAMING_NONE:
    case SW_FRAMING_TUNNEL:
        break;
    }
    return 0;
}

/* ---- Plain chunks ---------------------------------------------------------------------------- */

/*
 * Fast path of chunked() for a chunk that lies complete in the buffer, with a line of a size and
 * CRLF and enough data for the line to count as no overhead.  It consumes the line, the data and
 * the CRLF after the data at once.  chunked() is the slow path: it handles all other chunks and
 * every error.
 */
static inline bool at_plain_chunk(const struct sw_body *body)
{
    return body->state == SIZE && body->at == 0 && body->overhead == 0;
}

/* With the CRLF after the data these are the 16 bytes that one byte of content allows. */
enum { PAID_LINE = 14 };

/*
 * Senders mostly use one chunk size, so the line is compared with the previous one: the branch is
 * predicted, and the next chunk does not wait for digits to become a number.  A line of up to eight
 * bytes is kept, shifted up so that the bytes after it are not compared.  While none is kept all is
 * zero, and eight NULs match a line of zero bytes.
 */
static inline size_t paid_line(struct sw_chunk_line *last, const char *buf, size_t len,
                               uint64_t *size)
{
    if (len >= 8 && sw_load8_little(buf) << last->shift == last->bytes) {
        SW_PATH_BY(CHUNK_SAME, last->len != 0);
        *size = last->size;
        return last->len;
    }
    size_t n = plain_line(buf, len, size);
    if (n != 0 && n <= 8 && len >= 8) {
        last->shift = (uint8_t)(64 - 8 * n);
        last->bytes = sw_load8_little(buf) << last->shift;
        last->len = (uint8_t)n;
        last->size = (uint32_t)*size;
    }
    return n <= PAID_LINE ? n : 0;
}

/* The length of the plain chunk at the front of buf, or 0. */
static inline size_t plain_chunk(struct sw_chunk_line *last, const char *buf, size_t len,
                                 uint64_t room, struct sw_span *content)
{
    uint64_t size;
    size_t n = paid_line(last, buf, len, &size);
    uint64_t end = n + size;

    if (n == 0)
        return 0; /* there may be no buffer at all, and C lets nothing be added to NULL */
    *content = (struct sw_span){buf + n, (size_t)size};
    /* Less one, because the last chunk is none of these. */
    if (size - 1 >= room || end + 2 > len || memcmp(buf + end, "\r\n", 2) != 0)
        return 0;
    SW_PATH(CHUNK_PLAIN);
    return (size_t)end + 2;
}

ptrdiff_t sw_body_next(struct sw_body *body, const char *buf, size_t len, struct sw_span *content)
{
    body->extension = (struct sw_span){0};
    if (at_plain_chunk(body)) {
        uint64_t room = body->content_max - body->content;
        size_t taken = plain_chunk(&body->line, buf, len, room, content);
        if (taken != 0) {
            body->content += content->n;
            return (ptrdiff_t)taken;
        }
    }
    return next(body, buf, len, content);
}

/* ---- In place -------------------------------------------------------------------------------- */

enum { FEW = 32 };

/* Move content down.  Few bytes go by one move of a fixed size, where what it reads too much is
   before the end of the buffer, and what it writes too much has been taken. */
static inline void move(char *to, struct sw_span content, const char *end)
{
    if (content.n <= FEW && end - content.p >= FEW && content.p + content.n - to >= FEW) {
        char few[FEW];
        memcpy(few, content.p, FEW);
        memcpy(to, few, FEW);
    } else {
        memmove(to, content.p, content.n);
    }
}

/* Take the plain chunks that come next in buf[from..len), and move their content to buf[*to..).
   Returns where they end. */
static NOINLINE size_t compact_plain(struct sw_body *body, char *buf, size_t from, size_t len,
                                     size_t *to)
{
    struct sw_chunk_line last = body->line;
    uint64_t room = body->content_max - body->content, left = room;
    char *out = buf + *to;
    struct sw_span content;
    size_t n;

    while ((n = plain_chunk(&last, buf + from, len - from, left, &content)) != 0) {
        move(out, content, buf + len);
        out += content.n;
        left -= content.n;
        from += n;
    }
    body->line = last;
    body->content += room - left;
    *to = (size_t)(out - buf);
    return from;
}

ptrdiff_t sw_body_compact(struct sw_body *body, char *buf, size_t *len)
{
    bool had_failed = body->state == FAILED;
    size_t from = 0, to = 0;
    struct sw_span content;
    ptrdiff_t taken;

    if (*len == 0)
        return sw_body_next(body, buf, 0, &content);
    do {
        if (at_plain_chunk(body))
            from = compact_plain(body, buf, from, *len, &to);
        taken = sw_body_next(body, buf + from, *len - from, &content);
        if (taken > 0) {
            memmove(buf + to, content.p, content.n);
            to += content.n;
            from += (size_t)taken;
        }
    } while (taken > 0);
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
        sw_body_fail(body, SW_ERROR_TRUNCATED, 0);
        return SW_ERROR_TRUNCATED;
    }
    body->state = DONE;
    return SW_OK;
}

bool sw_body_done(const struct sw_body *body)
{
    return body->state == DONE;
}
