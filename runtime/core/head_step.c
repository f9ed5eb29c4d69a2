/* head_step.c - the slow path: the rules of a head, byte by byte. */
/* SPDX-License-Identifier: MIT */
#include "core/head.h"

/*
 * One function for each state.  It consumes the bytes of its part of the head, sets the next state
 * at the end of the part, and returns true.  False means that the bytes are consumed or that the
 * head failed.  An error is found at the first byte that breaks a rule, so that it does not depend
 * on the bytes after it.  RFC 9112 2 to 5.
 */

static bool next(struct sw_head *head, enum sw_head_state state)
{
    head->state = (uint8_t)state;
    head->at++;
    return true;
}

static bool lenient(const struct sw_head *head, enum sw_lenient flag)
{
    return SW_LIMIT(head->limits, lenient) & flag;
}

/* A LF without a CR.  Some parsers take it for the end of a line, so that to accept it permits
   request smuggling. */
static bool bare_lf(struct sw_head *head, enum sw_head_state after)
{
    if (!lenient(head, head->kind == SW_TRAILERS ? SW_LENIENT_CHUNK_LF : SW_LENIENT_BARE_LF))
        return sw_head_fail(head, SW_ERROR_BARE_LF, head->at);
    return next(head, after);
}

/* The LF that must follow a CR. */
static bool lf_after_cr(struct sw_head *head, const char *buf, enum sw_head_state after)
{
    if (buf[head->at] != '\n')
        return sw_head_fail(head, SW_ERROR_BARE_CR, head->at - 1);
    return next(head, after);
}

static bool start(struct sw_head *head, const char *buf)
{
    char c = buf[head->at];
    bool skips = head->kind == SW_REQUEST || sw_head_lenient(head, SW_LENIENT_EMPTY_LINES);

    if (skips && (c == '\r' || c == '\n')) {
        if (head->empty_lines == UINT8_MAX ||
            head->empty_lines == SW_LIMIT(head->limits, empty_lines))
            return sw_head_fail(head, SW_ERROR_TOO_MANY_EMPTY_LINES, head->at);
        head->empty_lines++;
        return c == '\r' ? next(head, SW_HEAD_START_LF) : bare_lf(head, SW_HEAD_START);
    }
    head->start = head->at;
    head->state = head->kind == SW_REQUEST    ? SW_HEAD_METHOD
                  : head->kind == SW_RESPONSE ? SW_HEAD_STATUS
                                              : SW_HEAD_FIELD;
    return true;
}

static bool method(struct sw_head *head, const char *buf, size_t len)
{
    size_t limit = (size_t)head->start + head->max.method;

    while (head->at < len && sw_byte_is(buf[head->at], SW_BYTE_TOKEN))
        if (head->at++ == limit)
            return sw_head_fail(head, SW_ERROR_METHOD_TOO_LONG, limit);
    if (head->at == len)
        return false;
    char c = buf[head->at];
    if (c == '\r' || c == '\n')
        return sw_head_fail(head, SW_ERROR_BAD_REQUEST_LINE, head->at);
    if (c != ' ' || head->at == head->start)
        return sw_head_fail(head, SW_ERROR_BAD_METHOD, head->at);
    head->method = (uint16_t)sw_method_scan(buf + head->start);
    if (sw_method_names[head->method].flags & SW_METHOD_F_PREFACE)
        return sw_head_fail(head, SW_ERROR_HTTP2_PREFACE, head->start);
    head->target = head->at + 1;
    return next(head, SW_HEAD_TARGET);
}

static bool target(struct sw_head *head, const char *buf, size_t len)
{
    size_t limit = (size_t)head->target + head->max.target;
    unsigned bytes = lenient(head, SW_LENIENT_TARGET) ? SW_BYTE_LENIENT : SW_BYTE_TARGET;

    /* "[" and "]" enclose an IPv6 address; sw_head_check_target() checks where. */
    while (head->at < len &&
           (sw_byte_is(buf[head->at], bytes) || buf[head->at] == '[' || buf[head->at] == ']'))
        if (head->at++ == limit)
            return sw_head_fail(head, SW_ERROR_TARGET_TOO_LONG, limit);
    if (head->at == len)
        return false;
    char c = buf[head->at];
    head->target_len = head->at - head->target;
    if (c == '\r' || c == '\n' || (c == ' ' && head->target_len == 0))
        return sw_head_fail(head, SW_ERROR_BAD_REQUEST_LINE, head->at);
    if (c != ' ')
        return sw_head_fail(head, SW_ERROR_BAD_TARGET, head->at);
    if (!sw_head_check_target(head, buf))
        return false;
    head->mark = head->at + 1;
    return next(head, SW_HEAD_VERSION);
}

/* One byte of `HTTP/` DIGIT `.` DIGIT, the i-th.  RFC 9112 2.3. */
static bool version_byte(struct sw_head *head, char c, size_t i)
{
    bool digit = c >= '0' && c <= '9';

    if (i == 5 || i == 7 ? !digit : c != "HTTP/0.0"[i])
        return sw_head_fail(head, SW_ERROR_BAD_VERSION, head->at);
    if (i == 7)
        head->minor = (uint8_t)(c - '0');
    head->at++;
    return true;
}

/* Only HTTP/1 is supported; head->at is three bytes after the digit of the major version. */
static bool major_version(struct sw_head *head, const char *buf)
{
    if (buf[head->at - 3] != '1')
        return sw_head_fail(head, SW_ERROR_VERSION_UNSUPPORTED, head->at - 3);
    return true;
}

static bool version(struct sw_head *head, const char *buf)
{
    size_t i = head->at - head->mark;
    char c = buf[head->at];

    if (i < 8)
        return version_byte(head, c, i) && (i < 7 || major_version(head, buf));
    if (c == '\r')
        return next(head, SW_HEAD_LINE_LF);
    if (c == '\n')
        return bare_lf(head, SW_HEAD_FIELD);
    if (c != ' ')
        return sw_head_fail(head, SW_ERROR_BAD_VERSION, head->at);
    if (!lenient(head, SW_LENIENT_LINE_SPACES))
        return sw_head_fail(head, SW_ERROR_BAD_REQUEST_LINE, head->at);
    return next(head, SW_HEAD_LINE_SPACES);
}

static bool line_spaces(struct sw_head *head, const char *buf)
{
    switch (buf[head->at]) {
    case ' ':
        return next(head, SW_HEAD_LINE_SPACES);
    case '\r':
        return next(head, SW_HEAD_LINE_LF);
    case '\n':
        return bare_lf(head, SW_HEAD_FIELD);
    default:
        return sw_head_fail(head, SW_ERROR_BAD_REQUEST_LINE, head->at);
    }
}

/* At the end of the status line: looks up its code.  The 12 bytes up to it are valid;
   sw_status_scan() requires a CR or a space after them, where the line may have a LF. */
static void set_status(struct sw_head *head, const char *buf)
{
    struct sw_status_line line = {0};
    size_t reason = (size_t)head->start + 13;
    char front[] = "HTTP/1.1 200\r";

    memcpy(front, buf + head->start, 12);
    sw_status_scan(front, &line);
    head->status = line.code;
    head->status_id = line.id;
    head->target = (uint32_t)(reason < head->at ? reason : head->at);
    head->target_len = head->at - head->target;
}

static bool status_end(struct sw_head *head, const char *buf)
{
    char c = buf[head->at];

    if (c != '\r' && c != '\n')
        return sw_head_fail(head, SW_ERROR_BAD_STATUS_LINE, head->at);
    set_status(head, buf);
    return c == '\r' ? next(head, SW_HEAD_LINE_LF) : bare_lf(head, SW_HEAD_FIELD);
}

/* `HTTP/1.1 200 `, and then the reason.  RFC 9112 4. */
static bool status(struct sw_head *head, const char *buf)
{
    size_t i = head->at - head->start;
    char c = buf[head->at];

    if (i < 8) {
        if (c == "HTTP/1.1"[i] || ((i == 5 || i == 7) && c >= '0' && c <= '9'))
            return version_byte(head, c, i) && (i < 7 || major_version(head, buf));
        return sw_head_fail(head, SW_ERROR_BAD_STATUS_LINE, head->at);
    }
    if (i >= 9 && i < 12) {
        if (c < (i == 9 ? '1' : '0') || c > '9')
            return sw_head_fail(head, SW_ERROR_BAD_STATUS_CODE, head->at);
        return next(head, SW_HEAD_STATUS);
    }
    if (i == 12 && c != ' ' && lenient(head, SW_LENIENT_NO_REASON))
        return status_end(head, buf);
    if (c != ' ')
        return sw_head_fail(head, SW_ERROR_BAD_STATUS_LINE, head->at);
    return next(head, i == 12 ? SW_HEAD_REASON : SW_HEAD_STATUS);
}

static bool reason(struct sw_head *head, const char *buf, size_t len)
{
    while (head->at < len && sw_byte_is(buf[head->at], SW_BYTE_VALUE))
        head->at++;
    if (head->at == len)
        return false;
    if (buf[head->at] == '\r' || buf[head->at] == '\n')
        return status_end(head, buf);
    return sw_head_fail(head, SW_ERROR_BAD_REASON, head->at);
}

/* Was the line before this one a trailer field that was dropped? */
static bool dropped(const struct sw_head *head)
{
    return head->kind == SW_TRAILERS &&
           (head->field_count == 0 || sw_head_at(head, head->field_count - 1)->name != head->line);
}

/*
 * RFC 9112 5.2: a user agent may replace the line end of an obs-fold with spaces.  The field is
 * removed from the head and its value continues.  A dropped trailer field is not in the head, but
 * `line` and `mark` are still its own.
 */
static bool unfold(struct sw_head *head, const char *buf)
{
    char *p = (char *)(uintptr_t)(buf + head->at);

    if (!dropped(head)) {
        const struct sw_field *field = sw_head_at(head, --head->field_count);
        head->line = field->name;
        head->mark = field->name + field->name_len;
    }
    *--p = ' ';
    if (p[-1] == '\r')
        *--p = ' ';
    return next(head, SW_HEAD_VALUE);
}

static bool leading_space(struct sw_head *head, const char *buf)
{
    if (head->field_count == 0 && (head->kind != SW_TRAILERS || head->at == head->start))
        return sw_head_fail(head, SW_ERROR_SPACE_BEFORE_FIRST_FIELD, head->at);
    if (sw_head_lenient(head, SW_LENIENT_OBS_FOLD))
        return unfold(head, buf);
    return sw_head_fail(head, SW_ERROR_OBS_FOLD, head->at);
}

static bool field(struct sw_head *head, const char *buf)
{
    char c = buf[head->at];

    switch (c) {
    case '\r':
        return next(head, SW_HEAD_END_LF);
    case '\n':
        return bare_lf(head, SW_HEAD_COMPLETE);
    case ' ':
    case '\t':
        return leading_space(head, buf);
    case ':':
        return sw_head_fail(head, SW_ERROR_EMPTY_FIELD_NAME, head->at);
    }
    if (!sw_byte_is(c, SW_BYTE_TOKEN))
        return sw_head_fail(head, SW_ERROR_BAD_FIELD_NAME, head->at);
    if (head->field_count >= head->max.fields)
        return sw_head_fail(
            head, head->kind == SW_TRAILERS ? SW_ERROR_TOO_MANY_TRAILERS : SW_ERROR_TOO_MANY_FIELDS,
            head->at);
    head->line = head->at;
    head->state = SW_HEAD_NAME;
    return true;
}

static bool name(struct sw_head *head, const char *buf, size_t len)
{
    size_t limit = (size_t)head->line + head->max.name;
    size_t line_limit = (size_t)head->line + head->max.line;

    while (head->at < len && sw_byte_is(buf[head->at], SW_BYTE_TOKEN)) {
        if (head->at == limit)
            return sw_head_fail(head, SW_ERROR_FIELD_NAME_TOO_LONG, limit);
        if (head->at++ == line_limit)
            return sw_head_fail(head, SW_ERROR_FIELD_LINE_TOO_LONG, line_limit);
    }
    if (head->at == len)
        return false;
    switch (buf[head->at]) {
    case ':':
        if (head->at == line_limit)
            return sw_head_fail(head, SW_ERROR_FIELD_LINE_TOO_LONG, line_limit);
        head->mark = head->at;
        return next(head, SW_HEAD_VALUE);
    case ' ':
    case '\t':
        return sw_head_fail(head, SW_ERROR_SPACE_BEFORE_COLON, head->at);
    case '\r':
    case '\n':
        return sw_head_fail(head, SW_ERROR_NO_COLON, head->at);
    default:
        return sw_head_fail(head, SW_ERROR_BAD_FIELD_NAME, head->at);
    }
}

/* RFC 9110 5.5: a recipient may retain control bytes other than CR, LF and NUL. */
static bool in_value(const struct sw_head *head, char c)
{
    if (sw_byte_is(c, SW_BYTE_VALUE))
        return true;
    return c != '\r' && c != '\n' && c != '\0' && sw_head_lenient(head, SW_LENIENT_VALUE_BYTES);
}

static bool value(struct sw_head *head, const char *buf, size_t len)
{
    size_t limit = (size_t)head->line + head->max.line;

    /* A tolerated obs-fold may have moved `at` past the limit. */
    while (head->at < len && in_value(head, buf[head->at]))
        if (head->at++ >= limit)
            return sw_head_fail(head, SW_ERROR_FIELD_LINE_TOO_LONG, head->at - 1);
    if (head->at == len)
        return false;
    if (buf[head->at] == '\r')
        return next(head, SW_HEAD_VALUE_LF);
    if (buf[head->at] != '\n')
        return sw_head_fail(head, SW_ERROR_BAD_FIELD_VALUE, head->at);
    return bare_lf(head, SW_HEAD_FIELD) && sw_head_add(head, buf, head->mark, head->at - 1);
}

static bool value_end(struct sw_head *head, const char *buf)
{
    return lf_after_cr(head, buf, SW_HEAD_FIELD) &&
           sw_head_add(head, buf, head->mark, head->at - 2);
}

static bool step(struct sw_head *head, const char *buf, size_t len)
{
    switch ((enum sw_head_state)head->state) {
    case SW_HEAD_START:
        return start(head, buf);
    case SW_HEAD_START_LF:
        return lf_after_cr(head, buf, SW_HEAD_START);
    case SW_HEAD_METHOD:
        return method(head, buf, len);
    case SW_HEAD_TARGET:
        return target(head, buf, len);
    case SW_HEAD_VERSION:
        return version(head, buf);
    case SW_HEAD_LINE_SPACES:
        return line_spaces(head, buf);
    case SW_HEAD_STATUS:
        return status(head, buf);
    case SW_HEAD_REASON:
        return reason(head, buf, len);
    case SW_HEAD_LINE_LF:
        return lf_after_cr(head, buf, SW_HEAD_FIELD);
    case SW_HEAD_FIELD:
        return field(head, buf);
    case SW_HEAD_NAME:
        return name(head, buf, len);
    case SW_HEAD_VALUE:
        return value(head, buf, len);
    case SW_HEAD_VALUE_LF:
        return value_end(head, buf);
    case SW_HEAD_END_LF:
        return lf_after_cr(head, buf, SW_HEAD_COMPLETE);
    case SW_HEAD_COMPLETE:
    case SW_HEAD_DONE:
    case SW_HEAD_FAILED:
        break;
    }
    return false;
}

void sw_head_step(struct sw_head *head, const char *buf, size_t len, bool one_line)
{
    while (head->at < len && step(head, buf, len)) {
        SW_PATH(HEAD_STEP);
        if (one_line && head->state == SW_HEAD_FIELD)
            break;
    }
}
