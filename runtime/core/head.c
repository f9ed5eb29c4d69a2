/* head.c - a head in the caller's buffer: parsing it, and looking up its fields. */
/* SPDX-License-Identifier: MIT */
#include "core/head.h"
#include "core/field_name.h"
#include "values/value.h"

_Static_assert(sizeof(struct sw_field) == 16, "four fields fill a cache line");
_Static_assert(sizeof(struct sw_head) % 64 == 0, "a head fills its cache lines");

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void sw_head_init(struct sw_head *head, enum sw_kind kind, const struct sw_limits *limits)
{
    memset(head, 0, sizeof *head);
    head->kind = (uint8_t)kind;
    head->first = 1;
    head->limits = limits = sw_limits_or_default(limits);
    head->max.method = SW_LIMIT(limits, method);
    head->max.target = SW_LIMIT(limits, target);
    head->max.line = SW_LIMIT(limits, field_line);
    head->max.head = kind == SW_TRAILERS ? SW_LIMIT(limits, trailer_bytes) : SW_LIMIT(limits, head);
    head->max.name = (uint16_t)least(SW_LIMIT(limits, field_name), UINT16_MAX);
    head->max.offset = (uint16_t)least(head->max.head, SW_HEAD_FAST_MAX);
    sw_head_attach_fields(head, NULL, 0);
}

/* The index by id is not cleared: its entries count from `first`, which is now after all of them.
   sw_head_field() compares an entry to the id of its field, so that an entry from 65536 fields ago
   does no harm either. */
void sw_head_reset(struct sw_head *head)
{
    head->first = (uint16_t)(head->first + head->field_count);
    memset(head, 0, offsetof(struct sw_head, kind));
}

void sw_head_attach_fields(struct sw_head *head, struct sw_field *more, size_t count)
{
    const struct sw_limits *limits = head->limits;
    uint32_t max =
        head->kind == SW_TRAILERS ? SW_LIMIT(limits, trailers) : SW_LIMIT(limits, fields);

    head->more = more;
    head->more_count =
        count < UINT16_MAX - SW_FIELDS_INLINE ? (uint16_t)count : UINT16_MAX - SW_FIELDS_INLINE;
    head->max.fields = (uint16_t)least(max, SW_FIELDS_INLINE + (uint32_t)head->more_count);
    head->max.fast_fields = (uint16_t)least(head->max.fields, SW_FIELDS_INLINE);
    /* What one block can contain must be within the limits: up to 12 fields, for example. */
    if (head->max.fields < 12 || head->max.method < 31 || head->max.name < 32 ||
        head->max.target < 64 || head->max.line < 64 || head->max.head < 128)
        head->max.fast_fields = 0;
}

bool sw_head_fail(struct sw_head *head, enum sw_error error, size_t at)
{
    head->state = SW_HEAD_FAILED;
    head->error = (uint16_t)error;
    head->at = (uint32_t)at;
    return false;
}

struct sw_head_part sw_head_trim(const char *buf, size_t from, size_t to)
{
    while (from < to && (buf[from] == ' ' || buf[from] == '\t'))
        from++;
    while (to > from && (buf[to - 1] == ' ' || buf[to - 1] == '\t'))
        to--;
    return (struct sw_head_part){(uint32_t)from, (uint32_t)to};
}

/* Dropped with SW_LENIENT_TRAILERS, but never a field that decides where the message ends. */
static bool forbidden_trailer(struct sw_head *head, enum sw_header id)
{
    if (sw_head_lenient(head, SW_LENIENT_TRAILERS) &&
        !(sw_header_names[id].flags & SW_HEADER_F_FRAMING))
        return true;
    return sw_head_fail(head, SW_ERROR_FORBIDDEN_TRAILER, head->line);
}

bool sw_head_add(struct sw_head *head, const char *buf, size_t colon, size_t end)
{
    size_t name_len = colon - head->line;
    struct sw_head_part value = sw_head_trim(buf, colon + 1, end);
    enum sw_header id = sw_header_find_swar(buf + head->line, name_len);
    if (head->kind == SW_TRAILERS && sw_header_names[id].flags & SW_HEADER_F_NO_TRAILER)
        return forbidden_trailer(head, id);
    sw_head_put(head, head->field_count++,
                (struct sw_field){
                    .name = head->line,
                    .name_len = (uint16_t)name_len,
                    .id = (uint16_t)id,
                    .value = value.from,
                    .value_len = value.to - value.from,
                });
    return true;
}

/* RFC 9112 3.2: exactly one valid Host, or none in HTTP/1.0.  An empty one is valid.  Not inlined:
   other callers of sw_head_finish() need no stack for it. */
static __attribute__((noinline)) bool check_host(struct sw_head *head, const char *buf)
{
    const struct sw_field *field = sw_head_field(head, SW_HEADER_HOST);

    if (!field)
        return head->minor == 0 || sw_head_fail(head, SW_ERROR_HOST_MISSING, head->at - 2);
    const struct sw_field *second = sw_head_next_field(head, field);
    if (second)
        return sw_head_fail(head, SW_ERROR_HOST_REPEATED, second->name);
    if (!sw_host_valid(sw_field_value(field, buf)))
        return sw_head_fail(head, SW_ERROR_BAD_HOST, field->value);
    return true;
}

ptrdiff_t sw_head_finish(struct sw_head *head, const char *buf, size_t len)
{
    size_t max = head->max.head;

    SW_PATH(HEAD_FINISH);
    if (head->state < SW_HEAD_COMPLETE)
        sw_head_step(head, buf, len < max ? len : max, false);
    if (head->state == SW_HEAD_COMPLETE) {
        head->state = SW_HEAD_DONE;
        if (head->kind != SW_REQUEST || check_host(head, buf))
            head->length = head->at;
    } else if (head->state < SW_HEAD_COMPLETE && len > max) {
        sw_head_fail(
            head, head->kind == SW_TRAILERS ? SW_ERROR_TRAILERS_TOO_LARGE : SW_ERROR_HEAD_TOO_LARGE,
            max);
    }
    return head->state == SW_HEAD_FAILED ? -(ptrdiff_t)head->error : (ptrdiff_t)head->length;
}

static bool at_line(const struct sw_head *head)
{
    return (head->state == SW_HEAD_START || head->state == SW_HEAD_FIELD) &&
           head->kind != SW_TRAILERS;
}

/* Finishes a partial line byte by byte, then returns to the fast path: no byte is parsed more than
   twice, in however many pieces the head comes. */
static __attribute__((noinline)) ptrdiff_t resume(struct sw_head *head, const char *buf, size_t len)
{
    size_t max = head->max.head;

    if (head->kind != SW_TRAILERS && head->state < SW_HEAD_COMPLETE)
        sw_head_step(head, buf, len < max ? len : max, true);
    return at_line(head) ? sw_head_fast(head, buf, len) : sw_head_finish(head, buf, len);
}

ptrdiff_t sw_head_parse(struct sw_head *head, const char *buf, size_t len)
{
    return at_line(head) ? sw_head_fast(head, buf, len) : resume(head, buf, len);
}

unsigned sw_head_error_status(const struct sw_head *head)
{
    if (head->error == SW_OK || head->kind == SW_REQUEST)
        return sw_error_infos[head->error].status;
    return SW_STATUS_BAD_REQUEST;
}

static size_t index_of(const struct sw_head *head, const struct sw_field *field)
{
    uintptr_t offset = (uintptr_t)field - (uintptr_t)head->fields;

    return offset < sizeof head->fields ? offset / sizeof *field
                                        : SW_FIELDS_INLINE + (size_t)(field - head->more);
}

const struct sw_field *sw_head_next_field(const struct sw_head *head, const struct sw_field *field)
{
    uint16_t id = field->id;

    if (!head->repeats && id != SW_HEADER_OTHER)
        return NULL;
    for (size_t i = index_of(head, field) + 1; i < head->field_count; i++)
        if ((field = sw_head_at(head, i))->id == id)
            return field;
    return NULL;
}

const struct sw_field *sw_head_field_named(const struct sw_head *head, const char *buf,
                                           struct sw_span name)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *field = sw_head_at(head, i);
        if (sw_value_same(sw_field_name(field, buf), name))
            return field;
    }
    return NULL;
}

/* The options of one Connection line; elements that are no tokens are ignored. */
static unsigned options_of(struct sw_span value)
{
    unsigned options = 0;
    struct sw_span element;

    while (sw_list_next(&value, &element) > 0)
        if (sw_token_is(element, "close"))
            options |= SW_OPTION_CLOSE;
        else if (sw_token_is(element, "keep-alive"))
            options |= SW_OPTION_KEEP_ALIVE;
        else if (sw_token_is(element, "upgrade"))
            options |= SW_OPTION_UPGRADE;
    return options;
}

unsigned sw_head_options(const struct sw_head *head, const char *buf)
{
    unsigned options = 0;

    for (const struct sw_field *field = sw_head_field(head, SW_HEADER_CONNECTION); field;
         field = sw_head_next_field(head, field))
        options |= options_of(sw_field_value(field, buf));
    return options;
}

bool sw_head_keep_alive(const struct sw_head *head, const char *buf)
{
    unsigned options = sw_head_options(head, buf);

    if (options & SW_OPTION_CLOSE)
        return false;
    /* RFC 9112 6.1: HTTP/1.0 with Transfer-Encoding has faulty framing, even without a body. */
    return head->minor > 0 ||
           (options & SW_OPTION_KEEP_ALIVE && !sw_head_field(head, SW_HEADER_TRANSFER_ENCODING));
}

bool sw_head_expects_continue(const struct sw_head *head, const char *buf)
{
    if (head->kind != SW_REQUEST || head->minor == 0)
        return false;
    for (const struct sw_field *field = sw_head_field(head, SW_HEADER_EXPECT); field;
         field = sw_head_next_field(head, field))
        if (sw_list_has_token(sw_field_value(field, buf), "100-continue"))
            return true;
    return false;
}

/* `name` or `name/version`, with a case-insensitive name.  RFC 9110 7.8. */
static bool same_protocol(struct sw_span a, struct sw_span b)
{
    const char *slash = memchr(a.p, '/', a.n);
    size_t name = slash ? (size_t)(slash - a.p) : a.n;

    return a.n == b.n && sw_value_same((struct sw_span){a.p, name}, (struct sw_span){b.p, name}) &&
           (name == a.n || memcmp(a.p + name, b.p + name, a.n - name) == 0);
}

static bool has_protocol(struct sw_span list, struct sw_span protocol)
{
    struct sw_span element;

    while (sw_list_next(&list, &element) > 0)
        if (same_protocol(element, protocol))
            return true;
    return false;
}

bool sw_head_switches_to(const struct sw_head *head, const char *buf, struct sw_span offered,
                         struct sw_span *protocol)
{
    struct sw_span named = {0}, element;

    for (const struct sw_field *field = sw_head_field(head, SW_HEADER_UPGRADE); field;
         field = sw_head_next_field(head, field)) {
        struct sw_span value = sw_field_value(field, buf);
        int got;
        while ((got = sw_list_next(&value, &element)) > 0) {
            if (!has_protocol(offered, element))
                return false;
            named = element;
        }
        if (got < 0)
            return false;
    }
    if (head->status != SW_STATUS_SWITCHING_PROTOCOLS || named.n == 0)
        return false;
    if (protocol)
        *protocol = named;
    return true;
}
