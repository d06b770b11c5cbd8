/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's domains, judged. It takes what was read, and tells what changed. It knows neither libvirt nor D-Bus. */
#pragma once

#include "common/domain-xml.h"
#include "common/domain.h"
#include "daemon/reports/reports.h"

typedef struct _XpvRegistry XpvRegistry;

/* xpv_registry_changed: a domain was added (@before NULL), changed, or is about to be removed (@after NULL). During
 * the call, the registry has @after, or @before if the domain is removed. */
typedef void (*XpvRegistryChanged)(const XpvDomain *before, const XpvDomain *after, gpointer data);

/* xpv_registry_new:
 * @host: the facts that domains are judged against; strings are copied
 * @reports: where the kernels come from; borrowed
 * @grace: seconds that a guest has to report its kernel after the first read of its run */
XpvRegistry *xpv_registry_new(const XpvHost *host, XpvReports *reports, guint grace, XpvRegistryChanged changed,
                              gpointer data);
void xpv_registry_free(XpvRegistry *registry);

/* xpv_registry_lookup: Returns: (nullable) owned by the registry until the domain's next change. */
const XpvDomain *xpv_registry_lookup(XpvRegistry *registry, const char *uuid);

/* xpv_registry_find: by name, else by UUID. */
const XpvDomain *xpv_registry_find(XpvRegistry *registry, const char *name_or_uuid);

/* xpv_registry_list: Returns: (transfer container) of const XpvDomain, in no order. */
GPtrArray *xpv_registry_list(XpvRegistry *registry);

/* xpv_registry_get_counts: Returns: how many domains have each XpvVerdict; owned by the registry. */
const guint32 *xpv_registry_get_counts(const XpvRegistry *registry);

/* xpv_registry_set_host: judges all domains again. */
void xpv_registry_set_host(XpvRegistry *registry, const XpvHost *host);

/* xpv_registry_set_grace: also for runs that have begun. */
void xpv_registry_set_grace(XpvRegistry *registry, guint grace);

/* xpv_registry_judge: asks the report sources about a domain again and judges it; @uuid NULL: all domains. */
void xpv_registry_judge(XpvRegistry *registry, const char *uuid);

/* xpv_registry_update: a domain was read.
 * @xml: (transfer full)
 * @state: static */
void xpv_registry_update(XpvRegistry *registry, XpvDomainXml *xml, const char *state);

/* xpv_registry_update_state: only the state of a domain was read; the rest is unchanged.
 * @state: static */
void xpv_registry_update_state(XpvRegistry *registry, const char *uuid, const char *state);

/* xpv_registry_add_pending: a domain is listed and will be read. If this fails and it was never read before, it is
 * published with its name, UUID and id alone, and stale. */
void xpv_registry_add_pending(XpvRegistry *registry, const char *uuid, const char *name, gint id);

/* xpv_registry_set_stale: the last try to read the domain failed, or is overdue. */
void xpv_registry_set_stale(XpvRegistry *registry, const char *uuid);

void xpv_registry_remove(XpvRegistry *registry, const char *uuid);

/* xpv_registry_prune: removes all domains that are not among @uuids (a set). */
void xpv_registry_prune(XpvRegistry *registry, GHashTable *uuids);
