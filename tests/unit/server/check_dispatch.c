/* check_dispatch.c - the server: requests are dispatched to the handlers of their routes. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "demo_dispatch.h"
#include "expect.h"
#include "served.h"

static char buf[1 << 16];

static struct served served;

/* The content is the route's name and its captures. */
static void reply_route(struct sw_exchange *exchange, const char *name,
                        const struct sw_span *captures, size_t n)
{
    struct sw_writer out = {.p = exchange->scratch, .size = exchange->scratch_size};
    sw_write_bytes(&out, name, strlen(name));
    for (size_t i = 0; i < n; i++) {
        sw_write_bytes(&out, " ", 1);
        sw_write_bytes(&out, captures[i].p, captures[i].n);
    }
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), (struct sw_span){out.p, out.n});
}

#define ROUTE(name, n)                                                                             \
    void demo_##name(struct sw_exchange *exchange, const struct sw_span *captures)                 \
    {                                                                                              \
        reply_route(exchange, #name, captures, n);                                                 \
    }

ROUTE(home, 0)
ROUTE(user_list, 0)
ROUTE(user_create, 0)
ROUTE(user_form, 0)
ROUTE(user_show, 1)
ROUTE(user_delete, 1)
ROUTE(user_post, 2)
ROUTE(asset, 1)
ROUTE(asset_head, 1)
ROUTE(odd, 0)
ROUTE(trailing, 0)

static const struct {
    const char *request; /* up to the version */
    const char *status, *allow, *content;
} cases[] = {
    {"GET /", "200 OK", NULL, "home"},
    {"GET /?x=1", "200 OK", NULL, "home"},
    {"HEAD /", "200 OK", NULL, ""},
    {"POST /users", "200 OK", NULL, "user_create"},
    {"GET /users/7/posts/a%20b?q", "200 OK", NULL, "user_post 7 a%20b"},
    {"GET http://x/users/new", "200 OK", NULL, "user_form"},
    {"GET http://x:80/users/me?/users", "200 OK", NULL, "user_show me"},
    {"GET http://x", "200 OK", NULL, "home"},
    {"GET http://x?/users", "200 OK", NULL, "home"},
    {"GET /static/a/b.css", "200 OK", NULL, "asset a/b.css"},
    {"DELETE /users/7", "200 OK", NULL, "user_delete 7"},
    {"GET /nowhere", "404 Not Found", NULL, "there is nothing here\n"},
    {"POST http://x/nowhere", "404 Not Found", NULL, "there is nothing here\n"},
    {"OPTIONS /nowhere", "404 Not Found", NULL, "there is nothing here\n"},
    {"PATCH /users", "405 Method Not Allowed", "GET, HEAD, POST, OPTIONS",
     "not by this method, but by those of Allow\n"},
    {"OPTIONS /users", "204 No Content", "GET, HEAD, POST, OPTIONS", ""},
    {"OPTIONS http://x/users/7", "204 No Content", "GET, HEAD, DELETE, OPTIONS", ""},
    {"OPTIONS *", "204 No Content", NULL, ""},
    {"BREW /users", "501 Not Implemented", NULL, "no such method here\n"},
    {"BREW /nowhere", "501 Not Implemented", NULL, "no such method here\n"},
    {"CONNECT x:443", "501 Not Implemented", NULL, "no such method here\n"},
};

START_TEST(requests_are_dispatched_to_routes)
{
    served_begin(&served, (struct sw_server_config){.handler = demo_dispatch});
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *what = cases[i].request;
        char request[256], want[256];
        snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: x%s\r\nConnection: close\r\n\r\n",
                 what,
                 strstr(what, ":443")   ? ":443"
                 : strstr(what, "x:80") ? ":80"
                                        : "");
        client_ask(&served, request, buf, sizeof buf);
        snprintf(want, sizeof want, "HTTP/1.1 %s\r\n", cases[i].status);
        MUST(strstr(buf, want) == buf, "%s: %s", what, buf);
        snprintf(want, sizeof want, "\r\nAllow: %s\r\n", cases[i].allow);
        MUST((strstr(buf, "Allow: ") != NULL) == (cases[i].allow != NULL), "%s: %s", what, buf);
        MUST(!cases[i].allow || strstr(buf, want), "%s: %s", what, buf);
        const char *content = strstr(buf, "\r\n\r\n") + 4;
        MUST(strcmp(content, cases[i].content) == 0, "%s: %s", what, content);
    }
    served_end(&served);
}
END_TEST

/* A route that handles OPTIONS itself is not listed twice. */
static void unrouted(struct sw_exchange *exchange)
{
    sw_reply_unrouted(exchange, "GET, OPTIONS");
}

START_TEST(options_is_listed_once_in_allow)
{
    served_begin(&served, (struct sw_server_config){.handler = unrouted});
    client_ask(&served, "PUT / HTTP/1.0\r\n\r\n", buf, sizeof buf);
    ck_assert_ptr_ne(strstr(buf, "\r\nAllow: GET, OPTIONS\r\n"), NULL);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {requests_are_dispatched_to_routes, 1},
        {options_is_listed_once_in_allow, 1},
    };
    return suite_main("server dispatch", tests, COUNT(tests));
}
