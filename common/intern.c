/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/intern.h"

#include <string.h>

typedef struct {
    guint n; /* references */
    char text[];
} Copy;

static GMutex lock;     /* of all that follows */
static GHashTable *all; /* set of Copy.text */

static Copy *
copy_of(XpvInterned *interned)
{
    return (gpointer)(interned - G_STRUCT_OFFSET(Copy, text));
}

/* Returns: without a reference */
static Copy *
add_copy(const char *text)
{
    gsize size = strlen(text) + 1;
    Copy *copy = g_malloc(sizeof *copy + size);
    copy->n = 0;
    memcpy(copy->text, text, size);
    g_hash_table_add(all, copy->text);
    return copy;
}

XpvInterned *
xpv_intern(const char *text)
{
    if (!text)
        return NULL;
    g_mutex_lock(&lock);
    if (!all)
        all = g_hash_table_new(g_str_hash, g_str_equal);
    XpvInterned *known = g_hash_table_lookup(all, text);
    Copy *copy = known ? copy_of(known) : add_copy(text);
    copy->n++;
    g_mutex_unlock(&lock);
    return copy->text;
}

void
xpv_interned_release(XpvInterned *interned)
{
    if (!interned)
        return;
    g_mutex_lock(&lock);
    Copy *copy = copy_of(interned);
    if (--copy->n == 0) {
        g_hash_table_remove(all, copy->text);
        g_free(copy);
    }
    g_mutex_unlock(&lock);
}
