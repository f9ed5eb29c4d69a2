/* files.c - serves a directory: names, conditions, ranges. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "server/openat.h"
#include "server/response.h"
#include "server/transaction.h"
#include "server/worker_state.h"
#include "shockwave_server.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/limit.h"
#include "shockwave_values.h"

/*
 *     path --resolve--> name --open_file--> descriptor, fstat --choose_coding--> validate
 *          --evaluate--> 304, 412, 416; or 200, 206 with the ranges in pieces (on_writable)
 *
 * Once the file is open, the response depends only on the descriptor and its fstat(2): when the
 * file is replaced, the client still gets a consistent response, the old content with the old tag.
 * The content is sent by sendfile(2), zero-copy.
 */

enum {
    LONGEST = sizeof "index.html.zst",
    RANGES = 16,     /* in one request; with more, the field is ignored */
    PART_HEAD = 512, /* max bytes before a part of multipart/byteranges */
    PIECE = 1 << 20, /* sent before the next connection is processed */
};

#define ALLOWED SW_SPAN("GET, HEAD, OPTIONS")

/* Followed by the boundary in sw_files.multipart. */
static const char multipart[] = "multipart/byteranges; boundary=";

/* A response in progress, in exchange->scratch. */
struct transfer {
    const struct sw_files *files;
    const struct sw_media_info *media;
    struct sw_span coding; /* for Content-Encoding; p is NULL for the file as it is */
    int fd;
    uint64_t length;  /* of the file */
    int64_t modified; /* seconds since 1970 */
    struct sw_span etag;
    char etag_bytes[64];
    struct sw_range ranges[RANGES]; /* to send */
    size_t range_count, range;      /* `range` is the next one */
    uint64_t at;                    /* the next byte of it */
    bool is_index;                  /* the path ends with a slash; `name` is that of the index */
    char name[];                    /* starts with a slash; LONGEST bytes are free after it */
};

static struct transfer *transfer_of(const struct sw_exchange *exchange)
{
    return (struct transfer *)(void *)exchange->scratch;
}

/* ---- Responses without a file --------------------------------------------------------------- */

/* Responds with the reason phrase as text, and a field unless its id is SW_HEADER_OTHER. */
static void respond_status(struct sw_exchange *exchange, unsigned status, enum sw_header id,
                           struct sw_span value)
{
    const struct sw_status_info *info = sw_status_find(status);
    const size_t version = sizeof "HTTP/1.1";
    struct sw_span text = {info->line + version, info->line_len - version};
    if (info->flags & SW_STATUS_F_NO_CONTENT)
        text.n = 0;
    sw_reply_begin(exchange, status, text.n);
    if (id != SW_HEADER_OTHER)
        sw_reply_field(exchange, id, value);
    if (text.n)
        sw_reply_field(exchange, SW_HEADER_CONTENT_TYPE, SW_SPAN("text/plain; charset=utf-8"));
    sw_reply_write(exchange, text);
    sw_reply_end(exchange);
}

/* Writes part of a URI reference.  A lenient parser may have accepted bytes that RFC 3986 does not
   allow: those are percent-encoded.  RFC 9110 10.2.2. */
static void write_reference(struct sw_writer *out, const char *p, const char *end)
{
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        const char encoded[] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
        bool encodes =
            end - p > 2 && sw_byte_is(p[1], SW_BYTE_HEX) && sw_byte_is(p[2], SW_BYTE_HEX);
        if (c == '%' ? encodes : sw_byte_is(*p, SW_BYTE_TARGET))
            sw_write_bytes(out, p, 1);
        else
            sw_write_bytes(out, encoded, sizeof encoded);
    }
}

/*
 * Redirects to the path with a slash after it, so that relative links in the directory's index are
 * resolved inside it.  The reference is relative, which is correct after any prefix that a proxy
 * removed; with `./` a colon in the segment ends no scheme.
 */
static void redirect(struct sw_exchange *exchange, struct sw_span path)
{
    struct sw_span target = sw_exchange_target(exchange);
    const char *query = memchr(target.p, '?', target.n);
    const char *segment = memrchr(path.p, '/', path.n);
    const char *end = path.p + path.n;
    size_t size = exchange->scratch_size < 4096 ? exchange->scratch_size : 4096;
    struct sw_writer location = {.p = exchange->scratch, .size = size};
    segment = segment ? segment + 1 : path.p;
    sw_write_bytes(&location, "./", 2);
    write_reference(&location, segment, end);
    sw_write_bytes(&location, "/", 1);
    if (query)
        write_reference(&location, query, target.p + target.n);
    if (location.error)
        respond_status(exchange, SW_STATUS_URI_TOO_LONG, SW_HEADER_OTHER,
                       (struct sw_span){NULL, 0});
    else
        respond_status(exchange, SW_STATUS_MOVED_PERMANENTLY, SW_HEADER_LOCATION,
                       (struct sw_span){location.p, location.n});
}

/* ---- Names ---------------------------------------------------------------------------------- */

/* "%2F" is a slash in a name, which no file has; sw_percent_decode() does not decode it. */
static bool hides_slash(struct sw_span path)
{
    for (size_t i = 0; i + 2 < path.n; i++)
        if (path.p[i] == '%' && path.p[i + 1] == '2' && (path.p[i + 2] | 0x20) == 'f')
            return true;
    return false;
}

/* Is no segment empty, or hidden by a leading dot? */
static bool is_public(const struct sw_files *files, const char *name)
{
    static const char well_known[] = "/.well-known/";
    if (strncmp(name, well_known, sizeof well_known - 1) == 0)
        name += sizeof well_known - 2;
    for (; (name = strchr(name, '/')); name++)
        if (name[1] == '/' || (name[1] == '.' && !files->dotfiles))
            return false;
    return true;
}

/* Sets the name.  False when no file can have it. */
static bool resolve(struct transfer *transfer, struct sw_span path, size_t room)
{
    static const char index[] = "index.html";
    char *name = transfer->name;
    if (room < 1 + LONGEST || (path.n && !path.p) || hides_slash(path))
        return false;
    if (path.n && *path.p == '/')
        path = (struct sw_span){path.p + 1, path.n - 1};
    ptrdiff_t n = sw_percent_decode(path, 0, name + 1, room - 1 - LONGEST);
    if (n < 0)
        return false;
    name[0] = '/';
    size_t len = sw_path_normalise(name, (size_t)n + 1);
    transfer->is_index = name[len - 1] == '/';
    if (transfer->is_index) {
        memcpy(name + len, index, sizeof index - 1);
        len += sizeof index - 1;
    }
    name[len] = '\0';
    return is_public(transfer->files, name);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static int open_file(struct transfer *transfer, struct stat *info)
{
    return sw_openat_open(transfer->files, transfer->name + 1, info);
}

/* Replaces the file by its compressed variant in the coding that the client prefers, if any. */
static void choose_coding(struct transfer *transfer, const struct sw_exchange *exchange,
                          struct stat *info)
{
    struct sw_span offers[] = {SW_SPAN("br"), SW_SPAN("zstd"), SW_SPAN("gzip"),
                               SW_SPAN("identity")};
    size_t count = sizeof offers / sizeof *offers;
    char *end = transfer->name + strlen(transfer->name);
    for (;;) {
        ptrdiff_t i = sw_head_accept_coding_choose(exchange->head, exchange->bytes, offers, count);
        if (i < 0 || (size_t)i == count - 1)
            return;
        struct stat other;
        strcpy(end, offers[i].p[0] == 'b' ? ".br" : offers[i].p[0] == 'z' ? ".zst" : ".gz");
        int fd = open_file(transfer, &other);
        if (fd >= 0) {
            close(transfer->fd);
            transfer->fd = fd;
            transfer->coding = offers[i];
            *info = other;
            return;
        }
        count--;
        memmove(offers + i, offers + i + 1, (count - (size_t)i) * sizeof *offers);
    }
}

/* ---- Validators ----------------------------------------------------------------------------- */

static char *put_hex(char *to, uint64_t number)
{
    int shift = 60;
    while (shift > 0 && number >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        *to++ = "0123456789abcdef"[number >> shift & 15];
    return to;
}

/*
 * The tag consists of size, modification time and coding, without inode and ctime, which differ
 * between machines.  Its resolution is that of the kernel's clock: within the second of the
 * modification the content may change again without a change of the tag, so until that second is
 * over the tag is weak.  RFC 9110 8.8.1, 8.8.3.3.
 */
static void validate(struct transfer *transfer, const struct stat *info, int64_t now)
{
    char *start = transfer->etag_bytes, *p = start;
    if (info->st_mtim.tv_sec >= now) {
        *p++ = 'W';
        *p++ = '/';
    }
    *p++ = '"';
    p = put_hex(p, (uint64_t)info->st_size);
    *p++ = '-';
    p = put_hex(p, (uint64_t)info->st_mtim.tv_sec * 1000000000 + (uint64_t)info->st_mtim.tv_nsec);
    if (transfer->coding.n) {
        *p++ = '-';
        memcpy(p, transfer->coding.p, transfer->coding.n);
        p += transfer->coding.n;
    }
    *p++ = '"';
    transfer->etag = (struct sw_span){start, (size_t)(p - start)};
    transfer->length = (uint64_t)info->st_size;
    /* RFC 9110 8.8.2.1: never later than Date. */
    transfer->modified = info->st_mtim.tv_sec < now ? info->st_mtim.tv_sec : now;
}

static enum sw_condition evaluate(const struct sw_exchange *exchange,
                                  const struct transfer *transfer, int64_t now)
{
    struct sw_representation current = {
        .exists = true, .dated = true, .modified = transfer->modified};
    sw_etag_parse(transfer->etag, &current.etag);
    return sw_head_conditions_evaluate(exchange->head, exchange->bytes, &current, now);
}

/* The fields that 200, 206 and 304 have in common.  RFC 9110 15.4.5. */
static void write_validators(struct sw_exchange *exchange, const struct transfer *transfer)
{
    const char *cache_control = transfer->files->cache_control;
    char date[SW_DATE_LEN];
    sw_reply_field(exchange, SW_HEADER_ETAG, transfer->etag);
    sw_reply_field(exchange, SW_HEADER_LAST_MODIFIED,
                   (struct sw_span){date, sw_date_format(transfer->modified, date)});
    if (cache_control)
        sw_reply_field(exchange, SW_HEADER_CACHE_CONTROL,
                       (struct sw_span){cache_control, strlen(cache_control)});
    if (transfer->files->precompressed)
        sw_reply_field(exchange, SW_HEADER_VARY, SW_SPAN("Accept-Encoding"));
}

/* ---- Content -------------------------------------------------------------------------------- */

static struct sw_span media_type(const struct transfer *transfer)
{
    return (struct sw_span){transfer->media->type, transfer->media->type_len};
}

static struct sw_span format_content_range(const struct transfer *transfer, size_t i,
                                           char text[SW_CONTENT_RANGE_MAX])
{
    const struct sw_content_range range = {transfer->ranges[i], transfer->length, .has_range = true,
                                           .has_length = true};
    return (struct sw_span){text, sw_content_range_format(&range, text)};
}

/* The boundary and the head before the i-th part; for i == range_count, the closing boundary.
   RFC 9110 14.6, RFC 2046 5.1.1. */
static size_t format_part(const struct transfer *transfer, size_t i, char memory[PART_HEAD])
{
    const char *boundary = transfer->files->multipart + sizeof multipart - 1;
    char range[SW_CONTENT_RANGE_MAX];
    struct sw_writer out = {.p = memory, .size = PART_HEAD};
    sw_write_bytes(&out, "\r\n--", 4);
    sw_write_bytes(&out, boundary, strlen(boundary));
    if (i == transfer->range_count) {
        sw_write_bytes(&out, "--\r\n", 4);
        return out.n;
    }
    sw_write_bytes(&out, "\r\n", 2);
    sw_write_field(&out, SW_HEADER_CONTENT_TYPE, media_type(transfer));
    sw_write_field(&out, SW_HEADER_CONTENT_RANGE, format_content_range(transfer, i, range));
    sw_write_end(&out);
    return out.n;
}

static uint64_t content_length(const struct transfer *transfer)
{
    char memory[PART_HEAD];
    uint64_t n = 0;
    for (size_t i = 0; i < transfer->range_count; i++)
        n += transfer->ranges[i].last - transfer->ranges[i].first + 1;
    if (transfer->range_count > 1)
        for (size_t i = 0; i <= transfer->range_count; i++)
            n += format_part(transfer, i, memory);
    return n;
}

/* It fits: a handler is called with space for a response, on_writable with an empty buffer. */
static void send_part(struct sw_exchange *exchange, const struct transfer *transfer)
{
    char memory[PART_HEAD];
    if (transfer->range_count > 1)
        sw_reply_write(exchange,
                       (struct sw_span){memory, format_part(transfer, transfer->range, memory)});
}

/* The hook on_writable: sends the next piece. */
static void proceed(struct sw_exchange *exchange)
{
    struct transfer *transfer = transfer_of(exchange);
    const struct sw_range *range = &transfer->ranges[transfer->range];
    uint64_t left = range->last - transfer->at + 1;
    size_t n = left < PIECE ? (size_t)left : PIECE;
    if (transfer->at == range->first)
        send_part(exchange, transfer);
    sw_reply_file(exchange, transfer->fd, transfer->at, n);
    transfer->at += n;
    if (n < left)
        return;
    transfer->range++;
    if (transfer->range < transfer->range_count) {
        transfer->at = range[1].first;
        return;
    }
    send_part(exchange, transfer);
    sw_reply_end(exchange);
}

static void finish(struct sw_exchange *exchange, bool complete)
{
    (void)complete;
    close(transfer_of(exchange)->fd);
}

static const struct sw_hooks hooks = {.on_writable = proceed, .on_complete = finish};

/* Responds 200 with the file, or 206 with the ranges. */
static void send_file(struct sw_exchange *exchange, struct transfer *transfer, unsigned status)
{
    char range[SW_CONTENT_RANGE_MAX];
    sw_reply_begin(exchange, status, content_length(transfer));
    struct sw_span type = media_type(transfer);
    if (transfer->range_count > 1)
        type = (struct sw_span){transfer->files->multipart, strlen(transfer->files->multipart)};
    else if (status == SW_STATUS_PARTIAL_CONTENT)
        sw_reply_field(exchange, SW_HEADER_CONTENT_RANGE,
                       format_content_range(transfer, 0, range));
    sw_reply_field(exchange, SW_HEADER_CONTENT_TYPE, type);
    if (transfer->coding.p)
        sw_reply_field(exchange, SW_HEADER_CONTENT_ENCODING, transfer->coding);
    sw_reply_field(exchange, SW_HEADER_ACCEPT_RANGES, SW_SPAN("bytes"));
    write_validators(exchange, transfer);
    transfer->range = 0;
    transfer->at = transfer->ranges[0].first;
    if (exchange->head->method == SW_METHOD_HEAD)
        sw_reply_end(exchange);
    else
        proceed(exchange);
}

/*
 * Sets the ranges to send: those of the field, or the file.  Of a compressed file only one range is
 * sent: Content-Encoding would apply to multipart/byteranges, not to its parts.
 */
static enum sw_range_result choose_ranges(struct transfer *transfer, struct sw_span field)
{
    enum sw_range_result result = SW_RANGE_IGNORE;
    transfer->range_count = transfer->coding.p ? 1 : RANGES;
    if (field.p)
        result =
            sw_range_evaluate(field, transfer->length, transfer->ranges, &transfer->range_count);
    if (result == SW_RANGE_IGNORE) {
        /* Without content the last position wraps, and content_length() wraps it back. */
        transfer->ranges[0] = (struct sw_range){0, transfer->length - 1};
        transfer->range_count = 1;
    }
    return result;
}

static void refuse_ranges(struct sw_exchange *exchange, const struct transfer *transfer)
{
    char text[SW_CONTENT_RANGE_MAX];
    const struct sw_content_range range = {.length = transfer->length, .has_length = true};
    respond_status(exchange, SW_STATUS_RANGE_NOT_SATISFIABLE, SW_HEADER_CONTENT_RANGE,
                   (struct sw_span){text, sw_content_range_format(&range, text)});
}

static void send_not_modified(struct sw_exchange *exchange, const struct transfer *transfer)
{
    sw_reply_begin(exchange, SW_STATUS_NOT_MODIFIED, SW_LENGTH_UNKNOWN);
    write_validators(exchange, transfer);
    sw_reply_end(exchange);
}

static void respond(struct sw_exchange *exchange, struct transfer *transfer, int64_t now)
{
    struct sw_span ranges = {NULL, 0};
    switch (evaluate(exchange, transfer, now)) {
    case SW_CONDITION_FAILED:
        respond_status(exchange, SW_STATUS_PRECONDITION_FAILED, SW_HEADER_OTHER,
                       (struct sw_span){NULL, 0});
        return;
    case SW_CONDITION_NOT_MODIFIED:
        send_not_modified(exchange, transfer);
        return;
    case SW_CONDITION_RANGE:
        ranges = sw_head_value(exchange->head, exchange->bytes, SW_HEADER_RANGE);
        break;
    case SW_CONDITION_PROCEED:
        break;
    }
    switch (choose_ranges(transfer, ranges)) {
    case SW_RANGE_IGNORE:
        send_file(exchange, transfer, SW_STATUS_OK);
        break;
    case SW_RANGE_PARTIAL:
        send_file(exchange, transfer, SW_STATUS_PARTIAL_CONTENT);
        break;
    case SW_RANGE_UNSATISFIABLE:
        refuse_ranges(exchange, transfer);
        break;
    }
}

/* ---- Serving -------------------------------------------------------------------------------- */

/* The status for a file that could not be opened. */
static unsigned status_of(int error, bool is_index)
{
    switch (error) {
    case EISDIR:
        return is_index ? SW_STATUS_NOT_FOUND : SW_STATUS_MOVED_PERMANENTLY;
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:
    case EINVAL: /* this kind of file system cannot have the name */
    case EILSEQ:
        return SW_STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
        return SW_STATUS_FORBIDDEN;
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ESTALE:
    case ETIMEDOUT:
        return SW_STATUS_SERVICE_UNAVAILABLE;
    default:
        return SW_STATUS_INTERNAL_SERVER_ERROR;
    }
}

/* Opens what the path names: 0, or the status of the response. */
static unsigned find(struct transfer *transfer, struct sw_span path, size_t room, struct stat *info)
{
    if (!resolve(transfer, path, room))
        return SW_STATUS_NOT_FOUND;
    transfer->fd = open_file(transfer, info);
    return transfer->fd >= 0 ? 0 : status_of(errno, transfer->is_index);
}

/* The path of the request, if it is a prefix without its slash: the handler has removed all of it.
   Links in the index would be resolved in the parent directory.  Otherwise empty. */
static struct sw_span bare_prefix(const struct sw_exchange *exchange, struct sw_span path)
{
    const char *own = sw_exchange_path(exchange);
    size_t n = path.n ? 0 : strcspn(own, " ?");
    return (struct sw_span){own, n && own[n - 1] != '/' ? n : 0};
}

static void serve(const struct sw_files *files, struct sw_exchange *exchange, struct sw_span path)
{
    const int64_t now = sw_transaction_of(exchange)->worker->date.second;
    struct transfer *transfer = transfer_of(exchange);
    struct sw_span prefix = bare_prefix(exchange, path);
    struct stat info;
    if (prefix.n) {
        redirect(exchange, prefix);
        return;
    }
    *transfer = (struct transfer){.files = files};
    unsigned status = find(transfer, path, exchange->scratch_size - sizeof *transfer, &info);
    if (status == SW_STATUS_MOVED_PERMANENTLY) {
        redirect(exchange, path);
        return;
    }
    if (status) {
        respond_status(exchange, status, SW_HEADER_OTHER, (struct sw_span){NULL, 0});
        return;
    }
    exchange->hooks = &hooks;
    transfer->media = sw_media_find((struct sw_span){transfer->name, strlen(transfer->name)});
    if (files->precompressed && sw_head_field(exchange->head, SW_HEADER_ACCEPT_ENCODING))
        choose_coding(transfer, exchange, &info);
    validate(transfer, &info, now);
    respond(exchange, transfer, now);
}

void sw_files_serve(const struct sw_files *files, struct sw_exchange *exchange, struct sw_span path)
{
    if (!sw_transaction_may_respond(exchange))
        return;
    exchange->hooks = NULL;
    switch (exchange->head->method) {
    case SW_METHOD_GET:
    case SW_METHOD_HEAD:
        if (exchange->scratch_size >= sizeof(struct transfer))
            serve(files, exchange, path);
        break; /* otherwise no response begins, and the server responds 500 */
    case SW_METHOD_OPTIONS:
        respond_status(exchange, SW_STATUS_NO_CONTENT, SW_HEADER_ALLOW, ALLOWED);
        break;
    case SW_METHOD_OTHER:
        respond_status(exchange, SW_STATUS_NOT_IMPLEMENTED, SW_HEADER_OTHER,
                       (struct sw_span){NULL, 0});
        break;
    default:
        respond_status(exchange, SW_STATUS_METHOD_NOT_ALLOWED, SW_HEADER_ALLOW, ALLOWED);
    }
}

uint32_t sw_files_scratch(const struct sw_limits *limits)
{
    uint32_t target = SW_LIMIT(sw_limits_or_default(limits), target);
    uint32_t name = target < PATH_MAX ? target : PATH_MAX;
    return (uint32_t)sizeof(struct transfer) + 1 + name + LONGEST;
}

/* Is it valid as a field value, and not too long? */
static bool is_cache_control(const char *value)
{
    char line[SW_CACHE_CONTROL_MAX + sizeof "Cache-Control: \r\n"];
    struct sw_writer out = {.p = line, .size = sizeof line - 1};
    sw_write_field(&out, SW_HEADER_CACHE_CONTROL, (struct sw_span){value, strlen(value)});
    return *value && !out.error;
}

int sw_files_open(struct sw_files *files)
{
    if (!files->root || files->symlinks > SW_SYMLINKS_OFF ||
        (files->cache_control && !is_cache_control(files->cache_control)))
        return EINVAL;
    /* Unpredictable, so that no file can contain the boundary on purpose. */
    uint64_t random[2];
    ssize_t n;
    do /* it waits, and a signal ends that, until the kernel has gathered randomness */
        n = getrandom(random, sizeof random, 0);
    while (n < 0 && errno == EINTR);
    if (n != sizeof random)
        return n < 0 ? errno : EIO;
    memcpy(files->multipart, multipart, sizeof multipart - 1);
    char *end = put_hex(files->multipart + sizeof multipart - 1, random[0]);
    *put_hex(end, random[1]) = '\0';

    return sw_openat_begin(files);
}

void sw_files_close(struct sw_files *files)
{
    sw_openat_end(files);
}
