/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk: an image file or a block device of this machine. */
#pragma once

#include "inspect/medium.h"

/* xpv_disk_open: opens a regular file or a block device read-only. It refuses anything else, such as a fifo, a terminal
 * or a folder. It blocks as long as the file's file system does. The host's cache of a block device is dropped, as the
 * guest may have written past it.
 * Returns: (nullable) its bytes, by @ret_fd, which it owns
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, with a sentence that does not name the path */
XpvMedium *xpv_disk_open(const char *path, int *ret_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
