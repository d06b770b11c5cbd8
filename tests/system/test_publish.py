# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon publishes domains on the bus, from libvirt's test driver inside the daemon and from a libvirtd."""
import os
import subprocess
import xml.etree.ElementTree as ElementTree

import harness
from gi.repository import Gio, GLib
from harness import DOMAIN, MANAGER, NAME, ROOT, domain_xml, path_of, uuid_of

EXPECTED = {  # of tests/data/example-host.xml on a RHEL 5.1 x86_64 host with an Intel processor
    "Domain-0": ("not-applicable", ["control-domain"]),
    "archive": ("unknown", ["kernel-not-reported"]),
    "build53-boot": ("compatible", []),
    "db48-largesmp": ("compatible", []),
    "erp39-em64t": ("compatible", []),
    "erp39-smp": ("incompatible", ["host-architecture-mismatch"]),
    "fresh-install": ("unknown", ["kernel-pending"]),
    "lab54-xen": ("incompatible", ["kernel-variant-unsupported"]),
    "legacy38": ("incompatible", ["guest-release-unsupported", "host-architecture-mismatch"]),
    "mail39": ("unknown", ["kernel-ambiguous"]),
    "pv-proxy": ("not-applicable", ["paravirtualized-guest"]),
    "sid": ("not-applicable", ["guest-not-covered"]),
    "web51-pae": ("compatible", []),
}


def interfaces(xml):
    """Returns: the interfaces of an introspection XML, in a form that can be compared."""
    found = {}
    for interface in ElementTree.fromstring(xml).iter("interface"):
        members = set()
        for member in interface:
            if member.tag == "annotation":
                continue
            arguments = tuple((a.get("name"), a.get("type"), a.get("direction", "out" if member.tag == "signal" else "in"))
                              for a in member.iter("arg"))
            changed = [a.get("value") for a in member.iter("annotation") if a.get("name").endswith("EmitsChangedSignal")]
            members.add((member.tag, member.get("name"), member.get("type"), member.get("access"), arguments,
                         changed[0] if changed else "true"))
        found[interface.get("name")] = members
    return found


class Example(harness.TestCase):
    """Tests on the example host, with libvirt's driver inside the daemon."""

    def setUp(self):
        super().setUp()
        self.start_example()

    def test_every_verdict(self):
        domains = {domain["Name"]: domain for domain in self.client.domains().values()}
        self.assertEqual({name: (d["Verdict"], d["Reasons"]) for name, d in domains.items()}, EXPECTED)
        for domain in domains.values():
            self.assertTrue(domain["Explanation"].endswith("."), domain)
            self.assertFalse(domain["Stale"])

    def test_one_domain_in_full(self):
        domain = self.client.domain(uuid_of(5))
        self.assertGreater(domain.pop("ChangedAt"), 1_000_000_000_000_000)
        self.assertGreater(domain.pop("Id"), 0)
        self.assertEqual(domain, {
            "Uuid": uuid_of(5), "Name": "erp39-smp", "State": "running", "Virtualization": "hvm",
            "Kernel": "kernel-smp-2.4.21-50.EL.i686", "KernelSource": "metadata", "Release": "3.9",
            "Variant": "i686-SMP", "Processor": "intel", "RequiredHostArchitectures": ["i686"],
            "Verdict": "incompatible", "Reasons": ["host-architecture-mismatch"], "Warnings": ["guide-disagrees"],
            "Explanation": "RHEL 3.9 kernel i686-SMP, compiled for Intel, needs an i686 host kernel; this host runs x86_64"
                           " (table 12.2).",
            "Remedy": "Run the guest on an i686 host with an Intel processor, or reinstall it as 64-bit "
                      "(kernel-2.4.21-50.EL.ia32e).",
            "DriverSource": "kmod-xenpv", "Drivers": "unknown", "DiskDrivers": "unknown",
            "NetworkDrivers": "unknown", "InstalledKernels": [], "DriverPackages": [], "InspectedAt": 0,
            "Acknowledged": False, "Stale": False})

    def test_other_sources_and_states(self):
        domains = {domain["Name"]: domain for domain in self.client.domains().values()}
        self.assertEqual(domains["build53-boot"]["KernelSource"], "direct-boot")
        self.assertEqual(domains["build53-boot"]["Kernel"], "vmlinuz-2.6.18-128.el5PAE")
        self.assertEqual(domains["build53-boot"]["DriverSource"], "built-in")
        self.assertEqual((domains["lab54-xen"]["State"], domains["lab54-xen"]["Id"]), ("shut-off", -1))
        self.assertTrue(domains["legacy38"]["Acknowledged"])
        self.assertEqual((domains["archive"]["Kernel"], domains["archive"]["KernelSource"]), ("", ""))

    def test_manager(self):
        host = self.client.host()
        self.assertGreater(host.pop("LastUpdate"), 1_000_000_000_000_000)
        self.assertIn("Virtualization Guide", host.pop("Rules"))
        self.assertRegex(host.pop("Version"), r"^\d+\.\d+\.\d+$")
        self.assertTrue(host.pop("HostName"))
        self.assertEqual(host, {
            "Uri": "test://" + harness.EXAMPLE_HOST, "Connected": True, "DisksRead": True, "Hypervisor": "TEST",
            "HostKernel": "2.6.18-53.el5xen", "HostArchitecture": "x86_64", "HostProcessor": "intel", "HostRelease": "5.1",
            "Counts": {"compatible": 4, "incompatible": 3, "unknown": 3, "not-applicable": 3}})

    def test_list_and_get(self):
        listed = self.client.manager("ListDomains")[0]
        self.assertEqual([row[0] for row in listed], sorted(EXPECTED))
        self.assertEqual(listed[5][:5] + (listed[5][5],),
                         ("erp39-smp", uuid_of(5), "running", "incompatible", "kernel-smp-2.4.21-50.EL.i686",
                          path_of(uuid_of(5))))
        for name in ("erp39-smp", uuid_of(5), uuid_of(5).upper()):
            self.assertEqual(self.client.manager("GetDomain", "(s)", name), (path_of(uuid_of(5)),))
        for name in ("", "nobody", "5b1a3c10"):
            with self.assertRaisesRegex(GLib.Error, "org.xenpv.Compat1.Error.NoSuchDomain"):
                self.client.manager("GetDomain", "(s)", name)

    def test_introspection_is_the_interface(self):
        with open(os.path.join(harness.SOURCE, "dbus", "org.xenpv.Compat1.xml"), encoding="utf-8") as file:
            written = interfaces(file.read())
        root = interfaces(self.client.call(ROOT, "org.freedesktop.DBus.Introspectable", "Introspect")[0])
        domain = interfaces(self.client.call(path_of(uuid_of(5)), "org.freedesktop.DBus.Introspectable", "Introspect")[0])
        self.assertEqual(root[MANAGER], written[MANAGER])
        self.assertEqual(domain[DOMAIN], written[DOMAIN])
        self.assertIn("org.freedesktop.DBus.ObjectManager", root)
        self.assertNotIn(MANAGER, domain)
        self.assertNotIn(DOMAIN, root)

    def test_wire_types(self):
        """Each value is wrapped in one variant, not two; unpack() would hide a second."""
        reply = self.client.bus.call_sync(NAME, path_of(uuid_of(5)), harness.PROPERTIES, "GetAll",
                                          GLib.Variant("(s)", (DOMAIN,)), None, 0, -1, None)
        properties = reply.get_child_value(0)
        types = {}
        for i in range(properties.n_children()):
            entry = properties.get_child_value(i)
            types[entry.get_child_value(0).get_string()] = entry.get_child_value(1).get_variant().get_type_string()
        self.assertEqual(types, {name: {"Id": "i", "Acknowledged": "b", "Stale": "b", "ChangedAt": "t", "InspectedAt": "t",
                                        "Reasons": "as", "Warnings": "as", "RequiredHostArchitectures": "as",
                                        "InstalledKernels": "as", "DriverPackages": "as"}.get(name, "s")
                                 for name in self.client.domain(uuid_of(5))})

    def test_check_kernel(self):
        verdict, reasons, results = self.client.manager("CheckKernel", "(sa{sv})", "kernel-smp-2.4.21-50.EL.i686", {})
        self.assertEqual((verdict, reasons), ("incompatible", ["host-architecture-mismatch"]))
        self.assertEqual(set(results), {"Kernel", "Warnings", "Release", "Variant", "Processor", "DriverSource",
                                        "RequiredHostArchitectures", "Explanation", "Remedy"})
        domain = self.client.domain(uuid_of(5))
        self.assertEqual(results, {name: domain[name] for name in results})

    def test_check_kernel_of_another_host(self):
        facts = {name: GLib.Variant("s", value) for name, value in (
            ("host-architecture", "i686"), ("host-processor", ""), ("host-kernel", "2.6.18-8.el5xen"),
            ("virtualization", "hvm"))}
        verdict, reasons, results = self.client.manager("CheckKernel", "(sa{sv})", "2.4.21-50.ELhugemem", facts)
        self.assertEqual((verdict, reasons, results["Warnings"]),
                         ("incompatible", ["host-release-unsupported"], ["host-processor-unknown"]))
        facts = {"virtualization": GLib.Variant("s", "pvh")}
        self.assertEqual(self.client.manager("CheckKernel", "(sa{sv})", "2.6.18-398.el5", facts)[:2],
                         ("not-applicable", ["paravirtualized-guest"]))

    def test_check_kernel_refuses(self):
        for facts in ({"host-colour": GLib.Variant("s", "red")}, {"host-processor": GLib.Variant("s", "arm")},
                      {"host-architecture": GLib.Variant("u", 64)}, {"virtualization": GLib.Variant("s", "HVM")}):
            with self.assertRaisesRegex(GLib.Error, "org.xenpv.Compat1.Error.InvalidArgs"):
                self.client.manager("CheckKernel", "(sa{sv})", "2.6.18-398.el5", facts)
        twice = GLib.Variant.parse(GLib.VariantType("(sa{sv})"),
                                   "('1', {'host-kernel': <'2.6.18-8.el5xen'>, 'host-kernel': <'2.6.18-53.el5xen'>})")
        with self.assertRaisesRegex(GLib.Error, "org.xenpv.Compat1.Error.InvalidArgs.*fact host-kernel is there twice"):
            self.client.bus.call_sync(NAME, ROOT, MANAGER, "CheckKernel", twice, None, Gio.DBusCallFlags.NONE, -1, None)

    def test_check_variants(self):
        """CheckVariants answers as CheckKernel does for each cell's package, on this host and on another."""
        for facts in ({}, {"host-architecture": GLib.Variant("s", "i686"), "host-processor": GLib.Variant("s", "amd")}):
            cells = self.client.manager("CheckVariants", "(a{sv})", facts)[0]
            self.assertEqual(len(cells), 33)
            for cell in cells:
                self.assertEqual(cell, self.client.manager("CheckKernel", "(sa{sv})", cell[2]["Kernel"], facts))
        with self.assertRaisesRegex(GLib.Error, "org.xenpv.Compat1.Error.InvalidArgs"):
            self.client.manager("CheckVariants", "(a{sv})", {"host-processor": GLib.Variant("s", "arm")})

    def test_errors_are_short(self):
        """An error quotes only a part of a long argument: the bus disconnects a sender of messages that are too
        large."""
        huge = "x" * (8 << 20)
        for method, signature, arguments in (("GetDomain", "(s)", (huge,)),
                                             ("CheckKernel", "(sa{sv})", ("1", {huge: GLib.Variant("s", "x")})),
                                             ("CheckKernel", "(sa{sv})", ("1", {huge: GLib.Variant("u", 1)})),
                                             ("CheckKernel", "(sa{sv})", ("1", {"host-processor": GLib.Variant("s", huge)}))):
            with self.assertRaises(GLib.Error) as raised:
                self.client.manager(method, signature, *arguments)
            self.assertLess(len(raised.exception.message), 400)

    def test_busctl_and_dbus_send(self):
        env = dict(os.environ, **self.environment())
        out = subprocess.run(["busctl", "--system", "get-property", NAME, path_of(uuid_of(1)), DOMAIN, "Verdict"], env=env,
                             capture_output=True, text=True, check=True).stdout
        self.assertEqual(out, 's "compatible"\n')
        out = subprocess.run(["dbus-send", "--system", "--print-reply=literal", f"--dest={NAME}", ROOT,
                              f"{MANAGER}.GetDomain", "string:sid"], env=env, capture_output=True, text=True, check=True)
        self.assertEqual(out.stdout.strip(), path_of(uuid_of(12)))


class Libvirtd(harness.TestCase):
    """Tests with a libvirtd that other clients control."""

    def start_with(self, *domains, options=()):
        self.virt = self.libvirtd(*domains)
        self.start(self.virt.uri, "--host-kernel=2.6.18-53.el5xen", "--host-architecture=x86_64", *options)

    def test_life_of_a_domain(self):
        self.start_with(domain_xml("first", 1, "kernel-2.6.18-53.el5.i686"))
        self.assertEqual(set(self.client.domains()), {uuid_of(1)})

        self.virt.define(domain_xml("second", 2, "kernel-smp-2.4.21-50.EL.i686"))
        self.client.wait_for(lambda: self.client.members("InterfacesAdded"), "InterfacesAdded")
        path, added = self.client.members("InterfacesAdded")[0]
        self.assertEqual(path, path_of(uuid_of(2)))
        self.assertEqual(added[DOMAIN], self.client.domain(uuid_of(2)))
        self.assertEqual((added[DOMAIN]["State"], added[DOMAIN]["Id"]), ("shut-off", -1))

        domain = self.virt.domain("second")
        domain.create()
        self.client.wait_for_change(uuid_of(2), State="running", Id=domain.ID())
        domain.suspend()
        self.client.wait_for_change(uuid_of(2), State="paused")
        domain.destroy()
        self.client.wait_for_change(uuid_of(2), State="shut-off", Id=-1)
        domain.undefine()
        self.client.wait_for(lambda: self.client.members("InterfacesRemoved"), "InterfacesRemoved")
        path, removed = self.client.members("InterfacesRemoved")[0]
        self.assertEqual(path, path_of(uuid_of(2)))
        self.assertIn(DOMAIN, removed)
        self.assertEqual(set(self.client.domains()), {uuid_of(1)})

    def test_metadata(self):
        self.start_with(domain_xml("guest", 1))
        self.assertEqual(self.client.domain(uuid_of(1))["Reasons"], ["kernel-pending"])
        self.virt.report("guest", "2.6.18-398.el5PAE")
        self.client.wait_for_change(uuid_of(1), Verdict="compatible", Kernel="2.6.18-398.el5PAE", KernelSource="metadata")
        self.virt.report("guest", "2.6.18-8.el5PAE", "<acknowledged/>")
        self.client.wait_for_change(uuid_of(1), Verdict="incompatible", Acknowledged=True)
        self.virt.report("guest", None)
        self.client.wait_for_change(uuid_of(1), Kernel="", KernelSource="", Acknowledged=False)

    def test_counts_follow(self):
        self.start_with(domain_xml("guest", 1))
        self.virt.define(domain_xml("other", 2, "2.6.18-398.el5PAE"))
        counts = {"compatible": 1, "incompatible": 0, "unknown": 1, "not-applicable": 0}
        self.client.wait_for(lambda: any(arguments[1].get("Counts") == counts
                                         for arguments in self.client.members("PropertiesChanged")), "Counts")

    def test_refresh_answers_after_publishing(self):
        self.start_with(domain_xml("guest", 1))
        before = self.client.host()["LastUpdate"]
        self.virt.define(domain_xml("other", 2))
        self.client.refresh()
        self.assertIn(uuid_of(2), self.client.domains())
        self.assertGreater(self.client.host()["LastUpdate"], before)

    def test_hostile_metadata(self):
        """Metadata is cleaned before it reaches the bus: invalid text would make sd-bus close the connection."""
        self.start_with(domain_xml("guest", 1))
        hostile = {
            "2.6.18-53.el5&#xFFFD;": "2.6.18-53.el5\ufffd",
            "\ufdd0bad\U0001fffe": "\ufffdbad\ufffd",
            "x" * 70_000: "x" * 256,
            "one\n\ttwo&#xD;\n": "one two",
            "kernel--.EL.": "kernel--.EL.",
            "kernel-2.4.21-99999999999999999999999999.EL.i686": "kernel-2.4.21-99999999999999999999999999.EL.i686",
            "\n".join(["kernel-2.6.18-53.el5.i686"] * 2000): ("kernel-2.6.18-53.el5.i686 " * 10)[:256],
        }
        for report, published in hostile.items():
            self.virt.report("guest", report)
            self.client.wait_for_change(uuid_of(1), Kernel=published)
        self.assertIsNone(self.daemon.popen.poll())

    def test_warnings(self):
        disk = '<disk type="file" device="{}"><source file="/img"/><target dev="{}" bus="{}"/>{}</disk>'
        osinfo = ('<l:libosinfo xmlns:l="http://libosinfo.org/xmlns/libvirt/domain/1.0">'
                  '<l:os id="http://redhat.com/rhel/4.8"/></l:libosinfo>')
        order = "<boot order='{}'/>".format
        self.start_with(
            domain_xml("first-disk", 1, "2.6.18-398.el5", devices=disk.format("cdrom", "hdc", "ide", "")
                       + disk.format("disk", "xvda", "xen", "")),
            domain_xml("boot-order", 2, "2.6.18-398.el5", devices=disk.format("disk", "xvda", "xen", order(2))
                       + disk.format("disk", "hda", "ide", order(1))),
            domain_xml("direct-boot", 3, "2.6.18-398.el5", boot_kernel="/boot/vmlinuz", devices=disk.format(
                "disk", "xvda", "xen", "")),
            domain_xml("conflict", 4, "2.6.18-398.el5", metadata=osinfo))
        warnings = {d["Name"]: d["Warnings"] for d in self.client.domains().values()}
        self.assertEqual(warnings, {"first-disk": ["boot-disk-paravirtualized"], "boot-order": [], "direct-boot": [],
                                    "conflict": ["release-conflict"]})

    def test_grace_ends(self):
        self.start_with(domain_xml("guest", 1), options=["--grace=1"])
        self.client.wait_for_change(uuid_of(1), Reasons=["kernel-not-reported"])

    def test_list_of_a_thousand(self):
        """ListDomains has all 1,000 domains, ordered by name in byte order."""
        names = [f"guest-{n}" for n in range(1000)]
        self.start_with(*(domain_xml(name, n + 1, "2.6.18-398.el5") for n, name in enumerate(names)))
        self.assertEqual([row[0] for row in self.client.manager("ListDomains")[0]], sorted(names))
        self.assertEqual(self.client.host()["Counts"]["compatible"], 1000)


if __name__ == "__main__":
    harness.main()
