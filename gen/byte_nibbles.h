/* byte_nibbles.h - sets of ASCII bytes as tables for vector shuffles; see byte.classes. */
/* SPDX-License-Identifier: MIT */
/* Generated from grammar/byte.classes.  Run `make gen`; do not edit. */

#ifndef SW_BYTE_NIBBLES_H
#define SW_BYTE_NIBBLES_H

#define SW_NIBBLES_TEXT_LOW -45, -5, -13, -5, -5, -5, -5, -5, -13, -14, -21, 43, -93, 43, -21, 103
#define SW_NIBBLES_TEXT_HIGH 5, 7, 8, 16, 40, 80, -8, -108, 0, 0, 0, 0, 0, 0, 0, 0
#define SW_NIBBLES_TEXT_IN_CONTROL 7 /* bits */
#define SW_NIBBLES_TEXT_IN_TOKEN 248 /* bits */

#define SW_NIBBLES_PATH_LOW 22, 31, 30, 30, 31, 30, 31, 31, 31, 31, 31, 11, 9, 11, 25, 15
#define SW_NIBBLES_PATH_HIGH 0, 0, 1, 6, 31, 4, 9, 16, 0, 0, 0, 0, 0, 0, 0, 0
#define SW_NIBBLES_PATH_IN_PATH 31 /* bits */

#define SW_NIBBLES_HOST_LOW 26, 31, 30, 30, 31, 30, 31, 31, 30, 30, 29, 5, 4, 5, 21, 12
#define SW_NIBBLES_HOST_HIGH 0, 0, 1, 2, 5, 10, 5, 18, 0, 0, 0, 0, 0, 0, 0, 0
#define SW_NIBBLES_HOST_IN_HOST 31 /* bits */

#endif
