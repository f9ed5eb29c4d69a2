/* bench_write.cc - the writer: responses, from calls to bytes. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <cstdio>
#include <cstring>

static const char response[] =
    "HTTP/1.1 200 OK\r\nDate: Tue, 17 Sep 2024 09:30:00 GMT\r\n"
    "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
enum { RESPONSE = sizeof response - 1 };

static char memory[1024];
static sw_date date;

static sw_span span(const char *text)
{
    return {text, strlen(text)};
}

static sw_writer begin()
{
    sw_writer out = {};

    out.p = memory;
    out.size = sizeof memory;
    return out;
}

/* Is the response complete?  Only its last four bytes are compared here; bench_write() compares all
   of them once.  A load of more bytes could span two stores, and the CPU would have to wait for
   both (store forwarding fails): memcpy looked three times as slow as it is. */
static bool is_complete(const char *p, size_t n)
{
    bench_keep(p);
    benchmark::ClobberMemory();
    return n == RESPONSE && memcmp(p + RESPONSE - 4, response + RESPONSE - 4, 4) == 0;
}

static bool canned()
{
    sw_writer out = begin();

    sw_write_bytes(&out, response, RESPONSE);
    return is_complete(out.p, out.n);
}

/* The same with a length that the compiler does not know. */
static bool ready()
{
    static volatile size_t length = RESPONSE;
    sw_writer out = begin();

    sw_write_bytes(&out, response, length);
    return is_complete(out.p, out.n);
}

static bool canned_memcpy()
{
    memcpy(memory, response, RESPONSE);
    return is_complete(memory, RESPONSE);
}

static bool composed()
{
    sw_writer out = begin();

    sw_write_status(&out, SW_STATUS_OK);
    sw_write_date(&out, &date);
    sw_write_field(&out, SW_HEADER_CONTENT_TYPE, {"text/plain", 10});
    sw_write_length(&out, 13);
    sw_write_end(&out);
    sw_write_bytes(&out, "Hello, World!", 13);
    return is_complete(out.p, out.n);
}

static bool composed_snprintf()
{
    int n =
        snprintf(memory, sizeof memory,
                 "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
                 200, "OK", "Tue, 17 Sep 2024 09:30:00 GMT", "text/plain", 13, "Hello, World!");
    return is_complete(memory, size_t(n));
}

/* The twelve fields of a page from a cache. */
static bool fields12()
{
    static const struct {
        sw_header id;
        sw_span value;
    } fields[] = {
        {SW_HEADER_SERVER, span("origin/2.8")},
        {SW_HEADER_CONTENT_TYPE, span("text/html; charset=utf-8")},
        {SW_HEADER_CACHE_CONTROL, span("public, max-age=300, stale-while-revalidate=60")},
        {SW_HEADER_ETAG, span("\"492e-622a1f3c5b140\"")},
        {SW_HEADER_LAST_MODIFIED, span("Mon, 16 Sep 2024 21:04:05 GMT")},
        {SW_HEADER_VARY, span("Accept-Encoding, Accept-Language")},
        {SW_HEADER_CONTENT_ENCODING, span("gzip")},
        {SW_HEADER_STRICT_TRANSPORT_SECURITY, span("max-age=63072000; includeSubDomains")},
        {SW_HEADER_X_CONTENT_TYPE_OPTIONS, span("nosniff")},
    };
    sw_writer out = begin();

    sw_write_status(&out, SW_STATUS_OK);
    sw_write_date(&out, &date);
    for (const auto &field : fields)
        sw_write_field(&out, field.id, field.value);
    sw_write_number(&out, SW_HEADER_AGE, 1234);
    sw_write_length(&out, 18734);
    sw_write_end(&out);
    bench_keep(out.p);
    benchmark::ClobberMemory();
    return out.error == SW_OK && out.n == 448;
}

static bool chunk_heads()
{
    sw_writer out = begin();

    for (uint64_t size : {1, 16, 4096, 0xfffff}) {
        sw_write_chunk(&out, size);
        sw_write_end(&out);
    }
    benchmark::ClobberMemory();
    return out.error == SW_OK && out.n == 3 + 2 + 4 + 2 + 6 + 2 + 7 + 2;
}

static bool next_second()
{
    sw_date_set(&date, date.second + 1);
    benchmark::ClobberMemory();
    return date.line[35] == '\r';
}

void bench_write()
{
    static const struct {
        const char *name;
        bool (*op)();
        bool is_response;
    } rows[] = {
        {"write/canned/shockwave/default", canned, true},
        {"write/canned/memcpy", canned_memcpy, true},
        {"write/ready/shockwave/default", ready, true},
        {"write/composed/shockwave/default", composed, true},
        {"write/composed/snprintf", composed_snprintf, true},
        {"write/fields12/shockwave/default", fields12, false},
        {"write/chunk-heads/shockwave/default", chunk_heads, false},
        {"write/date/shockwave/default", next_second, false},
    };

    sw_date_set(&date, 1726565400);
    for (const auto &row : rows) {
        memset(memory, 0, sizeof memory);
        if (row.is_response && !(row.op() && memcmp(memory, response, RESPONSE) == 0))
            fprintf(stderr, "%s: wrong response\n", row.name);
        bench_add(row.name, row.is_response ? double(RESPONSE) : 0, row.op);
    }
}
