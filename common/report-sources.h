/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report sources: where a report of a guest's kernel comes from. */
#pragma once

/* In order of precedence: the running guest itself comes first. Each has its constant here; its object,
 * xpv_report_OBJECT in daemon/reports/WORD.c; and its word, which is what KernelSource says. The build takes the files
 * from here. */
#define XPV_REPORT_SOURCES(SOURCE)                                                                                     \
    SOURCE(XENSTORE, xenstore, "xenstore")                                                                             \
    SOURCE(CONSOLE, console, "console")                                                                                \
    SOURCE(METADATA, metadata, "metadata")                                                                             \
    SOURCE(FILE, file, "file")                                                                                         \
    SOURCE(DIRECT_BOOT, direct_boot, "direct-boot")                                                                    \
    SOURCE(DISK, disk, "disk")

#define XPV_REPORTS_FROM(constant, object, word) XPV_REPORTS_FROM_##constant,
typedef enum { XPV_REPORT_SOURCES(XPV_REPORTS_FROM) XPV_N_REPORT_SOURCES } XpvReportsFrom;
#undef XPV_REPORTS_FROM
