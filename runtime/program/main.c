/* main.c - the program: shockwave. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "program/main.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: shockwave [COMMAND] [OPTION]...\n"
                            "\n"
                            "  serve  serve HTTP/1.1; what is done without a command\n"
                            "  parse  print a message as the library reads it\n"
                            "\n"
                            "shockwave COMMAND --help tells more, shockwave --version which one "
                            "it is.\n";

/* Whoever starts us without standard streams would find sockets in their places. */
static void have_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    have_streams();
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0 ||
        strcmp(command, "-h") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (strcmp(command, "parse") == 0)
        return sw_main_parse(argc - 1, argv + 1);
    if (strcmp(command, "serve") == 0)
        return sw_main_serve(argc - 1, argv + 1);
    return sw_main_serve(argc, argv);
}
