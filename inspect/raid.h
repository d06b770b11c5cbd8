/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of Linux's software RAID (md), by their superblocks. Each half of a RAID 1 has all of the data. */
#pragma once

#include "inspect/medium.h"

/* xpv_raid_data: the data of a member of a RAID 1.
 * Returns: (nullable) NULL and no error: it is not a member of a RAID
 * Errors: XPV_INSPECT_ERROR_UNREADABLE: it is a member of another level */
XpvMedium *xpv_raid_data(XpvMedium *member, GError **error);
