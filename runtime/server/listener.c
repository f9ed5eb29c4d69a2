/* listener.c - listening sockets: opening, accepting, closing. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server/capacity.h"
#include "server/config.h"
#include "server/connection.h"
#include "server/event_loop.h"
#include "server/listener.h"
#include "server/server_state.h"
#include "server/unix_socket.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ACCEPTS = 64,     /* from one listener before the connections are served */
    RETRY_AFTER = 50, /* milliseconds, when descriptors have run out */
    UNSENT = 256 << 10,
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

/* False when the text is not an address. */
static bool read_address(const struct sw_listener_config *listener_config, union address *out)
{
    memset(out, 0, sizeof *out);
    size_t n = strlen(listener_config->address);
    if (listener_config->address[0] == '/') {
        if (n >= sizeof out->local.sun_path)
            return false;
        out->local.sun_family = AF_UNIX;
        memcpy(out->local.sun_path, listener_config->address, n + 1);
        return true;
    }
    if (inet_pton(AF_INET, listener_config->address, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(listener_config->port);
        return true;
    }
    if (inet_pton(AF_INET6, listener_config->address, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(listener_config->port);
        return true;
    }
    return false;
}

/* Mode and owner belong to a file: only a unix socket that is created here has them. */
static bool may_own(const struct sw_listener_config *listener_config, const union address *address)
{
    if (listener_config->socket_mode > 0777 ||
        listener_config->socket_owner > (SW_OWNED_BY_USER | SW_OWNED_BY_GROUP))
        return false;
    return (!listener_config->socket_mode && !listener_config->socket_owner) || address->any.sa_family == AF_UNIX;
}

static bool enable(int fd, int level, int option)
{
    return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

/*
 * Options that accepted sockets inherit.  With TCP_NOTSENT_LOWAT the kernel keeps up to UNSENT
 * bytes for a slow client beyond those in flight, instead of megabytes; a fast client is not
 * limited by it.  Neither option has an effect on a unix socket.
 */
static void prepare(int fd)
{
    enable(fd, IPPROTO_TCP, TCP_NODELAY);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT}, sizeof(int));
}

/*
 * Each worker has a socket of its own on a TCP port, and the kernel distributes connections over
 * them.  The first one binds before it sets SO_REUSEPORT, so that binding a port of another server
 * fails, unless the configuration allows it.
 */
static const char *listen_tcp(const struct sw_server_config *config, int fd,
                              const union address *address, bool first)
{
    prepare(fd);
    if (!enable(fd, SOL_SOCKET, SO_REUSEADDR) ||
        (address->any.sa_family == AF_INET6 && !enable(fd, IPPROTO_IPV6, IPV6_V6ONLY)) ||
        ((config->shared || !first) && !enable(fd, SOL_SOCKET, SO_REUSEPORT)))
        return "setsockopt";
    if (bind(fd, &address->any,
             address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6))
        return "bind";
    if (config->workers > 1 && !enable(fd, SOL_SOCKET, SO_REUSEPORT))
        return "setsockopt";
    return listen(fd, (int)config->backlog) ? "listen" : NULL;
}

/* Takes over a socket that listens already. */
static const char *adopt(struct sw_listener *listener, int fd)
{
    int is_listening = 0, flags = fcntl(fd, F_GETFL);
    socklen_t size = sizeof is_listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size))
        return "listeners";
    if (!is_listening) {
        errno = EINVAL;
        return "listeners";
    }
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        return "fcntl";
    prepare(fd);
    listener->fd = fd;
    listener->common = true;
    return NULL;
}

/* A duplicate of the first worker's descriptor, for a socket that all workers share. */
static const char *join(struct sw_listener *listener, struct sw_listener *first)
{
    listener->fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 0);
    listener->common = first->common = true;
    return listener->fd < 0 ? "fcntl" : NULL;
}

static const char *open_listener(const struct sw_server_config *config,
                                 const struct sw_listener_config *listener_config,
                                 struct sw_listener *listener, struct sw_listener *first,
                                 union address *address)
{
    const char *failed;
    int family = address->any.sa_family;
    if (first && (first->common || family == AF_UNIX)) {
        failed = join(listener, first);
    } else {
        listener->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (listener->fd < 0)
            return "socket";
        failed = family == AF_UNIX ? sw_local_listen(listener, listener_config, &address->local,
                                                     (int)config->backlog)
                                   : listen_tcp(config, listener->fd, address, !first);
    }
    return failed;
}

static const char *read_port(struct sw_listener *listener, union address *address)
{
    socklen_t size = sizeof *address;
    if (getsockname(listener->fd, &address->any, &size))
        return "getsockname";
    if (address->any.sa_family == AF_INET)
        listener->port = ntohs(address->v4.sin_port);
    else if (address->any.sa_family == AF_INET6)
        listener->port = ntohs(address->v6.sin6_port);
    return NULL;
}

const char *sw_listeners_open(struct sw_server *server, uint32_t i)
{
    const struct sw_server_config *config = &server->config;
    const struct sw_listener_config *listener_config = &config->listeners[i];
    union address address = {.any.sa_family = AF_UNSPEC};
    if ((!listener_config->fd && !read_address(listener_config, &address)) ||
        !may_own(listener_config, &address)) {
        errno = EINVAL;
        return "listeners";
    }
    struct sw_listener *first = NULL;
    for (uint32_t w = 0; w < config->workers; w++) {
        struct sw_worker *worker = sw_server_worker(server, w);
        struct sw_listener *listener = &worker->listeners[i];
        listener->reserved = sw_listener_reserved(listener_config);
        listener->proxy_protocol = (uint8_t)listener_config->proxy_protocol;
        listener->handler = listener_config->handler ? listener_config->handler : config->handler;
        const char *failed =
            listener_config->fd && !first
                ? adopt(listener, listener_config->fd)
                : open_listener(config, listener_config, listener, first, &address);
        if (!failed)
            failed = read_port(listener, &address);
        if (!failed && (errno = sw_listener_watch(worker, listener, true)) != 0)
            failed = "epoll_ctl";
        if (failed)
            return failed;
        first = first ? first : listener;
    }
    return NULL;
}

/*
 * Closing a listener resets the connections in its queue and those in the handshake.  So it stays
 * open for a while and drops each SYN like a lost packet: the client repeats it after a second, for
 * the server that listens then.  A filter on a common socket would apply to the other processes as
 * well: from that one only the connections already reported are accepted.
 */
void sw_listener_finish_accepting(struct sw_worker *worker, struct sw_listener *listener)
{
    enum { FLAGS = 13, SYN = 2 }; /* RFC 9293 3.1: the offset of the flags, and the one */
    static struct sock_filter drop_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {sizeof drop_syn / sizeof *drop_syn, drop_syn};
    if (listener->port && !listener->common)
        setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    if (listener->common) {
        sw_listener_watch(worker, listener, false);
        listener->ready = true;
    }
    sw_local_remove(listener);
}

int sw_listener_watch(struct sw_worker *worker, struct sw_listener *listener, bool watch)
{
    listener->watched = watch;
    if (!watch) {
        sw_loop_remove(&worker->loop, listener->fd);
        return 0;
    }
    listener->ready = true;
    return sw_loop_listen(&worker->loop, listener->fd, listener);
}

void sw_listener_close(struct sw_worker *worker, struct sw_listener *listener)
{
    if (listener->fd < 0)
        return;
    sw_listener_watch(worker, listener, false); /* closing does not suffice for a common socket */
    sw_local_remove(listener);                  /* while it is open, no other file has its inode */
    close(listener->fd);
    listener->fd = -1;
}

/*
 * Out of descriptors, or memory: accepting again at once would spin, so the next attempt is when a
 * connection of this worker is closed, or after RETRY_AFTER.
 */
static void pause_accepting(struct sw_worker *worker)
{
    worker->retry_at = worker->now + RETRY_AFTER;
}

/* `ready` stays set unless the queue was found empty.  It is cleared first, so that an event that
   arrives during the loop is not lost. */
void sw_listener_accept(struct sw_worker *worker, struct sw_worker *owner, uint32_t i)
{
    struct sw_listener *listener = &owner->listeners[i];
    listener->ready = false;
    for (int n = 0; n < ACCEPTS; n++) {
        struct sw_connection *victim;
        if (worker->retry_at || !sw_room_find(worker, listener, &victim))
            break;
        union address end = {.any.sa_family = AF_UNSPEC};
        socklen_t size = sizeof end;
        int fd = accept4(listener->fd, &end.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (victim)
                sw_room_evict(worker, victim);
            if (!sw_connection_open(worker, &worker->listeners[i], fd, &end.any)) {
                close(fd);
                pause_accepting(worker);
            }
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (errno != EINTR && errno != ECONNABORTED)
            pause_accepting(worker);
    }
    listener->ready = true;
}
