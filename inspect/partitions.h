/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The partitions of a disk, by its MBR or GPT.
 *
 * Our own code, because libblkid needs a descriptor of the whole disk, and uses ioctl() and /sys. With a copy of the
 * disk's ends, it does not find logical partitions, whose tables can be anywhere on the disk. */
#pragma once

#include "inspect/medium.h"

typedef struct {
    guint number; /* in Linux's count: 5 is the first logical one */
    XpvMedium *medium;
    gboolean is_cut; /* the table says that it goes on beyond the disk's end */
} XpvPartition;

/* xpv_partitions_read: reads the partition table of a disk.
 * @ret_partitions: of XpvPartition; empty if the table has no partitions
 * Returns: FALSE if the disk has no valid table */
gboolean xpv_partitions_read(XpvMedium *disk, GArray **ret_partitions);
