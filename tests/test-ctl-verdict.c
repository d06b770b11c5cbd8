/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts of verdicts, and the exit status that they give. */
#include "ctl/verdict.h"
#include "tests/expect.h"

static void
test_tally(void)
{
    static const struct {
        const char *verdicts;
        int status;
        const char *text;
    } cases[] = {
        { "", 0, "0 domains" },
        { "compatible", 0, "1 domain: 1 compatible" },
        { "compatible compatible", 0, "2 domains: 2 compatible" },
        { "incompatible", 1, "1 domain: 1 incompatible" },
        { "unknown", 3, "1 domain: 1 unknown" },
        { "not-applicable", 3, "1 domain: 1 not applicable" },
        { "compatible not-applicable", 3, "2 domains: 1 compatible, 1 not applicable" },
        { "unknown incompatible compatible", 1, "3 domains: 1 compatible, 1 incompatible, 1 unknown" },
        { "word-from-the-future", 3, "1 domain: 1 unknown" },
        { "compatible word-from-the-future", 3, "2 domains: 1 compatible, 1 unknown" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        XpvCtlTally tally = { 0 };
        g_auto(GStrv) verdicts = g_strsplit(cases[i].verdicts, " ", -1);
        for (guint j = 0; verdicts[j]; j++)
            xpv_ctl_tally_add(&tally, verdicts[j]);

        g_autofree char *text = xpv_ctl_tally_text(&tally, "domain");
        g_autofree char *status = g_strdup_printf("%d", xpv_ctl_tally_exit(&tally));
        g_autofree char *expected = g_strdup_printf("%d", cases[i].status);
        expect(cases[i].verdicts, text, cases[i].text);
        expect(cases[i].verdicts, status, expected);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/verdict/tally", test_tally);
    return g_test_run();
}
