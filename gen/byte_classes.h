/* byte_classes.h - which byte is in which set. */
/* SPDX-License-Identifier: MIT */
/* Generated from grammar/byte.classes.  Run `make gen`; do not edit. */

#ifndef SW_BYTE_CLASSES_H
#define SW_BYTE_CLASSES_H

#include <stdint.h>

extern const uint8_t sw_byte_classes[256];

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
    SW_VALUE_TOKEN = 1, /* RFC 9110 5.6.2, tchar */
    SW_VALUE_QUOTED = 2, /* RFC 9110 5.6.4, qdtext */
    SW_VALUE_COOKIE = 4, /* RFC 6265 4.1.1, cookie-octet */
    SW_VALUE_ETAG = 8, /* RFC 9110 8.8.3, etagc */
    SW_VALUE_NAME = 16, /* RFC 3986 3.2.2, unreserved, sub-delims */
    SW_VALUE_PATH = 32, /* RFC 3986 3.3, pchar and slash, without pct-encoded */
    SW_VALUE_TOKEN68 = 64, /* RFC 9110 11.2, without its padding */
    SW_VALUE_ALNUM = 128, /* RFC 5234 B.1 */
};

/* X(array, bit) for each class. */
#define SW_BYTE_CLASSES(X) \
    X(sw_byte_classes, SW_BYTE_TOKEN) \
    X(sw_byte_classes, SW_BYTE_VALUE) \
    X(sw_byte_classes, SW_BYTE_TARGET) \
    X(sw_byte_classes, SW_BYTE_HEX) \
    X(sw_byte_classes, SW_BYTE_LENIENT) \
    X(sw_byte_classes, SW_BYTE_HOST) \
    X(sw_byte_classes, SW_BYTE_PATH) \
    X(sw_byte_classes, SW_BYTE_CONTROL) \
    X(sw_value_classes, SW_VALUE_TOKEN) \
    X(sw_value_classes, SW_VALUE_QUOTED) \
    X(sw_value_classes, SW_VALUE_COOKIE) \
    X(sw_value_classes, SW_VALUE_ETAG) \
    X(sw_value_classes, SW_VALUE_NAME) \
    X(sw_value_classes, SW_VALUE_PATH) \
    X(sw_value_classes, SW_VALUE_TOKEN68) \
    X(sw_value_classes, SW_VALUE_ALNUM)

#endif
