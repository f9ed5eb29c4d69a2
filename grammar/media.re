/* media.re - suffix of a file's name -> row of sw_media_infos.  Becomes gen/media.c. */
/* SPDX-License-Identifier: MIT */
#include "shockwave.h"

static inline const struct sw_media_info *row(bool whole, int id)
{
    return &sw_media_infos[whole ? id : 0];
}

/*
 * A name has no byte behind it to stop at, so past its end a NUL is made up, which no rule has.
 */
const struct sw_media_info *sw_media_find(struct sw_span name)
{
    const char *p, *end, *backup;
    size_t start = name.n;

    while (start > 0 && name.p[start - 1] != '.' && name.p[start - 1] != '/')
        start--;
    if (start == 0 || start == name.n || name.p[start - 1] == '/')
        return row(false, 0);
    p = name.p + start;
    end = name.p + name.n;
    /*!re2c
    re2c:api = custom;
    re2c:api:style = free-form;
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYPEEK = "(p < end ? (unsigned char)*p : 0)";
    re2c:define:YYSKIP = "p++;";
    re2c:define:YYBACKUP = "backup = p;";
    re2c:define:YYRESTORE = "p = backup;";
    re2c:yyfill:enable = 0;

    !include "media.rules";

    * { return row(false, 0); }
*/
}
