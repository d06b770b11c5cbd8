# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command: options, exit statuses, its text for people, and files that are not disks."""
import json
import os
import signal
import socket
import stat
import subprocess

import images
import inspector
from inspector import FOUND, NONE, NOT_OPENED, USAGE

ON_INTEL_I686 = ("--host-architecture=i686", "--host-processor=intel", "--host-kernel=2.6.18-53.el5xen")
ON_INTEL_X86_64 = ("--host-architecture=x86_64", *ON_INTEL_I686[1:])


class Options(inspector.TestCase):
    def test_wrong_usage(self):
        [disk] = self.make("plain", images.RHEL_3)
        for arguments, named in (([], "DISK"), (["--json"], "DISK"), (["--frobnicate", disk], "--frobnicate"),
                                 (["--format", "floppy", disk], "“floppy”"), (["--format=", disk], "--format"),
                                 ([disk, "--format"], "--format"), (["--host-architecture=i386", disk], "“i386”"),
                                 (["--host-processor=arm", disk], "“arm”"), (["--requests", disk], "--requests"),
                                 (["--request", disk], "--request"), (["--request", "--requests"], "--requests")):
            with self.subTest(arguments):
                done = self.run_inspector(*arguments)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
                self.assertRegex(done.stderr, "^xenpv-compat-inspect: .*" + named)
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_help_and_version(self):
        done = self.run_inspector("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, "(?s)DISK.*--json.*--format")
        self.assertRegex(self.run_inspector("--version").stdout, r"^xenpv-compat-inspect \d+\.\d+\.\d+\n$")

    def test_raw(self):
        [disk] = self.make("plain", images.RHEL_3)
        self.assertEqual(self.inspect("--format", "raw", disk), self.inspect(disk))

    def test_the_format_is_never_guessed(self):
        """A guest can write any image format's header to its disk, with the name of a file of the host."""
        [disk] = self.make("no-table", images.RHEL_3)
        kernels = self.inspect(disk)["kernels"]
        with open(disk, "r+b") as file:
            file.write(b"QFI\xfb\0\0\0\2" + (512).to_bytes(8, "big") + (11).to_bytes(4, "big"))
            file.seek(512)
            file.write(b"/etc/shadow")
        answer = self.inspect(disk)
        self.assertEqual((answer["kernels"], answer["disks"][0]["format"]), (kernels, "raw"))

    def test_two_dashes(self):
        disk = os.path.basename(self.make("plain", images.RHEL_3, ".")[0])
        os.rename(self.path(disk), self.path("--json"))
        done = self.run_inspector("--json", "--", "--json", cwd=self.folder)
        self.assertEqual(done.returncode, FOUND, done.stderr)
        self.assertEqual(self.answer(done.stdout)["disks"][0]["source"], "--json")


class Text(inspector.TestCase):
    """The text for people."""

    def plain(self, text):
        return " ".join(text.split())

    def verdict(self, facts, report):
        """Returns: the client's verdict about the same kernel on the same host."""
        done = subprocess.run([os.environ["XPV_CTL"], "check", "--json", *facts, report], capture_output=True, text=True,
                              timeout=inspector.TIMEOUT, check=False)
        return json.loads(done.stdout)

    def test_a_guest(self):
        paths = self.make("plain", images.RHEL_3)
        for facts, verdict in ((ON_INTEL_I686, "compatible"), (ON_INTEL_X86_64, "incompatible")):
            with self.subTest(verdict):
                text = self.plain(self.text(*facts, *paths))
                judged = self.verdict(facts, images.RHEL_3.kernels[0])
                self.assertEqual(judged["verdict"], verdict)
                for part in (paths[0], "3.9", *images.RHEL_3.kernels, verdict, judged["explanation"], judged["remedy"]):
                    self.assertIn(part, text)

    def test_this_host(self):
        """Without options, it judges for this machine."""
        paths = self.make("plain", images.RHEL_3)
        self.assertIn(self.verdict((), images.RHEL_3.kernels[0])["explanation"], self.plain(self.text(*paths)))

    def test_what_cannot_be_read(self):
        paths = self.make("luks", images.RHEL_3)
        answer = self.inspect(*paths)
        self.assertIn(answer["errors"][0], self.plain(self.text(*paths)))

    def test_nothing(self):
        paths = self.make("empty", images.RHEL_3)
        self.assertRegex(self.text(*paths, status=NONE), "(?i)no kernel")

    def test_hostile(self):
        """Control characters that a guest wrote are not printed."""
        guest = images.dataclasses.replace(images.RHEL_5, release="Red Hat Enterprise Linux Server release 5.1\x1b[2J",
                                           modules="alias \x1b]0;owned\x07 xen-vbd\n")
        for done in (self.run_inspector(*self.make("plain", guest)), self.run_inspector("--json", *self.make("plain", guest))):
            self.assertRegex(done.stdout, r"\A[^\x00-\x09\x0b-\x1f\x7f]*\Z")


class Disks(inspector.TestCase):
    """Files that are not disks, and files that cannot be opened."""

    def check(self, path, pattern, **options):
        """The error is one sentence, and the other disk is still read."""
        [disk] = self.make("plain", images.RHEL_3)
        done = self.run_inspector("--json", path, disk, **options)
        self.assertEqual(done.returncode, NOT_OPENED, done.stderr)
        answer = self.answer(done.stdout)
        self.assertEqual([each["source"] for each in answer["disks"]], [path, disk])
        self.assertRegex(answer["disks"][0]["error"], pattern)
        self.assertEqual(answer["disks"][1]["error"], "")
        self.assertEqual([each["package"] for each in answer["kernels"]], list(images.RHEL_3.kernels))
        done = self.run_inspector(path, **options)
        self.assertEqual(done.returncode, NOT_OPENED)
        self.assertRegex(" ".join((done.stdout + done.stderr).split()), pattern)

    def test_no_such_file(self):
        self.check(self.path("none"), "No such file")
        self.check("", "No such file")

    def test_folder(self):
        self.check(self.folder, "folder|directory")

    def test_fifo(self):
        """A fifo is not waited for."""
        os.mkfifo(self.path("fifo"))
        self.check(self.path("fifo"), "regular file|block device|fifo")

    def test_socket(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("socket"))
            self.check(self.path("socket"), ".")

    def test_character_devices(self):
        for device in ("/dev/null", "/dev/zero", "/dev/tty"):
            self.check(device, ".")

    def test_terminal(self):
        """No terminal becomes the program's controlling terminal."""
        leader, follower = os.openpty()
        self.addCleanup(os.close, leader)
        self.addCleanup(os.close, follower)
        self.check(os.ttyname(follower), ".", start_new_session=True)

    def test_no_permission(self):
        path = self.path("mine")
        with open(path, "wb"):
            os.chmod(path, 0)
        os.chmod(self.folder, stat.S_IRWXU | stat.S_IXGRP | stat.S_IXOTH)
        self.check(path, "Permission denied", **self.nobody())

    def test_loop_of_links(self):
        os.symlink("b", self.path("a"))
        os.symlink("a", self.path("b"))
        self.check(self.path("a"), "symbolic links")

    def test_link(self):
        """A link to an image is read like the image."""
        [disk] = self.make("plain", images.RHEL_3)
        os.symlink(disk, self.path("link"))
        self.assertEqual(self.inspect(self.path("link"))["kernels"], self.inspect(disk)["kernels"])

    def test_many(self):
        """At most 64 disks are opened."""
        [disk] = self.make("plain", images.RHEL_3)
        answer = self.answer(self.run_inspector("--json", *[disk] * 65).stdout)
        self.assertEqual([each["error"] for each in answer["disks"]], [""] * 64 + ["it is beyond the first 64 disks"])

    def test_twice(self):
        """A disk that is given twice is reported once."""
        [disk] = self.make("lvm", images.RHEL_5)
        answer = self.inspect(disk, disk)
        self.assertEqual(answer["kernels"], self.inspect(disk)["kernels"])

    def test_small(self):
        for length in (0, 1, 511, 512, 513, 4096):
            with self.subTest(length):
                path = self.path("small")
                with open(path, "wb") as file:
                    file.write(b"\xff" * length)
                answer = self.inspect(path, status=NONE)
                self.assertEqual((answer["kernels"], answer["disks"][0]["boot"]), ([], False))

    def test_odd_names(self):
        """Names that are not in UTF-8 or contain a newline."""
        [disk] = self.make("plain", images.RHEL_3)
        for name in (b"\xff\xfe.img", b"new\nline.img", b"\"quoted\\.img"):
            path = os.path.join(os.fsencode(self.folder), name)
            os.link(disk, path)
            answer = self.inspect(path)
            self.assertEqual(len(answer["kernels"]), 2)
            self.assertNotIn("\n", answer["disks"][0]["source"])

    def test_read_only(self):
        """Neither the disk's contents nor its modification time change."""
        [disk] = self.make("lvm", images.dataclasses.replace(images.RHEL_5, needs_recovery=True))
        with open(disk, "rb") as file:
            before = file.read()
        os.chmod(disk, 0o400)
        modified = os.stat(disk).st_mtime_ns
        self.inspect(disk)
        with open(disk, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(os.stat(disk).st_mtime_ns, modified)


class Output(inspector.TestCase):
    def test_full(self):
        [disk] = self.make("plain", images.RHEL_3)
        for options in ([], ["--json"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([inspector.INSPECT, *options, disk], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=inspector.TIMEOUT, check=False)
            self.assertEqual((done.returncode, done.stderr),
                             (74, "xenpv-compat-inspect: cannot write to standard output: No space left on device\n"))

    def test_nobody_reads(self):
        [disk] = self.make("plain", images.RHEL_3)
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        done = subprocess.run([inspector.INSPECT, "--json", disk], stdout=writer, stderr=subprocess.PIPE, text=True,
                              timeout=inspector.TIMEOUT, check=False)
        self.assertIn(done.returncode, (FOUND, -signal.SIGPIPE))
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    inspector.main()
