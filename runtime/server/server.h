/* server.h - what the files of the server share. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_SERVER_H
#define SW_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/access_log.h"
#include "server/client_address.h"
#include "server/config.h"
#include "server/event_loop.h"
#include "server/list.h"
#include "server/metrics.h"
#include "server/openat.h"
#include "server/processors.h"
#include "server/proxy_protocol.h"
#include "server/service_manager.h"
#include "server/timer_wheel.h"
#include "server/unix_socket.h"
#include "server/wait.h"
#include "shockwave_server.h"

/*
 * A server has workers, a thread for each; they share nothing but what is written before they run,
 * the counts of calls of sw_server_stop() and the like, and, when one of them is full, its
 * newcomers. A worker has listeners and peers.  A peer is a connected socket: small, and all there
 * is of an idle connection.  While bytes are in flight it has a lease: the exchange with its
 * message, and an input and an output buffer, each for as long as there is something in it.
 *
 *   server.c           a server from its opening to its end
 *   server_config.c    what its configuration means
 *   server_worker.c    the worker's turn
 *   server_manager.c   what a service manager opens, and is told
 *   server_processors.c  how many processors there are for it
 *   server_listen.c    listeners: peers come
 *   server_local.c     those that are files
 *   server_peer.c      bytes: in; how peers end
 *   server_send.c      bytes: out
 *   server_lease.c     what they are lent meanwhile
 *   server_room.c      how many there may be, which makes room, and in which worker
 *   server_client.c    the address of the client
 *   server_proxy.c     the PROXY header
 *   server_exchange.c  events: the handler, its hooks, the reply
 *   server_hold.c      exchanges that are held
 *   server_files.c     a handler of its own: files
 *   server_beneath.c   opening files below a directory
 *   server_metrics.c   counters, and what is told of them
 *   server_log.c       the access log
 *   server_time.c      clocks and the timer wheel
 */

/* ---- Counters ------------------------------------------------------------------------------- */

/* Adds to a counter of 32 bits, which stays at UINT32_MAX: a limit that was reached stays so.  For
   the memory of an idle connection, where 64 bits are too many. */
static inline void sw_add_saturated(uint32_t *counter, uint64_t n)
{
    *counter = n < UINT32_MAX - *counter ? *counter + (uint32_t)n : UINT32_MAX;
}

/* ---- Peers ---------------------------------------------------------------------------------- */

/* What a pointer that comes back from the loop points to. */
enum sw_tag { SW_TAG_CONNECTION = 1, SW_TAG_LISTENER };

struct sw_connection {
    uint8_t tag;          /* enum sw_tag; first, as in struct sw_listener */
    uint8_t wait : 4;     /* enum sw_wait */
    bool hung : 1;        /* nothing can be sent any more; what was received is read to its end */
    bool urgent : 1;      /* urgent data may cut a read short: read until the socket is empty */
    bool readable : 1;    /* there may be bytes in the socket */
    bool ending : 1;      /* the end is behind them */
    bool ended : 1;       /* the end has been read */
    bool blocked : 1;     /* the socket took less than was written */
    bool watched : 1;     /* the loop tells when it can be written */
    bool broken : 1;      /* the socket is of no use any more */
    bool last : 1;        /* what is in the output is the last that is sent */
    bool overflow : 1;    /* it was refused, there being enough others */
    uint8_t listener : 4; /* which of the worker's it came through */
    bool proxy_header_done : 1; /* no PROXY header is to be looked for any more */
    bool has_address : 1;       /* its place among the worker's names is filled */
    bool reserved : 1;          /* it counts in the worker's reserved room */
    int fd;
    uint32_t requests;
    uint32_t progress; /* bytes since the timer was set, by sw_add_saturated(); waiting for a lease:
                          the tick since when */
    struct sw_conn conn;
    struct sw_link link; /* in one of the worker's four rings */
    struct sw_timer timer;
    struct sw_transaction *txn;             /* or NULL */
    struct sw_partial_input *partial_input; /* or NULL: bytes that wait for an input buffer */
};

_Static_assert(sizeof(struct sw_connection) <= 128, "what an idle connection costs");

/* The beginning of a head, or of a line between chunks, whose rest is not here yet. */
enum { SW_PARTIAL_INPUT_SIZE = 512 };

struct sw_partial_input {
    uint32_t n;
    char bytes[SW_PARTIAL_INPUT_SIZE - sizeof(uint32_t)];
};

/* How far the handler has come with its reply. */
enum sw_reply_state {
    SW_REPLY_NONE = 0,
    SW_REPLY_INTERIM, /* a head that another one follows is being written */
    SW_REPLY_HEAD,
    SW_REPLY_CONTENT,
    SW_REPLY_ENDED,
};

/* What a peer with bytes in flight is lent. */
struct sw_transaction {
    struct sw_exchange exchange; /* first: handlers know its address */
    struct sw_connection *connection;
    bool active : 1;   /* a request was passed to the handler and is not over */
    bool complete : 1; /* it has arrived to its end */
    bool suspended : 1;
    bool discarding : 1;       /* it is over, but the rest of its content may still be on its way */
    bool output_sent : 1;      /* what was written has gone out since the handler was last told */
    bool told_half_closed : 1; /* the hook was called */
    bool told_gone : 1;
    bool final : 1;           /* the last hook runs, or `upgraded`: nothing can be held any more */
    uint8_t pause;            /* enum sw_pause: what stopped it last */
    uint16_t error;           /* enum sw_error: what was wrong with the reply */
    uint16_t status;          /* of the reply; 0 before it begins */
    uint16_t broken;          /* enum sw_error: the rule that the request broke */
    uint8_t timeout;          /* enum sw_wait: whose time ran out */
    uint64_t broken_at;       /* bytes into the message */
    uint64_t passed;          /* bytes of the message that were parsed */
    uint64_t body_bytes_sent; /* bytes of content of the reply */
    uint64_t began;           /* worker->now when the head had arrived */
    uint32_t start, end;      /* the input not yet parsed: in[start..end) */
    uint32_t kept;            /* in[0..kept) holds the head of the active request */
    struct sw_compact_message
        *compact;               /* or this does, and while the peer waits the message as well */
    struct sw_message *message; /* NULL while it is on the shelf */
    uint32_t sent, written;     /* the output not yet sent: out[sent..written) */
    uint32_t nocopy_at;         /* `lent` goes out when `sent` comes here */
    uint32_t queued;            /* in the socket when the timer for writing was set */
    uint32_t hold_time;         /* milliseconds that it may be held; 0: no bound */
    uint8_t reply;              /* enum sw_reply_state; apart from the flags, with which it would be
                                   tested by one wide load that waits for the store just made */
    char *in;                   /* the input buffer, or the worker's sink when it has none */
    char *out;                  /* the output buffer, or NULL */
    struct sw_span nocopy;      /* its p is NULL for bytes of a file */
    int file;                   /* those from file_at on */
    uint64_t file_at;
    struct sw_span content; /* not yet taken by the handler */
    struct sw_writer head;  /* of the reply, while fields are added */
    /* From here on nothing is cleared when the lease is lent again, see server_hold.c. */
    struct sw_worker *worker;
    struct sw_transaction *resumed; /* the next in the worker's stack of those */
    _Atomic uint8_t hold;           /* enum sw_hold */
};

/* A held exchange, as all threads see it. */
enum sw_hold { SW_HOLD_NONE = 0, SW_HOLD_HELD, SW_HOLD_RESUMED };

/* The lease of an exchange that a handler knows. */
static inline struct sw_transaction *sw_transaction_of(struct sw_exchange *exchange)
{
    return (struct sw_transaction *)(void *)exchange;
}

/* The distance of one from the next. */
enum { SW_TRANSACTION_SIZE = (sizeof(struct sw_transaction) + 63) / 64 * 64 };

/*
 * A head, put aside for a request whose content comes slowly, or whose reply is taken slowly; and
 * while nothing moves, all that is known of the message, its fields behind the bytes.
 */
enum { SW_SUMMARY_SIZE = offsetof(struct sw_head, slot) };

struct sw_compact_message {
    char head[SW_SUMMARY_SIZE], trailers[SW_SUMMARY_SIZE];
    struct sw_body body;
    uint32_t n; /* bytes of the head */
    char bytes[];
};

/* So much that a peer who dribbles costs a kilobyte in all. */
enum { SW_COMPACT_SIZE = 1024 - sizeof(struct sw_connection) - SW_TRANSACTION_SIZE };

_Static_assert(SW_COMPACT_SIZE >= sizeof(struct sw_compact_message) + 256, "a usual head fits");

/* The fields of a head beyond those in struct sw_head, where there are more than a struct
   sw_message has room for; each four make 64 bytes. */
static inline size_t sw_more_fields(const struct sw_server_config *config)
{
    uint32_t fields = config->limits.fields;
    return fields > SW_FIELDS_DEFAULT ? (fields - SW_FIELDS_INLINE + 3) & ~UINT32_C(3) : 0;
}

/* ---- Rooms ---------------------------------------------------------------------------------- */

/* A part of a worker's connections and leases, which listeners of the other part cannot use up. */
struct sw_room {
    uint32_t connections, max_peers; /* there are; with those that are refused, at most */
    uint32_t overflow_count;         /* peers that were refused and are not gone yet */
    uint32_t max_served;             /* peers that are not refused, at most */
    uint32_t transactions, max_leases;
    uint32_t wait_counts[SW_WAITS]; /* peers by enum sw_wait, NONE left out */
    _Atomic uint8_t space;          /* enum sw_space, as the other workers know it */
    atomic_bool crowded;            /* newcomers wait that this worker leaves to the others */
    struct sw_link waiting_for_transaction; /* peers that wait for a lease, the oldest first: then
                                               none is free */
    struct sw_link idle; /* peers, those that are idle in the order in which they became so; one
                            that is not any more leaves when it comes to the front */
};

/* What there is for a newcomer; the more the better. */
enum sw_space {
    SW_SPACE_NONE = 0,
    SW_SPACE_IDLE, /* the place of a peer that is idle */
    SW_SPACE_FREE,
};

enum { SW_ROOM_USUAL = 0, SW_ROOM_RESERVED, SW_ROOMS };

/* ---- Workers -------------------------------------------------------------------------------- */

/* A worker's part in a listener: a socket of its own, or its descriptor of one for all of them. */
struct sw_listener {
    uint8_t tag;       /* enum sw_tag; first, as in struct sw_connection */
    atomic_bool ready; /* newcomers may be waiting in front of it; other workers may let them in */
    bool common;       /* the socket is others' as well: workers', or another process's */
    bool watched;      /* the loop tells of newcomers */
    bool reserved;     /* its peers are in the reserved room */
    uint8_t proxy_protocol; /* enum sw_proxy_protocol */
    uint16_t port;
    int fd;
    void (*handler)(struct sw_exchange *exchange);
    char path[108]; /* of a unix socket, to be removed at the end, if it is the same file still: */
    dev_t device;
    ino_t inode;
};

struct sw_worker {
    struct sw_server *server;
    const struct sw_server_config *config;
    struct sw_limits
        trusted_limits; /* of `trusted` peers: both schemes, as a proxy may have ended TLS */
    pthread_t thread;
    struct sw_loop loop;
    struct sw_wheel wheel;
    struct sw_date date;
    uint64_t now; /* sw_clock() at the beginning of the turn */
    uint32_t listener_count;
    uint64_t shut_at;         /* leaving: when its doors are shut; 0 before and after */
    bool helps;               /* newcomers of other workers are left that may come in here */
    uint64_t retry_at;        /* out of descriptors: accepting may be of use then; 0 otherwise */
    struct sw_timer deadline; /* when what is left is cut */
    struct sw_room rooms[SW_ROOMS];
    struct sw_pool connections;  /* struct sw_connection, of both rooms, as is all of the others */
    struct sw_pool transactions; /* struct sw_transaction */
    struct sw_pool inputs;       /* the buffer, then fields beyond the usual */
    struct sw_pool outputs;
    struct sw_pool messages;         /* struct sw_message */
    struct sw_pool compact_messages; /* struct sw_compact_message */
    struct sw_pool partial_input;    /* struct sw_partial_input */
    char *scratch;                   /* config->scratch bytes for each lease */
    struct sw_metrics metrics;
    struct sw_log log;
    struct sw_client *client_addresses; /* one for each peer, touched only if somebody asks */
    struct sw_link open;   /* peers that wait for the loop, the others than those in rooms */
    struct sw_link ready;  /* that have something to do at once */
    struct sw_link closed; /* that are given back before newcomers are let in, so that an event
                            of this turn never meets a newer peer in the same place */
    _Atomic(struct sw_transaction *)
        resumed;            /* a stack: any thread pushes, the worker takes it all */
    unsigned shutting_down; /* calls of sw_server_stop() that it knows of */
    int force_close;        /* peers that were not done when time was up */
    bool over;              /* it is */
    struct sw_listener listeners[SW_LISTENERS_MAX];
    char discard_buffer[16384]; /* for bytes that nobody wants */
};

struct sw_server {
    struct sw_server_config config;
    size_t size, first, slice; /* of the mapping: where its workers are, see struct sw_plan */
    struct sw_service_manager service_manager;
    atomic_bool running;  /* sw_server_run() has begun, and not returned yet */
    atomic_uint stop;     /* calls of sw_server_stop() */
    atomic_uint reopen;   /* and of sw_server_reopen() */
    atomic_uint crowded;  /* rooms of workers that are so */
    atomic_uint helping;  /* workers that accept for others: no listener is closed meanwhile */
    atomic_uint reported; /* the last of these whose failure was told */
};

static inline struct sw_room *sw_room_of(struct sw_worker *worker,
                                         const struct sw_connection *connection)
{
    return &worker->rooms[connection->reserved];
}

static inline struct sw_worker *sw_server_worker(const struct sw_server *server, uint32_t i)
{
    return (struct sw_worker *)(void *)((char *)(uintptr_t)server + server->first +
                                        i * server->slice);
}

/* The tick that is `milliseconds` from now, rounded up. */
static inline uint32_t sw_worker_tick(const struct sw_worker *worker, uint32_t milliseconds)
{
    return (uint32_t)((worker->now + milliseconds) >> SW_TICK_BITS) + 1;
}

static inline enum sw_server_state sw_server_state_now(const struct sw_server *server)
{
    if (!atomic_load(&server->running))
        return SW_SERVER_OPEN;
    return atomic_load(&server->stop) ? SW_SERVER_SHUTTING_DOWN : SW_SERVER_RUNNING;
}

/* ---- server_worker.c ------------------------------------------------------------------------ */

/* Set up a worker at the beginning of its slice. */
void sw_worker_init(struct sw_worker *worker, struct sw_server *server, const struct sw_plan *plan);

/* Serve on this thread until sw_server_stop(). */
void sw_worker_serve(struct sw_worker *worker);

/* Close whatever is open. */
void sw_worker_close(struct sw_worker *worker);

/* ---- server_listen.c ------------------------------------------------------------------------ */

/* Open the i-th listener for all workers: NULL, or the system call that failed, with errno set. */
const char *sw_listeners_open(struct sw_server *server, uint32_t i);
void sw_listener_close(struct sw_worker *worker, struct sw_listener *listener);

/* Let in only those who are connecting already. */
void sw_listener_finish_accepting(struct sw_worker *worker, struct sw_listener *listener);

/* Have the loop tell of newcomers, or tell another worker. */
int sw_listener_watch(struct sw_worker *worker, struct sw_listener *listener, bool watch);

/* Let in what is waiting in front of a worker's i-th listener, as far as there is room. */
void sw_listener_accept(struct sw_worker *worker, struct sw_worker *owner, uint32_t i);

struct sockaddr;

/* ---- server_peer.c -------------------------------------------------------------------------- */

/* A socket was accepted, from `end`.  False when there is no room for it; it is then still the
   caller's. */
bool sw_connection_open(struct sw_worker *worker, const struct sw_listener *listener, int fd,
                        const struct sockaddr *end);

/* Has it sent something that was not read yet? */
bool sw_connection_has_input(const struct sw_connection *connection);

/* The loop has news of it: is there something to do for sw_connections_run()? */
bool sw_connection_event(struct sw_worker *worker, struct sw_connection *connection, unsigned what);

/* Do all that can be done for them now: read, parse, answer, send.  Uses the array up. */
void sw_connections_run(struct sw_worker *worker, struct sw_connection **connections, size_t count);
void sw_connection_run(struct sw_worker *worker, struct sw_connection *connection);

/* Runs it in the next iteration of the event loop. */
static inline void sw_connection_schedule(struct sw_worker *worker,
                                          struct sw_connection *connection)
{
    sw_link_move(&connection->link, &worker->ready);
}

/* Its time has come. */
void sw_connection_expire(struct sw_worker *worker, struct sw_connection *connection);

/* Its transaction was resumed: continue it. */
void sw_connection_resume(struct sw_worker *worker, struct sw_connection *connection);

/* Close the socket at once and give everything back. */
void sw_connection_close(struct sw_worker *worker, struct sw_connection *connection);

/* The server is leaving: its next reply is the last, and if it is idle it has not long to ask. */
void sw_connection_shut_down(struct sw_worker *worker, struct sw_connection *connection);

/* ---- server_room.c -------------------------------------------------------------------------- */

/* What a room of this worker has for a new connection; what those of the others have at best. */
enum sw_space sw_room_space(const struct sw_room *room);
enum sw_space sw_room_space_elsewhere(const struct sw_worker *worker, uint32_t room);

/* Can one more come in through this listener? */
bool sw_room_fits(const struct sw_worker *worker, const struct sw_listener *listener);

/* The same, and which idle peer is to be evicted for it, NULL for none. */
bool sw_room_find(struct sw_worker *worker, const struct sw_listener *listener,
                  struct sw_connection **victim);
void sw_room_evict(struct sw_worker *worker, struct sw_connection *victim);

/* The worker has let in what it can: let in what others cannot, and have others let in the rest.
   Then forget about it, when the server leaves. */
void sw_rooms_share(struct sw_worker *worker);
void sw_rooms_leave(struct sw_worker *worker);

/* Give back the peers that are gone. */
void sw_room_reap(struct sw_worker *worker);

/* A peer has become idle, or is no more than that from the beginning. */
static inline void sw_room_note_idle(struct sw_worker *worker, struct sw_connection *connection)
{
    struct sw_link *idle = &sw_room_of(worker, connection)->idle;
    if (idle->prev != &connection->link)
        sw_link_move(&connection->link, idle);
}

/* ---- server_send.c -------------------------------------------------------------------------- */

/* Is there something left to be sent? */
static inline bool sw_lease_owes(const struct sw_transaction *txn)
{
    return txn->written || txn->nocopy.n;
}

/* Send what can be sent now, or a portion of it.  False when the socket is broken. */
bool sw_connection_flush(struct sw_worker *worker, struct sw_connection *connection);

/* ---- server_lease.c ------------------------------------------------------------------------- */

/* A lease for a peer that has none, with what was parked of its input; NULL: it gets one later, and
   is then in the `ready` ring. */
struct sw_transaction *sw_transaction_attach(struct sw_worker *worker,
                                             struct sw_connection *connection);
bool sw_transaction_is_available(struct sw_worker *worker, const struct sw_connection *connection);
void sw_transaction_release(struct sw_worker *worker, struct sw_connection *connection);

/* How many more peers of the usual room can have a lease. */
static inline uint32_t sw_transactions_available(const struct sw_worker *worker)
{
    const struct sw_room *room = &worker->rooms[SW_ROOM_USUAL];
    return room->max_leases - room->transactions;
}

/* A writer over what is left of the output buffer: add what it wrote to lease->written. */
static inline struct sw_writer sw_transaction_writer(struct sw_transaction *txn)
{
    struct sw_worker *worker = txn->worker;
    if (!txn->out)
        txn->out = sw_pool_get(&worker->outputs);
    return (struct sw_writer){.p = txn->out + txn->written,
                              .size = worker->config->output_buffer - txn->written};
}

void sw_transaction_release_output(struct sw_transaction *txn);

/* Have an input buffer, with what was parked. */
void sw_transaction_attach_input(struct sw_transaction *txn);
void sw_connection_drop_partial_input(struct sw_worker *worker, struct sw_connection *connection);

/* More input is awaited: what there is of a head is parked and the lease given back, unless it is
   too much. */
void sw_transaction_stash_head(struct sw_worker *worker, struct sw_connection *connection);

/* Put a head aside, which ends where the input not yet parsed begins.  NULL if it is too long. */
const char *sw_transaction_copy_head(struct sw_transaction *txn, const char *bytes);
void sw_transaction_drop_head_copy(struct sw_transaction *txn);

/* Nothing moves: put the message on the shelf and give its buffers back, if it has a place there.
   Fetch it before anything else is done with it. */
void sw_transaction_compact(struct sw_worker *worker, struct sw_connection *connection);
void sw_transaction_restore(struct sw_transaction *txn);

/* The peer waits for something else from now on. */
static inline void sw_connection_set_wait(struct sw_worker *worker,
                                          struct sw_connection *connection, enum sw_wait wait)
{
    if (connection->wait == wait)
        return;
    struct sw_room *room = sw_room_of(worker, connection);
    room->wait_counts[connection->wait]--;
    room->wait_counts[wait]++;
    connection->wait = (uint8_t)wait & 15U;
}

/* Upper ends of the latency buckets but the last, in milliseconds. */
extern const uint16_t sw_metrics_bounds[SW_LATENCIES - 1];

/* ---- server_exchange.c ---------------------------------------------------------------------- */

/* Why sw_transaction_parse() came to an end. */
enum sw_pause {
    SW_PAUSE_INPUT = 0, /* more bytes are wanted */
    SW_PAUSE_OUTPUT,    /* what was written has to go out first */
    SW_PAUSE_HANDLER,   /* the handler has the word */
    SW_PAUSE_LAST,      /* nothing will be read any more */
    SW_PAUSE_UPGRADE,   /* what follows is not HTTP */
};

/* Pass what lies in the input buffer to the handler and its hooks. */
enum sw_pause sw_transaction_parse(struct sw_transaction *txn);

/* The handler has a hook for content that has not arrived yet. */
static inline bool sw_transaction_wants_content(const struct sw_transaction *txn)
{
    const struct sw_hooks *hooks = txn->exchange.hooks;
    return hooks && (hooks->on_content || hooks->on_request_end) && !txn->complete;
}

/* Finishes a head that is being written.  One that cannot be sent becomes a response 500. */
void sw_response_finish_head(struct sw_transaction *txn);

/* Ends the response with an error: what was written is sent, then the connection is closed. */
void sw_response_fail(struct sw_transaction *txn, enum sw_error error);

/* Nothing more will come of this exchange: a response 500 if none has begun. */
void sw_response_abandon(struct sw_transaction *txn);

/* The handler made a call that is not allowed here.  After the end of the response: no effect. */
void sw_response_misuse(struct sw_transaction *txn);

/* May a reply begin?  If not, the call for one is misuse: a reply that has begun fails. */
bool sw_transaction_may_respond(struct sw_exchange *exchange);

/* All that was written has gone out: is there something to do because of that?  Then do it. */
bool sw_transaction_wants_writable(const struct sw_transaction *txn);
void sw_transaction_on_writable(struct sw_transaction *txn);

/* The time for which it may be held is over: the client is told, and so is the handler. */
void sw_transaction_on_suspend_timeout(struct sw_transaction *txn);

/* It is no longer suspended: calls the hook on_resume. */
void sw_transaction_on_resume(struct sw_transaction *txn);

/* The server's own response, the last on this connection. */
void sw_transaction_respond(struct sw_transaction *txn, unsigned status, struct sw_span text);

/* Offset in `in` of the next request, after empty lines; `end` if none has begun. */
uint32_t sw_transaction_request_at(const struct sw_transaction *txn);

/* The response was written completely and without an error. */
bool sw_transaction_is_over(const struct sw_transaction *txn);

/* The exchange ends, well or not: tell its owner, and make ready for the next.  Fetch it before. */
void sw_transaction_complete(struct sw_transaction *txn, bool complete);

/* ---- server_hold.c -------------------------------------------------------------------------- */

/* It is held no longer. */
void sw_transaction_end_suspend(struct sw_transaction *txn);

/* Tell the handler that the client has shut its side, if the exchange is held; or that the client
   is gone.  Once each. */
void sw_transaction_note_half_close(struct sw_transaction *txn);
void sw_transaction_note_disconnect(struct sw_transaction *txn);

#endif
