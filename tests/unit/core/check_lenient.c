/* check_lenient.c - leniency: each flag, and every set of flags at every place. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

#define LINE "GET /p HTTP/1.1\r\n"
#define HOST "Host: h\r\n\r\n"

static struct drive_head parsed;

/* ---- Flag by flag ---------------------------------------------------------------------------- */

static const struct {
    enum sw_lenient flag;
    enum sw_kind kind;
    const char *text;
    enum sw_error strict;
    size_t at;
    const char *target, *value; /* of the request or the reason, and of the first field */
} lenient[] = {
    {SW_LENIENT_OBS_FOLD, SW_RESPONSE, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", SW_ERROR_OBS_FOLD,
     23, "OK", "b   c"},
    {SW_LENIENT_OBS_FOLD, SW_RESPONSE, "HTTP/1.1 200 OK\r\nA:\r\n\t\tc\r\n \r\n\td\r\n\r\n",
     SW_ERROR_OBS_FOLD, 21, "OK", "c     \td"},
    {SW_LENIENT_NO_REASON, SW_RESPONSE, "HTTP/1.1 200\r\nA: b\r\n\r\n", SW_ERROR_BAD_STATUS_LINE,
     12, "", "b"},
    {SW_LENIENT_BARE_LF, SW_REQUEST, "GET / HTTP/1.1\nHost: h\r\n\r\n", SW_ERROR_BARE_LF, 14, "/",
     "h"},
    {SW_LENIENT_BARE_LF, SW_REQUEST, "GET / HTTP/1.1\r\nHost: h\n\r\n", SW_ERROR_BARE_LF, 23, "/",
     "h"},
    {SW_LENIENT_BARE_LF, SW_REQUEST, "GET / HTTP/1.1\r\nHost: h\r\n\n", SW_ERROR_BARE_LF, 25, "/",
     "h"},
    {SW_LENIENT_BARE_LF, SW_REQUEST, "\n\r\n\nGET / HTTP/1.1\nHost: h \n\n", SW_ERROR_BARE_LF, 0,
     "/", "h"},
    {SW_LENIENT_BARE_LF, SW_REQUEST,
     "G / HTTP/1.1\nif: a\r\nHost: example.org\r\nUser-Agent: 64 bytes in all, or more\r\n\r\n",
     SW_ERROR_BARE_LF, 12, "/", "a"},
    {SW_LENIENT_BARE_LF, SW_RESPONSE, "HTTP/1.1 200 OK\nA: b\n\n", SW_ERROR_BARE_LF, 15, "OK", "b"},
    {SW_LENIENT_BARE_LF, SW_RESPONSE, "HTTP/1.1 200 \nA: b\n\n", SW_ERROR_BARE_LF, 13, "", "b"},
    {SW_LENIENT_LINE_SPACES, SW_REQUEST, "GET / HTTP/1.1 \r\n" HOST, SW_ERROR_BAD_REQUEST_LINE, 14,
     "/", "h"},
    {SW_LENIENT_LINE_SPACES, SW_REQUEST, "GET / HTTP/1.1   \r\n" HOST, SW_ERROR_BAD_REQUEST_LINE,
     14, "/", "h"},
    {SW_LENIENT_TARGET, SW_REQUEST, "GET /\"<>[]\\^`{|} HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET, 5,
     "/\"<>[]\\^`{|}", "h"},
    {SW_LENIENT_TARGET, SW_REQUEST, "GET /?q=100% HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_PERCENT,
     11, "/?q=100%", "h"},
    {SW_LENIENT_TARGET, SW_REQUEST, "GET /%41?a=%4&b=%zz&c=%%20%? HTTP/1.1\r\n" HOST,
     SW_ERROR_BAD_TARGET_PERCENT, 11, "/%41?a=%4&b=%zz&c=%%20%?", "h"},
    {SW_LENIENT_TARGET, SW_REQUEST, "GET http://h?% HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_PERCENT,
     13, "http://h?%", "h"},
    {SW_LENIENT_TARGET, SW_REQUEST, "GET /?a[]=1 HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET, 7,
     "/?a[]=1", "h"},
    {SW_LENIENT_TARGET, SW_REQUEST, "GET http://h/?\x80\xff HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET,
     14, "http://h/?\x80\xff", "h"},
};

static bool is(struct sw_span span, const char *text)
{
    return span.n == strlen(text) && memcmp(span.p, text, span.n) == 0;
}

/* Each flag tolerates its own deviation, and no other flag does. */
START_TEST(leniency)
{
    for (size_t i = 0; i < COUNT(lenient); i++)
        for (unsigned flag = 1; flag <= SW_LENIENT_CHUNK_LF; flag <<= 1) {
            struct sw_limits limits = {.lenient = flag};
            const char *text = lenient[i].text;
            if (flag != lenient[i].flag) {
                expect_head(&parsed, lenient[i].kind, &limits, text,
                            expect_error(lenient[i].strict, lenient[i].at));
                continue;
            }
            expect_head(&parsed, lenient[i].kind, &limits, text, expect_complete(strlen(text)));
            const struct sw_head *head = &parsed.head;
            ck_assert(is(sw_head_target(head, parsed.bytes), lenient[i].target));
            ck_assert(is(sw_field_value(&head->fields[0], parsed.bytes), lenient[i].value));
        }
}
END_TEST

/* Deviations of several flags in one head. */
START_TEST(leniency_combined)
{
    static const struct {
        enum sw_kind kind;
        const char *text;
        enum sw_error error;
        size_t at;
    } texts[] = {
        {SW_REQUEST, "GET /| HTTP/1.1 \nHost: h\n\n", SW_OK, 0},
        {SW_RESPONSE, "HTTP/1.1 200 OK\nA: b\n c\n\n", SW_OK, 0},
        {SW_RESPONSE, "HTTP/1.1 200\r\nA: b\r\n c\n d\n\r\n", SW_OK, 0},
        {SW_TRAILERS, "A: b\nc: d\n\n", SW_OK, 0},
        {SW_TRAILERS, "A: b\n c\n d\r\n\n", SW_OK, 0},
        {SW_RESPONSE, "HTTP/1.1 200\n\n", SW_OK, 0},
        {SW_RESPONSE, "HTTP/1.1 200\nA: b\n c\n\n", SW_OK, 0},
        {SW_TRAILERS, "A: b\nContent-Length: 1\n\n", SW_ERROR_FORBIDDEN_TRAILER, 5},
    };
    struct sw_limits limits = {.lenient = ~0u};
    for (size_t i = 0; i < COUNT(texts); i++)
        expect_head(&parsed, texts[i].kind, &limits, texts[i].text,
                    texts[i].error ? expect_error(texts[i].error, texts[i].at)
                                   : expect_complete(strlen(texts[i].text)));
}
END_TEST

/* Folded lines have one common limit; inside a fold the error is at the first byte after it. */
START_TEST(folded_lines_have_a_limit)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nA: b\r\n cd\r\n e\r\n\r\n";
    static const size_t at[] = {17, 18, 19, 20, 24, 24, 24, 24, 25, 29, 29, 29, 29};
    for (uint32_t max = 1; max <= COUNT(at); max++) {
        struct sw_limits limits = {.lenient = SW_LENIENT_OBS_FOLD, .field_line = max};
        expect_head(&parsed, SW_RESPONSE, &limits, text,
                    max < COUNT(at) ? expect_error(SW_ERROR_FIELD_LINE_TOO_LONG, at[max])
                                    : expect_complete(sizeof text - 1));
    }
}
END_TEST

/* Deviations that no flag tolerates. */
static const struct {
    enum sw_kind kind;
    const char *text;
    enum sw_error error;
    size_t at;
} not_tolerated[] = {
    {SW_REQUEST, LINE "A: b\r\n c\r\n" HOST, SW_ERROR_OBS_FOLD, 23},
    {SW_TRAILERS, " A: b\r\n\r\n", SW_ERROR_SPACE_BEFORE_FIRST_FIELD, 0},
    {SW_RESPONSE, "HTTP/1.1 200 OK\r\n A: b\r\n\r\n", SW_ERROR_SPACE_BEFORE_FIRST_FIELD, 17},
    {SW_RESPONSE, "HTTP/1.1 200OK\r\n\r\n", SW_ERROR_BAD_STATUS_LINE, 12},
    {SW_RESPONSE, "HTTP/1.1 200\t\r\n\r\n", SW_ERROR_BAD_STATUS_LINE, 12},
    {SW_RESPONSE, "HTTP/1.1 200\r\r\n", SW_ERROR_BARE_CR, 12},
    {SW_RESPONSE, "HTTP/1.1 20\n\n", SW_ERROR_BAD_STATUS_CODE, 11},
    {SW_REQUEST, LINE "A: b\rc\r\n" HOST, SW_ERROR_BARE_CR, 21},
    {SW_REQUEST, "GET / HTTP/1.1 x\r\n" HOST, SW_ERROR_BAD_REQUEST_LINE, 15},
    {SW_REQUEST, "GET / HTTP/1.1\t\r\n" HOST, SW_ERROR_BAD_VERSION, 14},
    {SW_REQUEST, "GET /# HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET, 5},
    {SW_REQUEST, "GET /\x7f HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET, 5},
    {SW_REQUEST, "GET /%| HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_PERCENT, 5},
    {SW_REQUEST, "GET /100% HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_PERCENT, 8},
    {SW_REQUEST, "GET http://h/%zz?q HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_PERCENT, 13},
    {SW_REQUEST, "CONNECT h%:1 HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_AUTHORITY, 8},
    {SW_REQUEST, "GET http://h%?% HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_AUTHORITY, 11},
    {SW_REQUEST, LINE "Host: %\r\n\r\n", SW_ERROR_BAD_HOST, 23},
    {SW_REQUEST, "GET http://a|b/ HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_AUTHORITY, 11},
    {SW_REQUEST, "CONNECT a\x80:1 HTTP/1.1\r\n" HOST, SW_ERROR_BAD_TARGET_AUTHORITY, 8},
    {SW_REQUEST, LINE "Host: a|b\r\n\r\n", SW_ERROR_BAD_HOST, 23},
};

START_TEST(other_deviations_are_errors)
{
    struct sw_limits limits = {.lenient = ~0u};
    for (size_t i = 0; i < COUNT(not_tolerated); i++)
        expect_head(&parsed, not_tolerated[i].kind, &limits, not_tolerated[i].text,
                    expect_error(not_tolerated[i].error, not_tolerated[i].at));
}
END_TEST

/* ---- Every set of flags, in every place ------------------------------------------------------ */

enum {
    FOLD = SW_LENIENT_OBS_FOLD,
    REASON = SW_LENIENT_NO_REASON,
    LF = SW_LENIENT_BARE_LF,
    SPACES = SW_LENIENT_LINE_SPACES,
    TARGET = SW_LENIENT_TARGET,
    CHUNK = SW_LENIENT_CHUNK_LF,
    ALL = 2 * CHUNK - 1,
    NEVER = 2 * CHUNK, /* what no flag allows */
    PARTS = 9,
};

/* A piece of a message, the flag that tolerates its deviation, or else the error and its offset. */
struct piece {
    const char *text;
    unsigned flag;
    enum sw_error error;
    size_t at;
};

/* Each part of a message is one of them. */
struct part {
    struct piece pieces[5];
};

#define LF_ENDS(flag)                                                                              \
    {                                                                                              \
        {                                                                                          \
            {"\r\n", 0, 0, 0},                                                                     \
            {                                                                                      \
                "\n", flag, SW_ERROR_BARE_LF, 0                                                    \
            }                                                                                      \
        }                                                                                          \
    }
#define TEXT(text)                                                                                 \
    {                                                                                              \
        {                                                                                          \
            {                                                                                      \
                text, 0, 0, 0                                                                      \
            }                                                                                      \
        }                                                                                          \
    }

static const struct part request[PARTS] = {
    {{{"", 0, 0, 0}, {"\r\n", 0, 0, 0}, {"\n", LF, SW_ERROR_BARE_LF, 0}}},
    {{{"GET / HTTP/1.1", 0, 0, 0},
      {"GET /?a[]=1 HTTP/1.1", TARGET, SW_ERROR_BAD_TARGET, 7},
      {"GET /?q=100% HTTP/1.1", TARGET, SW_ERROR_BAD_TARGET_PERCENT, 11},
      {"PUT /% HTTP/1.1", NEVER, SW_ERROR_BAD_TARGET_PERCENT, 5}}},
    {{{"", 0, 0, 0}, {"  ", SPACES, SW_ERROR_BAD_REQUEST_LINE, 0}}},
    LF_ENDS(LF),
    TEXT("Host: h"),
    LF_ENDS(LF),
    {{{"", 0, 0, 0}, {"\tc\r\n", NEVER, SW_ERROR_OBS_FOLD, 0}, {"A: b\r\n", 0, 0, 0}}},
    LF_ENDS(LF),
};

static const struct part response[PARTS] = {
    {{{"HTTP/1.1 200 OK", 0, 0, 0},
      {"HTTP/1.1 200 ", 0, 0, 0},
      {"HTTP/1.1 299", REASON, SW_ERROR_BAD_STATUS_LINE, 12}}},
    LF_ENDS(LF),
    TEXT("Server: b"),
    LF_ENDS(LF),
    {{{"", 0, 0, 0}, {" c\r\n", FOLD, SW_ERROR_OBS_FOLD, 0}, {"A:\r\n", 0, 0, 0}}},
    LF_ENDS(LF),
};

static const struct part trailers[PARTS] = {
    TEXT("A: b"),
    LF_ENDS(CHUNK),
    {{{"", 0, 0, 0}, {"\tc\r\n", FOLD, SW_ERROR_OBS_FOLD, 0}}},
    LF_ENDS(CHUNK),
};

/* The fold is a response's. */
#define CHUNKS(fold)                                                                               \
    {                                                                                              \
        {{{"3", 0, 0, 0}, {"3;a=b", 0, 0, 0}, {"3;a=\"b\"", 0, 0, 0}, {"3;a", 0, 0, 0}}},          \
            LF_ENDS(CHUNK), TEXT("hey"),                                                           \
            {{{"\r\n", 0, 0, 0}, {"\n", CHUNK, SW_ERROR_BAD_CHUNK_END, 0}}}, TEXT("0"),            \
            LF_ENDS(CHUNK),                                                                        \
            {{{"", 0, 0, 0},                                                                       \
              {"A: b\r\n", 0, 0, 0},                                                               \
              {"A: b\n", CHUNK, SW_ERROR_BARE_LF, 4},                                              \
              {"A: b\r\n c\r\n", fold, SW_ERROR_OBS_FOLD, 6}}},                                    \
            LF_ENDS(CHUNK),                                                                        \
    }

static const struct part request_chunks[PARTS] = CHUNKS(NEVER);
static const struct part response_chunks[PARTS] = CHUNKS(FOLD);

/* What takes one message, where flags are set. */
typedef const char *take(unsigned flags, const char *text, size_t n, struct outcome *outcome);

struct message {
    char text[200];
    size_t n;
    struct piece odd[PARTS]; /* the pieces that need a flag, `at` counted from the front */
    size_t count;
};

static void check_flags(const struct message *message, unsigned flags, take *taker)
{
    struct outcome v, expected = expect_complete(message->n);

    for (size_t i = 0; i < message->count && !expected.error; i++)
        if (!(message->odd[i].flag & flags))
            expected = expect_error(message->odd[i].error, message->odd[i].at);
    const char *why = taker(flags, message->text, message->n, &v);
    MUST(!why, "flags %u: %s: %s", flags, why, message->text);
    MUST(outcome_same(v, expected), "flags %u: %s, expected %s: %s", flags, outcome_text(v),
         outcome_text(expected), message->text);
}

/* All messages that begin like this one. */
static void walk(const struct part *parts, size_t i, struct message message, take *taker)
{
    if (!parts[i].pieces[0].text) {
        for (unsigned flags = 0; flags <= ALL; flags++)
            check_flags(&message, flags, taker);
        return;
    }
    for (const struct piece *piece = parts[i].pieces; piece->text; piece++) {
        struct message longer = message;
        longer.n += (size_t)sprintf(longer.text + longer.n, "%s", piece->text);
        if (piece->flag) {
            longer.odd[longer.count] = *piece;
            longer.odd[longer.count++].at += message.n;
        }
        walk(parts, i + 1, longer, taker);
    }
}

static const char *take_head(enum sw_kind kind, unsigned flags, const char *text, size_t n,
                             struct outcome *outcome)
{
    struct sw_limits limits = {.lenient = flags};
    return drive_head_everywhere(&parsed, outcome, kind, &limits, text, n);
}

static const char *take_request(unsigned flags, const char *text, size_t n, struct outcome *v)
{
    return take_head(SW_REQUEST, flags, text, n, v);
}

static const char *take_response(unsigned flags, const char *text, size_t n, struct outcome *v)
{
    return take_head(SW_RESPONSE, flags, text, n, v);
}

static const char *take_trailers(unsigned flags, const char *text, size_t n, struct outcome *v)
{
    return take_head(SW_TRAILERS, flags, text, n, v);
}

static const char *take_body(enum sw_kind kind, const char *start, unsigned flags, const char *text,
                             size_t n, struct outcome *outcome)
{
    static struct drive_body body;
    struct sw_limits limits = {.lenient = flags};
    struct sw_head head;
    struct drive_source source = {.head = &head, .head_bytes = start};

    sw_head_init(&head, kind, &limits);
    ck_assert_int_eq(sw_head_parse(&head, start, strlen(start)), (ptrdiff_t)strlen(start));
    const char *why = drive_body_everywhere(&body, outcome, &source, text, n);
    MUST(!outcome->complete || (body.content_len == 3 && memcmp(body.content, "hey", 3) == 0),
         "other content: %s", text);
    if (outcome->complete && body.body.extension.n)
        return "an extension at the end";
    return why;
}

static const char *take_upload(unsigned flags, const char *text, size_t n, struct outcome *v)
{
    return take_body(SW_REQUEST, "PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
                     flags, text, n, v);
}

static const char *take_download(unsigned flags, const char *text, size_t n, struct outcome *v)
{
    return take_body(SW_RESPONSE, "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", flags,
                     text, n, v);
}

START_TEST(requests)
{
    walk(request, 0, (struct message){.n = 0}, take_request);
}
END_TEST

START_TEST(responses)
{
    walk(response, 0, (struct message){.n = 0}, take_response);
}
END_TEST

START_TEST(trailer_sections)
{
    walk(trailers, 0, (struct message){.n = 0}, take_trailers);
}
END_TEST

START_TEST(chunks_of_requests)
{
    walk(request_chunks, 0, (struct message){.n = 0}, take_upload);
}
END_TEST

START_TEST(chunks_of_responses)
{
    walk(response_chunks, 0, (struct message){.n = 0}, take_download);
}
END_TEST

/* ---- Chunk lines ----------------------------------------------------------------------------- */

/* With SW_LENIENT_CHUNK_LF a LF ends a valid line; an invalid line stays invalid. */
START_TEST(a_lf_does_not_end_an_invalid_line)
{
    static const struct {
        const char *text;
        enum sw_error error;
        size_t at;
    } texts[] = {
        {"\n", SW_ERROR_BAD_CHUNK_SIZE, 0},
        {"3\r\r\n", SW_ERROR_BARE_CR, 1},
        {"3\rhey", SW_ERROR_BARE_CR, 1},
        {"3;\nhey", SW_ERROR_BAD_CHUNK_EXTENSION, 2},
        {"3;a=\nhey", SW_ERROR_BAD_CHUNK_EXTENSION, 4},
        {"3;a=\"b\n\"\nhey", SW_ERROR_BAD_CHUNK_EXTENSION, 6},
        {"3;a=\"\\\n\"", SW_ERROR_BAD_CHUNK_EXTENSION, 6},
        {"3 \nhey", SW_ERROR_BAD_CHUNK_SIZE, 2},
        {"3\nhey0\n\n", SW_ERROR_BAD_CHUNK_END, 5},
        {"3\nhey\n\n", SW_ERROR_BAD_CHUNK_SIZE, 6},
        {"3\nhey\r0\n\n", SW_ERROR_BAD_CHUNK_END, 6},
        {"3\nhey\n0\n\r\r\n", SW_ERROR_BARE_CR, 8},
        {"3\nhey\n0\nContent-Length: 1\n\n", SW_ERROR_FORBIDDEN_TRAILER, 8},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct outcome v;
        const char *why =
            take_download(SW_LENIENT_CHUNK_LF, texts[i].text, strlen(texts[i].text), &v);
        MUST(!why, "%s: %s", why, texts[i].text);
        expect_outcome(v, expect_error(texts[i].error, texts[i].at), texts[i].text);
    }
}
END_TEST

/* The extensions of a chunk do not depend on its line end. */
START_TEST(extensions_before_a_lf)
{
    static const char head_text[] = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char *const texts[] = {"1;a=b\n", "1;a=b\r\n"};
    struct sw_limits limits = {.lenient = SW_LENIENT_CHUNK_LF};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct sw_head head, trailer;
        struct sw_body body;
        struct sw_span content;
        sw_head_init(&head, SW_RESPONSE, &limits);
        ck_assert_int_gt(sw_head_parse(&head, head_text, sizeof head_text - 1), 0);
        ck_assert_int_eq(sw_body_begin(&body, &head, head_text, SW_METHOD_GET, &trailer), SW_OK);
        ptrdiff_t n = (ptrdiff_t)strlen(texts[i]);
        ck_assert_int_eq(sw_body_next(&body, texts[i], (size_t)n, &content), n);
        ck_assert(is(body.extension, ";a=b"));
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {leniency, 1},
        {leniency_combined, 1},
        {folded_lines_have_a_limit, 1},
        {other_deviations_are_errors, 1},
        {requests, 1},
        {responses, 1},
        {trailer_sections, 1},
        {chunks_of_requests, 1},
        {chunks_of_responses, 1},
        {a_lf_does_not_end_an_invalid_line, 1},
        {extensions_before_a_lf, 1},
    };
    return suite_main("lenient", tests, COUNT(tests));
}
