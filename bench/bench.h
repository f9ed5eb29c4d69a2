/* bench.h - what the benches share: inputs, and rows that are timed or counted. */
/* SPDX-License-Identifier: MIT */
#ifndef BENCH_H
#define BENCH_H

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "parsers.h"

/* A file of inputs: heads one after the other in SET.req or SET.resp, a body in SET.chunks. */
struct bench_file {
    std::string set, kind, bytes;
};
const std::vector<bench_file> &bench_files();

/* May heads be omitted on which the parsers disagree?  Only those of a CORPUS. */
bool bench_may_omit();

/* Visits inputs in a random order that is too long for the branch predictor to learn. */
class bench_walk
{
  public:
    explicit bench_walk(size_t inputs) : count(inputs)
    {
    }
    size_t next()
    {
        state = state * 6364136223846793005 + 1442695040888963407;
        return (state >> 32) * count >> 32;
    }

  private:
    uint64_t count, state = 9112;
};

/* Calls of the allocator in this process so far, and the bytes they requested. */
struct bench_heap {
    uint64_t calls, bytes;
};
bench_heap bench_heap_now();

/* The variants of our head parser that this CPU supports, the best first: "avx2", "portable", ...
   bench_force() makes the parser use one of them; "default" is the best. */
const std::vector<std::string> &bench_variants();
void bench_force(const std::string &variant);

/* A row as callgrind counts it. */
struct bench_row {
    std::string name, variant;
    size_t ops; /* enough for an average */
    std::function<bool(size_t ops)> run;
};
std::vector<bench_row> &bench_rows();

/*
 * Adds a row.  `name` is BENCH/SET/PARSER, and for our own parser /VARIANT, which is forced before
 * each run.  op() is one operation and returns whether its result is right; it takes `bytes` on
 * average, 0 where throughput has no meaning.
 */
template <class Op>
void bench_add(const std::string &name, double bytes, Op op)
{
    size_t at = name.find("/shockwave/");
    std::string variant =
        at == std::string::npos ? "default" : name.substr(at + sizeof "/shockwave");

    bench_rows().push_back(
        {name, variant, bytes < 16384 ? size_t(512) : size_t(8), [op](size_t ops) mutable {
             bool right = true;
             while (ops--)
                 right &= op();
             return right;
         }});
    benchmark::RegisterBenchmark(
        name.c_str(), [op, variant, bytes](benchmark::State &state) mutable {
            bool right = true;
            bench_force(variant);
            bench_heap before = bench_heap_now();
            for (auto _ : state)
                right &= op();
            bench_heap after = bench_heap_now();
            if (!right)
                state.SkipWithError("wrong result");
            auto each = benchmark::Counter::kAvgIterations;
            state.counters["allocs"] = benchmark::Counter(double(after.calls - before.calls), each);
            state.counters["heap"] = benchmark::Counter(double(after.bytes - before.bytes), each);
            state.counters["bytes"] = bytes;
        });
}

/* Makes the compiler compute `value`.  const: gcc 12 miscompiles Google Benchmark's DoNotOptimize()
   of something writable. */
template <class T>
void bench_keep(const T &value)
{
    benchmark::DoNotOptimize(value);
}

/* The benches, each of which adds its rows. */
void bench_head();
void bench_header();
void bench_body();
void bench_write();
void bench_route();

/* Calls each(parser, row name) for our parser in each variant, and for the others if linked. */
template <class Each>
void bench_parsers(const std::string &prefix, Each each)
{
    for (const std::string &variant : bench_variants())
        each(bench_shockwave, prefix + "/shockwave/" + variant);
    for (auto other = bench_competitors; other && *other; other++)
        each(**other, prefix + "/" + (*other)->name);
}

#endif
