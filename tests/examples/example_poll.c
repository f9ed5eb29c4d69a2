/* example_poll.c - a server on poll(2): example_poll [PORT]. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "example_net.h"
#include "example_peer.h"

/* What becomes of HTTP is in example_peer.h; this is when to read, to write and to close. */

enum { CLIENTS = 64, TIMEOUT = 30, LINGER = 2 };

struct client {
    int fd;
    bool ended;    /* it sends no more */
    bool lingers;  /* we send no more, and drop what still comes */
    time_t expiry; /* when to give up waiting */
    struct peer peer;
};

static struct client clients[CLIENTS]; /* never moved, since `conn` points to its `message` */

static time_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* A place for one more client, or NULL. */
static struct client *vacant(void)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i].fd < 0)
            return &clients[i];
    return NULL;
}

static void welcome(int listener)
{
    struct client *client = vacant();
    int fd = client ? accept(listener, NULL, NULL) : -1;
    if (fd < 0)
        return; /* closed already, or out of descriptors: the rest of the loop must go on */
    fcntl(fd, F_SETFL, O_NONBLOCK);
    client->fd = fd;
    client->ended = client->lingers = false;
    client->expiry = now() + TIMEOUT;
    peer_begin(&client->peer);
}

/* Put what has come into the peer's input.  False when the connection is broken. */
static bool receive(struct client *client)
{
    struct peer *peer = &client->peer;
    ssize_t got = net_receive(client->fd, peer->in + peer->in_n, PEER_IN - peer->in_n);
    if (got < 0)
        return errno == EAGAIN;
    if (client->lingers)
        return got > 0;
    if (got == 0) {
        client->ended = true;
        sw_conn_eof(&peer->conn);
    }
    peer->in_n += (size_t)got;
    return true;
}

/* Send what is to be sent, as far as the socket takes it.  False when the connection is broken. */
static bool flush(struct client *client)
{
    struct peer *peer = &client->peer;
    ssize_t sent = peer->out_n ? net_send(client->fd, peer->out, peer->out_n) : 0;
    if (sent < 0)
        return errno == EAGAIN;
    peer->out_n -= (size_t)sent;
    memmove(peer->out, peer->out + sent, peer->out_n);
    return true;
}

/* All is sent.  False when the connection is done with. */
static bool finish_round(struct client *client)
{
    switch (sw_conn_next_action(&client->peer.conn)) {
    case SW_ACTION_KEEP_ALIVE:
        return true;
    case SW_ACTION_LINGER:
        if (!client->lingers)
            shutdown(client->fd, SHUT_WR);
        client->lingers = true;
        client->peer.in_n = 0;
        return true;
    default:
        return false;
    }
}

/* The socket is ready.  False when the connection is done with. */
static bool serve(struct client *client)
{
    struct peer *peer = &client->peer;
    size_t sent;

    if (peer->out_n == 0 && !client->ended && !receive(client))
        return false;
    if (client->lingers)
        return true;
    do { /* requests that the output had no room for are processed once it has */
        peer_process(peer);
        sent = peer->out_n;
        if (!flush(client))
            return false;
    } while (sent > 0 && peer->out_n == 0);
    if (peer->out_n == 0 && !finish_round(client))
        return false;
    client->expiry = now() + (client->lingers ? LINGER : TIMEOUT);
    return true;
}

static void part(struct client *client)
{
    close(client->fd);
    client->fd = -1;
}

int main(int argc, char **argv)
{
    struct pollfd polls[CLIENTS + 1];
    struct pollfd *listener = &polls[CLIENTS];

    *listener = (struct pollfd){.fd = net_listen(argc > 1 ? argv[1] : "0")};
    fcntl(listener->fd, F_SETFL, O_NONBLOCK);
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i].fd = -1; /* which poll() passes over */
    for (;;) {
        for (unsigned i = 0; i < CLIENTS; i++)
            polls[i] = (struct pollfd){.fd = clients[i].fd,
                                       .events = clients[i].peer.out_n ? POLLOUT : POLLIN};
        listener->events = vacant() ? POLLIN : 0;
        if (poll(polls, CLIENTS + 1, 1000) < 0 && errno != EINTR)
            net_die("poll");
        for (unsigned i = 0; i < CLIENTS; i++)
            if (polls[i].revents ? !serve(&clients[i])
                                 : clients[i].fd >= 0 && now() >= clients[i].expiry)
                part(&clients[i]);
        if (listener->revents)
            welcome(listener->fd);
    }
}
