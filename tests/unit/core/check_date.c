/* check_date.c - the Date line against the C library, and how rarely it is made. */
/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shockwave.h"
#include "suite.h"

static void expect_line(const struct sw_date *date, const char *line)
{
    char memory[64];
    struct sw_writer out = {.p = memory, .size = sizeof memory};

    sw_write_date(&out, date);
    ck_assert_int_eq(out.error, SW_OK);
    ck_assert_uint_eq(out.n, strlen(line));
    ck_assert_mem_eq(out.p, line, out.n);
}

START_TEST(the_line_is_right_and_made_once_a_second)
{
    struct sw_date date = {0};

    /* From 1970 to 2100, at all times of the day. */
    for (int64_t second = 0; second < 4102444800; second += 86399 * 31 + 1) {
        time_t at = (time_t)second;
        struct tm utc;
        char line[64];

        ck_assert_ptr_nonnull(gmtime_r(&at, &utc));
        ck_assert(strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc) > 0);
        sw_date_set(&date, second);
        expect_line(&date, line);

        date.line[6] = line[6] = '?'; /* only another second repairs this */
        sw_date_set(&date, second);
        expect_line(&date, line);
    }
}
END_TEST

START_TEST(a_clock_may_go_back)
{
    struct sw_date date = {0};

    sw_date_set(&date, 784111778);
    expect_line(&date, "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
    sw_date_set(&date, 784111777);
    expect_line(&date, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    sw_date_set(&date, 0);
    expect_line(&date, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    sw_date_set(&date, -1);
    expect_line(&date, "Date: Wed, 31 Dec 1969 23:59:59 GMT\r\n");
}
END_TEST

START_TEST(without_a_clock_there_is_no_date)
{
    struct sw_date date = {0};

    expect_line(&date, "");
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {the_line_is_right_and_made_once_a_second, 1},
        {a_clock_may_go_back, 1},
        {without_a_clock_there_is_no_date, 1},
    };
    return suite_main("date", tests, COUNT(tests));
}
