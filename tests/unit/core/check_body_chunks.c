/* check_body_chunks.c - the fast path for consecutive chunks without extensions. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

static const char head_bytes[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
static struct drive_head head;
static struct drive_body parsed;

static struct drive_source source(void)
{
    drive_head_init(&head, SW_RESPONSE, NULL);
    drive_head(&head, head_bytes, sizeof head_bytes - 1, sizeof head_bytes - 1, 1);
    return (struct drive_source){.head = &head.head, .head_bytes = head_bytes};
}

/* Read the body at every split, by each call. */
static struct outcome take(const char *bytes, size_t n)
{
    struct drive_source from = source();
    struct outcome v;
    const char *why = drive_body_everywhere(&parsed, &v, &from, bytes, n);
    MUST(!why, "%s: %.*s", why, (int)n, bytes);
    return v;
}

static void begin(void)
{
    struct drive_source from = source();
    ck_assert_uint_eq(
        sw_body_begin(&parsed.body, from.head, from.head_bytes, from.request, &parsed.trailers),
        SW_OK);
}

/* Lines that look like the one before, and are it or not; what the body then comes to. */
static const struct {
    const char *stream;
    enum sw_error error;
    size_t at; /* of the error, or where the body ends */
    const char *content;
} repeated[] = {
    {"5\r\ngrape\r\n5\r\npeach\r\n0\r\n\r\n", SW_OK, 25, "grapepeach"},
    {"05\r\ngrape\r\n5\r\npeach\r\n05\r\nmelon\r\n0\r\n\r\n", SW_OK, 37, "grapepeachmelon"},
    {"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", SW_OK, 35, "01234567890123456789"},
    {"000005\r\ngrape\r\n000005\r\npeach\r\n0\r\n\r\n", SW_OK, 35, "grapepeach"},
    {"0000005\r\ngrape\r\n0000005\r\npeach\r\n0\r\n\r\n", SW_OK, 37, "grapepeach"},
    {"000000000005\r\ngrape\r\n0000000000005\r\npeach\r\n0\r\n\r\n", SW_OK, 48, "grapepeach"},
    {"5\r\ngrape\r\n5;a\r\npeach\r\n5\r\nmelon\r\n0\r\n\r\n", SW_OK, 37, "grapepeachmelon"},
    {"5\r\ngrape\r\n5\r\r\npeach\r\n", SW_ERROR_BARE_CR, 11, NULL},
    {"5\r\ngrape\r\n5\n\r\npeach\r\n", SW_ERROR_BARE_LF, 11, NULL},
    {"5\r\ngrape\r\n5\r\npeach\n\r\n\r\n", SW_ERROR_BAD_CHUNK_END, 18, NULL},
    {"5\r\ngrape\r\n5\r\npeach\rx\r\n\r\n", SW_ERROR_BAD_CHUNK_END, 19, NULL},
    {"5\r\ngrape\r\n+5\r\npeach\r\n", SW_ERROR_BAD_CHUNK_SIZE, 10, NULL},
    {"5\r\ngrape\r\n\r\npeach\r\n", SW_ERROR_BAD_CHUNK_SIZE, 10, NULL},
    {"00000000000000005\r\ngrape\r\n", SW_ERROR_CHUNK_SIZE_TOO_LONG, 16, NULL},
    {"0000000000000005\r\ngrape\r\n5\r\npeach\r\n0\r\n\r\n", SW_OK, 40, "grapepeach"},
};

START_TEST(repeated_chunk_lines)
{
    for (size_t i = 0; i < COUNT(repeated); i++) {
        const char *stream = repeated[i].stream, *content = repeated[i].content;
        struct outcome v = take(stream, strlen(stream));
        expect_outcome(v,
                       repeated[i].error ? expect_error(repeated[i].error, repeated[i].at)
                                         : expect_complete(repeated[i].at),
                       stream);
        if (content != NULL) {
            ck_assert_uint_eq(parsed.content_len, strlen(content));
            ck_assert_mem_eq(parsed.content, content, parsed.content_len);
        }
    }
}
END_TEST

/* Before the first chunk line there is no previous one to compare with. */
START_TEST(no_previous_chunk_line)
{
    expect_outcome(take("\0\0\0\0\0\0\0\0\r\n\r\n", 12), expect_error(SW_ERROR_BAD_CHUNK_SIZE, 0),
                   "NULs");
}
END_TEST

/* One call consumes a complete chunk with the framing before and after it. */
START_TEST(one_call_consumes_one_chunk)
{
    const char *stream = "2\r\nqq\r\n2\r\nqq\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
    static const int takes[] = {7, 7, 22, 3, 2, 0};
    size_t n = strlen(stream), at = 0;
    begin();
    for (size_t i = 0; i < COUNT(takes); i++) {
        struct sw_span content;
        ck_assert_int_eq(sw_body_next(&parsed.body, stream + at, n - at, &content), takes[i]);
        at += (size_t)takes[i];
    }
    ck_assert(sw_body_done(&parsed.body));
}
END_TEST

/* sw_body_compact() does not change bytes after the body. */
START_TEST(bytes_after_the_body_are_not_changed)
{
    static char stream[1000], buf[1000], content[600];
    for (size_t size = 1; size <= 40; size++)
        for (size_t chunks = 1; chunks <= 14; chunks++) {
            size_t n = 0, content_len = size * chunks;
            for (size_t i = 0; i < content_len; i++)
                content[i] = (char)('a' + i % 26);
            for (size_t i = 0; i < chunks; i++)
                n += (size_t)sprintf(stream + n, "%zx\r\n%.*s\r\n", size, (int)size,
                                     content + i * size);
            for (size_t end = 0; end < 2; end++) {
                size_t complete_len = n + (size_t)sprintf(stream + n, "%s", end ? "0\r\n\r\n" : "");
                size_t given = complete_len + (size_t)sprintf(stream + complete_len, "%s",
                                                              end ? "GET / HTTP/1.1\r\n" : "ff");
                size_t len = given;
                memcpy(buf, stream, given);
                begin();
                ck_assert_int_eq(sw_body_compact(&parsed.body, buf, &len), (int)complete_len);
                ck_assert_uint_eq(len, content_len);
                ck_assert_mem_eq(buf, content, content_len);
                ck_assert_mem_eq(buf + complete_len, stream + complete_len, given - complete_len);
            }
        }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {repeated_chunk_lines, 1},
        {no_previous_chunk_line, 1},
        {one_call_consumes_one_chunk, 1},
        {bytes_after_the_body_are_not_changed, 1},
    };
    return suite_main("body chunks", tests, COUNT(tests));
}
