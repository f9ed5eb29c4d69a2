/* check_value_forwarded.c - Forwarded and X-Forwarded-For. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

static void note_param(struct notes *notes, const struct sw_param *param)
{
    note(notes, " ");
    note_span(notes, param->value);
    note(notes, param->escaped ? "~" : "");
}

static void read_forwarded(struct sw_span rest, struct notes *notes)
{
    struct sw_forwarded forwarded;
    int got;

    while ((got = sw_forwarded_next(&rest, &forwarded)) > 0) {
        note_param(notes, &forwarded.client);
        note_param(notes, &forwarded.by);
        note_param(notes, &forwarded.host);
        note_param(notes, &forwarded.proto);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(forwarded_is_a_list_of_hops)
{
    static const struct row rows[] = {
        {"", "."},
        {"for=\"_gazonk\"", " _gazonk - - -|."},
        {"For=\"[2001:db8:cafe::17]:4711\"", " [2001:db8:cafe::17]:4711 - - -|."},
        {"for=192.0.2.60;proto=http;by=203.0.113.43;host=a", " 192.0.2.60 203.0.113.43 a http|."},
        {"for=192.0.2.43, for=198.51.100.17", " 192.0.2.43 - - -| 198.51.100.17 - - -|."},
        {"for=a; proto=http, ,by=b", " a - - http| - b - -|."},
        {";for=a;;", " a - - -|."},
        {";", " - - - -|."},
        {"secret=x;for=a;secret=y", " a - - -|."},
        {"for=\"\\a\"", " \\a~ - - -|."},
        {"for=a;for=b", "!"},
        {"by=a;x=y;BY=b", "!"},
        {"host=a;host=b", "!"},
        {"proto=a;proto=b", "!"},
        {"for", "!"},
        {"for=", "!"},
        {"for =a", "!"},
        {"for=a;by", "!"},
        {"for=a by=b", "!"},
        {"for=[::1]", "!"},
        {"for=a, for=\"b", " a - - -|!"},
    };

    WALK(rows, read_forwarded);
}
END_TEST

static void note_node(struct notes *notes, const struct sw_node *node)
{
    static const char *const kinds[] = {"unknown", "hidden", "address"};

    note(notes, "%s ", kinds[node->kind]);
    note_span(notes, node->name);
    note(notes, " ");
    note_span(notes, node->port);
    if (node->kind == SW_NODE_ADDRESS)
        note(notes, " %02x..%02x", node->address.bytes[0], node->address.bytes[15]);
}

static void read_node(struct sw_span value, struct notes *notes)
{
    struct sw_node node;

    if (sw_node_parse(value, &node))
        note_node(notes, &node);
    else
        note(notes, "bad");
}

START_TEST(a_node_is_an_address_a_pseudonym_or_unknown)
{
    static const struct row rows[] = {
        {"192.0.2.43", "address 192.0.2.43 - 00..2b"},
        {"192.0.2.43:47011", "address 192.0.2.43 47011 00..2b"},
        {"192.0.2.43:_port", "address 192.0.2.43 _port 00..2b"},
        {"[2001:db8::17]", "address 2001:db8::17 - 20..17"},
        {"[2001:db8::17]:1", "address 2001:db8::17 1 20..17"},
        {"unknown", "unknown unknown -"},
        {"Unknown:80", "unknown Unknown 80"},
        {"_hidden", "hidden _hidden -"},
        {"_a.b-c_1:_x", "hidden _a.b-c_1 _x"},
        {"", "bad"},
        {"example.com", "bad"},
        {"2001:db8::17", "bad"},
        {"[2001:db8::17", "bad"},
        {"[2001:db8::17]1", "bad"},
        {"[192.0.2.43]", "bad"},
        {"[unknown]", "bad"},
        {"[_hidden]", "bad"},
        {"[", "bad"},
        {"[]", "bad"},
        {"_", "bad"},
        {"_a b", "bad"},
        {"_a!", "bad"},
        {"192.0.2.256", "bad"},
        {"192.0.2.43:", "bad"},
        {"192.0.2.43:123456", "bad"},
        {"192.0.2.43:8x", "bad"},
        {"192.0.2.43:_", "bad"},
        {":80", "bad"},
    };

    WALK(rows, read_node);
}
END_TEST

static void read_list(struct sw_span rest, struct notes *notes)
{
    struct sw_node node;
    int got;

    while ((got = sw_forwarded_for_next(&rest, &node)) > 0) {
        note_node(notes, &node);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(x_forwarded_for_is_a_list_of_addresses)
{
    static const struct row rows[] = {
        {"", "."},
        {"10.0.0.1, 10.0.0.2:80", "address 10.0.0.1 - 00..01|address 10.0.0.2 80 00..02|."},
        {"2001:db8::1,[2001:db8::2],[2001:db8::3]:443",
         "address 2001:db8::1 - 20..01|address 2001:db8::2 - 20..02|address 2001:db8::3 443 20..03|"
         "."},
        {"unknown, 10.0.0.1", "unknown unknown -|address 10.0.0.1 - 00..01|."},
        {"10.0.0.1, _hidden, 10.0.0.2", "address 10.0.0.1 - 00..01|!"},
        {"10.0.0.1, rubbish", "address 10.0.0.1 - 00..01|!"},
        {"10.0.0.1 10.0.0.2", "!"},
        {"\"10.0.0.1\"", "!"},
        {"\"10.0.0.1", "!"},
    };

    WALK(rows, read_list);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {forwarded_is_a_list_of_hops, 1},
        {a_node_is_an_address_a_pseudonym_or_unknown, 1},
        {x_forwarded_for_is_a_list_of_addresses, 1},
    };
    return suite_main("value_forwarded", tests, COUNT(tests));
}
