/* field_name_avx512.c - the lookup of a field name with AVX-512. */
/* SPDX-License-Identifier: MIT */
#include "core/field_name.h"

#if defined(__x86_64__)
#ifdef SW_SIMDE
enum sw_header sw_header_find_avx512(const char *name, size_t len)
{
    return sw_header_lookup(name, len);
}
#else
#include <immintrin.h>

/* Compares a name of any length at once: a masked load does not touch the bytes masked off, which
   may be on a guard page. */
__attribute__((target("avx512bw,avx512vl"))) enum sw_header sw_header_find_avx512(const char *name,
                                                                                  size_t len)
{
    const struct sw_header_tables *tables = &sw_header_tables;

    if (len - 1 >= 32)
        return sw_header_lookup(name, len);
    const void *row = (const void *)((uintptr_t)name + len - 32);
    __m256i bytes = _mm256_maskz_loadu_epi8(UINT32_MAX << (32 - len), row);
    bytes = _mm256_and_si256(bytes, _mm256_set1_epi8((char)0xdf));
    size_t id =
        sw_header_candidate(tables, len > 2 ? name[2] : ':', name[len - 1 - (len > 1)], len);
    while (id != SW_HEADER_OTHER) {
        const void *word = tables->words[id];
        __m256i differ = _mm256_xor_si256(bytes, _mm256_load_si256(word));
        if (_mm256_testz_si256(differ, differ))
            break;
        id = tables->chain[id];
    }
    return (enum sw_header)id;
}
#endif
#endif
