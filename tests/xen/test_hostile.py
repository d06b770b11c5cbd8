# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hostile guest writes to xenstore. Most are para-virtualized, as a fully virtualized one with a kernel takes minutes
to boot in the emulator; the daemon reads both in the same way."""
import time

import xentest
from xentest import COMPATIBLE, INCOMPATIBLE

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
        """Returns: how often the daemon has read from its sockets, and its memory in KiB."""
        printed = xentest.host.run("""daemon=$(pidof xenpv-compatd)
            awk '/^syscr/ { print $2 }' /proc/$daemon/io
            awk '/^VmRSS/ { print $2 }' /proc/$daemon/status""")[1]
        return [int(word) for word in printed.split()]

    def kernels(self):
        """Returns: the kernels of all signals, oldest first."""
        return [change["Kernel"] for change in self.client.changes(self.guest.uuid) if "Kernel" in change]

    def test_flood(self):
        """A guest rewrites its report as fast as it can, and 200 other keys at a time. The daemon limits its reads and
        signals per second, whatever the machine's load, and its memory hardly grows."""
        self.client.forget_signals()
        owner, before, began = self.client.owner, self.cost(), time.monotonic()
        self.guest.order(f"flood {SECONDS}")
        self.wait_for_journal("_COMM=xenpv-compatd", text=f"The guest of domain {self.guest.uuid} floods xenstore")
        self.client.wait_for(lambda: any(kernel.startswith("FLOOD_COUNT") for kernel in self.kernels()),
                             "the flood's end", SECONDS + xentest.TIMEOUT)
        seconds = time.monotonic() - began
        reads, memory = (after - earlier for after, earlier in zip(self.cost(), before))
        print(f"{self.kernels()[-1]} in {seconds:.0f} s: {len(self.client.signals)} signals, {reads} reads, {memory} KiB "
              "more", flush=True)
        self.assertGreater(int(self.kernels()[-1].split("-")[1]), 5 * len(self.client.signals))
        self.assertEqual(self.client.owner, owner)  # the daemon was not restarted
        # One a second without rests. In a slow emulator, the guest floods only part of the time.
        self.assertLess(len(self.client.signals), seconds * 2 / 3)
        self.assertLess(reads, 200 * seconds)
        self.assertLess(memory, 512)


class Flips(xentest.TestCase):
    def test_one_alert(self):
        """A guest that reports two kernels in turn has one alert and one clearing in its run."""
        guest = self.fully_virtualized(INCOMPATIBLE).start()
        self.wait_for_alerts(guest, 1)
        key = guest.store("data/os_uname")
        put = f"xenstore-write {key}"
        xentest.host.run(f"for i in $(seq 5); do {put} {COMPATIBLE}; {put} {INCOMPATIBLE}; done; {put} {COMPATIBLE}")
        self.wait_for(guest, Verdict="compatible")
        guest.write("data/os_uname", INCOMPATIBLE)
        self.wait_for(guest, Verdict="incompatible")
        self.assert_told(guest, alerts=1, cleared=1)
