# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each failure is reported in one sentence, and affects nothing else."""
import os
import signal
import subprocess

import harness
from gi.repository import Gio, GLib
from harness import domain_xml, uuid_of


class AtStart(harness.TestCase):
    def test_unreachable_libvirt(self):
        """The bus name is acquired, Connected is false, and a line says why."""
        daemon = self.start("test+unix:///default?socket=/nonexistent/libvirt-sock")
        host = self.client.host()
        self.assertFalse(host["Connected"])
        self.assertEqual((host["LastUpdate"], host["Hypervisor"], host["HostArchitecture"]), (0, "", ""))
        self.assertEqual((host["HostKernel"], host["HostProcessor"]), (harness.KERNEL, harness.PROCESSOR))
        self.assertEqual(self.client.domains(), {})
        self.assertRegex(daemon.log(), "Cannot connect to libvirt at test.unix:.*/nonexistent/libvirt-sock")
        with self.assertRaisesRegex(GLib.Error, "org.xenpv.Compat1.Error.NotConnected.*nonexistent"):
            self.client.refresh()
        self.assertEqual(self.stop_daemon(), 0)

    def test_unclean_error(self):
        """libvirt's error quotes the path, with bytes that the bus does not accept."""
        self.start("test+unix:///default?socket=/nonexistent/%ff%01")
        with self.assertRaisesRegex(GLib.Error, "NotConnected.*/nonexistent/\N{REPLACEMENT CHARACTER}'"):
            self.client.refresh()

    def test_call_with_file_descriptors(self):
        """The bus refuses a call with file descriptors, which the daemon would keep open while the call waits."""
        self.start_example()
        descriptors = Gio.UnixFDList.new_from_array([os.open(os.devnull, os.O_RDONLY)])
        with self.assertRaisesRegex(GLib.Error, "org.freedesktop.DBus.Error.NotSupported"):
            self.client.bus.call_with_unix_fd_list_sync(harness.NAME, harness.ROOT, "org.freedesktop.DBus.Peer", "Ping",
                                                        None, None, 0, -1, descriptors)

    def test_remote_host_is_not_this_one(self):
        self.start("test+unix://elsewhere/default?socket=/nonexistent/libvirt-sock")
        host = self.client.host()
        self.assertEqual((host["HostKernel"], host["HostName"], host["HostProcessor"]), ("", "", ""))

    def test_name_taken(self):
        self.start_example()
        other = harness.Process([os.environ["XPV_DAEMON"], "--uri", "test:///default", "--config",
                                 self.write("empty.conf", "")], env=self.environment(),
                                log=os.path.join(self.folder, "other.log"))
        self.assertEqual(other.wait(), 1, other.log())
        self.assertRegex(other.log(), "Cannot own the bus name org.xenpv.Compat1: another process owns it")

    def test_no_bus(self):
        status, log = self.run_daemon(env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"})
        self.assertEqual(status, 1)
        self.assertRegex(log, "Cannot connect to the system bus at unix:path=/nonexistent/bus: ")

    def test_bus_ends(self):
        self.start_example()
        self.bus.end()
        self.assertEqual(self.daemon.wait(), 1)
        self.assertRegex(self.daemon.log(), "The bus has closed the connection")
        self.daemon = None

    def test_wrong_usage(self):
        config = self.write("bad.conf", "# comment\n[xenpv-compatd]\nuri = test:///default\ngrace = 12x\n")
        unknown_key = self.write("key.conf", "[xenpv-compatd]\ncolour = red\n")
        group = self.write("group.conf", "[xenpv-compatd]\n\n[other]\nuri = x\n")
        garbage = self.write("garbage.conf", "[xenpv-compatd]\nwhat is this\n")
        for options, sentence in (
                (["--colour"], "Unknown option --colour"),
                (["extra"], "Unexpected argument “extra”"),
                (["--grace=soon"], "--grace=soon: grace takes whole seconds from 0 to 86400, not “soon”"),
                (["--grace=-1"], "grace takes whole seconds .* not “-1”"),
                (["--call-timeout=0"], "call-timeout takes whole seconds from 1 to 3600, not “0”"),
                (["--host-processor=arm"], "host-processor cannot be “arm”; it is intel or amd"),
                (["--host-architecture=i386"], "host-architecture cannot be “i386”; it is i686, x86_64 or ia64"),
                (["--uri="], "a libvirt URI cannot be empty"),
                (["--config", "/nonexistent.conf"], "Cannot read the configuration: .*/nonexistent.conf"),
                (["--config", config], "bad.conf:4: grace takes whole seconds from 0 to 86400, not “12x”"),
                (["--config", unknown_key], "key.conf:2: there is no key “colour”"),
                (["--config", group], r"group.conf:3: there is no group \[other\]"),
                (["--config", garbage], "garbage.conf: .*what is this"),
                (["--config", self.folder], "Cannot read the configuration: "),
        ):
            with self.subTest(options):
                status, log = self.run_daemon(*options)
                self.assertEqual(status, 2)
                self.assertRegex(log, "^xenpv-compatd: .*" + sentence)
                self.assertEqual(log.count("\n"), 1, log)

    def test_version_and_help(self):
        for option in ("--version", "--help"):
            out = subprocess.run([os.environ["XPV_DAEMON"], option], capture_output=True, text=True, check=True)
            self.assertIn("xenpv-compatd", out.stdout)

    def test_command_line_above_file(self):
        config = self.write("some.conf", "[xenpv-compatd]\nuri=test:///default\nhost-processor=amd\n"
                                         "host-architecture=ia64\n")
        self.launch("--config", config, "--host-processor=intel")
        self.client.wait_for(lambda: self.client.owner, "the bus name")
        host = self.client.host()
        self.assertEqual((host["Uri"], host["HostProcessor"], host["HostArchitecture"]), ("test:///default", "intel", "ia64"))


class WhileRunning(harness.TestCase):
    def test_unreadable_domain(self):
        """A domain that cannot be read is published as stale, and others are not affected."""
        virt = self.libvirtd(domain_xml("good", 1, "2.6.18-398.el5"), domain_xml("bad", 2, "2.6.18-398.el5"),
                             domain_xml("ugly", 3, "2.6.18-398.el5PAE"))
        daemon = self.start(virt.uri, env={"XPV_UNREADABLE": "bad"})
        domains = {domain["Name"]: domain for domain in self.client.domains().values()}
        self.assertEqual({name: domain["Stale"] for name, domain in domains.items()},
                         {"good": False, "bad": True, "ugly": False})
        self.assertEqual(domains["ugly"]["Verdict"], "compatible")
        self.assertEqual(domains["bad"]["Verdict"], "unknown")
        self.assertRegex(daemon.log(), f"Cannot read domain .*{uuid_of(2)}")
        self.assertTrue(self.client.host()["Connected"])

    def test_new_domain_is_unreadable(self):
        """A new domain that cannot be read is published with the name from the list, and nothing else."""
        virt = self.libvirtd(domain_xml("good", 1, "2.6.18-398.el5"))
        daemon = self.start(virt.uri, env={"XPV_UNREADABLE": "bad"})
        virt.define(domain_xml("bad", 2, "2.6.18-8.el5PAE", os_type="xen")).create()
        self.client.wait_for(lambda: self.client.members("InterfacesAdded"), "the domain")
        bad = self.client.domain(uuid_of(2))
        self.assertEqual((bad["Name"], bad["State"], bad["Stale"], bad["Verdict"]), ("bad", "no-state", True, "unknown"))
        self.assertRegex(daemon.log(), f"Cannot read domain bad, {uuid_of(2)}: ")

    def test_term_and_int(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.start_example()
            self.assertEqual(self.stop_daemon(number), 0)
            self.client.wait_for(lambda: not self.client.owner, "the name's loss")


if __name__ == "__main__":
    harness.main()
