/* server_log.c - the access log: a line for each request, whatever became of it. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "server/access_log.h"
#include "server/client_address.h"
#include "server/metrics.h"
#include "server/server_state.h"
#include "server/transaction.h"
#include "server/wait.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Each worker has lines and a descriptor of its own, so that nobody waits for a lock.  Only whole
 * lines are written, and to what is not a file no more at once than the kernel takes in one piece:
 * lines of several workers do not mix.
 */

enum {
    LINE = PIPE_BUF, /* a line is shorter; so is a write that must not be torn */
    METHOD = 64,     /* what is written of each, with what escaping adds */
    TARGET = 2048,
    FIELD = 640,
    RETRY_AFTER = 50, /* milliseconds, when nothing was taken */
};

_Static_assert(METHOD + TARGET + 2 * FIELD + 640 <= LINE, "what else there is has 640 bytes");

/* What a line tells. */
struct entry {
    const struct sw_head *head; /* NULL: none could be read */
    const char *bytes;
    struct sw_client client;
    unsigned status;
    uint64_t body_bytes_sent, milliseconds;
    enum sw_error error;
    uint64_t at;
    enum sw_wait timeout;
    bool complete;
};

static const char *const timeouts[SW_WAITS] = {[SW_WAIT_HEAD] = "head",
                                               [SW_WAIT_BODY] = "body",
                                               [SW_WAIT_WRITE] = "write",
                                               [SW_WAIT_HOLD] = "hold"};

/* ---- Text: each returns where it has come to ------------------------------------------------ */

static char *put_bytes(char *p, const char *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

static char *put(char *p, const char *text)
{
    return put_bytes(p, text, strlen(text));
}

/* At least `width` digits. */
static char *put_number(char *p, uint64_t number, size_t width)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0 || sizeof digits - at < width);
    return put_bytes(p, digits + at, sizeof digits - at);
}

/*
 * Bytes of the client's own choice: none that is not plain comes through as it is, or he could end
 * the line and write the next.  Cut where they would take more than `most`.  A byte above 127
 * stands in JSON for the character of the same number.
 */
static char *put_foreign(char *p, enum sw_log_format format, struct sw_span text, size_t max)
{
    static const char hex[] = "0123456789abcdef";
    char *last = p + max - 3;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = c >= ' ' && c <= '~';
        size_t n = format == SW_LOG_JSON ? 6 : 4;
        if (plain)
            n = c == '"' || c == '\\' ? 2 : 1;
        if (n > (size_t)(last - p))
            return put(p, "...");
        if (!plain) {
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
        p = put_number(p, bytes[i], 1);
        *p++ = '.';
    }
    return p - 1;
}

/* The value of a field, unless it is absent, or the grammar keeps it out of logs. */
static struct sw_span field_of(const struct entry *entry, enum sw_header id)
{
    const struct sw_field *field = NULL;
    if (entry->head && !(sw_header_names[id].flags & SW_HEADER_F_SENSITIVE))
        field = sw_head_field(entry->head, id);
    return field ? sw_field_value(field, entry->bytes) : (struct sw_span){NULL, 0};
}

/* NULL where an error stands before it, or in it. */
static const char *version_of(const struct entry *entry)
{
    const struct sw_head *head = entry->head;
    if (entry->error && entry->at < (uint64_t)head->target + head->target_len + 9)
        return NULL;
    return head->minor ? "1.1" : "1.0";
}

/* ---- Lines ---------------------------------------------------------------------------------- */

/* `10/Oct/2000:13:55:36 +0000`, or the same by RFC 3339, out of `Date: Tue, 10 Oct 2000 ...`. */
static void keep_stamp(struct sw_worker *worker)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *date = worker->date.line + 11;
    const char *month = memmem(months, sizeof months, date + 3, 3);
    struct sw_log *log = &worker->log;
    if (log->second == worker->date.second)
        return;
    log->second = worker->date.second;
    if (worker->config->log_format == SW_LOG_JSON)
        snprintf(log->stamp, sizeof log->stamp, "%.4s-%02d-%.2sT%.8sZ", date + 7,
                 (int)(month - months) / 3 + 1, date, date + 12);
    else
        snprintf(log->stamp, sizeof log->stamp, "%.2s/%.3s/%.4s:%.8s +0000", date, date + 3,
                 date + 7, date + 12);
}

static char *put_quoted(char *p, struct sw_span text)
{
    *p++ = '"';
    p = text.n ? put_foreign(p, SW_LOG_COMBINED, text, FIELD) : put(p, "-");
    *p++ = '"';
    return p;
}

static char *put_request(char *p, const struct entry *entry)
{
    if (!entry->head)
        return put(p, "-");
    p = put_foreign(p, SW_LOG_COMBINED, sw_head_method(entry->head, entry->bytes), METHOD);
    *p++ = ' ';
    p = put_foreign(p, SW_LOG_COMBINED, sw_head_target(entry->head, entry->bytes), TARGET);
    const char *version = version_of(entry);
    return version ? put(put(p, " HTTP/"), version) : p;
}

/* The last part is ours, for lines that are out of the ordinary. */
static char *put_combined(char *p, const struct entry *entry, const char *stamp)
{
    p = put_client(p, &entry->client);
    p = put(put(put(p, " - - ["), stamp), "] \"");
    p = put_request(p, entry);
    p = put_number(put(p, "\" "), entry->status, 3);
    *p++ = ' ';
    p = entry->body_bytes_sent ? put_number(p, entry->body_bytes_sent, 1) : put(p, "-");
    *p++ = ' ';
    p = put_quoted(p, field_of(entry, SW_HEADER_REFERER));
    *p++ = ' ';
    p = put_quoted(p, field_of(entry, SW_HEADER_USER_AGENT));
    if (entry->error) {
        const struct sw_error_info *info = &sw_error_infos[entry->error];
        p = put_number(put(put(put(p, " \""), info->name), " at byte "), entry->at, 1);
        p = put(put(put(p, ", "), info->rule), "\"");
    } else if (timeouts[entry->timeout]) {
        p = put(put(put(p, " \"timeout of "), timeouts[entry->timeout]), "\"");
    }
    return p;
}

static char *put_member(char *p, const char *key, struct sw_span text, size_t max)
{
    p = put(put(put(p, ",\""), key), "\":\"");
    p = put_foreign(p, SW_LOG_JSON, text, max);
    *p++ = '"';
    return p;
}

static char *put_json(char *p, const struct entry *entry, const char *stamp)
{
    struct sw_span referer = field_of(entry, SW_HEADER_REFERER);
    struct sw_span agent = field_of(entry, SW_HEADER_USER_AGENT);
    p = put(put(put(p, "{\"time\":\""), stamp), "\",\"client\":\"");
    p = put(put_client(p, &entry->client), "\"");
    if (entry->client.port)
        p = put_number(put(p, ",\"port\":"), entry->client.port, 1);
    if (entry->head) {
        p = put_member(p, "method", sw_head_method(entry->head, entry->bytes), METHOD);
        p = put_member(p, "target", sw_head_target(entry->head, entry->bytes), TARGET);
        if (version_of(entry))
            p = put(put(put(p, ",\"version\":\""), version_of(entry)), "\"");
    }
    p = put_number(put(p, ",\"status\":"), entry->status, 1);
    p = put_number(put(p, ",\"bytes\":"), entry->body_bytes_sent, 1);
    p = put_number(put(p, ",\"ms\":"), entry->milliseconds, 1);
    p = put(p, entry->complete ? ",\"whole\":true" : ",\"whole\":false");
    if (referer.n)
        p = put_member(p, "referer", referer, FIELD);
    if (agent.n)
        p = put_member(p, "agent", agent, FIELD);
    if (entry->error) {
        const struct sw_error_info *info = &sw_error_infos[entry->error];
        p = put(put(put(p, ",\"error\":\""), info->name), "\",\"rule\":\"");
        p = put_number(put(put(p, info->rule), "\",\"at\":"), entry->at, 1);
    }
    if (timeouts[entry->timeout])
        p = put(put(put(p, ",\"timeout\":\""), timeouts[entry->timeout]), "\"");
    return put(p, "}");
}

/* ---- Descriptors ---------------------------------------------------------------------------- */

/* A descriptor of our own, which never waits; -1 and errno. */
static int open_log(const struct sw_server_config *config)
{
    const int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (config->access_log)
        return open(config->access_log, flags | O_CREAT, 0640);
    struct stat info;
    int mode = fcntl(config->access_log_fd, F_GETFL);
    if (mode < 0 || fstat(config->access_log_fd, &info))
        return -1;
    if ((mode & O_ACCMODE) == O_RDONLY) {
        errno = EINVAL;
        return -1;
    }
    if (!S_ISREG(info.st_mode) && !S_ISSOCK(info.st_mode)) {
        /* Not to wait is a property of the open pipe, which others may have: open it anew. */
        char path[40];
        snprintf(path, sizeof path, "/proc/self/fd/%d", config->access_log_fd);
        int fd = open(path, flags);
        if (fd >= 0 || fcntl(config->access_log_fd, F_SETFL, mode | O_NONBLOCK))
            return fd;
    }
    return fcntl(config->access_log_fd, F_DUPFD_CLOEXEC, 0);
}

static bool take(struct sw_log *log, int fd)
{
    struct stat info;
    if (fd < 0 || fstat(fd, &info))
        return false;
    log->fd = fd;
    log->complete = S_ISREG(info.st_mode);
    log->socket = S_ISSOCK(info.st_mode);
    log->torn = false;
    return true;
}

const char *sw_log_open(struct sw_worker *worker)
{
    if (!worker->log.lines || take(&worker->log, open_log(worker->config)))
        return NULL;
    return worker->config->access_log ? "access_log" : "access_log_fd";
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* What could not be written is dropped, so that there is room for what can. */
static void drop(struct sw_worker *worker)
{
    struct sw_log *log = &worker->log;
    uint64_t lines = 0;
    for (uint32_t i = log->start; i < log->end; i++)
        lines += i > 0 && log->lines[i] == '\n' && log->lines[i - 1] != '\n';
    sw_count(&worker->metrics.dropped, lines);
    log->start = log->end = 0;
}

/* How many bytes are to be written at once: lines, all of them whole. */
static size_t batch(const struct sw_log *log)
{
    size_t n = log->end - log->start;
    if (log->complete || n <= LINE)
        return n;
    const char *from = log->lines + log->start;
    return (size_t)((const char *)memrchr(from, '\n', LINE) - from) + 1;
}

static void write_lines(struct sw_worker *worker)
{
    struct sw_log *log = &worker->log;
    log->retry_at = 0;
    while (log->start < log->end) {
        const char *from = log->lines + log->start;
        ssize_t n = log->socket ? send(log->fd, from, batch(log), MSG_DONTWAIT | MSG_NOSIGNAL)
                                : write(log->fd, from, batch(log));
        if (n > 0) {
            log->start += (uint32_t)n;
            log->torn = log->lines[log->start - 1] != '\n';
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            log->retry_at = worker->now + RETRY_AFTER;
            return;
        } else if (n == 0 || errno != EINTR) {
            drop(worker);
        }
    }
    log->start = log->end = 0;
}

/* Room for one more line, or NULL. */
static char *make_room(struct sw_worker *worker)
{
    struct sw_log *log = &worker->log;
    uint32_t size = worker->config->log_buffer;
    if (size - log->end < LINE && !log->retry_at)
        write_lines(worker);
    if (size - log->end < LINE && log->start) {
        uint32_t used = log->end - log->start;
        memmove(log->lines, log->lines + log->start, used);
        log->start = 0;
        log->end = used;
    }
    if (size - log->end < LINE) {
        sw_count(&worker->metrics.dropped, 1);
        return NULL;
    }
    if (log->torn && log->start == log->end)
        log->lines[log->end++] = '\n'; /* it ends a line whose own end was dropped */
    return log->lines + log->end;
}

static void note(struct sw_worker *worker, const struct entry *entry)
{
    struct sw_log *log = &worker->log;
    char *p = make_room(worker);
    if (!p)
        return;
    keep_stamp(worker);
    p = worker->config->log_format == SW_LOG_JSON ? put_json(p, entry, log->stamp)
                                                  : put_combined(p, entry, log->stamp);
    *p++ = '\n';
    log->end = (uint32_t)(p - log->lines);
}

void sw_log_exchange(struct sw_transaction *txn, bool complete)
{
    struct sw_worker *worker = txn->worker;
    note(worker, &(struct entry){
                     .head = txn->exchange.head,
                     .bytes = txn->exchange.bytes,
                     .client = sw_exchange_client(&txn->exchange),
                     .status = txn->status,
                     .body_bytes_sent = txn->body_bytes_sent -
                                        (txn->nocopy.n < txn->body_bytes_sent ? txn->nocopy.n : 0),
                     .milliseconds = worker->now - txn->began,
                     .error = (enum sw_error)txn->broken,
                     .at = txn->broken_at,
                     .timeout = (enum sw_wait)txn->timeout,
                     .complete = complete,
                 });
}

void sw_log_refuse(struct sw_worker *worker, struct sw_connection *connection,
                   struct sw_log_refusal refusal)
{
    if (!worker->log.lines)
        return;
    note(worker, &(struct entry){
                     .head = refusal.head,
                     .bytes = refusal.bytes,
                     .client = *sw_connection_client(worker, connection),
                     .status = refusal.status,
                     .body_bytes_sent = refusal.body_bytes_sent,
                     .error = refusal.error,
                     .at = refusal.at,
                     .timeout = refusal.timeout,
                 });
}

/* It stays with the file it has: whoever asked may not find lines where he looks for them. */
static void note_fault(struct sw_worker *worker, unsigned asked)
{
    const struct sw_server_error error = {.what = "access_log", .code = errno};
    if (worker->config->on_log_error && atomic_exchange(&worker->server->reported, asked) != asked)
        worker->config->on_log_error(&error);
    sw_count(&worker->metrics.not_reopened, 1);
}

/* What was written before the file was renamed still goes there. */
static void reopen(struct sw_worker *worker)
{
    struct sw_log *log = &worker->log;
    unsigned asked = atomic_load(&worker->server->reopen);
    int before = log->fd;
    if (asked == log->reopened)
        return;
    log->reopened = asked;
    if (!worker->config->access_log)
        return;
    write_lines(worker);
    if (take(log, open_log(worker->config)))
        close(before);
    else
        note_fault(worker, asked);
}

void sw_log_write(struct sw_worker *worker)
{
    struct sw_log *log = &worker->log;
    if (!log->lines)
        return;
    reopen(worker);
    if (log->start < log->end && log->retry_at <= worker->now)
        write_lines(worker);
}

void sw_log_close(struct sw_worker *worker)
{
    struct sw_log *log = &worker->log;
    if (log->fd < 0)
        return;
    write_lines(worker);
    drop(worker);
    close(log->fd);
    log->fd = -1;
}
