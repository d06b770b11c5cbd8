/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inspects the disks of one guest, in a sandbox. */
#pragma once

#include "common/domain-disk.h"
#include "common/inspection.h"

/* xpv_inspect: whatever fails is in the inspection. @disks: of XpvDomainDisk; sources may have any bytes */
XpvInspection *xpv_inspect(const GPtrArray *disks);
