/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to xenstored, seen from the main thread: what is asked of it is answered by a callback, and nothing
 * blocks. Once it has ended, or must be taken for dead, it is of no more use. */
#pragma once

#include "daemon/xenstore/guest-keys.h"

typedef struct _XpvXenstoreSession XpvXenstoreSession;

/* All on the main thread; each may abandon the session, and ended() must. @run: as it was asked for. */
typedef struct {
    void (*opened)(gpointer data);
    /* @keys: NULL where xenstored gave no answer, or has nothing left of the domain; the callee may steal its report.
     */
    void (*read)(guint run, XpvGuestKeys *keys, gpointer data);
    /* Something that matters changed. Told once, until it is read again. */
    void (*changed)(guint run, gpointer data);
    /* So much changed since it was last read, whether it matters or not, that it should not be watched. */
    void (*flooded)(guint run, gpointer data);
    void (*ended)(const GError *error, gpointer data);
} XpvXenstoreSessionListener;

/* xpv_xenstore_session_new: begins to connect.
 * @timeout: in seconds, after which a call that does not return ends the session; but as long as an earlier session
 * hangs too, this one waits for xenstored, so that at most two threads do */
XpvXenstoreSession *xpv_xenstore_session_new(guint timeout, const XpvXenstoreSessionListener *listener, gpointer data);

/* xpv_xenstore_session_abandon: ends it; no callback follows. Does not block, whatever its calls do. */
void xpv_xenstore_session_abandon(XpvXenstoreSession *session);

/* xpv_xenstore_session_watch: begins to watch what a domain tells, and reads it.
 * @run: a number for this run of the domain
 * @id: the domain's */
void xpv_xenstore_session_watch(XpvXenstoreSession *session, guint run, gint id);
void xpv_xenstore_session_read(XpvXenstoreSession *session, guint run, gint id);

/* xpv_xenstore_session_unwatch: reads that are under way are answered nevertheless. */
void xpv_xenstore_session_unwatch(XpvXenstoreSession *session, guint run, gint id);
