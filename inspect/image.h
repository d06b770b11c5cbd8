/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image that is not raw. qemu-nbd reads it, in a sandbox of its own. In a build without libnbd, no such image can be
 * opened. */
#pragma once

#include "inspect/medium.h"

typedef struct _XpvImage XpvImage;

/* xpv_image_start: opens and checks an image, and starts its qemu-nbd, without waiting for it.
 * @format: the XML's or the user's word, not "raw"; @deadline: of g_get_monotonic_time()
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, with a sentence that does not name the path */
XpvImage *xpv_image_start(const char *path, const char *format, gint64 deadline,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_image_await: blocks until its bytes can be read.
 * Returns: the only descriptor that reading needs, owned by the image; -1: an error. Errors: as above */
int xpv_image_await(XpvImage *self, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_image_medium: the bytes of the disk that is in it. Only for a sandbox, and once; the medium needs the image.
 * Returns: (nullable)
 * Errors: XPV_INSPECT_ERROR_UNREADABLE */
XpvMedium *xpv_image_medium(XpvImage *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_image_failure: Returns: (nullable) the sentence about the first reading that failed */
const char *xpv_image_failure(const XpvImage *self);

/* xpv_image_free: ends qemu-nbd. @self: (nullable) */
void xpv_image_free(XpvImage *self);
