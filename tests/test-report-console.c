/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The console source with real files. The test replaces inotify_add_watch(), with which each read begins: it counts
 * reads, and hangs if a test says so, as on a file server that does not answer. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/reports/console-file.h"
#include "daemon/reports/reports.h"
#include "daemon/worker.h"
#include "tests/expect.h"
#include "tests/logged.h"
#include "tests/loop.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define OTHER "5b1a3c10-0000-4000-8000-000000000002"
#define THIRD "5b1a3c10-0000-4000-8000-000000000003"

#define LINE(release) "Linux version " release " (bhcompile@x) (gcc version 3.2.3) #1 SMP Tue May 8 17:10:31 EDT 2007"
#define RHEL_3 LINE("2.4.21-50.EL")
#define RHEL_4 LINE("2.6.9-67.EL")
#define RHEL_5 LINE("2.6.18-398.el5")

static const XpvReportSource *const source = &xpv_report_console;

static GMutex hang_mutex;
static GCond hang_ends;
static GHashTable *hanging; /* folders */
static guint n_hang;
static gint n_reads;

int
inotify_add_watch(int fd, const char *name, uint32_t mask)
{
    g_atomic_int_inc(&n_reads);
    g_mutex_lock(&hang_mutex);
    gboolean hangs = g_hash_table_contains(hanging, name);
    n_hang += (guint)hangs;
    g_main_context_wakeup(NULL);
    while (g_hash_table_contains(hanging, name))
        g_cond_wait(&hang_ends, &hang_mutex);
    n_hang -= (guint)hangs;
    g_mutex_unlock(&hang_mutex);
    return (int)syscall(SYS_inotify_add_watch, fd, name, mask);
}

static void
hang(const char *path)
{
    g_mutex_lock(&hang_mutex);
    g_hash_table_add(hanging, g_path_get_dirname(path));
    g_mutex_unlock(&hang_mutex);
}

static guint
count_hanging(void)
{
    g_mutex_lock(&hang_mutex);
    guint n = n_hang;
    g_mutex_unlock(&hang_mutex);
    return n;
}

static void
release(void)
{
    g_mutex_lock(&hang_mutex);
    g_hash_table_remove_all(hanging);
    g_cond_broadcast(&hang_ends);
    g_mutex_unlock(&hang_mutex);
}

typedef struct {
    char *folder;
    char *path;
    gpointer self;
    guint changes;
    guint settled;
} Fixture;

static void
on_changed(const char *uuid, gpointer data)
{
    Fixture *f = data;
    g_assert_nonnull(uuid);
    f->changes++;
}

static void
on_settled(gpointer data)
{
    Fixture *f = data;
    f->settled++;
}

static void
start(Fixture *f, guint call_timeout)
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
    f->folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "serial.log", NULL);
    g_atomic_int_set(&n_reads, 0);
    start(f, 60);
}

/* Removes a folder and the files in it. */
static void
remove_folder(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_unlink(file);
    }
    g_rmdir(path);
}

/* Removes a folder with its files and folders. */
static void
remove_folders(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        if (g_unlink(child) < 0)
            remove_folder(child);
    }
    g_rmdir(path);
}

/* All threads must end, whatever the test did. */
static void
tear_down(Fixture *f, gconstpointer data)
{
    if (f->self)
        source->stop(f->self);
    guint changes = f->changes;
    release();
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    settle();
    g_assert_cmpuint(f->changes, ==, changes); /* no change is reported after the end */
    remove_folders(f->folder);
    g_free(f->path);
    g_free(f->folder);
    expect_nothing_logged();
}

static XpvReported
ask_as(Fixture *f, const char *uuid, gint id, const char *path)
{
    XpvDomainXml xml = { .uuid = (char *)uuid, .name = (char *)"erp", .id = id, .console_path = (char *)path };
    XpvReported reported = { .source = "" };
    source->ask(f->self, &xml, &reported);
    g_assert_cmpint(reported.is_live, ==, reported.report != NULL);
    return reported;
}

static gboolean
says_as(Fixture *f, const char *uuid, gint id, const char *path, const char *report)
{
    g_auto(XpvReported) reported = ask_as(f, uuid, id, path);
    return g_strcmp0(reported.report, report) == 0;
}

/* says: whether this is the domain's report; NULL: none. */
static gboolean
says(Fixture *f, const char *report)
{
    return says_as(f, UUID, 1, f->path, report);
}

static void
print_to(const char *path, const char *mode, const char *text)
{
    FILE *file = g_fopen(path, mode);
    g_assert_nonnull(file);
    g_assert_cmpint(fputs(text, file), >=, 0);
    g_assert_cmpint(fclose(file), ==, 0);
}

/* Writes a new file, as QEMU does when a run begins. */
static void
begin_with(Fixture *f, const char *text)
{
    print_to(f->path, "w", text);
}

static void
print(Fixture *f, const char *text)
{
    print_to(f->path, "a", text);
}

/* Returns: how many folders this process watches */
static guint
count_watches(void)
{
    guint n = 0;
    g_autoptr(GDir) fds = g_dir_open("/proc/self/fdinfo", 0, NULL);
    for (const char *name; (name = g_dir_read_name(fds));) {
        g_autofree char *path = g_build_filename("/proc/self/fdinfo", name, NULL);
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL)) /* the descriptor of this listing is gone by then */
            continue;
        for (const char *p = text; (p = strstr(p, "inotify wd:")); p++)
            n++;
    }
    return n;
}

static void
test_there_at_start(Fixture *f, gconstpointer data)
{
    begin_with(f, RHEL_3 "\n");
    g_assert_true(source->is_settled(f->self));
    g_assert_true(says(f, NULL));
    g_assert_false(source->is_settled(f->self));
    wait_until(f->settled > 0);
    g_assert_true(source->is_settled(f->self));
    g_assert_true(says(f, RHEL_3));
    g_assert_cmpuint(f->changes, ==, 1);
}

static void
test_grows(Fixture *f, gconstpointer data)
{
    begin_with(f, "");
    g_assert_true(says(f, NULL));
    wait_until(f->settled > 0);
    print(f, "GRUB\r\n" RHEL_3);
    print(f, "\r\n");
    wait_until(says(f, RHEL_3));
    print(f, "Kernel 2.4.21-50.EL on an i686\r\n");
    wait_until(says(f, RHEL_3 "\ni686"));
    print(f, RHEL_4 "\r\n");
    wait_until(says(f, RHEL_4));
    g_assert_cmpuint(f->changes, ==, 3);
}

static void
test_appears_late(Fixture *f, gconstpointer data)
{
    g_assert_true(says(f, NULL));
    wait_until(f->settled > 0);
    expect_logged(G_LOG_LEVEL_WARNING,
                  "Cannot follow the serial console of domain erp in */serial.log: cannot find it: *");
    begin_with(f, RHEL_3 "\n");
    wait_until(says(f, RHEL_3));
}

/* A truncated file has the same kernel. The first lines of its new text only add to it. */
static void
test_truncated(Fixture *f, gconstpointer data)
{
    begin_with(f, "some text before it\n" RHEL_3 "\n");
    g_assert_true(says(f, NULL));
    wait_until(says(f, RHEL_3));
    gint reads = g_atomic_int_get(&n_reads);
    begin_with(f, "");
    wait_until(g_atomic_int_get(&n_reads) > reads);
    print(f, "Kernel 2.4.21-50.EL on an x86_64\n");
    wait_until(says(f, RHEL_3 "\nx86_64"));
    begin_with(f, RHEL_5 "\n");
    wait_until(says(f, RHEL_5));
}

static void
test_rotated(Fixture *f, gconstpointer data)
{
    g_autofree char *old = g_strconcat(f->path, ".1", NULL);
    g_autofree char *new = g_strconcat(f->path, ".new", NULL);
    begin_with(f, RHEL_3 "\n");
    g_assert_true(says(f, NULL));
    wait_until(says(f, RHEL_3));
    g_assert_cmpint(g_rename(f->path, old), ==, 0);
    begin_with(f, "Kernel 2.4.21-50.EL on an x86_64\n");
    wait_until(says(f, RHEL_3 "\nx86_64"));

    print_to(new, "w", RHEL_5 "\n");
    g_assert_cmpint(g_rename(new, f->path), ==, 0);
    wait_until(says(f, RHEL_5));
    g_unlink(f->path);
    print_to(old, "a", RHEL_4 "\n"); /* it is not the domain's file any more */
    let_pass(600);
    g_assert_true(says(f, RHEL_5));
    log_drop(G_LOG_LEVEL_WARNING, "*: cannot find it: *"); /* if it was looked for while it was away */
}

static void
test_new_run(Fixture *f, gconstpointer data)
{
    begin_with(f, RHEL_3 "\n");
    g_assert_true(says(f, NULL));
    wait_until(says(f, RHEL_3));
    begin_with(f, RHEL_4 "\n");
    g_assert_true(says_as(f, UUID, 2, f->path, NULL)); /* at once: the report of the last run does not count */
    wait_until(says_as(f, UUID, 2, f->path, RHEL_4));

    g_assert_true(says_as(f, UUID, -1, f->path, NULL));
    g_assert_true(says_as(f, UUID, -1, f->path, NULL));
    g_assert_true(says_as(f, UUID, 3, NULL, NULL));
    g_assert_true(says_as(f, UUID, 3, f->path, NULL));
    wait_until(says_as(f, UUID, 3, f->path, RHEL_4));
    source->forget(f->self, UUID);
    source->forget(f->self, UUID);
    wait_until(count_watches() == 0);
    print(f, RHEL_5 "\n");
    let_pass(600);
    g_assert_cmpuint(f->changes, ==, 3);
}

/* If a run ends during a read, the read's result does not count for the next run. */
static void
test_new_run_while_reading(Fixture *f, gconstpointer data)
{
    g_autofree char *folder = g_build_filename(f->folder, "next", NULL);
    g_autofree char *next = g_build_filename(folder, "serial.log", NULL);
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    print_to(next, "w", "");
    begin_with(f, RHEL_3 "\n");
    hang(next);
    g_assert_true(says(f, NULL));
    g_assert_true(says_as(f, OTHER, 1, next, NULL));
    while (count_hanging() == 0) /* by then the first file was read, and the main loop does not know yet */
        g_thread_yield();
    g_assert_true(says_as(f, UUID, 2, f->path, NULL));
    begin_with(f, RHEL_4 "\n");
    release();
    wait_until(says_as(f, UUID, 2, f->path, RHEL_4));
    g_assert_cmpuint(f->changes, ==, 1);
}

/* Two domains share the watch on a folder. */
static void
test_watches(Fixture *f, gconstpointer data)
{
    g_autofree char *other = g_build_filename(f->folder, "other.log", NULL);
    begin_with(f, RHEL_3 "\n");
    print_to(other, "w", RHEL_4 "\n");
    g_assert_cmpuint(count_watches(), ==, 0);
    g_assert_true(says(f, NULL));
    g_assert_true(says_as(f, OTHER, 2, other, NULL));
    wait_until(says(f, RHEL_3) && says_as(f, OTHER, 2, other, RHEL_4));
    g_assert_cmpuint(count_watches(), ==, 1);

    gint reads = g_atomic_int_get(&n_reads);
    source->forget(f->self, UUID);
    let_pass(600);
    g_assert_cmpint(g_atomic_int_get(&n_reads), ==, reads); /* the other file is not watched anew either */
    print_to(other, "a", RHEL_5 "\n");
    wait_until(says_as(f, OTHER, 2, other, RHEL_5));
    g_assert_cmpuint(count_watches(), ==, 1);
    source->forget(f->self, OTHER);
    wait_until(count_watches() == 0);
}

/* Changes of other files in the folder cost no read. */
static void
test_neighbours(Fixture *f, gconstpointer data)
{
    g_autofree char *neighbour = g_strconcat(f->path, ".other", NULL);
    begin_with(f, RHEL_3 "\n");
    g_assert_true(says(f, NULL));
    wait_until(says(f, RHEL_3));
    gint reads = g_atomic_int_get(&n_reads);
    print_to(neighbour, "w", "x");
    let_pass(600);
    g_assert_cmpint(g_atomic_int_get(&n_reads), ==, reads);
}

static void
add_noise(GString *text, gsize length)
{
    while (length-- > 0)
        g_string_append_c(text, length % 80 == 0 ? '\n' : '#');
}

/* The first 256 KiB are read, then the last 64 KiB of new text. */
static void
test_bounds(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvConsoleFile) file = xpv_console_file_new();
    g_autoptr(GString) text = g_string_new(RHEL_3 "\n");
    g_autoptr(GError) error = NULL;
    add_noise(text, 300 * 1024);
    g_string_append(text, RHEL_4 "\n"); /* between the two */
    add_noise(text, 100 * 1024);
    begin_with(f, text->str);
    g_assert_true(xpv_console_file_read(file, f->path, &error));
    g_assert_cmpuint(xpv_console_file_read_bytes(file), ==, (256 + 64) * 1024);
    g_autofree char *head = xpv_console_file_report(file);
    g_assert_cmpstr(head, ==, RHEL_3);

    print(f, RHEL_5 "\n");
    g_assert_true(xpv_console_file_read(file, f->path, &error));
    g_assert_cmpuint(xpv_console_file_read_bytes(file), ==, (256 + 64) * 1024 + strlen(RHEL_5 "\n"));
    g_autofree char *tail = xpv_console_file_report(file);
    g_assert_cmpstr(tail, ==, RHEL_5);

    /* A kernel that was once in the last 64 KiB stays known. */
    g_string_truncate(text, 0);
    add_noise(text, 1024 * 1024);
    print(f, text->str);
    g_assert_true(xpv_console_file_read(file, f->path, &error));
    g_assert_cmpuint(xpv_console_file_read_bytes(file), ==, (256 + 2 * 64) * 1024 + strlen(RHEL_5 "\n"));
    g_autofree char *later = xpv_console_file_report(file);
    g_assert_cmpstr(later, ==, RHEL_5);
    g_assert_true(xpv_console_file_read(file, f->path, &error));
    g_assert_cmpuint(xpv_console_file_read_bytes(file), ==, (256 + 2 * 64) * 1024 + strlen(RHEL_5 "\n"));
}

/* A line of the first 256 KiB does not go on in the last 64 KiB. */
static void
test_gap(Fixture *f, gconstpointer data)
{
    static const char begin[] = "\nLinux version 2.4.21-50.E", end[] = "L (x) (y) #1 SMP\n";
    g_autoptr(XpvConsoleFile) file = xpv_console_file_new();
    g_autoptr(GString) text = g_string_new(NULL);
    add_noise(text, 256 * 1024 - strlen(begin));
    g_string_append(text, begin);
    add_noise(text, 1024);
    g_string_append(text, end);
    add_noise(text, 64 * 1024 - strlen(end));
    begin_with(f, text->str);
    g_assert_true(xpv_console_file_read(file, f->path, NULL));
    g_autofree char *report = xpv_console_file_report(file);
    g_assert_cmpstr(report, ==, NULL);
}

/* A sparse file costs no more than its limit. */
static void
test_sparse(Fixture *f, gconstpointer data)
{
    g_autoptr(XpvConsoleFile) file = xpv_console_file_new();
    begin_with(f, RHEL_3 "\n");
    g_assert_cmpint(truncate(f->path, (off_t)1 << 40), ==, 0);
    g_assert_true(xpv_console_file_read(file, f->path, NULL));
    g_assert_cmpuint(xpv_console_file_read_bytes(file), ==, (256 + 64) * 1024);
}

typedef struct {
    const char *path;
    gint ends;
    guint writes;
} Flood;

static gpointer
flood(gpointer data)
{
    Flood *this = data;
    int fd = open(this->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    while (!g_atomic_int_get(&this->ends)) {
        g_assert_cmpint(write(fd, "Linux version \n", 15), ==, 15);
        this->writes++;
    }
    close(fd);
    return NULL;
}

/* A guest that prints as fast as it can. Five reads take about three seconds, with about ten turns of the main loop for
 * each read; the guest prints too often to be counted here. */
static void
test_flood(Fixture *f, gconstpointer data)
{
    Flood this = { .path = f->path };
    begin_with(f, RHEL_3 "\n");
    g_assert_true(says(f, NULL));
    wait_until(says(f, RHEL_3));
    GThread *guest = g_thread_new("guest", flood, &this);
    gint reads = g_atomic_int_get(&n_reads);
    guint turns = 0;
    wait_until((turns++, g_atomic_int_get(&n_reads) == reads + 5));
    g_atomic_int_set(&this.ends, TRUE);
    g_thread_join(guest);
    g_test_message("%u writes, 5 reads, %u turns of the main loop", this.writes, turns);
    g_assert_cmpuint(turns, <, 200);
    g_assert_cmpuint(this.writes, >, 1000);
    g_assert_cmpuint(f->changes, ==, 1);
    print(f, RHEL_5 "\n");
    wait_until(says(f, RHEL_5));
}

/* There is one warning for each, and none is opened: its other end would notice. */
static void
test_not_regular(Fixture *f, gconstpointer data)
{
    static const char *const names[] = { "fifo", "folder", "link", "loop", "terminal", "socket" };
    static const char *const whats[] = { "it is a pipe, not a regular file",   "it is a folder, not a regular file",
                                         "it is a pipe, not a regular file",   "cannot find it: *",
                                         "it is a device, not a regular file", "cannot find it: *" };
    g_autofree char *fifo = g_build_filename(f->folder, "fifo", NULL);
    g_autofree char *folder = g_build_filename(f->folder, "folder", NULL);
    g_autofree char *link = g_build_filename(f->folder, "link", NULL);
    g_autofree char *loop = g_build_filename(f->folder, "loop", NULL);
    g_autofree char *terminal = g_build_filename(f->folder, "terminal", NULL);
    int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_cmpint(symlink("fifo", link), ==, 0);
    g_assert_cmpint(symlink("loop", loop), ==, 0);
    char slave[64];
    g_assert_true(grantpt(pty) == 0 && unlockpt(pty) == 0 && ptsname_r(pty, slave, sizeof slave) == 0);
    g_assert_cmpint(symlink(slave, terminal), ==, 0);
    int opened = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    g_assert_cmpint(syscall(SYS_inotify_add_watch, opened, fifo, IN_OPEN), >=, 0);
    g_assert_cmpint(syscall(SYS_inotify_add_watch, opened, slave, IN_OPEN), >=, 0);

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(f->folder, names[i], NULL);
        g_autofree char *uuid = g_strdup_printf("5b1a3c10-0000-4000-8000-%012u", i);
        g_autofree char *line =
            g_strdup_printf("Cannot follow the serial console of domain erp in %s: %s", path, whats[i]);
        gint reads = g_atomic_int_get(&n_reads);
        g_assert_true(says_as(f, uuid, 1, path, NULL));
        wait_until(f->settled > i);
        expect_logged(G_LOG_LEVEL_WARNING, line);

        /* As the folder changes, it is checked again, without another warning. */
        g_assert_cmpint(chmod(f->folder, i % 2 ? 0700 : 0711), ==, 0);
        print_to(f->path, "a", "");
        source->forget(f->self, uuid);
        g_assert_cmpint(g_atomic_int_get(&n_reads), >, reads);
    }
    char event[sizeof(struct inotify_event)];
    g_assert_cmpint(read(opened, event, sizeof event), <, 0);
    close(opened);
    close(pty);
}

static void
test_told_once(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(mkfifo(f->path, 0600), ==, 0);
    g_assert_true(says(f, NULL));
    wait_until(f->settled > 0);
    expect_logged(G_LOG_LEVEL_WARNING, "*: it is a pipe, not a regular file");
    gint reads = g_atomic_int_get(&n_reads);
    g_assert_cmpint(chmod(f->path, 0640), ==, 0);
    wait_until(g_atomic_int_get(&n_reads) > reads);
    let_pass(300);
    expect_nothing_logged();

    source->reload(f->self); /* the warning comes again on a reload */
    wait_until(log_drop(G_LOG_LEVEL_WARNING, "*: it is a pipe, not a regular file") > 0);
    g_unlink(f->path);
    begin_with(f, RHEL_3 "\n");
    wait_until(says(f, RHEL_3));
    log_drop(G_LOG_LEVEL_WARNING, "*: cannot find it: *"); /* if it was looked for while it was away */
}

static void
test_relative(Fixture *f, gconstpointer data)
{
    g_assert_true(says_as(f, UUID, 1, "serial.log", NULL));
    g_assert_true(says_as(f, OTHER, 1, "", NULL));
    wait_until(f->settled > 0);
    expect_logged(G_LOG_LEVEL_WARNING, "* of domain erp in serial.log: the path does not begin with /");
    expect_logged(G_LOG_LEVEL_WARNING, "* of domain erp in : the path does not begin with /");
    g_assert_cmpint(g_atomic_int_get(&n_reads), ==, 0);
}

/* The folder's parent is not watched, so the folder is looked for now and then. */
static void
test_folder_appears_late(Fixture *f, gconstpointer data)
{
    g_autofree char *folder = g_build_filename(f->folder, "late", NULL);
    g_autofree char *path = g_build_filename(folder, "serial\n.log", NULL);
    source->stop(f->self);
    start(f, 1);
    g_assert_true(says_as(f, UUID, 1, path, NULL));
    wait_until(f->settled > 0);
    expect_logged(G_LOG_LEVEL_WARNING, "* in */late/serial .log: cannot find it: *");
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    print_to(path, "w", RHEL_3 "\n");
    wait_until(says_as(f, UUID, 1, path, RHEL_3));
    print_to(path, "a", RHEL_4 "\n"); /* the folder is watched now */
    wait_until(says_as(f, UUID, 1, path, RHEL_4));
}

/* If a file server hangs, the other files are still read. When it answers again, its files are read too. */
static void
test_hangs(Fixture *f, gconstpointer data)
{
    g_autofree char *server = g_build_filename(f->folder, "server", NULL);
    g_autofree char *there = g_build_filename(server, "serial.log", NULL);
    g_autofree char *also_there = g_build_filename(server, "other.log", NULL);
    g_assert_cmpint(g_mkdir(server, 0700), ==, 0);
    print_to(there, "w", RHEL_3 "\n");
    print_to(also_there, "w", RHEL_4 "\n");
    begin_with(f, RHEL_5 "\n");
    source->stop(f->self);
    start(f, 1);

    hang(there);
    g_assert_true(says_as(f, OTHER, 1, there, NULL));
    g_assert_true(says_as(f, THIRD, 1, also_there, NULL));
    g_assert_true(says(f, NULL)); /* it waits in the queue after that one */
    wait_until(says(f, RHEL_5));
    g_assert_cmpuint(count_hanging(), ==, 1); /* the other file on the server is not tried */
    wait_until(source->is_settled(f->self));
    g_assert_cmpuint(log_drop(G_LOG_LEVEL_WARNING, "* in */server/*: reading it takes longer than 1 s; trying again *"),
                     ==, 2);
    print(f, RHEL_4 "\n");
    wait_until(says(f, RHEL_4));
    let_pass(1500);
    g_assert_cmpuint(count_hanging(), ==, 1); /* it was not tried meanwhile either */

    release();
    wait_until(says_as(f, OTHER, 1, there, RHEL_3) && says_as(f, THIRD, 1, also_there, RHEL_4));
}

/* At most three threads hang, however many servers do. */
static void
test_many_hang(Fixture *f, gconstpointer data)
{
    enum { SERVERS = 6 };
    char *paths[SERVERS];
    char *uuids[SERVERS];
    source->stop(f->self);
    start(f, 1);
    for (guint i = 0; i < SERVERS; i++) {
        g_autofree char *server = g_strdup_printf("%s/server-%u", f->folder, i);
        g_assert_cmpint(g_mkdir(server, 0700), ==, 0);
        paths[i] = g_build_filename(server, "serial.log", NULL);
        uuids[i] = g_strdup_printf("5b1a3c10-0000-4000-8000-%012u", i);
        print_to(paths[i], "w", RHEL_3 "\n");
        hang(paths[i]);
        g_assert_true(says_as(f, uuids[i], 1, paths[i], NULL));
    }
    wait_until(count_hanging() == 3);
    let_pass(1500);
    g_assert_cmpuint(count_hanging(), ==, 3);
    g_assert_cmpuint(xpv_workers_count_abandoned(), ==, 2);
    g_assert_true(source->is_settled(f->self));
    release();
    for (guint i = 0; i < SERVERS; i++) {
        wait_until(says_as(f, uuids[i], 1, paths[i], RHEL_3));
        g_free(uuids[i]);
        g_free(paths[i]);
    }
    log_drop(G_LOG_LEVEL_WARNING, "*: reading it takes longer than 1 s; trying again *");
}

static void
test_ends_while_reading(Fixture *f, gconstpointer data)
{
    begin_with(f, RHEL_3 "\n");
    hang(f->path);
    g_assert_true(says(f, NULL));
    wait_until(count_hanging() == 1);
    source->stop(g_steal_pointer(&f->self));
}

static void
on_any_changed(const char *uuid, gpointer data)
{
}

static void
test_remote(Fixture *f, gconstpointer data)
{
    XpvReportContext remote = { .config_path = "/nonexistent/x", .changed = on_any_changed, .settled = on_settled };
    g_autoptr(XpvReports) reports = xpv_reports_new(&remote);
    XpvDomainXml xml = { .uuid = (char *)UUID, .name = (char *)"erp", .id = 1, .console_path = f->path };
    g_auto(XpvReported) reported = { 0 };
    begin_with(f, RHEL_3 "\n");
    xpv_reports_ask(reports, &xml, &reported);
    g_assert_null(reported.report);
    g_assert_true(xpv_reports_are_settled(reports));
    xpv_reports_reload(reports);
    xpv_reports_forget(reports, UUID);
    settle();
    g_assert_cmpint(g_atomic_int_get(&n_reads), ==, 0);
}

static void
test_precedence(Fixture *f, gconstpointer data)
{
    XpvReportContext context = { .config_path = "/nonexistent/x",
                                 .runtime_directory = "/run/xenpv-compat-test",
                                 .is_local = TRUE,
                                 .changed = on_any_changed,
                                 .call_timeout = 60,
                                 .settled = on_settled,
                                 .data = f };
    g_autoptr(XpvReports) reports = xpv_reports_new(&context);
    XpvDomainXml xml = {
        .uuid = (char *)UUID, .name = (char *)"erp", .id = 1, .metadata_kernel = (char *)"metadata's"
    };
    g_auto(XpvReported) before = { 0 };
    g_auto(XpvReported) after = { 0 };
    begin_with(f, RHEL_3 "\n");
    xpv_reports_ask(reports, &xml, &before);
    g_assert_cmpstr(before.source, ==, "metadata");
    xml.console_path = f->path;
    xpv_reports_ask(reports, &xml, &after);
    while (!g_str_equal(after.source, "console")) {
        g_main_context_iteration(NULL, TRUE);
        xpv_reported_clear(&after);
        xpv_reports_ask(reports, &xml, &after);
    }
    g_assert_cmpstr(after.report, ==, RHEL_3);
    g_assert_true(after.is_live);
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
    log_keep();
    hanging = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    add("/report-console/there-at-start", test_there_at_start);
    add("/report-console/grows", test_grows);
    add("/report-console/appears-late", test_appears_late);
    add("/report-console/truncated", test_truncated);
    add("/report-console/rotated", test_rotated);
    add("/report-console/new-run", test_new_run);
    add("/report-console/new-run-while-reading", test_new_run_while_reading);
    add("/report-console/watches", test_watches);
    add("/report-console/neighbours", test_neighbours);
    add("/report-console/bounds", test_bounds);
    add("/report-console/gap", test_gap);
    add("/report-console/sparse", test_sparse);
    add("/report-console/flood", test_flood);
    add("/report-console/not-regular", test_not_regular);
    add("/report-console/told-once", test_told_once);
    add("/report-console/relative", test_relative);
    add("/report-console/folder-appears-late", test_folder_appears_late);
    add("/report-console/hangs", test_hangs);
    add("/report-console/many-hang", test_many_hang);
    add("/report-console/ends-while-reading", test_ends_while_reading);
    add("/report-console/remote", test_remote);
    add("/report-console/precedence", test_precedence);
    int status = g_test_run();
    g_hash_table_unref(hanging);
    return status;
}
