# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process that reads disks, as seen from outside.

strace stops it at a call that reads from a disk, or makes it use another call there, which the filter must not allow.
Sanitizers need more calls than the filter allows, so this test runs without them.
"""
import os
import re
import signal

import images
import inspector
import tracing

READ = "pread64"  # the call that reads from a disk


class Sandbox(tracing.TestCase):
    def trace(self, *options):
        [disk] = self.make("lvm", images.RHEL_5)
        return super().trace([disk], *options)

    def inject(self, what):
        """Makes strace tamper with a call that reads from the disk."""
        return self.trace(f"--trace={READ}", f"--trace-path={self.path('guest/hda.img')}", f"--inject={READ}:{what}")

    def hold(self):
        """Stops the child as soon as it reads the disk. Returns: the tracer, the child's id."""
        tracer = self.inject("signal=SIGSTOP:when=1")
        return tracer, self.wait_for_stop(tracer)

    def test_what_it_has(self):
        """The child has a filter, no new privileges, its limits, and only two descriptors: the disk and a pipe."""
        tracer, pid = self.hold()
        facts = tracing.status(pid)
        self.assertEqual((facts["Seccomp"], facts["NoNewPrivs"]), ("2", "1"))
        self.assertEqual(tracing.limits(pid)["Max cpu time"], "10")
        self.assertEqual(tracing.limits(pid)["Max address space"], str(256 << 20))
        self.assertEqual(tracing.limits(pid)["Max open files"], "2")  # as poll() wants it
        self.assertEqual(tracing.limits(pid)["Max core file size"], "0")
        self.assertEqual(tracing.limits(pid)["Max file size"], "0")
        opened = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        self.assertEqual(sum(each.startswith("pipe:") for each in opened), 1, opened)
        self.assertEqual(sum(each.startswith(self.folder) for each in opened), 1, opened)
        self.assertEqual(len(opened), 2, opened)
        os.kill(pid, signal.SIGKILL)
        tracer.stderr.read()

    def test_a_call_that_it_must_not_make(self):
        """At its third read, the child makes another call instead, and the kernel kills it."""
        for call in ("getppid", "gettid"):
            tracer = self.inject(f"error=EIO:syscall={call}:when=3")
            output, log = tracer.communicate(timeout=inspector.TIMEOUT)
            with self.subTest(call):
                self.assertRegex(log, r"(?m)^\d+ +\+\+\+ killed by SIGSYS")
                self.ended(tracer, output)

    def ended(self, tracer, output):
        """The command goes on after its child's end, with one error."""
        self.assertEqual(tracer.returncode, inspector.NONE, output)
        answer = self.answer(output)
        self.assertEqual(answer["kernels"], [])
        self.assertEqual(len(answer["errors"]), 1, answer)

    def test_wall_clock(self):
        """A child that does nothing for any reason is ended after 15 s."""
        tracer, pid = self.hold()
        output, _log = tracer.communicate(timeout=inspector.TIMEOUT)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.ended(tracer, output)
        self.assertRegex(output, "15 s")

    def test_how_it_opens(self):
        """The disk is opened read-only. Opening does not wait, makes no terminal its own, and passes the disk to no
        other program."""
        log = self.trace("--trace=openat", f"--trace-path={self.path('guest/hda.img')}").communicate()[1]
        [flags] = re.findall(r"hda\.img\", (\w+(?:\|\w+)*)\)", log)
        self.assertEqual(set(flags.split("|")), {"O_RDONLY", "O_NOCTTY", "O_NONBLOCK", "O_CLOEXEC"})

    def test_its_parent_is_killed(self):
        """The child ends with its parent, whatever it does."""
        tracer, pid = self.hold()
        os.kill(int(tracing.status(pid)["PPid"]), signal.SIGKILL)
        self.assertEqual(tracer.stderr.read().count("+++ killed by SIGKILL +++"), 2)

    def test_killed(self):
        tracer = self.inject("signal=SIGKILL:when=1")
        output, _log = tracer.communicate(timeout=inspector.TIMEOUT)
        self.ended(tracer, output)

    def test_what_it_calls(self):
        """Within the filter, the child reads, writes its answer and allocates memory. It opens nothing."""
        log = self.path("log")
        tracer = self.trace("--trace=all", "--follow-forks", "--output-separately", f"--output={log}")
        tracer.communicate(timeout=inspector.TIMEOUT)
        calls = set()
        for name in os.listdir(self.folder):
            if name.startswith("log."):
                with open(self.path(name), encoding="utf-8", errors="replace") as file:
                    _before, filtered, after = file.read().partition("SECCOMP_MODE_FILTER")
                if filtered:
                    calls |= set(re.findall(r"^(\w+)\(", after, re.MULTILINE))
        self.assertIn(READ, calls)
        self.assertIn("write", calls)
        self.assertLessEqual(calls, {READ, "write", "brk", "mmap", "munmap", "mremap", "madvise", "futex", "exit_group",
                                     "clock_gettime", "gettimeofday", "getuid", "geteuid", "getgid",
                                     "getegid", "prctl", "fadvise64", "rt_sigreturn", "close", "exit"})


if __name__ == "__main__":
    inspector.main()
