/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's domains, judged. Takes what was read and tells what changed; knows neither libvirt nor D-Bus. */
#pragma once

#include "common/domain-xml.h"
#include "common/domain.h"
#include "daemon/reports/reports.h"

typedef struct _XpvRegistry XpvRegistry;

/* xpv_registry_changed: a domain was added (@before NULL), changed, or is about to be removed (@after NULL). While it
 * is told, the registry has @after, but @before where that is removed. */
typedef void (*XpvRegistryChanged)(const XpvDomain *before, const XpvDomain *after, gpointer data);

/* xpv_registry_new:
 * @host: what domains are judged against; strings are copied
 * @reports: who is asked for their kernels; borrowed
 * @grace: seconds that a guest has to report, from when its run is first read */
XpvRegistry *xpv_registry_new(const XpvHost *host, XpvReports *reports, guint grace, XpvRegistryChanged changed,
                              gpointer data);
void xpv_registry_free(XpvRegistry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvRegistry, xpv_registry_free)

/* xpv_registry_lookup: Returns: (nullable) owned by the registry until the domain's next change. */
const XpvDomain *xpv_registry_lookup(XpvRegistry *registry, const char *uuid);

/* xpv_registry_find: by name, else by UUID. */
const XpvDomain *xpv_registry_find(XpvRegistry *registry, const char *name_or_uuid);

/* xpv_registry_list: Returns: (transfer container) of const XpvDomain, in no order. */
GPtrArray *xpv_registry_list(XpvRegistry *registry);

/* xpv_registry_count: domains by XpvVerdict. */
void xpv_registry_count(XpvRegistry *registry, guint32 ret_counts[XPV_VERDICT_MAX]);

/* xpv_registry_set_host: judges all domains anew. */
void xpv_registry_set_host(XpvRegistry *registry, const XpvHost *host);

/* xpv_registry_set_grace: applies to runs that are in grace, too. */
void xpv_registry_set_grace(XpvRegistry *registry, guint grace);

/* xpv_registry_judge: asks for the domain's report anew and judges it, or (@uuid NULL) all. */
void xpv_registry_judge(XpvRegistry *registry, const char *uuid);

/* xpv_registry_update: a domain was read.
 * @xml: (transfer full)
 * @state: static */
void xpv_registry_update(XpvRegistry *registry, XpvDomainXml *xml, const char *state);

/* xpv_registry_update_state: of a domain the state alone was read: the rest is as it was.
 * @state: static */
void xpv_registry_update_state(XpvRegistry *registry, const char *uuid, const char *state);

/* xpv_registry_add_pending: a domain is listed and about to be read. It is published with no more than that, stale, if
 * that fails and it has never been read. */
void xpv_registry_add_pending(XpvRegistry *registry, const char *uuid, const char *name, gint id);

/* xpv_registry_set_stale: the last try to read the domain failed. */
void xpv_registry_set_stale(XpvRegistry *registry, const char *uuid);

void xpv_registry_remove(XpvRegistry *registry, const char *uuid);

/* xpv_registry_prune: removes all domains that are not among @uuids (a set). */
void xpv_registry_prune(XpvRegistry *registry, GHashTable *uuids);
