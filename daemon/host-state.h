/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as it is published: facts from libvirt, from this machine if it is the host, and from the configuration. */
#pragma once

#include "daemon/config.h"
#include "daemon/libvirt/connection.h"

/* Members are of the types that sd-bus reads, as in XpvDomain. */
typedef struct {
    char *version;
    char *rules;
    char *uri;
    gint connected;
    gint disks_read;
    guint64 last_update;
    char *hypervisor;
    char *host_name;
    char *host_kernel;
    char *host_architecture;
    char *host_processor;
    char *host_release;
    guint32 counts[XPV_VERDICT_MAX];
} XpvHostProperties;

/* xpv_host_properties_get_facts: the facts that domains are judged against. @ret_host borrows strings from @properties.
 */
void xpv_host_properties_get_facts(const XpvHostProperties *properties, XpvHost *ret_host);

typedef struct _XpvHostState XpvHostState;

/* xpv_host_state_changed: called at the end of each setter, even if it changed nothing. @before is freed after it,
 * @after is what xpv_host_state_get() returns. */
typedef void (*XpvHostStateChanged)(const XpvHostProperties *before, const XpvHostProperties *after, gpointer data);

/* xpv_host_state_new: not connected, no counts, and no facts from libvirt, but those of this machine if it is the host.
 * @config: borrowed until another one is set
 * @changed: (nullable) not called by this */
XpvHostState *xpv_host_state_new(const XpvConfig *config, XpvHostStateChanged changed, gpointer data);
void xpv_host_state_free(XpvHostState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvHostState, xpv_host_state_free)

/* xpv_host_state_get: Returns: owned by the state until the next setter. */
const XpvHostProperties *xpv_host_state_get(const XpvHostState *state);

void xpv_host_state_set_config(XpvHostState *state, const XpvConfig *config);
void xpv_host_state_set_libvirt(XpvHostState *state, const XpvLibvirtHost *libvirt);
void xpv_host_state_set_connected(XpvHostState *state, gboolean connected);

/* xpv_host_state_set_disks_read: whether guests' disks are read; at first they are, where the host is this machine. */
void xpv_host_state_set_disks_read(XpvHostState *state, gboolean disks_read);

/* xpv_host_state_set_counts: domains by verdict. */
void xpv_host_state_set_counts(XpvHostState *state, const guint32 counts[XPV_VERDICT_MAX]);

/* xpv_host_state_set_last_update: when the last refresh ended; µs since 1970. */
void xpv_host_state_set_last_update(XpvHostState *state, guint64 last_update);
