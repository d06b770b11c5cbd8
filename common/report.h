/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest says of its kernel, and every kernel that it can mean.
 *
 * Understood are packages ("kernel-PAE-2.6.18-53.1.4.el5.i686", and as yum writes them), uname -r, the file name of a
 * kernel's image, several of them on a line or on several; uname -m beside or below them; uname -a, /proc/version and
 * getty's banner. */
#pragma once

#include "common/kernel.h"

/* How much of a report is read, in bytes; a last line that this cuts is dropped. */
#define XPV_REPORT_MAX 4096

typedef struct _XpvReport XpvReport;

/* xpv_report_parse: never fails; what is no kernel yields a report of no kernels.
 * @data: untrusted; any bytes
 * @length: of @data in bytes; -1: NUL-terminated
 * Returns: (nullable) NULL where nothing is left of the text after cleaning: that counts as no report. */
XpvReport *xpv_report_parse(const char *data, gssize length);
void xpv_report_free(XpvReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvReport, xpv_report_free)

/* xpv_report_text: the report as it is published: cleaned and cut to XPV_TEXT_PUBLISHED_MAX characters. */
const char *xpv_report_text(const XpvReport *report);

/* xpv_report_kernels: the kernels, in the report's order; owned by the report. */
const XpvKernel *xpv_report_kernels(const XpvReport *report, guint *ret_n);
