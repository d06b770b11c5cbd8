/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inspects the disks of one guest, in a sandbox. */
#pragma once

#include "common/inspection.h"

/* More disks are not read; no guest of RHEL 3, 4 or 5 has so many. */
#define XPV_INSPECT_DISKS_MAX 64U

/* xpv_inspect: whatever fails is in the inspection.
 * @paths: NULL-terminated; any bytes; of disks in the format “raw” */
XpvInspection *xpv_inspect(const char *const *paths);
