/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xenpv-compat-inspect reads on a domain's disks, now. */
#pragma once

#include "common/inspection.h"

/* The longest wait for the inspector, in seconds. */
#define XPV_CTL_INSPECTOR_SECONDS 2

/* xpv_ctl_inspect: runs the inspector, and kills it if it takes too long.
 * @disks: of XpvDomainDisk
 * Returns: (nullable) NULL: it is not installed, or it failed
 * Errors: XPV_CTL_ERROR: it failed, with the beginning of a sentence. If it is not installed, there is no error. */
XpvInspection *xpv_ctl_inspect(const GPtrArray *disks, GError **error);
