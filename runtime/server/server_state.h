/* server_state.h - what the workers of a server share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_SERVER_STATE_H
#define SW_SERVER_STATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "server/service_manager.h"
#include "shockwave_server.h"

/* Written before the workers run, but for the atomic members. */
struct sw_server {
    struct sw_server_config config;
    size_t size, first, slice; /* of the mapping, see struct sw_plan */
    struct sw_service_manager service_manager;
    atomic_bool running;  /* sw_server_run() has begun, and has not returned yet */
    atomic_uint stop;     /* calls of sw_server_stop() */
    atomic_uint reopen;   /* calls of sw_server_reopen() */
    atomic_uint crowded;  /* rooms of workers with `crowded` set */
    atomic_uint helping;  /* workers that accept for others: no listener may be closed */
    atomic_uint reported; /* the last of `reopen` whose failure was reported */
};

struct sw_worker;

static inline struct sw_worker *sw_server_worker(const struct sw_server *server, uint32_t i)
{
    return (struct sw_worker *)(void *)((char *)(uintptr_t)server + server->first +
                                        i * server->slice);
}

static inline enum sw_server_state sw_server_state_now(const struct sw_server *server)
{
    if (!atomic_load(&server->running))
        return SW_SERVER_OPEN;
    return atomic_load(&server->stop) ? SW_SERVER_SHUTTING_DOWN : SW_SERVER_RUNNING;
}

#endif
