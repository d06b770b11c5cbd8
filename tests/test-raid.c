/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of RAIDs that the test makes. */
#include "inspect/raid.h"

#include <string.h>

#define SIZE (192U * 1024)
#define OLD (SIZE - 65536U) /* where a superblock of version 0.90 is */

static void
put32(guint8 *place, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(place, &value, sizeof value);
}

/* @at: of the superblock; @level_at: of the level in it
 * Returns: the data's size, the error message, or "none" */
static char *
describe(gsize size, gsize at, guint32 version, gsize level_at, guint32 level)
{
    g_autofree guint8 *bytes = g_malloc0(size);
    g_autoptr(GError) error = NULL;
    put32(bytes + at, 0xa92b4efc);
    put32(bytes + at + 4, version);
    put32(bytes + at + level_at, level);
    if (version == 1) {
        put32(bytes + at + 128, 2); /* sectors */
        put32(bytes + at + 136, 100);
    }
    g_autoptr(XpvMedium) member = xpv_medium_new_memory(bytes, size);
    g_autoptr(XpvMedium) data = xpv_raid_data(member, &error);
    if (error)
        return g_strdup(error->message);
    return data ? g_strdup_printf("%" G_GUINT64_FORMAT, xpv_medium_size(data)) : g_strdup("none");
}

static void
test_members(void)
{
    static const struct {
        gsize size, at;
        guint32 version;
        gsize level_at;
        guint32 level;
        const char *expected;
    } cases[] = {
        { SIZE, OLD, 0, 28, 1, "131072" },
        { SIZE + 65535, OLD, 0, 28, 1, "131072" },
        { SIZE, OLD, 0, 28, 5, "a member of a RAID of level 5, but only level 1 can be read" },
        { SIZE, OLD, 2, 28, 1, "none" },
        { SIZE, OLD, 1, 28, 1, "none" },
        { SIZE, SIZE - 8192, 1, 72, 1, "51200" },
        { SIZE, 0, 1, 72, 1, "51200" },
        { SIZE, 4096, 1, 72, 1, "51200" },
        { SIZE, 4096, 1, 72, 0xfffffffc, "a member of a RAID of level -4, but only level 1 can be read" },
        { SIZE, 4096, 2, 72, 1, "none" },
        { 65536, 0, 0, 28, 1, "0" }, /* too small to have data */
        { 1024, 0, 1, 72, 1, "0" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *told =
            describe(cases[i].size, cases[i].at, cases[i].version, cases[i].level_at, cases[i].level);
        g_assert_cmpstr(told, ==, cases[i].expected);
    }
}

static void
test_others(void)
{
    static guint8 zeroes[SIZE];
    zeroes[4096 + 4] = 1; /* a version without the magic number */
    for (gsize size = 0; size <= SIZE; size += 4096) {
        g_autoptr(GError) error = NULL;
        g_autoptr(XpvMedium) member = xpv_medium_new_memory(zeroes, size);
        g_assert_null(xpv_raid_data(member, &error));
        g_assert_no_error(error);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/raid/members", test_members);
    g_test_add_func("/raid/others", test_others);
    return g_test_run();
}
