/* path.h - which way through the code was taken, counted in builds for tests. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_PATH_H
#define SW_PATH_H

/*
 * What a short cut leaves out, the long way does as well: no result shows which of the two was
 * taken. With SW_COUNT_PATHS each place that SW_PATH() marks is counted, for tests/tools/paths.c to
 * see that usual messages take the short cuts.  Without it, as in the archives, nothing is left of
 * it.  The counts are common to all threads and not atomic: a test has one.
 */
#ifdef SW_COUNT_PATHS

#include <stdint.h>

enum sw_path {
    SW_PATH_HEAD_PART,     /* parts of heads taken byte by byte */
    SW_PATH_HEAD_FINISH,   /* heads that a road did not bring to their end */
    SW_PATH_HEAD_WORDS,    /* heads, or their rests, taken by words */
    SW_PATH_HEAD_RESUME,   /* heads of which a road takes the rest, or all that is odd */
    SW_PATH_HEAD_ODD_LINE, /* lines taken by a call of their own */
    SW_PATH_HEAD_ANY,      /* heads of which nothing was known before their first block */
    SW_PATH_HEAD_TARGET,   /* request targets that were not surely paths */
    SW_PATH_HEAD_SHORT,    /* heads of one block */
    SW_PATH_HEAD_LONG,     /* heads of several blocks */
    SW_PATH_HEAD_CONCLUDE, /* heads whose Host was looked for at their end */
    SW_PATH_HEAD_DONE,     /* heads that a road brought to their end */
    SW_PATH_HOST,          /* hosts read by their grammar */
    SW_PATH_CHUNK_PLAIN,   /* chunks taken in one go */
    SW_PATH_CHUNK_SAME,    /* of these, with a line as long as the one before */
    SW_PATH_CHUNK_ANY,     /* calls that took a part of one */
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
