/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/verdict.h"

#include "common/inspection-report.h"
#include "common/judge.h"
#include "common/phrases.h"

#define COLUMN 17

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
    g_autofree char *kernels = xpv_inspection_report(inspection);
    g_autoptr(XpvReport) report = kernels ? xpv_report_parse(kernels, -1) : NULL;
    g_auto(XpvSystem) system = xpv_system_from_name("The guest's disk", inspection->distribution, inspection->release);
    if (!report && system.kind != XPV_SYSTEM_OTHER)
        return;
    const XpvGuest guest = {
        .id = -1,
        .virtualization = virtualization,
        .report = report,
        .has_no_driver_package = xpv_inspection_lacks_driver_package(inspection),
        .system = system,
    };
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
