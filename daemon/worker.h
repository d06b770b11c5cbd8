/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread for calls that may never return.
 *
 * Jobs are pushed on the main thread, run one after the other on the worker's thread, and come back to the main thread
 * in their order. The main thread never waits for them: if one does not come back in time, overdue() may abandon the
 * whole worker. Its jobs are then freed without a callback. A hung thread goes on until its call returns, if ever. The
 * thread has an object of its own, such as a connection, which it also frees, as even that may block. */
#pragma once

#include <glib.h>

typedef struct _XpvWorker XpvWorker;
typedef struct _XpvJob XpvJob;

/* The first member of every kind of job, which is allocated with g_new(). */
struct _XpvJob {
    void (*call)(XpvJob *job, gpointer own);  /* on the worker's thread, with its object */
    void (*done)(XpvJob *job, gpointer data); /* (nullable) on the main thread; the job is freed afterwards */
    void (*clear)(XpvJob *job);               /* (nullable) frees what it owns; on any thread */
    GError *error;                            /* of the call; owned */
};

/* A kind of worker. */
typedef struct {
    const char *name; /* of the thread, as ps shows it: up to 15 bytes */
    /* Makes the thread's object; on the main thread; must not block. @worker: borrowed */
    gpointer (*create)(XpvWorker *worker, gpointer data);
    void (*free)(gpointer own); /* frees it; on the worker's thread */
    /* (nullable) On the main thread: this job has run for too long. Returns: TRUE if it has abandoned the worker;
     * FALSE: it is called again later. */
    gboolean (*overdue)(XpvJob *job, gpointer data);
} XpvWorkerPurpose;

/* xpv_worker_new: starts the thread.
 * @timeout: of a job, in seconds
 * @data: handed to create(), overdue() and each done() */
XpvWorker *xpv_worker_new(const XpvWorkerPurpose *purpose, guint timeout, gpointer data);

/* xpv_worker_push: queues a job. @job: (transfer full) */
void xpv_worker_push(XpvWorker *worker, XpvJob *job);

/* xpv_worker_post: hands a job to the main thread without running it. @job: (transfer full) Any thread. If the worker
 * is abandoned, the job is freed without a callback. */
void xpv_worker_post(XpvWorker *worker, XpvJob *job);

/* xpv_worker_abandon: ends it; none of its jobs calls back any more. Drops the caller's reference. */
void xpv_worker_abandon(XpvWorker *worker);

XpvWorker *xpv_worker_ref(XpvWorker *worker);
void xpv_worker_unref(XpvWorker *worker);

/* xpv_workers_count_abandoned: the threads of abandoned workers, in the whole process, that have not ended yet, mostly
 * because their call hangs. */
guint xpv_workers_count_abandoned(void);

/* xpv_workers_wait_for_abandoned: at the end of the process, waits until they end. Blocks, at most @ms.
 * Returns: whether all have ended. */
gboolean xpv_workers_wait_for_abandoned(guint ms);
