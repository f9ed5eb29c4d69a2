/* places.h - each of the 256 bytes at one place of a message, compared with a table. */
/* SPDX-License-Identifier: MIT */
#ifndef PLACES_H
#define PLACES_H

#include "expect.h"

/*
 * Sets of bytes as pairs: the first and the last of a range.  No set contains NUL.
 * RFC 9110 5.6.2, 5.5; RFC 3986 2.2, 2.3, 3.2.2, 3.3, 3.4.
 */
#define BYTES_DIGIT   "09"
#define BYTES_HEX     "09AFaf"
#define BYTES_ALPHA   "AZaz"
#define BYTES_TOKEN   "!!#'**++--..09AZ^z||~~"
#define BYTES_VALUE   "\t\t ~\x80\xff"
#define BYTES_HOST    "AZaz09--..__~~!!$$&,;;=="
#define BYTES_PATH    BYTES_HOST "//::@@??"
#define BYTES_TARGET  BYTES_PATH "%%[[]]"        /* in some place of some target */
#define BYTES_BROWSER "\"\"<<>>[]^^``{}\x80\xff" /* what SW_LENIENT_TARGET lets pass */
#define BYTES_BREAK   "\r\r\n\n"

enum { PLACE_RULES = 8, PLACE_ROOM = 1024 };

/* A place: the byte between `before` and `after`. */
struct place {
    const char *name;
    const char *before, *after;
    const char *fits; /* bytes that make the message complete; NULL for every byte */
    struct {
        const char *bytes;   /* of the other bytes, these; NULL for all that remain */
        enum sw_error error; /* SW_OK when more bytes are needed */
        int shift;           /* from the byte to the offset of the error */
    } rules[PLACE_RULES];
};

static inline bool place_has(const char *set, unsigned char c)
{
    for (; *set; set += 2)
        if ((unsigned char)set[0] <= c && c <= (unsigned char)set[1])
            return true;
    return false;
}

static inline struct outcome place_expects(const struct place *place, unsigned char c, size_t at,
                                           size_t n)
{
    if (!place->fits || place_has(place->fits, c))
        return expect_complete(n);
    size_t i = 0;
    while (place->rules[i].bytes && !place_has(place->rules[i].bytes, c))
        i++;
    if (place->rules[i].error == SW_OK)
        return (struct outcome){0};
    return expect_error(place->rules[i].error, (size_t)((ptrdiff_t)at + place->rules[i].shift));
}

/* Write the message with `pad` fillers before the byte and `tail` after it; returns n. */
static inline size_t place_write(char *out, const struct place *place, unsigned char c, char filler,
                                 size_t pad, size_t tail)
{
    size_t before = strlen(place->before), after = strlen(place->after);
    MUST(before + pad + 1 + tail + after <= PLACE_ROOM, "%s: no room", place->name);
    memcpy(out, place->before, before);
    memset(out + before, filler, pad + 1 + tail);
    out[before + pad] = (char)c;
    memcpy(out + before + pad + 1 + tail, place->after, after);
    return before + pad + 1 + tail + after;
}

/* Drives one message; returns NULL, or the invariant that is broken (drive.h). */
typedef const char *place_drive(const char *bytes, size_t n, struct outcome *outcome);

static inline void place_check(const struct place *place, unsigned char c, char filler, size_t pad,
                               size_t tail, place_drive *drive)
{
    char bytes[PLACE_ROOM];
    size_t n = place_write(bytes, place, c, filler, pad, tail);
    struct outcome expected = place_expects(place, c, strlen(place->before) + pad, n), v;
    const char *why = drive(bytes, n, &v);
    MUST(!why, "%s, byte 0x%02x, pad %zu: %s", place->name, c, pad, why);
    MUST(outcome_same(v, expected), "%s, byte 0x%02x, pad %zu: %s, expected %s", place->name, c,
         pad, outcome_text(v), outcome_text(expected));
}

/* Every byte in every place. */
static inline void places_check(const struct place *places, size_t count, place_drive *drive)
{
    for (size_t i = 0; i < count; i++)
        for (unsigned c = 0; c < 256; c++)
            place_check(&places[i], (unsigned char)c, 'q', 0, 0, drive);
}

#endif
