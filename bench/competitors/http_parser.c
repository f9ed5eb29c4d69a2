/* http_parser.c - llhttp's predecessor, as Debian builds it. */
/* SPDX-License-Identifier: MIT */
#include <http_parser.h>

#include "competitors.h"

#define NAME     "http_parser"
#define STRUCT   bench_http_parser
#define PARSER   struct http_parser
#define SETTINGS http_parser_settings

static void begin(struct http_parser *parser, enum http_parser_type type,
                  const http_parser_settings *settings)
{
    (void)settings;
    http_parser_init(parser, type);
    parser->data = parser;
}

static bool execute(struct http_parser *parser, const http_parser_settings *settings,
                    const char *buf, size_t len)
{
    return http_parser_execute(parser, settings, buf, len) == len;
}

#include "callbacks.h"
