/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens the disks of one guest, wherever they are. */
#pragma once

#include "common/inspection.h"

typedef struct {
    GPtrArray *media;    /* (nullable) of XpvMedium, one for each disk; NULL: it could not be opened */
    GArray *fds;         /* that the media need; int */
    GPtrArray *sessions; /* of XpvSsh, with other hosts */
    GPtrArray *images;   /* (nullable) of XpvImage, one for each disk; NULL: it is raw, or could not be opened */
} XpvDisks;

/* xpv_disks_open: @disks: of XpvDomainDisk; sources may have any bytes
 * @inspection: gets them, with the sentence about each that cannot be opened */
XpvDisks *xpv_disks_open(const GPtrArray *disks, XpvInspection *inspection);
void xpv_disks_free(XpvDisks *disks);

/* xpv_disks_connect_images: makes the media of images, in the sandbox. @inspection: gets an error for each that fails
 */
void xpv_disks_connect_images(XpvDisks *disks, XpvInspection *inspection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvDisks, xpv_disks_free)
