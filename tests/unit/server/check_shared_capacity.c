/* check_shared_capacity.c - the server: workers share the capacity for connections. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "expect.h"
#include "served.h"

#include <sys/un.h>

static char buf[1 << 16];

static struct served served;

#include "scraped.h"

#define GET  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n" /* without its content */

enum { WORKERS = 4, EACH = 15, ALL = WORKERS * EACH };

#define EVICTED "shockwave_evicted_total"

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("hello"));
}

static struct sockaddr_un local = {.sun_family = AF_UNIX};
static char folder[32];
static bool is_local;

/* Half of the runs use one TCP socket for each worker, half one unix socket for all. */
static void serve(bool on_unix, struct sw_server_config config)
{
    static struct sw_listener_config listeners[2];
    is_local = on_unix;
    listeners[0].address = "127.0.0.1";
    if (is_local) {
        ck_assert_ptr_ne(mkdtemp(strcpy(folder, "/tmp/shockwave-check-XXXXXX")), NULL);
        snprintf(local.sun_path, sizeof local.sun_path, "%s/socket", folder);
        listeners[0].address = local.sun_path;
    }
    listeners[1] = (struct sw_listener_config){.address = "127.0.0.1", .handler = sw_admin_serve};
    config.handler = hello;
    config.workers = WORKERS;
    config.connections = EACH;
    config.listeners = listeners;
    config.listener_count = 2;
    served_begin(&served, config);
}

static void end(void)
{
    served_end(&served);
    if (is_local)
        rmdir(folder);
}

static int come(const char *request)
{
    int fd = is_local ? socket(AF_UNIX, SOCK_STREAM, 0) : client_open(&served);
    if (is_local)
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&local, sizeof local), 0);
    client_send_text(fd, request);
    return fd;
}

static void expect_hello(int fd)
{
    client_until(fd, buf, sizeof buf, "hello");
}

static void fill(int *fd, const char *request)
{
    for (int i = 0; i < ALL; i++)
        fd[i] = come(request);
    for (int i = 0; i < ALL; i++)
        expect_hello(fd[i]);
}

static void close_all(const int *fd)
{
    for (int i = 0; i < ALL; i++)
        close(fd[i]);
}

/* All connections can be used, whichever worker the kernel selects, and none is evicted. */
START_TEST(all_connections_of_all_workers_are_usable)
{
    for (int i = 0; i < 8; i++) {
        serve(i % 2, (struct sw_server_config){.full = i / 2 % 2 ? SW_FULL_REFUSE : SW_FULL_WAIT});
        int fd[ALL];
        fill(fd, GET);
        for (int n = 0; n < ALL; n++) {
            client_send_text(fd[n], GET);
            expect_hello(fd[n]);
        }
        expect_sample(EVICTED, 0);
        close_all(fd);
        end();
    }
}
END_TEST

/* The client waits at any worker and is accepted by the first that has a free connection. */
START_TEST(waiting_client_gets_any_free_connection)
{
    for (int i = 0; i < 4; i++) {
        serve(i % 2, (struct sw_server_config){0});
        int fd[ALL];
        fill(fd, POST);
        for (int n = 0; n < ALL; n++) {
            int newcomer = come(POST);
            struct pollfd readable = {.fd = newcomer, .events = POLLIN};
            ck_assert_int_eq(poll(&readable, 1, 1), 0);
            if (n % 2) {
                close(fd[n]);
            } else {
                client_send_text(fd[n], "12345"); /* idle from now on */
                expect_hello(newcomer);
                close(fd[n]);
            }
            if (n % 2)
                expect_hello(newcomer);
            fd[n] = newcomer;
        }
        expect_sample(EVICTED, ALL / 2);
        close_all(fd);
        end();
    }
}
END_TEST

/* An idle connection of any worker is evicted when no worker has a free one. */
START_TEST(idle_connections_of_any_worker_are_evicted)
{
    for (int i = 0; i < 4; i++) {
        serve(i % 2, (struct sw_server_config){.full = i / 2 % 2 ? SW_FULL_REFUSE : SW_FULL_WAIT});
        int fd[ALL], more[ALL];
        fill(fd, GET);
        for (int n = 0; n < ALL; n++) {
            more[n] = come(POST);
            expect_hello(more[n]);
        }
        expect_sample(EVICTED, ALL);
        close_all(fd);
        close_all(more);
        end();
    }
}
END_TEST

/* Refused only when all connections of all workers are in use. */
START_TEST(clients_are_refused_only_when_all_are_in_use)
{
    for (int i = 0; i < 4; i++) {
        serve(i % 2, (struct sw_server_config){.full = SW_FULL_REFUSE});
        int fd[ALL];
        fill(fd, POST);
        for (int n = 0; n < ALL; n++) {
            int newcomer = come("");
            client_all(newcomer, buf, sizeof buf);
            ck_assert_ptr_eq(strstr(buf, "HTTP/1.1 503 "), buf);
            close(newcomer);
        }
        expect_sample(EVICTED, 0);
        close_all(fd);
        end();
    }
}
END_TEST

/* Connections are opened and closed during a graceful shutdown. */
START_TEST(full_server_shuts_down)
{
    for (int i = 0; i < 20; i++) {
        serve(i % 2, (struct sw_server_config){.drain = 200});
        int fd[ALL], more[ALL];
        fill(fd, i % 4 < 2 ? GET : POST);
        for (int n = 0; n < ALL; n++)
            more[n] = come(GET);
        sw_server_stop(served.server);
        close_all(fd);
        close_all(more);
        end();
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {all_connections_of_all_workers_are_usable, 1},
        {waiting_client_gets_any_free_connection, 1},
        {idle_connections_of_any_worker_are_evicted, 1},
        {clients_are_refused_only_when_all_are_in_use, 1},
        {full_server_shuts_down, 1},
    };
    return suite_main("server shared capacity", tests, COUNT(tests));
}
