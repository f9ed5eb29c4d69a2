/* check_route.c - the router made from demo.routes. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "demo_routes.h"
#include "guard.h"
#include "suite.h"

#define GET  SW_METHOD_GET
#define HEAD SW_METHOD_HEAD
#define POST SW_METHOD_POST
#define PUT  SW_METHOD_PUT

static const struct {
    enum sw_method method;
    const char *path;
    enum demo_route route;
    const char *allow, *first, *second;
} cases[] = {
    {GET, "/", DEMO_ROUTE_HOME, "GET, HEAD", NULL, NULL},
    {HEAD, "/", DEMO_ROUTE_HOME, "GET, HEAD", NULL, NULL},
    {GET, "/?", DEMO_ROUTE_HOME, "GET, HEAD", NULL, NULL},
    {GET, "/?/users", DEMO_ROUTE_HOME, "GET, HEAD", NULL, NULL},
    {GET, "/users", DEMO_ROUTE_USER_LIST, "GET, HEAD, POST", NULL, NULL},
    {POST, "/users?x=1", DEMO_ROUTE_USER_CREATE, "GET, HEAD, POST", NULL, NULL},
    {GET, "/users/new", DEMO_ROUTE_USER_FORM, "GET, HEAD", NULL, NULL},
    {GET, "/users/newer", DEMO_ROUTE_USER_SHOW, "GET, HEAD, DELETE", "newer", NULL},
    {GET, "/users/ne", DEMO_ROUTE_USER_SHOW, "GET, HEAD, DELETE", "ne", NULL},
    {HEAD, "/users/ne", DEMO_ROUTE_USER_SHOW, "GET, HEAD, DELETE", "ne", NULL},
    {SW_METHOD_DELETE, "/users/:@", DEMO_ROUTE_USER_DELETE, "GET, HEAD, DELETE", ":@", NULL},
    {GET, "/users/42/posts/a%20b?q", DEMO_ROUTE_USER_POST, "GET, HEAD", "42", "a%20b"},
    {GET, "/users/new/posts/1", DEMO_ROUTE_USER_POST, "GET, HEAD", "new", "1"},
    {GET, "/static/", DEMO_ROUTE_ASSET, "GET, PUT, HEAD", "", NULL},
    {GET, "/static//a/../%2F/", DEMO_ROUTE_ASSET, "GET, PUT, HEAD", "/a/../%2F/", NULL},
    {PUT, "/static/css/a.css", DEMO_ROUTE_ASSET, "GET, PUT, HEAD", "css/a.css", NULL},
    {HEAD, "/static/css/a.css", DEMO_ROUTE_ASSET_HEAD, "GET, PUT, HEAD", "css/a.css", NULL},
    {SW_METHOD_REPORT, "/a~b!c$d&e'f(g)/x,y;z=1", DEMO_ROUTE_ODD, "REPORT", NULL, NULL},
    {GET, "/trailing/", DEMO_ROUTE_TRAILING, "GET, HEAD", NULL, NULL},
    /* 405: another method has a route with this path. */
    {PUT, "/users", DEMO_ROUTE_NONE, "GET, HEAD, POST", NULL, NULL},
    {HEAD, "/a~b!c$d&e'f(g)/x,y;z=1", DEMO_ROUTE_NONE, "REPORT", NULL, NULL},
    {SW_METHOD_OTHER, "/", DEMO_ROUTE_NONE, "GET, HEAD", NULL, NULL},
    {SW_METHOD_DELETE, "/users/new", DEMO_ROUTE_NONE, "GET, HEAD", NULL, NULL},
    /* 404 */
    {GET, "", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "*", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "//users", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/Users", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/1/", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/1/posts", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/1/posts/", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/1/posts/2/", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/trailing", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/static", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/%", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/%2", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/users/%2g", DEMO_ROUTE_NONE, NULL, NULL, NULL},
    {GET, "/static/a#b", DEMO_ROUTE_NONE, NULL, NULL, NULL},
};

static enum demo_route route(enum sw_method method, const char *path, size_t n,
                             struct sw_span captures[DEMO_CAPTURES], const char **allow)
{
    char *line = guard_space() + GUARD_ROOM - n - 1;
    memcpy(line, path, n);
    line[n] = ' ';
    return demo_route(method, line, captures, allow);
}

static void expect_span(struct sw_span span, const char *text)
{
    ck_assert_uint_eq(span.n, strlen(text));
    ck_assert_int_eq(memcmp(span.p, text, span.n), 0);
}

START_TEST(paths_find_their_routes)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sw_span captures[DEMO_CAPTURES];
        const char *allow = "stale", *path = cases[i].path;
        ck_assert_msg(route(cases[i].method, path, strlen(path), captures, &allow) ==
                          cases[i].route,
                      "%s", path);
        ck_assert_pstr_eq(allow, cases[i].allow);
        if (cases[i].first)
            expect_span(captures[0], cases[i].first);
        if (cases[i].second)
            expect_span(captures[1], cases[i].second);
    }
}
END_TEST

/* RFC 3986 3.3, 2.1 for what follows a percent sign, and what SW_LENIENT_TARGET adds: without it
   no head has such a path. */
START_TEST(captures_contain_every_byte_of_a_valid_target)
{
    static const char pchar[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "-._~!$&'()*+,;=:@"
                                "\"<>[\\]^`{|}";
    static const char hex[] = "0123456789abcdefABCDEF";
    struct sw_span captures[DEMO_CAPTURES];
    const char *allow;
    for (int c = 1; c < 256; c++) {
        const char plain[] = {'/', 'u', 's', 'e', 'r', 's', '/', 'a', (char)c, 'b'};
        const char first[] = {'/', 'u', 's', 'e', 'r', 's', '/', '%', (char)c, '0'};
        const char second[] = {'/', 'u', 's', 'e', 'r', 's', '/', '%', '0', (char)c};
        const int ends = c == ' ' || c == '?';
        ck_assert_int_eq(route(GET, plain, sizeof plain, captures, &allow) == DEMO_ROUTE_USER_SHOW,
                         strchr(pchar, c) || c > 127 || ends);
        if (c > 127 || (strchr(pchar, c) && !ends)) {
            ck_assert_uint_eq(captures[0].n, 3);
            ck_assert_int_eq(captures[0].p[1], (char)c);
        }
        ck_assert_int_eq(route(GET, first, sizeof first, captures, &allow) == DEMO_ROUTE_USER_SHOW,
                         strchr(hex, c) != NULL);
        ck_assert_int_eq(route(GET, second, sizeof second, captures, &allow) ==
                             DEMO_ROUTE_USER_SHOW,
                         strchr(hex, c) != NULL);
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {paths_find_their_routes, 1},
        {captures_contain_every_byte_of_a_valid_target, 1},
    };
    return suite_main("route", tests, COUNT(tests));
}
