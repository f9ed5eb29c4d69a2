/* suspend.h - suspended transactions. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_SUSPEND_H
#define SW_SUSPEND_H

struct sw_transaction;

/* It is no longer suspended. */
void sw_transaction_end_suspend(struct sw_transaction *txn);

/* Calls the hook on_half_close of a suspended transaction whose client has shut down its side;
   on_disconnect when the connection is lost.  Once each. */
void sw_transaction_note_half_close(struct sw_transaction *txn);
void sw_transaction_note_disconnect(struct sw_transaction *txn);

#endif
