/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/explain.h"

#include "common/guide.h"
#include "common/text.h"

/* A sentence names at most so many kernels of an ambiguous report. */
#define NAMED_MAX 8

static const char *const processor_names[] = {
    [XPV_PROCESSOR_UNKNOWN] = "unknown",
    [XPV_PROCESSOR_INTEL] = "Intel",
    [XPV_PROCESSOR_AMD] = "AMD",
};

/* Adds a string to a set that keeps its order. @string: (transfer full) */
static void
add_unique(GPtrArray *strings, char *string)
{
    if (g_ptr_array_find_with_equal_func(strings, string, g_str_equal, NULL))
        g_free(string);
    else
        g_ptr_array_add(strings, string);
}

/* "a", "a or b", "a, b or c". */
static char *
join(GPtrArray *strings, const char *conjunction)
{
    GString *text = g_string_new(NULL);
    guint n = MIN(strings->len, NAMED_MAX);
    for (guint i = 0; i < n; i++) {
        if (i > 0)
            g_string_append(text, i + 1 < strings->len ? ", " : conjunction);
        g_string_append(text, strings->pdata[i]);
    }
    if (n < strings->len)
        g_string_append_printf(text, "%sothers", conjunction);
    return g_string_free(text, FALSE);
}

char *
xpv_archs_in_words(guint archs)
{
    const char *const *words = xpv_archs_to_words(archs);
    g_autoptr(GPtrArray) strings = g_ptr_array_new();
    for (guint i = 0; words[i]; i++)
        g_ptr_array_add(strings, (gpointer)words[i]);
    return join(strings, " or ");
}

/* Its name in table 12.1, or one made in the same way: "i686-SMP", "x86_64-xen", "kdump". */
static char *
kernel_label(const XpvKernel *kernel)
{
    const XpvVariant *variant = xpv_guide_variant(kernel->arch, kernel->flavour);
    if (variant)
        return g_strdup(variant->name);
    const char *arch = xpv_arch_to_word(kernel->arch);
    const char *flavour = xpv_flavour_to_word(kernel->flavour);
    return g_strconcat(arch, *arch && *flavour ? "-" : "", flavour, NULL);
}

static guint
kernel_required_archs(const XpvKernel *kernel)
{
    return xpv_guide_required_hosts(xpv_guide_variant(kernel->arch, kernel->flavour), kernel->major);
}

/* "RHEL 3.9 kernel i686-SMP, compiled for Intel," */
static char *
subject(const XpvCandidates *candidates, const XpvJudgement *judgement)
{
    g_autoptr(GPtrArray) releases = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < candidates->n; i++) {
        const XpvKernel *kernel = candidates->kernels[i];
        if (xpv_kernel_is_covered(kernel)) {
            add_unique(releases, g_strdup_printf("%u.%d", kernel->major, MAX(kernel->update, 0)));
            add_unique(labels, kernel_label(kernel));
        }
    }
    g_autofree char *release = join(releases, " or ");
    g_autofree char *label = join(labels, " or ");
    if (judgement->processor == XPV_PROCESSOR_UNKNOWN)
        return g_strdup_printf("RHEL %s kernel %s", release, label);
    return g_strdup_printf("RHEL %s kernel %s, compiled for %s,", release, label,
                           processor_names[judgement->processor]);
}

static gint
compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the kernels need of a host, and where the Guide says so.
 * @but: set of hosts: kernels that run on one of these are left out */
static void
required_hosts(const XpvCandidates *candidates, guint but, char **ret_archs, char **ret_citation)
{
    g_autoptr(GPtrArray) citations = g_ptr_array_new_with_free_func(g_free);
    guint archs = 0;
    for (guint i = 0; i < candidates->n; i++) {
        const XpvKernel *kernel = candidates->kernels[i];
        guint required = kernel_required_archs(kernel);
        if (required && !(required & but)) {
            const XpvVariant *variant = xpv_guide_variant(kernel->arch, kernel->flavour);
            add_unique(citations, g_strdup(xpv_guide_required_hosts_citation(variant, kernel->major)));
            archs |= required;
        }
    }
    g_ptr_array_sort(citations, compare_strings);
    *ret_archs = xpv_archs_in_words(archs);
    *ret_citation = join(citations, " and ");
}

/* For each kernel that is too old, the first supported release. */
static char *
minimum_releases(const XpvCandidates *candidates)
{
    g_autoptr(GPtrArray) releases = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < candidates->n; i++) {
        const XpvKernel *kernel = candidates->kernels[i];
        const XpvRhel *rhel = xpv_guide_rhel(kernel->major);
        if (xpv_guide_is_too_old(rhel, kernel->update))
            add_unique(releases, g_strdup_printf("%u.%u", rhel->major, rhel->minimum_update));
    }
    return join(releases, " or ");
}

static char *
clause_release(const XpvHost *host, const XpvCandidates *candidates)
{
    g_autofree char *releases = minimum_releases(candidates);
    return g_strdup_printf("is older than RHEL %s, the first supported release (section 12.2)", releases);
}

static char *
clause_variant(const XpvHost *host, const XpvCandidates *candidates)
{
    g_autoptr(GPtrArray) majors = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < candidates->n; i++) {
        if (kernel_required_archs(candidates->kernels[i]) == 0)
            add_unique(majors, g_strdup_printf("%u", candidates->kernels[i]->major));
    }
    g_autofree char *releases = join(majors, " or ");
    return g_strdup_printf("is not supported for RHEL %s (table 12.1)", releases);
}

static char *
clause_architecture(const XpvHost *host, const XpvCandidates *candidates)
{
    g_autofree char *archs = NULL;
    g_autofree char *citation = NULL;
    required_hosts(candidates, XPV_BIT(host->architecture), &archs, &citation);
    return g_strdup_printf("needs an %s host kernel; this host runs %s (%s)", archs,
                           xpv_arch_to_word(host->architecture), citation);
}

static char *
clause_processor(const XpvHost *host, const XpvCandidates *candidates)
{
    return g_strdup_printf("does not fit this host's %s processor (table 12.1)", processor_names[host->processor]);
}

static char *
clause_host_release(const XpvHost *host, const XpvCandidates *candidates)
{
    return g_strdup_printf("needs a host of RHEL %d.%d or newer; this host runs %d.%d (section 12.2)",
                           XPV_GUIDE_HOST_MAJOR, XPV_GUIDE_HOST_MINIMUM_UPDATE, XPV_GUIDE_HOST_MAJOR, host->update);
}

/* The rest of the sentence after its subject, one clause for each reason. */
static char *(*const clauses[XPV_REASON_MAX])(const XpvHost *, const XpvCandidates *) = {
    [XPV_REASON_GUEST_RELEASE_UNSUPPORTED] = clause_release,
    [XPV_REASON_KERNEL_VARIANT_UNSUPPORTED] = clause_variant,
    [XPV_REASON_HOST_ARCHITECTURE_MISMATCH] = clause_architecture,
    [XPV_REASON_PROCESSOR_MISMATCH] = clause_processor,
    [XPV_REASON_HOST_RELEASE_UNSUPPORTED] = clause_host_release,
};

static char *
explain_incompatible(const XpvHost *host, const XpvCandidates *candidates, const XpvJudgement *judgement)
{
    g_autofree char *who = subject(candidates, judgement);
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
    for (guint reason = 0; reason < G_N_ELEMENTS(clauses); reason++) {
        if (clauses[reason] && (judgement->reasons & XPV_BIT(reason)))
            g_ptr_array_add(parts, clauses[reason](host, candidates));
    }
    g_autofree char *why = join(parts, candidates->reasons_differ ? ", or " : ", and ");
    gboolean are_active = (judgement->warnings & XPV_BIT(XPV_WARNING_DRIVERS_ACTIVE_UNSUPPORTED)) != 0;
    return g_strdup_printf("%s %s%s%s.", who, candidates->reasons_differ ? "either " : "", why,
                           are_active ? "; nevertheless, its drivers are active" : "");
}

/* Section 12.2 of RHEL 3: "If you fail to install the matching para-virtualized driver package, loading of the
 * xen-pci-platform module will fail." It does not say so of a release that is too old: that is only unsupported. */
const char *
xpv_consequence(const XpvCandidates *candidates, const XpvJudgement *judgement)
{
    const guint mismatches = XPV_BIT(XPV_REASON_KERNEL_VARIANT_UNSUPPORTED) |
                             XPV_BIT(XPV_REASON_HOST_ARCHITECTURE_MISMATCH) | XPV_BIT(XPV_REASON_PROCESSOR_MISMATCH);
    guint reasons = judgement->reasons;
    gboolean is_mismatch = candidates->reasons_differ ? !(reasons & ~mismatches) : (reasons & mismatches) != 0;
    if (judgement->verdict != XPV_VERDICT_INCOMPATIBLE || !is_mismatch ||
        (judgement->warnings & XPV_BIT(XPV_WARNING_DRIVERS_ACTIVE_UNSUPPORTED)))
        return "";
    for (guint i = 0; i < candidates->n; i++) {
        if (candidates->kernels[i]->major != 3)
            return "";
    }
    return "Its drivers will not load without the matching package (section 12.2).";
}

static char *
explain_compatible(const XpvHost *host, const XpvCandidates *candidates, const XpvJudgement *judgement)
{
    g_autofree char *who = subject(candidates, judgement);
    g_autofree char *archs = NULL;
    g_autofree char *citation = NULL;
    required_hosts(candidates, 0, &archs, &citation);
    const char *drivers = judgement->driver_source == XPV_DRIVER_SOURCE_BUILT_IN     ? "; its drivers are built in"
                          : judgement->driver_source == XPV_DRIVER_SOURCE_KMOD_XENPV ? "; its drivers are in kmod-xenpv"
                                                                                     : "";
    return g_strdup_printf("%s is supported on this %s host (table 12.1, %s)%s.", who,
                           xpv_arch_to_word(host->architecture), citation, drivers);
}

/* The report in quotes, cut to a length that fits into a sentence. */
static char *
quote(const XpvReport *report)
{
    g_autofree char *text = xpv_text_clean(xpv_report_text(report), -1, 64);
    gboolean cut = !g_str_equal(text, xpv_report_text(report));
    return g_strdup_printf("“%s%s”", text, cut ? "…" : "");
}

char *
xpv_explain(const XpvHost *host, const XpvGuest *guest, const XpvCandidates *candidates, const XpvJudgement *judgement)
{
    if (judgement->verdict == XPV_VERDICT_COMPATIBLE)
        return explain_compatible(host, candidates, judgement);
    if (judgement->verdict == XPV_VERDICT_INCOMPATIBLE)
        return explain_incompatible(host, candidates, judgement);

    g_autofree char *who = candidates->n > 0 ? subject(candidates, judgement) : NULL;
    g_autofree char *report = guest->report ? quote(guest->report) : NULL;
    switch (g_bit_nth_lsf(judgement->reasons, -1)) {
    case XPV_REASON_CONTROL_DOMAIN:
        return g_strdup("This is the control domain, which serves the drivers of the guests.");
    case XPV_REASON_NOT_XEN:
        return g_strdup_printf("The hypervisor is %s, but the Guide's tables cover only Xen.", host->hypervisor);
    case XPV_REASON_PARAVIRTUALIZED_GUEST:
        return g_strdup("The guest is para-virtualized; only fully virtualized guests need these drivers.");
    case XPV_REASON_GUEST_NOT_COVERED:
        if (!report)
            return g_strdup_printf("%s names the system “%s”, which section 12.2 does not cover.", guest->system.teller,
                                   guest->system.name);
        return g_strdup_printf("The kernel %s does not belong to RHEL 3, 4 or 5, which section 12.2 covers.", report);
    case XPV_REASON_KERNEL_PENDING:
        return g_strdup("The guest has just started and has not reported its kernel yet.");
    case XPV_REASON_KERNEL_NOT_REPORTED:
        return g_strdup("The guest reports no kernel.");
    case XPV_REASON_KERNEL_UNRECOGNIZED:
        return g_strdup_printf("The report %s does not name a kernel.", report);
    case XPV_REASON_KERNEL_AMBIGUOUS:
        return g_strdup_printf("The report fits several kernels with different verdicts: %s (table 12.1).", who);
    default:
        return g_strdup_printf("%s depends on the host kernel's architecture, which is not known (section 12.2).", who);
    }
}
