/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that can be read at any offset: a disk, a partition, a logical volume, or a file in a guest's file system. A
 * medium has a known length. Either a function reads it, as for a disk, or it consists of segments of other media. */
#pragma once

#include <glib.h>

typedef struct _XpvMedium XpvMedium;

/* @offset and @length are within the medium. */
typedef gboolean (*XpvMediumRead)(gpointer data, guint64 offset, void *buffer, gsize length, GError **error);

/* xpv_medium_new: a medium that a function reads. */
XpvMedium *xpv_medium_new(guint64 size, XpvMediumRead read, gpointer data, GDestroyNotify free_data);

/* xpv_medium_new_memory: @data: borrowed */
XpvMedium *xpv_medium_new_memory(const void *data, gsize length);

/* xpv_medium_new_part: @length bytes from @start on, or as many as there are. */
XpvMedium *xpv_medium_new_part(XpvMedium *whole, guint64 start, guint64 length);

/* xpv_medium_new_empty: one without bytes, to append segments to. */
XpvMedium *xpv_medium_new_empty(void);

/* xpv_medium_append: @medium: (nullable) NULL: zeroes
 * Returns: FALSE if the length would not fit into 64 bits; nothing is appended */
gboolean xpv_medium_append(XpvMedium *self, XpvMedium *medium, guint64 start, guint64 length);

XpvMedium *xpv_medium_ref(XpvMedium *medium);

/* xpv_medium_unref: @medium: (nullable) */
void xpv_medium_unref(XpvMedium *medium);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvMedium, xpv_medium_unref)

guint64 xpv_medium_size(const XpvMedium *medium);

/* xpv_medium_read: reads exactly @length bytes.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, also if they are not all within the medium */
gboolean xpv_medium_read(const XpvMedium *medium, guint64 offset, void *buffer, gsize length,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
