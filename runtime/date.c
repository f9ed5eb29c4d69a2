/* date.c - the Date line, kept for a second. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shockwave_values.h"

void sw_date_set(struct sw_date *date, int64_t second)
{
    if (date->second == second && date->line[0] != 0)
        return;
    date->second = second;
    memcpy(date->line, "Date: ", 6);
    sw_date_format(second, date->line + 6);
    memcpy(date->line + 6 + SW_DATE_LEN, "\r\n", 2);
}
