/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernels.conf: which entries count, and that every change is noticed. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "daemon/reports/reports.h"
#include "tests/expect.h"
#include "tests/logged.h"
#include "tests/loop.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"

typedef struct {
    char *folder;
    char *path; /* of kernels.conf */
    gpointer self;
    guint changes;
} Fixture;

static const XpvReportSource *const source = &xpv_report_file;

static void
on_changed(const char *uuid, gpointer data)
{
    Fixture *f = data;
    g_assert_null(uuid); /* NULL: all domains may have changed */
    f->changes++;
}

/* Writes the file in place, as some editors do. */
static void
write_file(Fixture *f, const char *text)
{
    FILE *file = g_fopen(f->path, "w");
    g_assert_nonnull(file);
    g_assert_cmpint(fputs(text, file), >=, 0);
    g_assert_cmpint(fclose(file), ==, 0);
}

static void
start(Fixture *f)
{
    g_autofree char *config = g_build_filename(f->folder, "xenpv-compatd.conf", NULL);
    XpvReportContext context = { .config_path = config, .changed = on_changed, .data = f };
    f->self = source->start(&context);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "kernels.conf", NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    if (f->self)
        source->stop(f->self);
    guint changes = f->changes;
    settle();
    g_assert_cmpuint(f->changes, ==, changes); /* no change is reported after the end */
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
    expect_nothing_logged();
}

static XpvReported
ask_as(Fixture *f, const char *uuid, const char *name)
{
    XpvDomainXml xml = { .uuid = (char *)uuid, .name = (char *)name, .id = -1 };
    XpvReported reported = { .source = "" };
    source->ask(f->self, &xml, &reported);
    return reported;
}

/* says: whether this is the file's report of a domain; NULL: none. */
static gboolean
says(Fixture *f, const char *name, const char *report)
{
    g_auto(XpvReported) reported = ask_as(f, UUID, name);
    return g_strcmp0(reported.report, report) == 0;
}

static void
test_reports(Fixture *f, gconstpointer data)
{
    write_file(f, "[Kernels]\n" UUID "=by uuid\nnamed=by name\nempty=\nblank=\\s\\n\n");
    start(f);
    static const struct {
        const char *uuid, *name, *report;
    } cases[] = {
        { UUID, "named", "by uuid" }, { "x", "named", "by name" }, { "x", "empty", NULL },
        { "x", "blank", NULL },       { "x", "x", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(XpvReported) reported = ask_as(f, cases[i].uuid, cases[i].name);
        g_assert_cmpstr(reported.report, ==, cases[i].report);
        g_assert_false(reported.acknowledged);
        g_assert_false(reported.is_live);
    }
}

static void
test_acknowledged(Fixture *f, gconstpointer data)
{
    write_file(f, "[Acknowledged]\n" UUID "=true\nno=false\nwhat=yes\n[Other]\nother=true\n");
    start(f);
    expect_logged(G_LOG_LEVEL_WARNING, "*/kernels.conf: there is no group ?Other?*");
    expect_logged(G_LOG_LEVEL_WARNING, "*/kernels.conf: group ?Acknowledged?, what is neither true nor false*");
    g_auto(XpvReported) known = ask_as(f, UUID, "no");
    g_assert_true(known.acknowledged);
    g_assert_null(known.report);

    /* It does not override another source's report or acknowledgement. */
    XpvDomainXml xml = { .uuid = (char *)"x", .name = (char *)"no" };
    g_auto(XpvReported) reported = { .source = "metadata", .report = g_strdup("metadata's"), .acknowledged = TRUE };
    source->ask(f->self, &xml, &reported);
    g_assert_true(reported.acknowledged);
    g_assert_cmpstr(reported.report, ==, "metadata's");
}

static void
test_appears(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_true(says(f, "guest", NULL));
    write_file(f, "[Kernels]\nguest=first\n");
    wait_until(says(f, "guest", "first"));
    g_assert_cmpuint(f->changes, >, 0);
}

static void
test_is_written(Fixture *f, gconstpointer data)
{
    write_file(f, "[Kernels]\nguest=first\n");
    start(f);
    g_assert_true(says(f, "guest", "first"));
    write_file(f, "[Kernels]\nguest=second\n");
    wait_until(says(f, "guest", "second"));
    FILE *file = g_fopen(f->path, "a");
    fputs("other=third\n", file);
    fclose(file);
    wait_until(says(f, "other", "third"));
    g_assert_true(says(f, "guest", "second"));
}

/* The file is replaced, as by most editors and tools. */
static void
test_is_replaced(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    write_file(f, "[Kernels]\nguest=first\n");
    start(f);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *text = g_strdup_printf("[Kernels]\nguest=%u\n", i);
        g_autofree char *report = g_strdup_printf("%u", i);
        g_autofree char *new_path = g_strconcat(f->path, ".new", NULL);
        g_assert_true(g_file_set_contents(new_path, text, -1, &error));
        g_assert_cmpint(g_rename(new_path, f->path), ==, 0);
        wait_until(says(f, "guest", report));
    }

    /* It may also come from another folder. */
    g_autofree char *elsewhere = g_dir_make_tmp("xenpv-XXXXXX", &error);
    g_autofree char *other = g_build_filename(elsewhere, "kernels.conf", NULL);
    g_assert_true(g_file_set_contents(other, "[Kernels]\nguest=moved\n", -1, &error));
    g_assert_cmpint(g_rename(other, f->path), ==, 0);
    wait_until(says(f, "guest", "moved"));
    g_rmdir(elsewhere);
}

static void
test_is_removed(Fixture *f, gconstpointer data)
{
    g_autofree char *aside = g_strconcat(f->path, ".aside", NULL);
    write_file(f, "[Kernels]\nguest=first\n[Acknowledged]\nguest=true\n");
    start(f);
    g_assert_true(says(f, "guest", "first"));
    g_unlink(f->path);
    wait_until(says(f, "guest", NULL));
    g_auto(XpvReported) reported = ask_as(f, UUID, "guest");
    g_assert_false(reported.acknowledged);

    write_file(f, "[Kernels]\nguest=second\n");
    wait_until(says(f, "guest", "second"));
    g_assert_cmpint(g_rename(f->path, aside), ==, 0);
    wait_until(says(f, "guest", NULL));
    g_unlink(aside);
}

typedef struct {
    GFileMonitor *monitor;
    const char *name;
    GFileMonitorEvent event;
    gboolean has_come;
} Noticed;

static void
on_folder_changed(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
    Noticed *noticed = data;
    g_autofree char *name = g_file_get_basename(file);
    if (event == noticed->event && g_str_equal(name, noticed->name))
        noticed->has_come = TRUE;
}

/* Watches the folder, as the source does. The test may hear of a change a little later than the source. */
static void
watch(Fixture *f, Noticed *noticed)
{
    g_autoptr(GFile) folder = g_file_new_for_path(f->folder);
    noticed->monitor = g_file_monitor_directory(folder, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
    g_signal_connect(noticed->monitor, "changed", G_CALLBACK(on_folder_changed), noticed);
}

static gboolean
will_read(Fixture *f)
{
    return g_main_context_find_source_by_user_data(NULL, f->self) != NULL;
}

static void
expect_notices(Noticed *noticed, const char *name, GFileMonitorEvent event)
{
    noticed->name = name;
    noticed->event = event;
    noticed->has_come = FALSE;
    wait_until(noticed->has_come);
    settle();
}

/* The file is written anew in two steps, and read once: not while it is empty, as an acknowledgement would be missing.
 * @data: the event of the first step. GLib assumes that a writer that pauses for two seconds has finished: if the
 * machine itself pauses, the test cannot know when the file was read. */
static void
test_is_half_written(Fixture *f, gconstpointer data)
{
    GFileMonitorEvent event = GPOINTER_TO_INT(data);
    Noticed noticed = { 0 };
    g_autofree char *aside = g_strconcat(f->path, "~", NULL);
    gint64 began = g_get_monotonic_time();
    write_file(f, "[Acknowledged]\nguest=true\n");
    start(f);
    watch(f, &noticed);
    if (event == G_FILE_MONITOR_EVENT_CREATED)
        g_assert_cmpint(g_rename(f->path, aside), ==, 0);
    FILE *file = g_fopen(f->path, "w");
    if (event == G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED)
        g_assert_cmpint(fchmod(fileno(file), 0640), ==, 0);
    expect_notices(&noticed, "kernels.conf", event);
    g_auto(XpvReported) meanwhile = ask_as(f, UUID, "guest");

    fputs("[Kernels]\nguest=second\n", file);
    fclose(file);
    gboolean is_timely = g_get_monotonic_time() - began < 3 * G_USEC_PER_SEC / 2;
    wait_until(says(f, "guest", "second"));
    if (is_timely) {
        g_assert_true(meanwhile.acknowledged);
        g_assert_cmpuint(f->changes, ==, 1);
    }
    g_unlink(aside);
    g_object_unref(noticed.monitor);
}

/* Other files in the folder do not matter, not even the daemon's configuration. */
static void
test_neighbours(Fixture *f, gconstpointer data)
{
    static const char *const names[] = { "xenpv-compatd.conf", "kernels.conf~", ".kernels.conf.swp", "last" };
    Noticed noticed = { 0 };
    write_file(f, "[Kernels]\nguest=first\n");
    start(f);
    watch(f, &noticed);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(f->folder, names[i], NULL);
        g_assert_true(g_file_set_contents(path, "x", -1, NULL));
        g_unlink(path);
    }
    expect_notices(&noticed, "last", G_FILE_MONITOR_EVENT_DELETED);
    g_assert_false(will_read(f));
    g_assert_cmpuint(f->changes, ==, 0);
    g_object_unref(noticed.monitor);
}

/* The previous contents stay valid, and the log says why. */
static void
test_becomes_garbage(Fixture *f, gconstpointer data)
{
    static const char *const garbage[] = { "no key file", "[Kernels]\nguest\n", "\xff\xfe=", "[Kernels\n", "[" };
    write_file(f, "[Kernels]\nguest=first\n[Acknowledged]\nguest=true\n");
    start(f);
    for (guint i = 0; i < G_N_ELEMENTS(garbage); i++) {
        write_file(f, garbage[i]);
        wait_until(log_drop(G_LOG_LEVEL_WARNING, "Cannot read */kernels.conf, keeping its previous contents: *") > 0);
        expect_true(garbage[i], says(f, "guest", "first"), "what was before");
        g_auto(XpvReported) reported = ask_as(f, UUID, "guest");
        expect_true(garbage[i], reported.acknowledged, "what was before");
        write_file(f, "[Kernels]\nguest=between\n");
        wait_until(says(f, "guest", "between"));
        write_file(f, "[Kernels]\nguest=first\n[Acknowledged]\nguest=true\n");
        wait_until(says(f, "guest", "first"));
        log_drop(G_LOG_LEVEL_WARNING, "Cannot read *"); /* one for each event of the garbage */
    }
}

static void
test_is_garbage(Fixture *f, gconstpointer data)
{
    write_file(f, "no key file");
    start(f);
    expect_logged(G_LOG_LEVEL_WARNING, "Cannot read */kernels.conf, *");
    g_assert_true(says(f, "guest", NULL));
    write_file(f, "[Kernels]\nguest=first\n");
    wait_until(says(f, "guest", "first"));
}

/* With a NUL byte in the file, GLib would read on, or take the file for empty. */
static void
test_nul(Fixture *f, gconstpointer data)
{
    static const char text[] = "[Kernels]\ngue\0st=second\n[Acknowledged]\nguest=true\n";
    write_file(f, "[Kernels]\nguest=first\n");
    start(f);
    g_assert_true(g_file_set_contents(f->path, text, sizeof text - 1, NULL));
    wait_until(log_drop(G_LOG_LEVEL_WARNING, "Cannot read */kernels.conf, *: the file contains a NUL byte") > 0);
    g_assert_true(says(f, "guest", "first"));
}

/* A missing folder is neither watched nor waited for. Once it exists, a reload reads and watches it. */
static void
test_directory_is_missing(Fixture *f, gconstpointer data)
{
    g_rmdir(f->folder);
    start(f);
    g_assert_true(says(f, "guest", NULL));
    source->reload(f->self);
    g_assert_true(says(f, "guest", NULL));

    g_assert_cmpint(g_mkdir(f->folder, 0700), ==, 0);
    write_file(f, "[Kernels]\nguest=first\n");
    source->reload(f->self);
    g_assert_true(says(f, "guest", "first"));
    write_file(f, "[Kernels]\nguest=second\n");
    wait_until(says(f, "guest", "second"));
}

/* The folder goes and comes back with the file in it, as when a machine's configuration is restored. */
static void
test_directory_goes(Fixture *f, gconstpointer data)
{
    g_autofree char *aside = g_strconcat(f->folder, ".aside", NULL);
    write_file(f, "[Kernels]\nguest=first\n");
    start(f);
    g_unlink(f->path);
    g_rmdir(f->folder);
    wait_until(says(f, "guest", NULL));

    g_autofree char *folder = g_steal_pointer(&f->folder);
    g_autofree char *path = g_steal_pointer(&f->path);
    f->folder = g_strdup(aside);
    f->path = g_build_filename(aside, "kernels.conf", NULL);
    g_assert_cmpint(g_mkdir(aside, 0700), ==, 0);
    write_file(f, "[Kernels]\nguest=second\n");
    g_assert_cmpint(g_rename(aside, folder), ==, 0);
    wait_until(says(f, "guest", "second"));
    g_unlink(path);
    g_rmdir(folder);
}

/* After the end, a change that was noticed but not yet read is not read any more. */
static void
test_ends_before_reading(Fixture *f, gconstpointer data)
{
    start(f);
    write_file(f, "[Kernels]\nguest=first\n");
    wait_until(will_read(f));
    g_assert_cmpuint(f->changes, ==, 0);
    source->stop(g_steal_pointer(&f->self));
}

static void
add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

static void
add_half_written(const char *path, GFileMonitorEvent event)
{
    g_test_add(path, Fixture, GINT_TO_POINTER(event), set_up, test_is_half_written, tear_down);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    log_keep();
    add("/report-file/reports", test_reports);
    add("/report-file/acknowledged", test_acknowledged);
    add("/report-file/appears", test_appears);
    add("/report-file/is-written", test_is_written);
    add("/report-file/is-replaced", test_is_replaced);
    add("/report-file/is-removed", test_is_removed);
    /* A shell's ">"; a tool that sets the mode before it writes; an editor that keeps the old file. */
    add_half_written("/report-file/is-emptied", G_FILE_MONITOR_EVENT_CHANGED);
    add_half_written("/report-file/mode-is-set-before-writing", G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED);
    add_half_written("/report-file/is-set-aside", G_FILE_MONITOR_EVENT_CREATED);
    add("/report-file/neighbours", test_neighbours);
    add("/report-file/becomes-garbage", test_becomes_garbage);
    add("/report-file/is-garbage", test_is_garbage);
    add("/report-file/nul", test_nul);
    add("/report-file/directory-is-missing", test_directory_is_missing);
    add("/report-file/directory-goes", test_directory_goes);
    add("/report-file/ends-before-reading", test_ends_before_reading);
    return g_test_run();
}
