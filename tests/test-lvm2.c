/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical volumes on physical volumes that the test makes. */
#include "inspect/lvm2.h"

#include "inspect/bytes.h"

#define SECTOR 512U
#define AREA 4096U
#define AREA_SIZE 16384U
#define FIRST_EXTENT 20480U
#define EXTENT 1024U /* two sectors */
#define EXTENTS 4U
#define SIZE (FIRST_EXTENT + EXTENTS * EXTENT)

typedef struct {
    char letter;      /* its whole UUID; its extents are filled with it and the letters after it */
    guint sector;     /* of the label */
    guint offset;     /* of the text in the ring */
    const char *text; /* NULL: it has no metadata */
    guint64 cut;      /* only so many bytes of it exist; 0: all */
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
#define PV(name, letter) name " { id = \"" UUID(letter) "\" pe_start = 40 pe_count = 4 }\n"
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
    /* The text may wrap anywhere in its ring. */
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

    /* The newest metadata counts, in any order. A second volume of the same UUID does not. */
    const char *newest = GROUP("3", PV("pv0", "a"), VOLUME("new", SEGMENT("1", "0", "1", "\"pv0\", 0")));
    const Physical newer_last[] = { { 'k', 1, SECTOR, older, 0 },
                                    { 'a', 1, SECTOR, text, 0 },
                                    { 'a', 1, 600, newest, 0 } };
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

/* Physical volumes of the same UUID, at which the places of extents are too large for 64 bits. */
#define OTHERS                                                                                                         \
    "high { id = \"" UUID("a") "\" pe_start = 36028797018963968 }\n"                                                   \
                               "wraps { id = \"" UUID("a") "\" pe_start = 36028797018963928 }\n"

/* Segments beyond the end of the disk. */
static void
test_outside(void)
{
    static const struct {
        const char *segment, *sentence;
    } cases[] = {
        { SEGMENT("1", "0", "5", "\"pv0\", 0"), "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "1", "\"pv0\", 4"), "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "1", "\"pv0\", 5"), "a segment of it is beyond the end of the physical volume pv0" },
        /* In sectors or in bytes, these are too large for 64 bits. */
        { SEGMENT("1", "0", "1", "\"pv0\", 9223372036854775808"),
          "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "1", "\"pv0\", 36028797018963968"),
          "a segment of it is beyond the end of the physical volume pv0" },
        { SEGMENT("1", "0", "1", "\"high\", 0"), "a segment of it is beyond the end of the physical volume high" },
        { SEGMENT("1", "0", "1", "\"wraps\", 20"), "a segment of it is beyond the end of the physical volume wraps" },
        { SEGMENT("1", "\"0\"", "1", "\"pv0\", 0"), "a segment of it has an impossible size" },
        { SEGMENT("1", "0", "1", "1, 1"), "a segment does not say where it is" },
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
        g_autofree char *text = g_strdup_printf(GROUP("1", PV("pv0", "a") OTHERS, VOLUME("x", "%s")), cases[i].segment);
        g_autofree char *expected = g_strdup_printf("VolGroup00/x:%s;", cases[i].sentence);
        expect(&(Physical){ 'a', 1, SECTOR, text, 0 }, 1, expected);
    }
}

/* Volumes that are of no use by themselves are left out: a snapshot, half of a mirror. */
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

/* Metadata without volumes, or without a list of volumes. */
static void
test_no_volumes(void)
{
    expect(&(Physical){ 'a', 1, SECTOR, "VolGroup00 { id = \"g\" }", 0 }, 1, "");
    expect(&(Physical){ 'a', 1, SECTOR, "VolGroup00 { id = \"g\" logical_volumes = [ \"x\", 1 ] }", 0 }, 1, "");
    const char *text =
        GROUP("1", PV("pv0", "a"), "y = 1\n" VOLUME("x", "segment_count = 1\n" SEGMENT("1", "0", "1", "\"pv0\", 0")));
    expect(&(Physical){ 'a', 1, SECTOR, text, 0 }, 1, "VolGroup00/x:a;");
}

static void
count(const char *name, XpvMedium *volume, const GError *error, gpointer data)
{
    ++*(guint *)data;
}

static void
test_bounds(void)
{
    g_autoptr(XpvLvm2) lvm2 = xpv_lvm2_new();
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) text = g_string_new("VolGroup00 { id = \"g\" logical_volumes {\n");
    for (guint i = 0; i < 300; i++)
        g_string_append_printf(text, "v%u { status = [\"VISIBLE\"] }\n", i);
    g_string_append(text, "}\n}\n");
    for (guint i = 0; i <= 64; i++) {
        const Physical physical = { (char)('!' + i), 1, SECTOR, i == 0 ? text->str : NULL, 0 };
        guint8 *bytes = make(&physical);
        g_autoptr(XpvMedium) medium = xpv_medium_new_memory(bytes, SIZE);
        g_autoptr(GError) error = NULL;
        g_ptr_array_add(owned, bytes);
        g_assert_true(xpv_lvm2_add(lvm2, medium, &error) == (i < 64));
        g_assert_cmpstr(error ? error->message : "", ==,
                        i < 64 ? "" : "the guest has more than 64 physical volumes of LVM2");
    }
    guint volumes = 0;
    xpv_lvm2_visit(lvm2, count, &volumes);
    g_assert_cmpuint(volumes, ==, 256);
}

/* Adds a physical volume. Returns: the error message; "" if there is none */
static char *
add(guint8 *bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvLvm2) lvm2 = xpv_lvm2_new();
    g_autoptr(XpvMedium) medium = xpv_medium_new_memory(bytes, SIZE);
    g_assert_true(xpv_lvm2_add(lvm2, medium, &error) == !error);
    return g_strdup(error ? error->message : "");
}

static guint8 *
genuine(void)
{
    return make(&(Physical){ 'a', 1, SECTOR, GROUP("1", PV("pv0", "a"), ""), 0 });
}

static void
expect_damaged(gsize where, const char *sentence)
{
    g_autofree guint8 *bytes = genuine();
    bytes[where] ^= 1;
    g_autofree char *told = add(bytes);
    g_assert_cmpstr(told, ==, sentence);
}

/* Headers with wrong values and a correct checksum. */
static void
test_headers(void)
{
    static const struct {
        gsize where;
        guint64 value;
        const char *sentence;
    } cases[] = {
        { SECTOR + 20, 31, "the label of LVM2 has its header at 31" },
        { SECTOR + 20, 473, "the label of LVM2 has its header at 473" },
        { SECTOR + 20, 472, "" }, /* there is no room for areas */
        { AREA + 4, 0, "the header of LVM2's metadata is damaged" },
        { AREA + 40, 0, "" }, /* the area is empty */
        { AREA + 40, AREA_SIZE, "LVM2's header says that the metadata has 100 bytes at 16384, outside of its area" },
        { AREA + 48, 0, "LVM2's header says that the metadata has 0 bytes at 512, outside of its area" },
        { AREA + 48, AREA_SIZE - 511,
          "LVM2's header says that the metadata has 15873 bytes at 512, outside of its area" },
        { SECTOR + 112, 100, "LVM2's header says that the metadata has 100 bytes at 512, outside of its area" },
        { AREA + 60, 1, "" }, /* the area must be ignored */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree guint8 *bytes = genuine();
        put64(bytes + AREA + 48, 100);
        if (cases[i].where == SECTOR + 20 || cases[i].where == AREA + 60)
            put32(bytes + cases[i].where, (guint32)cases[i].value);
        else
            put64(bytes + cases[i].where, cases[i].value);
        put32(bytes + SECTOR + 16, xpv_lvm2_checksum(bytes + SECTOR + 20, SECTOR - 20));
        put32(bytes + AREA, xpv_lvm2_checksum(bytes + AREA + 4, SECTOR - 4));
        g_autofree char *told = add(bytes);
        g_assert_cmpstr(told, ==, cases[i].sentence);
    }

    /* An area of 2^60 bytes, with a text as long. */
    g_autofree guint8 *bytes = genuine();
    put64(bytes + SECTOR + 112, 1ULL << 61);
    put64(bytes + AREA + 48, 1ULL << 60);
    put32(bytes + SECTOR + 16, xpv_lvm2_checksum(bytes + SECTOR + 20, SECTOR - 20));
    put32(bytes + AREA, xpv_lvm2_checksum(bytes + AREA + 4, SECTOR - 4));
    g_autofree char *told = add(bytes);
    g_assert_cmpstr(told, ==,
                    "LVM2's header says that the metadata has 1152921504606846976 bytes at 512, outside of its area");

    /* A label that is full of data areas. */
    for (gsize at = SECTOR + 72; at < (gsize)2 * SECTOR; at += 16)
        put64(bytes + at, 1);
    put32(bytes + SECTOR + 16, xpv_lvm2_checksum(bytes + SECTOR + 20, SECTOR - 20));
    g_autofree char *full = add(bytes);
    g_assert_cmpstr(full, ==, "");
}

static void
test_damaged(void)
{
    expect_damaged(SECTOR, "there is no label of LVM2");
    expect_damaged(SECTOR + 24, "there is no label of LVM2");
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
    g_test_add_func("/lvm2/no-volumes", test_no_volumes);
    g_test_add_func("/lvm2/bounds", test_bounds);
    g_test_add_func("/lvm2/headers", test_headers);
    return g_test_run();
}
