/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical volumes, of physical ones that are made here. */
#include "inspect/lvm2.h"

#include "inspect/bytes.h"

#define SECTOR 512U
#define AREA 4096U
#define AREA_SIZE 4096U
#define FIRST_EXTENT 8192U
#define EXTENT 1024U /* two sectors */
#define EXTENTS 4U
#define SIZE (FIRST_EXTENT + EXTENTS * EXTENT)

typedef struct {
    char letter;      /* all of its UUID, and where its extents' bytes begin to count */
    guint sector;     /* of the label */
    guint offset;     /* of the text in the ring */
    const char *text; /* NULL: it has no metadata */
    guint64 cut;      /* how much of it there is; 0: all */
} Physical;

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
put_label(guint8 *bytes, const Physical *physical)
{
    guint8 *label = bytes + (gsize)physical->sector * SECTOR;
    static const char magic[8] = "LABELONE", type[8] = "LVM2 001";
    memcpy(label, magic, sizeof magic);
    put32(label + 20, 32);
    memcpy(label + 24, type, sizeof type);
    memset(label + 32, physical->letter, 32);
    put64(label + 64, SIZE);
    put64(label + 72, FIRST_EXTENT);
    put64(label + 104, physical->text ? AREA : 0);
    put64(label + 112, AREA_SIZE);
    put32(label + 16, xpv_lvm2_checksum(label + 20, SECTOR - 20));
}

static void
put_text(guint8 *bytes, const Physical *physical)
{
    guint8 *area = bytes + AREA;
    gsize length = strlen(physical->text) + 1;
    for (gsize i = 0; i < length; i++) {
        gsize at = physical->offset + i;
        area[at < AREA_SIZE ? at : at - AREA_SIZE + SECTOR] = (guint8)physical->text[i];
    }
    static const char magic[16] = " LVM2 x[5A%r0N*>";
    memcpy(area + 4, magic, sizeof magic);
    put32(area + 20, 1);
    put64(area + 40, physical->offset);
    put64(area + 48, length);
    put32(area + 56, xpv_lvm2_checksum((const guint8 *)physical->text, length));
    put32(area, xpv_lvm2_checksum(area + 4, SECTOR - 4));
}

static guint8 *
make(const Physical *physical)
{
    guint8 *bytes = g_malloc0(SIZE);
    put_label(bytes, physical);
    if (physical->text)
        put_text(bytes, physical);
    for (guint i = 0; i < EXTENTS; i++)
        memset(bytes + FIRST_EXTENT + (gsize)i * EXTENT, physical->letter + (int)i, EXTENT);
    return bytes;
}

#define UUID(a) a a a a a a "-" a a a a a a a a a a a a "-" a a a a a a a a a a a a a a
#define PV(name, letter) name " { id = \"" UUID(letter) "\" pe_start = 16 pe_count = 4 }\n"
#define GROUP(seqno, physical, volumes)                                                                                \
    "VolGroup00 {\nid = \"g\"\nseqno = " seqno "\nextent_size = 2\nphysical_volumes {\n" physical                      \
    "}\nlogical_volumes {\n" volumes "}\n}\n"
#define VOLUME(name, segments) name " {\nid = \"x\"\nstatus = [\"READ\", \"VISIBLE\"]\n" segments "}\n"
#define SEGMENT(number, start, count, stripe)                                                                          \
    "segment" number " { start_extent = " start " extent_count = " count                                               \
    " type = \"striped\" stripe_count = 1 stripes = [" stripe "] }\n"

static void
describe(const char *name, XpvMedium *volume, const GError *error, gpointer data)
{
    GString *told = data;
    g_string_append_printf(told, "%s:", name);
    for (guint64 at = 0; volume && at < xpv_medium_size(volume); at += EXTENT) {
        guint8 ends[2];
        g_assert_true(xpv_medium_read(volume, at, ends, 1, NULL));
        g_assert_true(xpv_medium_read(volume, at + EXTENT - 1, ends + 1, 1, NULL));
        g_assert_cmpuint(ends[0], ==, ends[1]);
        g_string_append_c(told, (gchar)ends[0]);
    }
    g_string_append_printf(told, "%s;", error ? error->message : "");
}

static void
expect(const Physical *volumes, guint n, const char *expected)
{
    g_autoptr(XpvLvm2) lvm2 = xpv_lvm2_new();
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < n; i++) {
        guint8 *bytes = make(&volumes[i]);
        g_autoptr(XpvMedium) medium = xpv_medium_new_memory(bytes, volumes[i].cut ? volumes[i].cut : SIZE);
        g_autoptr(GError) error = NULL;
        g_ptr_array_add(owned, bytes);
        if (!xpv_lvm2_add(lvm2, medium, &error))
            g_string_append_printf(told, "%s;", error->message);
    }
    xpv_lvm2_visit(lvm2, describe, told);
    g_assert_cmpstr(told->str, ==, expected);
}

static void
test_segments(void)
{
    const char *text = GROUP("1", PV("pv0", "a"),
                             VOLUME("one", SEGMENT("1", "0", "1", "\"pv0\", 3") SEGMENT("2", "1", "2", "\"pv0\", 0"))
                                 VOLUME("two", SEGMENT("1", "0", "1", "\"pv0\", 2")));
    for (guint sector = 0; sector < 4; sector++)
        expect(&(Physical){ 'a', sector, SECTOR, text, 0 }, 1, "VolGroup00/one:dab;VolGroup00/two:c;");
    /* The text wraps in its ring, wherever. */
    for (guint offset = AREA_SIZE - 8; offset < AREA_SIZE; offset++)
        expect(&(Physical){ 'a', 1, offset, text, 0 }, 1, "VolGroup00/one:dab;VolGroup00/two:c;");
}

static void
test_several(void)
{
    const char *text = GROUP("2", PV("pv0", "a") PV("pv1", "k"),
                             VOLUME("one", SEGMENT("1", "0", "2", "\"pv0\", 2") SEGMENT("2", "2", "1", "\"pv1\", 0")));
    const char *older = GROUP("1", PV("pv0", "a"), VOLUME("old", SEGMENT("1", "0", "1", "\"pv0\", 0")));
    const Physical both[] = { { 'a', 1, SECTOR, text, 0 }, { 'k', 1, SECTOR, NULL, 0 } };
    expect(both, 2, "VolGroup00/one:cdk;");
    expect(both, 1, "VolGroup00/one:its physical volume pv1 is missing: it is on none of the disks that were given;");

    /* The newest metadata counts, whichever comes first; a second of the same UUID does not. */
    const Physical newer_last[] = { { 'k', 1, SECTOR, older, 0 },
                                    { 'a', 1, SECTOR, text, 0 },
                                    { 'a', 1, 600, older, 0 } };
    expect(newer_last, 3, "VolGroup00/one:cdk;");
    const Physical newer_first[] = { { 'a', 1, SECTOR, text, 0 }, { 'k', 1, SECTOR, older, 0 } };
    expect(newer_first, 2, "VolGroup00/one:cdk;");
}

static void
test_unreadable(void)
{
    static const struct {
        const char *volume, *sentence;
    } cases[] = {
        { "type = \"striped\" stripe_count = 2", "it is striped, but only linear volumes can be read" },
        { "type = \"mirror\" stripe_count = 1", "its type is mirror, but only linear volumes can be read" },
        { "stripe_count = 1", "its type is unknown, but only linear volumes can be read" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            GROUP("1", PV("pv0", "a"), VOLUME("x", "segment1 { start_extent = 0 extent_count = 1 %s }\n")),
            cases[i].volume);
        g_autofree char *expected = g_strdup_printf("VolGroup00/x:%s;", cases[i].sentence);
        expect(&(Physical){ 'a', 1, SECTOR, text, 0 }, 1, expected);
    }
}

/* Segments that are not on the disk, or nowhere. */
static void
test_outside(void)
{
    static const struct {
        const char *segment, *sentence;
    } cases[] = {
        { SEGMENT("1", "0", "5", "\"pv0\", 0"), "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "1", "\"pv0\", 4"), "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "1", "\"pv0\", 18446744073709551615"),
          "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "1", "\"pv0\", -1"), "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "18446744073709551615", "\"pv0\", 0"), "a segment of it has an impossible size" },
        { SEGMENT("1", "0", "0", "\"pv0\", 0"), "a segment of it has an impossible size" },
        { SEGMENT("1", "1", "1", "\"pv0\", 0"), "its segments are not in order" },
        { SEGMENT("1", "0", "1", "\"pv0\""), "a segment does not say where it is" },
        { SEGMENT("1", "0", "1", ""), "a segment does not say where it is" },
        { SEGMENT("1", "0", "1", "\"pv9\", 0"),
          "its physical volume pv9 is missing: it is on none of the disks that were given" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(GROUP("1", PV("pv0", "a"), VOLUME("x", "%s")), cases[i].segment);
        g_autofree char *expected = g_strdup_printf("VolGroup00/x:%s;", cases[i].sentence);
        expect(&(Physical){ 'a', 1, SECTOR, text, 0 }, 1, expected);
    }
}

/* What is of no use by itself: a snapshot, a mirror's half. */
static void
test_hidden(void)
{
    const char *text = GROUP(
        "1", PV("pv0", "a"),
        VOLUME("snapshot0",
               "segment1 { start_extent = 0 extent_count = 1 type = \"snapshot\" }\n") "half { id = \"y\" status = "
                                                                                       "[\"READ\"] }\n" VOLUME(
                                                                                           "x", SEGMENT("1", "0", "1",
                                                                                                        "\"pv0"
                                                                                                        "\", "
                                                                                                        "0")));
    expect(&(Physical){ 'a', 1, SECTOR, text, 0 }, 1, "VolGroup00/x:a;");
}

static void
expect_damaged(gsize where, const char *sentence)
{
    const Physical physical = { 'a', 1, SECTOR, GROUP("1", PV("pv0", "a"), ""), 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvLvm2) lvm2 = xpv_lvm2_new();
    g_autofree guint8 *bytes = make(&physical);
    bytes[where] ^= 1;
    g_autoptr(XpvMedium) medium = xpv_medium_new_memory(bytes, SIZE);
    g_assert_false(xpv_lvm2_add(lvm2, medium, &error));
    g_assert_cmpstr(error->message, ==, sentence);
}

static void
test_damaged(void)
{
    expect_damaged(SECTOR, "there is no label of LVM2");
    expect_damaged(SECTOR + 40, "the label of LVM2 is damaged");
    expect_damaged(AREA + 100, "the header of LVM2's metadata is damaged");
    expect_damaged(AREA + SECTOR + 5, "LVM2's metadata is damaged or is being written");
    expect(&(Physical){ 'a', 1, SECTOR, "a = 1", 0 }, 1, "LVM2's metadata has no volume group;");
    expect(&(Physical){ 'a', 1, SECTOR, "a =\n{", 0 }, 1,
           "LVM2's metadata cannot be understood in line 2: there is no value;");
    expect(&(Physical){ 'a', 1, 8, "a = 1", 0 }, 1,
           "LVM2's header says that the metadata has 6 bytes at 8, outside of its area;");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lvm2/segments", test_segments);
    g_test_add_func("/lvm2/several", test_several);
    g_test_add_func("/lvm2/unreadable", test_unreadable);
    g_test_add_func("/lvm2/outside", test_outside);
    g_test_add_func("/lvm2/hidden", test_hidden);
    g_test_add_func("/lvm2/damaged", test_damaged);
    return g_test_run();
}
