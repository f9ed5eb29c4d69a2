/* main_tell.c - messages on standard error, which is never waited for. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "program/main.h"

/*
 * Not to wait is a property of an open pipe or terminal, which other processes may have as well: so
 * the file is opened once more.  A socket cannot be opened so, and has a flag for one call.  Where
 * neither is possible, the message is written if there is room for it now.
 */
void sw_main_tell_text(const char *text, size_t n)
{
    const int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = open("/proc/self/fd/2", flags);
    ssize_t sent = 0;
    if (fd >= 0) {
        sent = write(fd, text, n);
        close(fd);
    } else if (errno == ENXIO) {
        sent = send(STDERR_FILENO, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
        struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
        if (poll(&room, 1, 0) == 1 && room.revents & POLLOUT)
            sent = write(STDERR_FILENO, text, n);
    }
    (void)sent; /* what does not fit is dropped: the server goes on */
}

void sw_main_tell(const char *format, ...)
{
    char text[1024];
    va_list values;
    va_start(values, format);
    int n = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (n > 0)
        sw_main_tell_text(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}
