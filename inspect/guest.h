/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the kernels that are installed on the disks of one guest, and the one that starts. */
#pragma once

#include "common/inspection.h"
#include "inspect/medium.h"

/* xpv_guest_inspect: fills in all but the disks' errors.
 * @disks: of XpvMedium, one for each of the inspection's disks; NULL: it could not be opened */
void xpv_guest_inspect(XpvInspection *inspection, GPtrArray *disks);
