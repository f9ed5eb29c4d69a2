/* reading.c - filling in a reading. */
/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

/* The fields are not cleared, which is faster: field_count is 0. */
static void begin(struct reading *out)
{
    struct message *message = reading_message(out);
    size_t fields = offsetof(struct message, fields);
    size_t after = fields + sizeof message->fields;

    memset(message, 0, fields);
    memset((char *)message + after, 0, sizeof *message - after);
    message->content.p = out->content + out->content_len;
}

void reading_init(struct reading *out)
{
    out->count = 0;
    out->ending = ENDS_WELL;
    out->error = NULL;
    out->content_len = 0;
    begin(out);
}

void reading_field(struct reading *out, struct sw_span name, struct sw_span value)
{
    struct message *message = reading_message(out);

    if (message->field_count < READING_FIELDS)
        message->fields[message->field_count++] = (struct reading_field){name, value};
}

void reading_content(struct reading *out, const char *p, size_t n)
{
    if (n > READING_CONTENT - out->content_len)
        abort();
    memcpy(out->content + out->content_len, p, n);
    out->content_len += n;
    reading_message(out)->content.n += n;
}

bool reading_end(struct reading *out, enum framing framing, bool keep_alive, size_t end)
{
    struct message *message = reading_message(out);

    message->framing = framing;
    message->keep_alive = keep_alive;
    message->end = end;
    out->count++;
    begin(out);
    if (out->count == READING_MESSAGES)
        out->ending = ENDS_FULL;
    return keep_alive && out->count < READING_MESSAGES;
}
