/* date.re - the three forms of HTTP-date, RFC 9110 5.6.7; makes gen/date.c. */
/* SPDX-License-Identifier: MIT */
#include "values/value.h"

/*
 * The value is a bare slice with no byte behind it to stop at, so past its end a NUL is made up,
 * which no rule has.
 */
bool sw_date_scan(struct sw_span value, struct date_marks *marks)
{
    const char *p = value.p, *end = value_end(value), *backup;
    const char *day, *month, *year, *time;

    if (p == end)
        return false;
    /*!re2c
    re2c:flags:tags = 1;
    re2c:api = custom;
    re2c:api:style = free-form;
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYPEEK = "(p < end ? (unsigned char)*p : 0)";
    re2c:define:YYSKIP = "p++;";
    re2c:define:YYBACKUP = "backup = p;";
    re2c:define:YYRESTORE = "p = backup;";
    re2c:define:YYSTAGP = "@@ = p;";
    re2c:define:YYSTAGN = "@@ = NULL;";
    re2c:define:YYSHIFTSTAG = "@@{tag} += @@{shift};";
    re2c:define:YYSHIFT = "p += @@;";
    re2c:yyfill:enable = 0;

    weekday = "Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun";
    long_weekday = "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday"
                 | "Sunday";
    month = "Jan" | "Feb" | "Mar" | "Apr" | "May" | "Jun"
          | "Jul" | "Aug" | "Sep" | "Oct" | "Nov" | "Dec";
    digit = [0-9];
    time = ([01] digit | "2" [0-3]) ":" [0-5] digit ":" ([0-5] digit | "60");

    weekday ", " @day digit{2} " " @month month " " @year digit{4} " " @time time " GMT" {
        *marks = (struct date_marks){day, month, year, time, 4};
        return p == end;
    }
    long_weekday ", " @day digit{2} "-" @month month "-" @year digit{2} " " @time time " GMT" {
        *marks = (struct date_marks){day, month, year, time, 2};
        return p == end;
    }
    weekday " " @month month " " @day [ 0-9] digit " " @time time " " @year digit{4} {
        *marks = (struct date_marks){day, month, year, time, 4};
        return p == end;
    }
    * {
        return false;
    }
    */
}
