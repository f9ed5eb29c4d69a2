/* server_hold.c - exchanges that are held: who resumes them, and what they are told meanwhile. */
/* SPDX-License-Identifier: MIT */
#include "server/connection_state.h"
#include "server/event_loop.h"
#include "server/suspend.h"
#include "server/transaction.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

/*
 * The worker's own view of a held exchange is lease->held.  Other threads see lease->hold alone, of
 * which each change is one compare-and-exchange:
 *
 *     NONE --hold (worker)--> HELD --resume (any thread)--> RESUMED --taken (worker)--> NONE
 *
 * So of several calls of sw_exchange_resume() one succeeds, and pushes the lease onto the worker's
 * stack exactly once.  A lease that is held is never given back: not by the end of its connection,
 * nor by its deadline.  Its `worker` and `hold` are not cleared when it is lent again: a call that
 * comes too late finds them as they are, and is refused.
 */

void sw_exchange_hold_for(struct sw_exchange *exchange, uint32_t milliseconds)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    if (txn->suspended || txn->final)
        return;
    txn->suspended = true;
    txn->hold_time = milliseconds;
    atomic_store_explicit(&txn->hold, SW_HOLD_HELD, memory_order_release);
}

void sw_exchange_suspend(struct sw_exchange *exchange)
{
    sw_exchange_hold_for(exchange, 0);
}

/* A lease that was given back may be looked at here: what is read is not cleared. */
__attribute__((no_sanitize("address"))) enum sw_error
sw_exchange_resume(struct sw_exchange *exchange)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    struct sw_worker *worker = txn->worker;
    uint8_t suspended = SW_HOLD_HELD;
    if (!atomic_compare_exchange_strong_explicit(&txn->hold, &suspended, SW_HOLD_RESUMED,
                                                 memory_order_acq_rel, memory_order_relaxed))
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
    atomic_store_explicit(&txn->hold, SW_HOLD_NONE, memory_order_relaxed);
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
    if (!txn->suspended || txn->told_half_closed || !sw_exchange_half_closed(&txn->exchange))
        return;
    txn->told_half_closed = true;
    if (hooks && hooks->on_half_close)
        hooks->on_half_close(&txn->exchange);
}

void sw_transaction_note_disconnect(struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    if (txn->told_gone)
        return;
    txn->told_gone = true;
    if (hooks && hooks->on_disconnect)
        hooks->on_disconnect(&txn->exchange);
}
