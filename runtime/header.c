/* header.c - the lookup of a field name, for those who call it. */
/* SPDX-License-Identifier: MIT */
#include "header.h"

#include "cpu.h"

enum sw_header sw_header_find_words(const char *name, size_t len)
{
    return sw_header_lookup(name, len);
}

/* Threads that come at the same time all find the same way. */
static enum sw_header find_way(const char *name, size_t len)
{
    enum sw_header (*way)(const char *, size_t) = sw_header_find_words;

#if defined(__x86_64__)
    way = sw_cpu_has_avx512() ? sw_header_find_avx512 : way;
#endif
    __atomic_store_n(&sw_header_way, way, __ATOMIC_RELAXED);
    return way(name, len);
}

enum sw_header (*sw_header_way)(const char *name, size_t len) = find_way;

enum sw_header sw_header_find(const char *name, size_t len)
{
    return __atomic_load_n(&sw_header_way, __ATOMIC_RELAXED)(name, len);
}
