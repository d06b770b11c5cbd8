/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker thread for calls that may never return. Here they return when the test lets them. */
#include "daemon/worker.h"

#include "tests/loop.h"

#define MAX_JOBS 200

typedef struct _Fixture Fixture;

typedef struct {
    XpvJob head;
    Fixture *fixture;
    guint number;
} Job;

/* The data that belongs to a thread. */
typedef struct {
    Fixture *fixture;
    GThread *thread; /* (nullable) the thread that has done a job with it */
} Own;

struct _Fixture {
    XpvWorker *worker;
    GThread *main_thread;

    GMutex mutex; /* guards everything below */
    GCond changed;
    gboolean is_gate_open; /* if not, call() does not return */
    guint tickets;         /* so many calls return even so */
    guint entered;         /* how often call() began */
    guint left;
    guint most_at_once;
    GHashTable *threads;
    guint calls[MAX_JOBS], dones[MAX_JOBS], frees[MAX_JOBS];
    GArray *done_order;
    guint news, own_frees;
    guint overdue;              /* how often a job was reported as overdue */
    gboolean main_thread_freed; /* it has freed data that belongs to a thread */
};

/* Longer than anything takes. */
static gint64
deadline(void)
{
    return g_get_monotonic_time() + WAIT_SECONDS * G_USEC_PER_SEC;
}

/* Blocks until call() has begun @n times. */
static void
wait_entered(Fixture *f, guint n)
{
    gint64 until = deadline();
    g_mutex_lock(&f->mutex);
    while (f->entered < n) {
        if (!g_cond_wait_until(&f->changed, &f->mutex, until))
            g_error("%u jobs run, not %u", f->entered, n);
    }
    g_mutex_unlock(&f->mutex);
}

static void
open_gate(Fixture *f)
{
    g_mutex_lock(&f->mutex);
    f->is_gate_open = TRUE;
    g_cond_broadcast(&f->changed);
    g_mutex_unlock(&f->mutex);
}

static void
let_one_pass(Fixture *f)
{
    g_mutex_lock(&f->mutex);
    f->tickets++;
    g_cond_broadcast(&f->changed);
    g_mutex_unlock(&f->mutex);
}

static void
call(XpvJob *head, gpointer data)
{
    Job *job = (Job *)head;
    Own *own = data;
    Fixture *f = own->fixture;
    g_assert_true(f == job->fixture);
    g_assert_true(g_thread_self() != f->main_thread);
    g_assert_true(!own->thread || own->thread == g_thread_self());
    own->thread = g_thread_self();

    g_mutex_lock(&f->mutex);
    f->calls[job->number]++;
    f->entered++;
    f->most_at_once = MAX(f->most_at_once, f->entered - f->left);
    g_hash_table_add(f->threads, g_thread_self());
    g_cond_broadcast(&f->changed);
    while (!f->is_gate_open && f->tickets == 0)
        g_cond_wait(&f->changed, &f->mutex);
    if (!f->is_gate_open)
        f->tickets--;
    f->left++;
    g_cond_broadcast(&f->changed);
    g_mutex_unlock(&f->mutex);
    g_main_context_wakeup(NULL);
}

static void
done(XpvJob *head, gpointer data)
{
    Job *job = (Job *)head;
    Fixture *f = data;
    g_assert_true(f == job->fixture);
    g_assert_true(g_thread_self() == f->main_thread);
    g_assert_cmpuint(f->frees[job->number], ==, 0);
    f->dones[job->number]++;
    g_array_append_val(f->done_order, job->number);
}

static void
job_clear(XpvJob *head)
{
    Job *job = (Job *)head;
    Fixture *f = job->fixture;
    g_mutex_lock(&f->mutex);
    f->frees[job->number]++;
    g_assert_cmpuint(f->frees[job->number], ==, 1);
    g_mutex_unlock(&f->mutex);
}

static gpointer
own_create(XpvWorker *worker, gpointer data)
{
    Fixture *f = data;
    g_assert_true(g_thread_self() == f->main_thread);
    Own *own = g_new0(Own, 1);
    own->fixture = f;
    f->news++;
    return own;
}

static void
own_free(gpointer data)
{
    Own *own = data;
    Fixture *f = own->fixture;
    g_assert_true(!own->thread || own->thread == g_thread_self());
    g_mutex_lock(&f->mutex);
    f->own_frees++;
    f->main_thread_freed |= g_thread_self() == f->main_thread;
    g_cond_broadcast(&f->changed);
    g_mutex_unlock(&f->mutex);
    g_free(own);
}

static gboolean
on_overdue(XpvJob *head, gpointer data)
{
    Job *job = (Job *)head;
    Fixture *f = data;
    g_assert_true(g_thread_self() == f->main_thread);
    g_assert_cmpuint(job->number, ==, 0);
    f->overdue++;
    if (f->overdue < 3)
        return FALSE;
    xpv_worker_abandon(g_steal_pointer(&f->worker));
    return TRUE;
}

static const XpvWorkerPurpose purpose = {
    .name = "own", .create = own_create, .free = own_free, .overdue = on_overdue
};

static XpvJob *
new_job(Fixture *f, guint number)
{
    Job *job = g_new0(Job, 1);
    job->head = (XpvJob){ .call = call, .done = done, .clear = job_clear };
    job->fixture = f;
    job->number = number;
    return &job->head;
}

static void
push_one(Fixture *f, guint number)
{
    xpv_worker_push(f->worker, new_job(f, number));
}

static void
push(Fixture *f, guint n)
{
    for (guint i = 0; i < n; i++)
        push_one(f, i);
}

/* @data: the time limit of a job, in seconds; 0: longer than any test */
static void
set_up(Fixture *f, gconstpointer data)
{
    f->main_thread = g_thread_self();
    g_mutex_init(&f->mutex);
    g_cond_init(&f->changed);
    f->threads = g_hash_table_new(NULL, NULL);
    f->done_order = g_array_new(FALSE, FALSE, sizeof(guint));
    guint timeout = data ? GPOINTER_TO_UINT(data) : 10 * WAIT_SECONDS;
    f->worker = xpv_worker_new(&purpose, timeout, f);
}

/* Whatever the test did, everything is freed once, and nothing more is reported. */
static void
tear_down(Fixture *f, gconstpointer data)
{
    if (f->worker)
        xpv_worker_abandon(g_steal_pointer(&f->worker));
    guint dones = f->done_order->len;
    open_gate(f);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    g_assert_cmpuint(xpv_workers_count_abandoned(), ==, 0);
    settle();
    g_assert_cmpuint(f->done_order->len, ==, dones);
    g_assert_cmpuint(f->own_frees, ==, f->news);
    g_hash_table_unref(f->threads);
    g_array_unref(f->done_order);
    g_mutex_clear(&f->mutex);
    g_cond_clear(&f->changed);
}

/* expect_jobs: each of these jobs was run and reported so often, and has been freed. */
static void
expect_jobs(Fixture *f, guint from, guint n, guint calls, guint dones)
{
    for (guint i = from; i < n; i++) {
        g_assert_cmpuint(f->calls[i], ==, calls);
        g_assert_cmpuint(f->dones[i], ==, dones);
        g_assert_cmpuint(f->frees[i], ==, 1);
    }
}

static void
test_jobs_come_back(Fixture *f, gconstpointer data)
{
    open_gate(f);
    push(f, MAX_JOBS);
    wait_until(f->done_order->len == MAX_JOBS);
    expect_jobs(f, 0, MAX_JOBS, 1, 1);
    g_assert_cmpuint(f->most_at_once, ==, 1);
    g_assert_cmpuint(g_hash_table_size(f->threads), ==, 1);
}

/* Jobs and posts come back in their order. */
static void
test_order(Fixture *f, gconstpointer data)
{
    open_gate(f);
    push(f, MAX_JOBS / 2);
    wait_until(f->done_order->len == MAX_JOBS / 2);
    for (guint i = MAX_JOBS / 2; i < MAX_JOBS; i++)
        xpv_worker_post(f->worker, new_job(f, i));
    wait_until(f->done_order->len == MAX_JOBS);
    for (guint i = 0; i < MAX_JOBS; i++)
        g_assert_cmpuint(g_array_index(f->done_order, guint, i), ==, i);
    expect_jobs(f, MAX_JOBS / 2, MAX_JOBS, 0, 1);
}

/* Between portions, other sources of the main loop get their turns. */
static void
test_many_come_back_in_portions(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < MAX_JOBS; i++)
        xpv_worker_post(f->worker, new_job(f, i));
    guint most = 0;
    while (f->done_order->len < MAX_JOBS) {
        guint before = f->done_order->len;
        g_main_context_iteration(NULL, TRUE);
        most = MAX(most, f->done_order->len - before);
    }
    g_assert_cmpuint(most, <=, 50);
    g_assert_cmpuint(most, >, 1);
}

static gpointer
post_from_thread(gpointer data)
{
    Fixture *f = data;
    for (guint i = 0; i < MAX_JOBS; i++)
        xpv_worker_post(f->worker, new_job(f, i));
    return NULL;
}

static void
test_post_from_another_thread(Fixture *f, gconstpointer data)
{
    GThread *thread = g_thread_new("poster", post_from_thread, f);
    wait_until(f->done_order->len == MAX_JOBS);
    g_thread_join(thread);
    expect_jobs(f, 0, MAX_JOBS, 0, 1);
}

/* An overdue job is reported until its worker is abandoned. A job that waits is never overdue. */
static void
test_overdue(Fixture *f, gconstpointer data)
{
    push(f, 2);
    wait_until(!f->worker);
    g_assert_cmpuint(f->overdue, ==, 3);
    open_gate(f);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    expect_jobs(f, 0, 1, 1, 0);
    expect_jobs(f, 1, 2, 0, 0);
}

/* Jobs that each take less than the limit are not overdue, even if all together take longer. */
static void
test_not_overdue(Fixture *f, gconstpointer data)
{
    push(f, 20);
    for (guint i = 1; i <= 20; i++) {
        let_pass(100);
        let_one_pass(f);
        wait_until(f->done_order->len == i);
    }
    g_assert_cmpuint(f->overdue, ==, 0);
}

static void
test_abandon_idle(Fixture *f, gconstpointer data)
{
    open_gate(f);
    push(f, 10);
    wait_until(f->done_order->len == 10);
    xpv_worker_abandon(g_steal_pointer(&f->worker));
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    g_assert_cmpuint(f->own_frees, ==, f->news);
    g_assert_false(f->main_thread_freed);
}

static void
test_abandon_unused(Fixture *f, gconstpointer data)
{
    xpv_worker_abandon(g_steal_pointer(&f->worker));
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    g_assert_cmpuint(f->own_frees, ==, 1);
    g_assert_false(f->main_thread_freed);
}

/* A worker is abandoned with jobs that are queued, running and done. */
static void
test_abandon(Fixture *f, gconstpointer data)
{
    let_one_pass(f);
    push(f, 1);
    wait_until(f->done_order->len == 1);
    for (guint i = 1; i <= 5; i++)
        push_one(f, i);
    wait_entered(f, 2);
    let_one_pass(f); /* it is done but not reported, as the main loop does not run */
    wait_entered(f, 3);
    for (guint i = 100; i < 110; i++)
        xpv_worker_post(f->worker, new_job(f, i));

    xpv_worker_abandon(g_steal_pointer(&f->worker));
    expect_jobs(f, 100, 110, 0, 0);
    expect_jobs(f, 3, 6, 0, 0); /* queued */
    g_assert_cmpuint(f->own_frees, ==, 0);
    g_assert_cmpuint(xpv_workers_count_abandoned(), ==, 1);
    g_assert_false(xpv_workers_wait_for_abandoned(1));

    open_gate(f);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    settle();
    g_assert_cmpuint(f->done_order->len, ==, 1);
    expect_jobs(f, 0, 1, 1, 1);
    expect_jobs(f, 1, 3, 1, 0);
    g_assert_false(f->main_thread_freed);
}

static void
abandon_when_done(XpvJob *head, gpointer data)
{
    Fixture *f = data;
    done(head, data);
    xpv_worker_abandon(g_steal_pointer(&f->worker));
}

/* A session's owner does this when it gets an error. */
static void
test_abandon_within_done(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 5; i++) {
        XpvJob *job = new_job(f, i);
        if (i == 2)
            job->done = abandon_when_done;
        xpv_worker_post(f->worker, job);
    }
    wait_until(f->done_order->len == 3);
    settle();
    expect_jobs(f, 0, 3, 0, 1);
    expect_jobs(f, 3, 5, 0, 0);
}

static void
test_post_after_abandon(Fixture *f, gconstpointer data)
{
    XpvWorker *worker = xpv_worker_ref(f->worker);
    push(f, 1);
    wait_entered(f, 1);
    xpv_worker_abandon(g_steal_pointer(&f->worker));
    xpv_worker_post(worker, new_job(f, 1));
    g_assert_cmpuint(f->frees[1], ==, 1);
    settle();
    g_assert_cmpuint(f->done_order->len, ==, 0);
    open_gate(f);
    xpv_worker_unref(worker);
}

static gpointer
post_and_unref(gpointer data)
{
    Fixture *f = data;
    XpvWorker *worker = f->worker;
    for (guint i = 1; i < MAX_JOBS; i++)
        xpv_worker_post(worker, new_job(f, i));
    xpv_worker_unref(worker);
    return NULL;
}

/* What another thread posts is either reported or freed, whenever the worker is abandoned. */
static void
test_abandon_while_posting(Fixture *f, gconstpointer data)
{
    xpv_worker_ref(f->worker); /* the thread's reference */
    GThread *thread = g_thread_new("poster", post_and_unref, f);
    wait_until(f->done_order->len > 0);
    XpvWorker *worker = f->worker;
    xpv_worker_abandon(worker);
    guint dones = f->done_order->len;
    g_thread_join(thread);
    f->worker = NULL;
    settle();
    g_assert_cmpuint(f->done_order->len, ==, dones);
    for (guint i = 1; i < MAX_JOBS; i++)
        g_assert_cmpuint(f->frees[i], ==, 1);
}

/* Jobs are pushed while others finish, many times. None is lost. */
static void
test_many_pushes(Fixture *f, gconstpointer data)
{
    open_gate(f);
    for (guint i = 0; i < MAX_JOBS; i++) {
        push_one(f, i);
        g_main_context_iteration(NULL, FALSE);
    }
    wait_until(f->done_order->len == MAX_JOBS);
    expect_jobs(f, 0, MAX_JOBS, 1, 1);
}

static void
add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    add("/worker/jobs-come-back", test_jobs_come_back);
    add("/worker/order", test_order);
    add("/worker/many-come-back-in-portions", test_many_come_back_in_portions);
    add("/worker/post-from-another-thread", test_post_from_another_thread);
    add("/worker/many-pushes", test_many_pushes);
    g_test_add("/worker/overdue", Fixture, GUINT_TO_POINTER(1), set_up, test_overdue, tear_down);
    g_test_add("/worker/not-overdue", Fixture, GUINT_TO_POINTER(1), set_up, test_not_overdue, tear_down);
    add("/worker/abandon-idle", test_abandon_idle);
    add("/worker/abandon-unused", test_abandon_unused);
    add("/worker/abandon", test_abandon);
    add("/worker/abandon-within-done", test_abandon_within_done);
    add("/worker/post-after-abandon", test_post_after_abandon);
    add("/worker/abandon-while-posting", test_abandon_while_posting);
    return g_test_run();
}
