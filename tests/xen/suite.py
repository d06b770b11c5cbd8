# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots a Xen host, installs the daemon there, and runs the tests that are named.

    suite.py FOLDER NAME…       test_NAME, a module, or one test as in domains.Host.test_facts

The journal and console of the host stay in FOLDER. Where the emulator fails, it starts once more."""
import faulthandler
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(here, os.pardir, "system"))
import test_install  # noqa: E402
import xenhost  # noqa: E402
import xentest  # noqa: E402

# As the README has it.
START = """systemctl daemon-reload && systemctl reload dbus && journalctl --update-catalog
    systemctl enable --now xenpv-compatd"""

# Longer than any test takes, even in an emulator.
HANGS = 900


def journal(host, folder):
    """Keeps the host's. Returns: what it has of the daemon."""
    with open(os.path.join(folder, "journal.log"), "w", encoding="utf-8") as log:
        log.write(host.run("journalctl --boot --output=short-precise")[1])
    return host.run(f"journalctl --boot --output=short-precise --unit={xentest.UNIT} --lines=30")[1]


class Result(unittest.TextTestResult):
    """Prints the host's journal beside what fails, and stops where the emulator has."""

    def startTest(self, test):
        faulthandler.dump_traceback_later(HANGS, exit=True)
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()
        if xentest.host.fault:
            self.stop()

    def addError(self, test, error):
        super().addError(test, error)
        self._show()

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._show()

    def _show(self):
        try:
            self.stream.writeln(journal(xentest.host, xentest.host.folder))
        except (AssertionError, OSError, subprocess.SubprocessError, xenhost.EmulatorFault) as error:
            self.stream.writeln(f"and the journal of dom0 cannot be read: {error}")


def install(host):
    with tempfile.TemporaryDirectory() as root:
        test_install.install(root)
        host.install(root)
    try:
        host.run(START)
    except AssertionError:
        print(journal(host, host.folder))
        raise
    host.bus = host.forward("bus", "/run/dbus/system_bus_socket")
    host.libvirt = host.forward("libvirt", "/run/libvirt/libvirt-sock")


def run(image, folder, modules):
    """Returns: the tests' result, and what the emulator failed by, if it did."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    # A socket's path is short.
    with tempfile.TemporaryDirectory() as sockets:
        try:
            xentest.host = host = xenhost.XenHost(image, folder, sockets)
        except xenhost.EmulatorFault as fault:
            return None, str(fault)
        try:
            install(host)
            tests = unittest.defaultTestLoader.loadTestsFromNames(modules)
            result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result).run(tests)
            journal(host, folder)
            return result, host.fault
        except xenhost.EmulatorFault as fault:
            return None, str(fault)
        finally:
            host.end()


def main(folder, *names):
    modules = ["test_" + name for name in names]
    image = subprocess.run([os.path.join(here, "image")], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    began = time.monotonic()
    for _ in range(2):
        result, fault = run(image, folder, modules)
        if not fault:
            break
        print(f"The emulator has failed, not the project: {fault}", flush=True)
    else:
        sys.exit("It failed twice. See " + folder)
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    print(f"The suite took {time.monotonic() - began:.0f} s; the host's console and journal are in {folder}")
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed or not result.testsRun else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
