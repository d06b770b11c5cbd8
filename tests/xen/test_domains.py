# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real domains on a Xen host: what the daemon publishes about them, and its signals as they change."""
import dataclasses
import gzip
import os
import sys
import tempfile

import libvirt
import xentest
from xentest import ALERT, COMPATIBLE, INCOMPATIBLE, TIMEOUT

sys.path.append(os.path.join(os.environ["XPV_SOURCE"], "tests", "inspect"))
import images  # noqa: E402

CONTROL_DOMAIN = "00000000-0000-0000-0000-000000000000"


class Host(xentest.TestCase):
    def test_facts(self):
        """libvirt's libxl driver does not name the processor's vendor, so the daemon reads /proc/cpuinfo."""
        self.assertNotIn("<vendor>", xentest.connect().getCapabilities())
        kernel = xentest.host.run("uname -r")[1].strip()
        facts = self.client.host()
        self.assertEqual({name: facts[name] for name in facts if name.startswith("Host")},
                         {"HostArchitecture": "x86_64", "HostKernel": kernel, "HostName": "xenhost",
                          "HostProcessor": "amd", "HostRelease": ""})
        self.assertEqual((facts["Hypervisor"], facts["Connected"], facts["Uri"]), ("Xen", True, "xen:///system"))

    def test_control_domain(self):
        domain = self.client.domain(CONTROL_DOMAIN)
        self.assertEqual((domain["Name"], domain["Id"], domain["State"]), ("Domain-0", 0, "running"))
        self.assertEqual((domain["Verdict"], domain["Reasons"]), ("not-applicable", ["control-domain"]))

    def test_invisible(self):
        """A domain of "xl create" is in xenstore but not in libvirt, so it is not published."""
        xentest.host.run("""printf '%s\n' 'name="xl-made"' 'type="pvh"' 'memory=128' 'kernel="/root/guest/vmlinuz"' \
            >/root/xl.cfg; xl create -q -p /root/xl.cfg""")
        self.addCleanup(xentest.host.run, "xl destroy xl-made; rm /root/xl.cfg")
        self.assertIn("xl-made", xentest.host.run("xl list")[1])
        self.client.refresh()
        self.assertNotIn("xl-made", [domain["Name"] for domain in self.client.domains().values()])


class Paravirtualized(xentest.TestCase):
    def test_report(self):
        """A para-virtualized guest needs no such drivers; its late report is published nevertheless."""
        guest = self.paravirtualized("delay=3")
        guest.start()
        domain = self.wait_for(guest, State="running")
        self.assertEqual((domain["Virtualization"], domain["KernelSource"]), ("pvh", "direct-boot"))
        kernel = xentest.host.run("uname -r")[1].strip()  # the guest boots dom0's kernel
        domain = self.wait_for(guest, Kernel=kernel, KernelSource="xenstore")
        self.assertEqual((domain["Verdict"], domain["Reasons"]), ("not-applicable", ["paravirtualized-guest"]))
        self.assertEqual(domain["Drivers"], "unknown")
        guest.domain().destroy()
        self.wait_for(guest, State="shut-off", KernelSource="direct-boot")
        self.assert_told(guest, alerts=0, cleared=0)


class FullyVirtualized(xentest.TestCase):
    def test_life(self):
        """A domain with a report in its metadata is started, reports another kernel, which counts, and is removed."""
        guest = self.fully_virtualized(INCOMPATIBLE)
        domain = self.wait_for(guest, State="shut-off")
        self.assertEqual((domain["Kernel"], domain["KernelSource"], domain["Id"], domain["Virtualization"]),
                         (INCOMPATIBLE, "metadata", -1, "hvm"))
        self.assertEqual((domain["Verdict"], domain["Reasons"]),
                         ("incompatible", ["host-architecture-mismatch", "processor-mismatch"]))
        remedy = domain["Remedy"]
        self.assert_told(guest, alerts=0, cleared=0)

        guest.start()
        self.wait_for_alerts(guest, 1)
        self.assertEqual(self.alerts(guest), [(guest.path, guest.name, guest.uuid, INCOMPATIBLE, domain["Reasons"])])
        self.assertEqual(self.client.domain(guest.uuid)["Id"], guest.id())

        guest.write("data/os_uname", COMPATIBLE)
        domain = self.wait_for(guest, Verdict="compatible")
        self.assertEqual((domain["Kernel"], domain["KernelSource"], domain["Reasons"], domain["Variant"]),
                         (COMPATIBLE, "xenstore", [], "i686-PAE"))
        self.wait_for_journal(f"MESSAGE_ID={xentest.CLEARED}", f"XENPV_DOMAIN_UUID={guest.uuid}")

        # A run has at most one alert and one clearing.
        guest.write("data/os_uname", "2.6.18-8.el5PAE")
        self.wait_for(guest, Verdict="incompatible", Release="5.0")
        self.assert_told(guest, alerts=1, cleared=1)
        entry = self.journal(guest, ALERT)[0]
        self.assertEqual({name: entry[name] for name in entry if name.startswith("XENPV_")},
                         {"XENPV_DOMAIN_NAME": guest.name, "XENPV_DOMAIN_UUID": guest.uuid,
                          "XENPV_KERNEL": INCOMPATIBLE, "XENPV_KERNEL_SOURCE": "metadata", "XENPV_VERDICT": "incompatible",
                          "XENPV_REASONS": "host-architecture-mismatch processor-mismatch",
                          "XENPV_HOST_ARCHITECTURE": "x86_64", "XENPV_REMEDY": remedy})
        self.assertEqual((entry["PRIORITY"], entry["_SYSTEMD_UNIT"]), ("4", xentest.UNIT))

        guest.domain().destroy()
        domain = self.wait_for(guest, State="shut-off", Id=-1)
        self.assertEqual((domain["Kernel"], domain["KernelSource"]), (INCOMPATIBLE, "metadata"))
        guest.domain().undefine()
        self.client.wait_for(lambda: guest.path in [arguments[0] for arguments in
                                                    self.client.members("InterfacesRemoved")], "the removal")

    def test_late(self):
        """A guest that starts without a report is pending until it reports."""
        guest = self.fully_virtualized().start()
        domain = self.wait_for(guest, State="running")
        self.assertEqual((domain["Verdict"], domain["Reasons"]), ("unknown", ["kernel-pending"]))
        guest.write("data/xenpv-compat/kernel", INCOMPATIBLE)
        self.wait_for(guest, Verdict="incompatible", Kernel=INCOMPATIBLE, KernelSource="xenstore")
        self.wait_for_alerts(guest, 1)
        guest.domain().destroy()
        self.wait_for(guest, Verdict="unknown", Reasons=["kernel-not-reported"], Kernel="")
        self.assert_told(guest, alerts=1, cleared=1)

    def test_serial_console(self):
        """A guest without xenstore prints its kernel, RHEL 3 for Intel, on its serial console. A reboot is a new run,
        for which the guest's emulator empties the file."""
        guest = self.fully_virtualized(devices=xentest.SERIAL)
        self.addCleanup(xentest.host.run, f"rm -f {guest.serial}")
        guest.start()
        domain = self.wait_for(guest, Verdict="incompatible", KernelSource="console")
        self.assertTrue(domain["Kernel"].startswith("Linux version 2.4.21-50.EL (brewbuilder@"), domain["Kernel"])
        self.assertTrue(domain["Kernel"].endswith(" x86_64"), domain["Kernel"])
        self.assertEqual((domain["Variant"], domain["Release"], domain["Reasons"]),
                         ("ia32e", "3.9", ["processor-mismatch"]))
        self.wait_for_alerts(guest, 1)
        old = guest.id()
        guest.press_key()
        self.assertGreater(self.wait_for(guest, KernelSource="")["Id"], old)
        self.wait_for_alerts(guest, 2)
        self.assertEqual(self.client.domain(guest.uuid)["KernelSource"], "console")
        guest.domain().destroy()
        self.wait_for(guest, State="shut-off", Kernel="", KernelSource="")

    def put_disk(self, path, default):
        """Makes a disk of RHEL 5 whose GRUB boots kernel `default`: 0, of 5.1, or 1, of 5.0, which is too old. The
        boot sector is that of boot.s."""
        guest = dataclasses.replace(images.RHEL_5, kernels=("kernel-2.6.18-53.el5.i686", "kernel-2.6.18-8.el5.i686"),
                                    default=default)
        with tempfile.TemporaryDirectory() as folder:
            [made] = images.make("plain", guest, folder)
            with open(made, "rb") as file:
                packed = gzip.compress(file.read(), 1)
        xentest.host.run(f"gunzip >{path} && dd if=/root/guest/disk.img of={path} bs=446 count=1 conv=notrunc status=none",
                         input=packed)

    def test_disk(self):
        """A guest without reports is judged by its disk while it is off, alerted when it starts, and then cured."""
        disk = "/root/guest/rhel.img"
        self.addCleanup(xentest.host.run, f"rm -f {disk}")
        self.put_disk(disk, default="1")
        guest = self.guest(xentest.FULLY_VIRTUALIZED.replace("{self.disk}", disk))
        domain = self.wait_for(guest, KernelSource="disk", Verdict="incompatible")
        self.assertEqual((domain["State"], domain["Kernel"], domain["Reasons"]),
                         ("shut-off", "kernel-2.6.18-8.el5.i686", ["guest-release-unsupported"]))
        guest.start()
        self.wait_for_alerts(guest, 1)
        domain = self.client.domain(guest.uuid)
        self.assertEqual((domain["State"], domain["Kernel"], domain["KernelSource"]),
                         ("running", "kernel-2.6.18-8.el5.i686", "disk"))
        self.put_disk(disk, default="0")
        guest.domain().destroy()
        guest.start()
        self.wait_for(guest, State="running", Verdict="compatible", Kernel="kernel-2.6.18-53.el5.i686", KernelSource="disk")
        self.assert_told(guest, alerts=1, cleared=1)

    def test_reboot(self):
        """At a reboot, libvirt says that the new run started before it says that the old one stopped. The watches move
        to the new id, and the new run has its own alert."""
        guest = self.fully_virtualized(INCOMPATIBLE).start()
        self.wait_for_alerts(guest, 1)
        old = guest.id()
        guest.write("data/os_uname", COMPATIBLE)
        self.wait_for(guest, KernelSource="xenstore")
        self.client.forget_signals()
        events = guest.listen(self)
        guest.press_key()
        told = []
        while libvirt.VIR_DOMAIN_EVENT_STOPPED not in told:
            told.append(int(events.readline()))
        self.assertIn(libvirt.VIR_DOMAIN_EVENT_STARTED, told)
        self.wait_for_alerts(guest, 1)
        domain = self.client.domain(guest.uuid)
        self.assertGreater(domain["Id"], old)
        self.assertEqual((domain["State"], domain["Kernel"], domain["KernelSource"]),
                         ("running", INCOMPATIBLE, "metadata"))
        guest.write("data/os_uname", COMPATIBLE)
        self.wait_for(guest, Verdict="compatible", KernelSource="xenstore")
        self.client.refresh()
        self.assertEqual([change for change in self.client.changes(guest.uuid) if "State" in change], [])
        self.assertEqual((len(self.journal(guest, ALERT)), len(self.journal(guest, xentest.CLEARED))), (2, 2))

    def test_save_and_restore(self):
        """A restored domain is a new run with a new id."""
        guest = self.fully_virtualized(INCOMPATIBLE).start()
        self.wait_for_alerts(guest, 1)
        old = guest.id()
        file = f"/root/{guest.name}.saved"
        self.addCleanup(xentest.host.run, f"rm -f {file}")
        guest.domain().save(file)
        self.wait_for(guest, State="shut-off", Id=-1)
        xentest.connect().restore(file)
        domain = self.wait_for(guest, State="running", Id=guest.id())
        self.assertGreater(domain["Id"], old)
        self.wait_for_alerts(guest, 2)
        self.assert_told(guest, alerts=2, cleared=1)
        guest.write("data/os_uname", COMPATIBLE)
        self.wait_for(guest, Verdict="compatible", KernelSource="xenstore")

    def test_watched_to_its_end(self):
        """The daemon removes all watches of a domain that ends."""
        guest = self.fully_virtualized().start()
        guest.write("data/os_uname", COMPATIBLE)
        self.wait_for(guest, Verdict="compatible")
        top = guest.store()
        guest.domain().destroy()
        self.wait_for(guest, State="shut-off")
        keys = ("data", "device/vbd", "device/vif")
        for verb in ("watch", "unwatch"):
            for key in keys:
                xentest.host.run(f"tail -n +1 -f /var/log/xen/xenstored-access.log | "
                                 f"grep -m 1 -E ' {verb} +{top}/{key} [0-9]+ *$'", timeout=TIMEOUT)

    def test_without_drivers(self):
        """Without drivers, the disk's front end is not connected; without a disk, there is no front end."""
        guest = self.fully_virtualized(COMPATIBLE).start()
        self.wait_for(guest, State="running", Drivers="inactive")
        diskless = self.guest("<os><type arch='x86_64' machine='xenfv'>hvm</type></os>", COMPATIBLE)
        diskless.start()
        self.wait_for(diskless, State="running")
        self.client.refresh()
        self.assertEqual(self.client.domain(diskless.uuid)["Drivers"], "unknown")
