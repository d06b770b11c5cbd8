# SPDX-License-Identifier: LGPL-2.1-or-later
"""The unit on a real Xen host, on its system bus, with all its hardening."""
import configparser
import glob
import os
import re

import xentest

MANAGER = "org.xenpv.Compat1 /org/xenpv/Compat1 org.xenpv.Compat1.Manager"
AS_NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups --"


def run(command):
    return xentest.host.run(command)[1]


def show(name):
    return run(f"systemctl show --value --property={name} {xentest.UNIT}").strip()


class Service(xentest.TestCase):
    def test_active(self):
        self.assertEqual((show("ActiveState"), show("SubState"), show("NRestarts")), ("active", "running", "0"))
        self.assertRegex(show("StatusText"), "^[0-9]+ domains?, 0 incompatible$")

    def test_activation(self):
        """The bus starts it for any user."""
        run(f"systemctl stop {xentest.UNIT}")
        self.client.wait_for(lambda: not self.client.owner, "the name to be given up")
        counts = run(f"{AS_NOBODY} busctl get-property {MANAGER} Counts")
        self.assertIn('"not-applicable" 1', counts)
        self.assertEqual(show("ActiveState"), "active")

    def test_unprivileged(self):
        self.assertIn("Domain-0", run(f"{AS_NOBODY} busctl call {MANAGER} ListDomains"))
        self.assertIn("not-applicable", run(f"{AS_NOBODY} xenpv-compatctl list"))
        status, output = xentest.host.run(f"{AS_NOBODY} busctl call org.freedesktop.DBus / org.freedesktop.DBus "
                                          "RequestName su org.xenpv.Compat1 4", check=False)
        self.assertNotEqual(status, 0)
        self.assertRegex(output, "Access denied")
        status, output = xentest.host.run(f"{AS_NOBODY} busctl set-property org.xenpv.Compat1 /org/freedesktop/LogControl1 "
                                          "org.freedesktop.LogControl1 LogLevel s debug", check=False)
        self.assertNotEqual(status, 0)
        self.assertRegex(output, "Access.*denied|rejected")

    def test_hardening(self):
        """Each option that the unit has is in force, and what they are for holds."""
        exposure = run(f"systemd-analyze security --no-pager {xentest.UNIT}")
        self.assertLessEqual(float(re.search(r"exposure level for \S+: ([\d.]+)", exposure)[1]), 1.0, exposure)
        for name, value in self.options():
            with self.subTest(name):
                self.assertEqual(show(name), value)
        self.assertNotRegex(run("journalctl --boot _PID=1"), f"{xentest.UNIT}:[0-9]+:")

        pid = show("MainPID")
        status = dict(line.split(":\t") for line in run(f"cat /proc/{pid}/status").splitlines())
        self.assertEqual({int(status[f"Cap{which}"], 16) for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")}, {0})
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        for namespace in ("ipc", "mnt", "net", "user", "uts"):
            with self.subTest(namespace):
                links = run(f"readlink /proc/1/ns/{namespace} /proc/{pid}/ns/{namespace}").split()
                self.assertNotEqual(*links)
        there = f"nsenter --target={pid} --mount --"
        self.assertEqual(run(f"{there} ls -A /dev/xen"), "xenbus\n")
        for folder in ("/etc", "/run", "/run/xenstored", "/usr", "/var/lib"):
            with self.subTest(folder):
                self.assertRegex(xentest.host.run(f"{there} touch {folder}/x", check=False)[1], "Read-only file system")
        self.assertNotIn(".ssh", run(f"{there} ls -A /root"))

    def options(self):
        """The unit's that are words: what the manager shows of them."""
        unit = configparser.RawConfigParser(strict=False)
        unit.optionxform = str
        path = glob.glob(os.path.join(os.environ["XPV_BUILD"], "systemd", xentest.UNIT))[0]
        unit.read(path, encoding="utf-8")
        return [(name, value) for name, value in unit["Service"].items()
                if re.fullmatch("(Keyring|Lock|Memory|NoNew|Private|Protect|Restrict(Name|Real|SUID))[A-Za-z]+", name)
                and re.fullmatch("[a-z]+", value)]
