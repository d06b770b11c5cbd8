/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's verbs, each a file of its own. */
#pragma once

#include "ctl/ctl.h"
#include "ctl/table.h"

/* In the order of the help; the first is the default. VERB(name) is xpv_ctl_verb_NAME in verb-NAME.c: the build takes
 * the files from here. */
#define XPV_CTL_VERBS(VERB)                                                                                            \
    VERB(list)                                                                                                         \
    VERB(show)                                                                                                         \
    VERB(host)                                                                                                         \
    VERB(check)                                                                                                        \
    VERB(monitor)                                                                                                      \
    VERB(metrics)                                                                                                      \
    VERB(gate)

#define XPV_CTL_VERB(name) extern const XpvCtlVerb xpv_ctl_verb_##name;
XPV_CTL_VERBS(XPV_CTL_VERB)
#undef XPV_CTL_VERB

/* Its arguments may look like options. */
#define XPV_CTL_GATE "gate"

/* xpv_ctl_add_domain: name, state, verdict, kernel and why, as a row's cells. */
void xpv_ctl_add_domain(XpvCtlTable *table, const XpvCtlObject *domain);

/* xpv_ctl_warn_of_host: warns if libvirt does not answer, as the output may then be old. */
void xpv_ctl_warn_of_host(XpvCtl *ctl, const XpvCtlObject *host);
