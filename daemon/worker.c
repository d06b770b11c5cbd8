/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/worker.h"

/* One turn of the main loop takes back so many jobs at most, so that no client waits while thousands of domains are
 * read. */
#define DONE_PER_TURN 32

/* While there are more jobs, finished ones are collected for this time: waking the main thread costs as much as a job.
 */
#define GATHER_US 5000

struct _XpvWorker {
    gatomicrefcount references;
    const XpvWorkerPurpose *purpose;
    guint timeout;
    gpointer data;
    gpointer own;         /* the object of the thread */
    GSource *collector;   /* brings back finished jobs; holds a reference */
    guint deadline_timer; /* while there are jobs, if they have a deadline */

    GMutex mutex; /* guards all members below */
    GCond wake;
    GQueue queue;
    XpvJob *running; /* (nullable) */
    gint64 started;  /* when the running job began; monotonic µs */
    GQueue done;
    gboolean abandoned;
};

/* In the whole process: threads of abandoned workers that have not ended. */
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

XpvWorker *
xpv_worker_ref(XpvWorker *worker)
{
    g_atomic_ref_count_inc(&worker->references);
    return worker;
}

void
xpv_worker_unref(XpvWorker *worker)
{
    if (!g_atomic_ref_count_dec(&worker->references))
        return;
    g_source_unref(worker->collector);
    g_mutex_clear(&worker->mutex);
    g_cond_clear(&worker->wake);
    g_free(worker);
}

static void
job_free(gpointer data)
{
    XpvJob *job = data;
    if (job->clear)
        job->clear(job);
    g_clear_error(&job->error);
    g_free(job);
}

static gboolean
take_back_done(gpointer data)
{
    XpvWorker *worker = data;
    for (guint i = 0; i < DONE_PER_TURN; i++) {
        g_mutex_lock(&worker->mutex);
        XpvJob *job = g_queue_pop_head(&worker->done);
        if (!job && !worker->abandoned)
            g_source_set_ready_time(worker->collector, -1);
        g_mutex_unlock(&worker->mutex);
        if (!job)
            return G_SOURCE_CONTINUE;
        if (job->done)
            job->done(job, worker->data);
        job_free(job);
    }
    return G_SOURCE_CONTINUE; /* there are more */
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    return callback(data);
}

static GSource *
start_collector(XpvWorker *worker)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    GSource *collector = g_source_new(&functions, sizeof *collector);
    g_source_set_callback(collector, take_back_done, xpv_worker_ref(worker), (GDestroyNotify)xpv_worker_unref);
    g_source_attach(collector, NULL);
    return collector;
}

/* With the mutex held. */
static void
put_done(XpvWorker *worker, XpvJob *job)
{
    g_queue_push_tail(&worker->done, job);
    if (g_queue_is_empty(&worker->queue))
        g_source_set_ready_time(worker->collector, 0);
    else if (g_source_get_ready_time(worker->collector) < 0)
        g_source_set_ready_time(worker->collector, g_get_monotonic_time() + GATHER_US);
}

static gpointer
work(gpointer data)
{
    XpvWorker *worker = data;

    g_mutex_lock(&worker->mutex);
    while (!worker->abandoned) {
        XpvJob *job = g_queue_pop_head(&worker->queue);
        if (!job) {
            g_cond_wait(&worker->wake, &worker->mutex);
            continue;
        }
        worker->running = job;
        worker->started = g_get_monotonic_time();
        g_mutex_unlock(&worker->mutex);

        job->call(job, worker->own);

        g_mutex_lock(&worker->mutex);
        worker->running = NULL;
        if (worker->abandoned)
            job_free(job);
        else
            put_done(worker, job);
    }
    g_mutex_unlock(&worker->mutex);

    worker->purpose->free(worker->own);
    xpv_worker_unref(worker);
    count_abandoned(-1);
    return NULL;
}

XpvWorker *
xpv_worker_new(const XpvWorkerPurpose *purpose, guint timeout, gpointer data)
{
    XpvWorker *worker = g_new0(XpvWorker, 1);
    g_atomic_ref_count_init(&worker->references);
    worker->purpose = purpose;
    worker->timeout = timeout;
    worker->data = data;
    g_mutex_init(&worker->mutex);
    g_cond_init(&worker->wake);
    worker->collector = start_collector(worker);
    worker->own = purpose->create(worker, data);
    g_thread_unref(g_thread_new(purpose->name, work, xpv_worker_ref(worker)));
    return worker;
}

void
xpv_worker_post(XpvWorker *worker, XpvJob *job)
{
    g_mutex_lock(&worker->mutex);
    if (worker->abandoned)
        job_free(job);
    else
        put_done(worker, job);
    g_mutex_unlock(&worker->mutex);
}

/* The timer ends when there are no more jobs. */
static gboolean
check_deadline(gpointer data)
{
    XpvWorker *worker = data;
    g_mutex_lock(&worker->mutex);
    XpvJob *running = worker->running;
    gint64 started = worker->started;
    gboolean is_busy = running || !g_queue_is_empty(&worker->queue);
    g_mutex_unlock(&worker->mutex);

    if (!is_busy) {
        worker->deadline_timer = 0;
        return G_SOURCE_REMOVE;
    }
    gboolean is_overdue = running && g_get_monotonic_time() - started >= (gint64)worker->timeout * G_USEC_PER_SEC;
    return is_overdue && worker->purpose->overdue(running, worker->data) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static guint
deadline_interval_ms(const XpvWorker *worker)
{
    return CLAMP(worker->timeout * 1000 / 8, 100, 2000);
}

void
xpv_worker_push(XpvWorker *worker, XpvJob *job)
{
    g_mutex_lock(&worker->mutex);
    g_queue_push_tail(&worker->queue, job);
    g_cond_signal(&worker->wake);
    g_mutex_unlock(&worker->mutex);
    if (worker->purpose->overdue && worker->deadline_timer == 0)
        worker->deadline_timer = g_timeout_add(deadline_interval_ms(worker), check_deadline, worker);
}

void
xpv_worker_abandon(XpvWorker *worker)
{
    g_clear_handle_id(&worker->deadline_timer, g_source_remove);
    g_mutex_lock(&worker->mutex);
    g_queue_clear_full(&worker->queue, job_free);
    g_queue_clear_full(&worker->done, job_free);
    worker->abandoned = TRUE;
    count_abandoned(1);
    g_cond_broadcast(&worker->wake);
    g_source_destroy(worker->collector);
    g_mutex_unlock(&worker->mutex);
    xpv_worker_unref(worker);
}

guint
xpv_workers_count_abandoned(void)
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
