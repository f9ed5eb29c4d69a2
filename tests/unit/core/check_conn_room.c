/* check_conn_room.c - the max number of fields of a connection's message, and the error after it.
 */
/* SPDX-License-Identifier: MIT */
#include "expect.h"

enum { ATTACHED_MAX = 300 };

static char text[1 << 13];
static struct sw_field attached[ATTACHED_MAX];

/* The start line, and the role of the side that reads it. */
static const struct {
    enum sw_role role;
    const char *start;
} sides[] = {
    {SW_SERVER, "GET / HTTP/1.0\r\n"},
    {SW_CLIENT, "HTTP/1.1 204 No Content\r\n"},
};

static size_t put(size_t n, const char *format, unsigned number)
{
    return n + (size_t)sprintf(text + n, format, number);
}

static void ask(struct sw_conn *conn)
{
    char memory[256];
    struct sw_writer out = {.p = memory, .size = sizeof memory};

    ck_assert_int_eq(sw_conn_request(conn, &out, SW_METHOD_GET, SW_SPAN("/"), 0), SW_OK);
    sw_write_end(&out);
    ck_assert_int_eq(sw_conn_finish(conn, &out, (struct sw_span){0}), SW_OK);
}

/* Read a head of `fields` fields, `step` bytes at a time, where there is room for `max`. */
static void read_head(struct sw_conn *conn, size_t side, unsigned fields, unsigned max, size_t step)
{
    size_t n = put(0, sides[side].start, 0), over = 0, given = 0;
    struct sw_event event = {SW_EVENT_MORE, {0}, NULL};

    for (unsigned i = 0; i < fields; i++) {
        over = i == max ? n : over;
        n = put(n, "Field-%u: v\r\n", i);
    }
    n = put(n, "\r\n", 0);
    while (event.kind == SW_EVENT_MORE && given < n) {
        given = n - given < step ? n : given + step;
        sw_conn_next(conn, text, given, &event);
    }
    if (fields > max) {
        ck_assert_int_eq(event.kind, SW_EVENT_FAILED);
        ck_assert_int_eq(conn->error, SW_ERROR_TOO_MANY_FIELDS);
        ck_assert_uint_eq(conn->error_at, over);
        return;
    }
    MUST(event.kind == SW_EVENT_HEAD, "%u fields, room for %u: event %d, %s", fields, max,
         event.kind, sw_error_infos[conn->error].name);
    ck_assert_uint_eq(event.head->field_count, fields);
    for (unsigned i = 0; i < fields; i++) {
        char name[24];
        int length = sprintf(name, "Field-%u", i);
        ck_assert_ptr_eq(
            sw_head_field_named(event.head, text, (struct sw_span){name, (size_t)length}),
            sw_head_at(event.head, i));
    }
}

/* By default, with a limit, and with more fields attached. */
static const struct {
    uint32_t limit;
    size_t attached;
    unsigned max;
} rooms[] = {{0, 0, 128},   {1, 0, 1},       {33, 0, 33},  {127, 0, 127},
             {200, 0, 128}, {200, 168, 200}, {0, 200, 128}};

static void check_room(size_t side, size_t r, unsigned fields)
{
    static struct sw_message message;
    const struct sw_limits limits = {.fields = rooms[r].limit};
    const size_t steps[] = {sizeof text, 1, 57};

    for (size_t i = 0; i < COUNT(steps); i++) {
        struct sw_conn conn;
        sw_conn_init(&conn, sides[side].role, &limits);
        sw_conn_attach(&conn, &message);
        if (rooms[r].attached)
            sw_head_attach_fields(&message.head, attached, rooms[r].attached);
        if (sides[side].role == SW_CLIENT)
            ask(&conn);
        read_head(&conn, side, fields, rooms[r].max, steps[i]);
    }
}

START_TEST(the_limits_bound_the_number_of_fields)
{
    for (size_t side = 0; side < COUNT(sides); side++)
        for (size_t r = 0; r < COUNT(rooms); r++)
            for (unsigned fields = 30; fields <= 210; fields += fields % 32 < 2 ? 1 : 6)
                check_room(side, r, fields);
}
END_TEST

START_TEST(the_max_is_exact)
{
    for (size_t side = 0; side < COUNT(sides); side++)
        for (size_t r = 0; r < COUNT(rooms); r++)
            for (unsigned more = 0; more < 3; more++)
                check_room(side, r, rooms[r].max + more);
}
END_TEST

/* A reattached message still has room for its max number of fields. */
START_TEST(a_reattached_message_has_all_its_room)
{
    static struct sw_message message;
    struct sw_conn conn;

    sw_conn_init(&conn, SW_CLIENT, NULL);
    sw_conn_attach(&conn, &message);
    for (int i = 0; i < 3; i++) {
        sw_conn_init(&conn, SW_CLIENT, NULL);
        sw_conn_reattach(&conn, &message);
        ask(&conn);
        read_head(&conn, 1, 128, 128, sizeof text);
    }
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {the_limits_bound_the_number_of_fields, 1},
        {the_max_is_exact, 1},
        {a_reattached_message_has_all_its_room, 1},
    };
    return suite_main("conn room", tests, COUNT(tests));
}
