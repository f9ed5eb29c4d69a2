/* conn.h - the states of a connection, for the two files that move them. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_CONN_H
#define SW_CONN_H

#include "base/limit.h"
#include "core/write.h"

/* Why a state changes; conn.c has the tables. */
enum sw_conn_cause {
    GOT_HEAD,     /* in: a head was read;           out: a head was written */
    GOT_END,      /* in: the message was read;      out: the message was written */
    DISCARDED,    /* in: the reply is finished, but the request has not been read to its end */
    NEXT_MESSAGE, /* on to the next message */
    SWITCH,       /* what follows is another protocol */
    NO_MORE,      /* no further message */
    BROKEN,       /* a rule was broken */
    CAUSES
};

enum sw_conn_in {
    IN_NONE,
    IN_HEAD,     /* between messages, or inside a head */
    IN_BODY,     /* the head was read */
    IN_DISCARD,  /* server: unread content is discarded */
    IN_DONE,     /* server: the request was read, its reply is not finished */
    IN_SWITCHED, /* the bytes are another protocol's */
    IN_CLOSED,   /* no further message is read */
    IN_FAILED,
};

enum sw_conn_out {
    OUT_NONE,
    OUT_IDLE,
    OUT_BODY, /* a head was begun */
    OUT_DONE, /* server: the reply is finished, its request has not been read to its end */
    OUT_SWITCHED,
    OUT_CLOSED,
};

/* Flags of the connection and of the exchange in progress. */
enum sw_conn_flag {
    CLOSING = 1,        /* the connection does not outlive this exchange */
    PEER_CLOSED = 2,    /* no more bytes will come */
    BODILESS = 4,       /* the message being written has no body, whatever its framing fields */
    PEER_IS_HTTP10 = 8, /* server: the request is HTTP/1.0 */
    CONTINUE = 16,      /* server: the peer waits for 100 before it sends content */
    UPGRADE = 32, /* server: the client offered another protocol; client: the newest request offers
                     for one, so none may follow it */
    HEAD_STALE = 64,     /* the head in `message` has been seen: the next byte begins another */
    CHUNK_OPEN = 128,    /* the CRLF after the last chunk's data is still to be written */
    LAST = 256,          /* client: the next request is to be the last */
    LAST_SENT = 512,     /* client: it has been begun */
    KEEP_READING = 1024, /* server: the caller will read the content that is still to come */
    IN_A_HEAD = 2048,    /* the error was found before the head could be used */
    EXCHANGE = BODILESS | PEER_IS_HTTP10 | CONTINUE | UPGRADE | CHUNK_OPEN |
               KEEP_READING, /* ends with it */
};

/* What a request was, as far as its reply's framing depends on it. */
enum sw_conn_pending_method { PENDING_OTHER, PENDING_HEAD, PENDING_CONNECT };

/* Change a state by the table; where that has no place for the cause, nothing happens. */
void sw_conn_move_in(struct sw_conn *conn, enum sw_conn_cause cause);
void sw_conn_move_out(struct sw_conn *conn, enum sw_conn_cause cause);

/*
 * Server: fast path of a complete response with known body to a request that has been read, on a
 * connection that persists: the bytes are those of sw_conn_reply(), Content-Type, sw_conn_content()
 * and sw_conn_finish().  Returns false, and changes nothing, where one of these conditions fails.
 */
bool sw_conn_reply_simple(struct sw_conn *conn, struct sw_writer *out,
                          const struct sw_simple_reply *reply);

/* Server: if both sides are done with this exchange, on to the next, or to none. */
void sw_conn_next_message(struct sw_conn *conn);

#endif
