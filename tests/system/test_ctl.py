# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client, with the real daemon."""
import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading

import harness
from gi.repository import Gio, GLib
from harness import domain_xml, uuid_of

CHECK_KEYS = ["kernel", "verdict", "reasons", "warnings", "release", "variant", "processor", "required_host_architectures",
              "driver_source", "explanation", "remedy"]
FACTS = ["--host-architecture=x86_64", "--host-processor=intel", "--host-kernel=2.6.18-53.el5xen"]
COMPATIBLE, INCOMPATIBLE, UNKNOWN = "2.6.18-398.el5PAE", "2.6.18-8.el5PAE", "gibberish"


class Check(harness.TestCase):
    """The verb check needs neither the daemon nor a bus."""

    def environment(self):
        return {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}

    def test_exit_status(self):
        for reports, status in (([COMPATIBLE], 0), ([COMPATIBLE, INCOMPATIBLE], 1), ([UNKNOWN, INCOMPATIBLE], 1),
                                ([COMPATIBLE, UNKNOWN], 3), (["6.1.0-18-amd64"], 3), ([" ", COMPATIBLE, ""], 0)):
            self.assertEqual(self.ctl("check", *FACTS, *reports).returncode, status, reports)

    def test_nothing_to_check(self):
        """Empty input is an error: it may come from a script whose ssh failed."""
        for reports, stdin in (([""], ""), ([" ", "\t"], ""), (["-"], ""), (["-"], "\n  \n\r\n"), (["", "-"], "\n")):
            for options in ([], ["--json"], ["--all-hosts"], ["--all-hosts", "--json"]):
                done = self.ctl("check", *options, *reports, stdin=stdin)
                self.assertEqual((done.returncode, done.stdout, done.stderr),
                                 (2, "", "xenpv-compatctl: there is nothing to check: every report is empty or blank\n"))
        self.assertEqual(self.ctl("check", *FACTS, "", "-", stdin=f"\n{COMPATIBLE}").returncode, 0)

    def test_json(self):
        done = self.ctl("check", *FACTS, "--json", "2.4.21-50.EL i686", COMPATIBLE)
        first, second = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(list(first), CHECK_KEYS)
        self.assertEqual((first["kernel"], first["release"], first["variant"]), ("2.4.21-50.EL i686", "3.9", ""))
        self.assertEqual(second["required_host_architectures"], ["i686", "x86_64"])

    def test_standard_input(self):
        reports = f"{COMPATIBLE}\n\n  \n{INCOMPATIBLE}\r\n{COMPATIBLE}".encode() + b"\x00\n\xff\xfe\n" + b"x" * 100_000
        done = self.ctl("check", *FACTS, "--json", "-", stdin=reports, text=False)
        verdicts = [json.loads(line)["verdict"] for line in done.stdout.decode().splitlines()]
        self.assertEqual(verdicts, ["compatible", "incompatible", "compatible", "unknown", "unknown"])
        self.assertEqual(done.returncode, 1)

    def test_this_machine(self):
        """Without options, check takes this machine for the host, as if it ran Xen."""
        result = json.loads(self.ctl("check", "--json", COMPATIBLE).stdout)
        self.assertIn(result["verdict"], ("compatible", "unknown", "incompatible"))
        self.assertIn("host-release-unverified", result["warnings"])

    def test_virtualization(self):
        result = json.loads(self.ctl("check", *FACTS, "--json", "--virtualization=pv", COMPATIBLE).stdout)
        self.assertEqual((result["verdict"], result["reasons"]), ("not-applicable", ["paravirtualized-guest"]))

    def test_wrong_usage(self):
        for arguments, sentence in ((["frobnicate"], "no verb “frobnicate”"), (["list", "--colour"], "--colour"),
                                    (["check"], "needs an argument"), (["show"], "needs an argument"),
                                    (["show", "a", "b"], "“b”"), (["host", "x"], "“x”"),
                                    (["check", "--fail", "x"], "--fail"), (["list", "--host-processor=amd"], "--host-"),
                                    (["check", "--host-processor=arm", "x"], "“arm”.*intel or amd"),
                                    (["check", "--host-architecture=i386", "x"], "“i386”"),
                                    (["check", "--virtualization=kvm", "x"], "“kvm”")):
            done = self.ctl(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertRegex(done.stderr, "^xenpv-compatctl: .*" + sentence)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_version(self):
        self.assertRegex(self.ctl("--version").stdout, r"^xenpv-compatctl \d+\.\d+\.\d+\n$")

    def run_with(self, stdin, stdout):
        """Runs "check -" with these files. Returns: exit status and standard error."""
        done = subprocess.run([os.environ["XPV_CTL"], "check", *FACTS, "--json", "-"], stdin=stdin, stdout=stdout,
                              stderr=subprocess.PIPE, text=True, timeout=harness.TIMEOUT, check=False)
        return done.returncode, done.stderr

    def test_broken_input_and_output(self):
        """The exit status is 74, which no verdict has."""
        reports = self.write("reports", f"{COMPATIBLE}\n" * 1000)
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        self.assertEqual(self.run_with(folder, subprocess.DEVNULL),
                         (74, "xenpv-compatctl: cannot read standard input: Is a directory\n"))
        with open(reports, encoding="utf-8") as stdin, open("/dev/full", "w", encoding="utf-8") as stdout:
            self.assertEqual(self.run_with(stdin, stdout),
                             (74, "xenpv-compatctl: cannot write to standard output: No space left on device\n"))

    def test_input_that_breaks_off(self):
        """Half of a line, before an error, is not judged."""
        stdin, sender = socket.socketpair()
        with stdin, sender:
            stdin.send(b"unread")  # so that closing the other end resets the connection
            sender.send(f"{INCOMPATIBLE}\n{COMPATIBLE}".encode())
            sender.close()
            done = subprocess.run([os.environ["XPV_CTL"], "check", *FACTS, "--json", "-"], stdin=stdin, capture_output=True,
                                  text=True, timeout=harness.TIMEOUT, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (74, "xenpv-compatctl: cannot read standard input: Connection reset by peer\n"))
        self.assertEqual([json.loads(line)["kernel"] for line in done.stdout.splitlines()], [INCOMPATIBLE])

    def test_nobody_reads_on(self):
        """If the reader of a pipe ends, as head(1) does, the exit status is that of the verdicts so far."""
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        with open(self.write("reports", f"{INCOMPATIBLE}\n" * 2), encoding="utf-8") as stdin:
            self.assertEqual(self.run_with(stdin, writer), (1, ""))

    def test_completion(self):
        """The completion knows each option of the help."""
        with open(os.path.join(harness.SOURCE, "ctl", "xenpv-compatctl.bash-completion"), encoding="utf-8") as file:
            known = set(re.findall(r"[\w-]+", file.read()))
        listed = self.ctl("--help").stdout.partition("Verbs:")[2].partition("Exit status:")[0]
        named = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", listed, re.MULTILINE)
        self.assertGreater(len(named), 10)
        self.assertLessEqual(set(named), known)

    def test_no_bus(self):
        for verb in (["list"], ["show", "x"], ["host"], ["monitor"], []):
            done = self.ctl(*verb)
            self.assertEqual(done.returncode, 4, verb)
            self.assertRegex(done.stderr, "^xenpv-compatctl: .*bus")


class Verbs(harness.TestCase):
    def keys_of_domain(self):
        return {harness.snake(name) for name in self.client.domain(uuid_of(5))}

    def test_no_daemon(self):
        done = self.ctl("list")
        self.assertEqual((done.returncode, done.stdout), (4, ""))
        self.assertRegex(done.stderr, "systemctl start xenpv-compatd")

    def test_list(self):
        self.start_example()
        done = self.ctl("list", "--json")
        domains = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([domain["name"] for domain in domains], sorted(domain["name"] for domain in domains))
        self.assertEqual(len(domains), 13)
        for domain in domains:
            self.assertEqual(set(domain), self.keys_of_domain())
        self.assertEqual(self.ctl().stdout, self.ctl("list").stdout)
        self.assertEqual(self.ctl("list").returncode, 0)
        self.assertEqual(self.ctl("list", "--fail").returncode, 1)
        self.assertNotIn("\x1b", self.ctl("list").stdout)

    def test_show(self):
        self.start_example()
        for name in ("erp39-smp", uuid_of(5)):
            self.assertIn("Run the guest on an i686 host", self.ctl("show", name).stdout)
        shown = json.loads(self.ctl("show", "erp39-smp", "--json").stdout)
        self.assertEqual(set(shown), self.keys_of_domain())
        self.assertEqual((shown["uuid"], shown["verdict"], shown["stale"]), (uuid_of(5), "incompatible", False))
        done = self.ctl("show", "nobody")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("nobody", done.stderr)

    def test_host(self):
        self.start_example()
        host = json.loads(self.ctl("host", "--json").stdout)
        self.assertEqual(set(host), {harness.snake(name) for name in self.client.host()})
        self.assertEqual((host["connected"], host["host_release"], host["counts"]["unknown"]), (True, "5.1", 3))
        self.assertTrue(host["disks_read"])
        self.assertIn("2.6.18-53.el5xen", self.ctl("host").stdout)

    def test_disks_not_read(self):
        """The host verb says whether disks are read, and why not."""
        self.start_example()
        self.assertRegex(self.ctl("host").stdout, "(?m)^Disks are read: +yes$")
        self.stop_daemon()
        self.client.wait_for(lambda: not self.client.owner, "the end")
        self.start("test+tcp://127.0.0.1:1/default")
        self.assertFalse(self.client.host()["DisksRead"])
        self.assertRegex(self.ctl("host").stdout, "(?m)^Disks are read: +no, as they are on another host: the transport is not ssh$")

    def test_libvirt_away(self):
        self.start("test+unix:///default?socket=/nonexistent")
        done = self.ctl("list")
        self.assertEqual(done.returncode, 0)
        self.assertIn("does not answer, and nothing has been read from it yet", done.stdout)
        done = self.ctl("list", "--json")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertRegex(done.stderr, "^xenpv-compatctl: libvirt .* does not answer, and nothing has been read .*")

    def test_libvirt_goes(self):
        virt = self.libvirtd(domain_xml("guest", 1, COMPATIBLE))
        self.start(virt.uri, *FACTS)
        virt.end()
        self.client.wait_for(lambda: not self.client.host()["Connected"], "the loss")
        done = self.ctl("list")
        self.assertRegex(done.stdout, r"guest .* compatible .*\n(.*\n)*Warning: libvirt .* does not answer; the data "
                                      r"is from \d{4}-\d\d-\d\dT")

    def test_not_the_daemon(self):
        """Another program, which does not have the interface, owns the bus name."""
        self.client.bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                                  GLib.Variant("(su)", (harness.NAME, 0)), None, Gio.DBusCallFlags.NONE, -1, None)
        for arguments in (["list"], ["show", "x"], ["host"], ["monitor"]):
            done = self.ctl(*arguments)
            self.assertEqual((done.returncode, done.stdout), (4, ""), arguments)
            self.assertRegex(done.stderr, "^xenpv-compatctl: asked org.xenpv.Compat1 over the system bus, but got no "
                                          "answer that makes sense ")

    def test_hostile_name(self):
        """Control characters in names do not reach the terminal."""
        self.start("test://" + self.write("node.xml", "<node>" + domain_xml("a\u202e\u0085\u200bb", 1) + "</node>"))
        for verb in (["list"], ["show", uuid_of(1)]):
            self.assertNotRegex(self.ctl(*verb).stdout, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Monitor(harness.TestCase):
    def start_monitor(self):
        self.process = subprocess.Popen([os.environ["XPV_CTL"], "monitor", "--json"],
                                        env=dict(os.environ, **self.environment()), stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(line) for line in self.process.stdout], daemon=True).start()

    def read_event(self, event, timeout=harness.TIMEOUT):
        """Returns: the next event of this kind."""
        while True:
            parsed = json.loads(self.lines.get(timeout=timeout))
            self.assertEqual(next(iter(parsed)), "event")
            if parsed["event"] == event:
                return parsed

    def wait_for_monitor(self, virt):
        """Waits until the monitor follows changes, by making some until it prints one."""
        while True:
            probe = virt.define(domain_xml("probe", 99))
            self.client.refresh()
            probe.undefine()
            self.client.refresh()
            try:
                return self.read_event("removed", timeout=0.1)
            except queue.Empty:
                pass

    def test_events(self):
        virt = self.libvirtd()
        options = ["--host-architecture=x86_64", "--host-kernel=2.6.18-398.el5xen"]
        self.start(virt.uri, *options)
        self.start_monitor()
        self.wait_for_monitor(virt)
        domain = virt.define(domain_xml("guest", 1, INCOMPATIBLE))
        self.client.wait_for(lambda: uuid_of(1) in self.client.domains(), "the domain")
        while self.read_event("added")["name"] != "guest":
            pass
        domain.create()
        changed = self.read_event("changed")
        self.assertEqual((changed["state"], changed["verdict"]), ("running", "incompatible"))
        self.assertEqual(self.read_event("alert")["uuid"], uuid_of(1))
        domain.destroy()
        domain.undefine()
        self.assertEqual(self.read_event("removed")["name"], "guest")
        virt.end()
        self.read_event("disconnected")
        virt.start()
        self.read_event("connected")
        self.stop_daemon()
        self.read_event("disconnected")
        self.start(virt.uri, *options)
        self.read_event("connected")
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(), 0)

    def test_what_happens_without_the_daemon(self):
        """Changes while the daemon is stopped are printed when it is back."""
        virt = self.libvirtd()
        self.start(virt.uri, *FACTS)
        self.start_monitor()
        self.wait_for_monitor(virt)
        for number, name in enumerate(("goes", "changes", "stays")):
            virt.define(domain_xml(name, number + 1, COMPATIBLE))
            while self.read_event("added")["name"] != name:
                pass
        self.stop_daemon()
        self.read_event("disconnected")
        virt.domain("goes").undefine()
        virt.define(domain_xml("changes", 2, INCOMPATIBLE))
        virt.define(domain_xml("comes", 4, COMPATIBLE))
        self.start(virt.uri, *FACTS)
        self.read_event("connected")
        told = {}
        while len(told) < 3:
            event = json.loads(self.lines.get(timeout=harness.TIMEOUT))
            told[event["name"]] = event["event"], event["verdict"]
        self.assertEqual(told, {"goes": ("removed", "compatible"), "changes": ("changed", "incompatible"),
                                "comes": ("added", "compatible")})

    def test_nobody_reads_on(self):
        """The monitor ends when its reader ends, even if nothing happens."""
        self.start("test:///default")
        reader, writer = os.pipe()
        with subprocess.Popen([os.environ["XPV_CTL"], "monitor"], env=dict(os.environ, **self.environment()),
                              stdout=writer) as process:
            os.close(writer)
            os.close(reader)
            self.assertEqual(process.wait(harness.TIMEOUT), 0)

    def test_libvirt_away(self):
        self.start("test+unix:///default?socket=/nonexistent")
        with subprocess.Popen([os.environ["XPV_CTL"], "monitor"], env=dict(os.environ, **self.environment()), text=True,
                              stderr=subprocess.PIPE) as process:
            self.assertRegex(process.stderr.readline(), "^xenpv-compatctl: libvirt .* does not answer, and nothing ")
            process.terminate()
            self.assertEqual(process.wait(harness.TIMEOUT), 0)


if __name__ == "__main__":
    harness.main()
