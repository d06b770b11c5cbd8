/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is judged of an inspection, and how it is told. */
#include "inspect/verdict.h"

#include <string.h>

static XpvInspectionKernel *
add(XpvInspection *inspection, const char *package, const char *release, const char *architecture)
{
    XpvInspectionKernel *kernel = xpv_inspection_kernel_new(package, release, architecture);
    g_ptr_array_add(inspection->kernels, kernel);
    return kernel;
}

static void
expect_report(const XpvInspection *inspection, const char *expected)
{
    g_autoptr(XpvReport) report = xpv_verdict_report(inspection);
    g_assert_cmpstr(report ? xpv_report_text(report) : NULL, ==, expected);
}

static void
test_report(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    expect_report(inspection, NULL);
    add(inspection, "kernel-2.6.9-89.EL.i686", "2.6.9-89.EL", "i686");
    XpvInspectionKernel *second = add(inspection, "kernel-smp-2.6.9-89.EL.i686", "2.6.9-89.ELsmp", "i686");
    expect_report(inspection, "kernel-2.6.9-89.EL.i686 kernel-smp-2.6.9-89.EL.i686"); /* which one starts? */
    g_free(inspection->default_kernel);
    inspection->default_kernel = g_strdup("2.6.9-42.EL");
    expect_report(inspection, "2.6.9-42.EL"); /* it is not installed */
    second->is_default = TRUE;
    expect_report(inspection, "kernel-smp-2.6.9-89.EL.i686");
}

/* Without a database, a kernel's configuration makes it exact. */
static void
test_configuration(void)
{
    static const struct {
        const char *release, *architecture, *expected;
    } cases[] = {
        { "2.4.21-50.ELsmp", "i686", "kernel-smp-2.4.21-50.EL.i686" },
        { "2.4.21-50.EL", "athlon", "kernel-2.4.21-50.EL.athlon" },
        { "2.4.21-50.EL", "", "2.4.21-50.EL" },
        { "6.1.0-18-amd64", "i686", "6.1.0-18-amd64" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvInspection) inspection = xpv_inspection_new();
        add(inspection, "", cases[i].release, cases[i].architecture);
        expect_report(inspection, cases[i].expected);
    }
}

static void
expect_text(const XpvInspection *inspection, const char *expected)
{
    const XpvHost host = { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 };
    g_autofree char *text = xpv_verdict_text(inspection, &host, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpstr(text, ==, expected);
}

static void
test_text(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    expect_text(inspection, "Kernel:          no kernel was found\n");
    xpv_inspection_add_disk(inspection, "a.img", "raw")->boot = TRUE;
    XpvInspectionDisk *missing = xpv_inspection_add_disk(inspection, "b.img", "raw");
    g_free(missing->error);
    missing->error = g_strdup("Permission denied");
    g_free(inspection->distribution);
    inspection->distribution = g_strdup("windows");
    expect_text(inspection, "Disk:            a.img (has /boot)\n"
                            "Disk:            b.img (cannot be opened: Permission denied)\n"
                            "System:          windows\n"
                            "Kernel:          no kernel was found\n"
                            "Verdict:         not-applicable\n"
                            "Explanation:     The guest's disk names the system “windows”, which section 12.2 does not "
                            "cover.\n");
}

static void
test_kernels(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    add(inspection, "", "2.6.18-53.el5", "")->in_grub = TRUE;
    add(inspection, "", "2.6.18-8.el5", "i686");
    inspection->needs_recovery = TRUE;
    xpv_inspection_add_error(inspection, "x");
    g_ptr_array_add(inspection->driver_packages, g_strdup("kmod-xenpv-1-1.i686"));
    const XpvHost host = { "Xen", XPV_ARCH_UNKNOWN, XPV_PROCESSOR_INTEL, 1 };
    g_autofree char *text = xpv_verdict_text(inspection, &host, XPV_VIRTUALIZATION_HVM);
    g_assert_true(strstr(text, "Kernel:          2.6.18-53.el5\n"
                               "Kernel:          2.6.18-8.el5 i686 (not in the boot menu)\n"
                               "Verdict:         unknown\n"));
    g_assert_true(strstr(text, "\nDriver package:  kmod-xenpv-1-1.i686\n"
                               "Note:            a file system is in use, so the last seconds may be missing\n"
                               "Not read:        x\n"));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/report", test_report);
    g_test_add_func("/verdict/configuration", test_configuration);
    g_test_add_func("/verdict/text", test_text);
    g_test_add_func("/verdict/kernels", test_kernels);
    return g_test_run();
}
