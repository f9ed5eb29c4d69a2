/* example_uv.c - the server of example_poll.c on libuv: example_uv [PORT]. */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "example_peer.h"

/*
 * What becomes of HTTP is in example_peer.h; this is when to read, to write and to close.  Each
 * client is in one of three states: reading, writing with reading stopped, or lingering.
 */

enum { TIMEOUT = 30000, LINGER = 2000 };

struct client {
    uv_tcp_t socket;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    bool lingers;
    int handles; /* not closed yet */
    struct peer peer;
};

static void process(struct client *client);

static void handle_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    if (--client->handles == 0)
        free(client);
}

static void part(struct client *client)
{
    if (uv_is_closing((uv_handle_t *)&client->socket))
        return;
    uv_close((uv_handle_t *)&client->socket, handle_closed);
    uv_close((uv_handle_t *)&client->timer, handle_closed);
}

static void timed_out(uv_timer_t *timer)
{
    part(timer->data);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room)
{
    struct peer *peer = &((struct client *)handle->data)->peer;
    (void)wanted;
    *room = uv_buf_init(peer->in + peer->in_n, (unsigned)(PEER_IN - peer->in_n));
}

static void received(uv_stream_t *stream, ssize_t got, const uv_buf_t *room)
{
    struct client *client = stream->data;
    (void)room;
    if (got == 0)
        return; /* as EAGAIN */
    if (got < 0 && (got != UV_EOF || client->lingers)) {
        part(client);
        return;
    }
    if (client->lingers)
        return; /* dropped, since in_n stays */
    if (got == UV_EOF)
        sw_conn_eof(&client->peer.conn);
    else
        client->peer.in_n += (size_t)got;
    process(client);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void shut_down(uv_shutdown_t *request, int error)
{
    if (error && error != UV_ECANCELED)
        part(request->data);
}

/* All is sent: what is to become of the socket? */
static void finish_round(struct client *client)
{
    switch (sw_conn_next_action(&client->peer.conn)) {
    case SW_ACTION_KEEP_ALIVE:
        uv_timer_start(&client->timer, timed_out, TIMEOUT, 0);
        uv_read_start((uv_stream_t *)&client->socket, give_room, received);
        break;
    case SW_ACTION_LINGER:
        client->lingers = true;
        client->peer.in_n = 0;
        uv_timer_start(&client->timer, timed_out, LINGER, 0);
        uv_shutdown(&client->shutdown, (uv_stream_t *)&client->socket, shut_down);
        uv_read_start((uv_stream_t *)&client->socket, give_room, received);
        break;
    default:
        part(client);
        break;
    }
}

static void sent(uv_write_t *request, int error)
{
    struct client *client = request->data;
    if (error == UV_ECANCELED)
        return; /* it is being closed */
    if (error) {
        part(client);
        return;
    }
    client->peer.out_n = 0;
    process(client);
}

/* Process received bytes.  Requests that the output has no room for wait until it was sent. */
static void process(struct client *client)
{
    struct peer *peer = &client->peer;
    peer_process(peer);
    if (peer->out_n == 0) {
        finish_round(client);
        return;
    }
    uv_buf_t bytes = uv_buf_init(peer->out, (unsigned)peer->out_n);
    uv_read_stop((uv_stream_t *)&client->socket);
    uv_timer_start(&client->timer, timed_out, TIMEOUT, 0);
    if (uv_write(&client->write, (uv_stream_t *)&client->socket, &bytes, 1, sent))
        part(client);
}

/* ---- Accepting ------------------------------------------------------------------------------ */

static void welcome(uv_stream_t *listener, int error)
{
    struct client *client = malloc(sizeof *client);
    if (error || !client) { /* a connection that is not accepted would block all others */
        fputs("cannot accept\n", stderr);
        exit(1);
    }
    uv_tcp_init(listener->loop, &client->socket);
    uv_timer_init(listener->loop, &client->timer);
    client->socket.data = client->timer.data = client->write.data = client->shutdown.data = client;
    client->handles = 2;
    client->lingers = false;
    peer_begin(&client->peer);
    if (uv_accept(listener, (uv_stream_t *)&client->socket))
        part(client);
    else
        finish_round(client);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at;
    int size = sizeof at;
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;

    signal(SIGPIPE, SIG_IGN);
    uv_tcp_init(loop, &listener);
    uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, &at);
    if (uv_tcp_bind(&listener, (struct sockaddr *)&at, 0) ||
        uv_listen((uv_stream_t *)&listener, 64, welcome) ||
        uv_tcp_getsockname(&listener, (struct sockaddr *)&at, &size)) {
        fputs("cannot listen\n", stderr);
        return 1;
    }
    printf("http://127.0.0.1:%u/\n", ntohs(at.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
