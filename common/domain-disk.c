/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/domain-disk.h"

XpvDomainDisk *
xpv_domain_disk_new(const char *source, const char *format, const char *target, const char *bus)
{
    XpvDomainDisk *disk = g_new(XpvDomainDisk, 1);
    *disk = (XpvDomainDisk){
        .source = g_strdup(source),
        .format = xpv_intern(format),
        .target = xpv_intern(target),
        .bus = xpv_intern(bus),
    };
    return disk;
}

void
xpv_domain_disk_free(XpvDomainDisk *disk)
{
    g_free(disk->source);
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
