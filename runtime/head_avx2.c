/* head_avx2.c - heads by the vectors of AVX2. */
/* SPDX-License-Identifier: MIT */
#include "head_fast.h"

#if defined(__x86_64__)
#include "head_x86.h"

#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

struct block_avx2 {
    __m256i a, b;
};

INLINE TARGET struct block_avx2 load_avx2(const char *p)
{
    return (struct block_avx2){_mm256_loadu_si256((const __m256i *)p),
                               _mm256_loadu_si256((const __m256i *)(p + 32))};
}

INLINE TARGET __m256i class_avx2(__m256i bytes, __m128i low, __m128i high)
{
    __m256i halves = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));

    return _mm256_and_si256(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(low), bytes),
                            _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(high), halves));
}

/* The high bit of each byte. */
INLINE TARGET uint64_t bits_avx2(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

INLINE TARGET struct masks masks_avx2(struct block_avx2 block)
{
    __m256i a = class_avx2(block.a, TEXT_TABLES), b = class_avx2(block.b, TEXT_TABLES);
    __m256i carry = _mm256_set1_epi8(0x78), zero = _mm256_setzero_si256();
    uint64_t token = bits_avx2(_mm256_adds_epu8(a, carry), _mm256_adds_epu8(b, carry));
    uint64_t none = bits_avx2(_mm256_cmpeq_epi8(a, zero), _mm256_cmpeq_epi8(b, zero));

    return (struct masks){token, ~(none | token)};
}

INLINE TARGET uint64_t path_avx2(struct block_avx2 block)
{
    __m256i zero = _mm256_setzero_si256();

    return ~bits_avx2(_mm256_cmpeq_epi8(class_avx2(block.a, PATH_TABLES), zero),
                      _mm256_cmpeq_epi8(class_avx2(block.b, PATH_TABLES), zero));
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

INLINE TARGET bool same_avx2(const struct sw_header_tables *tables, const char *end, size_t n,
                             unsigned id, bool near_front)
{
    const char *word = tables->words[id];

    if (!near_front)
        return same_in_32(tables, end, n, word);
    return !word[15] && same_in_16(tables, end, n, word + 16);
}

INLINE TARGET bool is_host_avx2(const char *p, size_t n)
{
    return is_plain_host(p, n);
}

/* Six without looking: lines are long enough for a block to have few ends. */
INLINE TARGET size_t emit_avx2(uint16_t *position, uint32_t base, uint64_t bits)
{
    size_t count = (size_t)__builtin_popcountll(bits);

#pragma GCC unroll 6
    for (size_t i = 0; i < 6; i++) {
        position[i] = (uint16_t)(base + count_zeros(bits));
        bits &= bits - 1;
    }
    for (size_t i = 6; i < count && i < POSITIONS_OF_BLOCK; i++) {
        position[i] = (uint16_t)(base + count_zeros(bits));
        bits &= bits - 1;
    }
    return count;
}

#include "head_block.h"

#endif
