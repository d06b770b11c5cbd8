/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parser takes from a domain's XML, and what it ignores. */
#include "common/domain-xml.h"

#include <glib/gstdio.h>

#include "common/report.h"
#include "tests/expect.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define OURS "urn:xenpv:compat:1"
#define OSINFO "http://libosinfo.org/xmlns/libvirt/domain/1.0"

/* Makes a domain's XML with a name, a UUID and the given parts. */
static char *
make_text(const char *attributes, const char *children)
{
    return g_strdup_printf("<domain type='xen'%s><name>guest</name><uuid>" UUID "</uuid>%s</domain>", attributes,
                           children);
}

static XpvDomainXml *
parse_as(const char *attributes, const char *children)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = make_text(attributes, children);
    XpvDomainXml *xml = xpv_domain_xml_parse(text, &error);
    g_assert_no_error(error);
    return xml;
}

static XpvDomainXml *
parse(const char *children)
{
    return parse_as("", children);
}

static XpvDomainXml *
parse_metadata(const char *metadata)
{
    g_autofree char *children = g_strconcat("<metadata>", metadata, "</metadata>", NULL);
    return parse(children);
}

static void
test_least(void)
{
    g_autoptr(XpvDomainXml) xml = parse("");
    g_assert_cmpstr(xml->uuid, ==, UUID);
    g_assert_cmpstr(xml->name, ==, "guest");
    g_assert_cmpint(xml->id, ==, -1);
    g_assert_cmpint(xml->virtualization, ==, XPV_VIRTUALIZATION_UNKNOWN);
    g_assert_cmpint(xml->arch, ==, XPV_ARCH_UNKNOWN);
    g_assert_null(xml->metadata_kernel);
    g_assert_false(xml->acknowledged);
    g_assert_null(xml->boot_kernel);
    g_assert_false(xml->boot_disk_paravirtualized);
    g_assert_cmpuint(xml->declared_major, ==, 0);
}

/* The XML that libvirt 9.0 writes for libxl, shortened. */
static void
test_whole(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvDomainXml) xml =
        xpv_domain_xml_parse("<domain type='xen' id='7'>\n"
                             "  <name>erp39 &amp; db</name>\n"
                             "  <uuid>" UUID "</uuid>\n"
                             "  <title>no <name/> of ours</title>\n"
                             "  <metadata>\n"
                             "    <libosinfo:libosinfo xmlns:libosinfo='" OSINFO "'>\n"
                             "      <libosinfo:os id='http://redhat.com/rhel/3.9'/>\n"
                             "    </libosinfo:libosinfo>\n"
                             "    <compat:guest xmlns:compat='" OURS "'>\n"
                             "      <compat:kernel>kernel-smp-2.4.21-50.EL.i686</compat:kernel>\n"
                             "      <compat:acknowledged/>\n"
                             "    </compat:guest>\n"
                             "  </metadata>\n"
                             "  <memory unit='KiB'>524288</memory>\n"
                             "  <os>\n"
                             "    <type arch='x86_64' machine='xenfv'>hvm</type>\n"
                             "    <loader type='rom'>/usr/lib/xen/boot/hvmloader</loader>\n"
                             "    <boot dev='hd'/>\n"
                             "  </os>\n"
                             "  <devices>\n"
                             "    <disk type='file' device='disk'>\n"
                             "      <driver name='qemu'/>\n"
                             "      <source file='/img/erp39'/>\n"
                             "      <target dev='xvda' bus='xen'/>\n"
                             "    </disk>\n"
                             "  </devices>\n"
                             "</domain>\n",
                             &error);
    g_assert_no_error(error);
    g_assert_cmpstr(xml->uuid, ==, UUID);
    g_assert_cmpstr(xml->name, ==, "erp39 & db");
    g_assert_cmpint(xml->id, ==, 7);
    g_assert_cmpint(xml->virtualization, ==, XPV_VIRTUALIZATION_HVM);
    g_assert_cmpint(xml->arch, ==, XPV_ARCH_X86_64);
    g_assert_cmpstr(xml->metadata_kernel, ==, "kernel-smp-2.4.21-50.EL.i686");
    g_assert_true(xml->acknowledged);
    g_assert_null(xml->boot_kernel);
    g_assert_true(xml->boot_disk_paravirtualized);
    g_assert_cmpuint(xml->declared_major, ==, 3);
    g_assert_cmpint(xml->declared.kind, ==, XPV_SYSTEM_COVERED);
}

static void
test_id(void)
{
    static const struct {
        const char *attributes;
        gint id;
    } cases[] = {
        { " id='0'", 0 },
        { " id='12'", 12 },
        { " id='2147483647'", 2147483647 },
        { " id='2147483648'", -1 },
        { " id='-1'", -1 },
        { " id=''", -1 },
        { " id='7x'", -1 },
        { " id=' 7'", -1 },
        { " ID='7'", -1 },
        { " xid='7' name='x'", -1 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvDomainXml) xml = parse_as(cases[i].attributes, "");
        g_autofree char *got = g_strdup_printf("%d", xml->id);
        g_autofree char *expected = g_strdup_printf("%d", cases[i].id);
        expect(cases[i].attributes, got, expected);
    }
}

static void
test_type(void)
{
    static const struct {
        const char *os, *virtualization, *arch;
    } cases[] = {
        { "<os><type arch='x86_64'>hvm</type></os>", "hvm", "x86_64" },
        { "<os><type arch='i686'>hvm</type></os>", "hvm", "i686" },
        { "<os><type arch='ia64' machine='xenner'>hvm</type></os>", "hvm", "ia64" },
        { "<os><type arch='ppc64'>hvm</type></os>", "hvm", "ppc64" },
        { "<os><type arch='i686'>linux</type></os>", "pv", "i686" },
        { "<os><type arch='x86_64'>xen</type></os>", "pv", "x86_64" },
        { "<os><type arch='x86_64'>xenpvh</type></os>", "pvh", "x86_64" },
        { "<os><type arch='x86_64'>exe</type></os>", "", "x86_64" },
        { "<os><type arch='aarch64'>uml</type></os>", "", "" },
        { "<os><type arch=''>HVM</type></os>", "", "" },
        { "<os><type>hvm</type></os>", "hvm", "" },
        { "<os><type/></os>", "", "" },
        { "<os/>", "", "" },
        { "", "", "" },
        { "<os><x><type arch='i686'>hvm</type></x></os>", "", "" },
        { "<os><!-- hvm? --><type arch='i686'>xen<!----></type></os>", "pv", "i686" },
        /* A fully virtualized guest has no bootloader of the host's. If the XML names a type, the type counts. */
        { "<bootloader>/usr/bin/pygrub</bootloader>", "pv", "" },
        { "<bootloader/><os/>", "pv", "" },
        { "<bootloader/><os><cmdline>ro</cmdline></os>", "pv", "" },
        { "<bootloader>/usr/bin/pygrub</bootloader><os><type>linux</type></os>", "pv", "" },
        { "<bootloader>/usr/bin/pygrub</bootloader><os><type arch='x86_64'>hvm</type></os>", "hvm", "x86_64" },
        { "<bootloader/><os><type>uml</type></os>", "", "" },
        { "<x><bootloader/></x>", "", "" },
        { "<bootloader_args>-q</bootloader_args>", "", "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvDomainXml) xml = parse(cases[i].os);
        expect(cases[i].os, xpv_virtualization_to_word(xml->virtualization), cases[i].virtualization);
        expect(cases[i].os, xpv_arch_to_word(xml->arch), cases[i].arch);
    }
}

static void
test_metadata(void)
{
    static const struct {
        const char *metadata, *kernel;
        gboolean acknowledged;
    } cases[] = {
        /* Any prefix will do. */
        { "<guest xmlns='" OURS "'><kernel>k</kernel></guest>", "k", FALSE },
        { "<guest xmlns='" OURS "'><kernel>k</kernel><acknowledged/></guest>", "k", TRUE },
        { "<x:guest xmlns:x='" OURS "'><x:kernel>k</x:kernel><x:acknowledged/></x:guest>", "k", TRUE },
        { "<x:guest xmlns:x='" OURS "'><kernel>k</kernel></x:guest>", "k", FALSE },
        { "<x:guest xmlns:x='" OURS "'><y:kernel xmlns:y='" OURS "'>k</y:kernel></x:guest>", "k", FALSE },
        { "<guest xmlns='" OURS "'><acknowledged/></guest>", NULL, TRUE },
        { "<guest xmlns='" OURS "'><acknowledged>no</acknowledged></guest>", NULL, TRUE }, /* it is there */

        /* The namespace must be ours. */
        { "<guest><kernel>k</kernel><acknowledged/></guest>", NULL, FALSE },
        { "<guest xmlns='urn:other'><kernel>k</kernel><acknowledged/></guest>", NULL, FALSE },
        { "<guest xmlns='" OURS "2'><kernel>k</kernel></guest>", NULL, FALSE },
        { "<guest xmlns='" OURS "'/>", NULL, FALSE },
        { "<host xmlns='" OURS "'><kernel>k</kernel></host>", NULL, FALSE },
        { "<guest xmlns='urn:other'><kernel>other</kernel></guest><guest xmlns='" OURS "'><kernel>k</kernel></guest>",
          "k", FALSE },
        { "<guest xmlns='urn:other'/><tool/><guest xmlns='" OURS "'><kernel>k</kernel></guest>", "k", FALSE },
        { "<guest xmlns='" OURS "'><kernel>k</kernel></guest><guest xmlns='urn:other'><acknowledged/></guest>", "k",
          FALSE },
        { "<a:guest xmlns:a='urn:a'><a:kernel>a</a:kernel></a:guest><c:guest xmlns:c='" OURS "'><c:kernel>k</c:kernel>"
          "</c:guest><b:guest xmlns:b='urn:b'><b:kernel>b</b:kernel></b:guest>",
          "k", FALSE },
        { "<wrap xmlns='" OURS "'><guest><kernel>k</kernel></guest></wrap>", NULL, FALSE },
        { "", NULL, FALSE },

        /* The text of the element. */
        { "<guest xmlns='" OURS "'><kernel/></guest>", "", FALSE },
        { "<guest xmlns='" OURS "'>\n <!-- <kernel>no</kernel> -->\n <kernel>k<!-- not l -->m</kernel>\n</guest>", "km",
          FALSE },
        { "<guest xmlns='" OURS "'><kernel><![CDATA[a<b>&amp;]]></kernel></guest>", "a<b>&amp;", FALSE },
        { "<guest xmlns='" OURS "'><kernel>a&amp;b&lt;&#x41;&gt;</kernel></guest>", "a&b<A>", FALSE },
        { "<guest xmlns='" OURS "'><kernel>one\ntwo\r\n three</kernel></guest>", "one\ntwo\n three", FALSE },
        { "<guest xmlns='" OURS "'><kernel>a<b>c</b></kernel></guest>", "ac", FALSE },
        { "<guest xmlns='" OURS "'><kernel>first</kernel><kernel>second</kernel></guest>", "first", FALSE },
        { "<guest xmlns='" OURS "'><x><kernel>k</kernel></x></guest>", NULL, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvDomainXml) xml = parse_metadata(cases[i].metadata);
        if (cases[i].kernel)
            expect(cases[i].metadata, xml->metadata_kernel, cases[i].kernel);
        else
            expect_true(cases[i].metadata, !xml->metadata_kernel, "no kernel");
        expect_true(cases[i].metadata, xml->acknowledged == cases[i].acknowledged, "acknowledged as written");
    }
}

/* One byte more is kept than is read of a report, so that the reader notices a longer one. */
static void
test_metadata_is_capped(void)
{
    for (gsize length = XPV_REPORT_MAX - 1; length <= XPV_REPORT_MAX + 3; length++) {
        g_autofree char *kernel = g_strnfill(length, 'x');
        g_autofree char *metadata = g_strdup_printf("<guest xmlns='" OURS "'><kernel>%s</kernel></guest>", kernel);
        g_autoptr(XpvDomainXml) xml = parse_metadata(metadata);
        g_assert_cmpuint(strlen(xml->metadata_kernel), ==, MIN(length, XPV_REPORT_MAX + 1));
    }
    g_autofree char *huge = g_strnfill(5000000, 'x');
    g_autofree char *metadata = g_strdup_printf("<guest xmlns='" OURS "'><kernel>%s</kernel></guest>", huge);
    g_autoptr(XpvDomainXml) xml = parse_metadata(metadata);
    g_assert_cmpuint(strlen(xml->metadata_kernel), ==, XPV_REPORT_MAX + 1);
}

static void
test_boot_kernel(void)
{
    static const struct {
        const char *os, *kernel;
    } cases[] = {
        { "<kernel>/boot/vmlinuz-2.6.18-128.el5PAE</kernel>", "vmlinuz-2.6.18-128.el5PAE" },
        { "<type>hvm</type><kernel>vmlinuz</kernel><initrd>/i</initrd>", "vmlinuz" },
        { "<kernel>\n  /boot/with blanks/vmlinuz 2\t\n</kernel>", "vmlinuz 2" },
        { "<kernel>/boot/guests/</kernel>", "guests" },
        { "<kernel>//</kernel>", "/" },
        { "<kernel>/boot/a&amp;b</kernel>", "a&b" },
        { "<kernel>  </kernel>", NULL },
        { "<kernel/>", NULL },
        { "<initrd>/boot/initrd</initrd><cmdline>kernel=/boot/vmlinuz</cmdline>", NULL },
        { "", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *os = g_strconcat("<os>", cases[i].os, "</os>", NULL);
        g_autoptr(XpvDomainXml) xml = parse(os);
        if (cases[i].kernel)
            expect(os, xml->boot_kernel, cases[i].kernel);
        else
            expect_true(os, !xml->boot_kernel, "no kernel");
    }
}

static void
test_console(void)
{
    static const struct {
        const char *devices, *path;
    } cases[] = {
        { "<serial type='file'><source path='/var/log/xen/a b.log'/><target port='0'/></serial>",
          "/var/log/xen/a b.log" },
        { "<serial type='file'><source path='/a&amp;b' append='on'/></serial>", "/a&b" },
        { "<serial type='pty'><source path='/dev/pts/3'/></serial><serial type='file'><source path='/a'/></serial>",
          "/a" },
        { "<serial type='file'><source path='/a'/></serial><serial type='file'><source path='/b'/></serial>", "/a" },
        { "<serial type='file'/><serial type='file'><source path='/b'/></serial>", "/b" },
        { "<serial type='file'><source path='serial.log'/></serial>", "serial.log" },
        { "<serial type='file'><source path=''/></serial>", "" },
        /* Other programs read these. */
        { "<serial type='pty'><source path='/dev/pts/3'/><log file='/a'/></serial>", NULL },
        { "<serial type='dev'><source path='/dev/ttyS0'/></serial>", NULL },
        { "<serial type='pipe'><source path='/a'/></serial>", NULL },
        { "<serial type='unix'><source mode='bind' path='/a'/></serial>", NULL },
        { "<serial type='null'/>", NULL },
        { "<serial><source path='/a'/></serial>", NULL },
        /* These are no serial ports. */
        { "<console type='file'><source path='/a'/><target type='xen'/></console>", NULL },
        { "<parallel type='file'><source path='/a'/></parallel>", NULL },
        { "", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *children = g_strconcat("<devices>", cases[i].devices, "</devices>", NULL);
        g_autoptr(XpvDomainXml) xml = parse(children);
        if (cases[i].path)
            expect(children, xml->console_path, cases[i].path);
        else
            expect_true(children, !xml->console_path, "no console");
    }
}

#define DISK(device, bus) "<disk type='file' device='" device "'><target dev='xvda' bus='" bus "'/></disk>"
#define TARGET(attributes) "<disk type='file' device='disk'><target " attributes "/></disk>"
#define ORDERED(device, bus, order)                                                                                    \
    "<disk type='file' device='" device "'><boot order='" order "'/><target dev='xvda' bus='" bus "'/></disk>"

static void
test_boot_disk(void)
{
    static const struct {
        const char *devices;
        gboolean paravirtualized;
    } cases[] = {
        /* The first disk counts. */
        { DISK("disk", "xen"), TRUE },
        { DISK("disk", "ide"), FALSE },
        { DISK("disk", "xen") DISK("disk", "ide"), TRUE },
        { DISK("disk", "ide") DISK("disk", "xen"), FALSE },
        { "<disk><target bus='xen'/></disk>", TRUE }, /* without a device attribute, it is a disk */
        { "<emulator>/x</emulator>" DISK("disk", "xen"), TRUE },

        /* CD-ROMs and floppies do not count. */
        { DISK("cdrom", "ide") DISK("disk", "xen"), TRUE },
        { DISK("cdrom", "xen") DISK("disk", "ide"), FALSE },
        { DISK("floppy", "fdc") DISK("cdrom", "ide") DISK("disk", "xen"), TRUE },
        { DISK("cdrom", "xen") DISK("floppy", "xen"), FALSE },
        { ORDERED("cdrom", "xen", "1") ORDERED("disk", "ide", "2"), FALSE },
        { ORDERED("cdrom", "ide", "1") ORDERED("disk", "xen", "2"), TRUE },

        /* The disk with the lowest boot order counts. */
        { ORDERED("disk", "xen", "2") ORDERED("disk", "ide", "1"), FALSE },
        { ORDERED("disk", "ide", "2") ORDERED("disk", "xen", "1"), TRUE },
        { ORDERED("disk", "ide", "10") ORDERED("disk", "xen", "9"), TRUE },
        { DISK("disk", "ide") ORDERED("disk", "xen", "3"), TRUE },
        { ORDERED("disk", "xen", "3") DISK("disk", "ide"), TRUE },
        { ORDERED("disk", "ide", "1") ORDERED("disk", "xen", "1"), FALSE },

        /* Without an order, it is the first one that the BIOS sees; disks on the xen bus come last. */
        { TARGET("dev='xvda' bus='xen'") TARGET("dev='hda' bus='ide'"), FALSE },
        { TARGET("dev='xvda' bus='xen'") TARGET("dev='sda' bus='scsi'"), FALSE },
        { TARGET("dev='xvda' bus='xen'") TARGET("dev='vda' bus='virtio'"), FALSE },
        { TARGET("dev='xvda' bus='xen'") TARGET("bus='ide'"), FALSE },
        { TARGET("dev='sda' bus='xen'") TARGET("dev='hda' bus='ide'"), FALSE },
        { TARGET("dev='sda' bus='scsi'") TARGET("dev='hda' bus='xen'"), TRUE },
        { TARGET("dev='ubda' bus='xen'") TARGET("dev='sda' bus='scsi'"), FALSE },
        { TARGET("dev='ubda' bus='scsi'") TARGET("dev='sda' bus='xen'"), TRUE },
        { TARGET("dev='hdb' bus='xen'") TARGET("dev='hda' bus='ide'"), TRUE },
        { TARGET("dev='hda' bus='ide'") ORDERED("disk", "xen", "1"), TRUE },
        { TARGET("dev='hda' bus='ide'") ORDERED("disk", "xen", "18446744073709551615"), TRUE },
        { ORDERED("disk", "ide", "1") ORDERED("disk", "xen", "99999999999999999999"), FALSE },

        /* Without a bus, the target's name decides. */
        { TARGET("dev='xvda'"), TRUE },
        { TARGET("dev='xvda'") TARGET("dev='hda'"), FALSE },
        { TARGET("dev='hda'") TARGET("dev='xvda'"), FALSE },
        { TARGET("dev='xvda' bus='ide'"), FALSE },
        { TARGET("dev='xvda' bus=''"), FALSE },
        { TARGET("dev='hda' bus='xen'"), TRUE },
        { TARGET("dev='sda'"), FALSE },
        { TARGET("dev='vda'"), FALSE },

        /* Nothing tells. */
        { "", FALSE },
        { "<disk device='disk'/>", FALSE },
        { "<interface type='bridge'><target dev='xvda' bus='xen'/></interface>", FALSE },
        { "<x>" DISK("disk", "xen") "</x>", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *children = g_strconcat("<devices>", cases[i].devices, "</devices>", NULL);
        g_autoptr(XpvDomainXml) xml = parse(children);
        expect_true(cases[i].devices, xml->boot_disk_paravirtualized == cases[i].paravirtualized,
                    "paravirtualized as written");
    }

    g_autoptr(XpvDomainXml) direct =
        parse("<devices>" DISK("disk", "xen") "</devices><os><kernel>/boot/vmlinuz</kernel></os>");
    g_assert_false(direct->boot_disk_paravirtualized); /* such a kernel boots without a boot disk */
}

/* Each disk as "source format target bus". */
static void
test_disks(void)
{
    static const struct {
        const char *devices, *disks;
    } cases[] = {
        { "", "" },
        { "<disk type='file' device='disk'><driver name='tap' type='aio'/><source file='/x/a.img'/>"
          "<target dev='hda' bus='ide'/></disk>",
          "/x/a.img raw hda ide" },
        { "<disk type='block'><driver name='phy'/><source dev='/dev/vg/a'/><target dev='xvda'/></disk>",
          "/dev/vg/a raw xvda xen" },
        { "<disk type='file'><source file='/x/a b.qcow2'/><driver name='qemu' type='qcow2'/><target dev='sda'/></disk>",
          "/x/a b.qcow2 qcow2 sda scsi" },
        /* xend's own words are relative to /dev; anything else that is no path is no disk of this host. */
        { "<disk type='block'><source dev='vg/a'/><target dev='hda'/></disk>", "/dev/vg/a raw hda ide" },
        { "<disk type='file'><source file='ssh://xen2/x'/><target dev='hda'/></disk>", " raw hda ide" },
        { "<disk type='block'><source dev='ssh://xen2/x'/><target dev='hda'/></disk>",
          "/dev/ssh://xen2/x raw hda ide" },
        { "<disk type='network'><source protocol='nbd' name='x'/><target dev='vda'/></disk>", " raw vda " },
        { "<disk type='file' device='cdrom'><source file='/x/cd.iso'/><target dev='hdc'/></disk>"
          "<disk type='file' device='floppy'><source file='/x/f'/><target dev='fda'/></disk>"
          "<disk type='file'><source file='/x/2'/><target dev='hdb'/></disk>"
          "<disk type='file'><source file='/x/1'/><target dev='hda'/></disk>",
          "/x/2 raw hdb ide, /x/1 raw hda ide" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *devices = g_strdup_printf("<devices>%s</devices>", cases[i].devices);
        g_autofree char *text = make_text("", devices);
        g_autoptr(XpvDomainXml) xml = xpv_domain_xml_parse(text, NULL);
        g_autoptr(GString) disks = g_string_new(NULL);
        for (guint k = 0; k < xml->disks->len; k++) {
            const XpvDomainDisk *disk = xml->disks->pdata[k];
            g_string_append_printf(disks, "%s%s %s %s %s", k > 0 ? ", " : "", disk->source, disk->format, disk->target,
                                   disk->bus);
        }
        expect(cases[i].devices, disks->str, cases[i].disks);
    }
}

static void
test_boots_from_disk(void)
{
    static const struct {
        const char *children;
        gboolean from_disk;
    } cases[] = {
        { "", TRUE },
        { "<os><boot dev='hd'/><boot dev='cdrom'/></os>", TRUE },
        { "<os><boot dev='cdrom'/><boot dev='hd'/></os>", FALSE },
        { "<os><boot dev='network'/></os>", FALSE },
        { "<devices><disk device='cdrom'><boot order='1'/></disk><disk><boot order='2'/></disk></devices>", FALSE },
        { "<devices><disk device='cdrom'><boot order='2'/></disk><disk><boot order='1'/></disk></devices>", TRUE },
        { "<devices><interface><boot order='1'/></interface><disk device='disk'><boot order='2'/></disk></devices>",
          FALSE },
        { "<os><boot dev='cdrom'/></os><devices><disk><boot order='1'/></disk></devices>", TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = make_text("", cases[i].children);
        g_autoptr(XpvDomainXml) xml = xpv_domain_xml_parse(text, NULL);
        expect_true(cases[i].children, xml->boots_from_disk == cases[i].from_disk, "boots from a disk or not");
    }
}

static void
test_declared_major(void)
{
    static const struct {
        const char *id;
        guint major;
    } cases[] = {
        { "http://redhat.com/rhel/3.9", 3 },
        { "http://redhat.com/rhel/3", 3 },
        { "http://redhat.com/rhel/4.0", 4 },
        { "http://redhat.com/rhel/5.11", 5 },
        { "http://redhat.com/rhel/10.0", 10 },
        { "http://redhat.com/rhel/5-unknown", 5 },
        { "http://redhat.com/rhel/4294967299.1", 4294967295 }, /* the number does not wrap around to 3 */
        { "http://redhat.com/rhel/18446744073709551619", 4294967295 },
        { "http://redhat.com/rhel/", 0 },
        { "http://redhat.com/rhel/x", 0 },
        { "http://redhat.com/rhl/9", 0 },
        { "http://centos.org/centos/5.11", 0 },
        { "rhel/5.11", 0 },
        { "", 0 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *metadata =
            g_strdup_printf("<l:libosinfo xmlns:l='" OSINFO "'><l:os id='%s'/></l:libosinfo>", cases[i].id);
        g_autoptr(XpvDomainXml) xml = parse_metadata(metadata);
        g_autofree char *got = g_strdup_printf("%u", xml->declared_major);
        g_autofree char *expected = g_strdup_printf("%u", cases[i].major);
        expect(cases[i].id, got, expected);
        g_auto(XpvSystem) system = xpv_system_from_osinfo(cases[i].id);
        expect_true(cases[i].id, xpv_system_equal(&xml->declared, &system), "is the system of that id");
    }

    static const char *const none[] = {
        "<libosinfo xmlns='urn:other'><os id='http://redhat.com/rhel/5.11'/></libosinfo>",
        "<libosinfo xmlns='" OSINFO "'/>",
        "<libosinfo xmlns='" OSINFO "'><os/></libosinfo>",
        "<libosinfo xmlns='" OSINFO "'>http://redhat.com/rhel/5.11</libosinfo>",
    };
    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(XpvDomainXml) xml = parse_metadata(none[i]);
        expect_true(none[i], xml->declared_major == 0, "no major");
        expect_true(none[i], xml->declared.kind == XPV_SYSTEM_UNKNOWN, "no system");
    }
}

static void
test_namespaces_side_by_side(void)
{
    g_autoptr(XpvDomainXml) xml =
        parse_metadata("<compat:guest xmlns:compat='" OURS "'><compat:kernel>k</compat:kernel>"
                       "<compat:acknowledged/></compat:guest><l:libosinfo xmlns:l='" OSINFO
                       "'><l:os id='http://redhat.com/rhel/4.8'/></l:libosinfo>");
    g_assert_cmpstr(xml->metadata_kernel, ==, "k");
    g_assert_true(xml->acknowledged);
    g_assert_cmpuint(xml->declared_major, ==, 4);
}

static void
expect_refused(const char *text, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvDomainXml) xml = xpv_domain_xml_parse(text, &error);
    expect_true(what, !xml, "refused");
    expect_true(what, g_error_matches(error, XPV_DOMAIN_XML_ERROR, XPV_DOMAIN_XML_ERROR_INVALID), "an error of ours");
}

static void
test_refused(void)
{
    static const char *const texts[] = {
        "",
        " \n",
        "no XML",
        "<",
        "<domain>",
        "<domain/>",
        "<domain><name>guest</name></domain>",
        "<domain><uuid>" UUID "</uuid></domain>",
        "<domain><name>guest</name><uuid/></domain>",
        "<domain><name>guest</name><uuid>5b1a3c10</uuid></domain>",
        "<domain><name>guest</name><uuid> " UUID " </uuid></domain>",
        "<domain><name>guest</name><uuid>5b1a3c10-0000-4000-8000-00000000000g</uuid></domain>",
        "<domain><name>guest</name><uuid>" UUID "</uuid>",
        "<domain><name>guest</name><uuid>" UUID "</uuid></domains>",
        "<domain><x><name>guest</name><uuid>" UUID "</uuid></x></domain>",
        "<node><name>guest</name><uuid>" UUID "</uuid></node>",
        "<node><domain><name>guest</name><uuid>" UUID "</uuid></domain></node>",
        "<domain><name>\xff\xfe</name><uuid>" UUID "</uuid></domain>",
        "<domain><name>\x01</name><uuid>" UUID "</uuid></domain>",
        "<domain><name>a</name><uuid>" UUID "</uuid></domain><domain/>",
        "<!DOCTYPE domain><domain><name>guest</name><uuid>" UUID "</uuid></domain>",
        "<domain><name>&undeclared;</name><uuid>" UUID "</uuid></domain>",
        "<?xml version='1.0' encoding='nonsense'?><domain><name>\xe9</name><uuid>" UUID "</uuid></domain>",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        expect_refused(texts[i], texts[i]);
}

static char *
make_text_with_entity(const char *declarations, const char *reference)
{
    return g_strdup_printf("<!DOCTYPE domain [%s]><domain><name>guest</name><uuid>" UUID "</uuid><metadata>"
                           "<guest xmlns='" OURS "'><kernel>%s</kernel></guest></metadata></domain>",
                           declarations, reference);
}

/* Entities that each expand to ten of the one before; and a long entity with many references. */
static void
test_entity_bombs(void)
{
    g_autoptr(GString) declarations = g_string_new("<!ENTITY e0 'lol'>");
    for (guint n = 0; n < 12; n++) {
        g_autofree char *reference = g_strdup_printf("&e%u;", n);
        g_autofree char *text = make_text_with_entity(declarations->str, reference);
        expect_refused(text, reference);
        g_string_append_printf(declarations, "<!ENTITY e%u '", n + 1);
        for (guint i = 0; i < 10; i++)
            g_string_append(declarations, reference);
        g_string_append(declarations, "'>");
    }

    g_autofree char *letters = g_strnfill(2000, 'x');
    g_autofree char *declaration = g_strdup_printf("<!ENTITY e '%s'>", letters);
    g_autoptr(GString) references = g_string_new(NULL);
    for (guint i = 0; i < 2000; i++)
        g_string_append(references, "&e;");
    g_autofree char *text = make_text_with_entity(declaration, references->str);
    expect_refused(text, "a long entity");
}

static void
test_external_entities(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("xenpv-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(folder, "secret", NULL);
    g_assert_true(g_file_set_contents(path, "secret", -1, NULL));
    char *declarations[] = {
        g_strdup_printf("<!ENTITY e SYSTEM '%s'>", path),
        g_strdup_printf("<!ENTITY e SYSTEM 'file://%s'>", path),
        g_strdup_printf("<!ENTITY e PUBLIC 'x' '%s'>", path),
        g_strdup_printf("<!ENTITY %% all SYSTEM '%s'> %%all; <!ENTITY e 'x'>", path),
        g_strdup("<!ENTITY e SYSTEM 'http://192.0.2.1/secret'>"),
    };
    for (guint i = 0; i < G_N_ELEMENTS(declarations); i++) {
        g_autofree char *text = make_text_with_entity(declarations[i], "&e;");
        expect_refused(text, declarations[i]);
        g_free(declarations[i]);
    }
    expect_refused("<!DOCTYPE domain SYSTEM 'domain.dtd'><domain><name>guest</name><uuid>" UUID "</uuid></domain>",
                   "external subset");
    g_unlink(path);
    g_rmdir(folder);
}

static void
test_deep_nesting(void)
{
    for (guint depth = 10; depth <= 1000000; depth *= 10) {
        GString *children = g_string_new("<metadata>");
        for (guint i = 0; i < depth; i++)
            g_string_append(children, "<x>");
        for (guint i = 0; i < depth; i++)
            g_string_append(children, "</x>");
        g_string_append(children, "</metadata>");
        g_autofree char *text = make_text("", children->str);
        g_autoptr(GError) error = NULL;
        g_autoptr(XpvDomainXml) xml = xpv_domain_xml_parse(text, &error);
        g_assert_true((xml == NULL) == (error != NULL));
        if (depth == 10)
            g_assert_nonnull(xml);
        g_string_free(children, TRUE);
    }
}

/* Bytes of a domain's XML are changed, removed and repeated, or all is noise. Nothing breaks. */
static void
test_noise(void)
{
    static const char spice[] = "<>/&;'\"=:!?[]-x \n\xc3\xff\x01";
    g_autoptr(GRand) rand = g_rand_new_with_seed(20080612);
    g_autofree char *text =
        make_text(" id='3'", "<metadata><x:guest xmlns:x='" OURS "'><x:kernel>k</x:kernel></x:guest>"
                             "</metadata><os><type arch='i686'>hvm</type><kernel>/k</kernel></os>"
                             "<devices>" ORDERED("disk", "xen", "1") "</devices>");
    for (guint i = 0; i < 20000; i++) {
        GString *noise = g_string_new(i % 10 ? text : "");
        for (gint n = g_rand_int_range(rand, 1, i % 10 ? 4 : 200); n > 0; n--) {
            gssize at = noise->len ? g_rand_int_range(rand, 0, (gint32)noise->len) : 0;
            char c = spice[g_rand_int_range(rand, 0, sizeof spice - 1)];
            if (noise->len > 0 && g_rand_boolean(rand))
                g_string_erase(noise, at, 1);
            if (g_rand_boolean(rand))
                g_string_insert_c(noise, at, c);
        }
        g_autoptr(GError) error = NULL;
        g_autoptr(XpvDomainXml) xml = xpv_domain_xml_parse(noise->str, &error);
        expect_true(noise->str, (xml == NULL) == (error != NULL), "a domain or an error");
        expect_true(noise->str, !xml || (xml->name && g_uuid_string_is_valid(xml->uuid)), "with name and UUID");
        g_string_free(noise, TRUE);
    }
}

static void
test_free(void)
{
    xpv_domain_xml_free(NULL);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain-xml/least", test_least);
    g_test_add_func("/domain-xml/whole", test_whole);
    g_test_add_func("/domain-xml/id", test_id);
    g_test_add_func("/domain-xml/type", test_type);
    g_test_add_func("/domain-xml/metadata", test_metadata);
    g_test_add_func("/domain-xml/metadata-is-capped", test_metadata_is_capped);
    g_test_add_func("/domain-xml/boot-kernel", test_boot_kernel);
    g_test_add_func("/domain-xml/console", test_console);
    g_test_add_func("/domain-xml/boot-disk", test_boot_disk);
    g_test_add_func("/domain-xml/disks", test_disks);
    g_test_add_func("/domain-xml/boots-from-disk", test_boots_from_disk);
    g_test_add_func("/domain-xml/declared-major", test_declared_major);
    g_test_add_func("/domain-xml/namespaces-side-by-side", test_namespaces_side_by_side);
    g_test_add_func("/domain-xml/refused", test_refused);
    g_test_add_func("/domain-xml/entity-bombs", test_entity_bombs);
    g_test_add_func("/domain-xml/external-entities", test_external_entities);
    g_test_add_func("/domain-xml/deep-nesting", test_deep_nesting);
    g_test_add_func("/domain-xml/noise", test_noise);
    g_test_add_func("/domain-xml/free", test_free);
    return g_test_run();
}
