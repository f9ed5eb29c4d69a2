/* head_avx512.c - heads by the vectors of AVX-512. */
/* SPDX-License-Identifier: MIT */
#include "head_fast.h"

#if defined(__x86_64__)
#include "head_x86.h"

#define NAME(x) x##_avx512
#ifdef SW_SIMDE
#define TARGET
/* SIMDe has all but these three. */
static inline __m512i emulate_compress(uint64_t bits, __m512i bytes)
{
    uint8_t from[64], to[64] = {0};

    _mm512_storeu_si512(from, bytes);
    for (unsigned i = 0, n = 0; i < 64; i++)
        if (bits >> i & 1)
            to[n++] = from[i];
    return _mm512_loadu_si512(to);
}

static inline uint64_t emulate_zeros(__m512i a, __m512i b)
{
    return _mm512_cmpeq_epi8_mask(_mm512_and_si512(a, b), _mm512_setzero_si512());
}

static inline __m512i emulate_widen(__m256i bytes)
{
    uint8_t from[32];
    uint16_t to[32];

    _mm256_storeu_si256((__m256i *)from, bytes);
    for (unsigned i = 0; i < 32; i++)
        to[i] = from[i];
    return _mm512_loadu_si512(to);
}
#undef _mm512_cvtepu8_epi16
#undef _mm512_testn_epi8_mask
#define _mm512_testn_epi8_mask emulate_zeros
#define _mm512_maskz_compress_epi8 emulate_compress
#define _mm512_cvtepu8_epi16 emulate_widen
#else
#define TARGET __attribute__((target("avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt")))
#endif

struct block_avx512 {
    __m512i v;
};

INLINE TARGET struct block_avx512 load_avx512(const char *p)
{
    return (struct block_avx512){_mm512_loadu_si512(p)};
}

INLINE TARGET __m512i class_avx512(__m512i bytes, __m128i low, __m128i high)
{
    __m512i halves = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(15));

    return _mm512_and_si512(_mm512_shuffle_epi8(_mm512_broadcast_i32x4(low), bytes),
                            _mm512_shuffle_epi8(_mm512_broadcast_i32x4(high), halves));
}

INLINE TARGET struct masks masks_avx512(struct block_avx512 block)
{
    __m512i class = class_avx512(block.v, TEXT_TABLES);

    return (struct masks){
        _mm512_test_epi8_mask(class, _mm512_set1_epi8((char)0xf8)),
        _mm512_test_epi8_mask(class, _mm512_set1_epi8(7))};
}

INLINE TARGET uint64_t path_avx512(struct block_avx512 block)
{
    __m512i class = class_avx512(block.v, PATH_TABLES);

    return _mm512_test_epi8_mask(class, class);
}

/* HTAB stops this too: it is rare inside long values. */
INLINE TARGET size_t clean_avx512(const char *p, size_t n)
{
    size_t i = 0;

    for (; i + 256 <= n; i += 256) {
        __m512i del = _mm512_set1_epi8(127), least = _mm512_set1_epi8(-1), away = least;
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            __m512i bytes = _mm512_loadu_si512(p + i + 64 * k);
            least = _mm512_min_epu8(least, bytes);
            away = _mm512_min_epu8(away, _mm512_xor_si512(bytes, del));
        }
        if (_mm512_cmplt_epu8_mask(least, _mm512_set1_epi8(32)) | _mm512_testn_epi8_mask(away, away))
            break;
    }
    return i;
}

INLINE TARGET bool same_avx512(const struct sw_header_tables *tables, const char *end, size_t n,
                             unsigned id, bool near_front)
{
    const char *word = tables->words[id];

    if (!near_front)
        return same_in_32(tables, end, n, word);
    return !word[15] && same_in_16(tables, end, n, word + 16);
}

INLINE TARGET bool is_host_avx512(const char *p, size_t n)
{
    return is_plain_host(p, n);
}

/* The numbers of the bits, packed, widened and moved to `base`: 16, and if that is not enough 32. */
INLINE TARGET size_t emit_avx512(uint16_t *position, uint32_t base, uint64_t bits)
{
    static const _Alignas(64) uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    __m512i packed = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(numbers));
    __m512i from = _mm512_set1_epi16((short)base);
    size_t count = (size_t)__builtin_popcountll(bits);

    _mm256_storeu_si256((__m256i *)(void *)position,
                        _mm256_add_epi16(_mm512_castsi512_si256(from),
                                         _mm256_cvtepu8_epi16(_mm512_castsi512_si128(packed))));
    if (count > 16)
        _mm512_storeu_si512(position, _mm512_add_epi16(from, _mm512_cvtepu8_epi16(
                                                                 _mm512_castsi512_si256(packed))));
    return count;
}

#include "head_block.h"

#endif
