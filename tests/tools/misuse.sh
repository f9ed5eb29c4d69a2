#!/bin/sh
# misuse.sh - what the headers make impossible does not compile: misuse.sh CC FLAGS...
# SPDX-License-Identifier: MIT
set -u

includes='#include "shockwave_server.h"
void f(struct sw_exchange *exchange, const char *pointer, char *writable);
void f(struct sw_exchange *exchange, const char *pointer, char *writable)
{
    static const char array[] = "text";
    struct sw_span span = {array, 4};
    (void)exchange, (void)pointer, (void)writable, (void)span, (void)array;
'

compiler="$*"
failures=0
# check yes|no STATEMENT: whether it must compile
check() {
    wanted=$1 statement=$2
    if printf '%s    %s\n}\n' "$includes" "$statement" |
        $compiler -x c -fsyntax-only - 2>/dev/null; then is=yes; else is=no; fi
    if [ $is != "$wanted" ]; then
        echo "misuse.sh: compiles: $is, wanted $wanted: $statement" >&2
        failures=$((failures + 1))
    fi
}

check yes 'span = SW_SPAN("literal");'
check yes 'span = SW_SPAN("two " "literals");'
check yes 'span = SW_SPAN_ARRAY(array);'
check yes 'span = sw_span_of(pointer);'
check yes 'span = sw_span_of(writable);'
check no  'span = SW_SPAN(pointer);'
check no  'span = SW_SPAN(writable);'
check no  'span = SW_SPAN(array);'
check no  'span = SW_SPAN(array + 1);'
check no  'span = SW_SPAN_ARRAY(pointer);'
check no  'span = SW_SPAN_ARRAY(writable);'
check no  'span = SW_SPAN_ARRAY(array + 1);'

check yes 'sw_reply_field(exchange, SW_HEADER_AGE, span);'
check no  'sw_write_end(sw_reply_begin(exchange, SW_STATUS_OK, 0));'
check no  'sw_write_end(sw_reply_interim(exchange, SW_STATUS_EARLY_HINTS));'
check no  'sw_write_field(sw_reply_begin(exchange, SW_STATUS_OK, 0), SW_HEADER_AGE, span);'
check no  'sw_write_end(exchange);'

exit $((failures > 0))
