/* check_head.c - heads: what is in them, where it is found again, and what is refused. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

#define LINE "GET /p HTTP/1.1\r\n"
#define HOST "Host: h\r\n\r\n"

static struct drive_head parsed;

/* A head that is complete at the end of the text. */
static void parse(enum sw_kind kind, const char *text)
{
    expect_head(&parsed, kind, NULL, text, expect_complete(strlen(text)));
}

/* The head as text: start line, then ` | name=value` for each field. */
static const char *rendered(const struct sw_head *head, const char *buf)
{
    static char out[2000];
    out[0] = '\0';
    struct sw_span a = sw_head_method(head, buf), b = sw_head_target(head, buf);
    size_t n = 0;
    if (head->kind == SW_REQUEST)
        n = (size_t)snprintf(out, sizeof out, "%.*s %.*s 1.%u", (int)a.n, a.p, (int)b.n, b.p,
                             head->minor);
    else if (head->kind == SW_RESPONSE)
        n = (size_t)snprintf(out, sizeof out, "%u %.*s 1.%u", head->status, (int)b.n, b.p,
                             head->minor);
    for (size_t i = 0; i < head->field_count; i++) {
        a = sw_field_name(sw_head_at(head, i), buf);
        b = sw_field_value(sw_head_at(head, i), buf);
        n +=
            (size_t)snprintf(out + n, sizeof out - n, " | %.*s=%.*s", (int)a.n, a.p, (int)b.n, b.p);
    }
    return out;
}

/* The index of the first field with this id, of the next one, of the first with this name. */
static size_t index_first(const struct sw_head *head, enum sw_header id)
{
    return field_index(head, sw_head_field(head, id));
}

static size_t index_after(const struct sw_head *head, size_t i)
{
    return field_index(head, sw_head_next_field(head, sw_head_at(head, i)));
}

static size_t index_named(const struct sw_head *head, const char *buf, const char *name)
{
    return field_index(head, sw_head_field_named(head, buf, sw_span_of(name)));
}

/* ---- What is in a head ----------------------------------------------------------------------- */

START_TEST(sizes)
{
    ck_assert_uint_eq(sizeof(struct sw_head) % 64, 0);
    ck_assert_uint_eq(sizeof(struct sw_field), 16);
}
END_TEST

static const struct {
    enum sw_kind kind;
    const char *text, *means;
} heads[] = {
    {SW_REQUEST, LINE HOST, "GET /p 1.1 | Host=h"},
    {SW_REQUEST, "\r\n\r\n" LINE HOST, "GET /p 1.1 | Host=h"},
    {SW_REQUEST, "GET / HTTP/1.0\r\n\r\n", "GET / 1.0"},
    {SW_REQUEST, "GET / HTTP/1.9\r\n" HOST, "GET / 1.9 | Host=h"},
    {SW_REQUEST, "x / HTTP/1.0\r\nA:\r\nB: \r\nC:\t \t\r\n\r\n", "x / 1.0 | A= | B= | C="},
    {SW_REQUEST, "x / HTTP/1.0\r\nA: b\tc d \r\n\r\n", "x / 1.0 | A=b\tc d"},
    {SW_REQUEST, "x / HTTP/1.0\r\nA:b:c\r\nA:: \r\n\r\n", "x / 1.0 | A=b:c | A=:"},
    {SW_REQUEST, "x / HTTP/1.0\r\nA_b:1\r\nA-b:2\r\n\r\n", "x / 1.0 | A_b=1 | A-b=2"},
    {SW_REQUEST, "x / HTTP/1.0\r\nA: \x80 \xff\t\r\n\r\n", "x / 1.0 | A=\x80 \xff"},
    {SW_REQUEST, "x /%20?%7e=/? HTTP/1.0\r\n\r\n", "x /%20?%7e=/? 1.0"},
    {SW_RESPONSE, "HTTP/1.1 200 OK\r\nServer: s\r\n\r\n", "200 OK 1.1 | Server=s"},
    {SW_RESPONSE, "HTTP/1.0 999 \r\n\r\n", "999  1.0"},
    {SW_RESPONSE, "HTTP/1.1 404 \t \x80 ok\r\n\r\n", "404 \t \x80 ok 1.1"},
    {SW_TRAILERS, "\r\n", ""},
    {SW_TRAILERS, "X-Sum: 1\r\nx-two:\t2 \r\n\r\n", " | X-Sum=1 | x-two=2"},
};

START_TEST(the_parts_of_a_head_have_their_offsets)
{
    for (size_t i = 0; i < COUNT(heads); i++) {
        parse(heads[i].kind, heads[i].text);
        ck_assert_str_eq(rendered(&parsed.head, parsed.bytes), heads[i].means);
    }
}
END_TEST

START_TEST(bytes_after_a_head_are_not_consumed)
{
    static const char text[] = LINE HOST "\r\n\0" LINE;
    struct outcome v;
    ck_assert_ptr_null(drive_head_everywhere(&parsed, &v, SW_REQUEST, NULL, text, sizeof text - 1));
    expect_outcome(v, expect_complete(sizeof LINE HOST - 1), "a head and more");
}
END_TEST

/* ---- Words ----------------------------------------------------------------------------------- */

START_TEST(every_method_is_known)
{
    for (unsigned m = 1; m < SW_METHOD_COUNT; m++) {
        char text[100];
        snprintf(text, sizeof text, "%s %s HTTP/1.1\r\n" HOST, sw_method_names[m].text,
                 m == SW_METHOD_CONNECT ? "h:1" : "/");
        bool preface = sw_method_names[m].flags & SW_METHOD_F_PREFACE;
        expect_head(&parsed, SW_REQUEST, NULL, text,
                    preface ? expect_error(SW_ERROR_HTTP2_PREFACE, 0)
                            : expect_complete(strlen(text)));
        ck_assert_uint_eq(parsed.head.method, m);
    }
    parse(SW_REQUEST, "get / HTTP/1.1\r\n" HOST);
    ck_assert_uint_eq(parsed.head.method, SW_METHOD_OTHER);
}
END_TEST

START_TEST(every_status_is_taken)
{
    for (unsigned code = 100; code < 1000; code++) {
        char text[100];
        snprintf(text, sizeof text, "HTTP/1.1 %u \r\n\r\n", code);
        parse(SW_RESPONSE, text);
        ck_assert_uint_eq(parsed.head.status, code);
        ck_assert_uint_eq(parsed.head.status_id, sw_status_id(code));
    }
}
END_TEST

/* In its own, in upper and in lower case, and not with a byte more or less. */
static void check_header(enum sw_header id, const char *name)
{
    char text[200];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX-%s: 1\r\n%s: 2\r\n%s-: 3\r\n\r\n", name, name,
             name);
    parse(SW_RESPONSE, text);
    const struct sw_field *field = sw_head_field(&parsed.head, id);
    ck_assert_msg(field == &parsed.head.fields[1], "%s", name);
    ck_assert_uint_eq(field->id, id);
    ck_assert_uint_eq(
        field_index(&parsed.head, sw_head_field_named(&parsed.head, text, sw_span_of(name))), 1);
}

/* Casefolding by one bit (0x20) also maps "-" to CR and digits to controls. */
static void check_header_folded(const char *name)
{
    for (const char *p = name; *p; p++) {
        char text[200];
        int n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s: 1\r\n\r\n", name);
        char *c = text + 17 + (p - name);
        *c ^= 0x20;
        if ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z')
            continue;
        struct outcome v;
        ck_assert_ptr_null(drive_head_everywhere(&parsed, &v, SW_RESPONSE, NULL, text, (size_t)n));
        ck_assert_msg(v.error && !v.complete && v.at == (size_t)(c - text), "%s at %zu: %s", name,
                      (size_t)(p - name), outcome_text(v));
    }
}

START_TEST(every_header_is_found)
{
    for (unsigned id = 1; id < SW_HEADER_COUNT; id++) {
        char upper[80], lower[80];
        size_t n = sw_header_names[id].len;
        for (size_t i = 0; i <= n; i++) {
            char c = sw_header_names[id].text[i];
            upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
            lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        check_header(id, sw_header_names[id].text);
        check_header_folded(sw_header_names[id].text);
        check_header(id, upper);
        check_header(id, lower);
    }
}
END_TEST

/* ---- Finding fields -------------------------------------------------------------------------- */

START_TEST(duplicates_keep_their_order)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nVary: a\r\nX: 1\r\nVARY: b\r\nx: 2\r\n"
                               "Server: s\r\nvary: c\r\nX^: 3\r\nX~: 4\r\n\r\n";
    const struct sw_head *head = &parsed.head;
    parse(SW_RESPONSE, text);
    ck_assert_ptr_eq(sw_head_field(head, SW_HEADER_VARY), &head->fields[0]);
    ck_assert_uint_eq(index_after(head, 0), 2);
    ck_assert_uint_eq(index_after(head, 2), 5);
    ck_assert_uint_eq(index_after(head, 5), head->field_count);
    ck_assert_uint_eq(index_after(head, 4), head->field_count);
    ck_assert_uint_eq(index_named(head, text, "x"), 1);
    ck_assert_uint_eq(index_named(head, text, "VaRy"), 0);
    ck_assert_uint_eq(index_named(head, text, "Var"), head->field_count);
    ck_assert_uint_eq(index_named(head, text, "X^"), 6);
    ck_assert_uint_eq(index_named(head, text, "X~"), 7);
    ck_assert_ptr_null(sw_head_field(head, SW_HEADER_HOST));
}
END_TEST

/* Names with the hash of a known one: of its collision chain, unknown, with only its prefix or
   suffix, or its last 16 bytes; in the first line and after long ones.  Names that fill a row of 32
   bytes or are longer. */
START_TEST(names_are_not_taken_for_others)
{
    static const struct {
        const char *name;
        enum sw_header id;
    } names[] = {
        {"DASL", SW_HEADER_DASL},
        {"hxst", SW_HEADER_OTHER},
        {"Fxom", SW_HEADER_OTHER},
        {"dpop", SW_HEADER_DPOP},
        {"if", SW_HEADER_IF},
        {"im", SW_HEADER_IM},
        {"ix", SW_HEADER_OTHER},
        {"Accept-Charset", SW_HEADER_ACCEPT_CHARSET},
        {"Accept-Charsex", SW_HEADER_OTHER},
        {"Content-Encoding", SW_HEADER_CONTENT_ENCODING},
        {"Transfer-Encoding", SW_HEADER_TRANSFER_ENCODING},
        {"Transfer-Encodinh", SW_HEADER_OTHER},
        {"xransfer-Encoding", SW_HEADER_OTHER},
        {"Content-Security-Policy-Report-Only", SW_HEADER_CONTENT_SECURITY_POLICY_REPORT_ONLY},
        {"Content-Security-Policy-Report-Onlx", SW_HEADER_OTHER},
        {"Service-Worker-Allowed", SW_HEADER_SERVICE_WORKER_ALLOWED},
        {"e-Worker-Allowed", SW_HEADER_OTHER},
        {"X", SW_HEADER_OTHER},
    };
    static const char *const before[] = {"",
                                         "User-Agent: a name and a version and another one\r\n"};
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t k = 0; k < COUNT(before); k++) {
            char text[300];
            snprintf(text, sizeof text, "G / HTTP/1.1\r\n%s%s: a\r\nHost: h\r\n%s: b\r\n\r\n",
                     before[k], names[i].name, names[i].name);
            parse(SW_REQUEST, text);
            ck_assert_msg(parsed.head.fields[k].id == names[i].id, "%s", names[i].name);
            ck_assert_msg(parsed.head.fields[k + 2].id == names[i].id, "%s", names[i].name);
            ck_assert_uint_eq(index_after(&parsed.head, k), k + 2);
        }
}
END_TEST

/* Positions in the index have 16 bits, and wrap after 65536 fields. */
START_TEST(the_index_is_right_after_it_wraps)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nServer: a server with a long name\r\nAge: 1\r\nVary: a\r\nAge: "
        "2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 16:16:16 GMT\r\nVary: a\r\nX: 1\r\n\r\n",
    };
    struct sw_head head;
    sw_head_init(&head, SW_RESPONSE, NULL);
    for (size_t i = 0; i < 100000; i++) {
        const char *text = texts[i % 4096 != 0];
        sw_head_reset(&head);
        ck_assert_int_gt(sw_head_parse(&head, text, strlen(text)), 0);
        bool first = text == texts[0];
        ck_assert_uint_eq(index_first(&head, SW_HEADER_VARY), first ? 2 : 1);
        ck_assert_uint_eq(index_first(&head, SW_HEADER_SERVER), first ? 0 : head.field_count);
        ck_assert_uint_eq(index_first(&head, SW_HEADER_AGE), first ? 1 : head.field_count);
        ck_assert_uint_eq(index_first(&head, SW_HEADER_DATE), first ? head.field_count : 0);
        if (first)
            ck_assert_uint_eq(index_after(&head, 1), 3);
    }
}
END_TEST

/* An index entry of 65536 fields ago looks like one of the current head. */
START_TEST(index_entries_of_65536_fields_ago_are_ignored)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nVary: a\r\nServer: some server or other, and then\r\nAge: 2\r\n\r\n",
    };
    struct sw_head head;
    for (size_t last = 1; last < 3; last++) {
        sw_head_init(&head, SW_RESPONSE, NULL);
        ck_assert_int_gt(sw_head_parse(&head, texts[0], strlen(texts[0])), 0);
        for (size_t i = 1; i < 65536; i++) {
            sw_head_reset(&head);
            sw_head_parse(&head, texts[1], strlen(texts[1]));
        }
        sw_head_reset(&head);
        sw_head_parse(&head, texts[last], strlen(texts[last]));
        ck_assert_uint_eq(index_first(&head, SW_HEADER_AGE), last == 1 ? 1 : 2);
        ck_assert_ptr_eq(sw_head_field(&head, SW_HEADER_AGE), last == 1 ? NULL : &head.fields[2]);
    }
}
END_TEST

/* Values of hundreds of bytes, more than one vector. */
START_TEST(long_values)
{
    for (size_t n = 100; n < 1400; n += 61) {
        char text[1600];
        size_t at = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nCookie: ");
        memset(text + at, 'c', n);
        sprintf(text + at + n, "\r\nAge: 1\r\n\r\n");
        parse(SW_RESPONSE, text);
        ck_assert_uint_eq(parsed.head.fields[0].value_len, n);
    }
}
END_TEST

START_TEST(controls_in_long_values_are_found)
{
    static const char controls[] = {1, 31, 127};
    for (size_t n = 70; n < 700; n += 61)
        for (size_t i = 0; i < sizeof controls; i++) {
            char text[800];
            size_t at = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nCookie: ");
            memset(text + at, 'c', 700);
            strcpy(text + at + 700, "\r\nAge: 1\r\n\r\n");
            text[at + n] = controls[i];
            expect_head(&parsed, SW_RESPONSE, NULL, text,
                        expect_error(SW_ERROR_BAD_FIELD_VALUE, at + n));
        }
}
END_TEST

/* Each byte of a host of any length is checked, after long and short lines. */
START_TEST(hosts_of_every_length)
{
    for (size_t n = 1; n <= 40; n++)
        for (size_t i = 0; i <= n; i++) {
            char text[300];
            size_t at = (size_t)sprintf(text, "GET / HTTP/1.1\r\nUser-Agent: a\r\nHost: ");
            memset(text + at, 'h', n);
            strcpy(text + at + n, "\r\n\r\n");
            if (i == n) {
                parse(SW_REQUEST, text);
                continue;
            }
            text[at + i] = '"';
            expect_head(&parsed, SW_REQUEST, NULL, text, expect_error(SW_ERROR_BAD_HOST, at));
        }
}
END_TEST

/* A reset head still contains the fields of the earlier one; none of them is found. */
START_TEST(a_reset_head_has_only_its_own_fields)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nVary: a\r\nServer: b\r\nAge: 1\r\nX: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nAge: 1\r\nVary: a\r\nVary: b\r\nVary: c\r\nVary: d\r\n\r\n",
        "HTTP/1.1 204 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: 1\r\nX: 2\r\nX: 3\r\nX: 4\r\nServer: a\r\nAge: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nServer: b\r\nAge: 1\r\nServer:c\r\n\001",
        "HTTP/1.1 200 OK\r\nServer: a\r\nServer: a\r\nAge: 2\r\nVary: *\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: x\r\n\r\nnnection: close\r\n\r\n", /* and a body */
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t j = 0; j < COUNT(texts); j++) {
            struct sw_head used;
            sw_head_init(&used, SW_RESPONSE, NULL);
            sw_head_parse(&used, texts[i], strlen(texts[i]));
            sw_head_reset(&used);
            for (unsigned id = 1; id < SW_HEADER_COUNT; id++)
                ck_assert_ptr_null(sw_head_field(&used, id));
            sw_head_parse(&used, texts[j], strlen(texts[j]));
            sw_head_init(&parsed.head, SW_RESPONSE, NULL);
            sw_head_parse(&parsed.head, texts[j], strlen(texts[j]));
            ck_assert(drive_same_head(&used, &parsed.head));
            ck_assert_uint_eq(sw_head_options(&used, texts[j]),
                              sw_head_options(&parsed.head, texts[j]));
            for (unsigned id = 1; id < SW_HEADER_COUNT; id++) {
                const struct sw_field *a = sw_head_field(&used, id);
                const struct sw_field *b = sw_head_field(&parsed.head, id);
                ck_assert_int_eq(a ? a - used.fields : -1, b ? b - parsed.head.fields : -1);
            }
        }
}
END_TEST

/* A head with `count` fields, and `attached` fields after SW_FIELDS_INLINE. */
static void check_room(uint32_t limit, size_t attached, size_t count)
{
    static char text[4000];
    static struct sw_field more[120];
    struct sw_limits limits = {.fields = limit};
    struct sw_head head;
    size_t n = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\n"), over = 0;
    size_t max = limit ? limit : 128;

    max = max < SW_FIELDS_INLINE + attached ? max : SW_FIELDS_INLINE + attached;
    for (size_t i = 0; i < count; i++) {
        over = i == max ? n : over;
        n += (size_t)sprintf(text + n, i + 1 < count ? "F%zu: v\r\n" : "Age: %zu\r\n", i);
    }
    n += (size_t)sprintf(text + n, "\r\n");
    sw_head_init(&head, SW_RESPONSE, &limits);
    sw_head_attach_fields(&head, more, attached);
    expect_outcome(drive_head_call(&head, guard_end(text, n), n),
                   over ? expect_error(SW_ERROR_TOO_MANY_FIELDS, over) : expect_complete(n), text);
    if (over)
        return;
    const struct sw_field *age = sw_head_field(&head, SW_HEADER_AGE);
    MUST(age == (count <= SW_FIELDS_INLINE ? &head.fields[count - 1]
                                           : &more[count - 1 - SW_FIELDS_INLINE]),
         "the last of %zu fields, limit %u, attached %zu", count, limit, attached);
    MUST(index_named(&head, text, "agE") == count - 1, "not the last of %zu", count);
    MUST(count == 1 || index_named(&head, text, "f0") == 0, "not the first of %zu", count);
}

START_TEST(more_fields_than_inline)
{
    for (uint32_t limit = 0; limit <= 160; limit += 20)
        for (size_t attached = 0; attached <= 120; attached += 24)
            for (size_t count = 1; count < 160; count++)
                check_room(limit, attached, count);
}
END_TEST

/* An index has 16 bits, which bounds the fields however many are attached. */
START_TEST(more_fields_than_an_index_counts)
{
    static struct sw_field more[70000];
    static char text[4 * COUNT(more)];
    struct sw_limits limits = {.trailers = COUNT(more), .trailer_bytes = sizeof text};
    struct sw_head head;
    for (size_t i = 0; i < COUNT(more); i++)
        memcpy(text + 4 * i, "A:\r\n", 4);
    sw_head_init(&head, SW_TRAILERS, &limits);
    sw_head_attach_fields(&head, more, COUNT(more));
    expect_outcome(drive_head_call(&head, text, sizeof text),
                   expect_error(SW_ERROR_TOO_MANY_TRAILERS, 4 * UINT16_MAX), "many fields");
}
END_TEST

/* ---- What the fields of Connection and Expect ask for ---------------------------------------- */

enum { CLOSE = SW_OPTION_CLOSE, ALIVE = SW_OPTION_KEEP_ALIVE, UPGRADE = SW_OPTION_UPGRADE };

static const struct {
    const char *fields;
    unsigned options;
} options[] = {
    {"", 0},
    {"Connection: close\r\n", CLOSE},
    {"connection:CLOSE\r\n", CLOSE},
    {"Connection: Keep-Alive\r\n", ALIVE},
    {"Connection: upgrade\r\nUpgrade: x\r\n", UPGRADE},
    {"Connection: a, close ,b\r\n", CLOSE},
    {"Connection: ,,close,,\r\n", CLOSE},
    {"Connection:\tkeep-alive\t,\tUpgrade\t\r\n", ALIVE | UPGRADE},
    {"Connection: keep-alive\r\nConnection: close\r\n", CLOSE | ALIVE},
    {"Connection: close\r\nA: b\r\nConnection: keep-alive\r\n", CLOSE | ALIVE},
    {"Connection:\r\nConnection: a\r\nConnection: upgrade\r\n", UPGRADE},
    {"Connection: closed\r\n", 0},
    {"Connection: clos\r\n", 0},
    {"Connection: close;x\r\n", 0},
    {"Connection: clo se\r\n", 0},
    {"Connection: \"close\"\r\n", 0},
    {"Connection: close\x80\r\n", 0},
    {"Connection: \xa0"
     "close\r\n",
     0},
    {"Connection: keep_alive\r\n", 0},
    {"Proxy-Connection: close\r\n", 0},
    {"Keep-Alive: timeout=5\r\n", 0},
};

/* RFC 9112 9.3: `close` has precedence, and HTTP/1.0 closes unless keep-alive is requested. */
START_TEST(connection_options)
{
    static const char *const lines[] = {"HTTP/1.0 200 OK",         "HTTP/1.1 200 OK",
                                        "HTTP/1.2 200 OK",         "GET / HTTP/1.0",
                                        "GET / HTTP/1.1\r\nHost:", "GET / HTTP/1.9\r\nHost:"};
    for (size_t i = 0; i < COUNT(options); i++)
        for (size_t j = 0; j < COUNT(lines); j++) {
            char text[200];
            snprintf(text, sizeof text, "%s\r\n%s\r\n", lines[j], options[i].fields);
            parse(j < 3 ? SW_RESPONSE : SW_REQUEST, text);
            unsigned requested = options[i].options;
            ck_assert_msg(sw_head_options(&parsed.head, parsed.bytes) == requested, "%s", text);
            ck_assert_msg(sw_head_keep_alive(&parsed.head, parsed.bytes) ==
                              (!(requested & CLOSE) && (j % 3 > 0 || requested & ALIVE)),
                          "%s", text);
        }
}
END_TEST

/* RFC 9110 10.1.1: case-insensitive, from HTTP/1.1 on, and only in requests. */
START_TEST(expectations)
{
    static const struct {
        enum sw_kind kind;
        const char *text;
        bool expects;
    } rows[] = {
        {SW_REQUEST, LINE "Expect: 100-continue\r\n" HOST, true},
        {SW_REQUEST, LINE "expect:100-CONTINUE \r\n" HOST, true},
        {SW_REQUEST, LINE "Expect: x\r\nExpect: 100-continue\r\n" HOST, true},
        {SW_REQUEST, LINE HOST, false},
        {SW_REQUEST, LINE "Expect: 100\r\n" HOST, false},
        {SW_REQUEST, LINE "Expect: 100-continued\r\n" HOST, false},
        {SW_REQUEST, LINE "Expect:\r\n" HOST, false},
        {SW_REQUEST, "GET / HTTP/1.0\r\nExpect: 100-continue\r\n" HOST, false},
        {SW_RESPONSE, "HTTP/1.1 200 OK\r\nExpect: 100-continue\r\n" HOST, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        parse(rows[i].kind, rows[i].text);
        ck_assert_msg(sw_head_expects_continue(&parsed.head, parsed.bytes) == rows[i].expects, "%s",
                      rows[i].text);
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {sizes, 1},
        {the_parts_of_a_head_have_their_offsets, 1},
        {bytes_after_a_head_are_not_consumed, 1},
        {every_method_is_known, 1},
        {every_status_is_taken, 1},
        {every_header_is_found, 1},
        {duplicates_keep_their_order, 1},
        {names_are_not_taken_for_others, 1},
        {the_index_is_right_after_it_wraps, 1},
        {index_entries_of_65536_fields_ago_are_ignored, 1},
        {long_values, 1},
        {controls_in_long_values_are_found, 1},
        {hosts_of_every_length, 1},
        {a_reset_head_has_only_its_own_fields, 1},
        {more_fields_than_inline, 1},
        {more_fields_than_an_index_counts, 1},
        {connection_options, 1},
        {expectations, 1},
    };
    return suite_main("head", tests, COUNT(tests));
}
