/* rows.h - tables of a field value and its parsed form, each read next to both guard pages. */
/* SPDX-License-Identifier: MIT */
#ifndef ROWS_H
#define ROWS_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>

#include "guard.h"
#include "shockwave_values.h"
#include "suite.h"

/* The parsed form as text, so that a complete list is compared at once. */
struct notes {
    char text[1024];
    size_t n;
};

static inline void note(struct notes *notes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    notes->n +=
        (size_t)vsnprintf(notes->text + notes->n, sizeof(notes->text) - notes->n, format, args);
    va_end(args);
    ck_assert_uint_lt(notes->n, sizeof(notes->text));
}

/* A span as text, "-" where it is absent. */
static inline void note_span(struct notes *notes, struct sw_span span)
{
    if (span.p == NULL)
        note(notes, "-");
    else
        note(notes, "%.*s", (int)span.n, span.p);
}

/* The end of a list, "." or "!"; after an error the rest is empty. */
static inline void note_end(struct notes *notes, int got, struct sw_span rest)
{
    note(notes, got < 0 ? "!" : ".");
    ck_assert_int_eq(got, got < 0 ? -SW_ERROR_BAD_VALUE : 0);
    ck_assert_uint_eq(rest.n, 0);
}

static inline struct sw_span span_of(const char *text)
{
    return (struct sw_span){text, strlen(text)};
}

struct row {
    const char *in, *out;
};

/* Reads each row's value before a guard page and after one; the notes must be `out`. */
static inline void walk(const struct row *rows, size_t count,
                        void (*read)(struct sw_span value, struct notes *notes))
{
    for (size_t i = 0; i < count * 2; i++) {
        const struct row *row = &rows[i / 2];
        size_t n = strlen(row->in);
        const char *p = i % 2 ? guard_begin(row->in, n) : guard_end(row->in, n);
        struct notes notes = {.n = 0};

        read((struct sw_span){p, n}, &notes);
        ck_assert_msg(strcmp(notes.text, row->out) == 0, "%s: '%s', not '%s'", row->in, notes.text,
                      row->out);
    }
}

#define WALK(rows, read) walk(rows, sizeof(rows) / sizeof((rows)[0]), read)

#endif
