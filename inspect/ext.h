/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of an ext2, ext3 or ext4 file system, by libext2fs. The journal is not replayed. A path never leaves the
 * file system: symbolic links are followed within it, and only a few. */
#pragma once

#include "inspect/medium.h"

typedef struct _XpvExt XpvExt;

/* xpv_ext_open: Returns: (nullable). Errors: XPV_INSPECT_ERROR_UNREADABLE */
XpvExt *xpv_ext_open(XpvMedium *medium, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_ext_free(XpvExt *ext);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvExt, xpv_ext_free)

/* xpv_ext_uuid: 16 bytes, of the file system. */
const guint8 *xpv_ext_uuid(const XpvExt *ext);

/* xpv_ext_label: as e2label prints it. Returns: (transfer full) any bytes */
char *xpv_ext_label(const XpvExt *ext);

/* xpv_ext_needs_recovery: whether its journal has newer data than the files: it is mounted, or was not unmounted. */
gboolean xpv_ext_needs_recovery(const XpvExt *ext);

/* xpv_ext_mounted_at: when it was last mounted, in seconds since the epoch. */
gint64 xpv_ext_mounted_at(const XpvExt *ext);

/* xpv_ext_has: whether the path exists, as a file, a folder or something else. */
gboolean xpv_ext_has(XpvExt *ext, const char *path);

/* xpv_ext_file: a regular file. @ret_changed_at: (nullable): seconds since the epoch
 * Returns: (nullable)
 * Errors: XPV_INSPECT_ERROR_ABSENT: it does not exist; XPV_INSPECT_ERROR_UNREADABLE */
XpvMedium *xpv_ext_file(XpvExt *ext, const char *path, gint64 *ret_changed_at, GError **error);

/* xpv_ext_text: the first @max bytes of a regular file, NUL-terminated; any bytes. Returns and errors as above */
char *xpv_ext_text(XpvExt *ext, const char *path, gsize max, gint64 *ret_changed_at, GError **error);

/* xpv_ext_link: the target of a symbolic link. Returns: (nullable) NULL: it is not a link */
char *xpv_ext_link(XpvExt *ext, const char *path);

/* xpv_ext_list: the names in a folder that begin with @prefix, in the folder's order, up to @max of them.
 * Returns: (element-type utf8): any bytes; empty if there is no such folder */
GPtrArray *xpv_ext_list(XpvExt *ext, const char *path, const char *prefix, guint max);
