/* path.h - counters of fast and slow paths, in builds for tests. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_PATH_H
#define SW_PATH_H

/*
 * Fast path and slow path have the same results, so that no result shows which one was taken.  With
 * SW_COUNT_PATHS each SW_PATH() counts, and tests/tools/paths.c checks that usual messages take the
 * fast path.  Without it, as in the archives, SW_PATH() compiles to nothing.  The counters are
 * global and not atomic: a test has one thread.
 */
#ifdef SW_COUNT_PATHS

#include <stdint.h>

enum sw_path {
    SW_PATH_HEAD_STEP,        /* steps of head_step.c, byte by byte */
    SW_PATH_HEAD_FINISH,      /* heads that the fast path left to the slow path */
    SW_PATH_HEAD_SWAR,        /* calls of sw_head_parse_swar() */
    SW_PATH_HEAD_REST,        /* parse_rest(): heads in pieces, or with slow-path lines */
    SW_PATH_HEAD_SLOW_LINE,   /* lines by sw_head_slow_line() */
    SW_PATH_HEAD_ANY,         /* parse_any_head() and parse_any_request() */
    SW_PATH_HEAD_SLOW_TARGET, /* request targets checked byte by byte */
    SW_PATH_HEAD_ONE_BLOCK,   /* parse_one_block() */
    SW_PATH_HEAD_MANY_BLOCKS, /* parse_many_blocks() */
    SW_PATH_HEAD_COMPLETE,    /* complete_head(): heads with a Host to check at their end */
    SW_PATH_HEAD_DONE,        /* heads that the fast path completed */
    SW_PATH_HOST,             /* hosts parsed by their grammar */
    SW_PATH_CHUNK_PLAIN,      /* chunks parsed at once */
    SW_PATH_CHUNK_SAME,       /* of these, with a line as long as the one before */
    SW_PATH_CHUNK_ANY,        /* calls that parsed a part of a chunk */
    SW_PATH_COUNT,
};

extern uint64_t sw_paths[SW_PATH_COUNT];

#define SW_PATH(name)       SW_PATH_BY(name, 1)
#define SW_PATH_BY(name, n) ((void)(sw_paths[SW_PATH_##name] += (n)))

#else

#define SW_PATH(name)       ((void)0)
#define SW_PATH_BY(name, n) ((void)0)

#endif

#endif
