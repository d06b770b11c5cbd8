/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file systems on the disks of one guest, through partitions, members of a RAID 1 and logical volumes. */
#pragma once

#include "common/inspection.h"
#include "inspect/ext.h"

typedef struct {
    XpvExt *ext;
    char *place;  /* "disk.img, partition 1", for sentences */
    char *volume; /* the logical volume that it is on: "VolGroup00/LogVol00"; "" if it is on none */
    guint disk;   /* the number of the disk; G_MAXUINT: it is on a logical volume */
} XpvFileSystem;

typedef struct {
    GPtrArray *file_systems; /* of XpvFileSystem; each only once, even if it is on both halves of a mirror */
    gboolean has_ntfs;
} XpvStorage;

/* xpv_storage_read: adds an error to the inspection for each part that cannot be read.
 * @disks: of XpvMedium, one for each of the inspection's disks; NULL: it could not be opened */
XpvStorage *xpv_storage_read(GPtrArray *disks, XpvInspection *inspection);
void xpv_storage_free(XpvStorage *storage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvStorage, xpv_storage_free)
