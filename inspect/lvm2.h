/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LVM2: the logical volumes of one guest's physical volumes.
 *
 * Two guests often have groups and volumes with the same names, so their disks must never be mixed. */
#pragma once

#include "inspect/medium.h"

typedef struct _XpvLvm2 XpvLvm2;

XpvLvm2 *xpv_lvm2_new(void);
void xpv_lvm2_free(XpvLvm2 *lvm2);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvLvm2, xpv_lvm2_free)

/* xpv_lvm2_add: adds a physical volume. A second one with the same UUID, as of a RAID 1, is ignored.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE */
gboolean xpv_lvm2_add(XpvLvm2 *self, XpvMedium *volume, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @name: "VolGroup00/LogVol00"
 * @volume: NULL if it cannot be read
 * @error: the reason */
typedef void (*XpvLvm2Visit)(const char *name, XpvMedium *volume, const GError *error, gpointer data);

/* xpv_lvm2_visit: calls back for each logical volume, in the metadata's order. */
void xpv_lvm2_visit(XpvLvm2 *self, XpvLvm2Visit visit, gpointer data);

/* xpv_lvm2_checksum: of a label, a header or a text: Ethernet's CRC-32, but with another start value, and not
 * inverted. */
guint32 xpv_lvm2_checksum(const guint8 *bytes, gsize length);
