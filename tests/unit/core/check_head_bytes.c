/* check_head_bytes.c - every byte in every place of a head. */
/* SPDX-License-Identifier: MIT */
#include "places.h"

/* ---- Valid bytes at each place --------------------------------------------------------------- */

/* clang-format off */

#define LINE  "GET /p HTTP/1.1\r\n"
#define HOST  "Host: h\r\n\r\n"
#define CRLF_ {BYTES_BREAK, SW_ERROR_BAD_REQUEST_LINE, 0}

/* RFC 9112 2.2, 3. */
static const struct place request_line[] = {
    {"method, first", "", "ET /p HTTP/1.1\r\n" HOST, BYTES_TOKEN,
     {{"\r\r", SW_ERROR_BARE_CR, 0}, {"\n\n", SW_ERROR_BARE_LF, 0}, {0, SW_ERROR_BAD_METHOD, 0}}},
    {"method after an empty line", "\r\n", "ET /p HTTP/1.1\r\n" HOST, BYTES_TOKEN,
     {{"\r\r", SW_ERROR_BARE_CR, 0}, {"\n\n", SW_ERROR_BARE_LF, 0}, {0, SW_ERROR_BAD_METHOD, 0}}},
    {"LF of an empty line", "\r", LINE HOST, "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
    {"method, middle", "G", "T /p HTTP/1.1\r\n" HOST, BYTES_TOKEN,
     {CRLF_, {"  ", SW_ERROR_BAD_TARGET_FORM, 1}, {0, SW_ERROR_BAD_METHOD, 0}}},
    {"method, last", "GE", " /p HTTP/1.1\r\n" HOST, BYTES_TOKEN,
     {CRLF_, {"  ", SW_ERROR_BAD_REQUEST_LINE, 1}, {0, SW_ERROR_BAD_METHOD, 0}}},
    {"space after the method", "GET", "/p HTTP/1.1\r\n" HOST, "  ",
     {CRLF_, {BYTES_TOKEN, SW_ERROR_BAD_METHOD, 1}, {0, SW_ERROR_BAD_METHOD, 0}}},
    {"space after the target", "GET /p", "HTTP/1.1\r\n" HOST, "  ",
     {CRLF_, {BYTES_TARGET, SW_ERROR_BAD_REQUEST_LINE, 9}, {0, SW_ERROR_BAD_TARGET, 0}}},
    {"version, H", "GET /p ", "TTP/1.1\r\n" HOST, "HH", {{0, SW_ERROR_BAD_VERSION, 0}}},
    {"version, T", "GET /p H", "TP/1.1\r\n" HOST, "TT", {{0, SW_ERROR_BAD_VERSION, 0}}},
    {"version, second T", "GET /p HT", "P/1.1\r\n" HOST, "TT", {{0, SW_ERROR_BAD_VERSION, 0}}},
    {"version, P", "GET /p HTT", "/1.1\r\n" HOST, "PP", {{0, SW_ERROR_BAD_VERSION, 0}}},
    {"version, slash", "GET /p HTTP", "1.1\r\n" HOST, "//", {{0, SW_ERROR_BAD_VERSION, 0}}},
    {"version, major", "GET /p HTTP/", ".1\r\n" HOST, "11",
     {{BYTES_DIGIT, SW_ERROR_VERSION_UNSUPPORTED, 0}, {0, SW_ERROR_BAD_VERSION, 0}}},
    {"version, dot", "GET /p HTTP/1", "1\r\n" HOST, "..", {{0, SW_ERROR_BAD_VERSION, 0}}},
    {"version, minor", "GET /p HTTP/1.", "\r\n" HOST, BYTES_DIGIT, {{0, SW_ERROR_BAD_VERSION, 0}}},
    {"CR of the line", "GET /p HTTP/1.1", "\n" HOST, "\r\r",
     {{"\n\n", SW_ERROR_BARE_LF, 0},
      {"  ", SW_ERROR_BAD_REQUEST_LINE, 0},
      {0, SW_ERROR_BAD_VERSION, 0}}},
    {"LF of the line", "GET /p HTTP/1.1\r", HOST, "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
};

/* RFC 9112 3.2, RFC 3986 3. */
static const struct place targets[] = {
    {"origin form, first", "GET ", "p HTTP/1.1\r\n" HOST, "//",
     {CRLF_,
      {"  ", SW_ERROR_BAD_REQUEST_LINE, 0},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_FORM, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"path", "GET /a", "q HTTP/1.1\r\n" HOST, BYTES_PATH,
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"%%", SW_ERROR_BAD_TARGET_PERCENT, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"query", "GET /a?b=", "q HTTP/1.1\r\n" HOST, BYTES_PATH,
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"%%", SW_ERROR_BAD_TARGET_PERCENT, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"path, last", "GET /a", " HTTP/1.1\r\n" HOST, BYTES_PATH,
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"%%", SW_ERROR_BAD_TARGET_PERCENT, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"percent, first digit", "GET /%", "e HTTP/1.1\r\n" HOST, BYTES_HEX,
     {CRLF_,
      {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_PERCENT, -1},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"percent, second digit", "GET /?%e", " HTTP/1.1\r\n" HOST, BYTES_HEX,
     {CRLF_,
      {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_PERCENT, -2},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"scheme, first", "GET ", "ttp://h/p HTTP/1.1\r\n" HOST, "hhHH//",
     {CRLF_,
      {BYTES_ALPHA, SW_ERROR_BAD_TARGET_SCHEME, 0},
      {"  ", SW_ERROR_BAD_REQUEST_LINE, 0},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_FORM, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"scheme, middle", "GET h", "tp://h/p HTTP/1.1\r\n" HOST, "ttTT",
     {CRLF_,
      {BYTES_ALPHA BYTES_DIGIT "++--..", SW_ERROR_BAD_TARGET_SCHEME, -1},
      {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_FORM, -1}, {0, SW_ERROR_BAD_TARGET, 0}}},
    {"scheme, colon", "GET http", "//h/p HTTP/1.1\r\n" HOST, "::",
     {CRLF_, {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_FORM, -4}, {0, SW_ERROR_BAD_TARGET, 0}}},
    {"first slash", "GET http:", "/h/p HTTP/1.1\r\n" HOST, "//",
     {CRLF_, {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_FORM, -5}, {0, SW_ERROR_BAD_TARGET, 0}}},
    {"second slash", "GET http:/", "h/p HTTP/1.1\r\n" HOST, "//",
     {CRLF_, {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_FORM, -6}, {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority, first", "GET http://", "/p HTTP/1.1\r\n" HOST, BYTES_HOST,
     {CRLF_,
      {"@@", SW_ERROR_TARGET_USERINFO, 0},
      {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_AUTHORITY, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority, middle", "GET http://a", "b/p HTTP/1.1\r\n" HOST, BYTES_HOST "//??",
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"@@", SW_ERROR_TARGET_USERINFO, 0},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_AUTHORITY, -1},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority, port", "GET http://a:", "/p HTTP/1.1\r\n" HOST, BYTES_DIGIT "//??",
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"@@", SW_ERROR_TARGET_USERINFO, 0},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_AUTHORITY, -2},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority, IPv6", "GET http://[::", "]/p HTTP/1.1\r\n" HOST, BYTES_HEX,
     {CRLF_,
      {"@@", SW_ERROR_TARGET_USERINFO, 0},
      {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_AUTHORITY, -3},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority, after IPv6", "GET http://[::1]", "/p HTTP/1.1\r\n" HOST, "//::??",
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"@@", SW_ERROR_TARGET_USERINFO, 0},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_AUTHORITY, -5},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"absolute form, path", "GET http://a/", "q HTTP/1.1\r\n" HOST, BYTES_PATH,
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"%%", SW_ERROR_BAD_TARGET_PERCENT, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority form, host", "CONNECT ", ":443 HTTP/1.1\r\n" HOST, BYTES_HOST,
     {CRLF_,
      {"  ", SW_ERROR_BAD_REQUEST_LINE, 0},
      {"//", SW_ERROR_BAD_TARGET_FORM, 0},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_AUTHORITY, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority form, colon", "CONNECT h", "443 HTTP/1.1\r\n" HOST, "::",
     {CRLF_,
      {"//", SW_ERROR_BAD_TARGET_FORM, -1},
      {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_AUTHORITY, -1},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority form, port", "CONNECT h:", " HTTP/1.1\r\n" HOST, BYTES_DIGIT,
     {CRLF_,
      {"//", SW_ERROR_BAD_TARGET_FORM, -2},
      {BYTES_TARGET "  ", SW_ERROR_BAD_TARGET_AUTHORITY, -2},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"asterisk form", "OPTIONS ", " HTTP/1.1\r\n" HOST, "**//",
     {CRLF_,
      {"  ", SW_ERROR_BAD_REQUEST_LINE, 0},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_FORM, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"after the asterisk", "OPTIONS *", " HTTP/1.1\r\n" HOST, "",
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {BYTES_TARGET, SW_ERROR_BAD_TARGET_FORM, -1},
      {0, SW_ERROR_BAD_TARGET, 0}}},
};

/* With SW_LENIENT_TARGET: more bytes in a path and a query, and nowhere else. */
static const struct place lenient_targets[] = {
    {"lenient path", "GET /a", "q HTTP/1.1\r\n" HOST, BYTES_PATH BYTES_BROWSER,
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"%%", SW_ERROR_BAD_TARGET_PERCENT, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"lenient query", "GET http://h?", "q HTTP/1.1\r\n" HOST, BYTES_PATH BYTES_BROWSER "%%",
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"percent in a lenient query", "GET /?%e", " HTTP/1.1\r\n" HOST, BYTES_PATH BYTES_BROWSER "%%",
     {CRLF_, {"  ", SW_ERROR_BAD_VERSION, 1}, {0, SW_ERROR_BAD_TARGET, 0}}},
    {"percent in a lenient path", "GET /%e", " HTTP/1.1\r\n" HOST, BYTES_HEX,
     {CRLF_,
      {BYTES_TARGET BYTES_BROWSER "  ", SW_ERROR_BAD_TARGET_PERCENT, -2},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"authority before a lenient path", "GET http://a", "b/p HTTP/1.1\r\n" HOST, BYTES_HOST "//??",
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"@@", SW_ERROR_TARGET_USERINFO, 0},
      {BYTES_TARGET BYTES_BROWSER, SW_ERROR_BAD_TARGET_AUTHORITY, -1},
      {0, SW_ERROR_BAD_TARGET, 0}}},
};

/* RFC 9112 4. */
#define NOT_STATUS {0, SW_ERROR_BAD_STATUS_LINE, 0}

static const struct place status_line[] = {
    {"status line, H", "", "TTP/1.1 200 OK\r\n\r\n", "HH", {NOT_STATUS}},
    {"status line, T", "H", "TP/1.1 200 OK\r\n\r\n", "TT", {NOT_STATUS}},
    {"status line, second T", "HT", "P/1.1 200 OK\r\n\r\n", "TT", {NOT_STATUS}},
    {"status line, P", "HTT", "/1.1 200 OK\r\n\r\n", "PP", {NOT_STATUS}},
    {"status line, slash", "HTTP", "1.1 200 OK\r\n\r\n", "//", {NOT_STATUS}},
    {"status line, major", "HTTP/", ".1 200 OK\r\n\r\n", "11",
     {{BYTES_DIGIT, SW_ERROR_VERSION_UNSUPPORTED, 0}, NOT_STATUS}},
    {"status line, dot", "HTTP/1", "1 200 OK\r\n\r\n", "..", {NOT_STATUS}},
    {"status line, minor", "HTTP/1.", " 200 OK\r\n\r\n", BYTES_DIGIT, {NOT_STATUS}},
    {"space after the version", "HTTP/1.1", "200 OK\r\n\r\n", "  ", {NOT_STATUS}},
    {"code, first", "HTTP/1.1 ", "00 OK\r\n\r\n", "19", {{0, SW_ERROR_BAD_STATUS_CODE, 0}}},
    {"code, second", "HTTP/1.1 2", "0 OK\r\n\r\n", "09", {{0, SW_ERROR_BAD_STATUS_CODE, 0}}},
    {"code, third", "HTTP/1.1 20", " OK\r\n\r\n", "09", {{0, SW_ERROR_BAD_STATUS_CODE, 0}}},
    {"space after the code", "HTTP/1.1 200", "OK\r\n\r\n", "  ", {NOT_STATUS}},
    {"reason, first", "HTTP/1.1 200 ", "K\r\n\r\n", BYTES_VALUE,
     {{"\r\r", SW_ERROR_BARE_CR, 0}, {"\n\n", SW_ERROR_BARE_LF, 0}, {0, SW_ERROR_BAD_REASON, 0}}},
    {"reason, last", "HTTP/1.1 200 O", "\r\n\r\n", BYTES_VALUE,
     {{"\r\r", SW_ERROR_BARE_CR, 0}, {"\n\n", SW_ERROR_BARE_LF, 0}, {0, SW_ERROR_BAD_REASON, 0}}},
    {"CR of the status line", "HTTP/1.1 200 OK", "\nA: b\r\n\r\n", "\r\r",
     {{"\n\n", SW_ERROR_BARE_LF, 0},
      {BYTES_VALUE, SW_ERROR_BARE_LF, 1},
      {0, SW_ERROR_BAD_REASON, 0}}},
    {"LF of the status line", "HTTP/1.1 200 OK\r", "A: b\r\n\r\n", "\n\n",
     {{0, SW_ERROR_BARE_CR, -1}}},
};

/* RFC 9112 5, RFC 9110 5.1, 5.5.  check_fields_after() adds the start line, if any. */
#define LAST "Y: z\r\n\r\n"
#define NAME_REST \
    {"\t\t  ", SW_ERROR_SPACE_BEFORE_COLON, 0}, \
    {BYTES_BREAK, SW_ERROR_NO_COLON, 0}, \
    {0, SW_ERROR_BAD_FIELD_NAME, 0}
#define VALUE_REST \
    {"\r\r", SW_ERROR_BARE_CR, 0}, \
    {"\n\n", SW_ERROR_BARE_LF, 0}, \
    {0, SW_ERROR_BAD_FIELD_VALUE, 0}

static const struct place fields[] = {
    {"name, first", "", "A: b\r\n" LAST, BYTES_TOKEN,
     {{"::", SW_ERROR_EMPTY_FIELD_NAME, 0},
      {"\t\t  ", SW_ERROR_SPACE_BEFORE_FIRST_FIELD, 0},
      {"\r\r", SW_ERROR_BARE_CR, 0},
      {"\n\n", SW_ERROR_BARE_LF, 0},
      {0, SW_ERROR_BAD_FIELD_NAME, 0}}},
    {"name of a later field, first", "X: y\r\n", "A: b\r\n" LAST, BYTES_TOKEN,
     {{"::", SW_ERROR_EMPTY_FIELD_NAME, 0},
      {"\t\t  ", SW_ERROR_OBS_FOLD, 0},
      {"\r\r", SW_ERROR_BARE_CR, 0},
      {"\n\n", SW_ERROR_BARE_LF, 0},
      {0, SW_ERROR_BAD_FIELD_NAME, 0}}},
    {"name, middle", "A", "A: b\r\n" LAST, BYTES_TOKEN "::", {NAME_REST}},
    {"name, last", "AA", ": b\r\n" LAST, BYTES_TOKEN "::", {NAME_REST}},
    {"colon", "AA", " b\r\n" LAST, "::",
     {{BYTES_TOKEN, SW_ERROR_SPACE_BEFORE_COLON, 1}, NAME_REST}},
    {"after the colon", "A:", "b\r\n" LAST, BYTES_VALUE, {VALUE_REST}},
    {"white space before the value", "A: ", " b\r\n" LAST, BYTES_VALUE, {VALUE_REST}},
    {"value, first", "A: ", "b\r\n" LAST, BYTES_VALUE, {VALUE_REST}},
    {"value, middle", "A: b", "b\r\n" LAST, BYTES_VALUE, {VALUE_REST}},
    {"value, last", "A: b", "\r\n" LAST, BYTES_VALUE, {VALUE_REST}},
    {"white space after the value", "A: b ", " \r\n" LAST, BYTES_VALUE, {VALUE_REST}},
    {"empty value", "A:", "\r\n" LAST, BYTES_VALUE, {VALUE_REST}},
    {"CR of a field line", "A: b", "\n" LAST, "\r\r",
     {{"\n\n", SW_ERROR_BARE_LF, 0},
      {BYTES_VALUE, SW_ERROR_BARE_LF, 1},
      {0, SW_ERROR_BAD_FIELD_VALUE, 0}}},
    {"LF of a field line", "A: b\r", LAST, "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
    {"CR of the last line", "Y: z\r\n", "\n", "\r\r",
     {{"\n\n", SW_ERROR_BARE_LF, 0},
      {"::", SW_ERROR_EMPTY_FIELD_NAME, 0},
      {"\t\t  ", SW_ERROR_OBS_FOLD, 0},
      {BYTES_TOKEN, SW_ERROR_NO_COLON, 1},
      {0, SW_ERROR_BAD_FIELD_NAME, 0}}},
    {"LF of the last line", "Y: z\r\n\r", "", "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
};

/* RFC 9110 7.2, RFC 3986 3.2.2. */
#define HOST_REST(shift) \
    {"\r\r", SW_ERROR_BARE_CR, 0}, \
    {"\n\n", SW_ERROR_BARE_LF, 0}, \
    {BYTES_VALUE, SW_ERROR_BAD_HOST, shift}, \
    {0, SW_ERROR_BAD_FIELD_VALUE, 0}

static const struct place hosts[] = {
    {"host, only", LINE "Host:", "\r\n\r\n", BYTES_HOST "\t\t  ", {HOST_REST(0)}},
    {"host, first", LINE "Host:", "h\r\n\r\n", BYTES_HOST "\t\t  ", {HOST_REST(0)}},
    {"host, middle", LINE "Host:a", "q\r\n\r\n", BYTES_HOST, {HOST_REST(-1)}},
    {"host, last", LINE "Host:a", "\r\n\r\n", BYTES_HOST "::\t\t  ", {HOST_REST(-1)}},
    {"host, port", LINE "Host:a:", "1\r\n\r\n", BYTES_DIGIT, {HOST_REST(-2)}},
    {"host, IPv6", LINE "Host:[::", "]\r\n\r\n", BYTES_HEX, {HOST_REST(-3)}},
    {"host, after IPv6", LINE "Host:[::1]", "\r\n\r\n", "::\t\t  ", {HOST_REST(-5)}},
    {"host, percent digit", LINE "Host:%e", "\r\n\r\n", BYTES_HEX, {HOST_REST(-2)}},
};

/* Long runs: the byte is inside one, or ends it. */
static const struct place long_parts[] = {
    {"long path", "GET /", " HTTP/1.1\r\n" HOST, BYTES_PATH,
     {CRLF_,
      {"  ", SW_ERROR_BAD_VERSION, 1},
      {"%%", SW_ERROR_BAD_TARGET_PERCENT, 0},
      {0, SW_ERROR_BAD_TARGET, 0}}},
    {"long name", LINE "A", ":\r\n" HOST, BYTES_TOKEN "::", {NAME_REST}},
    {"long value", LINE "A: ", "\r\n" HOST, BYTES_VALUE, {VALUE_REST}},
};
static const struct place long_ends[] = {
    {"colon after a long name", LINE "A", " b\r\n" HOST, "::",
     {{BYTES_TOKEN, SW_ERROR_SPACE_BEFORE_COLON, 1}, NAME_REST}},
    {"CR after a long value", LINE "A: ", "\n" HOST, "\r\r",
     {{"\n\n", SW_ERROR_BARE_LF, 0},
      {BYTES_VALUE, SW_ERROR_BARE_LF, 1},
      {0, SW_ERROR_BAD_FIELD_VALUE, 0}}},
    {"space after a long path", "GET /", "HTTP/1.1\r\n" HOST, "  ",
     {CRLF_, {BYTES_TARGET, SW_ERROR_BAD_REQUEST_LINE, 9}, {0, SW_ERROR_BAD_TARGET, 0}}},
};
static const struct place long_reasons[] = {
    {"long reason", "HTTP/1.1 200 ", "\r\n\r\n", BYTES_VALUE,
     {{"\r\r", SW_ERROR_BARE_CR, 0}, {"\n\n", SW_ERROR_BARE_LF, 0}, {0, SW_ERROR_BAD_REASON, 0}}},
};

/* clang-format on */

/* ---- Every byte there ------------------------------------------------------------------------ */

static struct drive_head parsed;

static const char *drive_request(const char *bytes, size_t n, struct outcome *v)
{
    return drive_head_everywhere(&parsed, v, SW_REQUEST, NULL, bytes, n);
}

static const char *drive_response(const char *bytes, size_t n, struct outcome *v)
{
    return drive_head_everywhere(&parsed, v, SW_RESPONSE, NULL, bytes, n);
}

static const char *drive_trailers(const char *bytes, size_t n, struct outcome *v)
{
    return drive_head_everywhere(&parsed, v, SW_TRAILERS, NULL, bytes, n);
}

static const char *drive_lenient(const char *bytes, size_t n, struct outcome *v)
{
    static const struct sw_limits limits = {.lenient = SW_LENIENT_TARGET};
    return drive_head_everywhere(&parsed, v, SW_REQUEST, &limits, bytes, n);
}

START_TEST(request_lines)
{
    places_check(request_line, COUNT(request_line), drive_request);
}
END_TEST

START_TEST(request_targets)
{
    places_check(targets, COUNT(targets), drive_request);
    places_check(lenient_targets, COUNT(lenient_targets), drive_lenient);
}
END_TEST

START_TEST(status_lines)
{
    places_check(status_line, COUNT(status_line), drive_response);
}
END_TEST

START_TEST(host_values)
{
    places_check(hosts, COUNT(hosts), drive_request);
}
END_TEST

/* The rules of a field line are the same in each kind of head. */
static void check_fields_after(const char *line, place_drive *drive)
{
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct place place = fields[i];
        char before[100];
        snprintf(before, sizeof before, "%s%s", line, place.before);
        place.before = before;
        places_check(&place, 1, drive);
    }
}

START_TEST(field_lines)
{
    check_fields_after("GET / HTTP/1.0\r\n", drive_request);
    check_fields_after("HTTP/1.1 200 OK\r\n", drive_response);
    check_fields_after("", drive_trailers);
}
END_TEST

/* ---- The same bytes at every distance from the start ----------------------------------------- */

/* In one piece, and split around the byte only: there are many of these. */
static size_t split_around;

static const char *drive_around(enum sw_kind kind, const char *bytes, size_t n, struct outcome *v)
{
    static struct drive_head split;
    drive_head_init(&parsed, kind, NULL);
    drive_head_init(&split, kind, NULL);
    *v = drive_head(&parsed, bytes, n, n, n);
    const char *why = drive_head_longer(&split, &parsed, *v, bytes, n);
    for (size_t k = split_around - 1; k <= split_around + 2 && !why; k++)
        why = drive_head_split(&split, &parsed, *v, bytes, n, k, n);
    return why ? why : drive_head_split(&split, &parsed, *v, bytes, n, 0, 61);
}

static const char *drive_request_around(const char *bytes, size_t n, struct outcome *v)
{
    return drive_around(SW_REQUEST, bytes, n, v);
}

static const char *drive_response_around(const char *bytes, size_t n, struct outcome *v)
{
    return drive_around(SW_RESPONSE, bytes, n, v);
}

/* More than two vectors of 64 bytes before the byte; `run` fillers in all, or none after it. */
static void check_long(const struct place *places, size_t count, size_t run, place_drive *drive)
{
    for (size_t i = 0; i < count; i++)
        for (size_t pad = 0; pad <= 130; pad++)
            for (unsigned c = 0; c < 256; c++) {
                split_around = strlen(places[i].before) + pad;
                place_check(&places[i], (unsigned char)c, 'q', pad, run ? run - pad : 0, drive);
            }
}

START_TEST(long_runs)
{
    check_long(long_parts, COUNT(long_parts), 170, drive_request_around);
    check_long(long_reasons, COUNT(long_reasons), 170, drive_response_around);
}
END_TEST

START_TEST(ends_of_long_runs)
{
    check_long(long_parts, COUNT(long_parts), 0, drive_request_around);
    check_long(long_ends, COUNT(long_ends), 0, drive_request_around);
    check_long(long_reasons, COUNT(long_reasons), 0, drive_response_around);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {request_lines, 1}, {request_targets, 1}, {status_lines, 1},      {host_values, 1},
        {field_lines, 1},   {long_runs, 1},       {ends_of_long_runs, 1},
    };
    return suite_main("head bytes", tests, COUNT(tests));
}
