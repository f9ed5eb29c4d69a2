/* ledger.c - reading and printing the files of reasons. */
/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const streams[STREAMS] = {"requests", "responses", "to-head", "to-connect",
                                             "to-upgrade"};

static _Noreturn void wrong(const char *file, unsigned line, const char *what)
{
    fprintf(stderr, "%s:%u: %s\n", file, line, what);
    exit(2);
}

/* One byte of an example, as C would write it. */
static char unescape(const char **p)
{
    static const char letters[] = "rnt\\", bytes[] = "\r\n\t\\";
    char digits[3] = {0};

    if (**p != '\\')
        return *(*p)++;
    const char *letter = (*p)[1] ? strchr(letters, (*p)[1]) : NULL;
    if (letter) {
        *p += 2;
        return bytes[letter - letters];
    }
    memcpy(digits, *p + 2, strnlen(*p + 2, 2));
    *p += 2 + strlen(digits);
    return (char)strtoul(digits, NULL, 16);
}

static void add_example(struct text *example, const char *text)
{
    while (*text)
        example->p[example->n++] = unescape(&text);
}

/* The kind before an example: `requests` and so on. */
static bool set_stream(struct ledger_entry *entry, const char *word, size_t n)
{
    for (int i = 0; i < STREAMS; i++) {
        if (strlen(streams[i]) == n && memcmp(streams[i], word, n) == 0) {
            entry->stream = (enum stream)i;
            return true;
        }
    }
    return false;
}

/* A line `key value`; one that begins with a blank goes on with the example. */
static bool take_line(struct ledger *ledger, char *line)
{
    struct ledger_entry *entry = &ledger->entries[ledger->count - 1];
    size_t key = strcspn(line, " ");
    char *value = line + key + strspn(line + key, " ");

    if (strncmp(line, "entry ", 6) == 0) {
        if (ledger->count == LEDGER_ENTRIES || ledger_find(ledger, value))
            return false;
        ledger->entries[ledger->count++].name = value;
        return true;
    }
    if (ledger->count == 0)
        return false;
    if (key == 0) {
        add_example(&entry->example, value);
    } else if (strncmp(line, "parsers ", 8) == 0) {
        entry->parsers = value;
    } else if (strncmp(line, "rule ", 5) == 0) {
        entry->rule = value;
    } else if (strncmp(line, "why ", 4) == 0) {
        entry->why = value;
    } else {
        add_example(&entry->example, value);
        return set_stream(entry, line, key);
    }
    return true;
}

void ledger_read(struct ledger *ledger, const char *file)
{
    FILE *in = fopen(file, "r");
    unsigned number = 0;

    memset(ledger, 0, sizeof *ledger);
    if (!in)
        wrong(file, number, "cannot be read");
    ledger->text[fread(ledger->text, 1, sizeof ledger->text - 1, in)] = '\0';
    fclose(in);
    for (char *line = ledger->text, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        number++;
        if (*line && *line != '#' && !take_line(ledger, line))
            wrong(file, number, "is no line of an entry, or an entry's second");
    }
    for (size_t i = 0; i < ledger->count; i++) {
        const struct ledger_entry *entry = &ledger->entries[i];
        if (!entry->parsers || !entry->rule || !entry->why || entry->example.n == 0)
            wrong(file, number, entry->name);
    }
}

struct ledger_entry *ledger_find(struct ledger *ledger, const char *name)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->entries[i].name, name) == 0)
            return &ledger->entries[i];
    return NULL;
}

void ledger_print(const struct ledger *ledger, const char *title)
{
    printf("\n%s\n", title);
    for (size_t i = 0; i < ledger->count; i++) {
        const struct ledger_entry *entry = &ledger->entries[i];
        printf("%9lu %9lu  %-38s %-18s %s\n", entry->met[0], entry->met[1], entry->name,
               entry->rule, entry->why);
    }
}
