/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/judge.h"

#include <string.h>

#include "common/explain.h"
#include "common/guide.h"
#include "common/remedy.h"

static void
set_verdict(XpvJudgement *judgement, XpvVerdict verdict, XpvReason reason)
{
    judgement->verdict = verdict;
    judgement->reasons = XPV_BIT(reason);
}

/* @judgement: has the kernel's row */
static guint
incompatible_reasons(const XpvHost *host, const XpvKernel *kernel, const XpvJudgement *judgement)
{
    guint reasons = 0;
    if (xpv_guide_is_too_old(xpv_guide_rhel(kernel->major), kernel->update))
        reasons |= XPV_BIT(XPV_REASON_GUEST_RELEASE_UNSUPPORTED);
    if (judgement->required_archs == 0)
        reasons |= XPV_BIT(XPV_REASON_KERNEL_VARIANT_UNSUPPORTED);
    else if (host->architecture != XPV_ARCH_UNKNOWN && !(judgement->required_archs & XPV_BIT(host->architecture)))
        reasons |= XPV_BIT(XPV_REASON_HOST_ARCHITECTURE_MISMATCH);
    if (judgement->processor != XPV_PROCESSOR_UNKNOWN && host->processor != XPV_PROCESSOR_UNKNOWN &&
        judgement->processor != host->processor)
        reasons |= XPV_BIT(XPV_REASON_PROCESSOR_MISMATCH);
    if (host->update >= 0 && host->update < XPV_GUIDE_HOST_MINIMUM_UPDATE)
        reasons |= XPV_BIT(XPV_REASON_HOST_RELEASE_UNSUPPORTED);
    return reasons;
}

static guint
kernel_warnings(const XpvHost *host, const XpvGuest *guest, const XpvKernel *kernel, const XpvJudgement *judgement)
{
    guint warnings = 0;
    if (kernel->major == 3 && host->processor == XPV_PROCESSOR_UNKNOWN)
        warnings |= XPV_BIT(XPV_WARNING_HOST_PROCESSOR_UNKNOWN);
    /* Section 12.2: "You are supported for running a 32 bit guest operating system […] on 64 bit". */
    if (kernel->major == 3 && judgement->required_archs == XPV_BIT(XPV_ARCH_I686) &&
        host->architecture == XPV_ARCH_X86_64)
        warnings |= XPV_BIT(XPV_WARNING_GUIDE_DISAGREES);
    if (guest->declared_major != 0 && guest->declared_major != kernel->major)
        warnings |= XPV_BIT(XPV_WARNING_RELEASE_CONFLICT);
    return warnings;
}

static XpvDriverSource
kernel_driver_source(const XpvKernel *kernel)
{
    gint built_in = xpv_guide_rhel(kernel->major)->built_in_update;
    return built_in >= 0 && kernel->update >= built_in ? XPV_DRIVER_SOURCE_BUILT_IN : XPV_DRIVER_SOURCE_KMOD_XENPV;
}

/* Returns: what holds of one kernel, without the sentences */
static XpvJudgement
judge_kernel(const XpvHost *host, const XpvGuest *guest, const XpvKernel *kernel)
{
    XpvJudgement judgement = { .verdict = XPV_VERDICT_COMPATIBLE, .variant = "" };

    if (!xpv_kernel_is_covered(kernel)) {
        set_verdict(&judgement, XPV_VERDICT_NOT_APPLICABLE, XPV_REASON_GUEST_NOT_COVERED);
        return judgement;
    }

    g_snprintf(judgement.release, sizeof judgement.release, "%u.%d", kernel->major, MAX(kernel->update, 0));
    const XpvVariant *variant = xpv_guide_variant(kernel->arch, kernel->flavour);
    judgement.variant = variant ? variant->name : "";
    judgement.processor = xpv_guide_processor(variant, kernel->major);
    judgement.required_archs = xpv_guide_required_hosts(variant, kernel->major);
    judgement.driver_source = kernel_driver_source(kernel);
    judgement.warnings = kernel_warnings(host, guest, kernel, &judgement);

    judgement.reasons = incompatible_reasons(host, kernel, &judgement);
    if (judgement.reasons)
        judgement.verdict = XPV_VERDICT_INCOMPATIBLE;
    else if (host->architecture == XPV_ARCH_UNKNOWN)
        set_verdict(&judgement, XPV_VERDICT_UNKNOWN, XPV_REASON_HOST_UNKNOWN);
    return judgement;
}

/* Keeps the kernels that fit, unless none does. */
static void
narrow(XpvCandidates *candidates, gboolean (*fits)(const XpvKernel *kernel, gconstpointer data), gconstpointer data)
{
    g_autofree const XpvKernel **kept = g_new(const XpvKernel *, candidates->n);
    guint n = 0;
    for (guint i = 0; i < candidates->n; i++) {
        if (fits(candidates->kernels[i], data))
            kept[n++] = candidates->kernels[i];
    }
    if (n == 0)
        return;
    memcpy(candidates->kernels, kept, n * sizeof *kept);
    candidates->n = n;
}

static gboolean
is_of_archs(const XpvKernel *kernel, gconstpointer data)
{
    return kernel->arch == XPV_ARCH_UNKNOWN || (GPOINTER_TO_UINT(data) & XPV_BIT(kernel->arch)) != 0;
}

static void
narrow_to_archs(XpvCandidates *candidates, guint archs)
{
    narrow(candidates, is_of_archs, GUINT_TO_POINTER(archs));
}

/* @data: a report; only its exact kernels count as packages */
static gboolean
is_among_packages(const XpvKernel *kernel, gconstpointer data)
{
    guint n;
    const XpvKernel *packages = xpv_report_kernels(data, &n);
    for (guint i = 0; i < n; i++) {
        if (packages[i].is_exact && xpv_kernel_is_same(&packages[i], kernel))
            return TRUE;
    }
    return FALSE;
}

/* The architectures of @arch's family, of any word size: old libvirt prints i686 for every fully virtualized guest. */
static guint
family_of(XpvArch arch)
{
    return XPV_BIT(arch) & XPV_ARCHS_X86 ? XPV_ARCHS_X86 : XPV_BIT(arch);
}

/* The kernels that the report can mean, narrowed by the other facts. Narrowing always leaves one of them. */
static XpvCandidates
find_candidates(const XpvHost *host, const XpvGuest *guest)
{
    XpvCandidates candidates = { 0 };
    if (!guest->report)
        return candidates;

    const XpvKernel *kernels = xpv_report_kernels(guest->report, &candidates.n);
    candidates.kernels = g_new(const XpvKernel *, candidates.n);
    for (guint i = 0; i < candidates.n; i++)
        candidates.kernels[i] = &kernels[i];

    XpvArch arch = guest->arch != XPV_ARCH_UNKNOWN ? guest->arch : host->architecture;
    if (arch != XPV_ARCH_UNKNOWN)
        narrow_to_archs(&candidates, family_of(arch));
    if (guest->report_is_live && host->architecture == XPV_ARCH_I686)
        narrow_to_archs(&candidates, ~XPV_ARCHS_X86_64);
    for (guint i = 0; guest->others && i < guest->others->len; i++)
        narrow(&candidates, is_among_packages, guest->others->pdata[i]);
    return candidates;
}

/* Keeps only what holds of the next kernel, too. */
static void
keep_common(XpvJudgement *judgement, const XpvJudgement *next)
{
    judgement->reasons &= next->reasons;
    judgement->warnings &= next->warnings;
    if (!g_str_equal(judgement->release, next->release))
        judgement->release[0] = '\0';
    if (!g_str_equal(judgement->variant, next->variant))
        judgement->variant = "";
    if (judgement->processor != next->processor)
        judgement->processor = XPV_PROCESSOR_UNKNOWN;
    if (judgement->required_archs != next->required_archs)
        judgement->required_archs = 0;
    if (judgement->driver_source != next->driver_source)
        judgement->driver_source = XPV_DRIVER_SOURCE_NONE;
}

/* Finds the results that all kernels share. If they share no reason, all their reasons are named. */
static void
judge_candidates(XpvJudgement *judgement, const XpvHost *host, const XpvGuest *guest, XpvCandidates *candidates)
{
    guint all_reasons = 0;
    gboolean agree = TRUE;

    for (guint i = 0; i < candidates->n; i++) {
        XpvJudgement one = judge_kernel(host, guest, candidates->kernels[i]);
        if (i == 0)
            *judgement = one;
        else
            keep_common(judgement, &one);
        all_reasons |= one.reasons;
        agree = agree && one.verdict == judgement->verdict;
    }
    candidates->reasons_differ = judgement->reasons == 0 && all_reasons != 0;
    if (!agree)
        set_verdict(judgement, XPV_VERDICT_UNKNOWN, XPV_REASON_KERNEL_AMBIGUOUS);
    else if (candidates->reasons_differ)
        judgement->reasons = all_reasons;
}

static gboolean
is_control_domain(const XpvGuest *guest)
{
    return guest->id == 0 || g_strcmp0(guest->uuid, XPV_NIL_UUID) == 0;
}

/* A guest of unknown virtualization is judged as fully virtualized. */
static gboolean
is_paravirtualized(const XpvGuest *guest)
{
    return guest->virtualization == XPV_VIRTUALIZATION_PV || guest->virtualization == XPV_VIRTUALIZATION_PVH;
}

/* The verdicts that precede the one on the report, in order of precedence. */
static void
judge_guest(XpvJudgement *judgement, const XpvHost *host, const XpvGuest *guest, const XpvCandidates *candidates)
{
    if (!xpv_host_is_xen(host))
        set_verdict(judgement, XPV_VERDICT_NOT_APPLICABLE, XPV_REASON_NOT_XEN);
    else if (is_control_domain(guest))
        set_verdict(judgement, XPV_VERDICT_NOT_APPLICABLE, XPV_REASON_CONTROL_DOMAIN);
    else if (is_paravirtualized(guest))
        set_verdict(judgement, XPV_VERDICT_NOT_APPLICABLE, XPV_REASON_PARAVIRTUALIZED_GUEST);
    else if (!guest->report && guest->system.kind == XPV_SYSTEM_OTHER)
        set_verdict(judgement, XPV_VERDICT_NOT_APPLICABLE, XPV_REASON_GUEST_NOT_COVERED);
    else if (!guest->report && xpv_guest_is_running(guest) && guest->in_grace)
        set_verdict(judgement, XPV_VERDICT_UNKNOWN, XPV_REASON_KERNEL_PENDING);
    else if (!guest->report)
        set_verdict(judgement, XPV_VERDICT_UNKNOWN, XPV_REASON_KERNEL_NOT_REPORTED);
    else if (candidates->n == 0)
        set_verdict(judgement, XPV_VERDICT_UNKNOWN, XPV_REASON_KERNEL_UNRECOGNIZED);
}

XpvDrivers
xpv_guest_drivers(const XpvGuest *guest)
{
    const XpvDrivers kinds[] = { guest->disk_drivers, guest->network_drivers };
    XpvDrivers drivers = XPV_DRIVERS_UNKNOWN;
    for (guint i = 0; i < G_N_ELEMENTS(kinds) && drivers != XPV_DRIVERS_ACTIVE; i++) {
        if (kinds[i] != XPV_DRIVERS_UNKNOWN)
            drivers = kinds[i];
    }
    return drivers;
}

static void
add_warnings(XpvJudgement *judgement, const XpvHost *host, const XpvGuest *guest)
{
    if (host->update < 0)
        judgement->warnings |= XPV_BIT(XPV_WARNING_HOST_RELEASE_UNVERIFIED);
    if (judgement->verdict != XPV_VERDICT_NOT_APPLICABLE && guest->boot_disk_paravirtualized)
        judgement->warnings |= XPV_BIT(XPV_WARNING_BOOT_DISK_PARAVIRTUALIZED);
    if (judgement->verdict == XPV_VERDICT_COMPATIBLE && judgement->driver_source == XPV_DRIVER_SOURCE_KMOD_XENPV &&
        guest->has_no_driver_package)
        judgement->warnings |= XPV_BIT(XPV_WARNING_DRIVER_PACKAGE_MISSING);
    XpvDrivers drivers = xpv_guest_drivers(guest);
    if (judgement->verdict == XPV_VERDICT_INCOMPATIBLE && drivers == XPV_DRIVERS_ACTIVE)
        judgement->warnings |= XPV_BIT(XPV_WARNING_DRIVERS_ACTIVE_UNSUPPORTED);
    if (judgement->verdict == XPV_VERDICT_COMPATIBLE && xpv_guest_is_running(guest) && !guest->in_grace &&
        drivers == XPV_DRIVERS_INACTIVE)
        judgement->warnings |= XPV_BIT(XPV_WARNING_DRIVERS_NOT_ACTIVE);
}

XpvJudgement *
xpv_judge(const XpvHost *host, const XpvGuest *guest)
{
    XpvJudgement *judgement = g_new0(XpvJudgement, 1);
    XpvCandidates candidates = find_candidates(host, guest);

    judgement->variant = "";
    judge_candidates(judgement, host, guest, &candidates);
    judge_guest(judgement, host, guest, &candidates);
    add_warnings(judgement, host, guest);
    judgement->explanation = xpv_explain(host, guest, &candidates, judgement);
    judgement->remedy = xpv_remedy(host, &candidates, judgement);
    judgement->consequence = xpv_consequence(&candidates, judgement);
    g_free(candidates.kernels);
    return judgement;
}

void
xpv_judgement_free(XpvJudgement *judgement)
{
    if (!judgement)
        return;
    g_free(judgement->explanation);
    g_free(judgement->remedy);
    g_free(judgement);
}
