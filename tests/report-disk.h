/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disk source, with answers that the tests write, and the times in them. */
#pragma once

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

static inline void
on_changed(const char *uuid, gpointer data)
{
    Fixture *f = data;
    g_ptr_array_add(f->changed, g_strdup(uuid));
}

static inline void
set_disks_read(gboolean disks_read, gpointer data)
{
    Fixture *f = data;
    g_array_append_val(f->are_disks_read, disks_read);
}

static inline void
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

static inline void
stop(Fixture *f)
{
    settle();
    source->stop(g_steal_pointer(&f->self));
}

static inline void
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

static inline void
remove_tree(const char *path)
{
    const char *const argv[] = { "rm", "-rf", path, NULL };
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

static inline void
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

static inline XpvDomainXml *
domain_new(const char *uuid, gint id, const char *path, const char *bus)
{
    XpvDomainXml *xml = g_new0(XpvDomainXml, 1);
    xml->uuid = xpv_intern(uuid);
    xml->name = g_strdup("web51");
    xml->id = id;
    xml->virtualization = XPV_VIRTUALIZATION_HVM;
    xml->boots_from_disk = TRUE;
    xml->disks = xpv_domain_disks_new();
    if (path)
        g_ptr_array_add(xml->disks, xpv_domain_disk_new(path, "raw", "hda", bus));
    return xml;
}

static inline XpvReported
ask_xml(Fixture *f, const XpvDomainXml *xml, gint64 began)
{
    XpvReported reported = { .source = "", .run_began = began };
    source->ask(f->self, xml, &reported);
    return reported;
}

/* Asks about the domain of most tests, which has the disk DISK.
 * @began: from xenstore; 0: not known */
static inline XpvReported
ask(Fixture *f, gint id, gint64 began)
{
    g_autoptr(XpvDomainXml) xml = domain_new(UUID, id, DISK, "ide");
    return ask_xml(f, xml, began);
}

static inline void
expect_report(Fixture *f, gint id, gint64 began, const char *expected)
{
    g_auto(XpvReported) reported = ask(f, id, began);
    g_assert_cmpstr(reported.report, ==, expected);
    g_assert_false(reported.is_live);
}

/* Answers. */

static inline void
add_kernel(XpvInspection *inspection, const char *package, gboolean in_grub, gboolean is_default)
{
    XpvInspectionKernel *kernel = xpv_inspection_kernel_new(package, "", "i686");
    kernel->in_grub = in_grub;
    kernel->is_default = is_default;
    g_ptr_array_add(inspection->kernels, kernel);
}

/* Makes an answer to the last request, with two kernels in GRUB and one that is not.
 * @default_kernel: "": there are no kernels at all */
static inline XpvInspection *
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

static inline XpvInspection *
unreadable_new(gint64 inspected_at)
{
    XpvInspection *unreadable = answer_new("", inspected_at, 0);
    xpv_inspection_add_error(unreadable, "partition 1: its file system is XFS");
    return unreadable;
}

static inline void
write_answer(Fixture *f, const char *uuid, const char *text, gssize length)
{
    g_autofree char *path = g_build_filename(f->answers, uuid, NULL);
    g_autofree char *unfinished = g_strdup_printf("%s/.%s", f->answers, uuid);
    g_assert_true(g_file_set_contents(unfinished, text, length, NULL));
    g_assert_cmpint(g_rename(unfinished, path), ==, 0);
}

/* Returns once there have been @n changes in all. */
static inline void
wait_changed(Fixture *f, guint n)
{
    wait_until(f->changed->len >= n);
    g_assert_cmpuint(f->changed->len, ==, n);
}

/* Writes an answer, and returns once it is noticed. @answer: (transfer full) */
static inline void
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
static inline char *
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
static inline void
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

static inline void
expect_no_request(Fixture *f)
{
    g_autofree char *text = take_request(f, UUID);
    g_assert_cmpstr(text, ==, NULL);
}

static inline void
expect_disks_read(Fixture *f, guint n, gboolean last)
{
    wait_until(f->are_disks_read->len >= n);
    g_assert_cmpuint(f->are_disks_read->len, ==, n);
    g_assert_cmpint(g_array_index(f->are_disks_read, gboolean, n - 1), ==, last);
}
