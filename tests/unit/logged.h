/* logged.h - a server with an access log, its handler, and checks of the log's content. */
/* SPDX-License-Identifier: MIT */
#ifndef LOGGED_H
#define LOGGED_H

#include <regex.h>
#include <stdatomic.h>
#include <stdio.h>

#include "served.h"

enum { NOCOPY_SIZE = 100000, HUGE_SIZE = 1 << 28 };

static char buf[1 << 20], text[1 << 20];
static char log_path[] = "/tmp/shockwave-log-XXXXXX";
static struct served served;
static long text_from;                        /* the offset of `text` in its file */
static _Atomic(struct sw_exchange *) pending; /* suspended by /wait */

/* ---- The handler ----------------------------------------------------------------------------- */

static inline void reply_complete(struct sw_exchange *exchange, const struct sw_head *trailers,
                                  const char *bytes)
{
    (void)trailers, (void)bytes;
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("complete"));
}

static inline void reply_resumed(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("later"));
}

static inline void reply_endlessly(struct sw_exchange *exchange)
{
    static char zeros[8192];
    while (sw_reply_write(exchange, (struct sw_span){zeros, sizeof zeros}) == sizeof zeros)
        continue;
}

static const struct sw_hooks read_hooks = {.on_request_end = reply_complete},
                             wait_hooks = {.on_resume = reply_resumed},
                             endless_hooks = {.on_writable = reply_endlessly};

static inline bool is_for(const struct sw_exchange *exchange, const char *path)
{
    struct sw_span target = sw_exchange_target(exchange);
    return target.n == strlen(path) && memcmp(target.p, path, target.n) == 0;
}

static inline void handle(struct sw_exchange *exchange)
{
    static char nocopy[NOCOPY_SIZE], *huge;
    if (is_for(exchange, "/nothing"))
        return;
    if (is_for(exchange, "/read")) {
        exchange->hooks = &read_hooks;
    } else if (is_for(exchange, "/wait")) {
        exchange->hooks = &wait_hooks;
        sw_exchange_suspend(exchange);
        atomic_store(&pending, exchange);
    } else if (is_for(exchange, "/endless")) {
        exchange->hooks = &endless_hooks;
        sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
        reply_endlessly(exchange);
    } else if (is_for(exchange, "/nocopy")) {
        sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"),
                 (struct sw_span){nocopy, NOCOPY_SIZE});
    } else if (is_for(exchange, "/huge")) {
        huge = huge ? huge : calloc(1, HUGE_SIZE);
        sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), (struct sw_span){huge, HUGE_SIZE});
    } else if (is_for(exchange, "/chunked")) {
        sw_reply_begin(exchange, SW_STATUS_OK, SW_LENGTH_UNKNOWN);
        sw_reply_write(exchange, SW_SPAN("five "));
        sw_reply_write(exchange, SW_SPAN("more "));
        sw_reply_end(exchange);
    } else if (is_for(exchange, "/none")) {
        sw_reply(exchange, SW_STATUS_NO_CONTENT, SW_SPAN(""), SW_SPAN(""));
    } else {
        sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("hello"));
    }
}

/* ---- The log --------------------------------------------------------------------------------- */

/* Starts a server that logs to a temporary file unless the configuration has a log. */
static inline void serve_logged(struct sw_server_config config)
{
    int fd = mkstemp(strcpy(log_path, "/tmp/shockwave-log-XXXXXX"));
    ck_assert_int_ge(fd, 0);
    close(fd);
    if (!config.access_log && !config.access_log_fd)
        config.access_log = log_path;
    config.handler = config.handler ? config.handler : handle;
    served_begin(&served, config);
}

static inline void end_logged(void)
{
    served_end(&served);
    unlink(log_path);
}

static inline void read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    bool there = file && !fseek(file, text_from, SEEK_SET);
    size_t n = there ? fread(text, 1, sizeof text - 1, file) : 0;
    text[n] = '\0';
    if (file)
        fclose(file);
}

/* Waits until a file contains `part`. */
static inline void expect_in(const char *path, const char *part)
{
    for (int i = 0; i < WAIT_MAX_MS; i++) {
        read_file(path);
        if (strstr(text, part))
            return;
        usleep(1000);
    }
    ck_abort_msg("no %s in: %s", part, text);
}

static inline void expect_part(const char *part)
{
    expect_in(log_path, part);
}

/* Waits for the log's only line, which must match the expression. */
static inline void expect_line(const char *expression)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, expression, REG_EXTENDED | REG_NEWLINE), 0);
    expect_part("\n");
    ck_assert_msg(regexec(&regex, text, 0, NULL, 0) == 0, "no %s in: %s", expression, text);
    ck_assert_uint_eq(count(text, "\n"), 1);
    regfree(&regex);
}

#endif
