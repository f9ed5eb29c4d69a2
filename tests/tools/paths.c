/* paths.c - usual messages take the fast path: see runtime/base/path.h.  Run by `make check-paths`.
 */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "base/path.h"

/* How often each path is taken. */
struct counts {
    uint64_t n[SW_PATH_COUNT];
};

/* clang-format off */
static const char *const names[SW_PATH_COUNT] = {
    [SW_PATH_HEAD_STEP]        = "step",
    [SW_PATH_HEAD_FINISH]      = "finish",
    [SW_PATH_HEAD_SWAR]        = "swar",
    [SW_PATH_HEAD_REST]        = "rest",
    [SW_PATH_HEAD_SLOW_LINE]   = "slow-line",
    [SW_PATH_HEAD_ANY]         = "any",
    [SW_PATH_HEAD_SLOW_TARGET] = "slow-target",
    [SW_PATH_HEAD_ONE_BLOCK]   = "one-block",
    [SW_PATH_HEAD_MANY_BLOCKS] = "many-blocks",
    [SW_PATH_HEAD_COMPLETE]    = "complete",
    [SW_PATH_HEAD_DONE]        = "done",
    [SW_PATH_HOST]             = "host",
    [SW_PATH_CHUNK_PLAIN]      = "plain",
    [SW_PATH_CHUNK_SAME]       = "same",
    [SW_PATH_CHUNK_ANY]        = "chunk",
};
/* clang-format on */

/* A list of counts for a message; two calls have different buffers. */
static const char *text_of(const uint64_t *n)
{
    static char text[2][300];
    static int last;
    char *out = text[last ^= 1];
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < SW_PATH_COUNT; i++)
        if (n[i])
            at += (size_t)snprintf(out + at, sizeof text[0] - at, " %s %llu", names[i],
                                   (unsigned long long)n[i]);
    return out;
}

static void must_be(const char *what, const char *variant, struct counts expected)
{
    MUST(memcmp(sw_paths, expected.n, sizeof expected.n) == 0, "%s by %s:%s, expected%s", what,
         variant, text_of(sw_paths), text_of(expected.n));
}

/* ---- Heads ----------------------------------------------------------------------------------- */

#define ONCE(name) [SW_PATH_##name] = 1

static const char *const variants[] = {"portable", "sse42", "avx2", "avx512", "neon"};

/* What clients and servers send, and the paths it takes in the implementations with vectors.  The
   portable one parses all of it by SWAR. */
/* clang-format off */
static const struct {
    const char *file, *text;
    enum sw_kind kind;
    struct counts vectors;
} heads[] = {
    {"browser.req", NULL, SW_REQUEST, {{ONCE(HEAD_MANY_BLOCKS), ONCE(HEAD_DONE)}}},
    {"fields32.req", NULL, SW_REQUEST, {{ONCE(HEAD_MANY_BLOCKS), ONCE(HEAD_DONE)}}},
    {"json.req", NULL, SW_REQUEST, {{ONCE(HEAD_MANY_BLOCKS), ONCE(HEAD_DONE)}}},
    {"wrk.req", NULL, SW_REQUEST, {{ONCE(HEAD_MANY_BLOCKS), ONCE(HEAD_DONE)}}},
    {"proxied.req", NULL, SW_REQUEST, /* its Host is longer than 32 bytes */
     {{ONCE(HEAD_MANY_BLOCKS), ONCE(HEAD_COMPLETE), ONCE(HEAD_FINISH)}}},
    {"min.req", NULL, SW_REQUEST, {{ONCE(HEAD_DONE)}}},
    {"resp.resp", NULL, SW_RESPONSE,
     {{ONCE(HEAD_ANY), ONCE(HEAD_MANY_BLOCKS), ONCE(HEAD_COMPLETE), ONCE(HEAD_DONE)}}},
    {"wrk alone",
     "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:18080\r\n\r\n",
     SW_REQUEST, {{ONCE(HEAD_DONE)}}},
    {"curl",
     "GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
     SW_REQUEST, {{ONCE(HEAD_MANY_BLOCKS), ONCE(HEAD_DONE)}}},
    {"one block",
     "GET /a?b HTTP/1.1\r\nAccept: */*\r\nHost: h.example\r\n\r\n",
     SW_REQUEST, {{ONCE(HEAD_ONE_BLOCK), ONCE(HEAD_COMPLETE), ONCE(HEAD_DONE)}}},
    {"another method",
     "DELETE /a HTTP/1.1\r\nHost: h.example\r\nAccept: */*\r\n\r\n",
     SW_REQUEST, {{ONCE(HEAD_ONE_BLOCK), ONCE(HEAD_COMPLETE), ONCE(HEAD_DONE)}}},
    {"304",
     "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
     SW_RESPONSE,
     {{ONCE(HEAD_ANY), ONCE(HEAD_ONE_BLOCK), ONCE(HEAD_COMPLETE), ONCE(HEAD_DONE)}}},
};
/* clang-format on */

static size_t read_head(size_t i, char *out, size_t room)
{
    if (heads[i].text) {
        memcpy(out, heads[i].text, strlen(heads[i].text));
        return strlen(heads[i].text);
    }
    char path[64];
    snprintf(path, sizeof path, "bench/data/%s", heads[i].file);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(out, 1, room, file);
    fclose(file);
    return n;
}

static void check_head(size_t i, const char *variant, bool vectors)
{
    static char text[1 << 13];
    static const struct counts swar = {{ONCE(HEAD_SWAR), ONCE(HEAD_DONE)}};
    struct sw_head head;
    size_t n = read_head(i, text, sizeof text);

    sw_head_init(&head, heads[i].kind, NULL);
    memset(sw_paths, 0, sizeof sw_paths);
    ck_assert_int_eq(sw_head_parse(&head, guard_end(text, n), n), (ptrdiff_t)n);
    must_be(heads[i].file, variant, vectors ? heads[i].vectors : swar);
}

START_TEST(usual_heads_take_the_fast_path)
{
    const char *best = sw_head_variant(NULL);

    for (size_t v = 0; v < COUNT(variants); v++)
        for (size_t i = 0; i < COUNT(heads) && sw_head_variant(variants[v]); i++)
            check_head(i, variants[v], v > 0);
    sw_head_variant(best);
}
END_TEST

/* Of a head that comes in two pieces, the lines after the one that was split take the fast path. */
START_TEST(head_in_two_pieces)
{
    static char text[1 << 13];
    const char *best = sw_head_variant(NULL);
    size_t n = read_head(0, text, sizeof text), first = 0;

    while (memcmp(text + first, "Upgrade-I", 9) != 0)
        first++;
    first += 10;
    for (size_t v = 0; v < COUNT(variants); v++) {
        if (!sw_head_variant(variants[v]))
            continue;
        struct sw_head head;
        sw_head_init(&head, SW_REQUEST, NULL);
        ck_assert_int_eq(sw_head_parse(&head, guard_end(text, first), first), 0);
        memset(sw_paths, 0, sizeof sw_paths);
        ck_assert_int_eq(sw_head_parse(&head, guard_end(text, n), n), (ptrdiff_t)n);
        MUST(sw_paths[SW_PATH_HEAD_DONE] == 1 && sw_paths[SW_PATH_HEAD_FINISH] == 0 &&
                 sw_paths[SW_PATH_HEAD_STEP] <= 3 && sw_paths[SW_PATH_HEAD_SLOW_LINE] == 0,
             "the rest of a head by %s:%s", variants[v], text_of(sw_paths));
    }
    sw_head_variant(best);
}
END_TEST

START_TEST(only_unusual_hosts_are_parsed_by_their_grammar)
{
    static const struct {
        const char *host;
        unsigned times;
    } hosts[] = {{"h", 0}, {"h.example:8080", 0}, {"[::1]:80", 1}, {"h%41", 1}};

    for (size_t i = 0; i < COUNT(hosts); i++) {
        char text[100];
        struct sw_head head;
        int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i].host);
        sw_head_init(&head, SW_REQUEST, NULL);
        memset(sw_paths, 0, sizeof sw_paths);
        ck_assert_int_eq(sw_head_parse(&head, text, (size_t)n), n);
        ck_assert_uint_eq(sw_paths[SW_PATH_HOST], hosts[i].times);
    }
}
END_TEST

/* ---- Chunks ---------------------------------------------------------------------------------- */

/* Chunks of one size, one after the other, and the last one. */
static size_t write_chunks(char *text, size_t chunks)
{
    size_t n = 0;
    for (size_t i = 0; i < chunks; i++)
        n += (size_t)sprintf(text + n, "10\r\n0123456789abcdef\r\n");
    return n + (size_t)sprintf(text + n, "0\r\n\r\n");
}

static void begin(struct sw_body *body, struct sw_head *trailers)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct sw_head head;

    sw_head_init(&head, SW_RESPONSE, NULL);
    ck_assert_int_gt(sw_head_parse(&head, text, sizeof text - 1), 0);
    ck_assert_int_eq(sw_body_begin(body, &head, text, SW_METHOD_GET, trailers), SW_OK);
    memset(sw_paths, 0, sizeof sw_paths);
}

START_TEST(usual_chunks_take_the_fast_path)
{
    static const struct counts expected = {
        {[SW_PATH_CHUNK_PLAIN] = 20, [SW_PATH_CHUNK_SAME] = 19, [SW_PATH_CHUNK_ANY] = 1}};
    static char text[1 << 10];
    struct sw_head trailers;
    struct sw_body body;
    struct sw_span content;
    size_t n = write_chunks(text, 20), at = 0;

    begin(&body, &trailers);
    while (!sw_body_done(&body))
        at += (size_t)sw_body_next(&body, text + at, n - at, &content);
    memset(&sw_paths[SW_PATH_HEAD_STEP], 0,
           (SW_PATH_HOST + 1) * sizeof *sw_paths); /* of trailers */
    must_be("sw_body_next", "chunks", expected);
    begin(&body, &trailers);
    ck_assert_int_eq(sw_body_compact(&body, text, &n), (ptrdiff_t)at);
    ck_assert_uint_eq(n, 20 * 16);
    memset(&sw_paths[SW_PATH_HEAD_STEP], 0, (SW_PATH_HOST + 1) * sizeof *sw_paths);
    must_be("sw_body_compact", "chunks", expected);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {usual_heads_take_the_fast_path, head_in_two_pieces,
                                  only_unusual_hosts_are_parsed_by_their_grammar,
                                  usual_chunks_take_the_fast_path};
    return expect_suite("paths", tests, COUNT(tests));
}
