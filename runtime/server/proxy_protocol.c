/* proxy_protocol.c - the PROXY header before the first request of a connection. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "server/client_address.h"
#include "server/connection_state.h"
#include "server/listener.h"
#include "server/metrics.h"
#include "server/proxy_protocol.h"
#include "server/report.h"
#include "server/transaction.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

bool sw_connection_read_proxy_header(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_transaction *txn = connection->txn;
    struct sw_client *client = sw_connection_client(worker, connection);
    bool is_required =
        worker->listeners[connection->listener].proxy_protocol == SW_PROXY_PROTOCOL_REQUIRED;
    struct sw_proxy proxy;
    ptrdiff_t n = -SW_ERROR_PROXY_MISSING;

    /* A connection that ends before its first byte breaks no rule: it is not logged. */
    if (txn->start == txn->end)
        connection->broken |= connection->ended;
    if (txn->start == txn->end || connection->broken)
        return false;
    if (sw_client_is_trusted(worker->config, client))
        n = sw_proxy_parse(txn->in + txn->start, txn->end - txn->start, &proxy);
    if (n == 0 && !connection->ended)
        return false;
    connection->broken = n == 0 || (n < 0 && (is_required || n != -SW_ERROR_PROXY_MISSING));
    connection->proxy_header_done = !connection->broken;
    if (connection->broken) {
        enum sw_error error = n < 0 ? (enum sw_error) - n : SW_ERROR_TRUNCATED;
        sw_count(&worker->metrics.errors[error], 1);
        sw_log_refuse(worker, connection, (struct sw_log_refusal){.error = error});
    }
    if (n > 0) {
        txn->start += (uint32_t)n;
        if (proxy.known)
            *client = (struct sw_client){proxy.source, proxy.source_port, true, false};
    }
    return connection->proxy_header_done;
}
