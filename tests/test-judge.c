/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judgement: every package on every host, compared with an oracle that shares nothing with the engine; and ambiguous
 * reports. */
#include <stdio.h>

#include "common/judge.h"
#include "tests/guide.h"
#include "tests/invariants.h"

/* describe: "verdict [reasons] {warnings} release variant processor hosts driver-source", with "-" for each empty
 * one. */
static char *
describe(const char *verdict, const char *reasons, const char *warnings, const char *release, const char *variant,
         const char *processor, const char *hosts, const char *source)
{
#define OR_DASH(word) (*(word) ? (word) : "-")
    return g_strdup_printf("%s [%s] {%s} %s %s %s %s %s", verdict, reasons, warnings, OR_DASH(release),
                           OR_DASH(variant), OR_DASH(processor), OR_DASH(hosts), OR_DASH(source));
}

static char *
describe_judgement(const XpvJudgement *judgement)
{
    g_autofree char *reasons = expect_words(xpv_reasons_to_words(judgement->reasons), " ");
    g_autofree char *warnings = expect_words(xpv_warnings_to_words(judgement->warnings), " ");
    g_autofree char *hosts = expect_words(xpv_archs_to_words(judgement->required_archs), "+");

    return describe(xpv_verdict_to_word(judgement->verdict), reasons, warnings, judgement->release, judgement->variant,
                    xpv_processor_to_word(judgement->processor), hosts,
                    xpv_driver_source_to_word(judgement->driver_source));
}

#define SOME_UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define HOST(architecture, processor, update)                                                                          \
    {                                                                                                                  \
        "Xen", XPV_ARCH_##architecture, XPV_PROCESSOR_##processor, update                                              \
    }
#define GUEST(...)                                                                                                     \
    {                                                                                                                  \
        .uuid = SOME_UUID, .id = 7, .virtualization = XPV_VIRTUALIZATION_HVM, __VA_ARGS__                              \
    }

static XpvJudgement *
judge(const XpvHost *host, const XpvGuest *like, const char *text)
{
    g_autoptr(XpvReport) report = text ? xpv_report_parse(text, -1) : NULL;
    XpvGuest guest = *like;
    guest.report = report;
    return xpv_judge(host, &guest);
}

/* check_sane: checks what holds of every judgement. */
static gboolean
check_sane(const char *input, const XpvJudgement *judgement)
{
    const char *broken = broken_in_judgement(judgement, input);
    return expect_true(input, !broken, broken);
}

static void
check_remedy(const char *input, const XpvHost *host, const XpvReport *report, const XpvJudgement *judgement)
{
    g_autofree char *context = g_strdup_printf("%s: %s", input, judgement->remedy);
    const char *broken = report ? broken_in_remedy(host, report, judgement) : NULL;
    expect_true(context, !broken, broken);
}

/* A package and a host, all in words. */
typedef struct {
    guint major;
    guint update;
    gboolean is_prerelease;
    const char *flavour, *arch;             /* of the guest's kernel */
    const char *host_arch, *host_processor; /* "" if not known */
    const char *host_release;               /* "5.0", "5.1"; "" if not known, or if it has none */
} Question;

static char *
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): as plain as the Guide that it is transcribed from */
oracle(const Question *q)
{
    GString *warnings = g_string_new(NULL), *reasons = g_string_new(NULL);
    g_autofree char *variant = NULL, *cell = NULL, *hosts = NULL, *release = NULL;
    const char *verdict, *processor = "", *source = "";
    if (g_str_equal(q->host_release, ""))
        g_string_append(warnings, " host-release-unverified");

    if (q->major == 0) {
        verdict = "not-applicable";
        g_string_append(reasons, " guest-not-covered");
    } else {
        /* The row, the cell, and the host that it needs. */
        if (g_str_equal(q->flavour, "") || (g_str_equal(q->arch, "ia32e") && g_str_equal(q->flavour, "smp"))) {
            variant = g_strdup(q->arch);
        } else {
            g_autofree char *upper = g_ascii_strup(q->flavour, -1);
            variant = g_strconcat(q->arch, "-", upper, NULL);
        }
        cell = guide_cell(variant, q->major);
        if (!cell)
            variant[0] = '\0';
        gboolean supported = cell && *cell != '-';
        if (supported)
            hosts = g_strdelimit(guide_hosts(variant, q->major), " ", '+');
        if (supported && strstr(cell, "Intel"))
            processor = "intel";
        else if (supported && strstr(cell, "AMD"))
            processor = "amd";

        /* The minimum releases, and those that have the drivers built in. */
        g_autofree char *minimum = guide_of_rhel(q->major, "minimum");
        g_autofree char *built_in = guide_of_rhel(q->major, "built-in");
        gboolean is_old = q->is_prerelease || q->update < strtoul(minimum, NULL, 10);
        gboolean is_built_in = !q->is_prerelease && *built_in != '-' && q->update >= strtoul(built_in, NULL, 10);
        gboolean lacks_arch = g_str_equal(q->host_arch, "");
        source = is_built_in ? "built-in" : "kmod-xenpv";
        release = g_strdup_printf("%u.%u", q->major, q->update);

        if (is_old)
            g_string_append(reasons, " guest-release-unsupported");
        if (!supported)
            g_string_append(reasons, " kernel-variant-unsupported");
        if (supported && !lacks_arch && !strstr(hosts, q->host_arch))
            g_string_append(reasons, " host-architecture-mismatch");
        if (*processor && *q->host_processor && !g_str_equal(processor, q->host_processor))
            g_string_append(reasons, " processor-mismatch");
        if (g_str_equal(q->host_release, "5.0"))
            g_string_append(reasons, " host-release-unsupported");
        verdict = reasons->len ? "incompatible" : lacks_arch ? "unknown" : "compatible";
        if (g_str_equal(verdict, "unknown"))
            g_string_append(reasons, " host-unknown");

        if (q->major == 3 && g_str_equal(q->host_processor, ""))
            g_string_append(warnings, " host-processor-unknown");
        if (q->major == 3 && supported && g_str_equal(q->host_arch, "x86_64") && !strstr(hosts, "x86_64") &&
            (g_str_equal(q->arch, "i686") || g_str_equal(q->arch, "athlon")))
            g_string_append(warnings, " guide-disagrees");
    }

    char *answer = describe(verdict, reasons->len ? reasons->str + 1 : "-", warnings->len ? warnings->str + 1 : "-",
                            release ? release : "", variant ? variant : "", processor, hosts ? hosts : "", source);
    g_string_free(reasons, TRUE);
    g_string_free(warnings, TRUE);
    return answer;
}

/* The sentences name the facts of the first reason, and the table that decides. */
static void
check_facts(const char *input, const Question *q, const XpvJudgement *judgement)
{
    const char *explanation = judgement->explanation, *remedy = judgement->remedy;
    g_autofree char *context = g_strdup_printf("%s: %s %s", input, explanation, remedy);
    g_autofree char *release = g_strdup_printf("RHEL %s", judgement->release);

    if (judgement->reasons & XPV_BIT(XPV_REASON_GUEST_RELEASE_UNSUPPORTED)) {
        g_autofree char *update = guide_of_rhel(q->major, "minimum");
        g_autofree char *minimum = g_strdup_printf("RHEL %u.%s", q->major, update);
        expect_true(context, strstr(explanation, release) && strstr(explanation, minimum),
                    "names the release and the minimum");
    } else if (judgement->reasons & XPV_BIT(XPV_REASON_KERNEL_VARIANT_UNSUPPORTED)) {
        expect_true(context, strstr(explanation, "table 12.1") && strstr(explanation, q->arch), "names table and arch");
    } else if (judgement->reasons & XPV_BIT(XPV_REASON_HOST_ARCHITECTURE_MISMATCH)) {
        const char *table = judgement->processor == XPV_PROCESSOR_INTEL ? "table 12.2"
                            : judgement->processor == XPV_PROCESSOR_AMD ? "table 12.3"
                                                                        : "section 12.2";
        const char *needed = judgement->required_archs & XPV_BIT(XPV_ARCH_I686)     ? "i686"
                             : judgement->required_archs & XPV_BIT(XPV_ARCH_X86_64) ? "x86_64"
                                                                                    : "ia64";
        g_autofree char *runs = g_strdup_printf("this host runs %s", q->host_arch);
        expect_true(context, strstr(explanation, table) && strstr(explanation, release), "names table and release");
        expect_true(context,
                    strstr(explanation, judgement->variant) && strstr(explanation, needed) && strstr(explanation, runs),
                    "names the kernel, the host it needs and this host");
        expect_true(context, strstr(remedy, needed) != NULL, "says which host would fit");
    } else if (judgement->reasons & XPV_BIT(XPV_REASON_PROCESSOR_MISMATCH)) {
        expect_true(context, strstr(explanation, "Intel") && strstr(explanation, "AMD"), "names both processors");
    } else {
        expect_true(context, strstr(explanation, "5.0") && strstr(explanation, "5.1") && strstr(remedy, "5.1"),
                    "names the host's release and the minimum");
    }
}

/* VERSION-RELEASE of a release's kernels: of update 0, 1, 2, …, and of a pre-release at the end; of another release for
 * 0. Returns: (transfer full) */
static char **
kernel_versions(guint major)
{
    if (major == 0)
        return g_strsplit("2.6.32-71.el6", " ", -1);
    g_autofree char *version = guide_of_rhel(major, "version"), *dist = guide_of_rhel(major, "dist");
    g_autoptr(GArray) updates = guide_updates(major);
    guint64 prerelease = g_array_index(updates, guint64, 0) - 1;
    g_array_append_val(updates, prerelease);
    g_autoptr(GStrvBuilder) versions = g_strv_builder_new();
    for (guint i = 0; i < updates->len; i++) {
        g_autofree char *each =
            g_strdup_printf("%s-%" G_GUINT64_FORMAT ".%s", version, g_array_index(updates, guint64, i), dist);
        g_strv_builder_add(versions, each);
    }
    return g_strv_builder_end(versions);
}

static void
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): every combination is a loop in a loop */
test_every_package_on_every_host(void)
{
    static const guint majors[] = { 3, 4, 5, 0 };
    static const char *const flavours[] = { "",     "smp",   "hugemem", "largesmp", "PAE", "xen",
                                            "xenU", "debug", "kdump",   "BOOT",     "uek", "rt" };
    static const char *const archs[] = { "athlon", "i386",  "i586",         "i686",         "ia32e", "x86_64", "ia64",
                                         "ppc",    "ppc64", "ppc64iseries", "ppc64pseries", "s390",  "s390x" };
    static const char *const host_releases[] = { "", "5.0", "5.1" };
    static const XpvArch host_archs[] = { XPV_ARCH_UNKNOWN, XPV_ARCH_I686, XPV_ARCH_X86_64, XPV_ARCH_IA64 };
    const XpvGuest like = GUEST(.arch = XPV_ARCH_UNKNOWN);
    G_STATIC_ASSERT(G_N_ELEMENTS(flavours) == XPV_FLAVOUR_MAX && G_N_ELEMENTS(archs) == XPV_ARCH_MAX - 1);

    guint n = 0, n_wrong = 0;
    for (guint r = 0; r < G_N_ELEMENTS(majors); r++) {
        g_auto(GStrv) versions = kernel_versions(majors[r]);
        for (guint u = 0; versions[u]; u++) {
            for (guint f = 0; f < G_N_ELEMENTS(flavours); f++) {
                for (guint a = 0; a < G_N_ELEMENTS(archs); a++) {
                    gboolean is_prerelease = majors[r] != 0 && !versions[u + 1];
                    g_autofree char *package = g_strdup_printf("kernel%s%s-%s.%s", *flavours[f] ? "-" : "", flavours[f],
                                                               versions[u], archs[a]);
                    g_autoptr(XpvReport) report = xpv_report_parse(package, -1);
                    XpvGuest guest = like;
                    guest.report = report;

                    for (guint h = 0; h < 4 * 3 * 3; h++) {
                        const XpvHost host = { "Xen", host_archs[h % 4], (XpvProcessor)(h / 4 % 3),
                                               (gint)(h / 12) - 1 };
                        const Question question = { majors[r],
                                                    is_prerelease ? 0 : u,
                                                    is_prerelease,
                                                    flavours[f],
                                                    archs[a],
                                                    xpv_arch_to_word(host.architecture),
                                                    xpv_processor_to_word(host.processor),
                                                    host_releases[h / 12] };
                        g_autoptr(XpvJudgement) judgement = xpv_judge(&host, &guest);
                        g_autofree char *got = describe_judgement(judgement);
                        g_autofree char *expected = oracle(&question);
                        g_autofree char *input =
                            g_strdup_printf("%s on %s %s RHEL %s", package, OR_DASH(question.host_arch),
                                            OR_DASH(question.host_processor), OR_DASH(question.host_release));
                        gboolean is_right = expect(input, got, expected) & check_sane(input, judgement);
                        if (!is_right)
                            n_wrong++;
                        n++;
                        if (judgement->verdict == XPV_VERDICT_INCOMPATIBLE) {
                            check_facts(input, &question, judgement);
                            check_remedy(input, &host, report, judgement);
                        }
                        if (n_wrong > 20)
                            g_error("too many");
                    }
                }
            }
        }
    }
    /* The kernels of RHEL 3, 4 and 5, and that of another release. */
    g_assert_cmpuint(n, ==, (11 + 11 + 13 + 1) * 12 * 13 * 36);
}

typedef struct {
    const char *report;
    XpvHost host;
    XpvGuest guest;
    const char *expected;
} Case;

#define X86_64_INTEL HOST(X86_64, INTEL, 1)
#define X86_64_AMD HOST(X86_64, AMD, 1)
#define X86_64_ANY HOST(X86_64, UNKNOWN, 1)
#define I686_INTEL HOST(I686, INTEL, 1)
#define I686_ANY HOST(I686, UNKNOWN, 1)
#define NO_HOST HOST(UNKNOWN, UNKNOWN, 1)
#define SMP_I686 "kernel-smp-2.4.21-50.EL.i686"
#define PAE_I686 "kernel-PAE-2.6.18-53.1.4.el5.i686"

/* The order of the reasons. */
static const Case precedence[] = {
    { SMP_I686,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = 0, .virtualization = XPV_VIRTUALIZATION_HVM },
      "not-applicable [control-domain] {guide-disagrees} 3.9 i686-SMP intel i686 kmod-xenpv" },
    { NULL,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = 0, .virtualization = XPV_VIRTUALIZATION_PV, .in_grace = TRUE },
      "not-applicable [control-domain] {-} - - - - -" },
    { PAE_I686,
      X86_64_INTEL,
      { .uuid = XPV_NIL_UUID, .id = 7 },
      "not-applicable [control-domain] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { NULL, X86_64_INTEL, { .uuid = XPV_NIL_UUID, .id = -1 }, "not-applicable [control-domain] {-} - - - - -" },
    { NULL,
      { "QEMU", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, -1 },
      { .uuid = XPV_NIL_UUID, .id = 0 },
      "not-applicable [not-xen] {host-release-unverified} - - - - -" },
    { PAE_I686,
      { "QEMU", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 },
      GUEST(.arch = XPV_ARCH_X86_64),
      "not-applicable [not-xen] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { "6.1.0-18-amd64",
      { "LXC", XPV_ARCH_UNKNOWN, XPV_PROCESSOR_UNKNOWN, -1 },
      { .uuid = SOME_UUID, .id = 7, .virtualization = XPV_VIRTUALIZATION_PV },
      "not-applicable [not-xen] {host-release-unverified} - - - - -" },
    { "6.1.0-18-amd64",
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = 7, .virtualization = XPV_VIRTUALIZATION_PV },
      "not-applicable [paravirtualized-guest] {-} - - - - -" },
    { NULL,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = 7, .virtualization = XPV_VIRTUALIZATION_PVH, .in_grace = TRUE },
      "not-applicable [paravirtualized-guest] {-} - - - - -" },
    { "kernel-xen-2.6.18-53.el5.x86_64",
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = -1, .virtualization = XPV_VIRTUALIZATION_PV },
      "not-applicable [paravirtualized-guest] {-} 5.1 - - - kmod-xenpv" },
    { "2.6.32-71.el6", X86_64_INTEL, GUEST(), "not-applicable [guest-not-covered] {-} - - - - -" },
    { "6.1.0-18-amd64", HOST(UNKNOWN, UNKNOWN, 0), GUEST(), "not-applicable [guest-not-covered] {-} - - - - -" },
    { "2.6.18-398.el5uek", X86_64_INTEL, GUEST(.in_grace = TRUE), "not-applicable [guest-not-covered] {-} - - - - -" },
    { "2.4.21-57.ELvmnix", HOST(X86_64, INTEL, -1), GUEST(),
      "not-applicable [guest-not-covered] {host-release-unverified} - - - - -" },

/* Another operating system, without a kernel's report: the guest runs, is starting, or does not run. */
#define SAYS(words) .system = { .kind = XPV_SYSTEM_##words }
#define WINDOWS .system = { XPV_SYSTEM_OTHER, "The guest's agent", (char *)"windows 6" }
    { NULL, X86_64_INTEL, GUEST(WINDOWS), "not-applicable [guest-not-covered] {-} - - - - -" },
    { NULL, NO_HOST, GUEST(WINDOWS, .in_grace = TRUE), "not-applicable [guest-not-covered] {-} - - - - -" },
    { NULL,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = -1, WINDOWS, .boot_disk_paravirtualized = TRUE },
      "not-applicable [guest-not-covered] {-} - - - - -" },
    { NULL,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = 7, .virtualization = XPV_VIRTUALIZATION_PV, WINDOWS },
      "not-applicable [paravirtualized-guest] {-} - - - - -" },
    { NULL, X86_64_INTEL, GUEST(SAYS(COVERED)), "unknown [kernel-not-reported] {-} - - - - -" },
    { NULL, X86_64_INTEL, GUEST(SAYS(COVERED), .in_grace = TRUE), "unknown [kernel-pending] {-} - - - - -" },
    { NULL, X86_64_INTEL, GUEST(SAYS(UNKNOWN)), "unknown [kernel-not-reported] {-} - - - - -" },
    { PAE_I686, X86_64_INTEL, GUEST(WINDOWS), "compatible [-] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { "nonsense", X86_64_INTEL, GUEST(WINDOWS), "unknown [kernel-unrecognized] {-} - - - - -" },

    { NULL, X86_64_INTEL, GUEST(.in_grace = TRUE), "unknown [kernel-pending] {-} - - - - -" },
    { NULL, HOST(UNKNOWN, UNKNOWN, 0), GUEST(.in_grace = TRUE), "unknown [kernel-pending] {-} - - - - -" },
    { NULL, X86_64_INTEL, GUEST(), "unknown [kernel-not-reported] {-} - - - - -" },
    { NULL, NO_HOST, GUEST(), "unknown [kernel-not-reported] {-} - - - - -" },
    { NULL,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = -1, .in_grace = TRUE },
      "unknown [kernel-not-reported] {-} - - - - -" },
    { " \n", X86_64_INTEL, GUEST(.in_grace = TRUE), "unknown [kernel-pending] {-} - - - - -" },
    { "package kernel is not installed", X86_64_INTEL, GUEST(.in_grace = TRUE),
      "unknown [kernel-unrecognized] {-} - - - - -" },
    { "kernel-devel-2.6.18-53.el5.x86_64", NO_HOST, GUEST(), "unknown [kernel-unrecognized] {-} - - - - -" },
    { PAE_I686, NO_HOST, GUEST(), "unknown [host-unknown] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },

    /* Certain facts win over unknown ones. */
    { "kernel-smp-2.4.21-47.EL.i686", NO_HOST, GUEST(),
      "incompatible [guest-release-unsupported] {host-processor-unknown} 3.8 i686-SMP intel i686 kmod-xenpv" },
    { "kernel-xen-2.6.18-53.el5.i686", NO_HOST, GUEST(),
      "incompatible [kernel-variant-unsupported] {-} 5.1 - - - kmod-xenpv" },
    { "kernel-2.4.21-50.EL.athlon", HOST(UNKNOWN, INTEL, 1), GUEST(),
      "incompatible [processor-mismatch] {-} 3.9 athlon amd i686 kmod-xenpv" },
    { PAE_I686, HOST(UNKNOWN, UNKNOWN, 0), GUEST(),
      "incompatible [host-release-unsupported] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },

    /* All reasons that apply are given, but none that an unsupported variant cannot have. */
    { "kernel-smp-2.4.21-47.EL.athlon", HOST(X86_64, INTEL, 0), GUEST(),
      "incompatible [guest-release-unsupported host-architecture-mismatch processor-mismatch host-release-unsupported] "
      "{guide-disagrees} 3.8 athlon-SMP amd i686 kmod-xenpv" },
    { "kernel-xen-2.6.18-8.el5.ia64", HOST(I686, AMD, 0), GUEST(),
      "incompatible [guest-release-unsupported kernel-variant-unsupported host-release-unsupported] {-} 5.0 - - - "
      "kmod-xenpv" },
    { "kernel-PAE-2.4.21-50.EL.i686", HOST(X86_64, AMD, 1), GUEST(),
      "incompatible [kernel-variant-unsupported] {-} 3.9 i686-PAE - - kmod-xenpv" },
    { "kernel-2.4.21-50.EL.i686", X86_64_AMD, GUEST(),
      "incompatible [host-architecture-mismatch processor-mismatch] {guide-disagrees} 3.9 i686 intel i686 kmod-xenpv" },

    { PAE_I686, X86_64_INTEL, GUEST(), "compatible [-] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { PAE_I686,
      { "TEST", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 },
      GUEST(),
      "compatible [-] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { PAE_I686, X86_64_INTEL, { .uuid = NULL, .id = -1 }, "compatible [-] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { NULL, X86_64_INTEL, { .uuid = NULL, .id = -1 }, "unknown [kernel-not-reported] {-} - - - - -" },
    { "kernel-2.4.21-50.EL.i32e", X86_64_INTEL, GUEST(), "compatible [-] {-} 3.9 ia32e intel x86_64 kmod-xenpv" },
    { "kernel-smp-2.4.21-50.EL.ia32e", X86_64_INTEL, GUEST(), "compatible [-] {-} 3.9 ia32e intel x86_64 kmod-xenpv" },
    { "kernel-2.6.9-78.EL.x86_64", X86_64_AMD, GUEST(), "compatible [-] {-} 4.7 x86_64 - x86_64 built-in" },
    { "kernel-2.6.18-398.el5.ia64", HOST(IA64, INTEL, 11), GUEST(), "compatible [-] {-} 5.11 ia64 - ia64 built-in" },
    { 0 },
};

/* What narrows the kernels that a report can mean, and what does not. */
static const Case narrowing[] = {
#define LIVE .report_is_live = TRUE
    { "2.6.18-53.el5", X86_64_INTEL, GUEST(.arch = XPV_ARCH_X86_64), "compatible [-] {-} 5.1 - - - kmod-xenpv" },
    { "2.6.18-53.el5", X86_64_INTEL, GUEST(), "compatible [-] {-} 5.1 - - - kmod-xenpv" },
    { "2.6.18-53.el5", HOST(IA64, INTEL, 1), GUEST(.arch = XPV_ARCH_IA64),
      "compatible [-] {-} 5.1 ia64 - ia64 kmod-xenpv" },
    { "2.6.18-53.el5", HOST(IA64, INTEL, 1), GUEST(), "compatible [-] {-} 5.1 ia64 - ia64 kmod-xenpv" },
    { "2.6.18-53.el5", NO_HOST, GUEST(), "unknown [host-unknown] {-} 5.1 - - - kmod-xenpv" },
    { "2.6.18-53.el5", NO_HOST, GUEST(.arch = XPV_ARCH_IA64), "unknown [host-unknown] {-} 5.1 ia64 - ia64 kmod-xenpv" },
    { "2.6.18-53.el5", X86_64_INTEL, GUEST(.arch = XPV_ARCH_IA64), /* the domain's architecture wins over the host's */
      "incompatible [host-architecture-mismatch] {-} 5.1 ia64 - ia64 kmod-xenpv" },
    { "2.6.18-53.el5", HOST(IA64, INTEL, 1), GUEST(.arch = XPV_ARCH_X86_64),
      "incompatible [host-architecture-mismatch] {-} 5.1 - - - kmod-xenpv" },
    { "kernel-2.6.18-53.el5.ia64\nkernel-2.6.18-53.el5.x86_64", X86_64_INTEL, GUEST(.arch = XPV_ARCH_X86_64),
      "compatible [-] {-} 5.1 x86_64 - x86_64 kmod-xenpv" },
    { "2.4.21-50.EL", NO_HOST, GUEST(.arch = XPV_ARCH_I686),
      "unknown [host-unknown] {host-processor-unknown} 3.9 - - - kmod-xenpv" },

    /* An x86_64 kernel in a domain whose XML says i686. */
    { "2.6.9-67.ELsmp", I686_INTEL, GUEST(.arch = XPV_ARCH_I686),
      "unknown [kernel-ambiguous] {-} 4.6 - - - kmod-xenpv" },
    { "2.6.9-67.ELsmp", X86_64_INTEL, GUEST(.arch = XPV_ARCH_I686), "compatible [-] {-} 4.6 - - - kmod-xenpv" },
    { "2.6.9-67.ELlargesmp", X86_64_INTEL, GUEST(.arch = XPV_ARCH_I686),
      "compatible [-] {-} 4.6 x86_64-LARGESMP - x86_64 kmod-xenpv" },

    /* No x86_64 kernel runs on an i686 host, but a report may still name one for it. */
    { "2.6.18-53.el5", I686_INTEL, GUEST(.arch = XPV_ARCH_X86_64),
      "unknown [kernel-ambiguous] {-} 5.1 - - - kmod-xenpv" },
    { "2.6.18-53.el5", I686_INTEL, GUEST(.arch = XPV_ARCH_X86_64, LIVE),
      "compatible [-] {-} 5.1 i686 - i686+x86_64 kmod-xenpv" },
    { "2.6.18-53.el5", I686_INTEL, GUEST(LIVE), "compatible [-] {-} 5.1 i686 - i686+x86_64 kmod-xenpv" },
    { "2.6.18-53.el5", X86_64_INTEL, GUEST(LIVE), "compatible [-] {-} 5.1 - - - kmod-xenpv" },
    { "2.4.21-50.EL", I686_ANY, GUEST(LIVE), "compatible [-] {host-processor-unknown} 3.9 - - i686 kmod-xenpv" },
    { "2.4.21-50.EL", I686_INTEL, GUEST(LIVE), "unknown [kernel-ambiguous] {-} 3.9 - - i686 kmod-xenpv" },
    { "2.4.21-50.ELsmp", I686_ANY, GUEST(LIVE), "compatible [-] {host-processor-unknown} 3.9 - - i686 kmod-xenpv" },
    { "2.4.21-50.ELsmp", I686_ANY, GUEST(),
      "unknown [kernel-ambiguous] {host-processor-unknown} 3.9 - - - kmod-xenpv" },

    /* Narrowing always leaves a kernel. */
    { "2.6.18-53.el5PAE", HOST(IA64, INTEL, 1), GUEST(.arch = XPV_ARCH_IA64),
      "incompatible [host-architecture-mismatch] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { "kernel-2.6.18-53.el5.x86_64", I686_INTEL, GUEST(LIVE),
      "incompatible [host-architecture-mismatch] {-} 5.1 x86_64 - x86_64 kmod-xenpv" },
    { "2.4.21-50.EL x86_64", I686_INTEL, GUEST(LIVE),
      "incompatible [host-architecture-mismatch] {-} 3.9 - - x86_64 kmod-xenpv" },
    { "2.6.9-67.ELlargesmp", I686_INTEL, GUEST(LIVE),
      "incompatible [host-architecture-mismatch] {-} 4.6 x86_64-LARGESMP - x86_64 kmod-xenpv" },
    { 0 },
};

/* A report that means several kernels has a verdict only if all of them share it. */
static const Case ambiguity[] = {
    { "2.4.21-50.ELsmp", X86_64_ANY, GUEST(),
      "unknown [kernel-ambiguous] {host-processor-unknown} 3.9 - - - kmod-xenpv" },
    { "2.4.21-50.EL", X86_64_AMD, GUEST(), "unknown [kernel-ambiguous] {-} 3.9 - - - kmod-xenpv" },
    { "2.4.21-50.EL x86_64", X86_64_INTEL, GUEST(), "unknown [kernel-ambiguous] {-} 3.9 - - x86_64 kmod-xenpv" },
    { "2.4.21-50.EL x86_64", X86_64_ANY, GUEST(), "compatible [-] {host-processor-unknown} 3.9 - - x86_64 kmod-xenpv" },
    { "2.4.21-50.ELsmp i686", I686_INTEL, GUEST(), "unknown [kernel-ambiguous] {-} 3.9 - - i686 kmod-xenpv" },
    { "2.4.21-50.EL", NO_HOST, GUEST(), /* ia64 is unsupported; the others need a known host */
      "unknown [kernel-ambiguous] {host-processor-unknown} 3.9 - - - kmod-xenpv" },
    { "2.4.21-50.ELsmp", NO_HOST, GUEST(), "unknown [host-unknown] {host-processor-unknown} 3.9 - - - kmod-xenpv" },
    { "kernel-2.4.21-47.EL.i686\nkernel-2.4.21-50.EL.ia32e", X86_64_INTEL, GUEST(),
      "unknown [kernel-ambiguous] {-} - - intel - kmod-xenpv" },
    { "kernel-2.6.32-71.el6.x86_64\nkernel-2.6.18-53.el5.x86_64", X86_64_INTEL, GUEST(),
      "unknown [kernel-ambiguous] {-} - - - - -" },
    { "kernel-2.6.32-71.el6.x86_64\n6.1.0-18-amd64", X86_64_INTEL, GUEST(),
      "not-applicable [guest-not-covered] {-} - - - - -" },
    { "kernel-2.6.9-67.EL.x86_64\nkernel-2.6.9-78.EL.x86_64", X86_64_INTEL, GUEST(),
      "compatible [-] {-} - x86_64 - x86_64 -" },
    { "kernel-2.6.9-67.EL.i686\nkernel-PAE-2.6.18-53.el5.i686", X86_64_INTEL, GUEST(),
      "compatible [-] {-} - - - i686+x86_64 kmod-xenpv" },

    /* The judgement has the reasons that all kernels share. */
    { "2.4.21-50.ELsmp i686", X86_64_INTEL, GUEST(),
      "incompatible [host-architecture-mismatch] {guide-disagrees} 3.9 - - i686 kmod-xenpv" },
    { "2.4.21-47.EL", X86_64_INTEL, GUEST(), "incompatible [guest-release-unsupported] {-} 3.8 - - - kmod-xenpv" },
    { "2.4.21-50.EL", HOST(X86_64, AMD, 0), GUEST(),
      "incompatible [host-release-unsupported] {-} 3.9 - - - kmod-xenpv" },
    { "2.6.18-53.el5xen", X86_64_INTEL, GUEST(), "incompatible [kernel-variant-unsupported] {-} 5.1 - - - kmod-xenpv" },

    /* If they share none, it has all reasons of all kernels. */
    { "kernel-2.6.18-8.el5.x86_64\nkernel-xen-2.6.18-53.el5.x86_64", X86_64_INTEL, GUEST(),
      "incompatible [guest-release-unsupported kernel-variant-unsupported] {-} - - - - kmod-xenpv" },
    { "kernel-2.4.21-50.EL.athlon\nkernel-2.4.21-50.EL.ia32e", X86_64_AMD, GUEST(),
      "incompatible [host-architecture-mismatch processor-mismatch] {-} 3.9 - - - kmod-xenpv" },

    /* Kernels for which no package is known. */
    { "2.6.18-53.el5kdump", X86_64_INTEL, GUEST(),
      "incompatible [kernel-variant-unsupported] {-} 5.1 - - - kmod-xenpv" },
    { "2.4.21-50.ELlargesmp", X86_64_ANY, GUEST(),
      "incompatible [kernel-variant-unsupported] {host-processor-unknown} 3.9 - - - kmod-xenpv" },
    { "2.6.18-53.el5smp i686", X86_64_INTEL, GUEST(),
      "incompatible [kernel-variant-unsupported] {-} 5.1 i686-SMP - - kmod-xenpv" },
    { "2.6.18-7.el5PAE", X86_64_INTEL, GUEST(),
      "incompatible [guest-release-unsupported] {-} 5.0 i686-PAE - i686+x86_64 kmod-xenpv" },
    { 0 },
};

/* Each warning, and when it is not given. */
static const Case warnings[] = {
#define COMPATIBLE(warning) "compatible [-] {" warning "} 5.1 i686-PAE - i686+x86_64 kmod-xenpv"
    { PAE_I686, HOST(X86_64, INTEL, -1), GUEST(), COMPATIBLE("host-release-unverified") },
    { PAE_I686, HOST(X86_64, INTEL, 11), GUEST(), COMPATIBLE("-") },
    { NULL, HOST(X86_64, INTEL, -1), GUEST(), "unknown [kernel-not-reported] {host-release-unverified} - - - - -" },

    { "kernel-2.4.21-50.EL.ia32e", X86_64_ANY, GUEST(),
      "compatible [-] {host-processor-unknown} 3.9 ia32e intel x86_64 kmod-xenpv" },
    { PAE_I686, X86_64_ANY, GUEST(), COMPATIBLE("-") },
    { "kernel-2.4.21-50.EL.ia32e\nkernel-2.6.9-67.EL.x86_64", X86_64_ANY, GUEST(),
      "compatible [-] {-} - - - x86_64 kmod-xenpv" },

    { SMP_I686, X86_64_INTEL, GUEST(),
      "incompatible [host-architecture-mismatch] {guide-disagrees} 3.9 i686-SMP intel i686 kmod-xenpv" },
    { SMP_I686, I686_INTEL, GUEST(), "compatible [-] {-} 3.9 i686-SMP intel i686 kmod-xenpv" },
    { SMP_I686, HOST(IA64, INTEL, 1), GUEST(),
      "incompatible [host-architecture-mismatch] {-} 3.9 i686-SMP intel i686 kmod-xenpv" },
    { "kernel-2.4.21-50.EL.ia32e", X86_64_AMD, GUEST(),
      "incompatible [processor-mismatch] {-} 3.9 ia32e intel x86_64 kmod-xenpv" },
    { "kernel-BOOT-2.4.21-50.EL.i386", X86_64_INTEL, GUEST(),
      "incompatible [kernel-variant-unsupported] {-} 3.9 - - - kmod-xenpv" },
    { "kernel-smp-2.4.21-50.EL.i686\nkernel-2.6.9-42.EL.i686", X86_64_INTEL, GUEST(),
      "incompatible [guest-release-unsupported host-architecture-mismatch] {-} - - - - kmod-xenpv" },

    { PAE_I686, X86_64_INTEL, GUEST(.boot_disk_paravirtualized = TRUE), COMPATIBLE("boot-disk-paravirtualized") },
    { PAE_I686,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = 7, .boot_disk_paravirtualized = TRUE },
      COMPATIBLE("boot-disk-paravirtualized") },
    { NULL,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = -1, .virtualization = XPV_VIRTUALIZATION_HVM, .boot_disk_paravirtualized = TRUE },
      "unknown [kernel-not-reported] {boot-disk-paravirtualized} - - - - -" },
    { NULL,
      X86_64_INTEL,
      { .uuid = SOME_UUID, .id = 7, .virtualization = XPV_VIRTUALIZATION_PV, .boot_disk_paravirtualized = TRUE },
      "not-applicable [paravirtualized-guest] {-} - - - - -" },
    { "6.1.0-18-amd64", X86_64_INTEL, GUEST(.boot_disk_paravirtualized = TRUE),
      "not-applicable [guest-not-covered] {-} - - - - -" },
    { PAE_I686,
      { "QEMU", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 },
      GUEST(.boot_disk_paravirtualized = TRUE),
      "not-applicable [not-xen] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },

    { PAE_I686, X86_64_INTEL, GUEST(.declared_major = 4), COMPATIBLE("release-conflict") },
    { PAE_I686, X86_64_INTEL, GUEST(.declared_major = 6), COMPATIBLE("release-conflict") },
    { PAE_I686, X86_64_INTEL, GUEST(.declared_major = 5), COMPATIBLE("-") },
    { NULL, X86_64_INTEL, GUEST(.declared_major = 5), "unknown [kernel-not-reported] {-} - - - - -" },
    { "nonsense", X86_64_INTEL, GUEST(.declared_major = 5), "unknown [kernel-unrecognized] {-} - - - - -" },
    { "kernel-2.6.9-67.EL.i686\nkernel-PAE-2.6.18-53.el5.i686", X86_64_INTEL, GUEST(.declared_major = 3),
      "compatible [-] {release-conflict} - - - i686+x86_64 kmod-xenpv" },
    { "kernel-2.6.9-67.EL.i686\nkernel-PAE-2.6.18-53.el5.i686", X86_64_INTEL, GUEST(.declared_major = 4),
      "compatible [-] {-} - - - i686+x86_64 kmod-xenpv" },

    { PAE_I686, X86_64_INTEL, GUEST(.has_no_driver_package = TRUE), COMPATIBLE("driver-package-missing") },
    { "kernel-PAE-2.6.18-128.el5.i686", X86_64_INTEL, GUEST(.has_no_driver_package = TRUE),
      "compatible [-] {-} 5.3 i686-PAE - i686+x86_64 built-in" },
    { "2.6.18-92.el5PAE\n2.6.18-128.el5PAE", X86_64_INTEL, GUEST(.has_no_driver_package = TRUE),
      "compatible [-] {-} - i686-PAE - i686+x86_64 -" },
    { PAE_I686, HOST(X86_64, INTEL, 0), GUEST(.has_no_driver_package = TRUE),
      "incompatible [host-release-unsupported] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },

    { PAE_I686, X86_64_INTEL, GUEST(.disk_drivers = XPV_DRIVERS_INACTIVE), COMPATIBLE("drivers-not-active") },
    { PAE_I686, X86_64_INTEL, GUEST(.disk_drivers = XPV_DRIVERS_INACTIVE, .in_grace = TRUE), COMPATIBLE("-") },
    { PAE_I686, X86_64_INTEL, GUEST(.disk_drivers = XPV_DRIVERS_ACTIVE), COMPATIBLE("-") },
    { PAE_I686, X86_64_INTEL, { .uuid = SOME_UUID, .id = -1, .disk_drivers = XPV_DRIVERS_INACTIVE }, COMPATIBLE("-") },
    { PAE_I686, X86_64_INTEL, GUEST(.network_drivers = XPV_DRIVERS_INACTIVE), COMPATIBLE("drivers-not-active") },
    { PAE_I686, X86_64_INTEL, GUEST(.disk_drivers = XPV_DRIVERS_INACTIVE, .network_drivers = XPV_DRIVERS_ACTIVE),
      COMPATIBLE("-") },

/* The warning is given with any reason, and during the grace time too. */
#define ACTIVE .network_drivers = XPV_DRIVERS_ACTIVE
    { SMP_I686, X86_64_INTEL, GUEST(ACTIVE),
      "incompatible [host-architecture-mismatch] {guide-disagrees drivers-active-unsupported} 3.9 i686-SMP intel i686 "
      "kmod-xenpv" },
    { "kernel-2.6.9-42.EL.i686", X86_64_INTEL, GUEST(.disk_drivers = XPV_DRIVERS_ACTIVE, .in_grace = TRUE),
      "incompatible [guest-release-unsupported] {drivers-active-unsupported} 4.4 i686 - i686+x86_64 kmod-xenpv" },
    { PAE_I686, HOST(X86_64, INTEL, 0), GUEST(ACTIVE, .disk_drivers = XPV_DRIVERS_INACTIVE),
      "incompatible [host-release-unsupported] {drivers-active-unsupported} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { NULL, X86_64_INTEL, GUEST(ACTIVE), "unknown [kernel-not-reported] {-} - - - - -" },
    { "6.1.0-18-amd64", X86_64_INTEL, GUEST(ACTIVE), "not-applicable [guest-not-covered] {-} - - - - -" },

    { PAE_I686, NO_HOST, GUEST(.disk_drivers = XPV_DRIVERS_INACTIVE),
      "unknown [host-unknown] {-} 5.1 i686-PAE - i686+x86_64 kmod-xenpv" },
    { "kernel-xen-2.6.18-53.el5.i686", X86_64_INTEL, GUEST(.disk_drivers = XPV_DRIVERS_INACTIVE),
      "incompatible [kernel-variant-unsupported] {-} 5.1 - - - kmod-xenpv" },

    { SMP_I686, HOST(X86_64, UNKNOWN, -1),
      GUEST(.boot_disk_paravirtualized = TRUE, .declared_major = 4, .disk_drivers = XPV_DRIVERS_INACTIVE),
      "incompatible [host-architecture-mismatch] {host-release-unverified host-processor-unknown guide-disagrees "
      "boot-disk-paravirtualized release-conflict} 3.9 i686-SMP intel i686 kmod-xenpv" },
    { 0 },
};

static void
test_cases(gconstpointer data)
{
    for (const Case *c = data; c->expected; c++) {
        g_autoptr(XpvJudgement) judgement = judge(&c->host, &c->guest, c->report);
        g_autofree char *got = describe_judgement(judgement);
        g_autofree char *input =
            g_strdup_printf("%s on %s %s %s %d, id %d", c->report ? c->report : "(none)", c->host.hypervisor,
                            OR_DASH(xpv_arch_to_word(c->host.architecture)),
                            OR_DASH(xpv_processor_to_word(c->host.processor)), c->host.update, c->guest.id);
        expect(input, got, c->expected);
        check_sane(input, judgement);
        g_autoptr(XpvReport) report = c->report ? xpv_report_parse(c->report, -1) : NULL;
        check_remedy(input, &c->host, report, judgement);
    }
}

/* RHEL 3.8 is incompatible on every host. */
static void
test_too_old_everywhere(void)
{
    static const char *const reports[] = {
        "kernel-smp-2.4.21-47.EL.i686",
        "2.4.21-47.0.1.EL",
        "2.4.21-47.ELsmp i686",
        "Linux h 2.4.21-47.EL #1 SMP Wed Jul 5 20:39:00 EDT 2006 x86_64 x86_64 x86_64 GNU/Linux",
    };
    static const XpvArch archs[] = { XPV_ARCH_UNKNOWN, XPV_ARCH_I686, XPV_ARCH_X86_64, XPV_ARCH_IA64 };
    for (guint i = 0; i < G_N_ELEMENTS(reports); i++) {
        for (guint h = 0; h < 4 * 3 * 3; h++) {
            const XpvHost host = { "Xen", archs[h % 4], (XpvProcessor)(h / 4 % 3), (gint)(h / 12) - 1 };
            const XpvGuest guest = GUEST(.arch = archs[i]);
            g_autoptr(XpvJudgement) judgement = judge(&host, &guest, reports[i]);
            expect(reports[i], xpv_verdict_to_word(judgement->verdict), "incompatible");
            expect(reports[i], judgement->release, "3.8");
            expect_true(reports[i], (judgement->reasons & XPV_BIT(XPV_REASON_GUEST_RELEASE_UNSUPPORTED)) != 0,
                        "is too old");
            check_sane(reports[i], judgement);
        }
    }
}

static void
test_sentences(void)
{
    static const struct {
        const char *report;
        XpvHost host;
        const char *explanation, *remedy;
    } cases[] = {
        { SMP_I686, X86_64_INTEL,
          "RHEL 3.9 kernel i686-SMP, compiled for Intel, needs an i686 host kernel; this host runs x86_64 (table "
          "12.2).",
          "Run the guest on an i686 host with an Intel processor, or reinstall it as 64-bit "
          "(kernel-2.4.21-50.EL.ia32e)." },
        /* Each clause names only the kernels that it is about. */
        { SMP_I686 "\nkernel-xen-2.6.18-53.el5.i686", X86_64_INTEL,
          "RHEL 3.9 or 5.1 kernel i686-SMP or i686-xen either is not supported for RHEL 5 (table 12.1), or needs "
          "an i686 host kernel; this host runs x86_64 (table 12.2).",
          "Report the output of this command in the guest: rpm -qf --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n' "
          "/boot/vmlinuz-$(uname -r)." },
        { SMP_I686 "\nkernel-2.6.9-42.EL.i686", X86_64_INTEL,
          "RHEL 3.9 or 4.4 kernel i686-SMP or i686 either is older than RHEL 4.6, the first supported release (section "
          "12.2), or needs an i686 host kernel; this host runs x86_64 (table 12.2).",
          "Report the output of this command in the guest: rpm -qf --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n' "
          "/boot/vmlinuz-$(uname -r)." },
        { "2.4.21-47.ELsmp i686\n2.6.9-42.ELsmp i686\n2.6.18-8.el5PAE", I686_ANY,
          "RHEL 3.8, 4.4 or 5.0 kernel athlon-SMP, i686-SMP or i686-PAE is older than RHEL 3.9, 4.6 or 5.1, the first "
          "supported release (section 12.2).",
          "Report the output of this command in the guest: rpm -qf --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n' "
          "/boot/vmlinuz-$(uname -r)." },
        /* Of many releases, the first ones are named. */
        { "2.6.18-8.el5\n2.6.18-53.el5\n2.6.18-92.el5\n2.6.18-128.el5\n2.6.18-164.el5\n2.6.18-194.el5\n2.6.18-238.el5\n"
          "2.6.18-274.el5\n2.6.18-308.el5\n2.6.18-348.el5",
          X86_64_ANY,
          "The report fits several kernels with different verdicts: RHEL 5.0, 5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7 or "
          "others kernel i686 or x86_64 (table 12.1).",
          "Report the output of this command in the guest: rpm -qf --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n' "
          "/boot/vmlinuz-$(uname -r)." },
        { "kernel-smp-2.4.21-47.EL.i686", X86_64_INTEL,
          "RHEL 3.8 kernel i686-SMP, compiled for Intel, is older than RHEL 3.9, the first supported release (section "
          "12.2), and needs an i686 host kernel; this host runs x86_64 (table 12.2).",
          "Update the guest to RHEL 3.9 and run it on an i686 host with an Intel processor, or reinstall it as 64-bit "
          "RHEL 3.9 (kernel-2.4.21-50.EL.ia32e)." },
        { "kernel-2.6.18-8.el5.i686", HOST(X86_64, INTEL, 0),
          "RHEL 5.0 kernel i686 is older than RHEL 5.1, the first supported release (section 12.2), and needs a host "
          "of "
          "RHEL 5.1 or newer; this host runs 5.0 (section 12.2).",
          "Update the guest to RHEL 5.1 or newer (kernel-2.6.18-53.el5.i686) and update the host to RHEL 5.1 or newer "
          "(kernel-xen-2.6.18-53.el5.x86_64)." },
        { "kernel-smp-2.4.21-50.EL.i686", HOST(I686, AMD, 1),
          "RHEL 3.9 kernel i686-SMP, compiled for Intel, does not fit this host's AMD processor (table 12.1).",
          "Install kernel-smp-2.4.21-50.EL.athlon in the guest, or run it on an i686 host with an Intel processor." },
        { "kernel-2.6.9-67.EL.ia64", HOST(IA64, INTEL, 1),
          "RHEL 4.6 kernel ia64 is not supported for RHEL 4 (table 12.1).",
          "No supported kernel exists for RHEL 4 on ia64 (table 12.1)." },
        /* The remedy fits whichever of the kernels the guest runs: a package without an architecture, the processor of
         * each kernel, or the package that fits. */
        { "2.6.18-53.el5xen", X86_64_INTEL,
          "RHEL 5.1 kernel i686-xen or x86_64-xen is not supported for RHEL 5 (table 12.1).",
          "Install kernel-2.6.18-53.el5 in the guest." },
        { "2.4.21-50.ELsmp i686", X86_64_ANY,
          "RHEL 3.9 kernel athlon-SMP or i686-SMP needs an i686 host kernel; this host runs x86_64 (table 12.2 and "
          "table "
          "12.3).",
          "Run the guest on an i686 host with the processor that its kernel is compiled for." },
        { "2.4.21-47.EL", X86_64_INTEL,
          "RHEL 3.8 kernel athlon, i686, ia32e or x86_64 is older than RHEL 3.9, the first supported release (section "
          "12.2).",
          "Reinstall the guest as 64-bit RHEL 3.9 (kernel-2.4.21-50.EL.ia32e)." },
        { SMP_I686, X86_64_ANY,
          "RHEL 3.9 kernel i686-SMP, compiled for Intel, needs an i686 host kernel; this host runs x86_64 (table "
          "12.2).",
          "Run the guest on an i686 host with an Intel processor, or reinstall it as 64-bit "
          "(kernel-2.4.21-50.EL.ia32e)." },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const XpvGuest guest = GUEST(.arch = XPV_ARCH_I686);
        g_autoptr(XpvJudgement) judgement = judge(&cases[i].host, &guest, cases[i].report);
        expect(cases[i].report, judgement->explanation, cases[i].explanation);
        expect(cases[i].report, judgement->remedy, cases[i].remedy);
    }
}

/* The consequence that an alert names: no more than is known. */
static void
test_consequence(void)
{
#define WILL_NOT_LOAD "Its drivers will not load without the matching package (section 12.2)."
    static const struct {
        const char *report;
        XpvHost host;
        XpvGuest guest;
        const char *explanation, *consequence;
    } cases[] = {
        /* A RHEL 3 kernel that does not match. */
        { SMP_I686, X86_64_INTEL, GUEST(),
          "RHEL 3.9 kernel i686-SMP, compiled for Intel, needs an i686 host kernel; this host runs x86_64 (table "
          "12.2).",
          WILL_NOT_LOAD },
        { "kernel-2.4.21-50.EL.ia32e", X86_64_AMD, GUEST(),
          "RHEL 3.9 kernel ia32e, compiled for Intel, does not fit this host's AMD processor (table 12.1).",
          WILL_NOT_LOAD },
        { "kernel-2.4.21-50.EL.ia64", HOST(IA64, INTEL, 1), GUEST(.disk_drivers = XPV_DRIVERS_INACTIVE),
          "RHEL 3.9 kernel ia64 is not supported for RHEL 3 (table 12.1).", WILL_NOT_LOAD },
        { "kernel-smp-2.4.21-47.EL.i686", X86_64_INTEL, GUEST(),
          "RHEL 3.8 kernel i686-SMP, compiled for Intel, is older than RHEL 3.9, the first supported release (section "
          "12.2), and needs an i686 host kernel; this host runs x86_64 (table 12.2).",
          WILL_NOT_LOAD },
        { "kernel-2.4.21-50.EL.athlon\nkernel-2.4.21-50.EL.ia32e", X86_64_AMD, GUEST(),
          "RHEL 3.9 kernel athlon or ia32e either needs an i686 host kernel; this host runs x86_64 (table 12.3), or "
          "does "
          "not fit this host's AMD processor (table 12.1).",
          WILL_NOT_LOAD },

        /* A kernel that may have loaded its drivers. */
        { "kernel-smp-2.4.21-47.EL.i686", I686_INTEL, GUEST(),
          "RHEL 3.8 kernel i686-SMP, compiled for Intel, is older than RHEL 3.9, the first supported release (section "
          "12.2).",
          "" },
        { "kernel-smp-2.4.21-50.EL.i686", HOST(I686, INTEL, 0), GUEST(),
          "RHEL 3.9 kernel i686-SMP, compiled for Intel, needs a host of RHEL 5.1 or newer; this host runs 5.0 "
          "(section "
          "12.2).",
          "" },
        { "kernel-smp-2.4.21-47.EL.i686\nkernel-2.4.21-50.EL.ia32e", HOST(I686, INTEL, 1), GUEST(),
          "RHEL 3.8 or 3.9 kernel i686-SMP or ia32e, compiled for Intel, either is older than RHEL 3.9, the first "
          "supported release (section 12.2), or needs an x86_64 host kernel; this host runs i686 (table 12.2).",
          "" },
        { "kernel-2.6.9-42.EL.i686", X86_64_INTEL, GUEST(),
          "RHEL 4.4 kernel i686 is older than RHEL 4.6, the first supported release (section 12.2).", "" },
        { "kernel-debug-2.6.18-53.el5.i686", X86_64_INTEL, GUEST(),
          "RHEL 5.1 kernel i686-debug is not supported for RHEL 5 (table 12.1).", "" },
        { SMP_I686 "\nkernel-2.6.9-67.EL.x86_64", HOST(IA64, INTEL, 1), GUEST(),
          "RHEL 3.9 or 4.6 kernel i686-SMP or x86_64 needs an i686 or x86_64 host kernel; this host runs ia64 (section "
          "12.2 and table 12.2).",
          "" },

        /* A kernel that has loaded its drivers. */
        { SMP_I686, X86_64_INTEL, GUEST(ACTIVE),
          "RHEL 3.9 kernel i686-SMP, compiled for Intel, needs an i686 host kernel; this host runs x86_64 (table "
          "12.2); "
          "nevertheless, its drivers are active.",
          "" },
        { "kernel-2.6.9-42.EL.i686", X86_64_INTEL, GUEST(ACTIVE),
          "RHEL 4.4 kernel i686 is older than RHEL 4.6, the first supported release (section 12.2); nevertheless, its "
          "drivers are active.",
          "" },

        /* A kernel that needs no such sentence. */
        { "kernel-2.4.21-50.EL.ia32e", X86_64_INTEL, GUEST(),
          "RHEL 3.9 kernel ia32e, compiled for Intel, is supported on this x86_64 host (table 12.1, table 12.2); its "
          "drivers are in kmod-xenpv.",
          "" },
        { NULL, X86_64_INTEL, GUEST(), "The guest reports no kernel.", "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvJudgement) judgement = judge(&cases[i].host, &cases[i].guest, cases[i].report);
        const char *input = cases[i].report ? cases[i].report : "(none)";
        expect(input, judgement->explanation, cases[i].explanation);
        expect(input, judgement->consequence, cases[i].consequence);
    }
}

/* The sentence names the source and the other system. */
static void
test_other_system(void)
{
    const XpvHost host = X86_64_INTEL;
    const XpvGuest guest = GUEST(WINDOWS);
    g_autoptr(XpvJudgement) judgement = judge(&host, &guest, NULL);
    g_assert_cmpstr(judgement->explanation, ==,
                    "The guest's agent names the system “windows 6”, which section 12.2 does not cover.");
    g_assert_cmpstr(judgement->remedy, ==, "");
}

/* If another source names a package exactly, the report becomes exact, as long as it can mean that package. */
static void
test_other_reports(void)
{
    static const struct {
        const char *report;
        XpvHost host;
        const char *others[3];
        const char *expected;
    } cases[] = {
        { "2.4.21-50.EL i686",
          HOST(I686, AMD, 1),
          { "kernel-2.4.21-50.EL.athlon" },
          "compatible [-] {-} 3.9 athlon amd i686 kmod-xenpv" },
        { "2.4.21-50.EL i686",
          HOST(I686, AMD, 1),
          { "kernel-2.4.21-50.EL.i686" },
          "incompatible [processor-mismatch] {-} 3.9 i686 intel i686 kmod-xenpv" },
        { "2.4.21-50.EL i686", HOST(I686, AMD, 1), { NULL }, "unknown [kernel-ambiguous] {-} 3.9 - - i686 kmod-xenpv" },
        /* Another source lists all installed packages; the report can mean some of them. */
        { "2.4.21-50.EL x86_64",
          X86_64_INTEL,
          { "kernel-2.4.21-47.EL.ia32e\nkernel-2.4.21-50.EL.ia32e\nkernel-smp-2.4.21-50.EL.x86_64\n" },
          "compatible [-] {-} 3.9 ia32e intel x86_64 kmod-xenpv" },
        /* The first source decides. One that contradicts it is ignored. */
        { "2.4.21-50.EL i686",
          HOST(I686, AMD, 1),
          { "kernel-2.4.21-50.EL.athlon", "kernel-2.4.21-50.EL.i686" },
          "compatible [-] {-} 3.9 athlon amd i686 kmod-xenpv" },
        { "2.4.21-50.EL i686",
          HOST(I686, AMD, 1),
          { "kernel-2.4.21-50.EL.i686", "kernel-2.4.21-50.EL.athlon" },
          "incompatible [processor-mismatch] {-} 3.9 i686 intel i686 kmod-xenpv" },
        /* A source is ignored if it leaves nothing: another kernel, another flavour, nothing exact, nothing at all. */
        { "2.4.21-50.EL i686",
          HOST(I686, AMD, 1),
          { "kernel-2.4.21-47.EL.athlon", "kernel-smp-2.4.21-50.EL.athlon" },
          "unknown [kernel-ambiguous] {-} 3.9 - - i686 kmod-xenpv" },
        { "2.4.21-50.EL i686",
          HOST(I686, AMD, 1),
          { "kernel-2.4.21-50.EL", "gibberish" },
          "unknown [kernel-ambiguous] {-} 3.9 - - i686 kmod-xenpv" },
        { "2.6.18-53.el5",
          HOST(IA64, INTEL, 1),
          { "kernel-2.6.18-53.el5.x86_64" }, /* the host's family is applied first */
          "compatible [-] {-} 5.1 ia64 - ia64 kmod-xenpv" },
        { "gibberish", X86_64_INTEL, { PAE_I686 }, "unknown [kernel-unrecognized] {-} - - - - -" },
        { NULL, X86_64_INTEL, { PAE_I686 }, "unknown [kernel-not-reported] {-} - - - - -" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_report_free);
        for (guint j = 0; cases[i].others[j]; j++)
            g_ptr_array_add(others, xpv_report_parse(cases[i].others[j], -1));
        const XpvGuest guest = GUEST(.others = others);
        g_autoptr(XpvJudgement) judgement = judge(&cases[i].host, &guest, cases[i].report);
        g_autofree char *got = describe_judgement(judgement);
        expect(cases[i].report ? cases[i].report : "(none)", got, cases[i].expected);
        check_sane(cases[i].report ? cases[i].report : "", judgement);
    }
}

static void
test_hostile(void)
{
    static const XpvArch archs[] = { XPV_ARCH_UNKNOWN, XPV_ARCH_I686, XPV_ARCH_X86_64, XPV_ARCH_IA64 };
    static const char *const hypervisors[] = { "Xen", "Xen", "Xen", "QEMU" };
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);

    for (guint i = 0; i < 50000 && !g_test_failed(); i++) {
        const XpvHost host = { hypervisors[g_rand_int_range(rand, 0, 4)], archs[g_rand_int_range(rand, 0, 4)],
                               (XpvProcessor)g_rand_int_range(rand, 0, 3), g_rand_int_range(rand, -1, 3) };
        gsize length;
        g_autofree char *data = hostile_report(rand, &length);
        g_autoptr(XpvReport) report = xpv_report_parse(data, (gssize)length);
        const XpvGuest guest = { .uuid = SOME_UUID,
                                 .id = g_rand_int_range(rand, -1, 3),
                                 .virtualization = (XpvVirtualization)g_rand_int_range(rand, 0, 4),
                                 .arch = archs[g_rand_int_range(rand, 0, 4)],
                                 .report = report,
                                 .report_is_live = g_rand_boolean(rand),
                                 .in_grace = g_rand_boolean(rand),
                                 .disk_drivers = (XpvDrivers)g_rand_int_range(rand, 0, 3),
                                 .network_drivers = (XpvDrivers)g_rand_int_range(rand, 0, 3) };
        g_autoptr(XpvJudgement) judgement = xpv_judge(&host, &guest);
        check_sane(report ? xpv_report_text(report) : "", judgement);
        expect_true(data, xpv_guest_is_running(&guest) == (guest.id >= 0), "runs");
    }
    xpv_judgement_free(NULL);
    xpv_report_free(NULL);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/judge/every-package-on-every-host", test_every_package_on_every_host);
    g_test_add_data_func("/judge/precedence", precedence, test_cases);
    g_test_add_data_func("/judge/narrowing", narrowing, test_cases);
    g_test_add_data_func("/judge/ambiguity", ambiguity, test_cases);
    g_test_add_data_func("/judge/warnings", warnings, test_cases);
    g_test_add_func("/judge/too-old-everywhere", test_too_old_everywhere);
    g_test_add_func("/judge/sentences", test_sentences);
    g_test_add_func("/judge/consequence", test_consequence);
    g_test_add_func("/judge/other-system", test_other_system);
    g_test_add_func("/judge/other-reports", test_other_reports);
    g_test_add_func("/judge/hostile", test_hostile);
    return g_test_run();
}
