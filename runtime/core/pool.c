/* pool.c - fixed slabs over memory that the caller gives. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shockwave.h"

/*
 * A free slab begins with a link to the one that was given back before it.  Slabs never taken are
 * not in that list: the memory from `fresh` on stays untouched, so that a large pool costs no more
 * pages than were in use at once.
 *
 * check, hide and show detect the use of a slab after it was put back: a free slab is poisoned for
 * AddressSanitizer; SW_DEBUG builds fill it with a pattern, and trap when a slab is taken whose
 * pattern has changed, or when a pointer is put back that is no slab of the pool or is free
 * already.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define POOL_ASAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define POOL_ASAN
#endif

static void *link_of(const char *slab)
{
    void *next;

    memcpy(&next, slab, sizeof next);
    return next;
}

#if defined(POOL_ASAN)
#include <sanitizer/asan_interface.h>

/* The link about to be written would be reported in a slab that is free already. */
static void check(const struct sw_pool *pool, const char *slab)
{
    (void)pool;
    (void)slab;
}

static void hide(const char *slab, size_t n)
{
    __asan_poison_memory_region(slab, n);
}

static void show(const char *slab, size_t n)
{
    __asan_unpoison_memory_region(slab, n);
}

#elif defined(SW_DEBUG)

enum { PATTERN = 0xa5 };

static void check(const struct sw_pool *pool, const char *slab)
{
    size_t at = (size_t)((uintptr_t)slab - (uintptr_t)pool->memory);

    if (at % pool->slab != 0 || at / pool->slab >= pool->fresh)
        __builtin_trap();
    for (const char *free = pool->free; free != NULL; free = link_of(free))
        if (free == slab)
            __builtin_trap();
}

static void hide(char *slab, size_t n)
{
    memset(slab + sizeof(void *), PATTERN, n - sizeof(void *));
}

static void show(const char *slab, size_t n)
{
    for (size_t i = sizeof(void *); i < n; i++)
        if ((unsigned char)slab[i] != PATTERN)
            __builtin_trap();
}

#else

static void check(const struct sw_pool *pool, const char *slab)
{
    (void)pool;
    (void)slab;
}

static void hide(const char *slab, size_t n)
{
    (void)slab;
    (void)n;
}

static void show(const char *slab, size_t n)
{
    (void)slab;
    (void)n;
}

#endif

/* Rounds up to cache lines, one at least, which the link needs; 0 on overflow of size_t. */
static size_t slab_size(size_t size)
{
    return size == 0 ? 64 : (size / 64 + (size % 64 != 0)) * 64;
}

size_t sw_pool_memory(size_t size, uint32_t count)
{
    size_t slab = slab_size(size);

    return slab == 0 || count > SIZE_MAX / slab ? SIZE_MAX : slab * count;
}

void sw_pool_init(struct sw_pool *pool, void *memory, size_t size, uint32_t count)
{
    *pool = (struct sw_pool){.memory = memory, .slab = slab_size(size), .count = count};
}

void *sw_pool_get(struct sw_pool *pool)
{
    char *slab = pool->free;

    if (slab != NULL) {
        show(slab, pool->slab);
        pool->free = link_of(slab);
    } else if (pool->fresh < pool->count) {
        slab = pool->memory + pool->slab * pool->fresh++;
    } else {
        pool->misses++;
        return NULL;
    }
    pool->hits++;
    if (++pool->used > pool->high)
        pool->high = pool->used;
    return slab;
}

void sw_pool_put(struct sw_pool *pool, void *slab)
{
    check(pool, slab);
    memcpy(slab, &pool->free, sizeof pool->free);
    hide(slab, pool->slab);
    pool->free = slab;
    pool->used--;
}

void sw_pool_close(struct sw_pool *pool)
{
    for (char *slab = pool->free; slab != NULL; slab = link_of(slab))
        show(slab, pool->slab);
    *pool = (struct sw_pool){.slab = pool->slab};
}
