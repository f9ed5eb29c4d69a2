/* unix_socket.h - listeners at a path of the file system. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_UNIX_SOCKET_H
#define SW_UNIX_SOCKET_H

struct sockaddr_un;
struct sw_listener;
struct sw_listener_config;

/*
 * Binds the listener's socket to a path, replacing a stale socket, and listens.  Never waits for a
 * server that listens there.  Returns NULL, or the system call that failed, with errno set:
 * EADDRINUSE where there is a server, or a file that is no socket.
 */
const char *sw_local_listen(struct sw_listener *listener,
                            const struct sw_listener_config *listener_config,
                            const struct sockaddr_un *address, int backlog);

/* Removes the socket from its path, unless another file is there.  It must still be open. */
void sw_local_remove(struct sw_listener *listener);

#endif
