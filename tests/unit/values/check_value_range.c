/* check_value_range.c - Range evaluated for a length; Content-Range read and written. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

enum { ROOM = 4 };

static void read_range(struct sw_span value, uint64_t length, struct notes *notes)
{
    static const char *const statuses[] = {"200", "206", "416"};
    struct sw_range ranges[ROOM];
    size_t count = ROOM;
    enum sw_range_result result = sw_range_evaluate(value, length, ranges, &count);

    note(notes, "%s", statuses[result]);
    ck_assert((count != 0) == (result == SW_RANGE_PARTIAL));
    for (size_t i = 0; i < count; i++)
        note(notes, " %llu-%llu", (unsigned long long)ranges[i].first,
             (unsigned long long)ranges[i].last);
}

static void of_10000(struct sw_span value, struct notes *notes)
{
    read_range(value, 10000, notes);
}

static void of_0(struct sw_span value, struct notes *notes)
{
    read_range(value, 0, notes);
}

static void of_all(struct sw_span value, struct notes *notes)
{
    read_range(value, UINT64_MAX, notes);
}

static const struct row of_many[] = {
    {"bytes=0-499", "206 0-499"},
    {"bytes=500-999", "206 500-999"},
    {"bytes=-500", "206 9500-9999"},
    {"bytes=9500-", "206 9500-9999"},
    {"Bytes=0-0,-1", "206 0-0 9999-9999"},
    {"bytes= 0-999, 4500-5499, -1000", "206 0-999 4500-5499 9000-9999"},
    {"bytes=,0-1,,", "206 0-1"},
    {"bytes=5-6,0-1", "206 5-6 0-1"},
    {"bytes=9999-", "206 9999-9999"},
    {"bytes=0-10000", "206 0-9999"},
    {"bytes=-20000", "206 0-9999"},
    {"bytes=0-18446744073709551617", "206 0-9999"},
    {"bytes=-18446744073709551617", "206 0-9999"},
    {"bytes=000-001", "206 0-1"},
    /* After the last byte, alone or with other ranges. */
    {"bytes=10000-", "416"},
    {"bytes=10000-10001,-0", "416"},
    {"bytes=18446744073709551616-", "416"},
    {"bytes=18446744073709551617-18446744073709551616", "416"},
    {"bytes=10000-,0-1", "206 0-1"},
    {"bytes=-0", "416"},
    /* As many as there is room for; unsatisfiable ranges need none. */
    {"bytes=0-0,2-2,4-4,6-6", "206 0-0 2-2 4-4 6-6"},
    {"bytes=0-0,2-2,4-4,6-6,99999-", "206 0-0 2-2 4-4 6-6"},
    {"bytes=0-0,2-2,4-4,6-6,8-8", "200"},
    /* Overlaps. */
    {"bytes=0-5,5-9", "200"},
    {"bytes=5-9,0-5", "200"},
    {"bytes=0-,0-", "200"},
    {"bytes=0-9,2-3", "200"},
    {"bytes=2-3,0-9", "200"},
    {"bytes=0-4,5-9", "206 0-4 5-9"},
    /* Not the grammar, or not bytes. */
    {"", "200"},
    {"bytes", "200"},
    {"bytes=", "200"},
    {"bytes=,", "200"},
    {"bytes 0-1", "200"},
    {"bytes =0-1", "200"},
    {"items=0-1", "200"},
    {"=0-1", "200"},
    {"bytes=1", "200"},
    {"bytes=-", "200"},
    {"bytes=2-1", "200"},
    {"bytes=0-1,2-1", "200"},
    {"bytes=a-1", "200"},
    {"bytes=1-a", "200"},
    {"bytes=-a", "200"},
    {"bytes=0--1", "200"},
    {"bytes=--1", "200"},
    {"bytes=0 - 1", "200"},
    {"bytes=0-1;2-3", "200"},
    {"bytes=0x0-1", "200"},
    {"bytes=0-1,\"", "200"},
};

static const struct row of_none[] = {
    {"bytes=0-", "416"}, {"bytes=0-0", "416"}, {"bytes=-1", "200"},
    {"bytes=-0", "416"}, {"bytes=1-0", "200"},
};

static const struct row of_max[] = {
    {"bytes=0-", "206 0-18446744073709551614"},
    {"bytes=-1", "206 18446744073709551614-18446744073709551614"},
    {"bytes=18446744073709551614-", "206 18446744073709551614-18446744073709551614"},
    {"bytes=18446744073709551615-", "416"},
};

START_TEST(ranges_end_at_the_length)
{
    size_t none = 0;

    WALK(of_many, of_10000);
    WALK(of_none, of_0);
    WALK(of_max, of_all);
    ck_assert_int_eq(sw_range_evaluate(span_of("bytes=0-1"), 10, NULL, &none), SW_RANGE_IGNORE);
    ck_assert_int_eq(sw_range_evaluate((struct sw_span){NULL, 0}, 10, NULL, &none),
                     SW_RANGE_IGNORE);
}
END_TEST

static void read_content_range(struct sw_span value, struct notes *notes)
{
    struct sw_content_range range;
    char out[SW_CONTENT_RANGE_MAX];

    if (sw_content_range_parse(value, &range))
        note(notes, "%.*s", (int)sw_content_range_format(&range, out), out);
    else
        note(notes, "bad");
}

START_TEST(content_range_is_read_and_written)
{
    static const struct row rows[] = {
        {"bytes 0-499/1234", "bytes 0-499/1234"},
        {"BYTES 00-01/002", "bytes 0-1/2"},
        {"bytes 42-1233/*", "bytes 42-1233/*"},
        {"bytes */1234", "bytes */1234"},
        {"bytes 0-0/1", "bytes 0-0/1"},
        {"bytes 18446744073709551612-18446744073709551613/18446744073709551614",
         "bytes 18446744073709551612-18446744073709551613/18446744073709551614"},
        {"bytes 0-18446744073709551616/*", "bad"},
        {"bytes 0-1/18446744073709551615", "bad"},
        {"bytes 0-1/1", "bad"},
        {"bytes 2-1/5", "bad"},
        {"bytes */*", "bad"},
        {"bytes 0-1", "bad"},
        {"bytes 0-1/", "bad"},
        {"bytes 0-1/x", "bad"},
        {"bytes 0-1/5x", "bad"},
        {"bytes 0-1/*x", "bad"},
        {"bytes 0-/5", "bad"},
        {"bytes -1/5", "bad"},
        {"bytes 0/5", "bad"},
        {"bytes *", "bad"},
        {"bytes */", "bad"},
        {"bytes ", "bad"},
        {"bytes", "bad"},
        {"bytes=0-1/5", "bad"},
        {"items 0-1/5", "bad"},
        {"bytes  0-1/5", "bad"},
        {"bytes 0 - 1/5", "bad"},
        {"", "bad"},
    };
    struct sw_content_range largest = {{UINT64_MAX, UINT64_MAX}, UINT64_MAX, true, true};
    char *out = guard_end("", 0) - SW_CONTENT_RANGE_MAX;

    WALK(rows, read_content_range);
    ck_assert_uint_eq(sw_content_range_format(&largest, out), SW_CONTENT_RANGE_MAX);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {ranges_end_at_the_length, 1},
        {content_range_is_read_and_written, 1},
    };
    return suite_main("value_range", tests, COUNT(tests));
}
