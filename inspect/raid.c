/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/raid.h"

#include "inspect/bytes.h"
#include "inspect/error.h"

#define MAGIC 0xa92b4efcU
#define SUPERBLOCK 256U
#define SECTOR 512U
#define LEVEL_1 1U

/* Version 0.90 is in the byte order of the machine that wrote it; all that we know are little-endian. Its superblock is
 * near the end, in the last but one whole 64 KiB. */
static XpvMedium *
read_old(XpvMedium *member, GError **error)
{
    const guint64 reserved = 65536;
    guint64 size = xpv_medium_size(member) & ~(reserved - 1);
    guint8 bytes[SUPERBLOCK];
    if (!xpv_medium_read(member, size - reserved, bytes, sizeof bytes, NULL) || xpv_le32(bytes) != MAGIC ||
        xpv_le32(bytes + 4) != 0)
        return NULL;
    if (xpv_le32(bytes + 28) == LEVEL_1)
        return xpv_medium_new_part(member, 0, size - reserved);
    xpv_inspect_fail(error, "a member of a RAID of level %d, but only level 1 can be read",
                     (gint32)xpv_le32(bytes + 28));
    return NULL;
}

/* Version 1, at any of its places. */
static XpvMedium *
read_new(XpvMedium *member, guint64 offset, GError **error)
{
    guint8 bytes[SUPERBLOCK];
    if (!xpv_medium_read(member, offset, bytes, sizeof bytes, NULL) || xpv_le32(bytes) != MAGIC ||
        xpv_le32(bytes + 4) != 1)
        return NULL;
    guint64 start = xpv_le64(bytes + 128), length = xpv_le64(bytes + 136);
    if (xpv_le32(bytes + 72) == LEVEL_1)
        return xpv_medium_new_part(member, start * SECTOR, length * SECTOR);
    xpv_inspect_fail(error, "a member of a RAID of level %d, but only level 1 can be read",
                     (gint32)xpv_le32(bytes + 72));
    return NULL;
}

XpvMedium *
xpv_raid_data(XpvMedium *member, GError **error)
{
    guint64 sectors = xpv_medium_size(member) / SECTOR;
    const guint64 places[] = {
        (sectors - 16) / 8 * 8 * SECTOR, /* version 1.0; of a smaller member it is beyond the end */
        0,                               /* 1.1 */
        4096,                            /* 1.2 */
    };
    GError *failure = NULL;
    XpvMedium *data = read_old(member, &failure);
    for (guint i = 0; i < G_N_ELEMENTS(places) && !data && !failure; i++)
        data = read_new(member, places[i], &failure);
    if (failure)
        g_propagate_error(error, failure);
    return data;
}
