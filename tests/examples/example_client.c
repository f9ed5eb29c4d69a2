/* example_client.c - a client: example_client HOST PORT 'METHOD TARGET [CONTENT]'... */
/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <string.h>

#include "example_net.h"
#include "shockwave.h"

/*
 * All requests go over one connection, as long as the server keeps it.  Each is printed with the
 * status of its reply and the content.
 */

struct session {
    const char *host, *port;
    int fd; /* -1 while there is none */
    struct sw_conn conn;
    struct sw_message message;
    char in[1 << 15]; /* more than the largest head */
    size_t in_n;
};

struct request {
    const char *text;
    enum sw_method method;
    struct sw_span target, content;
};

/* How an exchange ended.  STALE: without a byte of a reply, as when a server closes an idle
   connection at the moment that a request is sent over it. */
enum outcome { COMPLETE, STALE, BROKEN };

static bool parse(const char *text, struct request *request)
{
    size_t method = strcspn(text, " ");
    const char *target = text + method + (text[method] == ' ');
    size_t n = strcspn(target, " ");
    const char *content = target + n + (target[n] == ' ');

    if (text[method] != ' ')
        return false;
    *request =
        (struct request){text, sw_method_scan(text), {target, n}, {content, strlen(content)}};
    return request->method != SW_METHOD_OTHER;
}

static bool open_session(struct session *session)
{
    session->fd = net_dial(session->host, session->port);
    session->in_n = 0;
    sw_conn_init(&session->conn, SW_CLIENT, NULL);
    sw_conn_attach(&session->conn, &session->message);
    return session->fd >= 0;
}

static void close_session(struct session *session)
{
    close(session->fd);
    session->fd = -1;
}

/* The head of a request, whose content then goes out from where it lies. */
static enum sw_error write_head(struct session *session, const struct request *request,
                                struct sw_writer *out)
{
    char host[256];
    int n = snprintf(host, sizeof host, "%s:%s", session->host, session->port);

    sw_conn_request(&session->conn, out, request->method, request->target, request->content.n);
    sw_write_field(out, SW_HEADER_HOST, (struct sw_span){host, (size_t)n});
    sw_write_field(out, SW_HEADER_USER_AGENT, SW_SPAN("example_client"));
    sw_write_end(out);
    sw_conn_content(&session->conn, out, request->content.n);
    sw_conn_finish(&session->conn, out, (struct sw_span){0});
    return (enum sw_error)out->error;
}

/* Send the front of two spans, as far as the socket takes it now. */
static bool send_some(int fd, struct sw_span todo[2])
{
    struct sw_span *first = todo[0].n > 0 ? &todo[0] : &todo[1];
    ssize_t sent = send(fd, first->p, first->n, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    first->p += sent;
    first->n -= (size_t)sent;
    return true;
}

static bool receive_some(struct session *session)
{
    ssize_t got =
        net_receive(session->fd, session->in + session->in_n, sizeof session->in - session->in_n);
    if (got == 0)
        sw_conn_eof(&session->conn);
    session->in_n += got > 0 ? (size_t)got : 0;
    return got >= 0;
}

/* Process received bytes.  True when the response is complete, or can no longer be. */
static bool look(struct session *session, const struct request *request, enum outcome *outcome)
{
    struct sw_event event;
    bool over;

    do {
        size_t taken = sw_conn_next(&session->conn, session->in, session->in_n, &event);
        if (event.kind == SW_EVENT_HEAD)
            printf("%s: %u\n", request->text, event.head->status);
        if (event.kind == SW_EVENT_CONTENT)
            fwrite(event.bytes.p, 1, event.bytes.n, stdout);
        if (event.kind == SW_EVENT_FAILED)
            *outcome = session->in_n > 0 ? BROKEN : *outcome;
        else if (event.kind != SW_EVENT_MORE)
            *outcome = event.kind == SW_EVENT_END ? COMPLETE : BROKEN;
        if (event.kind == SW_EVENT_END)
            putchar('\n');
        over = event.kind == SW_EVENT_END || event.kind == SW_EVENT_FAILED ||
               event.kind == SW_EVENT_CLOSED;
        session->in_n -= taken;
        memmove(session->in, session->in + taken, session->in_n);
    } while (!over && event.kind != SW_EVENT_MORE);
    return over;
}

/* One request and its reply, which may come before all of the request is sent. */
static enum outcome exchange(struct session *session, const struct request *request)
{
    char head[1 << 14];
    struct sw_writer out = {.p = head, .size = sizeof head};
    enum outcome outcome = STALE;

    if (write_head(session, request, &out) != SW_OK)
        return BROKEN;
    struct sw_span todo[2] = {{out.p, out.n}, request->content};
    bool over = false, deaf = false, unsent = true;
    while (!over) {
        struct pollfd ready = {.fd = session->fd,
                               .events = unsent && !deaf ? POLLIN | POLLOUT : POLLIN};
        if (poll(&ready, 1, -1) < 0)
            continue; /* interrupted */
        if (ready.revents & POLLOUT)
            deaf = !send_some(session->fd, todo); /* and may have sent the reason: read on */
        if (ready.revents & ~POLLOUT)
            over = !receive_some(session) || look(session, request, &outcome);
        unsent = todo[0].n + todo[1].n > 0;
    }
    if (unsent) /* the next request would be taken for the rest of this one */
        close_session(session);
    return outcome;
}

/* A request that found its connection closed is sent once more if that does no harm.  RFC
   9110 9.2.2, RFC 9112 9.3.1. */
static bool ask(struct session *session, const struct request *request)
{
    bool reused = session->fd >= 0;
    enum outcome outcome = STALE;

    if (reused || open_session(session))
        outcome = exchange(session, request);
    if (outcome == STALE && reused &&
        sw_method_names[request->method].flags & SW_METHOD_F_IDEMPOTENT) {
        close_session(session);
        if (open_session(session))
            outcome = exchange(session, request);
    }
    if (session->fd >= 0 &&
        (outcome != COMPLETE || sw_conn_next_action(&session->conn) != SW_ACTION_KEEP_ALIVE))
        close_session(session);
    return outcome == COMPLETE;
}

int main(int argc, char **argv)
{
    static struct session session = {.fd = -1};

    if (argc < 4) {
        fputs("usage: example_client HOST PORT 'METHOD TARGET [CONTENT]'...\n", stderr);
        return 2;
    }
    session.host = argv[1];
    session.port = argv[2];
    for (int i = 3; i < argc; i++) {
        struct request request;
        if (!parse(argv[i], &request) || !ask(&session, &request)) {
            fprintf(stderr, "%s: no reply\n", argv[i]);
            return 1;
        }
    }
    return 0;
}
