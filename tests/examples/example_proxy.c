/* example_proxy.c - messages copied between connections: example_proxy [-t] HOST PORT [PORT]. */
/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>

#include "example_net.h"
#include "shockwave_values.h"

/*
 * A process for each client, which holds two connections: it is the server of the client and the
 * client of the origin.  Two flows run between them, requests up and replies down.  A flow takes an
 * event out of what it received, writes the head or the framing that it needs on the other side,
 * and sends that and the content.  Content is never copied: it goes out from where it was received,
 * and is dropped when it was sent.  Nothing is read before that, so neither side is flooded.
 *
 * Framing is each connection's own: a length that is known is kept, anything else is chunked again,
 * or ended by closing for a client of HTTP/1.0.
 *
 * A target goes on as it came.  With -t both connections tolerate the bytes that SW_LENIENT_TARGET
 * names, for browsers that send them in a query.
 */
enum { TIMEOUT = 30000 };

struct flow {
    struct sw_conn *from;
    int *from_fd, *to_fd;
    char in[1 << 15];       /* received; has room for more than the largest head */
    size_t in_n, taken;     /* bytes in it; those of the last event, dropped once all is sent */
    char text[1 << 15];     /* a head, or framing */
    struct sw_span todo[2]; /* of the text and of the content, what is to be sent */
    bool hungry, ended;     /* more must be received; nothing more will be */
};

static struct sw_limits limits;
static struct sw_conn down, up; /* to the client, to the origin */
static struct sw_message request, reply;
static int down_fd, up_fd = -1;
static struct flow upward = {.from = &down, .from_fd = &down_fd, .to_fd = &up_fd};
static struct flow downward = {.from = &up, .from_fd = &up_fd, .to_fd = &down_fd};
static bool asking; /* a request is in progress, and its end has not been written */
static const char *host, *port;

/* ---- Fields --------------------------------------------------------------------------------- */

/* Is it for the next hop only, by its nature or by a word of Connection?  RFC 9110 7.6.1. */
static bool stays_here(const struct sw_head *head, const char *buf, const struct sw_field *field)
{
    struct sw_span name = sw_field_name(field, buf), rest, option;

    if (sw_header_names[field->id].flags & (SW_HEADER_F_HOP | SW_HEADER_F_FRAMING))
        return true;
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *line = sw_head_at(head, i);
        rest = sw_field_value(line, buf);
        while (line->id == SW_HEADER_CONNECTION && sw_token_next(&rest, &option) > 0)
            if (option.n == name.n && strncasecmp(option.p, name.p, name.n) == 0)
                return field->id != SW_HEADER_HOST;
    }
    return false;
}

static void copy_fields(struct sw_writer *out, const struct sw_head *head, const char *buf)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *field = sw_head_at(head, i);
        if (!stays_here(head, buf, field))
            sw_write_field_named(out, sw_field_name(field, buf), sw_field_value(field, buf));
    }
}

/* The length of the content by the head that precedes `body`. */
static uint64_t length_of(const struct sw_head *head, const char *buf, const struct sw_body *body)
{
    const struct sw_field *field = sw_head_field(head, SW_HEADER_CONTENT_LENGTH);

    if (body->framing == SW_FRAMING_LENGTH)
        return body->left;
    if (body->framing == SW_FRAMING_NONE && head->kind == SW_REQUEST)
        return 0;
    if (body->framing == SW_FRAMING_NONE && field) /* HEAD, 304: what it would be */
        return strtoull(sw_field_value(field, buf).p, NULL, 10);
    return SW_LENGTH_UNKNOWN;
}

/* ---- The origin -------------------------------------------------------------------------------
 */

static bool connect_origin(void)
{
    if (up_fd >= 0)
        return true;
    sw_conn_init(&up, SW_CLIENT, &limits);
    sw_conn_attach(&up, &reply);
    downward.in_n = downward.taken = 0;
    downward.ended = false;
    up_fd = net_dial(host, port);
    return up_fd >= 0;
}

static void leave_origin(void)
{
    if (up_fd >= 0)
        close(up_fd);
    up_fd = -1;
    upward.todo[0].n = upward.todo[1].n = 0;
}

/* A response of the proxy, if the client waits for one and none has begun. */
static void reply_instead(unsigned status)
{
    struct sw_writer out = {.p = downward.text, .size = sizeof downward.text};

    leave_origin();
    asking = false;
    if (sw_conn_reply(&down, &out, status, 0, NULL) != SW_OK)
        exit(1); /* it must not look complete */
    sw_write_end(&out);
    sw_conn_finish(&down, &out, (struct sw_span){0});
    downward.todo[0] = (struct sw_span){out.p, out.n};
}

/* ---- Requests ------------------------------------------------------------------------------- */

static void request_head(const struct sw_event *event, struct sw_writer *out)
{
    const struct sw_head *head = event->head;
    const char *buf = event->bytes.p;

    if (head->method == SW_METHOD_OTHER || head->method == SW_METHOD_CONNECT) {
        reply_instead(SW_STATUS_NOT_IMPLEMENTED);
        return;
    }
    asking = true;
    if (!connect_origin()) {
        reply_instead(SW_STATUS_BAD_GATEWAY);
        return;
    }
    if (sw_conn_request(&up, out, (enum sw_method)head->method, sw_head_target(head, buf),
                        length_of(head, buf, &request.body)) != SW_OK) {
        reply_instead(SW_STATUS_BAD_REQUEST);
        return;
    }
    if (!sw_head_field(head, SW_HEADER_HOST)) /* HTTP/1.0 */
        sw_write_field(out, SW_HEADER_HOST, (struct sw_span){host, strlen(host)});
    copy_fields(out, head, buf);
    sw_write_field(out, SW_HEADER_VIA, SW_SPAN("1.1 example"));
    sw_write_end(out);
}

static void request_event(const struct sw_event *event, struct sw_writer *out)
{
    char trailers[8192];
    struct sw_writer lines = {.p = trailers, .size = sizeof trailers};

    switch (event->kind) {
    case SW_EVENT_HEAD:
        request_head(event, out);
        break;
    case SW_EVENT_CONTENT:
        if (up_fd >= 0 && sw_conn_content(&up, out, event->bytes.n) == SW_OK)
            upward.todo[1] = event->bytes;
        break;
    case SW_EVENT_END:
        if (event->head)
            copy_fields(&lines, event->head, event->bytes.p);
        if (up_fd >= 0)
            sw_conn_finish(&up, out, (struct sw_span){trailers, lines.n});
        asking = false;
        break;
    case SW_EVENT_FAILED:
        leave_origin();
        if (downward.todo[0].n + downward.todo[1].n == 0) {
            struct sw_writer refusal = {.p = downward.text, .size = sizeof downward.text};
            sw_conn_refuse(&down, &refusal, NULL);
            downward.todo[0] = (struct sw_span){refusal.p, refusal.n};
        }
        break;
    default:
        break;
    }
}

/* ---- Replies -------------------------------------------------------------------------------- */

static void reply_interim(const struct sw_event *event, struct sw_writer *out)
{
    if (event->head->status == SW_STATUS_CONTINUE) {
        sw_conn_interim(&down, out, SW_STATUS_CONTINUE);
    } else if (request.head.minor > 0) {
        sw_write_status(out, event->head->status);
        copy_fields(out, event->head, event->bytes.p);
        sw_write_end(out);
    }
}

/* The response is complete.  `down` discards the rest of the request. */
static void reply_end(const struct sw_event *event, struct sw_writer *out)
{
    char trailers[8192];
    struct sw_writer lines = {.p = trailers, .size = sizeof trailers};

    if (event->head && reply.body.framing == SW_FRAMING_CHUNKED)
        copy_fields(&lines, event->head, event->bytes.p);
    sw_conn_finish(&down, out, (struct sw_span){trailers, lines.n});
    if (asking || sw_conn_next_action(&up) != SW_ACTION_KEEP_ALIVE)
        leave_origin();
    asking = false;
}

static void reply_event(const struct sw_event *event, struct sw_writer *out)
{
    const struct sw_head *head = event->head;

    switch (event->kind) {
    case SW_EVENT_INTERIM:
        reply_interim(event, out);
        break;
    case SW_EVENT_HEAD:
        if (asking)
            sw_conn_keep_reading(&down);
        if (sw_conn_reply(&down, out, head->status, length_of(head, event->bytes.p, &reply.body),
                          NULL) != SW_OK)
            exit(1);
        copy_fields(out, head, event->bytes.p);
        sw_write_field(out, SW_HEADER_VIA, SW_SPAN("1.1 example"));
        sw_write_end(out);
        break;
    case SW_EVENT_CONTENT:
        sw_conn_content(&down, out, event->bytes.n);
        if (!sw_conn_bodiless(&down))
            downward.todo[1] = event->bytes;
        break;
    case SW_EVENT_END:
        reply_end(event, out);
        break;
    case SW_EVENT_FAILED:
        if (up.pending > 0)
            reply_instead(SW_STATUS_BAD_GATEWAY);
        leave_origin();
        break;
    case SW_EVENT_CLOSED:
        leave_origin();
        break;
    default:
        break;
    }
}

/* ---- Flows ---------------------------------------------------------------------------------- */

static bool is_unsent(const struct flow *flow)
{
    return flow->todo[0].n + flow->todo[1].n > 0;
}

/* Send what is to be sent, as far as the socket takes it now. */
static void send_some(struct flow *flow)
{
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    for (int i = 0; i < 2; i++)
        parts[i] = (struct iovec){(void *)(uintptr_t)flow->todo[i].p, flow->todo[i].n};
    ssize_t sent = sendmsg(*flow->to_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (sent < 0 && flow == &downward)
        exit(1);
    for (int i = 0; i < 2; i++) {
        /* An origin that reads no more may have sent the reason: its bytes are still read. */
        size_t n = sent >= 0 && (size_t)sent < flow->todo[i].n ? (size_t)sent : flow->todo[i].n;
        flow->todo[i].p += n;
        flow->todo[i].n -= n;
        sent -= sent >= 0 ? (ssize_t)n : 0;
    }
}

static void receive_some(struct flow *flow)
{
    ssize_t got = net_receive(*flow->from_fd, flow->in + flow->in_n, sizeof flow->in - flow->in_n);

    flow->in_n += got > 0 ? (size_t)got : 0;
    flow->ended = got <= 0;
    if (flow->ended)
        sw_conn_eof(flow->from);
}

/* See the next event and send what comes of it.  False when something must be waited for. */
static bool process(struct flow *flow, void (*see)(const struct sw_event *, struct sw_writer *))
{
    struct sw_writer out = {.p = flow->text, .size = sizeof flow->text};
    struct sw_event event;

    if (is_unsent(flow))
        send_some(flow);
    /* The next request may bring a reply of our own: it has to wait until the last one is sent. */
    if (is_unsent(flow) || *flow->from_fd < 0 ||
        (flow == &upward && !asking && is_unsent(&downward)))
        return false;
    flow->in_n -= flow->taken;
    memmove(flow->in, flow->in + flow->taken, flow->in_n);
    flow->taken = sw_conn_next(flow->from, flow->in, flow->in_n, &event);
    flow->hungry = event.kind == SW_EVENT_MORE;
    see(&event, &out);
    if (out.error != SW_OK)
        exit(1);
    if (out.n > 0)
        flow->todo[0] = (struct sw_span){out.p, out.n};
    return is_unsent(flow) || event.kind == SW_EVENT_HEAD || event.kind == SW_EVENT_INTERIM ||
           event.kind == SW_EVENT_CONTENT || event.kind == SW_EVENT_END;
}

/* What to wait for on a socket; one that nothing is wanted of is passed over. */
static struct pollfd wish(int fd, const struct flow *reading, const struct flow *writing)
{
    short events = (short)((reading->hungry && !reading->ended ? POLLIN : 0) |
                           (is_unsent(writing) ? POLLOUT : 0));
    return (struct pollfd){.fd = events ? fd : -1, .events = events};
}

static void receive_if_ready(struct flow *flow, const struct pollfd *poll)
{
    if (poll->revents & ~POLLOUT && flow->hungry && !flow->ended)
        receive_some(flow);
}

/* One client, to the end. */
static _Noreturn void serve(void)
{
    sw_conn_init(&down, SW_SERVER, &limits);
    sw_conn_attach(&down, &request);
    for (;;) {
        for (bool moved = true; moved;) {
            moved = process(&upward, request_event);
            moved |= process(&downward, reply_event);
        }
        enum sw_action action =
            is_unsent(&downward) ? SW_ACTION_KEEP_ALIVE : sw_conn_next_action(&down);
        if (action == SW_ACTION_LINGER)
            net_linger(down_fd);
        if (action != SW_ACTION_KEEP_ALIVE)
            exit(0);
        struct pollfd polls[] = {wish(down_fd, &upward, &downward),
                                 wish(up_fd, &downward, &upward)};
        int ready = poll(polls, 2, TIMEOUT);
        if (ready == 0)
            exit(1);
        if (ready < 0)
            continue; /* interrupted */
        receive_if_ready(&upward, &polls[0]);
        receive_if_ready(&downward, &polls[1]);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "-t") == 0) {
        limits.lenient = SW_LENIENT_TARGET;
        argv++, argc--;
    }
    if (argc < 3) {
        fputs("usage: example_proxy [-t] HOST PORT [PORT]\n", stderr);
        return 2;
    }
    host = argv[1];
    port = argv[2];
    int listener = net_listen(argc > 3 ? argv[3] : "0");
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        down_fd = accept(listener, NULL, NULL);
        pid_t child = down_fd < 0 ? -1 : fork();
        if (child == 0) {
            close(listener);
            serve();
        }
        if (down_fd >= 0)
            close(down_fd);
    }
}
