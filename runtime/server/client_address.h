/* client_address.h - the client's address: of the socket, or reported by a trusted proxy. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CLIENT_ADDRESS_H
#define SW_CLIENT_ADDRESS_H

#include <stdbool.h>

#include "shockwave_server.h"

struct sockaddr;
struct sw_connection;
struct sw_worker;

/* Is the client one of config->trusted, or connected through a unix socket? */
bool sw_client_is_trusted(const struct sw_server_config *config, const struct sw_client *client);

/* The limits for connections from this address. */
const struct sw_limits *sw_connection_limits(const struct sw_worker *worker,
                                             const struct sockaddr *end);

/* Keeps the address of the socket: after a disconnect the kernel no longer has it. */
void sw_connection_note_address(struct sw_worker *worker, struct sw_connection *connection,
                                const struct sockaddr *end);

/* The address of the socket, or the one of the PROXY header. */
struct sw_client *sw_connection_client(struct sw_worker *worker, struct sw_connection *connection);

#endif
