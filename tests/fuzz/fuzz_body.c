/* fuzz_body.c - any bytes as a message: whatever head it has decides its framing. */
/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

static struct drive_head head;
static struct drive_body body;

static void fuzz_kind(enum sw_kind kind, const struct sw_limits *limits, enum sw_method request,
                      const char *bytes, size_t n)
{
    drive_head_init(&head, kind, limits);
    struct outcome outcome = drive_head_call(&head.head, bytes, n);
    if (!outcome.complete)
        return;

    const char *rest = bytes + outcome.at;
    size_t left = n - outcome.at;
    const struct drive_source source = {&head.head, bytes, request, left % 2};
    fuzz_must(drive_body_everywhere(&body, &outcome, &source, rest, left));

    /* Once more in the input itself, which a sanitizer guards on both sides. */
    struct sw_span content;
    if (sw_body_begin(&body.body, &head.head, bytes, request, &body.trailers) != SW_OK)
        return;
    ptrdiff_t taken;
    while ((taken = sw_body_next(&body.body, rest, left, &content)) > 0) {
        if ((size_t)taken > left || content.n > (size_t)taken)
            fuzz_must("took more than there is");
        rest += taken;
        left -= (size_t)taken;
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    const char *bytes = (const char *)data;

    for (size_t i = 0; i < 2; i++) {
        fuzz_kind(SW_REQUEST, &fuzz_limits[i], SW_METHOD_OTHER, bytes, n);
        fuzz_kind(SW_RESPONSE, &fuzz_limits[i], SW_METHOD_OTHER, bytes, n);
        fuzz_kind(SW_RESPONSE, &fuzz_limits[i], SW_METHOD_HEAD, bytes, n);
        fuzz_kind(SW_RESPONSE, &fuzz_limits[i], SW_METHOD_CONNECT, bytes, n);
    }
    return 0;
}
