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

/* May heads be left out that not all of the parsers read alike?  Other people's may. */
bool bench_may_leave_out();

/* Visits one of `count` inputs after the other, at random, in an order too long to be learnt. */
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

/* Calls of the allocator in this process so far, and the bytes asked for. */
struct bench_heap {
    uint64_t calls, bytes;
};
bench_heap bench_heap_now();

/* What our parser of heads can be told to use on this CPU, the best first: "avx2", "portable", ...;
   only "default" where it cannot be told.  Any other "default" is the best. */
const std::vector<std::string> &bench_variants();
void bench_force(const std::string &variant);

/* A row in the form in which callgrind counts it. */
struct bench_row {
    std::string name, variant;
    size_t ops; /* enough for an average, and soon done */
    std::function<bool(size_t ops)> run;
};
std::vector<bench_row> &bench_rows();

/*
 * Add a row.  `name` is BENCH/SET/WHO, and for our own parser /VARIANT, which is forced before each
 * run.  op() does it once and says whether the result is right; it takes `bytes` at a time on the
 * average, 0 where that says nothing.
 */
template <class Op>
void bench_add(const std::string &name, double bytes, Op op)
{
    size_t cut = name.find("/shockwave/");
    std::string variant =
        cut == std::string::npos ? "default" : name.substr(cut + sizeof "/shockwave");

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

/* Whatever becomes of it, `value` has to be there.  Google Benchmark's DoNotOptimize() of something
   that can be written to is miscompiled by some versions of gcc. */
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

/* Ours in each variant and, where they are linked, the peers: calls each(parser, row name). */
template <class Each>
void bench_parsers(const std::string &prefix, Each each)
{
    for (const std::string &variant : bench_variants())
        each(bench_shockwave, prefix + "/shockwave/" + variant);
    for (auto peer = bench_peers; peer && *peer; peer++)
        each(**peer, prefix + "/" + (*peer)->name);
}

#endif
