/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/inspection-report.h"

#include "common/guide.h"
#include "common/report.h"

/* A kernel of RHEL 3, 4 or 5 that belongs to no package, but whose configuration names its architecture, is reported by
 * the name of its package: in the output of uname, “i686” may also mean an athlon kernel. */
static char *
name_by_release(const XpvInspectionKernel *kernel)
{
    g_autoptr(XpvReport) report = xpv_report_parse(kernel->release, -1);
    guint n = 0;
    const XpvKernel *meant = report ? xpv_report_kernels(report, &n) : NULL;
    if (n == 0 || !xpv_kernel_is_covered(meant) || *meant->release == '\0' || *kernel->architecture == '\0')
        return g_strdup(kernel->release);
    const char *flavour = xpv_flavour_to_word(meant->flavour);
    return g_strdup_printf("kernel%s%s-%s-%s.%s", *flavour ? "-" : "", flavour, xpv_guide_rhel(meant->major)->version,
                           meant->release, kernel->architecture);
}

/* Returns: (nullable) */
static char *
report_kernels(const XpvInspection *inspection, gboolean (*is_wanted)(const XpvInspectionKernel *kernel))
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        if (!is_wanted(kernel))
            continue;
        g_autofree char *name = *kernel->package != '\0' ? g_strdup(kernel->package) : name_by_release(kernel);
        g_string_append_printf(lines, "%s%s", lines->len > 0 ? "\n" : "", name);
    }
    return lines->len > 0 && lines->len <= XPV_REPORT_MAX ? g_strdup(lines->str) : NULL;
}

static gboolean
is_any(const XpvInspectionKernel *kernel)
{
    return TRUE;
}

static gboolean
is_default(const XpvInspectionKernel *kernel)
{
    return kernel->is_default;
}

static gboolean
is_in_grub(const XpvInspectionKernel *kernel)
{
    return kernel->in_grub;
}

static gboolean
has_architecture(const XpvInspectionKernel *kernel)
{
    return *kernel->package != '\0' || *kernel->architecture != '\0';
}

char *
xpv_inspection_report(const XpvInspection *inspection)
{
    if (*inspection->default_kernel == '\0')
        return report_kernels(inspection, is_any);
    char *report = report_kernels(inspection, is_default);
    return report ? report : g_strdup(inspection->default_kernel);
}

char *
xpv_inspection_report_of_any(const XpvInspection *inspection)
{
    return report_kernels(inspection, is_in_grub);
}

char *
xpv_inspection_packages(const XpvInspection *inspection)
{
    return report_kernels(inspection, has_architecture);
}

/* If something could not be read, the package may be there. */
gboolean
xpv_inspection_lacks_driver_package(const XpvInspection *inspection)
{
    return xpv_inspection_has_packages(inspection) && inspection->driver_packages->len == 0 &&
           inspection->errors->len == 0;
}
