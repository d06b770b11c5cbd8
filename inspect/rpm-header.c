/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/rpm-header.h"

#include "common/text.h"
#include "inspect/bytes.h"

#define TAG_NAME 1000
#define TAG_VERSION 1001
#define TAG_RELEASE 1002
#define TAG_INSTALL_TIME 1008
#define TAG_ARCHITECTURE 1022

#define TYPE_INTEGER 4 /* of 32 bits */
#define TYPE_STRING 6

#define INTRO 8U
#define ENTRY 16U
#define TEXT_MAX 128U

typedef struct {
    const guint8 *index;
    guint32 entries;
    const guint8 *data;
    gsize length; /* of the data that was read */
} Header;

/* A number of entries, a length of data, the entries, the data; all numbers in network order. */
static gboolean
open_header(Header *header, const guint8 *bytes, gsize length)
{
    if (length < INTRO)
        return FALSE;
    guint32 entries = xpv_be32(bytes);
    if (entries > (length - INTRO) / ENTRY)
        return FALSE;
    gsize before = INTRO + (gsize)entries * ENTRY;
    *header = (Header){ bytes + INTRO, entries, bytes + before, length - before };
    return TRUE;
}

/* Returns: (nullable) the address of its first value; NULL: it is missing, or of another type */
static const guint8 *
find(const Header *header, guint32 tag, guint32 type, gsize *ret_length)
{
    for (guint32 i = 0; i < header->entries; i++) {
        const guint8 *entry = header->index + (gsize)i * ENTRY;
        guint32 offset = xpv_be32(entry + 8);
        if (xpv_be32(entry) != tag)
            continue;
        if (xpv_be32(entry + 4) != type || xpv_be32(entry + 12) == 0 || offset >= header->length)
            return NULL;
        *ret_length = header->length - offset;
        return header->data + offset;
    }
    return NULL;
}

/* Returns: (nullable) NULL also if its end is missing */
static char *
find_text(const Header *header, guint32 tag)
{
    gsize length;
    const guint8 *text = find(header, tag, TYPE_STRING, &length);
    const guint8 *end = text ? memchr(text, '\0', MIN(length, TEXT_MAX)) : NULL;
    return end ? xpv_text_clean((const char *)text, end - text, 0) : NULL;
}

char *
xpv_rpm_header_name(const guint8 *bytes, gsize length)
{
    Header header;
    return open_header(&header, bytes, length) ? find_text(&header, TAG_NAME) : NULL;
}

XpvRpmPackage *
xpv_rpm_header_parse(const guint8 *bytes, gsize length)
{
    Header header;
    gsize rest;
    if (!open_header(&header, bytes, length))
        return NULL;
    const guint8 *installed_at = find(&header, TAG_INSTALL_TIME, TYPE_INTEGER, &rest);
    g_autoptr(XpvRpmPackage) package = g_new(XpvRpmPackage, 1);
    *package = (XpvRpmPackage){
        .name = find_text(&header, TAG_NAME),
        .version = find_text(&header, TAG_VERSION),
        .release = find_text(&header, TAG_RELEASE),
        .architecture = find_text(&header, TAG_ARCHITECTURE),
        .installed_at = installed_at && rest >= 4 ? xpv_be32(installed_at) : 0,
    };
    if (!package->name || !package->version || !package->release || !package->architecture)
        return NULL;
    return g_steal_pointer(&package);
}

void
xpv_rpm_package_free(XpvRpmPackage *package)
{
    g_free(package->name);
    g_free(package->version);
    g_free(package->release);
    g_free(package->architecture);
    g_free(package);
}

char *
xpv_rpm_package_nvra(const XpvRpmPackage *package)
{
    return g_strdup_printf("%s-%s-%s.%s", package->name, package->version, package->release, package->architecture);
}
