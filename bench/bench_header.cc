/* bench_header.cc - field names to ids. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <cctype>
#include <unordered_map>

struct name {
    const char *p;
    uint32_t n, id;
};

static std::string lower(std::string text)
{
    for (char &c : text)
        c = char(tolower(c));
    return text;
}

static void add(const std::string &set, std::vector<name> names)
{
    std::unordered_map<std::string, uint32_t> ids;

    for (uint32_t id = 1; id < SW_HEADER_COUNT; id++)
        ids[lower(sw_header_names[id].text)] = id;
    for (name &name : names) {
        auto found = ids.find(lower(std::string(name.p, name.n)));
        name.id = found == ids.end() ? uint32_t(SW_HEADER_OTHER) : found->second;
    }
    bench_walk walk(names.size());
    bench_add("header/" + set + "/shockwave/default", 0, [names, walk]() mutable {
        const name &name = names[walk.next()];
        uint32_t id = sw_header_find(name.p, name.n);
        bench_keep(id);
        return id == name.id;
    });
    bench_add("header/" + set + "/walk", 0, [names, walk]() mutable {
        const name &name = names[walk.next()];
        uint32_t id = name.id;
        bench_keep(id);
        return id == name.id;
    });
}

/* As often as they come in the heads of a file, where they lie; and each in the registry once. */
void bench_header()
{
    std::vector<name> registry;

    for (const bench_file &file : bench_files()) {
        if (file.set != "rot64")
            continue;
        std::vector<name> names;
        for (size_t at = 0; (at = file.bytes.find("\r\n", at)) + 2 < file.bytes.size();) {
            at += 2;
            size_t end = file.bytes.find_first_of(" :\r", at);
            if (end < file.bytes.size() && file.bytes[end] == ':')
                names.push_back({file.bytes.data() + at, uint32_t(end - at), 0});
        }
        add("names", names);
    }
    for (uint32_t id = 1; id < SW_HEADER_COUNT; id++)
        registry.push_back({sw_header_names[id].text, sw_header_names[id].len, 0});
    add("registry", registry);
}
