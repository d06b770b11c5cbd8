/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables with aligned columns. */
#include "ctl/style.h"
#include "ctl/table.h"
#include "tests/expect.h"

static const XpvCtlColumn columns[] = {
    { "NAME", 0, 0 },
    { "KERNEL", 8, 1 },
    { "WHY", 6, 2 },
};

static XpvCtlTable *
table_new(void)
{
    XpvCtlTable *table = xpv_ctl_table_new(columns, G_N_ELEMENTS(columns));
    static const char *const cells[] = {
        "web1",
        "2.6.18-53.el5",
        "needs another host", /* 13 and 18 columns */
        "日本語",
        "",
        "",
    };
    for (guint i = 0; i < G_N_ELEMENTS(cells); i++)
        xpv_ctl_table_add(table, g_strdup(cells[i]), i == 0 ? XPV_CTL_STYLE_BAD : XPV_CTL_STYLE_NONE);
    return table;
}

static void
expect_table(guint width, gboolean colour, const char *expected)
{
    g_autoptr(XpvCtlTable) table = table_new();
    g_autofree char *got = xpv_ctl_table_render(table, &(XpvCtlOutput){ .width = width, .colour = colour });
    g_autofree char *input = g_strdup_printf("%u columns", width);
    expect(input, got, expected);
}

static void
test_alignment(void)
{
    const char *whole = "NAME    KERNEL         WHY\n"
                        "web1    2.6.18-53.el5  needs another host\n"
                        "日本語  -\n";
    expect_table(0, FALSE, whole);
    expect_table(41, FALSE, whole);
    expect_table(200, FALSE, whole);
}

static void
test_cut(void)
{
    expect_table(40, FALSE,
                 "NAME    KERNEL         WHY\n"
                 "web1    2.6.18-53.el5  needs another ho…\n"
                 "日本語  -\n");
    expect_table(30, FALSE, /* both are equally wide: the last one is cut first */
                 "NAME    KERNEL      WHY\n"
                 "web1    2.6.18-53…  needs ano…\n"
                 "日本語  -\n");
    expect_table(24, FALSE, /* all are cut to their minimum */
                 "NAME    KERNEL    WHY\n"
                 "web1    2.6.18-…  needs…\n"
                 "日本語  -\n");
    expect_table(23, FALSE, /* below the minimum, columns are left out, and the others get their room */
                 "NAME    WHY\n"
                 "web1    needs another …\n"
                 "日本語\n");
    expect_table(13, FALSE,
                 "NAME\n"
                 "web1\n"
                 "日本語\n");
    expect_table(1, FALSE, /* the first column is never cut: the terminal breaks its lines */
                 "NAME\n"
                 "web1\n"
                 "日本語\n");
}

/* Each row is rendered once. Later rows align with the earlier ones, or widen the columns. */
static void
test_later_rows(void)
{
    g_autoptr(XpvCtlTable) table = table_new();
    g_free(xpv_ctl_table_render(table, &(XpvCtlOutput){ 0 }));
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        xpv_ctl_table_add(table, g_strdup("x"), XPV_CTL_STYLE_NONE);
    g_autofree char *second = xpv_ctl_table_render(table, &(XpvCtlOutput){ 0 });
    expect("second", second, "x       x              x\n");
    g_autofree char *none = xpv_ctl_table_render(table, &(XpvCtlOutput){ 0 });
    expect("none", none, "");
    xpv_ctl_table_add(table, g_strdup("日本語サーバー"), XPV_CTL_STYLE_NONE);
    xpv_ctl_table_add(table, g_strdup("x"), XPV_CTL_STYLE_NONE);
    xpv_ctl_table_add(table, g_strdup("x"), XPV_CTL_STYLE_NONE);
    g_autofree char *wider = xpv_ctl_table_render(table, &(XpvCtlOutput){ 0 });
    expect("wider", wider, "日本語サーバー  x              x\n");
}

static void
test_colour(void)
{
    expect_table(0, TRUE,
                 "\033[1mNAME\033[0m    \033[1mKERNEL\033[0m         \033[1mWHY\033[0m\n"
                 "\033[1;31mweb1\033[0m    2.6.18-53.el5  needs another host\n"
                 "日本語  -\n");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/table/alignment", test_alignment);
    g_test_add_func("/ctl/table/cut", test_cut);
    g_test_add_func("/ctl/table/later-rows", test_later_rows);
    g_test_add_func("/ctl/table/colour", test_colour);
    return g_test_run();
}
