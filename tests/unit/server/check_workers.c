/* check_workers.c - the server: several workers, and the listeners that they share. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/un.h>

#define TEXT SW_SPAN("text/plain")
#define GET  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static char buf[1 << 16];

static struct served served;

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("hello"));
}

/* ---- A unix socket, and one that listens already --------------------------------------------- */

static char folder[] = "/tmp/shockwave-check-XXXXXX";
static struct sockaddr_un local = {.sun_family = AF_UNIX};

static void make_place(void)
{
    ck_assert_ptr_ne(mkdtemp(folder), NULL);
    snprintf(local.sun_path, sizeof local.sun_path, "%s/socket", folder);
}

static void remove_place(void)
{
    unlink(local.sun_path);
    rmdir(folder);
}

static int connect_local(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&local, sizeof local), 0);
    return fd;
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 100), 0);
    return fd;
}

/* ---- Workers --------------------------------------------------------------------------------- */

enum { WORKERS = 4, MANY = 100 };

static void reply_thread(struct sw_exchange *exchange)
{
    char text[32];
    int n = snprintf(text, sizeof text, "<%lx>", (unsigned long)pthread_self());
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){text, (size_t)n});
}

/* The number of threads that served MANY connections with two requests each. */
static size_t count_threads(void)
{
    static char seen[MANY][32];
    size_t threads = 0;
    for (int i = 0; i < MANY; i++) {
        int fd = client_open(&served);
        char first[32] = "", text[32] = "";
        for (int request = 0; request < 2; request++) {
            client_send_text(fd, GET);
            client_until(fd, buf, sizeof buf, ">");
            snprintf(request ? text : first, 32, "%.31s", strchr(buf, '<'));
        }
        ck_assert_str_eq(first, text); /* a connection stays with its worker */
        size_t at = 0;
        while (at < threads && strcmp(seen[at], text) != 0)
            at++;
        if (at == threads)
            strcpy(seen[threads++], text);
        close(fd);
    }
    return threads;
}

START_TEST(connections_are_distributed_to_workers)
{
    served_begin(&served, (struct sw_server_config){.handler = reply_thread, .workers = WORKERS});
    ck_assert_uint_gt(count_threads(), 1);
    ck_assert_int_eq(served_end(&served), 0);
    served_begin(&served, (struct sw_server_config){.handler = reply_thread, .workers = 1});
    ck_assert_uint_eq(count_threads(), 1);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

START_TEST(default_is_one_worker_per_processor)
{
    cpu_set_t one, before;
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    struct sw_server_config config = {.handler = hello}, single = {.handler = hello, .workers = 1};
    size_t memory = sw_server_memory(&single);
    ck_assert_uint_gt(sw_server_memory(&config), (size_t)(CPU_COUNT(&before) - 1) * memory);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_uint_eq(sw_server_memory(&config), memory);
    sched_setaffinity(0, sizeof before, &before);
}
END_TEST

static pthread_barrier_t barrier;
static atomic_int met;

static void meet(struct sw_exchange *exchange)
{
    atomic_fetch_add(&met, 1);
    pthread_barrier_wait(&barrier);
    hello(exchange);
}

/* Each handler waits for all the others: a busy worker does not keep connections from idle ones. */
static void meet_all(int (*come)(void))
{
    int fd[WORKERS];
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, WORKERS), 0);
    atomic_store(&met, 0);
    for (int i = 0; i < WORKERS; i++) {
        fd[i] = come();
        client_send_text(fd[i], GET);
        for (int waits = 0; atomic_load(&met) <= i && waits < WAIT_MAX_MS; waits++)
            usleep(1000); /* an idle worker must not accept two */
    }
    for (int i = 0; i < WORKERS; i++) {
        client_until(fd[i], buf, sizeof buf, "hello");
        close(fd[i]);
    }
    ck_assert_int_eq(served_end(&served), 0);
}

START_TEST(unix_socket_is_shared_by_workers)
{
    make_place();
    struct sw_listener_config listener = {.address = local.sun_path};
    served_begin(&served, (struct sw_server_config){.handler = meet,
                                                    .workers = WORKERS,
                                                    .listeners = &listener,
                                                    .listener_count = 1});
    meet_all(connect_local);
    ck_assert_int_ne(access(local.sun_path, F_OK), 0);
    remove_place();
}
END_TEST

static int connect_first(void)
{
    return client_open(&served);
}

START_TEST(inherited_socket_is_shared_by_workers)
{
    struct sw_listener_config listener = {.fd = listen_on_loopback()};
    served_begin(&served, (struct sw_server_config){.handler = meet,
                                                    .workers = WORKERS,
                                                    .listeners = &listener,
                                                    .listener_count = 1});
    ck_assert_uint_ne(sw_server_port(served.server, 0), 0);
    meet_all(connect_first);
    ck_assert_int_eq(fcntl(listener.fd, F_GETFD), -1);
}
END_TEST

START_TEST(full_worker_gets_no_accept_events)
{
    struct sw_listener_config listener = {.fd = listen_on_loopback()};
    served_begin(&served, (struct sw_server_config){.handler = hello,
                                                    .workers = WORKERS,
                                                    .connections = 1,
                                                    .listeners = &listener,
                                                    .listener_count = 1});
    int fd[2 * WORKERS];
    for (int round = 0; round < 2; round++) { /* in the second round there is room again */
        for (int i = 0; i < WORKERS; i++) {
            fd[i] = client_open(&served);
            client_send_text(fd[i], GET);
            client_until(fd[i], buf, sizeof buf, "hello");
        }
        for (int i = 0; i < WORKERS; i++)
            close(fd[i]);
    }
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

/* ---- Stopping -------------------------------------------------------------------------------- */

static void stop(int signal_number)
{
    (void)signal_number;
    sw_server_stop(served.server);
}

START_TEST(stop_from_a_signal_handler)
{
    served_begin(&served, (struct sw_server_config){.handler = hello, .workers = WORKERS});
    signal(SIGUSR1, stop);
    ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
    ck_assert_int_eq(served_wait(&served), 0);
}
END_TEST

START_TEST(force_closed_connections_are_summed)
{
    served_begin(&served,
                 (struct sw_server_config){.handler = hello, .workers = WORKERS, .drain = 200});
    int fd[MANY];
    for (int i = 0; i < MANY; i++) {
        fd[i] = client_open(&served);
        client_send_text(fd[i], GET "GET / HTTP/1.1\r\n");
        client_until(fd[i], buf, sizeof buf, "hello");
    }
    ck_assert_int_eq(served_end(&served), MANY);
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
}
END_TEST

/* No thread can have a stack of this size. */
START_TEST(thread_creation_failure_is_reported)
{
    pthread_attr_t attributes;
    struct sw_listener_config any = {.address = "127.0.0.1"};
    struct sw_server_config config = {
        .handler = hello, .workers = 2, .listeners = &any, .listener_count = 1};
    struct sw_server *server = sw_server_open(&config, NULL);
    ck_assert_ptr_ne(server, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)1 << 50);
    ck_assert_int_eq(pthread_setattr_default_np(&attributes), 0);
    ck_assert_int_eq(sw_server_run(server), EAGAIN);
    ck_assert_uint_eq(sw_server_force_closed(server), 0);
    sw_server_close(server);
}
END_TEST

/* ---- Ports ----------------------------------------------------------------------------------- */

static const struct {
    bool first, second;
    uint32_t workers;
    int code;
} beside[] = {
    {false, false, 1, EADDRINUSE},
    {false, false, 2, EADDRINUSE},
    {true, false, 2, EADDRINUSE},
    {false, true, 1, EADDRINUSE},
    {true, true, 1, 0},
    {true, true, 2, 0},
};

START_TEST(port_is_shared_only_when_configured)
{
    struct sw_listener_config listener = {.address = "127.0.0.1"};
    struct sw_server_config config = {.handler = hello,
                                      .workers = beside[_i].workers,
                                      .shared = beside[_i].first,
                                      .listeners = &listener,
                                      .listener_count = 1};
    struct sw_server_error fault = {.what = ""};
    struct sw_server *first = sw_server_open(&config, &fault);
    ck_assert_ptr_ne(first, NULL);
    listener.port = (uint16_t)sw_server_port(first, 0);
    config.shared = beside[_i].second;
    struct sw_server *second = sw_server_open(&config, &fault);
    ck_assert_int_eq(second != NULL, beside[_i].code == 0);
    ck_assert_int_eq(fault.code, beside[_i].code);
    if (second)
        sw_server_close(second);
    sw_server_close(first);
}
END_TEST

/* The number of connections that the kernel queues while none is accepted. */
static int count_waiting(uint32_t backlog)
{
    enum { CLIENTS = 20 };
    struct sw_listener_config listener = {.address = "127.0.0.1"};
    struct sw_server_config config = {.handler = hello,
                                      .workers = 1,
                                      .backlog = backlog,
                                      .listeners = &listener,
                                      .listener_count = 1};
    struct sw_server *server = sw_server_open(&config, NULL);
    ck_assert_ptr_ne(server, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)sw_server_port(server, 0)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd[CLIENTS], waiting = 0;
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fd[i], (struct sockaddr *)&address, sizeof address);
        struct pollfd done = {.fd = fd[i], .events = POLLOUT};
        waiting += poll(&done, 1, 20) == 1;
    }
    for (int i = 0; i < CLIENTS; i++)
        close(fd[i]);
    sw_server_close(server);
    return waiting;
}

START_TEST(backlog_has_the_configured_size)
{
    ck_assert_int_eq(count_waiting(0), 20);
    ck_assert_int_le(count_waiting(3), 4);
}
END_TEST

static const int no_listeners[] = {SOCK_STREAM, SOCK_DGRAM, 0};

START_TEST(socket_that_does_not_listen_is_refused)
{
    int type = no_listeners[_i];
    int fd = type ? socket(AF_INET, type, 0) : open("/dev/null", O_RDONLY);
    struct sw_listener_config listener = {.fd = fd};
    struct sw_server_config config = {
        .handler = hello, .listeners = &listener, .listener_count = 1};
    struct sw_server_error fault = {.what = ""};
    ck_assert_ptr_eq(sw_server_open(&config, &fault), NULL);
    ck_assert_str_eq(fault.what, "listeners");
    ck_assert_int_eq(fcntl(fd, F_GETFD), 0); /* still open, and still the caller's */
    close(fd);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {connections_are_distributed_to_workers, 1},
        {default_is_one_worker_per_processor, 1},
        {unix_socket_is_shared_by_workers, 1},
        {inherited_socket_is_shared_by_workers, 1},
        {full_worker_gets_no_accept_events, 1},
        {stop_from_a_signal_handler, 1},
        {force_closed_connections_are_summed, 1},
        {thread_creation_failure_is_reported, 1},
        {port_is_shared_only_when_configured, COUNT(beside)},
        {backlog_has_the_configured_size, 1},
        {socket_that_does_not_listen_is_refused, COUNT(no_listeners)},
    };
    return suite_main("server workers", tests, COUNT(tests));
}
