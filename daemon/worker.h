/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread for calls that may never return.
 *
 * Jobs are pushed on the main thread, run one after the other on the worker's thread, and come back to the main thread
 * in their order. The main thread never waits for them: where one does not come back in time, the whole worker is
 * abandoned. Its jobs are then freed without being heard of again; a thread that hangs goes on until its call returns,
 * if ever. The thread has something of its own to work with, such as a connection, and frees it, so that even that
 * happens off the main thread. */
#pragma once

#include <glib.h>

typedef struct _XpvWorker XpvWorker;
typedef struct _XpvJob XpvJob;

/* The head of every kind of job. */
struct _XpvJob {
    void (*run)(XpvJob *job, gpointer own);   /* on the worker's thread, with what that has */
    void (*done)(XpvJob *job, gpointer data); /* on the main thread; the job is freed after it */
    void (*free)(XpvJob *job);                /* on any thread */
};

/* What the thread is for. */
typedef struct {
    const char *name;                  /* of the thread, as ps shows it: up to 15 bytes */
    gpointer (*create)(gpointer data); /* what it has of its own; on the main thread; must not block */
    void (*free)(gpointer own);        /* on its thread */
    /* (nullable) On the main thread: this job has run for too long. Returns: TRUE once it has abandoned the worker;
     * FALSE: to be asked again. */
    gboolean (*overdue)(XpvJob *job, gpointer data);
} XpvWorkerPurpose;

/* xpv_worker_new: starts the thread.
 * @timeout: of a job, in seconds
 * @data: handed to create(), overdue() and each done() */
XpvWorker *xpv_worker_new(const XpvWorkerPurpose *purpose, guint timeout, gpointer data);

/* xpv_worker_push: queues a job; takes it over. */
void xpv_worker_push(XpvWorker *worker, XpvJob *job);

/* xpv_worker_post: hands a job to the main thread without running it; takes it over. Any thread, also after the worker
 * has been abandoned, when it is freed without being heard of. */
void xpv_worker_post(XpvWorker *worker, XpvJob *job);

/* xpv_worker_abandon: ends it; none of its jobs is heard of again. The pointer is gone unless a reference is held. */
void xpv_worker_abandon(XpvWorker *worker);

XpvWorker *xpv_worker_ref(XpvWorker *worker);
void xpv_worker_unref(XpvWorker *worker);

/* xpv_workers_count_abandoned: threads of abandoned workers that have not left yet, in the whole process. */
guint xpv_workers_count_abandoned(void);

/* xpv_workers_wait_for_abandoned: at the end of the process, gives them a moment to leave. Blocks, at most @ms.
 * Returns: whether all have left. */
gboolean xpv_workers_wait_for_abandoned(guint ms);
