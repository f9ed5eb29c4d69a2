/* access_log.c - the access log: a line for each request. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "server/access_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/metrics.h"
#include "values/value.h"

/*
 *     record --sw_log_add--> lines --sw_log_write--> descriptor
 *
 * Each worker has lines and a descriptor of its own, so that no lock is needed.  Lines of several
 * workers do not mix: only complete lines are written, to a file as many as there are (O_APPEND),
 * to anything else no more than PIPE_BUF bytes at once, which a pipe takes in one piece.
 *
 * The log never delays a response.  What a full pipe does not take is kept until the next attempt;
 * a line for which there is no space is dropped and counted.
 */

enum {
    LINE = PIPE_BUF, /* a line is shorter; so is a write that must be atomic */
    METHOD = 64,     /* bytes of each, escaped */
    TARGET = 2048,
    FIELD = 640,
    RETRY_AFTER = 50, /* milliseconds, after a write took nothing */
};

_Static_assert(METHOD + TARGET + 2 * FIELD + 640 <= LINE, "the rest of a line has 640 bytes");

static const char *const timeouts[SW_WAITS] = {[SW_WAIT_HEAD] = "head",
                                               [SW_WAIT_BODY] = "body",
                                               [SW_WAIT_WRITE] = "write",
                                               [SW_WAIT_SUSPEND] = "hold"};

/* ---- Text: each function returns the end of what it wrote -------------------------------------
 */

static char *put_bytes(char *p, const char *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

static char *put(char *p, const char *text)
{
    return put_bytes(p, text, strlen(text));
}

static char *put_number(char *p, uint64_t number)
{
    return p + sw_value_put_number(number, p);
}

/*
 * Bytes that the client chose.  All but printable ASCII is escaped, or a client could end the line
 * and forge the next one.  Text that would take more than `max` bytes is truncated.  In JSON, a
 * byte above 127 becomes the character of the same number.
 */
static char *put_escaped(char *p, enum sw_log_format format, struct sw_span text, size_t max)
{
    static const char hex[] = "0123456789abcdef";
    char *last = p + max - 3;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_printable = c >= ' ' && c <= '~';
        size_t n = format == SW_LOG_JSON ? 6 : 4;
        if (is_printable)
            n = c == '"' || c == '\\' ? 2 : 1;
        if (n > (size_t)(last - p))
            return put(p, "...");
        if (!is_printable) {
            p = put(p, format == SW_LOG_JSON ? "\\u00" : "\\x");
            *p++ = hex[c >> 4];
            c = (unsigned char)hex[c & 15];
        } else if (n > 1) {
            *p++ = '\\';
        }
        *p++ = (char)c;
    }
    return p;
}

static char *put_client(char *p, const struct sw_client *client)
{
    static const uint8_t v4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const uint8_t *bytes = client->address.bytes;
    if (!client->known)
        return put(p, client->local ? "unix:" : "-");
    if (memcmp(bytes, v4, sizeof v4) != 0)
        return inet_ntop(AF_INET6, bytes, p, INET6_ADDRSTRLEN) ? p + strlen(p) : p;
    for (size_t i = sizeof v4; i < 16; i++) {
        p = put_number(p, bytes[i]);
        *p++ = '.';
    }
    return p - 1;
}

/* ---- Lines ---------------------------------------------------------------------------------- */

/* Converts `Date: Tue, 10 Oct 2000 13:55:36 GMT` to `10/Oct/2000:13:55:36 +0000`, or to RFC 3339
   for JSON. */
static void keep_stamp(struct sw_log *log)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *date = log->date->line + 11;
    const char *month = memmem(months, sizeof months, date + 3, 3);
    if (log->second == log->date->second)
        return;
    log->second = log->date->second;
    if (log->config->log_format == SW_LOG_JSON)
        snprintf(log->stamp, sizeof log->stamp, "%.4s-%02d-%.2sT%.8sZ", date + 7,
                 (int)(month - months) / 3 + 1, date, date + 12);
    else
        snprintf(log->stamp, sizeof log->stamp, "%.2s/%.3s/%.4s:%.8s +0000", date, date + 3,
                 date + 7, date + 12);
}

static char *put_quoted(char *p, struct sw_span text)
{
    *p++ = '"';
    p = text.n ? put_escaped(p, SW_LOG_COMBINED, text, FIELD) : put(p, "-");
    *p++ = '"';
    return p;
}

static char *put_request(char *p, const struct sw_access_record *record)
{
    if (!record->method.p)
        return put(p, "-");
    p = put_escaped(p, SW_LOG_COMBINED, record->method, METHOD);
    *p++ = ' ';
    p = put_escaped(p, SW_LOG_COMBINED, record->target, TARGET);
    return record->version ? put(put(p, " HTTP/"), record->version) : p;
}

/* The Combined Log Format of Apache; an error or a timeout follows as one more quoted string. */
static char *put_combined(char *p, const struct sw_access_record *record, const char *stamp)
{
    p = put_client(p, &record->client);
    p = put(put(put(p, " - - ["), stamp), "] \"");
    p = put(put_request(p, record), "\" ");
    p = record->status ? put_number(p, record->status) : put(p, "000");
    *p++ = ' ';
    p = record->body_bytes_sent ? put_number(p, record->body_bytes_sent) : put(p, "-");
    *p++ = ' ';
    p = put_quoted(p, record->referer);
    *p++ = ' ';
    p = put_quoted(p, record->user_agent);
    if (record->error) {
        const struct sw_error_info *info = &sw_error_infos[record->error];
        p = put_number(put(put(put(p, " \""), info->name), " at byte "), record->error_at);
        p = put(put(put(p, ", "), info->rule), "\"");
    } else if (timeouts[record->timeout]) {
        p = put(put(put(p, " \"timeout of "), timeouts[record->timeout]), "\"");
    }
    return p;
}

static char *put_member(char *p, const char *key, struct sw_span text, size_t max)
{
    p = put(put(put(p, ",\""), key), "\":\"");
    p = put_escaped(p, SW_LOG_JSON, text, max);
    *p++ = '"';
    return p;
}

static char *put_json(char *p, const struct sw_access_record *record, const char *stamp)
{
    p = put(put(put(p, "{\"time\":\""), stamp), "\",\"client\":\"");
    p = put(put_client(p, &record->client), "\"");
    if (record->client.port)
        p = put_number(put(p, ",\"port\":"), record->client.port);
    if (record->method.p) {
        p = put_member(p, "method", record->method, METHOD);
        p = put_member(p, "target", record->target, TARGET);
    }
    if (record->version)
        p = put(put(put(p, ",\"version\":\""), record->version), "\"");
    p = put_number(put(p, ",\"status\":"), record->status);
    p = put_number(put(p, ",\"bytes\":"), record->body_bytes_sent);
    p = put_number(put(p, ",\"ms\":"), record->duration_ms);
    p = put(p, record->complete ? ",\"whole\":true" : ",\"whole\":false");
    if (record->referer.n)
        p = put_member(p, "referer", record->referer, FIELD);
    if (record->user_agent.n)
        p = put_member(p, "agent", record->user_agent, FIELD);
    if (record->error) {
        const struct sw_error_info *info = &sw_error_infos[record->error];
        p = put(put(put(p, ",\"error\":\""), info->name), "\",\"rule\":\"");
        p = put_number(put(put(p, info->rule), "\",\"at\":"), record->error_at);
    }
    if (timeouts[record->timeout])
        p = put(put(put(p, ",\"timeout\":\""), timeouts[record->timeout]), "\"");
    return put(p, "}");
}

/* ---- Descriptors ---------------------------------------------------------------------------- */

/* A descriptor of the log's own, which never blocks; -1 and errno. */
static int open_log(const struct sw_server_config *config)
{
    const int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (config->access_log) {
        int fd;
        do /* a signal may end it on a network file system */
            fd = open(config->access_log, flags | O_CREAT, 0640);
        while (fd < 0 && errno == EINTR);
        return fd;
    }
    struct stat info;
    int mode = fcntl(config->access_log_fd, F_GETFL);
    if (mode < 0 || fstat(config->access_log_fd, &info))
        return -1;
    if ((mode & O_ACCMODE) == O_RDONLY) {
        errno = EINVAL;
        return -1;
    }
    if (!S_ISREG(info.st_mode) && !S_ISSOCK(info.st_mode)) {
        /* O_NONBLOCK belongs to the open file, which other processes may share: open it again. */
        char path[40];
        snprintf(path, sizeof path, "/proc/self/fd/%d", config->access_log_fd);
        int fd = open(path, flags);
        if (fd >= 0 || fcntl(config->access_log_fd, F_SETFL, mode | O_NONBLOCK))
            return fd;
    }
    return fcntl(config->access_log_fd, F_DUPFD_CLOEXEC, 0);
}

/* The descriptor becomes the log's; on failure it is closed. */
static bool use(struct sw_log *log, int fd)
{
    struct stat info;
    if (fd < 0)
        return false;
    if (fstat(fd, &info)) {
        int error = errno;
        close(fd);
        errno = error;
        return false;
    }
    log->fd = fd;
    log->is_regular = S_ISREG(info.st_mode);
    log->is_socket = S_ISSOCK(info.st_mode);
    log->torn = false;
    return true;
}

const char *sw_log_open(struct sw_log *log)
{
    if (!log->lines || use(log, open_log(log->config)))
        return NULL;
    return log->config->access_log ? "access_log" : "access_log_fd";
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* After an error other than a full pipe: drops the lines, so that there is space for new ones. */
static void drop(struct sw_log *log)
{
    uint64_t lines = 0;
    for (uint32_t i = log->start; i < log->end; i++)
        lines += i > 0 && log->lines[i] == '\n' && log->lines[i - 1] != '\n';
    sw_count(&log->metrics->dropped, lines);
    log->start = log->end = 0;
}

/* The number of bytes to write at once: complete lines. */
static size_t batch(const struct sw_log *log)
{
    size_t n = log->end - log->start;
    if (log->is_regular || n <= LINE)
        return n;
    const char *from = log->lines + log->start;
    return (size_t)((const char *)memrchr(from, '\n', LINE) - from) + 1;
}

static void write_lines(struct sw_log *log, uint64_t now)
{
    log->retry_at = 0;
    while (log->start < log->end) {
        const char *from = log->lines + log->start;
        ssize_t n = log->is_socket ? send(log->fd, from, batch(log), MSG_DONTWAIT | MSG_NOSIGNAL)
                                   : write(log->fd, from, batch(log));
        if (n > 0) {
            log->start += (uint32_t)n;
            log->torn = log->lines[log->start - 1] != '\n';
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            log->retry_at = now + RETRY_AFTER;
            return;
        } else if (n == 0 || errno != EINTR) {
            drop(log);
        }
    }
    log->start = log->end = 0;
}

/* Space for one more line, or NULL. */
static char *make_room(struct sw_log *log, uint64_t now)
{
    uint32_t size = log->config->log_buffer;
    if (size - log->end < LINE && !log->retry_at)
        write_lines(log, now);
    if (size - log->end < LINE && log->start) {
        uint32_t used = log->end - log->start;
        memmove(log->lines, log->lines + log->start, used);
        log->start = 0;
        log->end = used;
    }
    if (size - log->end < LINE) {
        sw_count(&log->metrics->dropped, 1);
        return NULL;
    }
    if (log->torn && log->start == log->end)
        log->lines[log->end++] = '\n'; /* ends a line whose rest was dropped */
    return log->lines + log->end;
}

void sw_log_add(struct sw_log *log, const struct sw_access_record *record, uint64_t now)
{
    char *p = make_room(log, now);
    if (!p)
        return;
    keep_stamp(log);
    p = log->config->log_format == SW_LOG_JSON ? put_json(p, record, log->stamp)
                                               : put_combined(p, record, log->stamp);
    *p++ = '\n';
    log->end = (uint32_t)(p - log->lines);
}

bool sw_log_reopen(struct sw_log *log, unsigned calls, uint64_t now)
{
    int before = log->fd;
    if (!log->lines || calls == log->reopened)
        return true;
    log->reopened = calls;
    if (!log->config->access_log)
        return true;
    write_lines(log, now); /* to the file that was renamed: lines of its time */
    if (use(log, open_log(log->config))) {
        close(before);
        return true;
    }
    sw_count(&log->metrics->not_reopened, 1);
    return false;
}

void sw_log_write(struct sw_log *log, uint64_t now)
{
    if (log->start < log->end && log->retry_at <= now)
        write_lines(log, now);
}

void sw_log_close(struct sw_log *log, uint64_t now)
{
    if (log->fd < 0)
        return;
    write_lines(log, now);
    drop(log);
    close(log->fd);
    log->fd = -1;
}
