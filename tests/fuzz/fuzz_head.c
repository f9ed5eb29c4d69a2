/* fuzz_head.c - any bytes as each kind of head. */
/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

static struct drive_head first, second;

/* The head as our writer would send it; NULL unless it is one that can be sent. */
static const char *write_again(const struct sw_head *head, const char *buf, struct sw_writer *out)
{
    if (head->kind == SW_REQUEST)
        sw_write_request_named(out, sw_head_method(head, buf), sw_head_target(head, buf));
    else if (head->kind == SW_RESPONSE)
        sw_write_status(out, head->status);
    for (size_t i = 0; i < head->field_count; i++)
        sw_write_field_named(out, sw_field_name(sw_head_at(head, i), buf),
                             sw_field_value(sw_head_at(head, i), buf));
    if (head->kind == SW_REQUEST && head->minor == 0 && !sw_head_field(head, SW_HEADER_HOST))
        sw_write_field(out, SW_HEADER_HOST, SW_SPAN(""));
    sw_write_end(out);
    return out->error
               ? drive_why("accepted, but cannot be written: %s", sw_error_infos[out->error].name)
               : NULL;
}

static bool same(struct sw_span a, struct sw_span b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* A head that was accepted is accepted when it is written again, with the same fields. */
static const char *check_again(const struct sw_head *head, const char *buf)
{
    static char memory[1 << 16];
    struct sw_writer out = {.p = memory, .size = sizeof memory};
    const char *why = write_again(head, buf, &out);

    if (why)
        return why;
    drive_head_init(&second, (enum sw_kind)head->kind, NULL);
    if (sw_head_parse(&second.head, memory, out.n) != (ptrdiff_t)out.n)
        return "accepted, but not when it is written again";
    if (second.head.method != head->method || second.head.status != head->status ||
        (head->kind == SW_REQUEST &&
         !same(sw_head_target(head, buf), sw_head_target(&second.head, memory))))
        return "another start line when it is written again";
    for (size_t i = 0; i < head->field_count; i++) {
        const struct sw_field *was = sw_head_at(head, i), *is = sw_head_at(&second.head, i);
        if (was->id != is->id || !same(sw_field_name(was, buf), sw_field_name(is, memory)) ||
            !same(sw_field_value(was, buf), sw_field_value(is, memory)))
            return "another field when it is written again";
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    const char *bytes = (const char *)data;

    for (int kind = SW_REQUEST; kind <= SW_TRAILERS; kind++) {
        struct outcome outcome;
        drive_head_init(&first, (enum sw_kind)kind, NULL);
        if (drive_head_call(&first.head, bytes, n).complete)
            fuzz_must(check_again(&first.head, bytes));
        for (size_t i = 0; i < 2; i++)
            fuzz_must(drive_head_everywhere(&first, &outcome, (enum sw_kind)kind, &fuzz_limits[i],
                                            bytes, n));
    }
    return 0;
}
