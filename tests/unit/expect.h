/* expect.h - checks outcomes of drive.h with libcheck. */
/* SPDX-License-Identifier: MIT */
#ifndef EXPECT_H
#define EXPECT_H

#include <check.h>

#include "drive.h"
#include "suite.h"

/*
 * For the inner loops of long tests, in place of ck_assert_msg(), which writes to a file at each
 * call and takes longer than the parser.
 */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

static inline struct outcome expect_complete(size_t at)
{
    return (struct outcome){.complete = true, .at = at};
}

static inline struct outcome expect_error(enum sw_error error, size_t at)
{
    return (struct outcome){.error = error, .at = at};
}

static inline void expect_outcome(struct outcome v, struct outcome expected, const char *what)
{
    MUST(outcome_same(v, expected), "%s, expected %s: %s", outcome_text(v), outcome_text(expected),
         what);
}

/* Parse a head at every split with each implementation; fails unless the outcome is `expected`. */
static inline void expect_head(struct drive_head *unsplit, enum sw_kind kind,
                               const struct sw_limits *limits, const char *text,
                               struct outcome expected)
{
    struct outcome v;
    const char *why = drive_head_everywhere(unsplit, &v, kind, limits, text, strlen(text));
    MUST(!why, "%s: %s", why, text);
    expect_outcome(v, expected, text);
}

/* Runs the tests; returns the exit status for main(). */
static inline int expect_suite(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *all = suite_case("all");
    for (size_t i = 0; i < count; i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}

#endif
