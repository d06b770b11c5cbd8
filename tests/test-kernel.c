/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of words, and the kernels that they name. test-report.c tests the names themselves. */
#include "common/kernel.h"
#include "tests/expect.h"

/* "image 2: 5.2 - 92.1.17.el5 i686 exact": the kind, the number of words, and the kernel; "-" for no flavour or
 * architecture. */
static char *
describe(const char *line)
{
    static const char *const kinds[] = { "other", "image", "no-image" };
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    XpvKernel kernel;
    guint n;
    XpvKernelKind kind = xpv_kernel_parse((const char *const *)words, &kernel, &n);
    if (kind != XPV_KERNEL_KIND_IMAGE || !xpv_kernel_is_covered(&kernel))
        return g_strdup_printf("%s %u", kinds[kind], n);
    const char *flavour = xpv_flavour_to_word(kernel.flavour), *arch = xpv_arch_to_word(kernel.arch);
    return g_strdup_printf("image %u: %u.%d %s %s %s%s", n, kernel.major, kernel.update, *flavour ? flavour : "-",
                           kernel.release, *arch ? arch : "-", kernel.is_exact ? " exact" : "");
}

static void
test_parse(void)
{
    static const struct {
        const char *words, *kernel;
    } cases[] = {
        { "kernel-smp-2.4.21-50.EL.i686 i686", "image 1: 3.9 smp 50.EL i686 exact" },
        { "kernel-smp-2.4.21-50.EL", "image 1: 3.9 smp 50.EL -" },
        { "kernel.i686 0:2.6.18-92.1.17.el5 x", "image 2: 5.2 - 92.1.17.el5 i686 exact" },
        { "2.6.18-92.1.17.el5PAE x", "image 1: 5.2 PAE 92.1.17.el5 -" },
        { "2.6.18-92.1.17.el5.x86_64", "image 1: 5.2 - 92.1.17.el5 x86_64" },
        { "2.4.21-50.EL.athlon", "image 1: 3.9 - 50.EL athlon exact" },
        { "2.4.21-50.EL.ia32e", "image 1: 3.9 - 50.EL ia32e exact" },
        { "/boot/vmlinuz-2.6.9-67.ELsmp", "image 1: 4.6 smp 67.EL -" },
        { "6.1.0-18-amd64 x86_64", "image 1" },
        { "kernel-2.6.32-71.el6.x86_64", "image 1" },
        { "kernel-devel-2.6.18-8.el5.i686 kernel-2.6.18-8.el5.i686", "no-image 1" },
        { "kernel-devel.i686 0:2.6.18-8.el5 kernel-2.6.18-8.el5.i686", "no-image 2" },
        { "kernel-doc.noarch 2.6.18-8.el5 installed", "no-image 2" },
        { "kernel-2.6.18-8.el5.src.rpm", "no-image 1" },
        { "kernel-based 2.6.18-8.el5", "other 1" },
        { "kernel-2.4.21-50.EL.i686kernel-smp-2.4.21-50.EL.i686", "other 1" },
        { "glibc.i686 2.6.18-8.el5", "other 1" },
        { "kernel.sparc 2.6.18-8.el5", "other 1" },
        { "-", "other 1" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = describe(cases[i].words);
        expect(cases[i].words, got, cases[i].kernel);
    }
}

static void
test_parse_release(void)
{
    XpvKernel kernel;
    g_assert_true(xpv_kernel_parse_release("2.6.18-53.el5PAE", &kernel));
    g_assert_cmpuint(kernel.major, ==, 5);
    g_assert_true(kernel.flavour == XPV_FLAVOUR_PAE);
    g_assert_true(xpv_kernel_parse_release("6.1.0", &kernel));
    g_assert_false(xpv_kernel_is_covered(&kernel));
    g_assert_false(xpv_kernel_parse_release("kernel-2.6.18-53.el5.i686", &kernel));
    g_assert_false(xpv_kernel_parse_release("vmlinuz-2.6.18-53.el5", &kernel));
    g_assert_false(xpv_kernel_parse_release("version", &kernel));
    g_assert_false(xpv_kernel_parse_release("", &kernel));
}

static void
test_parse_arch(void)
{
    XpvArch arch;
    for (XpvArch known = XPV_ARCH_ATHLON; known < XPV_ARCH_MAX; known++) {
        g_assert_true(xpv_kernel_parse_arch(xpv_arch_to_word(known), &arch));
        g_assert_true(arch == known);
    }
    g_assert_true(xpv_kernel_parse_arch("i32e", &arch) && arch == XPV_ARCH_IA32E);
    g_assert_true(xpv_kernel_parse_arch("amd64", &arch) && arch == XPV_ARCH_X86_64);
    g_assert_true(xpv_kernel_parse_arch("i486", &arch) && arch == XPV_ARCH_I386);
    g_assert_false(xpv_kernel_parse_arch("", &arch));
    g_assert_false(xpv_kernel_parse_arch("i6868", &arch));
    g_assert_false(xpv_kernel_parse_arch("x86", &arch));
}

static void
test_is_same(void)
{
    static const XpvKernel kernel = { 5, 1, XPV_FLAVOUR_PAE, XPV_ARCH_I686, "53.el5", FALSE };
    static const XpvKernel others[] = {
        { 4, 1, XPV_FLAVOUR_PAE, XPV_ARCH_I686, "53.el5", FALSE },
        { 5, 2, XPV_FLAVOUR_PAE, XPV_ARCH_I686, "53.el5", FALSE },
        { 5, 1, XPV_FLAVOUR_NONE, XPV_ARCH_I686, "53.el5", FALSE },
        { 5, 1, XPV_FLAVOUR_PAE, XPV_ARCH_X86_64, "53.el5", FALSE },
        { 5, 1, XPV_FLAVOUR_PAE, XPV_ARCH_I686, "53.1.4.el5", FALSE },
    };
    XpvKernel exact = kernel;
    exact.is_exact = TRUE;
    g_assert_true(xpv_kernel_is_same(&kernel, &exact)); /* how it was named does not matter */
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(xpv_kernel_is_same(&kernel, &others[i]));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel/parse", test_parse);
    g_test_add_func("/kernel/parse-release", test_parse_release);
    g_test_add_func("/kernel/parse-arch", test_parse_arch);
    g_test_add_func("/kernel/is-same", test_is_same);
    return g_test_run();
}
