/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The partitions of a disk, by its MBR or GPT.
 *
 * Ours, as libblkid wants a descriptor of the whole disk, which it asks ioctl() and /sys about; given a copy of the
 * disk's ends it finds no logical partition, whose chain goes all over the disk. */
#pragma once

#include "inspect/medium.h"

typedef struct {
    guint number; /* as Linux counts: 5 is the first logical one */
    XpvMedium *medium;
    gboolean is_cut; /* the table says that it goes on beyond the disk's end */
} XpvPartition;

/* xpv_partitions_read: what the disk is parted in.
 * @ret_partitions: of XpvPartition; empty where the disk has a table without partitions
 * Returns: FALSE where it has no table that is sane */
gboolean xpv_partitions_read(XpvMedium *disk, GArray **ret_partitions);
