/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict about an inspection, and how it is printed. */
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

static void
test_driver_package(void)
{
    static const char missing[] = "Warning:         the guest has no kmod-xenpv package, which its drivers come from\n";
    const XpvHost host = { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 };
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    add(inspection, "kernel-2.6.18-53.el5.i686", "2.6.18-53.el5", "i686");
    g_autofree char *without = xpv_verdict_text(inspection, &host, XPV_VIRTUALIZATION_HVM);
    g_assert_true(strstr(without, missing));
    g_ptr_array_add(inspection->driver_packages, g_strdup("kmod-xenpv-1-1.i686"));
    g_autofree char *with = xpv_verdict_text(inspection, &host, XPV_VIRTUALIZATION_HVM);
    g_assert_false(strstr(with, missing));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/text", test_text);
    g_test_add_func("/verdict/kernels", test_kernels);
    g_test_add_func("/verdict/driver-package", test_driver_package);
    return g_test_run();
}
