/* shockwave_values.h - field values and targets read over the caller's bytes, copying none. */
/* SPDX-License-Identifier: MIT */
#ifndef SHOCKWAVE_VALUES_H
#define SHOCKWAVE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shockwave.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Nothing here keeps state, allocates, or reads a clock.  A value is a span of one field line with
 * its outer white space trimmed; a span whose `p` is NULL is an absent field, an empty one is not.
 * Results are spans into the value and live as long as it does.  Memory safety does not rest on
 * the value having been validated: no byte outside the span is ever read.
 *
 * There are four shapes of function:
 *
 *   bool sw_x_parse(value, &x)         the whole value; false when it breaks its grammar, and then
 *                                      x is not to be read
 *   int sw_x_next(&rest, &x)           one element off the front of `rest`, which begins as a copy
 *                                      of the value: 1 for an element, 0 at the end, and
 *                                      -SW_ERROR_BAD_VALUE, which also empties `rest`
 *   ptrdiff_t sw_x_decode(.., out, room)   bytes written, -SW_ERROR_BAD_VALUE or -SW_ERROR_NO_ROOM;
 *                                      never more bytes than were read, and `out` may be where
 *                                      they stand
 *   size_t sw_x_format(.., out)        bytes written, never more than the size `out` is shown with
 *
 * A loop over a list:
 *
 *     struct sw_span rest = value, token;
 *     int got;
 *     while ((got = sw_token_next(&rest, &token)) > 0)
 *         use(token);
 *     if (got < 0)
 *         refuse();
 *
 * A list may be sent in several field lines, which mean the same as one line with their values in
 * order, separated by commas (RFC 9110 5.3).  So for the fields of a head there are sw_lines_of(),
 * which goes over all lines, and sw_head_x() for each function here that takes a complete list.
 * They compare and combine where the lines are, and copy nothing.
 */

/* ---- Fields of a head ---------------------------------------------------- */

/* The lines of one field. */
struct sw_lines {
    struct sw_span rest;        /* the value of the current line, for sw_x_next() to take from */
    const struct sw_head *head; /* private, to the end */
    const char *buf;
    const struct sw_field *next;
};

/*
 * All lines of the field `id` of a head, in their order; `buf` is where the head's offsets count
 * from.  Works for each field that is a list, and for Cookie, whose pairs may be sent in several
 * lines by what was HTTP/2.  Not for SW_HEADER_OTHER.
 *
 *     struct sw_lines lines = sw_lines_of(head, buf, SW_HEADER_VARY);
 *     struct sw_span token;
 *     while (sw_lines_next(&lines))
 *         while (sw_token_next(&lines.rest, &token) > 0)
 *             use(token);
 *
 * RFC 9110 5.3, RFC 9113 8.2.3.
 */
struct sw_lines sw_lines_of(const struct sw_head *head, const char *buf, enum sw_header id);

/* Go to the next line, whose value is then `rest`; false after the last one. */
bool sw_lines_next(struct sw_lines *lines);

/*
 * The value of a field that is not a list.  p is NULL when it is absent.  Of several lines the
 * value is empty, which breaks the grammar of each such field as several values do.  RFC 9110 5.3,
 * 5.5.
 */
struct sw_span sw_head_value(const struct sw_head *head, const char *buf, enum sw_header id);

/* ---- Tokens, lists, parameters ------------------------------------------- */

/* Whether a span is this word, letters in either case.  Most names in HTTP compare so. */
bool sw_token_is(struct sw_span span, const char *word);

/*
 * The next element of a comma-separated list, trimmed; empty elements are passed over and commas
 * in quoted strings do not count.  An unclosed quoted string is an error.  Not for values with
 * comments (Via, User-Agent) nor for entity tags, which have no escapes.  RFC 9110 5.6.1.
 */
int sw_list_next(struct sw_span *rest, struct sw_span *element);

/* As sw_list_next(), where each element must be a token: Connection, Vary, Allow, Trailer. */
int sw_token_next(struct sw_span *rest, struct sw_span *token);

/* Whether an element of the list is this token, letters in either case: Connection and "close". */
bool sw_list_has_token(struct sw_span list, const char *token);
bool sw_head_has_token(const struct sw_head *head, const char *buf, enum sw_header id,
                       const char *token);

/* A name and a value, both as they were written. */
struct sw_pair {
    struct sw_span name, value;
};

/* One name=value.  `value` stands without its quotes. */
struct sw_param {
    struct sw_span name;
    struct sw_span value; /* p is NULL where the grammar lets "=value" be left out and it was */
    bool escaped;         /* the value has quoted pairs in it: sw_quoted_decode() resolves them */
};

/* The next of ";name=value;name=value", value a token or a quoted string.  RFC 9110 5.6.6. */
int sw_param_next(struct sw_span *rest, struct sw_param *param);

/* The first parameter of this name, in either case; false if none stands before the first error. */
bool sw_param_find(struct sw_span params, const char *name, struct sw_param *param);

/* Resolve the quoted pairs of the text between two quotes.  RFC 9110 5.6.4. */
ptrdiff_t sw_quoted_decode(struct sw_span text, char *out, size_t room);

/* ---- Expect, Content-Type ------------------------------------------------ */

enum sw_expect {
    SW_EXPECT_NOTHING = 0, /* absent or an empty list */
    SW_EXPECT_CONTINUE,    /* 100-continue and nothing else */
    SW_EXPECT_OTHER,       /* something that may be answered with 417, malformed values too */
};

/* What an Expect field asks for.  RFC 9110 10.1.1. */
enum sw_expect sw_expect_read(struct sw_span value);
enum sw_expect sw_head_expect(const struct sw_head *head, const char *buf);

struct sw_media {
    struct sw_span type, subtype;
    struct sw_span params; /* for sw_param_next() and sw_param_find(), known to be well-formed */
};

/* A media type with its parameters: Content-Type, or an offer of our own.  RFC 9110 8.3.1. */
bool sw_media_parse(struct sw_span value, struct sw_media *media);

/* ---- Content negotiation ------------------------------------------------- */

/* One element of an Accept field.  `q` is the weight in thousandths, 0..1000; 0 is "not this". */
struct sw_accept {
    struct sw_span name;   /* "text", "gzip", "de-CH" or "*" */
    struct sw_span sub;    /* Accept only: the subtype or "*" */
    struct sw_span params; /* Accept only: every parameter, the weight among them */
    unsigned q;
};

/* Accept.  A parameter named q is the weight wherever it stands.  RFC 9110 12.5.1. */
int sw_accept_next(struct sw_span *rest, struct sw_accept *accept);

/* Accept-Encoding, Accept-Charset and TE without parameters: weighted tokens.  RFC 9110 12.5.3. */
int sw_accept_coding_next(struct sw_span *rest, struct sw_accept *accept);

/* Accept-Language: weighted basic language ranges.  RFC 9110 12.5.4, RFC 4647 2.1. */
int sw_accept_language_next(struct sw_span *rest, struct sw_accept *accept);

enum {
    SW_CHOICE_NONE = -1, /* nothing offered is acceptable: 406, or send what there is */
    SW_CHOICE_BAD = -2,  /* the field breaks its grammar: 400, or act as if it were absent */
};

/*
 * Which of `count` offers, best first, the client would rather have: an index or SW_CHOICE_x.
 * With the field absent that is the first; an empty field names nothing.  Between offers of equal
 * weight the earlier one wins.  The time taken is the product of the value's length and `count`.
 *
 * Media types: the most specific range that covers an offer gives its weight; a range covers it
 * when all the range's parameters are in the offer, values compared in either case.
 */
ptrdiff_t sw_accept_choose(struct sw_span accept, const struct sw_span *offers, size_t count);
ptrdiff_t sw_head_accept_choose(const struct sw_head *head, const char *buf,
                                const struct sw_span *offers, size_t count);

/*
 * Content codings: `identity` is acceptable unless it or an unqualified `*` has weight 0, but comes
 * after all that is asked for.  x-gzip is gzip and x-compress compress.  RFC 9110 12.5.3.
 */
ptrdiff_t sw_accept_coding_choose(struct sw_span accept, const struct sw_span *offers,
                                  size_t count);
ptrdiff_t sw_head_accept_coding_choose(const struct sw_head *head, const char *buf,
                                       const struct sw_span *offers, size_t count);

/*
 * Languages: the longest range that is the offer or a prefix of it gives the weight (basic
 * filtering); else the offer may be a range shortened from its end (lookup); else `*`.  Of equal
 * weights the language named first in the field wins.  RFC 4647 3.3.1 and 3.4.
 */
ptrdiff_t sw_accept_language_choose(struct sw_span accept, const struct sw_span *offers,
                                    size_t count);
ptrdiff_t sw_head_accept_language_choose(const struct sw_head *head, const char *buf,
                                         const struct sw_span *offers, size_t count);

/* ---- Dates and seconds --------------------------------------------------- */

enum { SW_DATE_LEN = 29 };

/*
 * An HTTP-date in any of its three forms as seconds since 1970.  `now`, in the same seconds, gives
 * the two-digit years of RFC 850 their century.  The day of the week need not fit the date, the
 * day must exist in its month, and a leap second is its minute's second 59.  RFC 9110 5.6.7.
 */
bool sw_date_parse(struct sw_span value, int64_t now, int64_t *seconds);

/* The date as an IMF-fixdate, without a NUL.  Years outside 0..9999 stop at its nearest end. */
size_t sw_date_format(int64_t seconds, char out[SW_DATE_LEN]);

enum { SW_SECONDS_MAX = INT32_MAX };

/* Delta-seconds, as in Age; numbers above SW_SECONDS_MAX become it.  RFC 9111 1.2.2. */
bool sw_seconds_parse(struct sw_span value, uint32_t *seconds);

/* Retry-After, a date or seconds from `now`, as seconds since 1970.  RFC 9110 10.2.3. */
bool sw_retry_after_parse(struct sw_span value, int64_t now, int64_t *seconds);

/* ---- Cache-Control ------------------------------------------------------- */

/* The next directive, its value absent, a token or a quoted string.  RFC 9111 5.2. */
int sw_directive_next(struct sw_span *rest, struct sw_param *directive);

/* What `has` of struct sw_cache_control is made of. */
enum {
    SW_CACHE_NO_CACHE = 1 << 0,
    SW_CACHE_NO_STORE = 1 << 1,
    SW_CACHE_NO_TRANSFORM = 1 << 2,
    SW_CACHE_ONLY_IF_CACHED = 1 << 3,
    SW_CACHE_MUST_REVALIDATE = 1 << 4,
    SW_CACHE_PROXY_REVALIDATE = 1 << 5,
    SW_CACHE_MUST_UNDERSTAND = 1 << 6,
    SW_CACHE_PUBLIC = 1 << 7,
    SW_CACHE_PRIVATE = 1 << 8,
    SW_CACHE_IMMUTABLE = 1 << 9,
    SW_CACHE_MAX_AGE = 1 << 10,
    SW_CACHE_S_MAXAGE = 1 << 11,
    SW_CACHE_MAX_STALE = 1 << 12,
    SW_CACHE_MIN_FRESH = 1 << 13,
    SW_CACHE_STALE_WHILE_REVALIDATE = 1 << 14,
    SW_CACHE_STALE_IF_ERROR = 1 << 15,
};

/* Seconds mean something only where their bit in `has` is set. */
struct sw_cache_control {
    uint32_t has;
    uint32_t max_age, s_maxage;
    uint32_t max_stale; /* SW_SECONDS_MAX where it came without a number */
    uint32_t min_fresh, stale_while_revalidate, stale_if_error;
    struct sw_span no_cache_fields, private_fields; /* lists of names; p is NULL for "all" */
};

/*
 * Add a line's directives to a struct that began as zeros.  Of a repeated directive the first
 * stands; a number that is none counts as 0, which errs towards asking the origin; unknown
 * directives are passed over.  False when the list itself is malformed.  RFC 9111 5.2, 4.2.1.
 */
bool sw_cache_control_parse(struct sw_span value, struct sw_cache_control *control);
bool sw_head_cache_control_parse(const struct sw_head *head, const char *buf,
                                 struct sw_cache_control *control);

/* ---- Cookies ------------------------------------------------------------- */

/*
 * The next pair of a Cookie field; quotes around a value are part of it.  White space around a
 * pair is passed over; the pair itself is held to the grammar.  A bad one is reported, with its raw
 * text as `name`, and unlike elsewhere `rest` goes on behind it.  RFC 6265 4.2.1.
 */
int sw_cookie_next(struct sw_span *rest, struct sw_pair *cookie);

enum sw_same_site {
    SW_SAME_SITE_DEFAULT = 0,
    SW_SAME_SITE_LAX,
    SW_SAME_SITE_STRICT,
    SW_SAME_SITE_NONE,
};

struct sw_set_cookie {
    struct sw_pair cookie;
    struct sw_span domain; /* without a leading dot, for sw_cookie_domain_matches(); p is NULL for
                              the host alone that sent it */
    struct sw_span path;   /* begins with a slash; p is NULL for the default-path, RFC 6265 5.1.4 */
    int64_t expires;       /* seconds since 1970, if has_expires */
    int64_t max_age;       /* seconds, negative allowed, if has_max_age */
    bool has_expires, has_max_age, secure, http_only, partitioned;
    uint8_t same_site; /* enum sw_same_site */
    int64_t ends;      /* of a parsed one: when it is to be forgotten, in seconds since 1970, from
                          Max-Age or else Expires; INT64_MAX without both, INT64_MIN for at once */
};

/*
 * A complete Set-Cookie value, received at `now`.  The name and the value of the cookie are held to
 * the grammar (4.1.1).  Of a repeated attribute the last one counts; unknown attributes, and known
 * ones whose value cannot be read, are passed over.  Of a Path that does not begin with a slash,
 * and of a Domain that is only a dot, the default remains.  Names of attributes and values of
 * SameSite are known in either case of letters.  RFC 6265 5.2, 5.3.
 */
bool sw_set_cookie_parse(struct sw_span value, int64_t now, struct sw_set_cookie *cookie);

/*
 * The date of a cookie's Expires as seconds since 1970.  It is no HTTP-date: day, month, year and
 * time stand in any order and between any delimiters, words that are none of them (the day of the
 * week, the zone) count for nothing, and the time is UTC.  Two digits of a year are 1970 to 2069.
 * False when a part is missing, the date does not exist, or the year is before 1601.  RFC 6265
 * 5.1.1.
 */
bool sw_cookie_date_parse(struct sw_span value, int64_t *seconds);

/*
 * Whether a cookie of this Domain goes to this host: the same name, letters in either case, or one
 * below it.  An address only matches itself.  RFC 6265 5.1.3.
 */
bool sw_cookie_domain_matches(struct sw_span host, struct sw_span domain);

/*
 * Write a Set-Cookie value: bytes written, -SW_ERROR_NO_ROOM, or -SW_ERROR_BAD_VALUE for a name,
 * value, domain or path that its grammar forbids.
 */
ptrdiff_t sw_set_cookie_format(const struct sw_set_cookie *cookie, char *out, size_t room);

/* ---- Ranges -------------------------------------------------------------- */

/* Both ends inclusive, in bytes from the start of the representation. */
struct sw_range {
    uint64_t first, last;
};

enum sw_range_result {
    SW_RANGE_IGNORE = 0,    /* send the whole with 200 */
    SW_RANGE_PARTIAL,       /* send the ranges with 206 */
    SW_RANGE_UNSATISFIABLE, /* 416 */
};

/*
 * What a Range field means for a representation of `length` bytes.  `*count` is the room in
 * `ranges` and becomes the number of satisfiable ones, cut to `length` and in the order asked for.
 * Ignored are other units than bytes, malformed sets, sets of more than `*count` satisfiable
 * ranges, and sets in which any two overlap: no request makes us send a byte twice.  The time
 * taken grows with the square of `*count`.  RFC 9110 14.1.1 to 14.2.
 */
enum sw_range_result sw_range_evaluate(struct sw_span value, uint64_t length,
                                       struct sw_range *ranges, size_t *count);

enum { SW_CONTENT_RANGE_MAX = 68 };

struct sw_content_range {
    struct sw_range range;
    uint64_t length;
    bool has_range;  /* false for the "*" of a 416 */
    bool has_length; /* false for "*", the length unknown */
};

/* Content-Range in bytes; other units are refused.  RFC 9110 14.4. */
bool sw_content_range_parse(struct sw_span value, struct sw_content_range *range);
size_t sw_content_range_format(const struct sw_content_range *range,
                               char out[SW_CONTENT_RANGE_MAX]);

/* ---- Entity tags and conditional requests -------------------------------- */

struct sw_etag {
    struct sw_span opaque; /* without its quotes; p is NULL for no tag */
    bool weak;
};

/* One entity tag, as in ETag.  RFC 9110 8.8.3. */
bool sw_etag_parse(struct sw_span value, struct sw_etag *etag);

/* The next entity tag of If-Match or If-None-Match; "*" is the caller's to see first. */
int sw_etag_next(struct sw_span *rest, struct sw_etag *etag);

/* The two comparisons of RFC 9110 8.8.3.2.  No tag equals none. */
bool sw_etag_equal_strong(const struct sw_etag *a, const struct sw_etag *b);
bool sw_etag_equal_weak(const struct sw_etag *a, const struct sw_etag *b);

/* The five fields of a conditional request, p NULL where absent. */
struct sw_conditions {
    struct sw_span if_match, if_none_match, if_modified_since, if_unmodified_since, if_range;
};

/* What the target has now.  All zeros: there is nothing there. */
struct sw_representation {
    bool exists;
    bool dated;       /* `modified` is known */
    int64_t modified; /* seconds since 1970 */
    struct sw_etag etag;
};

enum sw_condition {
    SW_CONDITION_PROCEED = 0,  /* carry the request out, without its Range field if it has one */
    SW_CONDITION_RANGE,        /* carry it out, and a Range field counts; only for GET */
    SW_CONDITION_NOT_MODIFIED, /* 304 */
    SW_CONDITION_FAILED,       /* 412 */
};

/*
 * Judge the conditions in the order of RFC 9110 13.2.2.  Dates that are none are ignored.  A
 * malformed list of tags fails If-Match, and fails If-None-Match for methods other than GET and
 * HEAD.  An If-Range date counts only if it is `modified` exactly and a second or more lies
 * between that and `now` (13.1.5, 8.8.2.2).  CONNECT, OPTIONS and TRACE have no conditions.
 */
enum sw_condition sw_conditions_evaluate(const struct sw_conditions *conditions,
                                         enum sw_method method,
                                         const struct sw_representation *current, int64_t now);

/* The same for the fields and the method of a request: all lines of If-Match and If-None-Match, and
   for the other three what sw_head_value() gives. */
enum sw_condition sw_head_conditions_evaluate(const struct sw_head *head, const char *buf,
                                           const struct sw_representation *current, int64_t now);

/* ---- Host and addresses -------------------------------------------------- */

enum sw_host_kind {
    SW_HOST_EMPTY = 0, /* no name at all; right in Host only when the target has no authority */
    SW_HOST_NAME,      /* a registered name, perhaps percent-encoded */
    SW_HOST_IPV4,
    SW_HOST_IPV6,
    SW_HOST_FUTURE, /* IPvFuture */
};

struct sw_host {
    struct sw_span name; /* without brackets */
    enum sw_host_kind kind;
    int port; /* 0..65535, or -1 when absent or empty */
};

/* uri-host [ ":" port ], as in Host and in a CONNECT target; no userinfo.  It may be empty as a
   whole, but a port belongs to a host: ":80" is refused.  RFC 3986 3.2.2, RFC 9110 4.2.1, 7.2. */
bool sw_host_parse(struct sw_span value, struct sw_host *host);

/* The same, for who does not ask what is in it. */
bool sw_host_valid(struct sw_span value);

/* An address in network order, IPv4 as ::ffff:a.b.c.d. */
struct sw_address {
    uint8_t bytes[16];
};

/* An IPv4address or, without brackets, an IPv6address of RFC 3986 3.2.2.  No zone. */
bool sw_address_parse(struct sw_span text, struct sw_address *address);

struct sw_network {
    struct sw_address address;
    unsigned bits; /* of the 128, so 96 more than what follows an IPv4 address */
};

/* "10.0.0.0/8", "2001:db8::/32" or one address.  Bits behind the prefix are not looked at. */
bool sw_network_parse(struct sw_span text, struct sw_network *network);
bool sw_network_has(const struct sw_network *network, const struct sw_address *address);

/* ---- Forwarded, X-Forwarded-For ------------------------------------------ */

/* One hop.  The name of a parameter that is absent has a NULL p. */
struct sw_forwarded {
    struct sw_param by, client, host, proto; /* client is "for" */
};

/* The next element of Forwarded.  A parameter given twice is an error.  RFC 7239 4. */
int sw_forwarded_next(struct sw_span *rest, struct sw_forwarded *forwarded);

enum sw_node_kind {
    SW_NODE_UNKNOWN = 0,
    SW_NODE_HIDDEN, /* an obfuscated identifier, "_name" */
    SW_NODE_ADDRESS,
};

struct sw_node {
    struct sw_span name; /* as written, without brackets */
    struct sw_span port; /* digits or "_name"; p is NULL when absent */
    struct sw_address address;
    enum sw_node_kind kind;
};

/* The value of `for` and `by`.  RFC 7239 6. */
bool sw_node_parse(struct sw_span value, struct sw_node *node);

/*
 * The next element of X-Forwarded-For, which no RFC defines: an address, an IPv6 one with or
 * without brackets, a port where it can be told, or "unknown".  Anything else is an error, and what
 * is left of it was added by hops that nobody can name.
 */
int sw_forwarded_for_next(struct sw_span *rest, struct sw_node *node);

/* ---- PROXY protocol ------------------------------------------------------ */

enum { SW_PROXY_MAX = 4096 };

/* Whose connection it is that a proxy passes on. */
struct sw_proxy {
    struct sw_address source, destination;
    uint16_t source_port, destination_port;
    bool known; /* false: the proxy means itself (LOCAL), or none of these addresses (UNKNOWN) */
};

/*
 * The header that stands before the first byte of a connection, in version 1 or 2.  Returns its
 * length, 0 for "more, please", or a negated enum sw_error: PROXY_MISSING as soon as buf[0..len)
 * cannot be the beginning of one, BAD_PROXY, PROXY_TOO_LONG (more than SW_PROXY_MAX).  What stands
 * behind the addresses of version 2 must be whole TLVs, and is passed over.  PROXY
 * protocol 2.1, 2.2.
 */
ptrdiff_t sw_proxy_parse(const char *buf, size_t len, struct sw_proxy *proxy);

/* ---- Authentication ------------------------------------------------------ */

/* Credentials or a challenge: at most one of token68 and params is not empty. */
struct sw_auth {
    struct sw_span scheme, token68;
    struct sw_span params; /* for sw_auth_param_next(), known to be well-formed */
};

/* Authorization and Proxy-Authorization.  RFC 9110 11.4. */
bool sw_auth_parse(struct sw_span value, struct sw_auth *auth);

/* The next challenge of WWW-Authenticate or Proxy-Authenticate.  RFC 9110 11.6.1. */
int sw_challenge_next(struct sw_span *rest, struct sw_auth *auth);

/* The next name=value of a comma-separated list, blanks around "=" allowed.  RFC 9110 11.2. */
int sw_auth_param_next(struct sw_span *rest, struct sw_param *param);

/* Base64 with its padding, all bits of it canonical.  RFC 4648 4. */
ptrdiff_t sw_base64_decode(struct sw_span text, char *out, size_t room);

/*
 * Basic credentials out of a token68: `user` and `password` point into `out`, told apart by the
 * first colon.  No colon, or a control character, is a bad value.  RFC 7617 2.
 */
ptrdiff_t sw_basic_decode(struct sw_span token68, char *out, size_t room, struct sw_span *user,
                          struct sw_span *password);

/* ---- Targets ------------------------------------------------------------- */

enum sw_target_form {
    SW_TARGET_NONE = 0,
    SW_TARGET_ORIGIN,    /* /path?query */
    SW_TARGET_ABSOLUTE,  /* scheme://host/path?query */
    SW_TARGET_AUTHORITY, /* host:port */
    SW_TARGET_ASTERISK,  /* * */
};

struct sw_target {
    enum sw_target_form form;
    struct sw_span scheme, authority, path;
    struct sw_span query; /* without "?"; p is NULL when there is none */
    struct sw_host host;  /* the authority, parsed */
};

/*
 * Split a request target.  False for one that is not valid: every byte and every percent-encoding
 * is held to RFC 3986; userinfo, a fragment, an empty host, and an authority-form without its port
 * are refused.  RFC 9112 3.2.
 *
 * `path` and `query` are complete even then: the path of the origin-form and the absolute-form ends
 * at the first "?" or with the target, and at no other byte.  The target of a head that was parsed
 * needs no second check, whatever its limits tolerated: there the result may be ignored.
 */
bool sw_target_parse(struct sw_span value, struct sw_target *target);

/* The same; with SW_LENIENT_TARGET in `lenient` (sw_limits.lenient) what it tolerates in a path and
   in a query is valid. */
bool sw_target_parse_lenient(struct sw_span value, uint32_t lenient, struct sw_target *target);

enum {
    SW_DECODE_NUL = 1,   /* let %00 become a NUL; else it is a bad value */
    SW_DECODE_SLASH = 2, /* decode %2F too; else it stays as it is written */
    SW_DECODE_LOOSE = 4, /* leave a % without two hex digits as it is; else it is a bad value */
    SW_DECODE_PLUS = 8,  /* a plus is a space, as in forms */
    SW_DECODE_FORM = SW_DECODE_SLASH | SW_DECODE_PLUS,
};

/*
 * Resolve percent-encoding: with flags 0 for paths, SW_DECODE_FORM for form names and values.  A
 * "%2F" that stays and a "%252F" that was decoded look the same.
 */
ptrdiff_t sw_percent_decode(struct sw_span text, unsigned flags, char *out, size_t room);

/*
 * Remove the segments "." and ".." in place, after decoding, and return the new length.  The path
 * begins with a slash and will do so after; ".." at the root stays there.  RFC 3986 5.2.4.
 */
size_t sw_path_normalise(char *path, size_t len);

/*
 * The next of "name=value&name=value", not decoded: from a query or a form.  Empty pairs are passed
 * over; a name without "=" has a value whose p is NULL.  Never an error.
 */
int sw_query_next(struct sw_span *rest, struct sw_pair *pair);

#ifdef __cplusplus
}
#endif

#endif
