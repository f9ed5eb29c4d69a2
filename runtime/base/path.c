/* path.c - the counters of path.h, in builds for tests. */
/* SPDX-License-Identifier: MIT */
#include "base/path.h"

#ifdef SW_COUNT_PATHS
uint64_t sw_paths[SW_PATH_COUNT];
#else
typedef int sw_no_paths; /* ISO C forbids an empty translation unit */
#endif
