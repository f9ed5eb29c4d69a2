/* head_fast.c - the dispatcher of the fast path, and its rarer steps. */
/* SPDX-License-Identifier: MIT */
#include "base/cpu.h"
#include "core/simd/head_fast.h"

struct implementation {
    const char *name;
    ptrdiff_t (*parse)(struct sw_head *head, const char *buf, size_t len);
    enum sw_header (*find)(const char *name, size_t len);
    bool (*is_supported)(void);
};

static bool always(void)
{
    return true;
}

/* The best first. */
static const struct implementation implementations[] = {
#if defined(__x86_64__)
    {"avx512", sw_head_parse_avx512, sw_header_find_avx512, sw_cpu_has_avx512},
    {"avx2", sw_head_parse_avx2, sw_header_find_swar, sw_cpu_has_avx2},
    {"sse42", sw_head_parse_sse42, sw_header_find_swar, sw_cpu_has_sse42},
#endif
#if defined(SW_HEAD_NEON)
    {"neon", sw_head_parse_neon, sw_header_find_swar, always},
#endif
    {"portable", sw_head_parse_swar, sw_header_find_swar, always},
};

static const struct implementation *best(void)
{
    for (const struct implementation *implementation = implementations;; implementation++)
        if (implementation->is_supported())
            return implementation;
}

/* Initially the dispatcher: picks the best implementation for this CPU and replaces itself. Threads
   that run it at the same time pick the same. */
static ptrdiff_t choose_implementation(struct sw_head *head, const char *buf, size_t len)
{
    const struct implementation *implementation = best();

    __atomic_store_n(&sw_head_implementation, implementation->parse, __ATOMIC_RELAXED);
    return implementation->parse(head, buf, len);
}

ptrdiff_t (*sw_head_implementation)(struct sw_head *head, const char *buf,
                                    size_t len) = choose_implementation;

bool sw_head_status_line(struct sw_head *head, const char *buf, size_t len, size_t end)
{
    const char *p = buf + head->at;
    struct sw_status_line line;

    if (end < 13 || head->at + end + 2 > len || !is_crlf(p + end) || sw_status_scan(p, &line) < 100)
        return false;
    head->status = line.code;
    head->status_id = line.id;
    head->minor = line.minor;
    head->start = head->at;
    head->target = head->at + 13;
    head->target_len = (uint32_t)end - 13;
    head->state = SW_HEAD_FIELD;
    head->at += (uint32_t)end + 2;
    return true;
}

bool sw_head_slow_target(struct sw_head *head, const char *buf)
{
    SW_PATH(HEAD_SLOW_TARGET);
    if (buf[head->target - 1] == ' ' && sw_head_check_target(head, buf))
        return true;
    head->state = SW_HEAD_START;
    head->error = SW_OK;
    head->at = head->start;
    head->method = head->minor = 0;
    head->start = head->target = head->target_len = 0;
    return false;
}

size_t sw_head_fast_lines(const struct sw_head *head, size_t len, const uint16_t *position,
                          size_t count)
{
    size_t lines = count / 2, i = head->field_count, room = head->max.fields;
    size_t from = head->at, max = head->max.line;

    if (i < SW_FIELDS_INLINE && room > SW_FIELDS_INLINE)
        room = SW_FIELDS_INLINE;
    if (lines > room - i)
        lines = room - i;
    if (lines && position[2 * lines - 1] + 2u > len)
        lines--;
    if (!lines || position[2 * lines - 1] - from <= max)
        return lines;
    for (size_t k = 0; k < lines; k++) {
        if (position[2 * k + 1] - from > max)
            return k;
        from = position[2 * k + 1] + 2u;
    }
    return lines;
}

bool sw_head_slow_line(struct sw_head *head, const char *buf, size_t e, size_t r)
{
    SW_PATH(HEAD_SLOW_LINE);
    if (buf[e] != ':' || !is_crlf(buf + r) || e - head->at - 1 >= head->max.name)
        return false;
    head->line = head->at;
    head->at = (uint32_t)r + 2;
    return sw_head_add(head, buf, e, r);
}

static bool same_text(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

const char *sw_head_variant(const char *name)
{
    for (size_t i = 0; i < sizeof implementations / sizeof *implementations; i++) {
        const struct implementation *implementation = &implementations[i];
        if (name ? same_text(name, implementation->name) && implementation->is_supported()
                 : implementation->parse ==
                       __atomic_load_n(&sw_head_implementation, __ATOMIC_RELAXED)) {
            __atomic_store_n(&sw_head_implementation, implementation->parse, __ATOMIC_RELAXED);
            __atomic_store_n(&sw_header_implementation, implementation->find, __ATOMIC_RELAXED);
            return implementation->name;
        }
    }
    return name ? NULL : best()->name;
}
