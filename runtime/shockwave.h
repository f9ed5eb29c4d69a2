/* shockwave.h - the HTTP/1.1 engine without I/O: bytes in, events out, bytes to send. */
/* SPDX-License-Identifier: MIT */
#ifndef SHOCKWAVE_H
#define SHOCKWAVE_H

/*
 * This header is the manual; read it from top to bottom.
 *
 *   Words         methods, statuses, field names and errors, from grammar/
 *   Limits        what a peer may cost, and what a parser may tolerate
 *   Heads         start line and fields, parsed where they lie
 *   Bodies        the framing of a message, and its content
 *   Writing       heads and framing into the caller's memory
 *   Connections   one peer, either role: all of the above in order
 *   Pools         fixed slabs over the caller's memory
 *
 * Nothing here allocates, blocks, locks, logs or calls anything but memcpy, memmove, memset,
 * memcmp and memchr.  A struct belongs to one thread at a time; different ones are independent.
 * All structs are public, so that callers can place them; members called private are for the
 * library alone.  Typed field values (dates, cookies, ranges, ...) are in shockwave_values.h.
 *
 *   span       bytes by address and number: they belong to the caller and are not copied
 *   head       start line and field section of a message; a trailer section is parsed like one
 *   field      one field line; id: its name as a number, SW_HEADER_OTHER if the grammar lacks it
 *   framing    how the end of a body is known: Content-Length, chunked, end of the connection
 *   interim    a response 1xx, which precedes the final one; RFC 9110 15.2
 *   lenient    tolerating, per flag, what a strict parser refuses
 *   discard    to read content that no handler wants, so that the connection can persist
 *   linger     to read on for a bounded time after the last response; RFC 9112 9.6
 *   tunnel     bytes that are not HTTP, after 101 or a granted CONNECT
 *
 * Spans and offsets point into the caller's buffer, and are valid as long as its bytes stay there.
 * Zero is the harmless value everywhere: a zeroed limit is the default, a zeroed flag is strict.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shockwave_words.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A run of bytes that belongs to the caller. */
struct sw_span {
    const char *p;
    size_t n;
};

/* A string literal as a span, without its NUL; nothing else compiles. */
#define SW_SPAN(literal) ((struct sw_span){"" literal "", sizeof(literal) - 1})

/* An array of characters that ends with a NUL, without that; a pointer does not compile (in C). */
#define SW_SPAN_ARRAY(array) ((struct sw_span){(array), sizeof(array) - SW_ONE_OF_ARRAY(array)})
/* clang-format off */
#define SW_ONE_OF_ARRAY(a) sizeof(char[_Generic(&(a), char **: -1, const char **: -1, default: 1)])
/* clang-format on */

/* A string that ends with a NUL, of any length.  Needs a pass over its bytes. */
static inline struct sw_span sw_span_of(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    return (struct sw_span){text, n};
}

/* ---- Words ---------------------------------------------------------------------------------- */

/*
 * shockwave_words.h is generated from grammar/: enum sw_method, sw_status, sw_header, sw_error, and
 * the tables sw_method_names, sw_header_names, sw_status_infos, sw_error_infos, sw_media_infos.  A
 * word that the grammar does not know is not an error: it has the id 0 (SW_METHOD_OTHER,
 * SW_HEADER_OTHER).
 */

/*
 * The id of a method.  `token` is made of token bytes and followed, inside the buffer, by a space,
 * which is the last byte read.  Case counts.  RFC 9110 9.1.
 */
enum sw_method sw_method_scan(const char *token);

/* The id of a field name of `len` token bytes, in any case of letters.  RFC 9110 5.1. */
enum sw_header sw_header_find(const char *name, size_t len);

/* A status line up to its reason phrase. */
struct sw_status_line {
    uint16_t code;  /* 0 to 999, as written */
    uint8_t id;     /* index in sw_status_infos, 0 for a code that the grammar does not name */
    uint8_t minor;  /* of HTTP/1.minor */
    uint8_t reason; /* offset of the reason phrase: 13, or 12 where CR follows the code */
};

/*
 * Parse the status line at `line` up to its reason phrase.  The buffer must contain a CR at or
 * after `line`; no byte after the first CR is read.  Returns the code and fills in `out`, or -1
 * unless the line begins with HTTP/1.x, a space, three digits and a space or CR.  The reason is not
 * validated. RFC 9112 4.
 */
int sw_status_scan(const char *line, struct sw_status_line *out);

/* The media type of a file, by the suffix of its name or path, case-insensitive.  Never NULL. */
const struct sw_media_info *sw_media_find(struct sw_span name);

/* The version of these headers and archives, as defined by https://semver.org. */
#define SW_VERSION_MAJOR 0
#define SW_VERSION_MINOR 1
#define SW_VERSION_PATCH 0
#define SW_VERSION       "0.1.0-dev"

/* ---- Limits --------------------------------------------------------------------------------- */

/*
 * What one peer may cost.  A member that is 0 means its default, which its comment gives, as it
 * does the error.  Limits are inclusive, and checked at each byte: an error is at the byte that
 * exceeds the limit, not at the end of the line (but the size of a chunk is checked when its line
 * is complete).  A value over the "max" counts as the max; a server refuses it at start.
 */
struct sw_limits {
    uint32_t method;           /* bytes; 32; METHOD_TOO_LONG */
    uint32_t target;           /* bytes; 8192; TARGET_TOO_LONG */
    uint32_t empty_lines;      /* before a start line, max 255; 4; TOO_MANY_EMPTY_LINES */
    uint32_t field_name;       /* bytes, max 65535; 256; FIELD_NAME_TOO_LONG */
    uint32_t field_line;       /* bytes without CRLF; 8192; FIELD_LINE_TOO_LONG */
    uint32_t fields;           /* max 65535; 128, or the room: 32 in a struct sw_head, 128 in a
                                  struct sw_message, and sw_head_attach_fields(); TOO_MANY_FIELDS */
    uint32_t head;             /* bytes, empty lines before it included; 16384; HEAD_TOO_LARGE */
    uint64_t body;             /* bytes of content; 1 GiB; BODY_TOO_LARGE */
    uint32_t chunk_extensions; /* bytes over one message; 4096; CHUNK_EXTENSIONS_TOO_LONG */
    uint32_t chunk_overhead; /* framing over 16 bytes per byte of content; 16384; CHUNK_OVERHEAD */
    uint32_t trailers; /* fields in a trailer section; 32, which is the room of a struct sw_head
                          (more with sw_head_attach_fields() after sw_body_begin()); a server:
                          max 32; TOO_MANY_TRAILERS */
    uint32_t trailer_bytes; /* of the section; 8192; TRAILERS_TOO_LARGE */
    uint32_t discard;  /* bytes of unread content, read so that the connection persists; 65536 */
    uint32_t pipeline; /* pending requests of a client, max 32; 16; PIPELINE_TOO_DEEP */
    uint32_t lenient;  /* enum sw_lenient, or'ed; none */
    uint32_t schemes;  /* enum sw_scheme, or'ed; SW_SCHEME_HTTP; BAD_TARGET_SCHEME */
};

/*
 * The schemes that the absolute-form target of a request may have: those whose requirements the
 * connection meets.  An https resource requires TLS, so its request is misdirected (421) elsewhere.
 * Set HTTPS alone on a TLS connection, both where a trusted proxy ends TLS.  RFC 9110 4.2, 7.4.
 */
enum sw_scheme {
    SW_SCHEME_HTTP = 1,
    SW_SCHEME_HTTPS = 2,
    SW_SCHEME_OTHER = 4, /* any other scheme with an authority: for a proxy that supports it */
};

/*
 * As a limit: nothing is allowed (no trailers, chunk extensions, empty lines or content, for
 * example), and no limit.  `body`, too, cannot be these two numbers of bytes.
 */
#define SW_LIMIT_ZERO UINT32_C(0xfffffffe)
#define SW_LIMIT_NONE UINT32_C(0xffffffff)

/* Every default, as a limit. */
extern const struct sw_limits sw_limits_default;

/*
 * What a parser may tolerate for the sake of old peers.  Each flag permits the attack named beside
 * it: a proxy that parses the same deviation differently can be made to disagree
 * about where a message ends (request smuggling).  Flags combine within a line.  Where each
 * applies:
 *
 *     place                         OBS_FOLD  NO_REASON  BARE_LF  LINE_SPACES  TARGET  CHUNK_LF
 *     request: empty lines before      -          -        yes         -          -        -
 *     request line                     -          -        yes        yes        yes       -
 *     status line                      -         yes       yes         -          -        -
 *     field line of a request          -          -        yes         -          -        -
 *     field line of a response        yes         -        yes         -          -        -
 *     empty line after the fields      -          -        yes         -          -        -
 *     chunk line, its extensions       -          -         -          -          -       yes
 *     line break after chunk data      -          -         -          -          -       yes
 *     trailer field of a request       -          -         -          -          -       yes
 *     trailer field of a response     yes         -         -          -          -       yes
 *     empty line after trailers        -          -         -          -          -       yes
 *
 *     place, in a response           TRAILERS  VALUE_BYTES  EMPTY_LINES  CHUNK_SPACES  CODINGS
 *     before the status line             -          -           yes           -           -
 *     value of a field                   -         yes           -            -           -
 *     Transfer-Encoding                  -          -            -            -          yes
 *     chunk line                         -          -            -           yes          -
 *     trailer field                     yes        yes           -            -           -
 *
 * A trailer section that is parsed without a body counts as that of a response.
 */
enum sw_lenient {
    SW_LENIENT_OBS_FOLD = 1, /* A field line may go on in the next line.  The fold is overwritten by
                                spaces, so the buffer must be writable.  Attack: a peer that reads
                                the second line as a field of its own.  RFC 9112 5.2. */
    SW_LENIENT_NO_REASON = 2, /* `HTTP/1.1 200` and the line's end, without the space.  Attack: none
                                 known; proxies may refuse the message.  RFC 9112 4. */
    SW_LENIENT_BARE_LF = 4,   /* A line may end in LF alone.  Attack: request smuggling past a
                                 proxy that reads the LF as part of a value.  RFC 9112 2.2. */
    SW_LENIENT_LINE_SPACES = 8, /* Spaces after the version.  Attack: smuggling past a proxy that
                                   reads the version from the last word of the line.  RFC 9112 3. */
    SW_LENIENT_TARGET = 16, /* What browsers send: `" < > [ ] \ ^ ` { | }` and bytes above 127 in a
                               path or query, and in a query, but not in a path, a percent sign
                               without its two hex digits.  Attack: a filter in front that
                               normalizes the target reads another one.  RFC 3986 2.1, 3.4. */
    SW_LENIENT_CHUNK_LF = 32, /* A line of chunked framing may end in LF alone.  Attack: request
                                 smuggling past a proxy that looks for CRLF, in use against real
                                 servers: not for connections that a proxy shares between clients.
                                 RFC 9112 7.1. */

    /* In responses only: what real servers send, and curl and browsers take. */
    SW_LENIENT_TRAILERS = 64, /* A field that does not belong in a trailer section is dropped from
                                 it; a framing field still fails the message.  Attack: a later
                                 reader that merges the section into the head, if a proxy passes
                                 its bytes on instead of the fields.  RFC 9110 6.5.1. */
    SW_LENIENT_VALUE_BYTES = 128, /* A field value may contain control bytes, but not NUL, CR or LF.
                                     Attack: on a later reader of the value: a log, a terminal, a
                                     parser that takes VT or FF for white space.  RFC 9110 5.5. */
    SW_LENIENT_EMPTY_LINES = 256, /* Empty lines before a status line, up to limits.empty_lines,
                                     also where no request is pending.  Attack: response splitting
                                     is detected later if the extra bytes begin with one. */
    SW_LENIENT_CHUNK_SPACES = 512, /* White space before the end of a chunk line, as padding of the
                                      size.  Attack: none known; proxies may refuse the message. */
    SW_LENIENT_CODINGS = 1024, /* Transfer codings other than chunked.  The content is given as it
                                  came: the caller undoes what Transfer-Encoding names, the last
                                  one first, but for a chunked that is the last.  Without that the
                                  content ends with the connection.  Attack: a filter that does
                                  not undo them does not see the content.  RFC 9112 6.3 rule 4. */
};

/* ---- Heads ---------------------------------------------------------------------------------- */

/* The kind of head: which start line precedes the field section. */
enum sw_kind {
    SW_REQUEST = 0,
    SW_RESPONSE,
    SW_TRAILERS, /* no start line; forbidden fields refused or dropped, RFC 9110 6.5.1 */
};

enum {
    SW_FIELDS_INLINE = 32,   /* in a struct sw_head */
    SW_FIELDS_DEFAULT = 128, /* what limits.fields is when it is 0, and in a struct sw_message */
};

/* One field line.  Offsets count from the first byte that was passed to sw_head_parse(). */
struct sw_field {
    uint32_t name;
    uint16_t name_len;
    uint16_t id;    /* enum sw_header */
    uint32_t value; /* without the white space around it */
    uint32_t value_len;
};

/*
 * A head: 96 bytes of summary, the index by id, and 32 fields; about 1.3 KiB, in cache lines.
 * It holds no pointer into the buffer, so the buffer may move between calls.
 */
struct sw_head {
    uint16_t method;    /* enum sw_method; requests */
    uint16_t status;    /* the code, 100 to 999; responses */
    uint16_t status_id; /* index in sw_status_infos; responses */
    uint16_t error;     /* enum sw_error */
    uint32_t start;     /* offset of the start line, after skipped empty lines */
    union {
        uint32_t target, reason; /* offset: of a request's target, of a response's reason phrase */
    };
    union {
        uint32_t target_len, reason_len;
    };
    uint32_t field_count;
    uint32_t length; /* bytes of the head, empty lines before it included; 0 until it is complete */
    union {
        uint32_t parsed;   /* bytes parsed so far, while there is no error */
        uint32_t error_at; /* after an error: offset of the byte that broke the rule */
        uint32_t at;       /* private: the parser's name for both */
    };
    uint8_t minor; /* of HTTP/1.minor; 2 and more are to be treated as 1 */
    uint8_t state; /* private, to the end, but for kind and fields */
    uint8_t empty_lines;
    bool repeats;
    uint32_t line, mark;
    uint8_t kind;    /* enum sw_kind; sw_head_reset() zeroes all members before it */
    bool of_request; /* private: these are the trailers of a request */
    uint16_t first, more_count;
    struct sw_field *more;
    const struct sw_limits *limits;
    struct {
        uint32_t method, target, line, head;
        uint16_t name, fields;
        uint16_t offset, fast_fields; /* fast path: max offset; fields taken without checks, or 0 */
    } max;                            /* the limits, defaults filled in */
    uint16_t slot[(SW_HEADER_COUNT + 31) / 32 * 32 + 16]; /* filled up to a cache line */
    struct sw_field fields[SW_FIELDS_INLINE];
};

/*
 * Prepare a head, once; `limits` may be NULL and must outlive it.  To read the next message with
 * the same one, sw_head_reset() is enough, and takes constant time.
 */
void sw_head_init(struct sw_head *head, enum sw_kind kind, const struct sw_limits *limits);
void sw_head_reset(struct sw_head *head);

/* Attach room for `count` more fields than 32.  It is the caller's and must outlive the head. */
void sw_head_attach_fields(struct sw_head *head, struct sw_field *more, size_t count);

/*
 * Parse the head at buf[0..len).  Returns its length when it is complete, 0 if more bytes are
 * needed, or a negated enum sw_error with head->error_at on the byte that broke the rule.  After 0,
 * call again with the same bytes (moved or not) and more after them: the work is linear in the
 * bytes, and the result does not depend on how they were split.  An error is final.  RFC 9112 2 to
 * 5; a request's target and Host are checked as well (3.2).  Never reads outside buf[0..len).
 */
ptrdiff_t sw_head_parse(struct sw_head *head, const char *buf, size_t len);

/*
 * The implementation of the fast path: "portable", "sse42", "avx2", "avx512" or "neon"; initially
 * the best one for this CPU.  All give the same results.  With a name, that one is used from now
 * on, in all threads; NULL, and nothing changes, if the CPU does not support it.  For tests.
 */
const char *sw_head_variant(const char *name);

/* The status of the response to a head that failed: 400, 414, 421, 431, 501 or 505; 400 for each
   error in a response or a trailer section, which a gateway reports as 502. */
unsigned sw_head_error_status(const struct sw_head *head);

/* The i-th field line, in the order of arrival; i < field_count. */
static inline const struct sw_field *sw_head_at(const struct sw_head *head, size_t i)
{
    return i < SW_FIELDS_INLINE ? &head->fields[i] : &head->more[i - SW_FIELDS_INLINE];
}

/* The first field with this id, or NULL: one load, no search.  Not for SW_HEADER_OTHER. */
static inline const struct sw_field *sw_head_field(const struct sw_head *head, enum sw_header id)
{
    uint16_t i = (uint16_t)(head->slot[id] - head->first);
    if (i >= head->field_count)
        return NULL;
    const struct sw_field *field = sw_head_at(head, i);
    return field->id == id ? field : NULL;
}

/* The next field with the id of `field`, which is one of this head, or NULL. */
const struct sw_field *sw_head_next_field(const struct sw_head *head, const struct sw_field *field);

/* The first field with this name, letters in either case, or NULL.  A linear search, for names that
   the grammar does not know. */
const struct sw_field *sw_head_field_named(const struct sw_head *head, const char *buf,
                                           struct sw_span name);

/* Its parts, in place.  `buf` is the buffer of sw_head_parse(), which may have moved since. */
static inline struct sw_span sw_field_name(const struct sw_field *field, const char *buf)
{
    return (struct sw_span){buf + field->name, field->name_len};
}

static inline struct sw_span sw_field_value(const struct sw_field *field, const char *buf)
{
    return (struct sw_span){buf + field->value, field->value_len};
}

static inline struct sw_span sw_head_method(const struct sw_head *head, const char *buf)
{
    return (struct sw_span){buf + head->start, head->target - 1 - head->start};
}

static inline struct sw_span sw_head_target(const struct sw_head *head, const char *buf)
{
    return (struct sw_span){buf + head->target, head->target_len};
}

static inline struct sw_span sw_head_reason(const struct sw_head *head, const char *buf)
{
    return (struct sw_span){buf + head->reason, head->reason_len};
}

/* What all lines of Connection together ask for, or'ed.  RFC 9110 7.6.1. */
enum sw_option {
    SW_OPTION_CLOSE = 1,
    SW_OPTION_KEEP_ALIVE = 2,
    SW_OPTION_UPGRADE = 4,
};
unsigned sw_head_options(const struct sw_head *head, const char *buf);

/* Does the head allow the connection to persist after this message?  RFC 9112 9.3. */
bool sw_head_keep_alive(const struct sw_head *head, const char *buf);

/* Does a request wait for 100 (Continue)?  Never before HTTP/1.1.  RFC 9110 10.1.1. */
bool sw_head_expects_continue(const struct sw_head *head, const char *buf);

/*
 * Does the 101 at `head` switch to what was offered?  `offered` is the value of the request's
 * Upgrade, as given to sw_conn_offer(): `name` or `name/version`, or a list of them.  True if the
 * Upgrade of the response names at least one protocol and none that was not offered: names in
 * either case of letters, versions byte for byte.  `protocol`, unless NULL, is then the last one
 * named, which is the topmost layer; it points into `buf`.  After false, what follows is unknown:
 * close.  RFC 9110 7.8.
 */
bool sw_head_switches_to(const struct sw_head *head, const char *buf, struct sw_span offered,
                         struct sw_span *protocol);

/* ---- Bodies --------------------------------------------------------------------------------- */

/* How the end of a body is known.  RFC 9112 6.3. */
enum sw_framing {
    SW_FRAMING_NONE = 0, /* there is no body */
    SW_FRAMING_LENGTH,   /* by Content-Length */
    SW_FRAMING_CHUNKED,  /* by the last chunk */
    SW_FRAMING_CLOSE,    /* by the end of the connection; responses only */
    SW_FRAMING_TUNNEL,   /* there is no end: what follows is not HTTP (101, 2xx to CONNECT) */
};

/* Private: the last chunk line, to recognize an equal one. */
struct sw_chunk_line {
    uint64_t bytes;
    uint32_t size;
    uint8_t len, shift;
};

/* How far a body has come. */
struct sw_body {
    uint64_t left;            /* of Content-Length or of this chunk, not yet taken */
    uint64_t content;         /* bytes of content taken or announced by chunk heads so far */
    struct sw_span extension; /* `;name=value...` of the chunk begun by the last call, or empty */
    struct sw_head *trailers; /* where trailer fields go */
    uint32_t error_at;        /* offset of an error in the bytes of the call that returned it */
    uint16_t error;           /* enum sw_error */
    uint8_t framing;          /* enum sw_framing */
    uint8_t state;            /* private, to the end */
    uint32_t overhead, extensions, at;
    uint8_t digits, spaces;
    bool of_response;
    struct sw_chunk_line line;
    const struct sw_limits *limits;
    uint64_t content_max; /* limits->body, resolved */
};

/*
 * Determine the framing of the message after a complete head, and begin its body.  For a response,
 * `request` is the method of its request (SW_METHOD_OTHER for any but HEAD and CONNECT).  The
 * trailer section of a chunked body goes into `trailers`, another head than `head`, prepared
 * when it is needed.  Returns SW_OK or why the message must be refused; body->error_at is then the
 * offset in the head. In a response that has no body (to HEAD or granted CONNECT, 1xx, 204, 304)
 * the framing fields are not looked at, however wrong.  A CONNECT request with content is
 * CONNECT_CONTENT.
 */
enum sw_error sw_body_begin(struct sw_body *body, const struct sw_head *head, const char *buf,
                            enum sw_method request, struct sw_head *trailers);

/*
 * Take the next run of content from buf[0..len), and the framing before and after it: `content`
 * points into buf, and is empty when only framing was read.  Returns the bytes to drop from the
 * front, 0 if more bytes are needed (or none: see sw_body_done), or a negated enum sw_error.
 * After 0, call again with the same bytes and more.  Bytes after the body are not touched.
 * RFC 9112 7.1.
 */
ptrdiff_t sw_body_next(struct sw_body *body, const char *buf, size_t len, struct sw_span *content);

/*
 * The same, in place: take all of the body that buf[0..*len) holds, and move its content together
 * at the front of buf.  Returns the bytes taken, and sets *len to the bytes of content; the bytes
 * between the two are unspecified.
 */
ptrdiff_t sw_body_compact(struct sw_body *body, char *buf, size_t *len);

/* The status for a body that failed: that of the error in a request, 400 in a response. */
unsigned sw_body_error_status(const struct sw_body *body);

/* The peer has closed: SW_OK if the body may end so, else SW_ERROR_TRUNCATED. */
enum sw_error sw_body_eof(struct sw_body *body);

/* Has all of it been taken, trailer section included?  Trailers are in body->trailers (NULL unless
   it was chunked), with offsets into the buffer of the call that ended the body. */
bool sw_body_done(const struct sw_body *body);

/* ---- Writing -------------------------------------------------------------------------------- */

/*
 * Memory that heads and chunk heads are written into.  The first error stays and nothing more is
 * written, so that a head can be put together without a check at each line:
 *
 *     struct sw_writer out = {.p = memory, .size = sizeof memory};
 *     sw_write_status(&out, SW_STATUS_OK);
 *     sw_write_field(&out, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain"));
 *     sw_write_length(&out, 13);
 *     sw_write_end(&out);
 *     if (out.error) ...                  else send(fd, out.p, out.n, 0);
 */
struct sw_writer {
    char *p;
    size_t size;    /* of the memory */
    size_t n;       /* bytes written */
    uint16_t error; /* enum sw_error: NO_ROOM, BAD_OUT_NAME, BAD_OUT_VALUE, ...; n is then where the
                       piece that failed would have begun */
    uint8_t framed; /* private: enum sw_framed */
};

/* The fields that a connection writes itself, and a caller may not add before sw_write_end(). */
enum sw_framed {
    SW_FRAMED_BY_CALLER = 0, /* none: the caller is responsible for Content-Length */
    SW_FRAMED,               /* the framing fields, Connection and other fields on persistence */
    SW_FRAMED_DATED,         /* and Date */
};

/* `HTTP/1.1 code reason` CRLF.  A code that the grammar does not name (100 to 999) goes out with an
   empty reason; MISUSE for what is no code.  RFC 9112 4. */
void sw_write_status(struct sw_writer *out, unsigned code);

/* The request line.  A method without an id is passed as its token; the target must be
   valid for sw_target_parse(), and its form for the method.  BAD_METHOD, BAD_OUT_TARGET.  RFC
   9112 3. */
void sw_write_request(struct sw_writer *out, enum sw_method method, struct sw_span target);
void sw_write_request_named(struct sw_writer *out, struct sw_span method, struct sw_span target);

/*
 * One field line.  A name that is no token (BAD_OUT_NAME), and a value with CR, LF, NUL or another
 * control byte, or with white space around it (BAD_OUT_VALUE), is refused, and nothing of it is
 * written.  So are the fields of enum sw_framed in a head that a connection began
 * (BAD_OUT_FRAMING).  RFC 9110 5.1, 5.5.
 */
void sw_write_field(struct sw_writer *out, enum sw_header id, struct sw_span value);
void sw_write_field_named(struct sw_writer *out, struct sw_span name, struct sw_span value);

/* One field line with a number; Content-Length (RFC 9110 8.6); the empty line after the fields. */
void sw_write_number(struct sw_writer *out, enum sw_header id, uint64_t value);
void sw_write_length(struct sw_writer *out, uint64_t length);
void sw_write_end(struct sw_writer *out);

void sw_write_any_bytes(struct sw_writer *out, const char *bytes, size_t n);

/*
 * Bytes as they are, not validated: a small body, or prepared lines.  A response that depends only
 * on the Date is cheapest written once a second and copied with this.  A constant number of bytes
 * is copied inline.
 */
static inline void sw_write_bytes(struct sw_writer *out, const char *bytes, size_t n)
{
#if defined(__GNUC__) && defined(__OPTIMIZE__)
    if (__builtin_constant_p(n) && n - 1 < 256 && out->error == SW_OK && n <= out->size - out->n) {
        __builtin_memcpy(out->p + out->n, bytes, n);
        out->n += n;
        return;
    }
#endif
    sw_write_any_bytes(out, bytes, n);
}

/* The line before `size` bytes of chunked content, which sw_write_end() ends; 0 begins the trailer
   section, which sw_write_end() ends as well.  RFC 9112 7.1. */
void sw_write_chunk(struct sw_writer *out, uint64_t size);

/*
 * The Date line, formatted again only when the second changes.  Keep one per thread, zeroed, and
 * set the time (Unix seconds) once per iteration of the event loop.  Until then no Date is written.
 * RFC 9110 6.6.1.
 */
struct sw_date {
    int64_t second;
    char line[40]; /* `Date: Sun, 06 Nov 1994 08:49:37 GMT` CRLF; 37 bytes */
};
void sw_date_set(struct sw_date *date, int64_t second);
void sw_write_date(struct sw_writer *out, const struct sw_date *date);

/* ---- Connections ---------------------------------------------------------------------------- */

/*
 * One HTTP/1.1 connection, either role, without I/O.  The caller owns the socket and the buffers:
 *
 *     received bytes -> sw_conn_next(): events, one for each call, until SW_EVENT_MORE
 *     the response   -> sw_conn_reply() or sw_conn_request(), sw_conn_content(), sw_conn_finish():
 *                       bytes to send, with their framing, in a sw_writer
 *     then           -> sw_conn_next_action(): keep the socket, linger, or close it
 *
 * It keeps the order of requests and replies, persistence (RFC 9112 9.3), 100-continue, upgrades
 * and CONNECT, and discards the rest of a body that was not read.  The state tables are
 * in conn.c.
 */

/* The state of a message in progress, attached to a connection; idle ones need none. */
struct sw_message {
    struct sw_head head;
    struct sw_head trailers;
    struct sw_body body;
    struct sw_field more[SW_FIELDS_DEFAULT - SW_FIELDS_INLINE]; /* of `head` */
};

enum sw_role { SW_SERVER = 0, SW_CLIENT };

struct sw_conn {
    const struct sw_limits *limits;
    struct sw_message *message;
    uint64_t remaining;       /* private: content announced by the head written, not yet written */
    uint64_t pending_methods; /* private: the kind of each pending request, two bits each, the
                                 oldest lowest */
    uint32_t discarded;       /* private: bytes of content discarded */
    uint32_t error_at;        /* offset of the error in the bytes of the call that returned it */
    uint16_t error;           /* enum sw_error */
    uint8_t role;             /* enum sw_role */
    uint8_t pending;          /* client: pending requests */
    uint8_t in, out;          /* private, to the end: states, see conn.c */
    uint8_t framing;          /* of the message being written */
    uint16_t flags;
};

/* The result of sw_conn_next(). */
enum sw_event_kind {
    SW_EVENT_MORE = 0, /* nothing without more bytes */
    SW_EVENT_HEAD,     /* a head; `head`, offsets from `bytes.p` */
    SW_EVENT_INTERIM,  /* client: a 1xx head; the final one is still to come */
    SW_EVENT_CONTENT,  /* a run of content: `bytes` */
    SW_EVENT_END, /* the message is complete; `head` has its trailers (offsets from bytes.p) or is
                     NULL */
    SW_EVENT_PAUSED,   /* server: there are bytes, but the reply before them is not finished */
    SW_EVENT_UPGRADED, /* the bytes from here on are another protocol's: none were taken */
    SW_EVENT_CLOSED,   /* no more bytes will come, and none is missing */
    SW_EVENT_FAILED,   /* see conn->error and conn->error_at */
};

struct sw_event {
    enum sw_event_kind kind;
    struct sw_span bytes;
    const struct sw_head *head;
};

/* Prepare a connection; `limits` may be NULL and must outlive it. */
void sw_conn_init(struct sw_conn *conn, enum sw_role role, const struct sw_limits *limits);

/*
 * Attach room for messages, before the first byte arrives.  sw_conn_detach() takes it back whenever
 * it does not return NULL: between messages, and after the last one (sw_conn_refuse() needs it). It
 * has room for the 128 fields of a head that the default limit allows.  For a higher limits.fields,
 * call sw_head_attach_fields() on message->head after this.
 */
void sw_conn_attach(struct sw_conn *conn, struct sw_message *message);

/*
 * The same with room that was attached before, to this connection or to one with the same limits:
 * it is not initialized again, which saves time.
 */
void sw_conn_reattach(struct sw_conn *conn, struct sw_message *message);
struct sw_message *sw_conn_detach(struct sw_conn *conn);

/*
 * The next event in the bytes that the peer sent.  Returns how many of them to drop from the front
 * once the event has been processed; pass the others again, with more bytes after them.  The spans
 * of a head are valid as long as its bytes stay in place: drop them late to use them late.
 */
size_t sw_conn_next(struct sw_conn *conn, const char *buf, size_t len, struct sw_event *event);

/* The peer has closed its side: call sw_conn_next() after this until CLOSED or FAILED. MORE
   or PAUSED now means that the reply must be finished first. */
void sw_conn_eof(struct sw_conn *conn);

/* A length for sw_conn_reply() and sw_conn_request(): not known yet. */
#define SW_LENGTH_UNKNOWN UINT64_MAX

/*
 * Server: begin the final reply to the request whose head came last: the status line, Date,
 * Connection and the framing fields.  Add fields of your own (not those: BAD_OUT_FRAMING), then
 * sw_write_end().  `length` is the content's, or SW_LENGTH_UNKNOWN: then it is chunked, or ended by
 * the connection's end for an HTTP/1.0 peer.  No content goes out where none may (HEAD, 204, 205,
 * 304); give the length it would have; 205 is sent with a length of 0.  101 (add Upgrade, as with
 * 426), or 2xx to CONNECT, hands the connection over; it is MISUSE before the request has been read
 * to its end, as is a 101 that was not requested.
 * Returns SW_OK, MISUSE, or the writer's error.
 *
 * This holds for every call that writes: after an error but BODY_LENGTH_MISMATCH the connection and
 * the bytes in `out` are as they were before.  After NO_ROOM, send what there is and call again.
 */
enum sw_error sw_conn_reply(struct sw_conn *conn, struct sw_writer *out, unsigned status,
                            uint64_t length, const struct sw_date *date);

/*
 * Server: all content that is still to come will be read, however much it is.  Without this, a
 * reply that begins before the request has ended closes the connection if more than limits.discard
 * is announced.  (One that begins while the peer waits for 100 closes it in any case.)  To be
 * called before sw_conn_reply(), and for one exchange.
 */
void sw_conn_keep_reading(struct sw_conn *conn);

/* Server: a complete interim response without fields: 100, 102; for 103 use sw_write_status(),
   fields and sw_write_end().  100 is written once, and only while the peer waits for it; else
   nothing is. */
enum sw_error sw_conn_interim(struct sw_conn *conn, struct sw_writer *out, unsigned status);

/* Server: after SW_EVENT_FAILED, a complete response with the error, if one can still be sent.
   The connection then lingers. */
enum sw_error sw_conn_refuse(struct sw_conn *conn, struct sw_writer *out,
                             const struct sw_date *date);

/*
 * Client: begin a request: the request line and the framing fields.  Add Host and your own, then
 * sw_write_end().  A length of 0 writes Content-Length only for a method that expects content;
 * CONNECT and TRACE have none.  The target may contain what the connection's limits tolerate
 * (SW_LENIENT_TARGET), so that a proxy can forward what it has read.  MISUSE after a request that
 * asks for another protocol.
 */
enum sw_error sw_conn_request(struct sw_conn *conn, struct sw_writer *out, enum sw_method method,
                              struct sw_span target, uint64_t length);

/* Client: the request being written asks for another protocol: writes `Connection: upgrade` and
   Upgrade.  Only after this is a reply of 101 taken for one, and only if it has Upgrade.  Whether
   that names what was offered is for the caller to compare, before it takes a byte of the new
   protocol: sw_head_switches_to().  RFC 9110 7.8. */
enum sw_error sw_conn_offer(struct sw_conn *conn, struct sw_writer *out, struct sw_span protocol);

/*
 * The framing before the next `n` bytes of content (none, or a chunk line); send those bytes
 * directly after it, without a copy.  BODY_LENGTH_MISMATCH past the promised length.  To a reply
 * without a body, nothing is written and the bytes must not be sent: see sw_conn_bodiless().
 */
enum sw_error sw_conn_content(struct sw_conn *conn, struct sw_writer *out, size_t n);

/* Must content for the message being written be left unsent?  (HEAD, 204, 205, 304.) */
bool sw_conn_bodiless(const struct sw_conn *conn);

/*
 * The message is complete: writes the last chunk, if it is chunked, and its trailer section:
 * `trailers` are field lines made with sw_write_field() (checked then), or empty.  A length of
 * SW_LENGTH_UNKNOWN allows them; they are dropped where the message turned out to have no place for
 * them (HTTP/1.0, HEAD, 204, 205, 304).  BODY_LENGTH_MISMATCH when content is missing: the
 * connection must then close.
 */
enum sw_error sw_conn_finish(struct sw_conn *conn, struct sw_writer *out, struct sw_span trailers);

/* Give up persistence: the next head that is written has `Connection: close`.  A client may write
   one more request, and is done when none is unanswered. */
void sw_conn_close(struct sw_conn *conn);

/* What to do with the socket once all bytes written have been sent. */
enum sw_action {
    SW_ACTION_KEEP_ALIVE = 0, /* go on reading */
    SW_ACTION_LINGER,  /* shut down the sending side, read and drop for a bounded time, close:
                        closing at once could destroy the response in flight, RFC 9112 9.6 */
    SW_ACTION_CLOSE,   /* close */
    SW_ACTION_UPGRADE, /* another protocol takes over */
};
enum sw_action sw_conn_next_action(const struct sw_conn *conn);

/* ---- Pools ---------------------------------------------------------------------------------- */

/*
 * Fixed slabs over the caller's memory; get and put take constant time.  In debug builds (SW_DEBUG,
 * sanitizers) a slab that was put back is poisoned, so that a span kept too long is caught.
 */
struct sw_pool {
    char *memory;
    size_t slab;     /* bytes of one, a multiple of 64 */
    uint32_t count;  /* slabs in all */
    uint32_t used;   /* out now */
    uint32_t high;   /* maximum of `used` so far */
    uint32_t fresh;  /* private: index of the first slab never taken */
    uint64_t hits;   /* taken */
    uint64_t misses; /* sw_pool_get() that returned NULL */
    void *free;      /* private */
};

/* The bytes that sw_pool_init() wants for `count` slabs of `size` bytes, rounded up to cache
   lines; SIZE_MAX when there are no such numbers. */
size_t sw_pool_memory(size_t size, uint32_t count);

/* `memory` is aligned to 64 and stays the caller's.  It is touched only as slabs are taken. */
void sw_pool_init(struct sw_pool *pool, void *memory, size_t size, uint32_t count);

/* A slab, aligned to 64, its bytes unspecified, or NULL; put it back, once, into the same pool. */
void *sw_pool_get(struct sw_pool *pool);
void sw_pool_put(struct sw_pool *pool, void *slab);

/* The memory is the caller's alone again, slabs still out included; the pool is empty for good. */
void sw_pool_close(struct sw_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
