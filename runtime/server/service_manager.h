/* service_manager.h - sd_notify(3): notify the service manager of starts and stops. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_SERVICE_MANAGER_H
#define SW_SERVICE_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_service_manager {
    size_t n;           /* bytes of path; 0: there is no service manager */
    char path[108];     /* its datagram socket: a path, or `@` and an abstract name */
    const char *unsent; /* the message that its full socket did not take, or NULL */
    uint64_t retry_at;  /* when to send it again, by sw_clock(); 0: never */
};

/* Sets the path of the socket; NULL means that there is none.  False for an invalid path. */
bool sw_service_manager_find(struct sw_service_manager *service_manager, const char *path);

/*
 * Sends a message without waiting.  One that the full socket does not take remains `unsent` until
 * sw_service_manager_retry() has sent it or another message replaces it.  Only the first worker's
 * thread may call these.
 */
void sw_service_manager_notify(struct sw_service_manager *service_manager, const char *text);
void sw_service_manager_retry(struct sw_service_manager *service_manager);

#endif
