# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the closing lines of tests that do not run under meson."""
import json
import os
import sys
import time
import unittest


class Result(unittest.TextTestResult):
    """Records how long each test takes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.durations = {}

    def startTest(self, test):
        self.began = time.time()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.durations[test.id()] = time.time() - self.began

    def count(self):
        """Returns: the counts for close(), which another process can send. A skipped test has not passed; a test with
        several failed subtests has failed once."""
        failures = self.failures + self.errors + self.skipped
        failed = {getattr(test, "test_case", test).id() for test in
                  [test for test, _why in failures] + self.unexpectedSuccesses}
        return self.durations, self.testsRun, len(failed)


def close(*counts):
    """Prints the closing lines of all counted tests, and ends the program."""
    durations = [item for each, _run, _failed in counts for item in each.items()]
    longest = sorted(durations, key=lambda item: -item[1])[:5]
    print("The longest:", ", ".join(f"{name} {seconds:.0f} s" for name, seconds in longest))
    failed = sum(each for _durations, _run, each in counts)
    print(f"{sum(run for _durations, run, _failed in counts) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not all(run for _durations, run, _failed in counts) else 0)


def tell(counts):
    """Writes the counts into the file XPV_COUNTS, for a program that runs several like this one; without it, closes."""
    if "XPV_COUNTS" not in os.environ:
        close(counts)
    with open(os.environ["XPV_COUNTS"], "w", encoding="utf-8") as file:
        json.dump(counts, file)
