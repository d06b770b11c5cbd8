/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The formats of images, and the images that need other files. An image's format is never guessed from its bytes: a
 * guest could write the head of another format to its disk, and name a file of the host in it. */
#pragma once

#include "inspect/medium.h"

/* For sentences. */
#define XPV_FORMATS "raw, qcow, qcow2, qed, vdi, vhd (or vpc), vhdx or vmdk"

/* xpv_format_driver: @format: libvirt's or a user's word
 * Returns: (nullable) qemu's word; NULL: images of this format are not read */
const char *xpv_format_driver(const char *format);

/* xpv_format_check: whether an image can be read alone. It does not notice that an image is of another format.
 * @driver: qemu's word; @image: the bytes of the file
 * Errors: XPV_INSPECT_ERROR_UNREADABLE: the image names other files or is a difference to another one, or it cannot be
 * read */
gboolean xpv_format_check(const char *driver, const XpvMedium *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;
