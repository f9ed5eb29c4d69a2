/* check_processors.c - the server: CPU quotas of cgroups, in folders like theirs. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <check.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"
#include "server/processors.h"
#include "suite.h"

#define V2(top, mount) "30 23 0:26 " top " " mount " rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
#define V1(top, mount) "31 23 0:27 " top " " mount " rw - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_ONLY_MEMORY "32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
#define OTHERS                                                                                     \
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"                                      \
    "23 22 0:21 / /sys rw - sysfs sysfs rw\n"
#define NONE UINT32_MAX

static const struct {
    const char *cgroup, *mountinfo;
    struct {
        const char *name, *text;
    } files[4];
    uint32_t want;
} trees[] = {
    /* v2: its own quota, a parent's, the smaller of both, none, fractions */
    {"0::/a/b\n",
     OTHERS V2("/", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n"}},
     2},
    {"0::/a/b\n",
     OTHERS V2("/", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"},
      {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"}},
     3},
    {"0::/a/b/c\n",
     V2("/", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/a/cpu.max", "300000 100000\n"},
      {"/sys/fs/cgroup/a/b/cpu.max", "100000 100000\n"},
      {"/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n"}},
     1},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "max 100000\n"}}, NONE},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "150000 100000\n"}}, 2},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "1000 100000\n"}}, 1},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "200001 100000\n"}}, 3},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "60000 20000\n"}}, 3},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/b/cpu.max", "60000 20000\n"}}, NONE},
    /* a namespace of its own; the mount shows a part of the hierarchy */
    {"0::/\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/cpu.max", "400000 100000\n"}}, 4},
    {"0::/docker/x\n",
     V2("/docker/x", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/cpu.max", "500000 100000\n"}},
     5},
    {"0::/docker/x/y\n",
     V2("/docker/x", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/y/cpu.max", "600000 100000\n"}},
     6},
    {"0::/docker/xy\n",
     V2("/docker/x", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/cpu.max", "600000 100000\n"}},
     NONE},
    {"0::/../other\n",
     V2("/", "/sys/fs/cgroup"),
     {{"/sys/fs/other/cpu.max", "100000 100000\n"}},
     NONE},
    {"0::/../other\n",
     V2("/..", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/other/cpu.max", "700000 100000\n"}},
     7},
    {"0::/a\n",
     V2("/", "/mnt/with\\040blanks\\134"),
     {{"/mnt/with blanks\\/a/cpu.max", "200000 100000\n"}},
     2},
    {"0::/a:b c\n",
     V2("/", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/a:b c/cpu.max", "200000 100000\n"}},
     2},
    /* v1, alone and with v2 beside it */
    {"5:memory:/m\n4:cpu,cpuacct:/a/b\n",
     V1_ONLY_MEMORY V1("/", "/sys/fs/cgroup/cpu"),
     {{"/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "250000\n"},
      {"/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n"}},
     3},
    {"4:cpuacct,cpu:/a/b\n",
     V1("/", "/sys/fs/cgroup/cpu"),
     {{"/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n"},
      {"/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "50000\n"}},
     2},
    {"4:cpu:/docker/x\n",
     V1("/docker/x", "/sys/fs/cgroup/cpu"),
     {{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n"},
      {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
     1},
    {"4:cpuset:/a\n3:cpuacct:/a\n",
     V1("/", "/sys/fs/cgroup/cpu"),
     {{"/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
     NONE},
    {"4:cpu:/a\n0::/b\n",
     V1("/", "/sys/fs/cgroup/cpu") V2("/", "/sys/fs/cgroup/unified"),
     {{"/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "200000\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
     2},
    /* nothing, or nonsense */
    {"", "", {{"/x", ""}}, NONE},
    {NULL, NULL, {{"/x", ""}}, NONE},
    {"0::/a\n", NULL, {{"/x", ""}}, NONE},
    {"nonsense\n\n0:\n::\n0::\n0::relative\n",
     "nonsense\n - \n1 2 3 - cgroup2 x y\n",
     {{"/x", ""}},
     NONE},
    {"0::/a\n",
     "1 2 3 / /m rw - cgroup2\n" V2("/", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/a/cpu.max", ""}},
     NONE},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "100000 0\n"}}, NONE},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "100000\n"}}, NONE},
    {"0::/a\n", V2("/", "/sys/fs/cgroup"), {{"/sys/fs/cgroup/a/cpu.max", "-5 -7\n"}}, NONE},
    {"0::/a\n",
     V2("/", "/sys/fs/cgroup"),
     {{"/sys/fs/cgroup/a/cpu.max", "99999999999999999999 1\n"}},
     NONE},
};

/* Writes a file below the root and creates its folders. */
static void put_file(const char *root, const char *name, const char *text)
{
    char path[512];
    int n = snprintf(path, sizeof path, "%s%s", root, name);
    ck_assert_int_lt(n, (int)sizeof path);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0755);
    }
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static int drop(const char *path, const struct stat *status, int what, struct FTW *where)
{
    (void)status, (void)what, (void)where;
    return remove(path);
}

START_TEST(cpu_quotas_are_read)
{
    char root[] = "/tmp/shockwave-cgroup-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(root));
    if (trees[_i].cgroup)
        put_file(root, "/proc/self/cgroup", trees[_i].cgroup);
    if (trees[_i].mountinfo)
        put_file(root, "/proc/self/mountinfo", trees[_i].mountinfo);
    for (size_t i = 0; i < 4 && trees[_i].files[i].name; i++)
        put_file(root, trees[_i].files[i].name, trees[_i].files[i].text);
    uint32_t got = sw_processors_by_quota(root);
    nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
    ck_assert_uint_eq(got, trees[_i].want);
}
END_TEST

static void nothing(struct sw_exchange *exchange)
{
    (void)exchange;
}

/* A mask of one processor means one worker, on any machine. */
START_TEST(affinity_mask_limits_workers)
{
    cpu_set_t all, one;
    struct sw_server_config config = {.handler = nothing}, given = config;
    given.workers = 7;
    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    ck_assert_uint_le(sw_processors(), (uint32_t)CPU_COUNT(&all));
    ck_assert_uint_ge(sw_processors(), 1);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_uint_eq(sw_processors(), 1);
    ck_assert_ptr_null(sw_config_resolve(&config));
    ck_assert_uint_eq(config.workers, 1);
    ck_assert_ptr_null(sw_config_resolve(&given));
    ck_assert_uint_eq(given.workers, 7);
    sched_setaffinity(0, sizeof all, &all);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {cpu_quotas_are_read, COUNT(trees)},
        {affinity_mask_limits_workers, 1},
    };
    return suite_main("server processors", tests, COUNT(tests));
}
