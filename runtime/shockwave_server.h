/* shockwave_server.h - the server: sockets, time and handlers around shockwave.h. */
/* SPDX-License-Identifier: MIT */
#ifndef SHOCKWAVE_SERVER_H
#define SHOCKWAVE_SERVER_H

/*
 * The smallest one:
 *
 *     static void hello(struct sw_exchange *exchange)
 *     {
 *         sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("Hello, World!"));
 *     }
 *
 *     int main(void)
 *     {
 *         struct sw_server_config config = {.handler = hello};
 *         struct sw_server *server = sw_server_open(&config, NULL);
 *         if (!server)
 *             return 1;
 *         int error = sw_server_run(server);
 *         sw_server_close(server);
 *         return error != 0;
 *     }
 *
 *   Configuration   one struct; zero is the default everywhere
 *   Exchanges       a request and the reply to it, at once, in pieces or later
 *   Files           a directory served
 *   Servers         open, run, stop, close
 *
 *   listener     a socket that accepts connections, with its options and handler
 *   worker       a thread with an event loop, and the connections that it accepted
 *   exchange     a request and the reply to it, as the handler sees it
 *   transaction  an exchange with its buffers, inside the server; idle connections have none
 *   hook         a function of the handler's that is called when something happens later
 *   suspend      to keep an exchange until another thread resumes it
 *   interim      a reply 1xx before the final one
 *   nocopy       sent from the caller's memory or file, without a copy (zero-copy)
 *   drain        graceful shutdown: config.drain is its time; then connections are force-closed
 *   linger       to read on for a bounded time after the last reply; RFC 9112 9.6
 *   trusted      a proxy whose statement about its client's address is believed
 *
 * All memory is taken in one mapping by sw_server_open() and touched only as it is needed.  While a
 * connection is idle it holds 128 bytes of it, 20 more once somebody has asked whose it is, 512
 * more while a head dribbles in, and 1024 in all while content does, or a reply goes out that
 * slowly; buffers are lent to it for as long as bytes are in flight.
 *
 * A server has one or more workers: threads with listeners, connections and memory of their own,
 * which share nothing while they serve; only where one is full another one takes its newcomers.  A
 * connection stays with one worker, and so does all that is called for it.  Unless it says
 * otherwise, a function is to be called on that thread; those of servers, on the one that opened
 * it.
 */

#include "shockwave_values.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sw_exchange;
struct sw_server;
struct sw_server_error;

/* ---- Configuration -------------------------------------------------------------------------- */

/* Whether the PROXY header stands before the first byte of a connection. */
enum sw_proxy_protocol {
    SW_PROXY_PROTOCOL_OFF = 0,
    SW_PROXY_PROTOCOL_OPTIONAL, /* from `trusted` peers, where there is one */
    SW_PROXY_PROTOCOL_REQUIRED, /* whoever does not begin with one, or is not trusted, is closed
                                   upon */
};

/* Which of the two ids in a struct sw_listener_config a unix socket is given to, or'ed. */
enum sw_socket_owner { SW_OWNED_BY_USER = 1, SW_OWNED_BY_GROUP = 2 };

/*
 * Where to listen: `address` or `fd` must be given.  A unix socket that no server listens at any
 * more is replaced; one with a server, and any other file, is a fault: EADDRINUSE.  It is removed
 * when the server leaves, unless another file is there by then.
 */
struct sw_listener_config {
    const char *address;   /* IPv4, IPv6 without brackets, or the path of a unix socket: `/run/x` */
    uint16_t port;         /* 0: any that is free, see sw_server_port() */
    int fd;                /* not 0: a socket that listens already, and now is the server's */
    uint16_t socket_mode;  /* of a unix socket, up to 0777; 0777 less the umask */
    uint16_t socket_owner; /* of a unix socket, enum sw_socket_owner; 0: the process's own ids */
    uint32_t socket_user, socket_group; /* the ids that `socket_owner` selects */
    enum sw_proxy_protocol proxy_protocol;
    void (*handler)(struct sw_exchange *exchange); /* for its connections; config.handler */
    bool reserved; /* SW_RESERVED connections and exchanges in each worker are kept for it, and for
                      others like it, beside config.connections and config.exchanges: it answers
                      however full these are.  Always so where `handler` is sw_admin_serve().  Each
                      takes what sw_server_memory() says, some 60 000 bytes by default, touched only
                      as it is needed */
};

enum { SW_RESERVED = 16 };

/* Which field is believed where a `trusted` peer says for whom he asks. */
enum sw_forwarding {
    SW_FORWARDING_OFF = 0,
    SW_FORWARDING_X_FORWARDED_FOR, /* X-Forwarded-For */
    SW_FORWARDING_FORWARDED,       /* Forwarded, RFC 7239 */
};

/* What becomes of a connection when there are as many as there may be.  Where one of these is idle,
   the one that has been so for longest is closed, and the newcomer served: a connection is idle
   before its first request and between two, until the first byte of one has come. */
enum sw_full {
    SW_FULL_WAIT = 0, /* it waits in the kernel until another one ends */
    SW_FULL_REFUSE, /* it is told 503 with Retry-After; as many at once as a worker has to spare */
};

/* How a line of the access log is written. */
enum sw_log_format {
    SW_LOG_COMBINED = 0, /* as Apache and nginx do; behind it, where there is one, the fault */
    SW_LOG_JSON,         /* an object on a line */
};

/*
 * What a server is to be.  A member that is 0 (or NULL) stands for the default beside it.  Times
 * are in milliseconds and kept to within an eighth of a second.
 */
struct sw_server_config {
    const struct sw_listener_config *listeners; /* 127.0.0.1:8080 */
    uint32_t listener_count; /* 1 to SW_LISTENERS_MAX, or 0 if `listeners` is NULL */
    uint32_t backlog;        /* connections that wait in the kernel; 4096, or net.core.somaxconn */
    bool shared;        /* listen beside another server on the same TCP ports, if it is `shared`
                           too, until one of both leaves; false: a port in use is a fault.
                           Workers share theirs: two or more cannot keep a `shared` server, or
                           another program of the same user with SO_REUSEPORT, off it */
    const char *notify; /* where to tell READY=1 and STOPPING=1, as NOTIFY_SOCKET says it: the path
                           of a unix datagram socket, or `@` and an abstract name; nowhere */
    uint32_t workers;   /* threads that serve; one for each processor that this process may use, by
                           its affinity mask and the CPU quota of its cgroups, rounded up;
                           handlers then run on several threads at once */
    uint32_t connections;   /* at once, in each worker; 4096; none waits, makes room or is refused
                               while another worker has room for it */
    enum sw_full full;      /* what becomes of those beyond, where none of these is idle */
    uint32_t exchanges;     /* of them with bytes in flight at once; as many as connections; beyond
                               that they wait in the order of their coming, and no timer of theirs
                               runs meanwhile */
    uint32_t requests;      /* on one connection, the last is answered with `close`; no bound */
    uint32_t head_timeout;  /* from the first byte of a head to its last; 10 000; 408 */
    uint32_t body_timeout;  /* for each `pace` bytes of content, or its end; 30 000; 408 */
    uint32_t idle_timeout;  /* from a reply to the next request; 60 000; closed */
    uint32_t write_timeout; /* for the peer to take each `pace` bytes, or all; 30 000; closed */
    uint32_t min_progress;  /* bytes that are progress for the two above; 16 384 */
    uint32_t linger;        /* for reading on after the last reply, RFC 9112 9.6; 2 000 */
    uint32_t drain;         /* from sw_server_stop() to cutting what is left; 10 000 */
    uint32_t
        input_buffer;       /* bytes of a connection's input buffer; holds a head, and beside it a
                        trailer  section and a chunk line: at least limits.head + limits.trailer_bytes
                        +  limits.chunk_extensions + 4096; 32 768 or what the limits want */
    uint32_t output_buffer; /* bytes of its output buffer: heads and what sw_reply_write() takes, at
                        least 8192; 16 384 */
    uint32_t scratch;       /* bytes for the handler with each exchange; 4096 */
    const struct sw_network *trusted; /* whose word counts when they say who their client is, and
                                         whose targets may be https where this connection is not:
                                         proxies of yours, and whoever can reach a unix socket of
                                         yours; kept: must outlive the server */
    uint32_t trusted_count;
    enum sw_forwarding forwarding; /* the field that your proxy writes: another one would be the
                                      client's own word */
    struct sw_limits limits;
    const char *access_log; /* a file for the access log, see below, made if there is none; kept:
                        must outlive the server; no log */
    int access_log_fd;      /* the same, as a descriptor that stays yours: 1, 2, a pipe, a socket */
    void (*on_log_error)(
        const struct sw_server_error *error); /* told once for each call of
           sw_server_reopen() that failed, on a thread of the server's; nobody is */
    enum sw_log_format log_format;
    uint32_t log_buffer; /* bytes for lines of each worker not written yet; at least 8192; 65 536 */
    void (*handler)(struct sw_exchange *exchange); /* must be given */
    void *user;                                    /* exchange->user */
};

enum { SW_LISTENERS_MAX = 16, SW_WORKERS_MAX = 256 };

/*
 * The access log has a line for each request, when its reply is over, for each message that broke a
 * rule, and for whoever ran out of time in a head or was refused: who (sw_exchange_client()), when,
 * what, the status (0 or 000: there was no reply), bytes of content, milliseconds (JSON), Referer
 * and User-Agent; of a fault its name in the grammar, its rule, and the byte, counted from the
 * first one of the message.  Nothing else of a request is in it, least of all a field that the
 * grammar calls sensitive.  What is not printable ASCII is escaped, as are quotes and backslashes;
 * what is long is cut and ends in `...`: a line has less than 4096 bytes.
 *
 * Lines are written once for each turn of the loop, or when the buffer is full.  A pipe or a socket
 * is never waited for, a file as the kernel has it.  What finds no place is dropped and counted, by
 * shockwave_log_dropped_total: a full disk or a sleeping reader stops nobody.
 */

/* ---- Exchanges ------------------------------------------------------------------------------ */

/*
 * The handler is called once for each request, when its head has arrived.  Before it returns it
 * does one of three things; one that does none of them is answered for with 500.
 *
 *   It ends a reply:  sw_reply(), or sw_reply_begin(), _write() and _end().
 *   It sets hooks:    for the request's content, or to go on with the reply when there is room.
 *   It holds:         sw_exchange_suspend(), and sw_exchange_resume() when there is news.
 *
 * The same goes for each hook.  The functions of a reply are for the handler and the hooks of that
 * exchange, and for nobody else.  Content that nobody wants is dropped (see sw_limits.drain).
 *
 * A call that does not fit is MISUSE, and the connection survives it or is closed, but never sends
 * what is no HTTP: content before a reply has begun or after its end, a second reply, a status that
 * is none, bytes that are nowhere (n > 0 and p NULL), more content taken than was offered.  Before
 * the head of a reply has gone out the client gets 500 instead; later the connection is closed,
 * where the reply is not complete; after the end of the reply nothing changes.
 */
struct sw_hooks {
    /*
     * A run of content has arrived.  Returns how many bytes were taken, from the front; the others
     * are offered again when what was written has gone out, or after sw_exchange_resume(), and
     * until then nothing more is read from the peer.
     */
    size_t (*on_content)(struct sw_exchange *exchange, struct sw_span bytes);
    /* The request is whole.  `trailers` may be NULL; its offsets count from `bytes`. */
    void (*on_request_end)(struct sw_exchange *exchange, const struct sw_head *trailers,
                           const char *bytes);
    /* All that was written has gone out, and the reply has not ended. */
    void (*on_writable)(struct sw_exchange *exchange);
    /* sw_exchange_resume() was called. */
    void (*on_resume)(struct sw_exchange *exchange);
    /* While you hold, once: the client has shut its side, or had before.  It may have closed, or
       have sent its last request and still read the reply, which is legal (RFC 9112 9.6): only
       sending tells.  So nothing else happens; go on, or resume and reply early.  Called again for
       the next exchange. */
    void (*on_half_close)(struct sw_exchange *exchange);
    /* While you hold, once, before `over`: the connection has ended or is to end (reset by the
       client, force-closed, or your time to hold is over), so no reply reaches the client any more.
       sw_exchange_resume() is required all the same. */
    void (*on_disconnect)(struct sw_exchange *exchange);
    /* 101, or 2xx to CONNECT, has gone out: the socket is yours, not blocking, and `rest` is what
       the peer has sent behind its request. */
    void (*on_upgrade)(struct sw_exchange *exchange, int fd, struct sw_span rest);
    /* The last call: `whole` if the reply came to its end.  Free what is yours. */
    void (*on_complete)(struct sw_exchange *exchange, bool whole);
};

/*
 * A request and its reply, which last until `over` returns.  What `head` and `bytes` point to moves
 * while the peer is waited for: look there anew in each hook.  It stays while somebody holds.
 */
struct sw_exchange {
    const struct sw_head *head; /* the request's; its offsets count from `bytes` */
    const char *bytes;
    void *user;                   /* the configuration's */
    const struct sw_hooks *hooks; /* yours to set; NULL at first, as any of its members may be */
    void *data;                   /* yours; NULL at first */
    char *scratch;                /* config.scratch bytes, aligned to 64, yours */
    size_t scratch_size;
};

static inline struct sw_span sw_exchange_target(const struct sw_exchange *exchange)
{
    return sw_head_target(exchange->head, exchange->bytes);
}

/* The value of the first line with this id; p is NULL when there is none.  A list may have further
   lines: see sw_exchange_lines(), and sw_head_x() in shockwave_values.h. */
static inline struct sw_span sw_exchange_field(const struct sw_exchange *exchange,
                                               enum sw_header id)
{
    const struct sw_field *field = sw_head_field(exchange->head, id);
    return field ? sw_field_value(field, exchange->bytes) : (struct sw_span){NULL, 0};
}

/* All lines with this id, for sw_lines_next(). */
static inline struct sw_lines sw_exchange_lines(const struct sw_exchange *exchange,
                                                enum sw_header id)
{
    return sw_lines_of(exchange->head, exchange->bytes, id);
}

/* Somebody at an address. */
struct sw_client {
    struct sw_address address;
    uint16_t port; /* 0: not known */
    bool known;    /* there is an address */
    bool local;    /* he came through a unix socket, which has none */
};

/*
 * Who asks: what the PROXY header said, or else the other end of the socket; and where that one is
 * trusted, whom the forwarding field names: its last element is believed, and the one before it for
 * as long as it stands behind a trusted one.  Not `known` where a proxy hides it.
 */
struct sw_client sw_exchange_client(const struct sw_exchange *exchange);

/*
 * The whole reply.  An empty `type` writes no Content-Type.  A body of up to SW_REPLY_COPIED bytes
 * is copied; a longer one is sent from where it lies, and must stay there until the exchange is
 * over.  No body goes out where none may (HEAD, 204, 205, 304): give it all the same, for its
 * length.  Returns what sw_reply_end() would; MISUSE after another reply has begun.
 */
enum sw_error sw_reply(struct sw_exchange *exchange, unsigned status, struct sw_span type,
                       struct sw_span body);

enum { SW_REPLY_COPIED = 4096 };

/*
 * Begin a reply: the status line, Date and the framing of `length` bytes of content
 * (SW_LENGTH_UNKNOWN: chunked).  Add fields with sw_reply_field(); the next call of another
 * function for this exchange ends the head.  To go on reading content after it, set the hooks
 * first.  MISUSE after another reply has begun, and for a status that sw_conn_reply() does not
 * take.
 */
enum sw_error sw_reply_begin(struct sw_exchange *exchange, unsigned status, uint64_t length);

/*
 * An interim reply before it: SW_STATUS_EARLY_HINTS with Link fields, for example.  Add fields in
 * the same way.  An HTTP/1.0 client is sent no interim reply.  MISUSE for 101, for a status that is
 * not 1xx, and after sw_reply_begin().  RFC 9110 15.2, RFC 8297.
 */
enum sw_error sw_reply_interim(struct sw_exchange *exchange, unsigned status);

/*
 * Add a field line to the head that sw_reply_begin() or sw_reply_interim() began: as
 * sw_write_field(), sw_write_field_named() and sw_write_number().  The first error of a head is
 * kept: each later call returns it, and so does sw_reply_end().  MISUSE, and nothing changes, where
 * no head is open: before it has begun, after content, after the end.
 */
enum sw_error sw_reply_field(struct sw_exchange *exchange, enum sw_header id, struct sw_span value);
enum sw_error sw_reply_field_named(struct sw_exchange *exchange, struct sw_span name,
                                   struct sw_span value);
enum sw_error sw_reply_field_number(struct sw_exchange *exchange, enum sw_header id,
                                    uint64_t number);

/* Copy content behind what was written before.  Returns how many bytes were taken, from the front:
   fewer when the peer does not keep up.  Go on in `room` (or let `content` return it). */
size_t sw_reply_write(struct sw_exchange *exchange, struct sw_span bytes);

/* The same, but all of it, from where it lies: it must stay there until `room` or `over`.  False
   when one is still on its way: go on in `room`. */
bool sw_reply_write_nocopy(struct sw_exchange *exchange, struct sw_span bytes);

/* The same with `length` bytes of a regular file, from `offset` on, which the kernel copies: `fd`
   must stay open as long.  The connection is closed where the file turns out to be shorter. */
bool sw_reply_file(struct sw_exchange *exchange, int fd, uint64_t offset, size_t length);

/*
 * The reply is whole.  Nothing but `over` is called after this.  Returns SW_OK or what was wrong
 * with it: BAD_OUT_NAME, BAD_OUT_VALUE, BAD_OUT_FRAMING, NO_ROOM (a field that may not be sent: the
 * peer gets 500 instead, if the head has not gone out yet), BODY_LENGTH_MISMATCH or MISUSE (the
 * connection is closed; but nothing happens where no reply has begun, or it has ended).
 */
enum sw_error sw_reply_end(struct sw_exchange *exchange);

/*
 * The same with a trailer section behind content of unknown length: field lines that
 * sw_write_field() wrote into memory of yours; BAD_OUT_VALUE for anything else.  They are dropped
 * where there is no place for them (HTTP/1.0, HEAD, 204, 205, 304).  NO_ROOM: the peer does not
 * keep up, so nothing has happened; call it again in `room`.  RFC 9110 6.5.
 */
enum sw_error sw_reply_end_trailers(struct sw_exchange *exchange, struct sw_span lines);

/*
 * Keep the exchange as it is until sw_exchange_resume() is called.  In between the thread that
 * holds may read all of the exchange and write `data` and `scratch`; no hook is called but
 * `half_closed` and `gone`.  While it is held, a second call changes nothing; nor does one in
 * `upgraded` or `over`.
 *
 * sw_exchange_suspend_for() sets a deadline, in milliseconds after the bytes written before have gone
 * out; 0 is none.  When it is over, the client is sent 503 (or, where a reply has begun, nothing
 * more), the connection is closed, and `gone` is called.  The exchange lasts until it is resumed,
 * as another thread may still use it; then only `over` is called.
 */
void sw_exchange_suspend(struct sw_exchange *exchange);
void sw_exchange_suspend_for(struct sw_exchange *exchange, uint32_t milliseconds);

/*
 * Go on with an exchange that is held: soon `resumed` is called on its own thread.  May be called
 * on any thread; neither locks nor allocates.  Returns SW_OK, or MISUSE, and nothing happens, where
 * it is not held or was resumed already.  Not to be called after `over`: the address may be that of
 * another exchange by then, which would be resumed in its place if it is held.
 */
enum sw_error sw_exchange_resume(struct sw_exchange *exchange);

/* Has the client shut its side?  See `half_closed`.  For the handler and the hooks. */
bool sw_exchange_half_closed(const struct sw_exchange *exchange);

/* ---- Files ---------------------------------------------------------------------------------- */

/* Which symbolic links below the root are followed. */
enum sw_symlinks {
    SW_SYMLINKS_BENEATH =
        0,           /* those that stay below the root at each step; an absolute one does not,
                        wherever it leads.  A name that `dotfiles` hides may be the target */
    SW_SYMLINKS_OFF, /* none */
};

/*
 * A directory whose regular files are served.  Nothing outside of it can be reached, whatever the
 * path says and whatever is moved at the same time: a symbolic link that leads out of `root` is not
 * followed.  A FIFO, a device or a socket is not opened, not even to look at it.
 *
 * This takes Linux 5.6 (openat2()) and procfs at sw_files_open().  With an older kernel, or a
 * sandbox that forbids the call, the same is done in more system calls.  Without procfs a FIFO that
 * takes the place of a regular file while it is opened is opened and closed again, without waiting.
 */
struct sw_files {
    const char *root;          /* must be given; may be a link itself */
    const char *cache_control; /* sent as Cache-Control with each file: a field value of at most
                                  SW_CACHE_CONTROL_MAX bytes; NULL: none */
    bool dotfiles;             /* serve names that begin with a dot, too; without it only those
                                  below /.well-known/, RFC 8615 */
    bool precompressed;        /* send NAME.br, NAME.zst or NAME.gz for NAME to a client that
                                  accepts it; that order decides between equals */
    enum sw_symlinks symlinks; /* which are followed */
    bool walk;                 /* private, to the end */
    int fd, proc;
    char multipart[64];
};

enum { SW_CACHE_CONTROL_MAX = 1024 };

/* Open the directory, which is served from then on, whatever becomes of its name: 0 or an errno,
   EINVAL for a member that is not valid. */
int sw_files_open(struct sw_files *files);
void sw_files_close(struct sw_files *files);

/*
 * Reply with the file that `path` names: the target's path, or what is left of it behind a prefix
 * that is the handler's, percent-encoded as it came.  The exchange is taken over, its hooks and
 * scratch included (paths of some 3500 bytes fit into the default, see sw_files_scratch()); `files`
 * may serve any number of exchanges and servers at once, and must stay open as long.
 *
 *   200, 206   GET and HEAD, one range or several (RFC 9110 14), `index.html` for a directory
 *   204, 405   OPTIONS and other methods, with Allow; 501 for one that the grammar does not know
 *   301        a directory without its slash at the end, or nothing after a prefix that has none,
 * to a target relative to the request's 304, 412   RFC 9110 13, by an entity tag and Last-Modified.
 * The tag is made of size, time of modification (in nanoseconds) and coding: each machine that
 * serves a copy with the same times has the same tags.  It is weak in the second of the
 * modification 403        the file may not be read, or its directory may not be passed 404 there is
 * none, or it is not regular, or no file can be called so: `%2F`, `%00`, `//` 414        there is
 * no room for a redirection 416        no range of the file was asked for 503        not now: out
 * of descriptors or memory, EAGAIN (a lease that another process holds), EBUSY, EIO, ESTALE,
 * ETIMEDOUT 500        any other error of the system
 *
 * A file that is not in the kernel's cache keeps the thread waiting while it is read.
 */
void sw_files_serve(const struct sw_files *files, struct sw_exchange *exchange,
                    struct sw_span path);

/* The least config.scratch with which sw_files_serve() finds each name that a target within these
   limits can have and the system knows (PATH_MAX). */
uint32_t sw_files_scratch(const struct sw_limits *limits);

/* ---- Dispatch ------------------------------------------------------------------------------- */

/*
 * `make routes` turns lines of METHOD, path and name into a handler that calls yours by name, in
 * time proportional to the path's length, however many routes there are: see grammar/routes.awk.
 * These two are what it is made of.
 */

/* The path of the target, a space somewhere behind it; "/" where an absolute-form has none.  What
   has no path, `*` or the authority of CONNECT, is given as it is.  RFC 9112 3.2. */
const char *sw_exchange_path(const struct sw_exchange *exchange);

/*
 * The reply to what no route answers.  `allow` names the methods of the resource, NULL where there
 * is none: 404, 405 with Allow, 501 for a method that is not known; OPTIONS is answered, for `*` as
 * well, with 204.  RFC 9110 9.3.7, 15.5.6, 15.6.2.
 */
void sw_reply_unrouted(struct sw_exchange *exchange, const char *allow);

/* ---- Servers -------------------------------------------------------------------------------- */

/* Why a server could not be opened, or its log not anew. */
struct sw_server_error {
    const char *what; /* the member of the configuration, `config` for a NULL, or the system call */
    int code;         /* errno: EINVAL for a member out of range */
    const struct sw_listener_config
        *listener; /* the one that cannot be; NULL where it is not about one */
};

/* The bytes that sw_server_open() will take, once; 0 when a member is out of range. */
size_t sw_server_memory(const struct sw_server_config *config);

/*
 * Take the memory and listen.  Nothing of the configuration is kept but what says so, the
 * handlers and `user`.  Returns NULL on failure and, unless `fault` is NULL, says why.
 */
struct sw_server *sw_server_open(const struct sw_server_config *config,
                                 struct sw_server_error *error);

/* The port of the i-th listener, in the host's byte order; 0 for a unix socket. */
unsigned sw_server_port(const struct sw_server *server, uint32_t i);

/*
 * Serve on this thread, with SIGPIPE and SIGXFSZ blocked on it, and on one more for each further
 * worker, with all signals blocked, until sw_server_stop().  Returns 0, or an errno if a thread
 * could not be started.
 */
int sw_server_run(struct sw_server *server);

/* How many connections sw_server_run() force-closed, because they were not done when config.drain
   was over.  To be called after it has returned. */
uint32_t sw_server_force_closed(const struct sw_server *server);

enum sw_server_state {
    SW_SERVER_OPEN = 0, /* it listens, and does not serve yet or any more */
    SW_SERVER_RUNNING,
    SW_SERVER_SHUTTING_DOWN, /* sw_server_stop() was called */
};

/* What it does: for a reply to whoever asks if it is ready.  May be called on any thread. */
enum sw_server_state sw_server_state(const struct sw_server *server);

/*
 * Leave: let nobody else in, close the idle, tell the others `Connection: close`, and cut what is
 * left after config.drain.  A second call cuts at once.  May be called on any thread and in a
 * signal handler.
 *
 * Nobody who has got through to it is lost: for a tenth of a second it lets in those whose
 * connections are just being made, and waits for requests that are just being sent.  Those who
 * begin to connect are left to another server: one that has the same socket from a service manager
 * gets them at once, one that listens beside or after this one when they try again, after a second.
 */
void sw_server_stop(struct sw_server *server);

/* Open config.access_log anew, for whoever has renamed it; where that fails, go on with the one
   there is, tell config.on_log_error, and count it for each worker:
   shockwave_log_reopen_failures_total.  May be called on any thread and in a signal handler. */
void sw_server_reopen(struct sw_server *server);

/* Close and unmap everything, exchanges that are held included: not while it runs, nor while
   another thread holds one, or has not come back from sw_exchange_resume().  NULL: nothing. */
void sw_server_close(struct sw_server *server);

/* ---- Seen from outside ---------------------------------------------------------------------- */

/*
 * Handlers, for whatever route or listener they are wanted on: all that has been counted since the
 * server began, in the text format of Prometheus; 200 as long as it serves at all; 200 while it is
 * running and 503 when it leaves.  The last one routes /metrics, /livez and /readyz to the others.
 *
 * Times of requests are told to within a turn of the loop, which reads the clock once.
 */
void sw_metrics_serve(struct sw_exchange *exchange);
void sw_livez_serve(struct sw_exchange *exchange);
void sw_readyz_serve(struct sw_exchange *exchange);
void sw_admin_serve(struct sw_exchange *exchange);

/* ---- Sockets from a service manager --------------------------------------------------------- */

/* A socket that whoever started this process has opened for it: a struct sw_listener_config's `fd`.
 */
struct sw_inherited {
    int fd;
    struct sw_span name; /* in listen_fdnames; empty when it has none */
};

/*
 * Those that systemd, or another that speaks its language, has passed to process `pid`, from what
 * getenv() says of LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (NULL: nothing).  Returns how many
 * there are, as many as `max` of them in `sockets`; 0 when they are none, or another process's.
 */
size_t sw_inherited_read(long pid, const char *listen_pid, const char *listen_fds,
                         const char *listen_fdnames, struct sw_inherited *sockets, size_t max);

#ifdef __cplusplus
}
#endif

#endif
