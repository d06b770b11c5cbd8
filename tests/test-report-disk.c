/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disk source: requests, and what answers say. */
#include "daemon/inspector.h"
#include "tests/report-disk.h"

#include <signal.h>
#include <sys/resource.h>

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
    g_auto(XpvReported) reported G_GNUC_UNUSED = ask_xml(f, xml, 0);
    expect_request(f, "/images/other.img", TRUE);

    source->forget(f->self, UUID);
    g_autofree char *gone = take_request(f, UUID);
    g_assert_cmpstr(gone, ==, "");
    source->forget(f->self, OTHER_UUID);
    g_autofree char *never_was = take_request(f, OTHER_UUID);
    g_assert_null(never_was);
}

static guint
count_requests(Fixture *f)
{
    guint n = 0;
    g_autoptr(GDir) folder = g_dir_open(f->requests, 0, NULL);
    while (folder && g_dir_read_name(folder))
        n++;
    return n;
}

/* At the daemon's start, requests of many domains are written by and by. None is forgotten. */
static void
test_many_requests(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 200; i++) {
        g_autofree char *uuid = g_strdup_printf("5b1a3c10-0000-4000-8000-%012u", i);
        g_autoptr(XpvDomainXml) xml = domain_new(uuid, -1, DISK, "ide");
        g_auto(XpvReported) reported G_GNUC_UNUSED = ask_xml(f, xml, 0);
    }
    wait_until(count_requests(f) > 0);
    g_assert_cmpuint(count_requests(f), ==, 64);
    wait_until(count_requests(f) == 200);
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
        g_auto(XpvReported) reported = ask_xml(f, domains[i], 0);
        g_assert_null(reported.report);
        expect_no_request(f);
    }
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

/* The file system takes only the beginning of a request: the reason is that, not an earlier error. */
static void
test_file_system_full(Fixture *f, gconstpointer data)
{
    struct rlimit before, small;
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    small = (struct rlimit){ 10, before.rlim_max };
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    expect_report(f, -1, 0, NULL);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    settle();
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, handler);
    g_autofree char *expected = g_strdup_printf("*/run/inspect/" UUID ": %s", g_strerror(EFBIG));
    expect_logged(G_LOG_LEVEL_WARNING, expected);
    expect_no_request(f);
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
    g_auto(XpvReported) reported G_GNUC_UNUSED = ask_xml(f, other, 0);
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

/* An answer can be only to a request that is written. */
static void
test_answer_before_request(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    expect_request(f, DISK, TRUE);
    expect_report(f, 1, 0, NULL);
    g_autoptr(XpvInspection) inspection = answer_new(NEW, 200, 10);
    g_autofree char *text = xpv_inspection_to_json(inspection);
    write_answer(f, UUID, text, -1);
    expect_request(f, DISK, TRUE);
}

/* A domain that was removed and is defined again is asked for, although it is not urgent. */
static void
test_request_after_removal(Fixture *f, gconstpointer data)
{
    static const XpvInspectorListener listener = { 0 };
    XpvInspector *inspector = xpv_inspector_new(f->runtime, &listener, NULL);
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, DISK, "ide");
    xpv_inspector_forget(inspector, UUID);
    xpv_inspector_request(inspector, UUID, xml->disks, FALSE);
    expect_request(f, DISK, FALSE);
    xpv_inspector_free(inspector);
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
    g_auto(XpvReported) reported G_GNUC_UNUSED = ask_xml(f, pv, 0);
    let_pass(10);
    g_assert_cmpuint(f->are_disks_read->len, ==, 0);
}

static void
test_replaced_disk(Fixture *f, gconstpointer data)
{
    expect_report(f, -1, 0, NULL);
    answer(f, answer_new(NEW, 200, 10));
    g_autoptr(XpvDomainXml) replaced = domain_new(UUID, -1, "/images/other.img", "ide");
    g_auto(XpvReported) other = ask_xml(f, replaced, 0);
    g_assert_null(other.report);
    g_assert_null(other.inspection);
    g_autoptr(XpvInspection) under_way = answer_new(NEW, 201, 10);
    g_autofree char *text = xpv_inspection_to_json(under_way);
    write_answer(f, UUID, text, -1);
    settle();
    g_auto(XpvReported) still_other = ask_xml(f, replaced, 0);
    g_assert_null(still_other.report);

    g_autoptr(XpvDomainXml) more = domain_new(UUID, -1, DISK, "ide");
    g_ptr_array_add(more->disks, xpv_domain_disk_new("/images/data.img", "raw", "hdb", "ide"));
    g_auto(XpvReported) of_two = ask_xml(f, more, 0);
    g_assert_null(of_two.report);

    expect_report(f, -1, 0, NULL); /* until the next answer */
    answer(f, answer_new(NEW, 202, 10));
    expect_report(f, -1, 0, NEW);
    g_autoptr(XpvDomainXml) moved = domain_new(UUID, -1, DISK, "xen"); /* the same disk on another bus */
    g_auto(XpvReported) same = ask_xml(f, moved, 0);
    g_assert_cmpstr(same.report, ==, NEW);
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
    wait_logged(G_LOG_LEVEL_WARNING,
                "Cannot use the answer about a guest's disks in *: it has more than 1048576 bytes");
    write_answer(f, UUID, "", 0);
    wait_logged(G_LOG_LEVEL_WARNING, "Cannot use the answer about a guest's disks in *: it is not an object");
    write_answer(f, UUID, text, (gssize)strlen(text) / 2);
    wait_logged(G_LOG_LEVEL_WARNING, "Cannot use the answer about a guest's disks in *");

    g_assert_cmpint(g_remove(path), ==, 0);
    g_autofree char *fifo = g_build_filename(f->folder, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(g_rename(fifo, path), ==, 0);
    wait_logged(G_LOG_LEVEL_WARNING, "*: it is not a regular file");
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
    wait_logged(G_LOG_LEVEL_WARNING, "*: it is not a regular file");
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
    g_auto(XpvReported) before G_GNUC_UNUSED = ask_xml(f, xml, 100);
    XpvInspection *windows = answer_new(NEW, 200, 10);
    g_free(windows->distribution);
    windows->distribution = g_strdup("windows");
    answer(f, windows);
    g_auto(XpvReported) reported = ask_xml(f, xml, 100);
    g_assert_null(reported.report);
    g_assert_nonnull(reported.inspection);
    g_assert_null(reported.boot_disk);
    g_assert_cmpint(reported.system.kind, ==, XPV_SYSTEM_UNKNOWN);
    xml->boots_from_disk = TRUE;
    answer(f, answer_new(OLD, 201, 150));
    g_auto(XpvReported) later = ask_xml(f, xml, 100);
    g_assert_cmpstr(later.report, ==, NEW "\n" OLD); /* the first answer did not decide what it booted */
}

/* The packages on the disk narrow the report of another source. */
static void
test_beside_others(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, 1, DISK, "ide");
    XpvReported reported = { .source = "xenstore", .report = g_strdup("2.6.18-53.el5"), .is_live = TRUE };
    source->ask(f->self, xml, &reported);
    g_assert_null(reported.others);
    answer(f, answer_new(OLD, 200, 10));
    source->ask(f->self, xml, &reported);
    g_assert_cmpstr(reported.report, ==, "2.6.18-53.el5");
    g_assert_true(reported.is_live);
    g_assert_cmpuint(reported.others->len, ==, 1);
    g_assert_cmpstr(reported.others->pdata[0], ==, NEW "\n" OLD "\n" REMOVED);
    xpv_reported_clear(&reported);
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
    g_auto(XpvReported) reported = ask(f, -1, 0);
    g_assert_cmpint(reported.system.kind, ==, XPV_SYSTEM_OTHER);
    g_assert_cmpstr(reported.system.name, ==, "debian 12.5");
    g_assert_cmpstr(reported.system.teller, ==, "The guest's disk");

    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, DISK, "ide");
    g_auto(XpvReported) agent = { .source = "", .system = { .kind = XPV_SYSTEM_COVERED } };
    source->ask(f->self, xml, &agent); /* the agent knows better */
    g_assert_cmpint(agent.system.kind, ==, XPV_SYSTEM_COVERED);
}

static void
test_boot_disk(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, "", "ide"); /* it is passed over */
    g_ptr_array_add(xml->disks, xpv_domain_disk_new("/images/data.img", "raw", "hdb", "ide"));
    g_ptr_array_add(xml->disks, xpv_domain_disk_new(DISK, "raw", "xvda", "xen"));
    g_auto(XpvReported) before G_GNUC_UNUSED = ask_xml(f, xml, 0);
    g_autoptr(XpvInspection) none = xpv_inspection_new();
    xpv_inspection_add_disk(none, "/images/data.img", "raw");
    xpv_inspection_add_disk(none, DISK, "raw");
    answer(f, g_steal_pointer(&none));
    g_auto(XpvReported) unknown = ask_xml(f, xml, 0);
    g_assert_null(unknown.boot_disk);
    none = xpv_inspection_new();
    xpv_inspection_add_disk(none, "/images/data.img", "raw");
    xpv_inspection_add_disk(none, DISK, "raw")->boot = TRUE;
    answer(f, g_steal_pointer(&none));
    g_auto(XpvReported) reported = ask_xml(f, xml, 0);
    g_assert_cmpstr(reported.boot_disk->target, ==, "xvda");
}

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
    g_auto(XpvReported) reported = ask(f, -1, 0);
    g_assert_cmpstr(reported.report, ==, OLD);
    g_assert_cmpstr(reported.boot_disk->target, ==, "hda");
}

/* A connection that is not over ssh. */
static void
test_unreachable_host(Fixture *f, gconstpointer data)
{
    const XpvReportContext context = { .config_path = "/nonexistent/x", .runtime_directory = f->runtime };
    g_assert_null(source->start(&context));
    g_autoptr(XpvReports) reports = xpv_reports_new(&context);
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, -1, DISK, "ide");
    g_auto(XpvReported) reported = { .source = "" };
    xpv_reports_ask(reports, xml, &reported);
    xpv_reports_run_began(reports, UUID, 1, TRUE);
    xpv_reports_forget(reports, UUID);
    expect_no_request(f);
}

/* The saved kernels may be damaged, and the file system may be full. */
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
        expect_logged(G_LOG_LEVEL_WARNING, "Cannot read from */run/booted which kernels the guests booted: *");
        expect_report(f, 1, 0, NULL);
    }
    g_remove(path);
    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    hurried = 1;
    expect_report(f, 2, 0, NULL);
    wait_logged(G_LOG_LEVEL_WARNING, "Cannot save which kernels the guests booted, so a restart forgets it: *");
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
    ADD("many-requests", test_many_requests);
    ADD("requests-are-private", test_requests_are_private);
    ADD("not-requested", test_not_requested);
    ADD("cannot-request", test_cannot_request);
    ADD("file-system-full", test_file_system_full);
    ADD("periodically", test_periodically);
    ADD("recovery", test_recovery);
    ADD("recovery-of-stopped", test_recovery_of_stopped);
    ADD("nobody-answers", test_nobody_answers);
    ADD("lost-request", test_lost_request);
    ADD("answer-before-request", test_answer_before_request);
    ADD("request-after-removal", test_request_after_removal);
    ADD("nobody-need-answer", test_nobody_need_answer);
    ADD("replaced-disk", test_replaced_disk);
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
