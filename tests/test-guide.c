/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables, compared with the Guide's. */
#include "common/guide.h"
#include "tests/expect.h"

/* Tables 12.1, 12.2 and 12.3 as printed; and for RHEL 4 and 5, the hosts that the text of section 12.2 gives. */
static const struct {
    const char *name;
    XpvArch arch;
    guint flavours;
    const char *cells[3]; /* RHEL 3, 4, 5: "intel", "amd", "yes", or NULL for an empty cell */
    const char *hosts[3];
} rows[] = {
#define ONE XPV_BIT(XPV_FLAVOUR_NONE)
#define SMP XPV_BIT(XPV_FLAVOUR_SMP)
#define HUGEMEM XPV_BIT(XPV_FLAVOUR_HUGEMEM)
#define LARGESMP XPV_BIT(XPV_FLAVOUR_LARGESMP)
#define PAE XPV_BIT(XPV_FLAVOUR_PAE)
#define BOTH "i686 x86_64"
    { "athlon", XPV_ARCH_ATHLON, ONE, { "amd" }, { "i686" } },
    { "athlon-SMP", XPV_ARCH_ATHLON, SMP, { "amd" }, { "i686" } },
    { "ia32e", XPV_ARCH_IA32E, ONE | SMP, { "intel" }, { "x86_64" } },
    { "i686", XPV_ARCH_I686, ONE, { "intel", "yes", "yes" }, { "i686", BOTH, BOTH } },
    { "i686-PAE", XPV_ARCH_I686, PAE, { NULL, NULL, "yes" }, { NULL, NULL, BOTH } },
    { "i686-SMP", XPV_ARCH_I686, SMP, { "intel", "yes" }, { "i686", BOTH } },
    { "i686-HUGEMEM", XPV_ARCH_I686, HUGEMEM, { "intel", "yes" }, { "i686", BOTH } },
    { "x86_64", XPV_ARCH_X86_64, ONE, { "amd", "yes", "yes" }, { "x86_64", "x86_64", "x86_64" } },
    { "x86_64-SMP", XPV_ARCH_X86_64, SMP, { "amd", "yes" }, { "x86_64", "x86_64" } },
    { "x86_64-LARGESMP", XPV_ARCH_X86_64, LARGESMP, { NULL, "yes" }, { NULL, "x86_64" } },
    { "ia64", XPV_ARCH_IA64, ONE, { NULL, NULL, "yes" }, { NULL, NULL, "ia64" } },
};

static void
test_variants(void)
{
    guint n;
    const XpvVariant *variants = xpv_guide_variants(&n);
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(rows));

    for (guint i = 0; i < n; i++) {
        expect("row", variants[i].name, rows[i].name);
        g_assert_cmpuint(variants[i].arch, ==, rows[i].arch);
        g_assert_cmphex(variants[i].flavours, ==, rows[i].flavours);
        g_assert_cmphex(XPV_BIT(variants[i].package), ==, rows[i].flavours & -rows[i].flavours);

        for (guint major = 3; major <= 5; major++) {
            const char *cell = rows[i].cells[major - 3];
            const char *hosts = rows[i].hosts[major - 3];
            g_autofree char *input = g_strdup_printf("%s on RHEL %u", rows[i].name, major);
            g_autofree char *got_hosts =
                expect_words(xpv_archs_to_words(xpv_guide_required_hosts(&variants[i], major)), " ");
            const char *processor = xpv_processor_to_word(xpv_guide_processor(&variants[i], major));

            expect(input, xpv_guide_supports(&variants[i], major) ? "yes" : "empty", cell ? "yes" : "empty");
            expect(input, processor, cell && major == 3 ? cell : "");
            expect(input, got_hosts, hosts ? hosts : "-");
            if (cell) {
                const char *citation = xpv_guide_required_hosts_citation(&variants[i], major);
                const char *where = major > 3                    ? "section 12.2"
                                    : g_str_equal(cell, "intel") ? "table 12.2"
                                                                 : "table 12.3";
                expect_true(input, citation && strstr(citation, where), where);
            }
        }
    }
}

/* The tables cover RHEL 3, 4 and 5 only. */
static void
test_other_releases(void)
{
    static const guint majors[] = { 0, 2, 6, G_MAXUINT };
    guint n;
    const XpvVariant *variants = xpv_guide_variants(&n);
    for (guint i = 0; i < n; i++) {
        for (guint j = 0; j < G_N_ELEMENTS(majors); j++) {
            expect_true(variants[i].name, !xpv_guide_supports(&variants[i], majors[j]), "is of no other release");
            g_assert_cmpuint(xpv_guide_required_hosts(&variants[i], majors[j]), ==, 0);
        }
    }
}

/* Every package has the row that covers it, and no other. */
static void
test_variant_of_package(void)
{
    for (XpvArch arch = 0; arch < XPV_ARCH_MAX; arch++) {
        for (XpvFlavour flavour = 0; flavour < XPV_FLAVOUR_MAX; flavour++) {
            const char *expected = NULL;
            for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
                if (rows[i].arch == arch && (rows[i].flavours & XPV_BIT(flavour)))
                    expected = rows[i].name;
            }
            const XpvVariant *variant = xpv_guide_variant(arch, flavour);
            g_autofree char *input =
                g_strdup_printf("kernel-%s.%s", xpv_flavour_to_word(flavour), xpv_arch_to_word(arch));
            expect(input, variant ? variant->name : "none", expected ? expected : "none");
        }
    }
}

static const struct {
    guint major;
    const char *version;
    const char *dist;
    guint minimum;
    gint built_in;
    guint n;
    guint bases[12];
} releases[] = {
    { 3, "2.4.21", "EL", 9, -1, 10, { 4, 9, 15, 20, 27, 32, 37, 40, 47, 50 } },
    { 4, "2.6.9", "EL", 6, 7, 10, { 5, 11, 22, 34, 42, 55, 67, 78, 89, 100 } },
    { 5, "2.6.18", "el5", 1, 3, 12, { 8, 53, 92, 128, 164, 194, 238, 274, 308, 348, 371, 398 } },
};

static void
test_releases(void)
{
    guint n;
    const XpvRhel *rhels = xpv_guide_rhels(&n);
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(releases));

    for (guint i = 0; i < n; i++) {
        g_assert_true(xpv_guide_rhel(releases[i].major) == &rhels[i]);
        g_assert_cmpuint(rhels[i].major, ==, releases[i].major);
        g_assert_cmpstr(rhels[i].version, ==, releases[i].version);
        g_assert_cmpstr(rhels[i].dist, ==, releases[i].dist);
        g_assert_cmpuint(rhels[i].minimum_update, ==, releases[i].minimum);
        g_assert_cmpint(rhels[i].built_in_update, ==, releases[i].built_in);
        g_assert_cmpuint(rhels[i].n_bases, ==, releases[i].n);
        for (guint update = 0; update < releases[i].n; update++)
            g_assert_cmpuint(rhels[i].bases[update], ==, releases[i].bases[update]);
    }
    for (guint major = 0; major <= 7; major += major == 2 ? 4 : 1)
        g_assert_null(xpv_guide_rhel(major));
}

static void
test_update(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(releases); i++) {
        const XpvRhel *rhel = xpv_guide_rhel(releases[i].major);
        for (gint update = 0; update < (gint)releases[i].n; update++) {
            guint64 base = releases[i].bases[update];
            g_assert_cmpint(xpv_guide_update(rhel, base - 1), ==, update - 1);
            g_assert_cmpint(xpv_guide_update(rhel, base), ==, update);
            g_assert_cmpint(xpv_guide_update(rhel, base + 1), ==, update);
        }
        guint64 huge[] = { 438, 1000, G_MAXUINT32, G_GUINT64_CONSTANT(0x100000000), G_MAXINT64, G_MAXUINT64 };
        for (guint j = 0; j < G_N_ELEMENTS(huge); j++)
            g_assert_cmpint(xpv_guide_update(rhel, huge[j]), ==, (gint)releases[i].n - 1);
        g_assert_cmpint(xpv_guide_update(rhel, 0), ==, -1);
    }

    static const struct {
        guint major;
        guint64 first_number;
        gint update;
    } known[] = {
        { 3, 47, 8 }, { 3, 49, 8 }, { 3, 63, 9 }, { 4, 66, 5 }, { 4, 103, 9 }, { 5, 187, 4 }, { 5, 438, 11 }
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        g_assert_cmpint(xpv_guide_update(xpv_guide_rhel(known[i].major), known[i].first_number), ==, known[i].update);
}

static void
test_packages(void)
{
    static const struct {
        const char *flavour;
        const char *archs[3]; /* RHEL 3, 4, 5 */
    } packages[] = {
        { "", { "athlon i686 ia32e x86_64 ia64", "i686 x86_64 ia64", "i686 x86_64 ia64" } },
        { "smp", { "athlon i686 x86_64", "i686 x86_64", "-" } },
        { "hugemem", { "i686", "i686", "-" } },
        { "largesmp", { "-", "x86_64 ia64", "-" } },
        { "PAE", { "-", "-", "i686" } },
        { "xen", { "-", "-", "i686 x86_64 ia64" } },
        { "xenU", { "-", "i686 x86_64", "-" } },
        { "debug", { "-", "-", "i686 x86_64" } },
        { "kdump", { "-", "-", "-" } },
        { "BOOT", { "i386", "-", "-" } },
        { "uek", { "-", "-", "-" } },
        { "rt", { "-", "-", "-" } },
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(packages) == XPV_FLAVOUR_MAX);
    for (guint i = 0; i < G_N_ELEMENTS(packages); i++) {
        XpvFlavour flavour;
        g_assert_true(xpv_flavour_from_word(packages[i].flavour, &flavour));
        for (guint major = 3; major <= 5; major++) {
            g_autofree char *input = g_strdup_printf("kernel-%s of RHEL %u", packages[i].flavour, major);
            g_autofree char *archs = expect_words(xpv_archs_to_words(xpv_guide_package_archs(major, flavour)), " ");
            expect(input, archs, packages[i].archs[major - 3]);
        }
    }
}

/* A package for every row, under the name that the Guide and the advisories use. */
static void
test_package(void)
{
    static const struct {
        const char *variant, *package;
        XpvArch arch;
        XpvFlavour flavour;
        guint major, update;
    } cases[] = {
        { "athlon-SMP", "kernel-smp-2.4.21-50.EL.athlon", XPV_ARCH_ATHLON, XPV_FLAVOUR_SMP, 3, 9 },
        { "ia32e", "kernel-2.4.21-50.EL.ia32e", XPV_ARCH_IA32E, XPV_FLAVOUR_SMP, 3, 9 }, /* the only package */
        { "i686-HUGEMEM", "kernel-hugemem-2.6.9-67.EL.i686", XPV_ARCH_I686, XPV_FLAVOUR_HUGEMEM, 4, 6 },
        { "x86_64-LARGESMP", "kernel-largesmp-2.6.9-100.EL.x86_64", XPV_ARCH_X86_64, XPV_FLAVOUR_LARGESMP, 4, 9 },
        { "i686-PAE", "kernel-PAE-2.6.18-53.el5.i686", XPV_ARCH_I686, XPV_FLAVOUR_PAE, 5, 1 },
        { "ia64", "kernel-2.6.18-398.el5.ia64", XPV_ARCH_IA64, XPV_FLAVOUR_NONE, 5, 11 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const XpvVariant *variant = xpv_guide_variant(cases[i].arch, cases[i].flavour);
        g_autofree char *version = xpv_guide_version(xpv_guide_rhel(cases[i].major), cases[i].update);
        g_autofree char *package = xpv_guide_package(variant, version);
        expect(cases[i].variant, variant->name, cases[i].variant);
        expect(cases[i].variant, package, cases[i].package);
    }
}

static void
test_host(void)
{
    static const char *const expected[] = { "i686 intel", "i686 amd", "x86_64 intel", "x86_64 amd", "ia64 intel" };
    guint n;
    const XpvHost *hosts = xpv_guide_hosts(&n);
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < n; i++) {
        g_autofree char *got =
            g_strjoin(" ", xpv_arch_to_word(hosts[i].architecture), xpv_processor_to_word(hosts[i].processor), NULL);
        expect(expected[i], got, expected[i]);
        g_assert_cmpstr(hosts[i].hypervisor, ==, "Xen");
        g_assert_cmpint(hosts[i].update, ==, 1);
    }
    g_assert_cmpuint(XPV_GUIDE_HOST_MAJOR, ==, 5);
    g_assert_cmpuint(XPV_GUIDE_HOST_MINIMUM_UPDATE, ==, 1);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guide/variants", test_variants);
    g_test_add_func("/guide/other-releases", test_other_releases);
    g_test_add_func("/guide/variant-of-package", test_variant_of_package);
    g_test_add_func("/guide/releases", test_releases);
    g_test_add_func("/guide/update", test_update);
    g_test_add_func("/guide/packages", test_packages);
    g_test_add_func("/guide/package", test_package);
    g_test_add_func("/guide/host", test_host);
    return g_test_run();
}
