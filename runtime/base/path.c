/* path.c - the counts of path.h, in builds for tests. */
/* SPDX-License-Identifier: MIT */
#include "base/path.h"

#ifdef SW_COUNT_PATHS
uint64_t sw_paths[SW_PATH_COUNT];
#else
typedef int sw_no_paths; /* C wants something in each file */
#endif
