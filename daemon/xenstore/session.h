/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to xenstored, for the main thread: nothing blocks, and requests are answered by callbacks. Once it has
 * ended, or hangs, it is of no more use. */
#pragma once

#include "daemon/xenstore/guest-keys.h"

typedef struct _XpvXenstoreSession XpvXenstoreSession;

/* Callbacks, on the main thread. Each may abandon the session, and ended() must. @run: as requested. */
typedef struct {
    void (*opened)(gpointer data);
    /* @keys: NULL if xenstored gave no answer, or has no key of the domain left; the callee may steal its report. */
    void (*read)(guint run, XpvGuestKeys *keys, gpointer data);
    /* A key that matters has changed. Called once, until the keys are read again. */
    void (*changed)(guint run, gpointer data);
    /* There were so many events since the last read that the run should no longer be watched. */
    void (*flooded)(guint run, gpointer data);
    void (*ended)(const GError *error, gpointer data);
} XpvXenstoreSessionListener;

/* xpv_xenstore_session_new: begins to connect.
 * @timeout: in seconds; a call that takes longer ends the session. But while an earlier session hangs, this one waits,
 * so that at most two threads hang */
XpvXenstoreSession *xpv_xenstore_session_new(guint timeout, const XpvXenstoreSessionListener *listener, gpointer data);

/* xpv_xenstore_session_abandon: ends it; no callback follows. Does not block, whatever its calls do. */
void xpv_xenstore_session_abandon(XpvXenstoreSession *session);

/* xpv_xenstore_session_watch: watches the keys of a domain, and reads them.
 * @run: a number for this run of the domain
 * @id: the domain's */
void xpv_xenstore_session_watch(XpvXenstoreSession *session, guint run, gint id);
void xpv_xenstore_session_read(XpvXenstoreSession *session, guint run, gint id);

/* xpv_xenstore_session_unwatch: a read that has begun is still answered. */
void xpv_xenstore_session_unwatch(XpvXenstoreSession *session, guint run, gint id);
