/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/modules.h"

#include "common/text.h"

/* kmod-xenpv's, and those that are built in from RHEL 4.7 and 5.3 on. */
static const char *const drivers[] = { "xen-vbd", "xen-vnif", "xenblk", "xennet", NULL };

void
xpv_modules_aliases(const char *text, GPtrArray *aliases)
{
    g_autofree char *clean = g_utf8_make_valid(text, -1);
    g_auto(GStrv) lines = g_strsplit_set(clean, "\r\n", -1);
    for (guint i = 0; lines[i] && aliases->len < XPV_MODULES_ALIASES_MAX; i++) {
        const char *words[3];
        guint n = 0;
        g_auto(GStrv) parts = g_strsplit_set(lines[i], " \t", -1);
        for (guint k = 0; parts[k] && n < G_N_ELEMENTS(words); k++) {
            if (*parts[k] != '\0')
                words[n++] = parts[k];
        }
        if (n < G_N_ELEMENTS(words) || !g_str_equal(words[0], "alias") || !g_strv_contains(drivers, words[2]))
            continue;
        g_autofree char *alias = g_strjoin(" ", words[0], words[1], words[2], NULL);
        g_ptr_array_add(aliases, xpv_text_clean(alias, -1, XPV_TEXT_PUBLISHED_MAX));
    }
}
