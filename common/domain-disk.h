/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hard disk of a domain. The inspector knows it, too, and does not load libxml2. */
#pragma once

#include "common/intern.h"

typedef struct {
    XpvInterned *format; /* qemu's word, "raw" where the XML says nothing else */
    XpvInterned *target; /* "hda"; "" */
    XpvInterned *bus;    /* "ide", "scsi", "xen"; "" */
    char source[];       /* the path of a file or a block device; "": something else, such as a server's */
} XpvDomainDisk;

/* xpv_domain_disk_new: all copied. */
XpvDomainDisk *xpv_domain_disk_new(const char *source, const char *format, const char *target, const char *bus);
void xpv_domain_disk_free(XpvDomainDisk *disk);

/* xpv_domain_disks_new: Returns: (transfer full) of XpvDomainDisk, owned */
GPtrArray *xpv_domain_disks_new(void);
