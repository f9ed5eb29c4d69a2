/* header.c - the lookup of a field name, for those who call it. */
/* SPDX-License-Identifier: MIT */
#include "core/field_name.h"

#include "base/cpu.h"

enum sw_header sw_header_find_swar(const char *name, size_t len)
{
    return sw_header_lookup(name, len);
}

/* Threads that come at the same time all find the same way. */
static enum sw_header choose_implementation(const char *name, size_t len)
{
    enum sw_header (*way)(const char *, size_t) = sw_header_find_swar;

#if defined(__x86_64__)
    way = sw_cpu_has_avx512() ? sw_header_find_avx512 : way;
#endif
    __atomic_store_n(&sw_header_implementation, way, __ATOMIC_RELAXED);
    return way(name, len);
}

enum sw_header (*sw_header_implementation)(const char *name, size_t len) = choose_implementation;

enum sw_header sw_header_find(const char *name, size_t len)
{
    return __atomic_load_n(&sw_header_implementation, __ATOMIC_RELAXED)(name, len);
}
