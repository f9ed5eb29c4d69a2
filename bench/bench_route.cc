/* bench_route.cc - request paths to routes and captures. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

extern "C" {
#include "demo_routes.h"
}

void bench_route()
{
    static const struct {
        sw_method method;
        const char *path;
        enum demo_route route;
    } paths[] = {
        {SW_METHOD_GET, "/ ", DEMO_ROUTE_HOME},
        {SW_METHOD_GET, "/users ", DEMO_ROUTE_USER_LIST},
        {SW_METHOD_POST, "/users?from=form ", DEMO_ROUTE_USER_CREATE},
        {SW_METHOD_GET, "/users/new ", DEMO_ROUTE_USER_FORM},
        {SW_METHOD_GET, "/users/4711 ", DEMO_ROUTE_USER_SHOW},
        {SW_METHOD_DELETE, "/users/4711 ", DEMO_ROUTE_USER_DELETE},
        {SW_METHOD_GET, "/users/4711/posts/on-shock-waves ", DEMO_ROUTE_USER_POST},
        {SW_METHOD_GET, "/static/css/site-3f2a.css ", DEMO_ROUTE_ASSET},
        {SW_METHOD_GET, "/static/img/logo%20small.png?v=3 ", DEMO_ROUTE_ASSET},
        {SW_METHOD_HEAD, "/static/img/logo.png ", DEMO_ROUTE_ASSET_HEAD},
        {SW_METHOD_GET, "/favicon.ico ", DEMO_ROUTE_NONE},
    };
    bench_walk walk(sizeof paths / sizeof *paths);

    bench_add("route/demo/shockwave/default", 0, [walk]() mutable {
        const auto &path = paths[walk.next()];
        sw_span captures[DEMO_CAPTURES];
        const char *allow;
        enum demo_route route = demo_route(path.method, path.path, captures, &allow);
        bench_keep(captures);
        return route == path.route;
    });
}
