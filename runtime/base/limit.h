/* limit.h - a limit, or its default if it is 0, and what is tolerated in responses. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_LIMIT_H
#define SW_LIMIT_H

#include "shockwave.h"

static inline uint64_t sw_limit(uint64_t limit, uint64_t when_0)
{
    return limit == 0 ? when_0 : limit == SW_LIMIT_ZERO ? 0 : limit;
}

/* A limit of 32 bits; see sw_limit_body() for the one of 64. */
#define SW_LIMIT(limits, member)                                                                   \
    ((uint32_t)sw_limit((limits)->member, sw_limits_default.member))

static inline uint64_t sw_limit_body(const struct sw_limits *limits)
{
    return limits->body == SW_LIMIT_NONE ? UINT64_MAX
                                         : sw_limit(limits->body, sw_limits_default.body);
}

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
