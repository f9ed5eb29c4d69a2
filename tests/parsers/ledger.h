/* ledger.h - the reasons in differences.txt and refusals.txt, and how often each was met. */
/* SPDX-License-Identifier: MIT */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>

#include "generate.h"

enum { LEDGER_ENTRIES = 80, LEDGER_PARSERS = 2 };

struct ledger {
    char text[1 << 16]; /* the file, which the strings lie in */
    size_t count;
    struct ledger_entry {
        const char *name, *parsers, *rule, *why;
        enum stream stream; /* of the example */
        struct text example;
        unsigned long met[LEDGER_PARSERS];
    } entries[LEDGER_ENTRIES];
};

/* Reads a file; prints an error in it and ends the program. */
void ledger_read(struct ledger *ledger, const char *file);

/* The entry of this name, or NULL. */
struct ledger_entry *ledger_find(struct ledger *ledger, const char *name);

/* One line for each entry: its count for each other parser, and the reason. */
void ledger_print(const struct ledger *ledger, const char *title);

#endif
