/* picohttpparser.c - h2o's parser, which libh2o exports, as Debian builds it. */
/* SPDX-License-Identifier: MIT */
#include <sys/types.h>

#include "competitors.h"

/* Debian installs the library without this header; these are its calls. */
struct phr_header {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};
struct phr_chunked_decoder {
    size_t bytes_left_in_chunk;
    char consume_trailer;
    char hex_count, state;
};
int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor, struct phr_header *headers,
                      size_t *num_headers, size_t last_len);
int phr_parse_response(const char *buf, size_t len, int *minor, int *status, const char **msg,
                       size_t *msg_len, struct phr_header *headers, size_t *num_headers,
                       size_t last_len);
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *buf, size_t *len);

static struct phr_header headers[BENCH_FIELDS];
static struct sw_span method, target;
static int minor, status;

static size_t request(const char *buf, size_t len, size_t *fields)
{
    *fields = BENCH_FIELDS;
    int n = phr_parse_request(buf, len, &method.p, &method.n, &target.p, &target.n, &minor, headers,
                              fields, 0);
    return n > 0 ? (size_t)n : 0;
}

static size_t response(const char *buf, size_t len, size_t *fields)
{
    *fields = BENCH_FIELDS;
    int n = phr_parse_response(buf, len, &minor, &status, &target.p, &target.n, headers, fields, 0);
    return n > 0 ? (size_t)n : 0;
}

static struct sw_span piece(const char *buf, size_t i)
{
    (void)buf;
    if (i == 0)
        return target;
    const struct phr_header *header = &headers[(i - 1) / 2];
    return i % 2 ? (struct sw_span){header->name, header->name_len}
                 : (struct sw_span){header->value, header->value_len};
}

static ptrdiff_t in_place(char *buf, size_t len)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};

    return phr_decode_chunked(&decoder, buf, &len) == 0 ? (ptrdiff_t)len : -1;
}

const struct bench_parser bench_picohttpparser = {
    .name = "picohttpparser",
    .request = request,
    .response = response,
    .piece = piece,
    .in_place = in_place,
};
