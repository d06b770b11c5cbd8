/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel, and how its names are read: its package's, its image's, and uname -r. */
#pragma once

#include "common/words.h"

typedef struct {
    guint major; /* of Red Hat Enterprise Linux: 3, 4 or 5; 0: a kernel that the Guide does not cover */
    gint update; /* -1 for a pre-release */
    XpvFlavour flavour;
    XpvArch arch;      /* XPV_ARCH_UNKNOWN: no package of that name is known, and the report has none */
    char release[32];  /* "50.EL", without flavour; "" if it is longer than any real one */
    gboolean is_exact; /* it was named with its package's architecture */
} XpvKernel;

/* The kinds of words. */
typedef enum {
    XPV_KERNEL_KIND_OTHER,
    XPV_KERNEL_KIND_IMAGE,
    XPV_KERNEL_KIND_NO_IMAGE, /* a kernel package without a bootable image: "kernel-devel-…" */
} XpvKernelKind;

/* xpv_kernel_parse: parses the first word, or the first two. Words have no blanks and no punctuation around them.
 * @words: at least one
 * @ret_kernel: set for XPV_KERNEL_KIND_IMAGE; an architecture that is not exact is the machine's (uname -m)
 * @ret_n: the number of words that were parsed: two for a line of yum's list */
XpvKernelKind xpv_kernel_parse(const char *const *words, XpvKernel *ret_kernel, guint *ret_n);

/* xpv_kernel_parse_release: parses uname -r. Returns: FALSE if it is not one. */
gboolean xpv_kernel_parse_release(const char *word, XpvKernel *ret_kernel);

/* xpv_kernel_parse_arch: parses the architecture of a package or a machine. Returns: FALSE if it is not one. */
gboolean xpv_kernel_parse_arch(const char *word, XpvArch *ret_arch);

/* xpv_kernel_is_same: whether two are the same package. */
gboolean xpv_kernel_is_same(const XpvKernel *a, const XpvKernel *b);

/* xpv_kernel_is_covered: whether the Guide covers it. */
static inline gboolean
xpv_kernel_is_covered(const XpvKernel *kernel)
{
    return kernel->major != 0;
}
