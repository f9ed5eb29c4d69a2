/* server_send.c - a connected socket: bytes out. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64
#include "server.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { PORTION = 512 << 10 }; /* sent to one peer before the others have theirs */

/* What stands before the file first; the kernel keeps it back to send both together. */
static ssize_t transmit_file(const struct sw_peer *peer, const struct sw_lease *lease, size_t most)
{
    size_t before = lease->lent_at - lease->sent;
    if (before)
        return send(peer->fd, lease->out + lease->sent, before, MSG_NOSIGNAL | MSG_MORE);
    off_t from = (off_t)lease->file_at;
    ssize_t n = sendfile(peer->fd, lease->file, &from, lease->lent.n < most ? lease->lent.n : most);
    if (n == 0)
        errno = EIO; /* somebody has cut the file: what was promised cannot be sent */
    return n ? n : -1;
}

/* Send what is next, of what is lent no more than `most` bytes. */
static ssize_t transmit(const struct sw_peer *peer, const struct sw_lease *lease, size_t most)
{
    if (!lease->lent.n)
        return send(peer->fd, lease->out + lease->sent, lease->written - lease->sent, MSG_NOSIGNAL);
    if (!lease->lent.p)
        return transmit_file(peer, lease, most);
    struct iovec parts[3];
    size_t count = 0;
    uint32_t stop = lease->lent_at;
    if (stop > lease->sent)
        parts[count++] = (struct iovec){lease->out + lease->sent, stop - lease->sent};
    size_t n = lease->lent.n < most ? lease->lent.n : most;
    parts[count++] = (struct iovec){(void *)(uintptr_t)lease->lent.p, n};
    if (lease->written > stop && n == lease->lent.n)
        parts[count++] = (struct iovec){lease->out + stop, lease->written - stop};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    return sendmsg(peer->fd, &message, MSG_NOSIGNAL);
}

/* Count off `n` bytes that have gone out. */
static void advance(struct sw_lease *lease, size_t n)
{
    if (lease->lent.n) {
        size_t before = lease->lent_at - lease->sent;
        if (before > n)
            before = n;
        lease->sent += (uint32_t)before;
        n -= before;
        size_t lent = lease->lent.n < n ? lease->lent.n : n;
        if (lease->lent.p)
            lease->lent.p += lent;
        lease->file_at += lent;
        lease->lent.n -= lent;
        n -= lent;
    }
    lease->sent += (uint32_t)n;
    if (lease->sent == lease->written) {
        lease->sent = lease->written = lease->lent_at = 0;
        lease->drained = !lease->lent.n;
    }
}

bool sw_peer_flush(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    size_t portion = PORTION;
    while (!peer->broken && !peer->blocked && portion && sw_lease_owes(lease)) {
        ssize_t n = transmit(peer, lease, portion);
        if (n >= 0) {
            portion -= (size_t)n < portion ? (size_t)n : portion;
            sw_add_saturated(&peer->progress, (uint64_t)n);
            sw_count(&worker->metrics.sent, (uint64_t)n);
            advance(lease, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            peer->blocked = true;
        } else if (errno != EINTR) {
            peer->broken = true;
        }
    }
    if (peer->blocked && !peer->watched && !peer->broken) {
        peer->watched = true;
        peer->broken = sw_loop_modify(&worker->loop, peer->fd, peer) != 0;
    }
    return !peer->broken;
}
