/* processors.h - how many processors this process may use. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_PROCESSORS_H
#define SW_PROCESSORS_H

#include <stdint.h>

/* At least 1: the processors of the affinity mask, or the CPU quota of the process's cgroups,
   rounded up, if that is less. */
uint32_t sw_processors(void);

/* The quota alone; UINT32_MAX without one.  `root` is put before each path that is read; it is
   empty except in tests. */
uint32_t sw_processors_by_quota(const char *root);

#endif
