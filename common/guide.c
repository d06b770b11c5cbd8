/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/guide.h"

/* clang-format off */
#define F(flavour) XPV_BIT(XPV_FLAVOUR_##flavour)
#define A(arch) XPV_BIT(XPV_ARCH_##arch)

#define NO { FALSE, XPV_PROCESSOR_UNKNOWN }
#define SUPPORTED { TRUE, XPV_PROCESSOR_UNKNOWN }
#define SUPPORTED_INTEL { TRUE, XPV_PROCESSOR_INTEL }
#define SUPPORTED_AMD { TRUE, XPV_PROCESSOR_AMD }

/* Table 12.1, "Supported guest kernel architectures for para-virtualized drivers". The published page has lost the empty
 * cells of the table; an older edition has them. Table 12.1 prints "i32e" for what 12.2 calls "ia32e (UP and SMP)", and "Itanium
 * (IA64)" for ia64. */
static const XpvVariant table_12_1[] = {
    /*                    arch             packages                package                  RHEL 3           RHEL 4     RHEL 5 */
    { "athlon",          XPV_ARCH_ATHLON, F(NONE),          XPV_FLAVOUR_NONE,     { SUPPORTED_AMD,   NO,        NO        } },
    { "athlon-SMP",      XPV_ARCH_ATHLON, F(SMP),           XPV_FLAVOUR_SMP,      { SUPPORTED_AMD,   NO,        NO        } },
    { "ia32e",           XPV_ARCH_IA32E,  F(NONE) | F(SMP), XPV_FLAVOUR_NONE,     { SUPPORTED_INTEL, NO,        NO        } },
    { "i686",            XPV_ARCH_I686,   F(NONE),          XPV_FLAVOUR_NONE,     { SUPPORTED_INTEL, SUPPORTED, SUPPORTED } },
    { "i686-PAE",        XPV_ARCH_I686,   F(PAE),           XPV_FLAVOUR_PAE,      { NO,              NO,        SUPPORTED } },
    { "i686-SMP",        XPV_ARCH_I686,   F(SMP),           XPV_FLAVOUR_SMP,      { SUPPORTED_INTEL, SUPPORTED, NO        } },
    { "i686-HUGEMEM",    XPV_ARCH_I686,   F(HUGEMEM),       XPV_FLAVOUR_HUGEMEM,  { SUPPORTED_INTEL, SUPPORTED, NO        } },
    { "x86_64",          XPV_ARCH_X86_64, F(NONE),          XPV_FLAVOUR_NONE,     { SUPPORTED_AMD,   SUPPORTED, SUPPORTED } },
    { "x86_64-SMP",      XPV_ARCH_X86_64, F(SMP),           XPV_FLAVOUR_SMP,      { SUPPORTED_AMD,   SUPPORTED, NO        } },
    { "x86_64-LARGESMP", XPV_ARCH_X86_64, F(LARGESMP),      XPV_FLAVOUR_LARGESMP, { NO,              SUPPORTED, NO        } },
    { "ia64",            XPV_ARCH_IA64,   F(NONE),          XPV_FLAVOUR_NONE,     { NO,              NO,        SUPPORTED } },
};

typedef struct {
    const char *variant; /* "Guest kernel type" */
    XpvArch host;        /* "Required host kernel type" */
} RequiredHost;

/* Table 12.2, "Required host kernel architecture for guests using para-virtualized drivers on Red Hat Enterprise Linux 3
 * for Intel processors". */
static const RequiredHost table_12_2[] = {
    { "ia32e",        XPV_ARCH_X86_64 }, /* "ia32e (UP and SMP)" */
    { "i686",         XPV_ARCH_I686   },
    { "i686-SMP",     XPV_ARCH_I686   },
    { "i686-HUGEMEM", XPV_ARCH_I686   },
};

/* Table 12.3, "Required host kernel architectures for guests using para-virtualized drivers on Red Hat Enterprise Linux
 * 3 for AMD processors". */
static const RequiredHost table_12_3[] = {
    { "athlon",     XPV_ARCH_I686   },
    { "athlon-SMP", XPV_ARCH_I686   },
    { "x86_64",     XPV_ARCH_X86_64 },
    { "x86_64-SMP", XPV_ARCH_X86_64 },
};

/* RHEL 4 and 5: "You are supported for running a 32 bit guest operating system with para-virtualized drivers on 64 bit
 * Red Hat Enterprise Linux 5 Virtualization" (section 12.2), and "64 bit hosts can run: 32 bit guests, 64 bit guests,
 * a mixture" (12.1). */
static const struct {
    XpvArch guest;
    guint hosts;
} bitness_12_2[] = {
    { XPV_ARCH_I686,   A(I686) | A(X86_64) },
    { XPV_ARCH_X86_64, A(X86_64)           },
    { XPV_ARCH_IA64,   A(IA64)             },
};

/* The first number of the kernel's release that update 0, 1, 2, … came with. The advisory of each says "the <nth>
 * regular kernel update" (RHSA-2004:017 to RHSA-2013:1348); the rest is on the installation media. */
static const guint bases_3[] = { 4, 9, 15, 20, 27, 32, 37, 40, 47, 50 };
static const guint bases_4[] = { 5, 11, 22, 34, 42, 55, 67, 78, 89, 100 };
static const guint bases_5[] = { 8, 53, 92, 128, 164, 194, 238, 274, 308, 348, 371, 398 };

/* Minimum: "Red Hat Enterprise Linux 5.1 and newer. 4 Update 6 and newer. 3 Update 9 and newer" (section 12.2). Built in:
 * "All versions of Red Hat Enterprise Linux from 4.7 and 5.3 have the kernel module" (section 12.1). */
static const XpvRhel rhels[] = {
    /* version          dist minimum built in */
    { 3, "2.4.21", "EL",  9, -1, bases_3, G_N_ELEMENTS(bases_3) },
    { 4, "2.6.9",  "EL",  6,  7, bases_4, G_N_ELEMENTS(bases_4) },
    { 5, "2.6.18", "el5", 1,  3, bases_5, G_N_ELEMENTS(bases_5) },
};

/* The hosts that tables 12.1 to 12.3 distinguish. AMD makes no ia64 processor. */
static const XpvHost hosts[] = {
    { "Xen", XPV_ARCH_I686,   XPV_PROCESSOR_INTEL, XPV_GUIDE_HOST_MINIMUM_UPDATE },
    { "Xen", XPV_ARCH_I686,   XPV_PROCESSOR_AMD,   XPV_GUIDE_HOST_MINIMUM_UPDATE },
    { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, XPV_GUIDE_HOST_MINIMUM_UPDATE },
    { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_AMD,   XPV_GUIDE_HOST_MINIMUM_UPDATE },
    { "Xen", XPV_ARCH_IA64,   XPV_PROCESSOR_INTEL, XPV_GUIDE_HOST_MINIMUM_UPDATE },
};

/* The kernel packages of each release for the processors that Xen runs on, from the package lists of the advisories. A
 * report without an architecture can mean any of these. */
static const struct {
    guint major;
    XpvFlavour flavour;
    guint archs;
} packages[] = {
    { 3, XPV_FLAVOUR_NONE,     A(ATHLON) | A(I686) | A(IA32E) | A(X86_64) | A(IA64) },
    { 3, XPV_FLAVOUR_SMP,      A(ATHLON) | A(I686) | A(X86_64) },
    { 3, XPV_FLAVOUR_HUGEMEM,  A(I686) },
    { 3, XPV_FLAVOUR_BOOT,     A(I386) },
    { 4, XPV_FLAVOUR_NONE,     A(I686) | A(X86_64) | A(IA64) },
    { 4, XPV_FLAVOUR_SMP,      A(I686) | A(X86_64) },
    { 4, XPV_FLAVOUR_HUGEMEM,  A(I686) },
    { 4, XPV_FLAVOUR_LARGESMP, A(X86_64) | A(IA64) },
    { 4, XPV_FLAVOUR_XENU,     A(I686) | A(X86_64) },
    { 5, XPV_FLAVOUR_NONE,     A(I686) | A(X86_64) | A(IA64) },
    { 5, XPV_FLAVOUR_XEN,      A(I686) | A(X86_64) | A(IA64) },
    { 5, XPV_FLAVOUR_PAE,      A(I686) },
    { 5, XPV_FLAVOUR_DEBUG,    A(I686) | A(X86_64) },
};
/* clang-format on */

const XpvRhel *
xpv_guide_rhels(guint *ret_n)
{
    *ret_n = G_N_ELEMENTS(rhels);
    return rhels;
}

const XpvRhel *
xpv_guide_rhel(guint major)
{
    for (guint i = 0; i < G_N_ELEMENTS(rhels); i++) {
        if (rhels[i].major == major)
            return &rhels[i];
    }
    return NULL;
}

gint
xpv_guide_update(const XpvRhel *rhel, guint64 first_number)
{
    gint update = -1;
    while ((guint)(update + 1) < rhel->n_bases && rhel->bases[update + 1] <= first_number)
        update++;
    return update;
}

gboolean
xpv_guide_is_too_old(const XpvRhel *rhel, gint update)
{
    return update < (gint)rhel->minimum_update;
}

char *
xpv_guide_version(const XpvRhel *rhel, guint update)
{
    return g_strdup_printf("%s-%u.%s", rhel->version, rhel->bases[update], rhel->dist);
}

guint
xpv_guide_package_archs(guint major, XpvFlavour flavour)
{
    for (guint i = 0; i < G_N_ELEMENTS(packages); i++) {
        if (packages[i].major == major && packages[i].flavour == flavour)
            return packages[i].archs;
    }
    return 0;
}

const XpvVariant *
xpv_guide_variants(guint *ret_n)
{
    *ret_n = G_N_ELEMENTS(table_12_1);
    return table_12_1;
}

const XpvVariant *
xpv_guide_variant(XpvArch arch, XpvFlavour flavour)
{
    for (guint i = 0; i < G_N_ELEMENTS(table_12_1); i++) {
        if (table_12_1[i].arch == arch && (table_12_1[i].flavours & XPV_BIT(flavour)))
            return &table_12_1[i];
    }
    return NULL;
}

char *
xpv_guide_package(const XpvVariant *variant, const char *version)
{
    const char *flavour = xpv_flavour_to_word(variant->package);
    return g_strdup_printf("kernel%s%s-%s.%s", *flavour ? "-" : "", flavour, version, xpv_arch_to_word(variant->arch));
}

char **
xpv_guide_cells(void)
{
    char **cells = g_new0(char *, G_N_ELEMENTS(table_12_1) * G_N_ELEMENTS(rhels) + 1);
    char **next = cells;
    for (guint row = 0; row < G_N_ELEMENTS(table_12_1); row++) {
        for (guint column = 0; column < G_N_ELEMENTS(rhels); column++) {
            g_autofree char *version = xpv_guide_version(&rhels[column], rhels[column].minimum_update);
            *next++ = xpv_guide_package(&table_12_1[row], version);
        }
    }
    return cells;
}

#define FIRST_MAJOR 3

gboolean
xpv_guide_supports(const XpvVariant *variant, guint major)
{
    guint column = major - FIRST_MAJOR;
    return variant && column < G_N_ELEMENTS(variant->cells) && variant->cells[column].supported;
}

XpvProcessor
xpv_guide_processor(const XpvVariant *variant, guint major)
{
    return xpv_guide_supports(variant, major) ? variant->cells[major - FIRST_MAJOR].processor : XPV_PROCESSOR_UNKNOWN;
}

static guint
find_required_host(const RequiredHost *table, guint n, const char *variant)
{
    for (guint i = 0; i < n; i++) {
        if (g_str_equal(table[i].variant, variant))
            return XPV_BIT(table[i].host);
    }
    g_assert_not_reached(); /* each RHEL 3 variant that table 12.1 supports is in table 12.2 or 12.3 */
}

guint
xpv_guide_required_hosts(const XpvVariant *variant, guint major)
{
    if (!xpv_guide_supports(variant, major))
        return 0;

    switch (xpv_guide_processor(variant, major)) {
    case XPV_PROCESSOR_INTEL:
        return find_required_host(table_12_2, G_N_ELEMENTS(table_12_2), variant->name);
    case XPV_PROCESSOR_AMD:
        return find_required_host(table_12_3, G_N_ELEMENTS(table_12_3), variant->name);
    default:
        break;
    }
    for (guint i = 0; i < G_N_ELEMENTS(bitness_12_2); i++) {
        if (bitness_12_2[i].guest == variant->arch)
            return bitness_12_2[i].hosts;
    }
    g_assert_not_reached();
}

const char *
xpv_guide_required_hosts_citation(const XpvVariant *variant, guint major)
{
    switch (xpv_guide_processor(variant, major)) {
    case XPV_PROCESSOR_INTEL:
        return "table 12.2";
    case XPV_PROCESSOR_AMD:
        return "table 12.3";
    default:
        return "section 12.2";
    }
}

const XpvHost *
xpv_guide_hosts(guint *ret_n)
{
    *ret_n = G_N_ELEMENTS(hosts);
    return hosts;
}
