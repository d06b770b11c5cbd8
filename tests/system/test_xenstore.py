# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests report through xenstore, which the tests' own xenstored serves."""
import os
import re
import shutil
import subprocess
import sys
import unittest

import harness
from gi.repository import GLib
from harness import domain_xml, uuid_of

sys.path.insert(0, os.path.join(harness.SOURCE, "tests"))
import xenstored  # noqa: E402

FIRST = "data/xenpv-compat/kernel"
SECOND = "data/os_uname"
THIRD = "data/os/unix/kernel-version"
WATCHED = ["data", "device/vbd", "device/vif"]


class TestCase(harness.TestCase):
    """A test with the domain "guest", whose UUID is uuid_of(1)."""

    uuid = uuid_of(1)

    def setUp(self):
        super().setUp()
        self.store = xenstored.Xenstored(os.path.join(self.folder, "xenstored"), GLib.MainContext.default().wakeup)
        self.addCleanup(self.store.stop)
        self.virt = None

    def environment(self):
        return dict(super().environment(), XENSTORED_PATH=self.store.path)

    def start_with(self, *domains, options=()):
        self.virt = self.libvirtd(*domains)
        self.start(self.virt.uri, "--host-kernel=2.6.18-398.el5xen", *options)

    def path(self, key, name="guest"):
        return f"/local/domain/{self.virt.domain(name).ID()}/{key}"

    def put(self, key, value):
        self.store.write(self.path(key), value)

    def wait_for_store(self, condition, what):
        self.client.wait_for(condition, f"{what}; requests: {self.store.requests[-20:]}")

    def wait_for_watches(self, path):
        """Waits for the watches, and for the read that follows them."""
        self.wait_for_store(lambda: self.store.count("DIRECTORY", f"{path}/device/vif"), "watches and read")
        self.assertEqual(self.store.watched(path), [f"{path}/{key}" for key in WATCHED])

    def wait_for_kernel(self, kernel, source):
        self.client.wait_for_change(self.uuid, Kernel=kernel, KernelSource=source)

    def kernel(self):
        domain = self.client.domain(self.uuid)
        return domain["Kernel"], domain["KernelSource"]


class Reports(TestCase):
    def test_comes_late_and_wins(self):
        self.start_with(domain_xml("guest", 1, "kernel-2.4.21-47.EL.i686"))
        self.wait_for_watches(self.path("")[:-1])
        self.assertEqual(self.kernel(), ("kernel-2.4.21-47.EL.i686", "metadata"))
        self.put(SECOND, "2.4.21-50.EL")
        self.wait_for_kernel("2.4.21-50.EL", "xenstore")
        self.assertEqual(self.client.domain(self.uuid)["Release"], "3.9")

    def test_ends_the_grace(self):
        self.start_with(domain_xml("guest", 1))
        self.assertEqual(self.client.domain(self.uuid)["Reasons"], ["kernel-pending"])
        self.put(FIRST, "kernel-PAE-2.6.18-398.el5.i686")
        self.client.wait_for_change(self.uuid, Verdict="compatible", Reasons=[], Variant="i686-PAE")

    def test_there_at_start(self):
        """The first answer has the kernels from xenstore, so there is no alert for the older reports."""
        numbers = range(1, 21)
        self.virt = self.libvirtd(*[domain_xml(f"guest-{i}", i, "2.6.18-8.el5") for i in numbers])
        for i in numbers:
            self.store.write(self.path(SECOND, f"guest-{i}"), "2.6.18-398.el5")
        self.start(self.virt.uri)
        domains = self.client.domains()
        self.assertEqual({(d["Kernel"], d["KernelSource"]) for d in domains.values()}, {("2.6.18-398.el5", "xenstore")})
        self.client.refresh()
        self.assertEqual(self.client.members("IncompatibleDomain"), [])

    def test_refresh(self):
        """Refresh ends once the reports of the domains that it finds are read."""
        self.start_with(domain_xml("guest", 1))
        for i in range(5):
            self.virt.domain("guest").destroy()
            self.virt.domain("guest").create()
            self.put(SECOND, f"2.6.18-{i}.el5")
            self.client.refresh()
            self.assertEqual(self.kernel(), (f"2.6.18-{i}.el5", "xenstore"))

    def test_precedence(self):
        self.start_with(domain_xml("guest", 1, boot_kernel="/boot/vmlinuz-2.6.18-8.el5"))
        self.assertEqual(self.kernel(), ("vmlinuz-2.6.18-8.el5", "direct-boot"))
        for key, kernel in ((THIRD, "2.6.18-53.el5"), (SECOND, "2.6.18-92.el5"), (FIRST, "kernel-2.6.18-128.el5.i686")):
            self.put(key, kernel)
            self.wait_for_kernel(kernel, "xenstore")
        self.put(FIRST, " \n\0")  # a blank value is no report
        self.wait_for_kernel("2.6.18-92.el5", "xenstore")
        self.store.rm(self.path(SECOND))
        self.wait_for_kernel("2.6.18-53.el5", "xenstore")
        self.store.rm(self.path("data"))
        self.wait_for_kernel("vmlinuz-2.6.18-8.el5", "direct-boot")

    def test_is_of_a_running_guest(self):
        """A report from xenstore is of a kernel that runs on this i686 host; in the metadata, it could be x86_64."""
        self.start_with(domain_xml("guest", 1, "2.6.18-398.el5"))
        self.assertEqual(self.client.domain(self.uuid)["Reasons"], ["kernel-ambiguous"])
        self.put(SECOND, "2.6.18-398.el5")
        self.client.wait_for_change(self.uuid, Verdict="compatible", KernelSource="xenstore")

    def test_other_system(self):
        """The system that the agent names counts if no kernel is reported, and goes above libosinfo's."""
        osinfo = ('<l:libosinfo xmlns:l="http://libosinfo.org/xmlns/libvirt/domain/1.0">'
                  '<l:os id="http://debian.org/debian/12"/></l:libosinfo>')
        self.start_with(domain_xml("guest", 1, metadata=osinfo))
        not_covered = {"Verdict": "not-applicable", "Reasons": ["guest-not-covered"], "Kernel": "", "KernelSource": ""}
        sentence = "{} names the system “{}”, which section 12.2 does not cover.".format
        domain = self.client.domain(self.uuid)
        self.assertEqual({name: domain[name] for name in not_covered}, not_covered)
        self.assertEqual(domain["Explanation"],
                         sentence("The domain's libosinfo metadata", "http://debian.org/debian/12"))
        self.put("data/os_majorver", "5")
        self.put("data/os_distro", "Red Hat Enterprise Linux")
        self.client.wait_for_change(self.uuid, Verdict="unknown", Reasons=["kernel-pending"])
        self.put("data/os_majorver", "6")
        self.client.wait_for_change(self.uuid, Verdict="not-applicable",
                                    Explanation=sentence("The guest's agent", "Red Hat Enterprise Linux 6"))
        self.put("data/os_distro", b"win\ndows\x1b")
        self.client.wait_for_change(self.uuid, Explanation=sentence("The guest's agent", "win dows 6"))
        self.put(SECOND, "2.6.18-398.el5")
        self.client.wait_for_change(self.uuid, Verdict="compatible", KernelSource="xenstore")
        self.store.rm(self.path(SECOND))
        self.client.wait_for_change(self.uuid, Verdict="not-applicable", Kernel="")
        self.virt.domain("guest").destroy()
        self.client.wait_for_change(self.uuid, State="shut-off", Explanation=domain["Explanation"])

    @unittest.skipUnless(shutil.which("xenstore-write"), "no xenstore-write")
    def test_rewritten_by_the_real_tool(self):
        self.start_with(domain_xml("guest", 1))
        for kernel in ("2.6.18-53.el5", "2.6.18-92.el5"):
            subprocess.run(["xenstore-write", self.path(SECOND), kernel], env=dict(os.environ, **self.environment()),
                           timeout=harness.TIMEOUT, check=True)
            self.wait_for_kernel(kernel, "xenstore")

    def test_hostile(self):
        """Hostile values are cleaned and cut, and the bus connection stays."""
        self.start_with(domain_xml("guest", 1))
        fffd = "\N{REPLACEMENT CHARACTER}"
        for value, kernel in (
                (b"x" * 4096, "x" * 256),
                (b"\xff\xfe2.4.21", fffd * 2 + "2.4.21"),
                (b"2.4.21-50.EL\n2.6.9-67.EL", "2.4.21-50.EL 2.6.9-67.EL"),
                (b"\0002.4\0.21\0", "2.4.21"),
                (b"\x1b[31mred\x07", "[31mred"),
                (b"a\xef\xbf\xbfb\xed\xa0\x80", f"a{fffd}b" + 3 * fffd),
                (b"\xf4\x90\x80\x80", 4 * fffd),
                ("é€🐧".encode(), "é€🐧"),
                (b"%s%n<&\"'", "%s%n<&\"'"),
        ):
            with self.subTest(value):
                self.put(SECOND, value)
                self.wait_for_kernel(kernel, "xenstore")
                self.assertEqual(self.kernel(), (kernel, "xenstore"))


class Drivers(TestCase):
    def test_states(self):
        self.start_with(domain_xml("guest", 1, "kernel-2.6.18-398.el5.i686"), options=["--grace=0"])
        self.assertEqual(self.client.domain(self.uuid)["Drivers"], "unknown")
        self.put("device/vbd/51712/state", "3")
        self.client.wait_for_change(self.uuid, Drivers="inactive", Warnings=["drivers-not-active"])
        self.put("device/vif/0/state", "4")
        self.client.wait_for_change(self.uuid, Drivers="active", Warnings=[])
        self.put("device/vif/0/state", "6")
        self.client.wait_for_change(self.uuid, Drivers="inactive")
        self.store.rm(self.path("device/vif"))
        self.put("device/vbd/51712/state", "4")
        self.client.wait_for_change(self.uuid, Drivers="active")
        self.virt.domain("guest").destroy()
        self.client.wait_for_change(self.uuid, State="shut-off", Drivers="unknown")

    def test_kinds(self):
        self.start_with(domain_xml("guest", 1))
        self.put("device/vbd/768/state", "4")
        self.client.wait_for_change(self.uuid, Drivers="active", DiskDrivers="active")
        self.put("device/vif/0/state", "1")
        self.client.wait_for_change(self.uuid, NetworkDrivers="inactive")
        domain = self.client.domain(self.uuid)
        self.assertEqual([domain[name] for name in ("Drivers", "DiskDrivers", "NetworkDrivers")],
                         ["active", "active", "inactive"])

    def test_active_all_the_same(self):
        """If unsupported drivers work nevertheless, the alert and the domain say so."""
        self.start_with(domain_xml("guest", 1), options=["--host-architecture=x86_64", "--host-processor=intel"])
        self.put("device/vif/0/state", "4")
        self.client.wait_for_change(self.uuid, NetworkDrivers="active")
        self.put(FIRST, "kernel-smp-2.4.21-50.EL.i686")
        self.client.wait_for_change(self.uuid, Verdict="incompatible",
                                    Warnings=["guide-disagrees", "drivers-active-unsupported"])
        self.client.wait_for(lambda: self.client.members("IncompatibleDomain"), "the alert")
        sentence = ("RHEL 3.9 kernel i686-SMP, compiled for Intel, needs an i686 host kernel; this host runs x86_64 (table "
                    "12.2); nevertheless, its drivers are active.")
        domain = self.client.domain(self.uuid)
        self.assertEqual(domain["Explanation"], sentence)
        self.assertIn(f"Domain guest {harness.ALERT}: {sentence} {domain['Remedy']}\n", self.daemon.log())

    def test_only_of_fully_virtualized_guests(self):
        self.start_with(domain_xml("guest", 1, os_type="linux"))
        self.put("device/vbd/51712/state", "4")
        self.put(SECOND, "2.6.18-398.el5xen")
        self.wait_for_kernel("2.6.18-398.el5xen", "xenstore")
        self.assertEqual(self.client.domain(self.uuid)["Drivers"], "unknown")


class Runs(TestCase):
    def top(self, name="guest"):
        return self.path("", name).rstrip("/")

    def test_stop_drops_the_report(self):
        self.start_with(domain_xml("guest", 1, "from metadata"))
        old = self.top()
        self.put(SECOND, "2.6.18-398.el5")
        self.wait_for_kernel("2.6.18-398.el5", "xenstore")
        self.virt.domain("guest").destroy()
        self.client.wait_for_change(self.uuid, State="shut-off", Kernel="from metadata", KernelSource="metadata")
        self.wait_for_store(lambda: self.store.count("UNWATCH", old) == 3, "UNWATCH")
        self.assertEqual(self.store.watched(old), [])

    def test_new_id(self):
        self.start_with(domain_xml("guest", 1))
        old = self.top()
        self.put(SECOND, "old")
        self.wait_for_kernel("old", "xenstore")
        self.virt.domain("guest").destroy()
        self.virt.domain("guest").create()
        new = self.top()
        self.assertNotEqual(old, new)
        self.wait_for_watches(new)
        self.wait_for_store(lambda: not self.store.watched(old), "UNWATCH")
        self.assertEqual(self.kernel(), ("", ""))
        self.store.write(f"{old}/{SECOND}", "of the run before")
        self.put(SECOND, "new")
        self.wait_for_kernel("new", "xenstore")
        self.assertNotIn("of the run before", str(self.client.changes(self.uuid)))

    def test_torn_down(self):
        """A guest leaves xenstore before libvirt says that it has stopped: its report stays until then."""
        self.start_with(domain_xml("guest", 1, "2.6.18-8.el5"))
        self.put(SECOND, "2.6.18-398.el5")
        self.wait_for_kernel("2.6.18-398.el5", "xenstore")
        self.client.forget_signals()
        self.store.rm(self.top())
        self.wait_for_store(lambda: self.store.requests[-1].path == self.top(), "the look whether it is gone")
        self.client.refresh()
        self.assertEqual(self.kernel(), ("2.6.18-398.el5", "xenstore"))
        self.virt.domain("guest").destroy()
        self.client.wait_for_change(self.uuid, State="shut-off", Kernel="2.6.18-8.el5")
        self.assertEqual(len(self.client.changes(self.uuid)), 1)

    def test_removed(self):
        self.start_with(domain_xml("guest", 1))
        top = self.top()
        self.wait_for_watches(top)
        domain = self.virt.domain("guest")
        domain.undefine()
        domain.destroy()
        self.client.wait_for(lambda: self.client.members("InterfacesRemoved"), "the removal")
        self.wait_for_store(lambda: not self.store.watched(top), "UNWATCH")


class Flood(TestCase):
    """A guest writes 1,000 values a second, for some seconds."""

    VALUES = 5000

    def flood(self, key, value):
        """Writes the values. Returns: the last one."""
        events, reads = self.store.n_events, self.store.count("READ")
        flood = self.store.flood(self.path(key), 1000, value)
        self.client.wait_for(lambda: flood.written >= self.VALUES or flood.ended.wait(0.1), "the flood's end")
        last = flood.end()
        events, reads = self.store.n_events - events, self.store.count("READ") - reads
        print(f"\n{flood.written} values: {len(self.client.changes(self.uuid))} signals, {events} events, {reads} reads",
              file=sys.stderr)
        self.assertLess(len(self.client.changes(self.uuid)), flood.written / 50)
        # The daemon rests for 1, 2 and 4 s. On an idle machine, a tenth of the values cause events.
        self.assertLess(events, flood.written / 2)
        self.assertLess(reads, flood.written / 10)
        return last

    def test_last_value_wins(self):
        self.start_with(domain_xml("guest", 1))
        self.wait_for_watches(self.path("")[:-1])
        last = self.flood(SECOND, "2.6.18-{}.el5")
        self.wait_for_kernel(last, "xenstore")

    def test_other_keys(self):
        """Thousands of other keys cause no signal, and a report among them is not lost."""
        self.start_with(domain_xml("guest", 1))
        self.wait_for_watches(self.path("")[:-1])
        self.flood("data/key-{}", "x")
        self.assertEqual(self.client.changes(self.uuid), [])
        self.put(SECOND, "2.6.18-398.el5")
        self.wait_for_kernel("2.6.18-398.el5", "xenstore")


class Failures(TestCase):
    def wait_for_log(self, expected):
        """Waits until the log matches. No event tells that it has grown, so Refresh is called between two looks."""
        self.client.wait_for(lambda: re.search(expected, self.daemon.log()) or self.client.refresh(), expected)

    def test_absent(self):
        """Without xenstored, the log has one line about it; xenstored is used when it comes."""
        self.store.stop()
        self.start_with(domain_xml("guest", 1, "2.6.18-8.el5"))
        self.put(SECOND, "2.6.18-398.el5")
        self.client.refresh()
        self.assertEqual(self.kernel(), ("2.6.18-8.el5", "metadata"))
        self.wait_for_log("Cannot connect to xenstored at /.*: .*; trying again")
        self.store.start()
        self.wait_for_kernel("2.6.18-398.el5", "xenstore")
        self.assertEqual(sum("xenstore" in line for line in self.daemon.log().splitlines()), 1, self.daemon.log())

    def test_goes_and_comes_back(self):
        """Reports stay while xenstored is away; what changed meanwhile is read when it is back."""
        self.start_with(domain_xml("guest", 1), domain_xml("other", 2))
        self.put(SECOND, "2.6.18-53.el5")
        self.store.write(self.path(SECOND, "other"), "2.6.18-92.el5")
        self.wait_for_kernel("2.6.18-53.el5", "xenstore")
        self.client.wait_for_change(uuid_of(2), Kernel="2.6.18-92.el5")
        self.client.forget_signals()
        self.store.stop()
        self.wait_for_log("xenstored has closed the connection; keeping the guests' last reports, trying again")
        self.client.refresh()
        self.assertEqual(self.kernel(), ("2.6.18-53.el5", "xenstore"))
        self.put(SECOND, "2.6.18-128.el5")
        self.store.start()
        self.client.wait_for_change(self.uuid, Kernel="2.6.18-128.el5")
        self.client.refresh()
        self.assertEqual(self.client.changes(uuid_of(2)), [])
        self.assertEqual(len(self.client.changes(self.uuid)), 1)

    def test_frozen(self):
        """If xenstored hangs, D-Bus and libvirt are still served, and the daemon can end."""
        self.start_with(domain_xml("guest", 1, "from metadata"), domain_xml("other", 2, "from metadata"))
        self.put(SECOND, "2.6.18-53.el5")
        self.wait_for_kernel("2.6.18-53.el5", "xenstore")
        self.store.freeze()
        self.virt.domain("other").destroy()  # its watches must be removed from xenstored
        self.client.wait_for_change(uuid_of(2), State="shut-off")
        self.virt.domain("other").create()
        self.client.wait_for_change(uuid_of(2), State="running")
        self.client.refresh()
        self.assertEqual(self.kernel(), ("2.6.18-53.el5", "xenstore"))
        self.assertEqual(self.client.domain(uuid_of(2))["KernelSource"], "metadata")
        self.assertEqual(self.stop_daemon(), 0)

    def test_thawed(self):
        """xenstored hangs beyond the deadline: a second connection waits, and all is read again when it goes on."""
        self.start_with(domain_xml("guest", 1), options=["--call-timeout=1"])
        self.put(SECOND, "2.6.18-53.el5")
        self.wait_for_kernel("2.6.18-53.el5", "xenstore")
        self.store.freeze()
        self.put(SECOND, "2.6.18-92.el5")
        self.virt.domain("guest").destroy()
        self.virt.domain("guest").create()
        self.put(SECOND, "2.6.18-128.el5")
        self.wait_for_store(lambda: len(self.store.connections) == 2, "the second connection")
        self.assertEqual(self.kernel(), ("", ""))
        self.store.thaw()
        self.wait_for_kernel("2.6.18-128.el5", "xenstore")
        self.wait_for_store(lambda: len(self.store.connections) == 1, "the first connection's end")


if __name__ == "__main__":
    harness.main()
