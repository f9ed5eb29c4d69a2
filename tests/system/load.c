/* load.c - requests `/` on many connections at once, and counts failures and latencies.
 *
 *     load PORT CONNECTIONS REQUESTS PER_CONNECTION [SECONDS [PAUSE]]
 *
 * Each connection sends one request after the other, and is opened again after PER_CONNECTION of
 * them.  Between two requests it is idle for up to PAUSE milliseconds.  The server may close it
 * after a response or while it is idle; any other error is a failure.  Ends after REQUESTS
 * responses and, if given, SECONDS.  Prints
 *
 *     REQUESTS requests, FAILURES failed, P50 P99 LONGEST us
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 10000, BUCKETS = 2000, EVENTS = 256 };

static const char request[] = "GET / HTTP/1.1\r\nHost: load\r\n\r\n";
static const char body[] = "Hello, World!";

static struct client {
    int fd; /* -1: to be opened again */
    bool is_waiting;
    uint32_t replies, n;
    uint64_t since; /* us; when the request was sent, or is to be sent */
    char reply[512];
} clients[CONNECTIONS_MAX];

static struct {
    uint64_t replies, failures, longest;
    uint64_t buckets[BUCKETS]; /* replies by latency: each bucket is 1 % longer than the last */
} tally;

static int epoll_fd;
static uint64_t pause_max; /* microseconds */
static struct sockaddr_in address = {.sin_family = AF_INET};

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static size_t bucket_of(uint64_t time)
{
    size_t bucket = 0;
    for (double top = 1; top < (double)time && bucket < BUCKETS - 1; top *= 1.01)
        bucket++;
    return bucket;
}

static uint64_t percentile(double part)
{
    uint64_t seen = 0;
    double top = 1;
    for (size_t i = 0; i < BUCKETS; i++, top *= 1.01) {
        seen += tally.buckets[i];
        if ((double)seen >= part * (double)tally.replies)
            return (uint64_t)top;
    }
    return tally.longest;
}

static void fail(const struct client *client, const char *what)
{
    if (tally.failures++ < 10)
        fprintf(stderr, "load: %s: %s, %u replies before, %u bytes of this one\n", what,
                strerror(errno), client->replies, client->n);
}

static void disconnect(struct client *client)
{
    close(client->fd);
    client->fd = -1;
}

static void open_connection(struct client *client)
{
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    client->is_waiting = false;
    client->replies = client->n = 0;
    client->since = now();
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client};
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        fail(client, "connect");
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event);
}

static void ask(struct client *client)
{
    if (client->replies)
        client->since = now();
    client->is_waiting = true;
    client->n = 0;
    errno = 0;
    if (send(client->fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) {
        fail(client, "send");
        disconnect(client);
    }
}

/* Counts a complete reply. */
static void count(struct client *client, bool last)
{
    uint64_t time = now() - client->since;
    tally.replies++;
    tally.buckets[bucket_of(time)]++;
    if (time > tally.longest)
        tally.longest = time;
    client->is_waiting = false;
    client->replies++;
    if (last)
        disconnect(client);
    else if (pause_max)
        client->since = now() + (uint64_t)random() % pause_max;
    else
        ask(client);
}

/* Opens the connection again, or sends the next request after the pause. */
static void wake(struct client *client)
{
    if (client->fd < 0)
        open_connection(client);
    else if (pause_max && client->replies && !client->is_waiting && client->since <= now())
        ask(client);
}

static void read_reply(struct client *client, uint32_t per_connection)
{
    ssize_t n =
        recv(client->fd, client->reply + client->n, sizeof client->reply - 1 - client->n, 0);
    if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return;
    if (n <= 0) {
        if (client->is_waiting || !client->replies)
            fail(client, n ? "receive" : "end of the connection");
        disconnect(client);
        return;
    }
    client->n += (uint32_t)n;
    client->reply[client->n] = '\0';
    if (client->n < sizeof body || strcmp(client->reply + client->n + 1 - sizeof body, body) != 0)
        return;
    if (strncmp(client->reply, "HTTP/1.1 200 OK\r\n", 17) != 0)
        fail(client, client->reply);
    count(client, client->replies + 1 >= per_connection ||
                      strcasestr(client->reply, "\r\nConnection: close\r\n"));
}

static void serve(struct client *client, uint32_t events, uint32_t per_connection)
{
    if (client->fd < 0)
        return;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        errno = error;
        fail(client, "connection");
        disconnect(client);
        return;
    }
    if (events & EPOLLOUT && !client->is_waiting && !client->replies)
        ask(client);
    if (client->fd >= 0 && events & EPOLLIN)
        read_reply(client, per_connection);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size_t connections = (size_t)atoi(argv[2]);
    uint64_t requests = strtoull(argv[3], NULL, 10);
    uint32_t per_connection = (uint32_t)atoi(argv[4]);
    uint64_t end = now() + (argc > 5 ? strtoull(argv[5], NULL, 10) : 0) * 1000000;
    pause_max = argc > 6 ? strtoull(argv[6], NULL, 10) * 1000 : 0;
    epoll_fd = epoll_create1(0);
    for (size_t i = 0; i < connections; i++)
        clients[i].fd = -1;
    while (tally.replies + tally.failures < requests || now() < end) {
        struct epoll_event events[EVENTS];
        for (size_t i = 0; i < connections; i++)
            wake(&clients[i]);
        int n = epoll_wait(epoll_fd, events, EVENTS, pause_max ? 1 : 1000);
        for (int i = 0; i < n; i++)
            serve(events[i].data.ptr, events[i].events, per_connection);
    }
    printf("%llu requests, %llu failed, %llu %llu %llu us\n", (unsigned long long)tally.replies,
           (unsigned long long)tally.failures, (unsigned long long)percentile(0.5),
           (unsigned long long)percentile(0.99), (unsigned long long)tally.longest);
    return tally.failures != 0;
}
