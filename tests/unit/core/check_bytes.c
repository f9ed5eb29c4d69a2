/* check_bytes.c - every byte in every class of grammar/byte.classes, against the RFCs' own rules.
 */
/* SPDX-License-Identifier: MIT */
#include <check.h>

#include "byte_nibbles.h"
#include "base/bytes.h"
#include "expect.h"

/* ---- The rules, once more, in the order and the words of the RFCs
 * --------------------------------- */

static bool is_in(const char *set, int c)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool is_alpha(int c)
{
    return (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
}

static bool is_digit(int c)
{
    return c >= 0x30 && c <= 0x39;
}

static bool is_unreserved(int c)
{
    return is_alpha(c) || is_digit(c) || is_in("-._~", c);
}

static bool is_sub_delim(int c)
{
    return is_in("!$&'()*+,;=", c);
}

static bool is_vchar(int c)
{
    return c >= 0x21 && c <= 0x7e;
}

static bool is_obs_text(int c)
{
    return c >= 0x80;
}

static bool is_tchar(int c)
{
    return is_in("!#$%&'*+-.^_`|~", c) || is_digit(c) || is_alpha(c);
}

static bool is_pchar_but_percent(int c)
{
    return is_unreserved(c) || is_sub_delim(c) || c == ':' || c == '@';
}

static bool is_value(int c)
{
    return c == 0x09 || c == 0x20 || is_vchar(c) || is_obs_text(c);
}

static bool is_target(int c)
{
    return is_pchar_but_percent(c) || is_in("%/?", c);
}

static bool is_hex(int c)
{
    return is_digit(c) || is_in("ABCDEFabcdef", c);
}

static bool is_lenient(int c)
{
    return is_target(c) || is_in("\"<>[]\\^`{|}", c) || is_obs_text(c);
}

static bool is_host(int c)
{
    return is_unreserved(c) || (is_sub_delim(c) && is_tchar(c));
}

static bool is_path_or_query(int c)
{
    return is_pchar_but_percent(c) || c == '/' || c == '?';
}

static bool is_control(int c)
{
    return c != 0x09 && (c < 0x20 || c == 0x7f);
}

static bool is_qdtext(int c)
{
    return is_value(c) && c != '"' && c != '\\';
}

static bool is_cookie_octet(int c)
{
    return c == 0x21 || (c >= 0x23 && c <= 0x2b) || (c >= 0x2d && c <= 0x3a) ||
           (c >= 0x3c && c <= 0x5b) || (c >= 0x5d && c <= 0x7e);
}

static bool is_etagc(int c)
{
    return c == 0x21 || (c >= 0x23 && c <= 0x7e) || is_obs_text(c);
}

static bool is_name(int c)
{
    return is_unreserved(c) || is_sub_delim(c);
}

static bool is_path(int c)
{
    return is_pchar_but_percent(c) || c == '/';
}

static bool is_token68(int c)
{
    return is_alpha(c) || is_digit(c) || is_in("-._~+/", c);
}

static bool is_alnum(int c)
{
    return is_alpha(c) || is_digit(c);
}

struct rule {
    const char *name;
    bool (*has)(int c);
};

static const struct rule rules[] = {
    {"SW_BYTE_TOKEN", is_tchar},          {"SW_BYTE_VALUE", is_value},
    {"SW_BYTE_TARGET", is_target},        {"SW_BYTE_HEX", is_hex},
    {"SW_BYTE_LENIENT", is_lenient},      {"SW_BYTE_HOST", is_host},
    {"SW_BYTE_PATH", is_path_or_query},   {"SW_BYTE_CONTROL", is_control},
    {"SW_VALUE_TOKEN", is_tchar},         {"SW_VALUE_QUOTED", is_qdtext},
    {"SW_VALUE_COOKIE", is_cookie_octet}, {"SW_VALUE_ETAG", is_etagc},
    {"SW_VALUE_NAME", is_name},           {"SW_VALUE_PATH", is_path},
    {"SW_VALUE_TOKEN68", is_token68},     {"SW_VALUE_ALNUM", is_alnum},
};

/* ---- The tables ------------------------------------------------------------------------------ */

struct class
{
    const char *name;
    const uint8_t *table;
    unsigned bit;
};

#define ROW(array, bit) {#bit, array, bit},
static const struct class classes[] = {SW_BYTE_CLASSES(ROW)};

static const struct rule *rule_of(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].name, name) == 0)
            return &rules[i];
    MUST(false, "%s has no rule here", name);
    return NULL;
}

START_TEST(each_class_has_the_bytes_of_its_rule)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        const struct rule *rule = rule_of(classes[i].name);
        for (int c = 0; c < 256; c++)
            MUST(!(classes[i].table[c] & classes[i].bit) == !rule->has(c), "%s, byte %02x",
                 rule->name, c);
    }
}
END_TEST

/* What a vector shuffle gives for one byte. */
static unsigned looked_up(const char low[16], const char high[16], int c)
{
    return c < 128 ? (unsigned char)low[c & 15] & (unsigned char)high[c >> 4] : 0;
}

static void expect_shuffle(const char low[16], const char high[16], unsigned bits, unsigned class)
{
    for (int c = 0; c < 128; c++)
        MUST(!(looked_up(low, high, c) & bits) == !(sw_byte_classes[c] & class),
             "class %u, byte %02x", class, c);
}

START_TEST(vector_shuffles_agree_with_the_tables)
{
    static const char text_low[16] = {SW_NIBBLES_TEXT_LOW}, text_high[16] = {SW_NIBBLES_TEXT_HIGH};
    static const char path_low[16] = {SW_NIBBLES_PATH_LOW}, path_high[16] = {SW_NIBBLES_PATH_HIGH};
    static const char host_low[16] = {SW_NIBBLES_HOST_LOW}, host_high[16] = {SW_NIBBLES_HOST_HIGH};

    expect_shuffle(text_low, text_high, SW_NIBBLES_TEXT_IN_TOKEN, SW_BYTE_TOKEN);
    expect_shuffle(text_low, text_high, SW_NIBBLES_TEXT_IN_CONTROL, SW_BYTE_CONTROL);
    expect_shuffle(path_low, path_high, SW_NIBBLES_PATH_IN_PATH, SW_BYTE_PATH);
    expect_shuffle(host_low, host_high, SW_NIBBLES_HOST_IN_HOST, SW_BYTE_HOST);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {each_class_has_the_bytes_of_its_rule, 1},
        {vector_shuffles_agree_with_the_tables, 1},
    };
    return suite_main("bytes", tests, COUNT(tests));
}
