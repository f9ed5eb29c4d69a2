/* check_service_manager.c - the service manager: socket activation and sd_notify messages. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/un.h>

#include "guard.h"

#define TEXT SW_SPAN("text/plain")
#define GET  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static char buf[1 << 12];

/* ---- What was opened for us ------------------------------------------------------------------ */

enum { PID = 4711, MAX = 3 };

static const struct {
    const char *pid, *fds, *names;
    size_t n;
    const char *name[MAX];
} inherited[] = {
    {"4711", "1", "http", 1, {"http"}},
    {"4711", "3", "http:metrics:http", 3, {"http", "metrics", "http"}},
    {"4711", "2", "http:", 2, {"http", ""}},
    {"4711", "3", ":x", 3, {"", "x", ""}},
    {"4711", "2", NULL, 2, {"", ""}},
    {"4711", "1", "a:b:c", 1, {"a"}},
    {"4711", "5", "a:b:c:d:e", 5, {"a", "b", "c"}},
    {"4711", "0", "", 0, {NULL}},
    {"4711", NULL, "http", 0, {NULL}},
    {"4711", "", "http", 0, {NULL}},
    {"4711", "-1", "http", 0, {NULL}},
    {"4711", "1x", "http", 0, {NULL}},
    {"4711", " 1", "http", 0, {NULL}},
    {"4711", "18446744073709551617", "http", 0, {NULL}},
    {"4711", "4294967297", "http", 0, {NULL}},
    {"4712", "1", "http", 0, {NULL}},
    {"471", "1", "http", 0, {NULL}},
    {"47111", "1", "http", 0, {NULL}},
    {"4711 ", "1", "http", 0, {NULL}},
    {"", "1", "http", 0, {NULL}},
    {NULL, "1", "http", 0, {NULL}},
};

START_TEST(socket_activation_is_parsed)
{
    struct sw_inherited sockets[MAX + 1] = {{.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1}};
    const char *names = inherited[_i].names;
    if (names)
        names = guard_end(names, strlen(names) + 1);
    ck_assert_uint_eq(
        sw_inherited_read(PID, inherited[_i].pid, inherited[_i].fds, names, sockets, MAX),
        inherited[_i].n);
    for (size_t i = 0; i < MAX; i++) {
        const char *name = inherited[_i].name[i];
        ck_assert_int_eq(sockets[i].fd, name ? 3 + (int)i : -1);
        if (name) {
            ck_assert_uint_eq(sockets[i].name.n, strlen(name));
            ck_assert(!*name || memcmp(sockets[i].name.p, name, strlen(name)) == 0);
        }
    }
    ck_assert_int_eq(sockets[MAX].fd, -1);
}
END_TEST

START_TEST(without_listen_pid_nothing_is_inherited)
{
    struct sw_inherited sockets[MAX];
    ck_assert_uint_eq(sw_inherited_read(0, NULL, "1", NULL, sockets, MAX), 0);
    ck_assert_uint_eq(sw_inherited_read(0, "0", "1", NULL, sockets, MAX), 0);
}
END_TEST

/* ---- Notifications --------------------------------------------------------------------------- */

static _Atomic(struct sw_server *) server;

static void reply_state(struct sw_exchange *exchange)
{
    static const char *const names[] = {"open", "running", "draining"};
    const char *name = names[sw_server_state(atomic_load(&server))];
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){name, strlen(name)});
}

static void expect_message(int fd, const char *want)
{
    ssize_t n = client_receive(fd, buf, sizeof buf - 1);
    ck_assert_int_gt(n, 0);
    buf[n] = '\0';
    ck_assert_str_eq(buf, want);
}

static const char *const places[] = {"/tmp/shockwave-check-%d", "@shockwave-check-%d"};

/* Binds a manager's socket at the address that `format` makes of the process's id. */
static int manage(const char *format, char place[64])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(place, 64, format, (int)getpid());
    strcpy(address.sun_path, place);
    if (place[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(place))),
                     0);
    return fd;
}

START_TEST(service_manager_is_notified)
{
    struct served served;
    char place[64], path[64];
    int manager = manage(places[_i], place);
    strcpy(path, place);
    served_begin(&served,
                 (struct sw_server_config){
                     .handler = reply_state, .notify = place, .workers = 3, .drain = 60000});
    atomic_store(&server, served.server);
    memset(place, 'x', strlen(place)); /* the server keeps no pointer into the configuration */
    expect_message(manager, "READY=1");
    int fd = client_open(&served), busy = client_open(&served);
    client_send_text(busy, "GET / HTTP/1.1\r\n");
    client_send_text(fd, GET);
    client_until(fd, buf, sizeof buf, "running");
    sw_server_stop(served.server);
    expect_message(manager, "STOPPING=1");
    client_send_text(busy, "Host: x\r\n\r\n");
    client_until(busy, buf, sizeof buf, "draining");
    close(busy);
    close(fd);
    ck_assert_int_eq(served_wait(&served), 0);
    ck_assert_int_eq(recv(manager, buf, sizeof buf, MSG_DONTWAIT),
                     -1); /* each message was sent once */
    close(manager);
    if (path[0] == '/')
        unlink(path);
}
END_TEST

/* The server starts and stops with a full notify queue, and sends when there is room again. */
START_TEST(unread_notify_socket_does_not_block)
{
    struct served served;
    char place[64];
    int manager = manage(places[1], place), filler = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un address;
    socklen_t size = sizeof address;
    ck_assert_int_eq(getsockname(manager, (struct sockaddr *)&address, &size), 0);
    while (sendto(filler, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, size) == 1)
        continue;
    ck_assert_int_eq(errno, EAGAIN);
    served_begin(&served, (struct sw_server_config){.handler = reply_state, .notify = place});
    atomic_store(&server, served.server);
    client_ask(&served, "GET / HTTP/1.0\r\n\r\n", buf, sizeof buf);
    ck_assert_ptr_nonnull(strstr(buf, "running"));
    for (;;) {
        ssize_t n = client_receive(manager, buf, sizeof buf);
        if (n == 7 && memcmp(buf, "READY=1", 7) == 0)
            break;
        ck_assert_int_eq(n, 1);
    }
    ck_assert_int_eq(served_end(&served), 0);
    close(filler);
    close(manager);
}
END_TEST

/* ---- Two servers with one socket ------------------------------------------------------------- */

static void reply_user(struct sw_exchange *exchange)
{
    const char *name = exchange->user;
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){name, strlen(name)});
}

static void begin_with(struct served *served, int fd, const char *name, const char *place)
{
    struct sw_listener_config listener = {.fd = fd};
    served_begin(served, (struct sw_server_config){.handler = reply_user,
                                                   .user = (void *)(uintptr_t)name,
                                                   .notify = place,
                                                   .workers = 1,
                                                   .drain = 60000,
                                                   .listeners = &listener,
                                                   .listener_count = 1});
}

/* The old server finishes a request and accepts only a connection already in its queue. */
START_TEST(successor_accepts_new_connections)
{
    struct served old, new;
    char place[64];
    int manager = manage(places[1], place), listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(listen(listener, 100), 0);
    begin_with(&old, listener, "<old>", place);
    expect_message(manager, "READY=1");
    int busy = client_open(&old);
    client_send_text(busy, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client_until(busy, buf, sizeof buf, "<old>"); /* the old server accepted this connection */
    client_send_text(busy, "GET / HTTP/1.1\r\n");
    begin_with(&new, dup(listener), "<new>", place);
    expect_message(manager, "READY=1");
    sw_server_stop(old.server);
    expect_message(manager, "STOPPING=1");
    usleep(20000);
    size_t taken = 0;
    for (int i = 0; i < 20; i++) {
        client_ask(&new, "GET / HTTP/1.0\r\n\r\n", buf, sizeof buf);
        taken += count(buf, "<old>");
        ck_assert_uint_eq(count(buf, "<old>") + count(buf, "<new>"), 1);
    }
    ck_assert_uint_le(taken, 1);
    client_send_text(busy, "Host: x\r\n\r\n");
    client_until(busy, buf, sizeof buf, "<old>");
    close(busy);
    ck_assert_int_eq(served_wait(&old), 0);
    ck_assert_int_eq(served_end(&new), 0);
    close(manager);
}
END_TEST

START_TEST(state_before_running_is_open)
{
    struct sw_listener_config any = {.address = "127.0.0.1"};
    struct sw_server_config config = {
        .handler = reply_state, .listeners = &any, .listener_count = 1, .notify = "/absent/socket"};
    struct sw_server *alone = sw_server_open(&config, NULL);
    ck_assert_ptr_ne(alone, NULL);
    ck_assert_int_eq(sw_server_state(alone), SW_SERVER_OPEN);
    sw_server_stop(alone);
    ck_assert_int_eq(sw_server_run(alone),
                     0); /* returns at once although no socket exists at .notify */
    ck_assert_int_eq(sw_server_state(alone), SW_SERVER_OPEN);
    sw_server_close(alone);
}
END_TEST

static const char *const no_places[] = {
    "",
    "@",
    "relative",
    ("/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
     "456789012345678"),
};

START_TEST(invalid_notify_address_is_refused)
{
    struct sw_server_config config = {.handler = reply_state, .notify = no_places[_i]};
    struct sw_server_error fault;
    ck_assert_ptr_eq(sw_server_open(&config, &fault), NULL);
    ck_assert_str_eq(fault.what, "notify");
    ck_assert_int_eq(fault.code, EINVAL);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {socket_activation_is_parsed, COUNT(inherited)},
        {without_listen_pid_nothing_is_inherited, 1},
        {service_manager_is_notified, COUNT(places)},
        {unread_notify_socket_does_not_block, 1},
        {successor_accepts_new_connections, 1},
        {state_before_running_is_open, 1},
        {invalid_notify_address_is_refused, COUNT(no_places)},
    };
    return suite_main("server service manager", tests, COUNT(tests));
}
