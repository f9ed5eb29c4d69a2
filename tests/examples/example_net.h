/* example_net.h - sockets, as every example needs them; nothing of HTTP. */
/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_NET_H
#define EXAMPLE_NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Print the error and exit. */
static inline _Noreturn void net_die(const char *what)
{
    perror(what);
    exit(1);
}

/* Listen on a port of 127.0.0.1, or on a free one for "0", and print its number. */
static inline int net_listen(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, 64) ||
        getsockname(fd, (struct sockaddr *)&at, &size))
        net_die("listen");
    printf("http://127.0.0.1:%u/\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

/* Connect to a host; -1 on failure. */
static inline int net_dial(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1;

    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (const struct addrinfo *at = list; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

/* As recv() and send(), but never interrupted, and without SIGPIPE. */
static inline ssize_t net_receive(int fd, char *to, size_t n)
{
    ssize_t got;
    do
        got = recv(fd, to, n, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

static inline ssize_t net_send(int fd, const char *from, size_t n)
{
    ssize_t sent;
    do
        sent = send(fd, from, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/* Send all of it over a socket that blocks. */
static inline bool net_send_all(int fd, const char *from, size_t n)
{
    while (n > 0) {
        ssize_t sent = net_send(fd, from, n);
        if (sent < 0)
            return false;
        from += sent;
        n -= (size_t)sent;
    }
    return true;
}

/*
 * Close a socket that blocks without taking the last reply away from the peer: bytes that arrive at
 * a closed socket cause a reset, which makes the peer's kernel drop what it has not
 * read yet.  So: no more from us, then wait a while for the peer to be done.  RFC 9112 9.6.
 */
static inline void net_linger(int fd)
{
    char dropped[4096];
    ssize_t got = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 1}, sizeof(struct timeval));
    shutdown(fd, SHUT_WR);
    for (int reads = 0; reads < 256 && got > 0; reads++)
        got = net_receive(fd, dropped, sizeof dropped);
    close(fd);
}

#endif
