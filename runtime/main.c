/* main.c - the program: shockwave. */
/* SPDX-License-Identifier: MIT */
#include "main.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: shockwave [COMMAND] [OPTION]...\n"
                            "\n"
                            "  serve  serve HTTP/1.1; what is done without a command\n"
                            "  parse  print a message as the library reads it\n"
                            "\n"
                            "shockwave COMMAND --help tells more.\n";

int main(int argc, char **argv)
{
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
