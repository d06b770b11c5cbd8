/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A qemu-nbd, in a sandbox of its own, which serves one image to one client. It does not outlive this process. */
#pragma once

#include <glib.h>

typedef struct _XpvQemuNbd XpvQemuNbd;

/* xpv_qemu_nbd_start: does not wait for it.
 * @driver: qemu's word for the format; @fd: the image, which qemu-nbd inherits
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, if it is not installed or cannot be started */
XpvQemuNbd *xpv_qemu_nbd_start(const char *driver, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_qemu_nbd_await: blocks until it serves the image.
 * @deadline: of g_get_monotonic_time()
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, with qemu-nbd's own words if the image cannot be opened */
gboolean xpv_qemu_nbd_await(XpvQemuNbd *self, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_qemu_nbd_socket: Returns: connected to it; it keeps its own */
int xpv_qemu_nbd_socket(const XpvQemuNbd *self);

/* xpv_qemu_nbd_free: kills it. @self: (nullable) */
void xpv_qemu_nbd_free(XpvQemuNbd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvQemuNbd, xpv_qemu_nbd_free)
