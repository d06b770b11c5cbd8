/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk: an image file or a block device of this machine. */
#pragma once

#include "inspect/medium.h"

typedef struct {
    int fd;
    guint64 size; /* in bytes */
    gboolean is_device;
} XpvDisk;

/* xpv_disk_open: opens a regular file or a block device read-only, and nothing else, such as a fifo, a terminal or a
 * folder. It blocks as long as the file system does that the file is on.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, with a sentence that does not name the path */
gboolean xpv_disk_open(const char *path, XpvDisk *ret_disk, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_disk_clear: closes it. */
void xpv_disk_clear(XpvDisk *disk);

/* xpv_disk_medium: its bytes. Bytes that were read are kept while there is room for them, so that the data of a disk in
 * use is of one moment. The host's cache of a block device is dropped before, as the guest may have written past it.
 * Returns: a medium that needs @disk open, and does not close it */
XpvMedium *xpv_disk_medium(const XpvDisk *disk);
