/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens the disks of one guest, wherever they are. */
#pragma once

#include "common/inspection.h"

typedef struct {
    GPtrArray *media;    /* (nullable) of XpvMedium, one for each disk; NULL: it could not be opened */
    GArray *fds;         /* that the media need; int */
    GPtrArray *sessions; /* of XpvSsh, with other hosts */
} XpvDisks;

/* xpv_disks_open: @disks: of XpvDomainDisk; sources may have any bytes
 * @inspection: gets them, with the sentence about each that cannot be opened */
XpvDisks *xpv_disks_open(const GPtrArray *disks, XpvInspection *inspection);
void xpv_disks_free(XpvDisks *disks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvDisks, xpv_disks_free)
