/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "check" plans with, beside judging what it is told: each in a file of its own. */
#pragma once

#include "ctl/facts.h"

/* xpv_ctl_check_matrix: tables 12.1 to 12.3 for one host. */
void xpv_ctl_check_matrix(XpvCtl *ctl, const XpvCtlFacts *facts);

/* xpv_ctl_check_all_hosts: a report on every host that the tables tell apart.
 * @facts: of their architectures and processors, nothing
 * @tally: counts the best verdict of all hosts
 * Returns: FALSE where nobody reads on */
gboolean xpv_ctl_check_all_hosts(XpvCtl *ctl, const XpvCtlFacts *facts, const XpvReport *report, XpvCtlTally *tally);
