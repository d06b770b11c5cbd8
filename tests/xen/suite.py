# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots Xen hosts, installs the daemon on each, and runs the tests that are named there, on all hosts at once.

    suite.py FOLDER NAMES…      NAMES, a host's: of test_NAME, a module, or of one test as in domains.Host.test_facts

Console and journal of a host stay in FOLDER/host-N. Where its emulator fails, its tests start once more, in
FOLDER/host-N-again."""
import concurrent.futures
import faulthandler
import fcntl
import io
import os
import shutil
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

# As the README has it.
START = """systemctl daemon-reload && systemctl reload dbus && journalctl --update-catalog
    systemctl enable --now xenpv-compatd"""

# Longer than any test takes, even in an emulator.
HANGS = 1500


def journal(host, since):
    """Keeps the host's. Returns: the end of what it has since then."""
    with open(os.path.join(host.folder, "journal.log"), "w", encoding="utf-8") as log:
        log.write(host.run("journalctl --boot --output=short-precise")[1])
    return host.run(f"journalctl --boot --output=short-precise --since=@{int(since)} --lines=100")[1]


class Result(closing.Result):
    """Prints the host's journal beside what fails, and stops where the emulator has. `is_projects`: something failed
    while the emulator did not."""

    is_projects = False

    def startTest(self, test):
        self.timer = threading.Timer(HANGS, self._hang)
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
            self.stream.writeln(f"and the journal of dom0 cannot be read: {error}")

    def _hang(self):
        self.stream.writeln(f"It hangs: {HANGS} s")
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
    except AssertionError:
        print(journal(host, began))
        raise
    host.bus = host.forward("bus", "/run/dbus/system_bus_socket")
    host.libvirt = host.forward("libvirt", "/run/libvirt/libvirt-sock")
    host.xenstored = host.forward("xenstored", "/run/xenstored/socket")


class Lines(io.TextIOBase):
    """Standard output that hosts share: a line at a time, and it says whose it is."""

    def __init__(self, whose):
        self.whose = whose
        self.begun = ""

    def write(self, text):
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            os.write(sys.__stdout__.fileno(), f"{self.whose}{line}\n".encode())
        return len(text)


def run(image, folder, modules):
    """Returns: (nullable) the tests' result, and what the emulator failed by, if it did."""
    os.makedirs(folder)
    result = host = None
    # A socket's path is short.
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


def prove(image, folder, names, whose):
    """Has one host, or another where its emulator fails, pass the tests. Returns: what is counted of them."""
    sys.stdout = Lines(whose)
    for attempt in (folder, folder + "-again"):
        result, fault = run(image, attempt, ["test_" + name for name in names.split()])
        if not fault or (result and result.is_projects):
            print(f"The console and the journal are in {attempt}")
            return result.count()
        print(f"The emulator has failed, not the project: {fault}")
    sys.exit("It has failed twice. See " + folder)


def main(folder, *hosts):
    made = subprocess.run([os.path.join(here, "image")], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        sys.exit(1)
    image = made.stdout.strip()
    fcntl.flock(os.open(image, os.O_RDONLY), fcntl.LOCK_SH)  # until we end
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    with concurrent.futures.ProcessPoolExecutor(len(hosts)) as pool:
        proofs = [pool.submit(prove, image, os.path.join(folder, f"host-{number}"), names,
                              f"host {number}: " if len(hosts) > 1 else "")
                  for number, names in enumerate(hosts, 1)]
        counts = [proof.result() for proof in proofs]
    print(f"The suite took {time.monotonic() - began:.0f} s")
    closing.close(*counts)


if __name__ == "__main__":
    main(*sys.argv[1:])
