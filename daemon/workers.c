/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/workers.h"

/* How many jobs one turn of the main loop takes back, so that a first look at thousands of domains keeps no client
 * waiting. */
#define DONE_PER_TURN 32

/* How long what is done waits for company while more is to be done: to wake the main thread costs as much as a job. */
#define GATHER_US 5000

/* How long no job must come before a thread rests: whoever pushes thousands of them may be slower than the thread. */
#define REST_AFTER_US 100000

struct _XpvWorkers {
    gatomicrefcount references;
    const XpvWorkersPurpose *purpose;
    guint timeout;
    gpointer data;
    gpointer first_own;   /* until the first thread has it */
    GSource *collector;   /* brings back what is done; holds a reference */
    guint deadline_timer; /* while there are jobs, where there is an end to them */

    GMutex mutex; /* guards all below */
    GCond wake;
    GQueue queue;
    GQueue running;
    GQueue done;
    gboolean abandoned;
    guint max_helpers;
    guint n_helpers; /* but for those that leave */
    guint jobs_per_helper;
    guint n_threads;
};

/* A thread. */
typedef struct {
    XpvWorkers *workers;
    gpointer own;
    gboolean helps;
} Worker;

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
    g_source_unref(workers->collector);
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
        if (!job && !workers->abandoned)
            g_source_set_ready_time(workers->collector, -1);
        g_mutex_unlock(&workers->mutex);
        if (!job)
            return G_SOURCE_CONTINUE;
        job->done(job, workers->data);
        job->free(job);
    }
    return G_SOURCE_CONTINUE; /* it is still ready */
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    return callback(data);
}

static GSource *
start_collector(XpvWorkers *workers)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    GSource *collector = g_source_new(&functions, sizeof *collector);
    g_source_set_callback(collector, take_back_done, xpv_workers_ref(workers), (GDestroyNotify)xpv_workers_unref);
    g_source_attach(collector, NULL);
    return collector;
}

/* With the mutex held. */
static void
put_done(XpvWorkers *workers, XpvJob *job)
{
    g_queue_push_tail(&workers->done, job);
    if (g_queue_is_empty(&workers->queue))
        g_source_set_ready_time(workers->collector, 0);
    else if (g_source_get_ready_time(workers->collector) < 0)
        g_source_set_ready_time(workers->collector, g_get_monotonic_time() + GATHER_US);
}

XpvWorkers *
xpv_workers_new(const XpvWorkersPurpose *purpose, guint timeout, gpointer data)
{
    XpvWorkers *workers = g_new0(XpvWorkers, 1);
    g_atomic_ref_count_init(&workers->references);
    workers->purpose = purpose;
    workers->timeout = timeout;
    workers->data = data;
    workers->first_own = purpose->create(data);
    g_mutex_init(&workers->mutex);
    g_cond_init(&workers->wake);
    workers->collector = start_collector(workers);
    return workers;
}

void
xpv_workers_allow_helpers(XpvWorkers *workers, guint max, guint jobs)
{
    g_mutex_lock(&workers->mutex);
    workers->max_helpers = max;
    workers->jobs_per_helper = jobs;
    g_mutex_unlock(&workers->mutex);
}

/* With the mutex held, which it lets go of meanwhile. */
static void
wait_for_job(Worker *worker)
{
    XpvWorkers *workers = worker->workers;
    gint64 rests_at = g_get_monotonic_time() + REST_AFTER_US;
    while (!workers->abandoned && g_queue_is_empty(&workers->queue) &&
           g_cond_wait_until(&workers->wake, &workers->mutex, rests_at))
        continue;
    if (workers->purpose->rest && !workers->abandoned && g_queue_is_empty(&workers->queue)) {
        g_mutex_unlock(&workers->mutex);
        workers->purpose->rest(worker->own);
        g_mutex_lock(&workers->mutex);
    }
    while (!workers->abandoned && g_queue_is_empty(&workers->queue))
        g_cond_wait(&workers->wake, &workers->mutex);
}

/* With the mutex held. Returns: (nullable) NULL when it is time to leave. */
static XpvJob *
take_job(Worker *worker)
{
    XpvWorkers *workers = worker->workers;
    if (!worker->helps && !workers->abandoned && g_queue_is_empty(&workers->queue))
        wait_for_job(worker);
    return workers->abandoned ? NULL : g_queue_pop_head(&workers->queue);
}

static void
do_jobs(Worker *worker)
{
    XpvWorkers *workers = worker->workers;
    XpvJob *job;

    g_mutex_lock(&workers->mutex);
    while ((job = take_job(worker))) {
        g_queue_push_tail(&workers->running, job);
        job->started = g_get_monotonic_time();
        g_mutex_unlock(&workers->mutex);

        job->run(job, worker->own);

        g_mutex_lock(&workers->mutex);
        g_queue_remove(&workers->running, job);
        if (workers->abandoned)
            job->free(job);
        else
            put_done(workers, job);
    }
    workers->n_helpers -= (guint)worker->helps;
    g_mutex_unlock(&workers->mutex);
}

static gpointer
work(gpointer data)
{
    Worker *worker = data;
    XpvWorkers *workers = worker->workers;

    if (!worker->helps || workers->purpose->prepare(worker->own))
        do_jobs(worker);
    else
        xpv_workers_allow_helpers(workers, 0, 0);
    workers->purpose->free(worker->own);

    g_mutex_lock(&workers->mutex);
    workers->n_threads--;
    gboolean abandoned = workers->abandoned;
    g_mutex_unlock(&workers->mutex);
    xpv_workers_unref(workers);
    g_free(worker);
    if (abandoned)
        count_abandoned(-1);
    return NULL;
}

/* With the mutex held. */
static void
start_thread(XpvWorkers *workers)
{
    Worker *worker = g_new0(Worker, 1);
    worker->workers = xpv_workers_ref(workers);
    worker->helps = workers->n_threads > 0;
    worker->own = worker->helps ? workers->purpose->create(workers->data) : g_steal_pointer(&workers->first_own);
    workers->n_threads++;
    workers->n_helpers += (guint)worker->helps;
    g_thread_unref(g_thread_new(workers->purpose->name, work, worker));
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

static gboolean
find_overdue(gpointer data)
{
    XpvWorkers *workers = data;
    if (!xpv_workers_is_busy(workers)) {
        workers->deadline_timer = 0;
        return G_SOURCE_REMOVE;
    }
    gint64 started_by = g_get_monotonic_time() - (gint64)workers->timeout * G_USEC_PER_SEC;
    g_autoptr(GPtrArray) jobs = xpv_workers_find_overdue(workers, started_by);
    return jobs->len > 0 && workers->purpose->overdue(jobs, workers->data) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* Of high priority, so that a process that was stopped notices what is overdue before it asks itself whether it has. */
static void
start_deadlines(XpvWorkers *workers)
{
    guint ms = CLAMP(workers->timeout * 1000 / 8, 100, 2000);
    workers->deadline_timer = g_timeout_add_full(G_PRIORITY_HIGH, ms, find_overdue, workers, NULL);
    g_source_set_name_by_id(workers->deadline_timer, XPV_WORKERS_DEADLINES);
}

void
xpv_workers_push(XpvWorkers *workers, XpvJob *job)
{
    g_mutex_lock(&workers->mutex);
    g_queue_push_tail(&workers->queue, job);
    g_cond_signal(&workers->wake);
    if (workers->n_threads == 0 || (workers->n_helpers < workers->max_helpers &&
                                    workers->queue.length > workers->jobs_per_helper * (workers->n_helpers + 1)))
        start_thread(workers);
    g_mutex_unlock(&workers->mutex);
    if (workers->purpose->overdue && workers->deadline_timer == 0)
        start_deadlines(workers);
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
    g_clear_handle_id(&workers->deadline_timer, g_source_remove);
    g_mutex_lock(&workers->mutex);
    g_queue_clear_full(&workers->queue, free_job);
    g_queue_clear_full(&workers->done, free_job);
    workers->abandoned = TRUE;
    count_abandoned((gint)workers->n_threads);
    g_cond_broadcast(&workers->wake);
    g_source_destroy(workers->collector);
    g_mutex_unlock(&workers->mutex);

    if (workers->first_own)
        workers->purpose->free(workers->first_own);
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
