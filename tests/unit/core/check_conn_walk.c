/* check_conn_walk.c - a random client and server drive each other and compare what they receive. */
/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "guard.h"
#include "suite.h"
#include "walk_side.h"

/*
 * On each connection both sides take steps in random order: a side writes a piece of a message, or
 * receives bytes of the other side and reads the events in them.  `plan` has what is to be sent;
 * each event is compared with it.  A connection ends with Connection: close from either side, an
 * upgrade, a refused request, or a side that disconnects in the middle of a message.
 *
 * SW_SEED and SW_MESSAGES in the environment repeat a walk and set its length in messages.
 */

/* ---- The client writes ----------------------------------------------------------------------- */

static void begin_request(void)
{
    struct walk_exchange *x = &plan[client.wrote % PLAN];

    if (drawn == client.wrote)
        walk_draw(x, ++drawn == total);
    if (x->last)
        sw_conn_close(&client.conn);
    struct sw_writer out = writer_of(&client, !x->last && once_in(4) ? chance(60) : ROOM);
    enum sw_error error =
        sw_conn_request(&client.conn, &out, x->method, x->target,
                        x->request.measured ? x->request.content.n : SW_LENGTH_UNKNOWN);
    if (error == SW_ERROR_NO_ROOM)
        return;
    must(error == SW_OK, "a request was not begun", client.wrote);
    out.size = ROOM - client.out_n;
    if (x->old) {
        out.p[sw_method_names[x->method].len + 1 + x->target.n + 8] = '0';
        if (x->old_keeps)
            sw_write_bytes(&out, "Connection: keep-alive\r\n", 24);
    } else {
        sw_write_field(&out, SW_HEADER_HOST, SW_SPAN("example.org"));
    }
    if (x->offers && x->method != SW_METHOD_CONNECT)
        sw_conn_offer(&client.conn, &out, SW_SPAN("walk"));
    if (x->expects)
        sw_write_field(&out, SW_HEADER_EXPECT, SW_SPAN("100-continue"));
    if (x->bad)
        sw_write_bytes(&out, "Bad Name: x\r\n", 13);
    end_head(&client, &out, &x->request);
}

/* May another request be written?  Not after one that offers another protocol. */
static bool may_request(void)
{
    return client.wrote < total && client.conn.pending < PIPELINE && !client.closing &&
           !client.eof && ROOM - client.out_n >= HEAD_ROOM &&
           ((client.wrote == client.read && client.complete) ||
            !plan[(client.wrote - 1) % PLAN].offers);
}

static void client_writes(void)
{
    unsigned i = client.wrote - 1;
    const struct walk_exchange *x = &plan[i % PLAN];

    if (client.writing) {
        if (x->patient && client.read <= i)
            return;
        enum sw_error error = write_on(&client, &x->request);
        if (error == SW_ERROR_MISUSE && sw_conn_next_action(&client.conn) != SW_ACTION_KEEP_ALIVE)
            client.writing = false; /* the reply came first, and ended HTTP */
        else
            must(error == SW_OK || error == SW_ERROR_NO_ROOM, "content was not written", i);
    } else if (client.tunnel ||
               (client.wrote > 0 && x->accepts && once_in(4) && x->method == SW_METHOD_CONNECT)) {
        write_raw(&client);
    } else if (may_request()) {
        begin_request();
    } else if (client.wrote == total &&
               ((client.read == total && client.complete) || (!x->offers && once_in(9)))) {
        moved |= !client.shut;
        client.shut = true;
    }
}

/* ---- The server writes ----------------------------------------------------------------------- */

/* An interim reply, if one is due or may go out. */
static bool wrote_interim(struct walk_exchange *x)
{
    bool waits = x->expects && !server.complete && (x->late || once_in(8));
    if (x->interims == 0 && !waits)
        return false;
    struct sw_writer out = writer_of(&server, ROOM);
    if (waits && (x->interims == 0 || once_in(2))) {
        must(sw_conn_interim(&server.conn, &out, 100) == SW_OK, "no 100", server.read - 1);
    } else if (--x->interims % 2 && !x->old) {
        sw_write_status(&out, SW_STATUS_EARLY_HINTS);
        write_lines(&out, x->reply.fields, x->reply.field_count);
        sw_write_end(&out);
    } else {
        must(sw_conn_interim(&server.conn, &out, 102) == SW_OK, "no 102", server.read - 1);
    }
    x->interim_sent += out.n > 0;
    wrote(&server, &out);
    return out.n > 0;
}

static void begin_reply(struct walk_exchange *x)
{
    static struct sw_date date;
    struct sw_writer out = writer_of(&server, once_in(4) ? chance(60) : ROOM);

    sw_date_set(&date, (int64_t)messages);
    if (x->closes)
        sw_conn_close(&server.conn);
    if (once_in(2))
        sw_conn_keep_reading(&server.conn);
    enum sw_error error = sw_conn_reply(&server.conn, &out, x->status,
                                        x->reply.measured ? x->reply.content.n : SW_LENGTH_UNKNOWN,
                                        once_in(2) ? &date : NULL);
    if (error == SW_ERROR_NO_ROOM)
        return;
    must(error == SW_OK, "a reply was not begun", server.read - 1);
    out.size = ROOM - server.out_n;
    if (x->status == SW_STATUS_SWITCHING_PROTOCOLS)
        sw_write_field(&out, SW_HEADER_UPGRADE, SW_SPAN("echo"));
    if (x->reply_old)
        out.p[7] = '0';
    end_head(&server, &out, &x->reply);
    if (x->accepts)
        server.sent = x->reply.content.n;
}

static void refuse(void)
{
    struct sw_writer out = writer_of(&server, ROOM);
    if (sw_conn_refuse(&server.conn, &out, NULL) == SW_OK)
        wrote(&server, &out);
    server.shut = true;
}

static void server_writes(void)
{
    struct walk_exchange *x = &plan[(server.read - 1) % PLAN];

    if (ROOM - server.out_n < HEAD_ROOM)
        return;
    if (server.over) {
        moved |= !server.shut;
        refuse();
    } else if (server.tunnel) {
        write_raw(&server);
    } else if (server.writing) {
        enum sw_error error = write_on(&server, &x->reply);
        must(error == SW_OK || error == SW_ERROR_NO_ROOM, "content was not written",
             server.read - 1);
    } else if (server.wrote < server.read) {
        if (!wrote_interim(x) && (server.complete || !x->late))
            begin_reply(x);
    }
}

/* ---- The server reads ------------------------------------------------------------------------ */

static void server_head(const struct sw_event *event)
{
    unsigned i = server.read;
    const struct walk_exchange *x = &plan[i % PLAN];
    const struct sw_head *head = event->head;
    const char *buf = event->bytes.p;

    must(i < client.wrote && !x->bad, "no such request was made", i);
    must(server.wrote == i && !server.writing, "the reply before is not finished", i);
    must(i == 0 || !walk_ends(&plan[(i - 1) % PLAN]), "the connection had ended", i);
    must(head->method == x->method && head->minor == !x->old &&
             same(sw_head_target(head, buf), x->target),
         "another request was meant", i);
    must(sw_head_expects_continue(head, buf) == x->expects, "another expectation was meant", i);
    must(sw_head_keep_alive(head, buf) == !(x->last || (x->old && !x->old_keeps)),
         "another persistence was meant", i);
    must(server.message.body.framing == walk_request_framing(x), "another framing was meant", i);
    compare_lines(head, buf, x->request.fields, x->request.field_count, i);
    happened[DRAINED] += !server.complete && plan[(i - 1) % PLAN].request.content.n > 0;
    begin_reading(&server);
}

static void server_over(bool failed)
{
    unsigned i = server.read - 1;
    const struct walk_exchange *x = &plan[i % PLAN], *next = &plan[server.read % PLAN];

    if (failed && server.conn.error == SW_ERROR_TRUNCATED)
        must(client.disconnected || (client.closing && client.complete), "a request was truncated",
             i);
    else if (failed)
        must(server.conn.error == SW_ERROR_SPACE_BEFORE_COLON && server.read < client.wrote &&
                 next->bad,
             "a request was refused", server.read);
    else if (!server.eof)
        must(server.read > 0 && (walk_ends(x) || walk_may_end(x)), "the server closed", i);
    happened[REFUSALS] += failed && server.conn.error != SW_ERROR_TRUNCATED;
    happened[TRUNCATED] += failed && server.conn.error == SW_ERROR_TRUNCATED;
    happened[CLOSED_UNREAD] += !failed && !server.eof && !walk_ends(x);
    server.over = true;
}

static void server_sees(const struct sw_event *event)
{
    unsigned i = server.read - 1;
    const struct walk_exchange *x = &plan[i % PLAN];

    switch (event->kind) {
    case SW_EVENT_HEAD:
        server_head(event);
        break;
    case SW_EVENT_CONTENT:
        must(server.wrote == i || server.writing, "content after the reply", i);
        compare_content(&server, &x->request, event->bytes, i);
        break;
    case SW_EVENT_END:
        must(server.wrote == i || server.writing, "an end after the reply", i);
        compare_end(&server, &x->request, x->request.content.n, event, i);
        break;
    case SW_EVENT_PAUSED:
        must(server.wrote == i || server.writing, "paused for nothing", i);
        break;
    case SW_EVENT_UPGRADED:
        must(x->accepts && server.wrote == server.read, "no upgrade was meant", i);
        happened[UPGRADES] += !server.tunnel;
        server.tunnel = true;
        break;
    case SW_EVENT_CLOSED:
    case SW_EVENT_FAILED:
        server_over(event->kind == SW_EVENT_FAILED);
        break;
    case SW_EVENT_MORE:
        break;
    case SW_EVENT_INTERIM:
        give_up("an interim request", i);
    }
}

/* ---- The client reads ------------------------------------------------------------------------ */

static void client_head(const struct sw_event *event)
{
    unsigned i = client.read;
    const struct walk_exchange *x = &plan[i % PLAN];
    const struct sw_head *head = event->head;
    const char *buf = event->bytes.p;

    must(i < client.wrote && x->interim_seen == x->interim_sent, "an interim reply is missing", i);
    client.closing = !sw_head_keep_alive(head, buf);
    begin_reading(&client);
    if (x->bad) {
        must(head->status == 400 && client.closing, "no refusal", i);
        return;
    }
    must(i < server.wrote && head->status == x->status && head->minor == !x->reply_old,
         "another reply was meant", i);
    must(client.closing || !walk_ends(x) || x->accepts, "the reply hides the end", i);
    must(!client.closing || walk_ends(x) || walk_may_end(x), "the reply is not the last", i);
    must(client.message.body.framing == walk_reply_framing(x), "another framing was meant", i);
    compare_lines(head, buf, x->reply.fields, x->reply.field_count, i);
}

static void client_interim(const struct sw_head *head)
{
    struct walk_exchange *x = &plan[client.read % PLAN];
    must(client.read < client.wrote && !x->old && ++x->interim_seen <= x->interim_sent,
         "no interim reply was meant", client.read);
    happened[INTERIMS]++;
    if (head->status == SW_STATUS_CONTINUE) {
        must(x->patient || x->expects, "the client did not wait", client.read);
        x->patient = false;
    }
}

static void client_end(const struct sw_event *event)
{
    unsigned i = client.read - 1;
    const struct walk_exchange *x = &plan[i % PLAN];
    bool truncated =
        client.eof && server.disconnected && client.message.body.framing == SW_FRAMING_CLOSE;

    if (x->bad || truncated)
        client.complete = true;
    else
        compare_end(&client, &x->reply, walk_bodiless(x) ? 0 : x->reply.content.n, event, i);
}

static void client_over(bool failed)
{
    unsigned i = client.read - 1;
    bool dropped =
        server.disconnected || (server.read > 0 && walk_may_end(&plan[(server.read - 1) % PLAN]));

    happened[TRUNCATED] += failed;
    if (failed)
        must(client.conn.error == SW_ERROR_TRUNCATED && client.eof && dropped,
             "the reply breaks a rule", i);
    else
        must(client.closing || (client.eof && client.conn.pending == 0) ||
                 (client.read == total && plan[i % PLAN].last),
             "the client closed", i);
    must(client.read == total || client.closing || dropped, "replies are missing", i);
    client.over = true;
    client.shut = true;
}

static void client_sees(const struct sw_event *event)
{
    unsigned i = client.read - 1;

    switch (event->kind) {
    case SW_EVENT_HEAD:
        client_head(event);
        break;
    case SW_EVENT_INTERIM:
        client_interim(event->head);
        break;
    case SW_EVENT_CONTENT:
        if (!plan[i % PLAN].bad)
            compare_content(&client, &plan[i % PLAN].reply, event->bytes, i);
        break;
    case SW_EVENT_END:
        client_end(event);
        break;
    case SW_EVENT_UPGRADED:
        must(plan[i % PLAN].accepts, "no upgrade was meant", i);
        client.tunnel = true;
        break;
    case SW_EVENT_CLOSED:
    case SW_EVENT_FAILED:
        client_over(event->kind == SW_EVENT_FAILED);
        break;
    case SW_EVENT_MORE:
        break;
    case SW_EVENT_PAUSED:
        give_up("a client paused", i);
    }
}

/* ---- Delivery -------------------------------------------------------------------------------- */

static void take(struct side *side, size_t n)
{
    memmove(side->in, side->in + n, side->in_n - n);
    side->in_n -= n;
}

static void read_raw(struct side *side)
{
    must(side->in_n <= TUNNEL - side->raw_seen &&
             memcmp(side->in, walk_bytes + side->raw_seen, side->in_n) == 0,
         "other bytes were sent after the upgrade", side->read - 1);
    side->raw_seen += side->in_n;
    side->in_n = 0;
}

/* Take events until there are none, or sooner: then we may write before the others are seen. */
static void read_events(struct side *side)
{
    struct sw_event event;
    do {
        size_t taken =
            sw_conn_next(&side->conn, guard_end(side->in, side->in_n), side->in_n, &event);
        must(taken <= side->in_n, "more was taken than there was", side->read);
        moved |= taken > 0;
        if (side == &client)
            client_sees(&event);
        else
            server_sees(&event);
        take(side, taken);
    } while (event.kind != SW_EVENT_MORE && event.kind != SW_EVENT_PAUSED && !side->over &&
             !side->tunnel && !once_in(4));
}

/* The memory of a message is not used between messages: it is overwritten and attached again. */
static void reattach(struct side *side)
{
    struct sw_message *message = sw_conn_detach(&side->conn);
    if (message && once_in(2)) {
        sw_conn_reattach(&side->conn, message);
    } else if (message) {
        memset(message, 0xa5, sizeof *message);
        sw_conn_attach(&side->conn, message);
    }
}

static void deliver(struct side *from, struct side *to)
{
    size_t n = 1 + chance(stride), room = ROOM - to->in_n;

    n = n < from->out_n ? n : from->out_n;
    n = n < room ? n : room;
    memcpy(to->in + to->in_n, from->out, n);
    memmove(from->out, from->out + n, from->out_n - n);
    from->out_n -= n;
    to->in_n += n;
    moved |= n > 0;
    if (to->disconnected || to->over) {
        to->in_n = 0;
        return;
    }
    if (from->shut && from->out_n == 0 && !to->eof) {
        sw_conn_eof(&to->conn);
        to->eof = true;
        moved = true;
    }
    if (!to->tunnel)
        read_events(to);
    if (to->tunnel)
        read_raw(to);
    else if (once_in(16))
        reattach(to);
}

/* ---- Connections ----------------------------------------------------------------------------- */

static void begin(struct side *side, enum sw_role role)
{
    memset(side, 0, offsetof(struct side, in));
    memset((char *)side + offsetof(struct side, in_n), 0,
           sizeof *side - offsetof(struct side, in_n));
    sw_conn_init(&side->conn, role, &limits);
    sw_conn_attach(&side->conn, &side->message);
    side->complete = true;
}

static bool done(const struct side *side, const struct side *peer)
{
    bool talked = side->raw_sent == TUNNEL && side->raw_seen == TUNNEL;
    return side->disconnected || (side->over && side->shut) ||
           (side->tunnel && (talked || (peer->disconnected && side->eof)));
}

static void vanish(struct side *side)
{
    side->disconnected = true;
    side->shut = true;
    side->out_n = chance((uint32_t)side->out_n + 1);
}

static void step(void)
{
    switch (chance(4)) {
    case 0:
        if (!client.disconnected && !client.over)
            client_writes();
        break;
    case 1:
        if (!server.disconnected)
            server_writes();
        break;
    case 2:
        deliver(&client, &server);
        break;
    default:
        deliver(&server, &client);
        break;
    }
}

static void walk_connection(void)
{
    static const uint32_t strides[] = {1, 8, 8, 64, 64, 256, 1024, ROOM};
    uint32_t doom = once_in(6) ? chance(2000) : UINT32_MAX;

    begin(&client, SW_CLIENT);
    begin(&server, SW_SERVER);
    drawn = 0;
    total = 1 + chance(once_in(3) ? 4 : 60);
    stride = strides[chance(sizeof strides / sizeof *strides)];
    connections++;
    for (uint32_t steps = 0, idle = 0; !done(&client, &server) || !done(&server, &client);
         steps++) {
        if (steps == doom)
            vanish(once_in(2) ? &client : &server);
        moved = false;
        step();
        idle = moved ? 0 : idle + 1;
        must(idle < 10000, "nothing moves any more", server.read - 1);
    }
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(each_side_sees_what_the_other_meant)
{
    uint64_t count = from_environment("SW_MESSAGES", 1000000);
    seed = from_environment("SW_SEED", (uint64_t)time(NULL));
    printf("SW_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    walk_seed(seed);
    while (messages < count)
        walk_connection();
    printf("%llu messages on %llu connections\n", (unsigned long long)messages,
           (unsigned long long)connections);
    for (unsigned i = 0; i < HAPPENINGS; i++) {
        printf("  %llu %s\n", (unsigned long long)happened[i], happening_names[i]);
        ck_assert(happened[i] > 0 || count < 10000);
    }
    fflush(stdout);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {each_side_sees_what_the_other_meant, 1},
    };
    return suite_main("walk", tests, COUNT(tests));
}
