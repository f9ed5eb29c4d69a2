/* check_serve.c - shockwave serve: a blocked standard error, and signals during shutdown. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "program/main.h"
#include "served.h"

#define GET "GET /plaintext HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static char buf[1 << 16], place[64], log_path[80];

/* ---- Signals while the server is closed ------------------------------------------------------ */

void __real_sw_server_close(struct sw_server *server);
void __wrap_sw_server_close(struct sw_server *server);

/* Replaces sw_server_close(): the signals arrive again, before and after. */
void __wrap_sw_server_close(struct sw_server *server)
{
    raise(SIGTERM);
    raise(SIGINT);
    __real_sw_server_close(server);
    raise(SIGTERM);
    raise(SIGINT);
}

/* ---- The program ----------------------------------------------------------------------------- */

/* A full pipe, like that of a slow reader. */
static void fill_standard_error(void)
{
    static const char block[4096];
    int ends[2];
    if (pipe2(ends, O_NONBLOCK))
        _exit(100);
    while (write(ends[1], block, sizeof block) > 0)
        continue;
    fcntl(ends[1], F_SETFL, 0);
    dup2(ends[1], STDERR_FILENO);
}

static const struct {
    bool full;        /* standard error is a full pipe */
    bool log_to_out;  /* then the first line goes to standard error */
    bool reopen;      /* the log cannot be reopened, which is written to standard error */
    bool force_close; /* a connection is force-closed, which is written there as well */
} cases[] = {
    {false, false, false, false}, {true, false, false, false}, {true, true, false, false},
    {true, false, true, false},   {true, false, false, true},
};

static pid_t start(bool full, bool log_to_out)
{
    snprintf(place, sizeof place, "/tmp/shockwave-serve-%d", getpid());
    snprintf(log_path, sizeof log_path, "%s.log", place);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child)
        return child;
    char *arguments[] = {"serve",
                         "--listen",
                         place,
                         "--workers",
                         "1",
                         "--drain",
                         "200ms",
                         "--access-log",
                         log_to_out ? "-" : log_path,
                         NULL};
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    if (full)
        fill_standard_error();
    alarm(3 * WAIT_MAX_MS / 1000);
    _exit(sw_main_serve(sizeof arguments / sizeof *arguments - 1, arguments));
}

static int open_local(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, place);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    for (int i = 0; connect(fd, (struct sockaddr *)&address, sizeof address); i++) {
        ck_assert_msg(i < WAIT_MAX_MS, "it does not listen");
        usleep(1000);
    }
    return fd;
}

static void ask(void)
{
    int fd = open_local();
    client_send_text(fd, GET);
    client_all(fd, buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 200 OK\r\n"), buf);
    close(fd);
}

START_TEST(it_serves_and_ends_whatever_standard_error_and_signals_do)
{
    pid_t child = start(cases[_i].full, cases[_i].log_to_out);
    int status, late = -1;
    ask();
    if (cases[_i].reopen) {
        unlink(log_path);
        ck_assert_int_eq(mkdir(log_path, 0700), 0);
        kill(child, SIGHUP);
    }
    for (int i = 0; i < 20; i++)
        ask();
    if (cases[_i].force_close) {
        late = open_local();
        client_send_text(late, "GET /");
        ask();
    }
    kill(child, SIGTERM);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    ck_assert_int_eq(WEXITSTATUS(status), cases[_i].force_close);
    if (late >= 0)
        close(late);
    remove(log_path);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {it_serves_and_ends_whatever_standard_error_and_signals_do, COUNT(cases)},
    };
    return suite_main("main serve", tests, COUNT(tests));
}
