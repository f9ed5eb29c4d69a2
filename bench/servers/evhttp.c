/* evhttp.c - the smallest server on libevent's evhttp: `evhttp PORT`. */
/* SPDX-License-Identifier: MIT */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>

static void handle(struct evhttp_request *request, void *user)
{
    struct evbuffer *body = evbuffer_new();

    (void)user;
    evbuffer_add_reference(body, "Hello, World!", 13, NULL, NULL);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain");
    evhttp_send_reply(request, HTTP_OK, "OK", body);
    evbuffer_free(body);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);

    if (argc != 2 || evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)atoi(argv[1])))
        return 1;
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);
    evhttp_set_cb(http, "/plaintext", handle, NULL);
    return event_base_dispatch(base) < 0;
}
