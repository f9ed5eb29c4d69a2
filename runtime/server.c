/* server.c - a server from its opening to its end. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

/* Returns what failed, with errno set, or NULL. */
static const char *open_doors(struct sw_worker *worker)
{
    if ((errno = sw_loop_open(&worker->loop)) != 0)
        return "epoll_create";
    for (uint32_t i = 0; i < worker->config->listener_count; i++) {
        const char *failed = sw_door_open(worker, &worker->doors[i], &worker->config->listeners[i]);
        if (failed)
            return failed;
        worker->doors[i].ready = true;
        worker->door_count++;
    }
    return NULL;
}

struct sw_server *sw_server_open(const struct sw_server_config *config,
                                 struct sw_server_fault *fault)
{
    struct sw_server_config whole = *config;
    struct sw_server *server = MAP_FAILED;
    const char *failed = sw_config_resolve(&whole);
    if (failed) {
        errno = EINVAL;
    } else {
        struct sw_plan plan = sw_config_plan(&whole);
        server = mmap(NULL, plan.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        failed = "mmap";
        if (server != MAP_FAILED) {
            server->size = plan.size;
            server->config = whole;
            sw_worker_init(&server->worker, &server->config, &plan, (char *)server);
            failed = open_doors(&server->worker);
            server->config.listeners = NULL;
        }
    }
    if (!failed)
        return server;
    if (fault)
        *fault = (struct sw_server_fault){failed, errno};
    if (server != MAP_FAILED)
        sw_server_close(server);
    return NULL;
}

unsigned sw_server_port(const struct sw_server *server, uint32_t i)
{
    return i < server->worker.door_count ? server->worker.doors[i].port : 0;
}

void sw_server_stop(struct sw_server *server)
{
    atomic_fetch_add(&server->worker.stop, 1);
    sw_loop_wake(&server->worker.loop);
}

int sw_server_run(struct sw_server *server)
{
    /* sendfile() has no MSG_NOSIGNAL: SIGPIPE is blocked, and what has come of it is dropped. */
    sigset_t pipe, blocked;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &blocked);
    sw_worker_serve(&server->worker);
    if (!sigismember(&blocked, SIGPIPE)) {
        sigtimedwait(&pipe, NULL, &(struct timespec){0, 0});
        pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
    }
    return server->worker.cut;
}

void sw_server_close(struct sw_server *server)
{
    sw_worker_close(&server->worker);
    munmap(server, server->size);
}
