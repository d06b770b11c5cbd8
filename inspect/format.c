/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/format.h"

#include "common/text.h"
#include "inspect/bytes.h"
#include "inspect/error.h"

#define NOT_ALONE ", and an image that needs others is not read"

#define NAME_MAX_BYTES 1023U

/* Where vmdk has its descriptor, and as much of it as qemu reads. */
#define VMDK_TEXT 512U
#define VMDK_TEXT_MAX 10240U
#define VMDK_PARENT "parentFileNameHint=\""

#define VHDX_REGIONS (192U * 1024)
#define VHDX_ENTRY 32U
#define VHDX_ENTRIES_MAX 2047U

/* Reads what there is of @length bytes, and zeroes for the rest. */
static gboolean
peek(const XpvMedium *image, guint64 offset, void *buffer, gsize length, GError **error)
{
    guint64 size = xpv_medium_size(image);
    gsize there = offset < size ? (gsize)MIN(length, size - offset) : 0;
    memset((char *)buffer + there, 0, length - there);
    return there == 0 || xpv_medium_read(image, offset, buffer, there, error);
}

static gboolean
fail_by_name(const XpvMedium *image, const char *what, guint64 offset, guint32 length, GError **error)
{
    char name[NAME_MAX_BYTES + 1] = "";
    if (!peek(image, offset, name, MIN(length, NAME_MAX_BYTES), error))
        return FALSE;
    g_autofree char *clean = xpv_text_clean(name, -1, XPV_TEXT_PUBLISHED_MAX / 2);
    return xpv_inspect_fail(error, "it has %s, “%s”" NOT_ALONE, what, clean);
}

static gboolean
fail_as_difference(GError **error)
{
    return xpv_inspect_fail(error, "it is a difference to another image" NOT_ALONE);
}

static gboolean
check_qcow(const XpvMedium *image, GError **error)
{
    guint8 head[80];
    if (!peek(image, 0, head, sizeof head, error))
        return FALSE;
    guint64 backing_file = xpv_be64(head + 8);
    if (backing_file != 0)
        return fail_by_name(image, "a backing file", backing_file, xpv_be32(head + 16), error);
    gboolean has_features = xpv_be32(head + 4) >= 3;
    if (has_features && (xpv_be64(head + 72) & 4) != 0)
        return xpv_inspect_fail(error, "its data is in another file" NOT_ALONE);
    return TRUE;
}

static gboolean
check_qed(const XpvMedium *image, GError **error)
{
    guint8 head[64];
    if (!peek(image, 0, head, sizeof head, error))
        return FALSE;
    if ((xpv_le64(head + 16) & 1) != 0)
        return fail_by_name(image, "a backing file", xpv_le32(head + 56), xpv_le32(head + 60), error);
    return TRUE;
}

/* All zeroes stand for none. */
static gboolean
has_uuid(const guint8 *uuid)
{
    return xpv_le64(uuid) != 0 || xpv_le64(uuid + 8) != 0;
}

static gboolean
check_vdi(const XpvMedium *image, GError **error)
{
    guint8 head[456];
    if (!peek(image, 0, head, sizeof head, error))
        return FALSE;
    enum { DIFFERENCE = 4 };
    if (xpv_le32(head + 76) == DIFFERENCE || has_uuid(head + 424) || has_uuid(head + 440))
        return fail_as_difference(error);
    return TRUE;
}

/* For a vhd. If the image has a variable size, it begins with a copy of the footer. */
static gboolean
check_vpc(const XpvMedium *image, GError **error)
{
    guint8 footer[512];
    guint64 size = xpv_medium_size(image);
    if (!peek(image, 0, footer, sizeof footer, error))
        return FALSE;
    if (memcmp(footer, "conectix", 8) != 0 && size >= sizeof footer &&
        !peek(image, size - sizeof footer, footer, sizeof footer, error))
        return FALSE;
    enum { DIFFERENCE = 4 };
    return xpv_be32(footer + 60) != DIFFERENCE || fail_as_difference(error);
}

/* Finds the entry with this GUID in a table of regions or of metadata. @ret_entry: all zeroes if there is none */
static gboolean
find_vhdx_entry(const XpvMedium *image, guint64 table, guint32 count, const guint8 *guid, guint8 ret_entry[VHDX_ENTRY],
                GError **error)
{
    for (guint32 i = 0; i < MIN(count, VHDX_ENTRIES_MAX); i++) {
        if (!peek(image, table + i * VHDX_ENTRY, ret_entry, VHDX_ENTRY, error))
            return FALSE;
        if (memcmp(ret_entry, guid, 16) == 0)
            return TRUE;
    }
    memset(ret_entry, 0, VHDX_ENTRY);
    return TRUE;
}

static gboolean
check_vhdx(const XpvMedium *image, GError **error)
{
    enum { HAS_PARENT = 2 };
    static const guint8 metadata[] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                       0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
    static const guint8 parameters[] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                         0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
    guint8 regions[16], region[VHDX_ENTRY], items[32], item[VHDX_ENTRY], values[8];
    if (!peek(image, VHDX_REGIONS, regions, sizeof regions, error) ||
        !find_vhdx_entry(image, VHDX_REGIONS + sizeof regions, xpv_le32(regions + 8), metadata, region, error))
        return FALSE;
    guint64 place = xpv_le64(region + 16);
    if (place == 0)
        return TRUE;
    if (!peek(image, place, items, sizeof items, error) ||
        !find_vhdx_entry(image, place + sizeof items, xpv_le16(items + 10), parameters, item, error) ||
        !peek(image, place + xpv_le32(item + 16), values, sizeof values, error))
        return FALSE;
    return !has_uuid(item) || (xpv_le32(values + 4) & HAS_PARENT) == 0 || fail_as_difference(error);
}

/* A descriptor, which names the files that the disk consists of, is a file of its own, or in a file that is otherwise
 * empty. */
static gboolean
check_vmdk(const XpvMedium *image, GError **error)
{
    guint8 head[20];
    char text[VMDK_TEXT_MAX + 1];
    if (!peek(image, 0, head, sizeof head, error) || !peek(image, VMDK_TEXT, text, VMDK_TEXT_MAX, error))
        return FALSE;
    text[VMDK_TEXT_MAX] = '\0';
    if (memcmp(head, "KDMV", 4) != 0 || xpv_le64(head + 12) == 0)
        return xpv_inspect_fail(error, "it is not in one piece (monolithicSparse or streamOptimized)" NOT_ALONE);
    const char *parent = strstr(text, VMDK_PARENT);
    if (!parent)
        return TRUE;
    parent += strlen(VMDK_PARENT);
    return fail_by_name(image, "a parent", VMDK_TEXT + (guint64)(parent - text), (guint32)strcspn(parent, "\"\n"),
                        error);
}

static const struct {
    const char *format;
    const char *driver;
    gboolean (*check)(const XpvMedium *image, GError **error); /* NULL: it cannot name any */
} formats[] = {
    { "raw", "raw", NULL },         { "qcow", "qcow", check_qcow }, { "qcow2", "qcow2", check_qcow },
    { "qed", "qed", check_qed },    { "vdi", "vdi", check_vdi },    { "vhd", "vpc", check_vpc },
    { "vhdx", "vhdx", check_vhdx }, { "vmdk", "vmdk", check_vmdk }, { "vpc", "vpc", check_vpc },
};

const char *
xpv_format_driver(const char *format)
{
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].format, format))
            return formats[i].driver;
    }
    return NULL;
}

gboolean
xpv_format_check(const char *driver, const XpvMedium *image, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].driver, driver) && formats[i].check)
            return formats[i].check(image, error);
    }
    return TRUE;
}
