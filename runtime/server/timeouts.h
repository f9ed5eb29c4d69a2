/* timeouts.h - what a connection waits for, and for how long. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_TIMEOUTS_H
#define SW_TIMEOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/wait.h"
#include "server/worker_state.h"

/* What becomes of a timer that is set again for the same wait. */
enum sw_restart {
    SW_RESTART = 0,
    SW_KEEP,             /* it keeps its deadline */
    SW_KEEP_WHILE_SET,   /* the same, until it has expired */
    SW_KEEP_WHILE_BELOW, /* the same, until config->min_progress bytes have arrived */
};

struct sw_timeout {
    size_t member; /* of struct sw_server_config, milliseconds; 0: none */
    enum sw_restart restart;
    uint16_t status; /* of the response, if none has begun; 0: it is closed without one */
    bool reset;      /* what the client did not read is discarded by the kernel */
    bool refused;    /* logged as a refusal: there is no transaction to be logged */
};

extern const struct sw_timeout sw_timeouts[SW_WAITS];

/* Sets what the connection waits for, and its timer. */
void sw_connection_wait_for(struct sw_worker *worker, struct sw_connection *connection,
                            enum sw_wait wait);

/* Waiting for WRITE: has the client read config->min_progress bytes since the timer was set?  4 GiB
   are always enough. */
bool sw_connection_made_progress(const struct sw_worker *worker,
                                 const struct sw_connection *connection);

#endif
