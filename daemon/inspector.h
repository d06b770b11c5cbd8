/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has guests' disks read by xenpv-compat-inspect, a program of its own that may be absent, fail or hang: requests go
 * into a folder beside the daemon's other state, and answers come in another one. Both are in /run, so that neither
 * writing nor reading blocks. */
#pragma once

#include "common/inspection.h"

typedef struct _XpvInspector XpvInspector;

/* From the main loop, not from within a call. */
typedef struct {
    /* There is a new answer. @uuid: may belong to no domain, as it is the name of a file.
     * @inspection: (transfer full) a stranger's: of whatever disks it names */
    void (*answered)(const char *uuid, XpvInspection *inspection, gpointer data);
    /* FALSE: none of the requests so far will be answered, as far as can be told. TRUE: they are answered again. */
    void (*is_served)(gboolean is_served, gpointer data);
} XpvInspectorListener;

/* xpv_inspector_new:
 * @runtime_directory: requests go into its folder “inspect”; answers come in the folder of the same name with
 * “-inspect” added */
XpvInspector *xpv_inspector_new(const char *runtime_directory, const XpvInspectorListener *listener, gpointer data);
void xpv_inspector_free(XpvInspector *inspector);

/* xpv_inspector_request: has a domain's disks read, soon; once for all that is asked in one turn of the loop.
 * @disks: of XpvDomainDisk; not changed later
 * @urgent: before others
 * Returns: its serial: answers with it, or with a greater one, were read after this call */
gint64 xpv_inspector_request(XpvInspector *inspector, const char *uuid, GPtrArray *disks, gboolean urgent);

/* xpv_inspector_forget: nothing is wanted of that domain any more. */
void xpv_inspector_forget(XpvInspector *inspector, const char *uuid);

/* xpv_inspector_read: the answer that is there. A file that is not an answer is logged.
 * Returns: (nullable) a stranger's: of whatever disks it names */
XpvInspection *xpv_inspector_read(XpvInspector *inspector, const char *uuid);
