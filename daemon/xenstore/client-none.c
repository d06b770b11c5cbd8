/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client for builds without libxenstore. */
#include "daemon/xenstore/client.h"

gboolean
xpv_xenstore_is_supported(void)
{
    return FALSE;
}

XpvXenstore *
xpv_xenstore_new(const XpvXenstoreListener *listener, gpointer data, GDestroyNotify free_data)
{
    g_return_val_if_reached(NULL);
}

void
xpv_xenstore_free(XpvXenstore *xenstore)
{
}

guint
xpv_xenstore_count(void)
{
    return 0;
}

gboolean
xpv_xenstore_open(XpvXenstore *xenstore, GError **error)
{
    g_return_val_if_reached(FALSE);
}

void
xpv_xenstore_watch(XpvXenstore *xenstore, const char *path, const char *token)
{
}

void
xpv_xenstore_unwatch(XpvXenstore *xenstore, const char *path, const char *token)
{
}

gboolean
xpv_xenstore_read(XpvXenstore *xenstore, const char *path, gsize max, char **ret_value, gsize *ret_length)
{
    return FALSE;
}

gboolean
xpv_xenstore_list(XpvXenstore *xenstore, const char *path, guint max, GStrv *ret_names)
{
    return FALSE;
}
