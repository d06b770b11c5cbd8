/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads for calls that may never return: here they return when the test lets them. */
#include "daemon/workers.h"

#include "tests/loop.h"

#define MAX_THREADS 3
#define MAX_JOBS 200

typedef struct _Fixture Fixture;

typedef struct {
    XpvJob head;
    Fixture *fixture;
    guint number;
} Job;

/* What a thread has of its own. */
typedef struct {
    Fixture *fixture;
    GThread *thread; /* (nullable) the one that has done a job with it */
} Own;

struct _Fixture {
    XpvWorkers *workers;
    GThread *main_thread;

    GMutex mutex; /* guards all below */
    GCond changed;
    gboolean is_gate_open; /* else run() does not return */
    guint tickets;         /* but for so many */
    guint entered;         /* calls of run() */
    guint left;
    guint most_at_once;
    GHashTable *threads;
    guint runs[MAX_JOBS], dones[MAX_JOBS], frees[MAX_JOBS];
    GArray *done_order;
    guint news, rests, own_frees;
    gboolean is_able; /* a helper is, to help */
    guint prepared;
    gboolean main_thread_freed; /* something of a thread's own */
};

/* Far above what anything takes. */
static gint64
deadline(void)
{
    return g_get_monotonic_time() + WAIT_SECONDS * G_USEC_PER_SEC;
}

/* Blocks until a number of calls of run() have been entered. */
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
run(XpvJob *head, gpointer data)
{
    Job *job = (Job *)head;
    Own *own = data;
    Fixture *f = own->fixture;
    g_assert_true(f == job->fixture);
    g_assert_true(g_thread_self() != f->main_thread);
    g_assert_true(!own->thread || own->thread == g_thread_self());
    own->thread = g_thread_self();
    g_assert_cmpint(head->started, >, 0);

    g_mutex_lock(&f->mutex);
    f->runs[job->number]++;
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
job_free(XpvJob *head)
{
    Job *job = (Job *)head;
    Fixture *f = job->fixture;
    g_mutex_lock(&f->mutex);
    f->frees[job->number]++;
    g_assert_cmpuint(f->frees[job->number], ==, 1);
    g_mutex_unlock(&f->mutex);
    g_free(job);
}

static gpointer
own_create(gpointer data)
{
    Fixture *f = data;
    g_assert_true(g_thread_self() == f->main_thread);
    Own *own = g_new0(Own, 1);
    own->fixture = f;
    f->news++;
    return own;
}

static gboolean
own_prepare(gpointer data)
{
    Own *own = data;
    Fixture *f = own->fixture;
    g_assert_true(g_thread_self() != f->main_thread);
    g_mutex_lock(&f->mutex);
    f->prepared++;
    gboolean is_able = f->is_able;
    g_cond_broadcast(&f->changed);
    g_mutex_unlock(&f->mutex);
    return is_able;
}

static void
own_rest(gpointer data)
{
    Own *own = data;
    Fixture *f = own->fixture;
    g_assert_true(!own->thread || own->thread == g_thread_self());
    g_mutex_lock(&f->mutex);
    f->rests++;
    g_mutex_unlock(&f->mutex);
    g_main_context_wakeup(NULL);
}

static guint
count_rests(Fixture *f)
{
    g_mutex_lock(&f->mutex);
    guint n = f->rests;
    g_mutex_unlock(&f->mutex);
    return n;
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

static const XpvWorkersPurpose purpose = { "own", own_create, own_prepare, own_rest, own_free, NULL };

static XpvJob *
new_job(Fixture *f, guint number)
{
    Job *job = g_new0(Job, 1);
    job->head = (XpvJob){ run, done, job_free, 0 };
    job->fixture = f;
    job->number = number;
    return &job->head;
}

static void
push_one(Fixture *f, guint number)
{
    xpv_workers_push(f->workers, new_job(f, number));
}

static void
push(Fixture *f, guint n)
{
    for (guint i = 0; i < n; i++)
        push_one(f, i);
}

/* @data: how many jobs must wait for a helper to come */
static void
set_up(Fixture *f, gconstpointer data)
{
    f->main_thread = g_thread_self();
    g_mutex_init(&f->mutex);
    g_cond_init(&f->changed);
    f->threads = g_hash_table_new(NULL, NULL);
    f->done_order = g_array_new(FALSE, FALSE, sizeof(guint));
    f->is_able = TRUE;
    f->workers = xpv_workers_new(&purpose, 0, f);
    xpv_workers_allow_helpers(f->workers, MAX_THREADS - 1, GPOINTER_TO_UINT(data));
}

/* Whatever the test did: all that was begun is freed, once, and nothing more is heard. */
static void
tear_down(Fixture *f, gconstpointer data)
{
    if (f->workers)
        xpv_workers_abandon(g_steal_pointer(&f->workers));
    guint dones = f->done_order->len;
    open_gate(f);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    g_assert_cmpuint(xpv_workers_count_abandoned_threads(), ==, 0);
    settle();
    g_assert_cmpuint(f->done_order->len, ==, dones);
    g_assert_cmpuint(f->own_frees, ==, f->news);
    g_hash_table_unref(f->threads);
    g_array_unref(f->done_order);
    g_mutex_clear(&f->mutex);
    g_cond_clear(&f->changed);
}

/* expect_jobs: how often each of the first @n jobs was run and heard of; all have been freed. */
static void
expect_jobs(Fixture *f, guint from, guint n, guint runs, guint dones)
{
    for (guint i = from; i < n; i++) {
        g_assert_cmpuint(f->runs[i], ==, runs);
        g_assert_cmpuint(f->dones[i], ==, dones);
        g_assert_cmpuint(f->frees[i], ==, 1);
    }
}

static void
test_jobs_come_back(Fixture *f, gconstpointer data)
{
    open_gate(f);
    g_assert_false(xpv_workers_is_busy(f->workers));
    push(f, MAX_JOBS);
    wait_until(f->done_order->len == MAX_JOBS);
    expect_jobs(f, 0, MAX_JOBS, 1, 1);
    g_assert_false(xpv_workers_is_busy(f->workers));
    g_assert_cmpuint(f->most_at_once, <=, MAX_THREADS);
}

/* One thread keeps the order. */
static void
test_order(Fixture *f, gconstpointer data)
{
    let_one_pass(f);
    push(f, 1);
    wait_until(f->done_order->len == 1);
    for (guint i = 1; i < 20; i++)
        xpv_workers_post(f->workers, new_job(f, i));
    wait_until(f->done_order->len == 20);
    for (guint i = 0; i < 20; i++)
        g_assert_cmpuint(g_array_index(f->done_order, guint, i), ==, i);
    expect_jobs(f, 1, 20, 0, 1);
}

/* The first thread does what it can do alone, and rests once there has been nothing to do for a while. */
static void
test_one_is_enough(Fixture *f, gconstpointer data)
{
    open_gate(f);
    for (guint i = 0; i < MAX_JOBS; i++) {
        push_one(f, i);
        wait_until(f->done_order->len == i + 1);
    }
    g_assert_cmpuint(g_hash_table_size(f->threads), ==, 1);
    g_assert_cmpuint(f->news, ==, 1);
    wait_until(count_rests(f) > 0);
    g_assert_cmpuint(count_rests(f), <=, MAX_JOBS);
}

/* Blocks until so many threads have let go of what they had. */
static void
wait_own_frees(Fixture *f, guint n)
{
    gint64 until = deadline();
    g_mutex_lock(&f->mutex);
    while (f->own_frees < n) {
        if (!g_cond_wait_until(&f->changed, &f->mutex, until))
            g_error("%u threads have left, not %u", f->own_frees, n);
    }
    g_mutex_unlock(&f->mutex);
}

/* Pushes jobs, of numbers from @n on, until as many run as may: a helper that is leaving may take one along. Returns:
 * the next number */
static guint
push_until_all_work(Fixture *f, guint n)
{
    gint64 until = deadline();
    g_mutex_lock(&f->mutex);
    f->is_gate_open = FALSE;
    f->most_at_once = 0;
    while (f->most_at_once < MAX_THREADS && n < MAX_JOBS) {
        g_mutex_unlock(&f->mutex);
        push_one(f, n++);
        g_mutex_lock(&f->mutex);
        g_cond_wait_until(&f->changed, &f->mutex, MIN(until, g_get_monotonic_time() + G_USEC_PER_SEC / 10));
    }
    g_assert_cmpuint(f->most_at_once, ==, MAX_THREADS);
    g_mutex_unlock(&f->mutex);
    return n;
}

/* They leave when nothing is left to do, and come again. */
static void
test_helpers_leave(Fixture *f, gconstpointer data)
{
    for (guint round = 1; round <= 3; round++) {
        guint n = push_until_all_work(f, f->done_order->len);
        open_gate(f);
        wait_until(f->done_order->len == n);
        wait_own_frees(f, f->news - 1);
    }
    g_assert_false(f->main_thread_freed);
}

/* What it was to do is done all the same, and no other is tried. */
static void
test_helper_is_not_able(Fixture *f, gconstpointer data)
{
    f->is_able = FALSE;
    push(f, 2);
    wait_own_frees(f, 1);
    open_gate(f);
    for (guint i = 2; i < MAX_JOBS; i++)
        push_one(f, i);
    wait_until(f->done_order->len == MAX_JOBS);
    g_assert_cmpuint(f->news, ==, 2);
    g_assert_cmpuint(f->most_at_once, ==, 1);
}

/* As many as may run at a time do, while not one of them returns; and no more. */
static void
test_parallel(Fixture *f, gconstpointer data)
{
    push(f, 4 * MAX_THREADS);
    wait_entered(f, MAX_THREADS);
    g_assert_true(xpv_workers_is_busy(f->workers));
    for (guint i = MAX_THREADS; i < 4 * MAX_THREADS; i++) {
        let_one_pass(f);
        wait_entered(f, i + 1);
    }
    open_gate(f);
    wait_until(f->done_order->len == 4 * MAX_THREADS);
    g_assert_cmpuint(f->most_at_once, ==, MAX_THREADS);
    g_assert_cmpuint(g_hash_table_size(f->threads), ==, MAX_THREADS);
}

/* Other sources of the main loop have their turn. */
static void
test_many_come_back_in_portions(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < MAX_JOBS; i++)
        xpv_workers_post(f->workers, new_job(f, i));
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
        xpv_workers_post(f->workers, new_job(f, i));
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

static void
test_is_busy(Fixture *f, gconstpointer data)
{
    push(f, 1);
    g_assert_true(xpv_workers_is_busy(f->workers));
    wait_entered(f, 1);
    g_assert_true(xpv_workers_is_busy(f->workers)); /* while it runs, too */
    open_gate(f);
    wait_until(f->done_order->len == 1);
    g_assert_false(xpv_workers_is_busy(f->workers));
}

static void
test_find_overdue(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) none = xpv_workers_find_overdue(f->workers, G_MAXINT64);
    g_assert_cmpuint(none->len, ==, 0);

    gint64 before = g_get_monotonic_time() - 1;
    push(f, MAX_THREADS + 2);
    wait_entered(f, MAX_THREADS);
    g_autoptr(GPtrArray) running = xpv_workers_find_overdue(f->workers, g_get_monotonic_time());
    g_assert_cmpuint(running->len, ==, MAX_THREADS); /* what waits is not overdue, however long */
    for (guint i = 0; i < running->len; i++) {
        Job *job = running->pdata[i];
        g_assert_cmpuint(job->number, <, MAX_THREADS);
        g_assert_cmpint(job->head.started, >, before);
    }
    g_autoptr(GPtrArray) earlier = xpv_workers_find_overdue(f->workers, before);
    g_assert_cmpuint(earlier->len, ==, 0);
    gint64 last = 0;
    for (guint i = 0; i < running->len; i++)
        last = MAX(last, ((XpvJob *)running->pdata[i])->started);
    g_autoptr(GPtrArray) by_last = xpv_workers_find_overdue(f->workers, last);
    g_assert_cmpuint(by_last->len, ==, MAX_THREADS);

    open_gate(f);
    wait_until(f->done_order->len == MAX_THREADS + 2);
    g_autoptr(GPtrArray) after = xpv_workers_find_overdue(f->workers, G_MAXINT64);
    g_assert_cmpuint(after->len, ==, 0);
}

static void
test_abandon_idle(Fixture *f, gconstpointer data)
{
    open_gate(f);
    push(f, 10);
    wait_until(f->done_order->len == 10);
    xpv_workers_abandon(g_steal_pointer(&f->workers));
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    g_assert_cmpuint(f->own_frees, ==, f->news);
    g_assert_false(f->main_thread_freed);
}

/* Without a thread there is nobody else to free it. */
static void
test_abandon_unused(Fixture *f, gconstpointer data)
{
    xpv_workers_abandon(g_steal_pointer(&f->workers));
    g_assert_cmpuint(f->own_frees, ==, 1);
}

/* Queued, running and done. */
static void
test_abandon(Fixture *f, gconstpointer data)
{
    let_one_pass(f);
    push(f, 1);
    wait_until(f->done_order->len == 1);
    for (guint i = 1; i <= MAX_THREADS + 5; i++)
        push_one(f, i);
    wait_entered(f, 1 + MAX_THREADS);
    let_one_pass(f); /* it is done, but not heard of, as the main loop does not run */
    wait_entered(f, 2 + MAX_THREADS);
    for (guint i = 100; i < 110; i++)
        xpv_workers_post(f->workers, new_job(f, i));

    xpv_workers_abandon(g_steal_pointer(&f->workers));
    expect_jobs(f, 100, 110, 0, 0);
    for (guint i = MAX_THREADS + 2; i <= MAX_THREADS + 5; i++) /* queued */
        g_assert_cmpuint(f->frees[i], ==, 1);
    g_assert_cmpuint(f->own_frees, ==, f->news - MAX_THREADS);
    g_assert_cmpuint(xpv_workers_count_abandoned_threads(), ==, MAX_THREADS);
    g_assert_false(xpv_workers_wait_for_abandoned(1));

    open_gate(f);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    settle();
    g_assert_cmpuint(f->done_order->len, ==, 1);
    expect_jobs(f, 0, 1, 1, 1);
    expect_jobs(f, 1, MAX_THREADS + 2, 1, 0);
    expect_jobs(f, MAX_THREADS + 2, MAX_THREADS + 6, 0, 0);
    g_assert_false(f->main_thread_freed);
}

/* A thread that leaves while others still hang frees nothing of theirs. */
static void
test_each_frees_its_own(Fixture *f, gconstpointer data)
{
    push(f, MAX_THREADS);
    wait_entered(f, MAX_THREADS);
    xpv_workers_abandon(g_steal_pointer(&f->workers));
    for (guint left = MAX_THREADS; left > 0; left--) {
        g_assert_cmpuint(xpv_workers_count_abandoned_threads(), ==, left);
        g_mutex_lock(&f->mutex);
        g_assert_cmpuint(f->own_frees, ==, f->news - left);
        g_mutex_unlock(&f->mutex);
        let_one_pass(f);
        gint64 until = deadline();
        while (xpv_workers_count_abandoned_threads() == left && g_get_monotonic_time() < until)
            g_thread_yield();
    }
    g_assert_cmpuint(f->own_frees, ==, f->news);
}

static void
abandon_when_done(XpvJob *head, gpointer data)
{
    Fixture *f = data;
    done(head, data);
    xpv_workers_abandon(g_steal_pointer(&f->workers));
}

/* As a session's owner does that hears of an error. */
static void
test_abandon_within_done(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 5; i++) {
        XpvJob *job = new_job(f, i);
        if (i == 2)
            job->done = abandon_when_done;
        xpv_workers_post(f->workers, job);
    }
    wait_until(f->done_order->len == 3);
    settle();
    expect_jobs(f, 0, 3, 0, 1);
    expect_jobs(f, 3, 5, 0, 0);
}

static void
test_post_after_abandon(Fixture *f, gconstpointer data)
{
    XpvWorkers *workers = xpv_workers_ref(f->workers);
    push(f, 1);
    wait_entered(f, 1);
    xpv_workers_abandon(g_steal_pointer(&f->workers));
    xpv_workers_post(workers, new_job(f, 1));
    g_assert_cmpuint(f->frees[1], ==, 1);
    settle();
    g_assert_cmpuint(f->done_order->len, ==, 0);
    open_gate(f);
    xpv_workers_unref(workers);
}

static gpointer
post_and_unref(gpointer data)
{
    Fixture *f = data;
    XpvWorkers *workers = f->workers;
    for (guint i = 1; i < MAX_JOBS; i++)
        xpv_workers_post(workers, new_job(f, i));
    xpv_workers_unref(workers);
    return NULL;
}

/* What another thread posts is heard of or freed, wherever the end of the workers falls. */
static void
test_abandon_while_posting(Fixture *f, gconstpointer data)
{
    xpv_workers_ref(f->workers); /* the thread's */
    GThread *thread = g_thread_new("poster", post_and_unref, f);
    wait_until(f->done_order->len > 0);
    XpvWorkers *workers = f->workers;
    xpv_workers_abandon(workers);
    guint dones = f->done_order->len;
    g_thread_join(thread);
    f->workers = NULL;
    settle();
    g_assert_cmpuint(f->done_order->len, ==, dones);
    for (guint i = 1; i < MAX_JOBS; i++)
        g_assert_cmpuint(f->frees[i], ==, 1);
}

/* Jobs come in while others are done, over and over: none is lost. */
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
    add("/workers/jobs-come-back", test_jobs_come_back);
    add("/workers/order", test_order);
    g_test_add("/workers/one-is-enough", Fixture, GUINT_TO_POINTER(1), set_up, test_one_is_enough, tear_down);
    add("/workers/helpers-leave", test_helpers_leave);
    add("/workers/helper-is-not-able", test_helper_is_not_able);
    add("/workers/parallel", test_parallel);
    add("/workers/many-come-back-in-portions", test_many_come_back_in_portions);
    add("/workers/post-from-another-thread", test_post_from_another_thread);
    add("/workers/many-pushes", test_many_pushes);
    add("/workers/is-busy", test_is_busy);
    add("/workers/find-overdue", test_find_overdue);
    add("/workers/abandon-idle", test_abandon_idle);
    add("/workers/abandon-unused", test_abandon_unused);
    add("/workers/abandon", test_abandon);
    add("/workers/each-frees-its-own", test_each_frees_its_own);
    add("/workers/abandon-within-done", test_abandon_within_done);
    add("/workers/post-after-abandon", test_post_after_abandon);
    add("/workers/abandon-while-posting", test_abandon_while_posting);
    return g_test_run();
}
