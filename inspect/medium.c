/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/medium.h"

#include <string.h>

#include "inspect/error.h"

typedef struct {
    guint64 offset; /* where it begins in the whole medium */
    guint64 length;
    XpvMedium *medium; /* NULL: zeroes */
    guint64 start;
} Segment;

struct _XpvMedium {
    guint64 size;
    XpvMediumRead read; /* NULL: it consists of segments */
    gpointer data;
    GDestroyNotify free_data;
    GArray *segments; /* of Segment, one after the other */
};

XpvMedium *
xpv_medium_new(guint64 size, XpvMediumRead read, gpointer data, GDestroyNotify free_data)
{
    XpvMedium *self = g_rc_box_new0(XpvMedium);
    *self = (XpvMedium){ .size = size, .read = read, .data = data, .free_data = free_data };
    return self;
}

static gboolean
read_memory(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    memcpy(buffer, (const char *)data + offset, length);
    return TRUE;
}

XpvMedium *
xpv_medium_new_memory(const void *data, gsize length)
{
    return xpv_medium_new(length, read_memory, (gpointer)data, NULL);
}

static void
clear_segment(gpointer data)
{
    Segment *segment = data;
    g_clear_pointer(&segment->medium, xpv_medium_unref);
}

XpvMedium *
xpv_medium_new_empty(void)
{
    XpvMedium *self = g_rc_box_new0(XpvMedium);
    self->segments = g_array_new(FALSE, FALSE, sizeof(Segment));
    g_array_set_clear_func(self->segments, clear_segment);
    return self;
}

XpvMedium *
xpv_medium_new_part(XpvMedium *whole, guint64 start, guint64 length)
{
    XpvMedium *self = xpv_medium_new_empty();
    guint64 there = start < whole->size ? whole->size - start : 0;
    xpv_medium_append(self, whole, start, MIN(length, there));
    return self;
}

/* A segment that continues the last one is merged with it, as files and volumes often lie in one piece. */
static gboolean
extend_last(XpvMedium *self, const XpvMedium *medium, guint64 start, guint64 length)
{
    if (self->segments->len == 0)
        return FALSE;
    Segment *last = &g_array_index(self->segments, Segment, self->segments->len - 1);
    if (last->medium != medium || (medium && last->start + last->length != start))
        return FALSE;
    last->length += length;
    return TRUE;
}

gboolean
xpv_medium_append(XpvMedium *self, XpvMedium *medium, guint64 start, guint64 length)
{
    if (length > G_MAXUINT64 - self->size || length > G_MAXUINT64 - start)
        return FALSE;
    if (!extend_last(self, medium, start, length)) {
        const Segment segment = { self->size, length, medium ? xpv_medium_ref(medium) : NULL, start };
        g_array_append_val(self->segments, segment);
    }
    self->size += length;
    return TRUE;
}

XpvMedium *
xpv_medium_ref(XpvMedium *medium)
{
    return g_rc_box_acquire(medium);
}

static void
clear(gpointer data)
{
    XpvMedium *self = data;
    g_clear_pointer(&self->segments, g_array_unref);
    if (self->free_data)
        self->free_data(self->data);
}

void
xpv_medium_unref(XpvMedium *medium)
{
    if (medium)
        g_rc_box_release_full(medium, clear);
}

guint64
xpv_medium_size(const XpvMedium *medium)
{
    return medium->size;
}

/* @offset: within the medium */
static const Segment *
segment_at(const XpvMedium *self, guint64 offset)
{
    guint low = 0, high = self->segments->len;
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(self->segments, Segment, middle).offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return &g_array_index(self->segments, Segment, low);
}

/* The recursion ends, as a medium consists of older ones. The deepest is a file in a file system on a volume on a
 * partition of a disk. NOLINTBEGIN(misc-no-recursion) */
static gboolean
read_segments(const XpvMedium *self, guint64 offset, char *buffer, gsize length, GError **error)
{
    while (length > 0) {
        const Segment *segment = segment_at(self, offset);
        guint64 within = offset - segment->offset;
        gsize part = (gsize)MIN(length, segment->length - within);
        if (!segment->medium)
            memset(buffer, 0, part);
        else if (!xpv_medium_read(segment->medium, segment->start + within, buffer, part, error))
            return FALSE;
        offset += part;
        buffer += part;
        length -= part;
    }
    return TRUE;
}

gboolean
xpv_medium_read(const XpvMedium *medium, guint64 offset, void *buffer, gsize length, GError **error)
{
    if (offset > medium->size || length > medium->size - offset)
        return xpv_inspect_fail(
            error, "%" G_GSIZE_FORMAT " bytes at %" G_GUINT64_FORMAT " are beyond the end, %" G_GUINT64_FORMAT, length,
            offset, medium->size);
    if (medium->read)
        return medium->read(medium->data, offset, buffer, length, error);
    return read_segments(medium, offset, buffer, length, error);
}
/* NOLINTEND(misc-no-recursion) */
