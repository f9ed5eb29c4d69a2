/* limit.h - a limit, or its default where it is 0. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_LIMIT_H
#define SW_LIMIT_H

#include "shockwave.h"

#define SW_LIMIT(limits, member) \
    ((limits)->member ? (limits)->member : sw_limits_default.member)

static inline const struct sw_limits *sw_limits_or_default(const struct sw_limits *limits)
{
    return limits ? limits : &sw_limits_default;
}

#endif
