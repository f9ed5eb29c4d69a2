/* check_pool.c - slabs are taken, returned and counted; use after return is detected. */
/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitized.h"
#include "shockwave.h"
#include "suite.h"
#ifdef SANITIZED_ADDRESS
#include <sanitizer/common_interface_defs.h>
#endif

enum { SLABS = 7, SIZE = 192 };

static _Alignas(64) char memory[SLABS * SIZE];

static struct sw_pool pool_of(uint32_t count)
{
    struct sw_pool pool;

    sw_pool_init(&pool, memory, SIZE, count);
    return pool;
}

static const struct {
    size_t size;
    uint32_t count;
    size_t bytes;
} sizes[] = {
    {0, 1, 64},
    {1, 1, 64},
    {64, 3, 192},
    {65, 3, 384},
    {1000, 10, 10240},
    {100, 0, 0},
    {SIZE_MAX, 1, SIZE_MAX},
    {SIZE_MAX - 62, 1, SIZE_MAX},
    {SIZE_MAX / 2, 2, SIZE_MAX},
    {SIZE_MAX / 64 / 64 * 64, UINT32_MAX, SIZE_MAX},
};

START_TEST(memory_is_rounded_up_to_cache_lines)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        ck_assert_uint_eq(sw_pool_memory(sizes[i].size, sizes[i].count), sizes[i].bytes);
}
END_TEST

START_TEST(slabs_are_apart_aligned_and_all_there)
{
    struct sw_pool pool = pool_of(SLABS);
    char *slab[SLABS];

    for (unsigned i = 0; i < SLABS; i++) {
        slab[i] = sw_pool_get(&pool);
        ck_assert_ptr_nonnull(slab[i]);
        ck_assert_uint_eq((uintptr_t)slab[i] % 64, 0);
        ck_assert(slab[i] >= memory && slab[i] + SIZE <= memory + sizeof memory);
        memset(slab[i], (int)i, SIZE);
    }
    ck_assert_ptr_null(sw_pool_get(&pool));
    for (unsigned i = 0; i < SLABS; i++)
        for (unsigned at = 0; at < SIZE; at++)
            ck_assert_uint_eq((unsigned char)slab[i][at], i);
    sw_pool_close(&pool);
}
END_TEST

START_TEST(the_last_given_back_is_the_next_taken)
{
    struct sw_pool pool = pool_of(SLABS);
    void *a = sw_pool_get(&pool), *b = sw_pool_get(&pool), *c = sw_pool_get(&pool);

    sw_pool_put(&pool, b);
    sw_pool_put(&pool, a);
    sw_pool_put(&pool, c);
    ck_assert_ptr_eq(sw_pool_get(&pool), c);
    ck_assert_ptr_eq(sw_pool_get(&pool), a);
    ck_assert_ptr_eq(sw_pool_get(&pool), b);
    ck_assert_ptr_ne(sw_pool_get(&pool), NULL);
    sw_pool_close(&pool);
}
END_TEST

START_TEST(the_counters_are_true)
{
    struct sw_pool pool = pool_of(2);
    void *a = sw_pool_get(&pool);

    ck_assert(pool.used == 1 && pool.high == 1 && pool.hits == 1 && pool.misses == 0);
    sw_pool_put(&pool, a);
    ck_assert(pool.used == 0 && pool.high == 1 && pool.hits == 1 && pool.misses == 0);
    a = sw_pool_get(&pool);
    ck_assert(pool.used == 1 && pool.high == 1 && pool.hits == 2 && pool.misses == 0);
    ck_assert_ptr_nonnull(sw_pool_get(&pool));
    ck_assert(pool.used == 2 && pool.high == 2 && pool.hits == 3 && pool.misses == 0);
    ck_assert_ptr_null(sw_pool_get(&pool));
    ck_assert_ptr_null(sw_pool_get(&pool));
    ck_assert(pool.used == 2 && pool.high == 2 && pool.hits == 3 && pool.misses == 2);
    sw_pool_put(&pool, a);
    ck_assert(pool.used == 1 && pool.high == 2 && pool.hits == 3 && pool.misses == 2);
    sw_pool_close(&pool);
}
END_TEST

START_TEST(an_empty_or_closed_pool_has_nothing)
{
    struct sw_pool pool;

    sw_pool_init(&pool, NULL, SIZE, 0);
    ck_assert_ptr_null(sw_pool_get(&pool));

    pool = pool_of(SLABS);
    void *a = sw_pool_get(&pool);
    ck_assert_ptr_nonnull(sw_pool_get(&pool));
    sw_pool_put(&pool, a);
    sw_pool_close(&pool);
    ck_assert_ptr_null(sw_pool_get(&pool));
    memset(memory, 0, sizeof memory); /* the pool is closed: allowed */
}
END_TEST

/* Memory that was never touched is not resident: count the resident pages of a large pool. */
START_TEST(only_taken_slabs_cost_memory)
{
    enum { COUNT = 1024, PAGES = 4 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = sw_pool_memory(page, COUNT);
    void *map = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char resident[COUNT];
    struct sw_pool pool;
    size_t pages = 0;

    ck_assert_ptr_ne(map, MAP_FAILED);
    ck_assert_int_eq(madvise(map, n, MADV_NOHUGEPAGE), 0);
    sw_pool_init(&pool, map, page, COUNT);
    for (unsigned i = 0; i < 100; i++) { /* a hundred iterations that need four slabs each */
        void *slab[PAGES];

        for (unsigned j = 0; j < PAGES; j++)
            slab[j] = memset(sw_pool_get(&pool), 1, page);
        for (unsigned j = 0; j < PAGES; j++)
            sw_pool_put(&pool, slab[j]);
    }
    ck_assert_int_eq(mincore(map, n, resident), 0);
    for (unsigned i = 0; i < COUNT; i++)
        pages += resident[i] & 1;
    ck_assert_uint_eq(pages, PAGES);
    sw_pool_close(&pool);
    ck_assert_int_eq(munmap(map, n), 0);
}
END_TEST

/* ---- What debug builds catch ----------------------------------------------------------------- */

#if defined(SANITIZED_ADDRESS) || defined(SW_DEBUG)

static void write_after_put(struct sw_pool *pool, char *slab)
{
    sw_pool_put(pool, slab);
    slab[SIZE - 1] = 'x';
    sw_pool_get(pool);
}

static void put_twice(struct sw_pool *pool, char *slab)
{
    void *other = sw_pool_get(pool);

    sw_pool_put(pool, slab);
    sw_pool_put(pool, other);
    sw_pool_put(pool, slab);
}

#ifdef SANITIZED_ADDRESS
static void read_after_put(struct sw_pool *pool, char *slab)
{
    sw_pool_put(pool, slab);
    *(volatile char *)slab;
}
#else
static void put_the_middle(struct sw_pool *pool, char *slab)
{
    sw_pool_put(pool, slab + 64);
}

static void put_never_taken(struct sw_pool *pool, char *slab)
{
    sw_pool_put(pool, slab + SIZE);
}

static void put_before_the_first(struct sw_pool *pool, char *slab)
{
    sw_pool_put(pool, slab - SIZE);
}
#endif

static void (*const misuse[])(struct sw_pool *, char *) = {
    write_after_put,
    put_twice,
#ifdef SANITIZED_ADDRESS
    read_after_put,
#else
    put_the_middle,  put_never_taken, put_before_the_first,
#endif
};

START_TEST(misuse_ends_the_process)
{
    for (size_t i = 0; i < sizeof misuse / sizeof *misuse; i++) {
        pid_t child = fork();
        int status = 0;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            struct rlimit no_core = {0, 0};
            struct sw_pool pool;

            setrlimit(RLIMIT_CORE, &no_core);
            close(STDERR_FILENO); /* the sanitizer's report is expected */
#ifdef SANITIZED_ADDRESS
            __sanitizer_set_report_fd((void *)(intptr_t)STDERR_FILENO);
#endif
            sw_pool_init(&pool, memory + SIZE, SIZE, SLABS - 1);
            misuse[i](&pool, sw_pool_get(&pool));
            _exit(0);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    }
}
END_TEST

#endif

int main(void)
{
    const struct suite_test tests[] = {
        {memory_is_rounded_up_to_cache_lines, 1},
        {slabs_are_apart_aligned_and_all_there, 1},
        {the_last_given_back_is_the_next_taken, 1},
        {the_counters_are_true, 1},
        {an_empty_or_closed_pool_has_nothing, 1},
        {only_taken_slabs_cost_memory, 1},
#if defined(SANITIZED_ADDRESS) || defined(SW_DEBUG)
        {misuse_ends_the_process, 1},
#endif
    };
    return suite_main("pool", tests, COUNT(tests));
}
