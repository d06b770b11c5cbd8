# SPDX-License-Identifier: LGPL-2.1-or-later
"""The closing lines of tests that meson does not count."""
import sys
import time
import unittest


class Result(unittest.TextTestResult):
    """Notes how long each test takes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.durations = {}

    def startTest(self, test):
        self.began = time.time()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.durations[test.id()] = time.time() - self.began


def close(result):
    """Prints them, of a Result, and ends the program. A test that is skipped has not passed."""
    longest = sorted(result.durations.items(), key=lambda item: -item[1])[:5]
    print("The longest:", ", ".join(f"{name} {seconds:.0f} s" for name, seconds in longest))
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed or not result.testsRun else 0)
