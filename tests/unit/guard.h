/* guard.h - bytes flush against memory that may not be touched: one too far is a crash. */
/* SPDX-License-Identifier: MIT */
#ifndef GUARD_H
#define GUARD_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A wall is as large as any page; between the two walls there is this much room. */
enum { GUARD_WALL = 1 << 16, GUARD_ROOM = 1 << 18 };

/* The room, GUARD_ROOM writable bytes; there is one, and every call below uses it anew. */
static inline char *guard_space(void)
{
    static char *room;
    if (!room) {
        char *memory = mmap(NULL, GUARD_WALL + GUARD_ROOM + GUARD_WALL, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED ||
            mprotect(memory + GUARD_WALL, GUARD_ROOM, PROT_READ | PROT_WRITE))
            abort();
        room = memory + GUARD_WALL;
    }
    return room;
}

/* A copy of the bytes, the last of them at the end of the room: nothing behind it can be read. */
static inline char *guard_end(const void *bytes, size_t n)
{
    char *copy = guard_space() + GUARD_ROOM - n;
    return n ? memcpy(copy, bytes, n) : copy;
}

/* A copy of the bytes, the first of them at the start of the room: nothing before can be read. */
static inline char *guard_begin(const void *bytes, size_t n)
{
    return n ? memcpy(guard_space(), bytes, n) : guard_space();
}

/* `more` behind the `len` bytes at the end of the room, which move to make place for it. */
static inline char *guard_append(size_t len, const void *more, size_t n)
{
    char *old = guard_space() + GUARD_ROOM - len;
    memmove(old - n, old, len);
    guard_end(more, n);
    return old - n;
}

#endif
