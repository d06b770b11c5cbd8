# SPDX-License-Identifier: LGPL-2.1-or-later
"""The published data stays true if libvirtd is absent, killed, stopped, hung, old, or restarted with other domains."""
import contextlib
import os
import signal
import time

import harness
from harness import PROPERTIES, domain_xml, path_of, uuid_of

COMPATIBLE = "2.6.18-398.el5PAE"
INCOMPATIBLE = "2.6.18-8.el5PAE"


class Changes(harness.TestCase):
    def start_with(self, *domains, options=(), env=None):
        """On a busy machine, the first attempt to connect may be overdue, and the daemon takes its name without libvirt."""
        self.virt = self.libvirtd(*domains)
        daemon = self.start(self.virt.uri, "--host-architecture=x86_64", *options, env=env)
        self.client.wait_for(self.connected, "the connection")
        return daemon

    def connected(self):
        return self.client.host()["Connected"]

    def wait_for_connected(self, connected):
        """Waits until the last value is this. On a busy machine, a connection may be lost once more than expected."""
        def told():
            values = [change[1]["Connected"] for change in self.client.members("PropertiesChanged")
                      if "Connected" in change[1]]
            return values and values[-1] == connected
        self.client.wait_for(told, f"Connected {connected}")

    def read(self):
        """Reads a property 1,000 times; each read is answered. The benchmark measures how fast."""
        for _ in range(1000):
            value = self.client.call(path_of(uuid_of(1)), PROPERTIES, "Get", "(ss)", harness.DOMAIN, "Verdict")
            self.assertEqual(value, ("compatible",))

    def test_absent_at_start(self):
        self.virt = self.libvirtd(domain_xml("guest", 1, COMPATIBLE))
        self.virt.end()
        self.start(self.virt.uri)
        self.assertFalse(self.connected())
        self.virt.start()
        self.wait_for_connected(True)
        self.client.wait_for(lambda: self.client.members("InterfacesAdded"), "the domain")
        self.assertEqual(set(self.client.domains()), {uuid_of(1)})

    def test_killed_and_restarted(self):
        """When libvirtd is back, there are no signals for domains that are still there."""
        self.start_with(domain_xml("stays", 1, COMPATIBLE), domain_xml("goes", 2, COMPATIBLE))
        before = self.client.domain(uuid_of(1))
        for number in (signal.SIGKILL, signal.SIGTERM):
            self.client.forget_signals()
            self.virt.end(number)
            self.wait_for_connected(False)
            self.assertEqual(set(self.client.domains()), {uuid_of(1), uuid_of(2)})
            self.assertFalse(self.client.domain(uuid_of(1))["Stale"])
            self.virt.start()
            self.wait_for_connected(True)
            self.client.refresh()
            self.assertEqual(self.client.domain(uuid_of(1)), before)
            self.assertEqual(self.client.members("InterfacesAdded") + self.client.members("InterfacesRemoved"), [])
            self.assertEqual(self.client.changes(uuid_of(1)), [])

    def test_restarted_with_other_domains(self):
        self.start_with(domain_xml("stays", 1, COMPATIBLE), domain_xml("goes", 2, COMPATIBLE))
        self.virt.domains = [domain_xml("stays", 1, INCOMPATIBLE), domain_xml("comes", 3, COMPATIBLE)]
        self.virt.restart()
        self.client.wait_for(lambda: self.client.members("InterfacesAdded"), "the domain that comes")
        self.client.refresh()
        self.assertEqual(set(self.client.domains()), {uuid_of(1), uuid_of(3)})
        self.assertEqual([path for path, _ in self.client.members("InterfacesAdded")], [path_of(uuid_of(3))])
        self.assertEqual([path for path, _ in self.client.members("InterfacesRemoved")], [path_of(uuid_of(2))])
        self.assertEqual(self.client.domain(uuid_of(1))["Verdict"], "incompatible")

    def test_stopped(self):
        """The bus is served while libvirtd is stopped; a change in that time is published afterwards."""
        self.start_with(domain_xml("guest", 1, COMPATIBLE), options=["--call-timeout=1"])
        self.virt.process.send(signal.SIGSTOP)
        self.read()
        self.wait_for_connected(False)
        self.read()
        self.virt.go_on()
        self.wait_for_connected(True)
        self.client.refresh()
        self.assertEqual(self.client.members("InterfacesAdded") + self.client.members("InterfacesRemoved"), [])

    def test_served_during_a_call(self):
        """A hung call that is not overdue yet does not delay anything else."""
        self.start_with(domain_xml("guest", 1, COMPATIBLE), options=["--call-timeout=3600"])
        answers = []
        self.virt.process.send(signal.SIGSTOP)
        self.client.bus.call(harness.NAME, harness.ROOT, harness.MANAGER, "Refresh", None, None, 0, -1, None,
                             lambda _bus, answer, _data: answers.append(answer), None)
        self.read()
        self.assertEqual(answers, [])
        self.virt.go_on()
        self.client.wait_for(lambda: answers, "the answer")

    def test_stopped_during_a_call(self):
        """A call that hangs fails at its deadline, before the keepalive does."""
        self.start_with(domain_xml("guest", 1, COMPATIBLE), options=["--call-timeout=1"])
        self.virt.process.send(signal.SIGSTOP)
        with self.assertRaisesRegex(harness.GLib.Error, "NotConnected"):
            self.client.refresh()
        self.assertFalse(self.connected())
        self.assertEqual(self.stop_daemon(), 0)

    def test_stopped_with_calls_under_way(self):
        """libvirtd is stopped repeatedly while calls for many domains run or wait: no domain stays stale."""
        numbers = range(1, 13)
        self.start_with(*(domain_xml(f"guest-{n}", n, COMPATIBLE) for n in numbers), options=["--call-timeout=1"])
        self.client.forget_signals()
        for round_ in range(5):
            kernel = COMPATIBLE if round_ % 2 else INCOMPATIBLE
            self.virt.domains = [domain_xml(f"guest-{n}", n, kernel) for n in numbers]
            for n in numbers:
                self.virt.report(f"guest-{n}", kernel)
            self.virt.process.send(signal.SIGSTOP)
            # An overdue call counts against its domain first; then the daemon notices that the connection is lost.
            self.wait_for_connected(False)
            self.virt.go_on()
            self.wait_for_connected(True)
            self.client.wait_for(lambda: self.connected() and
                                 {(d["Kernel"], d["Stale"]) for d in self.client.domains().values()} ==
                                 {(kernel, False)}, f"round {round_}: {kernel}")
        self.assertEqual(self.client.members("InterfacesAdded") + self.client.members("InterfacesRemoved"), [])

    def start_hanging(self, name, *options):
        fifo = os.path.join(self.folder, "hang")
        daemon = self.start_with(domain_xml("hangs", 1, COMPATIBLE), domain_xml("other", 2, COMPATIBLE), *(),
                                 options=["--call-timeout=1", *options], env={"XPV_HANG": name, "XPV_HANG_FIFO": fifo})
        os.mkfifo(fifo)
        os.chmod(fifo, 0o666)
        return daemon, fifo

    @staticmethod
    def release(fifo):
        """Lets hung calls return, and new ones not hang."""
        os.rename(fifo, fifo + ".old")
        os.close(os.open(fifo + ".old", os.O_RDWR))
        writer = os.open(fifo + ".old", os.O_RDWR)
        os.close(writer)

    def test_one_domain_hangs(self):
        """Only the domain whose call hangs is stale; a new connection serves the others."""
        _daemon, fifo = self.start_hanging("hangs")
        self.virt.domain("hangs").suspend()
        self.client.wait_for_change(uuid_of(1), Stale=True)
        self.assertTrue(self.connected())
        self.virt.domain("other").suspend()
        self.client.wait_for_change(uuid_of(2), State="paused")
        self.assertFalse(self.client.domain(uuid_of(2))["Stale"])
        self.release(fifo)
        self.client.wait_for_change(uuid_of(1), Stale=False, State="paused")
        self.assertFalse(any("Connected" in arguments[1] for arguments in self.client.members("PropertiesChanged")))
        self.assertEqual(self.client.members("InterfacesAdded") + self.client.members("InterfacesRemoved"), [])

    def test_new_domain_hangs(self):
        """A new domain whose call hangs is published as stale, and is read once the call returns."""
        _daemon, fifo = self.start_hanging("late")
        self.virt.define(domain_xml("late", 3, COMPATIBLE)).create()
        self.client.wait_for(lambda: self.client.members("InterfacesAdded"), "the domain")
        late = self.client.domain(uuid_of(3))
        self.assertEqual((late["Name"], late["Stale"], late["Verdict"]), ("late", True, "unknown"))
        self.release(fifo)
        self.client.wait_for_change(uuid_of(3), Stale=False, State="running", Verdict="compatible")
        self.assertFalse(any("Connected" in arguments[1] for arguments in self.client.members("PropertiesChanged")))

    def test_ends_while_a_call_hangs(self):
        self.start_hanging("hangs")
        self.virt.domain("hangs").suspend()
        self.client.wait_for_change(uuid_of(1), Stale=True)
        self.assertEqual(self.stop_daemon(), 0)

    def test_everything_hangs(self):
        _daemon, fifo = self.start_hanging("*")
        with self.assertRaisesRegex(harness.GLib.Error, "NotConnected"):
            self.client.refresh()
        self.assertFalse(self.connected())
        self.assertEqual(self.client.domain(uuid_of(2))["Verdict"], "compatible")
        self.release(fifo)
        self.wait_for_connected(True)

    def follow_changes(self):
        """Changes domains; in the end, a client has the same as with events."""
        self.virt.define(domain_xml("second", 2, COMPATIBLE))
        self.client.wait_for(lambda: self.client.members("InterfacesAdded"), "InterfacesAdded")
        self.virt.define(domain_xml("second", 2, INCOMPATIBLE)).create()
        self.client.wait_for_change(uuid_of(2), State="running", Verdict="incompatible")
        self.virt.domain("second").destroy()
        self.virt.domain("second").undefine()
        self.client.wait_for(lambda: self.client.members("InterfacesRemoved"), "InterfacesRemoved")

    def test_old_server(self):
        """With a server like libvirt 0.3.3, the daemon uses older calls and polls."""
        self.start_with(domain_xml("first", 1, COMPATIBLE), env={"XPV_UNSUPPORTED": "list-all,state,events"})
        self.assertEqual(self.client.domain(uuid_of(1))["State"], "running")
        self.follow_changes()

    def test_old_server_list_while_domains_change(self):
        """A domain that starts between the two older calls, so that neither lists it, is kept."""
        fifo = os.path.join(self.folder, "hang")
        self.start_with(domain_xml("first", 1, COMPATIBLE),
                        env={"XPV_UNSUPPORTED": "list-all,state,events", "XPV_HANG_LIST_FIFO": fifo})
        second = self.virt.define(domain_xml("second", 2, COMPATIBLE))
        self.client.refresh()
        with self.refreshing(fifo):
            second.create()
        self.assertEqual({d["Name"]: d["State"] for d in self.client.domains().values()},
                         {"first": "running", "second": "running"})
        self.assertEqual(self.client.members("InterfacesRemoved"), [])

    def test_server_without_metadata_events(self):
        """Starts and stops come by events; metadata is polled once a minute."""
        self.start_with(domain_xml("first", 1, COMPATIBLE), env={"XPV_UNSUPPORTED": "metadata-events"})
        self.follow_changes()
        self.virt.report("first", INCOMPATIBLE)
        self.client.wait_for(lambda: any(c.get("Verdict") == "incompatible" for c in self.client.changes(uuid_of(1))),
                             "a poll", timeout=2 * harness.TIMEOUT)

    def test_thousand_starts(self):
        """1,000 domains that start one after the other are published, each with one signal."""
        count = 1000
        self.start_with()
        for n in range(1, count + 1):
            self.virt.define(domain_xml(f"guest-{n}", n, COMPATIBLE)).create()
        running = lambda: sum(d["State"] == "running" for d in self.client.domains().values()) == count  # noqa: E731
        self.client.wait_for(running, "all domains")
        for path, interface, member, arguments in self.client.signals:
            if member == "PropertiesChanged" and arguments[0] == harness.DOMAIN and "State" in arguments[1]:
                self.assertEqual(arguments[1]["State"] == "running", arguments[1].get("Id", -1) >= 0, (path, arguments))
        self.assertEqual(self.client.host()["Counts"]["compatible"], count)

    def count_in(self, path, text):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().count(text)

    def test_first_refresh(self):
        """The first refresh takes one connection, one list and a call a domain; a paused one is published as paused."""
        count = 1000
        calls = os.path.join(self.folder, "calls")
        self.virt = self.libvirtd(*(domain_xml(f"guest-{n}", n, COMPATIBLE) for n in range(1, count + 1)))
        self.virt.domain("guest-500").suspend()
        self.start(self.virt.uri, "--host-architecture=x86_64",
                   env={"LIBVIRT_LOG_FILTERS": "1:libvirt", "LIBVIRT_LOG_OUTPUTS": f"1:file:{calls}"})
        domains = self.client.domains()
        self.assertEqual(len(domains), count)
        self.assertEqual({d["Verdict"] for d in domains.values()}, {"compatible"})
        self.assertEqual([(d["Name"], d["State"]) for d in domains.values() if d["State"] != "running"],
                         [("guest-500", "paused")])
        self.assertEqual([self.count_in(calls, f" : vir{call}:") for call in (
            "ConnectOpenReadOnly", "DomainGetXMLDesc", "DomainLookupByUUIDString", "DomainGetState")], [1, count, 0, 0])
        self.assertEqual(self.stop_daemon(), 0)
        self.assertEqual(self.count_in(calls, " : virConnectClose:"), 1)

    @contextlib.contextmanager
    def refreshing(self, fifo):
        """Calls Refresh, whose list of domains hangs by XPV_HANG_LIST_FIFO until the block ends."""
        os.mkfifo(fifo)
        os.chmod(fifo, 0o666)
        refreshed = []
        self.client.bus.call(harness.NAME, harness.ROOT, harness.MANAGER, "Refresh", None, None, 0, -1, None,
                             lambda bus, result: refreshed.append(bus.call_finish(result)))
        writer = os.open(fifo, os.O_WRONLY)  # opens once the call hangs
        yield
        os.rename(fifo, fifo + ".old")
        os.close(writer)
        self.client.wait_for(lambda: refreshed, "the end of Refresh")

    def test_one_of_very_many_hangs(self):
        """If one of 1,000 domains hangs, it alone is stale."""
        count = 1000
        fifo = os.path.join(self.folder, "hang")
        os.mkfifo(fifo)
        os.chmod(fifo, 0o666)
        self.start_with(*(domain_xml(f"guest-{n}", n, COMPATIBLE) for n in range(1, count + 1)),
                        options=["--call-timeout=2"], env={"XPV_HANG": "guest-700", "XPV_HANG_FIFO": fifo})
        self.client.refresh()
        self.assertEqual([d["Name"] for d in self.client.domains().values() if d["Stale"]], ["guest-700"])
        self.assertTrue(self.connected())
        self.release(fifo)
        self.client.wait_for_change(uuid_of(700), Stale=False, Verdict="compatible")


if __name__ == "__main__":
    harness.main()
