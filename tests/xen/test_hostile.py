# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that writes to xenstore what it likes. It is a paravirtualized one, as a fully virtualized one with a kernel of
its own takes minutes to boot here; what is read of them is read alike."""
import time

import xentest

FFFD = "\N{REPLACEMENT CHARACTER}"
SECONDS = 60


class Hostile(xentest.TestCase):
    def setUp(self):
        super().setUp()
        self.guest = self.paravirtualized("uname=2.6.18-398.el5xen").start()
        self.wait_for(self.guest, Kernel="2.6.18-398.el5xen", KernelSource="xenstore")

    def test_values(self):
        for written, published in (
                (r"\377\3762.4.21", FFFD * 2 + "2.4.21"),
                (r"2.4.21-50.EL\n2.6.9-67.EL", "2.4.21-50.EL 2.6.9-67.EL"),
                (r"\033[31mred\007", "[31mred"),
                (r"a\357\277\277b\355\240\200", f"a{FFFD}b" + 3 * FFFD),
                (r"%%s%%n<&\"", '%s%n<&"')):
            with self.subTest(written):
                self.guest.order(f"""xenstore-write data/os_uname "$(printf '{written}')" """)
                self.wait_for(self.guest, Kernel=published)
        self.guest.order("xenstore-write data/os_uname $(yes x | head -n 4060 | tr -d '\\n')")
        self.wait_for(self.guest, Kernel="x" * 256)
        self.guest.order("xenstore-rm data/os_uname")
        self.wait_for(self.guest, Kernel="vmlinuz", KernelSource="direct-boot")

    def cost(self):
        """Seconds of the daemon's and of xenstored's, and KiB of the daemon's memory."""
        out = xentest.host.run("""for pid in $(pidof xenpv-compatd) $(pidof oxenstored); do
            awk '{ print $14 + $15 }' /proc/$pid/stat; done; awk '/^VmRSS/ { print $2 }' /proc/$(pidof xenpv-compatd)/status""")
        daemon, xenstored, memory = (int(word) for word in out[1].split())
        return daemon / 100, xenstored / 100, memory

    def test_flood(self):
        """Rewritten as fast as the guest can: the host's share, the bus and memory stay as they are."""
        self.client.signals.clear()
        before, began = self.cost(), time.monotonic()
        self.guest.order(f"flood {SECONDS}")
        kernels = lambda: [change["Kernel"] for change in self.client.changes(self.guest.uuid) if "Kernel" in change]
        self.client.wait_for(lambda: any(kernel.startswith("FLOOD_COUNT") for kernel in kernels()), "the flood's end",
                             SECONDS + xentest.TIMEOUT)
        seconds = time.monotonic() - began
        daemon, xenstored, memory = (after - earlier for after, earlier in zip(self.cost(), before))
        print(f"{kernels()[-1]} in {seconds:.0f} s: {len(self.client.signals)} signals; {daemon:.2f} s of the daemon's, "
              f"{xenstored:.2f} s of xenstored's; {memory} KiB more", flush=True)
        self.assertGreater(int(kernels()[-1].split("-")[1]), 10 * SECONDS)
        self.assertLessEqual(len(self.client.signals), 4 * (seconds + 1))
        self.assertLess(daemon, xenstored / 4)
        self.assertLess(memory, 512)
