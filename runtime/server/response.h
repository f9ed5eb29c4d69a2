/* response.h - the response of a transaction, below what handlers call. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_RESPONSE_H
#define SW_RESPONSE_H

#include "server/transaction.h"

/* The handler has a hook for content that has not arrived yet. */
static inline bool sw_transaction_wants_content(const struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    return hooks && (hooks->on_content || hooks->on_request_end) && !txn->complete;
}

/* May a response begin?  If not, the call is misuse: a response that has begun fails. */
bool sw_transaction_may_respond(struct sw_exchange *exchange);

/* Finishes a head that is being written.  One that cannot be sent becomes a response 500. */
void sw_response_finish_head(struct sw_transaction *txn);

/* Ends the response with an error: what was written is sent, then the connection is closed. */
void sw_response_fail(struct sw_transaction *txn, enum sw_error error);

/* Nothing more will come of this exchange: a response 500 if none has begun. */
void sw_response_abandon(struct sw_transaction *txn);

/* The handler made a call that is not allowed here.  After the end of the response: no effect. */
void sw_response_misuse(struct sw_transaction *txn);

/* The server's own response, the last on this connection. */
void sw_transaction_respond(struct sw_transaction *txn, unsigned status, struct sw_span text);

#endif
