/* head_fast.c - which road through a head is the fastest here. */
/* SPDX-License-Identifier: MIT */
#include "head_fast.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

struct road {
    const char *name;
    void (*take)(struct sw_head *head, const char *buf, size_t len);
    bool (*here)(void);
};

static bool anywhere(void)
{
    return true;
}

#if defined(__x86_64__)
/* What the CPU can do, in cpuid's words, and which registers the system saves. */
struct cpu {
    unsigned leaf1_ecx, leaf7_ebx, leaf7_ecx, saved;
};

static struct cpu ask_cpu(void)
{
    struct cpu cpu = {0};
    unsigned eax, ebx, ecx, edx;

    __get_cpuid(1, &eax, &ebx, &cpu.leaf1_ecx, &edx);
    if (cpu.leaf1_ecx & bit_OSXSAVE)
        __asm__("xgetbv" : "=a"(cpu.saved), "=d"(edx) : "c"(0));
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
        cpu.leaf7_ebx = ebx;
        cpu.leaf7_ecx = ecx;
    }
    return cpu;
}

/* What is wanted and not there. */
static unsigned missing(unsigned bits, unsigned wanted)
{
    return wanted & ~bits;
}

static bool has_sse42(void)
{
    return !missing(ask_cpu().leaf1_ecx, bit_SSE4_2 | bit_POPCNT);
}

enum { SAVES_YMM = 0x06, SAVES_ZMM = 0xe6 };

static bool has_avx2(void)
{
    struct cpu cpu = ask_cpu();

    return !(missing(cpu.saved, SAVES_YMM) | missing(cpu.leaf1_ecx, bit_POPCNT) |
             missing(cpu.leaf7_ebx, bit_AVX2 | bit_BMI | bit_BMI2));
}

static bool has_avx512(void)
{
#ifdef SW_SIMDE
    return true;
#endif
    struct cpu cpu = ask_cpu();

    return !(missing(cpu.saved, SAVES_ZMM) | missing(cpu.leaf1_ecx, bit_POPCNT) |
             missing(cpu.leaf7_ebx,
                     bit_AVX2 | bit_BMI | bit_BMI2 | bit_AVX512BW | bit_AVX512VL) |
             missing(cpu.leaf7_ecx, bit_AVX512VBMI2));
}
#endif

/* The best first. */
static const struct road roads[] = {
#if defined(__x86_64__)
    {"avx512", sw_head_avx512, has_avx512},
    {"avx2", sw_head_avx2, has_avx2},
    {"sse42", sw_head_sse42, has_sse42},
#endif
#if defined(__aarch64__)
    {"neon", sw_head_neon, anywhere},
#endif
    {"portable", sw_head_words, anywhere},
};

/* Found at the first head; threads that come at the same time all find the same road. */
static void (*take)(struct sw_head *head, const char *buf, size_t len);

static const struct road *best(void)
{
    for (const struct road *road = roads;; road++)
        if (road->here())
            return road;
}

void sw_head_fast(struct sw_head *head, const char *buf, size_t len)
{
    void (*road)(struct sw_head *, const char *, size_t) = __atomic_load_n(&take, __ATOMIC_RELAXED);

    if (!road) {
        road = best()->take;
        __atomic_store_n(&take, road, __ATOMIC_RELAXED);
    }
    road(head, buf, len);
}

static bool same_text(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

const char *sw_head_variant(const char *name)
{
    for (size_t i = 0; i < sizeof roads / sizeof *roads; i++) {
        const struct road *road = &roads[i];
        if (name ? same_text(name, road->name) && road->here()
                 : road->take == __atomic_load_n(&take, __ATOMIC_RELAXED)) {
            __atomic_store_n(&take, road->take, __ATOMIC_RELAXED);
            return road->name;
        }
    }
    return name ? NULL : best()->name;
}
