/* microhttpd.c - the smallest server on libmicrohttpd: `microhttpd PORT`. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct MHD_Response *plaintext;

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    (void)user, (void)version, (void)upload, (void)upload_size;
    if (!*state) { /* only the head has been read: a response now would close the connection */
        *state = plaintext;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 || strcmp(url, "/plaintext") != 0)
        return MHD_NO;
    return MHD_queue_response(connection, MHD_HTTP_OK, plaintext);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    plaintext =
        MHD_create_response_from_buffer(13, (void *)"Hello, World!", MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(plaintext, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    if (!MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)atoi(argv[1]), NULL, NULL,
                          handle, NULL, MHD_OPTION_CONNECTION_LIMIT, 2048u, MHD_OPTION_END))
        return 1;
    for (;;)
        pause();
}
