/* guard.h - buffers between guard pages: an access one byte outside is a crash. */
/* SPDX-License-Identifier: MIT */
#ifndef GUARD_H
#define GUARD_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Theory of operation.  One mapping has GUARD_ROOM writable bytes between two guard pages, which
 * are PROT_NONE.  Bytes under test are copied to either end, so that a read or write before the
 * first byte (guard_begin) or after the last (guard_end) ends the process with SIGSEGV.
 *
 *     | guard page | bytes ...                       ... bytes | guard page |
 *                  ^ guard_begin()                guard_end() + n ^
 *
 * There is one such buffer: each call below overwrites the bytes of the call before it.
 */

/* Bytes.  A guard page is as large as the largest page of any supported architecture. */
enum { GUARD_PAGE = 1 << 16, GUARD_ROOM = 1 << 18 };

/* The first of the GUARD_ROOM writable bytes. */
static inline char *guard_space(void)
{
    static char *room;
    if (!room) {
        char *memory = mmap(NULL, GUARD_PAGE + GUARD_ROOM + GUARD_PAGE, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED ||
            mprotect(memory + GUARD_PAGE, GUARD_ROOM, PROT_READ | PROT_WRITE))
            abort();
        room = memory + GUARD_PAGE;
    }
    return room;
}

/* Returns a copy of the bytes that ends at a guard page. */
static inline char *guard_end(const void *bytes, size_t n)
{
    char *copy = guard_space() + GUARD_ROOM - n;
    return n ? memcpy(copy, bytes, n) : copy;
}

/* Returns a copy of the bytes that starts after a guard page. */
static inline char *guard_begin(const void *bytes, size_t n)
{
    return n ? memcpy(guard_space(), bytes, n) : guard_space();
}

/* Appends `more` to the `len` bytes before the guard page, and returns where they start now. */
static inline char *guard_append(size_t len, const void *more, size_t n)
{
    char *old = guard_space() + GUARD_ROOM - len;
    memmove(old - n, old, len);
    guard_end(more, n);
    return old - n;
}

#endif
