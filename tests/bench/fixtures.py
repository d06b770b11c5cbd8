# SPDX-License-Identifier: LGPL-2.1-or-later
"""The processes of the benchmark: a bus with the daemon and libvirt-dbus, and hosts of libvirt's test driver."""
import os
import shutil
import subprocess
import tempfile
import time

import harness
from gi.repository import Gio, GLib

del os.environ["LD_PRELOAD"]  # it costs time, and the detected host does not matter here
BUILD = os.path.join(os.environ["XPV_BUILD"], "tests", "bench")
ALL_CPUS = os.sched_getaffinity(0)

# Reports of guests: a compatible one, an incompatible one, an ambiguous one, and none.
KERNELS = ("2.6.9-89.0.25.ELsmp", "2.6.18-398.el5PAE", "2.6.18-128.el5", None)


def domain_xml(number):
    """Returns: the XML of a fully virtualized guest, about as long as virt-install's."""
    disk = """<disk type="block" device="disk"><source dev="/dev/vg/guest"/><target dev="xvda" bus="xen"/></disk>
        <interface type="bridge"><mac address="00:16:3e:00:00:01"/><source bridge="xenbr0"/></interface>"""
    return harness.domain_xml(f"guest-{number:05}", number, KERNELS[number % len(KERNELS)], devices=disk)


def pin():
    os.sched_setaffinity(0, {max(ALL_CPUS)})


class Bench(harness.TestCase):
    """A bus and the processes on it."""

    def runTest(self):  # noqa: N802
        """Does nothing: only the fixtures of TestCase are used."""

    count = 0  # of domains on the host

    def __enter__(self):
        self.setUp()
        self.runtime = tempfile.mkdtemp(prefix="xenpv-", dir="/dev/shm")  # in memory, as /run is
        self.addCleanup(shutil.rmtree, self.runtime, True)
        return self

    def __exit__(self, *_):
        self.doCleanups()

    def host(self, count, behind_libvirtd):
        """Makes a host of libvirt's test driver with this many domains. Returns: its URI."""
        self.count = count
        domains = [domain_xml(number) for number in range(1, count + 1)]
        if behind_libvirtd:
            os.sched_setaffinity(0, ALL_CPUS - {max(ALL_CPUS)} or ALL_CPUS)
            self.virt = self.libvirtd(*domains)
            pin()
            return self.virt.uri
        node = "<node><cpu><model>x86_64</model><active>8</active></cpu><memory>8388608</memory>" + "".join(domains)
        return "test://" + self.write("host.xml", node + "</node>")

    def start_compatd(self, uri, *options, env=None):
        """Starts the daemon as its unit does. Returns: microseconds until everything is published."""
        began = time.perf_counter()
        env = {"G_SLICE": "always-malloc", "RUNTIME_DIRECTORY": os.path.join(self.runtime, "run"), **(env or {})}
        self.start(uri, "--host-architecture=x86_64", *options, env=env)
        took = (time.perf_counter() - began) * 1e6
        host = self.client.host()
        if not host["Connected"] or sum(host["Counts"].values()) < self.count:
            raise AssertionError(f"not all domains are published: {host}")
        return took

    def start_libvirt_dbus(self, uri):
        env = {**self.environment(), "XPV_URI": uri, "LD_PRELOAD": os.path.join(BUILD, "libvirt-uri.so")}
        process = harness.Process(["libvirt-dbus", "--system"], env=env, log=os.path.join(self.folder, "libvirt-dbus"))
        self.addCleanup(process.end)
        self.wait_for_name("org.libvirt")
        return process

    def wait_for_name(self, name):
        is_owned = ("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", GLib.Variant("(s)", [name]),
                    None, Gio.DBusCallFlags.NONE, -1, None)
        while not self.client.bus.call_sync(*is_owned).unpack()[0]:
            time.sleep(0.01)

    def probe(self, *arguments):
        """Runs the probe. Returns: the numbers that it prints."""
        argv = [os.path.join(BUILD, "probe"), *map(str, arguments)]
        output = subprocess.run(argv, env={**os.environ, **self.environment()}, check=True, capture_output=True).stdout
        return [float(line) for line in output.split()]

    def resident(self):
        """Returns: the daemon's resident memory in KiB."""
        with open(f"/proc/{self.daemon.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1])
