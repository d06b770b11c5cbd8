/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads for calls that may never return.
 *
 * Jobs are pushed on the main thread, run on a thread, and come back to the main thread. The main thread never waits
 * for them: where one does not come back in time, the whole set of threads is abandoned. Its jobs are then freed
 * without being heard of again; a thread that hangs goes on until its call returns, if ever. Each thread has something
 * of its own to work with, such as a connection, and frees it, so that even that happens off the main thread. While
 * many jobs wait, further threads may help the first. */
#pragma once

#include <glib.h>

typedef struct _XpvWorkers XpvWorkers;
typedef struct _XpvJob XpvJob;

/* The head of every kind of job. */
struct _XpvJob {
    void (*run)(XpvJob *job, gpointer own);   /* on a worker, with what that has */
    void (*done)(XpvJob *job, gpointer data); /* on the main thread; the job is freed after it */
    void (*free)(XpvJob *job);                /* on any thread */
    gint64 started;                           /* monotonic µs; 0 until a worker takes it */
};

/* What the threads are for. */
typedef struct {
    const char *name;                  /* of the threads, as ps shows it: up to 15 bytes */
    gpointer (*create)(gpointer data); /* what a thread has of its own; on the main thread; must not block */
    gboolean (*prepare)(gpointer own); /* on a helper, before its first job; FALSE: it cannot help, nor could another */
    void (*rest)(gpointer own);        /* (nullable) on the first thread, when no job has come for a while */
    void (*free)(gpointer own);        /* on its thread; on the main one where no thread was ever started */
    /* (nullable) On the main thread: these jobs have run for too long. Returns: TRUE once it has abandoned the workers;
     * FALSE: to be asked again. */
    gboolean (*overdue)(GPtrArray *jobs, gpointer data);
} XpvWorkersPurpose;

/* The name of the main loop's source that looks for jobs that are overdue. */
#define XPV_WORKERS_DEADLINES "deadlines"

/* xpv_workers_new: starts a thread with the first job.
 * @timeout: of a job, in seconds
 * @data: handed to create(), overdue() and each done() */
XpvWorkers *xpv_workers_new(const XpvWorkersPurpose *purpose, guint timeout, gpointer data);

/* xpv_workers_allow_helpers: until now there are none. One comes for each @jobs that wait, and leaves when none does.
 */
void xpv_workers_allow_helpers(XpvWorkers *workers, guint max, guint jobs);

/* xpv_workers_push: queues a job; takes it over. */
void xpv_workers_push(XpvWorkers *workers, XpvJob *job);

/* xpv_workers_post: hands a job to the main thread without running it; takes it over. Any thread, also after the
 * workers have been abandoned, when it is freed without being heard of. */
void xpv_workers_post(XpvWorkers *workers, XpvJob *job);

/* xpv_workers_find_overdue: the running jobs that were started at or before a time.
 * Returns: (transfer container) valid until control returns to the main loop. */
GPtrArray *xpv_workers_find_overdue(XpvWorkers *workers, gint64 started_by);

/* xpv_workers_is_busy: whether any job is queued or running. */
gboolean xpv_workers_is_busy(XpvWorkers *workers);

/* xpv_workers_abandon: ends them; none of its jobs is heard of again. The pointer is gone unless a reference is held.
 */
void xpv_workers_abandon(XpvWorkers *workers);

XpvWorkers *xpv_workers_ref(XpvWorkers *workers);
void xpv_workers_unref(XpvWorkers *workers);

/* xpv_workers_count_abandoned_threads: threads of abandoned workers that have not left yet, in the whole process. */
guint xpv_workers_count_abandoned_threads(void);

/* xpv_workers_wait_for_abandoned: at the end of the process, gives them a moment to leave. Blocks, at most @ms.
 * Returns: whether all have left. */
gboolean xpv_workers_wait_for_abandoned(guint ms);
