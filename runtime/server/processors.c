/* processors.c - how many processors this process may use. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server/processors.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The limits are the affinity mask, and the CPU quotas of the cgroup of the process and of all its
 * parents.  A container with a quota of 2 processors has all 64 of the machine in its mask; 64
 * threads would use up the quota in a thirty-second of each period, and then be throttled until the
 * next one.
 *
 *   /proc/self/cgroup      path of the cgroup in its hierarchy: `0::/a/b`, v1 `4:cpu,cpuacct:/a`
 *   /proc/self/mountinfo   where hierarchies are mounted, and which of their folders is the root
 *   cpu.max                v2: `QUOTA PERIOD` or `max PERIOD`, cgroups(7)
 *   cpu.cfs_quota_us, cpu.cfs_period_us   v1; a quota of -1 is none
 */

enum { CPUS = 1 << 15 }; /* more than any kernel supports */

/* The mask of a large machine is longer than cpu_set_t: with that, the call fails. */
static uint32_t by_affinity(void)
{
    static const size_t size = CPUS / 8;
    unsigned long set[CPUS / 8 / sizeof(unsigned long)] = {0};
    if (sched_getaffinity(0, size, (cpu_set_t *)(void *)set))
        return 1;
    return (uint32_t)CPU_COUNT_S(size, (cpu_set_t *)(void *)set);
}

/* ---- Quotas ---------------------------------------------------------------------------------- */

struct search {
    const char *root;     /* prefix of each path that is read */
    bool old;             /* cgroup v1 */
    char group[PATH_MAX]; /* of the process, in its hierarchy; empty: there is none */
    uint32_t least;       /* processors so far */
};

/* Reads the first line of a file in a folder. */
static bool read_line(const char *folder, const char *name, char *line, int size)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
    bool ok = file && fgets(line, size, file);
    if (file)
        fclose(file);
    return ok;
}

/* Rounds up, so that the result is never 0. */
static void note_quota(struct search *search, long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return;
    long long n = quota / period + (quota % period != 0);
    if (n < search->least)
        search->least = (uint32_t)n;
}

static void read_quota(struct search *search, const char *folder)
{
    char line[128], *end = line;
    if (!read_line(folder, search->old ? "cpu.cfs_quota_us" : "cpu.max", line, sizeof line))
        return;
    long long quota = strtoll(line, &end, 10);
    if (search->old && !read_line(folder, "cpu.cfs_period_us", end = line, sizeof line))
        return;
    note_quota(search, quota, strtoll(end, NULL, 10)); /* "max" is read as 0 */
}

/* ---- Where they are -------------------------------------------------------------------------- */

/* Is `word` in a comma-separated list? */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0' || p[n] == '\n'))
            return true;
    return false;
}

/* A line of /proc/self/cgroup: NUMBER:CONTROLLERS:PATH. */
static void take_group(struct search *search, char *line)
{
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path)
        return;
    *controllers++ = *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    bool matches = search->old ? has_word(controllers, "cpu") : strcmp(line, "0") == 0;
    if (matches && path[0] == '/' && strlen(path) < sizeof search->group)
        strcpy(search->group, path);
}

/* mountinfo writes blanks and backslashes as `\040`, proc(5). */
static void unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p; to++) {
        bool escaped = p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3];
        if (escaped)
            *to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
        else
            *to = *p;
        p += escaped ? 4 : 1;
    }
    *to = '\0';
}

/* The rest of a path below `top`; NULL when it is not below `top`. */
static const char *below(const char *path, const char *top)
{
    size_t n = strcmp(top, "/") == 0 ? 0 : strlen(top);
    if (strncmp(path, top, n) != 0 || (path[n] != '/' && path[n] != '\0'))
        return NULL;
    return strcmp(path + n, "/") == 0 ? path + n + 1 : path + n;
}

/* Reads the quotas of the cgroup and of its parents, as far as this mount shows them. */
static void climb(struct search *search, const char *top, const char *mount)
{
    char folder[PATH_MAX];
    const char *rest = below(search->group, top);
    if (!rest || strstr(rest, "/.."))
        return;
    int n = snprintf(folder, sizeof folder, "%s%s%s", search->root, mount, rest);
    if (n <= 0 || (size_t)n >= sizeof folder)
        return;
    char *slash = folder + n, *end = slash - strlen(rest);
    for (; slash && slash >= end; slash = strrchr(folder, '/')) {
        *slash = '\0';
        read_quota(search, folder);
    }
}

/* A line of /proc/self/mountinfo: ID PARENT DEVICE TOP MOUNT OPTIONS [...] - TYPE SOURCE OPTIONS */
static void take_mount(struct search *search, char *line)
{
    char *word[6], *save, *tail = strstr(line, " - ");
    if (!tail)
        return;
    *tail = '\0';
    char *next = line;
    for (int i = 0; i < 5; i++, next = NULL)
        if (!(word[i] = strtok_r(next, " ", &save)))
            return;
    char *top = word[3], *mount = word[4];
    char *type = strtok_r(tail + 3, " ", &save), *source = strtok_r(NULL, " ", &save);
    char *options = strtok_r(NULL, " ", &save);
    if (!source || !options || strcmp(type, search->old ? "cgroup" : "cgroup2") != 0 ||
        (search->old && !has_word(options, "cpu")))
        return;
    unescape(top);
    unescape(mount);
    climb(search, top, mount);
}

static void each_line(struct search *search, const char *name,
                      void (*take)(struct search *search, char *line))
{
    char path[PATH_MAX], *line = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s%s", search->root, name);
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &size, file) > 0)
        take(search, line);
    free(line);
    if (file)
        fclose(file);
}

uint32_t sw_processors_by_quota(const char *root)
{
    uint32_t least = UINT32_MAX;
    for (int old = 0; old < 2; old++) { /* both may be mounted, each with other controllers */
        struct search search = {.root = root, .old = old, .least = least};
        each_line(&search, "/proc/self/cgroup", take_group);
        if (search.group[0])
            each_line(&search, "/proc/self/mountinfo", take_mount);
        least = search.least;
    }
    return least;
}

uint32_t sw_processors(void)
{
    uint32_t affinity = by_affinity(), quota = sw_processors_by_quota("");
    return affinity < quota ? affinity : quota;
}
