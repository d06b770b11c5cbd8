/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inspects the disks of one guest, in a sandbox. */
#pragma once

#include "common/domain-xml.h"
#include "common/inspection.h"

/* More disks are not read; no guest of RHEL 3, 4 or 5 has so many. */
#define XPV_INSPECT_DISKS_MAX 64U

/* xpv_inspect: whatever fails is in the inspection. @disks: of XpvDomainDisk; sources may have any bytes */
XpvInspection *xpv_inspect(const GPtrArray *disks);
