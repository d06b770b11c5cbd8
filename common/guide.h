/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables that the Guide prints, and facts about the kernels in them.
 *
 * The Guide is the Red Hat Enterprise Linux 5 Virtualization Guide, chapter 12 "Xen para-virtualized drivers",
 * section 12.2 "Para-virtualization Restrictions and Support". All data is in guide.c, in the order in
 * which the Guide prints it. No other file of the programs has a row of it. */
#pragma once

#include "common/host.h"

/* The source of the tables. */
#define XPV_GUIDE_RULES                                                                                                \
    "Red Hat Enterprise Linux 5 Virtualization Guide, HTML edition of access.redhat.com, section 12.2, tables 12.1 "   \
    "to 12.3"

/* A row of table 12.1. */
typedef struct {
    const char *name;   /* as it is published: "i686-SMP" */
    XpvArch arch;       /* of the package */
    guint flavours;     /* set of XpvFlavour: the packages that the row covers */
    XpvFlavour package; /* the package to install for it */
    struct {
        gboolean supported;
        XpvProcessor processor; /* "Supported (Intel)", "Supported (AMD)" */
    } cells[3];                 /* RHEL 3, 4, 5 */
} XpvVariant;

/* A Red Hat Enterprise Linux that the Guide covers. */
typedef struct {
    guint major;
    const char *version;  /* its kernel's */
    const char *dist;     /* the end of its kernels' release, before a rebuild's suffix */
    guint minimum_update; /* the first update that section 12.2 supports as a guest */
    gint built_in_update; /* the first whose kernel has the drivers built in (section 12.1); -1 if none */
    const guint *bases;   /* first number of the kernel release of update 0, 1, 2, … */
    guint n_bases;
} XpvRhel;

/* xpv_guide_rhel: Returns: (nullable) NULL for any but 3, 4 and 5. */
const XpvRhel *xpv_guide_rhel(guint major);
const XpvRhel *xpv_guide_rhels(guint *ret_n);

/* xpv_guide_update: the update that a kernel release belongs to, by its first number; -1 for a pre-release. */
gint xpv_guide_update(const XpvRhel *rhel, guint64 first_number);

/* xpv_guide_is_too_old: whether an update is older than the first that section 12.2 supports as a guest. */
gboolean xpv_guide_is_too_old(const XpvRhel *rhel, gint update);

/* xpv_guide_version: VERSION-RELEASE of the first kernel of an update, "2.6.18-53.el5"; without a flavour, as in
 * packages' names. Returns: (transfer full) */
char *xpv_guide_version(const XpvRhel *rhel, guint update);

/* xpv_guide_package_archs: set of the architectures that RHEL @major built kernel-@flavour for. */
guint xpv_guide_package_archs(guint major, XpvFlavour flavour);

/* xpv_guide_variant: the row of table 12.1. Returns: (nullable) NULL if there is none. */
const XpvVariant *xpv_guide_variant(XpvArch arch, XpvFlavour flavour);
const XpvVariant *xpv_guide_variants(guint *ret_n);

/* xpv_guide_package: the name of a row's package, "kernel-smp-2.4.21-50.EL.i686".
 * @version: VERSION-RELEASE
 * Returns: (transfer full) */
char *xpv_guide_package(const XpvVariant *variant, const char *version);

/* xpv_guide_cells: the cells of table 12.1, row by row: each is the package of its row in the first supported
 * update of its release. Returns: (transfer full) NULL-terminated */
char **xpv_guide_cells(void);

/* @variant here and below: (nullable) NULL: no row, so that nothing is supported */
gboolean xpv_guide_supports(const XpvVariant *variant, guint major);
XpvProcessor xpv_guide_processor(const XpvVariant *variant, guint major);

/* xpv_guide_required_hosts: set of the host kernel architectures that a supported variant runs on: RHEL 3 by table
 * 12.2 (Intel) and 12.3 (AMD), RHEL 4 and 5 by section 12.2's prose. Empty if table 12.1 does not support it. */
guint xpv_guide_required_hosts(const XpvVariant *variant, guint major);

/* xpv_guide_required_hosts_citation: the table or section that says so, for a sentence. */
const char *xpv_guide_required_hosts_citation(const XpvVariant *variant, guint major);

/* The first update of RHEL 5 that section 12.2 supports as a host. */
#define XPV_GUIDE_HOST_MAJOR 5
#define XPV_GUIDE_HOST_MINIMUM_UPDATE 1

/* xpv_guide_hosts: the hosts that tables 12.1 to 12.3 distinguish, each with the first supported release. */
const XpvHost *xpv_guide_hosts(guint *ret_n);
