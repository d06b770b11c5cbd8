/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pacer.h"

#define REST_US (G_USEC_PER_SEC / 4)
#define REST_MAX_US G_USEC_PER_SEC

/* A key that is being read, or rests. */
typedef struct {
    gboolean is_out; /* it is being read */
    gboolean is_wanted;
    gint64 rest_us; /* how long it rests after this read */
    gint64 rests_until;
} Entry;

struct _XpvPacer {
    XpvPacerRead read;
    gpointer data;
    GHashTable *entries; /* key, owned → Entry, owned */
    guint timer;         /* for the key that is due first */
    gint64 due;          /* the time of that */
};

static gboolean on_rested(gpointer data);

/* When something is to be done about a key that rests. Keys that nobody wants are forgotten a little later, together,
 * as there may be thousands. */
static gint64
due_of(const Entry *entry)
{
    return entry->is_wanted ? entry->rests_until : entry->rests_until + REST_US;
}

static void
schedule(XpvPacer *pacer)
{
    GHashTableIter iter;
    gpointer value;
    pacer->due = G_MAXINT64;
    g_hash_table_iter_init(&iter, pacer->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Entry *entry = value;
        if (!entry->is_out)
            pacer->due = MIN(pacer->due, due_of(entry));
    }
    g_clear_handle_id(&pacer->timer, g_source_remove);
    if (pacer->due != G_MAXINT64)
        pacer->timer = g_timeout_add((guint)(MAX(pacer->due - g_get_monotonic_time(), 0) / 1000) + 1, on_rested, pacer);
}

static void
schedule_entry(XpvPacer *pacer, const Entry *entry)
{
    if (!entry->is_out && (pacer->timer == 0 || due_of(entry) < pacer->due))
        schedule(pacer);
}

static gboolean
has_rested(const Entry *entry, gint64 now)
{
    return !entry->is_out && entry->rests_until <= now;
}

static gboolean
can_be_forgotten(gpointer key, gpointer value, gpointer now)
{
    const Entry *entry = value;
    return has_rested(entry, *(gint64 *)now) && !entry->is_wanted;
}

static void
begin(XpvPacer *pacer, const char *key, Entry *entry, gint64 rest_us)
{
    entry->is_out = TRUE;
    entry->is_wanted = FALSE;
    entry->rest_us = rest_us;
    pacer->read(key, pacer->data);
}

/* When the rest of a key is over, it is read again if it has changed, and else forgotten. */
static gboolean
on_rested(gpointer data)
{
    XpvPacer *pacer = data;
    g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func(g_free);
    gint64 now = g_get_monotonic_time();
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_foreach_remove(pacer->entries, can_be_forgotten, &now);
    g_hash_table_iter_init(&iter, pacer->entries);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Entry *entry = value;
        if (entry->is_wanted && has_rested(entry, now))
            g_ptr_array_add(wanted, g_strdup(key));
    }
    for (guint i = 0; i < wanted->len; i++) {
        Entry *entry = g_hash_table_lookup(pacer->entries, wanted->pdata[i]);
        begin(pacer, wanted->pdata[i], entry, MIN(2 * entry->rest_us, REST_MAX_US));
    }
    pacer->timer = 0;
    schedule(pacer);
    return G_SOURCE_REMOVE;
}

static Entry *
find_or_add(XpvPacer *pacer, const char *key)
{
    Entry *entry = g_hash_table_lookup(pacer->entries, key);
    if (!entry) {
        entry = g_new0(Entry, 1);
        entry->rest_us = REST_US;
        g_hash_table_insert(pacer->entries, g_strdup(key), entry);
    }
    return entry;
}

void
xpv_pacer_want(XpvPacer *pacer, const char *key)
{
    Entry *entry = find_or_add(pacer, key);
    if (has_rested(entry, g_get_monotonic_time())) {
        begin(pacer, key, entry, REST_US);
        return;
    }
    entry->is_wanted = TRUE;
    schedule_entry(pacer, entry);
}

void
xpv_pacer_want_now(XpvPacer *pacer, const char *key)
{
    Entry *entry = find_or_add(pacer, key);
    if (entry->is_out)
        entry->is_wanted = TRUE;
    else
        begin(pacer, key, entry, entry->rest_us);
}

void
xpv_pacer_done(XpvPacer *pacer, const char *key)
{
    Entry *entry = g_hash_table_lookup(pacer->entries, key);
    if (!entry || !entry->is_out)
        return;
    entry->is_out = FALSE;
    xpv_pacer_rest(pacer, key, entry->rest_us);
}

void
xpv_pacer_rest(XpvPacer *pacer, const char *key, gint64 us)
{
    Entry *entry = find_or_add(pacer, key);
    entry->rests_until = MAX(entry->rests_until, g_get_monotonic_time() + us);
    schedule_entry(pacer, entry);
}

void
xpv_pacer_forget(XpvPacer *pacer, const char *key)
{
    g_hash_table_remove(pacer->entries, key);
}

void
xpv_pacer_clear(XpvPacer *pacer)
{
    g_hash_table_remove_all(pacer->entries);
    g_clear_handle_id(&pacer->timer, g_source_remove);
}

XpvPacer *
xpv_pacer_new(XpvPacerRead read, gpointer data)
{
    XpvPacer *pacer = g_new0(XpvPacer, 1);
    pacer->read = read;
    pacer->data = data;
    pacer->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return pacer;
}

void
xpv_pacer_free(XpvPacer *pacer)
{
    if (!pacer)
        return;
    xpv_pacer_clear(pacer);
    g_hash_table_unref(pacer->entries);
    g_free(pacer);
}
