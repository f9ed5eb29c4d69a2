/* heap.cc - every call of the allocator in this process, counted. */
/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <cerrno>

/*
 * A program's own definitions take precedence over those of libc, in shared libraries too.  glibc
 * has the real ones under these names.
 */
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
}

static bench_heap heap;

static void note(size_t n)
{
    __atomic_fetch_add(&heap.calls, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&heap.bytes, n, __ATOMIC_RELAXED);
}

extern "C" {
void *malloc(size_t n) noexcept
{
    note(n);
    return __libc_malloc(n);
}

void *calloc(size_t count, size_t n) noexcept
{
    note(count * n);
    return __libc_calloc(count, n);
}

void *realloc(void *p, size_t n) noexcept
{
    note(n);
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n) noexcept
{
    note(n);
    return __libc_memalign(alignment, n);
}

void *memalign(size_t alignment, size_t n) noexcept
{
    note(n);
    return __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n) noexcept
{
    note(n);
    *out = __libc_memalign(alignment, n);
    return *out ? 0 : ENOMEM;
}
}

bench_heap bench_heap_now()
{
    return heap;
}
