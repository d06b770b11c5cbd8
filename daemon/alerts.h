/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alerts: once for each run of a domain (its UUID and domain id) that is incompatible and not acknowledged, and once
 * when this is over.
 *
 * A file in the runtime directory says which alerts were raised, so that a restart repeats none. A new file is written
 * before an alert is sent, and put in place right after it: if the daemon is killed in between, the alert is repeated,
 * but never lost.
 */
#pragma once

#include "daemon/bus/publisher.h"

/* Journal entries. */
#define XPV_MESSAGE_ID_INCOMPATIBLE "8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21"
#define XPV_MESSAGE_ID_CLEARED "3a7e2b9c41d84f6fb0c5d28e96a1f073"

typedef struct _XpvAlerts XpvAlerts;

/* xpv_alerts_new: reads the file of earlier alerts. If it is broken, it is renamed, with a warning.
 * @directory: has the file "alerts"; if this cannot be written, alerts are remembered in memory only, with a warning
 * @publisher, @registry, @host: borrowed */
XpvAlerts *xpv_alerts_new(const char *directory, XpvPublisher *publisher, XpvRegistry *registry,
                          const XpvHostState *host);
void xpv_alerts_free(XpvAlerts *alerts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvAlerts, xpv_alerts_free)

/* xpv_alerts_begin: from now on, alerts are sent. Sends those that are due already. */
void xpv_alerts_begin(XpvAlerts *alerts);

/* xpv_alerts_domain_changing: call it before a change is published, so that a due alert of the domain's run is sent
 * even if the run ends with this change. */
void xpv_alerts_domain_changing(XpvAlerts *alerts, const XpvDomain *before);

/* xpv_alerts_domain_changed: see XpvRegistryChanged. */
void xpv_alerts_domain_changed(XpvAlerts *alerts, const XpvDomain *before, const XpvDomain *after);

/* xpv_alerts_refreshed: a refresh is over. The runs of domains that are gone have ended. Sends due alerts. */
void xpv_alerts_refreshed(XpvAlerts *alerts);
