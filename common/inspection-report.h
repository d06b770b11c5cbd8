/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reports that follow from an inspection of a guest's disks: what the guest would report of its kernels.
 *
 * Each is the text of a report for xpv_report_parse(), with a line for each kernel. If there are more kernels than a
 * report has room for, there is no report, as a part of them would mislead. */
#pragma once

#include "common/inspection.h"

/* xpv_inspection_report: the kernel that starts by default, or all that are installed if it is not known.
 * Returns: (nullable) (transfer full) NULL: there is none */
char *xpv_inspection_report(const XpvInspection *inspection);

/* xpv_inspection_report_of_any: all installed kernels that the boot loader offers, for when it is not known which of
 * them was started. Returns: (nullable) (transfer full) NULL: there is none */
char *xpv_inspection_report_of_any(const XpvInspection *inspection);

/* xpv_inspection_packages: all kernels whose architecture is known: for XpvGuest's “others”, to narrow what another
 * report can mean. Returns: (nullable) (transfer full) NULL: there is none */
char *xpv_inspection_packages(const XpvInspection *inspection);

/* xpv_inspection_lacks_driver_package: whether the packages were read, and no kmod-xenpv is among them. */
gboolean xpv_inspection_lacks_driver_package(const XpvInspection *inspection);
