/* check_body_responses.c - bodies of responses: what a client has to take, and what it may. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

static struct drive_head head;
static struct drive_body parsed;

#define RESPONSE "HTTP/1.1 200 OK\r\n"
#define REQUEST  "PUT / HTTP/1.1\r\nHost:\r\n"
#define CHUNKED  "Transfer-Encoding: chunked\r\n"
#define LENGTH   "Content-Length: 5\r\n"

/* Parse the head that the body comes after. */
static struct drive_source source_after(const struct sw_limits *limits, const char *text)
{
    size_t n = strlen(text);
    drive_head_init(&head, strncmp(text, "HTTP/", 5) == 0 ? SW_RESPONSE : SW_REQUEST, limits);
    expect_outcome(drive_head(&head, text, n, n, 1), expect_complete(n), text);
    return (struct drive_source){.head = &head.head, .head_bytes = head.bytes};
}

static enum sw_error begin(const struct drive_source *source)
{
    memset(&parsed.trailers, 0x5a, sizeof parsed.trailers);
    return sw_body_begin(&parsed.body, source->head, source->head_bytes, source->request,
                         &parsed.trailers);
}

/* ---- Responses without a body, RFC 9112 6.3 -------------------------------------------------- */

/* Rules 1 and 2: these end with their head, and the next byte is not theirs. */
static const struct {
    const char *line;
    enum sw_method request;
    enum sw_framing framing;
} bodiless[] = {
    {RESPONSE, SW_METHOD_HEAD, SW_FRAMING_NONE},
    {"HTTP/1.0 404 \r\n", SW_METHOD_HEAD, SW_FRAMING_NONE},
    {"HTTP/1.1 100 \r\n", SW_METHOD_OTHER, SW_FRAMING_NONE},
    {"HTTP/1.1 102 \r\n", SW_METHOD_CONNECT, SW_FRAMING_NONE},
    {"HTTP/1.1 199 \r\n", SW_METHOD_HEAD, SW_FRAMING_NONE},
    {"HTTP/1.1 204 \r\n", SW_METHOD_OTHER, SW_FRAMING_NONE},
    {"HTTP/1.0 304 \r\n", SW_METHOD_OTHER, SW_FRAMING_NONE},
    {"HTTP/1.1 304 \r\n", SW_METHOD_CONNECT, SW_FRAMING_NONE},
    {"HTTP/1.1 101 \r\n", SW_METHOD_OTHER, SW_FRAMING_TUNNEL},
    {RESPONSE, SW_METHOD_CONNECT, SW_FRAMING_TUNNEL},
    {"HTTP/1.0 200 \r\n", SW_METHOD_CONNECT, SW_FRAMING_TUNNEL},
    {"HTTP/1.1 204 \r\n", SW_METHOD_CONNECT, SW_FRAMING_TUNNEL},
    {"HTTP/1.1 299 \r\n", SW_METHOD_CONNECT, SW_FRAMING_TUNNEL},
};

/* Each of these fails a message that has a body. */
static const char *const faulty[] = {
    CHUNKED "Content-Length: 0\r\n",
    LENGTH CHUNKED,
    CHUNKED CHUNKED,
    "Transfer-Encoding:\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding: \"\r\n",
    "Content-Length:\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 5x\r\n",
    LENGTH "Content-Length: 6\r\n",
    "Content-Length: 1073741825\r\n",
    "Content-Length: 18446744073709551616\r\n",
};

START_TEST(bodiless_whatever_the_fields)
{
    for (size_t i = 0; i < COUNT(bodiless); i++)
        for (size_t k = 0; k < COUNT(faulty); k++) {
            char text[300];
            snprintf(text, sizeof text, "%s%s\r\n", bodiless[i].line, faulty[k]);
            struct drive_source source = source_after(NULL, text);
            source.request = SW_METHOD_GET;
            if (head.head.status == 200)
                MUST(begin(&source) != SW_OK, "%s", text);
            source.request = bodiless[i].request;
            MUST(begin(&source) == SW_OK, "%s", text);
            MUST(parsed.body.framing == bodiless[i].framing && parsed.body.left == 0, "%s", text);
            MUST(sw_body_done(&parsed.body) == (bodiless[i].framing == SW_FRAMING_NONE), "%s",
                 text);
            struct sw_span content;
            MUST(sw_body_next(&parsed.body, "5\r\n", 3, &content) == 0 && content.n == 0, "%s",
                 text);
        }
}
END_TEST

/* ---- White space in chunk lines -------------------------------------------------------------- */

/* Read the body at every split, by each call. */
static void expect_body(const struct sw_limits *limits, const char *text, const char *stream,
                        struct outcome expected)
{
    struct drive_source source = source_after(limits, text);
    struct outcome v;
    const char *why = drive_body_everywhere(&parsed, &v, &source, stream, strlen(stream));
    MUST(!why, "%s: %s", why, stream);
    expect_outcome(v, expected, stream);
}

static void expect_notes(const char *content, const char *notes, const char *what)
{
    MUST(parsed.content_len == strlen(content) &&
             memcmp(parsed.content, content, parsed.content_len) == 0,
         "content %.*s of %s", (int)parsed.content_len, parsed.content, what);
    MUST(parsed.notes_len == strlen(notes) && memcmp(parsed.notes, notes, parsed.notes_len) == 0,
         "notes %.*s of %s", (int)parsed.notes_len, parsed.notes, what);
}

/* BWS, which RFC 9112 7.1.1 has around ";" and "=". */
static const struct {
    const char *stream, *notes;
    size_t at; /* where a request fails */
    enum sw_error error;
} spaced[] = {
    {"1 ;a\r\nq\r\n0\r\n\r\n", ";a\n", 1, SW_ERROR_BAD_CHUNK_SIZE},
    {"01\t \t;a=b\r\nq\r\n0\r\n\r\n", ";a=b\n", 2, SW_ERROR_BAD_CHUNK_SIZE},
    {"1; a\r\nq\r\n0\r\n\r\n", "; a\n", 2, SW_ERROR_BAD_CHUNK_EXTENSION},
    {"1;a =b\r\nq\r\n0\r\n\r\n", ";a =b\n", 3, SW_ERROR_BAD_CHUNK_EXTENSION},
    {"1;a= b\r\nq\r\n0\r\n\r\n", ";a= b\n", 4, SW_ERROR_BAD_CHUNK_EXTENSION},
    {"1;a=\t\"b ;\"\r\nq\r\n0\r\n\r\n", ";a=\t\"b ;\"\n", 4, SW_ERROR_BAD_CHUNK_EXTENSION},
    {"1;a ;b\r\nq\r\n0\r\n\r\n", ";a ;b\n", 3, SW_ERROR_BAD_CHUNK_EXTENSION},
    {"1;a=b ;c\r\nq\r\n0\r\n\r\n", ";a=b ;c\n", 5, SW_ERROR_BAD_CHUNK_EXTENSION},
    {"1;a=\"b\"\t ; c\r\nq\r\n0\r\n\r\n", ";a=\"b\"\t ; c\n", 7, SW_ERROR_BAD_CHUNK_EXTENSION},
    {"1 ; a = b ; c = \"d\" ; e\r\nq\r\n0\r\n\r\n", "; a = b ; c = \"d\" ; e\n", 1,
     SW_ERROR_BAD_CHUNK_SIZE},
    {"1\r\nq\r\n0 ; a\r\nT: u\r\n\r\n", "; a\nT\nu\n", 7, SW_ERROR_BAD_CHUNK_SIZE},
};

START_TEST(white_space_around_extensions)
{
    for (size_t i = 0; i < COUNT(spaced); i++) {
        const char *stream = spaced[i].stream;
        expect_body(NULL, RESPONSE CHUNKED "\r\n", stream, expect_complete(strlen(stream)));
        expect_notes("q", spaced[i].notes, stream);
        expect_body(NULL, REQUEST CHUNKED "\r\n", stream,
                    expect_error(spaced[i].error, spaced[i].at));
    }
}
END_TEST

/* It must be around these, and must be white space. */
static const struct {
    const char *stream;
    enum sw_error error;
    size_t at;
} misplaced[] = {
    {" 1\r\n", SW_ERROR_BAD_CHUNK_SIZE, 0},
    {"\t1\r\n", SW_ERROR_BAD_CHUNK_SIZE, 0},
    {" ;a\r\n", SW_ERROR_BAD_CHUNK_SIZE, 0},
    {"1 1\r\n", SW_ERROR_BAD_CHUNK_SIZE, 2},
    {"1 a\r\n", SW_ERROR_BAD_CHUNK_SIZE, 2},
    {"1 \x0b;a\r\n", SW_ERROR_BAD_CHUNK_SIZE, 2},
    {"1\x0b;a\r\n", SW_ERROR_BAD_CHUNK_SIZE, 1},
    {"1 =a\r\n", SW_ERROR_BAD_CHUNK_SIZE, 2},
    {"1 \n", SW_ERROR_BARE_LF, 2},
    {"1;\x0c"
     "a\r\n",
     SW_ERROR_BAD_CHUNK_EXTENSION, 2},
    {"1; ;a\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 3},
    {"1; =a\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 3},
    {"1; \r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 3},
    {"1;a b\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 4},
    {"1;a \"b\"\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 4},
    {"1;a= ;b\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 5},
    {"1;a= =b\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 5},
    {"1;a= \r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 5},
    {"1;a=b c\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 6},
    {"1;a=b =c\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 6},
    {"1;a=b \"c\"\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 6},
    {"1;a=\"b\" c\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 8},
    {"1;a=\"b\" =c\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 8},
    {"1;a \n", SW_ERROR_BARE_LF, 4},
    {"1;a=b \n", SW_ERROR_BARE_LF, 6},
};

START_TEST(white_space_elsewhere)
{
    for (size_t i = 0; i < COUNT(misplaced); i++)
        expect_body(NULL, RESPONSE CHUNKED "\r\n", misplaced[i].stream,
                    expect_error(misplaced[i].error, misplaced[i].at));
}
END_TEST

/* At the end of a chunk line it is in no grammar. */
static const struct {
    const char *stream, *notes;
    enum sw_error error;
    size_t at;
} trailing[] = {
    {"1 \r\nq\r\n0\r\n\r\n", "", SW_ERROR_BAD_CHUNK_SIZE, 2},
    {"1\t  \t\r\nq\r\n0\r\n\r\n", "", SW_ERROR_BAD_CHUNK_SIZE, 5},
    {"1\r\nq\r\n0   \r\nT: u\r\n\r\n", "T\nu\n", SW_ERROR_BAD_CHUNK_SIZE, 10},
    {"1;a \r\nq\r\n0\r\n\r\n", ";a \n", SW_ERROR_BAD_CHUNK_EXTENSION, 4},
    {"1;a=b\t\r\nq\r\n0\r\n\r\n", ";a=b\t\n", SW_ERROR_BAD_CHUNK_EXTENSION, 6},
    {"1 ;a=\"b\" \r\nq\r\n0\r\n\r\n", ";a=\"b\" \n", SW_ERROR_BAD_CHUNK_EXTENSION, 9},
};

START_TEST(white_space_at_the_end)
{
    static const struct sw_limits lenient = {.lenient = SW_LENIENT_CHUNK_SPACES},
                                  others = {.lenient = ~(unsigned)SW_LENIENT_CHUNK_SPACES};
    for (size_t i = 0; i < COUNT(trailing); i++) {
        const char *stream = trailing[i].stream;
        struct outcome error = expect_error(trailing[i].error, trailing[i].at);
        expect_body(NULL, RESPONSE CHUNKED "\r\n", stream, error);
        expect_body(&others, RESPONSE CHUNKED "\r\n", stream, error);
        expect_body(&lenient, RESPONSE CHUNKED "\r\n", stream, expect_complete(strlen(stream)));
        expect_notes("q", trailing[i].notes, stream);
        error.at = strcspn(stream, " \t");
        error.error = stream[1] == ';' ? SW_ERROR_BAD_CHUNK_EXTENSION : SW_ERROR_BAD_CHUNK_SIZE;
        expect_body(&lenient, REQUEST CHUNKED "\r\n", stream, error);
    }
    for (size_t i = 0; i < COUNT(spaced); i++) {
        expect_body(&lenient, RESPONSE CHUNKED "\r\n", spaced[i].stream,
                    expect_complete(strlen(spaced[i].stream)));
        expect_notes("q", spaced[i].notes, spaced[i].stream);
    }
    for (size_t i = 0; i < COUNT(misplaced); i++)
        expect_body(&lenient, RESPONSE CHUNKED "\r\n", misplaced[i].stream,
                    expect_error(misplaced[i].error, misplaced[i].at));
    expect_body(&lenient, RESPONSE CHUNKED "\r\n", "1 \rq", expect_error(SW_ERROR_BARE_CR, 2));
    expect_body(&lenient, RESPONSE CHUNKED "\r\n", "1\r \nq", expect_error(SW_ERROR_BARE_CR, 1));
    expect_body(&lenient, RESPONSE CHUNKED "\r\n", "1\r\nq \r\n",
                expect_error(SW_ERROR_BAD_CHUNK_END, 4));
}
END_TEST

/* White space is counted as extensions are. */
START_TEST(limit_of_white_space)
{
    struct sw_limits limits = {.chunk_extensions = 4};
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1 \t;a\r\nq\r\n0\r\n\r\n", expect_complete(15));
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1  ; a\r\nq\r\n0\r\n\r\n",
                expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 5));
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1    ;a\r\n",
                expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 5));
    limits.lenient = SW_LENIENT_CHUNK_SPACES;
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1  \r\nq\r\n0  \r\n\r\n", expect_complete(15));
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1  \r\nq\r\n0   \r\n\r\n",
                expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 11));
}
END_TEST

/* ---- SW_LENIENT_TRAILERS --------------------------------------------------------------------- */

static const struct sw_limits late = {.lenient = SW_LENIENT_TRAILERS};

/* Every field that the grammar keeps out of trailer sections, one of them between two that are not.
 */
START_TEST(forbidden_trailers)
{
    for (unsigned id = 1; id < SW_HEADER_COUNT; id++) {
        const char *name = sw_header_names[id].text;
        unsigned flags = sw_header_names[id].flags;
        bool forbidden = flags & SW_HEADER_F_NO_TRAILER, framing = flags & SW_HEADER_F_FRAMING;
        char stream[200], notes[200];
        ck_assert(forbidden || !framing);
        snprintf(stream, sizeof stream, "1\r\nq\r\n0\r\nA: b\r\n%s: c\r\nD: e\r\n\r\n", name);
        snprintf(notes, sizeof notes, forbidden ? "A\nb\nD\ne\n" : "A\nb\n%s\nc\nD\ne\n", name);
        struct outcome good = expect_complete(strlen(stream)),
                       bad = expect_error(SW_ERROR_FORBIDDEN_TRAILER, 15);
        expect_body(NULL, RESPONSE CHUNKED "\r\n", stream, forbidden ? bad : good);
        expect_body(&late, REQUEST CHUNKED "\r\n", stream, forbidden ? bad : good);
        expect_body(&late, RESPONSE CHUNKED "\r\n", stream, framing ? bad : good);
        if (!framing) {
            expect_notes("q", notes, name);
            ck_assert_ptr_eq(sw_head_field(&parsed.trailers, id),
                             forbidden ? NULL : sw_head_at(&parsed.trailers, 1));
        }
    }
}
END_TEST

/* What is dropped must be a field line all the same, and is bounded with the section. */
START_TEST(dropped_trailers)
{
    static const struct {
        const char *stream;
        enum sw_error error;
        size_t at;
    } rows[] = {
        {"0\r\nHost: a\r\n\r\n", SW_OK, 14},
        {"0\r\nHOST: a\r\nhost: b\r\nCookie:\r\n\r\n", SW_OK, 32},
        {"0\r\nHost : a\r\n\r\n", SW_ERROR_SPACE_BEFORE_COLON, 7},
        {"0\r\nHost: \x01\r\n\r\n", SW_ERROR_BAD_FIELD_VALUE, 9},
        {"0\r\nHost: a\n\r\n", SW_ERROR_BARE_LF, 10},
        {"0\r\nHost: a\r\n b\r\n\r\n", SW_ERROR_OBS_FOLD, 12},
        {"0\r\nA: a\r\nHost: a\r\n b\r\n\r\n", SW_ERROR_OBS_FOLD, 18},
        {"0\r\nHost: a\r\nContent-Length: 0\r\n\r\n", SW_ERROR_FORBIDDEN_TRAILER, 12},
        {"0\r\nHost: a\r\ntransfer-encoding:\r\n\r\n", SW_ERROR_FORBIDDEN_TRAILER, 12},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_body(&late, RESPONSE CHUNKED "\r\n", rows[i].stream,
                    rows[i].error ? expect_error(rows[i].error, rows[i].at)
                                  : expect_complete(rows[i].at));
    expect_body(&late, RESPONSE CHUNKED "\r\n", "0\r\n a\r\n\r\n",
                expect_error(SW_ERROR_SPACE_BEFORE_FIRST_FIELD, 3));
    struct sw_limits limits = {.lenient = SW_LENIENT_TRAILERS | SW_LENIENT_OBS_FOLD};
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "0\r\nHost: a\r\n b\r\n\tc\r\n\r\n",
                expect_complete(22));
    expect_notes("", "", "a fold of what was dropped");
    expect_body(&limits, RESPONSE CHUNKED "\r\n",
                "0\r\nA: b\r\nHost: a\r\n b\r\nC: d\r\nCookie:\r\n e\r\n\r\n", expect_complete(43));
    expect_notes("", "A\nb\nC\nd\n", "folds of what was dropped");
    limits = (struct sw_limits){.lenient = SW_LENIENT_TRAILERS, .trailers = 1, .trailer_bytes = 20};
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "0\r\nHost: a\r\nHost:b\r\n\r\n",
                expect_complete(22));
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "0\r\nHost: a\r\nHost: b\r\n\r\n",
                expect_complete(23));
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "0\r\nHost: a\r\nHost: bc\r\n\r\n",
                expect_error(SW_ERROR_TRAILERS_TOO_LARGE, 23));
    limits.lenient |= SW_LENIENT_VALUE_BYTES;
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "0\r\nA: \x01\r\n\r\n", expect_complete(11));
    expect_notes("", "A\n\x01\n", "control byte");
    expect_body(&limits, REQUEST CHUNKED "\r\n", "0\r\nA: \x01\r\n\r\n",
                expect_error(SW_ERROR_BAD_FIELD_VALUE, 6));
}
END_TEST

/* ---- SW_LENIENT_CODINGS ---------------------------------------------------------------------- */

static const struct {
    const char *fields;
    enum sw_framing framing;
    enum sw_error strict;
} codings[] = {
    {"gzip", SW_FRAMING_CLOSE, SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {"identity", SW_FRAMING_CLOSE, SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {"GZip, deflate", SW_FRAMING_CLOSE, SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {"xchunked", SW_FRAMING_CLOSE, SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {"chunked, gzip", SW_FRAMING_CLOSE, SW_ERROR_CHUNKED_NOT_LAST},
    {"chunked\r\nTransfer-Encoding: x", SW_FRAMING_CLOSE, SW_ERROR_CHUNKED_NOT_LAST},
    {"gzip;a=b", SW_FRAMING_CLOSE, SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip ; a=\"b, chunked\";c=d", SW_FRAMING_CLOSE, SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip, chunked", SW_FRAMING_CHUNKED, SW_ERROR_TRANSFER_CODING_UNKNOWN},
    {"gzip;q=\"1,\" , Chunked", SW_FRAMING_CHUNKED, SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip\r\nX: y\r\nTransfer-Encoding: chunked", SW_FRAMING_CHUNKED,
     SW_ERROR_TRANSFER_CODING_UNKNOWN},
};

/* Wrong however much is tolerated. */
static const struct {
    const char *fields;
    enum sw_error error;
} wrong_codings[] = {
    {"", SW_ERROR_BAD_TRANSFER_ENCODING},
    {", ,", SW_ERROR_BAD_TRANSFER_ENCODING},
    {",gzip", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip,", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip,,chunked", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip\r\nTransfer-Encoding:", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip x", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"\"gzip\"", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip, \"x", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"chunked;q=1", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip, chunked;q=1", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip;q", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gzip;=1", SW_ERROR_BAD_TRANSFER_ENCODING},
    {";q=1", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"gz/ip", SW_ERROR_BAD_TRANSFER_ENCODING},
    {"chunked, chunked", SW_ERROR_CHUNKED_REPEATED},
    {"chunked, gzip, chunked", SW_ERROR_CHUNKED_REPEATED},
    {"gzip\r\nContent-Length: 5", SW_ERROR_CONTENT_LENGTH_AND_TRANSFER_ENCODING},
};

static enum sw_error begin_coded(const struct sw_limits *limits, const char *line,
                                 const char *fields)
{
    static char text[300];
    snprintf(text, sizeof text, "%sTransfer-Encoding: %s\r\n\r\n", line, fields);
    struct drive_source source = source_after(limits, text);
    return begin(&source);
}

START_TEST(other_codings)
{
    static const struct sw_limits lenient = {.lenient = SW_LENIENT_CODINGS},
                                  others = {.lenient = ~(unsigned)SW_LENIENT_CODINGS};
    for (size_t i = 0; i < COUNT(codings); i++) {
        const char *fields = codings[i].fields;
        MUST(begin_coded(NULL, RESPONSE, fields) == codings[i].strict, "%s", fields);
        MUST(begin_coded(&others, RESPONSE, fields) == codings[i].strict, "%s", fields);
        MUST(begin_coded(&lenient, REQUEST, fields) == codings[i].strict, "%s", fields);
        MUST(begin_coded(&lenient, "HTTP/1.0 200 \r\n", fields) ==
                 SW_ERROR_TRANSFER_ENCODING_IN_1_0,
             "%s", fields);
        MUST(begin_coded(&lenient, RESPONSE, fields) == SW_OK, "%s", fields);
        MUST(parsed.body.framing == codings[i].framing && !sw_body_done(&parsed.body), "%s",
             fields);
    }
    for (size_t i = 0; i < COUNT(wrong_codings); i++)
        MUST(begin_coded(&lenient, RESPONSE, wrong_codings[i].fields) == wrong_codings[i].error,
             "%s", wrong_codings[i].fields);
}
END_TEST

START_TEST(content_of_other_codings)
{
    static const struct sw_limits lenient = {.lenient = SW_LENIENT_CODINGS, .body = 12};
    static const char chunks[] = "4\r\nabcd\r\n0\r\n\r\n";
    struct drive_source source =
        source_after(&lenient, RESPONSE "Transfer-Encoding: chunked, gzip\r\n\r\n");
    struct outcome v;
    const char *why = drive_body_everywhere(&parsed, &v, &source, chunks, 12);
    MUST(!why, "%s", why);
    expect_outcome(v, (struct outcome){0}, "not closed yet");
    source.eof = true;
    why = drive_body_everywhere(&parsed, &v, &source, chunks, 12);
    MUST(!why, "%s", why);
    expect_outcome(v, expect_complete(12), "closed");
    ck_assert_uint_eq(parsed.content_len, 12);
    ck_assert_mem_eq(parsed.content, chunks, 12);
    expect_body(&lenient, RESPONSE "Transfer-Encoding: gzip\r\n\r\n", chunks,
                expect_error(SW_ERROR_BODY_TOO_LARGE, 12));
    expect_body(&lenient, RESPONSE "Transfer-Encoding: gzip, chunked\r\n\r\n", chunks,
                expect_complete(14));
    expect_notes("abcd", "", chunks);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {bodiless_whatever_the_fields, 1},
        {white_space_around_extensions, 1},
        {white_space_elsewhere, 1},
        {white_space_at_the_end, 1},
        {limit_of_white_space, 1},
        {forbidden_trailers, 1},
        {dropped_trailers, 1},
        {other_codings, 1},
        {content_of_other_codings, 1},
    };
    return suite_main("body responses", tests, COUNT(tests));
}
