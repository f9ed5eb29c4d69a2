/* server_listen.c - listeners, and the peers that come through them. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server.h"

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
static bool read_address(const struct sw_listener *listener, union address *out)
{
    memset(out, 0, sizeof *out);
    size_t n = strlen(listener->address);
    if (listener->address[0] == '/') {
        if (n >= sizeof out->local.sun_path)
            return false;
        out->local.sun_family = AF_UNIX;
        memcpy(out->local.sun_path, listener->address, n + 1);
        return true;
    }
    if (inet_pton(AF_INET, listener->address, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(listener->port);
        return true;
    }
    if (inet_pton(AF_INET6, listener->address, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(listener->port);
        return true;
    }
    return false;
}

/* Mode and owner are a file's: only a unix socket that is made here has them. */
static bool may_own(const struct sw_listener *listener, const union address *address)
{
    if (listener->mode > 0777 || listener->owned > (SW_OWNED_BY_USER | SW_OWNED_BY_GROUP))
        return false;
    return (!listener->mode && !listener->owned) || address->any.sa_family == AF_UNIX;
}

static bool turn_on(int fd, int level, int option)
{
    return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

/*
 * What accepted sockets inherit.  One whose peer does not read takes no more than UNSENT bytes beyond
 * what is under way, where it would take megabytes of the kernel's memory; to a fast peer it is no
 * bound.  Neither is anything to a unix socket.
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
static const char *adopt(struct sw_door *door, int fd)
{
    int listens = 0, flags = fcntl(fd, F_GETFL);
    socklen_t size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size))
        return "listeners";
    if (!listens) {
        errno = EINVAL;
        return "listeners";
    }
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        return "fcntl";
    prepare(fd);
    door->fd = fd;
    door->common = true;
    return NULL;
}

/* Another worker's part in a socket that cannot be one of many. */
static const char *join(struct sw_door *door, struct sw_door *first)
{
    door->fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 0);
    door->common = first->common = true;
    return door->fd < 0 ? "fcntl" : NULL;
}

/* The address becomes the one that the socket has, its port chosen. */
static const char *open_door(const struct sw_server_config *config,
                             const struct sw_listener *listener, struct sw_door *door,
                             struct sw_door *first, union address *address)
{
    const char *failed;
    int family = address->any.sa_family;
    if (first && (first->common || family == AF_UNIX)) {
        failed = join(door, first);
    } else {
        door->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (door->fd < 0)
            return "socket";
        failed = family == AF_UNIX
                     ? sw_local_listen(door, listener, &address->local, (int)config->backlog)
                     : listen_tcp(config, door->fd, address, !first);
    }
    return failed;
}

static const char *read_port(struct sw_door *door, union address *address)
{
    socklen_t size = sizeof *address;
    if (getsockname(door->fd, &address->any, &size))
        return "getsockname";
    if (address->any.sa_family == AF_INET)
        door->port = ntohs(address->v4.sin_port);
    else if (address->any.sa_family == AF_INET6)
        door->port = ntohs(address->v6.sin6_port);
    return NULL;
}

const char *sw_doors_open(struct sw_server *server, uint32_t i)
{
    const struct sw_server_config *config = &server->config;
    const struct sw_listener *listener = &config->listeners[i];
    union address address = {.any.sa_family = AF_UNSPEC};
    if ((!listener->fd && !read_address(listener, &address)) || !may_own(listener, &address)) {
        errno = EINVAL;
        return "listeners";
    }
    struct sw_door *first = NULL;
    for (uint32_t w = 0; w < config->workers; w++) {
        struct sw_worker *worker = sw_server_worker(server, w);
        struct sw_door *door = &worker->doors[i];
        door->reserved = sw_listener_reserved(listener);
        door->proxied = (uint8_t)listener->proxied;
        door->handler = listener->handler ? listener->handler : config->handler;
        const char *failed = listener->fd && !first
                                 ? adopt(door, listener->fd)
                                 : open_door(config, listener, door, first, &address);
        if (!failed)
            failed = read_port(door, &address);
        if (!failed && (errno = sw_door_watch(worker, door, true)) != 0)
            failed = "epoll_ctl";
        if (failed)
            return failed;
        first = first ? first : door;
    }
    return NULL;
}

/*
 * Closing a listener resets who is in its queue, or half-way into it.  So it stays for a while, and
 * drops each SYN as if it were lost on the way: whoever sent it sends it again after a second, to
 * whoever listens then.  A filter on a socket that others have too would be theirs as well: of
 * that one's newcomers we take only those that we were woken for already.
 */
void sw_door_settle(struct sw_worker *worker, struct sw_door *door)
{
    enum { FLAGS = 13, SYN = 2 }; /* RFC 9293 3.1: the offset of the flags, and the one */
    static struct sock_filter drop_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {sizeof drop_syn / sizeof *drop_syn, drop_syn};
    if (door->port && !door->common)
        setsockopt(door->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    if (door->common) {
        sw_door_watch(worker, door, false);
        door->ready = true;
    }
    sw_local_remove(door);
}

int sw_door_watch(struct sw_worker *worker, struct sw_door *door, bool watch)
{
    door->watched = watch;
    if (!watch) {
        sw_loop_remove(&worker->loop, door->fd);
        return 0;
    }
    door->ready = true;
    return sw_loop_listen(&worker->loop, door->fd, door);
}

void sw_door_close(struct sw_worker *worker, struct sw_door *door)
{
    if (door->fd < 0)
        return;
    sw_door_watch(worker, door, false); /* closing is not enough where the socket is common */
    sw_local_remove(door); /* as long as it is open, its inode is no other's */
    close(door->fd);
    door->fd = -1;
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
void sw_door_accept(struct sw_worker *worker, struct sw_worker *owner, uint32_t i)
{
    struct sw_door *door = &owner->doors[i];
    door->ready = false;
    for (int n = 0; n < ACCEPTS; n++) {
        struct sw_peer *victim;
        if (worker->retry_at || !sw_room_find(worker, door, &victim))
            break;
        union address end = {.any.sa_family = AF_UNSPEC};
        socklen_t size = sizeof end;
        int fd = accept4(door->fd, &end.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (victim)
                sw_room_evict(worker, victim);
            if (!sw_peer_open(worker, &worker->doors[i], fd, &end.any)) {
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
    door->ready = true;
}
