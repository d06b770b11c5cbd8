/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the list of the host's domains true, through libvirt and whatever libvirt does.
 *
 * It keeps a connection, tries again with backoff where there is none, reads all domains after connecting and one after
 * an event, polls what tells no events, and never blocks the main thread. What it tells comes from reading, never from
 * an event. A domain that hangs a call costs the session that it hung, not its neighbours: the rest goes on over a
 * fresh connection, and that domain is tried again, with backoff, over one of its own. */
#pragma once

#include "daemon/libvirt/connection.h"

typedef struct _XpvWatcher XpvWatcher;

/* All on the main thread. Errors are borrowed. */
typedef struct {
    void (*connected)(const XpvLibvirtHost *host, gpointer data);
    /* Libvirt does not answer, or no longer. After each try that fails. */
    void (*disconnected)(const GError *error, gpointer data);
    /* The domains that there are, of XpvListedDomain, before any of them is told of. @is_whole: FALSE: not all of them
     */
    void (*listed)(GPtrArray *domains, gboolean is_whole, gpointer data);
    /* @reading: the callee may steal its XML. */
    void (*read)(const char *uuid, XpvReading *reading, gpointer data);
    void (*gone)(const char *uuid, gpointer data);
    void (*unreadable)(const char *uuid, const GError *error, gpointer data);
    /* A refresh ended: everything that was read has been told. @serial: see xpv_watcher_refresh() */
    void (*refreshed)(guint64 serial, gpointer data);
} XpvWatcherListener;

/* xpv_watcher_new: begins to connect.
 * @timeout: of a call of libvirt, in seconds */
XpvWatcher *xpv_watcher_new(const char *uri, guint timeout, const XpvWatcherListener *listener, gpointer data);
void xpv_watcher_free(XpvWatcher *watcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvWatcher, xpv_watcher_free)

/* xpv_watcher_refresh: has all domains read, beginning after now.
 * Returns: it is over when refreshed() tells this serial or a greater one, and given up when disconnected() is told. */
guint64 xpv_watcher_refresh(XpvWatcher *watcher);

/* xpv_watcher_set_timeout: of a call of libvirt, in seconds, from the next connection on. */
void xpv_watcher_set_timeout(XpvWatcher *watcher, guint timeout);
