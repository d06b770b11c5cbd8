# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each run of a domain has at most one alert, even if the daemon or libvirtd is killed."""
import glob
import json
import os
import pathlib
import random
import shutil
import signal

import harness
from harness import ALERT, CLEARED, domain_xml, path_of, uuid_of

COMPATIBLE = "2.6.18-398.el5PAE"
INCOMPATIBLE = "2.6.18-8.el5PAE"


class Alerts(harness.TestCase):
    def start_with(self, *domains):
        self.virt = self.libvirtd(*domains)
        self.again()

    def again(self):
        return self.start(self.virt.uri, "--host-architecture=x86_64", "--host-kernel=2.6.18-398.el5xen")

    def alerts(self):
        return self.client.members("IncompatibleDomain")

    def wait_for_alerts(self, count):
        self.client.wait_for(lambda: len(self.alerts()) >= count, f"{count} alerts")
        self.settle()
        self.assertEqual(len(self.alerts()), count)

    def settle(self):
        """Waits until all changes so far are published."""
        self.client.refresh()

    def logs(self, message):
        """Returns: how often the logs of all runs of the daemon have the message."""
        return sum(pathlib.Path(log).read_text("utf-8").count(message)
                   for log in glob.glob(os.path.join(self.folder, "daemon-*.log")))

    def wait_for_log(self, message, count):
        self.client.wait_for(lambda: self.logs(message) >= count or self.settle(), message)
        self.assertEqual(self.logs(message), count)

    def set_kernel(self, name, kernel, acknowledged=False):
        self.virt.report(name, kernel, "<acknowledged/>" if acknowledged else "")

    def test_already_running(self):
        """The alert is sent after the bus name is acquired, so clients that wait for the name get it."""
        self.start_with(domain_xml("bad", 1, INCOMPATIBLE), domain_xml("good", 2, COMPATIBLE))
        self.wait_for_alerts(1)
        self.assertEqual(self.alerts()[0], (path_of(uuid_of(1)), "bad", uuid_of(1), INCOMPATIBLE,
                                            ["guest-release-unsupported"]))
        self.assertEqual(self.logs(f"Domain bad {ALERT}: RHEL 5.0 kernel i686-PAE is older than RHEL 5.1"), 1)

    def test_each_run_once(self):
        self.start_with()
        domain = self.virt.define(domain_xml("bad", 1, INCOMPATIBLE))
        self.settle()
        self.assertEqual(self.alerts(), [])
        for run in range(1, 4):
            domain.create()
            self.wait_for_alerts(run)
            domain.suspend()
            domain.resume()
            self.settle()
            domain.destroy()
            self.wait_for_log(CLEARED, run)
        self.assertEqual(len(self.alerts()), 3)

    def test_late_report(self):
        self.start_with(domain_xml("guest", 1))
        self.assertEqual(self.alerts(), [])
        self.set_kernel("guest", INCOMPATIBLE)
        self.wait_for_alerts(1)

    def test_turns_compatible(self):
        """A run has one alert and one clearing; an unknown verdict does not clear."""
        self.start_with(domain_xml("guest", 1, INCOMPATIBLE))
        self.wait_for_alerts(1)
        self.set_kernel("guest", "gibberish")
        self.client.wait_for_change(uuid_of(1), Verdict="unknown")
        self.assertEqual(self.logs(CLEARED), 0)
        self.set_kernel("guest", COMPATIBLE)
        self.client.wait_for_change(uuid_of(1), Verdict="compatible")
        self.wait_for_log(CLEARED, 1)
        self.set_kernel("guest", INCOMPATIBLE)
        self.client.wait_for_change(uuid_of(1), Verdict="incompatible")
        self.virt.domain("guest").destroy()
        self.client.wait_for_change(uuid_of(1), State="shut-off")
        self.settle()
        self.assertEqual((len(self.alerts()), self.logs(CLEARED)), (1, 1))

    def test_acknowledged(self):
        self.start_with(domain_xml("guest", 1))
        self.set_kernel("guest", INCOMPATIBLE, acknowledged=True)
        self.client.wait_for_change(uuid_of(1), Verdict="incompatible", Acknowledged=True)
        self.settle()
        self.assertEqual(self.alerts(), [])
        self.set_kernel("guest", INCOMPATIBLE)
        self.wait_for_alerts(1)
        self.set_kernel("guest", INCOMPATIBLE, acknowledged=True)
        self.client.wait_for_change(uuid_of(1), Acknowledged=True)
        self.set_kernel("guest", INCOMPATIBLE)
        self.client.wait_for_change(uuid_of(1), Acknowledged=False)
        self.settle()
        self.assertEqual(len(self.alerts()), 1)

    def test_daemon_restarts(self):
        self.start_with(domain_xml("bad", 1, INCOMPATIBLE))
        self.wait_for_alerts(1)
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.stop_daemon(number)
            self.client.wait_for(lambda: not self.client.owner, "the name's loss")
            self.again()
            self.settle()
            self.assertEqual(len(self.alerts()), 1)
        # A run that ends while the daemon is stopped is logged at the next start.
        self.stop_daemon()
        self.virt.domain("bad").destroy()
        self.client.wait_for(lambda: not self.client.owner, "the name's loss")
        self.again()
        self.wait_for_log(CLEARED, 1)

    def test_libvirt_restarts(self):
        self.start_with(domain_xml("bad", 1, INCOMPATIBLE))
        self.wait_for_alerts(1)
        self.virt.restart()
        self.settle_connected()
        self.assertEqual((len(self.alerts()), self.logs(CLEARED)), (1, 0))
        # A refresh that does not find the domain ends its run; the same id later is another run.
        self.virt.domains = []
        self.virt.restart()
        self.client.wait_for(lambda: self.client.members("InterfacesRemoved"), "the removal")
        self.wait_for_log(CLEARED, 1)
        self.virt.define(domain_xml("bad", 1, INCOMPATIBLE)).create()
        self.wait_for_alerts(2)

    def settle_connected(self):
        self.client.wait_for(lambda: any(arguments[1].get("Connected") is True
                                         for arguments in self.client.members("PropertiesChanged")), "Connected")
        self.settle()

    def test_corrupt_file(self):
        """Alerts may be repeated, but none is lost. The daemon renames the file and keeps it."""
        path = os.path.join(self.folder, "run", "alerts")
        for content in (b"\x00\xff garbage", b"[" + uuid_of(1).encode() + b"]\nid=x\n", b"[", b"x" * 100_000):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
            self.client.forget_signals()
            if hasattr(self, "virt"):
                self.again()
            else:
                self.start_with(domain_xml("bad", 1, INCOMPATIBLE))
            self.wait_for_alerts(1)
            with open(path + ".corrupt", "rb") as file:
                self.assertEqual(file.read(), content)
            self.assertRegex(self.daemon.log(), "Cannot read the saved alerts; renamed .*alerts.corrupt, so alerts may repeat")
            self.stop_daemon()
            self.client.wait_for(lambda: not self.client.owner, "the name's loss")

    def test_release_0_1_0(self):
        """An alert that 0.1.0 has sent is not repeated beside a new one. The daemon also reads its configuration."""
        folder = shutil.copytree(os.path.join(harness.SOURCE, "tests", "data", "0.1.0"), os.path.join(self.folder, "0.1.0"))
        with open(os.path.join(folder, "kernels.conf"), "a", encoding="utf-8") as file:
            file.write(f"[Kernels]\nfresh-install={INCOMPATIBLE}\n")
        os.mkdir(os.path.join(self.folder, "run"))
        saved = shutil.copy(os.path.join(folder, "alerts"), os.path.join(self.folder, "run"))
        for expected in ["fresh-install"], ["erp39-smp", "fresh-install"]:  # with what 0.1.0 has saved, and without
            self.client.forget_signals()
            self.start("test://" + harness.EXAMPLE_HOST, "--config", os.path.join(folder, "xenpv-compatd.conf"))
            self.wait_for_alerts(len(expected))
            self.assertEqual(sorted(alert[1] for alert in self.alerts()), expected)
            domains = {domain["name"]: domain for domain in map(json.loads, self.ctl("list", "--json").stdout.splitlines())}
            self.assertEqual(domains["archive"]["kernel"], "kernel-PAE-2.6.18-8.el5.i686")
            self.assertTrue(domains["lab54-xen"]["acknowledged"])
            self.assertEqual(json.loads(self.ctl("host", "--json").stdout)["host_kernel"], "2.6.18-53.el5xen")
            self.stop_daemon()
            self.client.wait_for(lambda: not self.client.owner, "the name's loss")
            os.unlink(saved)

    def test_nowhere_to_write(self):
        """Alerts are still sent if they cannot be saved."""
        self.virt = self.libvirtd(domain_xml("bad", 1, INCOMPATIBLE))
        missing = os.path.join(self.folder, "missing", "run")
        self.launch("--uri", self.virt.uri, "--host-architecture=x86_64", env={"RUNTIME_DIRECTORY": missing}, runtime=False)
        self.wait_for_alerts(1)
        self.assertRegex(self.daemon.log(), "Cannot save the alerts in .*missing/run/alerts")

    def test_hundreds_of_runs(self):
        """Runs start and end while the daemon and libvirtd are killed: each run that lasts until a refresh has one
        alert."""
        seed = random.randrange(1 << 30)
        dice = random.Random(seed)
        self.start_with()
        expected = []
        domains = [self.virt.define(domain_xml(f"bad-{n}", n, INCOMPATIBLE)) for n in range(1, 6)]
        self.virt.domains = []
        for _ in range(100):
            for domain in domains:
                domain.create()
                expected.append(domain.UUIDString())
            if dice.random() < 0.5:
                self.settle()  # otherwise the daemon may be killed in the middle of its work
            if dice.random() < 0.3:
                self.stop_daemon(dice.choice((signal.SIGKILL, signal.SIGTERM)))
                self.client.wait_for(lambda: not self.client.owner, "the name's loss")
                self.again()
            self.client.wait_for(lambda: len(self.alerts()) >= len(expected), f"all alerts (seed {seed})")
            if dice.random() < 0.05:
                self.client.signals = [s for s in self.client.signals if s[2] == "IncompatibleDomain"]
                self.virt.restart()  # no domain runs after it
                self.settle_connected()
                domains = [self.virt.define(domain_xml(f"bad-{n}", n, INCOMPATIBLE)) for n in range(1, 6)]
            else:
                for domain in domains:
                    domain.destroy()
            self.settle()
        self.assertEqual(len(self.alerts()), len(expected), f"seed {seed}")
        alerted = sorted(uuid for _path, _name, uuid, _kernel, _reasons in self.alerts())
        self.assertEqual(alerted, sorted(expected))
        self.wait_for_log(CLEARED, len(expected))


if __name__ == "__main__":
    harness.main()
