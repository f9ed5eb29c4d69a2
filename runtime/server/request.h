/* request.h - from the events of a message to the handler and its hooks. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_REQUEST_H
#define SW_REQUEST_H

#include "server/transaction.h"

/* Passes the input to the handler and its hooks.  Returns what the connection is to do next. */
enum sw_pause sw_transaction_parse(struct sw_transaction *txn);

/* With all output sent: is on_writable to be called, or the transaction to be completed? */
bool sw_transaction_wants_writable(const struct sw_transaction *txn);
void sw_transaction_on_writable(struct sw_transaction *txn);

/* The time for which it may be suspended is over: the client gets a response, the handler
 * on_disconnect. */
void sw_transaction_on_suspend_timeout(struct sw_transaction *txn);

/* It is no longer suspended: calls the hook on_resume. */
void sw_transaction_on_resume(struct sw_transaction *txn);

/* The response was written completely and without an error. */
bool sw_transaction_is_over(const struct sw_transaction *txn);

/* Ends the exchange, well or not: calls on_complete, counts and logs it, and makes the transaction
   ready for the next request.  It must not be compact. */
void sw_transaction_complete(struct sw_transaction *txn, bool complete);

#endif
