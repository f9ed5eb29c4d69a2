/* counted.h - counts calls that allocate or free memory; for one source file of a program. */
/* SPDX-License-Identifier: MIT */
#ifndef COUNTED_H
#define COUNTED_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitized.h"

enum counted { COUNTED_MALLOC, COUNTED_FREE, COUNTED_MMAP, COUNTED_MUNMAP, COUNTED_BRK, COUNTED };

static atomic_size_t counted[COUNTED];

static inline size_t counted_all(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < COUNTED; i++)
        sum += atomic_load(&counted[i]);
    return sum;
}

#if SANITIZED

/* The sanitizer replaces malloc() and calls these hooks. */
void __sanitizer_malloc_hook(const volatile void *p, size_t n);
void __sanitizer_malloc_hook(const volatile void *p, size_t n)
{
    (void)p, (void)n;
    counted[COUNTED_MALLOC]++;
}

void __sanitizer_free_hook(const volatile void *p);
void __sanitizer_free_hook(const volatile void *p)
{
    (void)p;
    counted[COUNTED_FREE]++;
}

#else

/* These replace the C library's functions, which are available under other names. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void __libc_free(void *p);

void *malloc(size_t n)
{
    counted[COUNTED_MALLOC]++;
    return __libc_malloc(n);
}

void *calloc(size_t number, size_t n)
{
    counted[COUNTED_MALLOC]++;
    return __libc_calloc(number, n);
}

void *realloc(void *p, size_t n)
{
    counted[COUNTED_MALLOC]++;
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    counted[COUNTED_MALLOC]++;
    return __libc_memalign(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    counted[COUNTED_MALLOC]++;
    *p = __libc_memalign(alignment, n);
    return *p ? 0 : 12 /* ENOMEM */;
}

void free(void *p)
{
    counted[COUNTED_FREE]++;
    __libc_free(p);
}

void *mmap(void *where, size_t n, int protection, int flags, int fd, off_t offset)
{
    counted[COUNTED_MMAP]++;
    return (void *)syscall(SYS_mmap, where, n, protection, flags, fd, offset); /* NOLINT */
}

int munmap(void *p, size_t n)
{
    counted[COUNTED_MUNMAP]++;
    return (int)syscall(SYS_munmap, p, n);
}

/* The C library's malloc() calls its own brk() and sbrk() under other names. */
int brk(void *end)
{
    (void)end;
    counted[COUNTED_BRK]++;
    return -1;
}

void *sbrk(intptr_t n)
{
    (void)n;
    counted[COUNTED_BRK]++;
    return (void *)-1;
}

#endif

#endif
