/* check_body_responses.c - bodies of responses: what a client has to take, and what it may. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

static struct drive_head head;
static struct drive_body whole;

#define RESPONSE "HTTP/1.1 200 OK\r\n"
#define CHUNKED  "Transfer-Encoding: chunked\r\n"
#define LENGTH   "Content-Length: 5\r\n"

/* Parse the head that the body comes after. */
static struct drive_source behind(const struct sw_limits *limits, const char *text)
{
    size_t n = strlen(text);
    drive_head_init(&head, strncmp(text, "HTTP/", 5) == 0 ? SW_RESPONSE : SW_REQUEST, limits);
    expect_verdict(drive_head(&head, text, n, n, 1), expect_whole(n), text);
    return (struct drive_source){.head = &head.head, .head_bytes = head.bytes};
}

static enum sw_error begin(const struct drive_source *source)
{
    memset(&whole.trailers, 0x5a, sizeof whole.trailers);
    return sw_body_begin(&whole.body, source->head, source->head_bytes, source->request,
                         &whole.trailers);
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
            struct drive_source source = behind(NULL, text);
            source.request = SW_METHOD_GET;
            if (head.head.status == 200)
                MUST(begin(&source) != SW_OK, "%s", text);
            source.request = bodiless[i].request;
            MUST(begin(&source) == SW_OK, "%s", text);
            MUST(whole.body.framing == bodiless[i].framing && whole.body.left == 0, "%s", text);
            MUST(sw_body_done(&whole.body) == (bodiless[i].framing == SW_FRAMING_NONE), "%s", text);
            struct sw_span content;
            MUST(sw_body_next(&whole.body, "5\r\n", 3, &content) == 0 && content.n == 0, "%s",
                 text);
        }
}
END_TEST

/* ---- White space in chunk lines -------------------------------------------------------------- */

/* Take the body in every way. */
static void expect_body(const struct sw_limits *limits, const char *text, const char *stream,
                        struct verdict expected)
{
    struct drive_source source = behind(limits, text);
    struct verdict v;
    const char *why = drive_body_everywhere(&whole, &v, &source, stream, strlen(stream));
    MUST(!why, "%s: %s", why, stream);
    expect_verdict(v, expected, stream);
}

static void expect_notes(const char *content, const char *notes, const char *what)
{
    MUST(whole.content_len == strlen(content) &&
             memcmp(whole.content, content, whole.content_len) == 0,
         "content %.*s of %s", (int)whole.content_len, whole.content, what);
    MUST(whole.notes_len == strlen(notes) && memcmp(whole.notes, notes, whole.notes_len) == 0,
         "notes %.*s of %s", (int)whole.notes_len, whole.notes, what);
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
        expect_body(NULL, RESPONSE CHUNKED "\r\n", stream, expect_whole(strlen(stream)));
        expect_notes("q", spaced[i].notes, stream);
        expect_body(NULL, "PUT / HTTP/1.1\r\nHost:\r\n" CHUNKED "\r\n", stream,
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
    {"1;\x0c" "a\r\n", SW_ERROR_BAD_CHUNK_EXTENSION, 2},
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
    for (size_t i = 0; i < COUNT(trailing); i++)
        expect_body(NULL, RESPONSE CHUNKED "\r\n", trailing[i].stream,
                    expect_error(trailing[i].error, trailing[i].at));
}
END_TEST

/* White space is counted as extensions are. */
START_TEST(limit_of_white_space)
{
    struct sw_limits limits = {.chunk_extensions = 4};
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1 \t;a\r\nq\r\n0\r\n\r\n", expect_whole(15));
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1  ; a\r\nq\r\n0\r\n\r\n",
                expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 5));
    expect_body(&limits, RESPONSE CHUNKED "\r\n", "1    ;a\r\n",
                expect_error(SW_ERROR_CHUNK_EXTENSIONS_TOO_LONG, 5));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        bodiless_whatever_the_fields,
        white_space_around_extensions,
        white_space_elsewhere,
        white_space_at_the_end,
        limit_of_white_space,
    };
    return expect_suite("body responses", tests, COUNT(tests));
}
