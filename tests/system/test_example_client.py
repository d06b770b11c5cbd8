# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example client shows what libvirt has, also after restarts of libvirt and of the daemon.

Each line that it prints is compared, so a row that vanishes and comes back is a failure.
"""
import collections
import os
import signal
import subprocess
import threading

import harness
import libvirt
from gi.repository import Gio, GLib
from harness import DOMAIN, MANAGER, NAME, OBJECT_MANAGER, ROOT, domain_xml, path_of, uuid_of

OPTIONS = ["--host-architecture=x86_64", "--host-kernel=2.6.18-398.el5xen"]
COMPATIBLE, INCOMPATIBLE, TOO_OLD = "2.6.18-398.el5PAE", "2.6.18-8.el5PAE", "guest-release-unsupported"
ICONS = {"compatible": "emblem-default", "incompatible": "dialog-warning"}
CURRENT, NO_LIBVIRT = ["status", "up to date"], ["status", "libvirt is away"]
NO_DAEMON = ["status", "xenpv-compatd is away"]


def row(event, number, name, state, verdict, reasons=""):
    return [event, uuid_of(number), name, state, ICONS[verdict], verdict, reasons, ""]


class TestCase(harness.TestCase):
    def start_client(self):
        self.process = subprocess.Popen([os.environ["XPV_EXAMPLE_CLIENT"]], env=dict(os.environ, **self.environment()),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stderr.close)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.lines = collections.deque()
        threading.Thread(target=self.read_lines, daemon=True).start()

    def read_lines(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n").split("\t"))
            GLib.MainContext.default().wakeup()

    def next_line(self):
        self.client.wait_for(lambda: self.lines, "a line")
        return self.lines.popleft()

    def stop_client(self):
        """Ends the client. It must end at once, and must have printed no error and no unexpected line."""
        self.process.send_signal(signal.SIGINT)
        self.assertEqual((self.process.wait(harness.TIMEOUT), self.process.stderr.read()), (0, ""))
        self.assertFalse(self.lines)

    def expect(self, *lines):
        """Compares the next lines with these."""
        for line in lines:
            self.assertEqual(self.next_line(), line)


class Follows(TestCase):
    def setUp(self):
        super().setUp()
        self.virt = self.libvirtd(domain_xml("stays", 1, COMPATIBLE))

    def start_daemon(self, *options):
        self.start(self.virt.uri, *OPTIONS, *options)

    def start_both(self):
        self.start_daemon()
        self.start_client()
        self.expect(row("add", 1, "stays", "running", "compatible"), CURRENT)

    def test_libvirt(self):
        """The rows follow what other clients of libvirt do to a domain."""
        self.start_both()
        domain = self.virt.define(domain_xml("guest", 2, INCOMPATIBLE))
        self.expect(row("add", 2, "guest", "shut-off", "incompatible", TOO_OLD))
        domain.create()
        self.expect(row("change", 2, "guest", "running", "incompatible", TOO_OLD), ["alert", "guest", INCOMPATIBLE])
        domain.setMetadata(2, f"<guest><kernel>{COMPATIBLE}</kernel></guest>", "compat", "urn:xenpv:compat:1",
                           libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        self.expect(row("change", 2, "guest", "running", "compatible"))
        domain.destroy()
        self.expect(row("change", 2, "guest", "shut-off", "compatible"))
        domain.undefine()
        self.expect(row("remove", 2, "guest", "shut-off", "compatible"))
        self.stop_client()

    def test_stale(self):
        """A domain that cannot be read is shown as stale."""
        self.start(self.virt.uri, *OPTIONS, env={"XPV_UNREADABLE": "stays"})
        self.start_client()
        self.expect(["add", uuid_of(1), "stays", "no-state", "dialog-question", "unknown", "kernel-pending", "stale"],
                    CURRENT)
        self.stop_client()

    def test_before_the_daemon(self):
        self.start_client()
        self.expect(NO_DAEMON)
        self.start_daemon()
        self.expect(row("add", 1, "stays", "running", "compatible"), CURRENT)
        self.stop_client()

    def test_daemon_restarts(self):
        """When the daemon is back, only rows that changed meanwhile change."""
        self.start_both()
        lost = self.virt.define(domain_xml("lost", 2, COMPATIBLE))
        self.expect(row("add", 2, "lost", "shut-off", "compatible"))
        self.stop_daemon()
        self.expect(NO_DAEMON)
        lost.undefine()
        self.virt.domain("stays").suspend()
        self.start_daemon()
        self.expect(row("change", 1, "stays", "paused", "compatible"), CURRENT,
                    row("remove", 2, "lost", "shut-off", "compatible"))
        self.stop_client()

    def test_daemon_restarts_without_libvirt(self):
        """No row is removed while the daemon has not reached libvirt and publishes no domains."""
        self.start_both()
        lost = self.virt.define(domain_xml("lost", 2, COMPATIBLE))
        self.expect(row("add", 2, "lost", "shut-off", "compatible"))
        self.stop_daemon(signal.SIGKILL)
        self.expect(NO_DAEMON)
        lost.undefine()
        self.virt.process.send(signal.SIGSTOP)
        self.start_daemon("--call-timeout=1")
        self.expect(NO_LIBVIRT)
        self.virt.process.send(signal.SIGCONT)
        self.expect(CURRENT, row("remove", 2, "lost", "shut-off", "compatible"))
        self.stop_client()

    def test_libvirt_restarts(self):
        self.start_both()
        self.virt.end()
        self.expect(NO_LIBVIRT)
        self.virt.domains.append(domain_xml("new", 2, COMPATIBLE))
        self.virt.start()
        # The test driver forgets its domains and starts with one of its own, so the lines until then depend on timing.
        rows = {"stays": "running"}
        while rows != {"stays": "running", "new": "running"}:
            event, *fields = self.next_line()
            if event == "remove":
                del rows[fields[1]]
            elif event in ("add", "change"):
                rows[fields[1]] = fields[2]

    def test_bus_ends(self):
        self.start_both()
        self.bus.popen.kill()  # on SIGTERM, it would tell the daemon first
        self.expect(["status", "the system bus is gone"])
        self.stop_client()
        self.assertEqual(self.daemon.end(0), 1)  # it ends without a signal, which could hang LeakSanitizer
        self.daemon = None


class AnotherVersion(TestCase):
    """A daemon of another version, with unknown words, members and types."""

    INTERFACES = f"""<node><interface name="{OBJECT_MANAGER}"><method name="GetManagedObjects">
        <arg type="a{{oa{{sa{{sv}}}}}}" direction="out"/></method></interface><interface name="{MANAGER}">
        <property name="Connected" type="b" access="read"/><method name="Refresh"/></interface></node>"""

    def setUp(self):
        super().setUp()
        self.objects = {}
        for interface in Gio.DBusNodeInfo.new_for_xml(self.INTERFACES).interfaces:
            self.client.bus.register_object(ROOT, interface, self.on_call, lambda *_: GLib.Variant("b", True), None)

    def on_call(self, _bus, _sender, _path, _interface, method, _arguments, invocation):
        if method == "GetManagedObjects":
            invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (self.objects,)))
        else:
            invocation.return_dbus_error(NAME + ".Error.NotToday", "not today")
            self.add(path_of(uuid_of(3)), self.domain("after the answer"))

    def domain(self, name):
        return {DOMAIN: {"Name": GLib.Variant("s", name), "Verdict": GLib.Variant("s", "half-compatible"),
                         "Reasons": GLib.Variant("as", ["moon-phase", "x"]), "State": GLib.Variant("u", 1),
                         "Colour": GLib.Variant("s", "red")}, "org.xenpv.Compat1.Other": {}}

    def row(self, event, name):
        return [event, "", name, "", "dialog-question", "half-compatible", "moon-phase, x", ""]

    def add(self, path, interfaces):
        self.client.bus.emit_signal(None, ROOT, OBJECT_MANAGER, "InterfacesAdded",
                                    GLib.Variant("(oa{sa{sv}})", (path, interfaces)))

    def own_name(self):
        return Gio.bus_own_name_on_connection(self.client.bus, NAME, Gio.BusNameOwnerFlags.NONE, None, None)

    def test_unknown(self):
        pool = ROOT + "/pool/a"
        self.objects = {path_of(uuid_of(1)): self.domain("guest"), pool: {"org.xenpv.Compat1.Pool": {}}}
        owned = self.own_name()
        self.start_client()
        self.expect(self.row("add", "guest"), CURRENT)
        # An object can become a domain later.
        self.add(pool, self.domain("no pool"))
        self.expect(self.row("add", "no pool"))
        # No row is removed before the daemon has answered Refresh.
        self.objects = {}
        Gio.bus_unown_name(owned)
        self.expect(NO_DAEMON)
        self.own_name()
        self.expect(CURRENT, self.row("add", "after the answer"))
        self.stop_client()


if __name__ == "__main__":
    harness.main()
