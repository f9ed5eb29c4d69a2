/* output.c - what was written goes to the socket. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64
#include "server/connection_state.h"
#include "server/event_loop.h"
#include "server/metrics.h"
#include "server/output.h"
#include "server/transaction.h"
#include "server/worker_state.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { PORTION = 512 << 10 }; /* bytes for one connection before the others have their share */

/* The output before the file first; by MSG_MORE the kernel sends both in one segment. */
static ssize_t transmit_file(const struct sw_connection *connection,
                             const struct sw_transaction *txn, size_t max)
{
    size_t before = txn->nocopy_at - txn->sent;
    if (before)
        return send(connection->fd, txn->out + txn->sent, before, MSG_NOSIGNAL | MSG_MORE);
    off_t from = (off_t)txn->file_at;
    ssize_t n =
        sendfile(connection->fd, txn->file, &from, txn->nocopy.n < max ? txn->nocopy.n : max);
    if (n == 0)
        errno = EIO; /* the file was truncated: the content cannot be completed */
    return n ? n : -1;
}

/* One system call; of zero-copy output up to `max` bytes. */
static ssize_t transmit(const struct sw_connection *connection, const struct sw_transaction *txn,
                        size_t max)
{
    if (!txn->nocopy.n)
        return send(connection->fd, txn->out + txn->sent, txn->written - txn->sent, MSG_NOSIGNAL);
    if (!txn->nocopy.p)
        return transmit_file(connection, txn, max);
    struct iovec parts[3];
    size_t count = 0;
    uint32_t stop = txn->nocopy_at;
    if (stop > txn->sent)
        parts[count++] = (struct iovec){txn->out + txn->sent, stop - txn->sent};
    size_t n = txn->nocopy.n < max ? txn->nocopy.n : max;
    parts[count++] = (struct iovec){(void *)(uintptr_t)txn->nocopy.p, n};
    if (txn->written > stop && n == txn->nocopy.n)
        parts[count++] = (struct iovec){txn->out + stop, txn->written - stop};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    return sendmsg(connection->fd, &message, MSG_NOSIGNAL);
}

/* Removes `n` bytes that were sent. */
static void advance(struct sw_transaction *txn, size_t n)
{
    if (txn->nocopy.n) {
        size_t before = txn->nocopy_at - txn->sent;
        if (before > n)
            before = n;
        txn->sent += (uint32_t)before;
        n -= before;
        size_t nocopy = txn->nocopy.n < n ? txn->nocopy.n : n;
        if (txn->nocopy.p)
            txn->nocopy.p += nocopy;
        txn->file_at += nocopy;
        txn->nocopy.n -= nocopy;
        n -= nocopy;
    }
    txn->sent += (uint32_t)n;
    if (txn->sent == txn->written) {
        txn->sent = txn->written = txn->nocopy_at = 0;
        txn->output_sent = !txn->nocopy.n;
    }
}

bool sw_connection_flush(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    size_t portion = PORTION;
    while (!connection->broken && !connection->blocked && portion &&
           sw_transaction_has_output(txn)) {
        ssize_t n = transmit(connection, txn, portion);
        if (n >= 0) {
            portion -= (size_t)n < portion ? (size_t)n : portion;
            sw_add_saturated(&connection->progress, (uint64_t)n);
            sw_count(&worker->metrics.sent, (uint64_t)n);
            advance(txn, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            connection->blocked = true;
        } else if (errno != EINTR) {
            connection->broken = true;
        }
    }
    if (connection->blocked && !connection->watched && !connection->broken) {
        connection->watched = true;
        connection->broken = sw_loop_modify(&worker->loop, connection->fd, connection) != 0;
    }
    return !connection->broken;
}
