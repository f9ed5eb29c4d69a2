/* demo.h - the pages of the demonstration. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_DEMO_H
#define SW_DEMO_H

#include "shockwave_server.h"

/* A handler for struct sw_server_config. */
void sw_demo_handle(struct sw_exchange *exchange);

#endif
