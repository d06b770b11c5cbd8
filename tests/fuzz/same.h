/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether two reports mean the same. */
#pragma once

#include "common/report.h"

static inline const XpvKernel *
kernels_of(const XpvReport *report, guint *ret_n)
{
    *ret_n = 0;
    return report ? xpv_report_kernels(report, ret_n) : NULL;
}

/* have_same_kernels: whether two reports mean the same kernels. @a, @b: (nullable) */
static inline gboolean
have_same_kernels(const XpvReport *a, const XpvReport *b)
{
    guint n_a, n_b;
    const XpvKernel *kernels_a = kernels_of(a, &n_a);
    const XpvKernel *kernels_b = kernels_of(b, &n_b);
    gboolean same = n_a == n_b;
    for (guint i = 0; same && i < n_a; i++)
        same = xpv_kernel_is_same(&kernels_a[i], &kernels_b[i]);
    return same;
}

/* have_same_text: whether two reports are published as the same text. @a, @b: (nullable) */
static inline gboolean
have_same_text(const XpvReport *a, const XpvReport *b)
{
    return g_strcmp0(a ? xpv_report_text(a) : NULL, b ? xpv_report_text(b) : NULL) == 0;
}
