/* admin.c - the handlers of the server's own: metrics as Prometheus text, liveness and readiness.
 */
/* SPDX-License-Identifier: MIT */
#include "server/metrics.h"
#include "server/output.h"
#include "server/report.h"
#include "server/response.h"
#include "server/server_state.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <string.h>

#include "values/value.h"

enum {
    PAGE = 6144,  /* what is written at a time: a family, or a part of one */
    LINE = 256,   /* no sample is longer */
    MARGIN = 128, /* for the head of its chunk, and the last chunk */
};

static const char *const waits[SW_WAITS] = {
    [SW_WAIT_NONE] = "handling", [SW_WAIT_IDLE] = "idle",   [SW_WAIT_HEAD] = "head",
    [SW_WAIT_BODY] = "body",     [SW_WAIT_WRITE] = "write", [SW_WAIT_LINGER] = "linger",
    [SW_WAIT_SUSPEND] = "held",     [SW_WAIT_TRANSACTION] = "queued",
};

static const char *const pools[SW_POOLS] = {"connections", "exchanges", "outputs", "parked"};

/* ---- Text ----------------------------------------------------------------------------------- */

static void put(struct sw_writer *out, const char *text)
{
    sw_write_bytes(out, text, strlen(text));
}

static void put_number(struct sw_writer *out, uint64_t number)
{
    char digits[20];
    sw_write_bytes(out, digits, sw_value_put_number(number, digits));
}

static void put_seconds(struct sw_writer *out, uint64_t milliseconds)
{
    const char rest[] = {'.', (char)('0' + milliseconds / 100 % 10),
                         (char)('0' + milliseconds / 10 % 10), (char)('0' + milliseconds % 10)};
    put_number(out, milliseconds / 1000);
    sw_write_bytes(out, rest, sizeof rest);
}

/* A sample; the values of labels are words of the grammar or of this file, with nothing to escape.
 */
static void put_sample(struct sw_writer *out, const char *name, const char *label,
                       const char *value, uint64_t number)
{
    put(out, name);
    if (label) {
        put(out, "{");
        put(out, label);
        put(out, "=\"");
        put(out, value);
        put(out, "\"}");
    }
    put(out, " ");
    put_number(out, number);
    put(out, "\n");
}

/* The sum over all workers of the counter that is `at` bytes into their metrics. */
static uint64_t sum(const struct sw_server *server, size_t at)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < server->config.workers; i++) {
        char *metrics = (char *)&sw_server_worker(server, i)->metrics;
        total +=
            atomic_load_explicit((_Atomic uint64_t *)(void *)(metrics + at), memory_order_relaxed);
    }
    return total;
}

#define SUM(server, member) sum(server, offsetof(struct sw_metrics, member))

/* ---- Families ------------------------------------------------------------------------------- */

struct family {
    const char *name, *type, *help;
    /* Write the samples from the one of this number on.  Returns 0, or where to go on. */
    size_t (*write)(struct sw_writer *out, const struct family *family,
                    const struct sw_server *server, size_t from);
    size_t at, step, count; /* of its counters: the first one's place, from one to the next */
    const char *label;      /* NULL where there is but one */
    const char *const *values;
};

static size_t write_plain(struct sw_writer *out, const struct family *family,
                          const struct sw_server *server, size_t from)
{
    for (size_t i = from; i < family->count; i++)
        if (!family->values || family->values[i])
            put_sample(out, family->name, family->label, family->values ? family->values[i] : NULL,
                       sum(server, family->at + i * family->step));
    return 0;
}

static size_t write_requests(struct sw_writer *out, const struct family *family,
                             const struct sw_server *server, size_t from)
{
    static const char *const classes[SW_STATUS_CLASSES] = {"none\"", "1xx\"", "2xx\"",
                                                           "3xx\"",  "4xx\"", "5xx\""};
    for (size_t method = from; method < SW_METHOD_CLASSES; method++)
        for (size_t status = 0; status < SW_STATUS_CLASSES; status++) {
            put(out, family->name);
            put(out, "{method=\"");
            put(out, method ? sw_method_names[method].text : "other");
            put(out, "\",code=\"");
            put(out, classes[status]);
            put(out, "} ");
            put_number(out, sum(server,
                                family->at + (method * SW_STATUS_CLASSES + status) * family->step));
            put(out, "\n");
        }
    return 0;
}

/* What a peer can do wrong; the rest are the caller's own mistakes, which go nowhere. */
static size_t write_errors(struct sw_writer *out, const struct family *family,
                           const struct sw_server *server, size_t from)
{
    for (size_t i = from; i < SW_ERROR_COUNT; i++) {
        if (out->size - out->n < LINE)
            return i;
        if (i && sw_error_infos[i].status != SW_STATUS_INTERNAL_SERVER_ERROR)
            put_sample(out, family->name, "error", sw_error_infos[i].name,
                       sum(server, family->at + i * family->step));
    }
    return 0;
}

static size_t write_latencies(struct sw_writer *out, const struct family *family,
                              const struct sw_server *server, size_t from)
{
    uint64_t total = 0;
    for (size_t i = from; i < SW_LATENCIES; i++) {
        total += sum(server, family->at + i * family->step);
        put(out, family->name);
        put(out, "_bucket{le=\"");
        if (i < SW_LATENCIES - 1)
            put_seconds(out, sw_metrics_bounds[i]);
        else
            put(out, "+Inf");
        put(out, "\"} ");
        put_number(out, total);
        put(out, "\n");
    }
    put(out, family->name);
    put(out, "_sum ");
    put_seconds(out, SUM(server, milliseconds));
    put(out, "\n");
    put(out, family->name);
    put(out, "_count ");
    put_number(out, total);
    put(out, "\n");
    return 0;
}

#define AT(member) offsetof(struct sw_metrics, member), sizeof(uint64_t)
#define POOL(member)                                                                               \
    offsetof(struct sw_metrics, pools[0].member), sizeof(((struct sw_metrics *)0)->pools[0]),      \
        SW_POOLS, "pool", pools

static const char *const timeouts[SW_WAITS] = {
    [SW_WAIT_IDLE] = "idle",   [SW_WAIT_HEAD] = "head",     [SW_WAIT_BODY] = "body",
    [SW_WAIT_WRITE] = "write", [SW_WAIT_LINGER] = "linger", [SW_WAIT_SUSPEND] = "hold",
};

static const struct family families[] = {
    {"shockwave_requests_total", "counter", "Requests, by method and class of the reply's status.",
     write_requests, AT(requests), 0, NULL, NULL},
    {"shockwave_request_duration_seconds", "histogram",
     "From a request's head to the end of its reply.", write_latencies, AT(latencies), 0, NULL,
     NULL},
    {"shockwave_received_bytes_total", "counter", "Bytes read from sockets.", write_plain,
     AT(received), 1, NULL, NULL},
    {"shockwave_sent_bytes_total", "counter", "Bytes written to sockets.", write_plain, AT(sent), 1,
     NULL, NULL},
    {"shockwave_accepted_total", "counter", "Connections that have come in.", write_plain,
     AT(accepted), 1, NULL, NULL},
    {"shockwave_evicted_total", "counter", "Idle connections that were closed to make room.",
     write_plain, AT(evicted), 1, NULL, NULL},
    {"shockwave_connections", "gauge", "Connections, by what they wait for.", write_plain,
     AT(connections), SW_WAITS, "state", waits},
    {"shockwave_timeouts_total", "counter", "Connections whose time ran out, by what for.",
     write_plain, AT(timeouts), SW_WAITS, "kind", timeouts},
    {"shockwave_refused_total", "counter", "Messages that broke a rule, by the rule's name.",
     write_errors, AT(errors), 0, NULL, NULL},
    {"shockwave_log_dropped_total", "counter", "Lines of the access log that found no place.",
     write_plain, AT(dropped), 1, NULL, NULL},
    {"shockwave_log_reopen_failures_total", "counter",
     "Times that a worker could not open the access log anew.", write_plain, AT(not_reopened), 1,
     NULL, NULL},
    {"shockwave_pool_used", "gauge", "Slabs in use, by pool.", write_plain, POOL(used)},
    {"shockwave_pool_used_max", "gauge", "Slabs in use at once at most, summed over workers.",
     write_plain, POOL(high)},
    {"shockwave_pool_misses_total", "counter", "Slabs asked for in vain, by pool.", write_plain,
     POOL(misses)},
};

enum { FAMILIES = sizeof families / sizeof *families };

/* ---- Replies -------------------------------------------------------------------------------- */

static bool is_read(struct sw_exchange *exchange)
{
    unsigned method = exchange->head->method;
    if (method == SW_METHOD_GET || method == SW_METHOD_HEAD)
        return true;
    sw_reply_unrouted(exchange, "GET, HEAD");
    return false;
}

static size_t write_page(struct sw_writer *out, const struct family *family,
                         const struct sw_server *server, size_t from)
{
    if (!from) {
        put(out, "# HELP ");
        put(out, family->name);
        put(out, " ");
        put(out, family->help);
        put(out, "\n# TYPE ");
        put(out, family->name);
        put(out, " ");
        put(out, family->type);
        put(out, "\n");
    }
    return family->write(out, family, server, from);
}

/* Write pages, each whole, as far as there is room; `data` says where to begin. */
static void write_pages(struct sw_exchange *exchange)
{
    struct sw_transaction *txn = sw_transaction_of(exchange);
    uintptr_t at = (uintptr_t)exchange->data;
    while (at % 256 < FAMILIES) {
        char page[PAGE];
        struct sw_writer out = {.p = page, .size = sizeof page};
        size_t from =
            write_page(&out, &families[at % 256], txn->worker->server, (size_t)(at / 256));
        if (txn->worker->config->output_buffer - txn->written < out.n + MARGIN)
            sw_connection_flush(txn->worker, txn->connection);
        if (txn->worker->config->output_buffer - txn->written < out.n + MARGIN) {
            exchange->data = (void *)at;
            return;
        }
        sw_reply_write(exchange, (struct sw_span){out.p, out.n});
        at = from ? at % 256 + from * 256 : at % 256 + 1;
    }
    sw_reply_end(exchange);
}

void sw_metrics_serve(struct sw_exchange *exchange)
{
    static const struct sw_hooks hooks = {.on_writable = write_pages};
    if (!is_read(exchange))
        return;
    if (!sw_transaction_may_respond(exchange))
        return;
    exchange->hooks = &hooks;
    sw_worker_publish(sw_transaction_of(exchange)->worker);
    sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
    sw_reply_field(exchange, SW_HEADER_CONTENT_TYPE,
                   SW_SPAN("text/plain; version=0.0.4; charset=utf-8"));
    write_pages(exchange);
}

static void reply_health(struct sw_exchange *exchange, unsigned status, struct sw_span text)
{
    if (!is_read(exchange))
        return;
    if (!sw_transaction_may_respond(exchange))
        return;
    sw_reply_begin(exchange, status, text.n);
    sw_reply_field(exchange, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain; charset=utf-8"));
    sw_reply_field(exchange, SW_HEADER_CACHE_CONTROL, SW_SPAN("no-store"));
    sw_reply_write(exchange, text);
    sw_reply_end(exchange);
}

void sw_livez_serve(struct sw_exchange *exchange)
{
    reply_health(exchange, SW_STATUS_OK, SW_SPAN("alive\n"));
}

void sw_readyz_serve(struct sw_exchange *exchange)
{
    const struct sw_server *server = sw_transaction_of(exchange)->worker->server;
    if (sw_server_state_now(server) == SW_SERVER_RUNNING)
        reply_health(exchange, SW_STATUS_OK, SW_SPAN("ready\n"));
    else
        reply_health(exchange, SW_STATUS_SERVICE_UNAVAILABLE, SW_SPAN("leaving\n"));
}

void sw_admin_serve(struct sw_exchange *exchange)
{
    static const struct {
        struct sw_span path;
        void (*serve)(struct sw_exchange *exchange);
    } pages[] = {
        {{"/metrics", 8}, sw_metrics_serve},
        {{"/livez", 6}, sw_livez_serve},
        {{"/readyz", 7}, sw_readyz_serve},
    };
    const char *path = sw_exchange_path(exchange);
    size_t n = strcspn(path, " ?");
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pages[i].path.n == n && memcmp(pages[i].path.p, path, n) == 0) {
            pages[i].serve(exchange);
            return;
        }
    sw_reply_unrouted(exchange, NULL);
}
