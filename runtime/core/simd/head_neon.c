/* head_neon.c - the fast path through a head with NEON: see head_block.h. */
/* SPDX-License-Identifier: MIT */
#include "core/simd/head_fast.h"

#if defined(SW_HEAD_NEON)
#include "byte_nibbles.h"

#include <arm_neon.h>

#define NAME(x) x##_neon
#define TARGET

static const char text_tables[2][16] = {{SW_NIBBLES_TEXT_LOW}, {SW_NIBBLES_TEXT_HIGH}};
static const char path_tables[2][16] = {{SW_NIBBLES_PATH_LOW}, {SW_NIBBLES_PATH_HIGH}};
static const char host_tables[2][16] = {{SW_NIBBLES_HOST_LOW}, {SW_NIBBLES_HOST_HIGH}};

struct classes_neon {
    char none;
};

struct block_neon {
    uint8x16_t v[4];
};

INLINE uint8x16_t sixteen_neon(const void *p)
{
    return vld1q_u8(p);
}

INLINE struct block_neon load_neon(const char *p)
{
    return (struct block_neon){
        {sixteen_neon(p), sixteen_neon(p + 16), sixteen_neon(p + 32), sixteen_neon(p + 48)}};
}

INLINE struct block_neon load_short_neon(const char *p, size_t n)
{
    return (struct block_neon){{sixteen_neon(p), sixteen_neon(p + 16), sixteen_neon(p + n - 32),
                                sixteen_neon(p + n - 16)}};
}

INLINE uint64_t combine_neon(uint64_t bits, size_t n)
{
    return combine_halves(bits, n);
}

INLINE uint8x16_t class_neon(uint8x16_t bytes, const char (*tables)[16])
{
    uint8x16_t low = vqtbl1q_u8(sixteen_neon(tables[0]), vandq_u8(bytes, vdupq_n_u8(15)));

    return vandq_u8(low, vqtbl1q_u8(sixteen_neon(tables[1]), vshrq_n_u8(bytes, 4)));
}

INLINE struct block_neon classes_neon(struct block_neon block, const char (*tables)[16])
{
    return (struct block_neon){{class_neon(block.v[0], tables), class_neon(block.v[1], tables),
                                class_neon(block.v[2], tables), class_neon(block.v[3], tables)}};
}

/* 0xff for each byte that has one of these bits, else 0. */
INLINE uint8x16_t any_neon(uint8x16_t bytes, uint8_t bits)
{
    return vtstq_u8(bytes, vdupq_n_u8(bits));
}

/*
 * Arm64 has no movemask.  Instead each byte keeps one bit, the i-th of eight bytes bit i, and three
 * pairwise additions gather the eight bits in one byte.
 */
INLINE uint8x16_t pairs_neon(uint8x16_t a, uint8x16_t b)
{
    static const uint8_t own[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};

    return vpaddq_u8(vandq_u8(a, sixteen_neon(own)), vandq_u8(b, sixteen_neon(own)));
}

/* The mask of the bytes that have one of these bits in their class, after two of three additions.
 */
INLINE uint8x16_t fours_neon(struct block_neon class, uint8_t bits)
{
    return vpaddq_u8(pairs_neon(any_neon(class.v[0], bits), any_neon(class.v[1], bits)),
                     pairs_neon(any_neon(class.v[2], bits), any_neon(class.v[3], bits)));
}

INLINE struct classes_neon text_neon(void)
{
    return (struct classes_neon){0};
}

INLINE struct masks masks_neon(struct block_neon block, struct classes_neon classes)
{
    (void)classes;
    struct block_neon class = classes_neon(block, text_tables);
    uint8x16_t eights = vpaddq_u8(fours_neon(class, SW_NIBBLES_TEXT_IN_TOKEN),
                                  fours_neon(class, SW_NIBBLES_TEXT_IN_CONTROL));
    uint64x2_t both = vreinterpretq_u64_u8(eights);

    return (struct masks){vgetq_lane_u64(both, 0), vgetq_lane_u64(both, 1)};
}

INLINE uint64_t low_neon(struct block_neon block)
{
    uint8x16_t space = vdupq_n_u8(' ');
    uint8x16_t fours =
        vpaddq_u8(pairs_neon(vcltq_u8(block.v[0], space), vcltq_u8(block.v[1], space)),
                  pairs_neon(vcltq_u8(block.v[2], space), vcltq_u8(block.v[3], space)));

    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(fours, fours)), 0);
}

INLINE uint64_t path_neon(struct block_neon block)
{
    uint8x16_t fours = fours_neon(classes_neon(block, path_tables), 0xff);

    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(fours, fours)), 0);
}

INLINE uint64_t host_neon(struct block_neon block)
{
    uint8x16_t fours = fours_neon(classes_neon(block, host_tables), 0xff);

    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(fours, fours)), 0);
}

/* HTAB ends the run too: it is rare in long values. */
INLINE size_t clean_neon(const char *p, size_t n)
{
    size_t i = 0;

    for (; i + 64 <= n; i += 64) {
        uint8x16_t del = vdupq_n_u8(127), least = vdupq_n_u8(255), away = least;
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            uint8x16_t bytes = sixteen_neon(p + i + 16 * k);
            least = vminq_u8(least, bytes);
            away = vminq_u8(away, veorq_u8(bytes, del));
        }
        if (vmaxvq_u8(vorrq_u8(vcltq_u8(least, vdupq_n_u8(32)), vceqzq_u8(away))))
            break;
    }
    return i;
}

/* The bits that differ, but for bit 5, between 16 bytes of a name and of a row.  The window masks
   off what is before the name, where the row must be 0. */
INLINE uint8x16_t differ_neon(const char *name, const unsigned char *window, const char *word)
{
    return veorq_u8(vandq_u8(sixteen_neon(name), sixteen_neon(window)), sixteen_neon(word));
}

INLINE bool no_bit_neon(uint8x16_t bytes)
{
    return !vmaxvq_u32(vreinterpretq_u32_u8(bytes));
}

INLINE bool is_name_neon(const struct sw_header_tables *tables, const char *end, size_t n,
                         size_t id, size_t width)
{
    const char *word = tables->words[id];
    const unsigned char *window = tables->window + n;

    if (width == 16)
        return !word[15] && no_bit_neon(differ_neon(end - 16, window + 16, word + 16));
    return no_bit_neon(vorrq_u8(differ_neon(end - 32, window, word),
                                differ_neon(end - 16, window + 16, word + 16)));
}

INLINE size_t host_run_neon(const char *p, size_t n, size_t left)
{
    (void)left;
    uint8x16_t last = class_neon(sixteen_neon(p + n - 16), host_tables);
    uint8x16_t front = n > 16 ? class_neon(sixteen_neon(p + n - 32), host_tables) : vdupq_n_u8(0);
    uint8x16_t pairs = pairs_neon(any_neon(front, 0xff), any_neon(last, 0xff));
    uint8x16_t fours = vpaddq_u8(pairs, pairs);
    uint32_t host = vgetq_lane_u32(vreinterpretq_u32_u8(vpaddq_u8(fours, fours)), 0);

    return count_zeros(~(uint64_t)host >> (32 - n));
}

/* The position of the lowest bit, or of 63: compilers would branch for count_zeros() alone. */
INLINE uint16_t first_neon(uint32_t base, uint64_t bits)
{
    return (uint16_t)(base + count_zeros(bits | UINT64_C(1) << 63));
}

/* The first six are written unconditionally: few blocks have more ends, and none of those branches
   is mispredicted. */
INLINE size_t emit_neon(uint16_t *position, uint32_t base, uint64_t bits)
{
    size_t count = (size_t)__builtin_popcountll(bits);

#pragma GCC unroll 6
    for (size_t i = 0; i < 6; i++) {
        position[i] = first_neon(base, bits);
        bits &= bits - 1;
    }
    for (size_t i = 6; i < count && i < POSITIONS_OF_BLOCK; i++) {
        position[i] = first_neon(base, bits);
        bits &= bits - 1;
    }
    return count;
}

#include "core/simd/head_block.h"

#endif
