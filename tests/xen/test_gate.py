# SPDX-License-Identifier: LGPL-2.1-or-later
"""The gate as the hook of libvirt's libxl driver."""
import libvirt
import xentest
from xentest import COMPATIBLE, INCOMPATIBLE

EXAMPLE = "/usr/share/doc/xenpv-compat/libxl-hook.example"
HOOK = "/etc/libvirt/hooks/libxl"


class Gate(xentest.TestCase):
    def test_start(self):
        """libvirt's error quotes the reason; a domain that is compatible, acknowledged or unknown starts."""
        self.addCleanup(xentest.host.run, f"rm {HOOK}; systemctl restart libvirtd")
        xentest.host.run(f"install -D {EXAMPLE} {HOOK} && systemctl restart libvirtd")
        guest = self.fully_virtualized(INCOMPATIBLE)
        with self.assertRaisesRegex(libvirt.libvirtError, "kernel i686-SMP, compiled for Intel, needs an i686 host"):
            guest.start()
        self.assertFalse(guest.domain().isActive())
        guest.set_metadata(f"<kernel>{INCOMPATIBLE}</kernel><acknowledged/>", libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        for each in (guest, self.fully_virtualized(COMPATIBLE), self.fully_virtualized()):
            each.start()
            self.assertTrue(each.domain().isActive())
