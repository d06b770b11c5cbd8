# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares check --matrix and check --all-hosts with the Guide's tables."""
import itertools
import json
import os
import pty
import re
import subprocess

import guide
import harness
from guide import CELLS

KERNELS = {(variant, major): guide.package(variant, guide.version(major, guide.first_supported(major)))
           for variant, major in CELLS}

HOST_KERNEL = "2.6.18-53.el5xen"
HOST_KEYS = ["host_kernel", "host_architecture", "host_processor", "host_release"]
CHECK_KEYS = ["kernel", "verdict", "reasons", "warnings", "release", "variant", "processor",
              "required_host_architectures", "driver_source", "explanation", "remedy"]
ALL_HOSTS = [("i686", "intel"), ("i686", "amd"), ("x86_64", "intel"), ("x86_64", "amd"), ("ia64", "intel")]


def expected(variant, major, architecture, processor):
    """Returns: the parts of a cell's JSON line that the tables determine, on a host with RHEL 5.1."""
    cell = CELLS[variant, major]
    hosts = guide.hosts(variant, major)
    compiled_for = guide.PROCESSORS.get(cell, "")
    reasons = []
    if cell == "-":
        reasons.append("kernel-variant-unsupported")
    elif architecture not in ("", *hosts):
        reasons.append("host-architecture-mismatch")
    if compiled_for and processor not in ("", compiled_for):
        reasons.append("processor-mismatch")
    verdict = "incompatible" if reasons else "compatible"
    if not reasons and not architecture:
        verdict, reasons = "unknown", ["host-unknown"]
    warnings = []
    if major == 3 and not processor:
        warnings.append("host-processor-unknown")
    if major == 3 and hosts == ["i686"] and architecture == "x86_64":
        warnings.append("guide-disagrees")
    return {"kernel": KERNELS[variant, major], "verdict": verdict, "reasons": reasons, "warnings": warnings,
            "release": f"{major}.{guide.MINIMUM[major]}", "variant": variant, "processor": compiled_for,
            "required_host_architectures": hosts, "driver_source": "kmod-xenpv", "host_kernel": HOST_KERNEL,
            "host_architecture": architecture, "host_processor": processor, "host_release": "5.1"}


def options_of(architecture, processor):
    return [f"--host-architecture={architecture}", f"--host-processor={processor}", f"--host-kernel={HOST_KERNEL}"]


class Plan(harness.TestCase):
    def environment(self):
        return {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}

    def check(self, *arguments, status=0, stdin=None):
        done = self.ctl("check", *arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (status, ""), arguments)
        return done.stdout

    def check_json(self, *arguments, **kwargs):
        return [json.loads(line) for line in self.check("--json", *arguments, **kwargs).splitlines()]

    def compare(self, line, want):
        self.assertEqual(list(line), CHECK_KEYS + HOST_KEYS)
        self.assertEqual({key: line[key] for key in want}, want)
        self.assertNotEqual(line["explanation"], "")

    def on_terminal(self, *arguments):
        """Returns: the output on a terminal of 80 columns."""
        master, slave = pty.openpty()
        env = dict(os.environ, TERM="xterm", COLUMNS="80", LC_ALL="C.UTF-8")
        env.pop("NO_COLOR", None)
        with subprocess.Popen([os.environ["XPV_CTL"], "check", *arguments], env=env, stdout=slave) as process:
            os.close(slave)
            printed = b""
            try:
                while chunk := os.read(master, 4096):
                    printed += chunk
            except OSError:  # EIO: the other end is closed
                pass
        os.close(master)
        self.assertIn(process.returncode, (0, 1, 3))
        return printed.decode().replace("\r\n", "\n")


class Matrix(Plan):
    def test_every_cell(self):
        for host in itertools.product(("i686", "x86_64", "ia64", ""), ("intel", "amd", "")):
            with self.subTest(host):
                lines = self.check_json("--matrix", *options_of(*host))
                self.assertEqual(len(lines), 33)
                for line, cell in zip(lines, CELLS):
                    self.compare(line, expected(*cell, *host))

    def test_text(self):
        for host in itertools.product(("i686", "x86_64", "ia64", ""), ("intel", "amd", "")):
            self.compare_text(*host)

    def compare_text(self, architecture, processor):
        with self.subTest((architecture, processor)):
            grid, *rest = self.check("--matrix", *options_of(architecture, processor)).split("\n\n")
            rows = [row.split() for row in grid.splitlines()[1:-1]]  # not the heading and the note on "-"
            cells = {(row[0], major): row[major - 2] for row in rows for major in (3, 4, 5)}
            want = {cell: expected(*cell, architecture, processor) for cell in CELLS}
            self.assertEqual(cells, {cell: "-" if CELLS[cell] == "-" else want[cell]["verdict"] for cell in CELLS})

            listed = re.findall(r"(?m)^([345]\.\d+) +(kernel\S+)$", "\n".join(rest))
            fitting = [(want[cell]["release"], want[cell]["kernel"]) for cell in want
                       if want[cell]["verdict"] == "compatible"]
            self.assertEqual(listed, sorted(fitting, key=lambda line: line[0]))
            self.assertEqual("was not checked" in rest[-1], processor == "")
            self.assertEqual("the Guide's own prose" in rest[-1], architecture == "x86_64")

    def test_old_host(self):
        for line in self.check_json("--matrix", "--host-kernel=2.6.18-8.el5xen"):
            self.assertEqual((line["verdict"], line["reasons"][-1]), ("incompatible", "host-release-unsupported"))
            self.assertEqual(line["host_release"], "5.0")

    def test_virtualization(self):
        text = self.check("--matrix", "--virtualization=pv")
        self.assertIn("33 kernels: 33 not applicable", text)
        self.assertEqual({line["verdict"] for line in self.check_json("--matrix", "--virtualization=pv")},
                         {"not-applicable"})

    def test_this_machine(self):
        host = {key: self.check_json("--matrix")[0][key] for key in HOST_KEYS}
        self.assertEqual(tuple(host.values()), (harness.KERNEL, harness.ARCHITECTURE, harness.PROCESSOR, ""))

    def test_terminal(self):
        text = self.on_terminal("--matrix", *options_of("x86_64", "intel"))
        self.assertIn("\x1b[32mcompatible\x1b[0m", text)
        self.assertIn("\x1b[1;31mincompatible\x1b[0m", text)
        self.assertLessEqual(max(len(line) for line in re.sub("\x1b.*?m", "", text).splitlines()), 80)


class AllHosts(Plan):
    def test_every_kernel(self):
        lines = self.check_json("--all-hosts", "-", stdin="\n".join(KERNELS.values()), status=1)
        self.assertEqual(len(lines), 33 * len(ALL_HOSTS))
        for line, (cell, host) in zip(lines, [(cell, host) for cell in CELLS for host in ALL_HOSTS]):
            self.compare(line, expected(*cell, *host))

    def test_text(self):
        """Processors with the same verdict share a line."""
        text = self.check("--all-hosts", "kernel-smp-2.4.21-50.EL.i686", "2.6.9-67.EL i686")
        first, second = [re.split("  +", row) for row in re.findall("(?m)^i686, intel .*", text)]
        self.assertEqual((first, second), (["i686, intel", "compatible"], ["i686, intel or amd", "compatible"]))
        self.assertRegex(text, r"(?m)^i686, amd +incompatible +kernel is compiled for another processor$")
        self.assertRegex(text, r"(?m)^x86_64, intel or amd +compatible$")
        self.assertRegex(text, r"(?m)^ia64, intel +incompatible +needs another host architecture$")
        self.assertIn("5 hosts: 4 compatible, 1 incompatible — as on a Xen host, kernel 2.6.18-53.el5xen (RHEL 5.1)",
                      text)

    def test_facts(self):
        lines = self.check_json("--all-hosts", "--host-kernel=2.6.18-8.el5xen", "2.6.18-398.el5PAE", status=1)
        self.assertEqual({(line["host_release"], line["verdict"]) for line in lines}, {("5.0", "incompatible")})
        lines = self.check_json("--all-hosts", "--virtualization=pv", "2.6.18-398.el5PAE", status=3)
        self.assertEqual({line["verdict"] for line in lines}, {"not-applicable"})

    def test_exit_status(self):
        """The exit status says whether each report has a host that it is compatible with."""
        somewhere, nowhere, unclear = "2.6.18-398.el5PAE", "2.6.18-8.el5PAE", "2.4.21-50.EL"
        for reports, status in (([somewhere], 0), ([nowhere], 1), ([unclear], 3), (["6.1.0-18-amd64"], 3), ([" ", somewhere], 0),
                                ([somewhere, unclear], 3), ([unclear, somewhere, nowhere], 1)):
            self.check("--all-hosts", *reports, status=status)

    def test_terminal(self):
        text = self.on_terminal("--all-hosts", "kernel-smp-2.4.21-50.EL.i686", "Linux naboo 2.4.21-50.ELsmp #1 SMP Tue "
                                "May 8 17:18:29 EDT 2007 i686 i686 i386 GNU/Linux")
        self.assertIn("\x1b[32mcompatible\x1b[0m", text)
        self.assertLessEqual(max(len(line) for line in re.sub("\x1b.*?m", "", text).splitlines()), 80)

    def test_wrong_usage(self):
        for arguments, sentence in ((["--matrix", "x"], "“x”"), (["--matrix", "--all-hosts"], "--all-hosts"),
                                    (["--all-hosts"], "needs an argument"),
                                    (["--all-hosts", "--host-architecture=i686", "x"], "--all-hosts"),
                                    (["--all-hosts", "--host-processor=", "x"], "--all-hosts"),
                                    (["--matrix", "--host-processor=arm"], "“arm”")):
            done = self.ctl("check", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertRegex(done.stderr, f"^xenpv-compatctl: .*{sentence}.*\n$")


if __name__ == "__main__":
    harness.main()
