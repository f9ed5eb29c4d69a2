/* head.c - a head in the caller's buffer: parsing it, and finding fields in it. */
/* SPDX-License-Identifier: MIT */
#include "head.h"
#include "value.h"

_Static_assert(sizeof(struct sw_field) == 16, "four fields fill a cache line");
_Static_assert(sizeof(struct sw_head) % 64 == 0, "a head is made of whole cache lines");

void sw_head_init(struct sw_head *head, enum sw_kind kind, const struct sw_limits *limits)
{
    memset(head, 0, sizeof *head);
    head->kind = (uint8_t)kind;
    head->limits = sw_limits_or_default(limits);
}

/* The index by id is left as it is: sw_head_field() believes no entry that the fields do not bear
   out, so what an earlier head left in it does no harm. */
void sw_head_reset(struct sw_head *head)
{
    head->method = SW_METHOD_OTHER;
    head->status = 0;
    head->status_id = 0;
    head->minor = 0;
    head->start = 0;
    head->target = 0;
    head->target_len = 0;
    head->field_count = 0;
    head->length = 0;
    head->at = 0;
    head->error = SW_OK;
    head->state = SW_HEAD_START;
    head->empty_lines = 0;
    head->line = 0;
    head->repeats = false;
    head->mark = 0;
}

void sw_head_lend(struct sw_head *head, struct sw_field *more, size_t count)
{
    head->more = more;
    head->more_count = count < UINT16_MAX - SW_FIELDS_INLINE ? (uint16_t)count
                                                             : UINT16_MAX - SW_FIELDS_INLINE;
}

bool sw_head_fail(struct sw_head *head, enum sw_error error, size_t at)
{
    head->state = SW_HEAD_FAILED;
    head->error = (uint16_t)error;
    head->at = (uint32_t)at;
    return false;
}

void sw_head_put(struct sw_head *head, uint32_t i, struct sw_field field)
{
    uint32_t first = head->slot[field.id];

    if (first < i && sw_head_at(head, first)->id == field.id)
        head->repeats = true;
    else
        head->slot[field.id] = (uint16_t)i;
    if (i < SW_FIELDS_INLINE)
        head->fields[i] = field;
    else
        head->more[i - SW_FIELDS_INLINE] = field;
}

struct sw_head_part sw_head_trim(const char *buf, size_t from, size_t to)
{
    while (from < to && (buf[from] == ' ' || buf[from] == '\t'))
        from++;
    while (to > from && (buf[to - 1] == ' ' || buf[to - 1] == '\t'))
        to--;
    return (struct sw_head_part){(uint32_t)from, (uint32_t)to};
}

bool sw_head_add(struct sw_head *head, const char *buf, size_t colon, size_t end)
{
    size_t name_len = colon - head->line;
    struct sw_head_part value = sw_head_trim(buf, colon + 1, end);
    enum sw_header id = sw_header_find(buf + head->line, name_len);
    if (head->kind == SW_TRAILERS && sw_header_names[id].flags & SW_HEADER_F_NO_TRAILER)
        return sw_head_fail(head, SW_ERROR_FORBIDDEN_TRAILER, head->line);
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

/* RFC 9112 3.2: exactly one valid Host, or in HTTP/1.0 at most one.  An empty one is valid. */
static bool check_host(struct sw_head *head, const char *buf)
{
    const struct sw_field *field = sw_head_field(head, SW_HEADER_HOST);

    if (!field)
        return head->minor == 0 || sw_head_fail(head, SW_ERROR_HOST_MISSING, head->at - 2);
    size_t again = sw_head_again(head, head->slot[SW_HEADER_HOST]);
    if (again < head->field_count)
        return sw_head_fail(head, SW_ERROR_HOST_REPEATED, sw_head_at(head, again)->name);
    if (!sw_host_valid(sw_field_value(field, buf)))
        return sw_head_fail(head, SW_ERROR_BAD_HOST, field->value);
    return true;
}

/* The rest of a line that was cut, whole lines at a run, and byte by byte what is left of them: so no
   byte is looked at more than twice, however many pieces it comes in. */
static void take(struct sw_head *head, const char *buf, size_t len)
{
    if (head->state != SW_HEAD_START && head->state != SW_HEAD_FIELD)
        sw_head_step(head, buf, len, true);
    if (head->kind != SW_TRAILERS &&
        (head->state == SW_HEAD_START || head->state == SW_HEAD_FIELD))
        sw_head_fast(head, buf, len);
    if (head->state < SW_HEAD_WHOLE)
        sw_head_step(head, buf, len, false);
}

ptrdiff_t sw_head_parse(struct sw_head *head, const char *buf, size_t len)
{
    size_t limit = head->kind == SW_TRAILERS ? SW_LIMIT(head->limits, trailer_bytes)
                                             : SW_LIMIT(head->limits, head);

    take(head, buf, len < limit ? len : limit);
    if (head->state == SW_HEAD_WHOLE) {
        head->state = SW_HEAD_DONE;
        if (head->kind != SW_REQUEST || check_host(head, buf))
            head->length = head->at;
    } else if (head->state < SW_HEAD_WHOLE && len > limit) {
        sw_head_fail(head,
                     head->kind == SW_TRAILERS ? SW_ERROR_TRAILERS_TOO_LARGE
                                               : SW_ERROR_HEAD_TOO_LARGE,
                     limit);
    }
    return head->state == SW_HEAD_FAILED ? -(ptrdiff_t)head->error : (ptrdiff_t)head->length;
}

unsigned sw_head_error_status(const struct sw_head *head)
{
    if (head->error == SW_OK || head->kind == SW_REQUEST)
        return sw_error_infos[head->error].status;
    return SW_STATUS_BAD_REQUEST;
}

size_t sw_head_again(const struct sw_head *head, size_t i)
{
    uint16_t id = sw_head_at(head, i)->id;

    if (!head->repeats)
        return head->field_count;
    do
        i++;
    while (i < head->field_count && sw_head_at(head, i)->id != id);
    return i;
}

size_t sw_head_named(const struct sw_head *head, const char *buf, const char *name, size_t n)
{
    size_t i = 0;

    for (; i < head->field_count; i++) {
        if (sw_value_same(sw_field_name(sw_head_at(head, i), buf), (struct sw_span){name, n}))
            break;
    }
    return i;
}

/* What one line of Connection asks for; elements that are no tokens ask for nothing. */
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

    if (!sw_head_field(head, SW_HEADER_CONNECTION))
        return 0;
    for (size_t i = head->slot[SW_HEADER_CONNECTION]; i < head->field_count;
         i = sw_head_again(head, i))
        options |= options_of(sw_field_value(sw_head_at(head, i), buf));
    return options;
}

bool sw_head_keep_alive(const struct sw_head *head, const char *buf)
{
    unsigned options = sw_head_options(head, buf);

    return !(options & SW_OPTION_CLOSE) && (head->minor > 0 || options & SW_OPTION_KEEP_ALIVE);
}

bool sw_head_expects_continue(const struct sw_head *head, const char *buf)
{
    if (head->kind != SW_REQUEST || head->minor == 0 || !sw_head_field(head, SW_HEADER_EXPECT))
        return false;
    for (size_t i = head->slot[SW_HEADER_EXPECT]; i < head->field_count;
         i = sw_head_again(head, i))
        if (sw_list_has_token(sw_field_value(sw_head_at(head, i), buf), "100-continue"))
            return true;
    return false;
}
