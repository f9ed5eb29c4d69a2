/* head_x86.h - what the implementations for x86-64 share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEAD_X86_H
#define SW_HEAD_X86_H

#include "byte_nibbles.h"
#include "core/simd/head_fast.h"

/* `make check-avx512` tests AVX-512 on machines without it, emulated by SIMDe. */
#ifdef SW_SIMDE
#define WITH_AVX2
#define WITH_SSSE3
#define WITH_SSE41
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#else
#define WITH_AVX2  __attribute__((target("avx2")))
#define WITH_SSSE3 __attribute__((target("ssse3")))
#define WITH_SSE41 __attribute__((target("sse4.1")))
#include <immintrin.h>
#endif

/*
 * A byte is in a class if its two lookups, by its low nibble and by its high nibble, have a bit in
 * common.  Bytes above 127 are in none: pshufb gives 0 for them in the first lookup.
 */
#define PATH_TABLES _mm_setr_epi8(SW_NIBBLES_PATH_LOW), _mm_setr_epi8(SW_NIBBLES_PATH_HIGH)
#define HOST_TABLES _mm_setr_epi8(SW_NIBBLES_HOST_LOW), _mm_setr_epi8(SW_NIBBLES_HOST_HIGH)
#define TEXT_TABLES _mm_setr_epi8(SW_NIBBLES_TEXT_LOW), _mm_setr_epi8(SW_NIBBLES_TEXT_HIGH)

/* Added to a lookup in TEXT_TABLES, this carries into the high bit for tokens, not for controls. */
enum { TOKEN_CARRY = 128 - (SW_NIBBLES_TEXT_IN_TOKEN & -SW_NIBBLES_TEXT_IN_TOKEN) };

INLINE WITH_SSSE3 __m128i class_of_16(const char *p, __m128i low, __m128i high)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i halves = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(15));

    return _mm_and_si128(_mm_shuffle_epi8(low, bytes), _mm_shuffle_epi8(high, halves));
}

/* The length of the run of host bytes, as in HOST_TABLES, at p[0..n), n <= 32. */
INLINE WITH_SSSE3 size_t host_run(const char *p, size_t n)
{
    __m128i last = class_of_16(p + n - 16, HOST_TABLES), zero = _mm_setzero_si128();
    __m128i front = n > 16 ? class_of_16(p + n - 32, HOST_TABLES) : zero;
    uint64_t others = (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(last, zero)) << 16 |
                      (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(front, zero)) | UINT64_C(1) << 32;

    return (size_t)__builtin_ctzll(others >> (32 - n));
}

/* Whether the n bytes before `end` are all of the word but for bit 5.  The word is at the end of
   its row, as the name is at the end of what is read; the window masks off what is before it. */
INLINE WITH_SSE41 bool same_in_16(const struct sw_header_tables *tables, const char *end, size_t n,
                                  const char *word)
{
    const void *window = tables->window + 16 + n;
    __m128i differ = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)(end - 16)),
                                   _mm_loadu_si128((const __m128i *)window));

    differ = _mm_xor_si128(differ, _mm_load_si128((const __m128i *)(const void *)word));
    return _mm_testz_si128(differ, differ);
}

INLINE WITH_AVX2 bool same_in_32(const struct sw_header_tables *tables, const char *end, size_t n,
                                 const char *word)
{
    const void *window = tables->window + n;
    __m256i differ = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(const void *)(end - 32)),
                                      _mm256_loadu_si256((const __m256i *)window));

    differ = _mm256_xor_si256(differ, _mm256_load_si256((const __m256i *)(const void *)word));
    return _mm256_testz_si256(differ, differ);
}

/* The same for n <= 16, in rows of 32: word[15] is 0 unless the word is longer than 16 bytes. */
INLINE WITH_SSE41 bool same_short(const struct sw_header_tables *tables, const char *end, size_t n,
                                  const char *word)
{
    return !word[15] && same_in_16(tables, end, n, word + 16);
}

#endif
