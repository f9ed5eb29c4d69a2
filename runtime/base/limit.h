/* limit.h - a limit, or its default if it is 0, and what is tolerated in responses. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_LIMIT_H
#define SW_LIMIT_H

#include "shockwave.h"

#define SW_LIMIT(limits, member) ((limits)->member ? (limits)->member : sw_limits_default.member)

static inline const struct sw_limits *sw_limits_or_default(const struct sw_limits *limits)
{
    return limits ? limits : &sw_limits_default;
}

/* Whether this is tolerated: only in responses and their trailer sections. */
static inline bool sw_head_lenient(const struct sw_head *head, enum sw_lenient flag)
{
    return head->kind != SW_REQUEST && !head->of_request && head->limits->lenient & flag;
}

#endif
