/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to libvirt, seen from the main thread: what is asked of it is answered by a callback, in the order of
 * asking, or is overdue, and nothing blocks. A session is used up by what is overdue: the thread that hangs in it is
 * given up with it. */
#pragma once

#include "daemon/libvirt/connection.h"

typedef struct _XpvSession XpvSession;

/* All on the main thread. Errors are borrowed. Each may abandon the session, and overdue() must. */
typedef struct {
    void (*opened)(XpvSession *session, const XpvLibvirtHost *host, const GError *error, gpointer data);
    /* @domains, @is_whole: as of xpv_connection_list() */
    void (*listed)(XpvSession *session, GPtrArray *domains, gboolean is_whole, const GError *error, gpointer data);
    /* @what: as it was asked. @reading: the callee may steal its XML. */
    void (*read)(XpvSession *session, const char *uuid, XpvReadWhat what, XpvReading *reading, const GError *error,
                 gpointer data);
    void (*domain_changed)(XpvSession *session, const char *uuid, gpointer data); /* read it again */
    void (*closed)(XpvSession *session, gpointer data);
    /* A call takes longer than the timeout. @uuid: (nullable) of the domain that it asks about; NULL: another call */
    void (*overdue)(XpvSession *session, const char *uuid, const GError *error, gpointer data);
} XpvSessionListener;

/* xpv_session_new: begins to connect.
 * @timeout: of a call, in seconds
 * @with_events: whether domain_changed() and closed() are wanted */
XpvSession *xpv_session_new(const char *uri, guint timeout, gboolean with_events, const XpvSessionListener *listener,
                            gpointer data);

/* xpv_session_abandon: ends it; no callback follows. Does not block, whatever its calls do. */
void xpv_session_abandon(XpvSession *session);

/* xpv_session_list: asks for all domains. */
void xpv_session_list(XpvSession *session);

/* xpv_session_read: asks for one domain. @state: (nullable) (static) of a list of this session */
void xpv_session_read(XpvSession *session, const char *uuid, XpvReadWhat what, const char *state);

/* xpv_session_get_events: once it is open. */
XpvEvents xpv_session_get_events(const XpvSession *session);

/* xpv_sessions_count_hung: threads of all that was abandoned, xenstored's too, that have not left yet: most of them as
 * their call has not returned. */
guint xpv_sessions_count_hung(void);
