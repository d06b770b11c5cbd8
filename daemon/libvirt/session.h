/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to libvirt, for the main thread: nothing blocks. Requests are answered by callbacks, in their order, or
 * are overdue. After an overdue request, a session is of no more use: it is abandoned, with its hung thread. */
#pragma once

#include "daemon/libvirt/connection.h"

typedef struct _XpvSession XpvSession;

/* Callbacks, on the main thread. Errors are borrowed. Each may abandon the session, and overdue() must. */
typedef struct {
    /* @events: those that domain_changed() tells of */
    void (*opened)(const XpvLibvirtHost *host, XpvEvents events, const GError *error, gpointer data);
    /* @domains, @is_whole: see xpv_connection_list() */
    void (*listed)(GPtrArray *domains, gboolean is_whole, const GError *error, gpointer data);
    /* @reading: the callee may steal its XML. */
    void (*read)(const char *uuid, XpvReading *reading, const GError *error, gpointer data);
    /* The domain must be read again. @what, @begin: see XpvConnectionListener. NULL: libvirt sends no events, and
     * closed() is not called. */
    void (*domain_changed)(const char *uuid, XpvReadWhat what, const XpvRunBegin *begin, gpointer data);
    void (*closed)(gpointer data);
    /* A request takes longer than the timeout. @uuid: (nullable) the domain to read; NULL: it is not about one domain
     */
    void (*overdue)(const char *uuid, const GError *error, gpointer data);
} XpvSessionListener;

/* xpv_session_new: begins to connect.
 * @timeout: of a request, with all calls of libvirt that it takes, in seconds */
XpvSession *xpv_session_new(const char *uri, guint timeout, const XpvSessionListener *listener, gpointer data);

/* xpv_session_abandon: ends it; no callback follows. Does not block, whatever its calls do. */
void xpv_session_abandon(XpvSession *session);

/* xpv_session_list: requests the list of all domains. */
void xpv_session_list(XpvSession *session);

/* xpv_session_read: requests one domain. @state: (nullable) (static) see xpv_connection_read() */
void xpv_session_read(XpvSession *session, const char *uuid, XpvReadWhat what, const char *state);
