/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest says of its kernel, and every kernel that it can mean.
 *
 * Understood are, a line each: NAME-VERSION-RELEASE.ARCH (the Guide's form, "kernel-PAE-2.6.18-53.1.4.el5.i686", also
 * without .ARCH or with .rpm), uname -r, uname -r with -m, uname -a, and the file name of a kernel image ("vmlinuz-…").
 */
#pragma once

#include "common/words.h"

/* How much of a report is read, in bytes; a last line that this cuts is dropped. */
#define XPV_REPORT_MAX 4096

/* One kernel that a report can mean. */
typedef struct {
    guint major; /* of Red Hat Enterprise Linux: 3, 4 or 5; 0: a kernel that the Guide does not cover */
    gint update; /* -1 for a pre-release */
    XpvFlavour flavour;
    XpvArch arch;     /* XPV_ARCH_UNKNOWN: no package of that name is known, and the report has none */
    char release[32]; /* "50.EL", without flavour; "" where it is longer than any real one */
} XpvKernel;

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

/* xpv_kernel_is_covered: whether the Guide speaks of it. */
static inline gboolean
xpv_kernel_is_covered(const XpvKernel *kernel)
{
    return kernel->major != 0;
}
