/* main_serve.c - shockwave serve: options, signals, and the server. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "program/main.h"
#include "sw_demo_dispatch.h"

static struct sw_server *server;
static struct sw_main_options options;

static void leave(int signal_number)
{
    (void)signal_number;
    sw_server_stop(server);
}

static void reopen(int signal_number)
{
    (void)signal_number;
    sw_server_reopen(server);
}

static void serve_file(struct sw_exchange *exchange)
{
    struct sw_target target;

    sw_target_parse(sw_exchange_target(exchange), &target); /* the head has been checked */
    sw_files_serve(&options.files, exchange, target.path);
}

/* Each connection is a descriptor; the usual soft limit of 1024 is for programs that use select().
 */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* How a client would call a listener. */
static void name_listener(char *name, size_t size, const struct sw_listener_config *listener,
                          unsigned port)
{
    if (listener->fd)
        snprintf(name, size, port ? "inherited:%d:%u" : "inherited:%d", listener->fd, port);
    else if (listener->address[0] == '/')
        snprintf(name, size, "unix:%s", listener->address);
    else
        snprintf(name, size, strchr(listener->address, ':') ? "http://[%s]:%u" : "http://%s:%u",
                 listener->address, port);
}

/* Lines of a log may be for a program to read: then this is not. */
static void greet(void)
{
    static const char *const pages[][2] = {{"/", "begin here"},
                                           {"/plaintext", "Hello, World!"},
                                           {"/json", "the same as an object"},
                                           {"/headers", "what was read of the request"}};
    static char text[1 << 14];
    FILE *out = options.config.access_log_fd ? fmemopen(text, sizeof text, "w") : stdout;
    if (!out)
        return;
    fprintf(out, "Shockwave serves\n");
    for (uint32_t i = 0; i < options.config.listener_count; i++) {
        char name[160];
        const struct sw_listener_config *listener = &options.listeners[i];
        unsigned port = sw_server_port(server, i);
        name_listener(name, sizeof name - 1, listener, port);
        if (!port) /* a path of HTTP follows that of a socket, as curl and nginx write it */
            strcat(name, ":");
        if (listener->handler)
            fprintf(out, "  %s/metrics what is counted, /livez and /readyz\n", name);
        else if (options.files.root)
            fprintf(out, "  %s/ out of %s\n", name, options.files.root);
        for (size_t k = 0; k < 4 && !listener->handler && !options.files.root; k++)
            fprintf(out, "  %s%-12s %s\n", name, pages[k][0], pages[k][1]);
    }
    fprintf(out, "Stop it with Ctrl-C.\n");
    fflush(out);
    if (out != stdout) {
        fclose(out);
        sw_main_tell_text(text, strnlen(text, sizeof text));
    }
}

static void complain(const char *what, const char *why)
{
    sw_main_tell("shockwave: %s: %s\n", what, why);
}

static void explain(const struct sw_server_error *failure)
{
    char name[160];
    if (failure->listener) {
        name_listener(name, sizeof name, failure->listener, failure->listener->port);
        sw_main_tell("shockwave: %s: %s: %s\n", name, failure->what, strerror(failure->code));
    } else {
        const char *what = sw_main_option_of(failure->what);
        complain(what, what != failure->what && failure->code == EINVAL ? "out of range"
                                                                        : strerror(failure->code));
    }
}

static void explain_log(const struct sw_server_error *failure)
{
    sw_main_tell("shockwave: %s: %s: going on with the file as it was\n", options.config.access_log,
                 strerror(failure->code));
}

static void on_signal(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* NOTIFY_SOCKET may be anything; as with sd_notify(3), that is no reason not to start. */
static struct sw_server *open_server(struct sw_server_error *failure)
{
    struct sw_server *opened = sw_server_open(&options.config, failure);
    if (opened || strcmp(failure->what, "notify") != 0)
        return opened;
    complain("NOTIFY_SOCKET", "not the path of a socket: ignored");
    options.config.notify = NULL;
    return sw_server_open(&options.config, failure);
}

int sw_main_serve(int argc, char **argv)
{
    on_signal(SIGPIPE, SIG_IGN); /* the greeting may go to a pipe that is closed */
    on_signal(SIGHUP, SIG_IGN);  /* until there is a log to open again */
    int status = sw_main_options_read(&options, argc, argv);
    if (status >= 0)
        return status;
    raise_descriptor_limit();
    options.config.handler = options.files.root ? serve_file : sw_demo_dispatch;
    int code = options.files.root ? sw_files_open(&options.files) : 0;
    if (code) {
        complain(options.files.root, strerror(code));
        return 2;
    }
    options.config.on_log_error = explain_log;
    struct sw_server_error failure;
    server = open_server(&failure);
    if (!server) {
        explain(&failure);
        return 2;
    }
    on_signal(SIGINT, leave);
    on_signal(SIGTERM, leave);
    if (options.config.access_log)
        on_signal(SIGHUP, reopen);
    greet();

    int error = sw_server_run(server);
    /* What is left takes no time: it is done to its end, whatever is asked meanwhile. */
    on_signal(SIGINT, SIG_IGN);
    on_signal(SIGTERM, SIG_IGN);
    on_signal(SIGHUP, SIG_IGN);
    uint32_t force_closed = sw_server_force_closed(server);
    if (error)
        complain("workers", strerror(error));
    else if (force_closed)
        sw_main_tell("shockwave: %u connections had to be cut\n", (unsigned)force_closed);
    sw_server_close(server);
    if (options.files.root)
        sw_files_close(&options.files);
    return error ? 2 : force_closed > 0;
}
