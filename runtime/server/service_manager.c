/* service_manager.c - socket activation, and notification by sd_notify(3). */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server/service_manager.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/timer_wheel.h"
#include "shockwave_server.h"

enum {
    FIRST_FD = 3,
    RETRY_AFTER = 50, /* milliseconds, when the service manager's socket is full */
};

/* A decimal number of digits only; 0 for anything else, or if it exceeds an int. */
static long read_number(const char *text)
{
    long number = 0;
    for (; text && *text; text++) {
        if (*text < '0' || *text > '9' || number > INT32_MAX / 10 - 1)
            return 0;
        number = number * 10 + (*text - '0');
    }
    return number;
}

size_t sw_inherited_read(long pid, const char *listen_pid, const char *listen_fds,
                         const char *listen_fdnames, struct sw_inherited *sockets, size_t max)
{
    if (read_number(listen_pid) != pid || pid <= 0)
        return 0;
    size_t n = (size_t)read_number(listen_fds);
    const char *name = listen_fdnames;
    for (size_t i = 0; i < n && i < max; i++) {
        size_t length = name ? strcspn(name, ":") : 0;
        sockets[i] = (struct sw_inherited){FIRST_FD + (int)i, {name, length}};
        if (name)
            name = name[length] ? name + length + 1 : NULL;
    }
    return n;
}

bool sw_service_manager_find(struct sw_service_manager *service_manager, const char *path)
{
    *service_manager = (struct sw_service_manager){0};
    if (!path)
        return true;
    size_t n = strlen(path);
    if (n < 2 || n >= sizeof service_manager->path || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(service_manager->path, path, n);
    service_manager->n = n;
    return true;
}

/* False when the socket is full. */
static bool send_text(const struct sw_service_manager *service_manager, const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, service_manager->path, service_manager->n);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract name: no file, not terminated by NUL, unix(7) */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    ssize_t n = sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                       (const struct sockaddr *)&address,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + service_manager->n));
    bool full = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    close(fd);
    return !full;
}

void sw_service_manager_notify(struct sw_service_manager *service_manager, const char *text)
{
    bool sent = !service_manager->n || send_text(service_manager, text);
    service_manager->unsent = sent ? NULL : text;
    service_manager->retry_at = sent ? 0 : sw_clock() + RETRY_AFTER;
}

void sw_service_manager_retry(struct sw_service_manager *service_manager)
{
    if (service_manager->unsent && service_manager->retry_at <= sw_clock())
        sw_service_manager_notify(service_manager, service_manager->unsent);
}
