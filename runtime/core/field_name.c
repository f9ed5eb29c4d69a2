/* field_name.c - the public lookup of a field name, and its dispatcher. */
/* SPDX-License-Identifier: MIT */
#include "core/field_name.h"

#include "base/cpu.h"

enum sw_header sw_header_find_swar(const char *name, size_t len)
{
    return sw_header_lookup(name, len);
}

/* Initially the dispatcher: picks the best implementation for this CPU and replaces itself. Threads
   that run it at the same time pick the same. */
static enum sw_header choose_implementation(const char *name, size_t len)
{
    enum sw_header (*best)(const char *, size_t) = sw_header_find_swar;

#if defined(__x86_64__)
    best = sw_cpu_has_avx512() ? sw_header_find_avx512 : best;
#endif
    __atomic_store_n(&sw_header_implementation, best, __ATOMIC_RELAXED);
    return best(name, len);
}

enum sw_header (*sw_header_implementation)(const char *name, size_t len) = choose_implementation;

enum sw_header sw_header_find(const char *name, size_t len)
{
    return __atomic_load_n(&sw_header_implementation, __ATOMIC_RELAXED)(name, len);
}
