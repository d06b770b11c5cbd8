# SPDX-License-Identifier: LGPL-2.1-or-later
"""Common parts of the inspector's tests: runs it, and checks the form of its answers.

The program is XPV_INSPECT, as meson sets it. A test fails if a sanitizer finds something in it or in its child.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system"))
import harness  # noqa: E402
import images  # noqa: E402
from harness import TIMEOUT, main  # noqa: E402,F401

INSPECT = os.environ["XPV_INSPECT"]
FINDING = "AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error|CRITICAL|Assertion"
FOUND, NONE, USAGE, NOT_OPENED = 0, 1, 2, 3  # the exit statuses

DISK = {"source": str, "format": str, "boot": bool, "error": str}
KERNEL = {"package": str, "release": str, "architecture": str, "default": bool, "in_grub": bool, "installed_at": int}
ANSWER = {"disks": [DISK], "release": str, "distribution": str, "default_kernel": str, "kernels": [KERNEL],
          "driver_packages": [str], "driver_aliases": [str], "needs_recovery": bool, "errors": [str],
          "inspected_at": int, "boot_changed_at": int, "mounted_at": int, "serial": int}


def fault(value, form, where="answer"):
    """Returns: what is wrong with the form of a value, or None."""
    if isinstance(form, list):
        if not isinstance(value, list):
            return f"{where} is not a list: {value!r}"
        faults = [fault(each, form[0], f"{where}[{index}]") for index, each in enumerate(value)]
        return next(filter(None, faults), None)
    if isinstance(form, dict):
        if not isinstance(value, dict) or list(value) != list(form):
            return f"{where} does not have the keys {list(form)}: {value!r}"
        return next(filter(None, (fault(value[key], form[key], f"{where}.{key}") for key in form)), None)
    return None if type(value) is form else f"{where} is not of type {form.__name__}: {value!r}"


def kernel(package, release, installed_at=None, default=False, in_grub=True):
    """Returns: a kernel of an answer. @installed_at: its place among the packages of the database; None: it has
    none."""
    return {"package": package, "release": release, "architecture": package.rpartition(".")[2], "default": default,
            "in_grub": in_grub, "installed_at": 0 if installed_at is None else images.rpmdb.INSTALLED_AT + installed_at}


class TestCase(unittest.TestCase):
    """Gives each test its own folder."""

    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="xenpv-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def make(self, layout, guest, name="guest"):
        return images.make(layout, guest, os.path.join(self.folder, name))

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_inspector(self, *arguments, env=None, **options):
        done = subprocess.run([INSPECT, *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=False,
                              env={**os.environ, **(env or {})}, **options)
        self.assertNotRegex(done.stderr, FINDING)
        return done

    def nobody(self):
        """Returns: options of subprocess that run the inspector without root's rights. They use a copy, as it may be in
        /root."""
        if os.getuid() != 0:
            return {}
        return {"user": harness.NOBODY, "group": harness.NOBODY, "executable": shutil.copy(INSPECT, self.path("inspect"))}

    def answer(self, text):
        """Checks that --json printed one line with every key. Returns: the answer."""
        self.assertEqual(text.count("\n"), 1, text)
        answer = json.loads(text)
        self.assertIsNone(fault(answer, ANSWER))
        return answer

    def inspect(self, *arguments, status=FOUND, **options):
        """Returns: the answer without its time. Nothing else is printed."""
        began = int(time.time())
        done = self.run_inspector("--json", *arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        answer = self.answer(done.stdout)
        self.assertIn(answer.pop("inspected_at"), range(began, int(time.time()) + 1))
        return answer

    def text(self, *arguments, status=FOUND):
        done = self.run_inspector(*arguments)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        return done.stdout
