/* check_body.c - which framing a message has, and the content that comes out of it. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

static struct drive_head head;
static struct drive_body parsed;

/* Parses the head before the body. */
static struct drive_source source_after(enum sw_kind kind, const struct sw_limits *limits,
                                        const char *text)
{
    size_t n = strlen(text);
    drive_head_init(&head, kind, limits);
    expect_outcome(drive_head(&head, text, n, n, 1), expect_complete(n), text);
    return (struct drive_source){.head = &head.head, .head_bytes = head.bytes};
}

/* Read the body at every split, by each call. */
static struct outcome take(const struct drive_source *source, const char *bytes, size_t n)
{
    struct outcome v;
    const char *why = drive_body_everywhere(&parsed, &v, source, bytes, n);
    MUST(!why, "%s: %.*s", why, (int)n, bytes);
    return v;
}

/* ---- Framing --------------------------------------------------------------------------------- */

#define REQUEST  "POST / HTTP/1.1\r\nHost:\r\n"
#define CONNECT  "CONNECT h:1 HTTP/1.1\r\nHost:\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\n"
#define CHUNKED  "Transfer-Encoding: chunked\r\n"
#define LENGTH   "Content-Length: 5\r\n"
#define ENDS     SW_ERROR_CONTENT_LENGTH_AND_TRANSFER_ENCODING

/* RFC 9112 6.3, its rules in order.  The framing of a message with this start line and fields. */
static const struct {
    const char *line;
    enum sw_method request; /* of a response */
    const char *fields;
    enum sw_framing framing;
    uint64_t left;
} framings[] = {
    /* 1: HEAD, 1xx, 204, 304 */
    {RESPONSE, SW_METHOD_HEAD, "", SW_FRAMING_NONE, 0},
    {RESPONSE, SW_METHOD_HEAD, LENGTH, SW_FRAMING_NONE, 0},
    {RESPONSE, SW_METHOD_HEAD, CHUNKED, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 404 \r\n", SW_METHOD_HEAD, LENGTH, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 100 \r\n", SW_METHOD_OTHER, "", SW_FRAMING_NONE, 0},
    {"HTTP/1.1 103 \r\n", SW_METHOD_OTHER, LENGTH, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 199 \r\n", SW_METHOD_OTHER, CHUNKED, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 204 \r\n", SW_METHOD_OTHER, LENGTH, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 204 \r\n", SW_METHOD_OTHER, CHUNKED, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 304 \r\n", SW_METHOD_OTHER, LENGTH, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 304 \r\n", SW_METHOD_CONNECT, CHUNKED, SW_FRAMING_NONE, 0},
    {"HTTP/1.1 205 \r\n", SW_METHOD_OTHER, LENGTH, SW_FRAMING_LENGTH, 5},
    /* 2: 2xx to CONNECT, and what 101 begins */
    {RESPONSE, SW_METHOD_CONNECT, "", SW_FRAMING_TUNNEL, 0},
    {RESPONSE, SW_METHOD_CONNECT, LENGTH, SW_FRAMING_TUNNEL, 0},
    {"HTTP/1.1 299 \r\n", SW_METHOD_CONNECT, CHUNKED, SW_FRAMING_TUNNEL, 0},
    {"HTTP/1.1 407 \r\n", SW_METHOD_CONNECT, LENGTH, SW_FRAMING_LENGTH, 5},
    {"HTTP/1.1 300 \r\n", SW_METHOD_CONNECT, "", SW_FRAMING_CLOSE, 0},
    {"HTTP/1.1 101 \r\n", SW_METHOD_OTHER, "Upgrade: x\r\n", SW_FRAMING_TUNNEL, 0},
    /* 4: chunked */
    {RESPONSE, SW_METHOD_OTHER, CHUNKED, SW_FRAMING_CHUNKED, 0},
    {REQUEST, SW_METHOD_OTHER, CHUNKED, SW_FRAMING_CHUNKED, 0},
    {"GET / HTTP/1.1\r\nHost:\r\n", SW_METHOD_OTHER, CHUNKED, SW_FRAMING_CHUNKED, 0},
    {"POST / HTTP/1.9\r\nHost:\r\n", SW_METHOD_OTHER, CHUNKED, SW_FRAMING_CHUNKED, 0},
    {REQUEST, SW_METHOD_OTHER, "transfer-encoding:CHUNKED\t\r\n", SW_FRAMING_CHUNKED, 0},
    /* 5 and 6: Content-Length */
    {RESPONSE, SW_METHOD_OTHER, LENGTH, SW_FRAMING_LENGTH, 5},
    {RESPONSE, SW_METHOD_GET, "Content-Length: 0\r\n", SW_FRAMING_LENGTH, 0},
    {REQUEST, SW_METHOD_OTHER, LENGTH, SW_FRAMING_LENGTH, 5},
    {"GET / HTTP/1.0\r\n", SW_METHOD_OTHER, LENGTH, SW_FRAMING_LENGTH, 5},
    {REQUEST, SW_METHOD_OTHER, "Content-Length:\t005 \r\n", SW_FRAMING_LENGTH, 5},
    {REQUEST, SW_METHOD_OTHER, "Content-Length: 5,5 ,\t5\t,5\r\n", SW_FRAMING_LENGTH, 5},
    {REQUEST, SW_METHOD_OTHER, LENGTH "A: b\r\ncontent-length: 5\r\n", SW_FRAMING_LENGTH, 5},
    {REQUEST, SW_METHOD_OTHER, "Content-Length: 1073741824\r\n", SW_FRAMING_LENGTH, 1u << 30},
    {REQUEST, SW_METHOD_HEAD, LENGTH, SW_FRAMING_LENGTH, 5},
    {REQUEST, SW_METHOD_CONNECT, LENGTH, SW_FRAMING_LENGTH, 5},
    {CONNECT, SW_METHOD_OTHER, "", SW_FRAMING_NONE, 0},
    {CONNECT, SW_METHOD_OTHER, "Content-Length: 0\r\n", SW_FRAMING_LENGTH, 0},
    {CONNECT, SW_METHOD_OTHER, "Content-Length: 00, 0\r\n", SW_FRAMING_LENGTH, 0},
    /* 7 and 8: neither */
    {REQUEST, SW_METHOD_OTHER, "", SW_FRAMING_NONE, 0},
    {REQUEST, SW_METHOD_OTHER, "Connection: close\r\n", SW_FRAMING_NONE, 0},
    {"POST / HTTP/1.0\r\n", SW_METHOD_OTHER, "", SW_FRAMING_NONE, 0},
    {RESPONSE, SW_METHOD_OTHER, "", SW_FRAMING_CLOSE, 0},
    {"HTTP/1.0 200 \r\n", SW_METHOD_GET, "Connection: keep-alive\r\n", SW_FRAMING_CLOSE, 0},
};

static enum sw_error begin(const struct drive_source *source)
{
    memset(&parsed.trailers, 0x5a, sizeof parsed.trailers);
    return sw_body_begin(&parsed.body, source->head, source->head_bytes, source->request,
                         &parsed.trailers);
}

static enum sw_kind kind_of(const char *line)
{
    return strncmp(line, "HTTP/", 5) == 0 ? SW_RESPONSE : SW_REQUEST;
}

START_TEST(framing)
{
    for (size_t i = 0; i < COUNT(framings); i++) {
        char text[300];
        snprintf(text, sizeof text, "%s%s\r\n", framings[i].line, framings[i].fields);
        struct drive_source source = source_after(kind_of(text), NULL, text);
        source.request = framings[i].request;
        ck_assert_msg(begin(&source) == SW_OK, "%s", text);
        ck_assert_msg(parsed.body.framing == framings[i].framing, "%s", text);
        ck_assert_msg(parsed.body.left == framings[i].left, "%s", text);
        bool done = framings[i].framing == SW_FRAMING_NONE ||
                    (framings[i].framing == SW_FRAMING_LENGTH && framings[i].left == 0);
        ck_assert_msg(sw_body_done(&parsed.body) == done, "%s", text);
    }
}
END_TEST

/* What is refused, and the value that is to blame: the one that begins with `culprit`. */
static const struct {
    const char *line, *fields, *culprit;
    enum sw_error error;
} refused[] = {
    {REQUEST, LENGTH CHUNKED, "chunked", ENDS},
    {REQUEST, CHUNKED LENGTH, "chunked", ENDS},
    {RESPONSE, LENGTH CHUNKED, "chunked", ENDS},
    {REQUEST, "Content-Length: x\r\nTransfer-Encoding: y\r\n", "y\r", ENDS},
    {REQUEST, "Transfer-Encoding:\r\nContent-Length: 0\r\n", "\r\nContent", ENDS},
    {"POST / HTTP/1.0\r\n", CHUNKED, "chunked", SW_ERROR_TRANSFER_ENCODING_IN_1_0},
    {"HTTP/1.0 200 \r\n", CHUNKED, "chunked", SW_ERROR_TRANSFER_ENCODING_IN_1_0},
    {REQUEST, "Transfer-Encoding: gzip\r\n", "gzip", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {RESPONSE, "Transfer-Encoding: gzip\r\n", "gzip", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {REQUEST, "Transfer-Encoding: gzip, chunked\r\n", "gzip", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {REQUEST, "Transfer-Encoding: identity\r\n", "iden", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {REQUEST, "Transfer-Encoding: xchunked\r\n", "xch", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {REQUEST, "Transfer-Encoding: chunkedx\r\n", "chunkedx", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {REQUEST, "Transfer-Encoding: chunke\r\n", "chunke", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {REQUEST, "Transfer-Encoding: gzip\r\n" CHUNKED, "gzip", SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {REQUEST, "Transfer-Encoding: chunked, gzip\r\n", "chunked,", SW_ERROR_CHUNKED_NOT_LAST},
    {REQUEST, CHUNKED "Transfer-Encoding: gzip\r\n", "gzip", SW_ERROR_CHUNKED_NOT_LAST},
    {REQUEST, "Transfer-Encoding: chunked,chunked\r\n", "chunked,", SW_ERROR_CHUNKED_REPEATED},
    {REQUEST, CHUNKED "A: b\r\nTransfer-Encoding: Chunked\r\n", "Chunked",
     SW_ERROR_CHUNKED_REPEATED},
    {REQUEST, "Transfer-Encoding:\r\n", "\r\n\r\n", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: , ,\r\n", ", ,", SW_ERROR_BAD_TRANSFER_ENCODING},
    /* empty elements, which others read otherwise */
    {REQUEST, "Transfer-Encoding: ,chunked\r\n", ",chunked", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: \t, chunked\r\n", ", chunked", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: chunked,\r\n", "chunked,", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: chunked ,\t\r\n", "chunked ,", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: ,,chunked\r\n", ",,chunked", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: chunked,,\r\n", "chunked,,", SW_ERROR_BAD_TRANSFER_ENCODING},
    {RESPONSE, "Transfer-Encoding: ,chunked\r\n", ",chunked", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding:\r\nA: b\r\n" CHUNKED, "\r\nA", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, CHUNKED "Transfer-Encoding: ,\r\n", ",\r", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, CHUNKED "Transfer-Encoding:\r\n", "\r\n\r\n", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: chunked;q=1\r\n", "chunked;", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: chunked x\r\n", "chunked x", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: \"chunked\"\r\n", "\"chu", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST,
     "Transfer-Encoding: \xa0"
     "chunked\r\n",
     "\xa0", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, "Transfer-Encoding: chunked\x85\r\n", "chunked\x85", SW_ERROR_BAD_TRANSFER_ENCODING},
    {REQUEST, CHUNKED "Transfer-Encoding: c/d\r\n", "c/d", SW_ERROR_BAD_TRANSFER_ENCODING},
    {CONNECT, CHUNKED, "chunked", SW_ERROR_CONNECT_CONTENT},
    {CONNECT, "Transfer-Encoding: gzip\r\n", "gzip", SW_ERROR_CONNECT_CONTENT},
    {CONNECT, "Transfer-Encoding:\r\n", "\r\n\r\n", SW_ERROR_CONNECT_CONTENT},
    {CONNECT, "Content-Length: 0\r\n" CHUNKED, "chunked", SW_ERROR_CONNECT_CONTENT},
    {"CONNECT h:1 HTTP/1.0\r\n", CHUNKED, "chunked", SW_ERROR_CONNECT_CONTENT},
    {"CONNECT h:1 HTTP/1.0\r\n", LENGTH, "5", SW_ERROR_CONNECT_CONTENT},
    {CONNECT, "Content-Length: 1\r\n", "1", SW_ERROR_CONNECT_CONTENT},
    {CONNECT, "Content-Length: 1, 1\r\n", "1", SW_ERROR_CONNECT_CONTENT},
    {CONNECT, "Content-Length: 18446744073709551615\r\n", "18", SW_ERROR_CONNECT_CONTENT},
    {CONNECT, "Content-Length: 5x\r\n", "5x", SW_ERROR_BAD_CONTENT_LENGTH},
    {CONNECT, "Content-Length: 0, 1\r\n", "0, 1", SW_ERROR_CONTENT_LENGTH_REPEATED},
    {"HTTP/1.1 205 \r\n", CHUNKED LENGTH, "chunked", ENDS},
    {REQUEST, "Content-Length:\r\n", "\r\n\r\n", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: ,\r\n", ",\r", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 5,\r\n", "5,", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: ,5\r\n", ",5", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: +5\r\n", "+5", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: -1\r\n", "-1", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 0x5\r\n", "0x5", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 5_0\r\n", "5_0", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 5 0\r\n", "5 0", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 5.0\r\n", "5.0", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 1e1\r\n", "1e1", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: \xb2\r\n", "\xb2", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 5/\r\n", "5/", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, "Content-Length: 5:\r\n", "5:", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, LENGTH "Content-Length:\r\n", "\r\n\r\n", SW_ERROR_BAD_CONTENT_LENGTH},
    {REQUEST, LENGTH "Content-Length: 6\r\n", "6", SW_ERROR_CONTENT_LENGTH_REPEATED},
    {REQUEST, "Content-Length: 5, 6\r\n", "5, 6", SW_ERROR_CONTENT_LENGTH_REPEATED},
    {RESPONSE, LENGTH "A: b\r\nContent-Length: 4\r\n", "4", SW_ERROR_CONTENT_LENGTH_REPEATED},
    {REQUEST, "Content-Length: 18446744073709551616\r\n", "18", SW_ERROR_CONTENT_LENGTH_OVERFLOW},
    {REQUEST, "Content-Length: 18446744073709551617\r\n", "18", SW_ERROR_CONTENT_LENGTH_OVERFLOW},
    {REQUEST, "Content-Length: 18446744073709551620\r\n", "18", SW_ERROR_CONTENT_LENGTH_OVERFLOW},
    {REQUEST, "Content-Length: 99999999999999999999\r\n", "99", SW_ERROR_CONTENT_LENGTH_OVERFLOW},
    {REQUEST, "Content-Length: 36893488147419103232\r\n", "36", SW_ERROR_CONTENT_LENGTH_OVERFLOW},
    {REQUEST, "Content-Length: 18446744073709551615\r\n", "18", SW_ERROR_BODY_TOO_LARGE},
    {REQUEST, "Content-Length: 1073741825\r\n", "1073", SW_ERROR_BODY_TOO_LARGE},
};

START_TEST(refused_framing)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        char text[300];
        snprintf(text, sizeof text, "%s%s\r\n", refused[i].line, refused[i].fields);
        struct drive_source source = source_after(kind_of(text), NULL, text);
        size_t at = (size_t)(strstr(text + strlen(refused[i].line), refused[i].culprit) - text);
        struct outcome v = take(&source, "", 0);
        expect_outcome(v, expect_error(refused[i].error, at), text);
        struct sw_span content;
        ck_assert_int_eq(sw_body_next(&parsed.body, "5\r\n", 3, &content), -(int)v.error);
        ck_assert(!sw_body_done(&parsed.body));
        ck_assert_uint_eq(sw_body_eof(&parsed.body), v.error);
    }
}
END_TEST

/* ---- Content --------------------------------------------------------------------------------- */

START_TEST(content_by_length)
{
    char text[100], bytes[300];
    memset(bytes, 'x', sizeof bytes);
    for (size_t length = 0; length < 200; length += 1 + length / 2)
        for (size_t n = 0; n < sizeof bytes; n += 1 + n / 3) {
            snprintf(text, sizeof text, "%sContent-Length: %zu\r\n\r\n", REQUEST, length);
            struct drive_source source = source_after(SW_REQUEST, NULL, text);
            expect_outcome(take(&source, bytes, n),
                           n < length ? (struct outcome){0} : expect_complete(length), text);
            ck_assert_uint_eq(parsed.content_len, n < length ? n : length);
            ck_assert_uint_eq(parsed.body.content, parsed.content_len);
            source.eof = true;
            expect_outcome(
                take(&source, bytes, n),
                n < length ? expect_error(SW_ERROR_TRUNCATED, 0) : expect_complete(length), text);
        }
}
END_TEST

START_TEST(content_until_close)
{
    struct drive_source source = source_after(SW_RESPONSE, NULL, RESPONSE "\r\n");
    expect_outcome(take(&source, "a\0b\r\n0\r\n\r\n", 10), (struct outcome){0}, "no end yet");
    source.eof = true;
    for (size_t n = 0; n <= 10; n++) {
        expect_outcome(take(&source, "a\0b\r\n0\r\n\r\n", n), expect_complete(n), "closed");
        ck_assert_uint_eq(parsed.content_len, n);
    }
}
END_TEST

/* There is nothing to take, and nothing missing, where there is no body; a tunnel has no end. */
START_TEST(no_content)
{
    struct sw_span content;
    struct drive_source source = source_after(SW_REQUEST, NULL, REQUEST "\r\n");
    expect_outcome(take(&source, "GET", 3), expect_complete(0), "no body");
    ck_assert_uint_eq(sw_body_eof(&parsed.body), SW_OK);
    source = source_after(SW_RESPONSE, NULL, "HTTP/1.1 101 \r\nUpgrade: x\r\n\r\n");
    ck_assert_uint_eq(begin(&source), SW_OK);
    ck_assert_int_eq(sw_body_next(&parsed.body, "raw", 3, &content), 0);
    ck_assert_uint_eq(content.n, 0);
    ck_assert(!sw_body_done(&parsed.body));
}
END_TEST

/* Complete streams: their content, extensions and trailer fields. */
static const struct {
    const char *stream, *content, *notes;
} streams[] = {
    {"0\r\n\r\n", "", ""},
    {"0000000000000000\r\n\r\n", "", ""},
    {"5\r\ngrape\r\n0\r\n\r\n", "grape", ""},
    {"2\r\ngr\r\n003\r\nape\r\n00\r\n\r\n", "grape", ""},
    {"B\r\nhello world\r\n0\r\n\r\n", "hello world", ""},
    {"b\r\nhello world\r\n0\r\n\r\n", "hello world", ""},
    {"0000000000000001\r\nq\r\n0\r\n\r\n", "q", ""},
    {"7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n\r\n", ""},
    {"1;a\r\nq\r\n2\r\nqq\r\n0;z=\"\"\r\n\r\n", "qqq", ";a\n;z=\"\"\n"},
    {"1;a=b;c=\"d;\\\"e\\\\\";f\r\nq\r\n0\r\n\r\n", "q", ";a=b;c=\"d;\\\"e\\\\\";f\n"},
    {"1;a=\"\t \x80\xff\"\r\nq\r\n0\r\n\r\n", "q", ";a=\"\t \x80\xff\"\n"},
    {"0\r\nA: b\r\nc:\td \r\nA:\r\n\r\n", "", "A\nb\nc\nd\nA\n\n"},
    {"1;x\r\nq\r\n0;y\r\nSum: 1\r\n\r\n", "q", ";x\n;y\nSum\n1\n"},
};

static const char chunked_head[] = RESPONSE CHUNKED "\r\n";

START_TEST(chunked_content)
{
    for (size_t i = 0; i < COUNT(streams); i++) {
        struct drive_source source = source_after(SW_RESPONSE, NULL, chunked_head);
        size_t n = strlen(streams[i].stream);
        char more[200];
        snprintf(more, sizeof more, "%sHTTP/1.1 200 OK\r\n", streams[i].stream);
        expect_outcome(take(&source, more, strlen(more)), expect_complete(n), more);
        ck_assert_uint_eq(parsed.content_len, strlen(streams[i].content));
        ck_assert_mem_eq(parsed.content, streams[i].content, parsed.content_len);
        ck_assert_uint_eq(parsed.notes_len, strlen(streams[i].notes));
        ck_assert_mem_eq(parsed.notes, streams[i].notes, parsed.notes_len);
        ck_assert_uint_eq(parsed.body.content, parsed.content_len);
        source.eof = true;
        for (size_t k = 0; k < n; k++)
            expect_outcome(take(&source, more, k), expect_error(SW_ERROR_TRUNCATED, 0), more);
    }
}
END_TEST

/* What a chunk line must not be, beyond what one byte can do to it. */
START_TEST(refused_chunks)
{
    static const struct {
        const char *stream;
        enum sw_error error;
        size_t at;
    } bad[] = {
        {"0x5\r\n", SW_ERROR_BAD_CHUNK_SIZE, 1},
        {"5 \r\n", SW_ERROR_BAD_CHUNK_SIZE, 1},
        {"5 ;a\r\n", SW_ERROR_BAD_CHUNK_SIZE, 1},
        {"5\t\r\n", SW_ERROR_BAD_CHUNK_SIZE, 1},
        {"5;a =b\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 3},
        {"5;a= b\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 4},
        {"5;;a\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 2},
        {"5;a=\"b\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 6},
        {"5;a=\"b\\\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 7},
        {"5\r\r\ngrape", SW_ERROR_BARE_CR, 1},
        {"3\r\nfig0\r\n\r\n", SW_ERROR_BAD_CHUNK_END, 6},
        {"3\r\nfig\n0\r\n\r\n", SW_ERROR_BAD_CHUNK_END, 6},
        {"3\r\nfig\r0\r\n\r\n", SW_ERROR_BAD_CHUNK_END, 7},
        {"1\r\nq\r\n\r\n0\r\n\r\n", SW_ERROR_BAD_CHUNK_SIZE, 6},
        {"00000000000000000\r\n", SW_ERROR_CHUNK_SIZE_TOO_LONG, 16},
        {"00000000000000005\r\n", SW_ERROR_CHUNK_SIZE_TOO_LONG, 16},
        {"10000000000000000\r\n", SW_ERROR_CHUNK_SIZE_OVERFLOW, 16},
        {"10000000000000005\r\n", SW_ERROR_CHUNK_SIZE_OVERFLOW, 16},
        {"fffffffffffffffff\r\n", SW_ERROR_CHUNK_SIZE_OVERFLOW, 16},
        {"0fffffffffffffffff\r\n", SW_ERROR_CHUNK_SIZE_TOO_LONG, 16},
        {"1\r\nq\r\n0\r\nContent-Length: 1\r\n\r\n", SW_ERROR_FORBIDDEN_TRAILER, 9},
        {"0\r\nA: b\r\n c\r\n\r\n", SW_ERROR_OBS_FOLD, 9},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct drive_source source = source_after(SW_REQUEST, NULL, REQUEST CHUNKED "\r\n");
        expect_outcome(take(&source, bad[i].stream, strlen(bad[i].stream)),
                       expect_error(bad[i].error, bad[i].at), bad[i].stream);
    }
}
END_TEST

/* ---- Limits ---------------------------------------------------------------------------------- */

/* Sizes up to 2^64 - 1 are sizes: they wait for their data, and nothing added to them wraps. */
START_TEST(sizes_near_the_end_of_64_bits)
{
    struct sw_limits limits = {.body = UINT64_MAX};
    struct sw_span content;
    static const struct {
        const char *stream;
        uint64_t left;
    } huge[] = {
        {"ffffffffffffffff\r\ngrape", UINT64_MAX - 5},
        {"FFFFFFFFFFFFFFFE\r\ngrape", UINT64_MAX - 6},
        {"fffffffffffffffd\r\n", UINT64_MAX - 2},
        {"8000000000000000\r\ngrape", (UINT64_C(1) << 63) - 5},
    };
    for (size_t i = 0; i < COUNT(huge); i++) {
        struct drive_source source = source_after(SW_RESPONSE, &limits, chunked_head);
        expect_outcome(take(&source, huge[i].stream, strlen(huge[i].stream)), (struct outcome){0},
                       huge[i].stream);
        ck_assert_uint_eq(parsed.body.left, huge[i].left);
    }
    struct drive_source source = source_after(SW_RESPONSE, &limits, chunked_head);
    const char *twice = "5\r\ngrape\r\nfffffffffffffffa\r\nq";
    expect_outcome(take(&source, twice, strlen(twice)), (struct outcome){0}, twice);
    ck_assert_uint_eq(parsed.body.content, UINT64_MAX);
    twice = "5\r\ngrape\r\nfffffffffffffffb\r\nq";
    expect_outcome(take(&source, twice, strlen(twice)), expect_error(SW_ERROR_BODY_TOO_LARGE, 10),
                   twice);
    source =
        source_after(SW_REQUEST, &limits, REQUEST "Content-Length: 18446744073709551615\r\n\r\n");
    ck_assert_uint_eq(begin(&source), SW_OK);
    ck_assert_int_eq(sw_body_next(&parsed.body, "grape", 5, &content), 5);
    ck_assert_uint_eq(parsed.body.left, UINT64_MAX - 5);
}
END_TEST

START_TEST(limit_of_the_content)
{
    struct drive_source source;
    struct sw_limits limits = {0};
    for (uint64_t max = 1; max < 12; max++) {
        limits.body = max;
        source = source_after(SW_RESPONSE, &limits, chunked_head);
        const char *text = "5\r\ngrape\r\n1\r\nq\r\n2\r\nqq\r\n0\r\n\r\n";
        expect_outcome(take(&source, text, strlen(text)),
                       max < 5   ? expect_error(SW_ERROR_BODY_TOO_LARGE, 0)
                       : max < 6 ? expect_error(SW_ERROR_BODY_TOO_LARGE, 10)
                       : max < 8 ? expect_error(SW_ERROR_BODY_TOO_LARGE, 16)
                                 : expect_complete(28),
                       text);
        source = source_after(SW_RESPONSE, &limits, RESPONSE "\r\n");
        source.eof = true;
        expect_outcome(take(&source, "grape q", 7),
                       max < 7 ? expect_error(SW_ERROR_BODY_TOO_LARGE, (size_t)max)
                               : expect_complete(7),
                       "until close");
        source = source_after(SW_RESPONSE, &limits, RESPONSE "Content-Length: 7\r\n\r\n");
        expect_outcome(take(&source, "grape q", 7),
                       max < 7 ? expect_error(SW_ERROR_BODY_TOO_LARGE, sizeof RESPONSE + 15)
                               : expect_complete(7),
                       "by length");
        source = source_after(SW_RESPONSE, &limits, RESPONSE "Content-Length: 700\r\n\r\n");
        source.request = SW_METHOD_HEAD;
        expect_outcome(take(&source, "", 0), expect_complete(0), "not sent at all");
    }
}
END_TEST

/* Extensions are summed over the message, the semicolon counted. */
START_TEST(limit_of_extensions)
{
    static const char text[] = "1;abc=d\r\nq\r\n1;ab\r\nq\r\n0;\"\r\n\r\n";
    for (uint32_t max = 1; max < 12; max++) {
        struct sw_limits limits = {.chunk_extensions = max};
        struct drive_source source = source_after(SW_RESPONSE, &limits, chunked_head);
        expect_outcome(take(&source, text, sizeof text - 1),
                       max < 6    ? expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 1 + max)
                       : max < 9  ? expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 7 + max)
                       : max < 10 ? expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 22)
                                  : expect_error(SW_ERROR_BAD_CHUNK_EXTENSION, 23),
                       text);
    }
}
END_TEST

/* Each byte of content allows 16 bytes of framing; each further byte counts towards the limit. Here
   the chunk line and the CRLF after the data are 20 bytes. */
#define COSTLY "0000000000000001\r\nq\r\n"

START_TEST(limit_of_framing)
{
    char stream[600];
    for (uint32_t max = 4; max < 60; max += 7) {
        struct sw_limits limits = {.chunk_overhead = max};
        struct drive_source source = source_after(SW_RESPONSE, &limits, chunked_head);
        size_t n = (size_t)sprintf(stream, "1\r\nq\r\n1\r\nq\r\n");
        for (size_t i = 0; i < max / 4; i++)
            n += (size_t)sprintf(stream + n, COSTLY);
        sprintf(stream + n, "0\r\n\r\n");
        expect_outcome(take(&source, stream, n + 5), expect_complete(n + 5), "within the limit");
        sprintf(stream + n, COSTLY);
        expect_outcome(take(&source, stream, n + 21), expect_error(SW_ERROR_CHUNK_OVERHEAD, n),
                       "past the limit");
        sprintf(stream + n, "2\r\nqq\r\n" COSTLY "0\r\n\r\n");
        expect_outcome(take(&source, stream, n + 33), expect_complete(n + 33),
                       "within the limit after more content");
    }
}
END_TEST

START_TEST(usual_limit_of_framing)
{
    static char stream[4097 * (sizeof COSTLY - 1) + 1];
    struct drive_source source = source_after(SW_RESPONSE, NULL, chunked_head);
    size_t n = 0;
    for (int i = 0; i < 4097; i++)
        n += (size_t)sprintf(stream + n, COSTLY);
    expect_outcome(drive_body(&parsed, &source, DRIVE_NEXT, stream, n, n, n),
                   expect_error(SW_ERROR_CHUNK_OVERHEAD, n - sizeof COSTLY + 1), "a line too many");
    expect_outcome(drive_body(&parsed, &source, DRIVE_COMPACT, stream, n, n, n),
                   expect_error(SW_ERROR_CHUNK_OVERHEAD, n - sizeof COSTLY + 1), "a line too many");
}
END_TEST

START_TEST(limits_of_trailers)
{
    struct sw_limits limits = {.trailers = 2};
    struct drive_source source = source_after(SW_RESPONSE, &limits, chunked_head);
    expect_outcome(take(&source, "0\r\nA:\r\nB:\r\n\r\n", 13), expect_complete(13), "two");
    expect_outcome(take(&source, "0\r\nA:\r\nB:\r\nC:\r\n\r\n", 17),
                   expect_error(SW_ERROR_TOO_MANY_TRAILERS, 11), "three");
    limits = (struct sw_limits){.trailer_bytes = 10};
    source = source_after(SW_RESPONSE, &limits, chunked_head);
    expect_outcome(take(&source, "0\r\nA: bcd\r\n\r\n", 13), expect_complete(13), "ten bytes");
    expect_outcome(take(&source, "0\r\nA: bcde\r\n\r\n", 14),
                   expect_error(SW_ERROR_TRAILERS_TOO_LARGE, 13), "eleven bytes");
}
END_TEST

/* ---- Chance ---------------------------------------------------------------------------------- */

static uint64_t seed;

/* A number below n, by xorshift64*. */
static size_t below(size_t n)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (size_t)((seed * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* A stream of a few chunks, and its content. */
static size_t make_stream(char *stream, char *content, size_t *content_len)
{
    static const char *const extensions[] = {"", "", ";a", ";a=b", ";a=\"\\\"\";b"};
    size_t n = 0, size = 16;
    *content_len = 0;
    for (size_t chunks = below(12); chunks > 0; chunks--) {
        if (below(2))
            size = 1 + below(below(4) ? 40 : 300);
        n += (size_t)sprintf(stream + n, below(2) ? "%zx" : "%04zX", size);
        n += (size_t)sprintf(stream + n, "%s\r\n", extensions[below(COUNT(extensions))]);
        for (size_t i = 0; i < size; i++)
            content[(*content_len)++] = stream[n++] = (char)below(256);
        n += (size_t)sprintf(stream + n, "\r\n");
    }
    return n + (size_t)sprintf(stream + n, "0\r\n%s\r\n", below(2) ? "A: b\r\n" : "");
}

/* Both calls return the content, or the same error at the same offset, at any split. */
START_TEST(streams_of_chance)
{
    static char stream[8000], content[5000];
    struct drive_source source = source_after(SW_RESPONSE, NULL, chunked_head);
    for (uint64_t round = 1; round <= 2000; round++) {
        size_t content_len;
        seed = round;
        size_t n = make_stream(stream, content, &content_len);
        bool spoiled = below(2);
        if (spoiled)
            stream[below(n)] = (char)below(256);
        struct outcome v = drive_body(&parsed, &source, DRIVE_NEXT, stream, n, n, n);
        MUST(spoiled || (v.complete && v.at == n && parsed.content_len == content_len &&
                         memcmp(parsed.content, content, content_len) == 0),
             "seed %u: %s", (unsigned)round, outcome_text(v));
        for (int tries = 0; tries < 6; tries++) {
            enum drive_call call = (enum drive_call)below(DRIVE_CALLS);
            const char *why = drive_body_split(&parsed, v, &source, call, stream, n, below(n + 1),
                                               1 + below(below(2) ? 8 : 100));
            MUST(!why, "seed %u: %s", (unsigned)round, why);
        }
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {framing, 1},
        {refused_framing, 1},
        {content_by_length, 1},
        {content_until_close, 1},
        {no_content, 1},
        {chunked_content, 1},
        {refused_chunks, 1},
        {sizes_near_the_end_of_64_bits, 1},
        {limit_of_the_content, 1},
        {limit_of_extensions, 1},
        {limit_of_framing, 1},
        {usual_limit_of_framing, 1},
        {limits_of_trailers, 1},
        {streams_of_chance, 1},
    };
    return suite_main("body", tests, COUNT(tests));
}
