/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon without its process: makes all parts, and passes on what one tells to the others. */
#pragma once

#include "daemon/config.h"
#include "daemon/host-state.h"

typedef struct _XpvManager XpvManager;

typedef struct {
    void (*ready)(gpointer data);                                  /* the bus name is acquired */
    void (*changed)(const XpvHostProperties *host, gpointer data); /* the host's state or its counts */
    void (*failed)(const GError *error, gpointer data);            /* the daemon cannot go on */
} XpvManagerListener;

/* xpv_manager_new: starts. The bus name is acquired within some seconds, whatever libvirt does.
 * @config: (transfer full)
 * @runtime_directory: the folder for data that must outlive the process */
XpvManager *xpv_manager_new(XpvConfig *config, const char *runtime_directory, const XpvManagerListener *listener,
                            gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_manager_free(XpvManager *manager);

/* xpv_manager_reload: goes on with another configuration. The URI stays until the next start.
 * @config: (transfer full) */
void xpv_manager_reload(XpvManager *manager, XpvConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvManager, xpv_manager_free)
