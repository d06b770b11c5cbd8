/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of what a partition or a volume holds, by the bytes that mark them. */
#pragma once

#include "inspect/medium.h"

typedef enum {
    XPV_SIGNATURE_NONE, /* nothing that is known, or nothing worth a word, as swap space */
    XPV_SIGNATURE_EXT,
    XPV_SIGNATURE_LVM2,
    XPV_SIGNATURE_NTFS,
    XPV_SIGNATURE_OTHER, /* what is known by name, and not read */
} XpvSignature;

/* xpv_signature_of: @ret_name: its name in a sentence; static */
XpvSignature xpv_signature_of(const XpvMedium *medium, const char **ret_name);
