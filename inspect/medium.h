/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of a known number that can be read at any offset: a disk, a partition, a logical volume, a file in a guest's
 * file system. Each is either read by a function, as a disk is, or made of segments of other media. */
#pragma once

#include <glib.h>

typedef struct _XpvMedium XpvMedium;

/* @offset and @length are within the medium. */
typedef gboolean (*XpvMediumRead)(gpointer data, guint64 offset, void *buffer, gsize length, GError **error);

/* xpv_medium_new: a medium that a function reads. */
XpvMedium *xpv_medium_new(guint64 size, XpvMediumRead read, gpointer data, GDestroyNotify free_data);

/* xpv_medium_new_memory: @data: borrowed */
XpvMedium *xpv_medium_new_memory(const void *data, gsize length);

/* xpv_medium_new_part: @length bytes from @start on, as far as there are so many. */
XpvMedium *xpv_medium_new_part(XpvMedium *whole, guint64 start, guint64 length);

/* xpv_medium_new_empty: one without any byte, to which segments are appended. */
XpvMedium *xpv_medium_new_empty(void);

/* xpv_medium_append: @medium: (nullable) NULL: zeroes
 * Returns: FALSE where the medium would grow above what 64 bits count; nothing is appended */
gboolean xpv_medium_append(XpvMedium *self, XpvMedium *medium, guint64 start, guint64 length);

XpvMedium *xpv_medium_ref(XpvMedium *medium);

/* xpv_medium_unref: @medium: (nullable) */
void xpv_medium_unref(XpvMedium *medium);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvMedium, xpv_medium_unref)

guint64 xpv_medium_size(const XpvMedium *medium);

/* xpv_medium_read: reads exactly @length bytes.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, also where they are not all within the medium */
gboolean xpv_medium_read(const XpvMedium *medium, guint64 offset, void *buffer, gsize length,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
