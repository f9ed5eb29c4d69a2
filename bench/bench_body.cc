/* bench_body.cc - chunked bodies, to spans and in place. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <cstdlib>
#include <cstring>

/* The bytes of content, told by following the sizes. */
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
 * Who finds spans is compared with who does the same.  Who moves the content together destroys its
 * input, so each of those is handed a fresh copy each time, as part of what is timed.
 */
void bench_body()
{
    for (const bench_file &file : bench_files()) {
        if (file.kind != "chunks")
            continue;
        const char *bytes = file.bytes.data();
        size_t n = file.bytes.size();
        ptrdiff_t content = content_of(file.bytes);
        auto add = [&](const bench_parser &parser, const std::string &who) {
            if (auto spans = parser.spans)
                bench_add("body/" + file.set + who, double(n),
                          [=] { return spans(bytes, n) == content; });
            if (auto in_place = parser.in_place)
                bench_add("body/" + file.set + "-in-place" + who, double(n),
                          [=, copy = std::string(n, 0)]() mutable {
                              memcpy(&copy[0], bytes, n);
                              bool right = in_place(&copy[0], n) == content;
                              benchmark::ClobberMemory();
                              return right;
                          });
        };
        add(bench_shockwave, "/shockwave/default");
        for (auto peer = bench_peers; peer && *peer; peer++)
            add(**peer, std::string("/") + (*peer)->name);
    }
}
