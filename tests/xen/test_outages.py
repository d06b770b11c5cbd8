# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirtd, xenstored and the daemon end, hang and come back: no change is lost, and no alert is repeated."""
import libvirt
import xentest
from xentest import COMPATIBLE, INCOMPATIBLE

UNITS = "libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket"


class Libvirtd(xentest.TestCase):
    def setUp(self):
        super().setUp()
        self.guest = self.fully_virtualized(INCOMPATIBLE).start()
        self.wait_for_alerts(self.guest, 1)
        self.wait_for(self.guest, Drivers="inactive")  # no more signals follow
        self.client.forget_signals()

    def wait_for_connected(self, *expected):
        """Waits until the signals had these values of Connected, in this order."""
        def told():
            return [changed[1]["Connected"] for _path, _interface, member, changed in self.client.signals
                    if member == "PropertiesChanged" and "Connected" in changed[1]]
        self.client.wait_for(lambda: told() == list(expected), f"Connected: {expected}", 120)

    def test_restarted_killed_and_ended(self):
        for how in ("restart", "kill --signal=KILL"):
            with self.subTest(how):
                self.client.forget_signals()
                xentest.host.run(f"systemctl {how} libvirtd")
                self.wait_for_connected(False, True)
                self.client.refresh()
                # There was no signal, as nothing changed.
                self.assertEqual(self.client.changes(self.guest.uuid), [])
                self.assertEqual(len(self.journal(self.guest, xentest.ALERT)), 1)
                self.assertEqual(self.journal(self.guest, xentest.CLEARED), [])
        # While libvirtd is off, the guest's reports are read; that it ends is noticed when libvirtd is back.
        self.client.forget_signals()
        id = self.guest.id()
        self.addCleanup(xentest.host.run, f"systemctl start {UNITS}")
        xentest.host.run(f"systemctl stop {UNITS}")
        self.wait_for_connected(False)
        self.guest.write("data/os_uname", COMPATIBLE, id)
        self.wait_for(self.guest, Verdict="compatible", KernelSource="xenstore")
        xentest.host.run(f"xl destroy {id}; systemctl start {UNITS}")
        self.wait_for_connected(False, True)
        self.wait_for(self.guest, State="shut-off", Id=-1, Verdict="incompatible", KernelSource="metadata")
        self.assertEqual(len(self.journal(self.guest, xentest.ALERT)), 1)
        self.assertEqual(len(self.journal(self.guest, xentest.CLEARED)), 1)
        # Events come again.
        self.guest.start()
        self.wait_for(self.guest, State="running", Id=self.guest.id())

    def test_stopped(self):
        """While libvirtd hangs, the bus is still served, with what was known, and reports are still read."""
        self.configure("call-timeout=5")
        id = self.guest.id()
        self.addCleanup(xentest.host.run, "systemctl kill --signal=CONT libvirtd")
        xentest.host.run("systemctl kill --signal=STOP libvirtd")
        self.wait_for_connected(False)
        self.assertEqual(self.client.domain(self.guest.uuid)["Verdict"], "incompatible")
        self.guest.write("data/os_uname", COMPATIBLE, id)  # xenstored still works
        self.wait_for(self.guest, Verdict="compatible")
        self.guest.write("data/os_uname", " ", id)
        self.wait_for(self.guest, Verdict="incompatible")
        xentest.host.run("systemctl kill --signal=CONT libvirtd")
        self.wait_for_connected(False, True)
        self.assertEqual(self.client.domain(self.guest.uuid)["Id"], id)
        self.assertEqual(len(self.journal(self.guest, xentest.ALERT)), 1)
        self.assertEqual(len(self.journal(self.guest, xentest.CLEARED)), 1)
        self.guest.domain().destroy()
        self.wait_for(self.guest, State="shut-off", Id=-1)


class Daemon(xentest.TestCase):
    def end_daemon(self, how):
        owner = self.client.owner
        xentest.host.run(how)
        self.client.wait_for(lambda: self.client.owner not in (None, owner), "the next daemon", 120)

    def test_killed_while_an_alert_is_due(self):
        """If the daemon is frozen before a domain starts, and then killed, the next daemon raises the alert, once."""
        guest = self.fully_virtualized(INCOMPATIBLE)
        self.wait_for(guest, State="shut-off")
        xentest.host.run(f"systemctl kill --signal=STOP {xentest.UNIT}")
        guest.start()
        self.end_daemon(f"systemctl kill --signal=KILL {xentest.UNIT}")
        self.wait_for_alerts(guest, 1)
        self.end_daemon(f"systemctl restart {xentest.UNIT}")
        self.assert_told(guest, alerts=1, cleared=0)

    def test_killed_when_it_was_raised(self):
        """A daemon that was killed after an alert does not repeat it, and logs the end of a run that it missed."""
        guest = self.fully_virtualized(INCOMPATIBLE).start()
        self.wait_for_alerts(guest, 1)
        xentest.host.run(f"systemctl kill --signal=STOP {xentest.UNIT}")
        guest.domain().destroy()
        self.end_daemon(f"systemctl kill --signal=KILL {xentest.UNIT}")
        self.assert_told(guest, alerts=1, cleared=1)
        self.assertEqual(self.client.domain(guest.uuid)["State"], "shut-off")


class Xenstored(xentest.TestCase):
    def test_stopped(self):
        """While xenstored hangs, libvirt's events and the bus still work; the guest's report is read afterwards."""
        self.configure("call-timeout=5", "restart")
        guest = self.fully_virtualized().start()
        guest.write("data/os_uname", INCOMPATIBLE)
        self.wait_for_alerts(guest, 1)
        self.addCleanup(xentest.host.run, "kill -CONT $(pidof oxenstored)")
        key = guest.store("data/os_uname")
        # The daemon would read the last ones after a rest.
        xentest.host.run(f"""xenstored=$(pidof oxenstored)
            for i in 1 2 3 4 5 6 7 8; do xenstore-write {key} 2.6.18-$i.el5; done; kill -STOP $xenstored""")
        self.wait_for_journal("_COMM=xenpv-compatd", text="xenstored has not answered for 5 s")
        guest.domain().suspend()
        self.wait_for(guest, State="paused")
        self.client.refresh()
        self.assertEqual(self.client.domain(guest.uuid)["Verdict"], "incompatible")
        xentest.host.run("kill -CONT $(pidof oxenstored)")
        guest.write("data/os_uname", COMPATIBLE)
        self.wait_for(guest, Verdict="compatible")
        self.assert_told(guest, alerts=1, cleared=1)
