/* cpu.h - what this processor can do. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CPU_H
#define SW_CPU_H

#include <stdbool.h>

/* On x86-64: what the roads through a head need that are named so, and the system to save their
   registers. */
bool sw_cpu_has_sse42(void);
bool sw_cpu_has_avx2(void);
bool sw_cpu_has_avx512(void);

#endif
