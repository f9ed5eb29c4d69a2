/* client_address.c - the client's address: of the socket, or reported by a trusted proxy. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "server/client_address.h"
#include "server/connection_state.h"
#include "server/transaction.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

bool sw_client_is_trusted(const struct sw_server_config *config, const struct sw_client *client)
{
    for (uint32_t i = 0; client->known && i < config->trusted_count; i++)
        if (sw_network_has(&config->trusted[i], &client->address))
            return true;
    return client->local;
}

/* ---- The socket ------------------------------------------------------------------------------ */

static struct sw_client address_of(const struct sockaddr *end)
{
    struct sw_client client = {.local = end->sa_family == AF_UNIX};
    if (end->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)end;
        client.address = (struct sw_address){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
        memcpy(client.address.bytes + 12, &v4->sin_addr, 4);
        client.port = ntohs(v4->sin_port);
    } else if (end->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)end;
        memcpy(client.address.bytes, &v6->sin6_addr, 16);
        client.port = ntohs(v6->sin6_port);
    }
    client.known = end->sa_family == AF_INET || end->sa_family == AF_INET6;
    return client;
}

const struct sw_limits *sw_connection_limits(const struct sw_worker *worker,
                                             const struct sockaddr *end)
{
    struct sw_client client = address_of(end);
    return sw_client_is_trusted(worker->config, &client) ? &worker->trusted_limits
                                                         : &worker->config->limits;
}

static struct sw_client *slot_of(struct sw_worker *worker, struct sw_connection *connection)
{
    return &worker->client_addresses[(size_t)((char *)connection - worker->connections.memory) /
                                     worker->connections.slab];
}

void sw_connection_note_address(struct sw_worker *worker, struct sw_connection *connection,
                                const struct sockaddr *end)
{
    *slot_of(worker, connection) = address_of(end);
    connection->has_address = true;
}

struct sw_client *sw_connection_client(struct sw_worker *worker, struct sw_connection *connection)
{
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } end = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof end;
    if (!connection->has_address && getpeername(connection->fd, &end.any, &size))
        end.any.sa_family = AF_UNSPEC; /* disconnected */
    if (!connection->has_address)
        sw_connection_note_address(worker, connection, &end.any);
    return slot_of(worker, connection);
}

/* ---- Forwarding fields ---------------------------------------------------------------------- */

/*
 * Each proxy appends an element, so the list is read from its end, as long as the address read last
 * is that of a trusted proxy:
 *
 *     X-Forwarded-For: forged, forged, client, proxy 1      sent by proxy 2
 *                                      result  trusted               trusted
 *
 * What precedes the first element that an untrusted client sent may be forged or malformed: it is
 * not read.
 */

/* Removes the last element that is not empty from a list.  False when there is none. */
static bool take_last(struct sw_span *list, struct sw_span *element)
{
    bool more = true;
    for (element->n = 0; more && element->n == 0;) {
        size_t at = list->n;
        bool quoted = false;
        while (at > 0 && (list->p[at - 1] != ',' || quoted))
            if (list->p[--at] == '"')
                quoted = !quoted;
        *element = (struct sw_span){list->p + at, list->n - at};
        more = at > 0;
        list->n = more ? at - 1 : 0;
        while (element->n > 0 && (*element->p == ' ' || *element->p == '\t'))
            element->p++, element->n--;
    }
    return element->n > 0;
}

static bool read_node(enum sw_forwarding forwarding, struct sw_span element, struct sw_node *node)
{
    struct sw_forwarded forwarded;
    if (forwarding == SW_FORWARDING_X_FORWARDED_FOR)
        return sw_forwarded_for_next(&element, node) > 0;
    return sw_forwarded_next(&element, &forwarded) > 0 && forwarded.client.name.p &&
           sw_node_parse(forwarded.client.value, node);
}

static struct sw_client client_of(const struct sw_node *node)
{
    struct sw_client client = {.known = node->kind == SW_NODE_ADDRESS};
    unsigned port = 0;
    client.address = node->address;
    for (size_t i = 0; i < node->port.n; i++)
        port = node->port.p[0] == '_' ? 0 : port * 10 + (unsigned)(node->port.p[i] - '0');
    client.port = port <= UINT16_MAX ? (uint16_t)port : 0;
    return client;
}

struct sw_client sw_exchange_client(const struct sw_exchange *exchange)
{
    struct sw_transaction *txn = (struct sw_transaction *)(uintptr_t)exchange;
    const struct sw_server_config *config = txn->worker->config;
    struct sw_client client = *sw_connection_client(txn->worker, txn->connection);
    unsigned id = config->forwarding == SW_FORWARDING_X_FORWARDED_FOR ? SW_HEADER_X_FORWARDED_FOR
                                                                      : SW_HEADER_FORWARDED;

    if (!config->forwarding || !sw_client_is_trusted(config, &client))
        return client;
    for (size_t i = exchange->head->field_count; i-- > 0;) {
        const struct sw_field *field = sw_head_at(exchange->head, i);
        if (field->id != id)
            continue;
        struct sw_span list = sw_field_value(field, exchange->bytes), element;
        struct sw_node node = {.kind = SW_NODE_UNKNOWN};
        while (take_last(&list, &element)) {
            if (!read_node(config->forwarding, element, &node))
                return client;
            client = client_of(&node);
            if (!sw_client_is_trusted(config, &client))
                return client;
        }
    }
    return client;
}
