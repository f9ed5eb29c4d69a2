/* PREFIX_routes.c - request path -> route and captures.  From grammar/route.re and *.routes. */
#include "PREFIX_routes.h"

/*!include:re2c "route.tables" */

static inline struct sw_span span(const unsigned char *from, const unsigned char *to)
{
    return (struct sw_span){(const char *)from, (size_t)(to - from)};
}

static inline enum PREFIX_route pick(unsigned resource, enum sw_method method, const char **allow)
{
    *allow = resources[resource].allow;
    return (enum PREFIX_route)resources[resource].on[method];
}

/*
 * No class below holds a space, so the one that follows the path is the sentinel.  What is no path
 * by RFC 3986 3.3, a broken percent escape for one, has no route.  `lenient` is what
 * SW_LENIENT_TARGET adds to a path: a head has these bytes only where its limits tolerate them, and
 * then a segment goes on after them.
 */
enum PREFIX_route PREFIX_route(enum sw_method method, const char *path,
                               struct sw_span captures[UPPER_CAPTURES], const char **allow)
{
    const unsigned char *p = (const unsigned char *)path, *mark = p;
    TAGS
    /*!stags:re2c format = "const unsigned char *@@;\n"; */
    (void)mark, (void)captures, (void)span;
    *allow = NULL;
/*!re2c
    re2c:define:YYCTYPE  = "unsigned char";
    re2c:define:YYCURSOR = p;
    re2c:define:YYMARKER = mark;
    re2c:yyfill:enable   = 0;
    re2c:sentinel        = 32;
    re2c:tags            = 1;

    hex     = [0-9A-Fa-f];
    lenient = ["<>[\]\\^`{|}\x80-\xff];
    pchar   = [0-9A-Za-z._~!$&'()*+,;=:@-] | "%" hex hex | lenient;
    segment = pchar+;
    rest    = (pchar | "/")*;
    stop    = [ ?];

    !include "route.rules";

    * { return UPPER_ROUTE_NONE; }
*/
}
