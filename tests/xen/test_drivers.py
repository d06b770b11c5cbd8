# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fully virtualized Linux guest with working para-virtualized drivers. It takes minutes to boot in the emulator."""
import xentest
from xentest import COMPATIBLE

BOOT_SECONDS = 900
# Cleaning leaves nothing of this file name, so the <kernel> is no report and the domain has not reported yet.
KERNEL = "/root/guest/\x7f"
LINUX = f"""<os><type arch='x86_64' machine='xenfv'>hvm</type><kernel>{KERNEL}</kernel>
    <initrd>/root/guest/initrd.gz</initrd><cmdline>loglevel=3 uname={COMPATIBLE} delay=5</cmdline></os>
    <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{{self.disk}}'/>
    <target dev='hda' bus='ide'/></disk></devices>"""


class Drivers(xentest.TestCase):
    HANGS = 1500

    def test_active(self):
        """The guest is pending until it reports; then it has its verdict, and its drivers are active."""
        self.configure(f"grace={BOOT_SECONDS}")
        guest = self.guest(LINUX, memory=256)
        self.addCleanup(xentest.host.run, f"rm {guest.disk} '{KERNEL}'")
        xentest.host.run(f"cp /root/guest/disk.img {guest.disk}; ln /root/guest/vmlinuz '{KERNEL}'")
        guest.start()
        domain = self.wait_for(guest, State="running", Drivers="inactive")
        self.assertEqual((domain["Verdict"], domain["Reasons"], domain["KernelSource"]),
                         ("unknown", ["kernel-pending"], ""))
        self.client.wait_for(lambda: any("Kernel" in change for change in self.client.changes(guest.uuid)),
                             "the report", BOOT_SECONDS)
        domain = self.wait_for(guest, Drivers="active")
        self.assertEqual((domain["Verdict"], domain["Kernel"], domain["KernelSource"]),
                         ("compatible", COMPATIBLE, "xenstore"))
        self.assertEqual(domain["DiskDrivers"], "active")
        self.assertNotIn("drivers-not-active", domain["Warnings"])
