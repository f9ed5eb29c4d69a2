/*
 * check_kernel.c - each system call of the server fails once at each of its sites.
 *
 * A scenario is a server and a few clients, in a process of its own.  The first run of a scenario
 * counts the calls.  Then it runs again for the first and for the last call of each site, and for
 * each error that the call's man page lists.  In every run:
 *
 *   - the server does not open, and names what failed and an errno; or it serves;
 *   - a client has its response, an error response, or a closed connection; all of them have their
 *     response where the failure was EINTR, EAGAIN or a short count;
 *   - the connection after the failure is served;
 *   - no connection and no pool entry is left when the clients have closed, and no descriptor at
 * the end; nothing crashes or waits for ever.
 *
 * SW_TABLE=1 prints each site, each failure and what was seen.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kernel_scenarios.h"

#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/server_state.h"
#include "suite.h"
/* ---- A run ------------------------------------------------------------------------------------
 */

static int descriptors(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void *serve(void *data)
{
    struct run *run = data;
    kernel_serving = true;
    int result = sw_server_run(run->server);
    if (result < 0) {
        note(run, errno ? NOT_OPENED : WRONG, "sw_server_run");
        atomic_store(&has_not_run, true);
    }
    return NULL;
}

/* Connections and pool entries that are in use, as the workers last published them. */
static uint64_t in_use(struct run *run)
{
    uint64_t sum = 0;
    for (uint32_t w = 0; w < run->server->config.workers; w++) {
        struct sw_metrics *metrics = &sw_server_worker(run->server, w)->metrics;
        for (int i = 0; i < SW_POOLS; i++)
            sum += atomic_load(&metrics->pools[i].used);
    }
    return sum;
}

static void stop(struct run *run)
{
    kernel_serving = true;
    sw_server_stop(run->server);
    kernel_serving = false;
}

/* The connection that comes after the failure is served; one that meets it may be closed. */
static void check_others(struct run *run, const struct scenario *scenario)
{
    enum seen seen = CLOSED;
    for (int i = 0; i < 2 && seen != RESPONSE; i++) {
        bool had_fired = kernel_has_fired();
        int fd = client_connect(run);
        if (scenario->prepare == with_proxy)
            client_send(fd, "PROXY UNKNOWN\r\n");
        client_send(fd, GET("/"));
        seen = client_expect(fd, PLAIN);
        close(fd);
        if (seen != RESPONSE)
            note(run, had_fired && !atomic_load(&has_not_run) ? UNSERVED : seen, "");
    }
}

static void use(struct run *run, const struct scenario *scenario)
{
    int fd = client_connect(run), idle = scenario->drains ? client_connect(run) : -1;
    scenario->ask(run, fd);
    close(fd);
    check_others(run, scenario);
    if (idle >= 0) {
        stop(run);
        char byte;
        if (client_read(idle, &byte, 1) < 0)
            note(run, HUNG, "shutdown");
        close(idle);
        return;
    }
    for (int i = 0; in_use(run) && !atomic_load(&has_not_run); i++) {
        if (i == HANG) {
            char text[60];
            snprintf(text, sizeof text, "%llu pool entries", (unsigned long long)in_use(run));
            note(run, LEAKED, text);
            break;
        }
        poll(NULL, 0, 1);
    }
    stop(run);
    stop(run);
}

static void run_once(const struct scenario *scenario, struct result *result)
{
    struct run run = {.listener = {.address = "127.0.0.1"}, .result = result};
    struct sw_server_error error = {0};
    run.config = (struct sw_server_config){.listeners = &run.listener,
                                           .listener_count = 1,
                                           .workers = 1,
                                           .connections = 8,
                                           .handler = handle};
    if (scenario->prepare)
        scenario->prepare(&run);
    int before = descriptors() - (run.listener.fd > 0);
    kernel_serving = kernel_opening = true;
    files = (struct sw_files){.root = folder};
    int failed = sw_files_open(&files);
    if (failed)
        note(&run, NOT_OPENED, strerrorname_np(failed));
    else
        run.server = sw_server_open(&run.config, &error);
    kernel_serving = kernel_opening = false;
    if (run.server) {
        pthread_create(&run.thread, NULL, serve, &run);
        use(&run, scenario);
        pthread_join(run.thread, NULL);
        kernel_serving = true;
        sw_server_close(run.server);
        kernel_serving = false;
    } else if (!failed) {
        note(&run, error.what && error.code ? NOT_OPENED : WRONG, error.what ? error.what : "");
    }
    if (!failed) {
        kernel_serving = true;
        sw_files_close(&files);
        kernel_serving = false;
    }
    if (run.listener.fd > 0) /* closed by a server that opened; else it may be either's */
        close(run.listener.fd);
    int after = descriptors();
    if (after != before) {
        char text[60];
        snprintf(text, sizeof text, "%d descriptors", after - before);
        note(&run, LEAKED, text);
    }
    unlink(path[0]);
    unlink(path[1]);
    result->fired = kernel_has_fired();
}

/* ---- All runs ---------------------------------------------------------------------------------
 */

struct job {
    const struct scenario *scenario;
    struct kernel_site site;
    struct kernel_fault fault;
    struct result *result;
    pid_t process;
};

static void *shared(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(p, MAP_FAILED);
    return p;
}

static void start(struct job *job)
{
    fflush(NULL);
    job->process = fork();
    if (job->process)
        return;
    alarm(4 * HANG / 1000);
    kernel_fault = job->fault;
    if (kernel_fault.site) /* the table of the first run stays as it is */
        kernel_sites = shared(KERNEL_SITES * sizeof *kernel_sites);
    run_once(job->scenario, job->result);
    _exit(0);
}

static void finish(struct job *jobs, size_t count)
{
    int status = 0;
    pid_t process = wait(&status);
    for (size_t i = 0; i < count; i++)
        if (jobs[i].process == process && status != 0) {
            bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
            jobs[i].result->seen = hung ? HUNG : CRASHED;
            snprintf(jobs[i].result->text, sizeof jobs[i].result->text, "status %d", status);
        }
}

static void run_all(struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        start(&jobs[i]);
        if (i + 1 >= PARALLEL)
            finish(jobs, i + 1);
    }
    for (size_t i = 0; i < count && i + 1 < PARALLEL; i++)
        finish(jobs, count);
}

static const char *code_name(int code)
{
    return code == KERNEL_SHORT  ? "short"
           : code == KERNEL_ZERO ? "zero"
           : code                ? strerrorname_np(code)
                                 : "none";
}

/*
 * Such failures are invisible: what was not done is done later.  EAGAIN is another thing for two
 * calls: there are too many threads, and a server listens at the path whose backlog is full.
 */
static bool is_transparent(const struct job *job)
{
    int code = job->fault.code;
    if (!strcmp(job->site.call, "pthread_create") || !strcmp(job->site.call, "connect"))
        return false;
    return code == EINTR || code == EAGAIN || code == KERNEL_SHORT || code == 0;
}

static bool is_right(const struct job *job)
{
    return job->result->seen <= (is_transparent(job) ? RESPONSE : NOT_OPENED);
}

/* Where the program was loaded: addr2line counts from there. */
static int note_base(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    *(uintptr_t *)base = info->dlpi_addr;
    return 1; /* the program is the first */
}

/* The function and the line of a site, if addr2line is there; it runs once for each site. */
static void print_site(uintptr_t address)
{
    static uintptr_t last;
    static char function[100], line[200];
    uintptr_t base = 0;
    char command[100];
    if (address != last) {
        last = address;
        dl_iterate_phdr(note_base, &base);
        snprintf(command, sizeof command, "addr2line -sfe /proc/%ld/exe %#lx 2>/dev/null",
                 (long)getpid(), (unsigned long)(address - base - 1));
        FILE *pipe = popen(command, "r");
        if (!pipe || !fgets(function, sizeof function, pipe) || !fgets(line, sizeof line, pipe))
            snprintf(line, sizeof line, "%#lx", (unsigned long)(address - base));
        if (pipe)
            pclose(pipe);
        function[strcspn(function, "\n")] = line[strcspn(line, " \n")] = '\0';
    }
    printf("%-28s %-24s", function, line);
}

static void print_job(const struct job *job)
{
    print_site(job->fault.site);
    printf(" %-14s %-12s %u of %u  %-18s %s%s (%s)\n", job->site.call, code_name(job->fault.code),
           job->fault.nth, job->site.count, seen_names[job->result->seen], job->result->text,
           job->result->fired ? "" : " not met", job->scenario->name);
}

static size_t add_jobs(struct job *jobs, const struct scenario *scenario,
                       const struct kernel_site *site)
{
    size_t n = 0;
    bool is_known = false;
    if (site->is_opening && scenario > scenarios && !scenario->prepare)
        return 0; /* it opens as the first one does */
    for (size_t i = 0; i < COUNT(kernel_codes); i++)
        for (size_t c = 0; strcmp(kernel_codes[i].call, site->call) == 0 && c < KERNEL_CODES; c++) {
            is_known = true;
            for (unsigned k = 0; kernel_codes[i].codes[c] && k < (site->count > 1 ? 2 : 1); k++)
                jobs[n++] = (struct job){
                    .scenario = scenario,
                    .site = *site,
                    .fault = {site->address, k ? site->count : 1, kernel_codes[i].codes[c]}};
        }
    ck_assert_msg(is_known, "%s has no errors in the table", site->call);
    return n;
}

START_TEST(one_call_fails)
{
    enum { JOBS = KERNEL_SITES * KERNEL_CODES * 2 };
    static struct job jobs[JOBS];
    struct result *results = shared(JOBS * sizeof *results);
    struct job first = {.scenario = &scenarios[_i], .result = &results[0], .site.call = ""};
    size_t count = 0, wrong = 0;

    kernel_sites = shared(KERNEL_SITES * sizeof *kernel_sites);
    run_all(&first, 1);
    if (!is_right(&first))
        print_job(&first);
    ck_assert_msg(is_right(&first), "%s: without a failure", first.scenario->name);
    for (int i = 0; i < KERNEL_SITES && kernel_sites[i].address; i++)
        count += add_jobs(jobs + count, first.scenario, &kernel_sites[i]);
    for (size_t i = 0; i < count; i++)
        jobs[i].result = &results[i];
    memset(results, 0, JOBS * sizeof *results);
    run_all(jobs, count);
    for (size_t i = 0; i < count; i++) {
        if (!is_right(&jobs[i]) || getenv("SW_TABLE"))
            print_job(&jobs[i]);
        wrong += !is_right(&jobs[i]);
    }
    ck_assert_msg(!wrong, "%s: %zu of %zu failures", first.scenario->name, wrong, count);
}
END_TEST

/* A file, a link to it, and another one in a folder below.  Returns whether all were made. */
static bool make_folder(void)
{
    char name[100];
    large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; large != MAP_FAILED && i < LARGE; i++)
        large[i] = (char)(i * 7 + i / 251);
    if (large == MAP_FAILED || !mkdtemp(folder))
        return false;
    snprintf(name, sizeof name, "%s/file", folder);
    FILE *file = fopen(name, "w");
    bool is_made = file && fwrite(large, 1, FILE_SIZE, file) == FILE_SIZE && fclose(file) == 0;
    snprintf(name, sizeof name, "%s/link", folder);
    is_made = is_made && symlink("file", name) == 0;
    snprintf(name, sizeof name, "%s/sub", folder);
    is_made = is_made && mkdir(name, 0755) == 0;
    snprintf(name, sizeof name, "%s/sub/up", folder);
    return is_made && symlink("../file", name) == 0;
}

int main(void)
{
    const struct suite_test tests[] = {{one_call_fails, COUNT(scenarios)}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    int failed = !make_folder() || suite_main("kernel", tests, COUNT(tests));
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) ? 1 : failed;
}
