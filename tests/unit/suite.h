/*
 * suite.h - main() of a unit test: the list of its tests, and how long each may take.
 *
 *     int main(void)
 *     {
 *         const struct suite_test tests[] = {{one_test, 1}, {a_loop_test, COUNT(rows)}};
 *         return suite_main("name", tests, COUNT(tests));
 *     }
 */
/* SPDX-License-Identifier: MIT */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#include "shockwave.h"

/*
 * Seconds until a test that hangs is killed.  Large enough that a slow or busy machine never fails
 * a test that makes progress.  CK_TIMEOUT_MULTIPLIER applies.
 */
enum { SUITE_TIMEOUT = 900 };

/* The index of a field in its head; field_count for NULL, or for a field of another head. */
static inline size_t field_index(const struct sw_head *head, const struct sw_field *field)
{
    size_t i = 0;
    while (i < head->field_count && sw_head_at(head, i) != field)
        i++;
    return i;
}

/* In place of tcase_create(), whose tests would have 4 seconds. */
static inline TCase *suite_case(const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, SUITE_TIMEOUT);
    return tests;
}

/* Runs all tests of the suite and frees it; for main() to return. */
static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/* A test, and how many times it is run: with _i from 0 to count - 1. */
struct suite_test {
    const TTest *test;
    size_t count;
};

/* Functions called before and after all tests, or, if is_for_each, before and after each one. */
struct suite_fixture {
    SFun set_up, tear_down;
    bool is_for_each;
};

static inline int suite_main_with(struct suite_fixture fixture, const char *name,
                                  const struct suite_test *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    tcase_set_timeout(all, SUITE_TIMEOUT);
    if (fixture.is_for_each)
        tcase_add_checked_fixture(all, fixture.set_up, fixture.tear_down);
    else if (fixture.set_up)
        tcase_add_unchecked_fixture(all, fixture.set_up, fixture.tear_down);
    for (size_t i = 0; i < count; i++)
        tcase_add_loop_test(all, tests[i].test, 0, (int)tests[i].count);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/* Runs the tests; for main() to return. */
static inline int suite_main(const char *name, const struct suite_test *tests, size_t count)
{
    return suite_main_with((struct suite_fixture){0}, name, tests, count);
}

#endif
