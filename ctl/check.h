/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two planning options of "check", each in a file of its own. */
#pragma once

#include "ctl/ctl.h"
#include "ctl/facts.h"

/* xpv_ctl_check_matrix: tables 12.1 to 12.3 for one host. */
void xpv_ctl_check_matrix(XpvCtl *ctl, const XpvCtlFacts *facts);

/* xpv_ctl_check_all_hosts: judges a report for every host that the tables distinguish.
 * @facts: those that apply to every host: no architecture, no processor
 * @tally: counts the best verdict of all hosts
 * Returns: FALSE if the output can no longer be written */
gboolean xpv_ctl_check_all_hosts(XpvCtl *ctl, const XpvCtlFacts *facts, const XpvReport *report, XpvCtlTally *tally);
