# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots a Xen host, installs the daemon there, and runs the named tests.

    prove.py IMAGE FOLDER NAME…     NAME: a module without its “test_”, or a test, as in domains.Host.test_facts

The host's console and journal are kept in FOLDER. If the emulator fails, all is run once more, in FOLDER-again. The
counts of the tests are written to FOLDER.json, for closing.close()."""
import faulthandler
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(here, os.pardir, "system"))
import closing  # noqa: E402
import test_install  # noqa: E402
import xenhost  # noqa: E402
import xentest  # noqa: E402

# As in the README.
START = """systemctl daemon-reload && systemctl reload dbus && journalctl --update-catalog
    systemctl enable --now xenpv-compatd"""

# Seconds after which a test counts as hung, unless it has its own HANGS. Tests are faster even in an emulator.
HANGS = 3 * xenhost.TIMEOUT


def journal(host, since):
    """Saves the host's journal. Returns: its last lines since a time."""
    with open(os.path.join(host.folder, "journal.log"), "w", encoding="utf-8") as log:
        log.write(host.run("journalctl --boot --output=short-precise")[1])
    return host.run(f"journalctl --boot --output=short-precise --since=@{int(since)} --lines=100")[1]


class Result(closing.Result):
    """Prints the host's journal after each failure, and stops when the emulator fails. `is_projects`: a test failed
    while the emulator worked."""

    is_projects = False

    def startTest(self, test):
        hangs = getattr(test, "HANGS", HANGS)
        self.timer = threading.Timer(hangs, self._hang, [hangs])
        self.timer.daemon = True
        self.timer.start()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.timer.cancel()
        if xentest.host.fault:
            self.stop()

    def addError(self, test, error):
        super().addError(test, error)
        self._show()

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._show()

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self._show()

    def _show(self):
        if xentest.host.find_fault():
            return
        self.is_projects = True
        try:
            self.stream.writeln(journal(xentest.host, self.began))
        except (AssertionError, OSError, subprocess.SubprocessError, xenhost.EmulatorFault) as error:
            self.stream.writeln(f"The journal of dom0 cannot be read: {error}")

    def _hang(self, seconds):
        self.stream.writeln(f"The test has run for {seconds} s and is ended")
        faulthandler.dump_traceback()
        self._show()
        xentest.host.end()
        os._exit(1)


def install(host):
    began = time.time()
    try:
        with tempfile.TemporaryDirectory() as root:
            test_install.install(root)
            host.install(root)
        host.run(START)
        host.bus = host.forward("bus", "/run/dbus/system_bus_socket")
        host.libvirt = host.forward("libvirt", "/run/libvirt/libvirt-sock")
        host.xenstored = host.forward("xenstored", "/run/xenstored/socket")
    except (AssertionError, subprocess.SubprocessError):
        print(journal(host, began))
        raise


def run(image, folder, modules):
    """Returns: (nullable) the tests' result, and (nullable) the emulator's fault."""
    os.makedirs(folder)
    result = host = None
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory() as sockets:
        try:
            xentest.host = host = xenhost.XenHost(image, folder, sockets)
            install(host)
            tests = unittest.defaultTestLoader.loadTestsFromNames(modules)
            result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result).run(tests)
            journal(host, 0)
            return result, host.fault
        except xenhost.EmulatorFault as fault:
            return result, str(fault)
        finally:
            if host:
                host.end()


def main(image, folder, *names):
    for attempt in (folder, folder + "-again"):
        try:
            result, fault = run(image, attempt, ["test_" + name for name in names])
        finally:
            print(f"The console and the journal are in {attempt}")
        if not fault or (result and result.is_projects):
            with open(folder + ".json", "w", encoding="utf-8") as file:
                json.dump(result.count(), file)
            return
        print(f"The emulator failed, not the project: {fault}")
    sys.exit("The emulator failed twice")


if __name__ == "__main__":
    main(*sys.argv[1:])
