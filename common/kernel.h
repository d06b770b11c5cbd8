/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel, and how its names are read: its package's, its image's, and uname -r. */
#pragma once

#include "common/words.h"

typedef struct {
    guint major; /* of Red Hat Enterprise Linux: 3, 4 or 5; 0: a kernel that the Guide does not cover */
    gint update; /* -1 for a pre-release */
    XpvFlavour flavour;
    XpvArch arch;      /* XPV_ARCH_UNKNOWN: no package of that name is known, and the report has none */
    char release[32];  /* "50.EL", without flavour; "" where it is longer than any real one */
    gboolean is_exact; /* it was named with its package's architecture */
} XpvKernel;

/* What words are. */
typedef enum {
    XPV_KERNEL_KIND_OTHER,
    XPV_KERNEL_KIND_IMAGE,
    XPV_KERNEL_KIND_NO_IMAGE, /* a kernel's package, but of no bootable image: "kernel-devel-…" */
} XpvKernelKind;

/* xpv_kernel_parse: what the first of some words are, which stand alone: no blanks, no punctuation.
 * @words: at least one
 * @ret_kernel: of XPV_KERNEL_KIND_IMAGE; an architecture that is not exact is the machine's (uname -m)
 * @ret_n: how many of the words that are: two in yum's lists */
XpvKernelKind xpv_kernel_parse(const char *const *words, XpvKernel *ret_kernel, guint *ret_n);

/* xpv_kernel_parse_release: uname -r alone. Returns: FALSE where it is none. */
gboolean xpv_kernel_parse_release(const char *word, XpvKernel *ret_kernel);

/* xpv_kernel_parse_arch: of a package or a machine; FALSE where it is none. */
gboolean xpv_kernel_parse_arch(const char *word, XpvArch *ret_arch);

/* xpv_kernel_is_same: whether two are the same package. */
gboolean xpv_kernel_is_same(const XpvKernel *a, const XpvKernel *b);

/* xpv_kernel_is_covered: whether the Guide speaks of it. */
static inline gboolean
xpv_kernel_is_covered(const XpvKernel *kernel)
{
    return kernel->major != 0;
}
