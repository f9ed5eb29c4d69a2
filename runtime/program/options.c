/* main_options.c - the options of shockwave serve: one row each, for reading and for the help. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "program/main.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Values: each reader returns NULL, or what its value should have been ------------------- */

static void *member(struct sw_main_options *options, const struct sw_main_option *option)
{
    return (char *)options + option->at;
}

/* A number for a member of 32 bits. */
static const char *read_units(struct sw_main_options *options, const struct sw_main_option *option,
                              const char *value, const struct sw_main_units *units)
{
    uint64_t number;
    const char *expected = sw_main_number(value, units, UINT32_MAX, &number);
    if (!expected)
        *(uint32_t *)member(options, option) = (uint32_t)number;
    return expected;
}

static const char *read_number(struct sw_main_options *options, const struct sw_main_option *option,
                               char *value)
{
    return read_units(options, option, value, &sw_main_counts);
}

static const char *read_time(struct sw_main_options *options, const struct sw_main_option *option,
                             char *value)
{
    return read_units(options, option, value, &sw_main_times);
}

static const char *read_size(struct sw_main_options *options, const struct sw_main_option *option,
                             char *value)
{
    return read_units(options, option, value, &sw_main_sizes);
}

static const char *read_wide_size(struct sw_main_options *options,
                                  const struct sw_main_option *option, char *value)
{
    return sw_main_number(value, &sw_main_sizes, UINT64_MAX, member(options, option));
}

/* A limit, of which 0 can be said: it allows nothing. */
static const char *read_limit_number(struct sw_main_options *options,
                                     const struct sw_main_option *option, char *value)
{
    if (strcmp(value, "0") != 0)
        return read_number(options, option, value);
    *(uint32_t *)member(options, option) = SW_LIMIT_ZERO;
    return NULL;
}

static const char *read_limit_size(struct sw_main_options *options,
                                   const struct sw_main_option *option, char *value)
{
    return strcmp(value, "0") == 0 ? read_limit_number(options, option, value)
                                   : read_size(options, option, value);
}

static const char *read_limit_body(struct sw_main_options *options,
                                   const struct sw_main_option *option, char *value)
{
    if (strcmp(value, "0") != 0)
        return read_wide_size(options, option, value);
    *(uint64_t *)member(options, option) = SW_LIMIT_ZERO;
    return NULL;
}

static const char *read_switch(struct sw_main_options *options, const struct sw_main_option *option,
                               char *value)
{
    (void)value;
    *(bool *)member(options, option) = true;
    return NULL;
}

/* The words of an enumeration stand in its row's `value`, in its order: `wait|refuse`. */
static const char *read_word(struct sw_main_options *options, const struct sw_main_option *option,
                             char *value)
{
    unsigned word = 0;
    size_t n = strlen(value);
    for (const char *at = option->value; at; word++) {
        size_t length = strcspn(at, "|");
        if (length == n && memcmp(at, value, n) == 0) {
            memcpy(member(options, option), &word, sizeof word);
            return NULL;
        }
        at = at[length] ? at + length + 1 : NULL;
    }
    return option->value;
}

static const char *read_lenient(struct sw_main_options *options,
                                const struct sw_main_option *option, char *value)
{
    static const struct {
        const char *name;
        enum sw_lenient flag;
    } flags[] = {{"bare-lf", SW_LENIENT_BARE_LF},
                 {"line-spaces", SW_LENIENT_LINE_SPACES},
                 {"target", SW_LENIENT_TARGET},
                 {"chunk-lf", SW_LENIENT_CHUNK_LF}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(flags[i].name, value) == 0) {
            options->config.limits.lenient |= flags[i].flag;
            return NULL;
        }
    return option->value;
}

/* A field value, as sw_files_open() wants it: one that can be written. */
static const char *read_field(struct sw_main_options *options, const struct sw_main_option *option,
                              char *value)
{
    char line[SW_CACHE_CONTROL_MAX + 64];
    struct sw_writer out = {.p = line, .size = sizeof line};
    size_t n = strlen(value);
    sw_write_field(&out, SW_HEADER_CACHE_CONTROL, (struct sw_span){value, n});
    if (n == 0 || n > SW_CACHE_CONTROL_MAX || out.error)
        return "the value of a field, of 1024 bytes at most";
    *(const char **)member(options, option) = value;
    return NULL;
}

/* ---- Values that are more than a member ----------------------------------------------------- */

enum { SOCKET_PATH_MAX = 107 };

static const char where_expected[] =
    "PORT, ADDRESS:PORT, [IPV6]:PORT or the path of a unix socket, of at most 107 bytes";

/* A port, or nothing. */
static bool read_port(struct sw_span text, uint16_t *port)
{
    unsigned number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || number > UINT16_MAX)
            return false;
        number = number * 10 + (unsigned)(text.p[i] - '0');
    }
    *port = (uint16_t)number;
    return text.n > 0 && number <= UINT16_MAX;
}

/* The address is left where it stands, and ended with a NUL. */
static bool read_where(struct sw_listener_config *listener, char *text)
{
    struct sw_address address;
    char *colon = strrchr(text, ':');
    size_t n = strlen(text);
    listener->address = text;
    listener->port = 8080;
    if (text[0] == '/')
        return n <= SOCKET_PATH_MAX;
    if (sw_address_parse((struct sw_span){text, n}, &address))
        return true;
    if (read_port((struct sw_span){text, n}, &listener->port)) {
        listener->address = "127.0.0.1";
        return true;
    }
    if (!colon || !read_port((struct sw_span){colon + 1, strlen(colon + 1)}, &listener->port))
        return false;
    bool brackets = text[0] == '[' && colon[-1] == ']';
    char *end = brackets ? colon - 1 : colon;
    listener->address = brackets ? text + 1 : text;
    struct sw_span name = {listener->address, (size_t)(end - listener->address)};
    if (!sw_address_parse(name, &address))
        return false;
    *end = '\0';
    return true;
}

static const char *add_listener(struct sw_main_options *options, struct sw_listener_config listener)
{
    if (options->config.listener_count == SW_LISTENERS_MAX)
        return "one of 16 listeners at most";
    options->listeners[options->config.listener_count++] = listener;
    return NULL;
}

static const char *read_listen(struct sw_main_options *options, const struct sw_main_option *option,
                               char *value)
{
    struct sw_listener_config listener = {.proxy_protocol = options->proxy_protocol};
    (void)option;
    return read_where(&listener, value) ? add_listener(options, listener) : where_expected;
}

static const char *read_metrics(struct sw_main_options *options,
                                const struct sw_main_option *option, char *value)
{
    struct sw_listener_config listener = {.handler = sw_admin_serve};
    (void)option;
    return read_where(&listener, value) ? add_listener(options, listener) : where_expected;
}

/* Octal, as for chmod(1). */
static const char *read_mode(struct sw_main_options *options, const struct sw_main_option *option,
                             char *value)
{
    unsigned mode = 0;
    const char *p = value;
    (void)option;
    for (; *p >= '0' && *p <= '7' && mode <= 0777; p++)
        mode = mode * 8 + (unsigned)(*p - '0');
    if (*p || mode == 0 || mode > 0777)
        return "an octal mode such as 660";
    options->local.socket_mode = (uint16_t)mode;
    return NULL;
}

static const char *read_owner(struct sw_main_options *options, const struct sw_main_option *option,
                              char *value)
{
    (void)option;
    return sw_main_owner(value, &options->local)
               ? NULL
               : "a user, user:group or :group, by name or number, such as www-data or 33:33";
}

static const char *read_trusted(struct sw_main_options *options,
                                const struct sw_main_option *option, char *value)
{
    uint32_t *count = &options->config.trusted_count;
    (void)option;
    if (*count == SW_TRUSTED_MAX)
        return "one of 64 networks at most";
    if (!sw_network_parse((struct sw_span){value, strlen(value)}, &options->trusted[*count]))
        return "an address or a network such as 10.0.0.0/8";
    ++*count;
    return NULL;
}

static const char *read_log(struct sw_main_options *options, const struct sw_main_option *option,
                            char *value)
{
    (void)option;
    bool out = strcmp(value, "-") == 0;
    options->config.access_log = out ? NULL : value;
    options->config.access_log_fd = out ? STDOUT_FILENO : 0;
    return *value ? NULL : "the name of a file, or - for the standard output";
}

static const char *ask_for_help(struct sw_main_options *options,
                                const struct sw_main_option *option, char *value)
{
    (void)option, (void)value;
    options->help = true;
    return NULL;
}

static const char *ask_for_version(struct sw_main_options *options,
                                   const struct sw_main_option *option, char *value)
{
    (void)option, (void)value;
    options->version = true;
    return NULL;
}

/* ---- The table ------------------------------------------------------------------------------ */

#define AT(member) offsetof(struct sw_main_options, member), #member
#define NOWHERE    0, ""
#define HEADING(text)                                                                              \
    {                                                                                              \
        NULL, 0, NULL, NULL, NOWHERE, NULL, text                                                   \
    }
#define LIMIT(name, value, read, member, fallback, help)                                           \
    {                                                                                              \
        "limit-" name, 0, value, read, AT(config.limits.member), fallback, help                    \
    }

const struct sw_main_option sw_main_option_rows[] = {
    HEADING("Listening"),
    {"listen", 'l', "WHERE", read_listen, AT(config.listeners), "127.0.0.1:8080",
     "PORT, ADDRESS:PORT, [IPV6]:PORT or the path of a unix socket; port 0 is any that is free; "
     "may be given several times"},
    {"proxy-protocol", 0, "off|optional|required", read_word, AT(proxy_protocol), "off",
     "does a PROXY header, version 1 or 2, come first? It is taken from trusted peers only; holds "
     "for each --listen that follows, and for inherited sockets"},
    {"backlog", 0, "NUMBER", read_number, AT(config.backlog), "4096",
     "connections that wait in the kernel, as far as net.core.somaxconn lets them"},
    {"socket-mode", 0, "MODE", read_mode, AT(local.socket_mode), "777 less the umask",
     "of all unix sockets of --listen and --metrics, in octal: 660"},
    {"socket-owner", 0, "USER[:GROUP]", read_owner, AT(local.socket_user), "its own",
     "of the same, by name or number; :GROUP leaves the user"},
    {"shared", 0, NULL, read_switch, AT(config.shared), NULL,
     "listen beside another server on the same ports, if it is shared too"},

    HEADING("Connections"),
    {"workers", 0, "NUMBER", read_number, AT(config.workers), "one for each processor",
     "threads that serve; without a number, as many as the CPU affinity and the CPU quota of the "
     "cgroup allow"},
    {"connections", 0, "NUMBER", read_number, AT(config.connections), "4096",
     "at once, in each worker"},
    {"full", 0, "wait|refuse", read_word, AT(config.full), "wait",
     "what becomes of those beyond: they wait in the kernel, or are told 503"},
    {"exchanges", 0, "NUMBER", read_number, AT(config.exchanges), "as many as connections",
     "connections with bytes in flight at once, in each worker; others wait for their turn"},
    {"requests", 0, "NUMBER", read_number, AT(config.requests), "no bound",
     "on one connection, before it is closed"},

    HEADING("Times"),
    {"head-timeout", 0, "TIME", read_time, AT(config.head_timeout), "10s",
     "from the first byte of a head to its last"},
    {"body-timeout", 0, "TIME", read_time, AT(config.body_timeout), "30s",
     "for each --min-progress bytes of content"},
    {"idle-timeout", 0, "TIME", read_time, AT(config.idle_timeout), "60s",
     "from a reply to the next request"},
    {"write-timeout", 0, "TIME", read_time, AT(config.write_timeout), "30s",
     "for the peer to take each --min-progress bytes of a reply"},
    {"min-progress", 0, "SIZE", read_size, AT(config.min_progress), "16k",
     "bytes that are progress for the two above"},
    {"linger", 0, "TIME", read_time, AT(config.linger), "2s", "for reading on after a last reply"},
    {"drain", 0, "TIME", read_time, AT(config.drain), "10s",
     "from the signal to leave to cutting what is left"},

    HEADING("Memory"),
    {"input-buffer", 0, "SIZE", read_size, AT(config.input_buffer), "32k, or what the limits want",
     "of a connection, while its bytes are in flight"},
    {"output-buffer", 0, "SIZE", read_size, AT(config.output_buffer), "16k",
     "of a connection, likewise"},
    {"scratch", 0, "SIZE", read_size, AT(config.scratch), "32k",
     "for whoever answers: names of files, and the page /headers"},

    HEADING("Behind a proxy"),
    {"trusted", 0, "NETWORK", read_trusted, AT(config.trusted), "unix sockets only",
     "whose word counts when they say who their client is: an address, or a network such as "
     "10.0.0.0/8; may be given several times"},
    {"forwarding", 0, "off|x-forwarded-for|forwarded", read_word, AT(config.forwarding), "off",
     "the field in which they say it"},

    HEADING("Limits of one message"),
    LIMIT("method", "SIZE", read_size, method, "32", "its method; beyond: 501"),
    LIMIT("target", "SIZE", read_size, target, "8k", "its target; beyond: 414"),
    LIMIT("empty-lines", "NUMBER", read_limit_number, empty_lines, "4",
          "before it, at most 255; beyond: 400"),
    LIMIT("field-name", "SIZE", read_size, field_name, "256",
          "a field's name, at most 65535; beyond: 431"),
    LIMIT("field-line", "SIZE", read_size, field_line, "8k", "a field's line; beyond: 431"),
    LIMIT("fields", "NUMBER", read_number, fields, "128", "fields, at most 65535; beyond: 431"),
    LIMIT("head", "SIZE", read_size, head, "16k", "its head; beyond: 431"),
    LIMIT("body", "SIZE", read_limit_body, body, "1g", "its content; beyond: 413"),
    LIMIT("chunk-extensions", "SIZE", read_limit_size, chunk_extensions, "4k",
          "extensions of all its chunks; beyond: 400"),
    LIMIT("chunk-overhead", "SIZE", read_limit_size, chunk_overhead, "16k",
          "framing beyond 16 bytes for each byte of content; beyond: 400"),
    LIMIT("trailers", "NUMBER", read_limit_number, trailers, "32",
          "trailer fields, at most 32; beyond: 431"),
    LIMIT("trailer-bytes", "SIZE", read_size, trailer_bytes, "8k",
          "the trailer section; beyond: 431"),
    LIMIT("discard", "SIZE", read_limit_size, discard, "64k",
          "content that nobody wants; beyond: the connection is closed"),
    {"lenient", 0, "bare-lf|line-spaces|target|chunk-lf", read_lenient, AT(config.limits.lenient),
     "strict",
     "forgive what a proxy in front may read otherwise: LF without CR in a head, spaces behind the "
     "version, bytes that are none of a URI's, LF without CR in chunked framing; may be given "
     "several "
     "times"},

    HEADING("Files"),
    {"dotfiles", 0, NULL, read_switch, AT(files.dotfiles), NULL,
     "serve names that begin with a dot, not only those below /.well-known/"},
    {"precompressed", 0, NULL, read_switch, AT(files.precompressed), NULL,
     "send NAME.br, NAME.zst or NAME.gz for NAME to those who take it"},
    {"symlinks", 0, "beneath|off", read_word, AT(files.symlinks), "beneath",
     "symbolic links that are followed: those that do not lead out of DIR, or none"},
    {"cache-control", 0, "VALUE", read_field, AT(files.cache_control), "none",
     "sent as Cache-Control with each file"},

    HEADING("Seen from outside"),
    {"access-log", 0, "FILE", read_log, AT(config.access_log), "none",
     "a line for each request; - is the standard output"},
    {"log-format", 0, "combined|json", read_word, AT(config.log_format), "combined",
     "of its lines"},
    {"log-buffer", 0, "SIZE", read_size, AT(config.log_buffer), "64k",
     "for lines of each worker that are not written yet; what finds no place is dropped and "
     "counted"},
    {"metrics", 0, "WHERE", read_metrics, AT(config.listeners), "nowhere",
     "a listener of its own, as for --listen, for /metrics (Prometheus), /livez and /readyz"},

    HEADING("Help"),
    {"help", 'h', NULL, ask_for_help, NOWHERE, NULL, "this text"},
    {"version", 'V', NULL, ask_for_version, NOWHERE, NULL, "the version of the program"},
};

const size_t sw_main_option_count = sizeof sw_main_option_rows / sizeof *sw_main_option_rows;

/* ---- Reading -------------------------------------------------------------------------------- */

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "shockwave: %s%s%s\nTry: shockwave serve --help\n", what, *why ? ": " : "",
            why);
    return 2;
}

/* What getopt_long() wants to know: a long option returns 256 and its row. */
static void describe(struct option *longs, char *letters)
{
    *letters++ = ':'; /* it is we who complain */
    for (size_t i = 0; i < sw_main_option_count; i++) {
        const struct sw_main_option *row = &sw_main_option_rows[i];
        if (!row->name)
            continue;
        *longs++ = (struct option){row->name, row->value != NULL, NULL, 256 + (int)i};
        if (row->letter)
            *letters++ = row->letter;
        if (row->letter && row->value)
            *letters++ = ':';
    }
    *longs = (struct option){NULL, 0, NULL, 0};
    *letters = '\0';
}

static const struct sw_main_option *row_of(int c)
{
    if (c >= 256)
        return &sw_main_option_rows[c - 256];
    for (size_t i = 0; i < sw_main_option_count; i++)
        if (sw_main_option_rows[i].letter == c && sw_main_option_rows[i].name)
            return &sw_main_option_rows[i];
    return NULL;
}

static const char *take_inherited(struct sw_main_options *options)
{
    struct sw_inherited sockets[SW_LISTENERS_MAX];
    size_t n = sw_inherited_read(getpid(), getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
                                 getenv("LISTEN_FDNAMES"), sockets, SW_LISTENERS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct sw_span name = i < SW_LISTENERS_MAX ? sockets[i].name : (struct sw_span){NULL, 0};
        bool metrics = name.n == 7 && memcmp(name.p, "metrics", 7) == 0;
        struct sw_listener_config listener = {
            .fd = i < SW_LISTENERS_MAX ? sockets[i].fd : 0,
            .proxy_protocol = metrics ? SW_PROXY_PROTOCOL_OFF : options->proxy_protocol,
            .handler = metrics ? sw_admin_serve : NULL,
        };
        const char *wrong = add_listener(options, listener);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* Mode and owner are for all unix sockets, wherever they are among the arguments.  False when there
   are none. */
static bool give_away(struct sw_main_options *options)
{
    bool any = !options->local.socket_mode && !options->local.socket_owner;
    for (uint32_t i = 0; i < options->config.listener_count; i++) {
        struct sw_listener_config *listener = &options->listeners[i];
        if (listener->fd || listener->address[0] != '/')
            continue;
        any = true;
        listener->socket_mode = options->local.socket_mode;
        listener->socket_owner = options->local.socket_owner;
        listener->socket_user = options->local.socket_user;
        listener->socket_group = options->local.socket_group;
    }
    return any;
}

/* NULL, or why files cannot be served with it. */
static const char *check_scratch(const struct sw_main_options *options)
{
    static char why[80];
    uint32_t least = sw_files_scratch(&options->config.limits);
    if (!options->files.root || options->config.scratch >= least)
        return NULL;
    snprintf(why, sizeof why, "not %u, but at least %u for the names of files",
             (unsigned)options->config.scratch, (unsigned)least);
    return why;
}

/* What the arguments leave to be filled in.  Returns as sw_main_options_read(). */
static int complete(struct sw_main_options *options)
{
    const struct sw_files *files = &options->files;
    const char *wrong = take_inherited(options);
    bool served = false;
    for (uint32_t i = 0; i < options->config.listener_count; i++)
        served = served || !options->listeners[i].handler;
    if (!wrong && !served)
        wrong = add_listener(
            options, (struct sw_listener_config){.address = "127.0.0.1",
                                                 .port = 8080,
                                                 .proxy_protocol = options->proxy_protocol});
    if (wrong)
        return complain("--listen", wrong);
    if (!give_away(options))
        return complain(options->local.socket_mode ? "--socket-mode" : "--socket-owner",
                        "is about unix sockets, and there is none");
    if (!files->root &&
        (files->dotfiles || files->precompressed || files->cache_control || files->symlinks))
        return complain(files->dotfiles        ? "--dotfiles"
                        : files->precompressed ? "--precompressed"
                        : files->cache_control ? "--cache-control"
                                               : "--symlinks",
                        "is about files, and there is no DIR");
    wrong = check_scratch(options);
    if (wrong)
        return complain("--scratch", wrong);
    const char *notify = getenv("NOTIFY_SOCKET");
    options->config.notify = notify && *notify ? notify : NULL;
    options->config.listeners = options->listeners;
    options->config.trusted = options->trusted;
    return -1;
}

int sw_main_options_read(struct sw_main_options *options, int argc, char **argv)
{
    struct option longs[sizeof sw_main_option_rows / sizeof *sw_main_option_rows + 1];
    char letters[2 * sizeof sw_main_option_rows / sizeof *sw_main_option_rows + 2];
    describe(longs, letters);
    *options = (struct sw_main_options){.config.scratch = 32768};
    for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        const struct sw_main_option *row = row_of(c);
        if (c == ':' || !row)
            return complain(argv[optind - 1], c == ':' ? "its value is missing" : "no such option");
        const char *expected = row->read(options, row, optarg);
        if (expected) {
            fprintf(stderr, "shockwave: --%s: not %s, but %s\nTry: shockwave serve --help\n",
                    row->name, optarg && *optarg ? optarg : "''", expected);
            return 2;
        }
    }
    if (options->help) {
        sw_main_help();
        return 0;
    }
    if (options->version) {
        printf("shockwave " SW_VERSION "\n");
        return 0;
    }
    options->files.root = argv[optind];
    if (argc - optind > 1)
        return complain(argv[optind + 1], "one directory is enough");
    return complete(options);
}

const char *sw_main_option_of(const char *member)
{
    static char name[40];
    for (size_t i = 0; i < sw_main_option_count; i++)
        if (strncmp(sw_main_option_rows[i].member, "config.", 7) == 0 &&
            strcmp(sw_main_option_rows[i].member + 7, member) == 0) {
            snprintf(name, sizeof name, "--%s", sw_main_option_rows[i].name);
            return name;
        }
    if (strcmp(member, "access_log_fd") == 0)
        return "--access-log";
    return strcmp(member, "notify") == 0 ? "NOTIFY_SOCKET" : member;
}
