/* value.c - byte classes and the few rules that most field values share. */
/* SPDX-License-Identifier: MIT */
#include "value.h"

/* Thirteen kinds of byte, each named for what it is or for one of its members. */
enum {
    NO = 0,                                        /* controls, DQUOTE */
    WS = CLASS_QUOTED,                             /* HTAB SP */
    OB = CLASS_QUOTED | CLASS_ETAG,                /* obs-text */
    BS = CLASS_ETAG,                               /* backslash */
    QC = CLASS_QUOTED | CLASS_COOKIE | CLASS_ETAG, /* < > ? [ ] { } */
    TC = QC | CLASS_TOKEN,                         /* # % ^ ` | */
    CO = QC | CLASS_PATH,                          /* : @ */
    SL = CO | CLASS_TOKEN68,                       /* slash */
    CM = OB | CLASS_NAME | CLASS_PATH,             /* , ; */
    EQ = CM | CLASS_COOKIE,                        /* ( ) = */
    SD = EQ | CLASS_TOKEN,                         /* ! $ & ' * */
    UN = SD | CLASS_TOKEN68,                       /* + - . _ ~ */
    AN = UN | CLASS_ALNUM,                         /* letters, digits */
};

/* clang-format off */
const uint8_t sw_value_classes[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, WS, NO, NO, NO, NO, NO, NO, /* 00 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* 10 */
    WS, SD, NO, TC, SD, TC, SD, SD, EQ, EQ, SD, UN, CM, UN, UN, SL, /* 20 */
    AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, CO, CM, QC, EQ, QC, QC, /* 30 */
    CO, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, /* 40 */
    AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, QC, BS, QC, TC, UN, /* 50 */
    TC, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, /* 60 */
    AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, AN, QC, TC, QC, UN, NO, /* 70 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* 80 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* 90 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* a0 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* b0 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* c0 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* d0 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* e0 */
    OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, OB, /* f0 */
};
/* clang-format on */

const char *sw_value_quoted(const char *p, const char *end, bool *escaped)
{
    *escaped = false;
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\') {
            *escaped = true;
            if (++p == end || !value_is_text(*p))
                return NULL;
        } else if (!value_is(*p, CLASS_QUOTED)) {
            return NULL;
        }
    }
    return value_expect(p, end, '"');
}

const char *sw_value_param(const char *p, const char *end, bool optional, bool blanks,
                           struct sw_param *param)
{
    const char *at = p;
    const char *name_end = value_skip(p, end, CLASS_TOKEN);

    *param = (struct sw_param){.name = value_span(p, name_end)};
    if (name_end == p)
        return NULL;
    at = value_expect(blanks ? value_skip_blanks(name_end, end) : name_end, end, '=');
    if (at == NULL)
        return optional ? name_end : NULL;
    if (blanks)
        at = value_skip_blanks(at, end);
    p = at;
    if (p < end && *p == '"') {
        at = sw_value_quoted(p, end, &param->escaped);
        if (at != NULL)
            param->value = value_span(p + 1, at - 1);
        return at;
    }
    at = value_skip(p, end, CLASS_TOKEN);
    param->value = value_span(p, at);
    return at > p ? at : NULL;
}

bool sw_value_number(struct sw_span digits, uint64_t max, uint64_t *number)
{
    const char *end = value_end(digits);
    uint64_t sum = 0, limit = max / 10;

    for (const char *p = digits.p; p < end; p++) {
        unsigned digit = (unsigned char)(*p - '0');

        if (digit > 9)
            return false;
        /* Neither step can wrap; what went over the maximum stays there. */
        sum = sum > limit || sum * 10 > max - digit ? max : sum * 10 + digit;
    }
    *number = sum;
    return digits.n != 0;
}

size_t sw_value_put_number(uint64_t number, char *out)
{
    size_t n = 1;

    for (uint64_t left = number; left > 9; left /= 10)
        n++;
    for (size_t i = n; i > 0; number /= 10)
        out[--i] = (char)('0' + number % 10);
    return n;
}

bool sw_value_same(struct sw_span a, struct sw_span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (value_lower(a.p[i]) != value_lower(b.p[i]))
            return false;
    return true;
}
