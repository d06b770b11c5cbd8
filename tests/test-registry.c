/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry: which changes it reports, what it keeps, and when it judges again. */
#include "daemon/registry.h"

#include <glib/gstdio.h>

#include "daemon/worker.h"
#include "tests/expect.h"
#include "tests/loop.h"

#define COMPATIBLE "2.6.18-398.el5PAE"
#define INCOMPATIBLE "2.6.18-8.el5PAE"

/* Longer than any test takes. */
#define LONG_GRACE 3600

typedef struct {
    char *folder;
    XpvReports *reports;
    XpvRegistry *registry;
    GPtrArray *told; /* of char *: the changes that it reported, in words */
} Fixture;

static const XpvHost x86_64_host = { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 11 };
static const XpvHost ia64_host = { "Xen", XPV_ARCH_IA64, XPV_PROCESSOR_UNKNOWN, 11 };

static char *
uuid_of(guint number)
{
    return g_strdup_printf("5b1a3c10-0000-4000-8000-%012u", number);
}

/* Returns: "name verdict(reasons)", and " stale" if it is */
static char *
describe(const XpvDomain *domain)
{
    if (!domain)
        return g_strdup("-");
    g_autofree char *reasons = g_strjoinv(" ", (char **)domain->reasons);
    return g_strdup_printf("%s %s(%s)%s", domain->name, domain->verdict, reasons, domain->stale ? " stale" : "");
}

/* At each reported change, the counts are those of the domains that exist. */
static void
expect_counts(Fixture *f, const XpvDomain *leaving)
{
    guint32 expected[XPV_VERDICT_MAX] = { 0 };
    g_autoptr(GPtrArray) domains = xpv_registry_list(f->registry);
    for (guint i = 0; i < domains->len; i++) {
        const XpvDomain *domain = domains->pdata[i];
        XpvVerdict verdict;
        g_assert_true(xpv_verdict_from_word(domain->verdict, &verdict));
        expected[verdict] += domain != leaving;
    }
    const guint32 *counts = xpv_registry_get_counts(f->registry);
    for (guint i = 0; i < XPV_VERDICT_MAX; i++)
        g_assert_cmpuint(counts[i], ==, expected[i]);
}

static void
on_changed(const XpvDomain *before, const XpvDomain *after, gpointer data)
{
    Fixture *f = data;
    const XpvDomain *there = after ? after : before;
    g_autofree char *was = describe(before);
    g_autofree char *is = describe(after);
    g_assert_true(before || after);
    g_assert_true(before != after);
    g_assert_true(xpv_registry_lookup(f->registry, there->uuid) == there);
    expect_counts(f, after ? NULL : before);
    g_ptr_array_add(f->told, g_strdup_printf("%s > %s", was, is));
}

static void
on_report_changed(const char *uuid, gpointer data)
{
    Fixture *f = data;
    xpv_registry_judge(f->registry, uuid);
}

static void
on_settled(gpointer data)
{
}

static void
begin(Fixture *f, const XpvHost *host, guint grace, gboolean is_local)
{
    g_autofree char *config = g_build_filename(f->folder, "xenpv-compatd.conf", NULL);
    XpvReportContext context = {
        .config_path = config,
        .runtime_directory = "/run/xenpv-compat-test",
        .is_local = is_local,
        .disk_prefix = is_local ? "" : NULL,
        .changed = on_report_changed,
        .settled = on_settled,
        .data = f,
        .call_timeout = 30,
    };
    f->reports = xpv_reports_new(&context);
    f->registry = xpv_registry_new(host, f->reports, grace, on_changed, f);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    f->told = g_ptr_array_new_with_free_func(g_free);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    expect_counts(f, NULL);
    g_assert_cmpuint(f->told->len, ==, 0);
    xpv_registry_free(f->registry);
    g_assert_null(g_main_context_find_source_by_user_data(NULL, f->registry)); /* no timer outlives it */
    xpv_reports_free(f->reports);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    settle();
    g_autofree char *kernels = g_build_filename(f->folder, "kernels.conf", NULL);
    g_unlink(kernels);
    g_assert_cmpint(g_rmdir(f->folder), ==, 0);
    g_free(f->folder);
    g_ptr_array_unref(f->told);
}

/* expect_told: the changes since the last call are these, in this order; NULL-terminated. */
static G_GNUC_NULL_TERMINATED void
expect_told(Fixture *f, const char *first, ...)
{
    va_list list;
    g_autoptr(GPtrArray) expected = g_ptr_array_new();
    va_start(list, first);
    for (const char *line = first; line; line = va_arg(list, const char *))
        g_ptr_array_add(expected, (gpointer)line);
    va_end(list);
    g_ptr_array_add(expected, NULL);
    g_ptr_array_add(f->told, NULL);
    g_autofree char *got = g_strjoinv("\n", (char **)f->told->pdata);
    g_autofree char *wanted = g_strjoinv("\n", (char **)expected->pdata);
    g_assert_cmpstr(got, ==, wanted);
    g_ptr_array_set_size(f->told, 0);
}

static void
expect_silence(Fixture *f)
{
    expect_told(f, NULL, NULL);
}

/* Makes the XML of a domain. @kernel: of its metadata */
static XpvDomainXml *
make_xml(guint number, const char *name, gint id, const char *kernel)
{
    XpvDomainXml *xml = g_new0(XpvDomainXml, 1);
    g_autofree char *uuid = uuid_of(number);
    xml->uuid = xpv_intern(uuid);
    xml->name = g_strdup(name);
    xml->id = id;
    xml->virtualization = XPV_VIRTUALIZATION_HVM;
    xml->metadata_kernel = xpv_intern(kernel);
    return xml;
}

static void
update(Fixture *f, guint number, const char *name, gint id, const char *kernel)
{
    xpv_registry_update(f->registry, make_xml(number, name, id, kernel), id < 0 ? "shut-off" : "running");
}

static void
add_pending(Fixture *f, guint number, const char *name, gint id)
{
    g_autofree char *uuid = uuid_of(number);
    xpv_registry_add_pending(f->registry, uuid, name, id);
}

static const XpvDomain *
lookup(Fixture *f, guint number)
{
    g_autofree char *uuid = uuid_of(number);
    return xpv_registry_lookup(f->registry, uuid);
}

static void
set_stale(Fixture *f, guint number)
{
    g_autofree char *uuid = uuid_of(number);
    xpv_registry_set_stale(f->registry, uuid);
}

static void
remove_domain(Fixture *f, guint number)
{
    g_autofree char *uuid = uuid_of(number);
    xpv_registry_remove(f->registry, uuid);
}

/* Passes a list that has the domains 1 to @n. */
static void
prune_to_first(Fixture *f, guint n)
{
    g_autoptr(GHashTable) uuids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint number = 1; number <= n; number++)
        g_hash_table_add(uuids, uuid_of(number));
    xpv_registry_prune(f->registry, uuids);
}

static void
test_life(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    g_assert_null(lookup(f, 1));

    update(f, 1, "guest", -1, NULL);
    expect_told(f, "- > guest unknown(kernel-not-reported)", NULL);
    update(f, 1, "guest", 3, NULL);
    expect_told(f, "guest unknown(kernel-not-reported) > guest unknown(kernel-pending)", NULL);
    update(f, 1, "guest", 3, COMPATIBLE);
    expect_told(f, "guest unknown(kernel-pending) > guest compatible()", NULL);
    g_assert_cmpstr(lookup(f, 1)->state, ==, "running");
    g_assert_cmpint(lookup(f, 1)->id, ==, 3);
    update(f, 1, "guest", 3, INCOMPATIBLE);
    expect_told(f, "guest compatible() > guest incompatible(guest-release-unsupported)", NULL);
    remove_domain(f, 1);
    expect_told(f, "guest incompatible(guest-release-unsupported) > -", NULL);
    g_assert_null(lookup(f, 1));
    remove_domain(f, 1);
    expect_silence(f);
}

static void
test_rename(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    update(f, 1, "old", -1, COMPATIBLE);
    update(f, 2, "other", -1, COMPATIBLE);
    guint64 changed_at = lookup(f, 1)->changed_at;
    update(f, 1, "new", -1, COMPATIBLE);
    expect_told(f, "- > old compatible()", "- > other compatible()", "old compatible() > new compatible()", NULL);
    g_assert_null(xpv_registry_find(f->registry, "old"));
    g_assert_true(xpv_registry_find(f->registry, "new") == lookup(f, 1));
    g_assert_cmpuint(lookup(f, 1)->changed_at, ==, changed_at);

    /* Its old name may go to another domain at once, and that one may be read before it. */
    update(f, 2, "new", -1, COMPATIBLE);
    update(f, 1, "newer", -1, COMPATIBLE);
    g_ptr_array_set_size(f->told, 0);
    g_assert_true(xpv_registry_find(f->registry, "new") == lookup(f, 2));
    g_assert_true(xpv_registry_find(f->registry, "newer") == lookup(f, 1));
}

static void
test_find(Fixture *f, gconstpointer data)
{
    g_autofree char *uuid = uuid_of(1);
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    update(f, 1, "first", -1, NULL);
    update(f, 2, uuid, -1, NULL); /* its name is the other's UUID */
    update(f, 3, "na\nme", -1, NULL);
    update(f, 10, "UPPER", -1, NULL);
    g_ptr_array_set_size(f->told, 0);

    g_assert_true(xpv_registry_find(f->registry, "first") == lookup(f, 1));
    g_assert_true(xpv_registry_find(f->registry, uuid) == lookup(f, 2));
    g_assert_true(xpv_registry_find(f->registry, "na me") == lookup(f, 3)); /* the published name */
    g_assert_true(xpv_registry_find(f->registry, "5B1A3C10-0000-4000-8000-000000000003") == lookup(f, 3));
    g_assert_true(xpv_registry_find(f->registry, "UPPER") == lookup(f, 10));
    g_assert_null(xpv_registry_find(f->registry, "upper"));
    g_assert_null(xpv_registry_find(f->registry, "5b1a3c10"));
    g_assert_null(xpv_registry_find(f->registry, ""));
    remove_domain(f, 2);
    g_ptr_array_set_size(f->told, 0);
    g_assert_true(xpv_registry_find(f->registry, uuid) == lookup(f, 1));
}

static void
age(const XpvDomain *domain)
{
    ((XpvDomain *)domain)->changed_at = 1;
}

static void
test_changed_at(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    update(f, 1, "guest", -1, NULL);
    age(lookup(f, 1));
    update(f, 1, "other", 4, NULL); /* name, id, state and reason change */
    set_stale(f, 1);
    update(f, 1, "guest", 4, "gibberish");
    g_assert_cmpstr(lookup(f, 1)->verdict, ==, "unknown");
    g_assert_cmpuint(lookup(f, 1)->changed_at, ==, 1);

    guint64 now = (guint64)g_get_real_time();
    update(f, 1, "guest", 4, COMPATIBLE);
    g_assert_cmpuint(lookup(f, 1)->changed_at, >=, now);
    age(lookup(f, 1));
    update(f, 1, "guest", 4, "kernel-2.6.18-53.el5.x86_64");
    g_assert_cmpuint(lookup(f, 1)->changed_at, ==, 1);
    xpv_registry_set_host(f->registry, &ia64_host);
    g_assert_cmpuint(lookup(f, 1)->changed_at, >=, now);
    g_ptr_array_set_size(f->told, 0);
}

static void
test_grace_ends(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, 1, FALSE);
    update(f, 1, "silent", 1, NULL);
    update(f, 2, "off", -1, NULL);
    update(f, 3, "talks", 3, COMPATIBLE);
    gint64 started = g_get_monotonic_time();
    g_assert_cmpstr(lookup(f, 1)->reasons[0], ==, "kernel-pending");
    wait_until(g_str_equal(lookup(f, 1)->reasons[0], "kernel-not-reported"));
    g_assert_cmpint(g_get_monotonic_time() - started, >=, G_USEC_PER_SEC / 2);
    g_ptr_array_set_size(f->told, 0);

    /* Reading the same run again does not restart its grace time. */
    update(f, 1, "silent", 1, NULL);
    expect_told(f, "silent unknown(kernel-not-reported) > silent unknown(kernel-not-reported)", NULL);
}

static void
test_new_run_has_grace_again(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, 1, FALSE);
    update(f, 1, "guest", 1, NULL);
    wait_until(g_str_equal(lookup(f, 1)->reasons[0], "kernel-not-reported"));
    update(f, 1, "guest", 2, NULL); /* under libxl, a reboot gives a new id */
    g_assert_cmpstr(lookup(f, 1)->reasons[0], ==, "kernel-pending");
    wait_until(g_str_equal(lookup(f, 1)->reasons[0], "kernel-not-reported"));
    update(f, 1, "guest", -1, NULL);
    update(f, 1, "guest", 2, NULL);
    g_assert_cmpstr(lookup(f, 1)->reasons[0], ==, "kernel-pending");
    g_ptr_array_set_size(f->told, 0);
}

/* One timer serves runs that began at different times. */
static void
test_each_run_has_its_own_grace(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, 1, FALSE);
    update(f, 1, "first", 1, NULL);
    let_pass(300);
    update(f, 2, "second", 2, NULL);
    wait_until(g_str_equal(lookup(f, 1)->reasons[0], "kernel-not-reported"));
    wait_until(g_str_equal(lookup(f, 2)->reasons[0], "kernel-not-reported"));
    g_ptr_array_set_size(f->told, 0);
}

static void
test_no_grace(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, 0, FALSE);
    update(f, 1, "guest", 1, NULL);
    expect_told(f, "- > guest unknown(kernel-not-reported)", NULL);
}

static void
test_set_grace(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    update(f, 1, "silent", 1, NULL);
    update(f, 2, "off", -1, NULL);
    g_ptr_array_set_size(f->told, 0);
    xpv_registry_set_grace(f->registry, LONG_GRACE / 2);
    expect_silence(f);
    xpv_registry_set_grace(f->registry, 0);
    expect_told(f, "silent unknown(kernel-pending) > silent unknown(kernel-not-reported)", NULL);

    xpv_registry_set_grace(f->registry, LONG_GRACE);
    expect_told(f, "silent unknown(kernel-not-reported) > silent unknown(kernel-pending)", NULL);
    update(f, 3, "third", 3, NULL);
    g_assert_cmpstr(lookup(f, 3)->reasons[0], ==, "kernel-pending");
    xpv_registry_set_grace(f->registry, 1);
    wait_until(g_str_equal(lookup(f, 3)->reasons[0], "kernel-not-reported"));
    g_ptr_array_set_size(f->told, 0);
}

static void
test_set_host(Fixture *f, gconstpointer data)
{
    char hypervisor[] = "Xen";
    XpvHost unknown = { hypervisor, XPV_ARCH_UNKNOWN, XPV_PROCESSOR_UNKNOWN, -1 };
    begin(f, &unknown, LONG_GRACE, FALSE);
    memset(hypervisor, 'x', sizeof hypervisor - 1); /* the registry has a copy */
    update(f, 1, "guest", -1, "kernel-2.6.18-398.el5.x86_64");
    expect_told(f, "- > guest unknown(host-unknown)", NULL);
    update(f, 2, "silent", -1, NULL);
    expect_told(f, "- > silent unknown(kernel-not-reported)", NULL);

    xpv_registry_set_host(f->registry, &x86_64_host);
    g_assert_cmpuint(f->told->len, ==, 2);
    g_ptr_array_set_size(f->told, 0);
    g_assert_cmpstr(lookup(f, 1)->verdict, ==, "compatible");
    xpv_registry_set_host(f->registry, &ia64_host);
    g_assert_cmpstr(lookup(f, 1)->verdict, ==, "incompatible");
    XpvHost other = { "QEMU", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 11 };
    xpv_registry_set_host(f->registry, &other);
    g_assert_cmpstr(lookup(f, 1)->reasons[0], ==, "not-xen");
    g_assert_cmpstr(lookup(f, 2)->reasons[0], ==, "not-xen");
    g_ptr_array_set_size(f->told, 0);
}

static void
test_stale(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    update(f, 1, "guest", 1, COMPATIBLE);
    expect_told(f, "- > guest compatible()", NULL);
    set_stale(f, 1);
    expect_told(f, "guest compatible() > guest compatible() stale", NULL);
    set_stale(f, 1);
    expect_silence(f);
    update(f, 1, "guest", 1, COMPATIBLE);
    expect_told(f, "guest compatible() stale > guest compatible()", NULL);
    set_stale(f, 2);
    expect_silence(f);
}

/* A domain that is listed but cannot be read is published with the facts from the list. */
static void
test_unread(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, 0, FALSE);
    add_pending(f, 1, "listed", 5);
    add_pending(f, 2, "other", -1);
    expect_silence(f);
    g_assert_null(lookup(f, 1));

    set_stale(f, 1);
    expect_told(f, "- > listed unknown(kernel-not-reported) stale", NULL);
    g_assert_cmpint(lookup(f, 1)->id, ==, 5);
    g_assert_cmpstr(lookup(f, 1)->state, ==, "no-state");
    g_assert_cmpstr(lookup(f, 1)->kernel_source, ==, "");
    update(f, 1, "listed", 5, COMPATIBLE);
    expect_told(f, "listed unknown(kernel-not-reported) stale > listed compatible()", NULL);

    /* Once it has been read, the facts from the list are not used again. */
    update(f, 2, "other", -1, COMPATIBLE);
    remove_domain(f, 2);
    set_stale(f, 2);
    expect_told(f, "- > other compatible()", "other compatible() > -", NULL);
    add_pending(f, 1, "renamed", 5);
    expect_silence(f);
    g_assert_cmpstr(lookup(f, 1)->name, ==, "listed");
}

/* It is not known whether it needs drivers at all, or whether its metadata acknowledge it: it gets no verdict that
 * could alert. */
static void
test_unread_is_not_judged(Fixture *f, gconstpointer data)
{
    g_autofree char *kernels = g_build_filename(f->folder, "kernels.conf", NULL);
    g_assert_true(g_file_set_contents(kernels, "[Kernels]\nlisted=" INCOMPATIBLE "\n", -1, NULL));
    begin(f, &x86_64_host, 0, FALSE);
    add_pending(f, 1, "listed", 5);
    set_stale(f, 1);
    expect_told(f, "- > listed unknown(kernel-not-reported) stale", NULL);
    update(f, 1, "listed", 5, NULL);
    expect_told(f, "listed unknown(kernel-not-reported) stale > listed incompatible(guest-release-unsupported)", NULL);
}

/* A domain that goes before it is read does not come back when a reading fails later. */
static void
test_unread_and_gone(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, 0, FALSE);
    add_pending(f, 1, "first", 1);
    add_pending(f, 2, "second", 2);
    remove_domain(f, 2);
    set_stale(f, 2);
    expect_silence(f);

    add_pending(f, 2, "second", 2);
    prune_to_first(f, 1);
    set_stale(f, 2);
    expect_silence(f);
    set_stale(f, 1);
    expect_told(f, "- > first unknown(kernel-not-reported) stale", NULL);
}

static void
test_prune(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    update(f, 1, "listed", -1, NULL);
    update(f, 2, "gone", -1, NULL);
    update(f, 3, "gone too", -1, NULL);
    add_pending(f, 4, "unread", -1);
    set_stale(f, 4);
    g_ptr_array_set_size(f->told, 0);

    prune_to_first(f, 1);
    g_assert_cmpuint(f->told->len, ==, 3);
    for (guint number = 1; number <= 4; number++)
        g_assert_cmpint(lookup(f, number) != NULL, ==, number == 1);
    g_ptr_array_set_size(f->told, 0);
    prune_to_first(f, 0);
    expect_told(f, "listed unknown(kernel-not-reported) > -", NULL);
}

static void
test_list(Fixture *f, gconstpointer data)
{
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    g_autoptr(GPtrArray) none = xpv_registry_list(f->registry);
    g_assert_cmpuint(none->len, ==, 0);
    for (guint number = 1; number <= 100; number++)
        update(f, number, "guest", -1, number % 3 ? COMPATIBLE : INCOMPATIBLE);
    g_ptr_array_set_size(f->told, 0);

    g_autoptr(GPtrArray) domains = xpv_registry_list(f->registry);
    g_autoptr(GHashTable) uuids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < domains->len; i++)
        g_hash_table_add(uuids, ((XpvDomain *)domains->pdata[i])->uuid);
    g_assert_cmpuint(g_hash_table_size(uuids), ==, 100);
    const guint32 *counts = xpv_registry_get_counts(f->registry);
    g_assert_cmpuint(counts[XPV_VERDICT_COMPATIBLE], ==, 67);
    g_assert_cmpuint(counts[XPV_VERDICT_INCOMPATIBLE], ==, 33);
}

static void
expect_report(Fixture *f, const char *kernel, const char *source)
{
    g_assert_cmpstr(lookup(f, 1)->kernel, ==, kernel);
    g_assert_cmpstr(lookup(f, 1)->kernel_source, ==, source);
}

static void
update_reports(Fixture *f, const char *metadata, const char *boot)
{
    XpvDomainXml *xml = make_xml(1, "guest", 2000000000, metadata); /* no real domain has it */
    xml->boot_kernel = xpv_intern(boot);
    xpv_registry_update(f->registry, xml, "running");
}

static void
write_kernels(Fixture *f, const char *text)
{
    g_autofree char *path = g_build_filename(f->folder, "kernels.conf", NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* xenstore is the first source in the table. It is asked too, and finds no xenstored. */
static void
test_order_of_reports(Fixture *f, gconstpointer data)
{
    write_kernels(f, "[Kernels]\nguest=file's\n[Acknowledged]\nguest=true\n");
    begin(f, &x86_64_host, LONG_GRACE, TRUE);
    update_reports(f, "metadata's", "boot's");
    expect_report(f, "metadata's", "metadata");
    update_reports(f, NULL, "boot's");
    expect_report(f, "file's", "file");
    update_reports(f, " \n\x01", "boot's"); /* a blank report counts as none */
    expect_report(f, "file's", "file");
    g_assert_true(lookup(f, 1)->acknowledged); /* from any source */

    write_kernels(f, "[Kernels]\nguest=\n");
    wait_until(g_str_equal(lookup(f, 1)->kernel_source, "direct-boot"));
    expect_report(f, "boot's", "direct-boot");
    g_assert_false(lookup(f, 1)->acknowledged);
    update_reports(f, NULL, NULL);
    expect_report(f, "", "");
    g_assert_cmpstr(lookup(f, 1)->drivers, ==, "unknown");
    g_ptr_array_set_size(f->told, 0);
}

/* If a source of lower rank names a package exactly, a report that can mean it becomes exact. */
static void
test_exact_package(Fixture *f, gconstpointer data)
{
    static const XpvHost amd_host = { "Xen", XPV_ARCH_I686, XPV_PROCESSOR_AMD, 11 };
    write_kernels(f, "[Kernels]\nguest=kernel-2.4.21-50.EL.athlon\n");
    begin(f, &amd_host, LONG_GRACE, FALSE);
    update_reports(f, "2.4.21-50.EL i686", "vmlinuz-2.4.21-50.EL");
    expect_report(f, "2.4.21-50.EL i686", "metadata");
    g_assert_cmpstr(lookup(f, 1)->verdict, ==, "compatible");
    g_assert_cmpstr(lookup(f, 1)->variant, ==, "athlon");

    write_kernels(f, "[Kernels]\nguest=kernel-2.4.21-50.EL.i686\n");
    wait_until(g_str_equal(lookup(f, 1)->verdict, "incompatible"));
    write_kernels(f, "[Kernels]\nguest=2.4.21-50.EL\n");
    wait_until(g_str_equal(lookup(f, 1)->verdict, "unknown"));
    g_autofree char *blanks = g_strnfill(2 * XPV_REPORT_MAX, ' ');
    g_autofree char *long_report = g_strconcat("[Kernels]\nguest=\\s", blanks, "kernel-2.4.21-50.EL.i686\n", NULL);
    write_kernels(f, long_report); /* it is cut like any other report */
    xpv_reports_reload(f->reports);
    update_reports(f, "2.4.21-50.EL i686", NULL);
    g_assert_cmpstr(lookup(f, 1)->verdict, ==, "unknown");
    g_ptr_array_set_size(f->told, 0);
}

static void
test_judge(Fixture *f, gconstpointer data)
{
    g_autofree char *uuid = uuid_of(1);
    begin(f, &x86_64_host, LONG_GRACE, FALSE);
    update(f, 1, "first", -1, COMPATIBLE);
    update(f, 2, "second", -1, COMPATIBLE);
    g_ptr_array_set_size(f->told, 0);
    xpv_registry_judge(f->registry, uuid);
    expect_told(f, "first compatible() > first compatible()", NULL);
    xpv_registry_judge(f->registry, NULL);
    g_assert_cmpuint(f->told->len, ==, 2);
    g_ptr_array_set_size(f->told, 0);
    xpv_registry_judge(f->registry, XPV_NIL_UUID);
    expect_silence(f);
}

static void
add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char *argv[])
{
    g_setenv("XENSTORED_PATH", "/nonexistent/xenstored", TRUE);
    g_test_init(&argc, &argv, NULL);
    add("/registry/life", test_life);
    add("/registry/rename", test_rename);
    add("/registry/find", test_find);
    add("/registry/changed-at", test_changed_at);
    add("/registry/grace-ends", test_grace_ends);
    add("/registry/new-run-has-grace-again", test_new_run_has_grace_again);
    add("/registry/each-run-has-its-own-grace", test_each_run_has_its_own_grace);
    add("/registry/no-grace", test_no_grace);
    add("/registry/set-grace", test_set_grace);
    add("/registry/set-host", test_set_host);
    add("/registry/stale", test_stale);
    add("/registry/unread", test_unread);
    add("/registry/unread-is-not-judged", test_unread_is_not_judged);
    add("/registry/unread-and-gone", test_unread_and_gone);
    add("/registry/prune", test_prune);
    add("/registry/list", test_list);
    add("/registry/order-of-reports", test_order_of_reports);
    add("/registry/exact-package", test_exact_package);
    add("/registry/judge", test_judge);
    return g_test_run();
}
