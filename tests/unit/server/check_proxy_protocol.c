/* check_proxy_protocol.c - the client's address: PROXY header, Forwarded, X-Forwarded-For. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "served.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#define GET         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define V2          "\r\n\r\n\0\r\nQUIT\n"
#define V2_TCP      V2 "\x21\x11\0\x0f\xc0\0\2\1\x7f\0\0\1\x30\x39\0\x50\4\0\0"
#define BYTES(text) text, sizeof(text) - 1

static char buf[1 << 16];

static struct served served;

/* The client's address in hexadecimal, for IPv4 its last 8 digits, and the port. */
static void reply_client(struct sw_exchange *exchange)
{
    struct sw_client client = sw_exchange_client(exchange);
    char text[80] = "no address";
    int n = (int)strlen(text);
    if (client.known && client.address.bytes[0] == 0)
        n = snprintf(text, sizeof text, "%d.%d.%d.%d port %u", client.address.bytes[12],
                     client.address.bytes[13], client.address.bytes[14], client.address.bytes[15],
                     client.port);
    else if (client.known)
        n = snprintf(text, sizeof text, "%02x%02x::%02x port %u", client.address.bytes[0],
                     client.address.bytes[1], client.address.bytes[15], client.port);
    else if (client.local)
        n = snprintf(text, sizeof text, "local");
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), (struct sw_span){text, (size_t)n});
}

static struct sw_network networks[3];

static struct sw_server_config config_for(const struct sw_listener_config *listener, bool trusting)
{
    static const char *const texts[] = {"127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"};
    for (size_t i = 0; i < COUNT(networks); i++)
        ck_assert(sw_network_parse((struct sw_span){texts[i], strlen(texts[i])}, &networks[i]));
    return (struct sw_server_config){
        .handler = reply_client,
        .listeners = listener,
        .listener_count = 1,
        .trusted = networks,
        .trusted_count = trusting ? COUNT(networks) : 0,
        .idle_timeout = 300,
        .head_timeout = 300,
    };
}

/* ---- The PROXY header ------------------------------------------------------------------------ */

static const struct {
    enum sw_proxy_protocol proxy_protocol;
    bool trusting;
    const char *bytes;
    size_t n;
    const char *want; /* in the response; NULL: closed without one; "": our own address */
} cases[] = {
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES("PROXY TCP4 192.0.2.1 127.0.0.1 12345 80\r\n" GET),
     "192.0.2.1 port 12345"},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES("PROXY TCP6 2001:db9::7 ::1 1 80\r\n" GET),
     "2001::07 port 1"},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES(V2_TCP GET), "192.0.2.1 port 12345"},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES(V2_TCP "\r\n\r\n" GET), "192.0.2.1 port 12345"},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES(V2 "\x20\0\0\0" GET), ""},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES("PROXY UNKNOWN\r\n" GET), ""},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES(GET), NULL},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES("PROXY TCP4 192.0.2.1\r\n" GET), NULL},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES(V2 "\x21\x11\xff\xff" GET), NULL},
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES("PROXY TCP4 192.0.2.1"),
     NULL}, /* followed by a close or the timeout */
    {SW_PROXY_PROTOCOL_REQUIRED, false, BYTES(V2_TCP GET), NULL},
    {SW_PROXY_PROTOCOL_OPTIONAL, true, BYTES(V2_TCP GET), "192.0.2.1 port 12345"},
    {SW_PROXY_PROTOCOL_OPTIONAL, true, BYTES(GET), ""},
    {SW_PROXY_PROTOCOL_OPTIONAL, true, BYTES("\r\n\r\n" GET), ""},
    {SW_PROXY_PROTOCOL_OPTIONAL, true, BYTES("PROXY TCP4 192.0.2.1\r\n" GET), NULL},
    {SW_PROXY_PROTOCOL_OPTIONAL, false, BYTES(GET), ""},
    {SW_PROXY_PROTOCOL_OPTIONAL, false, BYTES("PROXY UNKNOWN\r\n" GET), "HTTP/1.1 400 "},
    {SW_PROXY_PROTOCOL_OFF, true, BYTES("PROXY UNKNOWN\r\n" GET), "HTTP/1.1 400 "},
    {SW_PROXY_PROTOCOL_OFF, true, BYTES(V2_TCP GET), "HTTP/1.1 400 "},
    /* The PROXY header is read once. */
    {SW_PROXY_PROTOCOL_REQUIRED, true, BYTES("PROXY UNKNOWN\r\nPROXY UNKNOWN\r\n" GET),
     "HTTP/1.1 400 "},
};

/* Sends case i in two parts, split at `split`, and reads the response into buf. */
static void ask_in_two(size_t i, size_t split, char *own, size_t size)
{
    int fd = client_open(&served), on = 1;
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    getsockname(fd, (struct sockaddr *)&name, &length);
    snprintf(own, size, "127.0.0.1 port %u", ntohs(name.sin_port));
    client_send(fd, cases[i].bytes, split);
    if (split > 0 && split < cases[i].n)
        usleep(500);
    client_send(fd, cases[i].bytes + split, cases[i].n - split);
    shutdown(fd, SHUT_WR);
    size_t n = 0;
    ssize_t got;
    while ((got = client_receive(fd, buf + n, sizeof buf - 1 - n)) > 0)
        n += (size_t)got;
    buf[n] = '\0';
    close(fd);
}

START_TEST(proxy_header_is_required_or_optional)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sw_listener_config listener = {.address = "127.0.0.1",
                                              .proxy_protocol = cases[i].proxy_protocol};
        served_begin(&served, config_for(&listener, cases[i].trusting));
        for (size_t split = 0; split < cases[i].n; split += split < 60 ? 1 : 7) {
            char own[64];
            ask_in_two(i, split, own, sizeof own);
            const char *want = cases[i].want ? cases[i].want[0] ? cases[i].want : own : "";
            MUST(strstr(buf, want) && (cases[i].want || !*buf), "case %zu split at %zu: '%s'", i,
                 split, buf);
        }
        served_end(&served);
    }
}
END_TEST

/* A partial PROXY header is closed after the head timeout, without a response. */
START_TEST(partial_proxy_header_times_out)
{
    struct sw_listener_config listener = {.address = "127.0.0.1",
                                          .proxy_protocol = SW_PROXY_PROTOCOL_REQUIRED};
    served_begin(&served, config_for(&listener, true));
    int fd = client_open(&served);
    client_send_text(fd, "PROXY TCP4 192.0.2.1");
    ck_assert_int_eq(client_receive(fd, buf, sizeof buf), 0);
    close(fd);
    served_end(&served);
}
END_TEST

/* ---- Forwarding fields ----------------------------------------------------------------------- */

#define X(value) "X-Forwarded-For: " value "\r\n"
#define F(value) "Forwarded: " value "\r\n"

static const struct {
    enum sw_forwarding forwarding;
    bool trusting;
    const char *fields, *want; /* "": our own address */
} hops[] = {
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("192.0.2.1"), "192.0.2.1 port 0"},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("192.0.2.1:99"), "192.0.2.1 port 99"},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("[2001:db9::7]:65536"), "2001::07 port 0"},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("1.1.1.1, 192.0.2.1"), "192.0.2.1 "},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("1.1.1.1, 192.0.2.1, 10.1.2.3,2001:db8::1"),
     "192.0.2.1 "},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("1.1.1.1") X("192.0.2.1") X("10.0.0.1"), "192.0.2.1 "},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("10.0.0.1, 10.0.0.2"), "10.0.0.1 "},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("nonsense \", 192.0.2.1"), "192.0.2.1 "},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("nonsense, 10.0.0.1"), "10.0.0.1 "},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("192.0.2.1, nonsense"), ""},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X("192.0.2.1, unknown"), "no address"},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X(", ,192.0.2.1 , ,"), "192.0.2.1 "},
    {SW_FORWARDING_X_FORWARDED_FOR, true, X(""), ""},
    {SW_FORWARDING_X_FORWARDED_FOR, true, F("for=192.0.2.1"), ""},
    {SW_FORWARDING_X_FORWARDED_FOR, true, "", ""},
    {SW_FORWARDING_X_FORWARDED_FOR, false, X("192.0.2.1"), ""},
    {SW_FORWARDING_OFF, true, X("192.0.2.1") F("for=192.0.2.1"), ""},
    {SW_FORWARDING_FORWARDED, true, F("for=192.0.2.1"), "192.0.2.1 port 0"},
    {SW_FORWARDING_FORWARDED, true, F("for=\"[2001:db9::7]:99\";proto=http"), "2001::07 port 99"},
    {SW_FORWARDING_FORWARDED, true, F("for=\"1.1.1.1:_p\";by=\"a,b\", for=10.0.0.1"),
     "1.1.1.1 port 0"},
    {SW_FORWARDING_FORWARDED, true, F("for=\"1.1.1.1"), ""},
    {SW_FORWARDING_FORWARDED, true, F("for=\"1.1.1.1, for=\"[2001:db9::7]\""), "2001::07 "},
    {SW_FORWARDING_FORWARDED, true, F("x=\",y\", for=192.0.2.1") F("for=10.0.0.1"), "192.0.2.1 "},
    {SW_FORWARDING_FORWARDED, true, F("for=192.0.2.1, by=10.0.0.1"), ""},
    {SW_FORWARDING_FORWARDED, true, F("for=192.0.2.1, for=_hidden"), "no address"},
    {SW_FORWARDING_FORWARDED, true, X("192.0.2.1"), ""},
};

START_TEST(client_is_the_last_untrusted_address)
{
    struct sw_listener_config listener = {.address = "127.0.0.1"};
    for (size_t i = 0; i < COUNT(hops); i++) {
        struct sw_server_config config = config_for(&listener, hops[i].trusting);
        config.forwarding = hops[i].forwarding;
        served_begin(&served, config);
        char request[512];
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\nHost: x\r\n%sConnection: close\r\n\r\n", hops[i].fields);
        client_ask(&served, request, buf, sizeof buf);
        const char *want = hops[i].want[0] ? hops[i].want : "127.0.0.1 port";
        MUST(strstr(buf, want), "%s: %s", hops[i].fields, buf);
        served_end(&served);
    }
}
END_TEST

/* ---- The scheme of a target ------------------------------------------------------------------ */

/* RFC 9110 7.4: an https target over a plain connection needs a trusted proxy that may have
   terminated TLS. */
START_TEST(https_targets_need_a_trusted_proxy)
{
    static const struct {
        bool trusting;
        uint32_t schemes;
        const char *target, *status;
    } scheme_cases[] = {
        {false, 0, "http://x/", "200 OK"},
        {false, 0, "https://x/", "421 Misdirected Request"},
        {false, 0, "ftp://x/", "421 Misdirected Request"},
        {true, 0, "http://x/", "200 OK"},
        {true, 0, "https://x/", "200 OK"},
        {true, 0, "ftp://x/", "421 Misdirected Request"},
        {false, SW_SCHEME_HTTPS, "https://x/", "200 OK"},
        {false, SW_SCHEME_HTTPS, "http://x/", "421 Misdirected Request"},
        {true, SW_SCHEME_HTTPS, "http://x/", "200 OK"},
        {true, SW_SCHEME_OTHER, "ftp://x/", "200 OK"},
    };
    static const struct sw_listener_config listener = {.address = "127.0.0.1"};
    for (size_t i = 0; i < COUNT(scheme_cases); i++) {
        struct sw_server_config config = config_for(&listener, scheme_cases[i].trusting);
        char request[100], reply[40];
        config.limits.schemes = scheme_cases[i].schemes;
        served_begin(&served, config);
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                 scheme_cases[i].target);
        snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\n", scheme_cases[i].status);
        /* The second request uses an attached message again. */
        for (int repeat = 0; repeat < 2; repeat++) {
            client_ask(&served, request, buf, sizeof buf);
            MUST(strstr(buf, reply) == buf, "%s, not %s: %s", scheme_cases[i].target, reply, buf);
        }
        served_end(&served);
    }
}
END_TEST

/* A unix socket's peer has no address and is trusted. */
START_TEST(unix_socket_peers_are_trusted)
{
    char path[] = "/tmp/shockwave-check-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ck_assert_ptr_ne(mkdtemp(path), NULL);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", path);
    struct sw_listener_config listener = {.address = address.sun_path,
                                          .proxy_protocol = SW_PROXY_PROTOCOL_OPTIONAL};
    struct sw_server_config config = config_for(&listener, false);
    config.forwarding = SW_FORWARDING_X_FORWARDED_FOR;
    served_begin(&served, config);
    static const struct {
        const char *request, *want;
    } rows[] = {
        {GET, "local"},
        {"GET https://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "local"},
        {"GET / HTTP/1.1\r\nHost: x\r\n" X("192.0.2.1") "\r\n", "192.0.2.1 "},
        {"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80\r\n" GET, "192.0.2.7 port 12345"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        client_send_text(fd, rows[i].request);
        client_until(fd, buf, sizeof buf, rows[i].want);
        close(fd);
    }
    served_end(&served);
    rmdir(path);
}
END_TEST

/* ---- Listeners ------------------------------------------------------------------------------- */

static void elsewhere(struct sw_exchange *exchange)
{
    sw_reply(exchange, SW_STATUS_OK, SW_SPAN("text/plain"), SW_SPAN("elsewhere"));
}

START_TEST(listener_with_its_own_handler)
{
    struct sw_listener_config listeners[] = {{.address = "127.0.0.1", .handler = elsewhere},
                                             {.address = "127.0.0.1"}};
    for (size_t i = 0; i < COUNT(listeners); i++) {
        struct sw_listener_config two[] = {listeners[i], listeners[1 - i]};
        struct sw_server_config config = {
            .handler = reply_client, .listeners = two, .listener_count = 2};
        served_begin(&served, config);
        int fd = client_open(&served);
        client_send_text(fd, GET);
        client_until(fd, buf, sizeof buf, i == 0 ? "elsewhere" : "127.0.0.1 port");
        close(fd);
        served_end(&served);
    }
}
END_TEST

static const struct sw_network endless = {.bits = 129};
static const struct sw_listener_config strange = {.address = "127.0.0.1", .proxy_protocol = 3};

static const struct {
    const char *what;
    struct sw_server_config config;
} wrong[] = {
    {"trusted", {.handler = reply_client, .trusted_count = 1}},
    {"trusted", {.handler = reply_client, .trusted = &endless, .trusted_count = 1}},
    {"forwarding", {.handler = reply_client, .forwarding = 3}},
    {"listeners", {.handler = reply_client, .listeners = &strange, .listener_count = 1}},
};

START_TEST(out_of_range_member_is_reported)
{
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct sw_server_error fault;
        ck_assert_ptr_eq(sw_server_open(&wrong[i].config, &fault), NULL);
        ck_assert_str_eq(fault.what, wrong[i].what);
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {proxy_header_is_required_or_optional, 1}, {partial_proxy_header_times_out, 1},
        {client_is_the_last_untrusted_address, 1}, {unix_socket_peers_are_trusted, 1},
        {https_targets_need_a_trusted_proxy, 1},   {listener_with_its_own_handler, 1},
        {out_of_range_member_is_reported, 1},
    };
    return suite_main("server proxy protocol", tests, COUNT(tests));
}
