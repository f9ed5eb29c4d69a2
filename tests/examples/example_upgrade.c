/* example_upgrade.c - a server that hands its socket over to an echo: example_upgrade [PORT]. */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>

#include "example_net.h"
#include "shockwave_values.h"

/*
 * `Upgrade: echo` gets 101, and from then on each byte is echoed, first those that arrived with the
 * request.  Other requests get 426.  One process for
 * each client, which blocks.
 */

/* Does the request offer this protocol?  The words of Connection were looked at already: without
   `upgrade` among them sw_conn_reply() refuses to switch.  RFC 9110 7.8. */
static bool offers(const struct sw_head *head, const char *buf, const char *protocol)
{
    return sw_head_has_token(head, buf, SW_HEADER_UPGRADE, protocol);
}

static void switch_or_refuse(struct sw_conn *conn, struct sw_writer *out, bool wanted)
{
    if (wanted && sw_conn_reply(conn, out, SW_STATUS_SWITCHING_PROTOCOLS, 0, NULL) == SW_OK)
        sw_write_field(out, SW_HEADER_UPGRADE, SW_SPAN("echo"));
    else if (sw_conn_reply(conn, out, SW_STATUS_UPGRADE_REQUIRED, 0, NULL) == SW_OK)
        sw_write_field(out, SW_HEADER_UPGRADE, SW_SPAN("echo"));
    sw_write_end(out);
    sw_conn_finish(conn, out, (struct sw_span){0});
}

/* The other protocol.  The first `n` bytes of it are in `buf` already. */
static void echo(int fd, char *buf, size_t n, size_t size)
{
    ssize_t got = (ssize_t)n;
    while (got >= 0 && net_send_all(fd, buf, (size_t)got)) {
        got = net_receive(fd, buf, size);
        if (got == 0)
            break;
    }
    net_linger(fd);
}

/* HTTP, until the connection ends or is handed over. */
static void serve(int fd)
{
    static struct sw_message message;
    static char in[1 << 15], text[1 << 12];
    struct sw_conn conn;
    struct sw_event event;
    size_t n = 0;
    bool wanted = false;

    sw_conn_init(&conn, SW_SERVER, NULL);
    sw_conn_attach(&conn, &message);
    while (sw_conn_next_action(&conn) == SW_ACTION_KEEP_ALIVE) {
        struct sw_writer out = {.p = text, .size = sizeof text};
        size_t taken = sw_conn_next(&conn, in, n, &event);
        if (event.kind == SW_EVENT_HEAD) {
            wanted = offers(event.head, event.bytes.p, "echo");
            sw_conn_interim(&conn, &out, SW_STATUS_CONTINUE); /* if the client waits for it */
        } else if (event.kind == SW_EVENT_END) {
            switch_or_refuse(&conn, &out, wanted);
        } else if (event.kind == SW_EVENT_FAILED) {
            sw_conn_refuse(&conn, &out, NULL);
        }
        n -= taken;
        memmove(in, in + taken, n);
        if (!net_send_all(fd, out.p, out.n))
            break;
        if (event.kind == SW_EVENT_MORE) {
            ssize_t got = net_receive(fd, in + n, sizeof in - n);
            if (got <= 0)
                sw_conn_eof(&conn);
            n += got > 0 ? (size_t)got : 0;
        }
    }
    if (sw_conn_next_action(&conn) == SW_ACTION_UPGRADE)
        echo(fd, in, n, sizeof in);
    else
        net_linger(fd);
}

int main(int argc, char **argv)
{
    int listener = net_listen(argc > 1 ? argv[1] : "0");

    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pid_t child = fd < 0 ? -1 : fork();
        if (child == 0) {
            close(listener);
            serve(fd);
            _exit(0);
        }
        if (fd >= 0)
            close(fd);
    }
}
