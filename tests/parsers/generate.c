/* generate.c - putting messages together, and taking them apart. */
/* SPDX-License-Identifier: MIT */
#include "generate.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array)        (sizeof(array) / sizeof *(array))
#define PICK(random, array) ((array)[random_below(random, COUNT(array))])

/* splitmix64: any seed will do, and neighbouring seeds have nothing in common. */
uint32_t random_below(struct random *random, uint32_t limit)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * limit >> 32);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static const char *const methods[] = {"GET",     "HEAD",  "POST",  "PUT",      "DELETE",
                                      "OPTIONS", "PATCH", "TRACE", "PROPFIND", "M-SEARCH",
                                      "QUERY",   "get",   "X!y"};
static const char *const targets[] = {
    "/",       "/a/b?c=d&e", "/%41;p=1",         "http://h.example/x?y", "*",
    "/a?b=\"", "/#f",        "http://[::1]:80/", "h.example:80"};
static const char *const versions[] = {"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0",
                                       "HTTP/1.0", "HTTP/1.2", "HTTP/2.0"};
static const char *const statuses[] = {"200 OK",
                                       "200 OK",
                                       "404 Not Found",
                                       "204 No Content",
                                       "304 Not Modified",
                                       "100 Continue",
                                       "103 Early Hints",
                                       "101 Switching Protocols",
                                       "200 ",
                                       "999 \xe9t\xe9",
                                       "599 x"};
static const char *const lines[] = {
    "Connection: close",
    "Connection: keep-alive",
    "connection: Keep-Alive, Upgrade",
    "Connection: x, close ,y",
    "Connection: upgrade\r\nUpgrade: echo",
    "Upgrade: echo",
    "Connection:",
    "Connection: close\r\nConnection: keep-alive",
    "Connection: keep-alive,",
    "Proxy-Connection: close",
    "Accept: */*;q=0.5, text/html",
    "X-Empty:",
    "X-Blank: \t ",
    "X-Tab:\ta\tb\t",
    "x_y: 1",
    "!#$%&'*+-.^_`|~9: token",
    "Cookie: a=b; c=\"d\"",
    "Obs: \x80\xff\xe9",
    "Expect: 100-continue",
    "Host: h.example",
    "Host: H:80",
    "Host:",
    "Content-Length-X: 3",
    "Transfer-Encodin: chunked",
    "Keep-Alive: timeout=5",
    "Te: trailers",
};
static const char *const framings[] = {
    "Content-Length: 5",
    "Content-Length: 05",
    "Content-Length: 5, 5",
    "Content-Length:5 ",
    "Content-Length: 5\r\nContent-Length: 5",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: +5",
    "Content-Length: 5 5",
    "Content-Length: 0x5",
    "Content-Length: -0",
    "Content-Length:",
    "Content-Length: 18446744073709551616",
    "Content-Length: 0",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: Chunked",
    "Transfer-Encoding:\tchunked\t",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: ,chunked",
    "Transfer-Encoding:",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: \013chunked",
};
static const char *const extensions[] = {
    "", "", "", "", ";a", ";a=b", ";a=b;c=\"d e\"", ";a=\"\\\"\"", " ;a", "; a = b", ";", " "};
static const char *const trailers[] = {
    "", "", "", "", "T: u\r\n", "X-A: 1\r\nX-B: 2\r\n", "Content-Length: 3\r\n", "Host: x\r\n"};

static void append(struct text *out, const void *p, size_t n)
{
    if (n > sizeof out->p - out->n)
        return;
    memcpy(out->p + out->n, p, n);
    out->n += n;
}

static void append_text(struct text *out, const char *text)
{
    append(out, text, strlen(text));
}

static void append_content(struct random *random, struct text *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        append(out, &"abc\r\n0G /\0\xff"[random_below(random, 11)], 1);
}

static void append_chunks(struct random *random, struct text *out)
{
    char size[20];

    for (uint32_t i = random_below(random, 4); i > 0; i--) {
        uint32_t n = 1 + random_below(random, random_below(random, 8) ? 18 : 300);
        int form = (int)random_below(random, 8);
        snprintf(size, sizeof size, form == 0 ? "%X" : form == 1 ? "%04x" : "%x", n);
        append_text(out, size);
        append_text(out, random_below(random, 4) ? "" : PICK(random, extensions));
        append_text(out, "\r\n");
        append_content(random, out, n);
        append_text(out, "\r\n");
    }
    append_text(out, random_below(random, 8) ? "0" : "000");
    append_text(out, random_below(random, 4) ? "" : PICK(random, extensions));
    append_text(out, "\r\n");
    append_text(out, PICK(random, trailers));
    append_text(out, "\r\n");
}

/* One field that frames, or two, and mostly the content that it announces. */
static void append_framed(struct random *random, struct text *out)
{
    uint32_t what = random_below(random, 16);

    if (what < 7) { /* the majority is valid, so that there is much to compare */
        append_text(out, "Content-Length: 5\r\n\r\n");
        append_content(random, out, 5);
    } else if (what < 14) {
        append_text(out, "Transfer-Encoding: chunked\r\n\r\n");
        append_chunks(random, out);
    } else {
        const char *framing = PICK(random, framings);
        append_text(out, framing);
        append_text(out, "\r\n\r\n");
        if (strstr(framing, "chunked") && random_below(random, 4))
            append_chunks(random, out);
        else
            append_content(random, out, 5);
    }
}

static void append_start(struct random *random, enum stream stream, struct text *out)
{
    const char *version = random_below(random, 2) ? "HTTP/1.1" : PICK(random, versions);

    if (stream == STREAM_REQUESTS) {
        append_text(out, random_below(random, 4) ? "POST" : PICK(random, methods));
        append_text(out, " ");
        append_text(out, random_below(random, 4) ? "/t" : PICK(random, targets));
        append_text(out, " ");
        append_text(out, version);
    } else {
        append_text(out, version);
        append_text(out, " ");
        append_text(out, random_below(random, 2) ? "200 OK" : PICK(random, statuses));
    }
    append_text(out, "\r\n");
    if (stream == STREAM_REQUESTS && random_below(random, 16))
        append_text(out, "Host: h.example\r\n");
}

void generate_stream(struct random *random, enum stream stream, struct text *out)
{
    out->n = 0;
    for (uint32_t i = 1 + random_below(random, 4); i > 0; i--) {
        append_start(random, stream, out);
        for (uint32_t k = random_below(random, 4); k > 0; k--) {
            append_text(out, PICK(random, lines));
            append_text(out, "\r\n");
        }
        if (random_below(random, 3))
            append_framed(random, out);
        else
            append_text(out, "\r\n");
    }
}

/* ---- Mutations ------------------------------------------------------------------------------- */

static const char odd[] = "\r\n \t:;,=\"\\/?#%*0159aAfFxX+-._\0\x01\x0b\x0c\x7f\x80\x85\xa0\xff";

/* Put `insert` where text[at..at+remove) is. */
static void splice(struct text *text, size_t at, size_t remove, const void *insert, size_t n)
{
    if (text->n - remove + n > sizeof text->p)
        return;
    memmove(text->p + at + n, text->p + at + remove, text->n - at - remove);
    memcpy(text->p + at, insert, n);
    text->n = text->n - remove + n;
}

/* The first byte of `set` at or after a random offset; the end if there is none. */
static size_t find(struct random *random, const struct text *text, const char *set, size_t n)
{
    size_t at = random_below(random, (uint32_t)text->n);

    while (at < text->n && !memchr(set, text->p[at], n))
        at++;
    return at;
}

static void mutate_byte(struct random *random, struct text *text)
{
    size_t at = random_below(random, (uint32_t)text->n);
    char any = (char)random_below(random, 256), strange = odd[random_below(random, sizeof odd - 1)];

    switch (random_below(random, 5)) {
    case 0:
        text->p[at] = (char)(text->p[at] ^ 1 << random_below(random, 8));
        break;
    case 1:
        text->p[at] = strange;
        break;
    case 2:
        splice(text, at, 0, &strange, 1);
        break;
    case 3:
        splice(text, at, 0, &any, 1);
        break;
    default:
        splice(text, at, 1, "", 0);
    }
}

static void mutate_line_end(struct random *random, struct text *text)
{
    static const char *const ends[] = {"\n",    "\r",     "\n\r",     "\r\r\n", " \r\n",
                                       "\r\n ", "\r\n\t", "\r\n\r\n", "",       "\r \n"};
    size_t at = find(random, text, "\r", 1);
    const char *end = PICK(random, ends);

    if (text->n - at >= 2)
        splice(text, at, 2, end, strlen(end));
}

static void mutate_line(struct random *random, struct text *text)
{
    size_t at = find(random, text, "\n", 1);
    const char *line = random_below(random, 2) ? PICK(random, framings) : PICK(random, lines);

    if (at == text->n)
        return;
    splice(text, at + 1, 0, "\r\n", 2);
    splice(text, at + 1, 0, line, strlen(line));
}

static void mutate_space(struct random *random, struct text *text)
{
    static const char *const spaces[] = {" ", "\t", "  ", " \t", "\x0b", "\x0c", "\xa0", "\x85"};
    const char *space = PICK(random, spaces);
    size_t at = find(random, text, " :;,=\r", 6);

    if (at < text->n)
        splice(text, at + random_below(random, 2), 0, space, strlen(space));
}

static void mutate_size(struct random *random, struct text *text)
{
    static const char *const sizes[] = {"0",
                                        "1",
                                        "00",
                                        "-1",
                                        "+1",
                                        "4",
                                        "6",
                                        "a",
                                        "0x5",
                                        "1_0",
                                        "5.0",
                                        "FFFFFFFFFFFFFFFF",
                                        "fffffffffffffffe",
                                        "5 ",
                                        "10000000000000005",
                                        "18446744073709551615",
                                        "18446744073709551621",
                                        "00000000000000005",
                                        "\x35\xb2"};
    const char *size = PICK(random, sizes);
    size_t at = find(random, text, "0123456789", 10);

    if (at < text->n)
        splice(text, at, random_below(random, 2), size, strlen(size));
}

static void mutate_slice(struct random *random, struct text *text)
{
    char slice[64];
    size_t n = 1 + random_below(random, sizeof slice);
    size_t from = random_below(random, (uint32_t)text->n);

    n = n < text->n - from ? n : text->n - from;
    memcpy(slice, text->p + from, n);
    if (random_below(random, 2))
        splice(text, from, n, "", 0);
    else
        splice(text, random_below(random, (uint32_t)text->n), 0, slice, n);
}

void generate_mutation(struct random *random, struct text *text)
{
    static void (*const mutations[])(struct random *, struct text *) = {
        mutate_byte,  mutate_byte, mutate_line_end, mutate_line,
        mutate_space, mutate_size, mutate_slice,
    };

    if (text->n > 0)
        PICK(random, mutations)(random, text);
}
