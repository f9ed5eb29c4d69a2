/* readme_port.c - moves a server from its usual port to one that is free, and prints which. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "shockwave_server.h"

/* The linker puts the first in the place of the second (--wrap), so that a program whose text may
   not be touched can run beside anything else. */
struct sw_server *__wrap_sw_server_open(const struct sw_server_config *config,
                                        struct sw_server_error *fault);
struct sw_server *__real_sw_server_open(const struct sw_server_config *config,
                                        struct sw_server_error *fault);

struct sw_server *__wrap_sw_server_open(const struct sw_server_config *config,
                                        struct sw_server_error *fault)
{
    static const struct sw_listener_config any = {.address = "127.0.0.1"};
    struct sw_server_config moved = *config;
    moved.listeners = &any;
    moved.listener_count = 1;
    struct sw_server *server = __real_sw_server_open(&moved, fault);
    if (server)
        printf("%u\n", sw_server_port(server, 0));
    fflush(stdout);
    return server;
}
