/* value_forwarded.c - Forwarded and X-Forwarded-For. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "values/value.h"

/* Put a parameter where it belongs; false if it is there already.  Others are extensions. */
static bool take(struct sw_forwarded *forwarded, const struct sw_param *param)
{
    struct sw_param *place;

    if (sw_token_is(param->name, "by"))
        place = &forwarded->by;
    else if (sw_token_is(param->name, "for"))
        place = &forwarded->client;
    else if (sw_token_is(param->name, "host"))
        place = &forwarded->host;
    else if (sw_token_is(param->name, "proto"))
        place = &forwarded->proto;
    else
        return true;
    if (place->name.p != NULL)
        return false;
    *place = *param;
    return true;
}

int sw_forwarded_next(struct sw_span *rest, struct sw_forwarded *forwarded)
{
    struct sw_span element;
    struct sw_param param;
    int got = sw_list_next(rest, &element);

    if (got <= 0)
        return got;
    *forwarded = (struct sw_forwarded){0};
    /* Unlike parameters elsewhere the first has no ";" before it, and may be empty too. */
    if (*element.p != ';') {
        const char *end = value_end(element);
        const char *p = sw_value_param(element.p, end, false, false, &param);

        if (p == NULL)
            return value_stop(rest);
        take(forwarded, &param);
        element = value_span(p, end);
    }
    while ((got = sw_param_next(&element, &param)) > 0)
        if (!take(forwarded, &param))
            return value_stop(rest);
    return got < 0 ? value_stop(rest) : 1;
}

/* "_" 1*( ALPHA / DIGIT / "." / "_" / "-" ) */
static bool is_obfuscated(struct sw_span name)
{
    const char *p = name.p, *end = value_end(name);

    if (name.n < 2 || *p != '_')
        return false;
    for (p++; p < end; p++)
        if (!value_is(*p, SW_VALUE_ALNUM) && *p != '.' && *p != '_' && *p != '-')
            return false;
    return true;
}

static bool is_port(struct sw_span port)
{
    const char *end = value_end(port);

    return port.n >= 1 && port.n <= 5 && value_skip_digits(port.p, end) == end;
}

/* The end of a nodename, or NULL. */
static const char *parse_nodename(struct sw_span value, struct sw_node *node)
{
    const char *p = value.p, *end = value_end(value), *stop;
    bool bracket = p < end && *p == '[';

    if (bracket)
        p++;
    stop = p < end ? memchr(p, bracket ? ']' : ':', (size_t)(end - p)) : NULL;
    if (stop == NULL && bracket)
        return NULL;
    if (stop == NULL)
        stop = end;
    node->name = value_span(p, stop);
    if (sw_address_parse(node->name, &node->address)) {
        node->kind = SW_NODE_ADDRESS;
        /* Brackets are for IPv6, and outside of them a colon has ended the name. */
        if (bracket && memchr(p, ':', node->name.n) == NULL)
            return NULL;
    } else if (!bracket && is_obfuscated(node->name)) {
        node->kind = SW_NODE_HIDDEN;
    } else if (bracket || !sw_token_is(node->name, "unknown")) {
        return NULL;
    }
    return stop + bracket;
}

bool sw_node_parse(struct sw_span value, struct sw_node *node)
{
    const char *end = value_end(value), *p;

    *node = (struct sw_node){0};
    p = parse_nodename(value, node);
    if (p == NULL || p == end)
        return p != NULL;
    if (*p != ':')
        return false;
    node->port = value_span(p + 1, end);
    return is_port(node->port) || is_obfuscated(node->port);
}

int sw_forwarded_for_next(struct sw_span *rest, struct sw_node *node)
{
    struct sw_span element;
    int got = sw_list_next(rest, &element);

    if (got <= 0)
        return got;
    if (sw_node_parse(element, node))
        return node->kind != SW_NODE_HIDDEN ? 1 : value_stop(rest);
    *node = (struct sw_node){.name = element, .kind = SW_NODE_ADDRESS};
    return sw_address_parse(element, &node->address) ? 1 : value_stop(rest);
}
