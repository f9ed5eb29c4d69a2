/* head_avx2.c - the fast path through a head with AVX2: see head_block.h. */
/* SPDX-License-Identifier: MIT */
#include "core/simd/head_fast.h"

#if defined(__x86_64__)
#include "core/simd/head_x86.h"

#define NAME(x) x##_avx2
#define TARGET  __attribute__((target("avx2,bmi,bmi2,popcnt")))

struct block_avx2 {
    __m256i a, b;
};

INLINE TARGET struct block_avx2 load_avx2(const char *p)
{
    return (struct block_avx2){_mm256_loadu_si256((const __m256i *)p),
                               _mm256_loadu_si256((const __m256i *)(p + 32))};
}

INLINE TARGET struct block_avx2 load_short_avx2(const char *p, size_t n)
{
    return (struct block_avx2){_mm256_loadu_si256((const __m256i *)p),
                               _mm256_loadu_si256((const __m256i *)(p + n - 32))};
}

INLINE TARGET uint64_t combine_avx2(uint64_t bits, size_t n)
{
    return combine_halves(bits, n);
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

/* Keeps a constant in its register: the compiler would load it again for each block. */
INLINE TARGET __m256i kept(__m256i v)
{
    __asm__("" : "+x"(v));
    return v;
}

struct classes_avx2 {
    __m256i low, high, half, carry, zero;
};

INLINE TARGET struct classes_avx2 text_avx2(void)
{
    return (struct classes_avx2){
        kept(_mm256_broadcastsi128_si256(_mm_setr_epi8(SW_NIBBLES_TEXT_LOW))),
        kept(_mm256_broadcastsi128_si256(_mm_setr_epi8(SW_NIBBLES_TEXT_HIGH))),
        kept(_mm256_set1_epi8(15)), kept(_mm256_set1_epi8(TOKEN_CARRY)),
        kept(_mm256_setzero_si256())};
}

INLINE TARGET __m256i text_class(__m256i bytes, struct classes_avx2 classes)
{
    __m256i halves = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), classes.half);

    return _mm256_and_si256(_mm256_shuffle_epi8(classes.low, bytes),
                            _mm256_shuffle_epi8(classes.high, halves));
}

INLINE TARGET struct masks masks_avx2(struct block_avx2 block, struct classes_avx2 classes)
{
    __m256i a = text_class(block.a, classes), b = text_class(block.b, classes);
    uint64_t token =
        bits_avx2(_mm256_adds_epu8(a, classes.carry), _mm256_adds_epu8(b, classes.carry));
    uint64_t none =
        bits_avx2(_mm256_cmpeq_epi8(a, classes.zero), _mm256_cmpeq_epi8(b, classes.zero));

    return (struct masks){token, ~(none | token)};
}

INLINE TARGET uint64_t low_avx2(struct block_avx2 block)
{
    __m256i space = _mm256_set1_epi8(' ');

    return bits_avx2(_mm256_cmpgt_epi8(space, block.a), _mm256_cmpgt_epi8(space, block.b));
}

INLINE TARGET uint64_t path_avx2(struct block_avx2 block)
{
    __m256i zero = _mm256_setzero_si256();

    return ~bits_avx2(_mm256_cmpeq_epi8(class_avx2(block.a, PATH_TABLES), zero),
                      _mm256_cmpeq_epi8(class_avx2(block.b, PATH_TABLES), zero));
}

INLINE TARGET uint64_t host_avx2(struct block_avx2 block)
{
    __m256i zero = _mm256_setzero_si256();
    __m256i a = class_avx2(block.a, HOST_TABLES);
    __m256i b = class_avx2(block.b, HOST_TABLES);

    return ~bits_avx2(_mm256_cmpeq_epi8(a, zero), _mm256_cmpeq_epi8(b, zero));
}

/* HTAB and bytes above 127 end the run too: both are rare in long values. */
INLINE TARGET size_t clean_avx2(const char *p, size_t n)
{
    size_t i = 0;

    for (; i + 128 <= n; i += 128) {
        const __m256i *v = (const __m256i *)(const void *)(p + i);
        __m256i least = _mm256_loadu_si256(v), max = least;
#pragma GCC unroll 3
        for (int k = 1; k < 4; k++) {
            __m256i bytes = _mm256_loadu_si256(v + k);
            least = _mm256_min_epi8(least, bytes);
            max = _mm256_max_epi8(max, bytes);
        }
        __m256i some = _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(32), least),
                                       _mm256_cmpeq_epi8(max, _mm256_set1_epi8(127)));
        if (!_mm256_testz_si256(some, some))
            break;
    }
    return i;
}

INLINE TARGET bool is_name_avx2(const struct sw_header_tables *tables, const char *end, size_t n,
                                size_t id, size_t width)
{
    return width == 16 ? same_short(tables, end, n, tables->words[id])
                       : same_in_32(tables, end, n, tables->words[id]);
}

INLINE TARGET size_t host_run_avx2(const char *p, size_t n, size_t left)
{
    (void)left;
    return host_run(p, n);
}

/* The first six are written unconditionally: few blocks have more ends, and none of those branches
   is mispredicted. */
INLINE TARGET size_t emit_avx2(uint16_t *position, uint32_t base, uint64_t bits)
{
    size_t count = (size_t)__builtin_popcountll(bits);

#pragma GCC unroll 6
    for (size_t i = 0; i < 6; i++) {
        position[i] = (uint16_t)(base + _tzcnt_u64(bits));
        bits &= bits - 1;
    }
    for (size_t i = 6; i < count && i < POSITIONS_OF_BLOCK; i++) {
        position[i] = (uint16_t)(base + _tzcnt_u64(bits));
        bits &= bits - 1;
    }
    return count;
}

#include "core/simd/head_block.h"

#endif
