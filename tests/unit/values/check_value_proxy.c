/* check_value_proxy.c - the PROXY header, versions 1 and 2. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\x7f\0\0\1\xc0\0\2\1\x30\x39\0\x50"
#define V6                                                                                         \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\xff\xff\0\0"
#define BYTES(text) text, sizeof(text) - 1

static char big[SW_PROXY_MAX + 1] = SIGNATURE "\x21\x11\x0f\xf0" V4 "\x04\x0f\xe1";

enum { BAD = -SW_ERROR_BAD_PROXY, NONE = -SW_ERROR_PROXY_MISSING, LONG = -SW_ERROR_PROXY_TOO_LONG };

/* The family, two paths, and what follows them; the length counts what follows the first 16. */
enum { UNIX = 16 + 216 };
#define UNIX_BLOCK(family, low) SIGNATURE "\x21" family "\0" low "/run/a"
static char unix_block[6][UNIX + 6] = {
    UNIX_BLOCK("\x31", "\xd8"), UNIX_BLOCK("\x32", "\xd8"), UNIX_BLOCK("\x31", "\xdd"),
    UNIX_BLOCK("\x32", "\xdd"), UNIX_BLOCK("\x31", "\xd7"), UNIX_BLOCK("\x33", "\xd8"),
};

static void fill_unix_blocks(void)
{
    for (size_t i = 0; i < 6; i++)
        memcpy(unix_block[i] + 16 + 108, "/run/b", 6);
    memcpy(unix_block[2] + UNIX, "\4\0\2xy", 5); /* a TLV */
    memcpy(unix_block[3] + UNIX, "\4\0\3xy", 5); /* a truncated one */
}

/* Bytes always follow the header, and are not read. */
static const struct {
    const char *bytes;
    size_t n;
    int length; /* 0: all of them; else the error */
    const char *source;
    uint16_t source_port;
    const char *destination;
    uint16_t destination_port;
} cases[] = {
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.22 35646 80\r\n"), 0, "192.0.2.1", 35646,
     "198.51.100.22", 80},
    {BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n"), 0, "255.255.255.255", 65535,
     "255.255.255.255", 0},
    {BYTES("PROXY TCP6 2001:db8::1 ::1 1 443\r\n"), 0, "2001:db8::1", 1, "::1", 443},
    {BYTES("PROXY UNKNOWN\r\n"), .length = 0},
    {BYTES("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), .length = 0},
    {BYTES("PROXY UNKNOWS\r\n"), .length = BAD},
    {BYTES("PROXY \r\n"), .length = BAD},
    {BYTES("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"), .length = BAD},
    {BYTES("PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n"), .length = BAD},
    {BYTES("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1\r2\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n"), .length = BAD},
    {BYTES("PROXY TCP4 ::1 ::2 1 2\r\n"), .length = BAD},
    {BYTES("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"), .length = BAD},
    {BYTES("PROXY UNKNOWN 5555555555555555555555555555555555555555555555555555555555555555555555555"
           "555555555555555555\r\n"),
     .length = 0}, /* 107 bytes */
    {BYTES("PROXY UNKNOWN 5555555555555555555555555555555555555555555555555555555555555555555555555"
           "5555555555555555555\r\n"),
     .length = BAD},
    {BYTES("PROXZ"), .length = NONE},
    {BYTES("GET / HTTP/1.1\r\n\r\n"), .length = NONE},
    {BYTES("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), .length = NONE},
    {BYTES(SIGNATURE "\x21\x11\0\x0c" V4), 0, "127.0.0.1", 12345, "192.0.2.1", 80},
    {BYTES(SIGNATURE "\x21\x41\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x11\0\x04"
                     "abcd"),
     .length = BAD},
    {BYTES(SIGNATURE "\x21\x12\0\x0c" V4), 0, "127.0.0.1", 12345, "192.0.2.1", 80},
    {BYTES(SIGNATURE "\x21\x21\0\x24" V6), 0, "2001:db8::1", 65535, "2001:db8::2", 0},
    {BYTES(SIGNATURE "\x21\x11\0\x14" V4 "\3\0\4abcd"
                     "\4"),
     .length = BAD},
    {BYTES(SIGNATURE "\x21\x11\0\x16" V4 "\3\0\4abcd\4\0\0"), 0, "127.0.0.1", 12345, "192.0.2.1",
     80},
    {BYTES(SIGNATURE "\x21\x11\0\x13" V4 "\3\0\5abcd"), .length = BAD},
    {BYTES(SIGNATURE "\x21\x11\0\x0b" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x21\0\x23" V6), .length = BAD},
    {BYTES(SIGNATURE "\x21\x31\0\x0c" V4), .length = BAD},
    /* AF_UNIX has two paths of 108 bytes, and no address of ours; TLVs may follow. */
    {unix_block[0], UNIX, .length = 0},
    {unix_block[1], UNIX, .length = 0},
    {unix_block[2], UNIX + 5, .length = 0},
    {unix_block[3], UNIX + 5, .length = BAD},
    {unix_block[4], UNIX - 1, .length = BAD},
    {unix_block[5], UNIX, .length = BAD},
    /* Families and transports that are not assigned, whatever follows; 2.2 wants them refused. */
    {BYTES(SIGNATURE "\x21\x01\0\0"), .length = BAD},
    {BYTES(SIGNATURE "\x21\x02\0\0"), .length = BAD},
    {BYTES(SIGNATURE "\x21\x10\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x20\0\x24" V6), .length = BAD},
    {BYTES(SIGNATURE "\x21\x22\0\x24" V6), 0, "2001:db8::1", 65535, "2001:db8::2", 0},
    {BYTES(SIGNATURE "\x21\x23\0\x24" V6), .length = BAD},
    {BYTES(SIGNATURE "\x21\x30\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x40\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x42\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x91\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\xf1\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\xff\0\0"), .length = BAD},
    /* A connection of the proxy's own: the family is not looked at. */
    {BYTES(SIGNATURE "\x20\x33\0\0"), .length = 0},
    {BYTES(SIGNATURE "\x20\xf1\0\x0c" V4), .length = 0},
    {BYTES(SIGNATURE "\x20\0\0\0"), .length = 0},
    {BYTES(SIGNATURE "\x20\x11\0\x0c" V4), .length = 0},
    {BYTES(SIGNATURE "\x20\x55\0\3abc"), .length = 0},
    {BYTES(SIGNATURE "\x21\0\0\3abc"), .length = 0},
    {BYTES(SIGNATURE "\x22\x11\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x11\x11\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x13\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x41\0\x0c" V4), .length = BAD},
    {BYTES(SIGNATURE "\x21\x11\x0f\xf1"), .length = LONG},
    {BYTES(SIGNATURE "\x20\x11\xff\xff"), .length = LONG},
    {big, SW_PROXY_MAX, 0, "127.0.0.1", 12345, "192.0.2.1", 80},
};

static void expect_address(const struct sw_address *address, const char *text)
{
    struct sw_address expected;
    ck_assert(sw_address_parse(span_of(text), &expected));
    ck_assert_mem_eq(address->bytes, expected.bytes, sizeof expected.bytes);
}

/* A prefix gives "more" or the result of all bytes. */
START_TEST(headers_are_read)
{
    fill_unix_blocks();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ptrdiff_t want = cases[i].length ? cases[i].length : (ptrdiff_t)cases[i].n, got = 0;
        struct sw_proxy proxy;
        for (size_t n = 0; n <= cases[i].n; n++) {
            ptrdiff_t now = sw_proxy_parse(guard_end(cases[i].bytes, n), n, &proxy);
            ck_assert_msg(now == want || (now == 0 && got == 0), "case %zu, %zu bytes: %td", i, n,
                          now);
            ck_assert(now <= (ptrdiff_t)n);
            got = now;
        }
        ck_assert_msg(got == want, "case %zu: %td", i, got);
        ck_assert_int_eq(proxy.known, cases[i].source != NULL);
        if (!cases[i].source)
            continue;
        expect_address(&proxy.source, cases[i].source);
        expect_address(&proxy.destination, cases[i].destination);
        ck_assert_uint_eq(proxy.source_port, cases[i].source_port);
        ck_assert_uint_eq(proxy.destination_port, cases[i].destination_port);
    }
}
END_TEST

/* The bytes after the header belong to the connection. */
START_TEST(bytes_after_the_header_are_not_consumed)
{
    static const char two[] = "PROXY UNKNOWN\r\nPROXY UNKNOWN\r\n";
    struct sw_proxy proxy;
    ck_assert_int_eq(sw_proxy_parse(guard_end(BYTES(two)), sizeof two - 1, &proxy), 15);
    static const char local[] = SIGNATURE "\x20\0\0\1xGET";
    ck_assert_int_eq(sw_proxy_parse(guard_end(BYTES(local)), sizeof local - 1, &proxy), 17);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {headers_are_read, 1},
        {bytes_after_the_header_are_not_consumed, 1},
    };
    return suite_main("value_proxy", tests, COUNT(tests));
}
