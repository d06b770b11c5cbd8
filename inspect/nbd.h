/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disk that an NBD server serves, by libnbd. The server may be hostile, so this is for a sandbox. It has a few
 * seconds for each answer. */
#pragma once

#include "inspect/medium.h"

typedef struct _XpvNbd XpvNbd;

/* xpv_nbd_load: before anything else; not in a sandbox. Only images that are not raw need the library, and loading it
 * takes as long as reading a raw disk.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE */
gboolean xpv_nbd_load(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_nbd_connect:
 * @socket: connected; it is closed with the connection
 * Errors: XPV_INSPECT_ERROR_UNREADABLE */
XpvNbd *xpv_nbd_connect(int socket, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_nbd_free(XpvNbd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvNbd, xpv_nbd_free)

/* xpv_nbd_medium: the bytes of the disk; the medium needs the connection.
 * Returns: (nullable)
 * Errors: XPV_INSPECT_ERROR_UNREADABLE */
XpvMedium *xpv_nbd_medium(XpvNbd *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_nbd_failure: Returns: (nullable) the sentence about the first reading that failed */
const char *xpv_nbd_failure(const XpvNbd *self);
