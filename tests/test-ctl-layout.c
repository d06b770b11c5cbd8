/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in the columns of a terminal. */
#include "ctl/layout.h"
#include "tests/expect.h"

static void
test_width(void)
{
    static const struct {
        const char *text;
        guint width;
    } cases[] = {
        { "", 0 }, { "web1", 4 }, { "áé", 2 }, { "a\u0301", 1 }, { "日本語", 6 }, { "…", 1 }, { "\u200bx", 1 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = g_strdup_printf("%u", xpv_ctl_layout_width(cases[i].text));
        g_autofree char *expected = g_strdup_printf("%u", cases[i].width);
        expect(cases[i].text, got, expected);
    }
}

static void
test_cut(void)
{
    static const struct {
        const char *text;
        guint width;
        const char *cut;
    } cases[] = {
        { "", 0, "" },        { "web1", 4, "web1" },           { "web1", 3, "we…" },           { "web1", 1, "…" },
        { "web1", 0, "" },    { "日本語", 6, "日本語" },       { "日本語", 5, "日本…" },       { "日本語", 4, "日…" },
        { "日本語", 2, "…" }, { "a\u0301bc", 3, "a\u0301bc" }, { "a\u0301bc", 2, "a\u0301…" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = xpv_ctl_layout_cut(cases[i].text, cases[i].width);
        expect(cases[i].text, got, cases[i].cut);
        g_assert_cmpuint(xpv_ctl_layout_width(got), <=, cases[i].width);
    }
}

/* The indent is deep only where that leaves enough room for the text. */
static void
test_indent(void)
{
    g_assert_cmpuint(xpv_ctl_layout_indent(16, 0), ==, 16);
    g_assert_cmpuint(xpv_ctl_layout_indent(16, 56), ==, 16);
    g_assert_cmpuint(xpv_ctl_layout_indent(16, 55), ==, 2);
    g_assert_cmpuint(xpv_ctl_layout_indent(0, 20), ==, 0);
}

static void
test_wrap(void)
{
    static const struct {
        const char *text;
        guint start, indent, width;
        const char *wrapped;
    } cases[] = {
        { "", 2, 2, 30, "" },
        { "one two", 2, 2, 30, "one two" },
        { "a sentence that is far too long for it", 2, 2, 24, "a sentence that is far\n  too long for it" },
        { "a sentence that is far too long for it", 2, 2, 0, "a sentence that is far too long for it" },
        { "a sentence that begins late", 10, 0, 24, "a sentence\nthat begins late" },
        { "longer-than-what-is-left", 10, 2, 24, "\n  longer-than-what-is-left" },
        { "longer-than-a-whole-line-can-be x", 1, 1, 22, "longer-than-a-whole-line-can-be\n x" },
        { "日本語 日本語", 0, 0, 12, "日本語\n日本語" },
        { "日本語 日本語", 0, 0, 13, "日本語 日本語" },
        { "two  blanks", 2, 2, 30, "two  blanks" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) got = g_string_new(NULL);
        xpv_ctl_layout_wrap(got, cases[i].text, cases[i].start, cases[i].indent, cases[i].width);
        expect(cases[i].text, got->str, cases[i].wrapped);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/layout/width", test_width);
    g_test_add_func("/ctl/layout/cut", test_cut);
    g_test_add_func("/ctl/layout/indent", test_indent);
    g_test_add_func("/ctl/layout/wrap", test_wrap);
    return g_test_run();
}
