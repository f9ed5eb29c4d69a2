/* check_sockets.c - the server: closes after sending, urgent data, descriptors, stale events. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/un.h>
#include <sys/wait.h>

#define TEXT SW_SPAN("text/plain")
#define HOST "Host: x\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST "\r\n"

enum { REQUESTS = 20, LARGE = 300000 };

static char buf[1 << 20];
static struct served served;
static char place[64];

static sem_t go;
static atomic_int handled, bytes_taken, on_disconnect_calls, is_busy;
static _Atomic(struct sw_exchange *) pending;

/* ---- The handler ----------------------------------------------------------------------------- */

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("hello"));
}

static size_t take_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)exchange;
    atomic_fetch_add(&bytes_taken, (int)bytes.n);
    return bytes.n;
}

static void end_content(struct sw_exchange *exchange, const struct sw_head *trailers,
                        const char *bytes)
{
    (void)trailers, (void)bytes;
    atomic_fetch_add(&handled, 1);
    hello(exchange);
}

static void count_disconnect(struct sw_exchange *exchange)
{
    (void)exchange;
    atomic_fetch_add(&on_disconnect_calls, 1);
}

static const struct sw_hooks content_hooks = {.on_content = take_content,
                                              .on_request_end = end_content},
                             suspend_hooks = {.on_resume = hello,
                                              .on_disconnect = count_disconnect};

/* /busy blocks the worker until `go`, /hang suspends, POST reads its content. */
static void handle(struct sw_exchange *exchange)
{
    switch (sw_exchange_target(exchange).p[1]) {
    case 'b':
        atomic_store(&is_busy, 1);
        sem_wait(&go);
        break;
    case 'h':
        exchange->hooks = &suspend_hooks;
        sw_exchange_suspend(exchange);
        atomic_store(&pending, exchange);
        return;
    default:
        break;
    }
    if (exchange->head->method == SW_METHOD_POST) {
        exchange->hooks = &content_hooks;
        return;
    }
    atomic_fetch_add(&handled, 1);
    hello(exchange);
}

static void await(atomic_int *what, int value)
{
    for (int i = 0; atomic_load(what) != value && i < WAIT_MAX_MS; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(what), value);
}

/* Listens on a unix socket as well, for client_open_local(). */
static void serve(void)
{
    snprintf(place, sizeof place, "/tmp/shockwave-sockets-%d", getpid());
    const struct sw_listener_config listeners[] = {{.address = "127.0.0.1"}, {.address = place}};
    sem_init(&go, 0, 0);
    served_begin(&served, (struct sw_server_config){.handler = handle,
                                                    .listeners = listeners,
                                                    .listener_count = 2,
                                                    .workers = 1,
                                                    .head_timeout = 1000000,
                                                    .body_timeout = 1000000});
}

static int client_open_local(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(address.sun_path, place);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A connection whose request blocks the worker until `go`.  What other clients send in that time
   is read in one iteration. */
static int make_busy(void)
{
    int fd = client_open(&served);
    client_send_text(fd, "GET /busy HTTP/1.1\r\n" HOST "\r\n");
    await(&is_busy, 1);
    return fd;
}

/* ---- Closed after sending -------------------------------------------------------------------- */

static int open_kind(int local)
{
    return local ? client_open_local() : client_open(&served);
}

/* The client closes without reading: the server still reads all that was sent. */
START_TEST(requests_before_a_close_are_read)
{
    serve();
    int busy = make_busy();
    for (int i = 0; i < REQUESTS; i++) {
        int fd = open_kind(_i);
        client_send_text(fd, GET);
        close(fd);
    }
    sem_post(&go);
    await(&handled, REQUESTS + 1);
    close(busy);
    served_end(&served);
}
END_TEST

START_TEST(requests_of_one_connection_before_a_close_are_read)
{
    serve();
    int busy = make_busy(), fd = open_kind(_i);
    for (int i = 0; i < REQUESTS; i++)
        client_send_text(fd, GET);
    close(fd);
    sem_post(&go);
    await(&handled, REQUESTS + 1);
    close(busy);
    served_end(&served);
}
END_TEST

/* More content than the input buffer can contain. */
START_TEST(content_before_a_close_is_read)
{
    static char content[LARGE / 2];
    serve();
    int busy = make_busy(), fd = open_kind(_i), room = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    int n = snprintf(buf, sizeof buf, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
                     sizeof content);
    client_send(fd, buf, (size_t)n);
    client_send(fd, content, sizeof content);
    close(fd);
    sem_post(&go);
    await(&bytes_taken, sizeof content);
    await(&handled, 2);
    close(busy);
    served_end(&served);
}
END_TEST

/* A partial request before a close: the server does not wait for the remainder. */
START_TEST(partial_request_before_a_close_is_dropped)
{
    serve();
    int busy = make_busy(), fd = open_kind(_i);
    client_send_text(fd, "GET / HTTP/1.1\r\nHo");
    close(fd);
    sem_post(&go);
    client_until(busy, buf, sizeof buf, "hello");
    close(busy);
    ck_assert_int_eq(served_end(&served), 0); /* no connection is left to force-close */
}
END_TEST

START_TEST(suspended_exchange_gets_on_disconnect_after_close)
{
    serve();
    int fd = client_open_local();
    client_send_text(fd, "GET /hang HTTP/1.1\r\n" HOST "\r\n" GET);
    struct sw_exchange *exchange;
    while (!(exchange = atomic_load(&pending)))
        usleep(1000);
    close(fd);
    await(&on_disconnect_calls, 1);
    sw_exchange_resume(exchange);
    ck_assert_int_eq(served_end(&served), 0);
    ck_assert_int_eq(atomic_load(&on_disconnect_calls), 1);
}
END_TEST

/* ---- Short reads ----------------------------------------------------------------------------- */

/* Urgent data between two parts of a request: a read ends there, and more follows. */
START_TEST(urgent_data_does_not_hide_what_follows)
{
    serve();
    int busy = make_busy(), fd = open_kind(_i);
    client_send_text(fd, "GET / HTTP/1.1\r\nHo");
    if (send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1) { /* unix sockets: since Linux 5.15 */
        client_send_text(fd, "st: x\r\n\r\n");
        sem_post(&go);
        client_until(fd, buf, sizeof buf, "hello");
        client_send_text(fd, GET); /* the second part */
        client_until(fd, buf, sizeof buf, "hello");
    } else {
        sem_post(&go);
    }
    client_until(busy, buf, sizeof buf, "hello");
    close(fd);
    close(busy);
    served_end(&served);
}
END_TEST

/* Descriptors are attached to the middle of a request: a read ends after that part. */
START_TEST(descriptors_do_not_hide_what_follows)
{
    serve();
    int busy = make_busy(), fd = client_open_local();
    char part[] = "st: x\r\n";
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    struct iovec bytes = {part, strlen(part)};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    client_send_text(fd, "GET / HTTP/1.1\r\nHo");
    ck_assert_int_eq(sendmsg(fd, &message, 0), (int)strlen(part));
    client_send_text(fd, "\r\n");
    sem_post(&go);
    client_until(fd, buf, sizeof buf, "hello");
    client_until(busy, buf, sizeof buf, "hello");
    close(fd);
    close(busy);
    served_end(&served);
}
END_TEST

/* ---- Processes that are forked --------------------------------------------------------------- */

/*
 * A child inherits the server's end of the first connection, so that it stays open in the kernel
 * when the server closes it.  Its reset must not end the second connection, which has the same
 * slot.
 */
START_TEST(stale_event_does_not_close_another_connection)
{
    serve();
    int first = client_open(&served);
    client_send_text(first, GET);
    client_until(first, buf, sizeof buf, "hello");
    pid_t child = fork();
    if (child == 0) {
        close(first);
        for (;;)
            pause();
    }
    shutdown(first, SHUT_WR);
    int second = client_open(&served);
    client_send_text(second, GET);
    client_until(second, buf, sizeof buf, "hello");
    const struct linger reset = {.l_onoff = 1};
    setsockopt(first, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(first);
    for (int i = 0; i < 3; i++) {
        client_send_text(second, GET);
        client_until(second, buf, sizeof buf, "hello");
    }
    close(second);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {requests_before_a_close_are_read, 2},
        {requests_of_one_connection_before_a_close_are_read, 2},
        {content_before_a_close_is_read, 2},
        {partial_request_before_a_close_is_dropped, 2},
        {suspended_exchange_gets_on_disconnect_after_close, 1},
        {urgent_data_does_not_hide_what_follows, 2},
        {descriptors_do_not_hide_what_follows, 1},
        {stale_event_does_not_close_another_connection, 1},
    };
    return suite_main("server sockets", tests, COUNT(tests));
}
