/* header.h - field names: which one is this? */
/* SPDX-License-Identifier: MIT */
#ifndef SW_HEADER_H
#define SW_HEADER_H

#include "bytes.h"
#include "shockwave.h"
#include "header_hash.h"

/*
 * Is `name`, in any case, the same n bytes as `word`?  Leaving bit 5 out of the comparison folds
 * exactly here: a word is made of letters, digits, '-', '_' and '.', and no other tchar differs
 * from one of those in bit 5 alone.  (CR differs so from '-'; the caller has refused it.)  Long
 * names are compared in eights, the last eight overlapping; leaving at the first difference keeps
 * compilers from making vectors of it, which costs more than names are long.
 */
static inline bool sw_header_same(const char *name, const char *word, size_t n)
{
    const uint64_t fold = 0xdfdfdfdfdfdfdfdf;

    if (n >= 8) {
        const char *last = name + n - 8, *word_last = word + n - 8;
        do {
            if ((sw_load8(name) ^ sw_load8(word)) & fold)
                return false;
            name += 8;
            word += 8;
        } while (name < last);
        return ((sw_load8(last) ^ sw_load8(word_last)) & fold) == 0;
    }
    if (n >= 4) {
        uint32_t front = sw_load4(name) ^ sw_load4(word);
        uint32_t back = sw_load4(name + n - 4) ^ sw_load4(word + n - 4);
        return ((front | back) & (uint32_t)fold) == 0;
    }
    /* First, middle and last are all there is of one to three bytes. */
    return (((name[0] ^ word[0]) | (name[n / 2] ^ word[n / 2]) | (name[n - 1] ^ word[n - 1])) &
            0xdf) == 0;
}

/*
 * The one word that a name of len bytes can be, unless that has a twin; any id when it is none.
 *
 * gperf hashes three bytes of the name, from all along it, and its length: positions that exist in
 * a name of any length need no switch.  words.awk puts the same three in front of each key.  Words
 * that agree in all four are twins: gperf knows the first, which leads to the next.
 */
static inline unsigned sw_header_guess(const char *name, size_t len)
{
    enum { PICKS = 3 };
    if (len - 1 >= KEY_MAX_WORD_LENGTH - PICKS)
        return SW_HEADER_OTHER;
    const char picked[PICKS] = {name[len / 4], name[len / 2], name[len * 7 / 8]};
    unsigned slot = slot_of(picked, len + PICKS);
    return slot <= KEY_MAX_HASH_VALUE ? ids[slot] : SW_HEADER_OTHER;
}

static inline enum sw_header sw_header_lookup(const char *name, size_t len)
{
    unsigned id = sw_header_guess(name, len);

    while (id != SW_HEADER_OTHER &&
           !(sw_header_names[id].len == len &&
             sw_header_same(name, sw_header_names[id].text, len)))
        id = twins[id];
    return (enum sw_header)id;
}

#endif
