/* check_config.c - the server's configuration: each member is applied or refused. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "served.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#define TEXT SW_SPAN("text/plain")
#define GET  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static char buf[1 << 20];

static struct served served;

/* ---- What a handler gets --------------------------------------------------------------------- */

static void reply_sizes(struct sw_exchange *exchange)
{
    char text[64];
    memset(exchange->scratch, 'x', exchange->scratch_size);
    int n = snprintf(text, sizeof text, "%zu bytes, %s", exchange->scratch_size,
                     (const char *)exchange->user);
    sw_reply(exchange, SW_STATUS_OK, TEXT, (struct sw_span){text, (size_t)n});
}

START_TEST(handler_gets_scratch_and_user)
{
    struct sw_server_config config = {.handler = reply_sizes, .scratch = 100000, .user = "mine"};
    served_begin(&served, config);
    int fd[3];
    for (int i = 0; i < 3; i++) {
        fd[i] = client_open(&served);
        client_send_text(fd[i], GET);
        client_until(fd[i], buf, sizeof buf, "100032 bytes, mine"); /* the next multiple of 64 */
    }
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    served_end(&served);
}
END_TEST

/* ---- Buffers --------------------------------------------------------------------------------- */

static _Atomic(struct sw_exchange *) pending;
static atomic_size_t longest;

static size_t measure(struct sw_exchange *exchange, struct sw_span bytes)
{
    (void)exchange;
    if (bytes.n > atomic_load(&longest))
        atomic_store(&longest, bytes.n);
    return bytes.n;
}

static void measured(struct sw_exchange *exchange, const struct sw_head *trailers,
                     const char *bytes)
{
    (void)trailers, (void)bytes;
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("measured"));
}

static const struct sw_hooks measure_hooks = {.on_content = measure, .on_request_end = measured};

static void suspend_and_measure(struct sw_exchange *exchange)
{
    exchange->hooks = &measure_hooks;
    sw_exchange_suspend(exchange);
    atomic_store(&pending, exchange);
}

/* All of the content is in the socket when the server begins to read it. */
static size_t longest_run(uint32_t input)
{
    enum { CONTENT = 60000 };
    static char content[CONTENT];
    struct sw_exchange *exchange;
    atomic_store(&longest, 0);
    served_begin(&served,
                 (struct sw_server_config){.handler = suspend_and_measure, .input_buffer = input});
    int fd = client_open(&served);
    client_send_text(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n");
    while (!(exchange = atomic_exchange(&pending, NULL)))
        usleep(1000);
    client_send(fd, content, sizeof content);
    sw_exchange_resume(exchange);
    client_until(fd, buf, sizeof buf, "measured");
    close(fd);
    served_end(&served);
    return atomic_load(&longest);
}

START_TEST(input_buffer_has_the_configured_size)
{
    ck_assert_uint_le(longest_run(0), 32768);
    ck_assert_uint_gt(longest_run(65536), 32768);
}
END_TEST

static void write_large_head(struct sw_exchange *exchange)
{
    sw_reply_begin(exchange, SW_STATUS_OK, 0);
    for (int i = 0; i < 2000; i++)
        sw_reply_field(exchange, SW_HEADER_SERVER, SW_SPAN("0123456789")); /* 20 bytes with its name */
    sw_reply_end(exchange);
}

static const struct {
    uint32_t output;
    const char *want;
} outputs[] = {{0, "HTTP/1.1 500 "}, {65536, "HTTP/1.1 200 "}};

START_TEST(output_buffer_has_the_configured_size)
{
    struct sw_server_config config = {.handler = write_large_head,
                                      .output_buffer = outputs[_i].output};
    served_begin(&served, config);
    client_ask(&served, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", buf, sizeof buf);
    ck_assert_ptr_eq(strstr(buf, outputs[_i].want), buf);
    served_end(&served);
}
END_TEST

/* ---- Lingering ------------------------------------------------------------------------------- */

/* A client that stays after its last response is closed long before the idle timeout. */
START_TEST(linger_is_bounded)
{
    served_begin(&served, (struct sw_server_config){
                              .handler = reply_sizes, .linger = 100, .idle_timeout = 1500});
    int idle = client_open(&served), lingering = client_open(&served);
    struct pollfd closed = {.fd = idle, .events = POLLIN};
    client_send_text(lingering, "nonsense\r\n\r\n");
    client_until(lingering, buf, sizeof buf, "\n");
    while (send(lingering, "x", 1, MSG_NOSIGNAL) == 1)
        ck_assert_int_eq(poll(&closed, 1, 20), 0);
    close(idle);
    close(lingering);
    served_end(&served);
}
END_TEST

/* ---- Members out of range -------------------------------------------------------------------- */

static void hello(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, TEXT, SW_SPAN("hello"));
}

static const struct sw_listener_config zeroed[2] = {{.address = "127.0.0.1"}};
static const struct sw_listener_config empty = {.address = ""}, no_socket = {.fd = -1};
static const struct sw_listener_config odd = {.address = "127.0.0.1",
                                              .proxy_protocol = (enum sw_proxy_protocol) - 1};

static const struct {
    const char *what;
    struct sw_server_config config;
} wrong[] = {
    {"listeners", {.handler = hello, .listener_count = 1, .listeners = &zeroed[1]}},
    {"listeners", {.handler = hello, .listener_count = 2, .listeners = zeroed}},
    {"listeners", {.handler = hello, .listener_count = 1, .listeners = &empty}},
    {"listeners", {.handler = hello, .listener_count = 1, .listeners = &no_socket}},
    {"listeners", {.handler = hello, .listener_count = 1, .listeners = &odd}},
    {"listener_count", {.handler = hello, .listeners = zeroed}},
    {"listener_count", {.handler = hello, .listener_count = UINT32_MAX}},
    {"notify", {.handler = hello, .notify = ""}},
    {"trusted", {.handler = hello, .trusted_count = UINT32_MAX}},
    {"forwarding", {.handler = hello, .forwarding = (enum sw_forwarding) - 1}},
    {"full", {.handler = hello, .full = (enum sw_full) - 1}},
    {"access_log_fd", {.handler = hello, .access_log_fd = -1}},
    {"access_log_fd", {.handler = hello, .access_log = "/dev/null", .access_log_fd = 1}},
    {"log_format", {.handler = hello, .log_format = (enum sw_log_format) - 1}},
    {"log_buffer", {.handler = hello, .log_buffer = 8191}},
    {"workers", {.handler = hello, .workers = UINT32_MAX}},
    {"connections", {.handler = hello, .connections = UINT32_MAX}},
    {"exchanges", {.handler = hello, .exchanges = UINT32_MAX}},
    {"input_buffer", {.handler = hello, .input_buffer = UINT32_MAX}},
    {"output_buffer", {.handler = hello, .output_buffer = UINT32_MAX}},
    {"limits.trailer_bytes", {.handler = hello, .limits.trailer_bytes = UINT32_MAX}},
    {"limits.chunk_extensions", {.handler = hello, .limits.chunk_extensions = UINT32_MAX}},
    {"limits.lenient", {.handler = hello, .limits.lenient = 2048}},
    {"limits.lenient", {.handler = hello, .limits.lenient = UINT32_MAX}},
};

START_TEST(out_of_range_member_is_reported)
{
    struct sw_server_error fault;
    ck_assert_ptr_eq(sw_server_open(&wrong[_i].config, &fault), NULL);
    ck_assert_str_eq(fault.what, wrong[_i].what);
    ck_assert_int_eq(fault.code, EINVAL);
    ck_assert_ptr_eq(sw_server_open(&wrong[_i].config, NULL), NULL);
}
END_TEST

/* sw_server_memory() detects an invalid listener too; the error names the listener. */
START_TEST(invalid_listener_is_reported)
{
    struct sw_server_config config = {.handler = hello, .listener_count = 2, .listeners = zeroed};
    struct sw_server_error fault;
    ck_assert_uint_eq(sw_server_memory(&config), 0);
    ck_assert_ptr_eq(sw_server_open(&config, &fault), NULL);
    ck_assert_ptr_eq(fault.listener, &zeroed[1]);
    config.listener_count = 1;
    ck_assert_uint_gt(sw_server_memory(&config), 0);
    config.listeners = &odd;
    ck_assert_ptr_eq(sw_server_open(&config, &fault), NULL);
    ck_assert_ptr_eq(fault.listener, &odd);
}
END_TEST

START_TEST(null_configuration_is_refused)
{
    struct sw_server_error fault;
    ck_assert_ptr_eq(sw_server_open(NULL, &fault), NULL);
    ck_assert_str_eq(fault.what, "config");
    ck_assert_int_eq(fault.code, EINVAL);
    ck_assert_ptr_eq(fault.listener, NULL);
    ck_assert_ptr_eq(sw_server_open(NULL, NULL), NULL);
    ck_assert_uint_eq(sw_server_memory(NULL), 0);
    sw_server_close(NULL);
}
END_TEST

/* ---- Memory ---------------------------------------------------------------------------------- */

/* The VmFlags of the mapping at p, two letters for each flag: proc(5). */
static void memory_flags(const void *p, char *flags, size_t size)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(maps);
    uintptr_t first = 0, end = 0;
    flags[0] = '\0';
    for (char line[512]; !flags[0] && fgets(line, sizeof line, maps);) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &first, &end) == 2)
            continue;
        if (first <= (uintptr_t)p && (uintptr_t)p < end && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, size, "%.*s", (int)size - 1, line + 8);
    }
    fclose(maps);
}

START_TEST(unused_memory_is_not_resident)
{
    char flags[512];
    if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
        return; /* pages are of one size */
    served_begin(&served, (struct sw_server_config){.handler = reply_sizes});
    memory_flags(served.server, flags, sizeof flags);
    ck_assert_msg(strstr(flags, " nh"), "pages may be huge:%s", flags);
    served_end(&served);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {handler_gets_scratch_and_user, 1},
        {input_buffer_has_the_configured_size, 1},
        {output_buffer_has_the_configured_size, COUNT(outputs)},
        {linger_is_bounded, 1},
        {out_of_range_member_is_reported, COUNT(wrong)},
        {invalid_listener_is_reported, 1},
        {null_configuration_is_refused, 1},
        {unused_memory_is_not_resident, 1},
    };
    return suite_main("server config", tests, COUNT(tests));
}
