/* suite.h - the tests of one program, and how long each may take. */
/* SPDX-License-Identifier: MIT */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

/*
 * Seconds until a test that hangs is ended.  Not a measure of speed: no machine is so busy that a
 * test that does not hang takes so long.  CK_TIMEOUT_MULTIPLIER still applies.
 */
enum { SUITE_TIMEOUT = 900 };

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

#endif
