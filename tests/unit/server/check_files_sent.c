/* check_files_sent.c - serving a directory: conditions, ranges, codings and their costs. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "filed.h"
#include "sanitized.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>

/* ---- Conditions ------------------------------------------------------------------------------ */

/* E is replaced by the entity tag, M by Last-Modified. */
static const struct {
    const char *method, *fields;
    unsigned status;
} conditions[] = {
    {"GET", "If-None-Match: E\r\n", 304},
    {"HEAD", "If-None-Match: E\r\n", 304},
    {"GET", "If-None-Match: \"x\", W/E\r\n", 304},
    {"GET", "If-None-Match: *\r\n", 304},
    {"GET", "If-None-Match: \"x\"\r\n", 200},
    {"GET", "If-None-Match: \"x\"\r\nIf-Modified-Since: M\r\n", 200},
    {"GET", "If-Modified-Since: M\r\n", 304},
    {"GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 200},
    {"GET", "If-Modified-Since: yesterday\r\n", 200},
    {"GET", "If-Match: E\r\n", 200},
    {"GET", "If-Match: *\r\n", 200},
    {"GET", "If-Match: W/E\r\n", 412},
    {"HEAD", "If-Match: \"x\"\r\n", 412},
    {"GET", "If-Unmodified-Since: M\r\n", 200},
    {"GET", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 412},
    {"GET", "Range: bytes=0-0\r\nIf-Range: E\r\n", 206},
    {"GET", "Range: bytes=0-0\r\nIf-Range: W/E\r\n", 200},
    {"GET", "Range: bytes=0-0\r\nIf-Range: \"x\"\r\n", 200},
    {"GET", "Range: bytes=0-0\r\nIf-Range: M\r\n", 206},
    {"GET", "Range: bytes=0-0\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 200},
    {"GET", "Range: bytes=0-0\r\nIf-None-Match: E\r\n", 304},
    {"GET", "Range: bytes=99-\r\nIf-Match: \"x\"\r\n", 412},
    /* Field lines of a list are combined; a second line of another field is invalid. */
    {"GET", "If-Match: \"x\"\r\nIf-Match: E\r\n", 200},
    {"GET", "If-Match: E\r\nIf-Match: \"x\"\r\n", 200},
    {"GET", "If-Match: \"x\"\r\nIf-Match: \"y\"\r\n", 412},
    {"GET", "If-Match: \"x\"\r\nHost2: y\r\nIf-Match:\r\nIf-Match: \"y\", E\r\n", 200},
    {"GET", "If-None-Match: \"x\"\r\nIf-None-Match: E\r\n", 304},
    {"GET", "If-None-Match: E\r\nIf-None-Match: \"x\"\r\n", 304},
    {"GET", "If-None-Match: \"x\"\r\nIf-None-Match: W/E\r\n", 304},
    {"GET", "If-None-Match: \"x\"\r\nIf-None-Match: \"y\"\r\n", 200},
    {"GET", "If-Modified-Since: M\r\nIf-Modified-Since: M\r\n", 200},
    {"GET", "Range: bytes=0-0\r\nRange: bytes=1-1\r\n", 200},
    {"GET", "Range: bytes=0-0\r\nIf-Range: E\r\nIf-Range: E\r\n", 200},
};

/* Expands the letters of the template that are values of their own. */
static void fill_in(char *out, size_t room, const char *fields, const char *tag, const char *date)
{
    size_t n = 0;
    out[0] = '\0';
    for (const char *p = fields; *p; p++) {
        bool alone = p[1] == '\r' && (p[-1] == ' ' || p[-1] == '/');
        const char *value = alone && *p == 'E' ? tag : alone && *p == 'M' ? date : NULL;
        n += (size_t)(value ? snprintf(out + n, room - n, "%s", value)
                            : snprintf(out + n, room - n, "%c", *p));
    }
}

START_TEST(conditional_requests)
{
    char tag[256], date[256], fields[512];
    serve((struct sw_files){.cache_control = "max-age=60"}, 0);
    ask("GET", "/a.txt", "");
    strcpy(tag, field("ETag"));
    strcpy(date, field("Last-Modified"));
    ck_assert_int_eq(tag[0], '"');
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        fill_in(fields, sizeof fields, conditions[i].fields, tag, date);
        const char *content = ask(conditions[i].method, "/a.txt", fields);
        ck_assert_msg(status() == conditions[i].status, "%s: %u", conditions[i].fields, status());
        if (status() == 304) {
            ck_assert_str_eq(content, "");
            EXPECT_FIELD("Content-Length", "");
        }
        if (status() < 400) {
            EXPECT_FIELD("ETag", tag);
            EXPECT_FIELD("Last-Modified", date);
            EXPECT_FIELD("Cache-Control", "max-age=60");
        }
    }
    end();
}
END_TEST

static void write_at(const char *name, const char *content, const struct timespec *time)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    if (time)
        ck_assert_int_eq(futimens(fd, (struct timespec[]){*time, *time}), 0);
    close(fd);
}

/* A tag depends on size and time of modification only. */
static const struct {
    const char *content;
    struct timespec time;
    bool same;
} copies[] = {
    {"one", {1e9, 5}, true},  {"two", {1e9, 5}, true},         {"one", {1e9, 6}, false},
    {"one", {1e9, 0}, false}, {"one", {1e9 + 1, 5}, false},    {"more", {1e9, 5}, false},
    {"", {1e9, 5}, false},    {"one", {-1, 999999999}, false}, {"one", {1e9, 5}, true},
};

START_TEST(etag_does_not_depend_on_the_machine)
{
    char name[64], tag[256], target[32];
    serve((struct sw_files){0}, 0);
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        snprintf(target, sizeof target, "/copy%zu.txt", i);
        snprintf(name, sizeof name, "%s%s", root, target);
        write_at(name, copies[i].content, &copies[i].time); /* another inode, and another ctime */
        ck_assert_str_eq(ask("GET", target, ""), copies[i].content);
        if (i == 0)
            strcpy(tag, field("ETag"));
        ck_assert_int_eq(field("ETag")[0], '"');
        ck_assert_msg(!strcmp(field("ETag"), tag) == copies[i].same, "%zu: %s", i, field("ETag"));
    }
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        snprintf(name, sizeof name, "%s/copy%zu.txt", root, i);
        unlink(name);
    }
    end();
}
END_TEST

/* Files of equal size and time that differ only in their coding. */
START_TEST(etag_differs_by_coding)
{
    static const char *const codings[] = {"", ".br", ".zst", ".gz"}, *const accepted[] = {
                                                                         "identity", "br", "zstd",
                                                                         "gzip"};
    char name[64], fields[64], tags[4][256];
    serve((struct sw_files){.precompressed = true}, 0);
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s/same.txt%s", root, codings[i]);
        write_at(name, "same", &copies[0].time);
    }
    for (size_t i = 0; i < 4; i++) {
        snprintf(fields, sizeof fields, "Accept-Encoding: %s\r\n", accepted[i]);
        ck_assert_str_eq(ask("GET", "/same.txt", fields), "same");
        strcpy(tags[i], field("ETag"));
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(tags[i], tags[k]);
    }
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s/same.txt%s", root, codings[i]);
        unlink(name);
    }
    end();
}
END_TEST

START_TEST(etag_follows_the_content)
{
    char name[64], tag[256];
    snprintf(name, sizeof name, "%s/new.txt", root);
    serve((struct sw_files){0}, 0);
    time_t before, after;
    do { /* a tag is weak within the second of the change */
        before = time(NULL);
        write_at(name, "one", NULL);
        ask("GET", "/new.txt", "");
        after = time(NULL);
    } while (before != after);
    strcpy(tag, field("ETag"));
    ck_assert_msg(strncmp(tag, "W/\"", 3) == 0, "%s", tag);
    usleep(20000); /* longer than a tick of the kernel's coarse clock */
    write_at(name, "two", NULL);
    ck_assert_str_eq(ask("GET", "/new.txt", ""), "two");
    ck_assert_str_ne(field("ETag"), tag);
    unlink(name);
    end();
}
END_TEST

START_TEST(last_modified_is_not_in_the_future)
{
    char name[64], date[256];
    snprintf(name, sizeof name, "%s/new.txt", root);
    serve((struct sw_files){0}, 0);
    write_at(name, "new", NULL);
    utimensat(AT_FDCWD, name, (struct timespec[]){{4e9, 0}, {4e9, 0}}, 0);
    ask("GET", "/new.txt", "");
    strcpy(date, field("Date"));
    EXPECT_FIELD("Last-Modified", date);
    unlink(name);
    end();
}
END_TEST

/* ---- Ranges ---------------------------------------------------------------------------------- */

static const struct {
    const char *range;
    unsigned status;
    const char *content_range, *content;
} ranges[] = {
    {"bytes=0-0", 206, "bytes 0-0/26", "a"},
    {"bytes=0-25", 206, "bytes 0-25/26", LETTERS},
    {"bytes=2-4", 206, "bytes 2-4/26", "cde"},
    {"bytes=24-", 206, "bytes 24-25/26", "yz"},
    {"bytes=24-99", 206, "bytes 24-25/26", "yz"},
    {"bytes=-3", 206, "bytes 23-25/26", "xyz"},
    {"bytes=-99", 206, "bytes 0-25/26", LETTERS},
    {"bytes=99-,1-1", 206, "bytes 1-1/26", "b"},
    {"bytes=26-", 416, "bytes */26", NULL},
    {"bytes=-0", 416, "bytes */26", NULL},
    {"bytes=99-,100-", 416, "bytes */26", NULL},
    {"bytes=2-1", 200, "", LETTERS},
    {"bytes=0-3,2-4", 200, "", LETTERS},
    {"bytes=x", 200, "", LETTERS},
    {"letters=0-1", 200, "", LETTERS},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,17-17,18-18,19-19,20-20,21-21,22-22,"
     "23-23,24-24",
     200, "", LETTERS},
};

START_TEST(single_ranges)
{
    char fields[256];
    serve((struct sw_files){0}, 0);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        snprintf(fields, sizeof fields, "Range: %s\r\n", ranges[i].range);
        const char *content = ask("GET", "/a.txt", fields);
        ck_assert_msg(status() == ranges[i].status, "%s: %u", ranges[i].range, status());
        EXPECT_FIELD("Content-Range", ranges[i].content_range);
        if (ranges[i].content) {
            ck_assert_str_eq(content, ranges[i].content);
            EXPECT_FIELD("Accept-Ranges", "bytes");
        }
    }
    ask("GET", "/empty.css", "Range: bytes=0-\r\n");
    ck_assert_uint_eq(status(), 416);
    ck_assert_str_eq(ask("GET", "/huge.bin", "Range: bytes=5368709119-\r\n"), "");
    EXPECT_FIELD("Content-Range", "bytes 5368709119-5368709119/5368709120");
    EXPECT_FIELD("Content-Length", "1");
    end();
}
END_TEST

static const struct {
    const char *range;
    size_t count;
    struct {
        unsigned first, last;
    } parts[16];
} sets[] = {
    {"bytes=0-0,-1", 2, {{0, 0}, {25, 25}}},
    {"bytes=5-9, 0-1, 99-, 20-", 3, {{5, 9}, {0, 1}, {20, 25}}},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,17-17,18-18,19-19,20-20,21-21,22-22,23-",
     16,
     {{0, 0},
      {2, 2},
      {4, 4},
      {6, 6},
      {8, 8},
      {10, 10},
      {12, 12},
      {14, 14},
      {16, 16},
      {17, 17},
      {18, 18},
      {19, 19},
      {20, 20},
      {21, 21},
      {22, 22},
      {23, 25}}},
};

START_TEST(several_ranges_are_multipart)
{
    static const char type[] = "multipart/byteranges; boundary=";
    char fields[256], want[8192];
    serve((struct sw_files){0}, 0);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        snprintf(fields, sizeof fields, "Range: %s\r\n", sets[i].range);
        const char *content = ask("GET", "/a.txt", fields);
        const char *boundary = field("Content-Type") + strlen(type);
        size_t n = 0;
        ck_assert_uint_eq(status(), 206);
        ck_assert_mem_eq(field("Content-Type"), type, strlen(type));
        ck_assert_uint_ge(strlen(boundary), 16);
        for (size_t j = 0; j < sets[i].count; j++) {
            unsigned first = sets[i].parts[j].first, last = sets[i].parts[j].last;
            n += (size_t)snprintf(want + n, sizeof want - n,
                                  "\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                  "Content-Range: bytes %u-%u/26\r\n\r\n%.*s",
                                  boundary, first, last, (int)(last - first + 1), &LETTERS[first]);
        }
        snprintf(want + n, sizeof want - n, "\r\n--%s--\r\n", boundary);
        ck_assert_str_eq(content, want);
        snprintf(want, sizeof want, "%zu", strlen(content));
        EXPECT_FIELD("Content-Length", want);
        EXPECT_FIELD("Content-Range", "");
    }
    end();
}
END_TEST

/* ---- Codings --------------------------------------------------------------------------------- */

static const struct {
    const char *target, *accept, *coding, *content;
} codings[] = {
    {"/page.js", "Accept-Encoding: gzip, deflate, br\r\n", "br", "page in br"},
    {"/page.js", "Accept-Encoding: gzip\r\n", "gzip", "page in gzip"},
    {"/page.js", "Accept-Encoding: *\r\n", "br", "page in br"},
    {"/page.js", "Accept-Encoding: br;q=0.5, gzip\r\n", "gzip", "page in gzip"},
    {"/page.js", "Accept-Encoding: br;q=0, gzip;q=0\r\n", "", "page as it is"},
    {"/page.js", "Accept-Encoding: identity\r\nAccept-Encoding: br\r\n", "br", "page in br"},
    {"/page.js", "Accept-Encoding: br;q=0.5\r\nAccept-Encoding: gzip\r\n", "gzip", "page in gzip"},
    {"/page.js", "Accept-Encoding:\r\nAccept-Encoding: gzip\r\n", "gzip", "page in gzip"},
    {"/page.js", "Accept-Encoding: *\r\nAccept-Encoding: br;q=0\r\n", "gzip", "page in gzip"},
    {"/page.js", "Accept-Encoding: br\r\nAccept-Encoding: ;;\r\n", "", "page as it is"},
    {"/page.js", "Accept-Encoding: identity, br;q=0.1\r\n", "", "page as it is"},
    {"/page.js", "Accept-Encoding: zstd\r\n", "", "page as it is"},
    {"/page.js", "Accept-Encoding: br;;\r\n", "", "page as it is"},
    {"/page.js", "Accept-Encoding:\r\n", "", "page as it is"},
    {"/page.js", "", "", "page as it is"},
    {"/gz.css", "Accept-Encoding: br, gzip\r\n", "gzip", "gz in gzip"},
    {"/gz.css", "Accept-Encoding: br\r\n", "", "gz as it is"},
    {"/br.css", "Accept-Encoding: br;q=0.5, gzip\r\n", "br", "br in br"},
    {"/zst.css", "Accept-Encoding: gzip, deflate, br, zstd\r\n", "zstd", "zst in zstd"},
    {"/zst.css", "Accept-Encoding: zstd\r\n", "zstd", "zst in zstd"},
    {"/zst.css", "Accept-Encoding: zstd;q=0.5, gzip\r\n", "gzip", "zst in gzip"},
    {"/zst.css", "Accept-Encoding: br, gzip\r\n", "gzip", "zst in gzip"},
    {"/zst.css", "Accept-Encoding: zstd;q=0\r\n", "", "zst as it is"},
    {"/a.txt", "Accept-Encoding: br, gzip\r\n", "", LETTERS},
    {"/a.txt", "Accept-Encoding: br, gzip, identity;q=0\r\n", "", LETTERS},
    {"/page.js", "Accept-Encoding: br\r\nRange: bytes=8-\r\n", "br", "br"},
    {"/page.js", "Accept-Encoding: br\r\nRange: bytes=0-0,8-\r\n", "br", "page in br"},
};

START_TEST(precompressed_files_are_negotiated)
{
    char tag[256] = "";
    serve((struct sw_files){.precompressed = true}, _i);
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        const char *content = ask("GET", codings[i].target, codings[i].accept);
        ck_assert_msg(!strcmp(content, codings[i].content), "%s: %s", codings[i].accept, content);
        EXPECT_FIELD("Content-Encoding", codings[i].coding);
        EXPECT_FIELD("Vary", "Accept-Encoding");
        if (!strcmp(codings[i].target, "/page.js"))
            EXPECT_FIELD("Content-Type", "text/javascript; charset=utf-8");
        if (i < 2)
            ck_assert_str_ne(field("ETag"), tag);
        strcpy(tag, field("ETag"));
    }
    end();
}
END_TEST

START_TEST(precompressed_is_off_by_default)
{
    serve((struct sw_files){0}, 0);
    ck_assert_str_eq(ask("GET", "/page.js", "Accept-Encoding: br\r\n"), "page as it is");
    EXPECT_FIELD("Content-Encoding", "");
    EXPECT_FIELD("Vary", "");
    EXPECT_FIELD("Cache-Control", "");
    end();
}
END_TEST

/* ---- Costs ----------------------------------------------------------------------------------- */

static size_t descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static const char *const shapes[] = {
    "GET /a.txt",   "GET /dir/data.JSON",      "GET /dir/nothing", "HEAD /a.txt", "GET /dir",
    "GET /nothing", "GET /dirlink/index.html", "GET /socket",      "GET /page.js"};

START_TEST(descriptors_are_not_leaked)
{
    static const char *const fields[] = {"",
                                         "If-None-Match: *\r\n",
                                         "If-Match: \"x\"\r\n",
                                         "Range: bytes=99-\r\n",
                                         "Range: bytes=1-1,3-3\r\n",
                                         "Accept-Encoding: gzip\r\n"};
    char request[256];
    size_t before = descriptors();
    serve((struct sw_files){.precompressed = true}, _i);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t j = 0; j < sizeof fields / sizeof *fields; j++) {
            snprintf(request, sizeof request,
                     "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", shapes[i], fields[j]);
            client_ask(&served, request, buf, sizeof buf);
        }
    int fd = client_open_narrow(&served, 4096); /* closes in the middle of the response */
    client_send_text(fd, "GET /huge.bin HTTP/1.1\r\nHost: x\r\n\r\n");
    client_receive(fd, buf, sizeof buf);
    close(fd);
    end();
    ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(descriptor_exhaustion_is_503_and_recovers)
{
    struct rlimit limit, none;
    getrlimit(RLIMIT_NOFILE, &limit);
    serve((struct sw_files){0}, _i);
    int fd = client_open(&served);
    client_send_text(fd, "GET /dir/data.JSON HTTP/1.1\r\nHost: x\r\n\r\n");
    client_until(fd, buf, sizeof buf, "{}");
    none = limit;
    none.rlim_cur = 1; /* poll() needs one */
    setrlimit(RLIMIT_NOFILE, &none);
    client_send_text(fd, "GET /dir/data.JSON HTTP/1.1\r\nHost: x\r\n\r\n");
    client_until(fd, buf, sizeof buf, "\r\n\r\n503 Service Unavailable\r\n");
    setrlimit(RLIMIT_NOFILE, &limit);
    client_send_text(fd, "GET /dir/data.JSON HTTP/1.1\r\nHost: x\r\n\r\n");
    client_until(fd, buf, sizeof buf, "{}");
    close(fd);
    end();
}
END_TEST

static size_t resident(void)
{
    size_t total, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(file, "%zu %zu", &total, &pages), 2);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* One client reads much, a second does not read at all, and a third is served. */
START_TEST(large_file_needs_little_memory)
{
    enum { MANY = 1 << 29 };
    serve((struct sw_files){0}, 0);
    memset(buf, 1, sizeof buf);
    ask("GET", "/a.txt", "");
    int stuck = client_open_narrow(&served, 4096), fd = client_open(&served);
    client_send_text(stuck, "GET /huge.bin HTTP/1.1\r\nHost: x\r\n\r\n");
    client_until(stuck, buf, 100, "HTTP/1.1 200 OK\r\n");
    size_t before = resident();
    client_send_text(fd, "GET /huge.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=1-536870912\r\n"
                         "Connection: close\r\n\r\n");
    client_until(fd, buf, 1024, "\r\n\r\n");
    size_t n = 0, wrong = 0;
    for (ssize_t got; (got = client_receive(fd, buf, sizeof buf)) > 0; n += (size_t)got)
        wrong += buf[0] != 0 || memcmp(buf, buf + 1, (size_t)got - 1) != 0;
    ck_assert_uint_gt(n, MANY - 1024);
    ck_assert_uint_le(n, MANY);
    ck_assert_uint_eq(wrong, 0);
    size_t grown = resident() - before;
    ck_assert(grown < 1 << 20 || SANITIZED); /* a sanitizer uses memory for each page touched */
    ck_assert_str_eq(ask("GET", "/a.txt", ""), LETTERS);
    close(fd);
    close(stuck);
    end();
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {conditional_requests, 1},
        {etag_follows_the_content, 1},
        {etag_does_not_depend_on_the_machine, 1},
        {etag_differs_by_coding, 1},
        {last_modified_is_not_in_the_future, 1},
        {single_ranges, 1},
        {several_ranges_are_multipart, 1},
        {precompressed_files_are_negotiated, VARIANTS},
        {precompressed_is_off_by_default, 1},
        {descriptors_are_not_leaked, VARIANTS},
        {descriptor_exhaustion_is_503_and_recovers, VARIANTS},
        {large_file_needs_little_memory, 1},
    };
    return suite_main_with((struct suite_fixture){make_tree, remove_tree, false},
                           "server files sent", tests, COUNT(tests));
}
