/* check_unix_socket.c - the server: unix sockets, their files, locks, modes and owners. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>

#define TEXT SW_SPAN("text/plain")

static char buf[1 << 12];

static struct sockaddr_un local = {.sun_family = AF_UNIX};
static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/shockwave-local-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(local.sun_path, sizeof local.sun_path, "%s/socket", folder);
}

static void remove_folder(void)
{
    unlink(local.sun_path);
    ck_assert_int_eq(rmdir(folder), 0); /* the folder is empty */
}

static void reply_name(struct sw_exchange *exchange)
{
    const char *name = exchange->user;
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){name, strlen(name)});
}

static struct sw_server *open_with(struct sw_listener_config listener, const char *name,
                                   struct sw_server_error *fault)
{
    struct sw_server_config config = {.handler = reply_name,
                                      .user = (void *)(uintptr_t)name,
                                      .listeners = &listener,
                                      .listener_count = 1,
                                      .workers = 2};
    return sw_server_open(&config, fault);
}

static struct sw_server *open_at_path(const char *name, struct sw_server_error *fault)
{
    return open_with((struct sw_listener_config){.address = local.sun_path}, name, fault);
}

static void begin(struct served *served, const char *name)
{
    struct sw_server_error fault = {.what = ""};
    served->server = open_at_path(name, &fault);
    ck_assert_msg(served->server != NULL, "%s: %s", fault.what, strerror(fault.code));
    ck_assert_int_eq(pthread_create(&served->thread, NULL, served_thread, served), 0);
}

static void expect_in_use(void)
{
    struct sw_server_error fault = {.what = ""};
    ck_assert_ptr_null(open_at_path("", &fault));
    ck_assert_str_eq(fault.what, "bind");
    ck_assert_int_eq(fault.code, EADDRINUSE);
    ck_assert_ptr_nonnull(fault.listener);
}

/* Expects a response of the server with this name at the path. */
static void expect_reply(const char *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&local, sizeof local), 0);
    client_send_text(fd, "GET / HTTP/1.0\r\n\r\n");
    client_all(fd, buf, sizeof buf);
    ck_assert_msg(strstr(buf, name) != NULL, "not %s: %s", name, buf);
    close(fd);
}

/* A socket of another program at the path. */
static int bind_other(int type, int backlog)
{
    int fd = socket(AF_UNIX, type, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    if (backlog >= 0)
        ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

/* ---- At the end ------------------------------------------------------------------------------ */

START_TEST(socket_is_removed_on_close)
{
    struct served served;
    begin(&served, "<one>");
    expect_reply("<one>");
    served_end(&served);
    ck_assert_int_ne(access(local.sun_path, F_OK), 0);
    struct sw_server *never_run = open_at_path("", NULL);
    ck_assert_int_eq(access(local.sun_path, F_OK), 0);
    sw_server_close(never_run);
    ck_assert_int_ne(access(local.sun_path, F_OK), 0);
}
END_TEST

/* The path is unlinked by an operator; the next server starts before the old one stops. */
START_TEST(socket_of_a_successor_is_kept)
{
    struct served old, new;
    struct sw_server *never_run;
    begin(&old, "<old>");
    unlink(local.sun_path);
    begin(&new, "<new>");
    served_end(&old);
    expect_reply("<new>");
    unlink(local.sun_path);
    never_run = open_at_path("", NULL);
    unlink(local.sun_path);
    served_end(&new);
    begin(&new, "<newer>");
    sw_server_close(never_run);
    expect_reply("<newer>");
    served_end(&new);
    ck_assert_int_ne(access(local.sun_path, F_OK), 0);
}
END_TEST

/* Moved over it by rename(): the path was never free. */
START_TEST(socket_renamed_over_the_path_is_kept)
{
    struct served old, new;
    char path[sizeof local.sun_path], moved[sizeof local.sun_path];
    begin(&old, "<old>");
    memcpy(path, local.sun_path, sizeof path);
    memcpy(moved, local.sun_path, sizeof moved);
    local.sun_path[strlen(path) - 1] = 'x';
    memcpy(moved, local.sun_path, sizeof moved);
    begin(&new, "<new>");
    ck_assert_int_eq(rename(moved, path), 0);
    memcpy(local.sun_path, path, sizeof path);
    served_end(&old);
    expect_reply("<new>");
    served_end(&new); /* bound at another path, where no file is now */
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(other_files_are_not_removed)
{
    struct served served;
    begin(&served, "<one>");
    unlink(local.sun_path);
    close(open(local.sun_path, O_CREAT | O_WRONLY, 0600));
    served_end(&served);
    ck_assert_int_eq(access(local.sun_path, F_OK), 0);
}
END_TEST

/* The old server still has an open request when its successor starts. */
START_TEST(successor_starts_during_graceful_shutdown)
{
    struct served old, new;
    begin(&old, "<old>");
    int busy = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(busy, (struct sockaddr *)&local, sizeof local), 0);
    client_send_text(busy, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client_until(busy, buf, sizeof buf, "<old>");
    client_send_text(busy, "GET / HTTP/1.1\r\n");
    sw_server_stop(old.server);
    while (access(local.sun_path, F_OK) == 0)
        usleep(1000);
    begin(&new, "<new>");
    client_send_text(busy, "Host: x\r\n\r\n");
    client_until(busy, buf, sizeof buf, "<old>");
    close(busy);
    served_wait(&old);
    expect_reply("<new>");
    served_end(&new);
}
END_TEST

/* ---- At the start ---------------------------------------------------------------------------- */

START_TEST(stale_socket_is_replaced)
{
    struct served served;
    close(bind_other(_i ? SOCK_DGRAM : SOCK_STREAM, _i ? -1 : 1));
    begin(&served, "<one>");
    expect_reply("<one>");
    served_end(&served);
}
END_TEST

/* connect() blocks while the backlog is full, unless the socket is non-blocking. */
START_TEST(socket_with_a_full_backlog_is_in_use)
{
    int other = bind_other(SOCK_STREAM, 1), fd, n = 0;
    do
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    while (connect(fd, (struct sockaddr *)&local, sizeof local) == 0 && ++n < 100);
    ck_assert_int_eq(errno, EAGAIN);
    expect_in_use();
    ck_assert_int_eq(access(local.sun_path, F_OK), 0);
    close(other);
}
END_TEST

START_TEST(path_in_use_is_not_replaced)
{
    struct served served;
    int other;
    begin(&served, "<one>");
    expect_in_use();
    expect_reply("<one>");
    served_end(&served);
    other = bind_other(SOCK_DGRAM, -1);
    expect_in_use();
    close(other);
    unlink(local.sun_path);
    other = bind_other(SOCK_SEQPACKET, 1);
    expect_in_use();
    close(other);
    unlink(local.sun_path);
    close(open(local.sun_path, O_CREAT | O_WRONLY, 0600));
    expect_in_use();
    unlink(local.sun_path);
    ck_assert_int_eq(symlink("nowhere", local.sun_path), 0);
    expect_in_use();
    ck_assert_int_ne(access(local.sun_path, F_OK), 0);
}
END_TEST

/* ---- Two at a time --------------------------------------------------------------------------- */

enum { RIVALS = 4, ROUNDS = 100 };

static pthread_barrier_t together;
static struct sw_server *opened[RIVALS];

static void *open_one(void *place)
{
    struct sw_server_error fault = {.what = ""};
    pthread_barrier_wait(&together);
    *(struct sw_server **)place = open_at_path("", &fault);
    return NULL;
}

/* All find the same stale socket: one replaces it, and the others get EADDRINUSE. */
START_TEST(one_of_several_starts_gets_the_path)
{
    pthread_barrier_init(&together, NULL, RIVALS);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[RIVALS];
        close(bind_other(SOCK_STREAM, 1));
        for (int i = 0; i < RIVALS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, open_one, &opened[i]), 0);
        int n = 0;
        for (int i = 0; i < RIVALS; i++) {
            pthread_join(threads[i], NULL);
            n += opened[i] != NULL;
        }
        ck_assert_int_eq(n, 1);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&local, sizeof local), 0);
        close(fd);
        for (int i = 0; i < RIVALS; i++)
            if (opened[i])
                sw_server_close(opened[i]);
        ck_assert_int_ne(access(local.sun_path, F_OK), 0);
    }
    pthread_barrier_destroy(&together);
}
END_TEST

static void *unlock_later(void *lock)
{
    usleep(50000);
    close(*(int *)lock);
    return NULL;
}

START_TEST(lock_is_waited_for)
{
    struct served served;
    pthread_t thread;
    int lock = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(lock, LOCK_EX), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, unlock_later, &lock), 0);
    begin(&served, "<one>");
    pthread_join(thread, NULL);
    expect_reply("<one>");
    served_end(&served);
}
END_TEST

/* A lock that is never released makes a start fail, but does not block a stop. */
START_TEST(wait_for_the_lock_is_bounded)
{
    struct served served;
    struct sw_server_error fault = {.what = ""};
    int lock = open(folder, O_RDONLY | O_DIRECTORY);
    begin(&served, "<one>");
    ck_assert_int_eq(flock(lock, LOCK_EX), 0);
    served_end(&served);
    ck_assert_int_ne(access(local.sun_path, F_OK), 0);
    ck_assert_ptr_null(open_at_path("", &fault));
    ck_assert_str_eq(fault.what, "flock");
    ck_assert_int_eq(fault.code, EWOULDBLOCK);
    close(lock);
}
END_TEST

/* ---- Mode and owner -------------------------------------------------------------------------- */

static struct stat status_with(struct sw_listener_config listener)
{
    struct sw_server_error fault = {.what = ""};
    struct stat status;
    listener.address = local.sun_path;
    struct sw_server *server = open_with(listener, "", &fault);
    ck_assert_msg(server != NULL, "%s: %s", fault.what, strerror(fault.code));
    ck_assert_int_eq(lstat(local.sun_path, &status), 0);
    sw_server_close(server);
    return status;
}

START_TEST(socket_has_the_configured_mode)
{
    static const uint16_t modes[] = {0660, 0600, 0666, 0777, 0770, 0400, 1};
    mode_t before = umask(027);
    ck_assert_uint_eq(status_with((struct sw_listener_config){0}).st_mode & 07777, 0750);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        ck_assert_uint_eq(
            status_with((struct sw_listener_config){.socket_mode = modes[i]}).st_mode & 07777, modes[i]);
    umask(before);
}
END_TEST

START_TEST(socket_has_the_configured_owner)
{
    struct stat status = status_with((struct sw_listener_config){0});
    ck_assert_uint_eq(status.st_uid, geteuid());
    ck_assert_uint_eq(status.st_gid, getegid());
    if (geteuid()) {
        struct sw_server_error fault = {.what = ""};
        struct sw_listener_config roots = {.address = local.sun_path, .socket_owner = SW_OWNED_BY_USER};
        ck_assert_ptr_null(open_with(roots, "", &fault));
        ck_assert_str_eq(fault.what, "chown");
        ck_assert_int_eq(fault.code, EPERM);
        ck_assert_int_ne(access(local.sun_path, F_OK), 0);
        return;
    }
    struct sw_listener_config listener = {.socket_user = 12345, .socket_group = 54321, .socket_mode = 0640};
    for (listener.socket_owner = 0; listener.socket_owner < 4; listener.socket_owner++) {
        status = status_with(listener);
        ck_assert_uint_eq(status.st_uid, listener.socket_owner & SW_OWNED_BY_USER ? 12345 : 0);
        ck_assert_uint_eq(status.st_gid, listener.socket_owner & SW_OWNED_BY_GROUP ? 54321 : getegid());
        ck_assert_uint_eq(status.st_mode & 07777, 0640);
    }
}
END_TEST

static const struct sw_listener_config wrong[] = {
    {.address = local.sun_path, .socket_mode = 01000},
    {.address = local.sun_path, .socket_mode = 04755},
    {.address = local.sun_path, .socket_owner = 4},
    {.address = "127.0.0.1", .socket_mode = 0660},
    {.address = "::1", .socket_mode = 0660},
    {.address = "127.0.0.1", .socket_owner = SW_OWNED_BY_USER},
    {.address = "127.0.0.1", .socket_owner = SW_OWNED_BY_GROUP},
};

START_TEST(mode_needs_a_socket_path)
{
    struct sw_server_error fault = {.what = ""};
    ck_assert_ptr_null(open_with(wrong[_i], "", &fault));
    ck_assert_str_eq(fault.what, "listeners");
    ck_assert_int_eq(fault.code, EINVAL);
    ck_assert_ptr_nonnull(fault.listener);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {socket_is_removed_on_close, 1},
        {socket_of_a_successor_is_kept, 1},
        {socket_renamed_over_the_path_is_kept, 1},
        {other_files_are_not_removed, 1},
        {successor_starts_during_graceful_shutdown, 1},
        {stale_socket_is_replaced, 2},
        {socket_with_a_full_backlog_is_in_use, 1},
        {path_in_use_is_not_replaced, 1},
        {one_of_several_starts_gets_the_path, 1},
        {lock_is_waited_for, 1},
        {wait_for_the_lock_is_bounded, 1},
        {socket_has_the_configured_mode, 1},
        {socket_has_the_configured_owner, 1},
        {mode_needs_a_socket_path, COUNT(wrong)},
    };
    return suite_main_with((struct suite_fixture){make_folder, remove_folder, true},
                           "server unix socket", tests, COUNT(tests));
}
