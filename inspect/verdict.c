/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/verdict.h"

#include "common/guide.h"
#include "common/judge.h"
#include "common/phrases.h"

#define COLUMN 17

/* A kernel of RHEL 3, 4 or 5 without a package, whose architecture is known by its configuration, named as its package
 * is: in a report of uname's, “i686” may be an athlon kernel's. */
static char *
name_kernel(const XpvInspectionKernel *kernel)
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

static gboolean
has_default(const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        if (kernel->is_default)
            return TRUE;
    }
    return FALSE;
}

XpvReport *
xpv_verdict_report(const XpvInspection *inspection)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    gboolean takes_all = *inspection->default_kernel == '\0';
    if (!takes_all && !has_default(inspection))
        return xpv_report_parse(inspection->default_kernel, -1);
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        if (!takes_all && !kernel->is_default)
            continue;
        g_autofree char *name = *kernel->package != '\0' ? g_strdup(kernel->package) : name_kernel(kernel);
        g_string_append_printf(lines, "%s\n", name);
    }
    return xpv_report_parse(lines->str, -1);
}

static void
append_line(GString *text, const char *label, const char *value)
{
    if (*value != '\0')
        g_string_append_printf(text, "%s:%*s%s\n", label, (int)MAX(COLUMN - 1 - (int)strlen(label), 1), "", value);
}

static void
append_lines(GString *text, const char *label, const GPtrArray *values)
{
    for (guint i = 0; i < values->len; i++)
        append_line(text, label, values->pdata[i]);
}

static void
append_disks(GString *text, const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->disks->len; i++) {
        const XpvInspectionDisk *disk = inspection->disks->pdata[i];
        g_autofree char *value = *disk->error == '\0'
                                     ? g_strconcat(disk->source, disk->boot ? " (has /boot)" : "", NULL)
                                     : g_strdup_printf("%s (cannot be opened: %s)", disk->source, disk->error);
        append_line(text, "Disk", value);
    }
}

static gboolean
has_menu(const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        if (kernel->in_grub)
            return TRUE;
    }
    return FALSE;
}

static void
append_kernels(GString *text, const XpvInspection *inspection)
{
    if (inspection->kernels->len == 0)
        append_line(text, "Kernel", "no kernel was found");
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        const char *mark = kernel->is_default                         ? " (starts by default)"
                           : kernel->in_grub || !has_menu(inspection) ? ""
                                                                      : " (not in the boot menu)";
        g_autofree char *value =
            *kernel->package != '\0'
                ? g_strconcat(kernel->package, mark, NULL)
                : g_strconcat(kernel->release, *kernel->architecture ? " " : "", kernel->architecture, mark, NULL);
        append_line(text, "Kernel", value);
    }
}

static void
append_verdict(GString *text, const XpvInspection *inspection, const XpvHost *host, XpvVirtualization virtualization)
{
    g_autoptr(XpvReport) report = xpv_verdict_report(inspection);
    g_auto(XpvSystem) system = xpv_system_from_name("The guest's disk", inspection->distribution, inspection->release);
    if (!report && system.kind != XPV_SYSTEM_OTHER)
        return;
    const XpvGuest guest = { .id = -1, .virtualization = virtualization, .report = report, .system = system };
    g_autoptr(XpvJudgement) judgement = xpv_judge(host, &guest);
    append_line(text, "Verdict", xpv_verdict_to_word(judgement->verdict));
    append_line(text, "Explanation", judgement->explanation);
    append_line(text, "Remedy", judgement->remedy);
    for (XpvWarning i = 0; i < XPV_WARNING_MAX; i++) {
        if (judgement->warnings & XPV_BIT(i))
            append_line(text, "Warning", xpv_warning_phrase(i));
    }
}

char *
xpv_verdict_text(const XpvInspection *inspection, const XpvHost *host, XpvVirtualization virtualization)
{
    GString *text = g_string_new(NULL);
    g_autofree char *system = g_strjoin(" ", inspection->distribution, inspection->release, NULL);
    append_disks(text, inspection);
    append_line(text, "System", g_strchomp(system));
    append_kernels(text, inspection);
    append_verdict(text, inspection, host, virtualization);
    append_lines(text, "Driver package", inspection->driver_packages);
    append_lines(text, "Driver alias", inspection->driver_aliases);
    if (inspection->needs_recovery)
        append_line(text, "Note", "a file system is in use, so the last seconds may be missing");
    append_lines(text, "Not read", inspection->errors);
    return g_string_free(text, FALSE);
}
