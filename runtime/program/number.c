/* main_number.c - numbers with units, for the options of the program. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "program/main.h"

#include <string.h>
#include <strings.h>

static const struct sw_main_unit times[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};
static const struct sw_main_unit sizes[] = {
    {"", 1}, {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {NULL, 0}};
static const struct sw_main_unit counts[] = {{"", 1}, {NULL, 0}};

const struct sw_main_units sw_main_times = {times, "a time such as 500ms, 10s or 2m"};
const struct sw_main_units sw_main_sizes = {sizes, "a size such as 4096, 16k or 1m"};
const struct sw_main_units sw_main_counts = {counts, "a number greater than 0, such as 16"};

/* All of the text is compared: "s1" is no unit. */
static const struct sw_main_unit *find_unit(const struct sw_main_unit *units, const char *text)
{
    for (; units->name; units++)
        if (strcasecmp(units->name, text) == 0)
            return units;
    return NULL;
}

const char *sw_main_number(const char *text, const struct sw_main_units *units, uint64_t max,
                           uint64_t *number)
{
    uint64_t sum = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (sum > (max - digit) / 10)
            return units->example; /* more than any unit could make of it */
        sum = sum * 10 + digit;
    }
    const struct sw_main_unit *unit = p == text ? NULL : find_unit(units->units, p);
    if (!unit || sum == 0 || sum > max / unit->factor)
        return units->example;
    *number = sum * unit->factor;
    return NULL;
}
