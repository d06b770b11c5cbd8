/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A report of a guest's kernel, and all kernels that it can mean.
 *
 * A report can be a package ("kernel-PAE-2.6.18-53.1.4.el5.i686", also in yum's form), uname -r, the file name of a
 * kernel's image, several of these on one line or on several lines, with uname -m beside or below them; or uname -a,
 * /proc/version or getty's banner. */
#pragma once

#include "common/kernel.h"

/* A longer report is cut to so many bytes, and a line that this cuts is dropped. */
#define XPV_REPORT_MAX 4096

typedef struct _XpvReport XpvReport;

/* xpv_report_parse: never fails; a text that is not a kernel yields a report without kernels.
 * @data: untrusted; any bytes
 * @length: of @data in bytes; -1: NUL-terminated
 * Returns: (nullable) NULL if nothing is left of the text after cleaning: that counts as no report. */
XpvReport *xpv_report_parse(const char *data, gssize length);
void xpv_report_free(XpvReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvReport, xpv_report_free)

/* xpv_report_text: the report as it is published: cleaned and cut to XPV_TEXT_PUBLISHED_MAX characters. */
const char *xpv_report_text(const XpvReport *report);

/* xpv_report_kernels: the kernels, in the report's order; owned by the report. */
const XpvKernel *xpv_report_kernels(const XpvReport *report, guint *ret_n);
