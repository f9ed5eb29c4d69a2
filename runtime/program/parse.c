/* main_parse.c - shockwave parse: a message from standard input, as the library reads it. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "program/main.h"
#include "shockwave.h"

static const char usage[] =
    "usage: shockwave parse [OPTION]... < BYTES\n"
    "Prints the head of a message as it is read, with the id of each word and the offset of each\n"
    "part, how its content is framed, and the rule that was broken, with a mark under the byte.\n"
    "\n"
    "  -r, --response  read a response, not a request\n"
    "  -j, --json      print one JSON object\n"
    "  -h, --help      this text\n"
    "\n"
    "Exit status: 0 the message is whole, 1 a rule is broken, 2 wrong usage, 3 bytes are "
    "missing.\n";

enum { SIZE = 1 << 20, MORE_FIELDS = 1024 };

static const char *const framings[] = {"none", "length", "chunked", "close", "tunnel"};

/* A message, and how far it could be read. */
struct reading {
    const char *bytes;
    size_t n;
    struct sw_head head, trailers;
    struct sw_body body;
    size_t taken, content;
    enum sw_error error;
    size_t at; /* of the error */
    bool whole;
};

static void refuse(struct reading *r, enum sw_error error, size_t at)
{
    r->error = error;
    r->at = at;
}

static void read_body(struct reading *r)
{
    while (!sw_body_done(&r->body)) {
        struct sw_span content;
        const char *rest = r->bytes + r->taken;
        ptrdiff_t n = sw_body_next(&r->body, rest, r->n - r->taken, &content);
        if (n < 0)
            refuse(r, (enum sw_error) - n, r->taken + r->body.error_at);
        if (n <= 0)
            break;
        r->taken += (size_t)n;
        r->content += content.n;
    }
    r->whole = !r->error && (sw_body_done(&r->body) || r->body.framing == SW_FRAMING_CLOSE ||
                             r->body.framing == SW_FRAMING_TUNNEL);
}

static void read_message(struct reading *r, enum sw_kind kind)
{
    static struct sw_field more[MORE_FIELDS];
    static const struct sw_limits limits = {.fields = SW_FIELDS_INLINE + MORE_FIELDS};
    sw_head_init(&r->head, kind, &limits);
    sw_head_attach_fields(&r->head, more, MORE_FIELDS);
    ptrdiff_t n = sw_head_parse(&r->head, r->bytes, r->n);
    if (n < 0) {
        refuse(r, (enum sw_error) - n, r->head.error_at);
    } else if (n > 0) {
        r->taken = (size_t)n;
        enum sw_error error =
            sw_body_begin(&r->body, &r->head, r->bytes, SW_METHOD_OTHER, &r->trailers);
        if (error)
            refuse(r, error, r->body.error_at);
        else
            read_body(r);
    }
}

/* ---- Text --------------------------------------------------------------------------------------
 */

/* Print bytes so that none of them acts upon a terminal; returns the columns. */
static int put_visible(struct sw_span span)
{
    int columns = 0;
    for (size_t i = 0; i < span.n; i++) {
        unsigned char c = (unsigned char)span.p[i];
        if (c == '\r' || c == '\n')
            columns += printf(c == '\r' ? "\\r" : "\\n");
        else if (c < ' ' || c > '~')
            columns += printf("\\x%02x", c);
        else
            columns += printf("%c", c);
    }
    return columns;
}

/* The line that holds the byte, and a mark under it. */
static void put_mark(const struct reading *r)
{
    enum { AROUND = 60 }; /* bytes before and behind it, at most */
    size_t start = r->at < r->n ? r->at : r->n, end = start;
    while (start > 0 && r->at - start < AROUND && r->bytes[start - 1] != '\n')
        start--;
    while (end < r->n && end - r->at < AROUND && (end == r->at || r->bytes[end - 1] != '\n'))
        end++;
    printf("\n    ");
    int column = put_visible((struct sw_span){r->bytes + start, r->at - start});
    put_visible((struct sw_span){r->bytes + r->at, end - r->at});
    printf("\n    %*s^\n", column, "");
}

static void put_row(size_t at, int id, const char *name, struct sw_span value)
{
    char number[16] = "";
    if (id >= 0)
        snprintf(number, sizeof number, "%d", id);
    printf("%7zu %5s  %-24s ", at, number, name);
    put_visible(value);
    printf("\n");
}

static void put_fields(const struct sw_head *head, const char *bytes)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *field = sw_head_at(head, i);
        struct sw_span name = sw_field_name(field, bytes);
        printf("%7u %5u  %-24.*s ", field->name, field->id, (int)name.n, name.p);
        put_visible(sw_field_value(field, bytes));
        printf("\n");
    }
}

static void put_head(const struct reading *r)
{
    const struct sw_head *head = &r->head;
    char version[] = "HTTP/1.0", status[8];
    version[7] = (char)('0' + head->minor);
    struct sw_span version_span = {version, 8};
    printf("     at    id\n");
    if (head->kind == SW_REQUEST) {
        put_row(head->start, head->method, "(method)", sw_head_method(head, r->bytes));
        put_row(head->target, -1, "(target)", sw_head_target(head, r->bytes));
        put_row(head->target + head->target_len + 1, -1, "(version)", version_span);
    } else {
        put_row(head->start, -1, "(version)", version_span);
        struct sw_span code = {status, (size_t)snprintf(status, sizeof status, "%u", head->status)};
        put_row(head->start + 9, head->status_id, "(status)", code);
        put_row(head->target, -1, "(reason)", sw_head_reason(head, r->bytes));
    }
    put_fields(head, r->bytes);
    printf("\nhead        %u bytes, %u fields\n", head->length, head->field_count);
    printf("connection  %s\n", sw_head_keep_alive(head, r->bytes) ? "keep-alive" : "close");
    printf("framing     %s\n", framings[r->body.framing]);
    printf("content     %zu bytes here%s\n", r->content, r->whole ? "" : ", more to come");
    printf("behind it   %zu bytes\n", r->n - r->taken);
}

/* The status for what is wrong, which depends on the kind of message. */
static unsigned error_status(const struct reading *r)
{
    return r->head.error ? sw_head_error_status(&r->head) : sw_body_error_status(&r->body);
}

static void print_text(const struct reading *r)
{
    const struct sw_error_info *why = &sw_error_infos[r->error];
    if (r->taken)
        put_head(r);
    else if (!r->error)
        printf("%zu bytes of a head: more are wanted\n", r->n);
    if (!r->error)
        return;
    printf("%s%s at byte %zu: %s (%s), response %u\n", r->taken ? "\n" : "", why->name, r->at,
           why->text, why->rule, error_status(r));
    put_mark(r);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

/* A byte above 127 stands for the character of the same number. */
static void put_string(const char *key, struct sw_span span)
{
    printf("\"%s\":\"", key);
    for (size_t i = 0; i < span.n; i++) {
        unsigned char c = (unsigned char)span.p[i];
        if (c < ' ' || c > '~')
            printf("\\u%04x", c);
        else
            printf(c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    printf("\"");
}

static void put_text(const char *key, const char *text)
{
    put_string(key, (struct sw_span){text, strlen(text)});
}

static void put_json_fields(const struct sw_head *head, const char *bytes)
{
    printf("\"fields\":[");
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *field = sw_head_at(head, i);
        printf("%s{\"id\":%u,\"at\":%u,\"value_at\":%u,", i ? "," : "", field->id, field->name,
               field->value);
        put_string("name", sw_field_name(field, bytes));
        printf(",");
        put_string("value", sw_field_value(field, bytes));
        printf("}");
    }
    printf("]");
}

static void put_json_head(const struct reading *r)
{
    const struct sw_head *head = &r->head;
    if (head->kind == SW_REQUEST) {
        printf("\"method_id\":%u,\"target_at\":%u,", head->method, head->target);
        put_string("method", sw_head_method(head, r->bytes));
        printf(",");
        put_string("target", sw_head_target(head, r->bytes));
    } else {
        printf("\"status\":%u,\"status_id\":%u,", head->status, head->status_id);
        put_string("reason", sw_head_reason(head, r->bytes));
    }
    printf(",\"minor\":%u,\"start\":%u,\"length\":%u,", head->minor, head->start, head->length);
    put_json_fields(head, r->bytes);
    printf(",\"keep_alive\":%s,", sw_head_keep_alive(head, r->bytes) ? "true" : "false");
    put_text("framing", framings[r->body.framing]);
    printf(",\"content\":%zu,\"behind\":%zu,", r->content, r->n - r->taken);
}

static void print_json(const struct reading *r)
{
    printf("{");
    put_text("kind", r->head.kind == SW_REQUEST ? "request" : "response");
    printf(",\"bytes\":%zu,", r->n);
    if (r->taken)
        put_json_head(r);
    if (r->error) {
        const struct sw_error_info *why = &sw_error_infos[r->error];
        printf("\"error\":{\"id\":%d,\"at\":%zu,\"response\":%u,", r->error, r->at,
               error_status(r));
        put_text("name", why->name);
        printf(",");
        put_text("text", why->text);
        printf(",");
        put_text("rule", why->rule);
        printf("},");
    }
    printf("\"whole\":%s}\n", r->whole ? "true" : "false");
}

int sw_main_parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"response", no_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    enum sw_kind kind = SW_REQUEST;
    void (*print)(const struct reading *r) = print_text;
    for (int c; (c = getopt_long(argc, argv, "rjh", options, NULL)) != -1;) {
        if (c == 'r') {
            kind = SW_RESPONSE;
        } else if (c == 'j') {
            print = print_json;
        } else {
            fputs(c == 'h' ? usage : "Try: shockwave parse --help\n", c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "shockwave: parse reads standard input, not %s\n", argv[optind]);
        return 2;
    }
    static char bytes[SIZE];
    static struct reading reading;
    reading.bytes = bytes;
    reading.n = fread(bytes, 1, sizeof bytes, stdin);
    read_message(&reading, kind);
    print(&reading);
    return reading.error ? 1 : reading.whole ? 0 : 3;
}
