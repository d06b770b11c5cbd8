/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts that are not LVM2's metadata, and where a text ends. */
#include "inspect/lvm2-text.h"

#include <string.h>

/* Returns: "name=value " of each setting of the outermost section, or the error message */
static char *
describe(const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvLvm2Node) root = xpv_lvm2_text_parse(text, length, &error);
    if (!root)
        return g_strdup(error->message);
    GString *told = g_string_new(NULL);
    for (const XpvLvm2Node *node = xpv_lvm2_node_children(root); node; node = xpv_lvm2_node_next(node)) {
        const char *string = xpv_lvm2_node_string(node);
        g_string_append_printf(told, "%s=", xpv_lvm2_node_name(node));
        if (string)
            g_string_append_printf(told, "\"%s\" ", string);
        else
            g_string_append_printf(told, "%" G_GUINT64_FORMAT " ", xpv_lvm2_node_integer(node, 7));
    }
    return g_string_free(told, FALSE);
}

#define WRONG "LVM2's metadata cannot be understood in line 1: "

static void
test_read(void)
{
    static const struct {
        const char *text;
        const char *behind; /* the bytes that follow its end in memory */
        const char *expected;
    } cases[] = {
        { "a = 1 b = \"2\"", "", "a=1 b=\"2\" " },
        { "a = \"1\" b = [] c {}", "", "a=\"1\" b=7 c=7 " },
        { "a = 1", "2", "a=1 " },
        { "a = 1 ", "b", "a=1 " },
        { "a = \"1", "\"", WRONG "there is no value" },
        { "a = \"1\\", "\"\"", WRONG "there is no value" },
        { "a = \"1\n\"", "", "LVM2's metadata cannot be understood in line 1: there is no value" },
        { "a = 18446744073709551616 b = -1", "", "a=18446744073709551615 b=18446744073709551615 " },
        { "}", "", WRONG "there is no name" },
        { "= 1", "", WRONG "there is no name" },
        { "a 1", "", WRONG "a name has neither value nor section" },
        { "a = [1 2]", "", WRONG "a list has no end" },
        { "a = [[1]]", "", WRONG "there is no value" },
        { "a {", "", WRONG "a section has no end" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *memory = g_strconcat(cases[i].text, cases[i].behind, NULL);
        g_autofree char *told = describe(memory, strlen(cases[i].text));
        g_assert_cmpstr(told, ==, cases[i].expected);
    }
}

/* LVM2 counts the NUL at the end. Bytes after a NUL are ignored. */
static void
test_nul(void)
{
    static const char word[] = "a = 1\0b = 2", string[] = "a = \"1\0\"";
    g_autofree char *of_word = describe(word, sizeof word), *of_string = describe(string, sizeof string);
    g_assert_cmpstr(of_word, ==, "a=1 ");
    g_assert_cmpstr(of_string, ==, WRONG "there is no value");
}

/* @n: how many copies of @text, one after the other */
static gboolean
is_taken(const char *text, guint n, const char *end, const char *sentence)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < n; i++)
        g_string_append(all, text);
    for (guint i = 0; i < n; i++)
        g_string_append(all, end);
    g_autoptr(XpvLvm2Node) root = xpv_lvm2_text_parse(all->str, all->len, &error);
    g_assert_true(root || g_str_equal(error->message, sentence));
    return root != NULL;
}

static void
test_bounds(void)
{
    g_assert_true(is_taken("a=1 ", 50000, "", ""));
    g_assert_false(is_taken("a=1 ", 50001, "", WRONG "it is too long"));
    g_assert_true(is_taken("a{", 15, "}", ""));
    g_assert_false(is_taken("a{", 16, "}", WRONG "it is too deep or too long"));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lvm2-text/read", test_read);
    g_test_add_func("/lvm2-text/nul", test_nul);
    g_test_add_func("/lvm2-text/bounds", test_bounds);
    return g_test_run();
}
