/* main_serve.c - shockwave serve: options, signals, and the server. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "main.h"
#include "sw_demo_dispatch.h"

static const char usage[] =
    "usage: shockwave serve [OPTION]... [DIR]\n"
    "Serves the files of a directory; without one, a demonstration of the engine.\n"
    "\n"
    "  -a, --address ADDRESS  where to listen: IPv4, IPv6 or the path of a unix socket\n"
    "                         (127.0.0.1)\n"
    "  -p, --port PORT        0 for any that is free (8080)\n"
    "  -h, --help             this text\n"
    "\n"
    "SIGINT or SIGTERM: finish what is under way and leave; again: leave at once.\n"
    "Exit status: 0 left cleanly, 1 connections had to be cut, 2 could not start.\n";

static struct sw_server *server;
static struct sw_files files;

static void leave(int signal_number)
{
    (void)signal_number;
    sw_server_stop(server);
}

static void serve_file(struct sw_exchange *exchange)
{
    struct sw_target target = {.path = SW_SPAN("/")};

    sw_target_parse(sw_exchange_target(exchange), &target);
    sw_files_serve(&files, exchange, target.path);
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

/* Fill the listener and files.root from the arguments.  Returns -1, or the status to exit with. */
static int read_options(int argc, char **argv, struct sw_listener *listener)
{
    static const struct option options[] = {
        {"address", required_argument, NULL, 'a'},
        {"port", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    char *end;
    for (int c; (c = getopt_long(argc, argv, "a:p:h", options, NULL)) != -1;) {
        switch (c) {
        case 'a':
            listener->address = optarg;
            break;
        case 'p':
            listener->port = (uint16_t)strtoul(optarg, &end, 10);
            if (*end || end == optarg || strtoul(optarg, NULL, 10) > UINT16_MAX) {
                fprintf(stderr, "shockwave: %s is no port\n", optarg);
                return 2;
            }
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs("Try: shockwave serve --help\n", stderr);
            return 2;
        }
    }
    files.root = argv[optind];
    if (argc - optind > 1) {
        fprintf(stderr, "shockwave: %s: one directory is enough\nTry: shockwave serve --help\n",
                argv[optind + 1]);
        return 2;
    }
    return -1;
}

static void greet(const struct sw_listener *listener)
{
    const char *address = listener->address, *path[] = {"/", "/plaintext", "/json", "/headers"};
    const char *what[] = {"begin here", "Hello, World!", "the same as an object",
                          "what was read of the request"};
    char base[160];
    if (address[0] == '/')
        snprintf(base, sizeof base, "unix:%s:", address);
    else
        snprintf(base, sizeof base, strchr(address, ':') ? "http://[%s]:%u" : "http://%s:%u",
                 address, sw_server_port(server, 0));
    printf("Shockwave serves\n");
    if (files.root)
        printf("  %s/ out of %s\n", base, files.root);
    for (size_t i = 0; i < sizeof path / sizeof *path && !files.root; i++)
        printf("  %s%-12s %s\n", base, path[i], what[i]);
    printf("Stop it with Ctrl-C.\n");
    fflush(stdout);
}

int sw_main_serve(int argc, char **argv)
{
    struct sw_listener listener = {.address = "127.0.0.1", .port = 8080};
    int status = read_options(argc, argv, &listener);
    if (status >= 0)
        return status;
    raise_descriptor_limit();

    struct sw_server_config config = {
        .listeners = &listener,
        .listener_count = 1,
        .scratch = 32768, /* /headers writes its page there */
        .handler = files.root ? serve_file : sw_demo_dispatch,
    };
    int fault_of_files = files.root ? sw_files_open(&files) : 0;
    if (fault_of_files) {
        fprintf(stderr, "shockwave: %s: %s\n", files.root, strerror(fault_of_files));
        return 2;
    }
    struct sw_server_fault fault;
    server = sw_server_open(&config, &fault);
    if (!server) {
        fprintf(stderr, "shockwave: %s port %u: %s: %s\n", listener.address, listener.port,
                fault.what, strerror(fault.code));
        return 2;
    }
    struct sigaction action = {.sa_handler = leave};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    greet(&listener);

    int cut = sw_server_run(server);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sw_server_close(server);
    if (files.root)
        sw_files_close(&files);
    return cut > 0;
}
