/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kind of data on a partition or a volume, by its signature. */
#pragma once

#include "inspect/medium.h"

typedef enum {
    XPV_SIGNATURE_NONE, /* unknown, or not worth an error, such as swap space */
    XPV_SIGNATURE_EXT,
    XPV_SIGNATURE_LVM2,
    XPV_SIGNATURE_NTFS,
    XPV_SIGNATURE_OTHER, /* known, but not readable */
} XpvSignature;

/* xpv_signature_of: @ret_name: its name for a sentence; static */
XpvSignature xpv_signature_of(const XpvMedium *medium, const char **ret_name);
