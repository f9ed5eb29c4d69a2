/* head_sse42.c - the fast path through a head with SSE4.2: see head_block.h. */
/* SPDX-License-Identifier: MIT */
#include "core/simd/head_fast.h"

#if defined(__x86_64__)
#include "core/simd/head_x86.h"

#define NAME(x) x##_sse42
#define TARGET  __attribute__((target("sse4.2,popcnt")))

struct classes_sse42 {
    char none;
};

struct block_sse42 {
    __m128i v[4];
};

INLINE TARGET struct block_sse42 load_sse42(const char *p)
{
    struct block_sse42 block;

#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
        block.v[k] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * k));
    return block;
}

INLINE TARGET struct block_sse42 load_short_sse42(const char *p, size_t n)
{
    const __m128i *front = (const __m128i *)p, *last = (const __m128i *)(p + n - 32);

    return (struct block_sse42){{_mm_loadu_si128(front), _mm_loadu_si128(front + 1),
                                 _mm_loadu_si128(last), _mm_loadu_si128(last + 1)}};
}

INLINE TARGET uint64_t combine_sse42(uint64_t bits, size_t n)
{
    return combine_halves(bits, n);
}

INLINE TARGET __m128i class_sse42(__m128i bytes, __m128i low, __m128i high)
{
    __m128i halves = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(15));

    return _mm_and_si128(_mm_shuffle_epi8(low, bytes), _mm_shuffle_epi8(high, halves));
}

INLINE TARGET uint64_t bits_sse42(__m128i bytes)
{
    return (uint32_t)_mm_movemask_epi8(bytes);
}

INLINE TARGET struct classes_sse42 text_sse42(void)
{
    return (struct classes_sse42){0};
}

INLINE TARGET struct masks masks_sse42(struct block_sse42 block, struct classes_sse42 classes)
{
    (void)classes;
    uint64_t token = 0, some = 0;

#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m128i class = class_sse42(block.v[k], TEXT_TABLES);
        token |= bits_sse42(_mm_adds_epu8(class, _mm_set1_epi8(TOKEN_CARRY))) << 16 * k;
        some |= bits_sse42(_mm_cmpgt_epi8(class, _mm_setzero_si128())) << 16 * k;
    }
    return (struct masks){token, some & ~token};
}

INLINE TARGET uint64_t low_sse42(struct block_sse42 block)
{
    uint64_t low = 0;

#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
        low |= bits_sse42(_mm_cmpgt_epi8(_mm_set1_epi8(' '), block.v[k])) << 16 * k;
    return low;
}

INLINE TARGET uint64_t path_sse42(struct block_sse42 block)
{
    uint64_t path = 0;

#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m128i class = class_sse42(block.v[k], PATH_TABLES);
        path |= bits_sse42(_mm_cmpgt_epi8(class, _mm_setzero_si128())) << 16 * k;
    }
    return path;
}

INLINE TARGET uint64_t host_sse42(struct block_sse42 block)
{
    uint64_t host = 0;

#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m128i class = class_sse42(block.v[k], HOST_TABLES);
        host |= bits_sse42(_mm_cmpgt_epi8(class, _mm_setzero_si128())) << 16 * k;
    }
    return host;
}

/* HTAB ends the run too: it is rare in long values. */
INLINE TARGET size_t clean_sse42(const char *p, size_t n)
{
    size_t i = 0;

    for (; i + 64 <= n; i += 64) {
        __m128i some = _mm_setzero_si128();
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(p + i) + k);
            __m128i below = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(31)), bytes);
            some =
                _mm_or_si128(some, _mm_or_si128(below, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(127))));
        }
        if (!_mm_testz_si128(some, some))
            break;
    }
    return i;
}

INLINE TARGET bool is_name_sse42(const struct sw_header_tables *tables, const char *end, size_t n,
                                 size_t id, size_t width)
{
    const char *word = tables->words[id];

    if (width == 16 || n <= 16)
        return same_short(tables, end, n, word);
    return same_in_16(tables, end, 16, word + 16) && same_in_16(tables, end - 16, n - 16, word);
}

INLINE TARGET size_t host_run_sse42(const char *p, size_t n, size_t left)
{
    (void)left;
    return host_run(p, n);
}

INLINE TARGET size_t emit_sse42(uint16_t *position, uint32_t base, uint64_t bits)
{
    size_t count = (size_t)__builtin_popcountll(bits);

#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        position[i] = (uint16_t)(base + count_zeros(bits));
        bits &= bits - 1;
    }
    for (size_t i = 4; i < count && i < POSITIONS_OF_BLOCK; i++) {
        position[i] = (uint16_t)(base + (size_t)__builtin_ctzll(bits));
        bits &= bits - 1;
    }
    return count;
}

#include "core/simd/head_block.h"

#endif
