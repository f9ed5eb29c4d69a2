/* value.h - what the readers of field values share: byte classes and steps over a span. */
/* SPDX-License-Identifier: MIT */
#ifndef VALUE_H
#define VALUE_H

#include "byte_classes.h"
#include "shockwave_values.h"

enum { VALUE_BAD = -SW_ERROR_BAD_VALUE, VALUE_NO_ROOM = -SW_ERROR_NO_ROOM };

static inline bool value_is(char c, unsigned class)
{
    return (sw_value_classes[(unsigned char)c] & class) != 0;
}

static inline bool value_is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool value_is_alpha(char c)
{
    return value_is(c, SW_VALUE_ALNUM) && !value_is_digit(c);
}

/* HTAB, SP, VCHAR or obs-text: what a field value, and a quoted pair, is made of. */
static inline bool value_is_text(char c)
{
    unsigned char u = (unsigned char)c;

    return (u >= ' ' && u != 127) || u == '\t';
}

/* Upper-case letters to lower case; all other bytes stay, unlike under `| 0x20`. */
static inline char value_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit, or -1. */
static inline int value_hex(char c)
{
    char lower = value_lower(c);

    if (value_is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static inline struct sw_span value_span(const char *p, const char *end)
{
    return (struct sw_span){p, (size_t)(end - p)};
}

/* An absent field is NULL, to which C lets nothing be added, not even 0. */
static inline const char *value_end(struct sw_span span)
{
    return span.n != 0 ? span.p + span.n : span.p;
}

/* Past the run of bytes of a class. */
static inline const char *value_skip(const char *p, const char *end, unsigned class)
{
    while (p < end && value_is(*p, class))
        p++;
    return p;
}

static inline const char *value_skip_digits(const char *p, const char *end)
{
    while (p < end && value_is_digit(*p))
        p++;
    return p;
}

static inline const char *value_skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

/* Skips blanks backwards from `end`. */
static inline const char *value_trim_blanks(const char *p, const char *end)
{
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return end;
}

/* Skips commas and blanks before a list element. */
static inline const char *value_skip_commas(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == ','))
        p++;
    return p;
}

/* Skips the character c; NULL if p is at another one. */
static inline const char *value_expect(const char *p, const char *end, char c)
{
    return p < end && *p == c ? p + 1 : NULL;
}

/* Nothing more is to be had of a list, since what follows an error has no meaning. */
static inline int value_stop(struct sw_span *rest)
{
    rest->p += rest->n;
    rest->n = 0;
    return VALUE_BAD;
}

/* A value that is not in a head, as the only line of its field; no line if it is absent. */
static inline struct sw_lines value_lines(struct sw_span value)
{
    return (struct sw_lines){.rest = value, .buf = value.p};
}

/* Are there no lines at all? */
static inline bool value_absent(const struct sw_lines *lines)
{
    return lines->head != NULL ? lines->next == NULL : lines->rest.p == NULL;
}

/* Past the quoted string whose opening quote is at p, or NULL if it is malformed or unclosed. */
const char *sw_value_quoted(const char *p, const char *end, bool *escaped);

/*
 * Past name[=value], or NULL; the value may be left out only if `optional`.  With `blanks` there
 * may be some on both sides of "=".
 */
const char *sw_value_param(const char *p, const char *end, bool optional, bool blanks,
                           struct sw_param *param);

/* Reads a span of digits as a number up to `max`; false if it has other bytes or is larger. */
bool sw_value_number(struct sw_span digits, uint64_t max, uint64_t *number);

/* Writes a number in decimal; returns the count of digits, up to 20. */
size_t sw_value_put_number(uint64_t number, char *out);

/* Where the parts of a date begin: two digits or " 6", three letters, digits, "08:49:37". */
struct date_marks {
    const char *day, *month, *year, *time;
    int year_digits;
};

/* Whether the value has one of the forms of HTTP-date, and where its parts are; gen/date.c. */
bool sw_date_scan(struct sw_span value, struct date_marks *marks);

/* Whether two spans are equal, letters in either case. */
bool sw_value_same(struct sw_span a, struct sw_span b);

#endif
