/* causes.c - recognises each known difference, as narrowly as possible. */
/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "compare.h"

/* A difference under examination. */
struct scene {
    const struct outcome *outcome;
    const struct message *message;
    const struct other_parser *parser;
    enum stream stream;
    const char *bytes;
};

static bool is(const struct scene *scene, const char *how)
{
    return strcmp(scene->outcome->how, how) == 0;
}

static bool from(const struct scene *scene, const char *parser)
{
    return strcmp(scene->parser->name, parser) == 0;
}

static bool refused(const struct scene *scene, const char *error)
{
    return is(scene, "refuses") && strcmp(scene->outcome->error, error) == 0;
}

static bool named(const struct reading_field *field, const char *name)
{
    return field->name.n == strlen(name) && strncasecmp(field->name.p, name, field->name.n) == 0;
}

static size_t count(const struct scene *scene, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < scene->message->field_count; i++)
        n += named(&scene->message->fields[i], name);
    return n;
}

/* Whether a field of this name has `word` in its value, in any case, or in the blanks around that:
   values lie between a colon and a CR, so those can be looked for. */
static bool any_has(const struct scene *scene, const char *name, const char *word)
{
    for (size_t i = 0; i < scene->message->field_count; i++) {
        const struct reading_field *field = &scene->message->fields[i];
        if (!named(field, name))
            continue;
        for (const char *p = field->name.p + field->name.n; *p != '\r'; p++)
            if (strncasecmp(p, word, strlen(word)) == 0)
                return true;
    }
    return false;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static bool method_without_id(const struct scene *scene)
{
    return refused(scene, "HPE_INVALID_METHOD") &&
           !scene->parser->knows_method(scene->message->method);
}

static bool minor_version(const struct scene *scene)
{
    return refused(scene, "HPE_INVALID_VERSION") && scene->message->minor > 1;
}

/* ---- Framing --------------------------------------------------------------------------------- */

static bool bodiless_status(const struct scene *scene)
{
    unsigned status = scene->message->status;

    return (status / 100 == 1 || status == 204 || status == 304) &&
           (count(scene, "Content-Length") > 0 || count(scene, "Transfer-Encoding") > 0);
}

/* The request decides that there is no body; the other parsers read the fields nevertheless. */
static bool bodiless_response(const struct scene *scene)
{
    bool bodiless = scene->stream == STREAM_HEAD ||
                    (scene->stream == STREAM_CONNECT && scene->message->status / 100 == 2);

    return bodiless && is(scene, "refuses") &&
           (count(scene, "Content-Length") > 0 || count(scene, "Transfer-Encoding") > 0);
}

static bool length_repeated(const struct scene *scene)
{
    return (refused(scene, "HPE_UNEXPECTED_CONTENT_LENGTH") ||
            refused(scene, "HPE_INVALID_CONTENT_LENGTH")) &&
           (count(scene, "Content-Length") > 1 || any_has(scene, "Content-Length", ","));
}

static bool length_tabbed(const struct scene *scene)
{
    return refused(scene, "HPE_INVALID_CONTENT_LENGTH") && any_has(scene, "Content-Length", "\t");
}

/* Another digit would overflow 64 bits; the parser refuses without checking that there is one. */
static bool length_near_limit(const struct scene *scene)
{
    const struct message *message = scene->message;

    for (size_t i = 0; i < message->field_count; i++)
        if (named(&message->fields[i], "Content-Length") && message->fields[i].value.n >= 20)
            return from(scene, "http_parser") && refused(scene, "HPE_INVALID_CONTENT_LENGTH");
    return false;
}

static bool coding_list(const struct scene *scene)
{
    return count(scene, "Transfer-Encoding") > 1 || any_has(scene, "Transfer-Encoding", "\t") ||
           any_has(scene, "Transfer-Encoding", ",");
}

static bool coding_name_prefix(const struct scene *scene)
{
    static const char name[] = "Transfer-Encoding";

    for (size_t i = 0; i < scene->message->field_count; i++) {
        struct sw_span longer = scene->message->fields[i].name;
        if (longer.n > strlen(name) && strncasecmp(longer.p, name, strlen(name)) == 0)
            return from(scene, "http_parser");
    }
    return false;
}

/* After an unquoted value llhttp accepts only the end of the line. */
static bool extension_after_value(const struct scene *scene)
{
    const char *end = scene->bytes + scene->message->end;
    const char *value = memchr(scene->bytes, '=', scene->message->end);

    return from(scene, "llhttp") && refused(scene, "HPE_INVALID_CHUNK_SIZE") &&
           scene->message->framing == FRAMED_CHUNKED && value &&
           memchr(value, ';', (size_t)(end - value));
}

static bool extension_escaped(const struct scene *scene)
{
    return refused(scene, "HPE_STRICT") && scene->message->framing == FRAMED_CHUNKED &&
           memmem(scene->bytes, scene->message->end, "=\"", 2) &&
           memchr(scene->bytes, '\\', scene->message->end);
}

/* Blanks beside ";" or "=" in a response; of these http_parser accepts only a space. */
static bool extension_spaced(const struct scene *scene)
{
    const char *p = scene->bytes;

    if (scene->stream == STREAM_REQUESTS || scene->message->framing != FRAMED_CHUNKED ||
        !(refused(scene, "HPE_STRICT") || refused(scene, "HPE_INVALID_CHUNK_SIZE")))
        return false;
    for (size_t i = 0; i + 1 < scene->message->end; i++)
        if ((isblank((unsigned char)p[i]) && (p[i + 1] == ';' || p[i + 1] == '=')) ||
            ((p[i] == ';' || p[i] == '=') && isblank((unsigned char)p[i + 1])))
            return true;
    return false;
}

/* ---- Connections ----------------------------------------------------------------------------- */

static bool proxy_connection(const struct scene *scene)
{
    return is(scene, "keep-alive") && count(scene, "Proxy-Connection") > 0;
}

/* For HTTP/1.0 the other parsers check keep-alive only. */
static bool close_outranked(const struct scene *scene)
{
    return is(scene, "keep-alive") && scene->message->minor == 0 && !scene->message->keep_alive &&
           count(scene, "Connection") > 0;
}

/* A tab ends a word in neither parser; http_parser also misses a word after one with a known prefix
   and after an empty one. */
static bool connection_list(const struct scene *scene)
{
    return is(scene, "keep-alive") &&
           (any_has(scene, "Connection", "\t") ||
            (from(scene, "http_parser") && any_has(scene, "Connection", ",")));
}

static bool connection_quoted(const struct scene *scene)
{
    return is(scene, "keep-alive") && any_has(scene, "Connection", "\"");
}

static bool interim_persistence(const struct scene *scene)
{
    return is(scene, "keep-alive") && scene->message->status / 100 == 1;
}

/* The response agrees to change the protocol, but the other parsers do not recognise its head. */
static bool switch_unnamed(const struct scene *scene)
{
    return scene->stream == STREAM_UPGRADE && scene->message->status == 101 &&
           (is(scene, "goes on") || is(scene, "ends") || is(scene, "wants more") ||
            is(scene, "refuses"));
}

static const struct {
    const char *name;
    bool (*applies)(const struct scene *scene);
} causes[] = {
    {"switch-unnamed", switch_unnamed},
    {"method-without-id", method_without_id},
    {"minor-version", minor_version},
    {"bodiless-status", bodiless_status},
    {"length-repeated", length_repeated},
    {"length-tabbed", length_tabbed},
    {"length-near-limit", length_near_limit},
    {"coding-list", coding_list},
    {"coding-name-prefix", coding_name_prefix},
    {"bodiless-response", bodiless_response},
    {"extension-after-value", extension_after_value},
    {"extension-escaped", extension_escaped},
    {"extension-spaced", extension_spaced},
    {"proxy-connection", proxy_connection},
    {"close-outranked", close_outranked},
    {"connection-quoted", connection_quoted},
    {"connection-list", connection_list},
    {"interim-persistence", interim_persistence},
};

const char *difference_cause(const struct outcome *outcome, const struct other_parser *parser,
                             enum stream stream, const char *bytes)
{
    struct scene scene = {outcome, outcome->message, parser, stream, bytes};

    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].applies(&scene))
            return causes[i].name;
    return NULL;
}
