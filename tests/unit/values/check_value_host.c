/* check_value_host.c - host[:port], addresses, networks. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

static void read_host(struct sw_span value, struct notes *notes)
{
    static const char *const kinds[] = {"empty", "name", "ipv4", "ipv6", "future"};
    struct sw_host host;

    ck_assert(sw_host_valid(value) == sw_host_parse(value, &host));
    if (!sw_host_parse(value, &host)) {
        note(notes, "bad");
        return;
    }
    note(notes, "%s ", kinds[host.kind]);
    note_span(notes, host.name);
    note(notes, " %d", host.port);
}

static const struct row hosts[] = {
    {"", "empty  -1"},
    {":", "bad"},
    {":80", "bad"},
    {":80:80", "bad"},
    {"a", "name a -1"},
    {"example.com", "name example.com -1"},
    {"Example.COM:8080", "name Example.COM 8080"},
    {"a:", "name a -1"},
    {"a:0", "name a 0"},
    {"a:000080", "name a 80"},
    {"a:65535", "name a 65535"},
    {"a:65536", "bad"},
    {"a:18446744073709551697", "bad"},
    {"a:80x", "bad"},
    {"a:-1", "bad"},
    {"a:80:80", "bad"},
    {"a: 80", "bad"},
    {"a b", "bad"},
    {"a/b", "bad"},
    {"user@a", "bad"},
    {"a,b", "name a,b -1"},
    {"caf\xc3\xa9", "bad"},
    {"caf%C3%a9:1", "name caf%C3%a9 1"},
    {"%41bcdefgh%41", "name %41bcdefgh%41 -1"},
    {"a%", "bad"},
    {"a%4", "bad"},
    {"a%4g", "bad"},
    {"a%g4", "bad"},
    {"1.2.3.4", "ipv4 1.2.3.4 -1"},
    {"255.255.255.255:1", "ipv4 255.255.255.255 1"},
    {"0.0.0.0", "ipv4 0.0.0.0 -1"},
    {"256.1.1.1", "name 256.1.1.1 -1"},
    {"1.2.3.04", "name 1.2.3.04 -1"},
    {"1.2.3", "name 1.2.3 -1"},
    {"1.2.3.4.", "name 1.2.3.4. -1"},
    {"1..3.4", "name 1..3.4 -1"},
    {"1.2.3.4444", "name 1.2.3.4444 -1"},
    {"[::1]", "ipv6 ::1 -1"},
    {"[2001:db8::1]:443", "ipv6 2001:db8::1 443"},
    {"[::1]:", "ipv6 ::1 -1"},
    {"[::1]443", "bad"},
    {"[::1", "bad"},
    {"[", "bad"},
    {"[]", "bad"},
    {"::1", "bad"},
    {"[1.2.3.4]", "bad"},
    {"[fe80::1%25eth0]", "bad"},
    {"[v1.a:b]", "future v1.a:b -1"},
    {"[VfF.~!$]:9", "future VfF.~!$ 9"},
    {"[v.a]", "bad"},
    {"[v1]", "bad"},
    {"[v1a", "bad"},
    {"[v1x]", "bad"},
    {"[v1.]", "bad"},
    {"[v1.a/]", "bad"},
    {"[v]", "bad"},
};

START_TEST(a_host_is_a_name_or_an_address_and_an_optional_port)
{
    WALK(hosts, read_host);
    ck_assert(sw_host_parse((struct sw_span){NULL, 0}, &(struct sw_host){.port = 0}));
}
END_TEST

/* unreserved / sub-delims, RFC 3986 2.2 and 2.3, at each place of the four read together. */
START_TEST(every_byte_of_a_name_follows_the_grammar)
{
    for (int c = 0; c < 256; c++) {
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool name = alnum || (c != 0 && strchr("-._~!$&'()*+,;=", c) != NULL);

        for (size_t i = 0; i < 7; i++) {
            char text[] = "xxxxxxx";
            struct sw_host host;

            text[i] = (char)c;
            ck_assert_msg(sw_host_parse((struct sw_span){guard_end(text, 7), 7}, &host) ==
                              (name || (c == ':' && i == 6)),
                          "%d", c);
        }
    }
}
END_TEST

static void read_address(struct sw_span value, struct notes *notes)
{
    struct sw_address address;

    if (!sw_address_parse(value, &address)) {
        note(notes, "bad");
        return;
    }
    for (int i = 0; i < 16; i += 2)
        note(notes, "%s%x", i ? ":" : "", address.bytes[i] << 8 | address.bytes[i + 1]);
}

START_TEST(an_address_is_sixteen_bytes)
{
    static const struct row rows[] = {
        {"1.2.3.4", "0:0:0:0:0:ffff:102:304"},
        {"::", "0:0:0:0:0:0:0:0"},
        {"::1", "0:0:0:0:0:0:0:1"},
        {"1::", "1:0:0:0:0:0:0:0"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
        {"ABCD:ef01::9", "abcd:ef01:0:0:0:0:0:9"},
        {"::ffff:1.2.3.4", "0:0:0:0:0:ffff:102:304"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"1:2:3:4:5::1.2.3.4", "1:2:3:4:5:0:102:304"},
        {"1::1.2.3.4", "1:0:0:0:0:0:102:304"},
        {"", "bad"},
        {":", "bad"},
        {":::", "bad"},
        {":1", "bad"},
        {"1:", "bad"},
        {"1", "bad"},
        {"1:2", "bad"},
        {"::1:", "bad"},
        {":::1", "bad"},
        {"1::2::3", "bad"},
        {"1:2:3:4:5:6:7", "bad"},
        {"1:2:3:4:5:6:7:8:", "bad"},
        {"1:2:3:4:5:6:7:8:9", "bad"},
        {"1:2:3:4:5:6:7:8::", "bad"},
        {"::1:2:3:4:5:6:7:8", "bad"},
        {"1:2:3:4::5:6:7:8", "bad"},
        {"12345::", "bad"},
        {"::g", "bad"},
        {"1:2:3:4:5:6:7:1.2.3.4", "bad"},
        {"::1.2.3.4:5", "bad"},
        {"::1.2.3", "bad"},
        {"::1.2.3.256", "bad"},
        {"1.2.3.4 ", "bad"},
        {"[::1]", "bad"},
    };

    WALK(rows, read_address);
}
END_TEST

START_TEST(a_network_has_the_addresses_that_share_its_prefix)
{
    static const struct {
        const char *network, *address;
        bool has;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/9", "10.127.0.1", true},
        {"10.0.0.0/9", "10.128.0.1", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.0", false},
        {"192.0.2.1/31", "192.0.2.0", true},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "1.2.3.4", true},
        {"2001:db8::/32", "2001:db8:1::", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"::1/128", "::1", true},
        {"::1/128", "::2", false},
        {"10.0.0.0/8", "::ffff:10.1.1.1", true},
        {"::ffff:10.0.0.0/104", "10.9.9.9", true},
    };
    static const char *const bad[] = {
        "",    "/8",      "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1",        "::/129",
        "::/", "1.2.3/8", "::/8/8",   "::/x",       "1.2.3.4/4294967304"};
    struct sw_network network;
    struct sw_address address;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert(sw_network_parse(span_of(rows[i].network), &network));
        ck_assert(sw_address_parse(span_of(rows[i].address), &address));
        ck_assert_msg(sw_network_has(&network, &address) == rows[i].has, "%s %s", rows[i].network,
                      rows[i].address);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t n = strlen(bad[i]);
        struct sw_span text = {guard_end(bad[i], n), n};

        ck_assert_msg(!sw_network_parse(text, &network), "%s", bad[i]);
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {a_host_is_a_name_or_an_address_and_an_optional_port, 1},
        {every_byte_of_a_name_follows_the_grammar, 1},
        {an_address_is_sixteen_bytes, 1},
        {a_network_has_the_addresses_that_share_its_prefix, 1},
    };
    return suite_main("value_host", tests, COUNT(tests));
}
