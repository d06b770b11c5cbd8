/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/verdict.h"

#include "ctl/style.h"

static XpvVerdict
verdict_from_word(const char *word)
{
    XpvVerdict verdict;
    return xpv_verdict_from_word(word, &verdict) ? verdict : XPV_VERDICT_UNKNOWN;
}

void
xpv_ctl_tally_add(XpvCtlTally *tally, const char *verdict)
{
    tally->counts[verdict_from_word(verdict)]++;
}

guint
xpv_ctl_tally_total(const XpvCtlTally *tally)
{
    guint total = 0;
    for (guint i = 0; i < XPV_VERDICT_MAX; i++)
        total += tally->counts[i];
    return total;
}

XpvCtlExit
xpv_ctl_tally_exit(const XpvCtlTally *tally)
{
    if (tally->counts[XPV_VERDICT_INCOMPATIBLE] > 0)
        return XPV_CTL_EXIT_INCOMPATIBLE;
    if (tally->counts[XPV_VERDICT_UNKNOWN] > 0 || tally->counts[XPV_VERDICT_NOT_APPLICABLE] > 0)
        return XPV_CTL_EXIT_UNDECIDED;
    return XPV_CTL_EXIT_COMPATIBLE;
}

char *
xpv_ctl_tally_text(const XpvCtlTally *tally, const char *noun)
{
    static const char *const phrases[] = {
        [XPV_VERDICT_COMPATIBLE] = "compatible",
        [XPV_VERDICT_INCOMPATIBLE] = "incompatible",
        [XPV_VERDICT_UNKNOWN] = "unknown",
        [XPV_VERDICT_NOT_APPLICABLE] = "not applicable",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(phrases) == XPV_VERDICT_MAX);

    guint total = xpv_ctl_tally_total(tally);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%u %s%s", total, noun, total == 1 ? "" : "s");
    const char *separator = ": ";
    for (guint i = 0; i < XPV_VERDICT_MAX; i++) {
        if (tally->counts[i] == 0)
            continue;
        g_string_append_printf(text, "%s%u %s", separator, tally->counts[i], phrases[i]);
        separator = ", ";
    }
    return g_string_free(text, FALSE);
}

const char *
xpv_ctl_verdict_style(const char *verdict)
{
    static const char *const styles[] = {
        [XPV_VERDICT_COMPATIBLE] = XPV_CTL_STYLE_GOOD,
        [XPV_VERDICT_INCOMPATIBLE] = XPV_CTL_STYLE_BAD,
        [XPV_VERDICT_UNKNOWN] = XPV_CTL_STYLE_OPEN,
        [XPV_VERDICT_NOT_APPLICABLE] = XPV_CTL_STYLE_FAINT,
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(styles) == XPV_VERDICT_MAX);
    return styles[verdict_from_word(verdict)];
}
