# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon as a service: its rights on the bus, its log, reload, watchdog and end."""
import os
import select
import signal
import socket
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import harness
from gi.repository import GLib
from harness import MANAGER, NAME, PROPERTIES, ROOT, domain_xml, path_of, uuid_of

POLICY = os.path.join(harness.SOURCE, "dbus", "org.xenpv.Compat1.conf")
INTERFACE = os.path.join(harness.SOURCE, "dbus", "org.xenpv.Compat1.xml")
LOG_CONTROL = "org.freedesktop.LogControl1"
LOG_PATH = "/org/freedesktop/LogControl1"
COMPATIBLE = "2.6.18-398.el5PAE"
RHEL3 = "kernel-smp-2.4.21-50.EL.i686"  # needs an i686 host


class Systemd:
    """The socket that receives the messages of sd_notify(3)."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.told = []

    def wait_for(self, message):
        """Waits for a message. Returns: the messages between the last call and this message."""
        deadline = time.monotonic() + harness.TIMEOUT
        while not any(told.startswith(message) for told in self.told):
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self.socket], [], [], left)[0]:
                raise AssertionError(f"waited in vain for {message}; told: {self.told[-20:]}")
            self.told.append(self.socket.recv(4096).decode())
        index = next(i for i, told in enumerate(self.told) if told.startswith(message))
        before, self.told = self.told[:index], self.told[index + 1:]
        return before


class TestCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.systemd = Systemd(self.folder)
        self.addCleanup(self.systemd.socket.close)

    def environment(self):
        return dict(super().environment(), NOTIFY_SOCKET=self.systemd.path)

    def run_as_nobody(self, *argv):
        """Returns: exit status, output."""
        result = subprocess.run(argv, user=harness.NOBODY, group=harness.NOBODY, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=harness.TIMEOUT, check=False)
        return result.returncode, result.stdout

    def assert_allowed(self, *arguments):
        """A call by busctl as another user succeeds. Returns: its output."""
        status, output = self.run_as_nobody("busctl", f"--address={self.bus.address}", *arguments)
        self.assertEqual(status, 0, (arguments, output))
        return output

    def assert_refused(self, why, path, method, *arguments, destination=NAME):
        """A call by another user is refused. busctl does not print who refuses, so dbus-send calls."""
        status, output = self.run_as_nobody("dbus-send", f"--bus={self.bus.address}", "--print-reply",
                                            f"--dest={destination}", path, method, *arguments)
        self.assertNotEqual(status, 0, arguments)
        self.assertRegex(output, "org.freedesktop.DBus.Error.AccessDenied: .*" + why)

    def assert_set_refused(self, why, name, word):
        self.assert_refused(why, LOG_PATH, PROPERTIES + ".Set", "string:" + LOG_CONTROL, "string:" + name,
                            "variant:string:" + word)

    def set_level(self, word):
        self.client.call(LOG_PATH, PROPERTIES, "Set", "(ssv)", LOG_CONTROL, "LogLevel", GLib.Variant("s", word))

    def get_log_control(self, name):
        return self.client.call(LOG_PATH, PROPERTIES, "Get", "(ss)", LOG_CONTROL, name)[0]


class Policy(TestCase):
    """Tests of the installed bus policy, on a bus that denies everything else."""

    policies = (POLICY,)

    def test_anyone_may_ask_anything(self):
        self.start_example()
        path = path_of("5b1a3c10-0000-4000-8000-000000000005")
        calls = {
            "ListDomains": [],
            "GetDomain": ["s", "web51-pae"],
            "CheckKernel": ["sa{sv}", COMPATIBLE, "1", "host-architecture", "s", "i686"],
            "CheckVariants": ["a{sv}", "0"],
            "Refresh": [],
        }
        methods = {method.get("name") for method in ElementTree.parse(INTERFACE).iter("method")}
        self.assertEqual(set(calls), methods)
        for method, arguments in calls.items():
            self.assert_allowed("call", NAME, ROOT, MANAGER, method, *arguments)
        self.assert_allowed("call", NAME, ROOT, harness.OBJECT_MANAGER, "GetManagedObjects")
        for where, interface, member in ((ROOT, MANAGER, "Counts"), (path, harness.DOMAIN, "Verdict"),
                                         (LOG_PATH, LOG_CONTROL, "LogLevel")):
            self.assert_allowed("call", NAME, where, "org.freedesktop.DBus.Introspectable", "Introspect")
            self.assert_allowed("call", NAME, where, "org.freedesktop.DBus.Peer", "Ping")
            self.assert_allowed("call", NAME, where, PROPERTIES, "Get", "ss", interface, member)
            self.assert_allowed("call", NAME, where, PROPERTIES, "GetAll", "s", interface)

    def test_root_alone_owns(self):
        for _ in range(2):  # while the name has no owner, and while root owns it
            self.assert_refused("not allowed to own", "/org/freedesktop/DBus", "org.freedesktop.DBus.RequestName",
                                "string:" + NAME, "uint32:0", destination="org.freedesktop.DBus")
            if not self.daemon:
                self.start_example()

    def test_root_alone_sets(self):
        self.start_example()
        self.assert_set_refused("Rejected send message", "LogLevel", "debug")
        self.assertEqual(self.get_log_control("LogLevel"), "info")
        self.set_level("debug")
        self.assertEqual(self.get_log_control("LogLevel"), "debug")

    def test_the_rest_is_denied(self):
        """The bus denies calls of other interfaces, so the daemon does not get them."""
        self.start_example()
        for interface in ("org.xenpv.Compat1.Other", "org.freedesktop.DBus.Debug.Stats", LOG_CONTROL):
            with self.subTest(interface):
                self.assert_refused("Rejected send message", ROOT, interface + ".Anything")

    def test_every_rule_is_narrow(self):
        interfaces = set()
        for rule in ElementTree.parse(POLICY).iter("allow"):
            if rule.get("own") is None:
                self.assertEqual(rule.get("send_destination"), NAME, rule.attrib)
                interfaces.add(rule.get("send_interface"))
        self.assertNotIn(None, interfaces)
        ours = {interface.get("name") for interface in ElementTree.parse(INTERFACE).iter("interface")}
        self.assertEqual({name for name in interfaces if name.startswith(NAME)}, ours)
        self.assertEqual([rule.attrib for rule in ElementTree.parse(POLICY).iter("deny")], [])


class Log(TestCase):
    """Tests of LogControl1 on a bus that allows everything, so that the daemon itself must refuse."""

    def test_interface(self):
        """The interface is that of org.freedesktop.LogControl1(5)."""
        self.start_example()
        text = self.client.call(LOG_PATH, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
        interface = ElementTree.fromstring(text).find(f"interface[@name='{LOG_CONTROL}']")
        self.assertEqual({(p.get("name"), p.get("type"), p.get("access")) for p in interface.iter("property")},
                         {("LogLevel", "s", "readwrite"), ("LogTarget", "s", "readwrite"),
                          ("SyslogIdentifier", "s", "read")})
        self.assertEqual(self.get_log_control("SyslogIdentifier"), "xenpv-compatd")
        self.assertEqual(self.get_log_control("LogTarget"), "console")

    def test_level(self):
        daemon = self.start_example()
        self.client.refresh()
        self.assertNotIn("Refresh", daemon.log())
        self.set_level("debug")
        self.client.refresh()
        self.assertRegex(daemon.log(), "(?m)^xenpv-compatd: debug: Refresh [0-9]+ is over$")
        self.assertNotRegex(daemon.log(), "(?i)libvirt.*DEBUG|update handle")
        self.set_level("err")
        before = daemon.log()
        self.client.refresh()
        daemon.send(signal.SIGHUP)
        self.systemd.wait_for("RELOADING=1")
        self.systemd.wait_for("READY=1")
        self.assertEqual(daemon.log(), before)

    def test_wrong_words(self):
        self.start_example()
        for name, word in (("LogLevel", "loud"), ("LogLevel", ""), ("LogTarget", "printer")):
            with self.assertRaisesRegex(GLib.Error, f"InvalidArgs.*There is no log .* “{word}”"):
                self.client.call(LOG_PATH, PROPERTIES, "Set", "(ssv)", LOG_CONTROL, name, GLib.Variant("s", word))
        self.assertEqual(self.get_log_control("LogLevel"), "info")

    def test_others_may_read_only(self):
        self.start_example()
        self.assertEqual(self.assert_allowed("get-property", NAME, LOG_PATH, LOG_CONTROL, "LogLevel"), 's "info"\n')
        for name, word in (("LogLevel", "debug"), ("LogTarget", "journal")):
            self.assert_set_refused("not permitted", name, word)
        self.assertEqual(self.get_log_control("LogLevel"), "info")
        self.assertEqual(self.get_log_control("LogTarget"), "console")

    def test_level_of_the_environment(self):
        daemon = self.start("test:///default", env={"SYSTEMD_LOG_LEVEL": "debug"})
        self.assertEqual(self.get_log_control("LogLevel"), "debug")
        self.assertRegex(daemon.log(), "(?m)^xenpv-compatd: debug: Refresh 1 is over$")


class Notices(TestCase):
    def test_start_and_end(self):
        """The daemon sends its status, READY=1 once it has its name and all objects, and STOPPING=1 at its end."""
        daemon = self.start_example()
        self.assertEqual(self.systemd.wait_for("READY=1"), ["STATUS=13 domains, 3 incompatible"])
        self.assertIsNotNone(self.client.owner)
        daemon.send(signal.SIGTERM)
        self.systemd.wait_for("STOPPING=1")
        # No second signal is sent: LeakSanitizer could hang if it came while it holds the threads.
        self.assertEqual(self.stop_daemon(0), 0)

    def test_status(self):
        virt = self.libvirtd(domain_xml("guest", 1, COMPATIBLE))
        self.start(virt.uri, "--host-architecture=x86_64")
        self.assertIn("STATUS=1 domain, 0 incompatible", self.systemd.wait_for("READY=1"))
        virt.define(domain_xml("other", 2, RHEL3)).create()
        self.systemd.wait_for("STATUS=2 domains, 1 incompatible")
        virt.end()
        self.systemd.wait_for("STATUS=2 domains, 1 incompatible; libvirt does not answer")

    def test_ready_without_libvirt(self):
        self.start("test+unix:///default?socket=/nonexistent/libvirt-sock")
        self.assertIn("STATUS=0 domains, 0 incompatible; libvirt does not answer", self.systemd.wait_for("READY=1"))

    def test_watchdog(self):
        """The watchdog's pings go on while libvirt hangs and one call after another is overdue."""
        virt = self.libvirtd(domain_xml("guest", 1, COMPATIBLE))
        self.start(virt.uri, "--call-timeout=1", env={"WATCHDOG_USEC": "200000"})
        self.systemd.wait_for("STATUS=1 domain, 0 incompatible")
        virt.process.send(signal.SIGSTOP)
        self.systemd.wait_for("STATUS=1 domain, 0 incompatible; libvirt does not answer")
        for _ in range(30):  # 3 s in all, longer than a call's deadline and the next try
            self.systemd.wait_for("WATCHDOG=1")


class Reload(TestCase):
    def setUp(self):
        super().setUp()
        self.virt = self.libvirtd(domain_xml("guest", 1, RHEL3), domain_xml("silent", 2))

    def configure(self, **values):
        lines = "".join(f"{name.replace('_', '-')} = {value}\n" for name, value in values.items())
        return self.write("test.conf", "[xenpv-compatd]\n" + lines)

    def start_with(self, *options, **values):
        path = self.configure(uri=self.virt.uri, host_architecture="x86_64", **values)
        self.launch("--config", path, *options)
        self.systemd.wait_for("READY=1")

    def reload(self):
        self.daemon.send(signal.SIGHUP)
        self.systemd.wait_for("RELOADING=1\nMONOTONIC_USEC=")
        self.systemd.wait_for("READY=1")

    def verdict(self, number):
        domain = self.client.domain(uuid_of(number))
        return domain["Verdict"], domain["Reasons"]

    def test_facts(self):
        """If the host's facts change, all domains are judged again before the reload ends."""
        self.start_with(host_processor="intel")
        self.assertEqual(self.verdict(1), ("incompatible", ["host-architecture-mismatch"]))
        counts = self.client.host()["Counts"]
        self.configure(uri=self.virt.uri, host_architecture="i686", host_kernel="2.6.18-398.el5xen",
                       host_processor="intel")
        self.reload()
        self.assertEqual(self.verdict(1), ("compatible", []))
        self.client.wait_for_change(uuid_of(1), Verdict="compatible")
        host = self.client.host()
        self.assertEqual((host["HostArchitecture"], host["HostRelease"], host["HostProcessor"], host["Connected"]),
                         ("i686", "5.11", "intel", True))
        told = [arguments[1] for arguments in self.client.members("PropertiesChanged") if arguments[0] == MANAGER]
        self.assertTrue(any(changed.get("HostArchitecture") == "i686" for changed in told), told)
        self.client.wait_for(lambda: self.client.host()["Counts"] != counts, "Counts")
        self.assertRegex(self.daemon.log(), "Configuration reloaded")

    def test_grace(self):
        """A shorter grace, or none, also applies to a run that is in its grace."""
        self.start_with(grace=86400)
        self.assertEqual(self.verdict(2), ("unknown", ["kernel-pending"]))
        self.configure(uri=self.virt.uri, grace=1)
        self.reload()
        self.client.wait_for_change(uuid_of(2), Reasons=["kernel-not-reported"])

        self.configure(uri=self.virt.uri, grace=86400)
        self.reload()
        self.virt.define(domain_xml("late", 3)).create()
        self.client.wait_for(lambda: self.client.domains().get(uuid_of(3), {}).get("State") == "running", "the domain")
        self.assertEqual(self.verdict(3), ("unknown", ["kernel-pending"]))
        self.configure(uri=self.virt.uri, grace=0)
        self.reload()
        self.assertEqual(self.verdict(3), ("unknown", ["kernel-not-reported"]))

    def test_call_timeout(self):
        """A new call-timeout applies from the next connection on."""
        self.start_with(host_processor="intel", call_timeout=3600)
        self.configure(uri=self.virt.uri, host_processor="intel", call_timeout=1)
        self.reload()
        self.virt.restart()
        self.systemd.wait_for("STATUS=2 domains, 0 incompatible; libvirt does not answer")
        self.systemd.wait_for("STATUS=2 domains, 0 incompatible")
        self.virt.process.send(signal.SIGSTOP)
        self.systemd.wait_for("STATUS=2 domains, 0 incompatible; libvirt does not answer")

    def test_uri(self):
        self.start_with()
        self.configure(uri="test:///default", host_architecture="x86_64")
        self.reload()
        self.assertEqual(self.client.host()["Uri"], self.virt.uri)
        self.assertRegex(self.daemon.log(), "warning: The libvirt connection stays test.unix:.*; test:///default needs a "
                                            "restart")
        self.client.refresh()
        self.assertEqual(set(self.client.domains()), {uuid_of(1), uuid_of(2)})

    def test_options_stay_above(self):
        self.start_with("--host-processor=amd")
        self.configure(uri=self.virt.uri, host_architecture="i686", host_processor="intel")
        self.reload()
        self.assertEqual(self.client.host()["HostProcessor"], "amd")

    def test_bad_file(self):
        """A bad file is ignored as a whole, and the message names the error."""
        self.start_with(host_processor="intel")
        before = self.client.host()
        for text, sentence in (
                ("[xenpv-compatd]\nhost-processor=amd\ngrace=12x\n",
                 "test.conf:3: grace takes whole seconds from 0 to 86400, not “12x”"),
                ("[xenpv-compatd]\nhost-processor=amd\ncolour=red\n", "test.conf:3: there is no key “colour”"),
                (None, "Cannot read the configuration: .*test.conf”: No such file or directory")):
            with self.subTest(sentence):
                if text:
                    self.write("test.conf", text)
                else:
                    os.unlink(os.path.join(self.folder, "test.conf"))
                self.reload()
                self.assertRegex(self.daemon.log(), "warning: Keeping the previous configuration: .*" + sentence)
                self.assertEqual(self.client.host(), before)
        self.configure(uri=self.virt.uri, host_architecture="x86_64", host_processor="amd")
        self.reload()
        self.assertEqual(self.client.host()["HostProcessor"], "amd")


class End(TestCase):
    """The daemon ends soon although a call to libvirt hangs, whose deadline is an hour away."""

    def end(self, number=signal.SIGTERM):
        daemon = self.daemon
        daemon.send(number)
        self.assertEqual(daemon.wait(), 0, daemon.log())
        self.systemd.wait_for("STOPPING=1")
        self.stop_daemon()

    def test_idle(self):
        virt = self.libvirtd(domain_xml("guest", 1, COMPATIBLE))
        for number in (signal.SIGTERM, signal.SIGINT):
            self.launch("--uri", virt.uri)
            self.systemd.wait_for("READY=1")
            self.end(number)

    def test_look_hangs(self):
        virt = self.libvirtd(domain_xml("guest", 1, COMPATIBLE))
        self.start(virt.uri, "--call-timeout=3600")
        virt.process.send(signal.SIGSTOP)
        # The refresh has begun once the call after it is answered.
        self.client.bus.call(NAME, ROOT, MANAGER, "Refresh", None, None, 0, -1, None, None, None)
        self.client.host()
        self.end()

    def test_connection_hangs(self):
        virt = self.libvirtd(domain_xml("guest", 1, COMPATIBLE))
        virt.process.send(signal.SIGSTOP)
        self.launch("--uri", virt.uri, "--call-timeout=3600")
        self.systemd.wait_for("READY=1")  # after NAME_SECONDS, it no longer waits for libvirt
        self.end()


if __name__ == "__main__":
    harness.main()
