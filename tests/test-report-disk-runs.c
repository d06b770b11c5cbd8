/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disk source: what answers mean for a run of a domain. */
#include "tests/report-disk.h"

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

/* Nothing in a kernel's name means something to the file that keeps it. */
static void
test_any_text_over_restarts(Fixture *f, gconstpointer data)
{
    const char *odd = "2.6.9-89.EL\\n\\s [1]=;#%s “ü”\\";
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(odd, 110, 50));
    expect_report(f, 1, 100, odd);
    stop(f);
    start(f);
    expect_report(f, 1, 0, odd);
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
test_failed_reading(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, answer_new(NEW, 200, 10));

    XpvInspection *torn = answer_new(OLD, 301, 20);
    xpv_inspection_add_error(torn, "partition 1: grub.conf cannot be read");
    g_free(torn->default_kernel);
    torn->default_kernel = g_strdup("");
    answer(f, torn);
    g_auto(XpvReported) reported = ask(f, 1, 100);
    g_assert_cmpstr(reported.report, ==, NEW);
    g_assert_cmpint(reported.inspection->inspected_at, ==, 200);
    expect_logged(G_LOG_LEVEL_MESSAGE,
                  "Not all of the disks of domain web51 can be read: partition 1: grub.conf cannot be read");

    XpvInspection *in_part = answer_new(OLD, 302, 20); /* the default kernel was found */
    xpv_inspection_add_error(in_part, "partition 1: grub.conf cannot be read");
    answer(f, in_part);
    g_auto(XpvReported) later = ask(f, 1, 100); /* the log does not repeat the error */
    g_assert_cmpint(later.inspection->inspected_at, ==, 302);
}

/* Two answers come before the domain is judged. */
static void
test_trouble_is_told(Fixture *f, gconstpointer data)
{
    expect_report(f, 1, 100, NULL);
    answer(f, unreadable_new(200));
    answer(f, unreadable_new(201));
    expect_report(f, 1, 100, NULL);
    expect_logged(G_LOG_LEVEL_MESSAGE, "*: partition 1: its file system is XFS");
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
        g_auto(XpvReported) before G_GNUC_UNUSED = ask(f, ids[i], 300);
        answer(f, unreadable_new(310));
        g_auto(XpvReported) reported = ask(f, ids[i], 300);
        expect_logged(G_LOG_LEVEL_MESSAGE, "*: partition 1: its file system is XFS");
        g_assert_null(reported.report);
        g_assert_cmpuint(reported.inspection->kernels->len, ==, 0);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    log_keep();
#define ADD(name, test) g_test_add("/report-disk-runs/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("stopped", test_stopped);
    ADD("running", test_running);
    ADD("stays-for-the-run", test_stays_for_the_run);
    ADD("awaited", test_awaited);
    ADD("says-more-later", test_says_more_later);
    ADD("over-restarts", test_over_restarts);
    ADD("any-text-over-restarts", test_any_text_over_restarts);
    ADD("seen-to-begin", test_seen_to_begin);
    ADD("seen-to-begin-late", test_seen_to_begin_late);
    ADD("resumed", test_resumed);
    ADD("first-reading-fails", test_first_reading_fails);
    ADD("reinstalled-unseen", test_reinstalled_unseen);
    ADD("not-mounted-yet", test_not_mounted_yet);
    ADD("begin-is-told-late", test_begin_is_told_late);
    ADD("serial", test_serial);
    ADD("restored-unseen", test_restored_unseen);
    ADD("failed-reading", test_failed_reading);
    ADD("trouble-is-told", test_trouble_is_told);
    ADD("reinstalled", test_reinstalled);
    return g_test_run();
}
