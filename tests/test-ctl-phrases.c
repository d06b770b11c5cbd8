/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The phrases that people read for the public words. */
#include "common/words.h"
#include "ctl/phrases.h"
#include "tests/expect.h"

static void
test_words(void)
{
    for (guint i = 0; i < XPV_REASON_MAX; i++) {
        const char *word = xpv_reason_to_word(i);
        expect_true(word, xpv_ctl_reason_phrase(word) && xpv_ctl_reason_phrase(word) != word, "has a phrase");
    }
    for (guint i = 0; i < XPV_WARNING_MAX; i++) {
        const char *word = xpv_warning_to_word(i);
        expect_true(word, xpv_ctl_warning_phrase(word) && xpv_ctl_warning_phrase(word) != word, "has a phrase");
    }
    g_assert_cmpstr(xpv_ctl_reason_phrase("host-architecture-mismatch"), ==, "needs another host architecture");
    g_assert_cmpstr(xpv_ctl_reason_phrase("from-the-future"), ==, "from-the-future");
    g_assert_cmpstr(xpv_ctl_warning_phrase("from-the-future"), ==, "from-the-future");
}

static void
test_why(void)
{
    static const char *const cases[][2] = {
        { "{}", "" },
        { "{'Reasons': <['kernel-not-reported']>}", "reports no kernel" },
        { "{'Reasons': <['host-architecture-mismatch', 'processor-mismatch']>, 'Warnings': <['guide-disagrees']>}",
          "needs another host architecture" },
        { "{'Warnings': <['drivers-not-active', 'x']>}", "but para-virtualized drivers are not active, x" },
        { "{'Acknowledged': <true>, 'Stale': <true>, 'Reasons': <['x\\u001b[1m']>}", "(stale) (acknowledged) x[1m" },
        { "{'Stale': <true>}", "(stale)" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GVariant) values = g_variant_parse(G_VARIANT_TYPE_VARDICT, cases[i][0], NULL, NULL, NULL);
        g_autoptr(XpvCtlObject) domain = xpv_ctl_object_new(&xpv_ctl_domain_interface, values);
        g_autofree char *why = xpv_ctl_domain_why(domain);
        expect(cases[i][0], why, cases[i][1]);
    }
}

static void
test_host(void)
{
    static const char *const cases[][6] = {
        { "a", "x86_64", "intel", "2.6.18-53.el5xen", "5.1", "a, x86_64, intel, kernel 2.6.18-53.el5xen (RHEL 5.1)" },
        { "", "x86_64", "", "6.1", "", "x86_64, kernel 6.1" },
        { "", "", "", "6.1", "", "kernel 6.1" },
        { "", "", "", "", "", "with no known facts" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GVariantDict facts;
        g_variant_dict_init(&facts, NULL);
        g_variant_dict_insert(&facts, "HostName", "s", cases[i][0]);
        g_variant_dict_insert(&facts, "HostArchitecture", "s", cases[i][1]);
        g_variant_dict_insert(&facts, "HostProcessor", "s", cases[i][2]);
        g_variant_dict_insert(&facts, "HostKernel", "s", cases[i][3]);
        g_variant_dict_insert(&facts, "HostRelease", "s", cases[i][4]);
        g_autoptr(XpvCtlObject) host = xpv_ctl_object_new(&xpv_ctl_host_interface, g_variant_dict_end(&facts));
        g_autofree char *text = xpv_ctl_host_text(host);
        expect(cases[i][5], text, cases[i][5]);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/phrases/words", test_words);
    g_test_add_func("/ctl/phrases/why", test_why);
    g_test_add_func("/ctl/phrases/host", test_host);
    return g_test_run();
}
