# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon judges guests by their disks. libvirtd and the inspector are real; the tests make the disks.

The inspector is started for each request, as by its unit. The times in its answers come from the disks: GRUB's files
are of 2009, unless a test says otherwise.
"""
import dataclasses
import os
import shutil
import subprocess
import sys
import time

import harness
from gi.repository import Gio, GLib
from harness import SOURCE, domain_xml, uuid_of
from sshd import Sshd, write_program

sys.path.append(os.path.join(SOURCE, "tests", "inspect"))
import ext3  # noqa: E402
import images  # noqa: E402

INSPECT = os.environ["XPV_INSPECT"]
OLD, NEW = "kernel-2.6.18-8.el5.i686", "kernel-2.6.18-53.el5.i686"  # of RHEL 5.0, which is too old, and of RHEL 5.1
KMOD = "kmod-xenpv-0.1-9.el5.i686"
GUEST = dataclasses.replace(images.RHEL_5, kernels=(NEW, OLD), packages=(KMOD,))


def disk_xml(*paths):
    return "".join(f'<disk type="file" device="disk"><source file="{path}"/><target dev="hd{letter}" bus="ide"/></disk>'
                   for path, letter in zip(paths, "abcd"))


class Inspector:
    """Runs the inspector whenever there are requests, in place of xenpv-compat-inspect.path."""

    def __init__(self, runtime, **environment):
        self.requests = os.path.join(runtime, "inspect")
        self.environment = {"RUNTIME_DIRECTORY": runtime + "-inspect", **environment}
        self.process = None
        os.makedirs(self.requests, mode=0o700, exist_ok=True)
        self.monitor = Gio.File.new_for_path(self.requests).monitor_directory(Gio.FileMonitorFlags.WATCH_MOVES)
        self.monitor.connect("changed", lambda *_: self.run())
        self.run()

    def run(self):
        if self.process or not any(not name.startswith(".") for name in os.listdir(self.requests)):
            return
        launcher = Gio.SubprocessLauncher.new(Gio.SubprocessFlags.NONE)
        for name, value in self.environment.items():
            launcher.setenv(name, value, True)
        self.process = launcher.spawnv([INSPECT, "--requests"])
        self.process.wait_async(None, self._on_end)

    def _on_end(self, process, result):
        process.wait_finish(result)
        self.process = None
        if self.monitor:
            self.run()

    def end(self, client):
        self.monitor = None
        client.wait_for(lambda: not self.process, "the end of the inspector")


class TestCase(harness.TestCase):
    """A test with domain 1, whose disk is in the folder `disk`."""

    uuid = uuid_of(1)

    def setUp(self):
        super().setUp()
        self.runtime = os.path.join(self.folder, "run")
        self.disk = os.path.join(self.folder, "disk", "hda.img")
        self.inspector = None

    def make(self, guest=GUEST, layout="plain", name="disk"):
        """Makes a guest's disks, which replace older ones. Returns: their paths."""
        folder = os.path.join(self.folder, name)
        made = images.make(layout, guest, folder + ".new")
        os.makedirs(folder, exist_ok=True)
        paths = [shutil.move(path, os.path.join(folder, os.path.basename(path))) for path in made]
        shutil.rmtree(folder + ".new")
        return paths

    def domain_xml(self, *paths, number=1, **options):
        return domain_xml(options.pop("name", "guest"), number, devices=disk_xml(*(paths or [self.disk])), **options)

    def stopped(self, *domains):
        """Starts libvirtd with domains that do not run, and the daemon."""
        self.virt = self.libvirtd()
        for xml in domains or [self.domain_xml()]:
            self.virt.define(xml)
        self.start_daemon()

    def start_daemon(self, *options):
        self.inspector = self.inspector or self.start_inspector()
        self.start(self.virt.uri, "--host-kernel=2.6.18-398.el5xen", "--host-architecture=x86_64",
                   "--host-processor=intel", *options, env={"RUNTIME_DIRECTORY": self.runtime})

    def start_inspector(self):
        inspector = Inspector(self.runtime)
        self.addCleanup(lambda: inspector.end(self.client))
        return inspector

    def restart_daemon(self):
        self.stop_daemon()
        self.client.wait_for(lambda: not self.client.owner, "the end of the daemon")
        self.client.forget_signals()
        self.start_daemon()

    def wait_for(self, uuid=None, **expected):
        """Waits until the domain has these properties."""
        def is_so():
            domain = self.client.domains().get(uuid or self.uuid, {})
            return all(domain.get(name) == value for name, value in expected.items())
        self.client.wait_for(is_so, f"{expected}")

    def alerts(self):
        self.client.refresh()
        return len(self.client.members("IncompatibleDomain"))


class Life(TestCase):
    def test_defined(self):
        """The disk of a new domain is read at once; the answer is removed when the domain is undefined."""
        self.make()
        self.virt = self.libvirtd()
        self.start_daemon()
        self.virt.define(self.domain_xml())
        self.wait_for(Kernel=NEW, KernelSource="disk", Verdict="compatible", Release="5.1", InstalledKernels=[NEW, OLD],
                      DriverPackages=[KMOD], Warnings=[])
        self.assertGreater(self.client.domain(self.uuid)["InspectedAt"], 0)
        answer = os.path.join(self.runtime + "-inspect", self.uuid)
        self.assertTrue(os.path.exists(answer))
        self.virt.domain("guest").undefine()
        self.client.wait_for(lambda: self.client.members("InterfacesRemoved"), "the domain's end")
        gone = GLib.timeout_add(50, lambda: GLib.SOURCE_CONTINUE)
        self.client.wait_for(lambda: not os.path.exists(answer), "the end of its answer")
        GLib.source_remove(gone)

    def test_cure(self):
        """A guest's kernel is updated and the guest is started again: the alert ends, and there is no new one."""
        self.make(dataclasses.replace(GUEST, default="1"))
        self.stopped()
        self.wait_for(Kernel=OLD, Verdict="incompatible", Reasons=["guest-release-unsupported"])
        self.assertEqual(self.alerts(), 0)
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=OLD)
        self.client.wait_for(lambda: self.alerts() == 1, "the alert")

        self.make()  # the guest's update
        self.wait_until_read_again()
        self.assertEqual(self.client.domain(self.uuid)["Kernel"], OLD)
        self.virt.domain("guest").destroy()
        self.wait_for(State="shut-off", Kernel=NEW, Verdict="compatible")
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=NEW, Verdict="compatible")
        self.assertEqual(self.alerts(), 0)  # none since the update
        self.assertIn(harness.CLEARED, self.daemon.log())

    def test_cure_at_once(self):
        """The last reading does not speak for the next run if the disk changes in between: it is read again."""
        self.make(dataclasses.replace(GUEST, kernels=(OLD,)))
        self.stopped()
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=OLD, Verdict="incompatible")
        self.client.wait_for(lambda: self.alerts() == 1, "the alert")
        self.client.forget_signals()
        self.make(dataclasses.replace(GUEST, kernels=(NEW,)))
        self.virt.domain("guest").destroy()
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=NEW, Verdict="compatible")
        self.assertEqual(self.alerts(), 0)

    def wait_until_read_again(self):
        """Waits for another reading. The daemon asks for one every 15 minutes and at its start, so it is restarted.
        Each answer is a new file."""
        def answer():
            status = os.stat(os.path.join(self.runtime + "-inspect", self.uuid))
            return status.st_ino, status.st_mtime_ns
        before = answer()
        self.restart_daemon()
        tick = GLib.timeout_add(50, lambda: GLib.SOURCE_CONTINUE)  # no signal tells that the answer has come
        self.client.wait_for(lambda: answer() != before, "another answer")
        GLib.source_remove(tick)
        self.client.refresh()

    def test_updated_while_it_runs(self):
        self.make(dataclasses.replace(GUEST, default="1"))
        self.stopped()
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=OLD, Verdict="incompatible")
        self.client.forget_signals()
        self.make()
        self.wait_until_read_again()
        domain = self.client.domain(self.uuid)
        self.assertEqual((domain["Kernel"], domain["KernelSource"], domain["Verdict"]), (OLD, "disk", "incompatible"))
        self.assertEqual(self.alerts(), 0)  # no second alert

    def test_daemon_restarts(self):
        """A restarted daemon still knows which kernel a running guest has booted."""
        self.make()
        self.stopped()
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=NEW, Verdict="compatible")
        self.inspector.end(self.client)  # no request is answered from here on
        self.restart_daemon()
        self.assertEqual(self.client.domain(self.uuid)["Verdict"], "compatible")
        self.assertEqual(self.client.changes(self.uuid), [])

    def test_daemon_is_installed(self):
        """The daemon starts after the guests, so it does not know what they booted from disk; other reports count."""
        self.make()
        reports = domain_xml("reports", 2, "2.6.18-53.el5", devices=disk_xml(self.disk))
        self.virt = self.libvirtd(self.domain_xml(), reports)
        self.start_daemon()
        self.wait_for(Kernel=f"{NEW} {OLD}", Verdict="unknown", Reasons=["kernel-ambiguous"])
        self.wait_for(uuid_of(2), InstalledKernels=[NEW, OLD])
        domain = self.client.domain(uuid_of(2))
        self.assertEqual((domain["Kernel"], domain["KernelSource"], domain["Verdict"], domain["Variant"]),
                         ("2.6.18-53.el5", "metadata", "compatible", "i686"))
        self.assertNotIn("unknown", [change.get("Verdict") for change in self.client.changes(uuid_of(2))])

    def test_young_files(self):
        """If GRUB's files may be younger than the run, the daemon does not know which kernel was started."""
        young = int(time.time()) + 24 * 3600
        guest = dataclasses.replace(GUEST, more=(("boot/grub/grub.conf", ext3.Dated(images.grub(GUEST, ""), young, young)),))
        self.make(guest)
        self.stopped()
        self.wait_for(Kernel=NEW, Verdict="compatible")
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=f"{NEW} {OLD}", Verdict="unknown")  # once the disk is read in this run

    def test_restored(self):
        """A restored guest runs the kernel of an earlier run, so the disk's default does not count."""
        self.make()
        self.stopped()
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=NEW)
        saved = os.path.join(self.virt.folder, "saved")
        self.virt.domain("guest").save(saved)
        self.wait_for(State="shut-off", Kernel=NEW)
        self.virt.connection.restore(saved)
        self.wait_for(State="running", Kernel=f"{NEW} {OLD}", Verdict="unknown")  # once the disk is read in this run

    def test_replaced_disk(self):
        self.make()
        [other] = self.make(dataclasses.replace(GUEST, default="1"), name="other")
        self.stopped()
        self.wait_for(Kernel=NEW)
        self.inspector.end(self.client)
        self.virt.define(self.domain_xml(other))
        self.wait_for(Kernel="", KernelSource="", Verdict="unknown", InstalledKernels=[], InspectedAt=0)
        self.inspector = self.start_inspector()
        self.wait_for(Kernel=OLD, KernelSource="disk", Verdict="incompatible")

    def test_failed_reading(self):
        """A disk that cannot be read is logged, and the result of the last reading stays."""
        self.make()
        self.stopped()
        self.wait_for(Kernel=NEW)
        os.rename(self.disk, self.disk + ".away")
        self.virt.domain("guest").create()
        self.wait_for(State="running")
        tick = GLib.timeout_add(50, lambda: GLib.SOURCE_CONTINUE)
        sentence = f"Not all of the disks of domain guest can be read: {self.disk}: No such file"
        self.client.wait_for(lambda: sentence in self.daemon.log(), "a sentence")
        GLib.source_remove(tick)
        self.virt.domain("guest").destroy()
        self.wait_for(State="shut-off")
        for _ in range(2):
            domain = self.client.domain(self.uuid)
            self.assertEqual((domain["Kernel"], domain["InstalledKernels"]), (NEW, [NEW, OLD]))
            self.restart_daemon()

    def test_boot_from_cd(self):
        self.make()
        cd = self.domain_xml().replace("</type>", '</type><boot dev="cdrom"/>')
        self.stopped(cd)
        self.wait_for(InstalledKernels=[NEW, OLD])
        self.assertEqual(self.client.domain(self.uuid)["Reasons"], ["kernel-not-reported"])


class Facts(TestCase):
    def test_other_systems(self):
        self.make(images.DEBIAN, layout="single")
        [windows] = self.make(layout="windows", name="windows")
        self.stopped(self.domain_xml(), self.domain_xml(windows, number=2, name="windows"))
        self.wait_for(Verdict="not-applicable", Reasons=["guest-not-covered"])
        self.wait_for(uuid_of(2), Verdict="not-applicable", Reasons=["guest-not-covered"])
        self.assertIn("The guest's disk", self.client.domain(uuid_of(2))["Explanation"])

    def test_warnings(self):
        """There are warnings if no driver package is installed, and if the disk with /boot is para-virtualized."""
        paths = self.make(dataclasses.replace(GUEST, packages=()), layout="two-disks")
        xml = self.domain_xml(*paths).replace('dev="hda" bus="ide"', 'dev="xvda" bus="xen"')
        self.stopped(xml)
        self.wait_for(Warnings=["boot-disk-paravirtualized", "driver-package-missing"])

    def test_no_signal_for_the_same(self):
        self.make()
        self.stopped()
        self.wait_for(Kernel=NEW)
        self.client.forget_signals()
        answer = os.path.join(self.runtime + "-inspect", self.uuid)
        with open(answer, encoding="utf-8") as file:
            text = file.read()
        inspected = self.client.domain(self.uuid)["InspectedAt"] // 1000000
        later = text.replace(f'"inspected_at":{inspected}', f'"inspected_at":{inspected + 5}')
        self.assertNotEqual(later, text)
        self.write("later", later)
        os.rename(os.path.join(self.folder, "later"), answer)
        tick = GLib.timeout_add(50, lambda: GLib.SOURCE_CONTINUE)
        self.client.wait_for(lambda: self.client.domain(self.uuid)["InspectedAt"] == (inspected + 5) * 1000000, "the time")
        GLib.source_remove(tick)
        self.assertEqual(self.client.changes(self.uuid), [])

    def test_hostile_answers(self):
        """Hostile files in place of answers do no harm and change nothing."""
        self.make()
        self.stopped()
        self.wait_for(Kernel=NEW)
        self.inspector.end(self.client)
        answers = self.runtime + "-inspect"
        good = os.path.join(answers, self.uuid)
        with open(good, "rb") as file:
            text = file.read()
        def put(content, name=self.uuid):
            with open(os.path.join(self.folder, "answer"), "wb") as file:
                file.write(content)
            os.rename(os.path.join(self.folder, "answer"), os.path.join(answers, name))
        fifo, link = os.path.join(self.folder, "fifo"), os.path.join(self.folder, "link")
        os.mkfifo(fifo)
        os.symlink("/etc/passwd", link)
        put(text, uuid_of(7))
        put(text, "x" * 36)
        put(text.replace(self.disk.encode(), b"/etc/passwd"))
        for content in (b" " * (1 << 21), b"", b"[" * 100000, text[:-20], b"\xff" * 100, text.replace(b"true", b"1")):
            put(content)
            self.client.refresh()
        for path in (fifo, link):
            os.rename(path, good)
            self.client.refresh()
        domain = self.client.domain(self.uuid)
        self.assertEqual((domain["Kernel"], domain["Verdict"]), (NEW, "compatible"))
        self.assertEqual(set(self.client.domains()), {self.uuid})

    def test_nobody_answers(self):
        """Without an inspector, nothing waits, and other report sources count."""
        self.make()
        self.virt = self.libvirtd(domain_xml("guest", 1, NEW, devices=disk_xml(self.disk)))
        self.start(self.virt.uri, "--host-kernel=2.6.18-398.el5xen", env={"RUNTIME_DIRECTORY": self.runtime})
        domain = self.client.domain(self.uuid)
        self.assertEqual((domain["Verdict"], domain["InspectedAt"]), ("compatible", 0))
        self.assertTrue(os.path.exists(os.path.join(self.runtime, "inspect", self.uuid)))


# The kernel packages of RHEL 3, by variant. Several have the same uname -r; the disk's packages tell them apart.
VARIANTS = {"athlon": "kernel-2.4.21-50.EL.athlon", "athlon-SMP": "kernel-smp-2.4.21-50.EL.athlon",
            "i686": "kernel-2.4.21-50.EL.i686", "i686-SMP": "kernel-smp-2.4.21-50.EL.i686",
            "i686-HUGEMEM": "kernel-hugemem-2.4.21-50.EL.i686", "ia32e": "kernel-2.4.21-50.EL.ia32e",
            "x86_64": "kernel-2.4.21-50.EL.x86_64", "x86_64-SMP": "kernel-smp-2.4.21-50.EL.x86_64"}


class Narrowing(TestCase):
    """The packages on the disk narrow a report by uname -r to one variant."""

    def test_every_variant(self):
        domains = []
        for number, package in enumerate(VARIANTS.values(), 1):
            guest = dataclasses.replace(images.RHEL_3, kernels=(package, "kernel-2.4.21-4.EL.i686"))
            [path] = self.make(guest, name=f"disk-{number}")
            domains.append(domain_xml(f"guest-{number}", number, images.uname(package), devices=disk_xml(path)))
        self.virt = self.libvirtd(*domains)
        self.start_daemon()
        for number, (variant, package) in enumerate(VARIANTS.items(), 1):
            with self.subTest(variant):
                self.wait_for(uuid_of(number), Variant=variant)
                domain = self.client.domain(uuid_of(number))
                self.assertEqual((domain["Kernel"], domain["KernelSource"]), (images.uname(package), "metadata"))
                compatible = variant == "ia32e"  # the host is x86_64, from Intel
                self.assertEqual(domain["Verdict"], "compatible" if compatible else "incompatible")
                verdicts = [change["Verdict"] for change in self.client.changes(uuid_of(number)) if "Verdict" in change]
                self.assertLessEqual(len(verdicts), 1)  # the verdict does not change to and fro

    def test_contradiction(self):
        """A disk without the kernel that runs does not narrow the report."""
        self.make(dataclasses.replace(images.RHEL_3, kernels=("kernel-2.4.21-47.EL.athlon",)))
        self.virt = self.libvirtd(domain_xml("guest", 1, "2.4.21-50.EL", devices=disk_xml(self.disk)))
        self.start_daemon()
        self.wait_for(InstalledKernels=["kernel-2.4.21-47.EL.athlon"])
        domain = self.client.domain(self.uuid)
        self.assertEqual((domain["Verdict"], domain["Reasons"], domain["Variant"]), ("unknown", ["kernel-ambiguous"], ""))


class Host(TestCase):
    """Fully virtualized guests without metadata or an agent are judged by their disks alone."""

    GUESTS = (("rhel3-i686", images.RHEL_3, ("kernel-2.4.21-50.EL.i686",), "plain", "i686", "incompatible"),
              ("rhel3-athlon", images.RHEL_3, ("kernel-2.4.21-50.EL.athlon",), "plain", "athlon", "incompatible"),
              ("rhel3-ia32e", images.RHEL_3, ("kernel-2.4.21-50.EL.ia32e",), "plain", "ia32e", "compatible"),
              ("rhel4", images.RHEL_4, ("kernel-smp-2.6.9-67.EL.x86_64", "kernel-2.6.9-67.EL.x86_64"), "lvm", "x86_64-SMP",
               "compatible"),
              ("rhel5", images.RHEL_5, ("kernel-PAE-2.6.18-53.1.4.el5.i686", "kernel-2.6.18-53.el5.i686"), "lvm", "i686-PAE",
               "compatible"))

    def test_ten_guests(self):
        domains, expected = [], {}
        for index, (name, guest, kernels, layout, variant, verdict) in enumerate(self.GUESTS * 2):
            paths = self.make(dataclasses.replace(guest, kernels=kernels), layout, f"{name}-{index}")
            domains.append(domain_xml(f"{name}-{index}", index + 1, devices=disk_xml(*paths)))
            expected[uuid_of(index + 1)] = (kernels[0], "disk", variant, verdict)
        self.virt = self.libvirtd()
        self.start_daemon()
        for xml in domains:
            self.virt.define(xml).create()  # the daemon already runs

        def verdicts():
            return {uuid: (domain["Kernel"], domain["KernelSource"], domain["Variant"], domain["Verdict"])
                    for uuid, domain in self.client.domains().items()}
        self.client.wait_for(lambda: verdicts() == expected, f"ten verdicts: {expected}")
        self.assertEqual({domain["State"] for domain in self.client.domains().values()}, {"running"})
        self.client.wait_for(lambda: self.alerts() == 4, "an alert for each that is incompatible")
        listed = subprocess.run([os.environ["XPV_CTL"], "list"], env={**os.environ, **self.environment()},
                                capture_output=True, text=True, check=True).stdout
        self.assertIn("10 domains: 6 compatible, 4 incompatible — on host", listed)


class OtherHost(TestCase):
    """The domains and their disks are on another host, which is reached over ssh alone."""

    # What libvirt runs there to reach its daemon.
    NETCAT = """exec /usr/bin/python3 -c '
import socket, subprocess, sys
daemon = socket.socket(socket.AF_UNIX)
daemon.connect(sys.argv[-1])
there = subprocess.Popen(["/bin/cat"], stdout=daemon)
subprocess.run(["/bin/cat"], stdin=daemon)
there.kill()' "$@"
"""

    def setUp(self):
        super().setUp()
        self.sshd = Sshd(self, self.folder)
        for tool in ("blockdev", "dd", "grep", "ls", "sh"):
            os.symlink(shutil.which(tool, path="/bin:/sbin"), os.path.join(self.sshd.path, tool))
        write_program(self.sshd.path, "nc", self.NETCAT)
        bin_folder = os.path.join(self.folder, "bin")
        os.mkdir(bin_folder)
        write_program(bin_folder, "ssh", f'exec {self.sshd.ssh} "$@"\n')
        self.path_here = bin_folder + ":" + os.environ["PATH"]

    def start_inspector(self):
        inspector = Inspector(self.runtime, PATH=self.path_here)
        self.addCleanup(lambda: inspector.end(self.client))
        return inspector

    def start_over_ssh(self, parameters=""):
        self.inspector = self.start_inspector()
        self.start(f"test+ssh://xenhost/default?proxy=netcat&socket={self.virt.socket}{parameters}",
                   "--host-kernel=2.6.18-398.el5xen", "--host-architecture=x86_64", "--host-processor=intel",
                   env={"RUNTIME_DIRECTORY": self.runtime, "PATH": self.path_here})

    def test_read(self):
        """It is as if the disks were here. A disk that fails is named with its host."""
        self.make()
        self.virt = self.libvirtd()
        self.virt.define(self.domain_xml())
        self.virt.define(self.domain_xml("/nowhere", number=2, name="broken"))
        self.start_over_ssh()
        self.wait_for(Kernel=NEW, KernelSource="disk", Verdict="compatible", InstalledKernels=[NEW, OLD])
        self.assertTrue(self.client.host()["DisksRead"])
        self.virt.domain("guest").create()
        self.wait_for(State="running", Kernel=NEW)
        tick = GLib.timeout_add(50, lambda: GLib.SOURCE_CONTINUE)
        self.client.wait_for(lambda: "Not all of the disks of domain broken can be read: ssh://xenhost/nowhere: No such file"
                             in self.daemon.log(), "a sentence")
        GLib.source_remove(tick)

    def test_refused_parameter(self):
        """What would make libvirt's ssh another one than the inspector's is named, and disks are not read."""
        self.virt = self.libvirtd()
        self.virt.define(self.domain_xml())
        self.start_over_ssh("&no_verify=1")
        self.wait_for(State="shut-off")
        self.assertFalse(self.client.host()["DisksRead"])
        self.assertIn("Guests' disks cannot be read: the URI has “no_verify=”; set that in ssh_config(5) instead\n",
                      self.daemon.log())
        self.assertEqual(os.listdir(self.inspector.requests), [])


if __name__ == "__main__":
    harness.main()
