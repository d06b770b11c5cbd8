/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the list of the host's domains true, whatever libvirt does.
 *
 * It connects, with backoff between tries. After connecting, it reads all domains; after an event, it reads one; if
 * libvirt has no events, it polls. It never blocks the main thread. Its results come from reading, never from an event.
 * If the call for a domain hangs, its session is abandoned. A new session serves the other domains, and the hung domain
 * is tried again, with backoff, in a session of its own. */
#pragma once

#include "daemon/libvirt/connection.h"

typedef struct _XpvWatcher XpvWatcher;

/* Callbacks, on the main thread. Errors are borrowed. */
typedef struct {
    void (*connected)(const XpvLibvirtHost *host, gpointer data);
    /* libvirt does not answer. Called after each try that fails. */
    void (*disconnected)(const GError *error, gpointer data);
    /* The list, of XpvListedDomain, before any domain in it is read. @is_whole: FALSE: some may be missing */
    void (*listed)(GPtrArray *domains, gboolean is_whole, gpointer data);
    /* @reading: the callee may steal its XML. */
    void (*read)(const char *uuid, XpvReading *reading, gpointer data);
    void (*gone)(const char *uuid, gpointer data);
    /* As libvirt tells it, before or after the domain is read in that run. */
    void (*run_began)(const char *uuid, const XpvRunBegin *begin, gpointer data);
    void (*unreadable)(const char *uuid, const GError *error, gpointer data);
    /* A refresh has ended, and all its results were told. @serial: see xpv_watcher_refresh() */
    void (*refreshed)(guint64 serial, gpointer data);
} XpvWatcherListener;

/* xpv_watcher_new: begins to connect.
 * @timeout: of a call of libvirt, in seconds */
XpvWatcher *xpv_watcher_new(const char *uri, guint timeout, const XpvWatcherListener *listener, gpointer data);
void xpv_watcher_free(XpvWatcher *watcher);

/* xpv_watcher_refresh: begins to read all domains.
 * Returns: a serial. The refresh is over when refreshed() has this serial or a greater one, or when disconnected() is
 * called. */
guint64 xpv_watcher_refresh(XpvWatcher *watcher);

/* xpv_watcher_set_timeout: of a call of libvirt, in seconds, from the next connection on. */
void xpv_watcher_set_timeout(XpvWatcher *watcher, guint timeout);
