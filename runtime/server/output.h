/* output.h - what was written goes to the socket. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_OUTPUT_H
#define SW_OUTPUT_H

#include "server/transaction.h"

/* Sends as much output as the socket takes, up to one portion.  False when it is broken. */
bool sw_connection_flush(struct sw_worker *worker, struct sw_connection *connection);

#endif
