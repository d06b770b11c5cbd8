/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disk source: requests, answers, and what they mean for a running domain. The test writes the answers and the
 * times in them. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "common/inspection-request.h"
#include "daemon/reports/reports.h"
#include "tests/expect.h"
#include "tests/logged.h"
#include "tests/loop.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define OTHER_UUID "5b1a3c10-0000-4000-8000-000000000002"
#define DISK "/images/web51.img"

#define NEW "kernel-2.6.18-53.el5.i686"
#define OLD "kernel-2.6.18-8.el5.i686"
#define REMOVED "kernel-2.6.18-1.el5.i686"

typedef struct {
    char *folder;
    char *runtime;
    char *requests;
    char *answers;
    gpointer self;
    GPtrArray *changed;     /* of UUID */
    GArray *are_disks_read; /* as reported */
    const char *disk_prefix;
} Fixture;

static const XpvReportSource *const source = &xpv_report_disk;

/* Timers of this many seconds end at once. */
static guint hurried;

guint
g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
    gboolean is_hurried = interval == hurried && function != waited_in_vain;
    return g_timeout_add(is_hurried ? 1 : interval * 1000, function, data);
}

static void
on_changed(const char *uuid, gpointer data)
{
    Fixture *f = data;
    g_ptr_array_add(f->changed, g_strdup(uuid));
}

static void
set_disks_read(gboolean disks_read, gpointer data)
{
    Fixture *f = data;
    g_array_append_val(f->are_disks_read, disks_read);
}

static void
start(Fixture *f)
{
    const XpvReportContext context = {
        .runtime_directory = f->runtime,
        .is_local = *f->disk_prefix == '\0',
        .disk_prefix = f->disk_prefix,
        .changed = on_changed,
        .data = f,
        .set_disks_read = set_disks_read,
    };
    f->self = source->start(&context);
}

static void
stop(Fixture *f)
{
    settle();
    source->stop(g_steal_pointer(&f->self));
}

static void
set_up(Fixture *f, gconstpointer data)
{
    hurried = 0;
    f->folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    f->runtime = g_build_filename(f->folder, "run", NULL);
    f->requests = g_build_filename(f->runtime, "inspect", NULL);
    f->answers = g_build_filename(f->folder, "run-inspect", NULL);
    g_assert_cmpint(g_mkdir(f->runtime, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(f->answers, 0700), ==, 0);
    f->changed = g_ptr_array_new_with_free_func(g_free);
    f->are_disks_read = g_array_new(FALSE, FALSE, sizeof(gboolean));
    f->disk_prefix = "";
    start(f);
}

static void
remove_tree(const char *path)
{
    const char *const argv[] = { "rm", "-rf", path, NULL };
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    if (f->self)
        source->stop(f->self);
    guint n_changed = f->changed->len;
    settle();
    g_assert_cmpuint(f->changed->len, ==, n_changed); /* no change is reported after the end */
    remove_tree(f->folder);
    g_ptr_array_unref(f->changed);
    g_array_unref(f->are_disks_read);
    g_free(f->folder);
    g_free(f->runtime);
    g_free(f->requests);
    g_free(f->answers);
    expect_nothing_logged();
}

/* Domains. */

static XpvDomainXml *
domain_new(const char *uuid, gint id, const char *path, const char *bus)
{
    XpvDomainXml *xml = g_new0(XpvDomainXml, 1);
    xml->uuid = g_strdup(uuid);
    xml->name = g_strdup("web51");
    xml->id = id;
    xml->virtualization = XPV_VIRTUALIZATION_HVM;
    xml->boots_from_disk = TRUE;
    xml->disks = xpv_domain_disks_new();
    if (path)
        g_ptr_array_add(xml->disks, xpv_domain_disk_new(path, "raw", "hda", bus));
    return xml;
}

static XpvSaid
ask_xml(Fixture *f, const XpvDomainXml *xml, gint64 began)
{
    XpvSaid said = { .source = "", .run_began = began };
    source->ask(f->self, xml, &said);
    return said;
}

/* Asks about the domain of most tests, which has the disk DISK.
 * @began: from xenstore; 0: not known */
static XpvSaid
ask(Fixture *f, gint id, gint64 began)
{
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, id, DISK, "ide");
    return ask_xml(f, xml, began);
}

static void
expect_report(Fixture *f, gint id, gint64 began, const char *expected)
{
    g_auto(XpvSaid) said = ask(f, id, began);
    g_assert_cmpstr(said.report, ==, expected);
    g_assert_false(said.is_live);
}

/* Answers. */

static void
add_kernel(XpvInspection *inspection, const char *package, gboolean in_grub, gboolean is_default)
{
    XpvInspectionKernel *kernel = xpv_inspection_kernel_new(package, "", "i686");
    kernel->in_grub = in_grub;
    kernel->is_default = is_default;
    g_ptr_array_add(inspection->kernels, kernel);
}

/* Makes an answer to the last request, with two kernels in GRUB and one that is not.
 * @default_kernel: "": there are no kernels at all */
static XpvInspection *
answer_new(const char *default_kernel, gint64 inspected_at, gint64 boot_changed_at)
{
    XpvInspection *answer = xpv_inspection_new();
    xpv_inspection_add_disk(answer, DISK, "raw")->boot = TRUE;
    g_free(answer->default_kernel);
    answer->default_kernel = g_strdup(default_kernel);
    answer->inspected_at = inspected_at;
    answer->boot_changed_at = boot_changed_at;
    answer->mounted_at = inspected_at;
    answer->serial = G_MAXINT64;
    if (*default_kernel == '\0')
        return answer;
    add_kernel(answer, NEW, TRUE, g_str_equal(default_kernel, NEW));
    add_kernel(answer, OLD, TRUE, g_str_equal(default_kernel, OLD));
    add_kernel(answer, REMOVED, FALSE, FALSE);
    return answer;
}

static XpvInspection *
unreadable_new(gint64 inspected_at)
{
    XpvInspection *unreadable = answer_new("", inspected_at, 0);
    xpv_inspection_add_error(unreadable, "partition 1: its file system is XFS");
    return unreadable;
}

static void
write_answer(Fixture *f, const char *uuid, const char *text, gssize length)
{
    g_autofree char *path = g_build_filename(f->answers, uuid, NULL);
    g_autofree char *unfinished = g_strdup_printf("%s/.%s", f->answers, uuid);
    g_assert_true(g_file_set_contents(unfinished, text, length, NULL));
    g_assert_cmpint(g_rename(unfinished, path), ==, 0);
}

/* Returns once there have been @n changes in all. */
static void
wait_changed(Fixture *f, guint n)
{
    wait_until(f->changed->len >= n);
    g_assert_cmpuint(f->changed->len, ==, n);
}

/* Writes an answer, and returns once it is noticed. @answer: (transfer full) */
static void
answer(Fixture *f, XpvInspection *answer)
{
    g_autoptr(XpvInspection) taken = answer;
    g_autofree char *text = xpv_inspection_to_json(taken);
    settle(); /* the request is written */
    guint n_changed = f->changed->len;
    write_answer(f, UUID, text, -1);
    wait_until(f->changed->len > n_changed);
    g_assert_cmpstr(f->changed->pdata[n_changed], ==, UUID);
}

/* Takes a request away, as the inspector does. Returns: (transfer full) (nullable) */
static char *
take_request(Fixture *f, const char *uuid)
{
    g_autofree char *path = g_build_filename(f->requests, uuid, NULL);
    char *text = NULL;
    settle();
    if (g_file_get_contents(path, &text, NULL, NULL))
        g_assert_cmpint(g_remove(path), ==, 0);
    return text;
}

/* expect_request: there must be a request. @path: of its disk */
static void
expect_request(Fixture *f, const char *path, gboolean urgent)
{
    g_autofree char *text = take_request(f, UUID);
    g_assert_nonnull(text);
    g_autoptr(XpvInspectionRequest) request = xpv_inspection_request_from_text(text, strlen(text), NULL);
    g_assert_nonnull(request);
    g_assert_cmpuint(request->disks->len, ==, 1);
    g_assert_cmpstr(((XpvDomainDisk *)request->disks->pdata[0])->source, ==, path);
    g_assert_cmpint(request->urgent, ==, urgent);
}

static void
expect_no_request(Fixture *f)
{
    g_autofree char *text = take_request(f, UUID);
    g_assert_cmpstr(text, ==, NULL);
}

static void
test_requests(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    expect_request(f, DISK, TRUE); /* it is new */
    expect_report(f, -1, 0, NULL);
    expect_no_request(f);
    expect_report(f, 1, 0, NULL);
    expect_request(f, DISK, TRUE); /* it has started */
    expect_report(f, 1, 0, NULL);
    expect_no_request(f);
    expect_report(f, 2, 0, NULL);
    expect_request(f, DISK, TRUE); /* again, as nobody has answered */
    expect_report(f, -1, 0, NULL);
    expect_request(f, DISK, TRUE);

    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, "/images/other.img", "ide");
    g_auto(XpvSaid) said G_GNUC_UNUSED = ask_xml(f, xml, 0);
    expect_request(f, "/images/other.img", TRUE);

    source->forget(f->self, UUID);
    g_autofree char *gone = take_request(f, UUID);
    g_assert_cmpstr(gone, ==, "");
    source->forget(f->self, OTHER_UUID);
    g_autofree char *never_was = take_request(f, OTHER_UUID);
    g_assert_null(never_was);
}

/* Only the daemon may list the folder and read requests. Unfinished requests do not stay. */
static void
test_requests_are_private(Fixture *f, gconstpointer data)
{
    struct stat status;
    g_autofree char *path = g_build_filename(f->requests, UUID, NULL);
    expect_report(f, -1, 0, NULL);
    settle();
    g_assert_cmpint(g_stat(f->requests, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 07777, ==, 0700);
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 07777, ==, 0600);
    g_autoptr(GDir) folder = g_dir_open(f->requests, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(folder), ==, UUID);
    g_assert_null(g_dir_read_name(folder));
}

/* A domain without a kernel of its own, or without a readable disk, is not requested. */
static void
test_not_requested(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvDomainXml) none = domain_new(UUID, -1, NULL, NULL);
    g_autoptr(XpvDomainXml) server = domain_new(UUID, -1, "", "ide");
    g_autoptr(XpvDomainXml) pv = domain_new(UUID, -1, DISK, "xen");
    pv->virtualization = XPV_VIRTUALIZATION_PV;
    g_autoptr(XpvDomainXml) pvh = domain_new(UUID, -1, DISK, "xen");
    pvh->virtualization = XPV_VIRTUALIZATION_PVH;
    XpvDomainXml *const domains[] = { none, server, pv, pvh };
    for (guint i = 0; i < G_N_ELEMENTS(domains); i++) {
        g_auto(XpvSaid) said = ask_xml(f, domains[i], 0);
        g_assert_null(said.report);
        expect_no_request(f);
    }
    const XpvReportContext remote = { .runtime_directory = f->runtime, .changed = on_changed, .data = f };
    g_assert_null(source->start(&remote));
    source->ask(NULL, pv, NULL);
    source->run_began(NULL, UUID, 1, TRUE);
    source->forget(NULL, UUID);
    source->stop(NULL);
}

static void
test_cannot_request(Fixture *f, gconstpointer data)
{
    g_assert_true(g_file_set_contents(f->requests, "", 0, NULL));
    expect_report(f, -1, 0, NULL);
    settle();
    expect_logged(G_LOG_LEVEL_WARNING, "Cannot ask for guests' disks to be read: */run/inspect/" UUID ": *");
    expect_report(f, 1, 0, NULL);
    settle(); /* the log has it once */
    g_assert_cmpint(g_remove(f->requests), ==, 0);
    stop(f);
    g_assert_true(g_file_set_contents(f->requests, "", 0, NULL));
    start(f);
    hurried = 10;
    expect_report(f, 2, 0, NULL);
    settle();
    expect_logged(G_LOG_LEVEL_WARNING, "Cannot ask for guests' disks to be read: *");
    g_assert_cmpint(g_remove(f->requests), ==, 0);
    let_pass(20);
    expect_request(f, DISK, TRUE); /* without another event */
}

static void
test_periodically(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    expect_request(f, DISK, TRUE);
    stop(f);
    hurried = 900;
    start(f);
    expect_report(f, -1, 0, NULL);
    let_pass(20);
    expect_request(f, DISK, TRUE); /* urgent like the first, which nobody has answered */
    answer(f, answer_new(NEW, 200, 10));
    for (guint i = 0; i < 2; i++) {
        let_pass(20);
        expect_request(f, DISK, FALSE);
    }
}

/* The guest writes what is only in its file system's journal some seconds later. So the disks of a run are read again,
 * but only once. */
static void
test_recovery(Fixture *f, gconstpointer data)
{
    hurried = 40;
    expect_report(f, 1, 0, NULL);
    expect_request(f, DISK, TRUE);
    for (guint i = 0; i < 2; i++) {
        XpvInspection *mounted = answer_new(NEW, 200, 10);
        mounted->needs_recovery = TRUE;
        answer(f, mounted);
        let_pass(10);
        if (i == 0)
            expect_request(f, DISK, FALSE);
        else
            expect_no_request(f);
    }
    expect_report(f, 2, 0, NULL); /* another run */
    expect_request(f, DISK, TRUE);
    XpvInspection *mounted = answer_new(NEW, 200, 10);
    mounted->needs_recovery = TRUE;
    answer(f, mounted);
    let_pass(10);
    expect_request(f, DISK, FALSE);
}

/* A guest that was destroyed leaves a journal too. Its disks are not read again. */
static void
test_recovery_of_stopped(Fixture *f, gconstpointer data)
{
    hurried = 40;
    expect_report(f, -1, 0, NULL);
    expect_request(f, DISK, TRUE);
    XpvInspection *mounted = answer_new(NEW, 200, 10);
    mounted->needs_recovery = TRUE;
    answer(f, mounted);
    let_pass(10);
    expect_no_request(f);
}

static void
expect_disks_read(Fixture *f, guint n, gboolean last)
{
    wait_until(f->are_disks_read->len >= n);
    g_assert_cmpuint(f->are_disks_read->len, ==, n);
    g_assert_cmpint(g_array_index(f->are_disks_read, gboolean, n - 1), ==, last);
}

static void
test_nobody_answers(Fixture *f, gconstpointer data)
{
    let_pass(10); /* nothing was requested */
    hurried = 60;
    expect_report(f, -1, 0, NULL);
    expect_disks_read(f, 1, FALSE);
    expect_logged(G_LOG_LEVEL_MESSAGE, "Guests' disks are not read: xenpv-compat-inspect does not answer");
    write_answer(f, "not-a-uuid", "{}", -1);
    settle();
    g_assert_cmpuint(f->are_disks_read->len, ==, 1); /* this is no answer */
    answer(f, answer_new(NEW, 200, 10));
    expect_disks_read(f, 2, TRUE);
    let_pass(10); /* no answer is awaited */
    expect_report(f, 1, 0, NULL);
    expect_disks_read(f, 3, FALSE);
    expect_logged(G_LOG_LEVEL_MESSAGE, "Guests' disks are not read: *");
    expect_report(f, 1, 0, NEW "\n" OLD); /* the last answer stays valid */
}

/* The inspector took the request and was killed; since then it has answered other requests. */
static void
test_lost_request(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvDomainXml) other = domain_new(OTHER_UUID, -1, DISK, "ide");
    expect_report(f, -1, 0, NULL);
    expect_request(f, DISK, TRUE);
    g_auto(XpvSaid) said G_GNUC_UNUSED = ask_xml(f, other, 0);
    settle();
    hurried = 60;
    g_autoptr(XpvInspection) inspection = answer_new(NEW, 200, 10);
    g_autofree char *text = xpv_inspection_to_json(inspection);
    write_answer(f, OTHER_UUID, text, -1);
    wait_changed(f, 1);
    let_pass(10);
    expect_request(f, DISK, TRUE);
    expect_disks_read(f, 1, FALSE); /* since this request, nobody has answered any */
    expect_logged(G_LOG_LEVEL_MESSAGE, "Guests' disks are not read: *");
}

/* The daemon awaits no answer about a domain that is gone. */
static void
test_nobody_need_answer(Fixture *f, gconstpointer data)
{
    hurried = 60;
    expect_report(f, -1, 0, NULL);
    source->forget(f->self, UUID);
    g_autoptr(XpvDomainXml) pv = domain_new(OTHER_UUID, -1, DISK, "xen");
    pv->virtualization = XPV_VIRTUALIZATION_PV;
    g_auto(XpvSaid) said G_GNUC_UNUSED = ask_xml(f, pv, 0);
    let_pass(10);
    g_assert_cmpuint(f->are_disks_read->len, ==, 0);
}

/* A domain that does not run has the kernel of its default entry. */
static void
test_stopped(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    answer(f, answer_new(NEW, 200, 300));
    expect_report(f, -1, 0, NEW);
    answer(f, answer_new(OLD, 201, 300));
    expect_report(f, -1, 0, OLD);
    answer(f, answer_new("", 202, 300)); /* there is no kernel, and no error */
    expect_report(f, -1, 0, NULL);
}

static void
test_running(Fixture *f, gconstpointer data)
{
    static const struct {
        gint64 began, inspected_at, boot_changed_at;
        const char *expected;
    } cases[] = {
        { 100, 100, 99, NEW },           { 100, 500, 1, NEW },
        { 100, 99, 50, NEW "\n" OLD },                                  /* it is from before the run */
        { 100, 200, 100, NEW "\n" OLD },                                /* GRUB's files are as new as the run */
        { 100, 200, 150, NEW "\n" OLD }, { 100, 200, 0, NEW "\n" OLD }, /* newer; not known */
        { 0, 200, 50, NEW "\n" OLD },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint id = (gint)i + 1;
        expect_report(f, id, cases[i].began, NULL); /* until the next answer */
        answer(f, answer_new(NEW, cases[i].inspected_at, cases[i].boot_changed_at));
        expect_report(f, id, cases[i].began, cases[i].expected);
        answer(f, answer_new(NEW, 1, 1000)); /* no later case can use this */
        expect_report(f, id, cases[i].began, cases[i].expected);
    }
}

/* A later answer does not change which kernel a run booted. The next run has its own. */
static void
test_stays_for_the_run(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(OLD, 110, 50));
    expect_report(f, 1, 100, OLD);
    answer(f, answer_new(NEW, 200, 150)); /* the kernel was updated */
    expect_report(f, 1, 100, OLD);
    expect_report(f, -1, 0, NEW);
    expect_report(f, 2, 300, NULL);
    answer(f, answer_new(NEW, 310, 150));
    expect_report(f, 2, 300, NEW);
}

/* The guest was updated after the last answer. That answer must cause no alert, unless no other answer will come. */
static void
test_awaited(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(OLD, 110, 50));
    expect_report(f, 1, 100, OLD);
    expect_report(f, 2, 300, NULL);
    XpvInspection *under_way = answer_new(OLD, 300, 50);
    under_way->serial = 1;
    answer(f, under_way);
    expect_report(f, 2, 300, NULL);
    answer(f, answer_new(NEW, 310, 280));
    expect_report(f, 2, 300, NEW);

    hurried = 60;
    guint n_changed = f->changed->len;
    expect_report(f, 3, 400, NULL);
    expect_disks_read(f, 1, FALSE);
    expect_logged(G_LOG_LEVEL_MESSAGE, "Guests' disks are not read: *");
    wait_changed(f, n_changed + 1);
    g_assert_null(f->changed->pdata[n_changed]);
    expect_report(f, 3, 400, NEW "\n" OLD);
    expect_report(f, 4, 500, NULL); /* the same again, but it is not logged again */
    expect_disks_read(f, 2, FALSE);
    expect_report(f, 4, 500, NEW "\n" OLD);
}

/* Returns: the serial of the request, which is taken away. */
static gint64
take_serial(Fixture *f)
{
    g_autofree char *text = take_request(f, UUID);
    g_assert_nonnull(text);
    g_autoptr(XpvInspectionRequest) request = xpv_inspection_request_from_text(text, strlen(text), NULL);
    g_assert_nonnull(request);
    return request->serial;
}

/* Only an answer to a request of this run, or to a later request, was certainly read in this run. */
static void
test_serial(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    gint64 first = take_serial(f);
    answer(f, answer_new(OLD, 110, 50));
    expect_report(f, 1, 100, OLD);
    expect_report(f, 2, 200, NULL);
    gint64 second = take_serial(f);
    g_assert_cmpint(second, >, first);
    XpvInspection *late = answer_new(OLD, 200, 50);
    late->serial = second - 1;
    answer(f, late);
    expect_report(f, 2, 200, NULL);
    XpvInspection *exact = answer_new(NEW, 200, 50);
    exact->serial = second;
    answer(f, exact);
    expect_report(f, 2, 200, NEW);
}

/* Makes an answer for which no package database was found. */
static XpvInspection *
poor_new(gint64 inspected_at)
{
    XpvInspection *poor = answer_new("", inspected_at, 50);
    XpvInspectionKernel *kernel = xpv_inspection_kernel_new("", "2.6.18-8.el5", "");
    kernel->is_default = kernel->in_grub = TRUE;
    g_ptr_array_add(poor->kernels, kernel);
    g_free(poor->default_kernel);
    poor->default_kernel = g_strdup("2.6.18-8.el5");
    return poor;
}

/* The next answer about a run may know more than the first. */
static void
test_says_more_later(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, poor_new(110));
    expect_report(f, 1, 100, "2.6.18-8.el5");
    answer(f, answer_new(NEW, 120, 50)); /* it names another kernel: the guest's clock may be slow */
    expect_report(f, 1, 100, "2.6.18-8.el5");
    XpvInspection *rich = answer_new(OLD, 130, 50);
    XpvInspectionKernel *kernel = rich->kernels->pdata[1];
    g_free(kernel->release);
    kernel->release = g_strdup("2.6.18-8.el5");
    answer(f, rich);
    expect_report(f, 1, 100, OLD);
    answer(f, poor_new(140));
    expect_report(f, 1, 100, OLD);
}

static void
test_over_restarts(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(OLD, 110, 50));
    expect_report(f, 1, 100, OLD);
    answer(f, answer_new(NEW, 200, 150));
    for (guint i = 0; i < 2; i++) {
        stop(f);
        start(f);
        expect_report(f, 1, 0, OLD); /* at once, and without xenstore */
        expect_request(f, DISK, TRUE);
    }
    stop(f);
    start(f);
    expect_report(f, 2, 0, NULL); /* nobody saw this run begin, and the last answer is about an earlier one */
    expect_request(f, DISK, TRUE);
    answer(f, answer_new(NEW, 300, 150));
    expect_report(f, 2, 0, NEW "\n" OLD);
    expect_report(f, -1, 0, NEW);
}

/* Without xenstore, libvirt's event tells when a run begins. */
static void
test_seen_to_begin(Fixture *f, gconstpointer data)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    expect_report(f, -1, 0, NULL);
    source->run_began(f->self, UUID, 1, TRUE);
    expect_report(f, 1, 0, NULL);
    answer(f, answer_new(NEW, now - 1, now - 100));
    expect_report(f, 1, 0, NEW "\n" OLD);
    answer(f, answer_new(NEW, now + 3600, now + 3000));
    expect_report(f, 1, 0, NEW "\n" OLD);
    stop(f);
    start(f); /* the start of the run is remembered */
    expect_report(f, 1, 0, NEW "\n" OLD);
    answer(f, answer_new(NEW, now + 3600, now - 100));
    expect_report(f, 1, 0, NEW);

    source->run_began(f->self, UUID, 3, TRUE);
    expect_report(f, 2, 0, NULL);
    answer(f, answer_new(NEW, now + 3600, now - 100));
    expect_report(f, 2, 0, NEW "\n" OLD); /* the event was for another run */
    expect_report(f, 3, 0, NULL);
    answer(f, answer_new(NEW, now + 3600, now - 100));
    expect_report(f, 3, 0, NEW);
}

/* The watcher may read the domain before libvirt's event comes. */
static void
test_seen_to_begin_late(Fixture *f, gconstpointer data)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    expect_report(f, 1, 0, NULL);
    answer(f, answer_new(NEW, now + 3600, now - 100));
    expect_report(f, 1, 0, NEW "\n" OLD);
    source->run_began(f->self, UUID, 1, TRUE);
    expect_report(f, 1, 0, NEW);
}

/* A resumed run goes on with the kernel that it had booted, however old GRUB's files are. */
static void
test_resumed(Fixture *f, gconstpointer data)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    source->run_began(f->self, UUID, 1, FALSE);
    expect_report(f, 1, now, NULL);
    answer(f, answer_new(NEW, now + 3600, now - 100));
    expect_report(f, 1, now, NEW "\n" OLD);
    stop(f);
    start(f);
    expect_report(f, 1, now, NEW "\n" OLD);
    source->run_began(f->self, UUID, 2, TRUE);
    expect_report(f, 2, now, NULL);
    answer(f, answer_new(NEW, now + 3600, now - 100));
    expect_report(f, 2, now, NEW);
}

/* An answer whose reading failed repeats what the last one found. The disks are read again before that speaks. */
static void
test_first_reading_fails(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(OLD, 110, 50));
    expect_report(f, 1, 100, OLD);
    hurried = 40;
    expect_report(f, 2, 300, NULL);
    expect_request(f, DISK, TRUE);
    for (guint i = 0; i < 2; i++) {
        XpvInspection *failed = answer_new(OLD, 110, 50);
        xpv_inspection_add_error(failed, "a disk does not answer");
        answer(f, failed);
        expect_report(f, 2, 300, i == 0 ? NULL : NEW "\n" OLD);
        let_pass(20);
        if (i == 0)
            expect_request(f, DISK, FALSE);
        else
            expect_no_request(f);
    }
    expect_logged(G_LOG_LEVEL_MESSAGE, "*: a disk does not answer");
    answer(f, unreadable_new(310)); /* the guest was reinstalled before this run */
    expect_report(f, 2, 300, NULL);
    expect_logged(G_LOG_LEVEL_MESSAGE, "*: partition 1: its file system is XFS");
}

/* The daemon was not there when the guest was reinstalled and started. */
static void
test_reinstalled_unseen(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(NEW, 110, 50));
    expect_report(f, 1, 100, NEW);
    stop(f);
    start(f);
    expect_report(f, 2, 300, NULL);
    answer(f, unreadable_new(310));
    expect_report(f, 2, 300, NULL);
    expect_logged(G_LOG_LEVEL_MESSAGE, "*: partition 1: its file system is XFS");
}

/* The disks were read before the guest mounted them, and nobody saw the run begin. */
static void
test_not_mounted_yet(Fixture *f, gconstpointer data)
{
    hurried = 40;
    expect_report(f, 1, 100, NULL);
    expect_request(f, DISK, TRUE);
    XpvInspection *early = answer_new(NEW, 101, 50);
    early->mounted_at = 20;
    answer(f, early);
    expect_report(f, 1, 100, NEW "\n" OLD);
    let_pass(20);
    expect_request(f, DISK, FALSE);
    answer(f, answer_new(NEW, 141, 50));
    expect_report(f, 1, 100, NEW);
}

/* libvirt tells of the run's begin after the disks were read. They are read again. */
static void
test_begin_is_told_late(Fixture *f, gconstpointer data)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    expect_report(f, 1, 0, NULL);
    expect_request(f, DISK, TRUE);
    answer(f, answer_new(NEW, now - 10, now - 100));
    source->run_began(f->self, UUID, 1, TRUE);
    expect_report(f, 1, 0, NEW "\n" OLD);
    expect_request(f, DISK, TRUE);
}

/* A domain was restored while no daemon listened. */
static void
test_restored_unseen(Fixture *f, gconstpointer data)
{
    for (gint64 mounted_at = 98; mounted_at <= 100; mounted_at++) {
        gint id = (gint)mounted_at;
        expect_report(f, id, 100, NULL);
        XpvInspection *inspection = answer_new(NEW, 200, 10);
        inspection->mounted_at = mounted_at;
        answer(f, inspection);
        expect_report(f, id, 100, mounted_at < 100 ? NEW "\n" OLD : NEW);
    }
}

static void
test_replaced_disk(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    answer(f, answer_new(NEW, 200, 10));
    g_autoptr(XpvDomainXml) replaced = domain_new(UUID, -1, "/images/other.img", "ide");
    g_auto(XpvSaid) other = ask_xml(f, replaced, 0);
    g_assert_null(other.report);
    g_assert_null(other.inspection);
    g_autoptr(XpvInspection) under_way = answer_new(NEW, 201, 10);
    g_autofree char *text = xpv_inspection_to_json(under_way);
    write_answer(f, UUID, text, -1);
    settle();
    g_auto(XpvSaid) still_other = ask_xml(f, replaced, 0);
    g_assert_null(still_other.report);

    g_autoptr(XpvDomainXml) more = domain_new(UUID, -1, DISK, "ide");
    g_ptr_array_add(more->disks, xpv_domain_disk_new("/images/data.img", "raw", "hdb", "ide"));
    g_auto(XpvSaid) of_two = ask_xml(f, more, 0);
    g_assert_null(of_two.report);

    expect_report(f, -1, 0, NULL); /* until the next answer */
    answer(f, answer_new(NEW, 202, 10));
    expect_report(f, -1, 0, NEW);
    g_autoptr(XpvDomainXml) moved = domain_new(UUID, -1, DISK, "xen"); /* the same disk on another bus */
    g_auto(XpvSaid) same = ask_xml(f, moved, 0);
    g_assert_cmpstr(same.report, ==, NEW);
}

static void
test_failed_reading(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(NEW, 200, 10));

    XpvInspection *torn = answer_new(OLD, 301, 20);
    xpv_inspection_add_error(torn, "partition 1: grub.conf cannot be read");
    g_free(torn->default_kernel);
    torn->default_kernel = g_strdup("");
    answer(f, torn);
    g_auto(XpvSaid) said = ask(f, 1, 100);
    g_assert_cmpstr(said.report, ==, NEW);
    g_assert_cmpint(said.inspection->inspected_at, ==, 200);
    expect_logged(G_LOG_LEVEL_MESSAGE,
                  "Not all of the disks of domain web51 can be read: partition 1: grub.conf cannot be read");

    XpvInspection *in_part = answer_new(OLD, 302, 20); /* the default kernel was found */
    xpv_inspection_add_error(in_part, "partition 1: grub.conf cannot be read");
    answer(f, in_part);
    g_auto(XpvSaid) later = ask(f, 1, 100); /* the log does not repeat the error */
    g_assert_cmpint(later.inspection->inspected_at, ==, 302);
}

/* The guest was reinstalled with a system that cannot be read: the kernels of the old one are not there any more. */
static void
test_reinstalled(Fixture *f, gconstpointer data)
{
    static const gint ids[] = { -1, 2 };
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        expect_report(f, 1, 100, NULL);
        answer(f, answer_new(NEW, 200, 10));
        expect_report(f, 1, 100, NEW);
        g_auto(XpvSaid) before G_GNUC_UNUSED = ask(f, ids[i], 300);
        answer(f, unreadable_new(310));
        expect_logged(G_LOG_LEVEL_MESSAGE, "*: partition 1: its file system is XFS");
        g_auto(XpvSaid) said = ask(f, ids[i], 300);
        g_assert_null(said.report);
        g_assert_cmpuint(said.inspection->kernels->len, ==, 0);
    }
}

static void
wait_logged(GLogLevelFlags level, const char *pattern)
{
    g_autoptr(LogEntry) entry = NULL;
    wait_until((entry = log_take(level, pattern)) != NULL);
}

static void
test_hostile(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->answers, UUID, NULL);
    g_autofree char *elsewhere = g_build_filename(f->folder, "elsewhere", NULL);
    g_autofree char *huge = g_strnfill(1024 * 1024 + 1, ' ');
    g_autoptr(XpvInspection) good = answer_new(NEW, 200, 10);
    g_autofree char *text = xpv_inspection_to_json(good);

    expect_report(f, -1, 0, NULL);
    write_answer(f, UUID, huge, -1);
    wait_logged(G_LOG_LEVEL_WARNING, "Cannot use what was read of a guest's disks, *: it has more than 1048576 bytes");
    write_answer(f, UUID, "", 0);
    wait_logged(G_LOG_LEVEL_WARNING, "Cannot use what was read of a guest's disks, *: it is no object");
    write_answer(f, UUID, text, (gssize)strlen(text) / 2);
    wait_logged(G_LOG_LEVEL_WARNING, "Cannot use what was read of a guest's disks, *");

    g_assert_cmpint(g_remove(path), ==, 0);
    g_autofree char *fifo = g_build_filename(f->folder, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(g_rename(fifo, path), ==, 0);
    wait_logged(G_LOG_LEVEL_WARNING, "*: it is no regular file");
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_true(g_file_set_contents(elsewhere, text, -1, NULL));
    g_autofree char *link = g_build_filename(f->folder, "link", NULL);
    g_assert_cmpint(symlink(elsewhere, link), ==, 0);
    g_assert_cmpint(g_rename(link, path), ==, 0);
    wait_logged(G_LOG_LEVEL_WARNING, "*: Too many levels of symbolic links");
    g_assert_cmpint(g_remove(path), ==, 0);
    g_autofree char *folder = g_build_filename(f->folder, "folder", NULL);
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_cmpint(g_rename(folder, path), ==, 0);
    wait_logged(G_LOG_LEVEL_WARNING, "*: it is no regular file");
    g_assert_cmpint(g_rmdir(path), ==, 0);

    write_answer(f, "not-a-uuid", text, -1);
    write_answer(f, OTHER_UUID, text, -1); /* there is no such domain */
    expect_report(f, -1, 0, NULL);
    write_answer(f, UUID, text, -1);
    wait_changed(f, 1);
    expect_report(f, -1, 0, NEW);
}

/* The inspector makes the folder with its first answer, and may make it again. */
static void
test_folder_comes_later(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    for (guint i = 0; i < 2; i++) {
        remove_tree(f->answers);
        settle();
        g_assert_cmpint(g_mkdir(f->answers, 0700), ==, 0);
        answer(f, answer_new(i == 0 ? NEW : OLD, 200 + i, 10));
        expect_report(f, -1, 0, i == 0 ? NEW : OLD);
    }
}

/* If the guest boots from a CD, the running kernel is not known. The packages on its disk are still facts. */
static void
test_boot_from_cd(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, 1, DISK, "ide");
    xml->boots_from_disk = FALSE;
    g_auto(XpvSaid) before G_GNUC_UNUSED = ask_xml(f, xml, 100);
    XpvInspection *windows = answer_new(NEW, 200, 10);
    g_free(windows->distribution);
    windows->distribution = g_strdup("windows");
    answer(f, windows);
    g_auto(XpvSaid) said = ask_xml(f, xml, 100);
    g_assert_null(said.report);
    g_assert_nonnull(said.inspection);
    g_assert_null(said.boot_disk);
    g_assert_cmpint(said.system.kind, ==, XPV_SYSTEM_UNKNOWN);
    xml->boots_from_disk = TRUE;
    answer(f, answer_new(OLD, 201, 150));
    g_auto(XpvSaid) later = ask_xml(f, xml, 100);
    g_assert_cmpstr(later.report, ==, NEW "\n" OLD); /* the first answer did not decide what it booted */
}

/* The packages on the disk narrow the report of another source. */
static void
test_beside_others(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, 1, DISK, "ide");
    XpvSaid said = { .source = "xenstore", .report = g_strdup("2.6.18-53.el5"), .is_live = TRUE };
    source->ask(f->self, xml, &said);
    g_assert_null(said.others);
    answer(f, answer_new(OLD, 200, 10));
    source->ask(f->self, xml, &said);
    g_assert_cmpstr(said.report, ==, "2.6.18-53.el5");
    g_assert_true(said.is_live);
    g_assert_cmpuint(said.others->len, ==, 1);
    g_assert_cmpstr(said.others->pdata[0], ==, NEW "\n" OLD "\n" REMOVED);
    xpv_said_clear(&said);
}

static void
test_system(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    XpvInspection *debian = answer_new("", 200, 10);
    g_free(debian->distribution);
    debian->distribution = g_strdup("debian");
    g_free(debian->release);
    debian->release = g_strdup("12.5");
    answer(f, debian);
    g_auto(XpvSaid) said = ask(f, -1, 0);
    g_assert_cmpint(said.system.kind, ==, XPV_SYSTEM_OTHER);
    g_assert_cmpstr(said.system.name, ==, "debian 12.5");
    g_assert_cmpstr(said.system.teller, ==, "The guest's disk");

    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, DISK, "ide");
    g_auto(XpvSaid) agent = { .source = "", .system = { .kind = XPV_SYSTEM_COVERED } };
    source->ask(f->self, xml, &agent); /* the agent knows better */
    g_assert_cmpint(agent.system.kind, ==, XPV_SYSTEM_COVERED);
}

static void
test_boot_disk(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, "", "ide"); /* it is passed over */
    g_ptr_array_add(xml->disks, xpv_domain_disk_new("/images/data.img", "raw", "hdb", "ide"));
    g_ptr_array_add(xml->disks, xpv_domain_disk_new(DISK, "raw", "xvda", "xen"));
    g_auto(XpvSaid) before G_GNUC_UNUSED = ask_xml(f, xml, 0);
    g_autoptr(XpvInspection) none = xpv_inspection_new();
    xpv_inspection_add_disk(none, "/images/data.img", "raw");
    xpv_inspection_add_disk(none, DISK, "raw");
    answer(f, g_steal_pointer(&none));
    g_auto(XpvSaid) unknown = ask_xml(f, xml, 0);
    g_assert_null(unknown.boot_disk);
    none = xpv_inspection_new();
    xpv_inspection_add_disk(none, "/images/data.img", "raw");
    xpv_inspection_add_disk(none, DISK, "raw")->boot = TRUE;
    answer(f, g_steal_pointer(&none));
    g_auto(XpvSaid) said = ask_xml(f, xml, 0);
    g_assert_cmpstr(said.boot_disk->target, ==, "xvda");
}

/* The saved kernels may be damaged, and the file system may be full. */
/* The disks of another host are asked for, and answered, as such. What was read of this host's does not count. */
static void
test_other_host(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    answer(f, answer_new(NEW, 2000, 1000));
    expect_report(f, -1, 0, NEW);
    stop(f);
    f->disk_prefix = "ssh://root@xen1";
    start(f);
    expect_report(f, -1, 0, NULL);
    expect_request(f, "ssh://root@xen1" DISK, TRUE);
    XpvInspection *there = answer_new(OLD, 3000, 1000);
    XpvInspectionDisk *disk = there->disks->pdata[0];
    g_free(disk->source);
    disk->source = g_strdup("ssh://root@xen1" DISK);
    answer(f, there);
    g_auto(XpvSaid) said = ask(f, -1, 0);
    g_assert_cmpstr(said.report, ==, OLD);
    g_assert_cmpstr(said.boot_disk->target, ==, "hda");
}

/* A connection that is not over ssh. */
static void
test_unreachable_host(Fixture *f, gconstpointer data)
{
    const XpvReportContext context = { .runtime_directory = f->runtime };
    gpointer self = source->start(&context);
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, DISK, "ide");
    g_auto(XpvSaid) said = { .source = "" };
    source->ask(self, xml, &said);
    expect_no_request(f);
    source->stop(self);
}

static void
test_memory(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->runtime, "booted", NULL);
    static const char *const damaged[] = { "[", "[" UUID "]\nid=x\n",
                                           "[" UUID "]\nid=1\nbegan=1\nseen=true\nresumed=maybe\n" };
    for (guint i = 0; i < G_N_ELEMENTS(damaged); i++) {
        stop(f);
        g_assert_true(g_file_set_contents(path, damaged[i], -1, NULL));
        start(f);
        expect_logged(G_LOG_LEVEL_WARNING, "Cannot read which kernels guests booted, */run/booted: *");
        expect_report(f, 1, 0, NULL);
    }
    g_remove(path);
    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    expect_report(f, 2, 0, NULL);
    let_pass(200);
    expect_logged(G_LOG_LEVEL_WARNING, "Cannot keep which kernels guests booted, so that a restart forgets it: *");
    expect_report(f, 3, 0, NULL);
    stop(f); /* the log has it once */
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    log_keep();
#define ADD(name, test) g_test_add("/report-disk/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("requests", test_requests);
    ADD("requests-are-private", test_requests_are_private);
    ADD("not-requested", test_not_requested);
    ADD("cannot-request", test_cannot_request);
    ADD("periodically", test_periodically);
    ADD("recovery", test_recovery);
    ADD("recovery-of-stopped", test_recovery_of_stopped);
    ADD("nobody-answers", test_nobody_answers);
    ADD("lost-request", test_lost_request);
    ADD("nobody-need-answer", test_nobody_need_answer);
    ADD("stopped", test_stopped);
    ADD("running", test_running);
    ADD("stays-for-the-run", test_stays_for_the_run);
    ADD("awaited", test_awaited);
    ADD("says-more-later", test_says_more_later);
    ADD("over-restarts", test_over_restarts);
    ADD("seen-to-begin", test_seen_to_begin);
    ADD("seen-to-begin-late", test_seen_to_begin_late);
    ADD("resumed", test_resumed);
    ADD("first-reading-fails", test_first_reading_fails);
    ADD("reinstalled-unseen", test_reinstalled_unseen);
    ADD("not-mounted-yet", test_not_mounted_yet);
    ADD("begin-is-told-late", test_begin_is_told_late);
    ADD("serial", test_serial);
    ADD("restored-unseen", test_restored_unseen);
    ADD("replaced-disk", test_replaced_disk);
    ADD("failed-reading", test_failed_reading);
    ADD("reinstalled", test_reinstalled);
    ADD("hostile", test_hostile);
    ADD("folder-comes-later", test_folder_comes_later);
    ADD("boot-from-cd", test_boot_from_cd);
    ADD("beside-others", test_beside_others);
    ADD("system", test_system);
    ADD("boot-disk", test_boot_disk);
    ADD("memory", test_memory);
    ADD("other-host", test_other_host);
    ADD("unreachable-host", test_unreachable_host);
    return g_test_run();
}
