# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the inspector under strace, which can stop its processes at a call, or tamper with the call."""
import re
import subprocess

import inspector


def status(pid):
    """Returns: the fields of /proc/PID/status."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def limits(pid):
    """Returns: the hard limits of a process, by name."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        return {line[:26].strip(): line[47:68].strip() for line in file}


class TestCase(inspector.TestCase):
    def trace(self, arguments, *options, **popen):
        """Starts the inspector under strace, which prints on standard error how its processes end. With --output, each
        line begins with the id of its process, also where no other is left."""
        argv = ["strace", "--follow-forks", "--quiet=attach,personality", "--output=/dev/stderr", *options,
                inspector.INSPECT, "--json", *arguments]
        tracer = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.stdout.close)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.kill)
        return tracer

    def wait_for_stop(self, tracer):
        """Waits until a process has been stopped. Returns: its id"""
        log = ""
        for line in tracer.stderr:
            log += line
            if stopped := re.search(r"^(\d+) +--- stopped by SIGSTOP", line):
                return int(stopped.group(1))
        raise AssertionError(f"no process was stopped: {log}")
