/* check_body_bytes.c - every byte in every place of a chunked body. */
/* SPDX-License-Identifier: MIT */
#include "places.h"

/* clang-format off */

#define REST  "q\r\n0\r\n\r\n"
#define LF_   {"\n\n", SW_ERROR_BARE_LF, 0}
#define CR_   {"\r\r", SW_ERROR_BARE_CR, 0}
#define SIZE_ {0, SW_ERROR_BAD_CHUNK_SIZE, 0}
#define EXT_  {0, SW_ERROR_BAD_CHUNK_EXTENSION, 0}
#define END_  {0, SW_ERROR_BAD_CHUNK_END, 0}

/* RFC 9112 7.1. */
static const struct place chunks[] = {
    {"size, first digit", "", "0\r\nq", "", {{BYTES_HEX, SW_OK, 0}, LF_, SIZE_}},
    {"size, second digit", "1", "\r\nq", "",
     {{BYTES_HEX, SW_OK, 0}, {";;", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, CR_, LF_, SIZE_}},
    {"size of a later chunk, first digit", "1\r\nq\r\n", "0\r\nq", "",
     {{BYTES_HEX, SW_OK, 0}, LF_, SIZE_}},
    {"CR of a chunk line", "1", "\n" REST, "\r\r",
     {{BYTES_HEX ";;", SW_ERROR_BARE_LF, 1}, LF_, SIZE_}},
    {"LF of a chunk line", "1\r", REST, "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
    {"data", "1\r\n", "\r\n0\r\n\r\n", NULL, {{0}}},
    {"data, first of many", "3\r\n", "qq\r\n0\r\n\r\n", NULL, {{0}}},
    {"CR after data", "1\r\nq", "\n0\r\n\r\n", "\r\r", {END_}},
    {"LF after data", "1\r\nq\r", "0\r\n\r\n", "\n\n", {END_}},
    {"last chunk, CR", "0", "\n\r\n", "\r\r", {{BYTES_HEX ";;", SW_ERROR_BARE_LF, 1}, LF_, SIZE_}},
    {"last chunk, LF", "0\r", "\r\n", "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
};

/* RFC 9112 7.1.1, RFC 9110 5.6.4. */
static const struct place extensions[] = {
    {"name, first", "1;", "a\r\n" REST, BYTES_TOKEN, {LF_, EXT_}},
    {"name, middle", "1;a", "a\r\n" REST, BYTES_TOKEN ";;==", {CR_, LF_, EXT_}},
    {"name, last", "1;a", "\r\n" REST, BYTES_TOKEN,
     {{";;==", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, CR_, LF_, EXT_}},
    {"name of a later extension", "1;a;", "a\r\n" REST, BYTES_TOKEN, {LF_, EXT_}},
    {"value, first", "1;a=", "b\r\n" REST, BYTES_TOKEN,
     {{"\"\"", SW_ERROR_BAD_CHUNK_EXTENSION, 2}, LF_, EXT_}},
    {"value, middle", "1;a=b", "b\r\n" REST, BYTES_TOKEN ";;", {CR_, LF_, EXT_}},
    {"value, last", "1;a=b", "\r\n" REST, BYTES_TOKEN,
     {{";;", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, CR_, LF_, EXT_}},
    {"quoted", "1;a=\"", "b\"\r\n" REST, "\t\t !#~\x80\xff",
     {{"\"\"", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, LF_, EXT_}},
    {"quoted, last", "1;a=\"b", "\"\r\n" REST, "\t\t !#[]~\x80\xff",
     {{"\"\"", SW_ERROR_BAD_CHUNK_EXTENSION, 1},
      {"\\\\", SW_ERROR_BAD_CHUNK_EXTENSION, 2},
      LF_,
      EXT_}},
    {"quoted pair", "1;a=\"\\", "\"\r\n" REST, BYTES_VALUE, {LF_, EXT_}},
    {"after the quotes", "1;a=\"b\"", "c\r\n" REST, ";;", {CR_, LF_, EXT_}},
    {"CR after the quotes", "1;a=\"\"", "\n" REST, "\r\r",
     {{";;", SW_ERROR_BARE_LF, 1}, LF_, EXT_}},
    {"CR after a name", "1;a", "\n" REST, "\r\r",
     {{BYTES_TOKEN ";;==", SW_ERROR_BARE_LF, 1}, LF_, EXT_}},
    {"LF after a value", "1;a=b\r", REST, "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
    {"name in the last chunk", "0;", "a\r\n\r\n", BYTES_TOKEN, {LF_, EXT_}},
};

/* RFC 9112 7.1.1 in a response: with white space. */
#define BLANK_ "\t\t  "
static const struct place spaces[] = {
    {"after the size", "1", ";a\r\n" REST, BLANK_,
     {{BYTES_HEX, SW_OK, 0}, {";;", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, CR_, LF_, SIZE_}},
    {"after white space after the size", "1 ", "a\r\n" REST, ";;",
     {{BLANK_, SW_ERROR_BAD_CHUNK_SIZE, 1}, LF_, SIZE_}},
    {"name, first", "1;", "a\r\n" REST, BYTES_TOKEN BLANK_, {LF_, EXT_}},
    {"name, after white space", "1; ", "a\r\n" REST, BYTES_TOKEN BLANK_, {LF_, EXT_}},
    {"after a name", "1;a", "=b\r\n" REST, BYTES_TOKEN BLANK_,
     {{"==;;", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, CR_, LF_, EXT_}},
    {"after white space after a name", "1;a ", "b\r\n" REST, ";;==",
     {{BLANK_, SW_ERROR_BAD_CHUNK_EXTENSION, 1}, LF_, EXT_}},
    {"value, first", "1;a=", "b\r\n" REST, BYTES_TOKEN BLANK_,
     {{"\"\"", SW_ERROR_BAD_CHUNK_EXTENSION, 2}, LF_, EXT_}},
    {"value, after white space", "1;a= ", "\"b\"\r\n" REST, BLANK_,
     {{"\"\"", SW_ERROR_BAD_CHUNK_EXTENSION, 2},
      {BYTES_TOKEN, SW_ERROR_BAD_CHUNK_EXTENSION, 1},
      LF_,
      EXT_}},
    {"after a value", "1;a=b", ";c\r\n" REST, BYTES_TOKEN BLANK_,
     {{";;", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, CR_, LF_, EXT_}},
    {"after white space after a value", "1;a=b\t", "c\r\n" REST, ";;",
     {{BLANK_, SW_ERROR_BAD_CHUNK_EXTENSION, 1}, LF_, EXT_}},
    {"after a quoted value", "1;a=\"b\"", ";c\r\n" REST, BLANK_,
     {{";;", SW_ERROR_BAD_CHUNK_EXTENSION, 1}, CR_, LF_, EXT_}},
};

/* RFC 9112 7.1.2; the lines themselves are tried in check_head_bytes.c. */
static const struct place trailers[] = {
    {"after the last chunk", "0\r\n", "A: b\r\n\r\n", BYTES_TOKEN,
     {{"::", SW_ERROR_EMPTY_FIELD_NAME, 0},
      {"\t\t  ", SW_ERROR_SPACE_BEFORE_FIRST_FIELD, 0},
      CR_,
      LF_,
      {0, SW_ERROR_BAD_FIELD_NAME, 0}}},
    {"value", "2\r\nqq\r\n0\r\nA: b", "b\r\n\r\n", BYTES_VALUE,
     {CR_, LF_, {0, SW_ERROR_BAD_FIELD_VALUE, 0}}},
    {"CR of the end", "0\r\nA: b\r\n", "\n", "\r\r",
     {{"::", SW_ERROR_EMPTY_FIELD_NAME, 0},
      {"\t\t  ", SW_ERROR_OBS_FOLD, 0},
      {BYTES_TOKEN, SW_ERROR_NO_COLON, 1},
      LF_,
      {0, SW_ERROR_BAD_FIELD_NAME, 0}}},
    {"LF of the end", "0\r\n\r", "", "\n\n", {{0, SW_ERROR_BARE_CR, -1}}},
};

/* clang-format on */

static const char *drive(enum sw_kind kind, const struct sw_limits *limits, const char *text,
                         const char *bytes, size_t n, struct outcome *v)
{
    static struct drive_head head;
    static struct drive_body parsed;
    drive_head_init(&head, kind, limits);
    drive_head(&head, text, strlen(text), strlen(text), 1);
    struct drive_source source = {.head = &head.head, .head_bytes = text};
    return drive_body_everywhere(&parsed, v, &source, bytes, n);
}

static const char *drive_chunked(const char *bytes, size_t n, struct outcome *v)
{
    return drive(SW_REQUEST, NULL, "PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
                 bytes, n, v);
}

static const char *drive_response(const char *bytes, size_t n, struct outcome *v)
{
    return drive(SW_RESPONSE, NULL, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", bytes,
                 n, v);
}

START_TEST(chunk_lines)
{
    places_check(chunks, COUNT(chunks), drive_chunked);
}
END_TEST

START_TEST(chunk_extensions)
{
    places_check(extensions, COUNT(extensions), drive_chunked);
}
END_TEST

START_TEST(white_space)
{
    places_check(spaces, COUNT(spaces), drive_response);
}
END_TEST

START_TEST(trailer_sections)
{
    places_check(trailers, COUNT(trailers), drive_chunked);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {chunk_lines, 1},
        {chunk_extensions, 1},
        {white_space, 1},
        {trailer_sections, 1},
    };
    return suite_main("body bytes", tests, COUNT(tests));
}
