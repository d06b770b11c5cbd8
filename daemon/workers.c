/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/workers.h"

/* How many jobs one turn of the main loop takes back, so that a first look at thousands of domains keeps no client
 * waiting. */
#define DONE_PER_TURN 32

struct _XpvWorkers {
    gatomicrefcount references;
    guint max_threads;
    gpointer shared;
    GDestroyNotify free_shared;
    gpointer data;

    GMutex mutex; /* guards all below */
    GCond wake;
    GQueue queue;
    GQueue running;
    GQueue done;
    gboolean done_is_scheduled;
    gboolean abandoned;
    guint n_threads;
    guint n_idle;
};

/* Of the whole process: threads of abandoned workers that have not left. */
static GMutex abandoned_mutex;
static GCond abandoned_left;
static guint abandoned_threads;

static void
count_abandoned(gint by)
{
    g_mutex_lock(&abandoned_mutex);
    abandoned_threads += (guint)by;
    g_cond_broadcast(&abandoned_left);
    g_mutex_unlock(&abandoned_mutex);
}

XpvWorkers *
xpv_workers_new(guint max_threads, gpointer shared, GDestroyNotify free_shared, gpointer data)
{
    XpvWorkers *workers = g_new0(XpvWorkers, 1);
    g_atomic_ref_count_init(&workers->references);
    workers->max_threads = max_threads;
    workers->shared = shared;
    workers->free_shared = free_shared;
    workers->data = data;
    g_mutex_init(&workers->mutex);
    g_cond_init(&workers->wake);
    return workers;
}

XpvWorkers *
xpv_workers_ref(XpvWorkers *workers)
{
    g_atomic_ref_count_inc(&workers->references);
    return workers;
}

void
xpv_workers_unref(XpvWorkers *workers)
{
    if (!g_atomic_ref_count_dec(&workers->references))
        return;
    g_mutex_clear(&workers->mutex);
    g_cond_clear(&workers->wake);
    g_free(workers);
}

static gboolean
take_back_done(gpointer data)
{
    XpvWorkers *workers = data;
    for (guint i = 0; i < DONE_PER_TURN; i++) {
        g_mutex_lock(&workers->mutex);
        XpvJob *job = g_queue_pop_head(&workers->done);
        if (!job)
            workers->done_is_scheduled = FALSE;
        g_mutex_unlock(&workers->mutex);
        if (!job)
            return G_SOURCE_REMOVE;
        job->done(job, workers->data);
        job->free(job);
    }
    return G_SOURCE_CONTINUE;
}

/* With the mutex held. */
static void
put_done(XpvWorkers *workers, XpvJob *job)
{
    g_queue_push_tail(&workers->done, job);
    if (workers->done_is_scheduled)
        return;
    workers->done_is_scheduled = TRUE;
    g_idle_add_full(G_PRIORITY_DEFAULT, take_back_done, xpv_workers_ref(workers), (GDestroyNotify)xpv_workers_unref);
}

/* With the mutex held. Returns: (nullable) NULL when it is time to leave. */
static XpvJob *
take_job(XpvWorkers *workers)
{
    while (!workers->abandoned && g_queue_is_empty(&workers->queue)) {
        workers->n_idle++;
        g_cond_wait(&workers->wake, &workers->mutex);
        workers->n_idle--;
    }
    return workers->abandoned ? NULL : g_queue_pop_head(&workers->queue);
}

static gpointer
work(gpointer data)
{
    XpvWorkers *workers = data;
    XpvJob *job;

    g_mutex_lock(&workers->mutex);
    while ((job = take_job(workers))) {
        g_queue_push_tail(&workers->running, job);
        job->started = g_get_monotonic_time();
        g_mutex_unlock(&workers->mutex);

        job->run(job, workers->shared);

        g_mutex_lock(&workers->mutex);
        g_queue_remove(&workers->running, job);
        if (workers->abandoned)
            job->free(job);
        else
            put_done(workers, job);
    }
    gboolean last = --workers->n_threads == 0;
    g_mutex_unlock(&workers->mutex);

    if (last && workers->free_shared)
        workers->free_shared(workers->shared);
    xpv_workers_unref(workers);
    count_abandoned(-1);
    return NULL;
}

void
xpv_workers_push(XpvWorkers *workers, XpvJob *job)
{
    g_mutex_lock(&workers->mutex);
    g_queue_push_tail(&workers->queue, job);
    if (workers->n_idle < workers->queue.length && workers->n_threads < workers->max_threads) {
        workers->n_threads++;
        g_thread_unref(g_thread_new("libvirt", work, xpv_workers_ref(workers)));
    } else {
        g_cond_signal(&workers->wake);
    }
    g_mutex_unlock(&workers->mutex);
}

void
xpv_workers_post(XpvWorkers *workers, XpvJob *job)
{
    g_mutex_lock(&workers->mutex);
    if (workers->abandoned)
        job->free(job);
    else
        put_done(workers, job);
    g_mutex_unlock(&workers->mutex);
}

GPtrArray *
xpv_workers_find_overdue(XpvWorkers *workers, gint64 started_by)
{
    GPtrArray *overdue = g_ptr_array_new();
    g_mutex_lock(&workers->mutex);
    for (GList *link = workers->running.head; link; link = link->next) {
        XpvJob *job = link->data;
        if (job->started <= started_by)
            g_ptr_array_add(overdue, job);
    }
    g_mutex_unlock(&workers->mutex);
    return overdue;
}

gboolean
xpv_workers_is_busy(XpvWorkers *workers)
{
    g_mutex_lock(&workers->mutex);
    gboolean busy = !g_queue_is_empty(&workers->queue) || !g_queue_is_empty(&workers->running);
    g_mutex_unlock(&workers->mutex);
    return busy;
}

static void
free_job(gpointer data)
{
    XpvJob *job = data;
    job->free(job);
}

void
xpv_workers_abandon(XpvWorkers *workers)
{
    g_mutex_lock(&workers->mutex);
    /* What jobs hold of the shared connection is let go while it still stands: no thread leaves before the mutex. */
    g_queue_clear_full(&workers->queue, free_job);
    g_queue_clear_full(&workers->done, free_job);
    workers->abandoned = TRUE;
    guint n_threads = workers->n_threads;
    count_abandoned((gint)n_threads);
    g_cond_broadcast(&workers->wake);
    g_mutex_unlock(&workers->mutex);

    if (n_threads == 0 && workers->free_shared)
        workers->free_shared(workers->shared);
    xpv_workers_unref(workers);
}

guint
xpv_workers_count_abandoned_threads(void)
{
    g_mutex_lock(&abandoned_mutex);
    guint n = abandoned_threads;
    g_mutex_unlock(&abandoned_mutex);
    return n;
}

gboolean
xpv_workers_wait_for_abandoned(guint ms)
{
    gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;
    g_mutex_lock(&abandoned_mutex);
    while (abandoned_threads > 0 && g_cond_wait_until(&abandoned_left, &abandoned_mutex, until))
        continue;
    gboolean all_left = abandoned_threads == 0;
    g_mutex_unlock(&abandoned_mutex);
    return all_left;
}
