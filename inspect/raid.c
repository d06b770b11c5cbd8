/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/raid.h"

#include "inspect/bytes.h"
#include "inspect/error.h"

#define MAGIC 0xa92b4efcU
#define SUPERBLOCK 256U
#define SECTOR 512U
#define LEVEL_1 1U
#define RESERVED ((guint64)64 * 1024) /* by version 0.90 */

/* Version 0.90 is in the byte order of the machine that wrote it; all that we know are little-endian. The data lies
 * before its superblock. */
static XpvMedium *
read_superblock(XpvMedium *member, guint64 offset, guint32 version, GError **error)
{
    guint8 bytes[SUPERBLOCK];
    if (!xpv_medium_read(member, offset, bytes, sizeof bytes, NULL) || xpv_le32(bytes) != MAGIC ||
        xpv_le32(bytes + 4) != version)
        return NULL;
    guint32 level = xpv_le32(bytes + (version == 0 ? 28 : 72));
    if (level == LEVEL_1)
        return version == 0
                   ? xpv_medium_new_part(member, 0, offset)
                   : xpv_medium_new_part(member, xpv_le64(bytes + 128) * SECTOR, xpv_le64(bytes + 136) * SECTOR);
    xpv_inspect_fail(error, "a member of a RAID of level %d, but only level 1 can be read", (gint32)level);
    return NULL;
}

XpvMedium *
xpv_raid_data(XpvMedium *member, GError **error)
{
    guint64 size = xpv_medium_size(member), sectors = size / SECTOR;
    const struct {
        guint64 offset; /* of a small member, it may be beyond the end */
        guint32 version;
    } places[] = {
        { (size / RESERVED - 1) * RESERVED, 0 }, /* version 0.90: the last whole 64 KiB */
        { (sectors - 16) / 8 * 8 * SECTOR, 1 },  /* 1.0 */
        { 0, 1 },                                /* 1.1 */
        { 4096, 1 },                             /* 1.2 */
    };
    GError *failure = NULL;
    XpvMedium *data = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(places) && !data && !failure; i++)
        data = read_superblock(member, places[i].offset, places[i].version, &failure);
    if (failure)
        g_propagate_error(error, failure);
    return data;
}
