/* cpu.h - the instruction sets of this CPU. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CPU_H
#define SW_CPU_H

#include <stdbool.h>

/* On x86-64: whether the CPU has what the implementation of this name uses, and the system saves
   its registers. */
bool sw_cpu_has_sse42(void);
bool sw_cpu_has_avx2(void);
bool sw_cpu_has_avx512(void);

#endif
