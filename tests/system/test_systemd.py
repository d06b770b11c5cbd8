# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real systemd starts the installed units, with all their hardening, beside a real libvirtd, system bus and journal,
in the container of machine.py. It is no Xen host, so libvirtd uses its test driver."""
import contextlib
import functools
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import examples
import harness
import machine
import test_install

SOURCE = os.environ["XPV_SOURCE"]
sys.path.append(os.path.join(SOURCE, "tests", "inspect"))
import images  # noqa: E402
if "XPV_INSPECT" in os.environ:
    from request_folders import request, uuid  # noqa: E402

UNIT = "xenpv-compatd.service"
METRICS = "xenpv-compat-metrics"
INSPECT = "xenpv-compat-inspect"
METRICS_FILE = "/var/lib/prometheus/node-exporter/xenpv-compat.prom"
NODE = "/var/lib/xenpv-test/example-host.xml"
URI = f"test+unix://{NODE}?socket=/run/libvirt/libvirt-sock-ro"
NAME = "org.xenpv.Compat1"
ROOT = "/org/xenpv/Compat1"
# A build for coverage would complain that user 65534 may not write into the build folder.
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", "env", "GCOV_PREFIX=/tmp")


class Service(machine.TestCase):
    """Tests of the daemon's unit and its log."""

    def setUp(self):
        super().setUp()
        self.put(NODE, "", copy_of=os.path.join(SOURCE, "tests", "data", "example-host.xml"))

    def put_drop_in(self, text, name="test"):
        self.put(f"/etc/systemd/system/{UNIT}.d/{name}.conf", text)

    def show(self, name, unit=UNIT):
        return self.run_there("systemctl", "show", "--value", f"--property={name}", unit).rstrip("\n")

    def get(self, *argv):
        return self.run_there(*argv, "busctl", "get-property", NAME, ROOT, NAME + ".Manager", "Counts")

    def journal(self, *matches):
        """Returns: the daemon's journal entries, with all fields."""
        text = self.run_there("journalctl", "--output=json", "--identifier=xenpv-compatd", *matches)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    @contextlib.contextmanager
    def follow_journal(self, unit):
        """Yields all lines of a unit's log, also those to come. The log ends after TIMEOUT."""
        argv = self.machine.argv("journalctl", "--follow", "--lines=all", "--output=cat", "--unit=" + unit)
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as follow:
            end = functools.partial(os.killpg, follow.pid, signal.SIGKILL)
            timer = threading.Timer(machine.TIMEOUT, end)
            timer.start()
            try:
                yield follow.stdout
            finally:
                timer.cancel()
                with contextlib.suppress(ProcessLookupError):
                    end()

    def wait_for_journal(self, pattern, unit=UNIT):
        """Waits until a line of the unit's log matches. Returns: the line."""
        with self.follow_journal(unit) as lines:
            for line in lines:
                if re.search(pattern, line):
                    return line
        raise AssertionError(f"waited in vain for {pattern}: {self.run_there('journalctl')}")


class Shared(Service):
    """The tests of a class share a machine. Before each of them, no unit of the project runs, and its log is empty."""

    @classmethod
    def setUpClass(cls):
        machine.skip_without_root()
        folder = tempfile.mkdtemp(prefix="xenpv-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.installed = os.path.join(folder, "files")
        test_install.install(cls.installed)
        cls.config = cls.installed_path("etc/xenpv-compat")
        cls.machine = machine.Machine(folder, cls.installed)
        cls.addClassCleanup(cls.machine.end)

    def install(self):
        """Nothing is left to install: what a test adds goes onto the machine that runs."""
        self.root = self.machine.root
        self.added = []
        self.addCleanup(self.clean)

    def put(self, path, *args, **kwargs):
        self.added.append(path)
        super().put(path, *args, **kwargs)

    def load(self):
        """Makes systemd read the units and drop-ins."""
        self.run_there("systemctl", "daemon-reload")

    def clean(self):
        self.run_there("sh", "-ec", """
            systemctl stop 'xenpv-compat*'
            systemctl reset-failed
            rm -rf /run/xenpv-compat* "$@"
            journalctl --quiet --rotate --vacuum-size=1""", "sh", f"{self.config}/kernels.conf", *self.added)

    @classmethod
    def installed_path(cls, name):
        """Returns: the path on the machine of the only installed file or folder with this name."""
        [path] = glob.glob(os.path.join(cls.installed, "**", name), recursive=True)
        return path[len(cls.installed):]


class Systemd(Shared):
    def setUp(self):
        super().setUp()
        self.put(f"{self.config}/xenpv-compatd.conf",
                 f"[xenpv-compatd]\nuri={URI}\nhost-kernel=2.6.18-53.el5xen\nhost-processor=intel\n")
        self.put_drop_in("[Unit]\nAssertPathExists=\n")

    def test_life(self):
        """The unit is started, asked, stopped, started by the bus when asked, and reloaded."""
        self.load()
        self.run_there("systemctl", "start", UNIT)
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.show("StatusText"), "13 domains, 3 incompatible")
        self.assertIn('"incompatible" 3', self.get(*AS_NOBODY))

        # There is one alert, with its fields and the catalog's explanation.
        message_id = "MESSAGE_ID=8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21"
        alerts = self.journal(message_id)
        self.assertEqual([(a["PRIORITY"], a["XENPV_DOMAIN_NAME"], a["XENPV_KERNEL"], a["XENPV_KERNEL_SOURCE"],
                           a["_TRANSPORT"]) for a in alerts],
                         [("4", "erp39-smp", "kernel-smp-2.4.21-50.EL.i686", "metadata", "journal")])
        self.run_there("journalctl", "--update-catalog")
        self.assertRegex(self.run_there("journalctl", "--catalog", message_id),
                         rf"Subject: Domain erp39-smp {harness.ALERT}\n"
                         r"(.|\n)*Documentation: man:xenpv-compatd\(8\)"
                         r"(.|\n)*host-architecture-mismatch(.|\n)*  Run the guest on an i686 host with an Intel processor")

        # A run that was alerted is not alerted again.
        self.run_there("systemctl", "stop", UNIT)
        self.assertEqual((self.show("ActiveState"), self.show("Result")), ("inactive", "success"))
        self.get(*AS_NOBODY)  # the bus starts it
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(len(self.journal(message_id)), 1)

        self.run_there("systemctl", "service-log-level", UNIT, "debug")
        self.assertEqual(self.run_there("systemctl", "service-log-level", UNIT), "debug\n")
        self.assertEqual(self.run_there("systemctl", "service-log-target", UNIT), "journal\n")
        self.run_there("busctl", "call", NAME, ROOT, NAME + ".Manager", "Refresh")
        self.assertEqual({entry["PRIORITY"] for entry in self.journal() if "Refresh" in entry["MESSAGE"]}, {"7"})
        # The daemon notices a change of kernels.conf.
        self.put(f"{self.config}/kernels.conf", "[Kernels]\narchive=2.6.18-8.el5PAE\n")
        self.wait_for_journal("^Domain archive: shut-off, id -1, kernel “2.6.18-8.el5PAE”, incompatible")
        self.run_there("systemctl", "service-log-level", UNIT, "info")

        self.run_there("sh", "-c", f"echo grace=x >> {self.config}/xenpv-compatd.conf")
        self.run_there("systemctl", "reload", UNIT)
        self.wait_for_journal("^Keeping the previous configuration: .*/xenpv-compatd.conf:5: grace takes whole seconds")
        self.run_there("sed", "-i", "s/^grace=x/host-architecture=i686/", f"{self.config}/xenpv-compatd.conf")
        self.run_there("systemctl", "reload", UNIT)
        self.wait_for_journal("^Configuration reloaded")
        self.assertEqual(self.show("ActiveState"), "active")

    def test_read_only(self):
        """The daemon can write to its runtime directory, but to no other folder that lasts or is shared."""
        self.load()
        self.run_there("systemctl", "start", UNIT)
        there = ("nsenter", "--mount", f"--target={self.show('MainPID')}", "--", "touch")
        for folder in ("/etc", "/run", "/run/libvirt", "/usr", "/var/lib"):
            with self.subTest(folder):
                self.assertRegex(self.machine.run(*there, f"{folder}/x", check=False)[1], "Read-only file system")
        self.run_there(*there, "/run/xenpv-compat/x")

    def test_manuals(self):
        """The manuals' examples print what they show."""
        folder = self.installed + os.path.dirname(self.installed_path("man8"))
        daemon = self.installed_path("xenpv-compatd")
        self.put_drop_in(f"[Unit]\nAssertPathExists=\n[Service]\nExecStart=\nExecStart={daemon} --uri={URI}\n")
        self.load()
        for page in ("man8/xenpv-compatd.8", "man5/xenpv-compatd.conf.5"):
            examples.check(self, examples.in_manual(examples.render(os.path.join(folder, page))),
                           lambda command: examples.run_on_terminal(self.machine.argv("sh", "-c", command)))

    def test_hung_daemon(self):
        """The watchdog ends a hung daemon, and it is started again."""
        self.put_drop_in("[Unit]\nAssertPathExists=\n[Service]\nWatchdogSec=1\nRestartSec=0\n")
        self.load()
        self.run_there("systemctl", "start", UNIT)
        before = self.show("MainPID")
        self.run_there("kill", "-STOP", before)
        self.wait_for_journal("Watchdog timeout")
        self.wait_for_journal("Scheduled restart job, restart counter is at 1")
        self.get(*AS_NOBODY)
        self.assertNotIn(self.show("MainPID"), ("0", before))

    def test_bad_configuration(self):
        """With a bad configuration, the daemon is not started again and again: only an admin can mend that."""
        self.put(f"{self.config}/xenpv-compatd.conf", "[xenpv-compatd]\ngrace=x\n")
        self.load()
        self.assertNotEqual(self.machine.run("systemctl", "start", UNIT, check=False)[0], 0)
        self.assertEqual((self.show("ActiveState"), self.show("ExecMainStatus"), self.show("NRestarts")),
                         ("failed", "2", "0"))
        self.assert_told("xenpv-compatd fails to start .*; “journalctl -u xenpv-compatd” says why$")

    def assert_told(self, why):
        """Callers learn at once that there is no daemon: the client says why, the bus says that it did not start."""
        status, text = self.machine.run(*AS_NOBODY, "xenpv-compatctl", "list", check=False)
        self.assertEqual(status, 4)
        self.assertRegex(text, "^xenpv-compatctl: asked the system bus for org.xenpv.Compat1, but " + why)
        status, text = self.machine.run(*AS_NOBODY, "busctl", "call", NAME, ROOT, NAME + ".Manager", "ListDomains",
                                        check=False)
        self.assertEqual((status, text), (1, "Call failed: Launch helper exited with unknown return code 1\n"))

    def test_no_xen(self):
        """Without Xen, starting the unit fails with a message, but no unit counts as failed."""
        self.put_drop_in("")
        self.load()
        status, text = self.machine.run("systemctl", "start", UNIT, check=False)
        self.assertEqual((status, text), (1, f"Assertion failed on job for {UNIT}.\n"))
        self.assert_told("xenpv-compatd starts on Xen hosts only, and this host does not run Xen .*; boot it with Xen$")
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.assertEqual(self.run_there("systemctl", "list-units", "--failed", "--no-legend"), "")

    def test_metrics(self):
        """The timer writes the metrics with or without the daemon; if that fails, the file is removed."""
        self.put(f"/etc/systemd/system/{METRICS}.timer.d/test.conf", "[Timer]\nOnCalendar=*:*:*\nAccuracySec=1ms\n")
        self.put(METRICS_FILE, "xenpv_compat_up 1\n")
        self.load()
        self.run_there("systemctl", "start", METRICS + ".timer")
        self.wait_for_journal("^xenpv-compatctl: .*xenpv-compatd does not run", METRICS)
        self.run_there("systemctl", "stop", METRICS + ".timer")
        self.run_there("systemctl", "start", METRICS)
        self.assertEqual((self.show("ActiveState"), self.show("Result", METRICS)), ("inactive", "success"))
        self.assertIn("\nxenpv_compat_up 0\n", self.run_there("cat", METRICS_FILE))

        self.run_there("systemctl", "start", UNIT)
        self.run_there("systemctl", "start", METRICS)
        self.assertRegex(self.run_there("cat", METRICS_FILE), r'\nxenpv_compat_incompatible_domain\{name="erp39-smp".*\} 1\n')
        self.assertEqual(self.run_there("stat", "--format=%U %a", METRICS_FILE), "root 644\n")
        self.assertNotIn("Finished", self.run_there("journalctl", "--unit=" + METRICS))

        program = self.installed_path("bin/xenpv-compatctl")
        self.run_there("chmod", "-x", program)
        self.addCleanup(self.run_there, "chmod", "+x", program)
        self.assertNotEqual(self.machine.run("systemctl", "start", METRICS, check=False)[0], 0)
        self.assertNotEqual(self.machine.run("cat", METRICS_FILE, check=False)[0], 0)

    def has_network(self):
        """Returns: whether the daemon is in the machine's network namespace."""
        networks = self.run_there("readlink", "/proc/1/ns/net", f"/proc/{self.show('MainPID')}/ns/net").split()
        return networks[0] == networks[1]

    def test_remote(self):
        """The daemon reaches the network, and ssh, only with the drop-in for remote hosts."""
        self.put(f"{self.config}/xenpv-compatd.conf", "[xenpv-compatd]\nuri=test+ssh://127.0.0.1:1/default\n")
        self.load()
        self.run_there("systemctl", "start", UNIT)
        self.wait_for_journal("^Cannot connect to libvirt at test.ssh:")
        self.assertFalse(self.has_network())
        example = self.installed + self.installed_path("remote.conf.example")
        self.put(f"/etc/systemd/system/{UNIT}.d/remote.conf", "", copy_of=example)
        self.load()
        self.run_there("systemctl", "restart", UNIT)
        self.wait_for_journal("^Cannot connect to libvirt at test.ssh:.*: ssh: .*refused")
        self.assertTrue(self.has_network())


@unittest.skipUnless("XPV_INSPECT" in os.environ, "the inspector is not built")
class Inspector(Shared):
    """Tests of the inspector's units: a request makes the path unit start the service, which answers it."""

    def setUp(self):
        super().setUp()
        self.put(f"/etc/systemd/system/{INSPECT}.service.d/test.conf", "[Service]\nLogLevelMax=info\n")  # logs its end
        [self.disk] = images.make("boot-alone", images.RHEL_3, os.path.join(self.folder, "guest"))

    def put_disk(self, path):
        """Copies the image into a folder that only another user can read."""
        self.put(path, "", copy_of=self.disk, mode=0o600)
        for name in (path, os.path.dirname(path)):
            os.chown(self.root + name, harness.NOBODY, harness.NOBODY)
        os.chmod(os.path.dirname(self.root + path), 0o700)

    def ask(self, number, text):
        self.run_there("sh", "-c", f"cat > $0/.unfinished <<'END' && mv $0/.unfinished $0/$1\n{text}END\n",
                       "/run/xenpv-compat/inspect", uuid(number))

    def answer(self, number):
        """Returns: an answer, once the service has ended and has written it."""
        with self.follow_journal(INSPECT) as lines:
            for line in lines:
                status, text = self.machine.run("cat", f"/run/xenpv-compat-inspect/{uuid(number)}", check=False)
                if "Finished" in line and status == 0:
                    return json.loads(text)
        raise AssertionError(f"waited in vain for the answer {number}: {self.run_there('journalctl')}")

    def assert_read(self, answer, disk, format="raw"):
        self.assertEqual(answer["disks"], [{"source": disk, "format": format, "boot": True, "error": ""}])
        self.assertEqual(answer["default_kernel"], "2.4.21-50.ELsmp")
        self.assertEqual(answer["errors"], [])

    def test_image(self):
        """The inspector reads images in any folder and of any user; starting the daemon's unit is enough."""
        disks = ("/home/somebody/guest.img", "/srv/images/guest.img")
        for disk in disks:
            self.put_disk(disk)
        self.put_drop_in("[Unit]\nAssertPathExists=\n")
        self.load()
        self.run_there("systemctl", "start", UNIT)
        self.assertEqual(self.show("ActiveState", INSPECT + ".path"), "active")
        for number, disk in enumerate(disks):
            self.ask(number, request(disk))
            self.assert_read(self.answer(number), disk)
        self.assertEqual(self.run_there("stat", "--format=%U %a", f"/run/{INSPECT}", f"/run/{INSPECT}/{uuid(0)}"),
                         "root 700\nroot 600\n")
        self.ask(0, "")
        self.run_there("systemctl", "stop", UNIT)
        self.ask(9, request("/srv/none"))
        self.assertEqual(self.answer(9)["disks"][0]["error"], "No such file or directory")
        self.assertNotEqual(self.machine.run("cat", f"/run/{INSPECT}/{uuid(0)}", check=False)[0], 0)

    @unittest.skipUnless("XPV_QEMU_NBD" in os.environ, "it is built to read raw disks alone")
    def test_qemu_nbd(self):
        """The unit lets it run and confine itself."""
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", self.disk, self.disk + ".qcow2"], check=True)
        self.disk += ".qcow2"
        disk = "/home/somebody/guest.qcow2"
        self.put_disk(disk)
        self.load()
        self.run_there("systemctl", "start", INSPECT + ".path")
        self.ask(1, request(disk, format="qcow2"))
        self.assert_read(self.answer(1), disk, "qcow2")

    def test_block_device(self):
        done = subprocess.run(["losetup", "--find", "--show", self.disk], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("there is no loop device: " + done.stderr)
        loop = done.stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "--detach", loop], check=True)
        number = os.stat(loop).st_rdev
        self.load()
        self.run_there("mknod", "--mode=660", "/dev/disk", "b", str(os.major(number)), str(os.minor(number)))
        self.added.append("/dev/disk")
        self.run_there("systemctl", "start", INSPECT + ".path")
        self.ask(1, request("/dev/disk"))
        self.assert_read(self.answer(1), "/dev/disk")

    def test_other_host(self):
        """With the drop-in, a disk is read over ssh, with root's key and configuration. Without, the network is away."""
        self.put_disk("/srv/images/guest.img")
        self.put_host()
        self.load()
        self.run_there("mkdir", "-p", "/run/sshd")
        self.run_there("/usr/sbin/sshd", "-f", "/etc/xenpv-test/sshd_config")
        self.run_there("systemctl", "start", INSPECT + ".path")
        source = "ssh://xenhost/srv/images/guest.img"
        self.ask(1, request(source))
        self.assertRegex(self.answer(1)["disks"][0]["error"], "^ssh: ")
        example = self.installed + self.installed_path("remote-disks.conf.example")
        self.put(f"/etc/systemd/system/{INSPECT}.service.d/remote-disks.conf", "", copy_of=example)
        self.load()
        self.assert_read(self.answer_over_ssh(source), source)

    def answer_over_ssh(self, source):
        """Asks again if the login took longer than the inspector waits, as it may on a busy machine."""
        for number in range(2, 8):
            self.ask(number, request(source))
            answer = self.answer(number)
            if "did not answer within" not in answer["disks"][0]["error"]:
                break
        return answer

    def put_host(self):
        """Puts the configuration of an sshd on the machine, and root's ssh, which reaches it as xenhost."""
        for key in ("host", "user"):
            path = os.path.join(self.folder, key)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        with open(os.path.join(self.folder, "host.pub"), encoding="ascii") as file:
            self.put("/root/.ssh/known_hosts", "xenhost " + file.read(), mode=0o600)
        self.put("/root/.ssh/key", "", copy_of=os.path.join(self.folder, "user"), mode=0o600)
        self.put("/root/.ssh/config", "Host xenhost\nHostName 127.0.0.1\nPort 2222\nHostKeyAlias xenhost\n"
                                      "IdentityFile /root/.ssh/key\nIdentityAgent none\n", mode=0o600)
        self.put("/etc/xenpv-test/key", "", copy_of=os.path.join(self.folder, "host"), mode=0o600)
        self.put("/etc/xenpv-test/authorized", "", copy_of=os.path.join(self.folder, "user.pub"))
        self.put("/etc/xenpv-test/sshd_config",
                 "HostKey /etc/xenpv-test/key\nAuthorizedKeysFile /etc/xenpv-test/authorized\nListenAddress 127.0.0.1\n"
                 "Port 2222\nPermitRootLogin yes\nStrictModes no\nUsePAM no\nPidFile none\n")

    def test_many(self):
        """The inspector is started for each request, but only once for a folder among the requests."""
        self.put_disk("/srv/images/guest.img")
        self.load()
        self.run_there("systemctl", "start", INSPECT + ".path")
        for number in range(10):  # more often than systemd's default limit for starts
            self.ask(number, request("/srv/images/guest.img"))
            self.assert_read(self.answer(number), "/srv/images/guest.img")
        self.run_there("mkdir", "-p", "/run/xenpv-compat/inspect/folder/full")
        self.ask(10, request("/srv/images/guest.img"))
        self.answer(10)
        self.wait_for_journal("^xenpv-compat-inspect: removed folder from", INSPECT)
        self.run_there("systemctl", "start", INSPECT + ".service")
        self.assertEqual((self.show("ActiveState", INSPECT + ".path"), self.show("Result", INSPECT + ".path"),
                          self.show("Result", INSPECT + ".service")), ("active", "success", "success"))
        self.assertEqual(self.run_there("systemctl", "list-units", "--failed", "--no-legend"), "")


if __name__ == "__main__":
    harness.main()
