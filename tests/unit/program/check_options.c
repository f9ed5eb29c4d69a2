/* check_options.c - the options of the program; the defaults are those that --help shows. */
/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdlib.h>

#include "expect.h"
#include "program/main.h"

/* Fills in the defaults of a configuration; declared in a private header of the server. */
const char *sw_config_resolve(struct sw_server_config *config);

static struct sw_main_options by_default, by_help, untouched;

static void no_handler(struct sw_exchange *exchange)
{
    (void)exchange;
}

/* The core fills in limits of 0; each has four bytes, except the body's. */
static void fill_in_limits(struct sw_limits *limits)
{
    for (size_t at = 0; at + 4 <= sizeof *limits; at += 4)
        if (memcmp((char *)limits + at, "\0\0\0", 4) == 0 &&
            at / 8 != offsetof(struct sw_limits, body) / 8)
            memcpy((char *)limits + at, (const char *)&sw_limits_default + at, 4);
    if (!limits->body)
        limits->body = sw_limits_default.body;
}

START_TEST(defaults_match_the_help)
{
    static const char *const no_values[] = {"one for each processor",
                                            "as many as connections",
                                            "no bound",
                                            "unix sockets only",
                                            "strict",
                                            "none",
                                            "nowhere",
                                            "777 less the umask",
                                            "its own"};
    size_t compared = 0;
    by_default.config.handler = no_handler;
    by_default.config.scratch = 32768; /* the program's own */
    ck_assert_ptr_null(sw_config_resolve(&by_default.config));
    fill_in_limits(&by_default.config.limits);
    for (size_t i = 0; i < sw_main_option_count; i++) {
        const struct sw_main_option *row = &sw_main_option_rows[i];
        char text[64];
        bool is_none = !row->name || !row->fallback || strcmp(row->name, "listen") == 0;
        for (size_t k = 0; k < COUNT(no_values) && !is_none; k++)
            is_none = strcmp(row->fallback, no_values[k]) == 0;
        if (is_none)
            continue;
        snprintf(text, sizeof text, "%s", row->fallback);
        text[strcspn(text, ",")] = '\0'; /* 32k, or what the limits want */
        by_help = untouched;
        MUST(!row->read(&by_help, row, text), "--%s does not take its default", row->name);
        size_t n = strcmp(row->name, "limit-body") == 0 ? 8 : 4;
        MUST(memcmp((char *)&by_help + row->at, (char *)&by_default + row->at, n) == 0,
             "--%s: %s is not the default", row->name, text);
        compared++;
    }
    ck_assert_uint_ge(compared, 30);
}
END_TEST

#define PATH_107                                                                                   \
    "/2345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"    \
    "012345678901234567"

static const struct {
    const char *text;
    const char *address;
    unsigned port;
} places[] = {
    {"80", "127.0.0.1", 80},
    {"0", "127.0.0.1", 0},
    {"65535", "127.0.0.1", 65535},
    {"0.0.0.0:1", "0.0.0.0", 1},
    {"0.0.0.0", "0.0.0.0", 8080},
    {"::1", "::1", 8080},
    {"[::1]:80", "::1", 80},
    {"[::]:0", "::", 0},
    {"/run/x:80", "/run/x:80", 8080},
    {PATH_107, PATH_107, 8080},
    {PATH_107 "8", NULL, 0},
    {"65536", NULL, 0},
    {"4294967376", NULL, 0},
    {"", NULL, 0},
    {":80", NULL, 0},
    {"[::1]", NULL, 0},
    {"[::1]:", NULL, 0},
    {"[::1]80", NULL, 0},
    {"127.0.0.1:", NULL, 0},
    {"127.0.0.1:x", NULL, 0},
    {"127.0.0.1:+1", NULL, 0},
    {"127.0.0:1", NULL, 0},
    {"localhost:1", NULL, 0},
    {"run/x", NULL, 0},
};

START_TEST(addresses_are_read)
{
    const struct sw_main_option *row = sw_main_option_rows;
    while (!row->name || strcmp(row->name, "listen") != 0)
        row++;
    for (size_t i = 0; i < COUNT(places); i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", places[i].text);
        by_help = untouched;
        const char *expected = row->read(&by_help, row, text);
        MUST(!expected == !!places[i].address, "%s: %s", places[i].text, expected);
        if (expected) {
            ck_assert_str_eq(text, places[i].text); /* to be quoted as it was given */
            continue;
        }
        ck_assert_str_eq(by_help.listeners[0].address, places[i].address);
        ck_assert_uint_eq(by_help.listeners[0].port, places[i].port);
    }
}
END_TEST

static const struct {
    const char *name, *text;
    uint64_t want; /* 0: it is none */
} numbers[] = {
    {"drain", "1ms", 1},
    {"drain", "2s", 2000},
    {"drain", "3m", 180000},
    {"drain", "1h", 3600000},
    {"drain", "1H", 3600000},
    {"drain", "5", 0},
    {"drain", "s", 0},
    {"drain", "1 s", 0},
    {"drain", "1d", 0},
    {"drain", "-1s", 0},
    {"drain", "0ms", 0},
    {"drain", "1193h", 4294800000},
    {"drain", "1194h", 0},
    {"drain", "1m1", 0},
    {"drain", "10s1", 0}, /* the unit and the front of its factor */
    {"drain", "5m6", 0},
    {"drain", "1h36", 0},
    {"drain", "1ms1", 0},
    {"drain", "1ms1 s1000", 0},
    {"drain", "1s ", 0},
    {"drain", " 1s", 0},
    {"drain", "+1s", 0},
    {"drain", "", 0},
    {"drain", "1.5s", 0},
    {"drain", "1,5s", 0},
    {"drain", "1e3s", 0},
    {"drain", "0x10s", 0},
    {"drain", "1s1s", 0},
    {"drain", "1ss", 0},
    {"drain", "1msh", 0},
    {"drain", "1MS", 1},
    {"drain", "0000000000000000000001s", 1000},
    {"drain", "4294967295ms", 4294967295},
    {"drain", "4294967296ms", 0},
    {"drain", "4294967s", 4294967000},
    {"drain", "4294968s", 0},
    {"drain", "71582m", 4294920000},
    {"drain", "71583m", 0},
    {"drain", "18446744073709551617ms", 0}, /* 2^64 + 1 */
    {"drain", "5124095576030432h", 0},      /* times its factor 2^64 + ... */
    {"min-progress", "1", 1},
    {"min-progress", "2k", 2048},
    {"min-progress", "3M", 3 << 20},
    {"min-progress", "3g", UINT64_C(3) << 30},
    {"min-progress", "4g", 0},
    {"min-progress", "1kb", 0},
    {"min-progress", "1k1", 0},
    {"min-progress", "1k1024", 0},
    {"min-progress", "1k1024 m1048576", 0},
    {"min-progress", "1m1", 0},
    {"min-progress", "1g1073741824", 0},
    {"min-progress", "k", 0},
    {"min-progress", "-1", 0},
    {"min-progress", "+1", 0},
    {"min-progress", "1 ", 0},
    {"min-progress", "1 k", 0},
    {"min-progress", "1s", 0},
    {"min-progress", "4194303k", UINT64_C(4194303) << 10},
    {"min-progress", "4194304k", 0},
    {"min-progress", "4096m", 0},
    {"min-progress", "18446744073709551616", 0},
    {"min-progress", "18014398509481984k", 0}, /* 2^64 */
    {"min-progress", "", 0},
    {"min-progress", "1.5k", 0},
    {"min-progress", "4294967295", 4294967295},
    {"min-progress", "4294967296", 0},
    {"requests", "7", 7},
    {"requests", "7k", 0},
    {"requests", "0", 0},
    {"requests", "7 ", 0},
    {"requests", "7.0", 0},
    {"requests", "", 0},
    {"requests", "00000000000000000007", 7},
    {"requests", "4294967295", 4294967295},
    {"requests", "4294967296", 0},
    {"requests", "99999999999999999999", 0},
    {"limit-body", "4g", UINT64_C(4) << 30},
    {"limit-body", "999999999999999g", 0},
    {"limit-body", "18446744073709551615", UINT64_MAX},
    {"limit-body", "18446744073709551616", 0},
    {"limit-body", "18446744073709551625", 0},
    {"limit-body", "17179869183g", UINT64_C(17179869183) << 30},
    {"limit-body", "17179869184g", 0},
    {"limit-body", "1g1", 0},
    {"limit-body", "0", SW_LIMIT_ZERO},
    {"limit-body", "00", 0},
    {"limit-trailers", "0", SW_LIMIT_ZERO},
    {"limit-empty-lines", "0", SW_LIMIT_ZERO},
    {"limit-chunk-extensions", "0", SW_LIMIT_ZERO},
    {"limit-chunk-overhead", "0", SW_LIMIT_ZERO},
    {"limit-discard", "0", SW_LIMIT_ZERO},
    {"limit-discard", "0k", 0},
    {"limit-fields", "0", 0},
    {"limit-body", "", 0},
};

START_TEST(numbers_are_read)
{
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const struct sw_main_option *row = sw_main_option_rows;
        char text[64];
        uint64_t got = 0;
        while (!row->name || strcmp(row->name, numbers[i].name) != 0)
            row++;
        snprintf(text, sizeof text, "%s", numbers[i].text);
        by_help = untouched;
        const char *expected = row->read(&by_help, row, text);
        memcpy(&got, (char *)&by_help + row->at, strcmp(row->name, "limit-body") == 0 ? 8 : 4);
        MUST(!expected == !!numbers[i].want && got == numbers[i].want, "--%s %s is %llu", row->name,
             numbers[i].text, (unsigned long long)got);
    }
}
END_TEST

static const struct {
    const char *name, *text;
    struct sw_listener_config want; /* all of it 0: it is refused */
} owners[] = {
    {"socket-mode", "660", {.socket_mode = 0660}},
    {"socket-mode", "0660", {.socket_mode = 0660}},
    {"socket-mode", "777", {.socket_mode = 0777}},
    {"socket-mode", "1", {.socket_mode = 1}},
    {"socket-mode", "0", {.socket_mode = 0}},
    {"socket-mode", "1000", {.socket_mode = 0}},
    {"socket-mode", "4660", {.socket_mode = 0}},
    {"socket-mode", "200660", {.socket_mode = 0}},
    {"socket-mode", "40000000000660", {.socket_mode = 0}},
    {"socket-mode", "668", {.socket_mode = 0}},
    {"socket-mode", "0x1b0", {.socket_mode = 0}},
    {"socket-mode", "-660", {.socket_mode = 0}},
    {"socket-mode", "660 ", {.socket_mode = 0}},
    {"socket-mode", "u=rw", {.socket_mode = 0}},
    {"socket-mode", "", {.socket_mode = 0}},
    {"socket-owner", "0", {.socket_owner = SW_OWNED_BY_USER}},
    {"socket-owner", "12:34", {.socket_owner = 3, .socket_user = 12, .socket_group = 34}},
    {"socket-owner", ":34", {.socket_owner = SW_OWNED_BY_GROUP, .socket_group = 34}},
    {"socket-owner", "root", {.socket_owner = SW_OWNED_BY_USER}},
    {"socket-owner", "root:5", {.socket_owner = 3, .socket_group = 5}},
    {"socket-owner", "5:root", {.socket_owner = 3, .socket_user = 5}},
    {"socket-owner", "4294967294", {.socket_owner = SW_OWNED_BY_USER, .socket_user = 4294967294}},
    {"socket-owner", "4294967295", {.socket_owner = 0}}, /* chown(2) takes it for "as it was" */
    {"socket-owner", "4294967296", {.socket_owner = 0}},
    {"socket-owner", "18446744073709551617", {.socket_owner = 0}},
    {"socket-owner", "-1", {.socket_owner = 0}},
    {"socket-owner", "", {.socket_owner = 0}},
    {"socket-owner", ":", {.socket_owner = 0}},
    {"socket-owner", "root:", {.socket_owner = 0}},
    {"socket-owner", "1:2:3", {.socket_owner = 0}},
    {"socket-owner", "no such user", {.socket_owner = 0}},
    {"socket-owner", ":no such group", {.socket_owner = 0}},
    {"socket-owner", "1.2", {.socket_owner = 0}},
};

START_TEST(modes_and_owners_are_read)
{
    for (size_t i = 0; i < COUNT(owners); i++) {
        const struct sw_main_option *row = sw_main_option_rows;
        const struct sw_listener_config *want = &owners[i].want, *got = &by_help.local;
        char text[64];
        while (!row->name || strcmp(row->name, owners[i].name) != 0)
            row++;
        snprintf(text, sizeof text, "%s", owners[i].text);
        by_help = untouched;
        const char *expected = row->read(&by_help, row, text);
        MUST(!expected == (want->socket_mode || want->socket_owner), "--%s %s: %s", row->name,
             owners[i].text, expected);
        MUST(expected ||
                 (got->socket_mode == want->socket_mode &&
                  got->socket_owner == want->socket_owner &&
                  got->socket_user == want->socket_user && got->socket_group == want->socket_group),
             "--%s %s: %o %u %u %u", row->name, owners[i].text, got->socket_mode, got->socket_owner,
             got->socket_user, got->socket_group);
    }
}
END_TEST

/* The message for an invalid value contains an example of the option's kind, which is valid. */
START_TEST(examples_are_taken)
{
    const struct sw_main_units *const units[] = {&sw_main_times, &sw_main_sizes, &sw_main_counts};
    for (size_t i = 0; i < COUNT(units); i++) {
        uint64_t number = 0;
        char text[64];
        const char *expected = sw_main_number("x", units[i], UINT32_MAX, &number);
        MUST(expected && strstr(expected, "such as ") && number == 0, "no example: %s", expected);
        snprintf(text, sizeof text, "%s", strstr(expected, "such as ") + 8);
        for (char *word = strtok(text, ", "); word; word = strtok(NULL, ", "))
            if (strcmp(word, "or") != 0)
                MUST(!sw_main_number(word, units[i], UINT32_MAX, &number), "%s", word);
    }
}
END_TEST

static const struct {
    const char *value;
    bool is_good;
} fields[] = {
    {"no-cache", true},   {"max-age=60, public", true},
    {"a\tb", true},       {"a\x80", true},
    {"", false},          {" ", false},
    {" a", false},        {"a ", false},
    {"a\r\nX: y", false}, {"a\n", false},
    {"\x7f", false},
};

/* The same as in sw_files_open(). */
START_TEST(field_values_are_read)
{
    const struct sw_main_option *row = sw_main_option_rows;
    while (!row->name || strcmp(row->name, "cache-control") != 0)
        row++;
    for (size_t i = 0; i < COUNT(fields); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", fields[i].value);
        struct sw_files files = {.root = "/", .cache_control = text};
        MUST(!row->read(&by_help, row, text) == fields[i].is_good, "%s", text);
        bool opened = sw_files_open(&files) == 0;
        ck_assert(opened == fields[i].is_good);
        if (opened)
            sw_files_close(&files);
    }
}
END_TEST

/* Files need room for their names, which the limit of the target bounds. */
START_TEST(scratch_is_enough_for_files)
{
    static const struct sw_limits limits[] = {{.target = 0}, {.target = 100}};
    for (size_t i = 0; i < 2; i++)
        for (uint32_t less = 0; less < 2; less++) {
            char scratch[16];
            snprintf(scratch, sizeof scratch, "%u",
                     (unsigned)(sw_files_scratch(&limits[i]) - less));
            char *all[] = {"serve", "--scratch", scratch, "--limit-target", "100", "/", NULL};
            char *few[] = {"serve", "--scratch", scratch, "/", NULL};
            optind = 0;
            int got = sw_main_options_read(&by_help, i ? 6 : 4, i ? all : few);
            MUST(got == (less ? 2 : -1), "%s: %d", scratch, got);
        }
    char *without[] = {"serve", "--scratch", "64", NULL};
    optind = 0;
    ck_assert_int_eq(sw_main_options_read(&by_help, 3, without), -1);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {defaults_match_the_help, 1},     {addresses_are_read, 1}, {numbers_are_read, 1},
        {modes_and_owners_are_read, 1},   {examples_are_taken, 1}, {field_values_are_read, 1},
        {scratch_is_enough_for_files, 1},
    };
    return suite_main("main options", tests, COUNT(tests));
}
