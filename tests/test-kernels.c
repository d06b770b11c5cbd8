/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernels from the rpm database, /boot and the boot menu, merged. */
#include "inspect/kernels.h"

#include <string.h>

static void
test_names(void)
{
    static const char *const kernels[] = { "kernel", "kernel-smp", "kernel-PAE", "kernel-xen", "kernel-uek" };
    static const char *const others[] = { "kernel-devel", "kernel-", "kernelx", "kernel-smp-devel", "", "kmod-xenpv" };
    for (guint i = 0; i < G_N_ELEMENTS(kernels); i++)
        g_assert_true(xpv_kernels_is_bootable(kernels[i]));
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(xpv_kernels_is_bootable(others[i]));
    g_assert_true(xpv_kernels_is_driver("kmod-xenpv") && xpv_kernels_is_driver("kmod-xenpv-PAE"));
    g_assert_false(xpv_kernels_is_driver("kmod-xenpvx") || xpv_kernels_is_driver("kmod-gfs"));
}

static void
test_architecture(void)
{
    g_assert_cmpstr(xpv_kernels_architecture("CONFIG_X86=y\nCONFIG_MK7=y\n"), ==, "athlon");
    g_assert_cmpstr(xpv_kernels_architecture("CONFIG_M686=y"), ==, "i686");
    g_assert_cmpstr(xpv_kernels_architecture("CONFIG_IA64=y\r\n"), ==, "ia64");
    g_assert_cmpstr(xpv_kernels_architecture("# CONFIG_MK7=y\nCONFIG_MK7=yes\nCONFIG_MPSC=y\n"), ==, "");
    g_assert_cmpstr(xpv_kernels_architecture(""), ==, "");
}

/* @packages: "NAME VERSION RELEASE ARCH", separated by commas; @images: separated by blanks
 * Returns: "PACKAGE=RELEASE" of each kernel, with * before one that starts by default and - before one that is not in
 * the menu; then the default kernel and errors */
static char *
merge(const char *packages, const char *images, const char *menu_text)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_rpm_package_free);
    g_autoptr(GPtrArray) releases = g_ptr_array_new();
    g_autoptr(XpvMenu) menu = menu_text ? xpv_menu_read_grub(menu_text) : NULL;
    g_auto(GStrv) lines = g_strsplit(packages, ",", -1), names = g_strsplit(images, " ", -1);
    for (guint i = 0; lines[i]; i++) {
        g_autofree char **words = g_strsplit(lines[i], " ", 4);
        XpvRpmPackage *package = g_new(XpvRpmPackage, 1);
        *package = (XpvRpmPackage){ words[0], words[1], words[2], words[3], i + 1 };
        g_ptr_array_add(list, package);
    }
    for (guint i = 0; names[i]; i++)
        g_ptr_array_add(releases, names[i]);
    xpv_kernels_merge(inspection, list, releases, menu);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        g_string_append_printf(text, "%s%s%s=%s ", kernel->is_default ? "*" : "", kernel->in_grub ? "" : "-",
                               kernel->package, kernel->release);
    }
    g_string_append(text, inspection->default_kernel);
    for (guint i = 0; i < inspection->errors->len; i++)
        g_string_append_printf(text, "; %s", (const char *)inspection->errors->pdata[i]);
    return g_string_free(text, FALSE);
}

#define SMP "kernel-smp 2.4.21 50.EL i686"
#define UP "kernel 2.4.21 50.EL i686"
#define MENU "title a\nkernel /vmlinuz-2.4.21-50.ELsmp\ntitle b\nkernel /vmlinuz-2.4.21-50.EL\n"
#define BOTH "2.4.21-50.EL 2.4.21-50.ELsmp"

static void
test_merge(void)
{
    static const struct {
        const char *packages, *images, *menu, *expected;
    } cases[] = {
        { UP "," SMP, BOTH, MENU,
          "*kernel-smp-2.4.21-50.EL.i686=2.4.21-50.ELsmp kernel-2.4.21-50.EL.i686=2.4.21-50.EL "
          "kernel-smp-2.4.21-50.EL.i686" },
        { UP "," SMP, BOTH, "default=1\n" MENU,
          "kernel-smp-2.4.21-50.EL.i686=2.4.21-50.ELsmp *kernel-2.4.21-50.EL.i686=2.4.21-50.EL "
          "kernel-2.4.21-50.EL.i686" },
        /* Without a menu, kernels keep the order of their installation. */
        { UP "," SMP, "", NULL,
          "-kernel-2.4.21-50.EL.i686=2.4.21-50.EL -kernel-smp-2.4.21-50.EL.i686=2.4.21-50.ELsmp " },
        /* Without a database. */
        { "", BOTH, MENU, "*=2.4.21-50.ELsmp =2.4.21-50.EL 2.4.21-50.ELsmp" },
        /* Two packages have the same vmlinuz. */
        { UP ",kernel 2.4.21 50.EL athlon", BOTH, "title a\nkernel /vmlinuz-2.4.21-50.EL\n",
          "*kernel-2.4.21-50.EL.i686=2.4.21-50.EL *kernel-2.4.21-50.EL.athlon=2.4.21-50.EL -=2.4.21-50.ELsmp "
          "2.4.21-50.EL" },
        { "", BOTH, "title a\nkernel /vmlinuz-2.4.21-40.EL\n",
          "-=2.4.21-50.EL -=2.4.21-50.ELsmp 2.4.21-40.EL; 2.4.21-40.EL, which the boot loader starts, is not "
          "installed" },
        { "", "1", "title Windows\nchainloader +1\n", "-=1 " },
        /* The releases that uname -r prints for RHEL 6's kernels, and for other vendors' kernels for RHEL 5. */
        { "kernel 2.6.32 358.el6 x86_64,kernel-debug 2.6.32 358.el6 x86_64", "2.6.32-358.el6.x86_64.debug", NULL,
          "-kernel-2.6.32-358.el6.x86_64=2.6.32-358.el6.x86_64 "
          "-kernel-debug-2.6.32-358.el6.x86_64=2.6.32-358.el6.x86_64.debug " },
        { "kernel-uek 2.6.32 400.el5uek x86_64,kernel-xen 2.6.18 53.el5 i686", "", NULL,
          "-kernel-uek-2.6.32-400.el5uek.x86_64=2.6.32-400.el5uek -kernel-xen-2.6.18-53.el5.i686=2.6.18-53.el5xen " },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = merge(cases[i].packages, cases[i].images, cases[i].menu);
        g_assert_cmpstr(got, ==, cases[i].expected);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernels/names", test_names);
    g_test_add_func("/kernels/architecture", test_architecture);
    g_test_add_func("/kernels/merge", test_merge);
    return g_test_run();
}
