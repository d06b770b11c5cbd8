# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks of another host: through a real ssh and a real sshd on 127.0.0.1, with the shells and tools of several systems.

What a host may do otherwise is in tests/test-ssh.c.
"""
import dataclasses
import os
import re
import select
import shutil
import signal
import subprocess

import images
import inspector
from inspector import NONE, NOT_OPENED, TIMEOUT
from sshd import Sshd, write_program

HOST = "ssh://xenhost"
SHELLS = ("bash", "busybox", "dash")
TOOLS = ("blockdev", "dd", "ls", "sh")
BLOCK = 65536
KERNELS = list(images.RHEL_5.kernels)


class TestCase(inspector.TestCase):
    def setUp(self):
        super().setUp()
        self.sshd = Sshd(self, self.folder)
        self.bin = self.path("bin")
        os.mkdir(self.bin)
        self.environment = {"PATH": self.bin + ":/usr/bin:/bin"}
        write_program(self.bin, "ssh", f'exec {self.sshd.ssh} "$@"\n')
        self.give("dash")

    def give(self, shell):
        """Gives the host a shell, and the tools that belong to it."""
        for tool in TOOLS:
            program = "busybox" if shell == "busybox" else shell if tool == "sh" else tool
            self.link(tool, shutil.which(program, path="/bin:/sbin:/usr/bin:/usr/sbin"))

    def link(self, tool, program):
        path = os.path.join(self.sshd.path, tool)
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(program, path)

    def replace(self, tool, script):
        """The host's tool is this script, which may call $tool."""
        os.makedirs(self.path("real"), exist_ok=True)
        path = os.path.join(self.sshd.path, tool)
        if os.path.islink(path):
            os.replace(path, os.path.join(self.path("real"), tool))
        write_program(self.sshd.path, tool, f"tool={self.path('real')}/{tool}\n{script}\n")

    def inspect(self, *arguments, **options):
        return super().inspect(*arguments, env=self.environment, **options)

    def errors(self, *sources, status=NOT_OPENED):
        """Of disks that cannot be opened."""
        return [disk["error"] for disk in self.inspect(*sources, status=status)["disks"]]

    def assert_read(self, source):
        answer = self.inspect(source)
        self.assertEqual(([kernel["package"] for kernel in answer["kernels"]], answer["errors"],
                          [disk["error"] for disk in answer["disks"]]), (KERNELS, [], [""]), source)


class Reading(TestCase):
    def test_same(self):
        """Whatever shell and tools the host has, what is found is as if the disks were here. One session is enough."""
        paths = self.make("two-disks", images.RHEL_5)
        here = self.inspect(*paths)
        expected = {**here, "disks": [{**disk, "source": HOST + disk["source"]} for disk in here["disks"]]}
        for shell in SHELLS:
            self.give(shell)
            before = len(self.sshd.sessions)
            with self.subTest(shell):
                self.assertEqual(self.inspect(*(HOST + path for path in paths)), expected)
                self.assertEqual(len(self.sshd.sessions), before + 1)

    def test_text(self):
        """As a user runs it; ssh adds nothing to the output."""
        [path] = self.make("plain", images.RHEL_5)
        done = self.run_inspector(HOST + path, env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith(f"Disk:            {HOST}{path} (has /boot)\n"), done.stdout)

    def assert_opened(self, paths):
        """Disks on which nothing is."""
        for shell in SHELLS:
            self.give(shell)
            answer = self.inspect(*(HOST + path for path in paths), status=NONE)
            with self.subTest(shell):
                self.assertEqual(([disk["error"] for disk in answer["disks"]], answer["errors"]), ([""] * len(paths), []))

    def test_round_trips(self):
        """They are few, and a large database of packages is read ahead."""
        for filler, bound in ((0, 20), (300, 60)):
            [path] = self.make("lvm", dataclasses.replace(images.RHEL_5, filler=filler), str(filler))
            self.give("dash")
            self.replace("dd", f'echo "$@" >>{self.path("log")}; exec "$tool" "$@"')
            self.assert_read(HOST + path)
            with open(self.path("log"), encoding="utf-8") as file:
                self.assertLessEqual(len(file.readlines()), bound)
            os.unlink(self.path("log"))

    def test_names(self):
        """None of them is anything else than the name of a file."""
        paths = [self.path(name) for name in (
            "a b", " a ", "it's", '"', "\\", "\\n", "*", "?", "[a-z]", "-a", "--help", "$(touch oops)", "`touch oops`", "$HOME",
            "a;touch oops", "a\nb", "a\n", "a%20b", "9+9 records in", "a\t", "ä", "!a", "#a", "~")]
        for path in paths:
            os.close(images.disks.create(path, 1000))
        self.assert_opened(paths)
        self.assertNotIn("oops", os.listdir(self.folder))

    def test_lengths(self):
        """The end of a disk that is no whole number of blocks."""
        paths = [self.path(str(length)) for length in (0, 1, 511, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 1 << 40)]
        for path in paths:
            os.close(images.disks.create(path, int(os.path.basename(path))))
        self.assert_opened(paths)

    def test_block_device(self):
        """Past the host's cache: a guest may have written past it, too."""
        [path] = self.make("plain", images.RHEL_5)
        done = subprocess.run(["losetup", "--find", "--show", path], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("there is no loop device: " + done.stderr)
        loop = done.stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "--detach", loop], check=True)
        guest = open(loop, "rb")  # while it is open, what was read stays in the cache
        self.addCleanup(guest.close)
        for number, shell in enumerate(SHELLS):
            self.give(shell)
            guest.seek(0)
            while guest.read(BLOCK):
                pass
            kernel = images.RHEL_5.kernels[number % 2]
            [other] = self.make("plain", dataclasses.replace(images.RHEL_5, kernels=(kernel,)), "other")
            with open(other, "rb") as source, open(path, "r+b") as file:
                shutil.copyfileobj(source, file)
            with self.subTest(shell):
                answer = self.inspect(HOST + loop)
                self.assertEqual(([kernel["package"] for kernel in answer["kernels"]], answer["errors"]), ([kernel], []))


class Failures(TestCase):
    def test_not_opened(self):
        """Each disk has its own reason, and the others are read."""
        [path] = self.make("plain", images.RHEL_5)
        os.mkfifo(self.path("fifo"))
        os.symlink("nowhere", self.path("link"))
        for shell in SHELLS:
            self.give(shell)
            answer = self.inspect(HOST + self.folder, HOST + self.path("none"), HOST + self.path("fifo"), HOST + "/dev/null",
                                  HOST + self.path("link"), HOST + path + "/x", "ssh://-v/x", HOST + path, path + ".none",
                                  status=NOT_OPENED)
            kind = "it is a {}, not an image or a block device"
            with self.subTest(shell):
                self.assertEqual([disk["error"] for disk in answer["disks"]], [
                    kind.format("folder"), "No such file or directory", kind.format("pipe"),
                    kind.format("character device"), "No such file or directory", "Not a directory",
                    "it is not ssh://USER@HOST:PORT/PATH, whose user and host have only letters, digits, “.”, “_”, “+” and “-”",
                    "", "No such file or directory"])
                self.assertEqual([kernel["package"] for kernel in answer["kernels"]], KERNELS)

    def test_no_right(self):
        if os.getuid() != 0:
            self.skipTest("the host's user is this one, who may read it")
        [path] = self.make("plain", images.RHEL_5)
        os.chmod(self.folder, 0o755)
        os.chmod(path, 0o600)
        self.link("setpriv", "/usr/bin/setpriv")
        for shell in SHELLS:
            self.give(shell)
            self.replace("sh", f'exec setpriv --reuid={inspector.harness.NOBODY} --clear-groups "$tool" "$@"')
            with self.subTest(shell):
                self.assertEqual(self.errors(HOST + path), ["Permission denied"])

    def test_ssh_fails(self):
        """The reason is ssh's."""
        os.rename(self.path("user_key"), self.path("key"))
        self.assertRegex(self.errors(HOST + "/a")[0], "^ssh: .*: Permission denied")
        self.assertEqual(self.errors("ssh://127.0.0.1:1/a", "ssh://127.0.0.1:1/b"),
                         ["ssh: ssh: connect to host 127.0.0.1 port 1: Connection refused"] * 2)
        os.rename(self.path("key"), self.path("user_key"))
        os.truncate(self.path("known_hosts"), 0)
        self.assertEqual(self.errors(HOST + "/a"), ["ssh: Host key verification failed."])

    def test_no_login(self):
        self.replace("sh", "echo This account is currently not available.; exit 1")
        self.assertEqual(self.errors(HOST + "/a"),
                         ["the shell there ended with status 1: This account is currently not available."])

    def test_greeting(self):
        """What the shell prints before the loop, and what the host says at the login, are no part of the answer."""
        [path] = self.make("plain", images.RHEL_5)
        for greeting in ("echo Welcome", "printf Welcome", "printf 'a\\0\\377\\n'", "echo xenpv-compat-inspect: 5",
                         "/usr/bin/yes Welcome | /usr/bin/head -n 5000", "echo Banner >&2", "exec 2>&-"):
            self.give("dash")
            self.replace("sh", f'{greeting}\nexec "$tool" "$@"')
            with self.subTest(greeting):
                self.assert_read(HOST + path)
        self.replace("sh", '/usr/bin/yes | /usr/bin/head -n 99999; exec "$tool" "$@"')
        self.assertEqual(self.errors(HOST + path), ["its shell prints too much, more than 65536 bytes"])

    def test_no_tools(self):
        [path] = self.make("plain", images.RHEL_5)
        os.unlink(os.path.join(self.sshd.path, "dd"))
        answer = self.inspect(HOST + path, status=NONE)
        self.assertEqual(answer["errors"][0], f"{HOST}{path}: the connection has ended")

    def test_unreadable_part(self):
        """A bad sector on one disk: the rest is read. What dd says is told as it is, whatever it quotes."""
        complaint = "dd: reading /* 9+9 records in : Input/output error"
        disks = self.make("two-disks", images.RHEL_5)
        self.replace("dd", f'case $* in *{disks[1]}*skip=0*) echo "{complaint}" >&2\n'
                           'echo "0+0 records in" >&2; exit 1 ;; esac; exec "$tool" "$@"')
        answer = self.inspect(*(HOST + path for path in disks))
        self.assertEqual(answer["errors"][0], f"{HOST}{disks[1]}: cannot read at 0: {complaint}")
        self.assertTrue(answer["disks"][0]["boot"])

    def test_shorter(self):
        """An image is cut while it is read."""
        [path] = self.make("plain", images.RHEL_5)
        self.replace("dd", f'exec 3>>{path}; /usr/bin/truncate -s 1000 {path}; exec "$tool" "$@"')
        answer = self.inspect(HOST + path, status=NONE)
        self.assertEqual(answer["errors"][0], f"{HOST}{path}: it has become shorter than {BLOCK} bytes")

    def begin(self):
        """Starts it, and waits until the host reads a disk. Returns: its process"""
        [self.disk] = self.make("plain", images.RHEL_5)
        for fifo in ("begun", "held"):
            os.mkfifo(self.path(fifo))
        self.addCleanup(os.close, os.open(self.path("held"), os.O_RDWR))  # until then, dd hangs
        self.replace("dd", f"echo >{self.path('begun')}; exec /bin/cat {self.path('held')}")
        write_program(self.bin, "ssh", f'echo $$ >{self.path("ssh.pid")}; exec {self.sshd.ssh} "$@"\n')
        process = subprocess.Popen([inspector.INSPECT, "--json", HOST + self.disk], stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, **self.environment})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        with open(self.path("begun"), encoding="ascii"):
            return process

    def test_cut(self):
        process = self.begin()
        os.killpg(self.sshd.sessions[-1].pid, signal.SIGKILL)
        answer = self.answer(process.communicate(timeout=TIMEOUT)[0])
        self.assertRegex(answer["errors"][0], "^ssh to xenhost has ended: .*(closed|reset|Broken pipe)")
        self.assertEqual(answer["errors"][1], f"{HOST}{self.disk}: the connection has ended")

    def test_stopped(self):
        """The host hangs, but its network does not: ssh notices."""
        process = self.begin()
        os.killpg(self.sshd.sessions[-1].pid, signal.SIGSTOP)
        self.addCleanup(os.killpg, self.sshd.sessions[-1].pid, signal.SIGKILL)
        answer = self.answer(process.communicate(timeout=TIMEOUT)[0])
        self.assertRegex(answer["errors"][0], "^ssh to xenhost has ended: Timeout, server .*not responding")
        self.assertEqual(answer["errors"][1], f"{HOST}{self.disk}: the connection has ended")

    def test_hangs(self):
        """A disk of the host hangs."""
        answer = self.answer(self.begin().communicate(timeout=TIMEOUT)[0])
        self.assertEqual(answer["errors"][0], f"{HOST}{self.disk}: nothing came for 10 s")

    def test_killed(self):
        """Nothing is left of ssh."""
        process = self.begin()
        with open(self.path("ssh.pid"), encoding="ascii") as file:
            ssh = os.pidfd_open(int(file.read()))
        self.addCleanup(os.close, ssh)
        process.kill()
        self.assertTrue(select.select([ssh], [], [], TIMEOUT)[0])


class Loop(TestCase):
    """The shell's loop by itself, as someone who has taken over the process that reads could use it."""

    def test_requests(self):
        """It reads the disks that it was started with, and does nothing else."""
        disk = self.path("disk")
        with open(disk, "wb") as file:
            file.write(b"x" * 100)
        write_program(self.bin, "ssh", f'for word; do :; done; printf %s "$word" >{self.path("command")}; exit 255\n')
        self.errors(HOST + disk)
        with open(self.path("command"), encoding="utf-8") as file:
            command = file.read()
        good = "1 0 1\n"
        for request in ("a[$(touch oops)] 0 1\n", "1 a[$(touch oops)] 1\n", "1 0 a[$(touch oops)]\n", "1 0 $(touch oops)\n",
                        "1 0 1;touch oops\n", "1 0 1 1\n", "0 0 1\n", "2 0 1\n", "99999999999999999999 0 1\n", "1 0\n", "\n",
                        "-1 0 1\n", "1 -1 1\n", "1 0 -1\n", "touch oops\n", "1 0 1 >oops\n", "1 0 `touch${IFS}oops`\n",
                        "1 0 1\0\0x\n"):
            for shell in SHELLS:
                self.give(shell)
                done = subprocess.run([os.path.join(self.sshd.path, "sh"), "-c", command], input=(good + request + good).encode(),
                                      env={"PATH": self.sshd.path}, cwd=self.folder, capture_output=True, check=False)
                with self.subTest(shell=shell, request=request):
                    head, data, rest = re.match(rb"(\nxenpv-compat-inspect\n100 \n)(.{65536})(.*)$", done.stdout, re.DOTALL).groups()
                    self.assertEqual((data[:101], rest), (b"x" * 100 + b"\0", b"0+1 \n"), head)
        self.assertNotIn("oops", os.listdir(self.folder))


if __name__ == "__main__":
    inspector.main()
