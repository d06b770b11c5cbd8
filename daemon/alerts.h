/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alerts: once for each run of a domain (its UUID and domain id) that is incompatible and not acknowledged, and once
 * when that is over.
 *
 * What was alerted is kept in the runtime directory, so that a restart repeats nothing. It is written before an alert
 * is sent and put in place right after it: who kills the daemon between the two gets the alert again, never not at all.
 */
#pragma once

#include "daemon/bus/publisher.h"

/* Journal entries. */
#define XPV_MESSAGE_ID_INCOMPATIBLE "8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21"
#define XPV_MESSAGE_ID_CLEARED "3a7e2b9c41d84f6fb0c5d28e96a1f073"

typedef struct _XpvAlerts XpvAlerts;

/* xpv_alerts_new: reads what was alerted before. A file that cannot be understood is set aside, with a warning.
 * @directory: where "alerts" is kept; what cannot be written there is kept in memory, with a warning
 * @publisher, @registry, @host: borrowed */
XpvAlerts *xpv_alerts_new(const char *directory, XpvPublisher *publisher, XpvRegistry *registry,
                          const XpvHostState *host);
void xpv_alerts_free(XpvAlerts *alerts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvAlerts, xpv_alerts_free)

/* xpv_alerts_begin: from now on alerts are sent; what has become due before is sent first. */
void xpv_alerts_begin(XpvAlerts *alerts);

/* xpv_alerts_domain_changing: before a change is published: a run that was seen is alerted first, however soon it is
 * over. */
void xpv_alerts_domain_changing(XpvAlerts *alerts, const XpvDomain *before);

/* xpv_alerts_domain_changed: as XpvRegistryChanged has it. */
void xpv_alerts_domain_changed(XpvAlerts *alerts, const XpvDomain *before, const XpvDomain *after);

/* xpv_alerts_refreshed: a refresh is over: runs of domains that it did not find have ended, and what is due is sent. */
void xpv_alerts_refreshed(XpvAlerts *alerts);
