/* header.c - the lookup of a field name, for those who call it. */
/* SPDX-License-Identifier: MIT */
#include "header.h"

enum sw_header sw_header_find(const char *name, size_t len)
{
    return sw_header_lookup(name, len);
}
