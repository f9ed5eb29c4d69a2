/* fuzz_conn.c - any bytes to a connection, either role, in pieces of any size. */
/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

/* The use of a connection: a server, or a client with requests written. */
enum use { SERVES, ASKS_GET, ASKS_HEAD, ASKS_CONNECT, ASKS_UPGRADE, USES };

/* All that came of it: events, each once, with their bytes; runs of content put together. */
struct log {
    size_t n;
    char text[1 << 17];
    bool in_content;
};

static void note(struct log *log, const void *bytes, size_t n)
{
    if (n > sizeof log->text - log->n)
        fuzz_must("more came out than went in");
    if (n)
        memcpy(log->text + log->n, bytes, n);
    log->n += n;
}

static void note_number(struct log *log, const char *what, size_t number)
{
    char text[64];
    note(log, text, (size_t)snprintf(text, sizeof text, "[%s %zu]", what, number));
}

static void must_not_fail(enum sw_error error, const struct sw_writer *out)
{
    if (error != SW_OK || out->error != SW_OK)
        fuzz_must(drive_why("%s, %s", sw_error_infos[error].name, sw_error_infos[out->error].name));
}

/* Requests for as many responses as may come; only one when it may be the last of HTTP, and for
   HEAD, so that bytes arrive that belong to no request. */
static void ask(struct sw_conn *conn, enum use use)
{
    static char memory[4096];
    struct sw_writer out = {.p = memory, .size = sizeof memory};
    enum sw_method method = use == ASKS_HEAD      ? SW_METHOD_HEAD
                            : use == ASKS_CONNECT ? SW_METHOD_CONNECT
                                                  : SW_METHOD_GET;

    for (int i = use == ASKS_GET ? 8 : 1; i > 0; i--) {
        struct sw_span target = use == ASKS_CONNECT ? SW_SPAN("h:1") : SW_SPAN("/");
        must_not_fail(sw_conn_request(conn, &out, method, target, 0), &out);
        if (use == ASKS_UPGRADE)
            must_not_fail(sw_conn_offer(conn, &out, SW_SPAN("echo")), &out);
        sw_write_end(&out);
        must_not_fail(sw_conn_finish(conn, &out, (struct sw_span){0}), &out);
    }
}

/* Agree to each request: another protocol, a tunnel, or an empty page. */
static void respond(struct sw_conn *conn)
{
    static char memory[1024];
    struct sw_writer out = {.p = memory, .size = sizeof memory};

    if (sw_conn_reply(conn, &out, SW_STATUS_SWITCHING_PROTOCOLS, 0, NULL) == SW_ERROR_MISUSE)
        must_not_fail(sw_conn_reply(conn, &out, SW_STATUS_OK, 0, NULL), &out);
    sw_write_end(&out);
    must_not_fail(sw_conn_finish(conn, &out, (struct sw_span){0}), &out);
}

/* True when no more will come. */
static bool note_event(struct log *log, const struct sw_conn *conn, const struct sw_event *event,
                       size_t taken)
{
    bool in_content = log->in_content;

    log->in_content =
        event->kind == SW_EVENT_CONTENT || (event->kind == SW_EVENT_MORE && in_content);
    if (event->kind == SW_EVENT_MORE)
        return false;
    if (event->kind != SW_EVENT_CONTENT || !in_content)
        note_number(log, "event", event->kind);
    if (event->kind == SW_EVENT_CONTENT || event->kind == SW_EVENT_HEAD ||
        event->kind == SW_EVENT_INTERIM || (event->kind == SW_EVENT_END && event->head))
        note(log, event->bytes.p, event->bytes.n);
    if (event->kind == SW_EVENT_FAILED)
        note_number(log, sw_error_infos[conn->error].name, taken + conn->error_at);
    if (event->kind == SW_EVENT_UPGRADED)
        note_number(log, "upgraded", taken);
    return event->kind == SW_EVENT_FAILED || event->kind == SW_EVENT_UPGRADED ||
           event->kind == SW_EVENT_CLOSED;
}

/* Hand the bytes over `step` at a time, each time as a block of its own. */
static void drive(struct log *log, enum use use, const struct sw_limits *limits, const char *bytes,
                  size_t n, size_t step)
{
    static struct sw_message message;
    struct sw_conn conn;
    struct sw_event event;
    size_t taken = 0, given = 0;
    bool over = false;

    log->n = 0;
    log->in_content = false;
    sw_conn_init(&conn, use == SERVES ? SW_SERVER : SW_CLIENT, limits);
    sw_conn_attach(&conn, &message);
    if (use != SERVES)
        ask(&conn, use);
    while (!over) {
        if (given == n)
            sw_conn_eof(&conn);
        given = n - given < step ? n : given + step;
        char *block = malloc(given - taken);
        size_t from = taken;
        if (!block && given > taken)
            abort();
        if (given > from)
            memcpy(block, bytes + from, given - from);
        do {
            size_t used = sw_conn_next(&conn, block + (taken - from), given - taken, &event);
            if (used > given - taken)
                fuzz_must("took more than there is");
            over = note_event(log, &conn, &event, taken);
            taken += used;
            if (event.kind == SW_EVENT_END && use == SERVES)
                respond(&conn);
        } while (!over && event.kind != SW_EVENT_MORE);
        free(block);
    }
}

static void fuzz_use(enum use use, const struct sw_limits *limits, const char *bytes, size_t n)
{
    static struct log complete, split;
    const size_t steps[] = {1, 2, 7, n / 2 + 1};

    drive(&complete, use, limits, bytes, n, n);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        drive(&split, use, limits, bytes, n, steps[i]);
        if (split.n != complete.n || memcmp(split.text, complete.text, complete.n) != 0)
            fuzz_must(
                drive_why("complete: %.150s\nby %zu: %.150s", complete.text, steps[i], split.text));
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    for (enum use use = SERVES; use < USES; use++)
        for (size_t i = 0; i < 2; i++)
            fuzz_use(use, &fuzz_limits[i], (const char *)data, n);
    return 0;
}
