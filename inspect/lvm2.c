/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/lvm2.h"

#include "inspect/bytes.h"
#include "inspect/error.h"
#include "inspect/lvm2-text.h"

#define SECTOR 512U
#define LABEL_SECTORS 4U
#define UUID_LENGTH 32U
#define AREA_HEADER 512U
#define PHYSICAL_MAX 64U
#define VOLUMES_MAX 256U
#define FLAG_IGNORED 1U

typedef struct {
    char *id;
    guint64 seqno;
    XpvLvm2Node *tree;          /* of the text with the greatest seqno */
    const XpvLvm2Node *section; /* the group's section in it */
} Group;

struct _XpvLvm2 {
    GHashTable *physical; /* UUID → XpvMedium */
    GPtrArray *groups;
};

static void
group_free(gpointer data)
{
    Group *group = data;
    g_free(group->id);
    xpv_lvm2_node_free(group->tree);
    g_free(group);
}

XpvLvm2 *
xpv_lvm2_new(void)
{
    XpvLvm2 *self = g_new0(XpvLvm2, 1);
    self->physical = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)xpv_medium_unref);
    self->groups = g_ptr_array_new_with_free_func(group_free);
    return self;
}

void
xpv_lvm2_free(XpvLvm2 *lvm2)
{
    g_hash_table_unref(lvm2->physical);
    g_ptr_array_unref(lvm2->groups);
    g_free(lvm2);
}

/* Returns: (nullable) the text of a section's setting */
static const char *
text_of(const XpvLvm2Node *section, const char *name)
{
    return xpv_lvm2_node_string(xpv_lvm2_node_get(section, name));
}

static guint64
number_of(const XpvLvm2Node *section, const char *name, guint64 fallback)
{
    return xpv_lvm2_node_integer(xpv_lvm2_node_get(section, name), fallback);
}

guint32
xpv_lvm2_checksum(const guint8 *bytes, gsize length)
{
    static const guint32 nibbles[] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    guint32 sum = 0xf597a6cf;
    for (gsize i = 0; i < length; i++) {
        sum ^= bytes[i];
        sum = sum >> 4 ^ nibbles[sum & 0xf];
        sum = sum >> 4 ^ nibbles[sum & 0xf];
    }
    return sum;
}

static gboolean
read_label(const XpvMedium *medium, guint8 label[SECTOR], GError **error)
{
    for (guint i = 0; i < LABEL_SECTORS; i++) {
        if (!xpv_medium_read(medium, i * SECTOR, label, SECTOR, error))
            return FALSE;
        if (memcmp(label, "LABELONE", 8) != 0 || memcmp(label + 24, "LVM2 001", 8) != 0)
            continue;
        if (xpv_le32(label + 16) == xpv_lvm2_checksum(label + 20, SECTOR - 20))
            return TRUE;
        return xpv_inspect_fail(error, "the label of LVM2 is damaged");
    }
    return xpv_inspect_fail(error, "there is no label of LVM2");
}

/* The text stands in a ring that begins after the area's header. */
static char *
read_ring(const XpvMedium *medium, guint64 area, guint64 area_size, const guint8 *location, gsize *ret_length,
          GError **error)
{
    guint64 offset = xpv_le64(location), length = xpv_le64(location + 8);
    if (offset < AREA_HEADER || offset >= area_size || length == 0 || length > XPV_LVM2_TEXT_MAX ||
        length > area_size - AREA_HEADER) {
        xpv_inspect_fail(error,
                         "LVM2's header says that the metadata has %" G_GUINT64_FORMAT " bytes at %" G_GUINT64_FORMAT
                         ", outside of its area",
                         length, offset);
        return NULL;
    }
    g_autofree char *text = g_malloc(length);
    gsize first = (gsize)MIN(length, area_size - offset);
    if (!xpv_medium_read(medium, area + offset, text, first, error) ||
        !xpv_medium_read(medium, area + AREA_HEADER, text + first, (gsize)length - first, error))
        return NULL;
    if (xpv_le32(location + 16) != xpv_lvm2_checksum((const guint8 *)text, length)) {
        xpv_inspect_fail(error, "LVM2's metadata is damaged or is being written");
        return NULL;
    }
    *ret_length = length;
    return g_steal_pointer(&text);
}

/* Returns: (nullable) NULL and no error: the area is empty, or LVM2 is told to ignore it */
static char *
read_area(const XpvMedium *medium, guint64 area, guint64 area_size, gsize *ret_length, GError **error)
{
    guint8 header[AREA_HEADER];
    const guint8 *location = header + 40;
    if (!xpv_medium_read(medium, area, header, sizeof header, error))
        return NULL;
    if (memcmp(header + 4, " LVM2 x[5A%r0N*>", 16) != 0 ||
        xpv_le32(header) != xpv_lvm2_checksum(header + 4, sizeof header - 4)) {
        xpv_inspect_fail(error, "the header of LVM2's metadata is damaged");
        return NULL;
    }
    if (xpv_le64(location) == 0 || (xpv_le32(location + 20) & FLAG_IGNORED))
        return NULL;
    return read_ring(medium, area, area_size, location, ret_length, error);
}

static const XpvLvm2Node *
find_group(const XpvLvm2Node *tree)
{
    for (const XpvLvm2Node *node = xpv_lvm2_node_children(tree); node; node = xpv_lvm2_node_next(node)) {
        if (text_of(node, "id"))
            return node;
    }
    return NULL;
}

/* Several physical volumes have a text of the group. The newest one counts. */
static gboolean
take_text(XpvLvm2 *self, const char *text, gsize length, GError **error)
{
    g_autoptr(XpvLvm2Node) tree = xpv_lvm2_text_parse(text, length, error);
    if (!tree)
        return FALSE;
    const XpvLvm2Node *section = find_group(tree);
    if (!section)
        return xpv_inspect_fail(error, "LVM2's metadata has no volume group");
    const char *id = text_of(section, "id");
    guint64 seqno = number_of(section, "seqno", 0);
    for (guint i = 0; i < self->groups->len; i++) {
        const Group *group = self->groups->pdata[i];
        if (!g_str_equal(group->id, id))
            continue;
        if (group->seqno >= seqno)
            return TRUE;
        g_ptr_array_remove_index(self->groups, i);
        break;
    }
    Group *group = g_new(Group, 1);
    *group = (Group){ g_strdup(id), seqno, g_steal_pointer(&tree), section };
    g_ptr_array_add(self->groups, group);
    return TRUE;
}

/* After the UUID and the size come the areas of data and, after an empty one, those of metadata. The second area of
 * metadata is a copy of the first one, used if the first cannot be read. */
static gboolean
read_areas(XpvLvm2 *self, const XpvMedium *medium, const guint8 *label, guint32 header, GError **error)
{
    GError *failure = NULL;
    guint32 at = header + UUID_LENGTH + 8;
    while (at + 16 <= SECTOR && xpv_le64(label + at) != 0)
        at += 16;
    for (at += 16; at + 16 <= SECTOR && xpv_le64(label + at) != 0; at += 16) {
        gsize length = 0;
        g_clear_error(&failure);
        g_autofree char *text = read_area(medium, xpv_le64(label + at), xpv_le64(label + at + 8), &length, &failure);
        if (text && take_text(self, text, length, &failure))
            return TRUE;
    }
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

gboolean
xpv_lvm2_add(XpvLvm2 *self, XpvMedium *volume, GError **error)
{
    guint8 label[SECTOR];
    if (!read_label(volume, label, error))
        return FALSE;
    guint32 header = xpv_le32(label + 20);
    if (header < 32 || header > SECTOR - UUID_LENGTH - 8)
        return xpv_inspect_fail(error, "the label of LVM2 has its header at %u", header);
    g_autofree char *uuid = g_strndup((const char *)label + header, UUID_LENGTH);
    if (g_hash_table_contains(self->physical, uuid))
        return TRUE;
    if (g_hash_table_size(self->physical) >= PHYSICAL_MAX)
        return xpv_inspect_fail(error, "the guest has more than %u physical volumes of LVM2", PHYSICAL_MAX);
    g_hash_table_insert(self->physical, g_steal_pointer(&uuid), xpv_medium_ref(volume));
    return read_areas(self, volume, label, header, error);
}

/* Metadata has UUIDs with dashes, labels without. Returns: (nullable) */
static XpvMedium *
physical_of(const XpvLvm2 *self, const XpvLvm2Node *described)
{
    const char *id = text_of(described, "id");
    g_auto(GStrv) parts = g_strsplit(id ? id : "", "-", -1);
    g_autofree char *uuid = g_strjoinv("", parts);
    return g_hash_table_lookup(self->physical, uuid);
}

/* Turns numbers of extents into bytes. */
static gboolean
to_bytes(guint64 extents, guint64 extent_size, guint64 *ret_bytes)
{
    return g_uint64_checked_mul(ret_bytes, extents, extent_size) && g_uint64_checked_mul(ret_bytes, *ret_bytes, SECTOR);
}

/* One of a linear segment: stripes = ["pv0", 17] */
static gboolean
append_stripe(const XpvLvm2 *self, const XpvLvm2Node *group, const XpvLvm2Node *stripes, guint64 length,
              XpvMedium *volume, GError **error)
{
    guint64 extent_size = number_of(group, "extent_size", 0);
    const XpvLvm2Node *name_node = stripes ? xpv_lvm2_node_children(stripes) : NULL;
    const XpvLvm2Node *extent = name_node ? xpv_lvm2_node_next(name_node) : NULL;
    const char *name = xpv_lvm2_node_string(name_node);
    if (!name || !extent)
        return xpv_inspect_fail(error, "a segment does not say where it is");
    const XpvLvm2Node *described = xpv_lvm2_node_get(xpv_lvm2_node_get(group, "physical_volumes"), name);
    XpvMedium *physical = physical_of(self, described);
    if (!physical)
        return xpv_inspect_fail(error, "its physical volume %s is missing: it is on none of the disks that were given",
                                name);
    guint64 first = number_of(described, "pe_start", G_MAXUINT64), start;
    if (!to_bytes(xpv_lvm2_node_integer(extent, G_MAXUINT64), extent_size, &start) ||
        !g_uint64_checked_mul(&first, first, SECTOR) || !g_uint64_checked_add(&start, start, first) ||
        start > xpv_medium_size(physical) || length > xpv_medium_size(physical) - start)
        return xpv_inspect_fail(error, "a segment of it is beyond the end of the physical volume %s", name);
    if (!xpv_medium_append(volume, physical, start, length))
        return xpv_inspect_fail(error, "it is too large");
    return TRUE;
}

static gboolean
append_segment(const XpvLvm2 *self, const XpvLvm2Node *group, const XpvLvm2Node *segment, XpvMedium *volume,
               GError **error)
{
    guint64 extent_size = number_of(group, "extent_size", 0);
    const char *type = text_of(segment, "type");
    guint64 start, length;
    if (g_strcmp0(type, "striped") != 0)
        return xpv_inspect_fail(error, "its type is %s, but only linear volumes can be read", type ? type : "unknown");
    if (number_of(segment, "stripe_count", 0) != 1)
        return xpv_inspect_fail(error, "it is striped, but only linear volumes can be read");
    if (!to_bytes(number_of(segment, "start_extent", G_MAXUINT64), extent_size, &start) ||
        !to_bytes(number_of(segment, "extent_count", G_MAXUINT64), extent_size, &length) || length == 0)
        return xpv_inspect_fail(error, "a segment of it has an impossible size");
    if (start != xpv_medium_size(volume))
        return xpv_inspect_fail(error, "its segments are not in order");
    return append_stripe(self, group, xpv_lvm2_node_get(segment, "stripes"), length, volume, error);
}

static XpvMedium *
make_volume(const XpvLvm2 *self, const XpvLvm2Node *group, const XpvLvm2Node *described, GError **error)
{
    g_autoptr(XpvMedium) volume = xpv_medium_new_empty();
    for (const XpvLvm2Node *node = xpv_lvm2_node_children(described); node; node = xpv_lvm2_node_next(node)) {
        if (!xpv_lvm2_node_is_section(node) || !g_str_has_prefix(xpv_lvm2_node_name(node), "segment"))
            continue;
        if (!append_segment(self, group, node, volume, error))
            return NULL;
    }
    return g_steal_pointer(&volume);
}

/* Not a snapshot, which has old data, and not a part of a mirror or a pool, which is not a volume of its own. */
static gboolean
is_for_itself(const XpvLvm2Node *described)
{
    const XpvLvm2Node *segment = xpv_lvm2_node_get(described, "segment1");
    const XpvLvm2Node *status = xpv_lvm2_node_get(described, "status");
    if (g_strcmp0(text_of(segment, "type"), "snapshot") == 0)
        return FALSE;
    for (const XpvLvm2Node *word = status ? xpv_lvm2_node_children(status) : NULL; word;
         word = xpv_lvm2_node_next(word)) {
        if (g_strcmp0(xpv_lvm2_node_string(word), "VISIBLE") == 0)
            return TRUE;
    }
    return FALSE;
}

void
xpv_lvm2_visit(XpvLvm2 *self, XpvLvm2Visit visit, gpointer data)
{
    guint n = 0;
    for (guint i = 0; i < self->groups->len; i++) {
        const Group *group = self->groups->pdata[i];
        const XpvLvm2Node *volumes = xpv_lvm2_node_get(group->section, "logical_volumes");
        const XpvLvm2Node *node = xpv_lvm2_node_is_section(volumes) ? xpv_lvm2_node_children(volumes) : NULL;
        for (; node && n < VOLUMES_MAX; node = xpv_lvm2_node_next(node)) {
            if (!is_for_itself(node))
                continue;
            g_autoptr(GError) error = NULL;
            g_autoptr(XpvMedium) volume = make_volume(self, group->section, node, &error);
            g_autofree char *name =
                g_strdup_printf("%s/%s", xpv_lvm2_node_name(group->section), xpv_lvm2_node_name(node));
            visit(name, volume, error, data);
            n++;
        }
    }
}
