/* cpu.c - the instruction sets of this CPU. */
/* SPDX-License-Identifier: MIT */
#include "base/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* Feature bits of cpuid functions 1 and 7, and XCR0: the registers that the system saves. */
struct cpu {
    unsigned leaf1_ecx, leaf7_ebx, leaf7_ecx, xcr0;
};

static struct cpu read_cpu(void)
{
    struct cpu cpu = {0};
    unsigned eax, ebx, ecx, edx;

    __get_cpuid(1, &eax, &ebx, &cpu.leaf1_ecx, &edx);
    if (cpu.leaf1_ecx & bit_OSXSAVE)
        __asm__("xgetbv" : "=a"(cpu.xcr0), "=d"(edx) : "c"(0));
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
        cpu.leaf7_ebx = ebx;
        cpu.leaf7_ecx = ecx;
    }
    return cpu;
}

/* The bits that are wanted and not set. */
static unsigned missing(unsigned bits, unsigned wanted)
{
    return wanted & ~bits;
}

bool sw_cpu_has_sse42(void)
{
    return !missing(read_cpu().leaf1_ecx, bit_SSE4_2 | bit_POPCNT);
}

/* XCR0: SSE and AVX state; the same, opmask, and both parts of ZMM. */
enum { SAVES_YMM = 0x06, SAVES_ZMM = 0xe6 };

bool sw_cpu_has_avx2(void)
{
    struct cpu cpu = read_cpu();

    return !(missing(cpu.xcr0, SAVES_YMM) | missing(cpu.leaf1_ecx, bit_POPCNT) |
             missing(cpu.leaf7_ebx, bit_AVX2 | bit_BMI | bit_BMI2));
}

bool sw_cpu_has_avx512(void)
{
#ifdef SW_SIMDE
    return true;
#endif
    struct cpu cpu = read_cpu();

    return !(missing(cpu.xcr0, SAVES_ZMM) | missing(cpu.leaf1_ecx, bit_POPCNT) |
             missing(cpu.leaf7_ebx, bit_AVX2 | bit_BMI | bit_BMI2 | bit_AVX512BW | bit_AVX512VL) |
             missing(cpu.leaf7_ecx, bit_AVX512VBMI | bit_AVX512VBMI2));
}
#endif
