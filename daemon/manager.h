/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon without its process: makes all the parts and hands what one tells to the others. */
#pragma once

#include "daemon/config.h"
#include "daemon/host-state.h"

typedef struct _XpvManager XpvManager;

typedef struct {
    void (*ready)(gpointer data);                                  /* the bus name is ours */
    void (*changed)(const XpvHostProperties *host, gpointer data); /* something of the host's state, or its counts */
    void (*failed)(const GError *error, gpointer data);            /* it cannot go on */
} XpvManagerListener;

/* xpv_manager_new: begins to work; whatever libvirt does, the bus name is acquired within some seconds.
 * @config: (transfer full)
 * @runtime_directory: where what must outlive the process is kept */
XpvManager *xpv_manager_new(XpvConfig *config, const char *runtime_directory, const XpvManagerListener *listener,
                            gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_manager_free(XpvManager *manager);

/* xpv_manager_reload: goes on with another configuration, but for the URI, which stays until the next start.
 * @config: (transfer full) */
void xpv_manager_reload(XpvManager *manager, XpvConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvManager, xpv_manager_free)
