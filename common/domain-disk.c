/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/domain-disk.h"

XpvDomainDisk *
xpv_domain_disk_new(const char *source, const char *format, const char *target, const char *bus)
{
    XpvDomainDisk *disk = g_new(XpvDomainDisk, 1);
    *disk = (XpvDomainDisk){
        .source = g_strdup(source),
        .format = g_ref_string_new_intern(format),
        .target = g_ref_string_new_intern(target),
        .bus = g_ref_string_new_intern(bus),
    };
    return disk;
}

void
xpv_domain_disk_free(XpvDomainDisk *disk)
{
    g_free(disk->source);
    g_ref_string_release(disk->format);
    g_ref_string_release(disk->target);
    g_ref_string_release(disk->bus);
    g_free(disk);
}

GPtrArray *
xpv_domain_disks_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)xpv_domain_disk_free);
}
