/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds of every report and judgement, whatever a guest wrote. broken_in_… return NULL, or what does not hold. */
#pragma once

#include "common/judge.h"
#include "tests/expect.h"

static inline const char *
broken_in_kernel(const XpvKernel *kernel)
{
    static const gint last_update[] = { 9, 9, 11 }; /* of RHEL 3, 4, 5 */
    if (kernel->flavour >= XPV_FLAVOUR_MAX || kernel->arch >= XPV_ARCH_MAX)
        return "is in the words";
    if (kernel->major == 0)
        return NULL;
    if (kernel->major < 3 || kernel->major > 5)
        return "has a major of the Guide's";
    if (kernel->update < -1 || kernel->update > last_update[kernel->major - 3])
        return "has an update of the Guide's";
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

/* is_sentence: whether a text is one sentence; where what it quotes has the end of one, that is not counted. */
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

/* @quoted: what the guest wrote */
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
        return "is explained in a sentence";
    if (is_quiet ? *judgement->remedy != '\0' : !is_sentence(judgement->remedy, quoted))
        return "has a remedy in a sentence, where there is something to do";
    return NULL;
}

/* broken_in_remedy: a package that a remedy names is one that fits; kernel-xen is the host's. */
static inline const char *
broken_in_remedy(const XpvHost *host, const XpvGuest *like, const char *remedy)
{
    const guint of_the_kernel =
        XPV_BIT(XPV_REASON_HOST_RELEASE_UNSUPPORTED) - XPV_BIT(XPV_REASON_GUEST_RELEASE_UNSUPPORTED);
    static GRegex *package;
    g_autoptr(GMatchInfo) match = NULL;
    if (!package)
        package = g_regex_new("kernel-(?:[A-Za-z]+-)?2[^ ,]+?\\.(?:athlon|i[36]86|ia32e|x86_64|ia64)\\b", 0, 0, NULL);
    for (g_regex_match(package, remedy, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *name = g_match_info_fetch(match, 0);
        if (g_str_has_prefix(name, "kernel-xen-")) {
            if (host->update != 0 || xpv_host_update_from_kernel(name) != 1)
                return "names a host's package";
            continue;
        }
        g_autoptr(XpvReport) report = xpv_report_parse(name, -1);
        XpvGuest guest = *like;
        guest.report = report;
        g_autoptr(XpvJudgement) judgement = xpv_judge(host, &guest);
        if (judgement->reasons & of_the_kernel)
            return "names a package that fits";
    }
    return NULL;
}
