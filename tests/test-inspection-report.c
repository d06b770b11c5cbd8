/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report that an inspection gives, and how it narrows another report. */
#include "common/inspection-report.h"

#include "common/judge.h"

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
    g_autofree char *report = xpv_inspection_report(inspection);
    g_assert_cmpstr(report, ==, expected);
}

static void
test_report(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    expect_report(inspection, NULL);
    add(inspection, "kernel-2.6.9-89.EL.i686", "2.6.9-89.EL", "i686");
    XpvInspectionKernel *second = add(inspection, "kernel-smp-2.6.9-89.EL.i686", "2.6.9-89.ELsmp", "i686");
    expect_report(inspection, "kernel-2.6.9-89.EL.i686\nkernel-smp-2.6.9-89.EL.i686"); /* either may start */
    g_free(inspection->default_kernel);
    inspection->default_kernel = g_strdup("2.6.9-42.EL");
    expect_report(inspection, "2.6.9-42.EL"); /* it is not installed */
    second->is_default = TRUE;
    expect_report(inspection, "kernel-smp-2.6.9-89.EL.i686");
}

/* Without an rpm database, a kernel's configuration makes the report exact. */
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

/* The running kernel may be any of these. One that the boot loader does not offer was not booted. */
static void
test_any(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    g_assert_null(xpv_inspection_report_of_any(inspection));
    add(inspection, "kernel-2.6.9-22.EL.i686", "2.6.9-22.EL", "i686");
    g_assert_null(xpv_inspection_report_of_any(inspection));
    add(inspection, "kernel-2.6.9-89.EL.i686", "2.6.9-89.EL", "i686")->in_grub = TRUE;
    XpvInspectionKernel *second = add(inspection, "", "2.6.9-89.ELsmp", "i686");
    second->in_grub = second->is_default = TRUE;
    g_autofree char *report = xpv_inspection_report_of_any(inspection);
    g_assert_cmpstr(report, ==, "kernel-2.6.9-89.EL.i686\nkernel-smp-2.6.9-89.EL.i686");
}

static void
expect_variant(const char *reported, const XpvInspection *inspection, const char *expected)
{
    const XpvHost host = { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 };
    g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_report_free);
    g_autoptr(XpvReport) report = xpv_report_parse(reported, -1);
    g_autofree char *packages = xpv_inspection_packages(inspection);
    if (packages)
        g_ptr_array_add(others, xpv_report_parse(packages, -1));
    const XpvGuest guest = { .id = -1, .virtualization = XPV_VIRTUALIZATION_HVM, .report = report, .others = others };
    g_autoptr(XpvJudgement) judgement = xpv_judge(&host, &guest);
    g_assert_cmpstr(judgement->variant, ==, expected);
}

/* The packages tell which of a release's kernels uname -r means. */
static void
test_packages(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    expect_variant("2.4.21-50.EL", inspection, "");
    add(inspection, "", "2.4.21-50.EL", ""); /* no more than uname says */
    g_assert_null(xpv_inspection_packages(inspection));
    add(inspection, "kernel-smp-2.4.21-50.EL.i686", "2.4.21-50.ELsmp", "i686");
    expect_variant("2.4.21-50.EL", inspection, ""); /* its flavour is another one */
    add(inspection, "kernel-2.4.21-50.EL.ia32e", "2.4.21-50.EL", "ia32e");
    expect_variant("2.4.21-50.EL", inspection, "ia32e");
    expect_variant("2.4.21-50.ELsmp", inspection, "i686-SMP");
    expect_variant("kernel-2.4.21-50.EL.athlon", inspection, "athlon"); /* the disk contradicts: nothing is narrowed */
}

static void
test_packages_by_configuration(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    add(inspection, "", "2.4.21-50.EL", "athlon");
    expect_variant("2.4.21-50.EL", inspection, "athlon");
}

/* A missing driver package is certain only if packages were read and nothing else could have had it. */
static void
test_driver_package(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    add(inspection, "", "2.6.18-53.el5", "i686");
    g_assert_false(xpv_inspection_lacks_driver_package(inspection));
    add(inspection, "kernel-2.6.18-53.el5.i686", "2.6.18-53.el5", "i686");
    g_assert_true(xpv_inspection_lacks_driver_package(inspection));
    xpv_inspection_add_error(inspection, "the rpm database's page 7 is damaged");
    g_assert_false(xpv_inspection_lacks_driver_package(inspection));

    g_autoptr(XpvInspection) with = xpv_inspection_new();
    add(with, "kernel-2.6.18-53.el5.i686", "2.6.18-53.el5", "i686");
    g_ptr_array_add(with->driver_packages, g_strdup("kmod-xenpv-1-1.i686"));
    g_assert_false(xpv_inspection_lacks_driver_package(with));
}

/* If there are too many kernels, none is reported: a part of them would look certain. */
static void
test_too_many(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    for (guint i = 0; i < 128; i++) { /* each has 32 bytes with the newline */
        g_autofree char *package = g_strdup_printf("kernel-2.6.18-%03u.%04u.el5.i686", 100 + i, i);
        add(inspection, package, "", "i686")->in_grub = TRUE;
    }
    g_autofree char *text = xpv_inspection_report_of_any(inspection);
    g_autoptr(XpvReport) report = xpv_report_parse(text, -1);
    guint n = 0;
    xpv_report_kernels(report, &n);
    g_assert_cmpuint(n, ==, 128);
    add(inspection, "kernel-2.6.18-8.el5.i686", "", "i686")->in_grub = TRUE;
    g_assert_null(xpv_inspection_report_of_any(inspection));
    g_assert_null(xpv_inspection_packages(inspection));
    g_assert_null(xpv_inspection_report(inspection));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inspection-report/default", test_report);
    g_test_add_func("/inspection-report/configuration", test_configuration);
    g_test_add_func("/inspection-report/any", test_any);
    g_test_add_func("/inspection-report/packages", test_packages);
    g_test_add_func("/inspection-report/packages-by-configuration", test_packages_by_configuration);
    g_test_add_func("/inspection-report/too-many", test_too_many);
    g_test_add_func("/inspection-report/driver-package", test_driver_package);
    return g_test_run();
}
