/* dispatch.c - the path of a target, and the responses to requests without a route. */
/* SPDX-License-Identifier: MIT */
#include "server/response.h"
#include "shockwave_server.h"

#include <string.h>

#include "shockwave_values.h"

const char *sw_exchange_path(const struct sw_exchange *exchange)
{
    struct sw_span target = sw_exchange_target(exchange);
    if (target.p[0] == '/' || target.p[0] == '*' || exchange->head->method == SW_METHOD_CONNECT)
        return target.p;
    /* scheme "://" authority: the parser accepts no other form. */
    const char *p = (const char *)memchr(target.p, '/', target.n) + 2;
    while (*p != '/' && *p != '?' && *p != ' ')
        p++;
    return *p == '/' ? p : "/ "; /* RFC 9110 4.2.3 */
}

/* Responds with the methods that the resource supports: those of `allow`, and OPTIONS. */
static void reply_allow(struct sw_exchange *exchange, unsigned status, struct sw_span allow,
                        struct sw_span text)
{
    char value[1024]; /* longer than a list of all methods */
    struct sw_writer list = {.p = value, .size = sizeof value};
    sw_write_bytes(&list, allow.p, allow.n);
    if (!sw_list_has_token(allow, "OPTIONS"))
        sw_write_bytes(&list, &", OPTIONS"[allow.n ? 0 : 2], allow.n ? 9 : 7);
    if (!sw_transaction_may_respond(exchange))
        return;
    sw_reply_begin(exchange, status, text.n);
    /* A list that is too long is passed as missing bytes, which makes the reply a 500. */
    const struct sw_span methods = {list.error ? NULL : list.p, list.error ? allow.n : list.n};
    sw_reply_field(exchange, SW_HEADER_ALLOW, methods);
    if (text.n)
        sw_reply_field(exchange, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain; charset=utf-8"));
    sw_reply_write(exchange, text);
    sw_reply_end(exchange);
}

void sw_reply_unrouted(struct sw_exchange *exchange, const char *allow)
{
    const struct sw_span type = SW_SPAN("text/plain; charset=utf-8"), nothing = {NULL, 0};
    unsigned method = exchange->head->method;
    bool options = method == SW_METHOD_OPTIONS;

    if (method == SW_METHOD_OTHER || method == SW_METHOD_CONNECT)
        sw_reply(exchange, SW_STATUS_NOT_IMPLEMENTED, type, SW_SPAN("no such method here\n"));
    else if (options && sw_exchange_target(exchange).p[0] == '*')
        sw_reply(exchange, SW_STATUS_NO_CONTENT, nothing, nothing);
    else if (!allow)
        sw_reply(exchange, SW_STATUS_NOT_FOUND, type, SW_SPAN("there is nothing here\n"));
    else if (options)
        reply_allow(exchange, SW_STATUS_NO_CONTENT, (struct sw_span){allow, strlen(allow)},
                    nothing);
    else
        reply_allow(exchange, SW_STATUS_METHOD_NOT_ALLOWED, (struct sw_span){allow, strlen(allow)},
                    SW_SPAN("not by this method, but by those of Allow\n"));
}
