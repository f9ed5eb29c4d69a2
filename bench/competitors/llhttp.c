/* llhttp.c - node's parser, compiled from its generated C for this machine. */
/* SPDX-License-Identifier: MIT */
#include <llhttp.h>

#include "competitors.h"

#define NAME     "llhttp"
#define STRUCT   bench_llhttp
#define PARSER   llhttp_t
#define SETTINGS llhttp_settings_t

static void begin(llhttp_t *parser, llhttp_type_t type, const llhttp_settings_t *settings)
{
    llhttp_init(parser, type, settings);
    parser->data = parser;
}

static bool execute(llhttp_t *parser, const llhttp_settings_t *settings, const char *buf,
                    size_t len)
{
    (void)settings;
    llhttp_errno_t error = llhttp_execute(parser, buf, len);
    return error == HPE_OK || error == HPE_PAUSED_UPGRADE;
}

#include "callbacks.h"
