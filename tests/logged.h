/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records the log with all fields. A test takes the entries that it expects; no other entry may be left. */
#pragma once

#include <glib.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    GLogLevelFlags level;
    GHashTable *fields; /* key → value, owned */
} LogEntry;

static GMutex log_mutex;
static GPtrArray *log_entries; /* of LogEntry: notices and more urgent ones */

static inline void
log_entry_free(LogEntry *entry)
{
    if (!entry)
        return;
    g_hash_table_unref(entry->fields);
    g_free(entry);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogEntry, log_entry_free)

static inline GLogWriterOutput
log_entry_add(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) {
        g_log_writer_standard_streams(level, fields, n_fields, NULL);
        abort();
    }
    if (!(level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE)))
        return G_LOG_WRITER_HANDLED;
    LogEntry *entry = g_new0(LogEntry, 1);
    entry->level = level;
    entry->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (gsize i = 0; i < n_fields; i++) {
        const char *value = fields[i].value;
        g_hash_table_insert(entry->fields, g_strdup(fields[i].key),
                            fields[i].length < 0 ? g_strdup(value) : g_strndup(value, (gsize)fields[i].length));
    }
    g_mutex_lock(&log_mutex);
    g_ptr_array_add(log_entries, entry);
    g_mutex_unlock(&log_mutex);
    return G_LOG_WRITER_HANDLED;
}

/* log_keep: starts to record. */
static inline void
log_keep(void)
{
    log_entries = g_ptr_array_new_with_free_func((GDestroyNotify)log_entry_free);
    g_log_set_writer_func(log_entry_add, NULL, NULL);
}

static inline const char *
log_field(const LogEntry *entry, const char *key)
{
    return g_hash_table_lookup(entry->fields, key);
}

/* log_take: takes the oldest entry of this level whose message matches a glob. Returns: (nullable) (transfer full) */
static inline LogEntry *
log_take(GLogLevelFlags level, const char *pattern)
{
    LogEntry *found = NULL;
    g_mutex_lock(&log_mutex);
    for (guint i = 0; !found && i < log_entries->len; i++) {
        const LogEntry *entry = log_entries->pdata[i];
        if ((entry->level & level) && g_pattern_match_simple(pattern, log_field(entry, "MESSAGE")))
            found = g_ptr_array_steal_index(log_entries, i);
    }
    g_mutex_unlock(&log_mutex);
    return found;
}

/* log_drop: takes all entries of this level whose messages match. Returns: their number */
static inline guint
log_drop(GLogLevelFlags level, const char *pattern)
{
    guint n = 0;
    for (LogEntry *entry; (entry = log_take(level, pattern)); n++)
        log_entry_free(entry);
    return n;
}

/* expect_logged: takes such an entry; there must be one. */
static inline void
expect_logged(GLogLevelFlags level, const char *pattern)
{
    g_autoptr(LogEntry) entry = log_take(level, pattern);
    if (!entry) {
        g_test_message("no log entry matches \"%s\"", pattern);
        g_test_fail();
    }
}

/* expect_nothing_logged: no entry may be left. */
static inline void
expect_nothing_logged(void)
{
    g_mutex_lock(&log_mutex);
    for (guint i = 0; i < log_entries->len; i++) {
        g_test_message("logged: %s", log_field(log_entries->pdata[i], "MESSAGE"));
        g_test_fail();
    }
    g_ptr_array_set_size(log_entries, 0);
    g_mutex_unlock(&log_mutex);
}
