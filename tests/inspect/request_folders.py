# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays the daemon's part in tests: writes requests for the inspector, and reads its answers."""
import os
import subprocess

import inspector
from inspector import INSPECT, TIMEOUT


def uuid(number):
    return f"5b1a3c10-0000-4000-8000-{number:012}"


def request(*disks, urgent=False, format="raw", serial=1):
    """Returns: the text of a request."""
    text = f"[request]\nurgent={str(urgent).lower()}\nserial={serial}\n"
    for number, disk in enumerate(disks):
        source = disk.replace("\\", "\\\\").replace("\n", "\\n")
        text += f"[disk {number + 1}]\nsource={source}\nformat={format}\ntarget=hd{'abcd'[number % 4]}\nbus=ide\n"
    return text


class TestCase(inspector.TestCase):
    """Gives each test the two folders, and runs the program on them."""

    def setUp(self):
        super().setUp()
        self.answers = self.path("run-inspect")
        self.requests = self.path("run/inspect")
        self.environment = {"RUNTIME_DIRECTORY": self.answers}
        os.makedirs(self.requests)

    def ask(self, number, *disks, **options):
        self.put(uuid(number), request(*disks, **options))

    def put(self, name, text):
        """Puts a whole file in place at once, as the daemon does."""
        unfinished = os.path.join(self.requests, ".unfinished")
        with open(unfinished, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.rename(unfinished, os.path.join(self.requests, name))

    def serve(self, status=0, complaint="^$", **options):
        done = subprocess.run([INSPECT, "--requests"], env={**os.environ, **self.environment}, capture_output=True, text=True,
                              timeout=TIMEOUT, check=False, **options)
        self.assertNotRegex(done.stderr, inspector.FINDING)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertRegex(done.stderr, complaint)

    def waiting(self):
        return {name for name in os.listdir(self.requests) if not name.startswith(".")}

    def answered(self):
        return set(os.listdir(self.answers))

    def read(self, number):
        """Returns: the answer, or None if there is none."""
        try:
            with open(os.path.join(self.answers, uuid(number)), encoding="utf-8") as file:
                return self.answer(file.read())
        except FileNotFoundError:
            return None

    def kernels(self, number):
        return [kernel["package"] for kernel in self.read(number)["kernels"]]


