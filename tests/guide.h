/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tests' own copy of the Guide, tests/data/guide.ini. */
#pragma once

#include <glib.h>

/* guide_file: loaded once. */
static inline GKeyFile *
guide_file(void)
{
    static GKeyFile *file;
    if (!file) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "guide.ini", NULL);
        g_autoptr(GError) error = NULL;
        file = g_key_file_new();
        g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &error);
        g_assert_no_error(error);
    }
    return file;
}

/* guide_get: Returns: (nullable) (transfer full) NULL if there is no such row */
static inline char *
guide_get(const char *group, const char *key)
{
    return g_key_file_get_value(guide_file(), group, key, NULL);
}

/* guide_of_rhel: likewise, of the group of a release. */
static inline char *
guide_of_rhel(guint major, const char *key)
{
    g_autofree char *group = g_strdup_printf("RHEL %u", major);
    return guide_get(group, key);
}

/* guide_updates: the first release numbers of update 0, 1, 2, … Returns: (transfer full) */
static inline GArray *
guide_updates(guint major)
{
    GArray *updates = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autofree char *value = guide_of_rhel(major, "updates");
    g_auto(GStrv) words = g_strsplit(value, " ", -1);
    for (guint i = 0; words[i]; i++) {
        guint64 number = g_ascii_strtoull(words[i], NULL, 10);
        g_array_append_val(updates, number);
    }
    return updates;
}

/* guide_cell: a cell of table 12.1, "-" if empty. Returns: (nullable) (transfer full) NULL if there is no such row */
static inline char *
guide_cell(const char *variant, guint major)
{
    g_autofree char *row = guide_get("Table 12.1", variant);
    if (!row)
        return NULL;
    g_auto(GStrv) cells = g_strsplit(row, "|", -1);
    return g_strdup(g_strstrip(cells[major - 3]));
}

/* guide_hosts: the architectures of the hosts that a guest may have, "-" if its cell is empty. Returns: (transfer full)
 */
static inline char *
guide_hosts(const char *variant, guint major)
{
    g_autofree char *cell = guide_cell(variant, major);
    if (g_str_equal(cell, "-"))
        return g_strdup("-");
    if (major == 3)
        return guide_get(g_str_equal(cell, "Supported (Intel)") ? "Table 12.2" : "Table 12.3", variant);
    g_auto(GStrv) parts = g_strsplit(variant, "-", 2);
    return guide_get("Section 12.2", parts[0]);
}
