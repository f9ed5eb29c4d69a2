/* config.c - what a configuration means, and the memory it takes. */
/* SPDX-License-Identifier: MIT */
#include "base/limit.h"
#include "server/access_log.h"
#include "server/config.h"
#include "server/listener.h"
#include "server/processors.h"
#include "server/room.h"
#include "server/server_state.h"
#include "server/service_manager.h"
#include "server/transaction.h"
#include "shockwave_server.h"

enum {
    SIZE_MAX_EACH = 1 << 26, /* max bytes of a buffer of one connection */
    PAGE = 4096,
};

/* ---- Configuration -------------------------------------------------------------------------- */

static void give_default(uint32_t *member, uint32_t value)
{
    if (!*member)
        *member = value;
}

/* The largest of the limits whose sum is the smallest input buffer. */
static const char *largest_part(const struct sw_limits *limits)
{
    if (limits->head >= limits->trailer_bytes && limits->head >= SW_LIMIT(limits, chunk_extensions))
        return "limits.head";
    return limits->trailer_bytes >= SW_LIMIT(limits, chunk_extensions) ? "limits.trailer_bytes"
                                                                       : "limits.chunk_extensions";
}

/* The smallest input buffer: a head that is kept, then a trailer section and a chunk line. */
static uint64_t least_input(const struct sw_limits *limits)
{
    return (uint64_t)limits->head + limits->trailer_bytes + SW_LIMIT(limits, chunk_extensions) +
           4096;
}

const struct sw_listener_config *sw_config_wrong_listener(const struct sw_server_config *config)
{
    for (uint32_t i = 0; config->listeners && i < config->listener_count; i++) {
        const struct sw_listener_config *listener_config = &config->listeners[i];
        if ((!listener_config->address && !listener_config->fd) || listener_config->fd < 0 ||
            listener_config->proxy_protocol > SW_PROXY_PROTOCOL_REQUIRED)
            return listener_config;
    }
    return NULL;
}

static bool are_networks(const struct sw_server_config *config)
{
    for (uint32_t i = 0; config->trusted && i < config->trusted_count; i++)
        if (config->trusted[i].bits > 128)
            return false;
    return config->trusted || !config->trusted_count;
}

const char *sw_config_resolve(struct sw_server_config *config)
{
    static const struct sw_listener_config local = {.address = "127.0.0.1", .port = 8080};
    if (!config->listener_count && !config->listeners) {
        config->listeners = &local;
        config->listener_count = 1;
    }
    struct sw_limits *limits = &config->limits;
    give_default(&limits->fields, 128);
    give_default(&limits->head, 16384);
    give_default(&limits->trailer_bytes, 8192);
    give_default(&limits->chunk_extensions, 4096);
    give_default(&config->backlog, 4096);
    if (!config->workers) {
        uint32_t n = sw_processors();
        config->workers = n < SW_WORKERS_MAX ? n : SW_WORKERS_MAX;
    }
    give_default(&config->connections, 4096);
    give_default(&config->exchanges, config->connections);
    give_default(&config->head_timeout, 10000);
    give_default(&config->body_timeout, 30000);
    give_default(&config->idle_timeout, 60000);
    give_default(&config->write_timeout, 30000);
    give_default(&config->min_progress, 16384);
    give_default(&config->linger, 2000);
    give_default(&config->drain, 10000);
    give_default(&config->output_buffer, 16384);
    give_default(&config->scratch, 4096);
    give_default(&config->log_buffer, 65536);

    uint64_t least = least_input(limits);
    if (least > SIZE_MAX_EACH)
        return largest_part(limits);
    give_default(&config->input_buffer, least < 32768 ? 32768 : (uint32_t)least);

    const struct {
        const char *name;
        uint64_t value, least, max;
    } ranges[] = {
        {"handler", config->handler != NULL, 1, 1},
        {"notify", sw_service_manager_find(&(struct sw_service_manager){0}, config->notify), 1, 1},
        {"listener_count", config->listener_count, 1, SW_LISTENERS_MAX},
        {"trusted", are_networks(config), 1, 1},
        {"forwarding", config->forwarding, SW_FORWARDING_OFF, SW_FORWARDING_FORWARDED},
        {"backlog", config->backlog, 1, INT32_MAX},
        {"workers", config->workers, 1, SW_WORKERS_MAX},
        {"connections", config->connections, 1, 1 << 24},
        {"full", config->full, SW_FULL_WAIT, SW_FULL_REFUSE},
        {"exchanges", config->exchanges, 1, config->connections},
        {"head_timeout", config->head_timeout, 1, INT32_MAX},
        {"body_timeout", config->body_timeout, 1, INT32_MAX},
        {"idle_timeout", config->idle_timeout, 1, INT32_MAX},
        {"write_timeout", config->write_timeout, 1, INT32_MAX},
        {"linger", config->linger, 1, INT32_MAX},
        {"drain", config->drain, 1, INT32_MAX},
        {"input_buffer", config->input_buffer, least, SIZE_MAX_EACH},
        {"output_buffer", config->output_buffer, 8192, SIZE_MAX_EACH},
        {"scratch", config->scratch, 1, SIZE_MAX_EACH},
        {"access_log_fd", config->access_log ? !config->access_log_fd : config->access_log_fd >= 0,
         1, 1},
        {"log_format", config->log_format, SW_LOG_COMBINED, SW_LOG_JSON},
        {"log_buffer", config->log_buffer, 8192, SIZE_MAX_EACH},
        {"limits.empty_lines", SW_LIMIT(limits, empty_lines), 0, UINT8_MAX},
        {"limits.fields", limits->fields, 1, UINT16_MAX},
        {"limits.field_name", limits->field_name, 0, UINT16_MAX},
        {"limits.trailers", SW_LIMIT(limits, trailers), 0, SW_FIELDS_INLINE},
        {"limits.pipeline", limits->pipeline, 0, 32},
        {"limits.lenient", limits->lenient, 0, 2 * SW_LENIENT_CODINGS - 1},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].max)
            return ranges[i].name;
    if (!config->listeners || sw_config_wrong_listener(config))
        return "listeners";
    config->scratch = (config->scratch + 63) & ~UINT32_C(63);
    config->input_buffer = (config->input_buffer + 63) & ~UINT32_C(63);
    return NULL;
}

/* ---- Memory --------------------------------------------------------------------------------- */

bool sw_listener_reserved(const struct sw_listener_config *listener_config)
{
    return listener_config->reserved || listener_config->handler == sw_admin_serve;
}

void sw_config_rooms(const struct sw_server_config *config, struct sw_room *rooms)
{
    uint32_t overflow_count = config->full == SW_FULL_REFUSE ? SW_OVERFLOW_CONNECTIONS : 0;
    rooms[SW_ROOM_USUAL] = (struct sw_room){.max_connections = config->connections + overflow_count,
                                            .max_served = config->connections,
                                            .max_transactions = config->exchanges};
    rooms[SW_ROOM_RESERVED] = (struct sw_room){0};
    for (uint32_t i = 0; i < config->listener_count; i++)
        if (sw_listener_reserved(&config->listeners[i]))
            rooms[SW_ROOM_RESERVED] = (struct sw_room){.max_connections = SW_RESERVED,
                                                       .max_served = SW_RESERVED,
                                                       .max_transactions = SW_RESERVED};
}

struct sw_plan sw_config_plan(const struct sw_server_config *config)
{
    struct sw_plan plan = {0};
    struct sw_room rooms[SW_ROOMS];
    sw_config_rooms(config, rooms);
    plan.peer_count =
        rooms[SW_ROOM_USUAL].max_connections + rooms[SW_ROOM_RESERVED].max_connections;
    plan.lease_count =
        rooms[SW_ROOM_USUAL].max_transactions + rooms[SW_ROOM_RESERVED].max_transactions;
    plan.input = config->input_buffer + sw_more_fields(config) * sizeof(struct sw_field);
    plan.connections = (sizeof(struct sw_worker) + 63) / 64 * 64;
    plan.transactions =
        plan.connections + sw_pool_memory(sizeof(struct sw_connection), plan.peer_count);
    plan.messages = plan.transactions + sw_pool_memory(SW_TRANSACTION_SIZE, plan.lease_count);
    plan.compact_messages =
        plan.messages + sw_pool_memory(sizeof(struct sw_message), plan.lease_count);
    plan.inputs = plan.compact_messages + sw_pool_memory(SW_COMPACT_SIZE, plan.lease_count);
    plan.outputs = plan.inputs + sw_pool_memory(plan.input, plan.lease_count);
    plan.partial_input = plan.outputs + sw_pool_memory(config->output_buffer, plan.lease_count);
    plan.parked_count = config->connections + rooms[SW_ROOM_RESERVED].max_connections;
    plan.scratch =
        plan.partial_input + sw_pool_memory(sizeof(struct sw_partial_input), plan.parked_count);
    plan.client_addresses = plan.scratch + (size_t)plan.lease_count * config->scratch;
    plan.log = plan.client_addresses + sizeof(struct sw_client) * plan.peer_count;
    plan.slice = plan.log + (sw_log_wanted(config) ? config->log_buffer : 0);
    plan.slice = (plan.slice + PAGE - 1) / PAGE * PAGE;
    plan.first = (sizeof(struct sw_server) + PAGE - 1) / PAGE * PAGE;
    plan.size = plan.first + config->workers * plan.slice;
    return plan;
}

size_t sw_server_memory(const struct sw_server_config *config)
{
    if (!config)
        return 0;
    struct sw_server_config complete = *config;
    return sw_config_resolve(&complete) ? 0 : sw_config_plan(&complete).size;
}
