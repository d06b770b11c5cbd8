/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/partitions.h"

#include "inspect/bytes.h"

#define SECTOR 512U
#define PARTITIONS_MAX 128U
#define FIRST_LOGICAL 5U

#define MBR_TABLE 446U
#define MBR_ENTRY 16U
#define MBR_ENTRIES 4U
#define TYPE_PROTECTIVE 0xee

#define GPT_ENTRY_MIN 128U

typedef struct {
    guint8 flag;
    guint8 type;
    guint32 start; /* in sectors */
    guint32 length;
} Entry;

static void
clear_partition(gpointer data)
{
    XpvPartition *partition = data;
    g_clear_pointer(&partition->medium, xpv_medium_unref);
}

static void
add(GArray *partitions, XpvMedium *disk, guint number, guint64 start, guint64 length)
{
    if (partitions->len >= PARTITIONS_MAX || length > G_MAXUINT64 / SECTOR || start > G_MAXUINT64 / SECTOR)
        return;
    g_autoptr(XpvMedium) medium = xpv_medium_new_part(disk, start * SECTOR, length * SECTOR);
    gboolean is_cut = xpv_medium_size(medium) < length * SECTOR;
    const XpvPartition partition = { number, g_steal_pointer(&medium), is_cut };
    g_array_append_val(partitions, partition);
}

static gboolean
read_table(const XpvMedium *disk, guint64 sector, Entry entries[MBR_ENTRIES])
{
    guint8 bytes[SECTOR];
    if (!xpv_medium_read(disk, sector * SECTOR, bytes, SECTOR, NULL) || xpv_le16(bytes + SECTOR - 2) != 0xaa55)
        return FALSE;
    for (guint i = 0; i < MBR_ENTRIES; i++) {
        const guint8 *entry = bytes + MBR_TABLE + i * MBR_ENTRY;
        entries[i] = (Entry){ entry[0], entry[4], xpv_le32(entry + 8), xpv_le32(entry + 12) };
    }
    return TRUE;
}

/* The boot sector of a file system has the same two bytes at its end, and code where a table would be. */
static gboolean
is_sane(const Entry entries[MBR_ENTRIES])
{
    gboolean has_any = FALSE;
    for (guint i = 0; i < MBR_ENTRIES; i++) {
        if (entries[i].flag & 0x7f)
            return FALSE;
        has_any |= entries[i].type != 0 && entries[i].start != 0 && entries[i].length != 0;
    }
    return has_any;
}

static gboolean
is_extended(guint8 type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Each table of the chain has a logical partition and the place of the next table. A chain that forms a ring ends at
 * the maximum number of partitions. */
static void
add_logical(GArray *partitions, XpvMedium *disk, const Entry *extended)
{
    guint64 sector = extended->start;
    Entry entries[MBR_ENTRIES];
    for (guint i = 0; i < PARTITIONS_MAX && read_table(disk, sector, entries); i++) {
        if (entries[0].type != 0)
            add(partitions, disk, FIRST_LOGICAL + i, sector + entries[0].start, entries[0].length);
        if (!is_extended(entries[1].type))
            return;
        sector = (guint64)extended->start + entries[1].start;
    }
}

/* @sector: of the header. Returns: FALSE if it is not one */
static gboolean
add_gpt(GArray *partitions, XpvMedium *disk, guint64 sector)
{
    static const guint8 unused[16];
    guint8 header[SECTOR];
    if (!xpv_medium_read(disk, sector * SECTOR, header, SECTOR, NULL) || memcmp(header, "EFI PART", 8) != 0)
        return FALSE;
    guint64 table = xpv_le64(header + 72);
    guint32 n = xpv_le32(header + 80), size = xpv_le32(header + 84);
    if (size < GPT_ENTRY_MIN)
        return FALSE;
    for (guint i = 0; i < MIN(n, PARTITIONS_MAX); i++) {
        guint8 entry[GPT_ENTRY_MIN];
        if (!xpv_medium_read(disk, table * SECTOR + (guint64)i * size, entry, sizeof entry, NULL))
            break;
        guint64 first = xpv_le64(entry + 32), last = xpv_le64(entry + 40);
        if (memcmp(entry, unused, sizeof unused) != 0 && last >= first)
            add(partitions, disk, i + 1, first, last - first + 1);
    }
    return TRUE;
}

static void
add_mbr(GArray *partitions, XpvMedium *disk, const Entry entries[MBR_ENTRIES])
{
    for (guint i = 0; i < MBR_ENTRIES; i++) {
        if (entries[i].type != 0 && !is_extended(entries[i].type))
            add(partitions, disk, i + 1, entries[i].start, entries[i].length);
    }
    for (guint i = 0; i < MBR_ENTRIES; i++) {
        if (is_extended(entries[i].type)) {
            add_logical(partitions, disk, &entries[i]);
            return; /* there can be no other table */
        }
    }
}

static gboolean
has_protective(const Entry entries[MBR_ENTRIES])
{
    for (guint i = 0; i < MBR_ENTRIES; i++) {
        if (entries[i].type == TYPE_PROTECTIVE)
            return TRUE;
    }
    return FALSE;
}

gboolean
xpv_partitions_read(XpvMedium *disk, GArray **ret_partitions)
{
    Entry entries[MBR_ENTRIES];
    guint64 sectors = xpv_medium_size(disk) / SECTOR;
    if (!read_table(disk, 0, entries) || !is_sane(entries))
        return FALSE;
    g_autoptr(GArray) partitions = g_array_new(FALSE, FALSE, sizeof(XpvPartition));
    g_array_set_clear_func(partitions, clear_partition);
    if (!has_protective(entries))
        add_mbr(partitions, disk, entries);
    else if (!add_gpt(partitions, disk, 1) && !add_gpt(partitions, disk, sectors - 1))
        return FALSE;
    *ret_partitions = g_steal_pointer(&partitions);
    return TRUE;
}
