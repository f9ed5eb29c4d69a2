/* timeouts.c - one table of what a connection waits for, and for how long. */
/* SPDX-License-Identifier: MIT */
#include "server/timeouts.h"
#include "server/list.h"
#include "server/transaction.h"
#include "shockwave_server.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

enum { GRACE = 100 }; /* milliseconds for an idle connection at the shutdown */

/*
 * A head has one deadline.  Content has a new one each time that min_progress bytes of it have
 * arrived, and so have responses: a slow client that sends a byte now and then is closed.  How much
 * of a response has arrived is known to the socket alone, and is read when the timer expires.  An
 * idle connection keeps its deadline while empty lines arrive.
 */
const struct sw_timeout sw_timeouts[SW_WAITS] = {
    [SW_WAIT_IDLE] = {.member = offsetof(struct sw_server_config, idle_timeout),
                      .restart = SW_KEEP_WHILE_SET},
    [SW_WAIT_HEAD] = {.member = offsetof(struct sw_server_config, head_timeout),
                      .restart = SW_KEEP,
                      .status = SW_STATUS_REQUEST_TIMEOUT,
                      .refused = true},
    [SW_WAIT_BODY] = {.member = offsetof(struct sw_server_config, body_timeout),
                      .restart = SW_KEEP_WHILE_BELOW,
                      .status = SW_STATUS_REQUEST_TIMEOUT},
    [SW_WAIT_WRITE] = {.member = offsetof(struct sw_server_config, write_timeout),
                       .restart = SW_KEEP,
                       .reset = true},
    [SW_WAIT_LINGER] = {.member = offsetof(struct sw_server_config, linger)},
    [SW_WAIT_SUSPEND] = {.restart = SW_KEEP}, /* txn->suspend_ms */
};

/* Bytes that the socket has taken, and the client has not acknowledged. */
static int64_t queued(const struct sw_connection *connection)
{
    int n = 0;
    ioctl(connection->fd, SIOCOUTQ, &n);
    return n;
}

static bool keeps_timer(const struct sw_worker *worker, const struct sw_connection *connection,
                        enum sw_restart restart)
{
    return restart == SW_KEEP ||
           (restart == SW_KEEP_WHILE_SET && !sw_link_empty(&connection->timer.link)) ||
           (restart == SW_KEEP_WHILE_BELOW && connection->progress < worker->config->min_progress);
}

void sw_connection_wait_for(struct sw_worker *worker, struct sw_connection *connection,
                            enum sw_wait wait)
{
    const struct sw_timeout *timeout = &sw_timeouts[wait];
    uint32_t milliseconds = 0;
    if (connection->wait == wait && keeps_timer(worker, connection, timeout->restart))
        return;
    if (wait == SW_WAIT_SUSPEND)
        milliseconds = connection->txn->suspend_ms;
    else if (wait == SW_WAIT_IDLE && worker->shutting_down)
        milliseconds = GRACE;
    else if (timeout->member)
        memcpy(&milliseconds, (const char *)worker->config + timeout->member, sizeof milliseconds);
    if (wait == SW_WAIT_WRITE)
        connection->txn->queued = (uint32_t)queued(connection);
    sw_connection_set_wait(worker, connection, wait);
    connection->progress = 0;
    if (wait != SW_WAIT_NONE)
        sw_wheel_set(&worker->wheel, &connection->timer, sw_worker_tick(worker, milliseconds));
}

bool sw_connection_made_progress(const struct sw_worker *worker,
                                 const struct sw_connection *connection)
{
    if (connection->progress == UINT32_MAX)
        return true;
    int64_t taken = (int64_t)connection->txn->queued + connection->progress - queued(connection);
    return taken >= (int64_t)worker->config->min_progress;
}
