# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Linux guest in a fully virtualized domain, whose para-virtualized drivers work. It takes minutes to boot here."""
import xentest
from xentest import COMPATIBLE

BOOT_SECONDS = 900
NAME = "vmlinuz-2.4.21-47.ELsmp"
LINUX = f"""<os><type arch='x86_64' machine='xenfv'>hvm</type><kernel>/root/guest/{NAME}</kernel>
    <initrd>/root/guest/initrd.gz</initrd><cmdline>loglevel=3 uname={COMPATIBLE} delay=1</cmdline></os>
    <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{{self.disk}}'/>
    <target dev='hda' bus='ide'/></disk></devices>"""


class Drivers(xentest.TestCase):
    def test_active(self):
        """By the name of the kernel that the host gives it, it is incompatible. Then it reports itself, and its drivers are
        connected."""
        guest = self.guest(LINUX, memory=256)
        xentest.host.run(f"cp /root/guest/disk.img {guest.disk}; ln /root/guest/vmlinuz /root/guest/{NAME}")
        guest.start()
        self.wait_for_alerts(guest, 1)
        domain = self.wait_for(guest, Drivers="inactive")
        self.assertEqual((domain["Kernel"], domain["KernelSource"], domain["Reasons"]),
                         (NAME, "direct-boot", ["guest-release-unsupported"]))
        self.client.wait_for(lambda: any("Kernel" in change for change in self.client.changes(guest.uuid)), "the report",
                             BOOT_SECONDS)
        domain = self.wait_for(guest, Drivers="active")
        self.assertEqual((domain["Verdict"], domain["Kernel"], domain["KernelSource"]),
                         ("compatible", COMPATIBLE, "xenstore"))
        self.assertNotIn("drivers-not-active", domain["Warnings"])
        self.assert_told(guest, alerts=1, cleared=1)
