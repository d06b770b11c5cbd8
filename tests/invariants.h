/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Invariants of every report and judgement, whatever a guest wrote. broken_in_…() return NULL, or name the broken
 * invariant. */
#pragma once

#include "common/guide.h"
#include "common/judge.h"
#include "tests/expect.h"

static inline const char *
broken_in_kernel(const XpvKernel *kernel)
{
    if (kernel->flavour >= XPV_FLAVOUR_MAX || kernel->arch >= XPV_ARCH_MAX)
        return "has a known flavour and architecture";
    if (kernel->major == 0)
        return NULL;
    const XpvRhel *rhel = xpv_guide_rhel(kernel->major);
    if (!rhel)
        return "is of a release that the Guide covers";
    if (kernel->update < -1 || kernel->update >= (gint)rhel->n_bases)
        return "is of an update that the Guide covers";
    return is_publishable(kernel->release) ? NULL : "has a clean release";
}

/* @report: (nullable) */
static inline const char *
broken_in_report(const XpvReport *report)
{
    if (!report)
        return NULL;
    const char *text = xpv_report_text(report);
    if (!is_publishable(text) || *text == '\0' || g_utf8_strlen(text, -1) > XPV_TEXT_PUBLISHED_MAX)
        return "is published as clean text";

    guint n;
    const XpvKernel *kernels = xpv_report_kernels(report, &n);
    const char *broken = NULL;
    for (guint i = 0; i < n && !broken; i++)
        broken = broken_in_kernel(&kernels[i]);
    return broken;
}

/* is_sentence: whether a text is one sentence. Ends of sentences in the text that it quotes do not count. */
static inline gboolean
is_sentence(const char *text, const char *quoted)
{
    gsize length = strlen(text);
    return length > 1 && length <= 1024 && text[length - 1] == '.' && (!strstr(text, ". ") || strstr(quoted, ". ")) &&
           is_publishable(text);
}

static inline gboolean
reasons_fit(XpvVerdict verdict, guint reasons)
{
    const guint certain = XPV_BIT(XPV_REASON_MAX) - XPV_BIT(XPV_REASON_GUEST_RELEASE_UNSUPPORTED);
    gboolean is_single = reasons != 0 && (reasons & (reasons - 1)) == 0 && (reasons & certain) == 0;
    switch (verdict) {
    case XPV_VERDICT_COMPATIBLE:
        return reasons == 0;
    case XPV_VERDICT_INCOMPATIBLE:
        return reasons != 0 && (reasons & ~certain) == 0;
    case XPV_VERDICT_UNKNOWN:
        return is_single && reasons >= XPV_BIT(XPV_REASON_KERNEL_PENDING);
    default:
        return is_single && reasons < XPV_BIT(XPV_REASON_KERNEL_PENDING);
    }
}

/* @quoted: text that the guest wrote */
static inline const char *
broken_in_judgement(const XpvJudgement *judgement, const char *quoted)
{
    gboolean is_quiet = judgement->verdict == XPV_VERDICT_NOT_APPLICABLE ||
                        judgement->reasons == XPV_BIT(XPV_REASON_KERNEL_PENDING) ||
                        (judgement->verdict == XPV_VERDICT_COMPATIBLE &&
                         !(judgement->warnings & XPV_BIT(XPV_WARNING_DRIVERS_NOT_ACTIVE)));
    if (!reasons_fit(judgement->verdict, judgement->reasons))
        return "has reasons that fit its verdict";
    if (!is_sentence(judgement->explanation, quoted))
        return "has an explanation of one sentence";
    if (is_quiet ? *judgement->remedy != '\0' : !is_sentence(judgement->remedy, quoted))
        return "has a remedy of one sentence if there is something to do";
    return NULL;
}

/* Returns: the word size in bits; 0: not an x86 processor */
static inline guint
word_size_of(XpvArch arch)
{
    if (arch == XPV_ARCH_X86_64 || arch == XPV_ARCH_IA32E)
        return 64;
    return arch == XPV_ARCH_ATHLON || arch == XPV_ARCH_I386 || arch == XPV_ARCH_I586 || arch == XPV_ARCH_I686 ? 32 : 0;
}

/* Returns: (nullable) the expression's first group, as found in the text */
static inline char *
find_in(const char *text, const char *expression)
{
    g_autoptr(GRegex) regex = g_regex_new(expression, 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    return g_regex_match(regex, text, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

/* Returns: the host after a proposal of the remedy is followed */
static inline XpvHost
follow_to_host(const XpvHost *host, const char *way)
{
    XpvHost there = *host;
    g_autofree char *arch = find_in(way, "un (?:it|the guest) on an ([a-z0-9_]+) ");
    g_autofree char *processor = find_in(way, "with an (Intel|AMD) processor");
    if (strstr(way, "pdate the host to RHEL 5.1") || strstr(way, "host of RHEL 5.1"))
        there.update = 1;
    if (arch)
        g_assert_true(xpv_arch_from_word(arch, &there.architecture));
    if (processor)
        there.processor = *processor == 'I' ? XPV_PROCESSOR_INTEL : XPV_PROCESSOR_AMD;
    return there;
}

/* Returns: the kernel after the proposal is followed: the package that it names, or the guest's own in the release that
 * it names */
static inline char *
follow_to_kernel(const XpvKernel *kernel, const char *way)
{
    static const char *const first[] = { "2.4.21-50.EL", "2.6.9-67.EL", "2.6.18-53.el5" };
    static const char *const versions[] = { "2.4.21", "2.6.9", "2.6.18" };
    char *package = find_in(way, "(kernel-(?!xen-)(?:[A-Za-z]+-)?2[^ ,)]+)");
    if (package)
        return package;
    g_autofree char *flavour = g_strconcat("-", xpv_flavour_to_word(kernel->flavour), NULL);
    g_autofree char *own = g_strconcat(versions[kernel->major - 3], "-", kernel->release, NULL);
    g_autofree char *release = find_in(way, "pdate (?:it|the guest) to (RHEL)");
    return g_strdup_printf("kernel%s-%s.%s", flavour[1] ? flavour : "", release ? first[kernel->major - 3] : own,
                           xpv_arch_to_word(kernel->arch));
}

/* @kernel: (nullable) the only kernel that the guest can have; NULL: there are several */
static inline const char *
broken_in_way(const XpvHost *host, const XpvKernel *kernel, const char *way)
{
    const guint of_the_kernel =
        XPV_BIT(XPV_REASON_HOST_RELEASE_UNSUPPORTED) - XPV_BIT(XPV_REASON_GUEST_RELEASE_UNSUPPORTED);
    XpvHost there = follow_to_host(host, way);
    g_autofree char *xen = find_in(way, "(kernel-xen-[^ ,)]+)");
    g_autofree char *named = find_in(way, "(kernel-(?!xen-)(?:[A-Za-z]+-)?2[^ ,)]+)");
    g_autofree char *name = kernel ? follow_to_kernel(kernel, way) : g_strdup(named);
    if (xen && (host->update != 0 || xpv_host_update_from_kernel(xen) != 1))
        return "names the package that a host needs";
    if (!name)
        return NULL;

    g_autoptr(XpvReport) report = xpv_report_parse(name, -1);
    const XpvGuest guest = { .id = -1, .report = report };
    g_autoptr(XpvJudgement) judgement = xpv_judge(&there, &guest);
    guint n;
    const XpvKernel *found = xpv_report_kernels(report, &n);
    if (judgement->reasons & of_the_kernel)
        return "names a package that fits";
    if (!kernel)
        return NULL;
    gboolean is_other = word_size_of(found[0].arch) != word_size_of(kernel->arch);
    if (n != 1 || is_other != (strstr(way, "einstall ") != NULL))
        return "lets the guest install only packages of its word size";
    if (there.architecture != XPV_ARCH_UNKNOWN && judgement->verdict != XPV_VERDICT_COMPATIBLE)
        return "leads to a compatible guest";
    return NULL;
}

/* broken_in_remedy: each proposal in the remedy of an incompatible guest must make it compatible.
 * @report: of the guest */
static inline const char *
broken_in_remedy(const XpvHost *host, const XpvReport *report, const XpvJudgement *judgement)
{
    if (judgement->verdict != XPV_VERDICT_INCOMPATIBLE)
        return NULL;
    guint n;
    const XpvKernel *kernel = xpv_report_kernels(report, &n);
    gboolean is_known = n == 1 && kernel->arch != XPV_ARCH_UNKNOWN && *kernel->release != '\0';
    if (g_str_has_prefix(judgement->remedy, "Report "))
        return is_known ? "says what to do about a known kernel" : NULL;
    if (g_str_has_prefix(judgement->remedy, "No supported kernel exists for RHEL "))
        return is_known && (word_size_of(kernel->arch) || (kernel->arch == XPV_ARCH_IA64 && kernel->major == 5))
                   ? "finds the supported kernel"
                   : NULL;
    g_auto(GStrv) ways = g_strsplit(judgement->remedy, ", or ", -1);
    const char *broken = NULL;
    for (guint i = 0; ways[i] && !broken; i++)
        broken = broken_in_way(host, is_known ? kernel : NULL, ways[i]);
    return broken;
}
