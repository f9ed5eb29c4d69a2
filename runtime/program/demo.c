/* demo.c - the pages of the demonstration. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shockwave_values.h"
#include "sw_demo_dispatch.h"

static const char index_page[] =
    "<!doctype html>\n"
    "<html lang=en>\n"
    "<meta charset=utf-8>\n"
    "<meta name=viewport content='width=device-width'>\n"
    "<meta name=color-scheme content='light dark'>\n"
    "<title>Shockwave</title>\n"
    "<link rel=icon href='data:,'>\n"
    "<style>\n"
    "body { font: 1.05rem/1.55 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto;\n"
    "       padding: 0 1.25rem }\n"
    "h1 { font-size: 2.4rem; line-height: 1.1; margin: 0 }\n"
    "h1 + p { font-size: 1.2rem; opacity: .75; margin-top: .4rem }\n"
    "dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem;\n"
    "     margin: 2rem 0 }\n"
    "dd { margin: 0 }\n"
    "code, dt { font-family: ui-monospace, monospace; font-size: .95em }\n"
    "pre { padding: .8rem 1rem; overflow-x: auto; border: 1px solid; border-radius: .4rem;\n"
    "      border-color: color-mix(in srgb, currentcolor 25%, transparent) }\n"
    "</style>\n"
    "<h1>Shockwave</h1>\n"
    "<p>An HTTP/1.1 engine compiled from its grammar.</p>\n"
    "<p>Every method, status, field name and error that it knows is one line of one list. The\n"
    "list becomes automata, perfect hashes and tables, and the parser, the connection and the\n"
    "server that sent you this page stand on them.</p>\n"
    "<dl>\n"
    "<dt><a href='/plaintext'>/plaintext</a></dt><dd>thirteen bytes</dd>\n"
    "<dt><a href='/json'>/json</a></dt><dd>the same as an object</dd>\n"
    "<dt><a href='/headers'>/headers</a></dt><dd>what was read of your request, with the ids of\n"
    "its words</dd>\n"
    "</dl>\n"
    "<p>Break a rule, and it says which one:</p>\n"
    "<pre><code>printf 'GET / HTTP/1.1\\r\\nHost : x\\r\\n\\r\\n' | nc 127.0.0.1 "
    "8080</code></pre>\n"
    "</html>\n";

/* ---- /headers ------------------------------------------------------------------------------- */

static void put(struct sw_writer *out, struct sw_span text)
{
    sw_write_bytes(out, text.p, text.n);
}

static void put_text(struct sw_writer *out, const char *text)
{
    sw_write_bytes(out, text, strlen(text));
}

/* A number, flush right in a column. */
static void put_number(struct sw_writer *out, uint32_t number, size_t width)
{
    char digits[16];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (sizeof digits - at < width)
        digits[--at] = ' ';
    sw_write_bytes(out, digits + at, sizeof digits - at);
}

static void put_row(struct sw_writer *out, const char *name, struct sw_span value)
{
    put_text(out, name);
    put(out, value);
    put_text(out, "\n");
}

static void put_field(struct sw_writer *out, const struct sw_field *field, const char *bytes)
{
    static const char spaces[] = "                            ";
    put_number(out, field->id, 5);
    put_text(out, "  ");
    put(out, sw_field_name(field, bytes));
    if (field->name_len + 2u < sizeof spaces)
        put_text(out, spaces + field->name_len);
    else
        put_text(out, "  ");
    put(out, sw_field_value(field, bytes));
    put_text(out, "\n");
}

void sw_demo_headers(struct sw_exchange *exchange, const struct sw_span *captures)
{
    (void)captures;
    const struct sw_head *head = exchange->head;
    const char *bytes = exchange->bytes;
    struct sw_target target;
    sw_target_parse(sw_exchange_target(exchange), &target);
    struct sw_writer out = {.p = exchange->scratch, .size = exchange->scratch_size};
    put_row(&out, "method    ", sw_head_method(head, bytes));
    put_text(&out, "  id      ");
    put_number(&out, head->method, 0);
    put_row(&out, "\ntarget    ", sw_head_target(head, bytes));
    if (target.form == SW_TARGET_ABSOLUTE)
        put_row(&out, "  host    ", target.authority);
    put_row(&out, "  path    ", target.path);
    if (target.query.p)
        put_row(&out, "  query   ", target.query);
    put_text(&out, "version   HTTP/1.");
    put_number(&out, head->minor, 0);
    put_text(&out, "\nhead      ");
    put_number(&out, head->length, 0);
    put_text(&out, " bytes, ");
    put_number(&out, head->field_count, 0);
    put_text(&out, head->field_count == 1 ? " field\n\n" : " fields\n\n");
    put_text(&out, "   id  name                        value\n");
    for (size_t i = 0; i < head->field_count; i++)
        put_field(&out, sw_head_at(head, i), bytes);
    put_text(&out, "\nA field with the id 0 is not in the grammar, which is no fault.\n");
    if (out.error) {
        sw_reply(exchange, SW_STATUS_INTERNAL_SERVER_ERROR, SW_SPAN("text/plain; charset=utf-8"),
                 SW_SPAN("this page does not fit into --scratch\n"));
        return;
    }
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain; charset=utf-8"),
             (struct sw_span){out.p, out.n});
}

/* ---- Pages ---------------------------------------------------------------------------------- */

void sw_demo_index(struct sw_exchange *exchange, const struct sw_span *captures)
{
    (void)captures;
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/html; charset=utf-8"),
             SW_SPAN_ARRAY(index_page));
}

void sw_demo_plaintext(struct sw_exchange *exchange, const struct sw_span *captures)
{
    (void)captures;
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("Hello, World!"));
}

void sw_demo_json(struct sw_exchange *exchange, const struct sw_span *captures)
{
    (void)captures;
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("application/json"),
             SW_SPAN("{\"message\":\"Hello, World!\"}"));
}
