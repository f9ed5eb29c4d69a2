/* case_runner.c - runs cases of wire bytes and their expected outcomes, one JSON object per line.
 */
/* SPDX-License-Identifier: MIT */
#include <jansson.h>

#include "drive.h"

/*
 * A case is {"id", "kind", "raw", "opts", "expect"}.  `raw` is a list of texts, each character one
 * byte, and of {"rep": text, "n": times}.  `expect` is a list of outcomes, any of which is right.
 * Each case is parsed at every split of drive.h, and must have the same outcome at all of them.
 */

enum { BYTES_ROOM = 1 << 17 };

struct bytes {
    char p[BYTES_ROOM];
    size_t n;
};

/* A case and its outcome. */
struct run {
    json_t *opts;
    struct sw_limits limits;
    struct bytes raw;
    struct drive_head parsed;
    struct outcome outcome; /* of the head, or of the body in a case about that */
    unsigned status;        /* of the response to an error */
    bool began;             /* the head is complete and a body follows */
    struct sw_body begun;   /* before its first byte */
    struct drive_body taken;
    struct outcome end;
};

/* ---- Bytes in JSON --------------------------------------------------------------------------- */

/* The characters of a text, which are all below 256, as one byte each. */
static bool add_text(struct bytes *out, const json_t *text)
{
    const unsigned char *p = (const unsigned char *)json_string_value(text);
    size_t n = json_string_length(text);

    for (size_t i = 0; p && i < n && out->n < BYTES_ROOM; i++) {
        unsigned char c = p[i];
        if (c >= 0xc4 || (c >= 0x80 && i + 1 == n))
            return false;
        if (c >= 0x80)
            c = (unsigned char)(c << 6 | (p[++i] & 0x3f));
        out->p[out->n++] = (char)c;
    }
    return p && out->n < BYTES_ROOM;
}

/* A text, or a list of texts and repetitions. */
static bool add_bytes(struct bytes *out, const json_t *value)
{
    if (json_is_array(value)) {
        size_t i;
        json_t *part;
        json_array_foreach(value, i, part)
        {
            if (!add_bytes(out, part))
                return false;
        }
        return true;
    }
    if (!json_is_object(value))
        return add_text(out, value);
    for (json_int_t n = json_integer_value(json_object_get(value, "n")); n > 0; n--)
        if (!add_text(out, json_object_get(value, "rep")))
            return false;
    return true;
}

static bool text_is(const json_t *expected, struct sw_span text)
{
    static struct bytes want;
    want.n = 0;
    return add_bytes(&want, expected) && want.n == text.n && memcmp(want.p, text.p, text.n) == 0;
}

static bool fields_are(const json_t *expected, const struct sw_head *head, const char *buf)
{
    if (json_array_size(expected) != head->field_count)
        return false;
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *field = sw_head_at(head, i);
        const json_t *pair = json_array_get(expected, i);
        if (!text_is(json_array_get(pair, 0), sw_field_name(field, buf)) ||
            !text_is(json_array_get(pair, 1), sw_field_value(field, buf)))
            return false;
    }
    return true;
}

/* ---- One member of an outcome ---------------------------------------------------------------- */

static bool is_number(const json_t *expected, uint64_t n)
{
    return json_is_integer(expected) && (uint64_t)json_integer_value(expected) == n;
}

static bool is_method(const struct run *run, const json_t *expected)
{
    return text_is(expected, sw_head_method(&run->parsed.head, run->parsed.bytes));
}

static bool is_target(const struct run *run, const json_t *expected)
{
    return text_is(expected, sw_head_target(&run->parsed.head, run->parsed.bytes));
}

static bool is_version(const struct run *run, const json_t *expected)
{
    char version[] = "1.0";
    version[2] = (char)('0' + run->parsed.head.minor);
    return text_is(expected, (struct sw_span){version, 3});
}

static bool is_headers(const struct run *run, const json_t *expected)
{
    return fields_are(expected, &run->parsed.head, run->parsed.bytes);
}

static bool is_content_length(const struct run *run, const json_t *expected)
{
    bool given = sw_head_field(&run->parsed.head, SW_HEADER_CONTENT_LENGTH) != NULL;
    return given ? is_number(expected, run->begun.left) : json_is_null(expected);
}

static bool is_chunked(const struct run *run, const json_t *expected)
{
    return json_is_true(expected) == (run->begun.framing == SW_FRAMING_CHUNKED);
}

static bool is_keep_alive(const struct run *run, const json_t *expected)
{
    bool keep = sw_head_keep_alive(&run->parsed.head, run->parsed.bytes) &&
                run->begun.framing != SW_FRAMING_CLOSE;
    return json_is_true(expected) == keep;
}

static bool is_upgrade(const struct run *run, const json_t *expected)
{
    const struct sw_field *field = sw_head_field(&run->parsed.head, SW_HEADER_UPGRADE);
    bool requested = sw_head_options(&run->parsed.head, run->parsed.bytes) & SW_OPTION_UPGRADE;
    return field && requested ? text_is(expected, sw_field_value(field, run->parsed.bytes))
                              : json_is_null(expected);
}

static bool is_expect_100(const struct run *run, const json_t *expected)
{
    return json_is_true(expected) == sw_head_expects_continue(&run->parsed.head, run->parsed.bytes);
}

static bool is_status(const struct run *run, const json_t *expected)
{
    return is_number(expected, run->parsed.head.status);
}

static bool is_reason(const struct run *run, const json_t *expected)
{
    return text_is(expected, sw_head_reason(&run->parsed.head, run->parsed.bytes));
}

static bool is_interim(const struct run *run, const json_t *expected)
{
    return json_is_true(expected) == (run->parsed.head.status / 100 == 1);
}

/* A response's framing by name, or the content of a chunked body. */
static bool is_body(const struct run *run, const json_t *expected)
{
    static const char *const names[] = {"none", "length", "chunked", "eof", "tunnel"};
    if (json_is_string(expected))
        return strcmp(json_string_value(expected), names[run->begun.framing]) == 0;
    return text_is(expected, (struct sw_span){run->taken.content, run->taken.content_len});
}

/* Names and values lie in the notes, a line each. */
static bool is_trailers(const struct run *run, const json_t *expected)
{
    static struct bytes want;
    size_t i;
    json_t *pair;
    want.n = 0;
    json_array_foreach(expected, i, pair)
    {
        add_text(&want, json_array_get(pair, 0));
        want.p[want.n++] = '\n';
        add_text(&want, json_array_get(pair, 1));
        want.p[want.n++] = '\n';
    }
    return want.n == run->taken.notes_len && memcmp(want.p, run->taken.notes, want.n) == 0;
}

static bool is_message_end(const struct run *run, const json_t *expected)
{
    return run->end.complete ? is_number(expected, run->parsed.head.length + run->end.at)
                             : json_is_null(expected) && !run->end.error;
}

static const struct member {
    const char *name;
    bool (*is)(const struct run *run, const json_t *expected);
} members[] = {
    {"method", is_method},
    {"target", is_target},
    {"version", is_version},
    {"headers", is_headers},
    {"content_length", is_content_length},
    {"chunked", is_chunked},
    {"keep_alive", is_keep_alive},
    {"upgrade", is_upgrade},
    {"expect_100", is_expect_100},
    {"status", is_status},
    {"reason", is_reason},
    {"interim", is_interim},
    {"body", is_body},
    {"trailers", is_trailers},
    {"message_end", is_message_end},
};

/* ---- Outcomes -------------------------------------------------------------------------------- */

/* NULL if the run had this outcome, or the member that differs. */
static const char *mismatch(const struct run *run, json_t *outcome)
{
    const char *result = json_string_value(json_object_get(outcome, "result"));
    const char *actual = run->outcome.error ? "error" : run->outcome.complete ? "ok" : "incomplete";
    if (!result || strcmp(result, actual) != 0)
        return "result";
    if (run->outcome.error) {
        size_t i;
        json_t *status;
        json_array_foreach(json_object_get(outcome, "status"), i, status)
        {
            if (is_number(status, run->status))
                return NULL;
        }
        return "status";
    }
    const char *name;
    json_t *expected;
    json_object_foreach(outcome, name, expected)
    {
        if (strcmp(name, "result") == 0)
            continue;
        if (strcmp(name, "consumed") == 0 && is_number(expected, run->outcome.at))
            continue;
        size_t i = 0;
        while (i < sizeof members / sizeof *members && strcmp(members[i].name, name) != 0)
            i++;
        if (i == sizeof members / sizeof *members || !members[i].is(run, expected))
            return name;
    }
    return NULL;
}

static enum sw_method method_named(const json_t *name)
{
    char token[64];
    if (!json_is_string(name))
        return SW_METHOD_OTHER;
    snprintf(token, sizeof token, "%.40s ", json_string_value(name));
    return sw_method_scan(token);
}

/* Read the body after a head, at every split. */
static const char *run_body(struct run *run, const char *bytes, size_t n)
{
    static struct sw_head trailers;
    struct drive_source source = {
        .head = &run->parsed.head,
        .head_bytes = run->parsed.bytes,
        .request = method_named(json_object_get(run->opts, "request_method")),
        .eof = json_is_true(json_object_get(run->opts, "eof")),
    };
    enum sw_error error =
        sw_body_begin(&run->begun, source.head, source.head_bytes, source.request, &trailers);
    if (error) {
        run->outcome = (struct outcome){.error = error, .at = run->begun.error_at};
        run->status = sw_error_infos[error].status;
        return NULL;
    }
    if (run->begun.framing == SW_FRAMING_TUNNEL)
        return NULL;
    return drive_body_everywhere(&run->taken, &run->end, &source, bytes, n);
}

static const char *run_head(struct run *run, enum sw_kind kind, const char *bytes, size_t n)
{
    const char *why =
        drive_head_everywhere(&run->parsed, &run->outcome, kind, &run->limits, bytes, n);
    run->status = sw_head_error_status(&run->parsed.head);
    if (why || !run->outcome.complete)
        return why;
    return run_body(run, bytes + run->outcome.at, n - run->outcome.at);
}

static const char *run_chunked(struct run *run)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    drive_head_init(&run->parsed, SW_RESPONSE, &run->limits);
    drive_head(&run->parsed, head, sizeof head - 1, sizeof head - 1, 1);
    const char *why = run_body(run, run->raw.p, run->raw.n);
    run->outcome = run->end;
    run->status = sw_error_infos[run->end.error].status;
    return why;
}

/* A limit of 0 is the default, and so is one that a case does not name. */
static uint32_t limit(const json_t *opts, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(opts, name));
}

/* NULL, or why the case fails. */
static const char *run_case(json_t *one)
{
    static struct run run;
    const char *kind = json_string_value(json_object_get(one, "kind"));
    json_t *opts = json_object_get(one, "opts");

    memset(&run, 0, sizeof run);
    run.opts = opts;
    run.limits = (struct sw_limits){
        .target = limit(opts, "max_target"),
        .head = limit(opts, "max_head"),
        .fields = limit(opts, "max_headers"),
        .chunk_extensions = limit(opts, "max_ext"),
        .trailer_bytes = limit(opts, "max_trailer"),
        .body = limit(opts, "max_body"),
    };
    if (!kind || !add_bytes(&run.raw, json_object_get(one, "raw")))
        return "not a case";
    const char *why = strcmp(kind, "chunked") == 0 ? run_chunked(&run)
                      : strcmp(kind, "request") == 0
                          ? run_head(&run, SW_REQUEST, run.raw.p, run.raw.n)
                          : run_head(&run, SW_RESPONSE, run.raw.p, run.raw.n);
    if (why)
        return why;

    size_t i;
    json_t *outcome;
    const char *member = "expect";
    json_array_foreach(json_object_get(one, "expect"), i, outcome)
    {
        member = mismatch(&run, outcome);
        if (!member)
            return NULL;
    }
    return drive_why("%s, status %u: not the %s expected", outcome_text(run.outcome), run.status,
                     member);
}

int main(void)
{
    static char line[1 << 20];
    unsigned passed = 0, failed = 0;

    while (fgets(line, sizeof line, stdin)) {
        json_error_t error;
        json_t *one = json_loads(line, JSON_ALLOW_NUL, &error);
        const char *why = one ? run_case(one) : error.text;
        const char *id = json_string_value(json_object_get(one, "id"));
        if (why)
            printf("%s: %s\n", id ? id : "?", why);
        *(why ? &failed : &passed) += 1;
        json_decref(one);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
