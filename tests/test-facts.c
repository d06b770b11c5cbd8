/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts that a person states, and the errors for invalid ones. */
#include "common/facts.h"

static const XpvHost known = { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_AMD, 3 };

static void
test_facts(void)
{
    static const struct {
        const char *key;
        const char *value;
        XpvHost host;
    } cases[] = {
        { "host-architecture", "x86_64", { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_AMD, 3 } },
        { "host-architecture", "ia64", { "Xen", XPV_ARCH_IA64, XPV_PROCESSOR_AMD, 3 } },
        { "host-architecture", "", { "Xen", XPV_ARCH_UNKNOWN, XPV_PROCESSOR_AMD, 3 } },
        { "host-processor", "intel", { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_INTEL, 3 } },
        { "host-processor", "", { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_UNKNOWN, 3 } },
        { "host-kernel", "2.6.18-8.el5xen", { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_AMD, 0 } },
        { "host-kernel", "kernel-xen-2.6.18-398.el5.x86_64", { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_AMD, 11 } },
        { "host-kernel", "6.1.0-18-amd64", { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_AMD, -1 } },
        { "host-kernel", "", { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_AMD, -1 } },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        XpvHost host = known;
        g_autoptr(GError) error = NULL;
        g_assert_true(xpv_facts_set(&host, NULL, cases[i].key, cases[i].value, &error));
        g_assert_no_error(error);
        g_assert_cmpint(host.architecture, ==, cases[i].host.architecture);
        g_assert_cmpint(host.processor, ==, cases[i].host.processor);
        g_assert_cmpint(host.update, ==, cases[i].host.update);
    }
}

static void
test_virtualization(void)
{
    static const char *const words[] = { "", "hvm", "pv", "pvh" };
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        XpvHost host = known;
        XpvVirtualization virtualization = XPV_VIRTUALIZATION_MAX;
        g_assert_true(xpv_facts_set(&host, &virtualization, "virtualization", words[i], NULL));
        g_assert_cmpint(virtualization, ==, i);
    }
}

/* The error names the key, the value and what is accepted. Nothing is changed. */
static void
test_refused(void)
{
    static const struct {
        const char *key;
        const char *value;
        XpvFactsError code;
        const char *sentence;
    } cases[] = {
        { "host-architecture", "i386", XPV_FACTS_ERROR_UNKNOWN_WORD,
          "host-architecture cannot be “i386”; it is i686, x86_64 or ia64, or empty if not known" },
        { "host-architecture", "sparc", XPV_FACTS_ERROR_UNKNOWN_WORD,
          "host-architecture cannot be “sparc”; it is i686, x86_64 or ia64, or empty if not known" },
        { "host-architecture", "athlon", XPV_FACTS_ERROR_UNKNOWN_WORD,
          "host-architecture cannot be “athlon”; it is i686, x86_64 or ia64, or empty if not known" },
        { "host-processor", "Intel", XPV_FACTS_ERROR_UNKNOWN_WORD,
          "host-processor cannot be “Intel”; it is intel or amd, or empty if not known" },
        { "virtualization", "kvm", XPV_FACTS_ERROR_UNKNOWN_WORD,
          "virtualization cannot be “kvm”; it is hvm, pv or pvh, or empty if not known" },
        { "host-colour", "red", XPV_FACTS_ERROR_UNKNOWN_KEY,
          "There is no fact “host-colour”; the facts are host-architecture, host-processor, host-kernel and "
          "virtualization" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        XpvHost host = known;
        XpvVirtualization virtualization = XPV_VIRTUALIZATION_PV;
        g_autoptr(GError) error = NULL;
        g_assert_false(xpv_facts_set(&host, &virtualization, cases[i].key, cases[i].value, &error));
        g_assert_error(error, XPV_FACTS_ERROR, (gint)cases[i].code);
        g_assert_cmpstr(error->message, ==, cases[i].sentence);
        g_assert_true(host.hypervisor == known.hypervisor && host.architecture == known.architecture &&
                      host.processor == known.processor && host.update == known.update);
        g_assert_cmpint(virtualization, ==, XPV_VIRTUALIZATION_PV);
    }
}

/* Without a guest, virtualization cannot be set. */
static void
test_host_alone(void)
{
    XpvHost host = known;
    g_autoptr(GError) error = NULL;
    g_assert_false(xpv_facts_set(&host, NULL, "virtualization", "pv", &error));
    g_assert_error(error, XPV_FACTS_ERROR, XPV_FACTS_ERROR_UNKNOWN_KEY);
    g_assert_null(strstr(error->message, "and virtualization"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts/stated", test_facts);
    g_test_add_func("/facts/virtualization", test_virtualization);
    g_test_add_func("/facts/refused", test_refused);
    g_test_add_func("/facts/host-alone", test_host_alone);
    return g_test_run();
}
