/* check_head_responses.c - heads of responses: what a client may tolerate, and 101. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

static struct drive_head parsed;

#define STATUS "HTTP/1.1 200 OK\r\n"
#define FILLER "X-Filler-0: 0123456789\r\nX-Filler-1: 0123456789\r\nX-Filler-2: 0123456789\r\n"

static const struct sw_limits strict,
    values = {.lenient = SW_LENIENT_VALUE_BYTES},
    others = {.lenient = ~(unsigned)SW_LENIENT_VALUE_BYTES & ~(unsigned)SW_LENIENT_BARE_LF};

/* ---- SW_LENIENT_VALUE_BYTES ------------------------------------------------------------------ */

/* Parse `before`, the byte and `after`.  Returns the outcome, the same for every split and
   implementation. */
static struct outcome with_byte(enum sw_kind kind, const struct sw_limits *limits,
                                const char *before, unsigned byte, const char *after, size_t *n)
{
    static char text[1024];
    struct outcome v;
    size_t at = strlen(before);
    memcpy(text, before, at);
    text[at] = (char)byte;
    memcpy(text + at + 1, after, strlen(after));
    *n = at + 1 + strlen(after);
    const char *why = drive_head_everywhere(&parsed, &v, kind, limits, text, *n);
    MUST(!why, "%s: byte %u after %s", why, byte, before);
    return v;
}

static bool is_control(unsigned byte)
{
    return (byte < ' ' && byte != '\t') || byte == 127;
}

/* The index of the field, and the bytes after the byte. */
static const struct {
    const char *before, *after;
    size_t value, from; /* of which field, and where the byte is in its value */
} places[] = {
    {STATUS "A: ", "b\r\n\r\n", 0, 0},
    {STATUS "A:", "b\r\n\r\n", 0, 0},
    {STATUS "A: b", "c\r\nServer: x\r\n\r\n", 0, 1},
    {STATUS "A: b", "\r\n\r\n", 0, 1},
    {STATUS "A: ", "\r\n\r\n", 0, 0},
    {STATUS FILLER "Server: xyz", "uvw\r\nDate: x\r\n" FILLER "\r\n", 3, 3},
    {STATUS FILLER "Server: x", "\x01\x02\x7f\x1b[0m\r\n" FILLER "\r\n", 3, 1},
    {STATUS "Set-Cookie: " FILLER "E: b", "c\r\n\r\n", 3, 1},
};

START_TEST(control_bytes_in_values)
{
    for (size_t i = 0; i < COUNT(places); i++)
        for (unsigned byte = 0; byte < 256; byte++) {
            size_t n, at = strlen(places[i].before);
            if (byte == '\r' || byte == '\n' || byte == ' ' || byte == '\t')
                continue;
            struct outcome v =
                with_byte(SW_RESPONSE, &values, places[i].before, byte, places[i].after, &n);
            if (byte == 0) {
                expect_outcome(v, expect_error(SW_ERROR_BAD_FIELD_VALUE, at), places[i].before);
                continue;
            }
            expect_outcome(v, expect_complete(n), places[i].before);
            struct sw_span value =
                sw_field_value(sw_head_at(&parsed.head, places[i].value), parsed.bytes);
            ck_assert_uint_eq((unsigned char)value.p[places[i].from], byte);
            if (!is_control(byte) && !strpbrk(places[i].after, "\x01\x02"))
                continue;
            at = is_control(byte) ? at : at + 1;
            v = with_byte(SW_RESPONSE, &strict, places[i].before, byte, places[i].after, &n);
            expect_outcome(v, expect_error(SW_ERROR_BAD_FIELD_VALUE, at), places[i].before);
            v = with_byte(SW_RESPONSE, &others, places[i].before, byte, places[i].after, &n);
            expect_outcome(v, expect_error(SW_ERROR_BAD_FIELD_VALUE, at), places[i].before);
        }
}
END_TEST

/* In a response's value only: not in a request, a name or a reason.
 */
static const struct {
    enum sw_kind kind;
    const char *before, *after;
    enum sw_error error;
} elsewhere[] = {
    {SW_REQUEST, "GET / HTTP/1.1\r\nHost: h\r\nA: b", "c\r\n\r\n", SW_ERROR_BAD_FIELD_VALUE},
    {SW_REQUEST, "GET / HTTP/1.1\r\nHost: h", "\r\n" FILLER "\r\n", SW_ERROR_BAD_FIELD_VALUE},
    {SW_RESPONSE, STATUS "A", "b: c\r\n\r\n", SW_ERROR_BAD_FIELD_NAME},
    {SW_RESPONSE, STATUS "A", ": c\r\n\r\n", SW_ERROR_BAD_FIELD_NAME},
    {SW_RESPONSE, STATUS, "A: c\r\n\r\n", SW_ERROR_BAD_FIELD_NAME},
    {SW_RESPONSE, "HTTP/1.1 200 O", "K\r\nA: b\r\n\r\n", SW_ERROR_BAD_REASON},
    {SW_RESPONSE, "HTTP/1.1 200", " OK\r\nA: b\r\n\r\n", SW_ERROR_BAD_STATUS_LINE},
    {SW_TRAILERS, "A", "b: c\r\n\r\n", SW_ERROR_BAD_FIELD_NAME},
};

START_TEST(control_bytes_elsewhere)
{
    for (size_t i = 0; i < COUNT(elsewhere); i++)
        for (unsigned byte = 0; byte < 128; byte++) {
            size_t n, at = strlen(elsewhere[i].before);
            if (!is_control(byte) || byte == '\r' || byte == '\n')
                continue;
            struct outcome v = with_byte(elsewhere[i].kind, &values, elsewhere[i].before, byte,
                                         elsewhere[i].after, &n);
            expect_outcome(v, expect_error(elsewhere[i].error, at), elsewhere[i].before);
        }
}
END_TEST

/* A CR still begins a line end, a LF still needs a CR, and the limits apply. */
START_TEST(what_ends_a_value)
{
    struct sw_limits limits = {.lenient = SW_LENIENT_VALUE_BYTES, .field_line = 10};
    expect_head(&parsed, SW_RESPONSE, &values, STATUS "A: \x01\rb\r\n\r\n",
                expect_error(SW_ERROR_BARE_CR, 21));
    expect_head(&parsed, SW_RESPONSE, &values, STATUS "A: \x01\nb\r\n\r\n",
                expect_error(SW_ERROR_BARE_LF, 21));
    expect_head(&parsed, SW_RESPONSE, &values, STATUS "A: \x01\r\n b\r\n\r\n",
                expect_error(SW_ERROR_OBS_FOLD, 23));
    expect_head(&parsed, SW_RESPONSE, &limits, STATUS "A: \x01\x02\x03\x04\x05\x06\x07\r\n\r\n",
                expect_complete(31));
    expect_head(&parsed, SW_RESPONSE, &limits, STATUS "A: \x01\x02\x03\x04\x05\x06\x07\x08\r\n\r\n",
                expect_error(SW_ERROR_FIELD_LINE_TOO_LONG, 27));
    limits = (struct sw_limits){.lenient = SW_LENIENT_VALUE_BYTES | SW_LENIENT_OBS_FOLD};
    expect_head(&parsed, SW_RESPONSE, &limits, STATUS "A: \x01\r\n \x02\r\nB: c\r\n\r\n",
                expect_complete(35));
    ck_assert_uint_eq(parsed.head.field_count, 2);
    ck_assert_mem_eq(sw_field_value(&parsed.head.fields[0], parsed.bytes).p, "\x01   \x02", 5);
}
END_TEST

/* ---- SW_LENIENT_EMPTY_LINES ------------------------------------------------------------------ */

static const struct sw_limits lines = {.lenient = SW_LENIENT_EMPTY_LINES};

START_TEST(empty_lines)
{
    static const char *const heads[] = {STATUS "\r\n", STATUS "A: b\r\n\r\n",
                                        STATUS FILLER FILLER FILLER "\r\n"};
    for (size_t i = 0; i < COUNT(heads); i++)
        for (size_t count = 0; count <= 5; count++) {
            char text[400] = "";
            for (size_t k = 0; k < count; k++)
                strcat(text, "\r\n");
            strcat(text, heads[i]);
            expect_head(&parsed, SW_RESPONSE, &lines, text,
                        count == 5 ? expect_error(SW_ERROR_TOO_MANY_EMPTY_LINES, 8)
                                   : expect_complete(strlen(text)));
            if (count == 5)
                continue;
            ck_assert_uint_eq(parsed.head.start, 2 * count);
            ck_assert_uint_eq(parsed.head.target, 2 * count + 13);
            ck_assert_uint_eq(parsed.head.status, 200);
            if (count > 0)
                expect_head(&parsed, SW_RESPONSE, &strict, text,
                            expect_error(SW_ERROR_BAD_STATUS_LINE, 0));
        }
}
END_TEST

START_TEST(not_quite_empty_lines)
{
    static const struct {
        unsigned more;
        const char *text;
        enum sw_error error;
        size_t at;
    } rows[] = {
        {0, "\n" STATUS "\r\n", SW_ERROR_BARE_LF, 0},
        {0, "\r\n\n" STATUS "\r\n", SW_ERROR_BARE_LF, 2},
        {0, "\r" STATUS "\r\n", SW_ERROR_BARE_CR, 0},
        {0, "\r\r\n" STATUS "\r\n", SW_ERROR_BARE_CR, 0},
        {0, " \r\n" STATUS "\r\n", SW_ERROR_BAD_STATUS_LINE, 0},
        {0, "\r\n \r\n" STATUS "\r\n", SW_ERROR_BAD_STATUS_LINE, 2},
        {0, "\r\nHTTP/1.1 99 \r\n\r\n", SW_ERROR_BAD_STATUS_CODE, 13},
        {SW_LENIENT_BARE_LF, "\n\r\n\n" STATUS "\r\n", SW_OK, 0},
        {SW_LENIENT_BARE_LF, "\n\n\n\n\n" STATUS "\r\n", SW_ERROR_TOO_MANY_EMPTY_LINES, 4},
        {SW_LENIENT_NO_REASON, "\r\nHTTP/1.1 200\r\nA: b\r\n\r\n", SW_OK, 0},
        {SW_LENIENT_OBS_FOLD, "\r\n" STATUS "A: b\r\n c\r\n\r\n", SW_OK, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sw_limits limits = {.lenient = SW_LENIENT_EMPTY_LINES | rows[i].more};
        expect_head(&parsed, SW_RESPONSE, &limits, rows[i].text,
                    rows[i].error ? expect_error(rows[i].error, rows[i].at)
                                  : expect_complete(strlen(rows[i].text)));
    }
    struct sw_limits limits = {.lenient = SW_LENIENT_EMPTY_LINES, .empty_lines = 1, .head = 21};
    expect_head(&parsed, SW_RESPONSE, &limits, "\r\n" STATUS "\r\n", expect_complete(21));
    expect_head(&parsed, SW_RESPONSE, &limits, "\r\n\r\n" STATUS "\r\n",
                expect_error(SW_ERROR_TOO_MANY_EMPTY_LINES, 2));
    limits.head = 20;
    expect_head(&parsed, SW_RESPONSE, &limits, "\r\n" STATUS "\r\n",
                expect_error(SW_ERROR_HEAD_TOO_LARGE, 20));
}
END_TEST

/* ---- What a 101 switches to, RFC 9110 7.8 ---------------------------------------------------- */

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"

static const struct {
    const char *offered, *head, *protocol; /* NULL for none that was offered */
} switches[] = {
    {"websocket", SWITCH "Upgrade: websocket\r\n", "websocket"},
    {"websocket", SWITCH "Upgrade: WebSocket\r\n", "WebSocket"},
    {"TLS/1.0, HTTP/2", SWITCH "Upgrade: http/2\r\n", "http/2"},
    {"a , b,, c/1", SWITCH "Upgrade: A,\t, c/1\r\n", "c/1"},
    {"a, b", SWITCH "Upgrade: b\r\nX: y\r\nUpgrade: a\r\n", "a"},
    {"a, b", SWITCH "Upgrade: b\r\nUpgrade:\r\n", "b"},
    {"websocket", SWITCH "Upgrade: h2c\r\n", NULL},
    {"websocket", SWITCH "Upgrade: websocket, h2c\r\n", NULL},
    {"websocket", SWITCH "Upgrade: h2c\r\nUpgrade: websocket\r\n", NULL},
    {"websocket", SWITCH "Upgrade: websocket\r\nUpgrade: h2c\r\n", NULL},
    {"websocket", SWITCH "Upgrade: websocke\r\n", NULL},
    {"websocket", SWITCH "Upgrade: websockets\r\n", NULL},
    {"websocket", SWITCH "Upgrade: websocket/13\r\n", NULL},
    {"websocket/13", SWITCH "Upgrade: websocket\r\n", NULL},
    {"x/1a", SWITCH "Upgrade: x/1A\r\n", NULL},
    {"x/1a", SWITCH "Upgrade: X/1a\r\n", "X/1a"},
    {"xy/1", SWITCH "Upgrade: x/1y\r\n", NULL},
    {"a, b", SWITCH "Upgrade: a, \"b\r\n", NULL},
    {"a b", SWITCH "Upgrade: a\r\n", NULL},
    {"", SWITCH "Upgrade: a\r\n", NULL},
    {"a", SWITCH "Upgrade:\r\n", NULL},
    {"a", SWITCH "Upgrade: ,\r\n", NULL},
    {"a", SWITCH, NULL},
    {"a", "HTTP/1.1 200 OK\r\nUpgrade: a\r\n", NULL},
    {"a", "HTTP/1.1 426 No\r\nUpgrade: a\r\n", NULL},
};

START_TEST(switches_to_what_was_offered)
{
    for (size_t i = 0; i < COUNT(switches); i++) {
        char text[300];
        snprintf(text, sizeof text, "%s\r\n", switches[i].head);
        expect_head(&parsed, SW_RESPONSE, NULL, text, expect_complete(strlen(text)));
        struct sw_span offered = {switches[i].offered, strlen(switches[i].offered)};
        struct sw_span protocol = {"untouched", 9};
        const char *expected = switches[i].protocol ? switches[i].protocol : "untouched";
        bool got = sw_head_switches_to(&parsed.head, parsed.bytes, offered, &protocol);
        MUST(got == (switches[i].protocol != NULL), "%s, offered %s", text, switches[i].offered);
        MUST(protocol.n == strlen(expected) && memcmp(protocol.p, expected, protocol.n) == 0,
             "%.*s of %s", (int)protocol.n, protocol.p, text);
        MUST(sw_head_switches_to(&parsed.head, parsed.bytes, offered, NULL) == got, "%s", text);
    }
    ck_assert(!sw_head_switches_to(&parsed.head, parsed.bytes, (struct sw_span){0}, NULL));
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {control_bytes_in_values, 1}, {control_bytes_elsewhere, 1},
        {what_ends_a_value, 1},       {empty_lines, 1},
        {not_quite_empty_lines, 1},   {switches_to_what_was_offered, 1},
    };
    return suite_main("head responses", tests, COUNT(tests));
}
