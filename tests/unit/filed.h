/* filed.h - a temporary directory with files and links of all kinds, and a server for it. */
/* SPDX-License-Identifier: MIT */
#ifndef FILED_H
#define FILED_H

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "served.h"
#include "shockwave_values.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

static char buf[1 << 20];
static struct served served;
static struct sw_files files;

/* ---- The directory --------------------------------------------------------------------------- */

static char root[] = "/tmp/shockwave-files-XXXXXX";

static const struct {
    const char *name, *content; /* NULL: a directory */
} tree[] = {
    {"index.html", "the index"},
    {"a.txt", LETTERS},
    {"empty.css", ""},
    {"dir", NULL},
    {"dir/index.html", "the index of dir"},
    {"dir/data.JSON", "{}"},
    {"dir/.hidden", "hidden"},
    {"dir/.well-known", NULL},
    {"dir/.well-known/x", "hidden"},
    {"none", NULL},
    {"odd", NULL},
    {"odd/index.html", NULL},
    {"a:b", NULL},
    {"a:b/index.html", "colon"},
    {".secret", "hidden"},
    {".git", NULL},
    {".git/config", "hidden"},
    {".well-known", NULL},
    {".well-known/acme", "challenge"},
    {".well-known/.x", "hidden"},
    {"sp ace.txt", "space"},
    {"a%2Fb.txt", "percent"},
    {"\xc3\xa9.txt", "accent"},
    {"page.js", "page as it is"},
    {"page.js.br", "page in br"},
    {"page.js.gz", "page in gzip"},
    {"gz.css", "gz as it is"},
    {"gz.css.gz", "gz in gzip"},
    {"gz.css.br", NULL},
    {"br.css", "br as it is"},
    {"br.css.br", "br in br"},
    {"zst.css", "zst as it is"},
    {"zst.css.zst", "zst in zstd"},
    {"zst.css.gz", "zst in gzip"},
    {"passed", NULL}, /* mode 0111: can be traversed but not listed */
    {"passed/in.txt", "passed"},
    {"shut", NULL},
    {"shut/in.txt", "shut"},
    {"..2025", NULL}, /* the layout of a ConfigMap mounted by Kubernetes */
    {"..2025/conf.txt", "configured"},
    {"dir/a", NULL},
    {"dir/a/b", NULL},
    {"dir/a/b/deep.txt", "deep"},
    {"locked", "locked"},
    {"huge.bin", ""},
};

static const struct {
    const char *name, *target;
} links[] = {
    {"link", "a.txt"},
    {"out", "/etc/passwd"},
    {"dirlink", "dir"},
    {"uplink", ".."},
    {"dir/up", "../a.txt"},
    {"loop", "loop"},
    {"proc", "/proc/self/cwd"},
    {"..data", "..2025"},
    {"conf.txt", "..data/conf.txt"},
    {"chain", "dirlink/../link"},
    {"winding", ".//dir/./a/b/../../a/b/.././../..//dir/a/../up"},
    {"dir/a/b/far", "../../../dir/a/b/deep.txt"},
    {"dirslash", "dir/"},
    {"fileslash", "a.txt/"},
    {"dangling", "nothing"},
    {"hides", ".secret"},
    {"fifolink", "fifo"},
    {"over", "dir/../../etc/passwd"},
    {"back", "../shockwave-files"},
    {"rooted", "/etc/hostname"},
    {"ping", "pong"},
    {"pong", "ping"},
};

static inline void make_tree(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    umask(022);
    ck_assert_ptr_ne(mkdtemp(root), NULL);
    ck_assert_int_eq(chdir(root), 0);
    for (size_t i = 0; i < sizeof tree / sizeof *tree; i++) {
        FILE *file = tree[i].content ? fopen(tree[i].name, "w") : NULL;
        if (file)
            fputs(tree[i].content, file);
        ck_assert_int_eq(file ? fclose(file) : mkdir(tree[i].name, 0755), 0);
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        ck_assert_int_eq(symlink(links[i].target, links[i].name), 0);
    strcpy(address.sun_path, "socket");
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    ck_assert_int_eq(mkfifo("fifo", 0644), 0);
    ck_assert_int_eq(truncate("huge.bin", INT64_C(5) << 30), 0);
    ck_assert_int_eq(chmod("locked", 0), 0);
    ck_assert_int_eq(chmod("passed", 0111), 0);
    ck_assert_int_eq(chmod("shut", 0), 0);
    ck_assert_int_eq(chmod(".", 0755), 0);
    ck_assert_int_eq(chdir("/"), 0);
    for (time_t now = time(NULL);
         time(NULL) == now;) /* entity tags become strong in the next second */
        usleep(10000);
}

static inline int remove_one(const char *name, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(name);
}

static inline void remove_tree(void)
{
    ck_assert_int_eq(chdir(root), 0);
    chmod("passed", 0700);
    chmod("shut", 0700);
    ck_assert_int_eq(chdir("/"), 0);
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static inline void serve_path(struct sw_exchange *exchange)
{
    struct sw_target target;
    ck_assert(sw_target_parse(sw_exchange_target(exchange), &target));
    sw_files_serve(exchange->user, exchange, target.path);
}

/* Variants of path resolution: without openat2(), without procfs. */
enum { VARIANT_WALK = 1, VARIANT_NO_PROC = 2, VARIANTS = 4 };

static inline void open_files(int variant)
{
    ck_assert_int_eq(sw_files_open(&files), 0);
    files.walk = files.walk || (variant & VARIANT_WALK);
    if (variant & VARIANT_NO_PROC && files.proc >= 0) {
        close(files.proc);
        files.proc = -1;
    }
}

/* Starts a server with one of the variants. */
static inline void serve(struct sw_files config, int variant)
{
    files = config;
    files.root = root;
    open_files(variant);
    served_begin(&served, (struct sw_server_config){.handler = serve_path, .user = &files});
}

static inline void end(void)
{
    served_end(&served);
    sw_files_close(&files);
}

/* Sends a request on a connection of its own; returns the content. */
static inline const char *ask(const char *method, const char *target, const char *fields)
{
    char request[9000];
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
             method, target, fields);
    client_ask(&served, request, buf, sizeof buf);
    char *content = strstr(buf, "\r\n\r\n");
    ck_assert_ptr_ne(content, NULL);
    return content + 4;
}

static inline unsigned status(void)
{
    return (unsigned)atoi(buf + strlen("HTTP/1.1 "));
}

/* The value of a field, or "" without it. */
static inline const char *field(const char *name)
{
    static char value[256], line[64];
    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *at = strstr(buf, line), *stop = strstr(buf, "\r\n\r\n");
    value[0] = '\0';
    if (at && at < stop)
        sscanf(at + strlen(line), "%255[^\r]", value);
    return value;
}

#define EXPECT_FIELD(name, want) ck_assert_str_eq(field(name), want)

#endif
