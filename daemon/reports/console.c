/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “console”: the output of the running guest on its serial console, if the domain's XML sends it to a
 * file.
 *
 * The file is read when a run of the domain is found, and again when something in its folder has changed. The emulator
 * empties the file when a run begins, so its text is of this run. The report stays for the run, whatever happens to the
 * file.
 *
 * The folder is watched with inotify directly: GLib's monitors hold a lock of the whole process while they search for
 * the folder, which may be on a hung server. */
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/intern.h"
#include "common/text.h"
#include "daemon/pacer.h"
#include "daemon/reports/awaited.h"
#include "daemon/reports/console-file.h"
#include "daemon/reports/reports.h"
#include "daemon/worker.h"

/* Also if the folder is removed, or its permissions change. */
#define EVENTS (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR)

/* After some notices, the next ones are collected for this time, and taken in this number: the kernel merges equal
 * ones. If it has dropped some, it sends a notice of that. */
#define GATHER_MS 250
#define NOTICES_BYTES 16384
#define NOTICES_READS 16

/* At most so many threads may hang, besides the one that works. */
#define HUNG_MAX 2

/* Shared with threads, also hung ones. */
typedef struct {
    int fd; /* of inotify; -1: none */
} Notices;

typedef struct {
    XpvReportContext context;
    Notices *notices; /* NULL until there is a run */
    guint notices_source;
    guint gather_timer;
    XpvWorker *worker; /* NULL until there is a run */
    GHashTable *runs;  /* uuid, the run's → Run, owned */
    guint last_run;
    GHashTable *hung;    /* folders in which a read hangs; owned */
    guint retry_timer;   /* while there are hung folders, or some that cannot be watched */
    XpvPacer *pacer;     /* of the runs' UUIDs, as a guest may write all the time */
    XpvAwaited *awaited; /* UUIDs of the runs, until their first read */
} Console;

/* A run of a domain, from a start to its stop. */
typedef struct {
    XpvInterned *uuid;
    char *name;
    gint id;
    guint number;
    char *path;
    char *folder;
    int watch;            /* on the folder; -1: none yet */
    XpvConsoleFile *file; /* NULL while it is being read */
    char *report;
    char *trouble; /* the last one that was logged */
} Run;

typedef struct {
    XpvJob head;
    Notices *notices;
    char *uuid;
    guint run;
    char *path;
    char *folder;
    int watch;
    XpvConsoleFile *file;
} Job;

/* All of this process, whether they hang or not. */
static gint n_threads;

static gpointer
begin_thread(XpvWorker *worker, gpointer data)
{
    g_atomic_int_inc(&n_threads);
    return &n_threads;
}

static void
end_thread(gpointer own)
{
    g_atomic_int_add(&n_threads, -1);
}

static void
notices_clear(gpointer data)
{
    Notices *notices = data;
    xpv_fd_clear(&notices->fd);
}

static void
job_clear(XpvJob *head)
{
    Job *job = (Job *)head;
    g_atomic_rc_box_release_full(job->notices, notices_clear);
    xpv_console_file_free(job->file);
    g_free(job->uuid);
    g_free(job->path);
    g_free(job->folder);
}

/* Before each read, so that no change is lost, and as the folder may be a new one. */
static void
read_call(XpvJob *head, gpointer own)
{
    Job *job = (Job *)head;
    if (!g_path_is_absolute(job->path)) {
        g_set_error_literal(&head->error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the path does not begin with /");
        return;
    }
    job->watch = inotify_add_watch(job->notices->fd, job->folder, EVENTS);
    int number = errno;
    if (xpv_console_file_read(job->file, job->path, &head->error) && job->watch < 0)
        g_set_error(&head->error, G_FILE_ERROR, (gint)g_file_error_from_errno(number), "cannot watch its folder: %s",
                    g_strerror(number));
}

static void
tell_trouble(Run *run, const char *trouble)
{
    if (g_strcmp0(run->trouble, trouble) == 0)
        return;
    g_free(run->trouble);
    run->trouble = g_strdup(trouble);
    g_autofree char *name = xpv_text_clean(run->name, -1, 0);
    g_autofree char *path = xpv_text_clean(run->path, -1, 0);
    g_warning("Cannot follow the serial console of domain %s in %s: %s", name, path, trouble);
}

static void
want(Console *console, const Run *run)
{
    if (!g_hash_table_contains(console->hung, run->folder))
        xpv_pacer_want(console->pacer, run->uuid);
}

/* Hung folders are tried again once all hung threads have returned. */
static gboolean
on_retry(gpointer data)
{
    Console *console = data;
    gboolean is_back = g_hash_table_size(console->hung) > 0 && g_atomic_int_get(&n_threads) <= 1;
    gboolean is_done = is_back || g_hash_table_size(console->hung) == 0;
    GHashTableIter iter;
    gpointer value;
    if (is_back)
        g_hash_table_remove_all(console->hung);
    g_hash_table_iter_init(&iter, console->runs);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Run *run = value;
        is_done = is_done && run->watch >= 0;
        if (is_back || run->watch < 0)
            want(console, run);
    }
    if (is_done)
        console->retry_timer = 0;
    return is_done ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
retry_later(Console *console)
{
    if (console->retry_timer == 0)
        console->retry_timer = g_timeout_add_seconds(console->context.call_timeout, on_retry, console);
}

static void
read_done(XpvJob *head, gpointer data)
{
    Job *job = (Job *)head;
    Console *console = data;
    Run *run = g_hash_table_lookup(console->runs, job->uuid);
    if (!run || run->number != job->run)
        return;
    g_debug("Console of domain %s: read %" G_GUINT64_FORMAT " bytes so far", run->name,
            xpv_console_file_read_bytes(job->file));
    run->watch = job->watch;
    run->file = g_steal_pointer(&job->file);
    if (head->error)
        tell_trouble(run, head->error->message);
    if (job->watch < 0)
        retry_later(console);
    xpv_pacer_done(console->pacer, run->uuid);
    xpv_awaited_remove(console->awaited, run->uuid);

    g_autofree char *report = xpv_console_file_report(run->file);
    if (!report || g_strcmp0(report, run->report) == 0)
        return;
    g_free(run->report);
    run->report = g_steal_pointer(&report);
    console->context.changed(run->uuid, console->context.data);
}

static void
unwatch_call(XpvJob *head, gpointer own)
{
    Job *job = (Job *)head;
    inotify_rm_watch(job->notices->fd, job->watch);
}

static Job *
make_job(Console *console, const Run *run)
{
    Job *job = g_new0(Job, 1);
    job->head.clear = job_clear;
    job->notices = g_atomic_rc_box_acquire(console->notices);
    job->uuid = g_strdup(run->uuid);
    job->run = run->number;
    job->path = g_strdup(run->path);
    job->folder = g_strdup(run->folder);
    job->watch = run->watch;
    return job;
}

static void
begin_read(const char *uuid, gpointer data)
{
    Console *console = data;
    Run *run = g_hash_table_lookup(console->runs, uuid);
    Job *job = make_job(console, run);
    job->head.call = read_call;
    job->head.done = read_done;
    job->file = g_steal_pointer(&run->file);
    xpv_worker_push(console->worker, &job->head);
}

static void
want_all(Console *console)
{
    GHashTableIter iter;
    gpointer run;
    g_hash_table_iter_init(&iter, console->runs);
    while (g_hash_table_iter_next(&iter, NULL, &run))
        want(console, run);
}

/* A notice names a file by the watch on its folder. */
static char *
make_key(int watch, const char *name)
{
    return g_strdup_printf("%d/%s", watch, name);
}

/* Returns: whether some notices were dropped. */
static gboolean
take_notices(int fd, GHashTable *changed)
{
    char buffer[NOTICES_BYTES];
    gboolean is_dropped = FALSE;
    ssize_t length;
    for (guint i = 0; i < NOTICES_READS && (length = read(fd, buffer, sizeof buffer)) > 0; i++) {
        struct inotify_event event;
        for (const char *at = buffer; at < buffer + length; at += sizeof event + event.len) {
            memcpy(&event, at, sizeof event);
            is_dropped = is_dropped || (event.mask & IN_Q_OVERFLOW) != 0;
            g_hash_table_add(changed, make_key(event.wd, event.len > 0 ? at + sizeof event : ""));
        }
    }
    return is_dropped;
}

/* While the file is being read, the worker may set a new watch, and the notice may be about that. */
static gboolean
is_changed(const Run *run, GHashTable *changed)
{
    g_autofree char *name = g_path_get_basename(run->path);
    g_autofree char *file = make_key(run->watch, name);
    g_autofree char *folder = make_key(run->watch, "");
    return !run->file || g_hash_table_contains(changed, file) || g_hash_table_contains(changed, folder);
}

static gboolean on_gathered(gpointer data);

static gboolean
on_notices(gint fd, GIOCondition condition, gpointer data)
{
    Console *console = data;
    g_autoptr(GHashTable) changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean is_dropped = take_notices(fd, changed);
    GHashTableIter iter;
    gpointer run;
    g_hash_table_iter_init(&iter, console->runs);
    while (g_hash_table_iter_next(&iter, NULL, &run)) {
        if (is_dropped || is_changed(run, changed))
            want(console, run);
    }
    console->notices_source = 0;
    console->gather_timer = g_timeout_add(GATHER_MS, on_gathered, console);
    return G_SOURCE_REMOVE;
}

static gboolean
on_gathered(gpointer data)
{
    Console *console = data;
    console->gather_timer = 0;
    console->notices_source = g_unix_fd_add(console->notices->fd, G_IO_IN, on_notices, console);
    return G_SOURCE_REMOVE;
}

/* No file in this folder is read before the hung thread has returned. */
static void
give_up(Console *console, const char *folder)
{
    GHashTableIter iter;
    gpointer value;
    g_autofree char *trouble = g_strdup_printf(
        "reading it takes longer than %u s; trying again when that read has ended", console->context.call_timeout);
    g_hash_table_add(console->hung, g_strdup(folder));
    g_hash_table_iter_init(&iter, console->runs);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Run *run = value;
        if (!g_str_equal(run->folder, folder))
            continue;
        tell_trouble(run, trouble);
        xpv_awaited_remove(console->awaited, run->uuid);
    }
}

static gboolean on_overdue(XpvJob *job, gpointer data);

static const XpvWorkerPurpose purpose = {
    .name = "console", .create = begin_thread, .free = end_thread, .overdue = on_overdue
};

static gboolean
on_overdue(XpvJob *job, gpointer data)
{
    Console *console = data;
    GHashTableIter iter;
    gpointer value;
    if (g_atomic_int_get(&n_threads) > HUNG_MAX)
        return FALSE;
    give_up(console, ((const Job *)job)->folder);
    xpv_worker_abandon(console->worker);
    console->worker = xpv_worker_new(&purpose, console->context.call_timeout, console);

    /* Files that wait are read by the next worker. The state of files in jobs is lost. */
    xpv_pacer_clear(console->pacer);
    g_hash_table_iter_init(&iter, console->runs);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Run *run = value;
        if (!run->file)
            run->file = xpv_console_file_new();
    }
    want_all(console);
    retry_later(console);
    return TRUE;
}

static void
run_free(gpointer data)
{
    Run *run = data;
    xpv_console_file_free(run->file);
    xpv_interned_release(run->uuid);
    g_free(run->name);
    g_free(run->path);
    g_free(run->folder);
    g_free(run->report);
    g_free(run->trouble);
    g_free(run);
}

static gpointer
start(const XpvReportContext *context)
{
    if (!context->is_local)
        return NULL;
    Console *console = g_new0(Console, 1);
    console->context = *context;
    console->runs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, run_free);
    console->hung = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    console->pacer = xpv_pacer_new(begin_read, console);
    console->awaited = xpv_awaited_new(context->settled, context->data);
    return console;
}

static void
stop(gpointer self)
{
    Console *console = self;
    g_clear_pointer(&console->worker, xpv_worker_abandon);
    g_clear_handle_id(&console->notices_source, g_source_remove);
    g_clear_handle_id(&console->gather_timer, g_source_remove);
    g_clear_handle_id(&console->retry_timer, g_source_remove);
    if (console->notices)
        g_atomic_rc_box_release_full(console->notices, notices_clear);
    xpv_awaited_free(console->awaited);
    xpv_pacer_free(console->pacer);
    g_hash_table_unref(console->hung);
    g_hash_table_unref(console->runs);
    g_free(console);
}

/* Called with the first run. */
static void
start_work(Console *console)
{
    console->worker = xpv_worker_new(&purpose, console->context.call_timeout, console);
    console->notices = g_atomic_rc_box_new0(Notices);
    console->notices->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (console->notices->fd >= 0)
        console->notices_source = g_unix_fd_add(console->notices->fd, G_IO_IN, on_notices, console);
}

static Run *
add_run(Console *console, const XpvDomainXml *xml)
{
    Run *run = g_new0(Run, 1);
    run->uuid = xpv_intern(xml->uuid);
    run->name = g_strdup(xml->name);
    run->id = xml->id;
    run->number = ++console->last_run;
    run->path = g_strdup(xml->console_path);
    run->folder = g_path_get_dirname(xml->console_path);
    run->watch = -1;
    run->file = xpv_console_file_new();
    g_hash_table_insert(console->runs, run->uuid, run);
    if (!console->worker)
        start_work(console);
    if (!g_hash_table_contains(console->hung, run->folder))
        xpv_awaited_add(console->awaited, run->uuid);
    want(console, run);
    return run;
}

static gboolean
is_watched_for_others(Console *console, const Run *run)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, console->runs);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Run *other = value;
        if (other != run && (other->watch == run->watch || g_str_equal(other->folder, run->folder)))
            return TRUE;
    }
    return FALSE;
}

static void
end_run(Console *console, Run *run)
{
    if (run->watch >= 0 && !is_watched_for_others(console, run)) {
        Job *job = make_job(console, run);
        job->head.call = unwatch_call;
        xpv_worker_push(console->worker, &job->head);
    }
    xpv_awaited_remove(console->awaited, run->uuid);
    xpv_pacer_forget(console->pacer, run->uuid);
    g_hash_table_remove(console->runs, run->uuid);
}

static Run *
find_run(Console *console, const XpvDomainXml *xml)
{
    gboolean has_console = xml->id >= 0 && xml->console_path;
    Run *run = g_hash_table_lookup(console->runs, xml->uuid);
    if (run && !(has_console && run->id == xml->id && g_str_equal(run->path, xml->console_path))) {
        end_run(console, run);
        run = NULL;
    }
    return run || !has_console ? run : add_run(console, xml);
}

static void
ask(gpointer self, const XpvDomainXml *xml, XpvReported *reported)
{
    const Run *run = find_run(self, xml);
    if (!run || reported->report)
        return;
    xpv_reported_add(reported, run->report);
    reported->is_live = reported->report != NULL;
}

static void
forget(gpointer self, const char *uuid)
{
    Console *console = self;
    Run *run = g_hash_table_lookup(console->runs, uuid);
    if (run)
        end_run(console, run);
}

/* Permissions may have changed, so failed files are tried again. */
static void
reload(gpointer self)
{
    Console *console = self;
    GHashTableIter iter;
    gpointer run;
    g_hash_table_iter_init(&iter, console->runs);
    while (g_hash_table_iter_next(&iter, NULL, &run))
        g_clear_pointer(&((Run *)run)->trouble, g_free);
    want_all(console);
}

static gboolean
is_settled(gpointer self)
{
    const Console *console = self;
    return xpv_awaited_is_empty(console->awaited);
}

const XpvReportSource xpv_report_console = {
    .start = start,
    .stop = stop,
    .reload = reload,
    .ask = ask,
    .forget = forget,
    .is_settled = is_settled,
};
