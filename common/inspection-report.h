/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest would report of its kernel, by what an inspection found on its disks.
 *
 * Each is a report's text, of a kernel a line, for xpv_report_parse(). Where there are more kernels than a report has
 * room for, there is none: nothing is known, rather than a part. */
#pragma once

#include "common/inspection.h"

/* xpv_inspection_report: the kernel that starts by default, or all that are installed where that is not known.
 * Returns: (nullable) (transfer full) NULL: there is none */
char *xpv_inspection_report(const XpvInspection *inspection);

/* xpv_inspection_report_of_any: all kernels that are installed and that the boot loader offers: one of them was started
 * where it is not known which. Returns: (nullable) (transfer full) NULL: there is none */
char *xpv_inspection_report_of_any(const XpvInspection *inspection);

/* xpv_inspection_packages: all kernels whose architecture is known: for XpvGuest's “others”, to narrow what another
 * report can mean. Returns: (nullable) (transfer full) NULL: there is none */
char *xpv_inspection_packages(const XpvInspection *inspection);

/* xpv_inspection_lacks_driver_package: whether the packages were read, and no kmod-xenpv is among them. */
gboolean xpv_inspection_lacks_driver_package(const XpvInspection *inspection);
