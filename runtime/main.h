/* main.h - the commands of the program. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_MAIN_H
#define SW_MAIN_H

/* Each takes its own name as argv[0] and returns the status to exit with. */
int sw_main_serve(int argc, char **argv);
int sw_main_parse(int argc, char **argv);

#endif
