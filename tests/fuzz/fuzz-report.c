/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's report, and its judgement on any host.
 *
 * Ten minutes on a machine with 20 others at work for each processor, 2026-11-29: 19,524 runs, 33/s, 1,825 edges,
 * 10,414 features, 660 inputs from the corpus's 52, 511 MiB at most; no crash, leak or hang.
 */
#include "common/guide.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/same.h"
#include "tests/invariants.h"

/* Up to this many kernels of a report are judged one by one. */
#define SINGLES_MAX 12

/* Clean text stays as it is. */
static void
check_clean(const char *data, gsize length)
{
    g_autofree char *clean = xpv_text_clean(data, (gssize)length, 0);
    g_autofree char *again = xpv_text_clean(clean, -1, 0);
    g_assert_true(is_publishable(clean));
    g_assert_cmpstr(again, ==, clean);
}

/* A report that is too long means the same as its whole lines within the limit. */
static void
check_cap(const XpvReport *report, const char *data, gsize length)
{
    gsize whole = XPV_REPORT_MAX;
    if (length <= XPV_REPORT_MAX)
        return;
    if (data[XPV_REPORT_MAX] != '\n') {
        const char *newline = memrchr(data, '\n', XPV_REPORT_MAX);
        whole = newline ? (gsize)(newline - data) : 0;
    }
    g_autoptr(XpvReport) capped = xpv_report_parse(data, XPV_REPORT_MAX);
    g_autoptr(XpvReport) lines = xpv_report_parse(data, (gssize)whole);
    g_assert_true(have_same_text(report, capped));
    g_assert_true(have_same_kernels(report, lines));
}

/* What people's tools put around a report changes nothing. */
static void
check_around(const XpvReport *report, const char *data, gsize length)
{
    static const struct {
        const char *before, *behind;
    } around[] = { { "\xef\xbb\xbf", "." }, { "> ", "," }, { "\"", "\"" }, { "\x1b[1m", "\x1b[0m" }, { "> '", "':" } };
    for (guint i = 0; i < G_N_ELEMENTS(around); i++) {
        g_autoptr(GString) text = g_string_new(around[i].before);
        g_string_append_len(text, data, (gssize)length);
        g_string_append(text, around[i].behind);
        if (text->len > XPV_REPORT_MAX)
            return;
        g_autoptr(XpvReport) same = xpv_report_parse(text->str, (gssize)text->len);
        g_assert_true(have_same_kernels(report, same));
    }
}

/* Returns: (transfer full) (nullable) the name that means only this kernel; NULL: there is none */
static char *
name_kernel(const XpvKernel *kernel)
{
    if (!xpv_kernel_is_covered(kernel))
        return g_strdup("6.1.0-18-amd64");
    if (kernel->arch == XPV_ARCH_UNKNOWN || *kernel->release == '\0')
        return NULL;
    const char *flavour = xpv_flavour_to_word(kernel->flavour);
    return g_strdup_printf("kernel%s%s-%s-%s.%s", *flavour ? "-" : "", flavour, xpv_guide_rhel(kernel->major)->version,
                           kernel->release, xpv_arch_to_word(kernel->arch));
}

/* Returns: (nullable) a name for each kernel that the report can mean; NULL: there are too many, or some have no
 * name */
static GPtrArray *
name_kernels(const XpvReport *report)
{
    guint n;
    const XpvKernel *kernels = kernels_of(report, &n);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < n; i++) {
        char *name = n <= SINGLES_MAX ? name_kernel(&kernels[i]) : NULL;
        if (!name)
            return NULL;
        g_ptr_array_add(names, name);
    }
    return g_steal_pointer(&names);
}

/* Returns: for each name, a report that means only that kernel */
static GPtrArray *
parse_names(const GPtrArray *names, const XpvReport *report)
{
    guint n;
    const XpvKernel *kernels = kernels_of(report, &n);
    GPtrArray *singles = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_report_free);
    for (guint i = 0; i < names->len; i++) {
        XpvReport *single = xpv_report_parse(names->pdata[i], -1);
        g_ptr_array_add(singles, single);
        g_assert_true(xpv_kernel_is_same(kernels_of(single, &n), &kernels[i]));
        g_assert_cmpuint(n, ==, 1);
    }
    return singles;
}

/* Joins the names on one line or one per line, in their order or backwards. */
static XpvReport *
join_names(const GPtrArray *names, const char *separator, gboolean is_backward)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[is_backward ? names->len - 1 - i : i];
        g_string_append_printf(text, "%s%s", i > 0 ? separator : "", name);
    }
    return xpv_report_parse(text->str, (gssize)text->len);
}

/* The order of the kernels does not change the verdict. */
static void
check_order(const XpvHost *host, const XpvReport *report, const GPtrArray *names)
{
    static const char *const separators[] = { " ", ", ", ";", "\n" };
    const XpvGuest guest = { .id = -1, .report = report };
    g_autoptr(XpvJudgement) judgement = xpv_judge(host, &guest);
    for (guint i = 0; names->len > 0 && i < 2 * G_N_ELEMENTS(separators); i++) {
        g_autoptr(XpvReport) list = join_names(names, separators[i / 2], i % 2 == 1);
        const XpvGuest other = { .id = -1, .report = list };
        g_autoptr(XpvJudgement) same = xpv_judge(host, &other);
        g_assert_true(same->verdict == judgement->verdict && same->reasons == judgement->reasons);
    }
}

/* Returns: whether the kernel's architecture is of the host's family; TRUE if that is not known */
static gboolean
is_of_family(const XpvReport *single, const XpvHost *host)
{
    guint n;
    gboolean is_covered = xpv_kernel_is_covered(kernels_of(single, &n));
    XpvArch arch = kernels_of(single, &n)->arch;
    if (!is_covered || host->architecture == XPV_ARCH_UNKNOWN)
        return TRUE;
    return host->architecture == XPV_ARCH_IA64 ? arch == XPV_ARCH_IA64 : (XPV_ARCHS_X86 & XPV_BIT(arch)) != 0;
}

/* A report has the verdict that its possible kernels share. If they differ, it is ambiguous. */
static void
check_candidates(const XpvHost *host, const XpvReport *report, const GPtrArray *singles)
{
    guint n_of_family = 0, verdicts = 0;
    for (guint i = 0; i < singles->len; i++)
        n_of_family += (guint)is_of_family(singles->pdata[i], host);
    for (guint i = 0; i < singles->len; i++) {
        const XpvGuest guest = { .id = -1, .report = singles->pdata[i] };
        if (n_of_family > 0 && !is_of_family(guest.report, host))
            continue;
        g_autoptr(XpvJudgement) judgement = xpv_judge(host, &guest);
        verdicts |= XPV_BIT(judgement->verdict);
    }
    const XpvGuest guest = { .id = -1, .report = report };
    g_autoptr(XpvJudgement) judgement = xpv_judge(host, &guest);
    gboolean is_ambiguous = judgement->reasons == XPV_BIT(XPV_REASON_KERNEL_AMBIGUOUS);
    gboolean differ = (verdicts & (verdicts - 1)) != 0;
    g_assert_true(is_ambiguous == differ);
    g_assert_true(differ || verdicts == 0 || XPV_BIT(judgement->verdict) == verdicts);
}

static void
check_judgement(const XpvHost *host, const XpvGuest *guest, const char *quoted)
{
    g_autoptr(XpvJudgement) judgement = xpv_judge(host, guest);
    g_assert_cmpstr(broken_in_judgement(judgement, quoted), ==, NULL);
    g_assert_cmpstr(broken_in_remedy(host, guest->report, judgement), ==, NULL);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    static const XpvArch archs[] = { XPV_ARCH_UNKNOWN, XPV_ARCH_I686, XPV_ARCH_X86_64, XPV_ARCH_IA64 };
    check_clean((const char *)data, length);
    g_autoptr(XpvReport) report = xpv_report_parse((const char *)data, (gssize)length);
    g_assert_cmpstr(broken_in_report(report), ==, NULL);
    check_cap(report, (const char *)data, length);
    check_around(report, (const char *)data, length);
    g_autoptr(GPtrArray) names = name_kernels(report);
    g_autoptr(GPtrArray) singles = names ? parse_names(names, report) : NULL;

    /* Hosts of every architecture; the other facts depend on the length. */
    for (guint i = 0; i < G_N_ELEMENTS(archs); i++) {
        gsize n = length + i;
        const XpvHost host = { "Xen", archs[i], (XpvProcessor)(n % XPV_PROCESSOR_MAX), (gint)(n % 5) - 1 };
        const XpvGuest guest = {
            .id = (gint)(n % 4) - 1,
            .virtualization = (XpvVirtualization)(n / 2 % XPV_VIRTUALIZATION_MAX),
            .arch = archs[n / 3 % G_N_ELEMENTS(archs)],
            .report = report,
            .report_is_live = n % 2 == 0,
            .in_grace = n % 3 == 0,
            .boot_disk_paravirtualized = n % 5 == 0,
            .declared_major = (guint)(n % 7),
            .disk_drivers = (XpvDrivers)(n / 5 % XPV_DRIVERS_MAX),
            .network_drivers = (XpvDrivers)(n / 7 % XPV_DRIVERS_MAX),
        };
        check_judgement(&host, &guest, report ? xpv_report_text(report) : "");
        if (singles) {
            check_candidates(&host, report, singles);
            check_order(&host, report, names);
        }
    }
    return 0;
}
