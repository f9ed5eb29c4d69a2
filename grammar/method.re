/* method.re - request method -> enum sw_method.  Becomes gen/method.c. */
/* SPDX-License-Identifier: MIT */
#include "shockwave.h"

/*
 * Every rule ends in the space that the caller has already seen, so the automaton cannot step past
 * it.  re2c proves it: with `sentinel` set, a rule that lets a space through anywhere but last
 * fails `make gen`.
 */
enum sw_method sw_method_scan(const char *token)
{
    const unsigned char *p = (const unsigned char *)token, *mark;
/*!re2c
    re2c:define:YYCTYPE  = "unsigned char";
    re2c:define:YYCURSOR = p;
    re2c:define:YYMARKER = mark;
    re2c:yyfill:enable   = 0;
    re2c:sentinel        = 32;

    !include "method.rules";

    * { return SW_METHOD_OTHER; }
*/
}
