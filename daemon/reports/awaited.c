/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reports/awaited.h"

#define SETTLE_MS 1000

struct _XpvAwaited {
    void (*settled)(gpointer data);
    gpointer data;
    GHashTable *keys; /* owned */
    guint timer;      /* until settled() is called */
};

XpvAwaited *
xpv_awaited_new(void (*settled)(gpointer data), gpointer data)
{
    XpvAwaited *awaited = g_new0(XpvAwaited, 1);
    awaited->settled = settled;
    awaited->data = data;
    awaited->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return awaited;
}

void
xpv_awaited_free(XpvAwaited *awaited)
{
    g_clear_handle_id(&awaited->timer, g_source_remove);
    g_hash_table_unref(awaited->keys);
    g_free(awaited);
}

static gboolean
on_timer(gpointer data)
{
    XpvAwaited *awaited = data;
    awaited->timer = 0;
    g_hash_table_remove_all(awaited->keys);
    awaited->settled(awaited->data);
    return G_SOURCE_REMOVE;
}

static void
tell_in(XpvAwaited *awaited, guint ms)
{
    g_clear_handle_id(&awaited->timer, g_source_remove);
    awaited->timer = g_timeout_add(ms, on_timer, awaited);
}

void
xpv_awaited_add(XpvAwaited *awaited, const char *key)
{
    if (xpv_awaited_is_empty(awaited))
        tell_in(awaited, SETTLE_MS);
    g_hash_table_add(awaited->keys, g_strdup(key));
}

void
xpv_awaited_remove(XpvAwaited *awaited, const char *key)
{
    if (g_hash_table_remove(awaited->keys, key) && xpv_awaited_is_empty(awaited))
        tell_in(awaited, 0);
}

void
xpv_awaited_clear(XpvAwaited *awaited)
{
    if (xpv_awaited_is_empty(awaited))
        return;
    g_hash_table_remove_all(awaited->keys);
    tell_in(awaited, 0);
}

gboolean
xpv_awaited_is_empty(const XpvAwaited *awaited)
{
    return g_hash_table_size(awaited->keys) == 0;
}
