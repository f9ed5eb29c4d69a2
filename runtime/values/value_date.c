/* value_date.c - HTTP-date and cookie-date to seconds since 1970, and back; delta-seconds. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/value.h"

#define DATE_MIN INT64_C(-62167219200) /* 0000-01-01 00:00:00 */
#define DATE_MAX INT64_C(253402300799) /* 9999-12-31 23:59:59 */

enum {
    DAY = 86400,
    CYCLE_DAYS = 146097,              /* in the 400 years after which the calendar repeats */
    EPOCH_DAYS = CYCLE_DAYS + 719468, /* from 1 March of the year -400 to 1 January 1970 */
    HALF_CENTURY = 50 * 365 * DAY + DAY * 12,
};

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekday_names[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 was a Thursday */

/*
 * Days from 1970 to a date.  Years are counted from March, so that the leap day ends them, and
 * from -400, so that no division meets a negative number.
 */
static int64_t to_days(int year, int month, int day)
{
    int m = (month + 9) % 12;
    int y = year + 400 - (month < 3);

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - EPOCH_DAYS;
}

/* The inverse; days within DATE_MIN and DATE_MAX. */
static void from_days(int64_t days, int *year, int *month, int *day)
{
    int since = (int)(days + EPOCH_DAYS);
    int cycle = since / CYCLE_DAYS, d = since % CYCLE_DAYS;
    int y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    int m;

    d -= y * 365 + y / 4 - y / 100;
    m = (d * 5 + 2) / 153;
    *day = d - (m * 153 + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (cycle - 1) * 400 + y + (*month < 3);
}

static int days_in_month(int year, int month)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month == 2)
        return leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static int64_t clamp(int64_t seconds)
{
    if (seconds < DATE_MIN)
        return DATE_MIN;
    return seconds > DATE_MAX ? DATE_MAX : seconds;
}

/* The number of two digits; the day of an asctime-date may have a space for its first. */
static int two_digits(const char *p)
{
    return (p[0] == ' ' ? 0 : p[0] - '0') * 10 + p[1] - '0';
}

static int month_number(const char *name)
{
    int month = 0;

    while (memcmp(month_names + month * 3, name, 3) != 0)
        month++;
    return month + 1;
}

/* The last year ending in these two digits that is not more than 50 years ahead of now. */
static int full_year(int two, int month, int day, int64_t now)
{
    int64_t limit = clamp(now) + HALF_CENTURY;
    int year, unused;

    from_days(clamp(now) / DAY, &year, &unused, &unused);
    year += 100 - year % 100 + two;
    while (to_days(year, month, day) * DAY > limit)
        year -= 100;
    return year;
}

bool sw_date_parse(struct sw_span value, int64_t now, int64_t *seconds)
{
    struct date_marks at;
    int year, month, day, second;

    if (!sw_date_scan(value, &at))
        return false;
    day = two_digits(at.day);
    month = month_number(at.month);
    year = two_digits(at.year);
    if (at.year_digits == 4)
        year = year * 100 + two_digits(at.year + 2);
    else
        year = full_year(year, month, day, now);
    if (day == 0 || day > days_in_month(year, month))
        return false;
    second = two_digits(at.time + 6);
    *seconds = to_days(year, month, day) * DAY + two_digits(at.time) * 3600 +
               two_digits(at.time + 3) * 60 + (second == 60 ? 59 : second);
    return true;
}

/* ---- Cookie dates -------------------------------------------------------- */

/* The parts of a cookie-date; -1 for one that was not found yet. */
struct cookie_date {
    int day, month, year;
    int seconds; /* of the day */
};

static bool is_date_delimiter(char c)
{
    return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/* Past a run of `least` to `max` digits, and their number; NULL for any other run. */
static const char *read_digits(const char *p, const char *end, int least, int max, int *number)
{
    const char *stop = value_skip_digits(p, end);
    int sum = 0;

    if (stop - p < least || stop - p > max)
        return NULL;
    for (; p < stop; p++)
        sum = sum * 10 + *p - '0';
    *number = sum;
    return stop;
}

/* A time out of range is still the time token, and makes the complete date fail. */
static bool read_cookie_time(const char *p, const char *end, int *seconds)
{
    static const int limits[] = {24, 60, 60};
    int sum = 0, number = 0;
    bool in_range = true;

    for (int i = 0; i < 3; i++) {
        if (i > 0 && (p = value_expect(p, end, ':')) == NULL)
            return false;
        if ((p = read_digits(p, end, 1, 2, &number)) == NULL)
            return false;
        in_range = in_range && number < limits[i];
        sum = sum * 60 + number;
    }
    *seconds = in_range ? sum : DAY;
    return true;
}

/* The month whose name in any case of letters begins the token, or -1. */
static int find_month(const char *p, const char *end)
{
    for (int month = 0; end - p >= 3 && month < 12; month++) {
        const struct sw_span name = {month_names + month * 3, 3};

        if (sw_value_same(name, (struct sw_span){p, 3}))
            return month + 1;
    }
    return -1;
}

/* The first part that is missing still and that the token can be.  RFC 6265 5.1.1, 2. */
static void take_date_token(const char *p, const char *end, struct cookie_date *date)
{
    if (date->seconds < 0 && read_cookie_time(p, end, &date->seconds))
        return;
    if (date->day < 0 && read_digits(p, end, 1, 2, &date->day) != NULL)
        return;
    if (date->month < 0 && (date->month = find_month(p, end)) > 0)
        return;
    if (date->year < 0)
        read_digits(p, end, 2, 4, &date->year);
}

bool sw_cookie_date_parse(struct sw_span value, int64_t *seconds)
{
    struct cookie_date date = {-1, -1, -1, -1};
    const char *p = value.p, *end = value_end(value);

    while (p < end) {
        const char *start = p;

        while (p < end && !is_date_delimiter(*p))
            p++;
        if (p > start)
            take_date_token(start, p, &date);
        else
            p++;
    }
    if (date.year >= 0 && date.year < 100)
        date.year += date.year < 70 ? 2000 : 1900;
    if (date.seconds < 0 || date.seconds >= DAY || date.month < 0 || date.year < 1601 ||
        date.day < 1 || date.day > days_in_month(date.year, date.month))
        return false;
    *seconds = to_days(date.year, date.month, date.day) * DAY + date.seconds;
    return true;
}

/* ---- Writing, seconds ---------------------------------------------------- */

static void put_two(char *out, int number)
{
    out[0] = (char)('0' + number / 10);
    out[1] = (char)('0' + number % 10);
}

size_t sw_date_format(int64_t seconds, char out[SW_DATE_LEN])
{
    int64_t days;
    int year, month, day, left;

    /* From the first second on there is, which keeps the division from rounding up. */
    seconds = clamp(seconds) - DATE_MIN;
    days = seconds / DAY + DATE_MIN / DAY;
    left = (int)(seconds % DAY);
    from_days(days, &year, &month, &day);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", SW_DATE_LEN);
    memcpy(out, weekday_names + (days + CYCLE_DAYS * 7) % 7 * 3, 3);
    put_two(out + 5, day);
    memcpy(out + 8, month_names + (month - 1) * 3, 3);
    put_two(out + 12, year / 100);
    put_two(out + 14, year % 100);
    put_two(out + 17, left / 3600);
    put_two(out + 20, left / 60 % 60);
    put_two(out + 23, left % 60);
    return SW_DATE_LEN;
}

bool sw_seconds_parse(struct sw_span value, uint32_t *seconds)
{
    uint64_t number;

    if (!sw_value_number(value, SW_SECONDS_MAX, &number))
        return false;
    *seconds = (uint32_t)number;
    return true;
}

bool sw_retry_after_parse(struct sw_span value, int64_t now, int64_t *seconds)
{
    uint32_t delta;

    if (!sw_seconds_parse(value, &delta))
        return sw_date_parse(value, now, seconds);
    *seconds = now > INT64_MAX - (int64_t)delta ? INT64_MAX : now + (int64_t)delta;
    return true;
}
