/* head_avx2.c - heads by the vectors of AVX2. */
/* SPDX-License-Identifier: MIT */
#include "head_fast.h"

#if defined(__x86_64__)
#include "head_x86.h"

#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

/* Two vectors, the second of which begins `apart` bytes behind the first; with less than 32 bytes,
   two halves of one vector. */
struct block_avx2 {
    __m256i a, b;
    size_t n;
};

INLINE TARGET struct block_avx2 load_avx2(const char *p)
{
    return (struct block_avx2){_mm256_loadu_si256((const __m256i *)p),
                               _mm256_loadu_si256((const __m256i *)(p + 32)), 64};
}

INLINE TARGET struct block_avx2 load_part_avx2(const char *p, size_t n)
{
    if (n >= 32)
        return (struct block_avx2){_mm256_loadu_si256((const __m256i *)p),
                                   _mm256_loadu_si256((const __m256i *)(p + n - 32)), n};
    __m256i ends = _mm256_loadu2_m128i((const __m128i *)(p + n - 16), (const __m128i *)p);
    return (struct block_avx2){ends, ends, n};
}

/* A bit for each byte of the block, from those of its two vectors. */
INLINE TARGET uint64_t join_avx2(uint64_t a, uint64_t b, size_t n)
{
    if (n >= 32)
        return a | b << (n - 32);
    return (a & 0xffff) | a >> 16 << (n - 16);
}

INLINE TARGET __m256i class_avx2(__m256i bytes, __m128i low, __m128i high)
{
    __m256i halves = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));

    return _mm256_and_si256(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(low), bytes),
                            _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(high), halves));
}

INLINE TARGET uint64_t bits_avx2(__m256i bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

INLINE TARGET struct masks masks_avx2(struct block_avx2 block)
{
    __m256i a = class_avx2(block.a, TEXT_TABLES), b = class_avx2(block.b, TEXT_TABLES);
    __m256i carry = _mm256_set1_epi8(0x78), zero = _mm256_setzero_si256();
    uint64_t token = join_avx2(bits_avx2(_mm256_adds_epu8(a, carry)),
                               bits_avx2(_mm256_adds_epu8(b, carry)), block.n);
    uint64_t some = join_avx2(bits_avx2(_mm256_cmpgt_epi8(a, zero)),
                              bits_avx2(_mm256_cmpgt_epi8(b, zero)), block.n);

    return (struct masks){token, some & ~token};
}

INLINE TARGET uint64_t path_avx2(struct block_avx2 block)
{
    __m256i a = class_avx2(block.a, PATH_TABLES), b = class_avx2(block.b, PATH_TABLES);
    __m256i zero = _mm256_setzero_si256();

    return join_avx2(bits_avx2(_mm256_cmpgt_epi8(a, zero)), bits_avx2(_mm256_cmpgt_epi8(b, zero)),
                     block.n);
}

INLINE TARGET __m256i controls_avx2(__m256i bytes)
{
    __m256i below = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(31)), bytes);

    return _mm256_or_si256(below, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(127)));
}

/* HTAB stops this too: it is rare inside long values. */
INLINE TARGET size_t clean_avx2(const char *p, size_t n)
{
    size_t i = 0;

    for (; i + 128 <= n; i += 128) {
        const __m256i *v = (const __m256i *)(p + i);
        __m256i some = controls_avx2(_mm256_loadu_si256(v));
        for (int k = 1; k < 4; k++)
            some = _mm256_or_si256(some, controls_avx2(_mm256_loadu_si256(v + k)));
        if (!_mm256_testz_si256(some, some))
            break;
    }
    return i;
}

INLINE TARGET bool same_avx2(const char *p, size_t n, const char *word)
{
    return same_in_32(p, n, word);
}

/* Six at a time without looking: lines are long enough for a block to have few ends. */
INLINE TARGET size_t emit_avx2(uint16_t *position, uint32_t base, uint64_t bits)
{
    size_t count = (size_t)__builtin_popcountll(bits);

    for (size_t i = 0; i < count; i += 6)
#pragma GCC unroll 6
        for (size_t k = 0; k < 6; k++) {
            position[i + k] = (uint16_t)(base + count_zeros(bits));
            bits &= bits - 1;
        }
    return count;
}

#include "head_block.h"

#endif
