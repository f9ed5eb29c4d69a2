/* load.c - request /plaintext on keep-alive connections, at full speed or at a fixed rate.
 *
 *     load PORT CONNECTIONS DEPTH
 *
 * Connects, then reads lines from standard input: MILLISECONDS [RATE].  For each line it sends
 * requests for that time and prints REQUESTS FAILURES, with RATE also P50 P99 P99.9 in
 * microseconds.
 *
 * Each connection has DEPTH pipelined requests in progress, sent as one write.  Without RATE the
 * next ones are sent when all responses have arrived; this client never sleeps, so that the server
 * never runs out of work.  With RATE (requests per second) each request has a scheduled time,
 * independent of the ones before, and its latency counts from there, so that waiting for a
 * connection counts as well (no coordinated omission).  Exits with 1 on a wrong response.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define TIMEOUT UINT64_C(2000000000) /* nanoseconds */

enum { CONNECTIONS = 1024, DEPTH = 64, REPLY = 1024, SAMPLES = 1 << 22 };

static const char request[] = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:18080\r\n\r\n";
static const char body[] = "Hello, World!";
enum { REQUEST = sizeof request - 1, BODY = sizeof body - 1 };

static struct client {
    int fd;
    size_t missing;   /* bytes of the responses in progress that have not arrived */
    uint32_t waiting; /* RATE: requests that are due, the one in progress included */
    uint64_t first;   /* RATE: number of the oldest one that is due */
} clients[CONNECTIONS];

static char requests[DEPTH * REQUEST], replies[DEPTH * REPLY];
static uint32_t times[SAMPLES];
static uint64_t completed, failures;
static size_t reply; /* length of a response in bytes, learnt from the first one */

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Is it a complete response with the expected content? */
static bool is_reply(const char *p, size_t n)
{
    return n > BODY + 16 && memcmp(p, "HTTP/1.1 200", 12) == 0 &&
           memcmp(p + n - BODY, body, BODY) == 0;
}

static void learn(struct client *client)
{
    size_t n = 0;
    ssize_t got;
    if (send(client->fd, request, REQUEST, MSG_NOSIGNAL) != REQUEST)
        die("send");
    do {
        got = recv(client->fd, replies + n, REPLY - n, 0);
        if (got <= 0)
            die("the first reply");
        n += (size_t)got;
    } while (!is_reply(replies, n));
    if (reply && n != reply)
        die("a reply of another length");
    reply = n;
}

static void send_requests(struct client *client, size_t depth)
{
    client->missing = depth * reply;
    if (send(client->fd, requests, depth * REQUEST, MSG_NOSIGNAL) != (ssize_t)(depth * REQUEST))
        die("send");
}

/* Receives once.  True when all responses in progress are complete. */
static bool receive(struct client *client, size_t depth)
{
    ssize_t n = recv(client->fd, replies, client->missing, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        die("recv");
    bool at_once = (size_t)n == depth * reply;
    client->missing -= (size_t)n;
    if (at_once)
        for (size_t i = 0; i < depth; i++)
            failures += !is_reply(replies + i * reply, reply);
    if (client->missing)
        return false;
    completed += depth;
    return true;
}

static void at_full_speed(size_t count, size_t depth, uint64_t end)
{
    for (size_t i = 0; i < count; i++)
        send_requests(&clients[i], depth);
    for (size_t open = count; open > 0;) {
        bool more = now() < end;
        if (now() > end + TIMEOUT)
            die("a reply is missing");
        for (size_t i = 0; i < count; i++)
            if (clients[i].missing && receive(&clients[i], depth)) {
                if (more)
                    send_requests(&clients[i], depth);
                else
                    open--;
            }
    }
}

static void at_rate(size_t count, double rate, uint64_t end)
{
    uint64_t begin = now(), sent = 0;
    double gap = 1e9 / rate;
    for (size_t in_progress = 0;;) {
        uint64_t time = now();
        for (; time < end && begin + (uint64_t)((double)sent * gap) <= time; sent++) {
            struct client *client = &clients[sent % count];
            if (client->waiting++ == 0) {
                client->first = sent;
                in_progress++;
                send_requests(client, 1);
            }
        }
        if (time >= end && in_progress == 0)
            return;
        if (time > end + TIMEOUT)
            die("a reply is missing");
        for (size_t i = 0; i < count; i++) {
            struct client *client = &clients[i];
            if (!client->waiting || !receive(client, 1))
                continue;
            uint64_t taken = now() - (begin + (uint64_t)((double)client->first * gap));
            times[completed % SAMPLES] = (uint32_t)(taken < UINT32_MAX ? taken : UINT32_MAX);
            client->first += count;
            if (--client->waiting)
                send_requests(client, 1);
            else
                in_progress--;
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double percentile(double part)
{
    uint64_t n = completed < SAMPLES ? completed : SAMPLES, i = (uint64_t)((double)n * part);
    return times[i < n ? i : n - 1] / 1e3;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t count = strtoul(argv[2], NULL, 10), depth = strtoul(argv[3], NULL, 10);
    if (count < 1 || count > CONNECTIONS || depth < 1 || depth > DEPTH)
        return 2;
    for (size_t i = 0; i < DEPTH; i++)
        memcpy(requests + i * REQUEST, request, REQUEST);
    for (size_t i = 0; i < count; i++) {
        clients[i].fd = connect_to((uint16_t)atoi(argv[1]));
        learn(&clients[i]);
    }
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        double milliseconds = 0, rate = 0;
        sscanf(line, "%lf %lf", &milliseconds, &rate);
        completed = failures = 0;
        uint64_t end = now() + (uint64_t)(milliseconds * 1e6);
        if (rate > 0)
            at_rate(count, rate, end);
        else
            at_full_speed(count, depth, end);
        printf("%llu %llu", (unsigned long long)completed, (unsigned long long)failures);
        if (rate > 0 && completed) {
            qsort(times, completed < SAMPLES ? completed : SAMPLES, sizeof *times, compare);
            printf(" %.1f %.1f %.1f", percentile(0.5), percentile(0.99), percentile(0.999));
        }
        putchar('\n');
        fflush(stdout);
    }
    return 0;
}
