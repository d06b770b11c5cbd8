/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of modules.conf that load drivers. */
#include "inspect/modules.h"

#include "tests/expect.h"

static void
test_aliases(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "alias eth0 xen-vnif\r\nalias\tscsi_hostadapter \t xenblk # the disk\n",
          "alias eth0 xen-vnif|alias scsi_hostadapter xenblk" },
        { "alias eth0\nalias eth0 8139cp\n# alias eth0 xen-vnif\noptions xen-vbd xen-vbd\n\n", "" },
        { "alias \xff\x1b[2J xennet", "alias \xef\xbf\xbd[2J xennet" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) aliases = g_ptr_array_new_with_free_func(g_free);
        xpv_modules_aliases(cases[i].text, aliases);
        g_ptr_array_add(aliases, NULL);
        g_autofree char *got = g_strjoinv("|", (char **)aliases->pdata);
        expect(cases[i].text, got, cases[i].expected);
    }
}

static void
test_bounds(void)
{
    g_autoptr(GPtrArray) aliases = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i <= XPV_MODULES_ALIASES_MAX; i++)
        g_string_append(text, "alias eth0 xen-vnif\n");
    xpv_modules_aliases(text->str, aliases);
    g_assert_cmpuint(aliases->len, ==, XPV_MODULES_ALIASES_MAX);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/modules/aliases", test_aliases);
    g_test_add_func("/modules/bounds", test_bounds);
    return g_test_run();
}
