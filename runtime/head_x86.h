/* head_x86.h - the classes of bytes as the tables that x86-64 shuffles. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_X86_H
#define SW_HEAD_X86_H

#include "head_fast.h"

/* `make check-avx512` tests AVX-512 on machines that have none, by SIMDe. */
#ifdef SW_SIMDE
#define WITH_AVX2
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#else
#define WITH_AVX2 __attribute__((target("avx2")))
#include <immintrin.h>
#endif

/*
 * The class of a byte is what two tables of 16 have in common, one looked up by its low half, one by
 * its high half.  A bit of the class stands for one row of 16 bytes, or for two rows of which one
 * adds to the other.  Bytes above 127 have no class: the first lookup gives 0 for them.
 *
 * Controls have bits 0 to 2, tokens bits 3 to 7.
 */
#define IN(row, x, bit) ((row) >> (x) & 1 ? (bit) : 0)
#define TEXT_LOW(x) \
    (char)(IN(0xfdff, x, 1) | IN(0xffff, x, 2) | IN(0x8000, x, 4) | IN(0x6cfa, x, 8) | \
           IN(0x03ff, x, 16) | IN(0xfffe, x, 32) | IN(0xc7ff, x, 64) | IN(0x57ff, x, 128))
#define TEXT_HIGH 1, 2, 8, 16, 32, 64, 48, (char)132, 0, 0, 0, 0, 0, 0, 0, 0

#define PATH_LOW(x) \
    (char)(IN(0xffd2, x, 1) | IN(0xafff, x, 2) | IN(0xffff, x, 4) | IN(0x87ff, x, 8) | \
           IN(0xfffe, x, 16) | IN(0x47ff, x, 32))
#define PATH_HIGH 0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0

/* Ones, then zeros: read 32 bytes from n bytes before the border for a mask of n. */
static const _Alignas(64) uint64_t border[8] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

#define SIXTEEN(f) \
    f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), \
        f(15)
#define TEXT_TABLES _mm_setr_epi8(SIXTEEN(TEXT_LOW)), _mm_setr_epi8(TEXT_HIGH)
#define PATH_TABLES _mm_setr_epi8(SIXTEEN(PATH_LOW)), _mm_setr_epi8(PATH_HIGH)

/* Is p[0..n), n <= 32, the word, but for bit 5?  All of p[0..32) may be read. */
INLINE WITH_AVX2 bool same_in_32(const char *p, size_t n, const char *word)
{
    __m256i name = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)p), _mm256_set1_epi8(0x20));
    __m256i mask = _mm256_loadu_si256((const __m256i *)((const char *)border + 32 - n));
    __m256i differ =
        _mm256_xor_si256(_mm256_and_si256(name, mask), _mm256_load_si256((const __m256i *)word));

    return _mm256_testz_si256(differ, differ);
}

#endif
