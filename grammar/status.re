/* status.re - status line -> version, code, where the reason begins.  Becomes gen/status.c. */
/* SPDX-License-Identifier: MIT */
#include "shockwave.h"

/* All the rules have the same shape, so the numbers stand where they always stand. */
static inline int take(const char *line, uint8_t id, struct sw_status_line *out)
{
    int code = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    out->code = (uint16_t)code;
    out->id = id;
    out->minor = (uint8_t)(line[7] - '0');
    out->reason = line[12] == ' ' ? 13 : 12;
    return code;
}

/*
 * The CR that ends the line is the sentinel: re2c refuses a rule that could step over it.  The
 * reason phrase is the caller's to scan.
 */
int sw_status_scan(const char *line, struct sw_status_line *out)
{
    const unsigned char *p = (const unsigned char *)line, *mark;
/*!re2c
    re2c:define:YYCTYPE  = "unsigned char";
    re2c:define:YYCURSOR = p;
    re2c:define:YYMARKER = mark;
    re2c:yyfill:enable   = 0;
    re2c:sentinel        = 13;

    digit   = [0-9];
    version = "HTTP/1." digit;
    stop    = [ \r];

    !include "status.rules";

    version " " digit{3} stop { return take(line, 0, out); }
    * { return -1; }
*/
}
