/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/storage.h"

#include <string.h>

#include "inspect/error.h"
#include "inspect/lvm2.h"
#include "inspect/partitions.h"
#include "inspect/raid.h"
#include "inspect/signature.h"

#define FILE_SYSTEMS_MAX 128U

typedef struct {
    XpvStorage *storage;
    XpvInspection *inspection;
    XpvLvm2 *lvm2;
} Search;

/* The place of a medium. */
typedef struct {
    const char *name;   /* for sentences */
    const char *volume; /* a logical volume's name, or "" */
    guint disk;
} Place;

static void
file_system_free(gpointer data)
{
    XpvFileSystem *file_system = data;
    xpv_ext_free(file_system->ext);
    g_free(file_system->place);
    g_free(file_system->volume);
    g_free(file_system);
}

static gboolean
is_known(const XpvStorage *storage, const XpvExt *ext)
{
    for (guint i = 0; i < storage->file_systems->len; i++) {
        const XpvFileSystem *known = storage->file_systems->pdata[i];
        if (memcmp(xpv_ext_uuid(known->ext), xpv_ext_uuid(ext), 16) == 0)
            return TRUE;
    }
    return FALSE;
}

static void
add_ext(Search *search, XpvMedium *medium, const Place *place)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvExt) ext = xpv_ext_open(medium, &error);
    if (!ext) {
        xpv_inspection_add_error(search->inspection, "%s: %s", place->name, error->message);
        return;
    }
    if (is_known(search->storage, ext) || search->storage->file_systems->len >= FILE_SYSTEMS_MAX)
        return;
    XpvFileSystem *file_system = g_new(XpvFileSystem, 1);
    *file_system =
        (XpvFileSystem){ g_steal_pointer(&ext), g_strdup(place->name), g_strdup(place->volume), place->disk };
    g_ptr_array_add(search->storage->file_systems, file_system);
}

/* @may_have_volumes: whether it may be a physical volume of LVM2; a logical volume may not. */
static void
search_area(Search *search, XpvMedium *area, const Place *place, gboolean may_have_volumes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvMedium) data = xpv_raid_data(area, &error);
    if (error) {
        xpv_inspection_add_error(search->inspection, "%s: it is %s", place->name, error->message);
        return;
    }
    XpvMedium *medium = data ? data : area;
    const char *name;
    switch (xpv_signature_of(medium, &name)) {
    case XPV_SIGNATURE_EXT:
        add_ext(search, medium, place);
        break;
    case XPV_SIGNATURE_LVM2:
        if (may_have_volumes && !xpv_lvm2_add(search->lvm2, medium, &error))
            xpv_inspection_add_error(search->inspection, "%s: %s", place->name, error->message);
        break;
    case XPV_SIGNATURE_NTFS:
        search->storage->has_ntfs = TRUE;
        break;
    case XPV_SIGNATURE_OTHER:
        xpv_inspection_add_error(search->inspection, "%s: it is %s, which cannot be read", place->name, name);
        break;
    case XPV_SIGNATURE_NONE:
        break;
    }
}

static void
search_disk(Search *search, XpvMedium *disk, const char *name, guint number)
{
    g_autoptr(GArray) partitions = NULL;
    if (!xpv_partitions_read(disk, &partitions)) {
        search_area(search, disk, &(Place){ name, "", number }, TRUE);
        return;
    }
    for (guint i = 0; i < partitions->len; i++) {
        const XpvPartition *partition = &g_array_index(partitions, XpvPartition, i);
        g_autofree char *place = g_strdup_printf("%s, partition %u", name, partition->number);
        if (partition->is_cut)
            xpv_inspection_add_error(search->inspection, "%s: it goes on beyond the end of the disk", place);
        search_area(search, partition->medium, &(Place){ place, "", number }, TRUE);
    }
}

static void
search_volume(const char *name, XpvMedium *volume, const GError *error, gpointer data)
{
    Search *search = data;
    g_autofree char *place = g_strdup_printf("logical volume %s", name);
    if (volume)
        search_area(search, volume, &(Place){ place, name, G_MAXUINT }, FALSE);
    else
        xpv_inspection_add_error(search->inspection, "%s: %s", place, error->message);
}

XpvStorage *
xpv_storage_read(GPtrArray *disks, XpvInspection *inspection)
{
    g_autoptr(XpvLvm2) lvm2 = xpv_lvm2_new();
    XpvStorage *storage = g_new0(XpvStorage, 1);
    storage->file_systems = g_ptr_array_new_with_free_func(file_system_free);
    Search search = { storage, inspection, lvm2 };
    for (guint i = 0; i < disks->len; i++) {
        const XpvInspectionDisk *disk = inspection->disks->pdata[i];
        if (disks->pdata[i])
            search_disk(&search, disks->pdata[i], disk->source, i);
    }
    xpv_lvm2_visit(lvm2, search_volume, &search);
    return storage;
}

void
xpv_storage_free(XpvStorage *storage)
{
    g_ptr_array_unref(storage->file_systems);
    g_free(storage);
}
