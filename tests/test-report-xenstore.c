/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xenstore source with tests/xenstored.py, a xenstored for tests that runs as its own process. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/judge.h"
#include "common/report.h"
#include "daemon/reports/reports.h"
#include "daemon/worker.h"
#include "daemon/xenstore/client.h"

/* Longer than anything takes. */
#define TIMEOUT 60

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define DOMAIN_1 "/local/domain/1/"

typedef struct {
    GSubprocess *xenstored;
    GDataInputStream *answers;
    gpointer self;
    GPtrArray *changed; /* of UUID */
    GPtrArray *reports; /* the report at each change, "" for none */
    gint id;            /* the domain's, at that time */
    guint n_settled;    /* how often that was reported */
    guint n_turns;      /* of the main loop */
} Fixture;

static const XpvReportSource *const source = &xpv_report_xenstore;

/* tell: makes a call of xenstored.py's Console. */
static char *
tell(Fixture *f, const char *call)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line = g_strconcat(call, "\n", NULL);
    GOutputStream *calls = g_subprocess_get_stdin_pipe(f->xenstored);
    g_output_stream_write_all(calls, line, strlen(line), NULL, NULL, &error);
    g_assert_no_error(error);
    char *answer = g_data_input_stream_read_line(f->answers, NULL, NULL, &error);
    g_assert_no_error(error);
    if (!answer || g_str_has_prefix(answer, "error:"))
        g_error("%s: %s", call, answer);
    return answer;
}

static void
do_tell(Fixture *f, const char *call)
{
    g_free(tell(f, call));
}

static guint
number(Fixture *f, const char *call)
{
    g_autofree char *answer = tell(f, call);
    return (guint)strtoul(answer, NULL, 10);
}

static XpvReported
ask_as(Fixture *f, const char *uuid, gint id, XpvVirtualization virtualization)
{
    XpvDomainXml xml = { .uuid = (char *)uuid, .id = id, .virtualization = virtualization };
    XpvReported reported = { .source = "" };
    source->ask(f->self, &xml, &reported);
    return reported;
}

static void
expect(Fixture *f, gint id, const char *report, XpvDrivers drivers)
{
    g_auto(XpvReported) reported = ask_as(f, UUID, id, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpstr(reported.report, ==, report);
    g_assert_cmpint(reported.is_live, ==, report != NULL);
    const XpvGuest guest = { .disk_drivers = reported.disk_drivers, .network_drivers = reported.network_drivers };
    g_assert_cmpint(xpv_guest_drivers(&guest), ==, drivers);
    f->id = id;
}

static void
on_changed(const char *uuid, gpointer data)
{
    Fixture *f = data;
    g_auto(XpvReported) reported = ask_as(f, uuid, f->id, XPV_VIRTUALIZATION_HVM);
    g_ptr_array_add(f->changed, g_strdup(uuid));
    g_ptr_array_add(f->reports, g_strdup(reported.report ? reported.report : ""));
}

static void
on_settled(gpointer data)
{
    Fixture *f = data;
    f->n_settled++;
}

static gboolean
on_timeout(gpointer data)
{
    g_error("waited in vain");
    return G_SOURCE_REMOVE;
}

/* Runs the main loop until there have been @n changes in all. */
static void
wait_changed(Fixture *f, guint n)
{
    guint timer = g_timeout_add_seconds(TIMEOUT, on_timeout, NULL);
    while (f->changed->len < n) {
        g_main_context_iteration(NULL, TRUE);
        f->n_turns++;
    }
    g_source_remove(timer);
}

/* Runs the main loop until this is the report at the last change. */
static void
wait_report(Fixture *f, const char *report)
{
    guint timer = g_timeout_add_seconds(TIMEOUT, on_timeout, NULL);
    while (f->reports->len == 0 || !g_str_equal(f->reports->pdata[f->reports->len - 1], report)) {
        g_main_context_iteration(NULL, TRUE);
        f->n_turns++;
    }
    g_source_remove(timer);
}

typedef struct {
    Fixture *f;
    const char *call;
    gboolean is_answered;
} Telling;

static gpointer
tell_in_thread(gpointer data)
{
    Telling *telling = data;
    do_tell(telling->f, telling->call);
    g_atomic_int_set(&telling->is_answered, TRUE);
    g_main_context_wakeup(NULL);
    return NULL;
}

/* Runs the main loop until xenstored.py answers a call that waits for something. */
static void
wait_told(Fixture *f, const char *call)
{
    Telling telling = { f, call, FALSE };
    GThread *thread = g_thread_new("tell", tell_in_thread, &telling);
    while (!g_atomic_int_get(&telling.is_answered)) {
        g_main_context_iteration(NULL, TRUE);
        f->n_turns++;
    }
    g_thread_join(thread);
}

static void
start_source(Fixture *f, guint call_timeout)
{
    XpvReportContext context = {
        .is_local = TRUE, .changed = on_changed, .data = f, .call_timeout = call_timeout, .settled = on_settled
    };
    f->self = source->start(&context);
    g_assert_nonnull(f->self);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *script = g_test_build_filename(G_TEST_DIST, "xenstored.py", NULL);
    f->xenstored = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                    g_getenv("XPV_PYTHON"), script, g_getenv("XENSTORED_PATH"), NULL);
    g_assert_no_error(error);
    f->answers = g_data_input_stream_new(g_subprocess_get_stdout_pipe(f->xenstored));
    g_autofree char *ready = g_data_input_stream_read_line(f->answers, NULL, NULL, NULL);
    g_assert_cmpstr(ready, ==, "ready");
    f->changed = g_ptr_array_new_with_free_func(g_free);
    f->reports = g_ptr_array_new_with_free_func(g_free);
    f->id = 1;
    start_source(f, 30);
}

/* All threads must end, whatever the test did. */
static void
tear_down(Fixture *f, gconstpointer data)
{
    if (f->self)
        source->stop(f->self);
    do_tell(f, "thaw");
    g_assert_true(xpv_workers_wait_for_abandoned(TIMEOUT * 1000));
    g_assert_cmpuint(xpv_xenstore_count(), ==, 0);
    wait_told(f, "wait_clients 0");
    g_output_stream_close(g_subprocess_get_stdin_pipe(f->xenstored), NULL, NULL);
    g_assert_true(g_subprocess_wait_check(f->xenstored, NULL, NULL));
    g_object_unref(f->answers);
    g_object_unref(f->xenstored);
    g_ptr_array_unref(f->changed);
    g_ptr_array_unref(f->reports);
}

/* The source ignores SIGPIPE: libxenstore writes to a socket whose other end may be gone. */
static void
test_sigpipe(Fixture *f, gconstpointer data)
{
    struct sigaction action;
    signal(SIGPIPE, SIG_DFL);
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
    g_assert_cmpint(sigaction(SIGPIPE, NULL, &action), ==, 0);
    g_assert_true(action.sa_handler == SIG_IGN);
}

/* Starts to watch domain 1, with a report. */
static void
begin(Fixture *f)
{
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-50.EL");
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
    wait_changed(f, 1);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_UNKNOWN);
}

static void
test_precedence(Fixture *f, gconstpointer data)
{
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
    wait_told(f, "wait DIRECTORY 2 " DOMAIN_1 "device"); /* it found nothing, and reported no change */
    do_tell(f, "write " DOMAIN_1 "data/os/unix/kernel-version third");
    wait_changed(f, 1);
    expect(f, 1, "third", XPV_DRIVERS_UNKNOWN);

    do_tell(f, "write " DOMAIN_1 "data/os_uname second");
    wait_changed(f, 2);
    expect(f, 1, "second", XPV_DRIVERS_UNKNOWN);

    do_tell(f, "write " DOMAIN_1 "data/xenpv-compat/kernel first");
    wait_changed(f, 3);
    expect(f, 1, "first", XPV_DRIVERS_UNKNOWN);

    do_tell(f, "write " DOMAIN_1 "data/xenpv-compat/kernel ' \\x00\\n'"); /* a blank report counts as none */
    wait_changed(f, 4);
    expect(f, 1, "second", XPV_DRIVERS_UNKNOWN);

    do_tell(f, "rm " DOMAIN_1 "data/os_uname");
    wait_changed(f, 5);
    expect(f, 1, "third", XPV_DRIVERS_UNKNOWN);

    do_tell(f, "rm " DOMAIN_1 "data");
    wait_changed(f, 6);
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
}

/* The guest's operating system is read only while it reports no kernel. */
static void
test_system(Fixture *f, gconstpointer data)
{
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
    wait_told(f, "wait DIRECTORY 2 " DOMAIN_1 "device");
    g_assert_cmpuint(number(f, "count READ " DOMAIN_1 "data/os_majorver"), ==, 0);
    do_tell(f, "write " DOMAIN_1 "data/os_distro windows");
    wait_changed(f, 1);
    do_tell(f, "write " DOMAIN_1 "data/os_majorver '5\\x00\\n'");
    wait_changed(f, 2);
    g_auto(XpvReported) other = ask_as(f, UUID, 1, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpstr(other.system.name, ==, "windows 5");
    g_assert_cmpstr(other.system.teller, ==, "The guest's agent");
    g_assert_null(other.report);

    do_tell(f, "write " DOMAIN_1 "data/os_distro rhel");
    wait_changed(f, 3);
    g_auto(XpvReported) covered = ask_as(f, UUID, 1, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpint(covered.system.kind, ==, XPV_SYSTEM_COVERED);

    guint n_reads = number(f, "count READ " DOMAIN_1 "data/os_distro");
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.6.18-398.el5");
    wait_changed(f, 4);
    g_auto(XpvReported) reported = ask_as(f, UUID, 1, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpstr(reported.report, ==, "2.6.18-398.el5");
    g_assert_cmpint(reported.system.kind, ==, XPV_SYSTEM_UNKNOWN);
    g_assert_cmpuint(number(f, "count READ " DOMAIN_1 "data/os_distro"), ==, n_reads);
}

/* The host writes the time at which the run began, before the guest runs. */
static void
test_run_began(Fixture *f, gconstpointer data)
{
    do_tell(f, "write " DOMAIN_1 "vm /vm/" UUID);
    do_tell(f, "write /vm/" UUID "/start_time 1196000000.25");
    begin(f);
    g_auto(XpvReported) reported = ask_as(f, UUID, 1, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpint(reported.run_began, ==, 1196000000);
    g_auto(XpvReported) next = ask_as(f, UUID, 2, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpint(next.run_began, ==, 0);
    f->id = 2;
}

/* A guest may write the keys about itself. */
static void
test_run_began_hostile(Fixture *f, gconstpointer data)
{
    do_tell(f, "write " DOMAIN_1 "vm /local/domain/2");
    do_tell(f, "write /local/domain/2/start_time 1196000000");
    begin(f);
    g_auto(XpvReported) elsewhere = ask_as(f, UUID, 1, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpint(elsewhere.run_began, ==, 0);
    do_tell(f, "write " DOMAIN_1 "vm /vm/" UUID);
    do_tell(f, "write /vm/" UUID "/start_time -5");
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-51.EL");
    wait_changed(f, 2);
    g_auto(XpvReported) negative = ask_as(f, UUID, 1, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpint(negative.run_began, ==, 0);
}

static void
on_changed_of_reports(const char *uuid, gpointer data)
{
    Fixture *f = data;
    g_ptr_array_add(f->changed, g_strdup(uuid));
}

static void
test_believed_before_others(Fixture *f, gconstpointer data)
{
    XpvReportContext context = { .config_path = g_getenv("XENSTORED_PATH"),
                                 .runtime_directory = "/run/xenpv-compat-test",
                                 .is_local = TRUE,
                                 .changed = on_changed_of_reports,
                                 .data = f,
                                 .call_timeout = 30,
                                 .settled = on_settled };
    g_autoptr(XpvReports) reports = xpv_reports_new(&context);
    XpvDomainXml xml = { .uuid = (char *)UUID, .name = (char *)"a", .id = 1, .metadata_kernel = (char *)"metadata's" };
    g_auto(XpvReported) before = { 0 };
    g_auto(XpvReported) after = { 0 };

    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-50.EL");
    xpv_reports_ask(reports, &xml, &before);
    g_assert_cmpstr(before.source, ==, "metadata");
    g_assert_false(before.is_live);
    wait_changed(f, 1);
    xpv_reports_ask(reports, &xml, &after);
    g_assert_cmpstr(after.source, ==, "xenstore");
    g_assert_cmpstr(after.report, ==, "2.4.21-50.EL");
    g_assert_true(after.is_live);
}

static void
test_values(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "write " DOMAIN_1 "data/os_uname '2.4\\x00.21\\x00-50.EL\\x00'");
    do_tell(f, "write " DOMAIN_1 "data/xenpv-compat/kernel '\\x00'");
    do_tell(f, "write " DOMAIN_1 "data/os_uname '\\x002.4\\x00.21\\x00-51.EL\\x00'");
    wait_changed(f, 2);
    expect(f, 1, "\0012.4\001.21\001-51.EL\001", XPV_DRIVERS_UNKNOWN); /* the parser drops these like NULs */

    do_tell(f, "write " DOMAIN_1 "data/os_uname '\\xff\\xfe 1\\n2\\x1b'");
    wait_changed(f, 3);
    expect(f, 1, "\xff\xfe 1\n2\x1b", XPV_DRIVERS_UNKNOWN);

    g_autofree char *longest = g_strnfill(XPV_REPORT_MAX, 'a');
    g_autofree char *call = g_strdup_printf("write " DOMAIN_1 "data/os_uname %s", longest);
    do_tell(f, call);
    wait_changed(f, 4);
    expect(f, 1, longest, XPV_DRIVERS_UNKNOWN);
}

static void
expect_kinds(Fixture *f, XpvDrivers disk, XpvDrivers network)
{
    g_auto(XpvReported) reported = ask_as(f, UUID, 1, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpint(reported.disk_drivers, ==, disk);
    g_assert_cmpint(reported.network_drivers, ==, network);
}

/* Disk and network drivers are separate. */
static void
test_drivers(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "write " DOMAIN_1 "device/vbd/51712/state 1");
    wait_changed(f, 2);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_INACTIVE);
    expect_kinds(f, XPV_DRIVERS_INACTIVE, XPV_DRIVERS_UNKNOWN);

    do_tell(f, "write " DOMAIN_1 "device/vif/0/state 4");
    wait_changed(f, 3);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_ACTIVE);
    expect_kinds(f, XPV_DRIVERS_INACTIVE, XPV_DRIVERS_ACTIVE);

    do_tell(f, "write " DOMAIN_1 "device/vif/0/state 40");
    wait_changed(f, 4);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_INACTIVE);

    do_tell(f, "write " DOMAIN_1 "device/vbd/51712/state 4");
    wait_changed(f, 5);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_ACTIVE);
    expect_kinds(f, XPV_DRIVERS_ACTIVE, XPV_DRIVERS_INACTIVE);
    for (XpvVirtualization other = XPV_VIRTUALIZATION_UNKNOWN; other < XPV_VIRTUALIZATION_MAX; other++) {
        g_auto(XpvReported) reported = ask_as(f, UUID, 1, other);
        gboolean is_hvm = other == XPV_VIRTUALIZATION_HVM;
        g_assert_cmpint(reported.disk_drivers, ==, is_hvm ? XPV_DRIVERS_ACTIVE : XPV_DRIVERS_UNKNOWN);
        g_assert_cmpint(reported.network_drivers, ==, is_hvm ? XPV_DRIVERS_INACTIVE : XPV_DRIVERS_UNKNOWN);
        g_assert_cmpstr(reported.report, ==, "2.4.21-50.EL");
    }

    do_tell(f, "rm " DOMAIN_1 "device/vbd/51712");
    wait_changed(f, 6);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_INACTIVE);
    do_tell(f, "rm " DOMAIN_1 "device");
    wait_changed(f, 7);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_UNKNOWN);
}

/* At most 64 front ends are read, however long the listing. Other names in it are not read at all. */
static void
test_many_front_ends(Fixture *f, gconstpointer data)
{
    do_tell(f, "mkdirs " DOMAIN_1 "device/vbd/1000 1500");
    do_tell(f, "mkdirs " DOMAIN_1 "device/vif/x 50");
    begin(f);
    g_assert_cmpuint(number(f, "count READ " DOMAIN_1 "device/vbd"), ==, 64);
    g_assert_cmpuint(number(f, "count READ " DOMAIN_1 "device/vif"), ==, 0);
}

static void
test_only_changes_are_told(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-50.EL");
    wait_told(f, "wait READ 4 " DOMAIN_1 "data"); /* the key was read again */
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-51.EL");
    wait_changed(f, 2);
    g_assert_cmpstr(f->reports->pdata[1], ==, "2.4.21-51.EL");
}

/* Lets some time pass, longer than a domain's rest, in which something wrong could happen. */
static void
pass_time(Fixture *f)
{
    do_tell(f, "flood /local/domain/9/data/x 100 x");
    wait_told(f, "wait_flood 60");
    do_tell(f, "end_flood");
}

/* Neither a watch's first event nor events of other keys cause a read. */
static void
test_other_keys(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "mkdirs " DOMAIN_1 "data/key 40");
    do_tell(f, "mkdirs " DOMAIN_1 "device/vbd/768/key 40");
    pass_time(f);
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-51.EL");
    wait_changed(f, 2);
    g_assert_cmpuint(number(f, "count READ " DOMAIN_1 "data"), ==, 4);
    g_assert_cmpuint(number(f, "count DIRECTORY " DOMAIN_1 "device"), ==, 4);
}

static void
test_not_asked(Fixture *f, gconstpointer data)
{
    expect(f, -1, NULL, XPV_DRIVERS_UNKNOWN);
    wait_told(f, "wait_clients 0");

    const XpvReportContext remote = { .config_path = "/nonexistent/x" };
    g_autoptr(XpvReports) reports = xpv_reports_new(&remote);
    XpvDomainXml xml = { .uuid = (char *)UUID, .id = 1 };
    g_auto(XpvReported) reported = { .source = "" };
    xpv_reports_ask(reports, &xml, &reported);
    xpv_reports_forget(reports, UUID);
    g_assert_null(reported.report);
    g_assert_cmpuint(xpv_xenstore_count(), ==, 0);
}

/* A domain goes from xenstore before libvirt reports that it has stopped: its report stays until libvirt does. */
static void
test_torn_down(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "write " DOMAIN_1 "device/vbd/51712/state 4");
    wait_changed(f, 2);
    do_tell(f, "rm /local/domain/1");
    wait_told(f, "wait READ 6 /local/domain/1"); /* the last read is that of the domain itself */
    pass_time(f);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_ACTIVE);
    g_assert_cmpuint(f->changed->len, ==, 2);
    expect(f, 2, NULL, XPV_DRIVERS_UNKNOWN);
}

static void
expect_watched(Fixture *f, const char *expected)
{
    g_autofree char *watched = tell(f, "watched /local/domain/1");
    g_autofree char *watched_2 = tell(f, "watched /local/domain/2");
    g_autofree char *both = g_strconcat(watched, *watched_2 ? " " : "", watched_2, NULL);
    g_assert_cmpstr(g_strstrip(both), ==, expected);
}

static void
test_new_run(Fixture *f, gconstpointer data)
{
    begin(f);
    expect_watched(f, DOMAIN_1 "data " DOMAIN_1 "device/vbd " DOMAIN_1 "device/vif");

    expect(f, 2, NULL, XPV_DRIVERS_UNKNOWN); /* at once: the report of the last run does not count */
    wait_told(f, "wait_watched 3 /local/domain/2");
    expect_watched(f, "/local/domain/2/data /local/domain/2/device/vbd /local/domain/2/device/vif");
    do_tell(f, "write " DOMAIN_1 "data/os_uname old");
    do_tell(f, "write /local/domain/2/data/os_uname new");
    wait_changed(f, 2);
    expect(f, 2, "new", XPV_DRIVERS_UNKNOWN);
}

static void
test_stop(Fixture *f, gconstpointer data)
{
    begin(f);
    expect(f, -1, NULL, XPV_DRIVERS_UNKNOWN);
    wait_told(f, "wait_watched 0 /local/domain/1");
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
    wait_changed(f, 2);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_UNKNOWN);

    source->forget(f->self, UUID);
    source->forget(f->self, UUID);
    wait_told(f, "wait UNWATCH 6 /local/domain/1");
    wait_told(f, "wait_watched 0 /local/domain/1");
}

/* libvirt's test driver may use an id again. */
static void
test_two_domains_of_one_id(Fixture *f, gconstpointer data)
{
    begin(f);
    g_auto(XpvReported) other = ask_as(f, "other", 1, XPV_VIRTUALIZATION_HVM);
    g_assert_null(other.report);
    wait_changed(f, 2);
    g_assert_cmpstr(f->changed->pdata[1], ==, "other");
    source->forget(f->self, UUID);
    wait_told(f, "wait_watched 3 /local/domain/1");
    do_tell(f, "write " DOMAIN_1 "data/os_uname new");
    wait_report(f, "new");
    g_assert_cmpstr(f->changed->pdata[f->changed->len - 1], ==, "other");
}

/* 2,000 values cause far fewer reads, and also fewer events (about 300 if the machine is not busy). */
static void
test_flood(Fixture *f, gconstpointer data)
{
    begin(f);
    gint64 began = g_get_monotonic_time();
    do_tell(f, "flood " DOMAIN_1 "data/os_uname 1000 value-{}");
    wait_told(f, "wait_flood 2000");
    gdouble seconds = (gdouble)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    guint n_reads = number(f, "count READ " DOMAIN_1 "data");
    guint n_events = number(f, "events");
    g_autofree char *last = tell(f, "end_flood");
    g_test_message("%.1f s: %u READ, %u events", seconds, n_reads, n_events);
    g_assert_cmpuint(n_reads, <=, 2 * (4 * (guint)(seconds + 1) + 1));
    g_assert_cmpuint(n_events, <, 1000);
    g_assert_cmpuint(f->changed->len, <=, 4 * (guint)(seconds + 1) + 1);
    wait_report(f, last);
    expect(f, 1, last, XPV_DRIVERS_UNKNOWN);
}

/* The changes are too slow to count as a flood: all events come, but they seldom wake the main loop. */
static void
test_many_changes(Fixture *f, gconstpointer data)
{
    begin(f);
    f->n_turns = 0;
    gint64 began = g_get_monotonic_time();
    do_tell(f, "flood " DOMAIN_1 "data/os_uname 80 value-{}");
    wait_told(f, "wait_flood 200");
    gdouble seconds = (gdouble)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    guint n_reads = number(f, "count READ " DOMAIN_1 "data");
    g_autofree char *last = tell(f, "end_flood");
    g_test_message("%.1f s: %u READ, %u turns", seconds, n_reads, f->n_turns);
    g_assert_cmpuint(n_reads, <=, 2 * (4 + (guint)seconds)); /* it rests for 1/4, 1/2 and 1 s */
    g_assert_cmpuint(f->n_turns, <, 100);
    wait_report(f, last);
}

/* Any number of changes of keys that do not matter. */
static void
test_flood_of_other_keys(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "flood " DOMAIN_1 "data/key-{} 1000 x");
    wait_told(f, "wait_flood 1500");
    g_assert_cmpuint(number(f, "events"), <, 1000);
    do_tell(f, "end_flood");
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-51.EL");
    wait_changed(f, 2);
    g_assert_cmpstr(f->reports->pdata[1], ==, "2.4.21-51.EL");
}

/* Over some minutes, a guest that writes slowly causes as many events as a flood. It does not count as one. */
static void
test_slow_events(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "flood " DOMAIN_1 "data/key 60 {}");
    wait_told(f, "wait_flood 150");
    do_tell(f, "end_flood");
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-51.EL");
    wait_changed(f, 2);
    g_assert_cmpuint(number(f, "count UNWATCH"), ==, 0);
}

static void
test_comes_late(Fixture *f, gconstpointer data)
{
    do_tell(f, "stop");
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-50.EL");
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
    while (xpv_xenstore_count() > 0) /* the first try has failed */
        g_main_context_iteration(NULL, FALSE);
    do_tell(f, "start");
    wait_changed(f, 1);
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_UNKNOWN);
}

static void
test_goes_and_comes_back(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "stop");
    wait_told(f, "wait_clients 0");
    expect(f, 1, "2.4.21-50.EL", XPV_DRIVERS_UNKNOWN);
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-51.EL");
    do_tell(f, "start");
    wait_changed(f, 2);
    g_assert_cmpstr(f->reports->pdata[1], ==, "2.4.21-51.EL");
    expect_watched(f, DOMAIN_1 "data " DOMAIN_1 "device/vbd " DOMAIN_1 "device/vif");
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-52.EL");
    wait_changed(f, 3);
}

/* After a failed read, a key does not count as missing. */
static void
test_goes_during_a_read(Fixture *f, gconstpointer data)
{
    static const char *const requests[] = { "READ", "DIRECTORY" };
    begin(f);
    for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *drop = g_strconcat("drop_on ", requests[i], NULL);
        g_autofree char *report = g_strdup_printf("new-%u", i);
        g_autofree char *write = g_strconcat("write " DOMAIN_1 "data/os_uname ", report, NULL);
        do_tell(f, drop);
        do_tell(f, write);
        wait_changed(f, i + 2);
        g_assert_cmpstr(f->reports->pdata[i + 1], ==, report);
    }
    g_assert_cmpuint(number(f, "count WATCH " DOMAIN_1 "data"), ==, 3); /* the connection was dropped twice */
}

static void
wait_settled(Fixture *f, guint n)
{
    guint timer = g_timeout_add_seconds(TIMEOUT, on_timeout, NULL);
    while (f->n_settled < n)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    g_assert_cmpuint(f->n_settled, ==, n);
}

/* When the source is settled, all first reads are done. It reports that once. */
static void
test_settles(Fixture *f, gconstpointer data)
{
    g_assert_true(source->is_settled(f->self));
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-50.EL");
    for (guint i = 0; i < 3; i++) {
        g_autofree char *uuid = g_strdup_printf("uuid-%u", i);
        g_auto(XpvReported) reported = ask_as(f, uuid, 1, XPV_VIRTUALIZATION_HVM);
        g_assert_null(reported.report);
    }
    g_assert_false(source->is_settled(f->self));
    wait_settled(f, 1);
    g_assert_true(source->is_settled(f->self));
    g_assert_cmpuint(f->changed->len, ==, 3);

    /* Later reads do not count. */
    do_tell(f, "write " DOMAIN_1 "data/os_uname 2.4.21-51.EL");
    wait_changed(f, 6);
    g_assert_cmpuint(f->n_settled, ==, 1);
}

/* The source is settled at once if there is no xenstored, and soon if xenstored hangs. */
static void
test_settles_without(Fixture *f, gconstpointer data)
{
    do_tell(f, "freeze");
    expect(f, 1, NULL, XPV_DRIVERS_UNKNOWN);
    g_assert_false(source->is_settled(f->self));
    wait_settled(f, 1);
    g_assert_true(source->is_settled(f->self));

    do_tell(f, "stop");
    while (xpv_xenstore_count() > 0)
        g_main_context_iteration(NULL, FALSE);
    expect(f, 2, NULL, XPV_DRIVERS_UNKNOWN);
    g_assert_true(source->is_settled(f->self));

    /* A domain that stops before it is read is not waited for. */
    do_tell(f, "start");
    do_tell(f, "freeze");
    wait_told(f, "wait_clients 1");
    expect(f, 3, NULL, XPV_DRIVERS_UNKNOWN);
    expect(f, -1, NULL, XPV_DRIVERS_UNKNOWN);
    g_assert_true(source->is_settled(f->self));
}

static void
test_frozen(Fixture *f, gconstpointer data)
{
    begin(f);
    do_tell(f, "freeze");
    expect(f, 2, NULL, XPV_DRIVERS_UNKNOWN);
    wait_told(f, "wait UNWATCH 1");
    expect(f, 3, NULL, XPV_DRIVERS_UNKNOWN);
    source->stop(g_steal_pointer(&f->self));
    g_assert_cmpuint(xpv_workers_count_abandoned(), ==, 1);
}

/* While the first session hangs, the second waits for xenstored; there is no third. */
static void
test_overdue(Fixture *f, gconstpointer data)
{
    source->stop(f->self);
    start_source(f, 1);
    begin(f);
    do_tell(f, "freeze");
    do_tell(f, "write /local/domain/2/data/os_uname new");
    expect(f, 2, NULL, XPV_DRIVERS_UNKNOWN);
    wait_told(f, "wait_clients 2");
    g_assert_cmpuint(xpv_xenstore_count(), ==, 2);
    for (guint i = 0; i < 24; i++) /* eight checks a second, in which it could become overdue too */
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(xpv_xenstore_count(), ==, 2);
    do_tell(f, "thaw");
    wait_changed(f, 2);
    expect(f, 2, "new", XPV_DRIVERS_UNKNOWN);
    wait_told(f, "wait_clients 1");
}

int
main(int argc, char *argv[])
{
    g_autofree char *folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    g_autofree char *socket = g_build_filename(folder, "xenstored", NULL);
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
    g_setenv("XENSTORED_PATH", socket, TRUE);
#define ADD(path, test) g_test_add("/report-xenstore/" path, Fixture, NULL, set_up, test, tear_down)
    ADD("precedence", test_precedence);
    ADD("system", test_system);
    ADD("run-began", test_run_began);
    ADD("run-began-hostile", test_run_began_hostile);
    ADD("believed-before-others", test_believed_before_others);
    ADD("values", test_values);
    ADD("drivers", test_drivers);
    ADD("many-front-ends", test_many_front_ends);
    ADD("only-changes-are-told", test_only_changes_are_told);
    ADD("other-keys", test_other_keys);
    ADD("not-asked", test_not_asked);
    ADD("new-run", test_new_run);
    ADD("torn-down", test_torn_down);
    ADD("stop", test_stop);
    ADD("two-domains-of-one-id", test_two_domains_of_one_id);
    ADD("flood", test_flood);
    ADD("many-changes", test_many_changes);
    ADD("flood-of-other-keys", test_flood_of_other_keys);
    ADD("slow-events", test_slow_events);
    ADD("comes-late", test_comes_late);
    ADD("goes-and-comes-back", test_goes_and_comes_back);
    ADD("goes-during-a-read", test_goes_during_a_read);
    ADD("sigpipe", test_sigpipe);
    ADD("settles", test_settles);
    ADD("settles-without", test_settles_without);
    ADD("frozen", test_frozen);
    ADD("overdue", test_overdue);
    int status = g_test_run();
    g_rmdir(folder);
    return status;
}
