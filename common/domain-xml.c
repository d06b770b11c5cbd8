/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/domain-xml.h"

#include <string.h>

#include "common/names.h"
#include "common/report.h"
#include "common/xml.h"

#define OSINFO_NAMESPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"
#define OSINFO_RHEL "http://redhat.com/rhel/"

G_DEFINE_QUARK(xpv_domain_xml_error, xpv_domain_xml_error)

static gboolean
is_in_namespace(const xmlNode *node, const char *uri)
{
    return node->ns && g_strcmp0((const char *)node->ns->href, uri) == 0;
}

static xmlNode *
find_child_in_namespace(xmlNode *parent, const char *name, const char *uri)
{
    xmlNode *node = xpv_xml_find_child(parent, name);
    while (node && !(xpv_xml_is_element(node, name) && is_in_namespace(node, uri)))
        node = node->next;
    return node;
}

/* libvirt 0.3 prints no <os> for a guest whose kernel a bootloader such as pygrub finds: it is para-virtualized. */
static XpvVirtualization
read_virtualization(xmlNode *domain, xmlNode *type)
{
    static const struct {
        const char *type;
        XpvVirtualization virtualization;
    } types[] = {
        { "hvm", XPV_VIRTUALIZATION_HVM },
        { "linux", XPV_VIRTUALIZATION_PV },
        { "xen", XPV_VIRTUALIZATION_PV },
        { "xenpvh", XPV_VIRTUALIZATION_PVH },
    };
    if (!type)
        return xpv_xml_find_child(domain, "bootloader") ? XPV_VIRTUALIZATION_PV : XPV_VIRTUALIZATION_UNKNOWN;
    g_autofree char *word = xpv_xml_copy_text(type, 0);
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_str_equal(word, types[i].type))
            return types[i].virtualization;
    }
    return XPV_VIRTUALIZATION_UNKNOWN;
}

static void
read_os(XpvDomainXml *xml, xmlNode *domain)
{
    xmlNode *os = xpv_xml_find_child(domain, "os");
    xmlNode *type = xpv_xml_find_child(os, "type");
    xml->virtualization = read_virtualization(domain, type);
    g_autofree char *arch = xpv_xml_copy_attribute(type, "arch");
    if (!xpv_arch_from_word(arch, &xml->arch))
        xml->arch = XPV_ARCH_UNKNOWN;
    g_autofree char *kernel = xpv_xml_copy_text(xpv_xml_find_child(os, "kernel"), 0);
    if (kernel && *g_strstrip(kernel)) {
        g_autofree char *file = g_path_get_basename(kernel);
        xml->boot_kernel = xpv_intern(file);
    }
}

/* <guest> is matched by namespace, whatever the prefix; its children need no namespace. */
static void
read_metadata(XpvDomainXml *xml, xmlNode *metadata)
{
    xmlNode *guest = find_child_in_namespace(metadata, "guest", XPV_METADATA_NAMESPACE);
    g_autofree char *kernel = xpv_xml_copy_text(xpv_xml_find_child(guest, "kernel"), XPV_REPORT_MAX + 1);
    xml->metadata_kernel = xpv_intern(kernel);
    xml->acknowledged = xpv_xml_find_child(guest, "acknowledged") != NULL;

    xmlNode *osinfo = find_child_in_namespace(metadata, "libosinfo", OSINFO_NAMESPACE);
    g_autofree char *id = xpv_xml_copy_attribute(xpv_xml_find_child(osinfo, "os"), "id");
    if (id)
        xml->declared = xpv_system_from_osinfo(id);
    if (id && g_str_has_prefix(id, OSINFO_RHEL))
        xml->declared_major = (guint)MIN(g_ascii_strtoull(id + strlen(OSINFO_RHEL), NULL, 10), G_MAXUINT);
}

static char *
copy_attribute_or_empty(xmlNode *node, const char *name)
{
    char *value = xpv_xml_copy_attribute(node, name);
    return value ? value : g_strdup("");
}

/* If the XML names no bus, libvirt derives it from the name of the target. */
static const char *
bus_of_target(const char *target)
{
    static const char *const buses[][2] = { { "hd", "ide" }, { "sd", "scsi" }, { "xvd", "xen" } };
    for (guint i = 0; i < G_N_ELEMENTS(buses); i++) {
        if (g_str_has_prefix(target, buses[i][0]))
            return buses[i][1];
    }
    return "";
}

/* The driver's type is the format; "aio" means a raw image. */
static char *
read_format(xmlNode *disk)
{
    char *type = xpv_xml_copy_attribute(xpv_xml_find_child(disk, "driver"), "type");
    if (type && !g_str_equal(type, "aio"))
        return type;
    g_free(type);
    return g_strdup("raw");
}

/* Returns: (transfer full) an absolute path, or ""; xend looks for a device in /dev */
static char *
read_path(xmlNode *source)
{
    g_autofree char *file = xpv_xml_copy_attribute(source, "file");
    if (file)
        return g_strdup(*file == '/' ? file : "");
    g_autofree char *device = copy_attribute_or_empty(source, "dev");
    return *device == '/' || *device == '\0' ? g_steal_pointer(&device) : g_strconcat("/dev/", device, NULL);
}

static XpvDomainDisk *
read_disk(xmlNode *node)
{
    xmlNode *target_node = xpv_xml_find_child(node, "target");
    g_autofree char *source = read_path(xpv_xml_find_child(node, "source"));
    g_autofree char *format = read_format(node);
    g_autofree char *target = copy_attribute_or_empty(target_node, "dev");
    g_autofree char *bus = xpv_xml_copy_attribute(target_node, "bus");
    return xpv_domain_disk_new(source, format, target, bus ? bus : bus_of_target(target));
}

/* The guest boots from the disk with the lowest rank: by <boot order>, or else in the order in which the BIOS finds the
 * disks: hd* and sd* first. */
static guint64
boot_rank(xmlNode *node, const XpvDomainDisk *disk)
{
    const guint64 unordered = G_MAXUINT32;
    g_autofree char *order = xpv_xml_copy_attribute(xpv_xml_find_child(node, "boot"), "order");
    if (order)
        return MIN(g_ascii_strtoull(order, NULL, 10), unordered);
    if (g_str_has_prefix(disk->target, "hd"))
        return unordered + 1;
    if (g_str_has_prefix(disk->target, "sd"))
        return unordered + 2;
    return g_str_has_prefix(disk->target, "xvd") ? unordered + 4 : unordered + 3;
}

static gboolean
is_hard_disk(xmlNode *node)
{
    if (!xpv_xml_is_element(node, "disk"))
        return FALSE;
    g_autofree char *device = xpv_xml_copy_attribute(node, "device");
    return !device || g_str_equal(device, "disk");
}

static void
read_disks(XpvDomainXml *xml, xmlNode *devices)
{
    guint64 lowest = G_MAXUINT64;
    xml->disks = xpv_domain_disks_new();
    for (xmlNode *node = xpv_xml_find_child(devices, "disk"); node; node = node->next) {
        if (!is_hard_disk(node))
            continue;
        XpvDomainDisk *disk = read_disk(node);
        guint64 rank = boot_rank(node, disk);
        if (rank < lowest) {
            lowest = rank;
            xml->boot_disk_paravirtualized = !xml->boot_kernel && g_str_equal(disk->bus, "xen");
        }
        g_ptr_array_add(xml->disks, disk);
    }
}

/* The first boot device follows from <boot order> of any device, or else from <os><boot dev>. Without either, the BIOS
 * begins with the disks. */
static gboolean
read_boots_from_disk(xmlNode *os, xmlNode *devices)
{
    guint64 lowest = G_MAXUINT64;
    g_autofree char *first = xpv_xml_copy_attribute(xpv_xml_find_child(os, "boot"), "dev");
    gboolean is_disk = !first || g_str_equal(first, "hd");
    for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        g_autofree char *order = xpv_xml_copy_attribute(xpv_xml_find_child(node, "boot"), "order");
        guint64 rank = order ? g_ascii_strtoull(order, NULL, 10) : G_MAXUINT64;
        if (rank < lowest) {
            lowest = rank;
            is_disk = is_hard_disk(node);
        }
    }
    return is_disk;
}

/* Other kinds of serial ports have a reader already, who would miss what the daemon reads. */
static void
read_console(XpvDomainXml *xml, xmlNode *devices)
{
    for (xmlNode *serial = xpv_xml_find_child(devices, "serial"); serial && !xml->console_path; serial = serial->next) {
        g_autofree char *type = xpv_xml_is_element(serial, "serial") ? xpv_xml_copy_attribute(serial, "type") : NULL;
        if (g_strcmp0(type, "file") == 0)
            xml->console_path = xpv_xml_copy_attribute(xpv_xml_find_child(serial, "source"), "path");
    }
}

static gint
read_id(xmlNode *domain)
{
    g_autofree char *id = xpv_xml_copy_attribute(domain, "id");
    guint64 number;
    return id && g_ascii_string_to_unsigned(id, 10, 0, G_MAXINT, &number, NULL) ? (gint)number : -1;
}

XpvDomainXml *
xpv_domain_xml_parse(const char *text, GError **error)
{
    g_autoptr(xmlDoc) doc = xpv_xml_read(text);
    xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!domain || !xpv_xml_is_element(domain, "domain")) {
        g_set_error_literal(error, XPV_DOMAIN_XML_ERROR, XPV_DOMAIN_XML_ERROR_INVALID,
                            "its XML does not describe a domain");
        return NULL;
    }

    g_autoptr(XpvDomainXml) xml = g_new0(XpvDomainXml, 1);
    xml->id = read_id(domain);
    xml->name = xpv_xml_copy_text(xpv_xml_find_child(domain, "name"), 0);
    g_autofree char *uuid = xpv_xml_copy_text(xpv_xml_find_child(domain, "uuid"), 0);
    if (!xml->name || !uuid || !g_uuid_string_is_valid(uuid)) {
        g_set_error_literal(error, XPV_DOMAIN_XML_ERROR, XPV_DOMAIN_XML_ERROR_INVALID,
                            "its XML has no name or no valid UUID");
        return NULL;
    }
    xml->uuid = xpv_intern(uuid);
    xmlNode *devices = xpv_xml_find_child(domain, "devices");
    read_os(xml, domain);
    read_metadata(xml, xpv_xml_find_child(domain, "metadata"));
    read_disks(xml, devices);
    xml->boots_from_disk = read_boots_from_disk(xpv_xml_find_child(domain, "os"), devices);
    read_console(xml, devices);
    return g_steal_pointer(&xml);
}

void
xpv_domain_xml_free(XpvDomainXml *xml)
{
    if (!xml)
        return;
    xpv_interned_release(xml->uuid);
    g_free(xml->name);
    xpv_interned_release(xml->metadata_kernel);
    xpv_interned_release(xml->boot_kernel);
    g_clear_pointer(&xml->disks, g_ptr_array_unref);
    g_free(xml->console_path);
    xpv_system_clear(&xml->declared);
    g_free(xml);
}
