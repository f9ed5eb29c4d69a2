/* walk_side.h - one side of a random walk: writes its plan, compares what it receives. */
/* SPDX-License-Identifier: MIT */
#ifndef WALK_SIDE_H
#define WALK_SIDE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "walk.h"

enum { ROOM = 1 << 13, HEAD_ROOM = 2048, PIPELINE = 8, PLAN = 4 * PIPELINE, TUNNEL = 200 };

struct side {
    struct sw_conn conn;
    struct sw_message message;
    char in[ROOM], out[ROOM]; /* received and not consumed; written and not delivered */
    size_t in_n, out_n;
    unsigned wrote, read;      /* messages begun */
    bool writing, complete;    /* a message is being written; the last one read is complete */
    size_t sent, seen;         /* content of the message being written, being read */
    bool closing;              /* client: a reply has Connection: close */
    bool over, shut, eof;      /* CLOSED or FAILED was returned; sends no more; received EOF */
    bool disconnected;         /* in the middle of a message */
    bool tunnel;               /* UPGRADED was seen */
    size_t raw_sent, raw_seen; /* of the TUNNEL bytes after the upgrade */
};

static struct side client, server;
static struct walk_exchange plan[PLAN];
static unsigned total;  /* exchanges that the client plans on this connection */
static unsigned drawn;  /* of them, those with a plan */
static uint32_t stride; /* max bytes delivered at once */
static bool moved;      /* bytes moved in this step */
static uint64_t seed, connections, messages;
static const struct sw_limits limits = {.discard = WALK_DRAIN, .pipeline = PIPELINE};

/* Counts of events: a walk that misses one of these does not test it. */
enum happening {
    INTERIMS,
    TRAILERS,
    DRAINED,
    CLOSED_UNREAD,
    UPGRADES,
    REFUSALS,
    TRUNCATED,
    HAPPENINGS
};

static const char *const happening_names[HAPPENINGS] = {
    "interim replies", "trailer sections", "bodies dropped unread", "bodies closed upon unread",
    "upgrades",        "refusals",         "truncated messages",
};
static uint64_t happened[HAPPENINGS];

/* ---- Reporting ------------------------------------------------------------------------------- */

static void report_side(const char *name, const struct side *side)
{
    fprintf(stderr,
            "  %s wrote %u, read %u; sent %zu, saw %zu; states %u %u, flags %x, %s; got: ", name,
            side->wrote, side->read, side->sent, side->seen, side->conn.in, side->conn.out,
            side->conn.flags, sw_error_infos[side->conn.error].name);
    for (size_t i = 0; i < side->in_n && i < 400; i++) {
        char c = side->in[i];
        fprintf(stderr, c >= ' ' && c <= '~' ? "%c" : "\\x%02x", (unsigned char)c);
    }
    fprintf(stderr, "%s\n", side->in_n > 400 ? "..." : "");
}

static void report_message(const char *name, const struct walk_message *message)
{
    fprintf(stderr, "  %s: %zu bytes%s, %u fields, %u trailers\n", name, message->content.n,
            message->measured ? "" : " unmeasured", message->field_count, message->trailer_count);
}

/* Prints the state of both sides at the i-th exchange, and fails. */
static _Noreturn void give_up(const char *what, unsigned i)
{
    const struct walk_exchange *x = &plan[i % PLAN];
    fprintf(stderr, "SW_SEED=%llu, connection %llu, message %llu, exchange %u of %u: %s\n",
            (unsigned long long)seed, (unsigned long long)connections, (unsigned long long)messages,
            i, total, what);
    fprintf(stderr, "  meant: %s %.*s, %u%s%s%s%s%s%s%s%s%s\n", sw_method_names[x->method].text,
            (int)x->target.n, x->target.p, x->status, x->old ? " old" : "",
            x->old_keeps ? " keeps" : "", x->expects ? " expects" : "",
            x->patient ? " patient" : "", x->offers ? " offers" : "", x->accepts ? " accepts" : "",
            x->late ? " late" : "", x->last ? " last" : "", x->closes ? " closes" : "");
    report_message("request", &x->request);
    report_message("reply", &x->reply);
    report_side("client", &client);
    report_side("server", &server);
    ck_abort_msg("SW_SEED=%llu: %s", (unsigned long long)seed, what);
    abort();
}

static inline void must(bool condition, const char *what, unsigned i)
{
    if (!condition)
        give_up(what, i);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static struct sw_writer writer_of(struct side *side, size_t room)
{
    size_t free = ROOM - side->out_n;
    return (struct sw_writer){.p = side->out + side->out_n, .size = room < free ? room : free};
}

static void wrote(struct side *side, const struct sw_writer *out)
{
    side->out_n += out->n;
    moved |= out->n > 0;
}

static void write_lines(struct sw_writer *out, const struct walk_line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sw_write_field_named(out, lines[i].name, lines[i].value);
}

/* The fields and the end of a head with its start line written. */
static void end_head(struct side *side, struct sw_writer *out, const struct walk_message *message)
{
    write_lines(out, message->fields, message->field_count);
    sw_write_end(out);
    must(out->error == SW_OK, "a head was not written", side->wrote);
    wrote(side, out);
    side->writing = true;
    side->sent = 0;
    side->wrote++;
}

static enum sw_error write_content(struct side *side, struct sw_writer *out, struct sw_span piece)
{
    enum sw_error error = sw_conn_content(&side->conn, out, piece.n);
    wrote(side, out);
    if (error != SW_OK)
        return error;
    if (!sw_conn_bodiless(&side->conn)) {
        memcpy(side->out + side->out_n, piece.p, piece.n);
        side->out_n += piece.n;
    }
    side->sent += piece.n;
    moved |= piece.n > 0;
    return error;
}

static enum sw_error write_finish(struct side *side, struct sw_writer *out,
                                  const struct walk_message *message)
{
    char lines[1024];
    struct sw_writer trailers = {.p = lines, .size = sizeof lines};
    write_lines(&trailers, message->trailers, message->trailer_count);
    enum sw_error error = sw_conn_finish(&side->conn, out, (struct sw_span){lines, trailers.n});
    wrote(side, out);
    if (error == SW_OK)
        side->writing = false;
    moved |= error == SW_OK;
    return error;
}

/* A piece of the remaining content, or the end of the message; sometimes without room for it. */
static enum sw_error write_on(struct side *side, const struct walk_message *message)
{
    size_t left = message->content.n - side->sent, n = once_in(4) ? left : chance(100);
    struct sw_writer out = writer_of(side, once_in(4) ? chance(12) : ROOM);

    if (left == 0)
        return write_finish(side, &out, message);
    n = n < left ? n : left;
    if (ROOM - side->out_n < n + 32)
        n = ROOM - side->out_n < 32 ? 0 : ROOM - side->out_n - 32;
    return write_content(side, &out, (struct sw_span){message->content.p + side->sent, n});
}

static void write_raw(struct side *side)
{
    size_t n = chance((uint32_t)(TUNNEL - side->raw_sent + 1));
    if (ROOM - side->out_n < n)
        return;
    memcpy(side->out + side->out_n, walk_bytes + side->raw_sent, n);
    side->out_n += n;
    side->raw_sent += n;
    moved |= n > 0;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static bool same(struct sw_span a, struct sw_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The planned fields must be present in order, among those that the connection wrote. */
static void compare_lines(const struct sw_head *head, const char *buf,
                          const struct walk_line *lines, uint32_t count, unsigned i)
{
    uint32_t at = 0;
    for (uint32_t k = 0; k < head->field_count; k++) {
        const struct sw_field *field = sw_head_at(head, k);
        switch (field->id) {
        case SW_HEADER_HOST:
        case SW_HEADER_DATE:
        case SW_HEADER_EXPECT:
        case SW_HEADER_UPGRADE:
        case SW_HEADER_CONNECTION:
        case SW_HEADER_CONTENT_LENGTH:
        case SW_HEADER_TRANSFER_ENCODING:
            continue;
        }
        must(at < count && same(sw_field_name(field, buf), lines[at].name) &&
                 same(sw_field_value(field, buf), lines[at].value),
             "another field was meant", i);
        at++;
    }
    must(at == count, "a field is missing", i);
}

static void compare_content(struct side *side, const struct walk_message *message,
                            struct sw_span bytes, unsigned i)
{
    must(!side->complete && bytes.n > 0 && bytes.n <= message->content.n - side->seen &&
             memcmp(bytes.p, message->content.p + side->seen, bytes.n) == 0,
         "other content was meant", i);
    side->seen += bytes.n;
}

/* The end of a message of `size` content bytes. */
static void compare_end(struct side *side, const struct walk_message *message, size_t size,
                        const struct sw_event *event, unsigned i)
{
    bool chunked = side->message.body.framing == SW_FRAMING_CHUNKED;
    uint32_t count = chunked ? message->trailer_count : 0;
    must(!side->complete && side->seen == size, "the message is not complete", i);
    must((event->head != NULL) == (count > 0), "trailers are missing", i);
    if (event->head)
        compare_lines(event->head, event->bytes.p, message->trailers, count, i);
    happened[TRAILERS] += count > 0;
    side->complete = true;
    messages++;
}

static void begin_reading(struct side *side)
{
    side->read++;
    side->seen = 0;
    side->complete = false;
}

#endif
