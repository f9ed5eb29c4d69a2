/* extend.c - a library built from http.grammar and extra.grammar knows both; for check-extend. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "shockwave.h"

static int failures;

static void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "extend: %s\n", what);
        failures++;
    }
}

#define EXPECT(what) expect(what, #what)

int main(void)
{
    EXPECT(sw_method_scan("BREW ") == SW_METHOD_BREW);
    EXPECT(sw_method_names[SW_METHOD_BREW].flags == SW_METHOD_F_CONTENT);
    EXPECT(SW_STATUS_ENOUGH == 299 && sw_status_find(299)->line_len == 21);
    EXPECT(!strcmp(sw_status_find(299)->line, "HTTP/1.1 299 Enough\r\n"));
    EXPECT(sw_header_find("x-ours", 6) == SW_HEADER_X_OURS);
    EXPECT(sw_header_names[SW_HEADER_X_OURS].flags == (SW_HEADER_F_SINGLE | SW_HEADER_F_SENSITIVE));
    EXPECT(sw_header_find("x", 1) == SW_HEADER_X);
    EXPECT(sw_header_find("x-a1-kind-of-thing", 18) == SW_HEADER_X_A1_KIND_OF_THING);
    EXPECT(sw_header_find("x-a2-kind-of-thing", 18) == SW_HEADER_X_A2_KIND_OF_THING);
    EXPECT(sw_header_find("x-a3-kind-of-thing", 18) == SW_HEADER_X_A3_KIND_OF_THING);
    EXPECT(sw_header_find("x-a4-kind-of-thing", 18) == SW_HEADER_OTHER);
    EXPECT(!strcmp(sw_error_infos[SW_ERROR_TEAPOT].text, "this is a teapot"));
    EXPECT(!strcmp(sw_media_find(SW_SPAN("a.Shock"))->type, "application/x-shock"));
    EXPECT(SW_HEADER_X_OURS > SW_HEADER_CALLBACK && SW_METHOD_BREW > SW_METHOD_PURGE);
    return failures != 0;
}
