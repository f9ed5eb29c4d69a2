/* head_avx512.c - the fast path through a head with AVX-512: see head_block.h. */
/* SPDX-License-Identifier: MIT */
#include "core/simd/head_fast.h"

#if defined(__x86_64__)
#include "core/simd/head_x86.h"

#define NAME(x) x##_avx512
#ifdef SW_SIMDE
#define TARGET
#define REGISTER "+m" /* no register is as wide */
/* What SIMDe lacks. */
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

static inline __m512i emulate_load(uint64_t bits, const void *p)
{
    uint8_t to[64] = {0};

    for (unsigned i = 0; i < 64; i++)
        if (bits >> i & 1)
            to[i] = ((const uint8_t *)p)[i];
    return _mm512_loadu_si512(to);
}
#undef _mm512_cvtepu8_epi16
#undef _mm512_maskz_loadu_epi8
#undef _mm512_mask_testn_epi8_mask
#undef _mm512_mask_cmplt_epu8_mask
#define _mm512_maskz_compress_epi8              emulate_compress
#define _mm512_cvtepu8_epi16                    emulate_widen
#define _mm512_maskz_loadu_epi8                 emulate_load
#define _mm512_mask_testn_epi8_mask(bits, a, b) ((bits)&emulate_zeros(a, b))
#define _mm512_mask_cmplt_epu8_mask(bits, a, b) ((bits)&simde_mm512_cmplt_epu8_mask(a, b))
#else
#define TARGET                                                                                     \
    __attribute__((target("avx512bw,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,popcnt")))
#define REGISTER "+v"
#endif

/* 64 bytes, or those with a bit in `all`. */
struct block_avx512 {
    __m512i bytes;
    uint64_t all;
};

INLINE TARGET struct block_avx512 load_avx512(const char *p)
{
    return (struct block_avx512){_mm512_loadu_si512(p), UINT64_MAX};
}

INLINE TARGET struct block_avx512 load_short_avx512(const char *p, size_t n)
{
    uint64_t all = (UINT64_C(1) << n) - 1;

    return (struct block_avx512){_mm512_maskz_loadu_epi8(all, p), all};
}

INLINE TARGET uint64_t combine_avx512(uint64_t bits, size_t n)
{
    (void)n;
    return bits;
}

/* Keeps a constant in its register: the compiler would load it again for each block. */
INLINE TARGET __m512i kept(__m512i v)
{
    __asm__("" : REGISTER(v));
    return v;
}

struct classes_avx512 {
    __m512i token, control;
};

INLINE TARGET struct classes_avx512 text_avx512(void)
{
    return (struct classes_avx512){kept(_mm512_set1_epi8(SW_BYTE_TOKEN)),
                                   kept(_mm512_set1_epi8((char)SW_BYTE_CONTROL))};
}

/* The mask of the bytes in this class, all 64 looked up in sw_byte_classes at once.  The table has
   128 rows: bytes with the bit `high` set are in none of the classes used here. */
INLINE TARGET uint64_t class_avx512(struct block_avx512 block, __m512i high, __m512i class)
{
    const uint8_t *table = sw_byte_classes;
    __mmask64 ascii = _mm512_mask_testn_epi8_mask(block.all, block.bytes, high);
    __m512i found = _mm512_permutex2var_epi8(_mm512_load_si512(table), block.bytes,
                                             _mm512_load_si512(table + 64));

    return _mm512_mask_test_epi8_mask(ascii, found, class);
}

INLINE TARGET struct masks masks_avx512(struct block_avx512 block, struct classes_avx512 classes)
{
    return (struct masks){class_avx512(block, classes.control, classes.token),
                          class_avx512(block, classes.control, classes.control)};
}

INLINE TARGET uint64_t low_avx512(struct block_avx512 block)
{
    return _mm512_mask_cmplt_epu8_mask(block.all, block.bytes, _mm512_set1_epi8(' '));
}

INLINE TARGET uint64_t path_avx512(struct block_avx512 block)
{
    return class_avx512(block, _mm512_set1_epi8((char)SW_BYTE_CONTROL),
                        _mm512_set1_epi8(SW_BYTE_PATH));
}

INLINE TARGET uint64_t host_avx512(struct block_avx512 block)
{
    return class_avx512(block, _mm512_set1_epi8((char)SW_BYTE_CONTROL),
                        _mm512_set1_epi8(SW_BYTE_HOST));
}

/* HTAB and bytes above 127 end the run too: both are rare in long values. */
INLINE TARGET size_t clean_avx512(const char *p, size_t n)
{
    size_t i = 0;

    for (; i + 256 <= n; i += 256) {
        __m512i least = _mm512_loadu_si512(p + i), max = least;
#pragma GCC unroll 3
        for (int k = 1; k < 4; k++) {
            __m512i bytes = _mm512_loadu_si512(p + i + 64 * k);
            least = _mm512_min_epi8(least, bytes);
            max = _mm512_max_epi8(max, bytes);
        }
        if (_mm512_cmplt_epi8_mask(least, _mm512_set1_epi8(32)) |
            _mm512_cmpeq_epi8_mask(max, _mm512_set1_epi8(127)))
            break;
    }
    return i;
}

INLINE TARGET bool is_name_avx512(const struct sw_header_tables *tables, const char *end, size_t n,
                                  size_t id, size_t width)
{
    return width == 16 ? same_short(tables, end, n, tables->words[id])
                       : same_in_32(tables, end, n, tables->words[id]);
}

INLINE TARGET size_t host_run_avx512(const char *p, size_t n, size_t left)
{
    uint64_t host = host_avx512(left < 64 ? load_short_avx512(p, n) : load_avx512(p));

    return lowest(~host);
}

/* Bit numbers, compressed to the front, widened to 16 bits, plus `base`: 16 of them, and 32 if
   there are more than 16. */
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
        _mm512_storeu_si512(
            position, _mm512_add_epi16(from, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(packed))));
    return count;
}

#include "core/simd/head_block.h"

#endif
