/* bench_body.cc - chunked bodies, to spans and in place. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <cstdlib>
#include <cstring>

/* The number of bytes of content, found by following the chunk sizes. */
static ptrdiff_t content_of(const std::string &bytes)
{
    ptrdiff_t sum = 0;

    for (size_t at = 0;;) {
        size_t size = strtoul(bytes.c_str() + at, nullptr, 16);
        if (size == 0)
            return sum;
        sum += ptrdiff_t(size);
        at = bytes.find("\r\n", at) + 2 + size + 2;
    }
}

/*
 * Parsers that find spans and parsers that move the content together are compared among themselves.
 * The latter overwrite their input, so each operation begins with a fresh copy, which is timed too.
 */
void bench_body()
{
    for (const bench_file &file : bench_files()) {
        if (file.kind != "chunks")
            continue;
        const char *bytes = file.bytes.data();
        size_t n = file.bytes.size();
        ptrdiff_t content = content_of(file.bytes);
        auto add = [&](const bench_parser &parser, const std::string &parser_name) {
            if (auto spans = parser.spans)
                bench_add("body/" + file.set + parser_name, double(n),
                          [=] { return spans(bytes, n) == content; });
            if (auto in_place = parser.in_place)
                bench_add("body/" + file.set + "-in-place" + parser_name, double(n),
                          [=, copy = std::string(n, 0)]() mutable {
                              memcpy(&copy[0], bytes, n);
                              bool right = in_place(&copy[0], n) == content;
                              benchmark::ClobberMemory();
                              return right;
                          });
        };
        add(bench_shockwave, "/shockwave/default");
        for (auto other = bench_competitors; other && *other; other++)
            add(**other, std::string("/") + (*other)->name);
    }
}
