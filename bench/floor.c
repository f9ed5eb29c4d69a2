/* floor.c - the lower bound of a server: responds to heads without parsing them.  `floor PORT`. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Epoll, edge-triggered, on one thread.  Each event costs one read, one pass over the bytes that
 * counts the ends of heads, and one write of as many canned responses.  It is not a server: every
 * byte is taken for part of a head, and a client that does not read is closed.
 */

enum { FDS = 4096, EVENTS = 256, READ = 65536, KEPT = 3 };

static const char response[] = "HTTP/1.1 200 OK\r\nDate: Tue, 17 Sep 2024 09:30:00 GMT\r\n"
                               "Content-Length: 13\r\nContent-Type: text/plain\r\n\r\n"
                               "Hello, World!";
enum { RESPONSE = sizeof response - 1, RESPONSES = READ / 4 };

static char responses[RESPONSES * RESPONSE];
static unsigned char buffer[KEPT + READ];
static unsigned char tails[FDS]
                          [KEPT]; /* the last bytes of the previous read: CRLFCRLF may span two */

/* The number of CRLFCRLF in p[0..n + 3).  -O3 vectorises it. */
static size_t count_ends(const unsigned char *p, size_t n)
{
    size_t ends = 0;

    for (size_t i = 0; i < n; i++)
        ends += (p[i] == '\r') & (p[i + 1] == '\n') & (p[i + 2] == '\r') & (p[i + 3] == '\n');
    return ends;
}

static bool serve(int fd)
{
    ssize_t n = recv(fd, buffer + KEPT, READ, 0);

    if (n <= 0)
        return false;
    memcpy(buffer, tails[fd], KEPT);
    size_t bytes = count_ends(buffer, (size_t)n) * RESPONSE;
    memcpy(tails[fd], buffer + n, KEPT);
    return bytes == 0 || send(fd, responses, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

static void accept_all(int epoll, int listener)
{
    int on = 1, fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (fd >= FDS || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
            close(fd);
        else
            memset(tails[fd], 0, KEPT);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[EVENTS] = {{.events = EPOLLIN, .data.fd = listener}};

    address.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 8080));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, listener, events)) {
        perror("floor");
        return 2;
    }
    for (size_t i = 0; i < RESPONSES; i++)
        memcpy(responses + i * RESPONSE, response, RESPONSE);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                accept_all(epoll, listener);
            else if (!serve(events[i].data.fd))
                close(events[i].data.fd);
    }
}
