/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of boot loaders' files, and the one that starts. */
#include "inspect/menu.h"

#include "tests/expect.h"

/* Returns: the entries, with * before the one that starts: "*2.6.9-89.EL@LABEL=/ 2.6.9-89.ELsmp@" */
static char *
describe(const XpvMenu *menu)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < menu->entries->len; i++) {
        const XpvMenuEntry *entry = menu->entries->pdata[i];
        g_autofree char *release = xpv_menu_release(entry->kernel);
        g_string_append_printf(text, "%s%s%s@%s", i > 0 ? " " : "", i == menu->chosen ? "*" : "",
                               release ? release : "-", entry->root);
    }
    return g_string_free(text, FALSE);
}

#define TWO "title a\n\tkernel /vmlinuz-1 ro root=LABEL=/\ntitle b\n\tkernel /boot/vmlinuz-2 ro\n"

static void
test_grub(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "", "" },
        { "default=0\n", "" },
        { TWO, "*1@LABEL=/ 2@" },
        { "default=1\n" TWO, "1@LABEL=/ *2@" },
        { "default 1\n" TWO, "1@LABEL=/ *2@" },
        { "  default \t= 1\r\n" TWO, "1@LABEL=/ *2@" },
        { "#default=1\n" TWO, "*1@LABEL=/ 2@" },
        /* GRUB 0.97 takes the first entry if the number is out of range or not a number. */
        { "default=2\n" TWO, "*1@LABEL=/ 2@" },
        { "default=-1\n" TWO, "*1@LABEL=/ 2@" },
        { "default=x\n" TWO, "*1@LABEL=/ 2@" },
        { "default=99999999999999999999\n" TWO, "*1@LABEL=/ 2@" },
        { "default=4294967297\n" TWO, "*1@LABEL=/ 2@" },
        { "fallback=1\ndefault=7\n" TWO, "*1@LABEL=/ 2@" },
        /* Within an entry, these have no effect. */
        { "title a\nkernel /vmlinuz-1\ndefault=1\ntitle b\n", "*1@ -@" },
        { "defaults=1\nkernel /vmlinuz-0\n" TWO, "*1@LABEL=/ 2@" },
        { "title a\nkernel --no-mem-option (hd0,0)/vmlinuz-1 root=/dev/hda2\n", "*1@/dev/hda2" },
        { "title=a\nkernel=/vmlinuz-1\n", "*1@" },
        { "title Windows\nrootnoverify (hd0,1)\nchainloader +1\n", "*-@" },
        { "title a\nkernel /xen.gz-2.6.18-53.el5\nmodule /vmlinuz-2.6.18-53.el5xen root=x\nmodule /initrd\n",
          "*2.6.18-53.el5xen@x" },
        { "title a\nkernel /vmlinuz-1\nmodule /vmlinuz-2\n", "*1@" },
        { "title a\nkernel /bzImage\n", "*-@" },
        { "title a\nkernel /vmlinuz-\n", "*-@" },
        { "title a\nkernel\n", "*-@" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvMenu) menu = xpv_menu_read_grub(cases[i].text);
        g_autofree char *got = describe(menu);
        expect(cases[i].text, got, cases[i].expected);
    }
}

static void
test_saved(void)
{
    static const struct {
        const char *saved, *expected;
    } cases[] = {
        { "1\n#\n#\n", "1@LABEL=/ *2@" },
        { "0", "*1@LABEL=/ 2@" },
        { "", "*1@LABEL=/ 2@" },
        { "9", "*1@LABEL=/ 2@" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvMenu) menu = xpv_menu_read_grub("default=saved\n" TWO);
        g_assert_true(menu->is_saved);
        xpv_menu_choose(menu, cases[i].saved);
        g_autofree char *got = describe(menu);
        expect(cases[i].saved, got, cases[i].expected);
    }
}

static void
test_elilo(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "", "" },
        { "prompt\ndefault=two\nimage=vmlinuz-1\n\tlabel=one\n\troot=/dev/sda3\nimage=vmlinuz-2\n\tlabel = \"two\"\n",
          "1@/dev/sda3 *2@" },
        { "image=vmlinuz-1\nlabel=one\nimage=vmlinuz-2\nlabel=two\n", "*1@ 2@" },
        { "default=none\nimage=vmlinuz-1\nlabel=one\n", "*1@" },
        { "label=a\nroot=b\nimages=c\n", "" },
        { "default=\"\nimage=vmlinuz-1\nlabel=one\n", "*1@" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvMenu) menu = xpv_menu_read_elilo(cases[i].text);
        g_autofree char *got = describe(menu);
        expect(cases[i].text, got, cases[i].expected);
    }
}

static void
test_bounds(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 1000; i++)
        g_string_append(text, "title a\nimage=a\n");
    g_string_append(text, "default=7\n");
    g_autoptr(XpvMenu) grub = xpv_menu_read_grub(text->str);
    g_autoptr(XpvMenu) elilo = xpv_menu_read_elilo(text->str);
    g_assert_cmpuint(grub->entries->len, ==, XPV_MENU_ENTRIES_MAX);
    g_assert_cmpuint(elilo->entries->len, ==, XPV_MENU_ENTRIES_MAX);
    g_assert_cmpuint(grub->chosen, ==, 0); /* nothing is read after the last entry */

    g_autofree char *path = g_strnfill(1000, 'x');
    g_autofree char *line = g_strconcat("title a\nkernel ", path, NULL);
    g_autoptr(XpvMenu) menu = xpv_menu_read_grub(line);
    g_assert_cmpuint(strlen(((const XpvMenuEntry *)menu->entries->pdata[0])->kernel), ==, 256);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/menu/grub", test_grub);
    g_test_add_func("/menu/saved", test_saved);
    g_test_add_func("/menu/elilo", test_elilo);
    g_test_add_func("/menu/bounds", test_bounds);
    return g_test_run();
}
