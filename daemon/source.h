/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's domains through libvirt, whatever libvirt does.
 *
 * It keeps a connection, tries again with backoff where there is none, looks at everything after connecting and at one
 * domain after an event, and never blocks the main thread. What it tells comes from looking, never from an event. A
 * domain that hangs a call costs the session that it hung, not its neighbours: the rest goes on over a fresh
 * connection, and that domain is tried again, with backoff, over one of its own. */
#pragma once

#include "daemon/libvirt.h"

typedef struct _XpvSource XpvSource;

/* All on the main thread. Errors are borrowed. */
typedef struct {
    void (*connected)(const XpvLibvirtHost *host, gpointer data);
    /* Libvirt does not answer, or no longer. After each try that fails. */
    void (*disconnected)(const GError *error, gpointer data);
    /* All domains that there are, of XpvLibvirtDomain, before any of them is told of. */
    void (*listed)(GPtrArray *domains, gpointer data);
    /* The callee may steal the look's XML. */
    void (*seen)(XpvLibvirtLook *look, gpointer data);
    void (*gone)(const char *uuid, gpointer data);
    void (*unreadable)(const char *uuid, const GError *error, gpointer data);
    /* A full look ended: everything that it saw has been told. @serial: see xpv_source_look() */
    void (*looked)(guint64 serial, gpointer data);
} XpvSourceListener;

/* xpv_source_new: begins to connect.
 * @timeout: of a call of libvirt, in seconds */
XpvSource *xpv_source_new(const char *uri, guint timeout, const XpvSourceListener *listener, gpointer data);
void xpv_source_free(XpvSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvSource, xpv_source_free)

/* xpv_source_look: asks for a full look that begins after now.
 * Returns: it is over when looked() tells this serial or a greater one, and given up when disconnected() is told. */
guint64 xpv_source_look(XpvSource *source);

/* xpv_source_set_timeout: of a call of libvirt, in seconds, from the next connection on. */
void xpv_source_set_timeout(XpvSource *source, guint timeout);
