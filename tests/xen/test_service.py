# SPDX-License-Identifier: LGPL-2.1-or-later
"""The unit runs on a real Xen host, with its system bus and all of the unit's hardening."""
import configparser
import os
import re

import xentest

MANAGER = "org.xenpv.Compat1 /org/xenpv/Compat1 org.xenpv.Compat1.Manager"
OPTION = re.compile("(Device|IPAddress|Keyring|Lock|Memory|NoNew|Private|Protect|ReadOnly|Restrict|SystemCallA|UMask)[A-Za-z]*")
AS_NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups --"


def run(command):
    return xentest.host.run(command)[1]


def show(name):
    return run(f"systemctl show --value --property={name} {xentest.UNIT}").strip()


class Service(xentest.TestCase):
    def test_active(self):
        run(f"systemctl restart {xentest.UNIT}")
        self.assertEqual((show("ActiveState"), show("SubState"), show("NRestarts")), ("active", "running", "0"))
        self.assertRegex(show("StatusText"), "^[0-9]+ domains?, 0 incompatible$")

    def test_activation(self):
        """The bus starts the daemon for any user."""
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
        log_control = "/org/freedesktop/LogControl1 org.freedesktop.LogControl1"
        status, output = xentest.host.run(f"{AS_NOBODY} busctl set-property org.xenpv.Compat1 {log_control} LogLevel s "
                                          "debug", check=False)
        self.assertNotEqual(status, 0)
        self.assertRegex(output, "Access.*denied|rejected")

    def test_hardening(self):
        """Each hardening option of the unit is in force and has its effect."""
        exposure = run(f"systemd-analyze security --no-pager {xentest.UNIT}")
        self.assertLessEqual(float(re.search(r"exposure level for \S+: ([\d.]+)", exposure)[1]), 0.5, exposure)
        options = self.options()
        self.assertGreater(len(options), 25)
        for name, value in options:
            with self.subTest(name):
                self.assertEqual(sorted(show(name).split()), sorted(value.split()))  # systemd shows sets in any order
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

    def test_no_forbidden_call(self):
        """The daemon makes no forbidden system call: here, each would kill it. The exception is set_mempolicy, which
        libnuma, of libvirt's client, tries when it is loaded, and does not need."""
        before = show("SystemCallErrorNumber")
        self.drop_in("[Service]\nSystemCallErrorNumber=\nSystemCallFilter=set_mempolicy\n")
        self.assertNotEqual(show("SystemCallErrorNumber"), before)
        guest = self.fully_virtualized(xentest.INCOMPATIBLE).start()
        self.wait_for_alerts(guest, 1)
        guest.write("data/os_uname", xentest.COMPATIBLE)
        self.wait_for(guest, Verdict="compatible")
        run(f"systemctl reload {xentest.UNIT}")
        run("systemctl restart libvirtd")
        guest.domain().destroy()
        self.wait_for(guest, State="shut-off")
        run(f"systemctl stop {xentest.UNIT}")
        self.assertEqual((show("Result"), show("NRestarts")), ("success", "0"))

    def options(self):
        """Returns: the unit's options as systemd shows them, without its system calls, which it lists one by one."""
        unit = configparser.RawConfigParser(strict=False)
        unit.optionxform = str
        with open(os.path.join(os.environ["XPV_BUILD"], "systemd", xentest.UNIT), encoding="utf-8") as file:
            unit.read_file(file)
        shown = {"DeviceAllow": "char-rtc r\n/dev/xen/xenbus rw", "IPAddressDeny": "0.0.0.0/0 ::/0"}
        return [(name, shown.get(name, value)) for name, value in unit["Service"].items() if OPTION.fullmatch(name)]
