/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The published properties of a domain: every member, the cleaned texts, the shared sentences, and the object path. */
#include "common/domain.h"

#include "common/names.h"
#include "tests/expect.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define NOW G_GUINT64_CONSTANT(1700000000000000)
#define PATH XPV_DOMAIN_PREFIX "/_5b1a3c10_0000_4000_8000_000000000001"

static const XpvHost x86_64_intel = { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 };

/* Makes a running domain whose guest reports a kernel. */
static XpvDomain *
make(const char *name, const char *report_text, const XpvDomain *previous)
{
    g_autoptr(XpvReport) report = report_text ? xpv_report_parse(report_text, -1) : NULL;
    XpvGuest guest = { .uuid = UUID, .id = 3, .virtualization = XPV_VIRTUALIZATION_HVM, .report = report };
    XpvDomainStatus status = { .name = name, .state = "running", .kernel_source = report ? "file" : "", .now = NOW };
    g_autoptr(XpvJudgement) judgement = xpv_judge(&x86_64_intel, &guest);
    return xpv_domain_new(&status, &guest, judgement, previous);
}

static void
expect_list(const char *const *words, const char *joined)
{
    g_autofree char *got = g_strjoinv(" ", (char **)words);
    g_assert_cmpstr(got, ==, joined);
}

static void
test_members(void)
{
    g_autoptr(XpvReport) report = xpv_report_parse("kernel-smp-2.4.21-50.EL.i686\n", -1);
    XpvGuest guest = {
        .uuid = UUID,
        .id = 7,
        .virtualization = XPV_VIRTUALIZATION_HVM,
        .report = report,
        .boot_disk_paravirtualized = TRUE,
        .disk_drivers = XPV_DRIVERS_INACTIVE,
        .network_drivers = XPV_DRIVERS_ACTIVE,
    };
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    g_ptr_array_add(inspection->kernels, xpv_inspection_kernel_new("kernel-smp-2.4.21-50.EL.i686", "", ""));
    g_ptr_array_add(inspection->kernels, xpv_inspection_kernel_new("", "2.4.21-4.EL", "")); /* of no package */
    g_ptr_array_add(inspection->kernels, xpv_inspection_kernel_new("kernel-2.4.21-50.EL.i686", "", ""));
    g_ptr_array_add(inspection->driver_packages, g_strdup("kmod-xenpv-smp-0.1-9.i686"));
    inspection->inspected_at = 1700000000;
    XpvDomainStatus status = { "guest", "paused", "metadata", TRUE, TRUE, NOW, inspection };
    g_autoptr(XpvJudgement) judgement = xpv_judge(&x86_64_intel, &guest);
    g_autoptr(XpvDomain) domain = xpv_domain_new(&status, &guest, judgement, NULL);

    g_assert_cmpstr(domain->uuid, ==, UUID);
    g_assert_cmpstr(domain->name, ==, "guest");
    g_assert_cmpint(domain->id, ==, 7);
    g_assert_cmpstr(domain->state, ==, "paused");
    g_assert_cmpstr(domain->virtualization, ==, "hvm");
    g_assert_cmpstr(domain->kernel, ==, "kernel-smp-2.4.21-50.EL.i686");
    g_assert_cmpstr(domain->kernel_source, ==, "metadata");
    g_assert_cmpstr(domain->release, ==, "3.9");
    g_assert_cmpstr(domain->variant, ==, "i686-SMP");
    g_assert_cmpstr(domain->processor, ==, "intel");
    expect_list(domain->required_host_architectures, "i686");
    g_assert_cmpstr(domain->verdict, ==, "incompatible");
    expect_list(domain->reasons, "host-architecture-mismatch");
    expect_list(domain->warnings, "guide-disagrees boot-disk-paravirtualized drivers-active-unsupported");
    g_assert_cmpstr(domain->explanation, ==, judgement->explanation);
    g_assert_cmpstr(domain->remedy, ==, judgement->remedy);
    g_assert_cmpstr(domain->driver_source, ==, "kmod-xenpv");
    g_assert_cmpstr(domain->drivers, ==, "active");
    g_assert_cmpstr(domain->disk_drivers, ==, "inactive");
    g_assert_cmpstr(domain->network_drivers, ==, "active");
    expect_list((const char **)domain->installed_kernels, "kernel-smp-2.4.21-50.EL.i686 kernel-2.4.21-50.EL.i686");
    expect_list((const char **)domain->driver_packages, "kmod-xenpv-smp-0.1-9.i686");
    g_assert_cmpuint(domain->inspected_at, ==, G_GUINT64_CONSTANT(1700000000000000));
    g_assert_true(domain->acknowledged);
    g_assert_true(domain->stale);
    g_assert_cmpuint(domain->changed_at, ==, NOW);
}

/* No member is NULL when nothing is known. */
static void
test_nothing_known(void)
{
    g_autoptr(XpvDomain) domain = make("", NULL, NULL);
    const char *const texts[] = { domain->name,    domain->kernel,    domain->kernel_source, domain->release,
                                  domain->variant, domain->processor, domain->driver_source };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_assert_cmpstr(texts[i], ==, "");
    g_assert_cmpstr(domain->drivers, ==, "unknown");
    g_assert_cmpstr(domain->disk_drivers, ==, "unknown");
    g_assert_cmpstr(domain->network_drivers, ==, "unknown");
    g_assert_cmpstr(domain->verdict, ==, "unknown");
    expect_list(domain->required_host_architectures, "");
    expect_list(domain->warnings, "");
    expect_list((const char **)domain->installed_kernels, "");
    expect_list((const char **)domain->driver_packages, "");
    g_assert_cmpuint(domain->inspected_at, ==, 0);
    expect_list(domain->reasons, "kernel-not-reported");
    g_assert_cmpuint(strlen(domain->explanation), >, 0);
}

static void
test_changed_at(void)
{
    g_autoptr(XpvDomain) first = make("guest", "2.6.18-8.el5PAE", NULL);
    first->changed_at = 12345;
    g_autoptr(XpvDomain) other_reason = make("other", "kernel-debug-2.6.18-398.el5.i686", first);
    g_assert_cmpstr(other_reason->verdict, ==, first->verdict);
    g_assert_cmpuint(other_reason->changed_at, ==, 12345);
    g_autoptr(XpvDomain) compatible = make("guest", "2.6.18-398.el5PAE", other_reason);
    g_assert_cmpuint(compatible->changed_at, ==, NOW);
}

static void
test_name_is_cleaned(void)
{
    static const struct {
        const char *name, *published;
    } cases[] = {
        { "guest", "guest" },
        { " with blanks ", "with blanks" },
        { "two\nlines\t\x1b[31mred\x7f", "two lines[31mred" },
        { "\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd" },
        { "cut\xc3", "cut\xef\xbf\xbd" },
        { "\xef\xb7\x90", "\xef\xbf\xbd" },                         /* U+FDD0; those below are noncharacters too */
        { "\xef\xb7\xaf", "\xef\xbf\xbd" },                         /* U+FDEF */
        { "\xef\xbf\xbe", "\xef\xbf\xbd" },                         /* U+FFFE */
        { "\xf0\x9f\xbf\xbf", "\xef\xbf\xbd" },                     /* U+1FFFF */
        { "\xf4\x8f\xbf\xbf", "\xef\xbf\xbd" },                     /* U+10FFFF */
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
        { "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },                 /* U+1F427, a penguin */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvDomain) domain = make(cases[i].name, NULL, NULL);
        expect(cases[i].name, domain->name, cases[i].published);
        expect_true(cases[i].name, is_publishable(domain->name), "publishable");
    }

    g_autofree char *name = g_strnfill(100000, 'x'); /* a name is not cut: admins find the domain by it */
    g_autoptr(XpvDomain) domain = make(name, NULL, NULL);
    g_assert_cmpstr(domain->name, ==, name);
}

static void
test_hostile_reports(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20080612);
    for (guint i = 0; i < 5000; i++) {
        gsize length;
        g_autofree char *hostile = hostile_report(rand, &length);
        g_autoptr(XpvDomain) domain = make(hostile, hostile, NULL);
        expect_true(hostile, is_publishable(domain->name), "the name publishable");
        expect_true(hostile, is_publishable(domain->kernel), "the report publishable");
        expect_true(hostile, g_utf8_strlen(domain->kernel, -1) <= XPV_TEXT_PUBLISHED_MAX, "the report cut");
        expect_true(hostile, is_publishable(domain->release), "the release publishable");
        expect_true(hostile, is_publishable(domain->explanation), "the explanation publishable");
        expect_true(hostile, is_publishable(domain->remedy), "the remedy publishable");
    }
}

/* Domains with the same sentence share one copy of it. */
static void
test_sentences_are_shared(void)
{
    g_autoptr(XpvDomain) a = make("a", "2.6.18-8.el5PAE", NULL);
    g_autoptr(XpvDomain) b = make("b", "2.6.18-8.el5PAE", NULL);
    g_assert_true(a->explanation == b->explanation);
    g_assert_true(a->remedy == b->remedy);
    g_assert_true(a->release == b->release);
    g_clear_pointer(&a, xpv_domain_free);
    g_assert_cmpstr(b->explanation, !=, "");
    g_assert_cmpstr(b->remedy, !=, "");
}

static void
test_path(void)
{
    static const char *const uuids[] = { UUID, XPV_NIL_UUID, "ffffffff-ffff-ffff-ffff-ffffffffffff" };
    g_autofree char *path = xpv_domain_path(UUID);
    g_assert_cmpstr(path, ==, PATH);
    for (guint i = 0; i < G_N_ELEMENTS(uuids); i++) {
        g_autofree char *there = xpv_domain_path(uuids[i]);
        g_autofree char *back = xpv_domain_uuid_from_path(there);
        expect(uuids[i], back, uuids[i]);
    }

    static const char *const others[] = {
        "/", XPV_ROOT_PATH, XPV_DOMAIN_PREFIX, XPV_DOMAIN_PREFIX "/", XPV_DOMAIN_PREFIX "/5b1a3c10", "", "x" PATH,
    };
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *uuid = xpv_domain_uuid_from_path(others[i]);
        expect_true(others[i], !uuid, "no domain's");
    }
}

static void
test_free(void)
{
    xpv_domain_free(NULL);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain/members", test_members);
    g_test_add_func("/domain/nothing-known", test_nothing_known);
    g_test_add_func("/domain/changed-at", test_changed_at);
    g_test_add_func("/domain/name-is-cleaned", test_name_is_cleaned);
    g_test_add_func("/domain/hostile-reports", test_hostile_reports);
    g_test_add_func("/domain/sentences-are-shared", test_sentences_are_shared);
    g_test_add_func("/domain/path", test_path);
    g_test_add_func("/domain/free", test_free);
    return g_test_run();
}
