/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/domain-disk.h"

#include <string.h>

XpvDomainDisk *
xpv_domain_disk_new(const char *source, const char *format, const char *target, const char *bus)
{
    gsize size = strlen(source) + 1;
    XpvDomainDisk *disk = g_malloc(sizeof *disk + size);
    disk->format = xpv_intern(format);
    disk->target = xpv_intern(target);
    disk->bus = xpv_intern(bus);
    memcpy(disk->source, source, size);
    return disk;
}

void
xpv_domain_disk_free(XpvDomainDisk *disk)
{
    xpv_interned_release(disk->format);
    xpv_interned_release(disk->target);
    xpv_interned_release(disk->bus);
    g_free(disk);
}

GPtrArray *
xpv_domain_disks_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)xpv_domain_disk_free);
}
