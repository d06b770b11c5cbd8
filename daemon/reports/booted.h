/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about running domains that cannot be read from their disks later: when each run began and which kernel it
 * booted. Kept over restarts of the daemon. */
#pragma once

#include <glib.h>

typedef struct {
    gint id;
    guint is_seen : 1;    /* libvirt told how it began */
    guint is_resumed : 1; /* it was restored or migrated: what it runs was booted in an earlier run */
    gint64 began;         /* seconds since the epoch; 0: not known */
    char *kernel;         /* the report of what it booted; NULL: not known; owned */
} XpvRun;

typedef struct _XpvBooted XpvBooted;

/* xpv_booted_new: reads the file “booted” in that folder. */
XpvBooted *xpv_booted_new(const char *runtime_directory);
void xpv_booted_free(XpvBooted *booted);

/* xpv_booted_has: whether that run is known. */
gboolean xpv_booted_has(XpvBooted *booted, const char *uuid, gint id);

/* xpv_booted_run: the run with that id. If it is not known, a new run replaces the known one, and nothing is known of
 * it yet.
 * Returns: owned by @booted until another run of the domain, or its end; whoever changes it calls
 * xpv_booted_save_soon() */
XpvRun *xpv_booted_run(XpvBooted *booted, const char *uuid, gint id);

/* xpv_booted_end: the domain does not run. */
void xpv_booted_end(XpvBooted *booted, const char *uuid);

void xpv_booted_save_soon(XpvBooted *booted);
