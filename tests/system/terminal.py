# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program on a pseudo terminal."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

TIMEOUT = 60


class Terminal:
    """The constructor starts the program. Its output is recorded, without the terminal's own carriage returns."""

    def __init__(self, argv, columns, env=None):
        self.head, tail = pty.openpty()
        attributes = termios.tcgetattr(tail)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(tail, termios.TCSANOW, attributes)
        self.resize(columns)
        self.popen = subprocess.Popen(argv, env=dict(os.environ, **(env or {})), stdin=tail, stdout=tail, stderr=tail,
                                      start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))  # for Ctrl-C
        os.close(tail)
        self.data = b""

    @property
    def text(self):
        return self.data.decode(errors="replace")

    def resize(self, columns):
        fcntl.ioctl(self.head, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))

    def type(self, text):
        os.write(self.head, text.encode())

    def poll(self):
        """Records the output so far."""
        while select.select([self.head], [], [], 0)[0] and self._read(0):
            pass

    def _read(self, deadline):
        """Returns: whether more output may come."""
        if not select.select([self.head], [], [], max(0, deadline - time.monotonic()))[0]:
            raise AssertionError(f"waited in vain; on the terminal: {self.text!r}")
        try:
            chunk = os.read(self.head, 65536)
        except OSError:  # no process has the terminal open any more
            return False
        self.data += chunk
        return bool(chunk)

    def wait_for(self, pattern):
        """Waits until the output has a match. Returns: the match."""
        deadline = time.monotonic() + TIMEOUT
        while not (match := re.search(pattern, self.text)):
            if not self._read(deadline):
                raise AssertionError(f"ended without {pattern!r}: {self.text!r}")
        return match

    def end(self):
        """Waits until the program ends. Returns: the exit status."""
        deadline = time.monotonic() + TIMEOUT
        try:
            while self._read(deadline):
                pass
            return self.popen.wait(TIMEOUT)
        finally:
            self.close()

    def close(self):
        if self.head is not None:
            self.popen.kill()
            self.popen.wait(TIMEOUT)
            os.close(self.head)
            self.head = None


def run(argv, columns, env=None):
    """Returns: the exit status and the output."""
    terminal = Terminal(argv, columns, env)
    status = terminal.end()
    return status, terminal.text
