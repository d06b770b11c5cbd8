/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How text from outside is cleaned. */
#include "common/text.h"
#include "tests/expect.h"

#define FFFD "\xef\xbf\xbd"

static void
test_clean(void)
{
#define BYTES(literal) literal, sizeof(literal) - 1
    static const struct {
        const char *data;
        gssize length;
        gsize max;
        const char *expected;
    } cases[] = {
        { "2.4.21-50.ELsmp", -1, 0, "2.4.21-50.ELsmp" },
        { "", -1, 0, "" },
        { "", 0, 0, "" },
        { "abc", 0, 0, "" },
        { "abcdef", 3, 0, "abc" },

        /* Newline and the other control characters. */
        { "a\nb", -1, 0, "a b" },
        { "a\n\nb", -1, 0, "a  b" },
        { "a\r\nb", -1, 0, "a b" },
        { "a\tb\x01"
          "c\x1b[31md",
          -1, 0, "abc[31md" },
        { "a\x7f"
          "b",
          -1, 0, "ab" },
        { "a\xc2\x80\xc2\x85\xc2\x9f"
          "b",
          -1, 0, "ab" },
        { "a\xc2\xa0"
          "b",
          -1, 0,
          "a\xc2\xa0"
          "b" },
        { BYTES("a\0b\0"), 0, "ab" },
        { BYTES("\0\0\0"), 0, "" },
        { "a\0b", -1, 0, "a" },

        /* Leading and trailing blanks. */
        { "  a b  ", -1, 0, "a b" },
        { "\n a\n", -1, 0, "a" },
        { "\x01 \x02 a \x03", -1, 0, "a" },
        { " \n\r\t\x1f\x7f ", -1, 0, "" },

        /* Characters that sd-bus refuses. */
        { "a\xff"
          "b",
          -1, 0, "a" FFFD "b" },
        { "\x80", -1, 0, FFFD },
        { "a\xef\xbf\xbe", -1, 0, "a" FFFD },                                /* U+FFFE */
        { "a\xef\xbf\xbf", -1, 0, "a" FFFD },                                /* U+FFFF */
        { "\xef\xb7\x90 \xef\xb7\xaf", -1, 0, FFFD " " FFFD },               /* U+FDD0, U+FDEF */
        { "\xef\xb7\x8f \xef\xb7\xb0", -1, 0, "\xef\xb7\x8f \xef\xb7\xb0" }, /* U+FDCF, U+FDF0 */
        { "\xf0\x9f\xbf\xbf", -1, 0, FFFD },                                 /* U+1FFFF */
        { "\xf4\x8f\xbf\xbe", -1, 0, FFFD },                                 /* U+10FFFE */
        { "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7", -1, 0, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7" },
        { FFFD, -1, 0, FFFD },

        /* The limit on the length, in characters. */
        { "abcdef", -1, 6, "abcdef" },
        { "abcdef", -1, 5, "abcde" },
        { "\xc3\xa9\xc3\xa9\xc3\xa9", -1, 2, "\xc3\xa9\xc3\xa9" },
        { "\xf0\x9f\x90\xa7x", -1, 1, "\xf0\x9f\x90\xa7" },
        { "a\xff\xff", -1, 2, "a" FFFD },
        { "\x01\x02\x03"
          "abc",
          -1, 3, "abc" },
        { "    abc", -1, 3, "abc" },
        { "ab cd", -1, 3, "ab" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = xpv_text_clean(cases[i].data, cases[i].length, cases[i].max);
        expect(cases[i].data, got, cases[i].expected);
    }
}

/* A broken sequence becomes one U+FFFD or several, which is not fixed, and nothing else. */
static void
test_broken_sequences(void)
{
    static const char *const broken[] = {
        "\xe2\x82", /* cut short */
        "\xf0\x9f\x90",
        "\xed\xa0\x80", /* a surrogate */
        "\xc0\x80",     /* overlong */
        "\xe0\x80\x8a",
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xfc\x80\x80\x80\x80\x80",
        "\xc2",
    };
    for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autofree char *data = g_strconcat("a", broken[i], "b", NULL);
        g_autofree char *got = xpv_text_clean(data, -1, 0);
        g_auto(GStrv) pieces = g_strsplit(got, FFFD, -1);
        g_autofree char *rest = g_strjoinv("", pieces);
        expect(data, rest, "ab");
        expect_true(data, g_strv_length(pieces) > 1, "has U+FFFD");
    }
}

static void
test_escapes(void)
{
    static const struct {
        const char *text;
        const char *rest;
    } cases[] = {
        { "", "" },
        { "a b", "a b" },
        { "\x1b[1;31ma\x1b[0mb", "ab" },
        { "\x1b[?25l\x1b(B\x1b[ qa", "a" },
        { "\x1b"
          "7a",
          "a" },
        { "\x1b]0;root@guest:~\aa", "a" },
        { "\x1b]0;root@guest:~\x1b\\a", "a" },
        /* Sequences that are cut, or broken off by another character. */
        { "a\x1b", "a" },
        { "a\x1b[1;", "a" },
        { "a\x1b]0;root", "a" },
        { "\x1b]0;\x1b[1ma", "a" },
        { "\x1b[1\na", "\na" },
        { "\x1b\xffz", "\xffz" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(cases[i].text);
        xpv_text_drop_escapes(text);
        expect(cases[i].text, text->str, cases[i].rest);
    }

    g_autoptr(GString) nul = g_string_new_len("a\0\x1b[mb", 6);
    xpv_text_drop_escapes(nul);
    g_assert_cmpmem(nul->str, nul->len, "a\0b", 3);
}

static void
test_long(void)
{
    g_autofree char *data = g_strnfill(64 * 1024, 'a');
    g_autofree char *whole = xpv_text_clean(data, -1, 0);
    g_autofree char *cut = xpv_text_clean(data, 64 * 1024, XPV_TEXT_PUBLISHED_MAX);
    g_assert_cmpstr(whole, ==, data);
    g_assert_cmpuint(strlen(cut), ==, 256);
}

static void
test_noise(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(12);
    for (guint i = 0; i < 20000; i++) {
        gsize length;
        g_autofree char *data = hostile_report(rand, &length);
        gsize max = (gsize)g_rand_int_range(rand, 0, 40);
        g_autofree char *got = xpv_text_clean(data, (gssize)length, max);
        if (!expect_true(data, is_publishable(got), "is publishable") ||
            !expect_true(data, max == 0 || g_utf8_strlen(got, -1) <= (glong)max, "is cut") ||
            !expect_true(data, !g_str_has_prefix(got, " ") && !g_str_has_suffix(got, " "), "has no blanks around it"))
            return;
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/clean", test_clean);
    g_test_add_func("/text/broken-sequences", test_broken_sequences);
    g_test_add_func("/text/escapes", test_escapes);
    g_test_add_func("/text/long", test_long);
    g_test_add_func("/text/noise", test_noise);
    return g_test_run();
}
