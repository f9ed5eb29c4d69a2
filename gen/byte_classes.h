/* byte_classes.h - which byte is in which set. */
/* SPDX-License-Identifier: MIT */
/* Generated from grammar/byte.classes.  Run `make gen`; do not edit. */

#ifndef SW_BYTE_CLASSES_H
#define SW_BYTE_CLASSES_H

#include <stdint.h>

extern const uint8_t sw_bytes[256];

enum {
    SW_BYTE_TOKEN = 1, /* RFC 9110 5.6.2, tchar */
    SW_BYTE_VALUE = 2, /* RFC 9110 5.5, field-vchar, SP, HTAB */
    SW_BYTE_TARGET = 4, /* RFC 3986 3.3, 3.4, pchar, slash, question mark */
    SW_BYTE_HEX = 8, /* RFC 5234 B.1, HEXDIG in either case */
    SW_BYTE_LENIENT = 16, /* TARGET and what SW_LENIENT_TARGET adds */
    SW_BYTE_HOST = 32, /* RFC 3986 3.2.2, reg-name, tokens of it */
    SW_BYTE_PATH = 64, /* RFC 3986 3.3, 3.4, without pct-encoded */
    SW_BYTE_CONTROL = 128, /* RFC 5234 B.1, CTL except HTAB */
};

extern const uint8_t sw_value_classes[256];

enum {
    CLASS_TOKEN = 1, /* RFC 9110 5.6.2, tchar */
    CLASS_QUOTED = 2, /* RFC 9110 5.6.4, qdtext */
    CLASS_COOKIE = 4, /* RFC 6265 4.1.1, cookie-octet */
    CLASS_ETAG = 8, /* RFC 9110 8.8.3, etagc */
    CLASS_NAME = 16, /* RFC 3986 3.2.2, unreserved, sub-delims */
    CLASS_PATH = 32, /* RFC 3986 3.3, pchar and slash, without pct-encoded */
    CLASS_TOKEN68 = 64, /* RFC 9110 11.2, without its padding */
    CLASS_ALNUM = 128, /* RFC 5234 B.1 */
};

/* X(array, bit) for each class. */
#define SW_BYTE_CLASSES(X) \
    X(sw_bytes, SW_BYTE_TOKEN) \
    X(sw_bytes, SW_BYTE_VALUE) \
    X(sw_bytes, SW_BYTE_TARGET) \
    X(sw_bytes, SW_BYTE_HEX) \
    X(sw_bytes, SW_BYTE_LENIENT) \
    X(sw_bytes, SW_BYTE_HOST) \
    X(sw_bytes, SW_BYTE_PATH) \
    X(sw_bytes, SW_BYTE_CONTROL) \
    X(sw_value_classes, CLASS_TOKEN) \
    X(sw_value_classes, CLASS_QUOTED) \
    X(sw_value_classes, CLASS_COOKIE) \
    X(sw_value_classes, CLASS_ETAG) \
    X(sw_value_classes, CLASS_NAME) \
    X(sw_value_classes, CLASS_PATH) \
    X(sw_value_classes, CLASS_TOKEN68) \
    X(sw_value_classes, CLASS_ALNUM)

#endif
