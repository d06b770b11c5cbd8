# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client asks the daemon of another host, through a real ssh and a real sshd on 127.0.0.1 with files of their own.

The test's bus is the system bus of the other host; the client's own host has none.
"""
import contextlib
import json
import os
import select
import signal
import subprocess

import harness
from harness import domain_xml
from sshd import Sshd, write_program

VERBS = (["list"], ["list", "--json"], ["show", "erp39-smp"], ["host"], ["metrics"])


class TestCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder, "bin")
        os.mkdir(self.path)

    def environment(self):
        """Returns: the daemon's environment."""
        return {"DBUS_SYSTEM_BUS_ADDRESS": self.bus.address}

    def here(self):
        """Returns: the client's environment."""
        return {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent", "PATH": f"{self.path}:/usr/bin:/bin"}

    def follow(self, path):
        """Reads the process id of ssh from a file; the process is killed after the test."""
        with open(path, encoding="ascii") as file:
            self.ssh = os.pidfd_open(int(file.read()))
        self.addCleanup(os.close, self.ssh)
        self.addCleanup(self.kill_ssh, self.ssh)

    @staticmethod
    def kill_ssh(pidfd):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def assert_ssh_ends(self):
        self.assertTrue(select.select([self.ssh], [], [], harness.TIMEOUT)[0])

    def assert_fails(self, done, status, *sentences):
        """The last line of the errors is the client's, whatever ssh printed before it."""
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        for sentence in ("^xenpv-compatctl: ", *sentences):
            self.assertRegex(done.stderr.splitlines()[-1], sentence)


class Ssh(TestCase):
    """Shell scripts take the place of ssh, to see how the client calls it."""

    def test_words(self):
        write_program(self.path, "ssh", f'for word; do printf "[%s]" "$word"; done >{self.folder}/words\nexit 255\n')
        for host, words in (
                ("xen1", "[--][xen1]"),
                ("root@xen1", "[--][root@xen1]"),
                ("xen1:2222", "[-p][2222][--][xen1]"),
                ("root@xen1:2222", "[-p][2222][--][root@xen1]"),
                ("::1", "[--][::1]"),
                ("[::1]", "[--][::1]"),
                ("root@[::1]:22", "[-p][22][--][root@::1]"),
                ("-oProxyCommand=reboot", "[--][-oProxyCommand=reboot]"),
                ("", "[--][]"),
                (":", "[-p][][--][]")):
            for option in (["--host", host], ["-H", host], ["--host=" + host]):
                done = self.ctl("list", *option, env=self.here())
                self.assert_fails(done, 4, "could not reach .* over ssh")
                with open(os.path.join(self.folder, "words"), encoding="utf-8") as file:
                    self.assertEqual(file.read(), f"[-xT]{words}[systemd-stdio-bridge]")

    def test_interrupted_while_connecting(self):
        """ssh ends with the client: on Ctrl-C, which a terminal sends to both, on SIGTERM and on SIGKILL."""
        started = os.path.join(self.folder, "started")
        os.mkfifo(started)
        write_program(self.path, "ssh", f"echo $$ >{started}\nexec sleep infinity\n")
        for verb in ("list", "monitor"):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
                client = subprocess.Popen([os.environ["XPV_CTL"], verb, "-H", "xen1"],
                                          env=dict(os.environ, **self.here()), start_new_session=True)
                self.follow(started)
                if number == signal.SIGINT:
                    os.killpg(client.pid, number)
                else:
                    client.send_signal(number)
                self.assertEqual(client.wait(harness.TIMEOUT), -number)
                self.assert_ssh_ends()

    def test_no_ssh(self):
        self.assert_fails(self.ctl("list", "-H", "xen1", env=dict(self.here(), PATH=self.path)), 4,
                          "could not run ssh to reach xen1 .*install an ssh client")

    def test_verbs_that_ask_no_daemon(self):
        done = self.ctl("check", "2.6.18-8.el5", "-H", "xen1", env=self.here())
        self.assert_fails(done, 2, "“check” does not take --host")


class OverSsh(TestCase):
    def setUp(self):
        super().setUp()
        self.sshd = Sshd(self, self.folder)
        self.remote_path = self.sshd.path
        self.port = self.sshd.port
        self.write_bridge()
        write_program(self.path, "ssh", f'echo $$ >{self.folder}/ssh.pid\nexec {self.sshd.ssh} "$@"\n')

    def write_bridge(self, before="", bus=None):
        write_program(self.remote_path, "systemd-stdio-bridge",
                     f"{before}\nexec /usr/bin/systemd-stdio-bridge --bus-path={bus or self.bus.address}\n")

    def remote(self, *arguments, host="xenhost"):
        return self.ctl(*arguments, "-H", host, env=self.here())

    def test_reads_the_same(self):
        self.start_example()
        for verb in VERBS:
            local, remote = self.ctl(*verb), self.remote(*verb)
            self.assertEqual((remote.returncode, remote.stdout, remote.stderr), (0, local.stdout, ""), verb)
        self.assertEqual(self.remote("list", "--fail").returncode, 1)
        self.assertEqual(self.remote("show", "nobody").returncode, 1)
        self.assertIn("“nobody”", self.remote("show", "nobody").stderr)

    def test_port(self):
        self.start_example()
        self.assertEqual(self.remote("list", host=f"127.0.0.1:{self.port}").stdout, self.ctl("list").stdout)

    def test_busctl(self):
        """busctl reaches the same host with -H."""
        self.start_example()
        argv = ["busctl", "-H", "xenhost", "get-property", harness.NAME, harness.ROOT, harness.MANAGER, "Connected"]
        done = subprocess.run(argv, env=dict(os.environ, **self.here()), capture_output=True, text=True, check=False)
        self.assertEqual((done.stdout, done.stderr), ("b true\n", ""))

    def test_ssh_fails(self):
        os.unlink(os.path.join(self.folder, "user_key"))
        done = self.remote("list")
        self.assertIn("Permission denied", done.stderr)
        self.assert_fails(done, 4, "could not reach xenhost over ssh, whose own message is above")

    def test_no_bridge(self):
        os.unlink(os.path.join(self.remote_path, "systemd-stdio-bridge"))
        self.assert_fails(self.remote("list"), 4, "reached xenhost over ssh, but there is no systemd-stdio-bridge;")

    def test_no_bus(self):
        self.write_bridge(bus="unix:path=/nonexistent")
        self.assert_fails(self.remote("list"), 4, "reached xenhost .* but not its system bus .*code 1.*start D-Bus")

    def test_noise(self):
        """A login shell that prints a greeting breaks the connection, and the client says so."""
        self.write_bridge(before="echo Welcome")
        self.assert_fails(self.remote("list"), 4, "got no answer of a system bus .*Welcome.*; the login shell there must print no")

    def test_no_daemon(self):
        for verb in VERBS[:-1] + (["monitor"],):
            self.assert_fails(self.remote(*verb), 4, "on xenhost: .*does not run.*systemctl start xenpv-compatd")
        done = self.remote("metrics")
        self.assertEqual(done.returncode, 4)
        self.assertIn("\nxenpv_compat_up 0\n", done.stdout)

    def start_monitor(self):
        """Starts a monitor and returns once it prints changes."""
        self.virt = self.libvirtd()
        self.start(self.virt.uri)
        self.monitor = subprocess.Popen([os.environ["XPV_CTL"], "monitor", "--json", "--host=xenhost"],
                                        env=dict(os.environ, **self.here()), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(self.monitor.stderr.close)
        self.addCleanup(self.monitor.stdout.close)
        self.addCleanup(self.monitor.wait)
        self.addCleanup(self.monitor.kill)
        while not select.select([self.monitor.stdout], [], [], 0.1)[0]:
            self.virt.define(domain_xml("probe", 99))
            self.client.refresh()
            self.virt.domain("probe").undefine()
            self.client.refresh()
        self.follow(os.path.join(self.folder, "ssh.pid"))

    def test_monitor(self):
        """Ctrl-C on a terminal reaches ssh, too, which ignores it and leaves the end to the monitor."""
        self.start_monitor()
        signal.pidfd_send_signal(self.ssh, signal.SIGINT)
        self.virt.define(domain_xml("guest", 1))
        while json.loads(self.monitor.stdout.readline())["name"] != "guest":
            pass
        os.killpg(self.monitor.pid, signal.SIGINT)
        self.assertEqual((self.monitor.wait(harness.TIMEOUT), self.monitor.stderr.read()), (0, ""))
        self.assert_ssh_ends()

    def test_monitor_is_killed(self):
        self.start_monitor()
        self.monitor.kill()
        self.assert_ssh_ends()

    def test_connection_is_lost(self):
        """An ssh that is slow to say why is let finish."""
        write_program(self.path, "ssh", f"echo $$ >{self.folder}/ssh.pid\n{self.sshd.ssh} \"$@\"\n"
                                       "exec >&-\nsleep 0.1\necho That was it. >&2\nexit 255\n")
        self.start_monitor()
        os.killpg(self.sshd.sessions[-1].pid, signal.SIGKILL)  # OpenSSH 10 has the connection in a child
        self.assertEqual(self.monitor.wait(harness.TIMEOUT), 4)
        self.assertRegex(self.monitor.stderr.read(), "\nThat was it.\nxenpv-compatctl: on xenhost: the connection over "
                                                     "ssh has ended .*; ssh's own message is above\n$")


if __name__ == "__main__":
    harness.main()
