/* server_listen.c - listeners, and the peers that come through them. */
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
    ACCEPTS = 64,     /* for one listener before the peers have their turn */
    RETRY_AFTER = 50, /* milliseconds, when descriptors have run out */
    UNSENT = 256 << 10,
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

/* False when the text is no address. */
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

/* Mode and owner are a file's: only a unix socket that is made here has them. */
static bool may_own(const struct sw_listener_config *listener_config, const union address *address)
{
    if (listener_config->mode > 0777 ||
        listener_config->owned > (SW_OWNED_BY_USER | SW_OWNED_BY_GROUP))
        return false;
    return (!listener_config->mode && !listener_config->owned) || address->any.sa_family == AF_UNIX;
}

static bool turn_on(int fd, int level, int option)
{
    return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

/*
 * What accepted sockets inherit.  One whose peer does not read takes no more than UNSENT bytes
 * beyond what is under way, where it would take megabytes of the kernel's memory; to a fast peer it
 * is no bound.  Neither is anything to a unix socket.
 */
static void prepare(int fd)
{
    turn_on(fd, IPPROTO_TCP, TCP_NODELAY);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT}, sizeof(int));
}

/*
 * Each worker has a socket of its own on a TCP port, and the kernel deals newcomers out to them.
 * The first one binds before it agrees to others, so that a port which another server has is a
 * fault, unless that was asked for.
 */
static const char *listen_tcp(const struct sw_server_config *config, int fd,
                              const union address *address, bool first)
{
    prepare(fd);
    if (!turn_on(fd, SOL_SOCKET, SO_REUSEADDR) ||
        (address->any.sa_family == AF_INET6 && !turn_on(fd, IPPROTO_IPV6, IPV6_V6ONLY)) ||
        ((config->shared || !first) && !turn_on(fd, SOL_SOCKET, SO_REUSEPORT)))
        return "setsockopt";
    if (bind(fd, &address->any,
             address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6))
        return "bind";
    if (config->workers > 1 && !turn_on(fd, SOL_SOCKET, SO_REUSEPORT))
        return "setsockopt";
    return listen(fd, (int)config->backlog) ? "listen" : NULL;
}

/* A socket that listens already. */
static const char *adopt(struct sw_listener *listener, int fd)
{
    int wants_content = 0, flags = fcntl(fd, F_GETFL);
    socklen_t size = sizeof wants_content;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &wants_content, &size))
        return "listeners";
    if (!wants_content) {
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

/* Another worker's part in a socket that cannot be one of many. */
static const char *join(struct sw_listener *listener, struct sw_listener *first)
{
    listener->fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 0);
    listener->common = first->common = true;
    return listener->fd < 0 ? "fcntl" : NULL;
}

/* The address becomes the one that the socket has, its port chosen. */
static const char *open_door(const struct sw_server_config *config,
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
        const char *failed = listener_config->fd && !first
                                 ? adopt(listener, listener_config->fd)
                                 : open_door(config, listener_config, listener, first, &address);
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
 * Closing a listener resets who is in its queue, or half-way into it.  So it stays for a while, and
 * drops each SYN as if it were lost on the way: whoever sent it sends it again after a second, to
 * whoever listens then.  A filter on a socket that others have too would be theirs as well: of
 * that one's newcomers we take only those that we were woken for already.
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
    sw_listener_watch(worker, listener,
                      false);  /* closing is not enough where the socket is common */
    sw_local_remove(listener); /* as long as it is open, its inode is no other's */
    close(listener->fd);
    listener->fd = -1;
}

/*
 * Out of descriptors, or memory: trying again at once would be spinning, and giving up would be
 * dying.  So the next try is when one of our own sockets is closed, or a little later, whichever
 * comes first.
 */
static void starve(struct sw_worker *worker)
{
    worker->retry_at = worker->now + RETRY_AFTER;
}

/* The listener is ready again unless nothing was left.  That it is not is said beforehand, so that
   news that come meanwhile are not lost. */
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
                starve(worker);
            }
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (errno != EINTR && errno != ECONNABORTED)
            starve(worker);
    }
    listener->ready = true;
}
