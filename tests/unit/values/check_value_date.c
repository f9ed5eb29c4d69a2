/* check_value_date.c - HTTP-date read and written, delta-seconds, Retry-After. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

enum { NOW = 1700000000 }; /* Tue, 14 Nov 2023 22:13:20 GMT */

static void read_date(struct sw_span value, struct notes *notes)
{
    int64_t seconds;

    if (sw_date_parse(value, NOW, &seconds))
        note(notes, "%lld", (long long)seconds);
    else
        note(notes, "bad");
}

START_TEST(a_date_has_three_forms)
{
    static const struct row rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", "784111777"},
        {"Sunday, 06-Nov-94 08:49:37 GMT", "784111777"},
        {"Sun Nov  6 08:49:37 1994", "784111777"},
        {"Sun Nov 16 08:49:37 1994", "784975777"},
        {"Sun Nov 06 08:49:37 1994", "784111777"},
        {"Thu, 01 Jan 1970 00:00:00 GMT", "0"},
        {"Wed, 31 Dec 1969 23:59:59 GMT", "-1"},
        {"Sat, 01 Jan 0000 00:00:00 GMT", "-62167219200"},
        {"Fri, 31 Dec 9999 23:59:59 GMT", "253402300799"},
        /* The name of the day is not checked against the date. */
        {"Mon, 06 Nov 1994 08:49:37 GMT", "784111777"},
        /* Leap years and leap seconds. */
        {"Tue, 29 Feb 2000 00:00:00 GMT", "951782400"},
        {"Thu, 29 Feb 2024 00:00:00 GMT", "1709164800"},
        {"Sat, 31 Dec 2016 23:59:60 GMT", "1483228799"},
        {"Thu, 29 Feb 1900 00:00:00 GMT", "bad"},
        {"Thu, 29 Feb 2023 00:00:00 GMT", "bad"},
        {"Thu, 30 Feb 2024 00:00:00 GMT", "bad"},
        {"Thu, 31 Apr 2024 00:00:00 GMT", "bad"},
        {"Thu, 31 Jun 2024 00:00:00 GMT", "bad"},
        {"Thu, 31 Sep 2024 00:00:00 GMT", "bad"},
        {"Thu, 31 Nov 2024 00:00:00 GMT", "bad"},
        {"Thu, 32 Jan 2024 00:00:00 GMT", "bad"},
        {"Thu, 00 Jan 2024 00:00:00 GMT", "bad"},
        {"Thu Jan  0 00:00:00 2024", "bad"},
        {"Sun, 06 Nov 1994 24:00:00 GMT", "bad"},
        {"Sun, 06 Nov 1994 23:60:00 GMT", "bad"},
        {"Sun, 06 Nov 1994 23:59:61 GMT", "bad"},
        /* Case counts, as do blanks, commas and the zone. */
        {"sun, 06 Nov 1994 08:49:37 GMT", "bad"},
        {"Sun, 06 nov 1994 08:49:37 GMT", "bad"},
        {"Sun, 06 Nov 1994 08:49:37 gmt", "bad"},
        {"Sun, 06 Nov 1994 08:49:37 UTC", "bad"},
        {"Sun, 06 Nov 1994 08:49:37 +0000", "bad"},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", "bad"},
        {"Sun, 06 Nov 1994 08:49:37 GMTx", "bad"},
        {"Sun,06 Nov 1994 08:49:37 GMT", "bad"},
        {"Sun, 6 Nov 1994 08:49:37 GMT", "bad"},
        {"Sun, 06 Nov 94 08:49:37 GMT", "bad"},
        {"Sun, 06-Nov-1994 08:49:37 GMT", "bad"},
        {"Sunday, 06-Nov-1994 08:49:37 GMT", "bad"},
        {"Sunday, 06 Nov 1994 08:49:37 GMT", "bad"},
        {"Sun Nov 6 08:49:37 1994", "bad"},
        {"Sun Nov  6 08:49:37 1994 GMT", "bad"},
        {"Foo, 06 Nov 1994 08:49:37 GMT", "bad"},
        {"Sun, 06 Foo 1994 08:49:37 GMT", "bad"},
        {"0", "bad"},
        {"-1", "bad"},
        {"", "bad"},
    };

    WALK(rows, read_date);
}
END_TEST

/* The complete date is valid; its prefixes are not, nor the date with any byte a control. */
static void check_form(const char *text)
{
    size_t n = strlen(text);
    char *copy = guard_end(text, n);
    int64_t seconds;

    ck_assert_msg(sw_date_parse((struct sw_span){copy, n}, NOW, &seconds), "%s", text);
    for (size_t i = 0; i < n; i++) {
        copy[i] = '\0';
        if (sw_date_parse((struct sw_span){copy, n}, NOW, &seconds))
            ck_abort_msg("%s with byte %zu changed", text, i);
        copy[i] = text[i];
    }
    for (size_t prefix = 0; prefix < n; prefix++)
        if (sw_date_parse((struct sw_span){guard_end(text, prefix), prefix}, NOW, &seconds))
            ck_abort_msg("the first %zu bytes of %s", prefix, text);
}

START_TEST(no_byte_of_a_date_may_change_or_lack)
{
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char *const times[] = {"08:49:37", "19:00:00", "23:59:60"};
    char text[64];

    for (int i = 0; i < 7 * 12 * 3; i++) {
        const char *day = days[i % 7], *month = months + i / 7 % 12 * 3, *time = times[i / 84];

        snprintf(text, sizeof(text), "%.3s, 06 %.3s 1994 %s GMT", day, month, time);
        check_form(text);
        snprintf(text, sizeof(text), "%s, 16-%.3s-94 %s GMT", day, month, time);
        check_form(text);
        snprintf(text, sizeof(text), "%.3s %.3s  6 %s 1994", day, month, time);
        check_form(text);
    }
}
END_TEST

START_TEST(every_weekday_and_month_has_its_name)
{
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64], back[SW_DATE_LEN];
    int64_t seconds;

    /* 1 January 2024 was a Monday. */
    for (int i = 0; i < 7; i++) {
        for (int m = 0; m < 12; m++) {
            snprintf(text, sizeof(text), "%s, %02d-%s-24 01:02:03 GMT", days[i], i + 1, months[m]);
            ck_assert(sw_date_parse(span_of(text), NOW, &seconds));
            sw_date_format(seconds, back);
            ck_assert_mem_eq(back + 8, months[m], 3);
            if (m == 0)
                ck_assert_mem_eq(back, days[i], 3);
            snprintf(text, sizeof(text), "%.3s %s  %d 01:02:03 2024", days[i], months[m], i + 1);
            ck_assert(sw_date_parse(span_of(text), NOW, &seconds));
            ck_assert_mem_eq(back + 17, "01:02:03 GMT", 12);
        }
    }
}
END_TEST

/* The arithmetic is compared with a calendar that counts each day. */
START_TEST(every_day_of_four_centuries_goes_there_and_back)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1900, month = 0, day = 1, weekday = 1; /* a Monday */
    int64_t seconds = INT64_C(-2208988800), back;

    for (int i = 0; i < 146097; i++, seconds += 86400, weekday++) {
        char text[64], want[64];
        bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        int time = i % 86400;

        ck_assert_uint_eq(sw_date_format(seconds + time, text), SW_DATE_LEN);
        snprintf(want, sizeof(want), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                 weekdays + weekday % 7 * 3, day, months + month * 3, year, time / 3600,
                 time / 60 % 60, time % 60);
        ck_assert_mem_eq(text, want, SW_DATE_LEN);
        ck_assert(sw_date_parse((struct sw_span){text, SW_DATE_LEN}, 0, &back));
        ck_assert_int_eq(back, seconds + time);
        if (++day > lengths[month] + (month == 1 && leap)) {
            day = 1;
            month = (month + 1) % 12;
            year += month == 0;
        }
    }
}
END_TEST

START_TEST(the_calendar_ends_where_four_digits_do)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT"},
        {INT64_C(-62167219200), "Sat, 01 Jan 0000 00:00:00 GMT"},
        {INT64_C(-62162035201), "Tue, 29 Feb 0000 23:59:59 GMT"},
        {INT64_C(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT"},
        {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *out = guard_end(rows[i].text, SW_DATE_LEN);

        memset(out, 0, SW_DATE_LEN);
        ck_assert_uint_eq(sw_date_format(rows[i].seconds, out), SW_DATE_LEN);
        ck_assert_mem_eq(out, rows[i].text, SW_DATE_LEN);
    }
}
END_TEST

/* RFC 9110 5.6.7: a year more than 50 years in the future is in the past. */
START_TEST(two_digits_of_a_year_are_never_far_ahead)
{
    static const struct {
        const char *now, *two, *year;
    } rows[] = {
        {"14 Nov 2023", "23", "2023"}, {"14 Nov 2023", "24", "2024"}, {"14 Nov 2023", "72", "2072"},
        {"14 Nov 2023", "75", "1975"}, {"14 Nov 2023", "99", "1999"}, {"14 Nov 2023", "00", "2000"},
        {"14 Nov 1995", "94", "1994"}, {"14 Nov 1995", "05", "2005"}, {"14 Nov 1995", "50", "1950"},
        {"14 Nov 2099", "01", "2101"}, {"14 Nov 1960", "70", "1970"}, {"14 Nov 1900", "60", "1860"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[64];
        int64_t now, want, got;

        snprintf(text, sizeof(text), "Mon, %s 00:00:00 GMT", rows[i].now);
        ck_assert(sw_date_parse(span_of(text), 0, &now));
        snprintf(text, sizeof(text), "Mon, 28 Feb %s 12:00:00 GMT", rows[i].year);
        ck_assert(sw_date_parse(span_of(text), 0, &want));
        snprintf(text, sizeof(text), "Monday, 28-Feb-%s 12:00:00 GMT", rows[i].two);
        ck_assert(sw_date_parse(span_of(text), now, &got));
        ck_assert_msg(got == want, "%s is not %s at %s", rows[i].two, rows[i].year, rows[i].now);
    }
    /* At any time of the clock there is a result. */
    for (int i = 0; i < 2; i++) {
        int64_t got;

        ck_assert(sw_date_parse(span_of("Monday, 28-Feb-99 12:00:00 GMT"),
                                i ? INT64_MAX : INT64_MIN, &got));
    }
}
END_TEST

static void read_seconds(struct sw_span value, struct notes *notes)
{
    uint32_t seconds;

    if (sw_seconds_parse(value, &seconds))
        note(notes, "%u", (unsigned)seconds);
    else
        note(notes, "bad");
}

START_TEST(seconds_are_digits_and_stop_at_the_maximum)
{
    static const struct row rows[] = {
        {"0", "0"},
        {"007", "7"},
        {"3600", "3600"},
        {"2147483646", "2147483646"},
        {"2147483647", "2147483647"},
        {"2147483648", "2147483647"},
        {"4294967296", "2147483647"},
        {"18446744073709551617", "2147483647"},
        {"99999999999999999999999999999999", "2147483647"},
        {"", "bad"},
        {"-1", "bad"},
        {"+1", "bad"},
        {"1.5", "bad"},
        {"1 ", "bad"},
        {"0x1", "bad"},
        {"1,2", "bad"},
    };

    WALK(rows, read_seconds);
}
END_TEST

START_TEST(retry_after_is_a_date_or_seconds_from_now)
{
    int64_t when;

    ck_assert(sw_retry_after_parse(span_of("120"), NOW, &when));
    ck_assert_int_eq(when, NOW + 120);
    ck_assert(sw_retry_after_parse(span_of("Sun, 06 Nov 1994 08:49:37 GMT"), NOW, &when));
    ck_assert_int_eq(when, 784111777);
    ck_assert(sw_retry_after_parse(span_of("120"), INT64_MAX - 119, &when));
    ck_assert_int_eq(when, INT64_MAX);
    ck_assert(!sw_retry_after_parse(span_of("soon"), NOW, &when));
    ck_assert(!sw_retry_after_parse(span_of("-120"), NOW, &when));
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {a_date_has_three_forms, 1},
        {no_byte_of_a_date_may_change_or_lack, 1},
        {every_weekday_and_month_has_its_name, 1},
        {every_day_of_four_centuries_goes_there_and_back, 1},
        {the_calendar_ends_where_four_digits_do, 1},
        {two_digits_of_a_year_are_never_far_ahead, 1},
        {seconds_are_digits_and_stop_at_the_maximum, 1},
        {retry_after_is_a_date_or_seconds_from_now, 1},
    };
    return suite_main("value_date", tests, COUNT(tests));
}
