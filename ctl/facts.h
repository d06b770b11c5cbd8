/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts that the client judges reports by, without daemon and bus. */
#pragma once

#include "common/facts.h"
#include "common/report.h"
#include "ctl/object.h"
#include "ctl/verdict.h"

typedef struct {
    XpvHost host;
    XpvVirtualization virtualization; /* of the guest */
    char *kernel;                     /* the host's, cleaned; "" if not known */
} XpvCtlFacts;

/* xpv_ctl_facts_of_this_host: a fully virtualized guest on this machine, as on Xen. */
void xpv_ctl_facts_of_this_host(XpvCtlFacts *ret_facts);

/* xpv_ctl_facts_of_no_host: a fully virtualized guest on a Xen host with a supported release; all other facts are
 * unknown. */
void xpv_ctl_facts_of_no_host(XpvCtlFacts *ret_facts);

void xpv_ctl_facts_clear(XpvCtlFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XpvCtlFacts, xpv_ctl_facts_clear)

/* xpv_ctl_facts_set: sets a fact. @value: any bytes. Errors: those of xpv_facts_set(). */
gboolean xpv_ctl_facts_set(XpvCtlFacts *facts, XpvFact fact, const char *value,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_facts_judge: judges a report. Returns: an object with a domain's properties */
XpvCtlObject *xpv_ctl_facts_judge(const XpvCtlFacts *facts, const XpvReport *report);

/* xpv_ctl_facts_host: the facts about the host. Returns: an object with the host's properties */
XpvCtlObject *xpv_ctl_facts_host(const XpvCtlFacts *facts);

/* xpv_ctl_facts_summary: "2 reports: 1 compatible, 1 unknown — as on a Xen host, x86_64, intel". Returns: (transfer
 * full)
 * @noun: what is counted, in the singular */
char *xpv_ctl_facts_summary(const XpvCtlFacts *facts, const XpvCtlTally *tally, const char *noun);
