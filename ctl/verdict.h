/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts counted, and the exit status that follows. A word that this client does not know counts as unknown. */
#pragma once

#include "common/words.h"
#include "ctl/exit.h"

typedef struct {
    guint counts[XPV_VERDICT_MAX];
} XpvCtlTally;

void xpv_ctl_tally_add(XpvCtlTally *tally, const char *verdict);
guint xpv_ctl_tally_total(const XpvCtlTally *tally);
XpvCtlExit xpv_ctl_tally_exit(const XpvCtlTally *tally);

/* xpv_ctl_tally_text: "3 domains: 1 compatible, 2 not applicable". Returns: (transfer full)
 * @noun: what is counted, in the singular */
char *xpv_ctl_tally_text(const XpvCtlTally *tally, const char *noun);

/* xpv_ctl_verdict_style: the escape sequence for a verdict; static. */
const char *xpv_ctl_verdict_style(const char *verdict);
