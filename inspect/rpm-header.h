/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rpm stores of an installed package: its header, of which few tags are read. */
#pragma once

#include <glib.h>

/* More is no header. */
#define XPV_RPM_HEADER_MAX (16U * 1024 * 1024)

typedef struct {
    char *name, *version, *release, *architecture; /* cleaned */
    gint64 installed_at;                           /* seconds since the epoch; 0: not known */
} XpvRpmPackage;

/* xpv_rpm_header_name: of a header of which only the first @length bytes are there.
 * Returns: (transfer full) (nullable) NULL: it is not among them */
char *xpv_rpm_header_name(const guint8 *bytes, gsize length);

/* xpv_rpm_header_parse: Returns: (transfer full) (nullable) NULL: it is damaged, or lacks one of these tags */
XpvRpmPackage *xpv_rpm_header_parse(const guint8 *bytes, gsize length);
void xpv_rpm_package_free(XpvRpmPackage *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvRpmPackage, xpv_rpm_package_free)

/* xpv_rpm_package_nvra: "kernel-smp-2.6.9-89.EL.i686". Returns: (transfer full) */
char *xpv_rpm_package_nvra(const XpvRpmPackage *package);
