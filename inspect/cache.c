/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/cache.h"

#include <string.h>

#define KEPT ((gsize)16 * 1024 * 1024)

typedef struct {
    guint64 number; /* of the chunk on the disk */
    char *bytes;    /* NULL: none is here */
} Slot;

typedef struct {
    XpvMedium *source;
    gsize chunk;
    guint n_slots;
    guint ahead_max;
    guint ahead;  /* chunks that the last reading took */
    guint64 next; /* the chunk behind them */
    char *buffer; /* of ahead_max chunks; NULL: nothing was read yet */
    Slot slots[];
} Cache;

/* How many chunks to read at once. What follows soon after the last reading counts as its continuation. */
static guint
look_ahead(Cache *cache, guint64 number)
{
    guint64 chunks = (xpv_medium_size(cache->source) + cache->chunk - 1) / cache->chunk;
    gboolean continues = number >= cache->next && number - cache->next < cache->ahead;
    cache->ahead = continues ? MIN(cache->ahead * 2, cache->ahead_max) : 1;
    cache->ahead = (guint)MIN(cache->ahead, chunks - number);
    cache->next = number + cache->ahead;
    return cache->ahead;
}

static void
keep(Cache *cache, guint64 number, const char *bytes, gsize length)
{
    Slot *slot = &cache->slots[number % cache->n_slots];
    if (!slot->bytes)
        slot->bytes = g_malloc(cache->chunk);
    slot->number = number;
    memcpy(slot->bytes, bytes, length);
}

/* Returns: (nullable) the chunk; only the last one of the disk may be shorter */
static const char *
chunk_at(Cache *cache, guint64 number, GError **error)
{
    const Slot *slot = &cache->slots[number % cache->n_slots];
    if (slot->bytes && slot->number == number)
        return slot->bytes;
    guint64 offset = number * cache->chunk;
    guint64 ahead = look_ahead(cache, number) * cache->chunk;
    gsize length = (gsize)MIN(ahead, xpv_medium_size(cache->source) - offset);
    if (!cache->buffer)
        cache->buffer = g_malloc(cache->chunk * cache->ahead_max);
    if (!xpv_medium_read(cache->source, offset, cache->buffer, length, error))
        return NULL;
    for (gsize at = 0; at < length; at += cache->chunk)
        keep(cache, number++, cache->buffer + at, MIN(cache->chunk, length - at));
    return slot->bytes;
}

static gboolean
read_cached(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    Cache *cache = data;
    char *next = buffer;
    while (length > 0) {
        const char *bytes = chunk_at(cache, offset / cache->chunk, error);
        gsize within = (gsize)(offset % cache->chunk);
        gsize part = MIN(length, cache->chunk - within);
        if (!bytes)
            return FALSE;
        memcpy(next, bytes + within, part);
        offset += part;
        next += part;
        length -= part;
    }
    return TRUE;
}

static void
cache_free(gpointer data)
{
    Cache *cache = data;
    for (guint i = 0; i < cache->n_slots; i++)
        g_free(cache->slots[i].bytes);
    xpv_medium_unref(cache->source);
    g_free(cache->buffer);
    g_free(cache);
}

XpvMedium *
xpv_cache_new(XpvMedium *source, gsize chunk, guint chunks_ahead)
{
    guint n_slots = (guint)(KEPT / chunk);
    Cache *cache = g_malloc0(sizeof *cache + n_slots * sizeof cache->slots[0]);
    cache->source = xpv_medium_ref(source);
    cache->chunk = chunk;
    cache->n_slots = n_slots;
    cache->ahead_max = chunks_ahead;
    return xpv_medium_new(xpv_medium_size(source), read_cached, cache, cache_free);
}
