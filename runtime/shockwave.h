/* shockwave.h - the public face of the core. */
/* SPDX-License-Identifier: MIT */
#ifndef SHOCKWAVE_H
#define SHOCKWAVE_H

#include <stddef.h>
#include <stdint.h>

#include "shockwave_words.h"

/* A run of bytes inside somebody else's buffer. */
struct sw_span {
    const char *p;
    size_t n;
};

/*
 * Which method?  `token` is made of tchar (RFC 9110 5.6.2) and followed, inside the buffer, by a
 * space; methods are case-sensitive.  SW_METHOD_OTHER for a token that the grammar does not name.
 */
enum sw_method sw_method_scan(const char *token);

/* What a status line says before its reason phrase. */
struct sw_status_line {
    uint16_t code;  /* 0..999, as written */
    uint8_t id;     /* sw_status_infos[id], 0 for a code that the grammar does not name */
    uint8_t minor;  /* of HTTP/1.minor */
    uint8_t reason; /* where the reason phrase begins: 13, or 12 where CR follows the code at once */
};

/*
 * Read the front of a status line, RFC 9112 4.  There must be a CR in the buffer at or after `line`;
 * nothing behind the first one is read.  Returns the code, and fills `out`; or -1, and leaves `out`
 * alone, unless the line begins with HTTP/1.x, a space, three digits and then a space or CR.
 */
int sw_status_scan(const char *line, struct sw_status_line *out);

/*
 * Which field?  `name` is len bytes of tchar, in any case; nothing outside them is read.
 * SW_HEADER_OTHER for a name that the grammar does not hold.
 */
enum sw_header sw_header_find(const char *name, size_t len);

#endif
