/* check_head_random.c - random heads: each implementation gives the result of byte by byte. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chance.h"
#include "expect.h"

static char text[1 << 15];
static size_t len;

static void put(const char *bytes, size_t n)
{
    memcpy(text + len, bytes, n);
    len += n;
}

static void put_text(const char *bytes)
{
    put(bytes, strlen(bytes));
}

/* `least` to `max` bytes of a set, in general few. */
static void put_some(const char *set, uint32_t least, uint32_t max)
{
    uint32_t n = least + chance(once_in(3) ? max - least + 1 : (max - least) / 4 + 1);
    for (uint32_t i = 0; i < n; i++)
        text[len++] = set[chance((uint32_t)strlen(set))];
}

static const char token[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";

static void put_name(void)
{
    if (once_in(4)) {
        put_some(token, 1, 45);
        return;
    }
    const char *name = sw_header_names[1 + chance(SW_HEADER_COUNT - 1)].text;
    size_t from = len;
    put_text(name);
    for (size_t i = from; i < len; i++)
        if (once_in(8) && ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z'))
            text[i] ^= 0x20;
    if (once_in(10))
        text[from + chance((uint32_t)(len - from))] ^= 0x20;
    if (once_in(10))
        text[from + chance((uint32_t)(len - from))] = token[chance(sizeof token - 1)];
}

static void put_line(uint32_t max)
{
    static const char *const colons[] = {": ", ":", ":\t", ":  ", " : "};
    static const char value[] = "abcdefghijklmnopqrstuvwxyz0123456789,;=\" \t\x80\xff/:-";
    bool host = once_in(60);

    host ? put_text("Host") : put_name();
    put_text(colons[once_in(6) ? chance(once_in(40) ? 5 : 4) : 0]);
    host ? put_some("abc.-_:0189[", 0, 50) : put_some(value, 0, max);
    put_text(once_in(20) ? "  \r\n" : once_in(60) ? "\n" : "\r\n");
}

static void put_start(enum sw_kind kind)
{
    static const char *const methods[] = {
        "GET",
        "G",
        "POST",
        "OPTIONS",
        "CONNECT",
        "PROPPATCH",
        "PRI",
        "get",
        "GETTHESEDATAASTHEYWEREYESTERDAY-",
        "GETTHESEDATAASTHEYWEREYESTERDAYANDFORALLOFTHETIMEBEFORETHAT"};
    static const char *const targets[] = {"/",   "*",   "http://h/", "/%41",
                                          "/%4", "h:1", "/a?b#c",    "x"};
    static const char *const versions[] = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.1",
                                           "HTTP/1.0", "HTTP/1.2", "HTTP/2.0"};
    static const char path[] = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789-._~!$&'()*+,;=:@/?";

    if (kind == SW_RESPONSE) {
        len += (size_t)sprintf(text + len, "HTTP/1.%u %u ", chance(2), 100 + chance(900));
        put_some("abc OK\t\x80", 0, 90);
    } else if (once_in(5)) {
        put_text("G / HTTP/1.1"); /* the shortest: less than a vector */
    } else {
        put_text(methods[once_in(3) ? chance(COUNT(methods)) : 0]);
        put_text(" ");
        if (once_in(5)) {
            put_text(targets[chance(COUNT(targets))]);
        } else {
            put_text("/");
            put_some(path, 0, 200);
        }
        put_text(" ");
        put_text(versions[chance(COUNT(versions))]);
    }
    put_text(once_in(30) ? "\n" : "\r\n");
}

/* Removes, inserts or replaces one byte. */
static void mutate(void)
{
    static const char odd[] = "\r\n\t :\0\x7f\x01@[`{\x80/%*";
    uint32_t at = chance((uint32_t)len);

    switch (chance(4)) {
    case 0:
        memmove(text + at, text + at + 1, len - at);
        len--;
        break;
    case 1:
        memmove(text + at + 1, text + at, len - at);
        len++;
        text[at] = odd[chance(sizeof odd - 1)];
        break;
    default:
        text[at] = once_in(2) ? odd[chance(sizeof odd - 1)] : (char)chance(256);
    }
}

static void draw(enum sw_kind kind)
{
    bool is_short = once_in(3);
    uint32_t lines = chance(is_short ? 6 : once_in(5) ? 45 : 14), max = is_short ? 20 : 400;

    len = 0;
    if (once_in(10))
        put_text("\r\n");
    put_start(kind);
    if (!once_in(6))
        put_text("Host: example.org\r\n");
    for (uint32_t i = 0; i < lines; i++)
        put_line(max);
    if (!once_in(20))
        put_text("\r\n");
    for (uint32_t n = once_in(3) ? 1 + chance(2) : 0; n > 0; n--)
        mutate();
}

static struct sw_limits draw_limits(void)
{
    struct sw_limits limits = {0};

    if (once_in(3)) {
        limits.field_name = once_in(2) ? 1 + chance(60) : 0;
        limits.field_line = once_in(2) ? 10 + chance(200) : 0;
        limits.fields = once_in(2) ? 1 + chance(40) : 0;
        limits.target = once_in(2) ? 1 + chance(150) : 0;
        limits.head = once_in(2) ? 40 + chance(2000) : 0;
        limits.method = once_in(2) ? 1 + chance(90) : 0;
    }
    if (once_in(6))
        limits.lenient = chance(2 * SW_LENIENT_CODINGS);
    return limits;
}

/* The index gives the same fields as a linear search. */
static void check_index(const struct sw_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        unsigned id = sw_head_at(head, i)->id;
        size_t first = 0, next = i + 1;
        while (sw_head_at(head, first)->id != id)
            first++;
        while (next < head->field_count && sw_head_at(head, next)->id != id)
            next++;
        MUST(id == SW_HEADER_OTHER || sw_head_field(head, id) == sw_head_at(head, first),
             "first of %u: %.*s", id, (int)len, text);
        MUST(sw_head_next_field(head, sw_head_at(head, i)) ==
                 (next < head->field_count ? sw_head_at(head, next) : NULL),
             "next of %u: %.*s", id, (int)len, text);
    }
}

START_TEST(all_implementations_give_the_same_result)
{
    static const char *const variants[] = {"portable", "sse42", "avx2", "avx512", "neon"};
    static struct drive_head slow, fast;
    const char *given = getenv("SW_SEED"), *best = sw_head_variant(NULL);
    unsigned long seed = given ? strtoul(given, NULL, 0) : (unsigned long)time(NULL);
    size_t complete = 0, wrong = 0;

    printf("SW_SEED=%lu\n", seed);
    chance_seed(seed);
    for (size_t number = 0; number < 20000; number++) {
        enum sw_kind kind = once_in(3) ? SW_RESPONSE : SW_REQUEST;
        struct sw_limits limits = draw_limits();
        draw(kind);
        size_t attached = once_in(6) ? 0 : DRIVE_FIELDS;
        drive_head_init(&slow, kind, &limits);
        sw_head_attach_fields(&slow.head, slow.more, attached);
        struct outcome v = drive_head(&slow, text, len, 0, 1);
        complete += v.complete;
        wrong += v.error != SW_OK;
        drive_head_init(&fast, kind, &limits);
        sw_head_attach_fields(&fast.head, fast.more, attached);
        for (size_t i = 0; i < COUNT(variants); i++) {
            if (!sw_head_variant(variants[i]))
                continue;
            size_t first = once_in(2) ? len : chance((uint32_t)len + 1);
            const char *why = drive_head_split(&fast, &slow, v, text, len, first, len);
            why = why ? why : drive_head_longer(&fast, &slow, v, text, len);
            why = why ? why : drive_head_begin(&fast, &slow, v, text, len, first);
            MUST(!why, "head %zu, %s: %s: %.*s", number, variants[i], why, (int)len, text);
            if (v.complete)
                check_index(&fast.head);
        }
    }
    sw_head_variant(best);
    printf("%zu heads complete, %zu wrong, each by every implementation\n", complete, wrong);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {all_implementations_give_the_same_result, 1},
    };
    return suite_main("head random", tests, COUNT(tests));
}
