/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as it is published, put together from libvirt, this machine where it is that host, and the configuration. */
#pragma once

#include "daemon/config.h"
#include "daemon/libvirt.h"

/* Immutable; members are of the types that sd-bus reads, as in XpvDomain. */
typedef struct {
    char *version;
    char *rules;
    char *uri;
    gint connected;
    guint64 last_update;
    char *hypervisor;
    char *host_name;
    char *host_kernel;
    char *host_architecture;
    char *host_processor;
    char *host_release;
    guint32 counts[XPV_VERDICT_MAX];
} XpvHostState;

/* xpv_host_state_new: @libvirt: (nullable) NULL before the first connection: then this machine's facts serve, if it is
 * the host. Not connected, no counts. */
XpvHostState *xpv_host_state_new(const XpvConfig *config, const XpvLibvirtHost *libvirt);
XpvHostState *xpv_host_state_copy(const XpvHostState *state);

/* xpv_host_state_clear: frees what it holds, but not itself. */
void xpv_host_state_clear(XpvHostState *state);
void xpv_host_state_free(XpvHostState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvHostState, xpv_host_state_free)

/* xpv_host_state_get_facts: what domains are judged against. @ret_host borrows strings from @state. */
void xpv_host_state_get_facts(const XpvHostState *state, XpvHost *ret_host);
