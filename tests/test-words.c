/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public words, written out again: clients depend on them. */
#include "common/words.h"
#include "tests/expect.h"

/* Defines a test of an enumeration: its words, in its order. */
#define DEFINE_TEST(Type, name, max, ...)                                                                              \
    static void test_##name(void)                                                                                      \
    {                                                                                                                  \
        static const char *const words[] = { __VA_ARGS__ };                                                            \
        static const char *const unknown[] = { "nonsense", " ", "Compatible", "not_xen", "smp ", "-smp", "x86-64" };   \
        G_STATIC_ASSERT(G_N_ELEMENTS(words) == (max));                                                                 \
        Type value;                                                                                                    \
        for (guint i = 0; i < G_N_ELEMENTS(words); i++) {                                                              \
            value = (max);                                                                                             \
            expect(#name, xpv_##name##_to_word((Type)i), words[i]);                                                    \
            expect_true(words[i], xpv_##name##_from_word(words[i], &value) && value == (Type)i, "is read back");       \
        }                                                                                                              \
        for (guint i = 0; i < G_N_ELEMENTS(unknown); i++) {                                                            \
            value = (max);                                                                                             \
            expect_true(unknown[i], !xpv_##name##_from_word(unknown[i], &value), "is no word of " #name);              \
            expect_true(unknown[i], value == (max), "leaves the value alone");                                         \
        }                                                                                                              \
        expect_true("", xpv_##name##_from_word("", &value) == (words[0][0] == '\0'), "is a word where not known is");  \
    }

DEFINE_TEST(XpvVerdict, verdict, XPV_VERDICT_MAX, "compatible", "incompatible", "unknown", "not-applicable")
DEFINE_TEST(XpvReason, reason, XPV_REASON_MAX, "control-domain", "not-xen", "paravirtualized-guest",
            "guest-not-covered", "kernel-pending", "kernel-not-reported", "kernel-unrecognized", "kernel-ambiguous",
            "host-unknown", "guest-release-unsupported", "kernel-variant-unsupported", "host-architecture-mismatch",
            "processor-mismatch", "host-release-unsupported")
DEFINE_TEST(XpvWarning, warning, XPV_WARNING_MAX, "host-release-unverified", "host-processor-unknown",
            "guide-disagrees", "boot-disk-paravirtualized", "release-conflict", "driver-package-missing",
            "drivers-active-unsupported", "drivers-not-active")
DEFINE_TEST(XpvArch, arch, XPV_ARCH_MAX, "", "athlon", "i386", "i586", "i686", "ia32e", "x86_64", "ia64", "ppc",
            "ppc64", "ppc64iseries", "ppc64pseries", "s390", "s390x")
DEFINE_TEST(XpvFlavour, flavour, XPV_FLAVOUR_MAX, "", "smp", "hugemem", "largesmp", "PAE", "xen", "xenU", "debug",
            "kdump", "BOOT", "uek", "rt")
DEFINE_TEST(XpvProcessor, processor, XPV_PROCESSOR_MAX, "", "intel", "amd")
DEFINE_TEST(XpvVirtualization, virtualization, XPV_VIRTUALIZATION_MAX, "", "hvm", "pv", "pvh")
DEFINE_TEST(XpvDriverSource, driver_source, XPV_DRIVER_SOURCE_MAX, "", "kmod-xenpv", "built-in")
DEFINE_TEST(XpvDrivers, drivers, XPV_DRIVERS_MAX, "unknown", "active", "inactive")

static void
test_sets(void)
{
    static const struct {
        const char *const *(*to_words)(guint set);
        guint set;
        const char *words;
    } cases[] = {
        { xpv_reasons_to_words, 0, "-" },
        { xpv_reasons_to_words, XPV_BIT(XPV_REASON_CONTROL_DOMAIN), "control-domain" },
        { xpv_reasons_to_words, XPV_BIT(XPV_REASON_HOST_RELEASE_UNSUPPORTED), "host-release-unsupported" },
        { xpv_reasons_to_words,
          XPV_BIT(XPV_REASON_HOST_RELEASE_UNSUPPORTED) | XPV_BIT(XPV_REASON_PROCESSOR_MISMATCH) |
              XPV_BIT(XPV_REASON_HOST_ARCHITECTURE_MISMATCH) | XPV_BIT(XPV_REASON_KERNEL_VARIANT_UNSUPPORTED) |
              XPV_BIT(XPV_REASON_GUEST_RELEASE_UNSUPPORTED),
          "guest-release-unsupported,kernel-variant-unsupported,host-architecture-mismatch,processor-mismatch,"
          "host-release-unsupported" },
        { xpv_reasons_to_words, XPV_BIT(XPV_REASON_MAX) - 1,
          "control-domain,not-xen,paravirtualized-guest,guest-not-covered,kernel-pending,kernel-not-reported,"
          "kernel-unrecognized,kernel-ambiguous,host-unknown,guest-release-unsupported,kernel-variant-unsupported,"
          "host-architecture-mismatch,processor-mismatch,host-release-unsupported" },
        { xpv_warnings_to_words, 0, "-" },
        { xpv_warnings_to_words, XPV_BIT(XPV_WARNING_MAX) - 1,
          "host-release-unverified,host-processor-unknown,guide-disagrees,boot-disk-paravirtualized,release-conflict,"
          "driver-package-missing,drivers-active-unsupported,drivers-not-active" },
        { xpv_archs_to_words, 0, "-" },
        { xpv_archs_to_words, XPV_BIT(XPV_ARCH_X86_64) | XPV_BIT(XPV_ARCH_I686), "i686,x86_64" },
        { xpv_archs_to_words, XPV_BIT(XPV_ARCH_IA64), "ia64" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const *list = cases[i].to_words(cases[i].set);
        g_autofree char *words = expect_words(list, ",");
        g_autofree char *set = g_strdup_printf("set %#x", cases[i].set);
        expect(set, words, cases[i].words);
        expect_true(set, cases[i].to_words(cases[i].set) == list, "has one list");
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/words/verdict", test_verdict);
    g_test_add_func("/words/reason", test_reason);
    g_test_add_func("/words/warning", test_warning);
    g_test_add_func("/words/arch", test_arch);
    g_test_add_func("/words/flavour", test_flavour);
    g_test_add_func("/words/processor", test_processor);
    g_test_add_func("/words/virtualization", test_virtualization);
    g_test_add_func("/words/driver-source", test_driver_source);
    g_test_add_func("/words/drivers", test_drivers);
    g_test_add_func("/words/sets", test_sets);
    return g_test_run();
}
