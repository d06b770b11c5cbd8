/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables, compared with the tests' own copy of the Guide. */
#include "common/guide.h"
#include "tests/expect.h"
#include "tests/guide.h"

/* The packages that a row covers: its name is ARCHITECTURE-FLAVOUR, and ia32e is "ia32e (UP and SMP)" in table 12.2. */
static void
read_row(const char *variant, XpvArch *ret_arch, guint *ret_flavours)
{
    g_auto(GStrv) parts = g_strsplit(variant, "-", 2);
    g_assert_true(xpv_arch_from_word(parts[0], ret_arch));
    *ret_flavours = *ret_arch == XPV_ARCH_IA32E ? XPV_BIT(XPV_FLAVOUR_SMP) : 0;
    for (XpvFlavour flavour = 0; flavour < XPV_FLAVOUR_MAX; flavour++) {
        if (g_ascii_strcasecmp(xpv_flavour_to_word(flavour), parts[1] ? parts[1] : "") == 0)
            *ret_flavours |= XPV_BIT(flavour);
    }
}

static void
check_cell(const XpvVariant *variant, guint major)
{
    g_autofree char *input = g_strdup_printf("%s on RHEL %u", variant->name, major);
    g_autofree char *cell = guide_cell(variant->name, major);
    g_autofree char *hosts = guide_hosts(variant->name, major);
    gboolean is_intel = strstr(cell, "Intel") != NULL, is_amd = strstr(cell, "AMD") != NULL;
    g_autofree char *got_hosts = expect_words(xpv_archs_to_words(xpv_guide_required_hosts(variant, major)), " ");
    const char *processor = xpv_processor_to_word(xpv_guide_processor(variant, major));

    expect(input, xpv_guide_supports(variant, major) ? "supported" : "-", *cell == '-' ? "-" : "supported");
    expect(input, processor, is_intel ? "intel" : is_amd ? "amd" : "");
    expect(input, got_hosts, hosts);
    if (*cell != '-') {
        const char *citation = xpv_guide_required_hosts_citation(variant, major);
        const char *where = is_intel ? "table 12.2" : is_amd ? "table 12.3" : "section 12.2";
        expect_true(input, citation && strstr(citation, where), where);
    }
}

static void
test_variants(void)
{
    guint n;
    const XpvVariant *variants = xpv_guide_variants(&n);
    g_auto(GStrv) rows = g_key_file_get_keys(guide_file(), "Table 12.1", NULL, NULL);
    g_assert_cmpuint(n, ==, g_strv_length(rows));

    for (guint i = 0; i < n; i++) {
        XpvArch arch;
        guint flavours;
        read_row(rows[i], &arch, &flavours);
        expect("row", variants[i].name, rows[i]);
        g_assert_cmpuint(variants[i].arch, ==, arch);
        g_assert_cmphex(variants[i].flavours, ==, flavours);
        g_assert_cmphex(XPV_BIT(variants[i].package), ==, flavours & -flavours);
        for (guint major = 3; major <= 5; major++)
            check_cell(&variants[i], major);
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
    g_auto(GStrv) rows = g_key_file_get_keys(guide_file(), "Table 12.1", NULL, NULL);
    for (XpvArch arch = 0; arch < XPV_ARCH_MAX; arch++) {
        for (XpvFlavour flavour = 0; flavour < XPV_FLAVOUR_MAX; flavour++) {
            const char *expected = NULL;
            for (guint i = 0; rows[i]; i++) {
                XpvArch of_row;
                guint flavours;
                read_row(rows[i], &of_row, &flavours);
                if (of_row == arch && (flavours & XPV_BIT(flavour)))
                    expected = rows[i];
            }
            const XpvVariant *variant = xpv_guide_variant(arch, flavour);
            g_autofree char *input =
                g_strdup_printf("kernel-%s.%s", xpv_flavour_to_word(flavour), xpv_arch_to_word(arch));
            expect(input, variant ? variant->name : "none", expected ? expected : "none");
        }
    }
}

static void
check_release(const XpvRhel *rhel)
{
    g_autofree char *version = guide_of_rhel(rhel->major, "version"), *dist = guide_of_rhel(rhel->major, "dist");
    g_autofree char *minimum = guide_of_rhel(rhel->major, "minimum");
    g_autofree char *built_in = guide_of_rhel(rhel->major, "built-in");
    g_autofree char *got_minimum = g_strdup_printf("%u", rhel->minimum_update);
    g_autofree char *got_built_in =
        rhel->built_in_update < 0 ? g_strdup("-") : g_strdup_printf("%d", rhel->built_in_update);
    g_autoptr(GArray) updates = guide_updates(rhel->major);

    g_assert_true(xpv_guide_rhel(rhel->major) == rhel);
    expect("version", rhel->version, version);
    expect("dist", rhel->dist, dist);
    expect("minimum", got_minimum, minimum);
    expect("built-in", got_built_in, built_in);
    g_assert_cmpuint(rhel->n_bases, ==, updates->len);
    for (guint i = 0; i < updates->len; i++)
        g_assert_cmpuint(rhel->bases[i], ==, g_array_index(updates, guint64, i));
}

static void
test_releases(void)
{
    guint n;
    const XpvRhel *rhels = xpv_guide_rhels(&n);
    g_assert_cmpuint(n, ==, 3);
    for (guint i = 0; i < n; i++) {
        g_assert_cmpuint(rhels[i].major, ==, i + 3);
        check_release(&rhels[i]);
    }
    for (guint major = 0; major <= 7; major += major == 2 ? 4 : 1)
        g_assert_null(xpv_guide_rhel(major));
}

static void
test_update(void)
{
    for (guint major = 3; major <= 5; major++) {
        const XpvRhel *rhel = xpv_guide_rhel(major);
        g_autoptr(GArray) updates = guide_updates(major);
        for (gint update = 0; update < (gint)updates->len; update++) {
            guint64 base = g_array_index(updates, guint64, update);
            g_assert_cmpint(xpv_guide_update(rhel, base - 1), ==, update - 1);
            g_assert_cmpint(xpv_guide_update(rhel, base), ==, update);
            g_assert_cmpint(xpv_guide_update(rhel, base + 1), ==, update);
        }
        guint64 huge[] = { 1000, G_MAXUINT32, G_GUINT64_CONSTANT(0x100000000), G_MAXINT64, G_MAXUINT64 };
        for (guint j = 0; j < G_N_ELEMENTS(huge); j++)
            g_assert_cmpint(xpv_guide_update(rhel, huge[j]), ==, (gint)updates->len - 1);
        g_assert_cmpint(xpv_guide_update(rhel, 0), ==, -1);
    }

    static const struct {
        guint major;
        guint64 first_number;
        gint update;
    } known[] = {
        { 3, 47, 8 }, { 3, 49, 8 }, { 3, 63, 9 }, { 4, 66, 5 }, { 4, 103, 9 }, { 5, 187, 4 }, { 5, 398, 11 }
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        g_assert_cmpint(xpv_guide_update(xpv_guide_rhel(known[i].major), known[i].first_number), ==, known[i].update);
}

static void
test_packages(void)
{
    for (XpvFlavour flavour = 0; flavour < XPV_FLAVOUR_MAX; flavour++) {
        const char *word = xpv_flavour_to_word(flavour);
        g_autofree char *package = g_strconcat("kernel", *word ? "-" : "", word, NULL);
        for (guint major = 3; major <= 5; major++) {
            g_autofree char *input = g_strdup_printf("%s of RHEL %u", package, major);
            g_autofree char *archs = expect_words(xpv_archs_to_words(xpv_guide_package_archs(major, flavour)), " ");
            g_autofree char *expected = guide_of_rhel(major, package);
            expect(input, archs, expected ? expected : "-");
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
