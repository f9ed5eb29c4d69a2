/* config.h - what a configuration means, and the memory it takes. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CONFIG_H
#define SW_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shockwave_server.h"

struct sw_room;

/* Replaces zeros by defaults.  Returns the name of a member that is out of range, or NULL. */
const char *sw_config_resolve(struct sw_server_config *config);

/* The first listener with a member out of range, or NULL.  Addresses are read on binding. */
const struct sw_listener_config *sw_config_wrong_listener(const struct sw_server_config *config);

/* Do the connections of a listener use the reserved room? */
bool sw_listener_reserved(const struct sw_listener_config *listener_config);

/* Overflow connections at once: accepted only to be refused. */
enum { SW_OVERFLOW_CONNECTIONS = 64 };

/* Sets the limits of a worker's rooms, of which there are SW_ROOMS. */
void sw_config_rooms(const struct sw_server_config *config, struct sw_room *rooms);

/*
 * The one mapping, as offsets: the server, then a slice of pages for each worker.
 *
 *     | server, to a page |  slice 0  |  slice 1  | ...
 *                         |
 *                         | worker | connections | transactions | ... | log | to a page
 *
 * Each pool starts at a multiple of 64 from the start of its slice.
 */
struct sw_plan {
    uint32_t peer_count, lease_count, parked_count;
    size_t input; /* bytes of one input buffer, with its extra fields */
    size_t connections, transactions, messages, compact_messages, inputs, outputs, partial_input,
        scratch, client_addresses, log, slice;
    size_t first, size;
};

struct sw_plan sw_config_plan(const struct sw_server_config *config);

#endif
