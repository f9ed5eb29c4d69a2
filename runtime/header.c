/* header.c - field names: which one is this? */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shockwave.h"
#include "header_hash.h"
#pragma GCC diagnostic pop

static inline uint64_t load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static inline uint32_t load4(const char *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

/*
 * Is `name`, in any case, the same n bytes as `word`?  Leaving bit 5 out of the comparison folds
 * exactly here: a word is made of letters, digits, '-', '_' and '.', and no other tchar differs
 * from one of those in bit 5 alone.  (CR differs so from '-'; the caller has refused it.)
 * Long names are compared in eights, the last eight overlapping.
 */
static inline int same(const char *name, const char *word, size_t n)
{
    const uint64_t fold = 0xdfdfdfdfdfdfdfdf;
    uint64_t diff = 0;
    if (n >= 8) {
        diff = load8(name + n - 8) ^ load8(word + n - 8);
        for (size_t i = 0; i + 8 < n; i += 8)
            diff |= load8(name + i) ^ load8(word + i);
    } else if (n >= 4) {
        diff = (load4(name) ^ load4(word)) | (load4(name + n - 4) ^ load4(word + n - 4));
    } else {
        for (size_t i = 0; i < n; i++)
            diff |= (uint64_t)(name[i] ^ word[i]);
    }
    return (diff & fold) == 0;
}

/*
 * gperf hashes three bytes of the name, from all along it, and its length: positions that exist in
 * a name of any length need no switch.  words.awk puts the same three in front of each key.  Words
 * that agree in all four are twins: gperf knows the first, which leads to the next.
 */
enum sw_header sw_header_find(const char *name, size_t len)
{
    enum { PICKS = 3 };
    if (len - 1 >= KEY_MAX_WORD_LENGTH - PICKS)
        return SW_HEADER_OTHER;
    const char picked[PICKS] = {name[len / 4], name[len / 2], name[len * 7 / 8]};
    unsigned slot = slot_of(picked, len + PICKS);
    unsigned id = slot <= KEY_MAX_HASH_VALUE ? slots[slot].id : SW_HEADER_OTHER;
    for (; id != SW_HEADER_OTHER; id = twins[id])
        if (sw_header_names[id].len == len && same(name, sw_header_names[id].text, len))
            break;
    return (enum sw_header)id;
}
