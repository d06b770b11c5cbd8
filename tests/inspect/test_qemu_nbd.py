# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process qemu-nbd, as seen from outside, and what happens if it hangs or dies.

strace sends it a signal at a call that no other process makes: accept4() when it has opened the image, or sendmsg() when
it answers. Sanitizers need more calls than the inspector's filter allows, so this test runs without them.
"""
import fcntl
import os
import re
import signal

import images
import inspector
import test_formats
import tracing

OPENING, READING = ("accept4", 1), ("sendmsg", 20)  # a call, and which of these


class QemuNbd(tracing.TestCase):
    def setUp(self):
        super().setUp()
        [disk] = self.make("lvm", images.RHEL_5)
        self.image = test_formats.convert(disk, "qcow2")

    def inject(self, when, signal_name, **popen):
        """Makes strace send it a signal at a call."""
        call, number = when
        return self.trace(["--format=qcow2", self.image], f"--trace={call}",
                          f"--inject={call}:signal={signal_name}:when={number}", **popen)

    def hold(self, when, **popen):
        tracer = self.inject(when, "SIGSTOP", **popen)
        return tracer, self.wait_for_stop(tracer)

    def end(self, tracer, status):
        """Returns: the answer"""
        output, log = tracer.communicate(timeout=inspector.TIMEOUT)
        self.assertEqual(tracer.returncode, status, output + log)
        return self.answer(output)

    def test_what_it_has(self):
        """It has a filter, no new privileges, its limits, a short environment, and no file but the image."""
        with open("/etc/passwd", "rb") as file:
            inherited = fcntl.fcntl(file, fcntl.F_DUPFD, 100)
        self.addCleanup(os.close, inherited)
        tracer, pid = self.hold(OPENING, pass_fds=[inherited])
        facts, limits = tracing.status(pid), tracing.limits(pid)
        self.assertEqual((facts["Name"], facts["Seccomp"], facts["NoNewPrivs"]), ("qemu-nbd", "2", "1"))
        self.assertEqual({name: limits[name] for name in ("Max cpu time", "Max address space", "Max core file size",
                                                          "Max file size", "Max open files")},
                         {"Max cpu time": "10", "Max address space": str(256 << 20), "Max core file size": "0",
                          "Max file size": "0", "Max open files": "64"})
        opened = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        others = [path for path in opened if not path.startswith(("socket:", "pipe:", "anon_inode:"))]
        self.assertEqual(set(others), {"/dev/null", self.image})
        with open(f"/proc/{pid}/environ", "rb") as file:
            names = {each.partition(b"=")[0].decode() for each in file.read().split(b"\0") if each}
        self.assertEqual(names, {"LC_ALL", "LISTEN_FDS", "LISTEN_PID", "MALLOC_ARENA_MAX"})
        os.kill(pid, signal.SIGKILL)
        tracer.stderr.read()

    def test_nothing_is_left(self):
        """It is killed when the reading ends."""
        log = self.trace(["--format=qcow2", self.image], "--trace=execve").communicate(timeout=inspector.TIMEOUT)[1]
        [pid] = set(re.findall(r"(?m)^(\d+) +execve\(\"[^\"]*/qemu-nbd\"", log))
        self.assertRegex(log, rf"(?m)^{pid} +\+\+\+ killed by SIGKILL")

    def test_hangs_while_it_opens(self):
        tracer, pid = self.hold(OPENING)
        answer = self.end(tracer, inspector.NOT_OPENED)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertEqual(answer["disks"][0]["error"], "qemu-nbd did not open it in time and was ended")
        self.assertEqual((answer["kernels"], answer["errors"]), ([], []))

    def test_hangs_while_it_reads(self):
        """After the first read without an answer, no other read waits."""
        tracer, pid = self.hold(READING)
        answer = self.end(tracer, inspector.NONE)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertEqual(answer["errors"][0], f"{self.image}: qemu-nbd does not answer")

    def test_dies_while_it_opens(self):
        answer = self.end(self.inject(OPENING, "SIGKILL"), inspector.NOT_OPENED)
        self.assertEqual(answer["disks"][0]["error"], "qemu-nbd cannot open it: it was ended by signal 9 (Killed)")

    def test_dies_while_it_reads(self):
        answer = self.end(self.inject(READING, "SIGKILL"), inspector.NONE)
        self.assertRegex(answer["errors"][0], f"^{self.image}: qemu-nbd: .*")

    def test_its_parent_is_killed(self):
        """qemu-nbd is killed as well. The tracer ends when all processes have ended."""
        for when in (OPENING, READING):
            tracer, pid = self.hold(when)
            os.kill(int(tracing.status(pid)["PPid"]), signal.SIGKILL)
            self.assertNotIn("exited", tracer.communicate(timeout=inspector.TIMEOUT)[1])

    def test_no_landlock(self):
        """If the kernel cannot hide the host's files from it, it is not started."""
        tracer = self.trace(["--format=qcow2", self.image], "--trace=landlock_create_ruleset,execve",
                            "--inject=landlock_create_ruleset:error=ENOSYS")
        output, log = tracer.communicate(timeout=inspector.TIMEOUT)
        self.assertNotIn("qemu-nbd\"", log)
        self.assertEqual(self.answer(output)["disks"][0]["error"],
                         "qemu-nbd cannot open it: its sandbox cannot limit the files that it opens (Landlock): "
                         "Function not implemented")


if __name__ == "__main__":
    inspector.main()
