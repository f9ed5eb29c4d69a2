/* wait.h - what a connection waits for. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_WAIT_H
#define SW_WAIT_H

/* What the timer of a connection measures. */
enum sw_wait {
    SW_WAIT_NONE = 0, /* no timer: the handler is running, or its response is being sent */
    SW_WAIT_IDLE,
    SW_WAIT_HEAD,
    SW_WAIT_BODY,
    SW_WAIT_WRITE,
    SW_WAIT_LINGER,
    SW_WAIT_SUSPEND, /* the time for which the transaction may be suspended */
    SW_WAIT_TRANSACTION, /* no timer: there is input, and the connection waits for a transaction */
    SW_WAITS,
};

#endif
