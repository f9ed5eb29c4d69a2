/* proxy_protocol.h - the PROXY header before the first request of a connection. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_PROXY_PROTOCOL_H
#define SW_PROXY_PROTOCOL_H

#include <stdbool.h>

struct sw_connection;
struct sw_worker;

/*
 * Reads the PROXY header at the start of the input.  True when HTTP may begin.  False when more
 * input is needed, or the connection is broken; one that ended before its first byte broke no rule,
 * and is not logged.
 */
bool sw_connection_read_proxy_header(struct sw_worker *worker, struct sw_connection *connection);

#endif
