/* write.c - heads, field lines and chunk heads, checked and put into the caller's memory. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bytes.h"
#include "shockwave_values.h"
#include "core/write.h"

/*
 * Each piece is checked, then reserved in full, then written: a refused piece leaves no bytes, and
 * bytes that could split a message are an error whether there is room for them or not.
 */

/* Not inlined: error paths stay out of the hot path. */
#define COLD __attribute__((cold, noinline))

static COLD void fail(struct sw_writer *out, enum sw_error error)
{
    if (out->error == SW_OK)
        out->error = (uint16_t)error;
}

/* Where the next n bytes go, taken from the room that is left; or NULL. */
static inline char *claim(struct sw_writer *out, size_t n)
{
    if (out->error != SW_OK || n > out->size - out->n) {
        fail(out, SW_ERROR_NO_ROOM);
        return NULL;
    }
    char *to = out->p + out->n;
    out->n += n;
    return to;
}

/*
 * Nearly all pieces are short.  Moves of a fixed size, the last of which may overlap the one
 * before, cost a fraction of a call of memcpy() and touch no byte outside.  This variant is for
 * more than 32 bytes, and pays only for precompiled responses.
 */
static inline void copy_response(char *to, const char *from, size_t n)
{
    if (n > 128) {
        memcpy(to, from, n);
        return;
    }
    memcpy(to, from, 32);
    if (n > 64) {
        memcpy(to + 32, from + 32, 32);
        if (n > 96)
            memcpy(to + 64, from + 64, 32);
    }
    memcpy(to + n - 32, from + n - 32, 32);
}

static inline void copy(char *to, const char *from, size_t n)
{
    if (n > 32) {
        memcpy(to, from, n);
    } else if (n >= 16) {
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else if (n != 0) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
}

/* Returns the end of the copy. */
static inline char *put(char *to, const char *from, size_t n)
{
    if (n > 32)
        copy_response(to, from, n);
    else
        copy(to, from, n);
    return to + n;
}

void sw_write_any_bytes(struct sw_writer *out, const char *bytes, size_t n)
{
    /* n == 0 wraps, and is handled as too many. */
    if (out->error != SW_OK || n - 1 >= out->size - out->n) {
        if (n != 0)
            fail(out, SW_ERROR_NO_ROOM);
        return;
    }
    char *to = out->p + out->n;
    out->n += n;
    put(to, bytes, n);
}

void sw_write_end(struct sw_writer *out)
{
    char *to = claim(out, 2);

    if (to != NULL)
        memcpy(to, "\r\n", 2);
    out->framed = 0;
}

/* ---- Numbers -------------------------------------------------------------------------------- */

static unsigned decimal_len(uint64_t number)
{
    unsigned n = 1;

    for (; number >= 10000; number /= 10000)
        n += 4;
    return n + (number >= 10) + (number >= 100) + (number >= 1000);
}

/* Two digits at a time, the last ones first. */
static void put_decimal(char *end, uint64_t number)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";

    for (; number >= 100; number /= 100)
        memcpy(end -= 2, &pairs[number % 100 * 2], 2);
    if (number >= 10)
        memcpy(end - 2, &pairs[number * 2], 2);
    else
        end[-1] = (char)('0' + number);
}

void sw_write_chunk(struct sw_writer *out, uint64_t size)
{
    size_t n = (size_t)(67 - __builtin_clzll(size | 1)) / 4;
    char *to = claim(out, n + 2);

    if (to == NULL)
        return;
    memcpy(to + n, "\r\n", 2);
    for (; n-- > 0; size >>= 4)
        to[n] = "0123456789abcdef"[size & 15];
}

/* ---- Start lines ---------------------------------------------------------------------------- */

void sw_write_status(struct sw_writer *out, unsigned code)
{
    unsigned id = sw_status_id(code);

    if (id != 0) {
        sw_write_bytes(out, sw_status_infos[id].line, sw_status_infos[id].line_len);
    } else if (code >= 100 && code <= 999) {
        char *to = claim(out, 15);

        if (to == NULL)
            return;
        memcpy(to, "HTTP/1.1 ... \r\n", 15);
        put_decimal(to + 12, code);
    } else {
        fail(out, SW_ERROR_MISUSE);
    }
}

/* Does the form of the target fit the method?  RFC 9112 3.2. */
static bool target_fits(enum sw_method method, struct sw_span text, uint32_t lenient)
{
    struct sw_target target;

    if (!sw_target_parse_lenient(text, lenient, &target))
        return false;
    if (target.form == SW_TARGET_ASTERISK)
        return sw_method_names[method].flags & SW_METHOD_F_ASTERISK;
    return (target.form == SW_TARGET_AUTHORITY) == (method == SW_METHOD_CONNECT);
}

static void write_request(struct sw_writer *out, enum sw_method method, struct sw_span token,
                          struct sw_span target, uint32_t lenient)
{
    static const char version[11] = " HTTP/1.1\r\n";

    if ((sw_method_names[method].flags & SW_METHOD_F_PREFACE) != 0) {
        fail(out, SW_ERROR_BAD_METHOD);
        return;
    }
    if (!target_fits(method, target, lenient)) {
        fail(out, SW_ERROR_BAD_OUT_TARGET);
        return;
    }
    char *to = claim(out, token.n + 1 + target.n + sizeof version);
    if (to == NULL)
        return;
    copy(to, token.p, token.n);
    to += token.n;
    *to++ = ' ';
    copy(to, target.p, target.n);
    memcpy(to + target.n, version, sizeof version);
}

void sw_write_request(struct sw_writer *out, enum sw_method method, struct sw_span target)
{
    sw_write_request_lenient(out, method, target, 0);
}

void sw_write_request_lenient(struct sw_writer *out, enum sw_method method, struct sw_span target,
                              uint32_t lenient)
{
    if (method == SW_METHOD_OTHER || method >= SW_METHOD_COUNT) {
        fail(out, SW_ERROR_BAD_METHOD);
        return;
    }
    const struct sw_name *name = &sw_method_names[method];
    write_request(out, method, (struct sw_span){name->text, name->len}, target, lenient);
}

static bool is_all(struct sw_span span, unsigned classes)
{
    size_t at = 0;

    while (at < span.n && sw_byte_is(span.p[at], classes))
        at++;
    return at == span.n;
}

static bool is_token(struct sw_span span)
{
    return span.n != 0 && is_all(span, SW_BYTE_TOKEN);
}

void sw_write_request_named(struct sw_writer *out, struct sw_span method, struct sw_span target)
{
    enum sw_method id = SW_METHOD_COUNT;

    if (!is_token(method)) {
        fail(out, SW_ERROR_BAD_METHOD);
        return;
    }
    /* The scanner needs a space after the token, which a span does not guarantee. */
    while (--id != SW_METHOD_OTHER)
        if (sw_method_names[id].len == method.n &&
            memcmp(sw_method_names[id].text, method.p, method.n) == 0)
            break;
    write_request(out, id, method, target, 0);
}

/* ---- Field lines ---------------------------------------------------------------------------- */

/* One to seven bytes as a word that contains only these bytes, some more than once. */
static inline uint64_t load_few(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    uint32_t low, high;

    if (n < 4) {
        low = (uint32_t)u[0] << 24 | (uint32_t)u[0] << 16 | (uint32_t)u[n / 2] << 8 | u[n - 1];
        high = low;
    } else {
        low = sw_load4(p);
        high = sw_load4(p + n - 4);
    }
    return (uint64_t)high << 32 | low;
}

/* Not 0 if one of eight bytes is a control, DEL or obs-text.  What a difference borrows from the
   next byte, or a sum carries into it, stems from a byte that is such a one itself. */
static inline uint64_t doubt(uint64_t word)
{
    const uint64_t each = UINT64_MAX / 255;

    return ((word - each * ' ') | (word + each)) & each * 0x80;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A field-value.  All that is printable ASCII is known in words; HTAB and obs-text, which are rare,
   and what is wrong, are looked at byte by byte.  RFC 9110 5.5. */
static inline bool is_value(struct sw_span value)
{
    const char *p = value.p;
    size_t n = value.n;
    uint64_t doubts;

    if (n == 0)
        return true;
    if (is_blank(p[0]) || is_blank(p[n - 1]))
        return false;
    if (n < 8) {
        doubts = doubt(load_few(p, n));
    } else {
        doubts = doubt(sw_load8(p + n - 8));
        for (size_t at = 0; at + 8 < n; at += 8)
            doubts |= doubt(sw_load8(p + at));
    }
    return doubts == 0 || is_all(value, SW_BYTE_VALUE);
}

/* Does the connection that began this head write the field itself? */
static COLD bool is_owned(const struct sw_writer *out, enum sw_header id)
{
    switch (id) {
    case SW_HEADER_CONNECTION:
    case SW_HEADER_KEEP_ALIVE:
    case SW_HEADER_PROXY_CONNECTION:
        return true;
    case SW_HEADER_DATE:
        return out->framed == SW_FRAMED_DATED;
    default:
        return (sw_header_names[id].flags & SW_HEADER_F_FRAMING) != 0;
    }
}

/* The spelling of a name, empty if the grammar has none. */
static inline struct sw_span spelling(enum sw_header id)
{
    const struct sw_name *name = &sw_header_names[id < SW_HEADER_COUNT ? id : SW_HEADER_OTHER];

    return (struct sw_span){name->text, name->len};
}

/* Writes a field line except its value of n bytes; returns where the value goes, or NULL. */
static inline char *claim_field(struct sw_writer *out, enum sw_header id, struct sw_span name,
                                size_t n)
{
    char *to = NULL;

    if (name.n == 0)
        fail(out, SW_ERROR_BAD_OUT_NAME);
    else if (out->framed != 0 && is_owned(out, id))
        fail(out, SW_ERROR_BAD_OUT_FRAMING);
    else
        to = claim(out, name.n + 2 + n + 2);
    if (to == NULL)
        return NULL;
    copy(to, name.p, name.n);
    to += name.n;
    memcpy(to, ": ", 2);
    memcpy(to + 2 + n, "\r\n", 2);
    return to + 2;
}

static void write_field(struct sw_writer *out, enum sw_header id, struct sw_span name,
                        struct sw_span value)
{
    char *to;

    if (!is_value(value))
        fail(out, SW_ERROR_BAD_OUT_VALUE);
    else if ((to = claim_field(out, id, name, value.n)) != NULL)
        copy(to, value.p, value.n);
}

void sw_write_field(struct sw_writer *out, enum sw_header id, struct sw_span value)
{
    write_field(out, id, spelling(id), value);
}

void sw_write_field_named(struct sw_writer *out, struct sw_span name, struct sw_span value)
{
    enum sw_header id = SW_HEADER_OTHER;

    if (!is_token(name)) {
        fail(out, SW_ERROR_BAD_OUT_NAME);
        return;
    }
    if (out->framed != 0) /* only then does it matter what the name means */
        id = sw_header_find(name.p, name.n);
    write_field(out, id, name, value);
}

void sw_write_number(struct sw_writer *out, enum sw_header id, uint64_t number)
{
    unsigned n = decimal_len(number);
    char *to = claim_field(out, id, spelling(id), n);

    if (to != NULL)
        put_decimal(to + n, number);
}

void sw_write_length(struct sw_writer *out, uint64_t length)
{
    static const char name[16] = "Content-Length: ";
    unsigned n = decimal_len(length);

    if (out->framed != 0) {
        fail(out, SW_ERROR_BAD_OUT_FRAMING);
        return;
    }
    char *to = claim(out, sizeof name + n + 2);
    if (to == NULL)
        return;
    memcpy(to, name, sizeof name);
    put_decimal(to + sizeof name + n, length);
    memcpy(to + sizeof name + n, "\r\n", 2);
}

/* ---- The Date line -------------------------------------------------------------------------- */

enum { DATE_LINE = 6 + SW_DATE_LEN + 2 };

void sw_date_set(struct sw_date *date, int64_t second)
{
    if (date->second == second && date->line[0] != 0)
        return;
    date->second = second;
    memcpy(date->line, "Date: ", 6);
    sw_date_format(second, date->line + 6);
    memcpy(date->line + 6 + SW_DATE_LEN, "\r\n", 2);
}

void sw_write_date(struct sw_writer *out, const struct sw_date *date)
{
    if (date->line[0] == 0)
        return;
    if (out->framed != 0 && is_owned(out, SW_HEADER_DATE)) {
        fail(out, SW_ERROR_BAD_OUT_FRAMING);
        return;
    }
    char *to = claim(out, DATE_LINE);
    if (to != NULL)
        memcpy(to, date->line, DATE_LINE);
}

/* ---- A reply in one piece ------------------------------------------------------------------- */

bool sw_write_simple_reply(struct sw_writer *out, const struct sw_simple_reply *reply)
{
    static const char length_is[16] = "Content-Length: ", type_is[16] = "\r\nContent-Type: ";
    const struct sw_status_info *info = sw_status_find(reply->status);
    const struct sw_span type = reply->type, body = reply->body;

    if (info == NULL || reply->date->line[0] == 0 || !is_value(type))
        return false;
    size_t room = out->size - out->n, digits = decimal_len(body.n), line = info->line_len;
    size_t head = line + DATE_LINE + sizeof length_is + digits + sizeof type_is + type.n + 4;
    if (out->error != SW_OK || out->framed != 0 || room < head || room - head < body.n)
        return false;
    char *to = put(out->p + out->n, info->line, line);
    to = put(to, reply->date->line, DATE_LINE);
    to = put(to, length_is, sizeof length_is) + digits;
    put_decimal(to, body.n);
    if (type.n != 0)
        to = put(put(to, type_is, sizeof type_is), type.p, type.n);
    to = put(put(to, "\r\n\r\n", 4), body.p, body.n);
    out->n = (size_t)(to - out->p);
    return true;
}
