/* suspend.c - suspended transactions: resuming them, and reporting a client that disconnects. */
/* SPDX-License-Identifier: MIT */
#include "server/connection_state.h"
#include "server/event_loop.h"
#include "server/suspend.h"
#include "server/transaction.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

/*
 * Theory of operation.  The worker's own view is txn->suspended.  Other threads read and write
 * txn->suspend_state alone, each change of which is one compare-and-exchange or a store:
 *
 *     NONE --suspend (worker)--> ACTIVE --resume (any thread)--> RESUMED --taken (worker)--> NONE
 *
 * So one of several calls of sw_exchange_resume() succeeds, and pushes the transaction onto the
 * worker's stack exactly once.  A suspended transaction is never released: not by the end of its
 * connection, nor by its deadline.  Its `worker` and `suspend_state` are not cleared when it is
 * attached again: a call that comes too late finds them valid, and is refused.
 */

void sw_exchange_suspend_for(struct sw_exchange *exchange, uint32_t milliseconds)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    if (txn->suspended || txn->final)
        return;
    txn->suspended = true;
    txn->suspend_ms = milliseconds;
    atomic_store_explicit(&txn->suspend_state, SW_SUSPEND_ACTIVE, memory_order_release);
}

void sw_exchange_suspend(struct sw_exchange *exchange)
{
    sw_exchange_suspend_for(exchange, 0);
}

/* Also called with a released transaction: the members that are read stay valid. */
__attribute__((no_sanitize("address"))) enum sw_error
sw_exchange_resume(struct sw_exchange *exchange)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    struct sw_worker *worker = txn->worker;
    uint8_t suspended = SW_SUSPEND_ACTIVE;
    if (!atomic_compare_exchange_strong_explicit(&txn->suspend_state, &suspended,
                                                 SW_SUSPEND_RESUMED, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return SW_ERROR_MISUSE;
    struct sw_transaction *top = atomic_load_explicit(&worker->resumed, memory_order_relaxed);
    do
        txn->resumed = top;
    while (!atomic_compare_exchange_weak_explicit(&worker->resumed, &top, txn, memory_order_release,
                                                  memory_order_relaxed));
    if (!top)
        sw_loop_wake(&worker->loop); /* else the thread that pushed the first one does it */
    return SW_OK;
}

void sw_transaction_end_suspend(struct sw_transaction *txn)
{
    txn->suspended = false;
    atomic_store_explicit(&txn->suspend_state, SW_SUSPEND_NONE, memory_order_relaxed);
}

/* ---- The client ------------------------------------------------------------------------------ */

bool sw_exchange_half_closed(const struct sw_exchange *exchange)
{
    const struct sw_transaction *txn = sw_transaction_of((struct sw_exchange *)(uintptr_t)exchange);
    return txn->connection->ending || txn->connection->ended;
}

void sw_transaction_note_half_close(struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    if (!txn->suspended || txn->half_close_reported || !sw_exchange_half_closed(&txn->exchange))
        return;
    txn->half_close_reported = true;
    if (hooks && hooks->on_half_close)
        hooks->on_half_close(&txn->exchange);
}

void sw_transaction_note_disconnect(struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    if (txn->disconnect_reported)
        return;
    txn->disconnect_reported = true;
    if (hooks && hooks->on_disconnect)
        hooks->on_disconnect(&txn->exchange);
}
