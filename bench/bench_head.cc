/* bench_head.cc - request and response heads, from bytes to spans. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

struct head {
    const char *p;
    uint32_t n, fields;
};

using parse = size_t (*)(const char *, size_t, size_t *);

static parse parse_of(const bench_parser &parser, const std::string &kind)
{
    return kind == "req" ? parser.request : parser.response;
}

static bool is(sw_span piece, const char *from, const char *to)
{
    return piece.n == size_t(to - from) && memcmp(piece.p, from, piece.n) == 0;
}

/*
 * Does the parser find the right spans?  The expected ones come from splitting the head at spaces,
 * colons and CRLF, which suffices for well-formed heads and uses none of the parsers.
 */
static bool agrees(const bench_parser &parser, const std::string &kind, const head &head)
{
    size_t fields;
    const char *at = head.p, *end = head.p + head.n, *eol, *from, *to;
    auto find = [&](const char *what) {
        return static_cast<const char *>(memmem(at, size_t(end - at), what, strlen(what)));
    };

    if (parse_of(parser, kind)(head.p, head.n, &fields) != head.n || fields != head.fields)
        return false;
    eol = find("\r\n");
    from = find(" ") + 1;
    at = from;
    to = find(" ");
    if (kind == "resp")
        from = to + 1, to = eol;
    if (!is(parser.piece(head.p, 0), from, to))
        return false;
    for (size_t i = 0; i < fields; i++) {
        at = eol + 2;
        from = find(":");
        if (!is(parser.piece(head.p, 1 + 2 * i), at, from))
            return false;
        for (eol = find("\r\n"), to = eol, from++; from < to && (*from == ' ' || *from == '\t');)
            from++;
        while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
            to--;
        if (!is(parser.piece(head.p, 2 + 2 * i), from, to))
            return false;
    }
    return true;
}

static std::vector<head> split(const std::string &bytes)
{
    std::vector<head> heads;
    size_t from = 0, end;

    while ((end = bytes.find("\r\n\r\n", from)) != std::string::npos) {
        uint32_t fields = 0;
        for (size_t at = from; (at = bytes.find("\r\n", at)) < end; at += 2)
            fields++;
        heads.push_back({bytes.data() + from, uint32_t(end + 4 - from), fields});
        from = end + 4;
    }
    return heads;
}

/* The heads that all parsers read alike.  The others are reported, and omitted for every parser. */
static std::vector<head> common(const bench_file &file)
{
    std::vector<head> heads = split(file.bytes), kept;
    std::vector<bool> is_disputed(heads.size());

    bench_parsers("", [&](const bench_parser &parser, const std::string &row) {
        size_t wrong = 0;
        bench_force(row.compare(0, 11, "/shockwave/") ? "default" : row.substr(11));
        for (size_t i = 0; i < heads.size(); i++)
            if (!agrees(parser, file.kind, heads[i])) {
                is_disputed[i] = true;
                wrong++;
            }
        if (wrong)
            fprintf(stderr, "%s: %s reads %zu of %zu heads wrongly: omitted\n", file.set.c_str(),
                    row.c_str() + 1, wrong, heads.size());
    });
    for (size_t i = 0; i < heads.size(); i++)
        if (!is_disputed[i])
            kept.push_back(heads[i]);
    if (kept.size() < heads.size() && !bench_may_omit())
        exit(1);
    return kept;
}

void bench_head()
{
    for (const bench_file &file : bench_files()) {
        if (file.kind == "chunks")
            continue;
        std::vector<head> heads = common(file);
        if (heads.empty())
            continue;
        double bytes = 0;
        for (const head &head : heads)
            bytes += head.n;
        bench_parsers("head/" + file.set, [&](const bench_parser &parser, const std::string &row) {
            bench_walk walk(heads.size());
            parse read = parse_of(parser, file.kind);
            bench_add(row, bytes / double(heads.size()), [heads, walk, read]() mutable {
                const head &head = heads[walk.next()];
                size_t fields;
                size_t n = read(head.p, head.n, &fields);
                bench_keep(fields);
                return n == head.n && fields == head.fields;
            });
        });
    }
}
