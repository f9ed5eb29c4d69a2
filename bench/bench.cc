/* bench.cc - the program: `bench [--count] [--omit] DIRECTORY... [Google Benchmark's options]`. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <dirent.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

static std::vector<bench_file> files;
static bool may_omit;

const std::vector<bench_file> &bench_files()
{
    return files;
}

bool bench_may_omit()
{
    return may_omit;
}

static void load(const std::string &directory)
{
    std::vector<std::string> names;

    if (DIR *open = opendir(directory.c_str())) {
        while (const dirent *entry = readdir(open))
            names.push_back(entry->d_name);
        closedir(open);
    }
    std::sort(names.begin(), names.end());
    for (const std::string &name : names) {
        size_t dot = name.rfind('.');
        std::string kind = dot == std::string::npos ? "" : name.substr(dot + 1);
        if (kind != "req" && kind != "resp" && kind != "chunks")
            continue;
        std::ifstream in(directory + "/" + name, std::ios::binary);
        files.push_back(
            {name.substr(0, dot), kind, std::string(std::istreambuf_iterator<char>(in), {})});
    }
}

const std::vector<std::string> &bench_variants()
{
    static std::vector<std::string> variants;

    if (variants.empty()) {
        for (const char *name : {"avx512", "avx2", "sse42", "neon", "portable"})
            if (sw_head_variant(name))
                variants.push_back(name);
        bench_force(variants[0]);
    }
    return variants;
}

void bench_force(const std::string &variant)
{
    sw_head_variant((variant == "default" ? bench_variants()[0] : variant).c_str());
}

std::vector<bench_row> &bench_rows()
{
    static std::vector<bench_row> rows;
    return rows;
}

/* Callgrind writes the instructions of each row to a file of its own; measure.py reads them. */
static int count_rows()
{
    int wrong = 0;

    for (bench_row &row : bench_rows()) {
        std::string title = row.name + " " + std::to_string(row.ops);
        bench_force(row.variant);
        row.run(1);
        CALLGRIND_START_INSTRUMENTATION;
        CALLGRIND_ZERO_STATS;
        bool right = row.run(row.ops);
        CALLGRIND_DUMP_STATS_AT(title.c_str());
        CALLGRIND_STOP_INSTRUMENTATION;
        if (!right) {
            fprintf(stderr, "%s: wrong result\n", row.name.c_str());
            wrong = 1;
        }
    }
    return wrong;
}

int main(int argc, char **argv)
{
    bool count = false;

    benchmark::Initialize(&argc, argv);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--count") == 0)
            count = true;
        else if (strcmp(argv[i], "--omit") == 0)
            may_omit = true;
        else
            load(argv[i]);
    bench_head();
    bench_header();
    bench_body();
    bench_write();
    bench_route();
    if (count)
        return count_rows();
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
