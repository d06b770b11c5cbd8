/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partition tables of small disks that the test makes. */
#include "inspect/partitions.h"

#include <string.h>

#define SECTOR 512U
#define SECTORS 16U

typedef struct {
    guint8 flag, type;
    guint32 start, length;
} Entry;

static void
put32(guint8 *place, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(place, &value, sizeof value);
}

static void
put64(guint8 *place, guint64 value)
{
    value = GUINT64_TO_LE(value);
    memcpy(place, &value, sizeof value);
}

static void
put_table(guint8 *disk, guint sector, Entry first, Entry second)
{
    const Entry entries[] = { first, second };
    guint8 *bytes = disk + (gsize)sector * SECTOR;
    for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
        guint8 *entry = bytes + 446 + (gsize)i * 16;
        entry[0] = entries[i].flag;
        entry[4] = entries[i].type;
        put32(entry + 8, entries[i].start);
        put32(entry + 12, entries[i].length);
    }
    bytes[510] = 0x55;
    bytes[511] = 0xaa;
}

/* @expected: "1:2+3 " for partition 1 with three sectors from sector 2, with ! if it is cut; "none" without a table */
static void
expect(const guint8 *disk, const char *expected)
{
    g_autoptr(XpvMedium) medium = xpv_medium_new_memory(disk, SECTORS * SECTOR);
    g_autoptr(GArray) partitions = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!xpv_partitions_read(medium, &partitions))
        g_string_append(text, "none");
    for (guint i = 0; partitions && i < partitions->len; i++) {
        const XpvPartition *partition = &g_array_index(partitions, XpvPartition, i);
        guint8 first = 0;
        gboolean is_read = xpv_medium_read(partition->medium, 8, &first, 1, NULL);
        g_assert_true(is_read || xpv_medium_size(partition->medium) == 0);
        g_string_append_printf(text, "%u:%u+%u%s ", partition->number, first,
                               (guint)(xpv_medium_size(partition->medium) / SECTOR), partition->is_cut ? "!" : "");
    }
    g_assert_cmpstr(text->str, ==, expected);
}

/* Makes a disk on which the ninth byte of each sector is its number. */
static guint8 *
blank(void)
{
    guint8 *disk = g_malloc0(SECTORS * SECTOR);
    for (guint i = 0; i < SECTORS; i++)
        disk[i * SECTOR + 8] = (guint8)i;
    return disk;
}

static void
test_mbr(void)
{
    g_autofree guint8 *disk = blank();
    expect(disk, "none");
    put_table(disk, 0, (Entry){ 0x80, 0x83, 2, 3 }, (Entry){ 0, 0x8e, 5, 11 });
    expect(disk, "1:2+3 2:5+11 ");
    disk[510] = 0;
    expect(disk, "none");
    put_table(disk, 0, (Entry){ 0, 0, 0, 0 }, (Entry){ 0, 0x8e, 5, 12 });
    expect(disk, "2:5+11! ");
    put_table(disk, 0, (Entry){ 0, 0x83, 16, 1 }, (Entry){ 0, 0x83, G_MAXUINT32, G_MAXUINT32 });
    expect(disk, "1:0+0! 2:0+0! ");
    /* Where a table would be, the boot sector of a file system has code. */
    put_table(disk, 0, (Entry){ 0x33, 0x83, 2, 3 }, (Entry){ 0xc0, 0x8e, 5, 11 });
    expect(disk, "none");
    put_table(disk, 0, (Entry){ 0, 0, 0, 0 }, (Entry){ 0, 0, 0, 0 });
    expect(disk, "none");
}

static void
test_logical(void)
{
    g_autofree guint8 *disk = blank();
    put_table(disk, 0, (Entry){ 0x80, 0x83, 1, 1 }, (Entry){ 0, 0x05, 2, 14 });
    put_table(disk, 2, (Entry){ 0, 0x83, 1, 2 }, (Entry){ 0, 0x05, 4, 3 });
    put_table(disk, 6, (Entry){ 0, 0x8e, 1, 2 }, (Entry){ 0, 0, 0, 0 });
    expect(disk, "1:1+1 5:3+2 6:7+2 ");
}

/* A chain of tables that leads back to itself is read to its end once. */
static void
test_loop(void)
{
    g_autofree guint8 *disk = blank();
    put_table(disk, 0, (Entry){ 0x80, 0x05, 2, 14 }, (Entry){ 0, 0, 0, 0 });
    put_table(disk, 2, (Entry){ 0, 0x83, 1, 2 }, (Entry){ 0, 0x05, 0, 14 });
    g_autoptr(XpvMedium) medium = xpv_medium_new_memory(disk, SECTORS * SECTOR);
    g_autoptr(GArray) partitions = NULL;
    g_assert_true(xpv_partitions_read(medium, &partitions));
    g_assert_cmpuint(partitions->len, ==, 128);
}

static void
put_gpt(guint8 *disk, guint sector, guint entries, guint size)
{
    guint8 *header = disk + (gsize)sector * SECTOR;
    static const char magic[8] = "EFI PART";
    memcpy(header, magic, sizeof magic);
    header[72] = 2;
    put32(header + 80, entries);
    put32(header + 84, size);
}

static void
test_gpt(void)
{
    for (guint sector = 1; sector < SECTORS; sector += SECTORS - 2) { /* the header, then its copy */
        g_autofree guint8 *disk = blank();
        put_table(disk, 0, (Entry){ 0, 0xee, 1, 15 }, (Entry){ 0, 0, 0, 0 });
        expect(disk, "none");
        put_gpt(disk, sector, 4, 128);
        guint8 *entry = disk + 2 * SECTOR + 128;
        disk[2 * SECTOR + 8] = 0;
        entry[0] = 1;
        entry[32] = 4;
        entry[40] = 6;
        expect(disk, "2:4+3 ");
        entry[40] = 3; /* it ends before it starts */
        expect(disk, "");
        put64(entry + 40, (1ULL << 55) + 4); /* in bytes, its length or its start does not fit into 64 bits */
        expect(disk, "");
        put64(entry + 32, (1ULL << 55) + 4);
        expect(disk, "");
        put64(entry + 32, 0);
        put64(entry + 40, G_MAXUINT64);
        expect(disk, "2:0+0 ");
        put_gpt(disk, sector, G_MAXUINT32, 64);
        expect(disk, "none");
        put_gpt(disk, sector, 4, 128);
        disk[sector * SECTOR] = 'e';
        expect(disk, "none");
    }
}

/* A table may claim 2^32 entries. */
static void
test_gpt_entries(void)
{
    const gsize size = 64 * SECTOR;
    g_autofree guint8 *disk = g_malloc0(size);
    put_table(disk, 0, (Entry){ 0, 0xee, 1, 63 }, (Entry){ 0, 0, 0, 0 });
    put_gpt(disk, 1, G_MAXUINT32, 128);
    for (gsize at = 2 * SECTOR; at < size; at += 128)
        disk[at] = 1;
    g_autoptr(XpvMedium) medium = xpv_medium_new_memory(disk, size);
    g_autoptr(GArray) partitions = NULL;
    g_assert_true(xpv_partitions_read(medium, &partitions));
    g_assert_cmpuint(partitions->len, ==, 128);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/partitions/mbr", test_mbr);
    g_test_add_func("/partitions/logical", test_logical);
    g_test_add_func("/partitions/loop", test_loop);
    g_test_add_func("/partitions/gpt", test_gpt);
    g_test_add_func("/partitions/gpt-entries", test_gpt_entries);
    return g_test_run();
}
