/* field_name.h - field names: from bytes to an id, by a perfect hash. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEADER_H
#define SW_HEADER_H

#include "base/bytes.h"
#include "shockwave.h"
#include "header_hash.h"

/* Casefold: the bits that must agree in eight bytes that are the same without regard to case. */
#define SW_HEADER_CASE_MASK UINT64_C(0xdfdfdfdfdfdfdfdf)

static inline uint64_t sw_header_differ(const char *name, const char *word)
{
    return (sw_load8(name) ^ sw_load8(word)) & SW_HEADER_CASE_MASK;
}

/*
 * Whether the n bytes of `name` and `word` are the same without regard to case.  To ignore bit 5 is
 * an exact casefold here: a word has letters, digits, '-', '_' and '.', and no other tchar differs
 * from one of those in bit 5 alone.  (CR differs so from '-'; the caller has excluded it.)  Loads
 * of eight bytes overlap in the middle, which leaves few branches to mispredict.
 */
static inline bool sw_header_same(const char *name, const char *word, size_t n)
{
    if (n > 16) {
        uint64_t differ = sw_header_differ(name + n - 16, word + n - 16);
        for (size_t i = 0; i + 16 < n; i += 8)
            differ |= sw_header_differ(name + i, word + i);
        return (differ | sw_header_differ(name + n - 8, word + n - 8)) == 0;
    }
    if (n >= 8)
        return (sw_header_differ(name, word) | sw_header_differ(name + n - 8, word + n - 8)) == 0;
    if (n >= 4) {
        uint32_t front = sw_load4(name) ^ sw_load4(word);
        uint32_t back = sw_load4(name + n - 4) ^ sw_load4(word + n - 4);
        return ((front | back) & (uint32_t)SW_HEADER_CASE_MASK) == 0;
    }
    /* One to three bytes are the first, the middle and the last. */
    return (((name[0] ^ word[0]) | (name[n / 2] ^ word[n / 2]) | (name[n - 1] ^ word[n - 1])) &
            0xdf) == 0;
}

extern const struct sw_header_tables sw_header_tables;

enum { SW_HEADER_PICKS = 2, SW_HEADER_LONGEST = KEY_MAX_WORD_LENGTH - SW_HEADER_PICKS };

/*
 * The hash candidate for a name of len bytes, 1 to SW_HEADER_LONGEST: the first id of the only
 * collision chain that can have it.  Any id if the grammar does not have the name.
 *
 * gperf hashes three things: the length, the third byte (the colon after a name of two) and the
 * last byte but one.  Of all pairs of bytes at a fixed distance from either end, these two separate
 * the largest number of names.  words.awk puts the same two in front of each key.  Words that agree
 * in all three form a collision chain: gperf knows the first, and `chain` has the next.
 */
static inline size_t sw_header_candidate(const struct sw_header_tables *tables, char third,
                                         char last_but_one, size_t len)
{
    const char picked[SW_HEADER_PICKS] = {third, last_but_one};

    return tables->ids[sw_header_hash(tables, picked, len + SW_HEADER_PICKS)];
}

/* The id of the name, in the collision chain from `id` on, or SW_HEADER_OTHER. */
static inline size_t sw_header_match(const struct sw_header_tables *tables, size_t id,
                                     const char *name, size_t len)
{
    while (id != SW_HEADER_OTHER &&
           !(sw_header_names[id].len == len && sw_header_same(name, sw_header_names[id].text, len)))
        id = tables->chain[id];
    return id;
}

static inline enum sw_header sw_header_lookup(const char *name, size_t len)
{
    const struct sw_header_tables *tables = &sw_header_tables;
    size_t id = SW_HEADER_OTHER;

    if (len - 1 < SW_HEADER_LONGEST)
        id = sw_header_candidate(tables, len > 2 ? name[2] : ':', name[len - 1 - (len > 1)], len);
    return (enum sw_header)sw_header_match(tables, id, name, len);
}

/* The implementation for this CPU.  Initially the dispatcher: picks the best implementation and
   replaces itself. */
extern enum sw_header (*sw_header_implementation)(const char *name, size_t len);
enum sw_header sw_header_find_swar(const char *name, size_t len);
enum sw_header sw_header_find_avx512(const char *name, size_t len);

#endif
