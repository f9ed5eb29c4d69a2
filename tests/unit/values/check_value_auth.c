/* check_value_auth.c - credentials, challenges, Base64, Basic. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"

static void note_auth(struct notes *notes, const struct sw_auth *auth)
{
    struct sw_span rest = auth->params;
    struct sw_param param;

    note_span(notes, auth->scheme);
    if (auth->token68.n != 0) {
        note(notes, " ");
        note_span(notes, auth->token68);
    }
    while (sw_auth_param_next(&rest, &param) > 0) {
        note(notes, " ");
        note_span(notes, param.name);
        note(notes, "=");
        note_span(notes, param.value);
    }
    ck_assert_uint_eq(rest.n, 0);
}

static void read_auth(struct sw_span value, struct notes *notes)
{
    struct sw_auth auth;

    if (sw_auth_parse(value, &auth))
        note_auth(notes, &auth);
    else
        note(notes, "bad");
}

START_TEST(credentials_are_a_scheme_and_a_token_or_parameters)
{
    static const struct row rows[] = {
        {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"Bearer  mF_9.B5f-4.1JqM~+/", "Bearer mF_9.B5f-4.1JqM~+/"},
        {"Negotiate", "Negotiate"},
        {"Digest username=\"M,f\", realm = x,, uri=\"/\"", "Digest username=M,f realm=x uri=/"},
        {"Digest a=", "Digest a="},
        {"Digest a==b", "bad"},
        {"Digest a=b=", "bad"},
        {"Digest a=\"b\"c", "bad"},
        {"Digest a=\"b", "bad"},
        {"Digest a=b c=d", "bad"},
        {"Digest a=b, c", "bad"},
        {"Digest a=b;c=d", "bad"},
        {"Digest =", "bad"},
        {"Basic a b", "bad"},
        {"Basic\ta", "bad"},
        {"Basic ", "Basic"},
        {"Basic,", "bad"},
        {"Basic ,", "Basic"},
        {"a=b", "bad"},
        {"", "bad"},
        {" Basic x", "bad"},
    };

    WALK(rows, read_auth);
}
END_TEST

static void read_challenges(struct sw_span rest, struct notes *notes)
{
    struct sw_auth auth;
    int got;

    while ((got = sw_challenge_next(&rest, &auth)) > 0) {
        note_auth(notes, &auth);
        note(notes, "|");
    }
    note_end(notes, got, rest);
}

START_TEST(challenges_and_their_parameters_share_the_comma)
{
    static const struct row rows[] = {
        {"", "."},
        {"Basic", "Basic|."},
        {"Basic realm=\"simple\"", "Basic realm=simple|."},
        /* The example of RFC 9110 11.6.1. */
        {"Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
         "Basic realm=simple|Newauth realm=apps type=1 title=Login to \\\"apps\\\"|."},
        {"Negotiate, Basic realm=x", "Negotiate|Basic realm=x|."},
        {"A, B, C", "A|B|C|."},
        {"A abc==, B x=y", "A abc==|B x=y|."},
        {"A abc==, x=y", "A abc==|!"},
        {", A ,,x = y,, z=\"1,2\" ,, B", "A x=y z=1,2|B|."},
        {"A , x=y", "A x=y|."},
        {"A x", "A x|."},
        {"A x y", "!"},
        {"A x=y z", "!"},
        {"A x=\"y\"z", "!"},
        {"A x=y, B z w", "A x=y|!"},
        {"x=y", "!"},
        {"\"x\"", "!"},
        {"A x=y, z=\"", "!"},
        {"A\tx=y", "!"},
        {"\"", "!"},
    };

    WALK(rows, read_challenges);
}
END_TEST

static void read_base64(struct sw_span text, struct notes *notes)
{
    char out[8];
    ptrdiff_t n = sw_base64_decode(text, out, sizeof(out));

    if (n < 0)
        note(notes, "%s", n == -SW_ERROR_NO_ROOM ? "room" : "bad");
    for (ptrdiff_t i = 0; i < n; i++)
        note(notes, "%02x", (unsigned char)out[i]);
}

START_TEST(base64_has_one_spelling)
{
    static const struct row rows[] = {
        {"", ""},
        {"Zg==", "66"},
        {"Zm8=", "666f"},
        {"Zm9v", "666f6f"},
        {"Zm9vYg==", "666f6f62"},
        {"Zm9vYmE=", "666f6f6261"},
        {"Zm9vYmFy", "666f6f626172"},
        {"+/+/", "fbffbf"},
        {"AZaz0w==", "0196b3d3"},
        {"AAAAAAAAAAA=", "0000000000000000"},
        {"AAAAAAAAAAAA", "room"},
        {"Zg", "bad"},
        {"Zg=", "bad"},
        {"Z", "bad"},
        {"Z===", "bad"},
        {"====", "bad"},
        {"=g==", "bad"},
        {"Zg=g", "bad"},
        {"Zh==", "bad"},
        {"Zm9=", "bad"},
        {"Zg==Zg==", "bad"},
        {"Zm9v=", "bad"},
        {"Zm-_", "bad"},
        {"Zm.~", "bad"},
        {"Z g=", "bad"},
        {"Zm9\xff", "bad"},
    };
    char place[] = "Zm9vYmE=";

    WALK(rows, read_base64);
    ck_assert_int_eq(sw_base64_decode(span_of(place), place, 5), 5);
    ck_assert_mem_eq(place, "fooba", 5);
}
END_TEST

/* Every byte at every place of a group, compared with a simple encoder. */
START_TEST(every_byte_comes_back_from_base64)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (unsigned c = 0; c < 256; c++) {
        for (unsigned place = 0; place < 3; place++) {
            unsigned bits = c << (8 * (2 - place));
            char text[4], out[3];

            for (unsigned i = 0; i < 4; i++)
                text[i] = alphabet[bits >> (6 * (3 - i)) & 63];
            ck_assert_int_eq(sw_base64_decode((struct sw_span){text, 4}, out, 3), 3);
            ck_assert_uint_eq((unsigned char)out[place], c);
        }
    }
}
END_TEST

static void read_basic(struct sw_span token68, struct notes *notes)
{
    struct sw_span user, password;
    char out[32];
    ptrdiff_t n = sw_basic_decode(token68, out, sizeof(out), &user, &password);

    if (n < 0) {
        note(notes, "%s", n == -SW_ERROR_NO_ROOM ? "room" : "bad");
        return;
    }
    note_span(notes, user);
    note(notes, "|");
    note_span(notes, password);
}

START_TEST(basic_credentials_split_at_the_first_colon)
{
    static const struct row rows[] = {
        {"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin|open sesame"},
        {"YTpiOmM=", "a|b:c"},
        {"Og==", "|"},
        {"dGVzdDoxMjPCow==", "test|123\xc2\xa3"},
        {"YWJj", "bad"},
        {"", "bad"},
        {"YTpiCg==", "bad"},
        {"YQA6Yg==", "bad"},
        {"YTpifw==", "bad"},
        {"YTpi!", "bad"},
        {"QWxhZGRpbjpvcGVuIHNlc2FtZUFsYWRkaW46b3BlbiBzZXNhbWU=", "room"},
    };

    WALK(rows, read_basic);
}
END_TEST

int main(void)
{
    const struct suite_test tests[] = {
        {credentials_are_a_scheme_and_a_token_or_parameters, 1},
        {challenges_and_their_parameters_share_the_comma, 1},
        {base64_has_one_spelling, 1},
        {every_byte_comes_back_from_base64, 1},
        {basic_credentials_split_at_the_first_colon, 1},
    };
    return suite_main("value_auth", tests, COUNT(tests));
}
