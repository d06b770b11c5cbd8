# SPDX-License-Identifier: LGPL-2.1-or-later
"""The closing line of tests that meson does not count."""
import sys


def close(result):
    """Prints it and ends the program. A test that is skipped has not passed."""
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed or not result.testsRun else 0)
