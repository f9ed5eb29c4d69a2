/* check_suspend.c - the server: the suspended state is restored completely, and slow clients. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <linux/sockios.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#define TEXT   SW_SPAN("text/plain")
#define FIELDS "Host: h.example\r\nX-A: 1\r\nAccept: first\r\naccept: second\r\nX-A: 2\r\n"

static char buf[1 << 20];
static struct served served;

/* ---- The head -------------------------------------------------------------------------------- */

static atomic_uint hooks_called, heads_wrong;

static bool is(struct sw_span span, const char *text)
{
    return span.n == strlen(text) && memcmp(span.p, text, span.n) == 0;
}

/* Checks the head through each function that looks something up in it. */
static void look(const struct sw_exchange *exchange)
{
    const struct sw_head *head = exchange->head;
    const struct sw_field *accept = sw_head_field(head, SW_HEADER_ACCEPT);
    const struct sw_field *a = sw_head_field_named(head, exchange->bytes, SW_SPAN("x-a"));
    bool right = is(sw_exchange_target(exchange), "/some/path?query") && head->field_count >= 5 &&
                 head->method != SW_METHOD_OTHER && head->minor == 1 &&
                 is(sw_exchange_field(exchange, SW_HEADER_HOST), "h.example") && accept &&
                 is(sw_field_value(accept, exchange->bytes), "first") &&
                 sw_head_next_field(head, accept) == sw_head_at(head, 3) &&
                 !sw_head_field(head, SW_HEADER_COOKIE) && a == sw_head_at(head, 1) &&
                 is(sw_field_value(sw_head_at(head, 4), exchange->bytes), "2");
    atomic_fetch_add(&hooks_called, 1);
    atomic_fetch_add(&heads_wrong, !right);
}

static void look_last(struct sw_exchange *exchange, bool is_complete)
{
    (void)is_complete;
    look(exchange);
}

/* ---- Trickled content ------------------------------------------------------------------------ */

static size_t look_at_content(struct sw_exchange *exchange, struct sw_span bytes)
{
    look(exchange);
    exchange->data = (char *)exchange->data + bytes.n;
    return bytes.n;
}

static void look_at_end(struct sw_exchange *exchange, const struct sw_head *trailers,
                        const char *bytes)
{
    bool right = (uintptr_t)exchange->data == 6;
    if (sw_head_field(exchange->head, SW_HEADER_TRANSFER_ENCODING))
        right = right && trailers && trailers->field_count == 2 &&
                is(sw_field_value(sw_head_at(trailers, 0), bytes), "one") &&
                is(sw_field_value(sw_head_field(trailers, SW_HEADER_ETAG), bytes), "\"e\"");
    atomic_fetch_add(&heads_wrong, !right);
    look(exchange);
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("seen"));
}

static void take_content(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {
        .on_content = look_at_content, .on_request_end = look_at_end, .on_complete = look_last};
    exchange->hooks = &hooks;
    look(exchange);
}

/* Sends single bytes, slowly enough that the server reads each one alone. */
static void trickle(int fd, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        client_send(fd, text + i, 1);
        nanosleep(&(struct timespec){0, 500000}, NULL);
    }
}

static const char *const trickled[] = {
    "Content-Length: 6\r\n\r\nabcdef",
    "Transfer-Encoding: chunked\r\n\r\n"
    "3;x=\"y\"\r\nabc\r\n03\r\ndef\r\n0\r\nX-Sum: one\r\nETag: \"e\"\r\n\r\n",
    /* more than fits into the compacted message */
    "Content-Length: 6\r\nX-Pad: "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "\r\n\r\nabcdef",
    "X-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\n"
    "X-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\n"
    "X-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\nX-1:1\r\n"
    "Content-Length: 6\r\n\r\nabcdef",
};

START_TEST(head_is_restored_for_trickled_content)
{
    served_begin(&served, (struct sw_server_config){.handler = take_content, .exchanges = 2});
    int fd = client_open(&served);
    for (int i = 0; i < 2; i++) { /* the second time with used buffers */
        client_send_text(fd, "POST /some/path?query HTTP/1.1\r\n" FIELDS);
        trickle(fd, trickled[_i], strlen(trickled[_i]));
        client_until(fd, buf, sizeof buf, "seen");
    }
    close(fd);
    served_end(&served);
    ck_assert_uint_ge(hooks_called, 2 * 2); /* bytes that arrive together are one piece */
    ck_assert_uint_eq(heads_wrong, 0);
}
END_TEST

/* The response is sent at once.  The content trickles and is discarded; its last byte arrives with
   the next request. */
static void reply_at_once(struct sw_exchange *exchange)
{
    look(exchange);
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("seen"));
}

START_TEST(trickled_unread_content_is_discarded)
{
    served_begin(&served, (struct sw_server_config){.handler = reply_at_once, .exchanges = 2});
    const char *content = strstr(trickled[_i], "\r\n\r\n") + 4;
    size_t last = strlen(content) - 1;
    char next[1000];
    snprintf(next, sizeof next, "%sPOST /some/path?query HTTP/1.1\r\n" FIELDS "%.*s",
             content + last, (int)(content - trickled[_i]), trickled[_i]);
    int fd = client_open(&served);
    client_send_text(fd, next + 1);
    for (int i = 0; i < 4; i++) {
        trickle(fd, content, last);
        client_until(fd, buf, sizeof buf, "seen");
        client_send_text(fd, next);
    }
    close(fd);
    served_end(&served);
    ck_assert_uint_ge(hooks_called, 4);
    ck_assert_uint_eq(heads_wrong, 0);
}
END_TEST

/* The client closes while the server waits for it: on_complete still gets the request. */
START_TEST(head_is_restored_when_the_client_closes)
{
    served_begin(&served, (struct sw_server_config){.handler = take_content});
    int fd = client_open(&served);
    client_send_text(fd,
                     "POST /some/path?query HTTP/1.1\r\n" FIELDS "Content-Length: 6\r\n\r\nabc");
    while (atomic_load(&hooks_called) < 2)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    close(fd);
    while (atomic_load(&hooks_called) < 3)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    served_end(&served);
    ck_assert_uint_eq(heads_wrong, 0);
}
END_TEST

/* ---- Slow clients ---------------------------------------------------------------------------- */

enum { PIECES = 200, PIECE = 100000 };

static char large[PIECES * PIECE];

static void write_piece(struct sw_exchange *exchange)
{
    uintptr_t piece = (uintptr_t)exchange->data;
    look(exchange);
    if (piece == PIECES)
        sw_reply_end(exchange);
    else if (sw_reply_write_nocopy(exchange, (struct sw_span){large + piece * PIECE, PIECE}))
        exchange->data = (void *)(piece + 1);
}

static void reply_in_pieces(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_writable = write_piece, .on_complete = look_last};
    exchange->hooks = &hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, sizeof large);
    write_piece(exchange);
}

static size_t take(int fd, size_t max)
{
    size_t n = 0;
    while (n < max) {
        ssize_t got = client_receive(fd, buf, max - n < sizeof buf ? max - n : sizeof buf);
        ck_assert_int_gt(got, 0);
        n += (size_t)got;
    }
    return n;
}

/* The second request arrives while the first response is blocked, and is processed after it. */
START_TEST(head_is_restored_while_a_slow_client_reads)
{
    served_begin(&served, (struct sw_server_config){.handler = reply_in_pieces, .exchanges = 2});
    int fd = client_open_narrow(&served, 65536);
    client_send_text(fd, "GET /some/path?query HTTP/1.1\r\n" FIELDS "\r\n"
                         "GET /some/path?query HTTP/1.1\r\n" FIELDS "Connection: close\r\n\r\n");
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    take(fd, 2 * sizeof large);
    ck_assert_uint_lt(client_all(fd, buf, sizeof buf), 1000); /* the two heads */
    close(fd);
    served_end(&served);
    ck_assert_uint_ge(hooks_called, 2 * PIECES);
    ck_assert_uint_eq(heads_wrong, 0);
}
END_TEST

static void reply_large(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){large, sizeof large});
}

/* The socket becomes writable only when much emptier; progress is measured before that. */
START_TEST(client_with_min_progress_is_not_closed)
{
    served_begin(&served, (struct sw_server_config){.handler = reply_large,
                                                    .write_timeout = 1200,
                                                    .min_progress = 10000});
    int fd = client_open_narrow(&served, 65536);
    client_send_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 40; i++) {
        take(fd, 20000);
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    struct pollfd closed = {.fd = fd, .events = POLLRDHUP};
    ck_assert_int_eq(poll(&closed, 1, 0), 0);
    ck_assert_int_eq(poll(&closed, 1, WAIT_MAX_MS), 1); /* after the client stops reading */
    close(fd);
    ck_assert_int_eq(served_end(&served), 0);
}
END_TEST

/* ---- Fast clients ---------------------------------------------------------------------------- */

static sem_t go;
static int first; /* the client's end of the connection with the first request */
static _Atomic size_t ahead;

/* The server's end of a connection of this process. */
static int other_end(int fd)
{
    struct sockaddr_in name, peer;
    socklen_t size = sizeof name;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    for (int other = 0; other < 1024; other++) {
        size = sizeof peer;
        if (getpeername(other, (struct sockaddr *)&peer, &size) == 0 &&
            peer.sin_port == name.sin_port && peer.sin_addr.s_addr == name.sin_addr.s_addr)
            return other;
    }
    ck_abort_msg("there is none");
}

/* Called after the second response's first part was sent: counts the bytes sent to the first. */
static void look_at_first(struct sw_exchange *exchange)
{
    int arrived = 0, queued = 0;
    ioctl(first, FIONREAD, &arrived);
    ioctl(other_end(first), SIOCOUTQ, &queued);
    atomic_store(&ahead, (size_t)arrived + (size_t)queued);
    sw_reply_write(exchange, SW_SPAN("done"));
    sw_reply_end(exchange);
}

static void reply_to_two(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_writable = look_at_first};
    switch (sw_exchange_target(exchange).p[1]) {
    case 'w':
        sem_wait(&go);
        break;
    case 'l':
        reply_large(exchange);
        return;
    default:
        exchange->hooks = &hooks;
        sw_reply_begin(exchange, SW_STATUS_OK, 8);
        sw_reply_write(exchange, SW_SPAN("not "));
        return;
    }
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("done"));
}

/* Two requests arrive while the server is busy: the second response is not delayed until all of
   the first, large one was sent. */
START_TEST(large_reply_is_sent_in_portions)
{
    sem_init(&go, 0, 0);
    served_begin(&served, (struct sw_server_config){.handler = reply_to_two, .workers = 1});
    int busy = client_open(&served), second = client_open(&served);
    first = client_open(&served);
    client_send_text(busy, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    client_send_text(first, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    client_send_text(second, "GET /small HTTP/1.1\r\nHost: x\r\n\r\n");
    sem_post(&go);
    client_until(second, buf, sizeof buf, "done");
    ck_assert_uint_gt(ahead, 0); /* the first response began first */
    ck_assert_uint_lt(ahead, 1 << 20);
    take(first, sizeof large);
    close(busy);
    close(first);
    close(second);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {head_is_restored_for_trickled_content, COUNT(trickled)},
        {trickled_unread_content_is_discarded, 2},
        {head_is_restored_when_the_client_closes, 1},
        {head_is_restored_while_a_slow_client_reads, 1},
        {client_with_min_progress_is_not_closed, 1},
        {large_reply_is_sent_in_portions, 1},
    };
    return suite_main("server suspend", tests, COUNT(tests));
}
