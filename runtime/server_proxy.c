/* server_proxy.c - the PROXY header, before the first request of a connection. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "server.h"

bool sw_peer_greet(struct sw_worker *worker, struct sw_peer *peer)
{
    struct sw_lease *lease = peer->lease;
    struct sw_client *name = sw_peer_name(worker, peer);
    bool always = worker->doors[peer->door].proxied == SW_PROXIED_ALWAYS;
    struct sw_proxy proxy;
    ptrdiff_t n = -SW_ERROR_PROXY_MISSING;

    /* Nothing has come: a connection that is closed or reset like this breaks no rule. */
    if (lease->start == lease->end)
        peer->broken |= peer->ended;
    if (lease->start == lease->end || peer->broken)
        return false;
    if (sw_client_is_trusted(worker->config, name))
        n = sw_proxy_parse(lease->in + lease->start, lease->end - lease->start, &proxy);
    if (n == 0 && !peer->ended)
        return false;
    peer->broken = n == 0 || (n < 0 && (always || n != -SW_ERROR_PROXY_MISSING));
    peer->greeted = !peer->broken;
    if (peer->broken) {
        enum sw_error error = n < 0 ? (enum sw_error)-n : SW_ERROR_TRUNCATED;
        sw_count(&worker->metrics.errors[error], 1);
        sw_log_refuse(worker, peer, (struct sw_log_refusal){.error = error});
    }
    if (n > 0) {
        lease->start += (uint32_t)n;
        if (proxy.known)
            *name = (struct sw_client){proxy.source, proxy.source_port, true, false};
    }
    return peer->greeted;
}
