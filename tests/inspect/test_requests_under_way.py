# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's requests while disks are read. strace stops the reading processes, and shows in which order requests are
taken. Sanitizers need more calls than the sandbox's filter allows, so this test runs without them."""
import os
import re
import signal
import subprocess

import images
import inspector
import request_folders
from request_folders import uuid


class Traced(request_folders.TestCase):
    def start(self, call, *paths, tamper="signal=SIGSTOP"):
        """Starts the inspector. strace tampers with each process's first such call for one of these paths."""
        paths = [f"--trace-path={path}" for path in paths]
        self.tracer = subprocess.Popen(
            ["strace", "--follow-forks", "--quiet=attach,personality", "--output=/dev/stderr", f"--trace={call},renameat",
             *paths, f"--inject={call}:{tamper}:when=1", inspector.INSPECT, "--requests"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **self.environment})
        self.addCleanup(self.tracer.wait)
        self.addCleanup(self.tracer.stderr.close)
        self.addCleanup(self.tracer.kill)
        self.log = ""

    def wait_for(self, pattern):
        for line in self.tracer.stderr:
            self.log += line
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern} is not in {self.log}")

    def wait_until_stopped(self):
        """Returns: the id of the next process that is stopped."""
        return int(self.wait_for(r"^(\d+) +--- stopped by SIGSTOP")[1])

    def end(self):
        self.log += self.tracer.stderr.read()
        self.assertEqual(self.tracer.wait(inspector.TIMEOUT), 0, self.log)

    def taken(self):
        """Returns: the numbers of the requests, in the order in which they were taken."""
        return [int(number) for number in re.findall(r'renameat\(.*-(\d{12})", .*taken"', self.log)]


class Order(Traced):
    def test_urgent_first(self):
        [disk] = self.make("boot-alone", images.RHEL_3)
        for number in range(40):
            self.ask(number, disk, urgent=number % 4 == 0)
        self.put(uuid(40), "")
        self.start("pread64", self.requests)
        self.end()
        self.assertEqual(set(self.taken()[:11]), {*range(0, 40, 4), 40})
        self.assertEqual(set(self.taken()), set(range(41)))

    def test_meanwhile(self):
        """While the disks of two domains are read, further requests wait. Urgent ones come first, and new ones for
        these two come after their answers."""
        slow, quick = self.make("plain", images.RHEL_3, "slow"), self.make("lvm", images.RHEL_4, "quick")
        for number in (1, 2):
            self.ask(number, *slow, urgent=True)
        self.ask(3, *quick)
        self.start("pread64", self.requests, *slow)
        stopped = [self.wait_until_stopped(), self.wait_until_stopped()]
        self.assertEqual(self.waiting(), {uuid(3)})
        self.ask(1, *quick, urgent=True)
        self.ask(4, *quick, urgent=True)
        self.put(uuid(2), "")
        self.ask(3, *quick, urgent=True)  # this replaces the request
        self.ask(5, *quick)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        self.end()
        self.assertEqual(self.waiting(), set())
        order = self.taken()
        self.assertEqual((set(order[:2]), sorted(order[2:])), ({1, 2}, [1, 2, 3, 4, 5]))
        self.assertEqual(order[-1], 5)
        self.assertEqual(self.answered(), {uuid(number) for number in (1, 3, 4, 5)})
        for number in (1, 3, 4, 5):
            self.assertEqual(self.kernels(number), list(images.RHEL_4.kernels))


class Hung(Traced):
    def test_given_up(self):
        """A disk that does not answer, as its server is away, is given up. Others are read meanwhile."""
        [hung], quick = self.make("plain", images.RHEL_3, "hung"), self.make("lvm", images.RHEL_4, "quick")
        self.ask(1, hung)
        self.serve()
        before = self.read(1)
        self.ask(1, hung, urgent=True)
        self.ask(2, *quick)
        self.start("openat", hung)
        pid = self.wait_until_stopped()
        while self.log.count("exited with 0") < 2:  # one that reads the other's disk, and one that opens it
            self.wait_for("exited with 0")
        self.assertNotIn("SIGKILL", self.log)
        self.end()
        self.assertEqual(self.kernels(2), list(images.RHEL_4.kernels))
        self.assertRegex(self.log, rf"(?m)^{pid} +\+\+\+ killed by SIGKILL")
        error = "a disk does not answer: reading was given up after 20 s"
        self.assertEqual(self.read(1), {**before, "errors": [error]})

    def test_unreadable_request(self):
        """A request that cannot be read is answered with the error, and the others are answered, too."""
        disks = self.make("lvm", images.RHEL_4)
        self.ask(1, *disks, urgent=True)  # it is taken first
        self.ask(2, *disks)
        self.start("read", os.path.join(self.requests, f".{uuid(1)}.taken"), tamper="error=EIO")
        self.end()
        self.assertIn("(INJECTED)", self.log)
        self.assertEqual(self.read(1)["errors"], ["the request cannot be read: Input/output error"])
        self.assertEqual(self.kernels(2), list(images.RHEL_4.kernels))
        self.assertEqual(os.listdir(self.requests), [])

    def test_service_is_killed(self):
        """The next service answers the requests that the killed one had taken, except where there is a newer
        request."""
        [first], [second] = self.make("plain", images.RHEL_3, "first"), self.make("plain", images.RHEL_3, "second")
        newer = self.make("lvm", images.RHEL_4, "newer")
        self.ask(1, first)
        self.ask(2, second)
        self.start("pread64", self.requests, first, second)
        pids = [self.wait_until_stopped(), self.wait_until_stopped()]
        self.ask(2, *newer)
        with open(f"/proc/{self.tracer.pid}/task/{self.tracer.pid}/children", encoding="ascii") as children:
            service = int(children.read().split()[0])
        for pid in (service, *pids):
            os.kill(pid, signal.SIGKILL)
        self.tracer.wait()
        self.assertEqual((self.waiting(), self.answered()), ({uuid(2)}, set()))
        self.serve()
        self.assertEqual((self.kernels(1), self.kernels(2)), (list(images.RHEL_3.kernels), list(images.RHEL_4.kernels)))
        self.assertEqual(os.listdir(self.requests), [])

    def test_killed(self):
        """If a reading process is killed, only that reading fails."""
        for call in ("openat", "pread64"):
            [disk], quick = self.make("plain", images.RHEL_3, call), self.make("lvm", images.RHEL_4, "quick")
            self.ask(1, disk)
            self.ask(2, *quick)
            self.start(call, disk, tamper="signal=SIGKILL")
            self.end()
            with self.subTest(call):
                answer = self.read(1)
                self.assertEqual(([each["source"] for each in answer["disks"]], answer["kernels"], answer["inspected_at"]),
                                 ([disk], [], 0))
                self.assertRegex(answer["errors"][0], "signal 9")
                self.assertEqual(self.kernels(2), list(images.RHEL_4.kernels))


if __name__ == "__main__":
    inspector.main()
