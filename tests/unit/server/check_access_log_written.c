/* check_access_log_written.c - the access log's destinations: files, full disks, pipes, sockets. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "expect.h"
#include "logged.h"

#define HOST "Host: x\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST "\r\n"

/* Adds an admin listener, whose metrics count the dropped lines. */
static void serve_counted(struct sw_server_config config)
{
    static const struct sw_listener_config listeners[] = {
        {.address = "127.0.0.1"}, {.address = "127.0.0.1", .handler = sw_admin_serve}};
    config.listeners = listeners;
    config.listener_count = 2;
    config.workers = config.workers ? config.workers : 1;
    serve_logged(config);
}

static long counted(const char *metric)
{
    char line[80];

    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)sw_server_port(served.server, 1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    client_send_text(fd, "GET /metrics HTTP/1.0\r\n\r\n");
    client_all(fd, buf, sizeof buf);
    close(fd);
    snprintf(line, sizeof line, "\n%s ", metric);
    const char *at = strstr(buf, line);
    ck_assert_ptr_nonnull(at);
    return atol(at + strlen(line));
}

static long dropped(void)
{
    return counted("shockwave_log_dropped_total");
}

static void ask(int fd, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        client_send_text(fd, GET);
        client_until(fd, buf, sizeof buf, "hello");
    }
}

/* ---- Files ----------------------------------------------------------------------------------- */

static const struct {
    struct sw_server_config config;
    const char *what;
    int code;
} wrong[] = {
    {{.access_log = "/nowhere/at/all"}, "access_log", ENOENT},
    {{.access_log = "/"}, "access_log", EISDIR},
    {{.access_log_fd = 9999}, "access_log_fd", EBADF},
    {{.access_log_fd = -1}, "access_log_fd", EINVAL},
    {{.access_log = "/dev/null", .access_log_fd = 1}, "access_log_fd", EINVAL},
    {{.log_format = SW_LOG_JSON + 1}, "log_format", EINVAL},
    {{.log_buffer = 8191}, "log_buffer", EINVAL},
};

START_TEST(unusable_log_path_is_reported)
{
    static const struct sw_listener_config any = {.address = "127.0.0.1"};
    struct sw_server_config config = wrong[_i].config;
    struct sw_server_error fault;
    config.handler = handle;
    config.listeners = &any;
    config.listener_count = 1;
    ck_assert_ptr_null(sw_server_open(&config, &fault));
    ck_assert_str_eq(fault.what, wrong[_i].what);
    ck_assert_int_eq(fault.code, wrong[_i].code);
}
END_TEST

START_TEST(read_only_descriptor_is_refused)
{
    struct sw_server_config config = {.handler = handle,
                                      .access_log_fd = open("/dev/null", O_RDONLY)};
    struct sw_server_error fault;
    ck_assert_ptr_null(sw_server_open(&config, &fault));
    ck_assert_str_eq(fault.what, "access_log_fd");
}
END_TEST

START_TEST(log_file_is_created_and_appended_to)
{
    struct stat info;
    char path[sizeof log_path + 8];
    umask(0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/tmp/shockwave-log-%d", (int)getppid());
        serve_counted((struct sw_server_config){.access_log = path});
        int fd = client_open(&served);
        ask(fd, 1);
        close(fd);
        end_logged();
    }
    read_file(path);
    ck_assert_uint_eq(count(text, "\n"), 2);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 0777, 0640);
    unlink(path);
}
END_TEST

START_TEST(renamed_log_is_created_again)
{
    char before[sizeof log_path + 8];
    serve_logged((struct sw_server_config){.workers = 3});
    snprintf(before, sizeof before, "%s.1", log_path);
    int fd = client_open(&served);
    client_send_text(fd, "GET /before HTTP/1.1\r\n" HOST "\r\n");
    expect_part("/before");
    ck_assert_int_eq(rename(log_path, before), 0);
    client_send_text(fd, "GET /between HTTP/1.1\r\n" HOST "\r\n");
    expect_in(before, "/between");
    sw_server_reopen(served.server);
    while (access(log_path, F_OK))
        usleep(1000);
    usleep(100000); /* each worker has a descriptor of its own */
    client_send_text(fd, "GET /after HTTP/1.1\r\n" HOST "\r\n");
    expect_part("/after");
    read_file(before);
    ck_assert_ptr_null(strstr(text, "/after"));
    close(fd);
    unlink(before);
    end_logged();
}
END_TEST

static atomic_int faults;
static atomic_int fault_code;

static void note_fault(const struct sw_server_error *fault)
{
    ck_assert_str_eq(fault->what, "access_log");
    atomic_store(&fault_code, fault->code);
    atomic_fetch_add(&faults, 1);
}

/* The open log is kept when its path cannot be opened; one worker reports that for all. */
START_TEST(log_that_cannot_be_reopened_is_kept)
{
    char folder[] = "/tmp/shockwave-log-XXXXXX", path[64], before[80], moved[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(moved, sizeof moved, "%s.moved", folder);
    snprintf(before, sizeof before, "%s/log", moved);
    serve_counted(
        (struct sw_server_config){.access_log = path, .workers = 3, .on_log_error = note_fault});
    int fd = client_open(&served);
    ask(fd, 1);
    rename(folder, moved);
    for (int i = 1; i <= 2; i++) {
        sw_server_reopen(served.server);
        while (counted("shockwave_log_reopen_failures_total") < i * 3)
            usleep(1000);
        ck_assert_int_eq(atomic_load(&faults), i);
        ck_assert_int_eq(atomic_load(&fault_code), ENOENT);
    }
    client_send_text(fd, "GET /after HTTP/1.1\r\n" HOST "\r\n");
    expect_in(before, "/after");
    close(fd);
    unlink(before);
    rmdir(moved);
    end_logged();
}
END_TEST

START_TEST(full_disk_does_not_stop_the_server)
{
    serve_counted((struct sw_server_config){.access_log = "/dev/full"});
    int fd = client_open(&served);
    ask(fd, 100);
    close(fd);
    ck_assert_int_ge(dropped(), 99); /* the last request's iteration may not have ended */
    end_logged();
}
END_TEST

/*
 * RLIMIT_FSIZE simulates a disk that fills up in the middle of a line.  Once space is free, the
 * next entry begins on a new line.  The log begins after a hole because the limit applies to
 * libcheck's own files as well, which must stay below it.
 */
START_TEST(disk_that_fills_up_does_not_stop_the_server)
{
    enum { HOLE = 1 << 24 };
    struct rlimit limit = {HOLE + 1000, RLIM_INFINITY};
    serve_counted((struct sw_server_config){0});
    ck_assert_int_eq(truncate(log_path, HOLE), 0);
    text_from = HOLE;
    setrlimit(RLIMIT_FSIZE, &limit);
    int fd = client_open(&served);
    ask(fd, 50);
    ck_assert_int_gt(dropped(), 0);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    client_send_text(fd, "GET /after HTTP/1.1\r\n" HOST "\r\n");
    expect_part("/after");
    ck_assert_uint_gt(count(text, "\n"), 10);
    const char *last = strstr(text, "/after");
    while (last > text && last[-1] != '\n')
        last--;
    ck_assert_uint_eq(count(last, "127.0.0.1"), 1);
    close(fd);
    end_logged();
}
END_TEST

/* ---- Pipes and sockets ----------------------------------------------------------------------- */

/* Appends the next bytes to `text`; returns the number of lines in it. */
static size_t read_on(int fd, size_t *n)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    ck_assert_msg(poll(&poll_fd, 1, WAIT_MAX_MS) == 1, "nothing came after: %s", text);
    ssize_t got = read(fd, text + *n, sizeof text - 1 - *n);
    ck_assert_int_gt(got, 0);
    *n += (size_t)got;
    text[*n] = '\0';
    return count(text, "\n");
}

START_TEST(log_descriptor_stays_the_callers)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    int flags = fcntl(ends[1], F_GETFL);
    serve_counted((struct sw_server_config){.access_log_fd = ends[1]});
    int fd = client_open(&served);
    ask(fd, 1);
    close(fd);
    sw_server_reopen(served.server); /* has no effect on a descriptor */
    read_on(ends[0], &(size_t){0});
    ck_assert_int_eq(strncmp(text, "127.0.0.1 - - [", 15), 0);
    end_logged();
    ck_assert_int_eq(fcntl(ends[1], F_GETFL),
                     flags); /* the pipe stays blocking for its other writers */
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
}
END_TEST

/* Lines that a full pipe does not accept are buffered up to log_buffer; lines are never torn. */
static size_t sleep_at(uint32_t log_buffer, size_t requests)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
    serve_counted((struct sw_server_config){.access_log_fd = ends[1], .log_buffer = log_buffer});
    int fd = client_open(&served);
    ask(fd, requests);
    long lost = dropped();
    size_t n = 0;
    while (read_on(ends[0], &n) < requests - (size_t)lost) /* the reader reads again */
        continue;
    client_send_text(fd, "GET /after HTTP/1.1\r\n" HOST "\r\n");
    while (!strstr(text, "/after"))
        read_on(ends[0], &n);
    ck_assert_uint_eq(count(text, "\n127.0.0.1 - - [") + 1, count(text, "\n"));
    close(fd);
    end_logged();
    close(ends[0]);
    close(ends[1]);
    return (size_t)lost;
}

START_TEST(unread_pipe_does_not_stop_the_server)
{
    size_t lost = sleep_at(0, 2000);
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_lt(lost, 2000);
    ck_assert_uint_eq(sleep_at(1 << 20, 2000), 0); /* the buffer fits all of them */
}
END_TEST

START_TEST(closed_pipe_does_not_stop_the_server)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    serve_counted((struct sw_server_config){.access_log_fd = ends[1]});
    int fd = client_open(&served);
    ask(fd, 1);
    read_on(ends[0], &(size_t){0});
    close(ends[0]);
    ask(fd, 10);
    close(fd);
    ck_assert_int_ge(dropped(), 9);
    end_logged();
}
END_TEST

/* A socket that preserves message boundaries: each write is one message. */
START_TEST(lines_of_an_iteration_are_one_write)
{
    int ends[2];
    char requests[10 * sizeof GET] = "";
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    serve_counted((struct sw_server_config){.access_log_fd = ends[1]});
    for (int i = 0; i < 10; i++)
        strcat(requests, GET);
    int fd = client_open(&served);
    client_send_text(fd, requests);
    ssize_t n = client_receive(ends[0], text, sizeof text - 1);
    text[n] = '\0';
    ck_assert_uint_eq(count(text, "\n"), 10);
    close(fd);
    end_logged();
}
END_TEST

/* The server does not block on a socket that is not read, even if the socket is blocking. */
START_TEST(unread_socket_does_not_stop_the_server)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    serve_counted((struct sw_server_config){.access_log_fd = ends[1], .log_buffer = 8192});
    int fd = client_open(&served);
    while (dropped() == 0)
        ask(fd, 1000);
    close(fd);
    end_logged();
}
END_TEST

/* ---- Workers --------------------------------------------------------------------------------- */

/* A pipe tears writes larger than PIPE_BUF; each worker has many lines ready at once. */
START_TEST(lines_of_workers_do_not_interleave)
{
    enum { CLIENTS = 8, EACH = 100 };
    static char requests[EACH * sizeof GET + 1];
    int ends[2], fds[CLIENTS];
    size_t n = 0;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
    for (int i = 0; i < EACH; i++)
        strcat(requests, GET);
    serve_counted((struct sw_server_config){.access_log_fd = ends[1], .workers = 4});
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = client_open(&served);
    for (int i = 0; i < CLIENTS; i++)
        client_send_text(fds[i], requests);
    while (read_on(ends[0], &n) < CLIENTS * EACH)
        continue;
    ck_assert_uint_eq(count(text, " 200 5 \"-\" \"-\"\n127.0.0.1 - - ["), CLIENTS * EACH - 1);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    end_logged();
}
END_TEST

START_TEST(log_buffers_are_counted_in_memory)
{
    struct sw_server_config config = {.handler = handle, .workers = 2};
    size_t without = sw_server_memory(&config);
    config.access_log = "/dev/null";
    size_t with = sw_server_memory(&config);
    ck_assert_uint_eq(with - without, 2 * 65536);
    config.log_buffer = 1 << 20;
    ck_assert_uint_eq(sw_server_memory(&config) - without, 2 << 20);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {unusable_log_path_is_reported, COUNT(wrong)},
        {read_only_descriptor_is_refused, 1},
        {log_file_is_created_and_appended_to, 1},
        {renamed_log_is_created_again, 1},
        {log_that_cannot_be_reopened_is_kept, 1},
        {full_disk_does_not_stop_the_server, 1},
        {disk_that_fills_up_does_not_stop_the_server, 1},
        {log_descriptor_stays_the_callers, 1},
        {unread_pipe_does_not_stop_the_server, 1},
        {closed_pipe_does_not_stop_the_server, 1},
        {lines_of_an_iteration_are_one_write, 1},
        {unread_socket_does_not_stop_the_server, 1},
        {lines_of_workers_do_not_interleave, 1},
        {log_buffers_are_counted_in_memory, 1},
    };
    return suite_main("server access log written", tests, COUNT(tests));
}
