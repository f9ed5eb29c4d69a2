/* check_sendfile.c - responses from files: their order, their length, and clients that close. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/un.h>

#define HOST "Host: x\r\n"

enum { LARGE = 3000000 };

static char buf[2 * LARGE], content[LARGE];
static struct served served;
static int file;

static void write_file(void)
{
    for (size_t i = 0; i < LARGE; i++)
        content[i] = (char)('a' + i % 23);
    FILE *stream = tmpfile();
    ck_assert_ptr_ne(stream, NULL);
    file = fileno(stream);
    ck_assert_int_eq(write(file, content, LARGE), LARGE);
}

static void serve(void (*handler)(struct sw_exchange *exchange))
{
    write_file();
    served_begin(&served, (struct sw_server_config){.handler = handler});
}

/* ---- Place and length ------------------------------------------------------------------------ */

static void reply_in_chunks(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
    sw_reply_write(exchange, SW_SPAN("before"));
    ck_assert(sw_reply_file(exchange, file, 7, 4096));
    ck_assert(!sw_reply_file(exchange, file, 0, 1));
    ck_assert(!sw_reply_write_nocopy(exchange, SW_SPAN("one at a time")));
    sw_reply_write(exchange, SW_SPAN("suffix"));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

START_TEST(file_is_sent_in_order)
{
    serve(reply_in_chunks);
    size_t n = client_ask(&served,
                          "GET / HTTP/1.1\r\n" HOST "\r\n"
                          "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                          buf, sizeof buf);
    const char *at = buf;
    for (int i = 0; i < 2; i++) {
        at = strstr(at, "\r\n\r\n6\r\nbefore\r\n1000\r\n");
        ck_assert_ptr_ne(at, NULL);
        at += strlen("\r\n\r\n6\r\nbefore\r\n1000\r\n");
        ck_assert_mem_eq(at, content + 7, 4096);
        at += 4096;
        ck_assert_ptr_eq(strstr(at, "\r\n6\r\nsuffix\r\n0\r\n\r\n"), at);
        at += strlen("\r\n6\r\nsuffix\r\n0\r\n\r\n");
    }
    ck_assert_ptr_eq(at, buf + n);
    served_end(&served);
}
END_TEST

static void reply_complete_file(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, LARGE);
    ck_assert(sw_reply_file(exchange, file, 0, LARGE));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

START_TEST(reply_without_content_skips_the_file)
{
    serve(reply_complete_file);
    size_t n = client_ask(&served,
                          "HEAD / HTTP/1.1\r\n" HOST "\r\n"
                          "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                          buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "Content-Length: 3000000\r\n"), 2);
    ck_assert_uint_lt(n, LARGE + 1000);
    ck_assert_mem_eq(buf + n - LARGE, content, LARGE);
    served_end(&served);
}
END_TEST

/* More responses than one connection sends in an iteration of the event loop. */
enum { AHEAD = 100 };

static int overs;

static void count_over(struct sw_exchange *exchange, bool is_complete)
{
    (void)exchange;
    overs += is_complete;
}

static void reply_little(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_complete = count_over};
    exchange->hooks = &hooks;
    sw_reply_begin(exchange, SW_STATUS_OK, 1);
    ck_assert(sw_reply_file(exchange, file, exchange->head->target_len - 1, 1));
    ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

START_TEST(pipelined_requests_get_each_file)
{
    char requests[AHEAD * (AHEAD + 40)] = "", path[AHEAD + 1] = "";
    overs = 0;
    serve(reply_little);
    int fd = client_open(&served);
    for (int i = 0; i < AHEAD; i++) {
        path[i] = '/';
        sprintf(requests + strlen(requests), "GET %s HTTP/1.1\r\n" HOST "%s\r\n", path,
                i + 1 == AHEAD ? "Connection: close\r\n" : "");
    }
    client_send_text(fd, requests);
    client_all(fd, buf, sizeof buf);
    const char *at = buf;
    for (int i = 0; i < AHEAD; i++) {
        ck_assert_ptr_eq(strstr(at, "HTTP/1.1 200 OK\r\n"), at);
        at = strstr(at, "\r\n\r\n");
        ck_assert_ptr_ne(at, NULL);
        ck_assert_int_eq(at[4], content[i]);
        at += 5;
    }
    ck_assert_str_eq(at, "");
    close(fd);
    served_end(&served);
    ck_assert_int_eq(overs, AHEAD);
}
END_TEST

START_TEST(slow_client_gets_the_complete_reply)
{
    serve(reply_complete_file);
    int fd = client_open_narrow(&served, 4096);
    client_send_text(fd, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    size_t n = client_all(fd, buf, sizeof buf);
    ck_assert_mem_eq(buf + n - LARGE, content, LARGE);
    close(fd);
    served_end(&served);
}
END_TEST

/* More pieces than one connection sends in an iteration of the event loop. */
enum { PIECES = 100 };

static int piece;

static void reply_piece(struct sw_exchange *exchange)
{
    ck_assert(sw_reply_file(exchange, file, (uint64_t)piece, 1));
    if (++piece == PIECES)
        ck_assert_int_eq(sw_reply_end(exchange), SW_OK);
}

static const struct sw_hooks piece_hooks = {.on_writable = reply_piece};

static void reply_piece_by_piece(struct sw_exchange *exchange)
{
    exchange->hooks = &piece_hooks;
    piece = 0;
    sw_reply_begin(exchange, SW_STATUS_OK, PIECES);
    reply_piece(exchange);
}

START_TEST(reply_of_many_pieces)
{
    serve(reply_piece_by_piece);
    size_t n = client_ask(&served,
                          "GET / HTTP/1.1\r\n" HOST "\r\n"
                          "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                          buf, sizeof buf);
    ck_assert_uint_eq(count(buf, "HTTP/1.1 200 OK\r\n"), 2);
    ck_assert_mem_eq(buf + n - PIECES, content, PIECES);
    served_end(&served);
}
END_TEST

static void reply_too_much(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, LARGE + 1);
    ck_assert(sw_reply_file(exchange, file, 0, LARGE + 1));
    sw_reply_end(exchange);
}

START_TEST(too_short_file_closes_the_connection)
{
    serve(reply_too_much);
    for (int i = 0; i < 2; i++) {
        size_t n = client_ask(&served, "GET / HTTP/1.1\r\n" HOST "\r\n", buf, sizeof buf);
        ck_assert_ptr_ne(strstr(buf, "Content-Length: 3000001\r\n"), NULL);
        ck_assert_mem_eq(buf + n - LARGE, content, LARGE);
    }
    served_end(&served);
}
END_TEST

/* ---- Clients that close ---------------------------------------------------------------------- */

static sem_t first_is_out, client_has_closed, all_is_over;

static void reply_rest(struct sw_exchange *exchange)
{
    sem_post(&first_is_out);
    while (sem_wait(&client_has_closed))
        ;
    ck_assert(sw_reply_file(exchange, file, 1, 1)); /* nothing before it in the queue can fail */
    sw_reply_end(exchange);
}

static void post_complete(struct sw_exchange *exchange, bool is_complete)
{
    (void)exchange;
    ck_assert(!is_complete);
    sem_post(&all_is_over);
}

static const struct sw_hooks pieces = {.on_writable = reply_rest, .on_complete = post_complete};

static void reply_in_pieces(struct sw_exchange *exchange)
{
    exchange->hooks = &pieces;
    sw_reply_begin(exchange, SW_STATUS_OK, 2);
    ck_assert(sw_reply_file(exchange, file, 0, 1));
}

/* SIGPIPE must be neither blocked nor pending after sw_server_run(). */
static void *run_and_look(void *data)
{
    sigset_t blocked, pending;
    served.error = sw_server_run(served.server);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    sigpending(&pending);
    *(bool *)data = sigismember(&blocked, SIGPIPE) || sigismember(&pending, SIGPIPE);
    return NULL;
}

START_TEST(closed_client_does_not_raise_sigpipe)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct sw_listener_config listener = {.address = address.sun_path};
    struct sw_server_config config = {
        .listeners = &listener, .listener_count = 1, .handler = reply_in_pieces};
    bool is_left_blocked = true;
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/shockwave-%ld", (long)getpid());
    sem_init(&first_is_out, 0, 0);
    sem_init(&client_has_closed, 0, 0);
    sem_init(&all_is_over, 0, 0);
    write_file();
    served.server = sw_server_open(&config, NULL);
    ck_assert_ptr_ne(served.server, NULL);
    pthread_create(&served.thread, NULL, run_and_look, &is_left_blocked);

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    client_send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
    sem_wait(&first_is_out);
    close(fd);
    sem_post(&client_has_closed);
    sem_wait(&all_is_over);
    served_end(&served);
    ck_assert(!is_left_blocked);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {file_is_sent_in_order, 1},
        {reply_without_content_skips_the_file, 1},
        {pipelined_requests_get_each_file, 1},
        {slow_client_gets_the_complete_reply, 1},
        {reply_of_many_pieces, 1},
        {too_short_file_closes_the_connection, 1},
        {closed_client_does_not_raise_sigpipe, 1},
    };
    return suite_main("server sendfile", tests, COUNT(tests));
}
