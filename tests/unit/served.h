/* served.h - a server on a thread of its own, and a raw client for it. */
/* SPDX-License-Identifier: MIT */
#ifndef SERVED_H
#define SERVED_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shockwave_server.h"
#include "suite.h"

/* Milliseconds until a test fails whose expected event does not occur. */
enum { WAIT_MAX_MS = 20000 };

struct served {
    struct sw_server *server;
    pthread_t thread;
    int error; /* what sw_server_run() returned */
};

static void *served_thread(void *data)
{
    struct served *served = data;
    served->error = sw_server_run(served->server);
    return NULL;
}

/* Starts a server, by default on a free port of 127.0.0.1. */
static inline void served_begin(struct served *served, struct sw_server_config config)
{
    static const struct sw_listener_config any = {.address = "127.0.0.1"};
    struct sw_server_error fault = {.what = ""};
    if (!config.listener_count) {
        config.listeners = &any;
        config.listener_count = 1;
    }
    served->server = sw_server_open(&config, &fault);
    ck_assert_msg(served->server != NULL, "%s: %s", fault.what, strerror(fault.code));
    ck_assert_int_eq(pthread_create(&served->thread, NULL, served_thread, served), 0);
}

/* Waits until the server has stopped; returns the number of force-closed connections. */
static inline int served_wait(struct served *served)
{
    ck_assert_int_eq(pthread_join(served->thread, NULL), 0);
    ck_assert_int_eq(served->error, 0);
    int force_closed = (int)sw_server_force_closed(served->server);
    sw_server_close(served->server);
    return force_closed;
}

static inline int served_end(struct served *served)
{
    sw_server_stop(served->server);
    return served_wait(served);
}

/* ---- The client ------------------------------------------------------------------------------ */

/* Connects to the first listener with a receive buffer of `room` bytes; 0: the default size. */
static inline int client_open_narrow(const struct served *served, int room)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)sw_server_port(served->server, 0)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    if (room)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline int client_open(const struct served *served)
{
    return client_open_narrow(served, 0);
}

/* Sends all of it.  Errors are ignored: the server may close before it has read everything. */
static inline void client_send(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

static inline void client_send_text(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

/* Receives the next bytes; returns their number, 0 at the end, -1 for a reset. */
static inline ssize_t client_receive(int fd, char *buf, size_t size)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    ck_assert_msg(poll(&poll_fd, 1, WAIT_MAX_MS) == 1, "nothing came");
    return recv(fd, buf, size, 0);
}

/* Receives until the bytes contain `end`; NUL-terminates them. */
static inline void client_until(int fd, char *buf, size_t size, const char *end)
{
    size_t n = 0;
    buf[0] = '\0';
    while (!strstr(buf, end)) {
        ssize_t got = client_receive(fd, buf + n, size - 1 - n);
        ck_assert_msg(got > 0, "the end of the connection instead of \"%s\", after: %s", end, buf);
        n += (size_t)got;
        buf[n] = '\0';
    }
}

/* Receives to the end of the connection; returns the number of bytes.  A reset is a failure. */
static inline size_t client_all(int fd, char *buf, size_t size)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = client_receive(fd, buf + n, size - 1 - n);
        ck_assert_msg(got >= 0, "reset after %zu bytes", n);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    buf[n] = '\0';
    return n;
}

/* Sends one request on a connection of its own; receives until the server closes. */
static inline size_t client_ask(const struct served *served, const char *request, char *buf,
                                size_t size)
{
    int fd = client_open(served);
    client_send_text(fd, request);
    size_t n = client_all(fd, buf, size);
    close(fd);
    return n;
}

/* The number of occurrences of `part` in `text`. */
static inline size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
        n++;
    return n;
}

#endif
