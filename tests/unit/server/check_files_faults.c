/* check_files_faults.c - serving a directory: files that are not opened, and failing calls. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "filed.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static char name[64], other[64];

static const char *in_root(char *to, const char *file)
{
    snprintf(to, 64, "%s/%s", root, file);
    return to;
}

/* ---- What is never opened -------------------------------------------------------------------- */

static int watch(const char *file)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(inotify_add_watch(fd, in_root(name, file), IN_OPEN), 0);
    return fd;
}

static bool is_opened(int fd)
{
    char events[4096];
    bool opened = read(fd, events, sizeof events) > 0;
    close(fd);
    return opened;
}

START_TEST(only_regular_files_are_opened)
{
    serve((struct sw_files){.precompressed = true}, _i);
    int file = watch("a.txt"), fifo = watch("fifo"), dir = watch("dir"), sock = watch("socket");
    ask("GET", "/a.txt", "");
    ck_assert_uint_eq(status(), 200);
    static const char *const targets[] = {"/fifo", "/fifolink", "/fifo/", "/dir", "/socket"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        ask("GET", targets[i], "");
    ck_assert(is_opened(file)); /* the watches work */
    ck_assert(!is_opened(fifo));
    ck_assert(!is_opened(dir));
    ck_assert(!is_opened(sock));
    end();
}
END_TEST

static atomic_bool stop;

/* Exchanges a FIFO and a file again and again. */
static void *exchange_them(void *data)
{
    (void)data;
    while (!atomic_load(&stop))
        renameat2(AT_FDCWD, name, AT_FDCWD, other, RENAME_EXCHANGE);
    return NULL;
}

START_TEST(file_replaced_by_a_fifo_is_not_opened)
{
    pthread_t thread;
    serve((struct sw_files){0}, _i);
    int fifo = watch("fifo");
    in_root(name, "fifo");
    in_root(other, "dir/data.JSON");
    ck_assert_int_eq(pthread_create(&thread, NULL, exchange_them, NULL), 0);
    for (int i = 0; i < 500; i++) {
        const char *content = ask("GET", "/dir/data.JSON", "");
        ck_assert_uint_eq(status(), *content == '{' ? 200 : 404);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    ck_assert(!is_opened(fifo));
    struct stat info;
    if (stat(other, &info) == 0 && S_ISFIFO(info.st_mode))
        renameat2(AT_FDCWD, name, AT_FDCWD, other, RENAME_EXCHANGE);
    end();
}
END_TEST

/* ---- What cannot be opened now --------------------------------------------------------------- */

/* Lets a system call fail with this error on all threads.  False if no filter can be set. */
static bool let_fail(long call, int error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

static const struct {
    int error;
    unsigned status;
} errors[] = {
    {EMFILE, 503}, {ENFILE, 503},       {ENOMEM, 503},    {EIO, 503},       {EAGAIN, 503},
    {EINTR, 503},  {ESTALE, 503},       {ETIMEDOUT, 503}, {EBUSY, 503},     {ENOENT, 404},
    {ELOOP, 404},  {ENAMETOOLONG, 404}, {ENOTDIR, 404},   {EXDEV, 404},     {EACCES, 403},
    {EPERM, 403},  {EINVAL, 404},       {EILSEQ, 404},    {EOVERFLOW, 500}, {ENXIO, 500},
};

/* Either the call that resolves the name fails or the one that opens the file. */
START_TEST(system_errors_map_to_statuses)
{
    serve((struct sw_files){0}, _i / 2);
    long call = SYS_openat;
#ifdef SYS_openat2
    if (_i % 2 == 0 && !files.walk)
        call = SYS_openat2;
#endif
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (!let_fail(call, errors[i].error))
            break;
        ask("GET", "/a.txt", "");
        ck_assert_msg(status() == errors[i].status, "%s: %u", strerror(errors[i].error), status());
    }
    served_end(&served);
}
END_TEST

#ifdef SYS_openat2
/* openat2() is forbidden before the server starts, or later. */
START_TEST(without_openat2_files_are_the_same)
{
    static const int before[] = {ENOSYS, EPERM, 0};
    bool is_set = before[_i] && let_fail(SYS_openat2, before[_i]);
    serve((struct sw_files){0}, 0);
    ck_assert(files.walk || !is_set);
    if (!before[_i])
        let_fail(SYS_openat2, ENOSYS);
    ck_assert_str_eq(ask("GET", "/winding", ""), LETTERS);
    ck_assert_str_eq(ask("GET", "/dir/a/b/far", ""), "deep");
    ask("GET", "/over", "");
    ck_assert_uint_eq(status(), 404);
    end();
}
END_TEST
#endif

/* fcntl(F_SETLEASE): the other process is signalled, and the client retries. */
START_TEST(file_with_setlease_does_not_block)
{
    signal(SIGIO, SIG_IGN);
    serve((struct sw_files){0}, _i);
    int fd = open(in_root(name, "a.txt"), O_RDWR);
    if (fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0) {
        ask("GET", "/a.txt", "");
        ck_assert_uint_eq(status(), 503);
        ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
    }
    close(fd);
    ck_assert_str_eq(ask("GET", "/a.txt", ""), LETTERS);
    end();
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {only_regular_files_are_opened, VARIANTS},     {file_replaced_by_a_fifo_is_not_opened, 2},
        {system_errors_map_to_statuses, 2 * VARIANTS},
#ifdef SYS_openat2
        {without_openat2_files_are_the_same, 3},
#endif
        {file_with_setlease_does_not_block, VARIANTS},
    };
    return suite_main_with((struct suite_fixture){make_tree, remove_tree, false},
                           "server files faults", tests, COUNT(tests));
}
