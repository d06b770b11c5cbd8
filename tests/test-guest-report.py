# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the reporter for guests in every installed shell, with fake commands in its PATH."""
import os
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "guest", "xenpv-compat-report")
SHELLS = {"sh": ["sh"], "dash": ["dash"], "bash": ["bash", "--posix"]}  # busybox has a uname of its own
# Another shell to test, such as bash 2.05b: XPV_SHELL=/path/to/it
if os.environ.get("XPV_SHELL"):
    SHELLS = {"XPV_SHELL": [os.environ["XPV_SHELL"]]}

UNAME = 'case $1 in -r) echo 2.4.21-50.ELsmp ;; -m) echo i686 ;; *) exit 1 ;; esac'
NAME = "kernel-smp-2.4.21-50.EL.i686"
# Like rpm: it knows the %{…} of --qf, and the file of the running kernel.
RPM = f"""case "$*" in
"-qf --qf %{{NAME}}-%{{VERSION}}-%{{RELEASE}}.%{{ARCH}}\\n /boot/vmlinuz-2.4.21-50.ELsmp") echo {NAME} ;;
*) echo "file $4 is not owned by any package"; exit 1 ;;
esac"""
NOT_OWNED = 'echo "file /boot/vmlinuz-2.4.21-50.ELsmp is not owned by any package"'
XENSTORE_WRITE = 'echo "$#|$1|$2" >> "$WRITTEN"; echo noise; echo noise >&2'


class Reporter(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="xenpv-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.written = os.path.join(self.folder, "written")

    def path_of(self, commands):
        """Makes a folder with only these commands. Returns: its path."""
        path = tempfile.mkdtemp(dir=self.folder)
        for name, text in commands.items():
            command = os.path.join(path, name)
            with open(command, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{text}\n")
            os.chmod(command, 0o755)
        return path

    def expect(self, expected, *options, status=0, printed="", errors="", **commands):
        """Expects this report with these commands, where a name has "_" in place of "-". A command that is None does
        not exist.
        @expected: None: nothing is written"""
        commands = {"uname": UNAME, "rpm": RPM, "xenstore_write": XENSTORE_WRITE, **commands}
        path = self.path_of({name.replace("_", "-"): text for name, text in commands.items() if text is not None})
        for name, argv in SHELLS.items():
            shell = shutil.which(argv[0])
            if not shell:
                continue
            with self.subTest(name):
                done = subprocess.run([shell, *argv[1:], SCRIPT, *options], env={"PATH": path, "WRITTEN": self.written},
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, status)
                self.assertRegex(done.stdout, f"^{printed}$")
                self.assertRegex(done.stderr, f"^{errors}$")
                written = None if expected is None else f"2|data/xenpv-compat/kernel|{expected}\n"
                self.assertEqual(self.take_written(), written)

    def take_written(self):
        if not os.path.exists(self.written):
            return None
        with open(self.written, encoding="utf-8") as file:
            text = file.read()
        os.unlink(self.written)
        return text

    def test_package(self):
        self.expect(NAME)

    def test_several_packages(self):
        """All packages that own the file are reported: the host judges what they have in common."""
        self.expect("kernel-2.4.21-50.EL.i686\nkernel-2.4.21-50.EL.athlon",
                    rpm="echo kernel-2.4.21-50.EL.i686; echo kernel-2.4.21-50.EL.athlon")

    def test_ia64(self):
        self.expect("kernel-2.6.9-67.EL.ia64", uname="echo 2.6.9-67.EL",
                    rpm='case $4 in /boot/efi/*) echo kernel-2.6.9-67.EL.ia64 ;; *) exit 1 ;; esac')

    def test_no_package(self):
        for rpm in (None, "exit 1", NOT_OWNED + "; exit 1", NOT_OWNED, "echo error: no database >&2; exit 1", ":"):
            with self.subTest(rpm):
                self.expect("2.4.21-50.ELsmp i686", rpm=rpm)

    def test_no_xenstore(self):
        for write in (None, "echo xs_open: No such file or directory >&2; exit 1", "kill -9 $$"):
            with self.subTest(write):
                self.expect(None, xenstore_write=write)

    def test_print(self):
        self.expect(None, "--print", printed=NAME + "\n")
        self.expect(None, "--print", printed="2.4.21-50.ELsmp i686\n", rpm=None, xenstore_write=None)

    def test_help_and_wrong_usage(self):
        self.expect(None, "--help", printed="Usage: (.|\n)*")
        for options in (["--colour"], ["--print", "--print"], [""]):
            self.expect(None, *options, status=2, errors="Usage: (.|\n)*")

    def test_runs_by_itself(self):
        """The script is executed directly, as when it is installed: its first line names the shell."""
        path = self.path_of({"uname": UNAME, "rpm": RPM, "xenstore-write": XENSTORE_WRITE})
        subprocess.run([SCRIPT], env={"PATH": path, "WRITTEN": self.written}, timeout=60, check=True)
        self.assertEqual(self.take_written(), f"2|data/xenpv-compat/kernel|{NAME}\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
