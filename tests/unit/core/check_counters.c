/* check_counters.c - counters of the core at 32 bits and more: none wraps. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/mman.h>

#include "expect.h"
#include "shockwave.h"

#define HEAD "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

static struct sw_conn conn;
static struct sw_message message;
static char sent[512];

/* Content after a finished reply: the parser does not look at its bytes, so there need be none. */
static const char *content_of(uint64_t size)
{
    void *p =
        mmap(NULL, (size_t)size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static size_t next(const char *bytes, size_t n, enum sw_event_kind kind)
{
    struct sw_event event;
    size_t taken = sw_conn_next(&conn, bytes, n, &event);
    ck_assert_int_eq(event.kind, kind);
    return taken;
}

/* A chunk of 2^40 bytes has begun, and the caller does not read it. */
static void begin_unread(const struct sw_limits *limits)
{
    static const char line[] = "10000000000\r\n";
    struct sw_writer out = {.p = sent, .size = sizeof sent};
    sw_conn_init(&conn, SW_SERVER, limits);
    sw_conn_attach(&conn, &message);
    ck_assert_uint_eq(next(HEAD, sizeof HEAD - 1, SW_EVENT_HEAD), sizeof HEAD - 1);
    ck_assert_int_eq(sw_conn_reply(&conn, &out, SW_STATUS_OK, 0, NULL), SW_OK);
    sw_write_end(&out);
    ck_assert_int_eq(sw_conn_finish(&conn, &out, (struct sw_span){NULL, 0}), SW_OK);
    ck_assert_uint_eq(next(line, sizeof line - 1, SW_EVENT_MORE), sizeof line - 1);
}

static const struct {
    uint32_t limit;
    uint64_t part; /* of content, in one call */
    unsigned kept; /* calls after which the connection goes on; 13 bytes were counted before */
} drains[] = {
    {65536, UINT64_C(1) << 32, 0},          {65536, (UINT64_C(1) << 32) + 1, 0},
    {1 << 31, (UINT64_C(1) << 31) - 13, 1}, {1 << 31, (UINT64_C(1) << 31) - 12, 0},
    {UINT32_MAX, UINT64_C(1) << 30, 3},     {UINT32_MAX, UINT64_C(3) << 30, 1},
    {UINT32_MAX, UINT32_MAX - 13, 1},
};

START_TEST(content_that_is_not_read_is_counted)
{
    for (size_t i = 0; i < COUNT(drains); i++) {
        struct sw_limits limits = {.discard = drains[i].limit, .body = UINT64_MAX};
        size_t part = (size_t)drains[i].part;
        const char *content = content_of(drains[i].part);
        if (part != drains[i].part || !content)
            continue; /* this machine has no room for such a buffer */
        begin_unread(&limits);
        for (unsigned k = 0; k < drains[i].kept; k++)
            ck_assert_uint_eq(next(content, part, SW_EVENT_MORE), part);
        next(content, part, SW_EVENT_CLOSED);
        munmap((void *)(uintptr_t)content, part);
    }
}
END_TEST

/* A larger limit than the counter has numbers counts as the largest. */
START_TEST(empty_lines_are_counted)
{
    static const char rest[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static const uint32_t limits[] = {254, 255, 256, 257, 511, 512, 65536 + 4, UINT32_MAX};
    for (size_t i = 0; i < COUNT(limits); i++) {
        size_t max = limits[i] < 255 ? limits[i] : 255;
        for (size_t lines = max - 1; lines <= 600; lines += lines < max + 2 ? 1 : 100) {
            static char text[2 * 600 + sizeof rest];
            struct sw_head head;
            for (size_t k = 0; k < lines; k++)
                memcpy(text + 2 * k, "\r\n", 2);
            memcpy(text + 2 * lines, rest, sizeof rest);
            sw_head_init(&head, SW_REQUEST, &(struct sw_limits){.empty_lines = limits[i]});
            ptrdiff_t n = sw_head_parse(&head, text, strlen(text));
            MUST(n == (lines > max ? -SW_ERROR_TOO_MANY_EMPTY_LINES : (ptrdiff_t)strlen(text)) &&
                     (lines <= max || head.error_at == 2 * max),
                 "%zu lines, of %u: %td", lines, limits[i], n);
        }
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {content_that_is_not_read_is_counted, 1},
        {empty_lines_are_counted, 1},
    };
    return suite_main("counters", tests, COUNT(tests));
}
