/* main_help.c - what shockwave serve --help prints, out of the table of options. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "program/main.h"

enum { WIDTH = 79, COLUMN = 31 };

/* Words, broken into lines that begin in the column where they stand. */
static void put_wrapped(const char *text, int *at)
{
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (*at + 1 + n > WIDTH)
            *at = printf("\n%*s", COLUMN - 1, "") - 1;
        *at += printf(" %.*s", n, text);
        text += n + (text[n] == ' ');
    }
}

static void put_row(const struct sw_main_option *option)
{
    int at = option->letter ? printf("  -%c, ", option->letter) : printf("      ");
    at += printf("--%s", option->name);
    if (option->value)
        at += printf(" %s", option->value);
    if (at > COLUMN - 2)
        at = printf("\n") - 1;
    at += printf("%*s", COLUMN - 1 - at, "");
    put_wrapped(option->help, &at);
    if (option->fallback) {
        char fallback[64];
        snprintf(fallback, sizeof fallback, "(%s)", option->fallback);
        put_wrapped(fallback, &at);
    }
    printf("\n");
}

void sw_main_help(void)
{
    printf("usage: shockwave serve [OPTION]... [DIR]\n"
           "\n"
           "Serves the files of a directory; without one, a demonstration of the engine.\n"
           "In brackets stands what holds without an option. A TIME has its unit behind it:\n"
           "500ms, 10s, 2m, 1h; a SIZE is in bytes, or has k, m or g behind it.\n");
    for (size_t i = 0; i < sw_main_option_count; i++)
        if (sw_main_option_rows[i].name)
            put_row(&sw_main_option_rows[i]);
        else
            printf("\n%s:\n", sw_main_option_rows[i].help);
    printf("\n"
           "Environment:\n"
           "  LISTEN_FDS      sockets that a service manager has opened are listened at; one\n"
           "                  that it calls \"metrics\" is like --metrics\n"
           "  NOTIFY_SOCKET   a service manager is told READY=1 and STOPPING=1; what is no path\n"
           "                  of a socket is ignored\n"
           "\n"
           "Signals:\n"
           "  SIGTERM, SIGINT  finish what is under way and leave; again: leave at once\n"
           "  SIGHUP           open the access log again, where it is a file; else ignored\n"
           "\n"
           "Exit status: 0 left cleanly, 1 connections had to be cut, 2 could not start.\n");
}
