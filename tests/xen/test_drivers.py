# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Linux guest in a fully virtualized domain, whose para-virtualized drivers work. It takes minutes to boot here."""
import xentest
from xentest import COMPATIBLE

CONFIG = "/etc/xenpv-compat/xenpv-compatd.conf"
BOOT = 900
LINUX = """<os><type arch='x86_64' machine='xenfv'>hvm</type><kernel>/root/guest/vmlinuz</kernel>
    <initrd>/root/guest/initrd.gz</initrd><cmdline>loglevel=3 uname=%s delay=1</cmdline></os>
    <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{self.disk}'/>
    <target dev='hda' bus='ide'/></disk></devices>""" % COMPATIBLE


class Drivers(xentest.TestCase):
    def test_active(self):
        """Pending until it reports; then its verdict, and drivers that are connected."""
        self.addCleanup(xentest.host.run, f"rm -f {CONFIG}; systemctl reload {xentest.UNIT}")
        xentest.host.run(f"printf '[xenpv-compatd]\\ngrace={BOOT}\\n' >{CONFIG}; systemctl reload {xentest.UNIT}")
        guest = self.guest(LINUX, memory=256)
        xentest.host.run(f"cp /root/guest/disk.img {guest.disk}")
        guest.start()
        domain = self.wait_for(guest, State="running")
        self.assertEqual((domain["Verdict"], domain["Reasons"]), ("unknown", ["kernel-pending"]))
        self.client.wait_for(lambda: self.client.domain(guest.uuid)["Kernel"], "the report", BOOT)
        domain = self.wait_for(guest, Drivers="active")
        self.assertEqual((domain["Verdict"], domain["Kernel"], domain["KernelSource"], domain["Drivers"]),
                         ("compatible", COMPATIBLE, "xenstore", "active"))
        self.assertNotIn("drivers-not-active", domain["Warnings"])
