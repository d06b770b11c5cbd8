# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon reads kernels from the serial consoles of libvirtd's domains. The tests write the output that guests would
print."""
import contextlib
import os
import re
import sys
import threading
import time

import harness
from gi.repository import GLib
from harness import domain_xml, uuid_of

RHEL_3 = ("Linux version 2.4.21-50.ELsmp (bhcompile@x) (gcc version 3.2.3 20030502 (Red Hat Linux 3.2.3-58)) "
          "#1 SMP Tue May 8 17:10:31 EDT 2007")
RHEL_5 = ("Linux version 2.6.18-398.el5PAE (mockbuild@x) (gcc version 4.1.2 20080704 (Red Hat 4.1.2-55)) "
          "#1 SMP Tue Aug 12 06:30:31 EDT 2014")
MEMORY_MAP = "BIOS-provided physical RAM map:"


class TestCase(harness.TestCase):
    """Tests with domain 1, whose console is the file `console`."""

    uuid = uuid_of(1)

    def setUp(self):
        super().setUp()
        self.console = os.path.join(self.folder, "serial.log")

    def domain_xml(self, name="guest", number=1, path=None, kernel=None):
        serial = f'<serial type="file"><source path="{path or self.console}"/><target port="0"/></serial>'
        return domain_xml(name, number, kernel, devices=serial)

    def start_with(self, *domains, options=()):
        self.virt = self.libvirtd(*(domains or [self.domain_xml()]))
        self.start(self.virt.uri, "--host-kernel=2.6.18-398.el5xen", *options, env={"SYSTEMD_LOG_LEVEL": "debug"})

    def print(self, *lines, mode="a", path=None):
        with open(path or self.console, mode, encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write("".join(line + "\r\n" for line in lines))

    def wait_for_kernel(self, kernel):
        self.client.wait_for_change(self.uuid, Kernel=kernel)
        self.assertEqual(self.kernel(), (kernel, "console"))

    def kernel(self):
        domain = self.client.domain(self.uuid)
        return domain["Kernel"], domain["KernelSource"]

    def count_reads(self):
        return len(re.findall("Console of domain guest: read", self.daemon.log()))

    def wait_for_more_reads(self, number):
        """Waits for this many more reads. No event tells that the log has grown, so it is read repeatedly."""
        until = self.count_reads() + number
        self.wait_until(lambda: self.count_reads() >= until, f"{number} more reads")

    def wait_for_log(self, expected):
        self.wait_until(lambda: re.search(expected, self.daemon.log()), expected)

    def wait_until(self, condition, what):
        tick = GLib.timeout_add(50, lambda: GLib.SOURCE_CONTINUE)
        try:
            self.client.wait_for(condition, what)
        finally:
            GLib.source_remove(tick)


class Reports(TestCase):
    def test_there_at_start(self):
        """The first answer has the console's kernel, so there is no alert for the old report in the metadata."""
        self.print("GRUB loading, please wait...", RHEL_5, MEMORY_MAP)
        self.start_with(self.domain_xml(kernel="2.6.18-8.el5"))
        domain = self.client.domain(self.uuid)
        self.assertEqual((domain["Kernel"], domain["KernelSource"], domain["Verdict"], domain["Release"], domain["Variant"]),
                         (f"{RHEL_5} i686", "console", "compatible", "5.11", "i686-PAE"))
        self.client.refresh()
        self.assertEqual(self.client.members("IncompatibleDomain"), [])

    def test_appears_and_grows(self):
        """The kernel is read when the log appears, and its architecture once the memory map is printed."""
        self.start_with()
        self.assertEqual(self.client.domain(self.uuid)["Reasons"], ["kernel-pending"])
        self.print("SeaBIOS (version 1.16)")
        self.print(RHEL_3)
        self.wait_for_kernel(RHEL_3)
        self.print(MEMORY_MAP, " BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)")
        self.wait_for_kernel(f"{RHEL_3} i686")
        self.assertEqual(self.client.domain(self.uuid)["Release"], "3.9")

    def test_banner(self):
        self.start_with()
        self.print("", "Red Hat Enterprise Linux ES release 3 (Taroon Update 9)", "Kernel 2.4.21-50.ELsmp on an i686")
        self.wait_for_kernel("Kernel 2.4.21-50.ELsmp on an i686")

    def test_truncated_and_rotated(self):
        """The kernel stays the same when the log is truncated or rotated, until another kernel prints its line."""
        self.print(RHEL_3)
        self.start_with()
        self.assertEqual(self.kernel(), (RHEL_3, "console"))
        self.print(mode="w")
        self.wait_for_log("(?s)(Console of domain guest: read.*){2}")
        os.rename(self.console, self.console + ".1")
        self.print("Kernel 2.4.21-50.ELsmp on an i686")
        self.wait_for_kernel(f"{RHEL_3} i686")
        self.print("Restarting system.", RHEL_5)
        self.wait_for_kernel(RHEL_5)

    def test_new_run(self):
        """Output of an earlier run does not count."""
        self.print(RHEL_3)
        self.start_with(self.domain_xml(kernel="from metadata"))
        self.virt.domain("guest").destroy()
        self.client.wait_for_change(self.uuid, State="shut-off", Kernel="from metadata", KernelSource="metadata")
        self.print(mode="w")
        self.virt.domain("guest").create()
        self.client.wait_for_change(self.uuid, State="running")
        self.client.refresh()
        self.assertEqual(self.kernel(), ("from metadata", "metadata"))
        self.print(RHEL_5)
        self.wait_for_kernel(RHEL_5)

    def test_hostile(self):
        """Hostile output is cleaned and cut, and the bus connection stays."""
        self.start_with()
        for line in ("Linux version 1\x1b[31m\udcff\udcfe (\ufdd0\uffff) #1 " + "x" * 3000,
                     "Linux version 2.4.21-50.EL%s%n<&\"'\a (\udc80) #1"):
            with self.subTest(line[:40]):
                self.print(line)
                self.wait_until(lambda start=line[:15]: self.kernel()[0].startswith(start), "the report")
                kernel = self.kernel()[0]
                self.assertLessEqual(len(kernel), 256)
                self.assertTrue(all(character.isprintable() for character in kernel), kernel)
        self.print("#" * (256 * 1024) + "Linux version 2.6.9-67.EL (x) (y) #1", RHEL_5)
        self.wait_for_kernel(RHEL_5)


class Flood(TestCase):
    """A guest that prints as fast as it can."""

    def cpu_seconds(self):
        with open(f"/proc/{self.daemon.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_flood(self):
        self.print(RHEL_3)
        self.start_with()
        ends = threading.Event()
        written = []

        def flood():
            with open(self.console, "ab", buffering=0) as file:
                while not ends.is_set():
                    written.append(file.write(b"Linux version \n"))
        reads, cpu, began = self.count_reads(), self.cpu_seconds(), time.monotonic()
        guest = threading.Thread(target=flood)
        guest.start()
        with contextlib.ExitStack() as stack:
            stack.callback(guest.join)
            stack.callback(ends.set)
            self.wait_for_more_reads(8)
        reads, cpu, seconds = self.count_reads() - reads, self.cpu_seconds() - cpu, time.monotonic() - began
        print(f"\n{len(written)} writes in {seconds:.1f} s: {reads} reads, {100 * cpu / seconds:.1f} % CPU", file=sys.stderr)
        self.assertLessEqual(reads, 4 * (seconds + 1))
        self.assertGreater(len(written), 10 * reads)
        self.assertEqual(self.client.changes(self.uuid), [])
        self.print(RHEL_5)
        self.wait_for_kernel(RHEL_5)


class Files(TestCase):
    """A console that is not a regular file does no harm, and is logged once."""

    def test_not_regular(self):
        paths = {name: os.path.join(self.folder, name) for name in ("fifo", "folder", "missing", "terminal")}
        os.mkfifo(paths["fifo"])
        os.mkdir(paths["folder"])
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        paths["terminal"] = os.ttyname(slave)
        self.print(RHEL_5)
        self.start_with(self.domain_xml(), *[self.domain_xml(name, i + 2, path) for i, (name, path) in
                                             enumerate(paths.items())])
        self.assertEqual(self.kernel(), (RHEL_5, "console"))
        for name, why in (("fifo", "it is a pipe, not a regular file"), ("folder", "it is a folder, not a regular file"),
                          ("missing", "cannot find it: No such file or directory"),
                          ("terminal", "it is a device, not a regular file")):
            line = f"Cannot follow the serial console of domain {name} in {paths[name]}: {why}"
            self.wait_for_log(re.escape(line))
            self.print("x", path=os.path.join(self.folder, "other"))
            self.client.refresh()
            self.assertEqual(self.daemon.log().count(line), 1)
        self.assertEqual(self.client.domain(uuid_of(2))["Kernel"], "")
        self.print(RHEL_3, path=paths["missing"])
        self.client.wait_for_change(uuid_of(4), Kernel=RHEL_3, KernelSource="console")

    def test_hangs(self):
        """A read that hangs, as on a dead file server, delays neither other work nor the daemon's end."""
        server = os.path.join(self.folder, "server")
        os.mkdir(server)
        fifo = os.path.join(self.folder, "hangs")
        os.mkfifo(fifo)
        self.virt = self.libvirtd(self.domain_xml("there", 2, os.path.join(server, "serial.log")), self.domain_xml())
        self.print(RHEL_3)
        self.start(self.virt.uri, "--call-timeout=1", env={"XPV_HANG_FOLDER": server, "XPV_HANG_FIFO": fifo})
        self.wait_until(lambda: self.kernel() == (RHEL_3, "console"), "the other's report")
        self.wait_for_log("of domain there in .*: reading it takes longer than 1 s; trying again when that read has ended")
        self.print(RHEL_5)
        self.wait_for_kernel(RHEL_5)
        began = time.monotonic()
        self.assertEqual(self.stop_daemon(), 0)
        self.assertLess(time.monotonic() - began, 10)  # 2 s are expected


if __name__ == "__main__":
    harness.main()
