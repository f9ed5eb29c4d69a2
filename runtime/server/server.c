/* server.c - opening, running and closing a server. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "server/access_log.h"
#include "server/config.h"
#include "server/event_loop.h"
#include "server/listener.h"
#include "server/server_state.h"
#include "server/service_manager.h"
#include "server/worker.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Returns what failed, with errno set, or NULL. */
static const char *set_up(struct sw_server *server, const struct sw_plan *plan,
                          const struct sw_listener_config **listener_config)
{
    const struct sw_server_config *config = &server->config;
    server->size = plan->size;
    server->first = plan->first;
    server->slice = plan->slice;
    sw_service_manager_find(&server->service_manager, config->notify);
    atomic_init(&server->running, false);
    atomic_init(&server->stop, 0);
    atomic_init(&server->reopen, 0);
    atomic_init(&server->reported, 0);
    atomic_init(&server->crowded, 0);
    atomic_init(&server->helping, 0);
    for (uint32_t i = 0; i < config->workers; i++)
        sw_worker_init(sw_server_worker(server, i), server, plan);
    for (uint32_t i = 0; i < config->workers; i++)
        if ((errno = sw_loop_open(&sw_server_worker(server, i)->loop)) != 0)
            return "epoll_create";
    for (uint32_t i = 0; i < config->workers; i++) {
        const char *failed = sw_log_open(&sw_server_worker(server, i)->log);
        if (failed)
            return failed;
    }
    for (uint32_t i = 0; i < config->listener_count; i++) {
        const char *failed = sw_listeners_open(server, i);
        if (failed) {
            *listener_config = &config->listeners[i];
            return failed;
        }
    }
    return NULL;
}

struct sw_server *sw_server_open(const struct sw_server_config *config,
                                 struct sw_server_error *error)
{
    struct sw_server_config complete = config ? *config : (struct sw_server_config){0};
    struct sw_server *server = MAP_FAILED;
    const struct sw_listener_config *listener_config = NULL;
    const char *failed = config ? sw_config_resolve(&complete) : "config";
    if (failed) {
        if (strcmp(failed, "listeners") == 0)
            listener_config = sw_config_wrong_listener(&complete);
        errno = EINVAL;
    } else {
        struct sw_plan plan = sw_config_plan(&complete);
        server = mmap(NULL, plan.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        failed = "mmap";
        if (server != MAP_FAILED) {
            /* A touched byte costs a page of 4 KiB, not 2 MiB. */
            madvise(server, plan.size, MADV_NOHUGEPAGE);
            server->config = complete;
            failed = set_up(server, &plan, &listener_config);
            server->config.listeners = NULL;
            server->config.notify = NULL;
        }
    }
    if (!failed)
        return server;
    if (error)
        *error = (struct sw_server_error){failed, errno, listener_config};
    if (server != MAP_FAILED)
        sw_server_close(server);
    return NULL;
}

unsigned sw_server_port(const struct sw_server *server, uint32_t i)
{
    return i < server->config.listener_count ? sw_server_worker(server, 0)->listeners[i].port : 0;
}

enum sw_server_state sw_server_state(const struct sw_server *server)
{
    return sw_server_state_now(server);
}

static void wake_all(struct sw_server *server)
{
    for (uint32_t i = 0; i < server->config.workers; i++)
        sw_loop_wake(&sw_server_worker(server, i)->loop);
}

void sw_server_stop(struct sw_server *server)
{
    atomic_fetch_add(&server->stop, 1);
    wake_all(server);
}

void sw_server_reopen(struct sw_server *server)
{
    atomic_fetch_add(&server->reopen, 1);
    wake_all(server);
}

static void *run_thread(void *worker)
{
    sw_worker_serve(worker);
    return NULL;
}

/* The threads block all signals.  Returns the number of threads that were started. */
static uint32_t start_threads(struct sw_server *server)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    uint32_t i = 1;
    for (; i < server->config.workers; i++) {
        struct sw_worker *worker = sw_server_worker(server, i);
        int error = pthread_create(&worker->thread, NULL, run_thread, worker);
        if (error) {
            errno = error;
            break;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return i - 1;
}

static int run_all(struct sw_server *server)
{
    uint32_t threads = start_threads(server), wanted = server->config.workers - 1;
    int error = errno;
    if (threads < wanted) {
        sw_server_stop(server);
    } else {
        sw_service_manager_notify(&server->service_manager, "READY=1");
        sw_worker_serve(sw_server_worker(server, 0));
    }
    for (uint32_t i = 1; i <= threads; i++)
        pthread_join(sw_server_worker(server, i)->thread, NULL);
    return threads < wanted ? error : 0;
}

int sw_server_run(struct sw_server *server)
{
    /* sendfile() and write() have no MSG_NOSIGNAL, and an access log may exceed RLIMIT_FSIZE: the
       signals are blocked, and discarded before they are unblocked. */
    const int signals[] = {SIGPIPE, SIGXFSZ};
    sigset_t ours, blocked;
    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&ours, signals[i]);
    pthread_sigmask(SIG_BLOCK, &ours, &blocked);
    atomic_store(&server->running, true);
    int error = run_all(server);
    atomic_store(&server->running, false);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigismember(&blocked, signals[i]))
            sigdelset(&ours, signals[i]);
    while (sigtimedwait(&ours, NULL, &(struct timespec){0, 0}) > 0)
        continue;
    pthread_sigmask(SIG_SETMASK, &blocked, NULL);
    return error;
}

uint32_t sw_server_force_closed(const struct sw_server *server)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < server->config.workers; i++)
        n += sw_server_worker(server, i)->force_closed;
    return n;
}

void sw_server_close(struct sw_server *server)
{
    if (!server)
        return;
    for (uint32_t i = 0; i < server->config.workers; i++)
        sw_worker_close(sw_server_worker(server, i));
    munmap(server, server->size);
}
