/* check_conn.c - runs the scripts of cases/conn.case on connections, at several splits. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "shockwave.h"
#include "suite.h"

/*
 * A case is a script of one command per line; the commands are described at the top of
 * cases/conn.case.  Each script runs several times: the bytes of the peer arrive in one piece, byte
 * by byte, and in other steps.  Each call that writes is first made with too little room, and must
 * then have changed nothing.
 */
enum { ROOM = 1 << 14, LINES = 2048, CASES = 256 };

static char script[1 << 16], *lines[LINES];
static unsigned line_count, cases[CASES + 1], case_count;

static struct {
    struct sw_conn conn;
    struct sw_message message;
    struct sw_limits limits;
    struct sw_date date;
    const struct sw_date *dated;
    struct sw_writer out; /* of the previous call */
    char in[ROOM], sent[ROOM];
    size_t arrived, shown, dropped, step; /* bytes of `in` */
    size_t mark;                          /* offset in `in` of the error; 0: not checked */
    size_t written, compared;             /* bytes of `sent` */
    unsigned line;
} t;

/* The error that the command must return. */
static enum sw_error wanted;

#define REFUSE(format, ...) ck_abort_msg("conn.case:%u: " format, t.line + 1, __VA_ARGS__)

/* ---- Words ----------------------------------------------------------------------------------- */

static enum sw_error error_named(const char *name)
{
    unsigned i = 0;
    while (i < SW_ERROR_COUNT && strcmp(sw_error_infos[i].name, name) != 0)
        i++;
    if (i == SW_ERROR_COUNT)
        REFUSE("no error %s", name);
    return (enum sw_error)i;
}

/* Returns the first word of the text, and advances the text to the next one. */
static char *word(char **text)
{
    char *from = *text, *end = from + strcspn(from, " ");
    *text = *end ? end + 1 : end;
    *end = '\0';
    return from;
}

static uint64_t number(char **text)
{
    char *digits = word(text);
    return digits[0] == '?' ? SW_LENGTH_UNKNOWN : strtoull(digits, NULL, 10);
}

static struct sw_span rest(char *text)
{
    return (struct sw_span){text, strlen(text)};
}

/* The bytes of a text: | is CRLF, ~ is LF, and ^ is the offset of the error. */
static size_t bytes_of(const char *text, char *to, size_t *mark)
{
    size_t n = 0;
    for (; *text; text++) {
        if (*text == '^')
            *mark = n;
        else if (*text == '|')
            to[n++] = '\r', to[n++] = '\n';
        else
            to[n++] = *text == '~' ? '\n' : *text;
    }
    return n;
}

/* ---- What the peer sends --------------------------------------------------------------------- */

static void arrive(char *text)
{
    size_t mark = SIZE_MAX;
    size_t n = bytes_of(text, t.in + t.arrived, &mark);
    if (mark != SIZE_MAX)
        t.mark = t.arrived + mark;
    t.arrived += n;
}

static void hang_up(char *text)
{
    (void)text;
    t.shown = t.arrived;
    sw_conn_eof(&t.conn);
}

static bool show_more(void)
{
    size_t hidden = t.arrived - t.shown;
    t.shown += hidden < t.step ? hidden : t.step;
    return hidden > 0;
}

static size_t put_head(char *to, const char *name, const struct sw_head *head, const char *buf)
{
    struct sw_span a = sw_head_method(head, buf), b = sw_head_target(head, buf);
    if (head->kind == SW_REQUEST)
        return (size_t)sprintf(to, "%s %.*s %.*s", name, (int)a.n, a.p, (int)b.n, b.p);
    return (size_t)sprintf(to, "%s %u", name, head->status);
}

static void put_trailers(char *to, const struct sw_head *head, struct sw_span bytes)
{
    for (size_t i = 0; head && i < head->field_count; i++) {
        struct sw_span name = sw_field_name(sw_head_at(head, i), bytes.p);
        struct sw_span value = sw_field_value(sw_head_at(head, i), bytes.p);
        ck_assert(value.p + value.n <= bytes.p + bytes.n);
        to += sprintf(to, " %.*s=%.*s", (int)name.n, name.p, (int)value.n, value.p);
    }
}

/* An event as the script writes it.  `content` is what came in the calls before. */
static void render(char *to, const struct sw_event *event, const char *buf, size_t taken)
{
    static const char *const names[] = {"MORE",   "HEAD",     "INTERIM", "CONTENT", "END",
                                        "PAUSED", "UPGRADED", "CLOSED",  "FAILED"};
    const char *name = names[event->kind];
    to += sprintf(to, "%s", name);
    if (event->kind == SW_EVENT_HEAD || event->kind == SW_EVENT_INTERIM) {
        ck_assert_ptr_eq(event->bytes.p + event->bytes.n, buf + taken);
        ck_assert_uint_eq(event->bytes.n, event->head->length);
        put_head(to - strlen(name), name, event->head, event->bytes.p);
    } else if (event->kind == SW_EVENT_END) {
        ck_assert_ptr_eq(event->bytes.p + event->bytes.n, buf + taken);
        put_trailers(to, event->head, event->bytes);
    } else if (event->kind == SW_EVENT_UPGRADED && t.arrived > t.dropped) {
        sprintf(to, " %.*s", (int)(t.arrived - t.dropped), t.in + t.dropped);
    } else if (event->kind == SW_EVENT_FAILED) {
        sprintf(to, " %s", sw_error_infos[t.conn.error].name);
    }
}

/* What has failed or is closed stays so. */
static void expect_again(enum sw_event_kind kind)
{
    struct sw_conn before = t.conn;
    struct sw_event event;
    size_t len = t.shown - t.dropped;
    size_t taken = sw_conn_next(&t.conn, guard_end(t.in + t.dropped, len), len, &event);
    ck_assert_uint_eq(event.kind, kind);
    ck_assert_uint_eq(taken, kind == SW_EVENT_CLOSED ? len : 0);
    ck_assert_mem_eq(&t.conn, &before, sizeof before);
}

static void expect(char *text)
{
    char got[ROOM] = "";
    struct sw_event event;
    size_t content = 0, n = strlen(text);
    do {
        size_t len = t.shown - t.dropped;
        const char *buf = guard_end(t.in + t.dropped, len);
        size_t taken = sw_conn_next(&t.conn, buf, len, &event);
        ck_assert_uint_le(taken, len);
        if (event.kind == SW_EVENT_FAILED && t.mark && t.dropped + t.conn.error_at != t.mark)
            REFUSE("error at %zu, not %zu", t.dropped + t.conn.error_at, t.mark);
        t.dropped += taken;
        if (event.kind == SW_EVENT_CONTENT) {
            content += (size_t)sprintf(got + content, content ? "%.*s" : "CONTENT %.*s",
                                       (int)event.bytes.n, event.bytes.p);
        } else if (event.kind != SW_EVENT_MORE || t.shown == t.arrived) {
            render(got + content, &event, buf, taken);
            break;
        }
    } while (event.kind == SW_EVENT_CONTENT ? content < n : show_more());
    if (strcmp(got, text) != 0)
        REFUSE("got %s", got);
    if (event.kind == SW_EVENT_CLOSED || event.kind == SW_EVENT_FAILED)
        expect_again(event.kind);
}

/* ---- What we send ---------------------------------------------------------------------------- */

/* Make a call with no room, then with more and more: until there is enough it must do nothing. */
#define WRITE(call)                                                                                \
    do {                                                                                           \
        struct sw_conn before = t.conn;                                                            \
        uint8_t framed = t.out.framed;                                                             \
        enum sw_error error;                                                                       \
        for (size_t room = 0;; room++) {                                                           \
            t.out = (struct sw_writer){t.sent + t.written, room, 0, 0, framed};                    \
            error = (call);                                                                        \
            if (error == SW_OK || error == SW_ERROR_BODY_LENGTH_MISMATCH)                          \
                break;                                                                             \
            ck_assert(t.out.n == 0 && t.out.framed == framed);                                     \
            ck_assert_mem_eq(&t.conn, &before, sizeof before);                                     \
            if (error != SW_ERROR_NO_ROOM)                                                         \
                break;                                                                             \
        }                                                                                          \
        returned(error);                                                                           \
    } while (0)

static void returned(enum sw_error error)
{
    if (error != wanted)
        REFUSE("returned %s", sw_error_infos[error].name);
    wanted = SW_OK;
    t.written += t.out.n;
}

static void reply(char *text)
{
    unsigned status = (unsigned)number(&text);
    uint64_t length = number(&text);
    WRITE(sw_conn_reply(&t.conn, &t.out, status, length, t.dated));
}

static void interim(char *text)
{
    WRITE(sw_conn_interim(&t.conn, &t.out, (unsigned)number(&(char *){text})));
}

static void refuse(char *text)
{
    (void)text;
    WRITE(sw_conn_refuse(&t.conn, &t.out, t.dated));
}

static void request(char *text)
{
    char *name = word(&text), *target = word(&text);
    uint64_t length = *text ? number(&text) : 0;
    unsigned method = 1;
    while (method < SW_METHOD_COUNT && strcmp(sw_method_names[method].text, name) != 0)
        method++; /* SW_METHOD_COUNT is a case as well */
    WRITE(sw_conn_request(&t.conn, &t.out, (enum sw_method)method, rest(target), length));
}

static void offer(char *text)
{
    char protocol[64];
    size_t n = bytes_of(text, protocol, &(size_t){0});
    WRITE(sw_conn_offer(&t.conn, &t.out, (struct sw_span){protocol, n}));
}

static enum sw_error write_field(char *text)
{
    struct sw_span name = {text, strcspn(text, ":")};
    sw_write_field_named(&t.out, name, rest(text + name.n + 2));
    return (enum sw_error)t.out.error;
}

static void field(char *text)
{
    WRITE(write_field(text));
}

static void end(char *text)
{
    (void)text;
    t.out = (struct sw_writer){t.sent + t.written, 2, 0, 0, t.out.framed};
    sw_write_end(&t.out);
    returned((enum sw_error)t.out.error);
}

static void content(char *text)
{
    size_t n = strlen(text);
    bool goes_out = !wanted && !sw_conn_bodiless(&t.conn);
    WRITE(sw_conn_content(&t.conn, &t.out, n));
    memcpy(t.sent + t.written, text, n);
    t.written += goes_out ? n : 0;
}

static void finish(char *text)
{
    char trailers[256];
    size_t n = bytes_of(text, trailers, &(size_t){0});
    WRITE(sw_conn_finish(&t.conn, &t.out, (struct sw_span){trailers, n}));
}

static void respond(char *text)
{
    unsigned status = (unsigned)number(&text);
    WRITE(sw_conn_reply(&t.conn, &t.out, status, strlen(text), t.dated));
    end(NULL);
    content(text);
    finish("");
}

static void ask(char *text)
{
    request(text);
    end(NULL);
    finish("");
}

static void drop(char *text)
{
    (void)text;
    t.compared = t.written;
}

static void compare(char *text)
{
    char bytes[ROOM];
    size_t n = bytes_of(text, bytes, &(size_t){0}), got = t.written - t.compared;
    if (got != n || memcmp(t.sent + t.compared, bytes, n) != 0)
        REFUSE("sent %.*s", (int)got, t.sent + t.compared);
    t.compared = t.written;
}

static void run(char *status)
{
    char text[32];
    snprintf(text, sizeof text, "HEAD %s", status);
    expect(text);
    expect("END");
}

/* ---- The connection itself ------------------------------------------------------------------- */

static void begin(enum sw_role role)
{
    sw_conn_init(&t.conn, role, &t.limits);
    sw_conn_attach(&t.conn, &t.message);
}

static void be_server(char *text)
{
    (void)text;
    begin(SW_SERVER);
}

static void be_client(char *text)
{
    (void)text;
    begin(SW_CLIENT);
}

static void limit(char *text)
{
    static const struct {
        const char *name;
        uint32_t *value;
    } names[] = {{"drain", &t.limits.discard},
                 {"pipeline", &t.limits.pipeline},
                 {"chunk_overhead", &t.limits.chunk_overhead},
                 {"empty_lines", &t.limits.empty_lines},
                 {"lenient", &t.limits.lenient}};
    const char *name = word(&text);
    size_t i = 0;
    while (i < sizeof names / sizeof *names && strcmp(names[i].name, name) != 0)
        i++;
    ck_assert_uint_lt(i, sizeof names / sizeof *names);
    *names[i].value = (uint32_t)number(&text);
}

static void dated(char *text)
{
    sw_date_set(&t.date, (int64_t)number(&text));
    t.dated = &t.date;
}

static void close_it(char *text)
{
    (void)text;
    sw_conn_close(&t.conn);
}

static void keep_reading(char *text)
{
    (void)text;
    sw_conn_keep_reading(&t.conn);
}

static void attach(char *text)
{
    (void)text;
    sw_conn_attach(&t.conn, &t.message);
}

static void detach(char *text)
{
    const struct sw_message *got = sw_conn_detach(&t.conn);
    ck_assert(!got || got == &t.message);
    if ((got != NULL) != (strcmp(text, "yes") == 0))
        REFUSE("was not to be %s", text);
}

static void action(char *text)
{
    static const char *const names[] = {"KEEP", "LINGER", "CLOSE", "HANDOVER"};
    if (strcmp(names[sw_conn_next_action(&t.conn)], text) != 0)
        REFUSE("next action %s", names[sw_conn_next_action(&t.conn)]);
}

static void pending(char *text)
{
    ck_assert_uint_eq(t.conn.pending, number(&text));
}

/* ---- Scripts --------------------------------------------------------------------------------- */

static void times(char *text);

static const struct {
    const char *name;
    void (*run)(char *text);
} commands[] = {
    {"server", be_server}, {"client", be_client}, {"limit", limit},   {"dated", dated},
    {"<", arrive},         {"eof", hang_up},      {"=", expect},      {">", compare},
    {"reply", reply},      {"interim", interim},  {"refuse", refuse}, {"respond", respond},
    {"request", request},  {"offer", offer},      {"ask", ask},       {"field", field},
    {"end", end},          {"content", content},  {"finish", finish}, {"close", close_it},
    {"attach", attach},    {"detach", detach},    {"next", action},   {"pending", pending},
    {"times", times},      {"drop", drop},        {"run", run},       {"want", keep_reading},
};

static void run_line(const char *text)
{
    char copy[1024], *at = copy, *want;
    snprintf(copy, sizeof copy, "%s", text);
    want = strstr(copy, " ! ");
    wanted = want ? error_named(want + 3) : SW_OK;
    if (want)
        *want = '\0';
    const char *name = word(&at);
    size_t i = 0;
    while (i < sizeof commands / sizeof *commands && strcmp(commands[i].name, name) != 0)
        i++;
    if (i == sizeof commands / sizeof *commands)
        REFUSE("no command %s", name);
    commands[i].run(at);
    if (wanted)
        REFUSE("%s returned no error", name);
}

static void times(char *text)
{
    for (uint64_t n = number(&text); n > 0; n--)
        run_line(text);
}

START_TEST(each_case_has_its_events_and_bytes)
{
    static const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7, 20};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        memset(&t, 0, sizeof t);
        t.step = steps[i];
        for (t.line = cases[_i]; t.line < cases[_i + 1]; t.line++)
            if (lines[t.line][0] != '#' && lines[t.line][0] != '\0')
                run_line(lines[t.line]);
        if (t.written != t.compared)
            REFUSE("at its end, step %zu, %.*s was sent", t.step, (int)(t.written - t.compared),
                   t.sent + t.compared);
    }
}
END_TEST

/* Cases are separated by empty lines.  False when the file cannot be read or has too many. */
static bool read_cases(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return false;
    size_t n = fread(script, 1, sizeof script - 1, file);
    fclose(file);
    bool between = true;
    for (char *at = script; *at && line_count < LINES; line_count++) {
        char *text = lines[line_count] = at;
        at += strcspn(at, "\n");
        *at++ = '\0';
        if (text[0] == '#')
            continue;
        if (between && text[0] && case_count < CASES)
            cases[case_count++] = line_count;
        between = text[0] == '\0';
    }
    cases[case_count] = line_count;
    return n > 0 && n < sizeof script - 1 && line_count < LINES && case_count < CASES;
}

/* A connection that was never prepared is closed, and no call but sw_conn_init() does anything. */
START_TEST(zero_is_harmless)
{
    struct sw_conn conn = {0};
    struct sw_event event;
    struct sw_writer out = {0};
    ck_assert_uint_eq(sw_conn_next(&conn, "x", 1, &event), 1);
    ck_assert_uint_eq(event.kind, SW_EVENT_CLOSED);
    ck_assert_uint_eq(sw_conn_reply(&conn, &out, 200, 0, NULL), SW_ERROR_MISUSE);
    ck_assert_uint_eq(sw_conn_finish(&conn, &out, (struct sw_span){0}), SW_ERROR_MISUSE);
    ck_assert_ptr_null(sw_conn_detach(&conn));
}
END_TEST

int main(void)
{
    if (!read_cases("tests/cases/conn.case")) {
        fputs("tests/cases/conn.case cannot be read\n", stderr);
        return 1;
    }
    const struct suite_test tests[] = {
        {each_case_has_its_events_and_bytes, case_count},
        {zero_is_harmless, 1},
    };
    return suite_main("conn", tests, COUNT(tests));
}
