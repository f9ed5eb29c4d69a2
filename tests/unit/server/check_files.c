/* check_files.c - serving a directory: which target is which file, and what is refused. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "filed.h"

#include <limits.h>
#include <linux/capability.h>
#include <sys/syscall.h>

/* ---- Names ----------------------------------------------------------------------------------- */

static const struct {
    const char *target;
    unsigned status;
    const char *content, *type; /* for 301, the Location */
} names[] = {
    {"/", 200, "the index", "text/html; charset=utf-8"},
    {"/?x", 200, "the index", "text/html; charset=utf-8"},
    {"http://x", 200, "the index", "text/html; charset=utf-8"},
    {"/index.html", 200, "the index", "text/html; charset=utf-8"},
    {"/a.txt", 200, LETTERS, "text/plain; charset=utf-8"},
    {"/%61.tx%74?x", 200, LETTERS, "text/plain; charset=utf-8"},
    {"/empty.css", 200, "", "text/css; charset=utf-8"},
    {"/dir/data.JSON", 200, "{}", "application/json"},
    {"/dir/", 200, "the index of dir", "text/html; charset=utf-8"},
    {"/page.js.br", 200, "page in br", "application/octet-stream"},
    {"/sp%20ace.txt", 200, "space", "text/plain; charset=utf-8"},
    {"/a%252Fb.txt", 200, "percent", "text/plain; charset=utf-8"},
    {"/%C3%A9.txt", 200, "accent", "text/plain; charset=utf-8"},
    {"/.well-known/acme", 200, "challenge", "application/octet-stream"},
    /* Dots are resolved once, after decoding, and never above the root. */
    {"/.", 200, "the index", NULL},
    {"/..", 200, "the index", NULL},
    {"/../../..", 200, "the index", NULL},
    {"/dir/.", 200, "the index of dir", NULL},
    {"/./dir/../a.txt", 200, LETTERS, NULL},
    {"/nowhere/%2e%2E/a.txt", 200, LETTERS, NULL},
    {"/../../../../../../etc/passwd", 404, NULL, NULL},
    {"/%2e%2e/%2e%2e/%2e%2e/etc/passwd", 404, NULL, NULL},
    {"/dir/../../../../../etc/passwd", 404, NULL, NULL},
    {"/%252e%252e/etc/passwd", 404, NULL, NULL},
    {"/..%5c..%5cetc%5cpasswd", 404, NULL, NULL},
    {"/..%c0%af..%c0%afetc/passwd", 404, NULL, NULL},
    /* Names that no file can have. */
    {"/a%2Fb.txt", 404, NULL, NULL},
    {"/dir%2Findex.html", 404, NULL, NULL},
    {"/dir%2findex.html", 404, NULL, NULL},
    {"/..%2F..%2Fetc/passwd", 404, NULL, NULL},
    {"/%2Fetc/passwd", 404, NULL, NULL},
    {"/a.txt%00", 404, NULL, NULL},
    {"/a.txt%00.html", 404, NULL, NULL},
    {"//a.txt", 404, NULL, NULL},
    {"//etc/passwd", 404, NULL, NULL},
    {"/dir//index.html", 404, NULL, NULL},
    {"//", 404, NULL, NULL},
    /* Files that do not exist or are not regular. */
    {"/nothing", 404, NULL, NULL},
    {"/A.TXT", 404, NULL, NULL},
    {"/none/", 404, NULL, NULL},
    {"/odd/", 404, NULL, NULL},
    {"/a.txt/", 404, NULL, NULL},
    {"/a.txt/x", 404, NULL, NULL},
    {"/socket", 404, NULL, NULL},
    {"/fifo", 404, NULL, NULL},
    {"/fifolink", 404, NULL, NULL},
    {"/fifo/x", 404, NULL, NULL},
    /* Links that stay below the root. */
    {"/link", 200, LETTERS, "application/octet-stream"},
    {"/dirlink", 301, NULL, "./dirlink/"},
    {"/dirlink/", 200, "the index of dir", NULL},
    {"/dirlink/index.html", 200, "the index of dir", NULL},
    {"/dirlink/up", 200, LETTERS, NULL},
    {"/dirlink/a/b/far", 200, "deep", NULL},
    {"/dir/up", 200, LETTERS, NULL},
    {"/conf.txt", 200, "configured", "text/plain; charset=utf-8"},
    {"/chain", 200, LETTERS, NULL},
    {"/winding", 200, LETTERS, NULL},
    {"/dir/a/b/far", 200, "deep", NULL},
    {"/dirslash", 301, NULL, "./dirslash/"},
    {"/dirslash/data.JSON", 200, "{}", NULL},
    {"/hides", 200, "hidden", NULL},
    {"/link/", 404, NULL, NULL},
    {"/fileslash", 404, NULL, NULL},
    {"/dangling", 404, NULL, NULL},
    /* Links out of the root, loops and dangling links. */
    {"/out", 404, NULL, NULL},
    {"/over", 404, NULL, NULL},
    {"/back", 404, NULL, NULL},
    {"/rooted", 404, NULL, NULL},
    {"/uplink", 404, NULL, NULL},
    {"/uplink/etc/passwd", 404, NULL, NULL},
    {"/loop", 404, NULL, NULL},
    {"/loop/x", 404, NULL, NULL},
    {"/ping", 404, NULL, NULL},
    {"/proc/etc/passwd", 404, NULL, NULL},
    {"/..data/conf.txt", 404, NULL, NULL},
    /* Names that begin with a dot. */
    {"/.secret", 404, NULL, NULL},
    {"/%2esecret", 404, NULL, NULL},
    {"/.git/config", 404, NULL, NULL},
    {"/.git", 404, NULL, NULL},
    {"/dir/.hidden", 404, NULL, NULL},
    {"/dir/.well-known/x", 404, NULL, NULL},
    {"/.well-known/.x", 404, NULL, NULL},
    {"/.well-known/../.secret", 404, NULL, NULL},
    {"/.well-known", 404, NULL, NULL},
    {"/...", 404, NULL, NULL},
    {"/locked", 403, NULL, NULL},
    {"/passed", 301, NULL, "./passed/"},
    {"/passed/in.txt", 200, "passed", NULL},
    {"/passed/", 404, NULL, NULL},
    {"/shut", 301, NULL, "./shut/"},
    {"/shut/in.txt", 403, NULL, NULL},
    {"/shut/", 403, NULL, NULL},
    {"/dir", 301, NULL, "./dir/"},
    {"/dir?a=b&c?d", 301, NULL, "./dir/?a=b&c?d"},
    {"/none", 301, NULL, "./none/"},
    {"/%64ir", 301, NULL, "./%64ir/"},
    {"/dir/../dir", 301, NULL, "./dir/"},
    {"/a:b", 301, NULL, "./a:b/"},
    {"/odd/index.html", 301, NULL, "./index.html/"},
};

/* Drops all capabilities, so that root obeys the permissions too. */
static void be_ordinary(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    ck_assert_int_eq(syscall(SYS_capset, &header, none), 0);
}

START_TEST(targets_map_to_files)
{
    be_ordinary();
    serve((struct sw_files){0}, _i);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *content = ask("GET", names[i].target, "");
        ck_assert_msg(status() == names[i].status, "%s: %u", names[i].target, status());
        if (names[i].content)
            ck_assert_str_eq(content, names[i].content);
        else
            ck_assert_mem_eq(content, buf + strlen("HTTP/1.1 "), 3);
        if (names[i].type)
            EXPECT_FIELD(names[i].status == 301 ? "Location" : "Content-Type", names[i].type);
    }
    end();
}
END_TEST

START_TEST(links_are_not_followed_when_disabled)
{
    serve((struct sw_files){.symlinks = SW_SYMLINKS_OFF}, _i);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        char target[64];
        snprintf(target, sizeof target, "/%s", links[i].name);
        ask("GET", target, "");
        ck_assert_msg(status() == 404, "%s: %u", target, status());
    }
    ask("GET", "/dirlink/index.html", "");
    ck_assert_uint_eq(status(), 404);
    ck_assert_str_eq(ask("GET", "/dir/index.html", ""), "the index of dir");
    end();
}
END_TEST

/* A chain of as many links as the kernel follows, and one of one link more. */
START_TEST(link_chain_has_a_limit)
{
    char name[64], target[64];
    serve((struct sw_files){0}, _i);
    for (int i = 0; i <= 40; i++) {
        snprintf(name, sizeof name, "%s/n%d", root, i);
        snprintf(target, sizeof target, i ? "n%d" : "a.txt", i - 1);
        ck_assert_int_eq(symlink(target, name), 0);
    }
    ck_assert_str_eq(ask("GET", "/n39", ""), LETTERS);
    ask("GET", "/n40", "");
    ck_assert_uint_eq(status(), 404);
    for (int i = 0; i <= 40; i++) {
        snprintf(name, sizeof name, "%s/n%d", root, i);
        unlink(name);
    }
    end();
}
END_TEST

static const char *const hidden[] = {"/.secret", "/.git/config", "/dir/.hidden",
                                     "/dir/.well-known/x", "/.well-known/.x"};

START_TEST(dotfiles_are_served_when_enabled)
{
    serve((struct sw_files){.dotfiles = true}, _i);
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        ck_assert_str_eq(ask("GET", hidden[i], ""), "hidden");
    ask("GET", "/..%2fetc/passwd", "");
    ck_assert_uint_eq(status(), 404);
    end();
}
END_TEST

START_TEST(too_long_names_are_404)
{
    static const size_t lengths[] = {250, 260, 3000, 4000, 8000};
    char target[8192], segment[] = "/a";
    serve((struct sw_files){0}, _i);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t step = 0; step < 2; step++) {
            for (size_t at = 0; at < lengths[i]; at++)
                target[at] = at == 0 ? '/' : segment[at % 2 * (1 - step) + step];
            target[lengths[i]] = '\0';
            ask("GET", target, "");
            ck_assert_uint_eq(status(), 404);
        }
    end();
}
END_TEST

/* ---- Handlers of one's own ------------------------------------------------------------------- */

static void serve_rest(struct sw_exchange *exchange)
{
    struct sw_span target = sw_exchange_target(exchange);
    sw_files_serve(&files, exchange, (struct sw_span){target.p + 8, target.n - 8});
}

START_TEST(handler_strips_a_prefix)
{
    files = (struct sw_files){.root = root};
    ck_assert_int_eq(sw_files_open(&files), 0);
    served_begin(&served, (struct sw_server_config){.handler = serve_rest});
    ck_assert_str_eq(ask("GET", "/static/a.txt", ""), LETTERS);
    ck_assert_str_eq(ask("GET", "/static//a.txt", ""), LETTERS);
    ck_assert_str_eq(ask("GET", "/static/", ""), "the index");
    ask("GET", "/static/dir", "");
    EXPECT_FIELD("Location", "./dir/");
    end();
}
END_TEST

/* The handler strips a prefix without a slash, so that the path is empty. */
static void serve_nothing(struct sw_exchange *exchange)
{
    sw_files_serve(&files, exchange, (struct sw_span){NULL, 0});
}

START_TEST(prefix_without_slash_is_redirected)
{
    static const struct {
        const char *target, *location; /* NULL: the index */
    } rows[] = {
        {"/static", "./static/"},
        {"/static?a/b", "./static/?a/b"},
        {"http://x/a/static?a/b", "./static/?a/b"},
        {"/a/b%20c:d", "./b%20c:d/"},
        {"/static/", NULL},
        {"/static/?a", NULL},
        {"http://x", NULL},
        {"http://x?a", NULL},
    };
    files = (struct sw_files){.root = root};
    open_files(0);
    served_begin(&served, (struct sw_server_config){.handler = serve_nothing});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *content = ask("GET", rows[i].target, "");
        ck_assert_msg(status() == (rows[i].location ? 301 : 200), "%s", rows[i].target);
        if (rows[i].location)
            EXPECT_FIELD("Location", rows[i].location);
        else
            ck_assert_str_eq(content, "the index");
    }
    end();
}
END_TEST

START_TEST(too_long_redirect_is_refused)
{
    static const uint32_t scratch[] = {4096, 32768};
    char target[6000];
    files = (struct sw_files){.root = root};
    ck_assert_int_eq(sw_files_open(&files), 0);
    served_begin(&served, (struct sw_server_config){
                              .handler = serve_path, .user = &files, .scratch = scratch[_i]});
    snprintf(target, sizeof target, "/dir?%05000d", 0);
    ask("GET", target, "");
    ck_assert_uint_eq(status(), 414);
    target[3000] = '\0';
    ask("GET", target, "");
    ck_assert_uint_eq(status(), 301);
    end();
}
END_TEST

START_TEST(too_small_scratch_is_500)
{
    files = (struct sw_files){.root = root};
    ck_assert_int_eq(sw_files_open(&files), 0);
    served_begin(&served,
                 (struct sw_server_config){.handler = serve_path, .user = &files, .scratch = 64});
    ask("GET", "/a.txt", "");
    ck_assert_uint_eq(status(), 500);
    end();
}
END_TEST

START_TEST(non_directory_root_is_refused)
{
    char name[64];
    snprintf(name, sizeof name, "%s/a.txt", root);
    files = (struct sw_files){.root = name};
    ck_assert_int_eq(sw_files_open(&files), ENOTDIR);
    files = (struct sw_files){.root = "/nowhere"};
    ck_assert_int_eq(sw_files_open(&files), ENOENT);
    snprintf(name, sizeof name, "%s/dirlink", root); /* the root may be a link */
    files = (struct sw_files){.root = name};
    ck_assert_int_eq(sw_files_open(&files), 0);
    sw_files_close(&files);
}
END_TEST

START_TEST(invalid_members_are_refused)
{
    static char longest[SW_CACHE_CONTROL_MAX + 2];
    static const char *const values[] = {"", " a", "a ", "a\t", "a\r\nX: y", "a\nb", "a\x7f", "\1"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        files = (struct sw_files){.root = root, .cache_control = values[i]};
        ck_assert_msg(sw_files_open(&files) == EINVAL, "%zu", i);
    }
    memset(longest, 'a', sizeof longest - 1);
    files = (struct sw_files){.root = root, .cache_control = longest};
    ck_assert_int_eq(sw_files_open(&files), EINVAL);
    longest[sizeof longest - 2] = '\0';
    serve((struct sw_files){.cache_control = longest}, 0);
    ask("GET", "/a.txt", "");
    ck_assert_uint_eq(status(), 200);
    end();
    files = (struct sw_files){.root = root, .symlinks = SW_SYMLINKS_OFF + 1};
    ck_assert_int_eq(sw_files_open(&files), EINVAL);
    files = (struct sw_files){.root = NULL};
    ck_assert_int_eq(sw_files_open(&files), EINVAL);
}
END_TEST

/* sw_files_scratch() bytes of scratch suffice for the longest name; 2048 do not. */
START_TEST(scratch_fits_the_longest_name)
{
    const struct sw_limits small = {.target = 200}, large = {.target = 1 << 20};
    ck_assert_uint_eq(sw_files_scratch(NULL), sw_files_scratch(&large));
    ck_assert_uint_eq(sw_files_scratch(&large) - sw_files_scratch(&small), PATH_MAX - 200);
    char target[PATH_MAX];
    size_t n = 0;
    while (n < 4000)
        n += (size_t)sprintf(target + n, "/.");
    strcpy(target + n, "/a.txt");
    files = (struct sw_files){.root = root};
    open_files(0);
    uint32_t scratch = _i ? 2048 : sw_files_scratch(NULL);
    served_begin(&served, (struct sw_server_config){
                              .handler = serve_path, .user = &files, .scratch = scratch});
    ask("GET", target, "");
    ck_assert_uint_eq(status(), _i ? 404 : 200);
    end();
}
END_TEST

/* ---- Methods --------------------------------------------------------------------------------- */

static const struct {
    const char *method;
    unsigned status;
    const char *allow;
} methods[] = {
    {"OPTIONS", 204, "GET, HEAD, OPTIONS"},
    {"POST", 405, "GET, HEAD, OPTIONS"},
    {"PUT", 405, "GET, HEAD, OPTIONS"},
    {"DELETE", 405, "GET, HEAD, OPTIONS"},
    {"BREW", 501, ""},
    {"GET", 200, ""},
};

START_TEST(other_methods_get_allow)
{
    serve((struct sw_files){0}, 0);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        ask(methods[i].method, "/a.txt", "");
        ck_assert_uint_eq(status(), methods[i].status);
        EXPECT_FIELD("Allow", methods[i].allow);
    }
    end();
}
END_TEST

/* The head received last, without the fields that depend on the time. */
static void keep_head(char *head)
{
    size_t n = (size_t)(strstr(buf, "\r\n\r\n") - buf);
    memcpy(head, buf, n);
    head[n] = '\0';
    memset(strstr(head, "Date: "), ' ', strlen("Date: ") + SW_DATE_LEN);
}

START_TEST(head_equals_get_without_content)
{
    static const char *const targets[] = {"/a.txt", "/empty.css", "/none", "/nothing"};
    char head[1024], get[1024];
    serve((struct sw_files){0}, 0);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ck_assert_str_eq(ask("HEAD", targets[i], "Range: bytes=1-2\r\n"), "");
        keep_head(head);
        ask("GET", targets[i], "");
        keep_head(get);
        ck_assert_str_eq(head, get);
    }
    ck_assert_str_eq(ask("HEAD", "/huge.bin", ""), "");
    EXPECT_FIELD("Content-Length", "5368709120");
    end();
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {targets_map_to_files, VARIANTS},   {links_are_not_followed_when_disabled, VARIANTS},
        {link_chain_has_a_limit, VARIANTS}, {dotfiles_are_served_when_enabled, VARIANTS},
        {too_long_names_are_404, VARIANTS}, {prefix_without_slash_is_redirected, 1},
        {invalid_members_are_refused, 1},   {scratch_fits_the_longest_name, 2},
        {handler_strips_a_prefix, 1},       {too_long_redirect_is_refused, 2},
        {too_small_scratch_is_500, 1},      {non_directory_root_is_refused, 1},
        {other_methods_get_allow, 1},       {head_equals_get_without_content, 1},
    };
    return suite_main_with((struct suite_fixture){make_tree, remove_tree, false}, "server files",
                           tests, COUNT(tests));
}
