/* check_target.c - all parsers of a target agree where its path ends. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "demo_dispatch.h"
#include "served.h"
#include "shockwave_values.h"

/*
 * Each byte from 0x21 to 0xff is tried in a path and in a query, strictly and with
 * SW_LENIENT_TARGET.  What the head parser accepts must be the same path for the target parser, the
 * dispatcher, the file handler and the log.
 */

static char buf[1 << 16], root[] = "/tmp/shockwave-target-XXXXXX";
static struct served served;
static struct sw_files files;
static char want_path[16], want_query[16], log_name[64];
static bool has_query;

static bool is_strict(int c)
{
    return strchr("-._~!$&'()*+,;=:@/?", c) || (c < 128 && isalnum(c));
}

static bool is_lenient(int c)
{
    return c > 127 || strchr("\"<>[\\]^`{|}", c);
}

/* ---- The readers ----------------------------------------------------------------------------- */

static void expect_same(struct sw_span span, const char *text)
{
    ck_assert_msg(span.n == strlen(text) && (!span.n || !memcmp(span.p, text, span.n)),
                  "%.*s, not %s", (int)span.n, span.p, text);
}

static void serve_any(struct sw_exchange *exchange)
{
    struct sw_span target = sw_exchange_target(exchange);
    const char *path = sw_exchange_path(exchange);
    struct sw_target parts;
    uint32_t lenient = exchange->head->limits->lenient;

    ck_assert(sw_target_parse_lenient(target, lenient, &parts));
    expect_same(parts.path, want_path);
    ck_assert(!!parts.query.p == has_query);
    expect_same(parts.query, has_query ? want_query : "");
    expect_same((struct sw_span){path, strcspn(path, " ?")}, want_path);
    sw_target_parse(target, &parts); /* the result does not matter */
    expect_same(parts.path, want_path);
    if (strncmp(want_path, "/users/", 7) == 0)
        demo_dispatch(exchange);
    else if (strncmp(want_path, "/livez", 6) == 0)
        sw_admin_serve(exchange);
    else
        sw_files_serve(&files, exchange, parts.path);
}

static void reply_capture(struct sw_exchange *exchange, const struct sw_span *capture)
{
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"),
             capture ? *capture : SW_SPAN("another route"));
}

void demo_user_show(struct sw_exchange *exchange, const struct sw_span *captures)
{
    reply_capture(exchange, captures);
}

#define ROUTE(name)                                                                                \
    void demo_##name(struct sw_exchange *exchange, const struct sw_span *captures)                 \
    {                                                                                              \
        (void)captures;                                                                            \
        reply_capture(exchange, NULL);                                                             \
    }

ROUTE(home)
ROUTE(user_list)
ROUTE(user_create)
ROUTE(user_form)
ROUTE(user_delete)
ROUTE(user_post)
ROUTE(asset)
ROUTE(asset_head)
ROUTE(odd)
ROUTE(trailing)

/* ---- The client ------------------------------------------------------------------------------ */

static void write_file(const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", root, name);
    remove(path);
}

static void begin(uint32_t lenient)
{
    ck_assert_ptr_ne(mkdtemp(strcpy(root, "/tmp/shockwave-target-XXXXXX")), NULL);
    snprintf(log_name, sizeof log_name, "%s.log", root);
    files = (struct sw_files){.root = root};
    ck_assert_int_eq(sw_files_open(&files), 0);
    write_file("a", "another file");
    served_begin(&served, (struct sw_server_config){.handler = serve_any,
                                                    .limits.lenient = lenient,
                                                    .access_log = log_name});
}

static void end(void)
{
    served_end(&served);
    sw_files_close(&files);
    remove_file("a");
    remove(root);
    remove(log_name);
}

/* Requests want_path and want_query, in origin-form and absolute-form. */
static void expect_reply(int c, unsigned status, const char *content)
{
    static const char *const fronts[] = {"", "http://x"};
    char request[128];
    for (size_t i = 0; i < 2; i++) {
        snprintf(request, sizeof request,
                 "GET %s%s%s%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", fronts[i],
                 want_path, has_query ? "?" : "", has_query ? want_query : "");
        client_ask(&served, request, buf, sizeof buf);
        ck_assert_msg(strtoul(buf + strlen("HTTP/1.1 "), NULL, 10) == status, "%#x: %s", c, buf);
        if (content)
            ck_assert_str_eq(strstr(buf, "\r\n\r\n") + 4, content);
    }
}

/* ---- Tests ----------------------------------------------------------------------------------- */

START_TEST(path_bytes_are_the_same_for_each_parser)
{
    uint32_t lenient = _i ? SW_LENIENT_TARGET : 0;
    begin(lenient);
    has_query = false;
    for (int c = 0x21; c < 256; c++) {
        bool passes = is_strict(c) || (lenient && is_lenient(c));
        if (c == '?' || c == '/')
            continue;
        snprintf(want_path, sizeof want_path, "/a%cb", c);
        expect_reply(c, passes ? 404 : 400, NULL);
        write_file(want_path + 1, "the very file");
        expect_reply(c, passes ? 200 : 400, passes ? "the very file" : NULL);
        remove_file(want_path + 1);
        snprintf(want_path, sizeof want_path, "/users/a%cb", c);
        expect_reply(c, passes ? 200 : 400, passes ? want_path + 7 : NULL);
        snprintf(want_path, sizeof want_path, "/livez%cb", c);
        expect_reply(c, passes ? 404 : 400, NULL);
    }
    end();
}
END_TEST

START_TEST(query_bytes_are_the_same_for_each_parser)
{
    uint32_t lenient = _i ? SW_LENIENT_TARGET : 0;
    begin(lenient);
    has_query = true;
    for (int c = 0x21; c < 256; c++) {
        bool passes = is_strict(c) || (lenient && (is_lenient(c) || c == '%'));
        snprintf(want_query, sizeof want_query, "%cb?%c", c, c);
        strcpy(want_path, "/a");
        expect_reply(c, passes ? 200 : 400, passes ? "another file" : NULL);
        strcpy(want_path, "/users/a");
        expect_reply(c, passes ? 200 : 400, passes ? "a" : NULL);
        strcpy(want_path, "/livez");
        expect_reply(c, passes ? 200 : 400, NULL);
    }
    end();
}
END_TEST

/* The log contains the target as received; bytes outside printable ASCII are escaped. */
START_TEST(target_bytes_are_logged)
{
    static char text[1 << 20];
    begin(SW_LENIENT_TARGET);
    has_query = true;
    for (int c = 0x21; c < 256; c++)
        if (is_lenient(c)) {
            snprintf(want_path, sizeof want_path, "/a%cb", c);
            snprintf(want_query, sizeof want_query, "c%cd", c);
            expect_reply(c, 404, NULL);
        }
    served_end(&served);
    FILE *file = fopen(log_name, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (int c = 0x21; c < 256; c++)
        if (is_lenient(c)) {
            char shown[8], line[64];
            snprintf(shown, sizeof shown,
                     c > 127                 ? "\\x%02x"
                     : c == '"' || c == '\\' ? "\\%c"
                                             : "%c",
                     c);
            snprintf(line, sizeof line, "\"GET /a%sb?c%sd HTTP/1.1\" 404 ", shown, shown);
            ck_assert_msg(strstr(text, line) != NULL, "%s", line);
        }
    sw_files_close(&files);
    remove_file("a");
    remove(root);
    remove(log_name);
}
END_TEST

/* A Location is a URI reference for each target. */
START_TEST(redirect_location_is_encoded)
{
    begin(SW_LENIENT_TARGET);
    has_query = true;
    for (int c = 0x21; c < 256; c++) {
        char name[64], location[64], plain[] = {(char)c, '\0'}, shown[8];
        if (!is_lenient(c) && (!is_strict(c) || c == '/' || c == '?'))
            continue;
        snprintf(want_path, sizeof want_path, "/d%c", c);
        snprintf(want_query, sizeof want_query, "q%c", c);
        snprintf(name, sizeof name, "%s%s", root, want_path);
        ck_assert_int_eq(mkdir(name, 0755), 0);
        expect_reply(c, 301, NULL);
        snprintf(shown, sizeof shown, "%%%02X", (unsigned)c);
        snprintf(location, sizeof location, "\r\nLocation: ./d%s/?q%s\r\n",
                 is_strict(c) ? plain : shown, is_strict(c) ? plain : shown);
        ck_assert_msg(strstr(buf, location) != NULL, "%s: %s", location, buf);
        rmdir(name);
    }
    char name[64];
    snprintf(name, sizeof name, "%s/d", root);
    ck_assert_int_eq(mkdir(name, 0755), 0);
    strcpy(want_path, "/d");
    strcpy(want_query, "%41%4%|%");
    expect_reply('%', 301, NULL);
    ck_assert_msg(strstr(buf, "\r\nLocation: ./d/?%41%254%25%7C%25\r\n") != NULL, "%s", buf);
    rmdir(name);
    end();
}
END_TEST

/* A client with SW_LENIENT_TARGET sends what a lenient server accepted: a proxy forwards it. */
START_TEST(lenient_client_forwards_lenient_targets)
{
    static const struct sw_limits limits[] = {{.lenient = 0}, {.lenient = SW_LENIENT_TARGET}};
    for (int c = 1; c < 256; c++)
        for (size_t i = 0; i < 2; i++) {
            const char target[] = {'/', (char)c, '?', (char)c}, line[] = {'G', 'E', 'T', ' ', '/'};
            struct sw_writer out = {.p = buf, .size = sizeof buf};
            struct sw_conn conn;
            bool passes = is_strict(c) || (i && is_lenient(c));
            sw_conn_init(&conn, SW_CLIENT, &limits[i]);
            ck_assert_int_eq(sw_conn_request(&conn, &out, SW_METHOD_GET,
                                             (struct sw_span){target, sizeof target}, 0),
                             passes ? SW_OK : SW_ERROR_BAD_OUT_TARGET);
            if (passes) {
                ck_assert_mem_eq(buf, line, sizeof line);
                ck_assert_mem_eq(buf + 4, target, sizeof target);
            }
        }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {path_bytes_are_the_same_for_each_parser, 2},
        {query_bytes_are_the_same_for_each_parser, 2},
        {target_bytes_are_logged, 1},
        {redirect_location_is_encoded, 1},
        {lenient_client_forwards_lenient_targets, 1},
    };
    return suite_main("server target", tests, COUNT(tests));
}
