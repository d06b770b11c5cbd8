/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpm's header of an installed package, of which a few tags are read. */
#pragma once

#include <glib.h>

/* No header is longer. */
#define XPV_RPM_HEADER_MAX (16U * 1024 * 1024)

typedef struct {
    char *name, *version, *release, *architecture; /* cleaned */
    gint64 installed_at;                           /* seconds since the epoch; 0: not known */
} XpvRpmPackage;

/* xpv_rpm_header_name: from the first @length bytes of a header.
 * Returns: (transfer full) (nullable) NULL: it is not in these bytes */
char *xpv_rpm_header_name(const guint8 *bytes, gsize length);

/* xpv_rpm_header_parse: Returns: (transfer full) (nullable) NULL: it is damaged, or lacks one of these tags */
XpvRpmPackage *xpv_rpm_header_parse(const guint8 *bytes, gsize length);
void xpv_rpm_package_free(XpvRpmPackage *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvRpmPackage, xpv_rpm_package_free)

/* xpv_rpm_package_nvra: "kernel-smp-2.6.9-89.EL.i686". Returns: (transfer full) */
char *xpv_rpm_package_nvra(const XpvRpmPackage *package);
