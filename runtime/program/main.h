/* main.h - the commands of the program, and the options of one. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_MAIN_H
#define SW_MAIN_H

#include "shockwave_server.h"

/* Each takes its own name as argv[0] and returns the status to exit with. */
int sw_main_serve(int argc, char **argv);
int sw_main_parse(int argc, char **argv);

/* ---- Messages ------------------------------------------------------------------------------- */

/* Writes a message to standard error, as printf() does, of at most 1023 bytes.  Never waits: where
   standard error takes no more, the message is dropped, as a whole or its end. */
void sw_main_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void sw_main_tell_text(const char *text, size_t n);

/* ---- Numbers with units --------------------------------------------------------------------- */

struct sw_main_unit {
    const char *name; /* as it follows the digits, in any case; empty for a number without a unit */
    uint64_t factor;
};

struct sw_main_units {
    const struct sw_main_unit *units; /* ends with a NULL name */
    const char *example;              /* of what is expected, for messages */
};

extern const struct sw_main_units sw_main_times; /* milliseconds: ms, s, m, h; a unit is required */
extern const struct sw_main_units sw_main_sizes; /* bytes: k, m, g, or no unit */
extern const struct sw_main_units sw_main_counts; /* no unit */

/*
 * Reads decimal digits and a unit, and nothing before, between or after them: no sign, no space, no
 * fraction.  Returns NULL and sets `number`, which is 1 to `max` (at least 9); or returns what was
 * expected, with `number` unchanged.
 */
const char *sw_main_number(const char *text, const struct sw_main_units *units, uint64_t max,
                           uint64_t *number);

/* ---- Owners --------------------------------------------------------------------------------- */

/* Reads USER, USER:GROUP or :GROUP, names or numbers, into a listener.  False when there is no such
   user or group. */
bool sw_main_owner(const char *text, struct sw_listener_config *listener);

/* ---- Options of serve ----------------------------------------------------------------------- */

enum { SW_TRUSTED_MAX = 64 };

/* What they come to. */
struct sw_main_options {
    struct sw_server_config config; /* its listeners and trusted are the ones below */
    struct sw_files files;          /* its root is NULL where no directory was named */
    struct sw_listener_config listeners[SW_LISTENERS_MAX];
    struct sw_network trusted[SW_TRUSTED_MAX];
    enum sw_proxy_protocol proxy_protocol; /* for the listeners that follow */
    struct sw_listener_config local;       /* mode and owner of all unix sockets */
    bool help, version;
};

/* One of them.  A heading has no name, only its text as `help`. */
struct sw_main_option {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* what the help calls its value; NULL: it has none */
    /* Take the value into the options: NULL, or what it should have been. */
    const char *(*read)(struct sw_main_options *options, const struct sw_main_option *option,
                        char *value);
    size_t at;            /* of the member that it sets */
    const char *member;   /* its name, as struct sw_server_error has it, behind `config.` */
    const char *fallback; /* what holds without it; NULL: nothing */
    const char *help;
};

extern const struct sw_main_option sw_main_option_rows[];
extern const size_t sw_main_option_count;

/* Read arguments and environment.  Returns -1, or the status to exit with, having said why. */
int sw_main_options_read(struct sw_main_options *options, int argc, char **argv);

/* Print the table for people. */
void sw_main_help(void);

/* What to call a member that is out of range. */
const char *sw_main_option_of(const char *member);

#endif
