# SPDX-License-Identifier: LGPL-2.1-or-later
"""The processes of the system tests: a dbus-daemon, a libvirtd with libvirt's test driver, and the daemon. All are real
and private.

Tests do not sleep: Client.wait_for() runs the main loop until a condition is true, and fails after TIMEOUT.
meson sets the paths of the programs in the environment: XPV_DAEMON, XPV_CTL, XPV_PRELOAD, XPV_SOURCE. It also sets
XPV_TEST_PROCESSOR, the processor that they find: intel, amd or unknown. Kernel and architecture are always the same.
"""
import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import gi
import libvirt

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME = "org.xenpv.Compat1"
ROOT = "/org/xenpv/Compat1"
MANAGER = "org.xenpv.Compat1.Manager"
DOMAIN = "org.xenpv.Compat1.Domain"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"

SOURCE = os.environ["XPV_SOURCE"]
EXAMPLE_HOST = os.path.join(SOURCE, "tests", "data", "example-host.xml")
with open(os.path.join(SOURCE, "common", "report-sources.h"), encoding="utf-8") as header:
    REPORT_SOURCES = re.findall(r'SOURCE\(\w+, \w+, "(.+)"\)', header.read())
NOBODY = 65534
# The texts of an alert and of its end, after the domain's name.
with open(os.path.join(SOURCE, "systemd", "xenpv-compat.catalog.in"), encoding="utf-8") as catalog:
    ALERT, CLEARED = re.findall("^Subject: Domain @XENPV_DOMAIN_NAME@ (.*)$", catalog.read(), re.M)

# tests/this-machine.c makes the programs under test find these, whatever this machine is.
PROCESSOR = {"intel": "intel", "amd": "amd", "unknown": ""}[os.environ.setdefault("XPV_TEST_PROCESSOR", "intel")]
KERNEL, ARCHITECTURE = "6.1.0-18-amd64", "x86_64"
# Other users may not be able to read the build folder, so the library is copied.
preload = tempfile.mkdtemp(prefix="xenpv-")
atexit.register(shutil.rmtree, preload)
os.chmod(preload, 0o755)
os.environ["LD_PRELOAD"] = shutil.copy(os.environ["XPV_PRELOAD"], preload)
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"

# Much longer than any step takes; only a failing test waits this long.
TIMEOUT = 60

libvirt.registerErrorHandler(lambda *_: None, None)


def snake(name):
    """Returns: a property's name as a key of the client's JSON."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def path_of(uuid):
    return f"{ROOT}/domain/_{uuid.replace('-', '_')}"


def uuid_of(number):
    return f"5b1a3c10-0000-4000-8000-{number:012x}"


def domain_xml(name, number, kernel=None, os_type="hvm", arch="x86_64", boot_kernel="", devices="", metadata=""):
    """Returns: the XML of a domain of the test driver. kernel: the report in its metadata."""
    if kernel is not None:
        metadata += f'<guest xmlns="urn:xenpv:compat:1"><kernel>{kernel}</kernel></guest>'
    boot = f"<kernel>{boot_kernel}</kernel>" if boot_kernel else ""
    return f"""<domain type="test"><name>{name}</name><uuid>{uuid_of(number)}</uuid><memory>8192</memory>
        <metadata>{metadata}</metadata><os><type arch="{arch}">{os_type}</type>{boot}</os>
        <devices>{devices}</devices></domain>"""


class Process:
    """A program whose output is recorded."""

    def __init__(self, argv, env=None, user=None, log=None):
        self.log_path = log
        self.log_file = open(log, "a+b")
        self.popen = subprocess.Popen(argv, env=dict(os.environ, **(env or {})), stdin=subprocess.DEVNULL,
                                      stdout=self.log_file, stderr=self.log_file, user=user, group=user)

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def send(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout=TIMEOUT):
        return self.popen.wait(timeout)

    def end(self, number=signal.SIGTERM):
        """Sends a signal, or none if the number is 0, and waits for the end. Returns: the exit status."""
        if number and self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.send_signal(number)
        try:
            return self.wait()
        finally:  # a program that does not end is killed
            self.popen.kill()
            self.log_file.close()


class Bus:
    """A private system bus. `policies`: files with its policy; without them, it allows everything."""

    def __init__(self, folder, policies=()):
        self.socket = os.path.join(folder, "bus")
        self.address = f"unix:path={self.socket}"
        config = os.path.join(folder, "bus.conf")
        rules = "".join(f"<include>{policy}</include>" for policy in policies) or """<policy context="default">
            <allow own="*"/><allow send_destination="*"/></policy>"""
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""<busconfig><type>system</type><listen>{self.address}</listen><auth>EXTERNAL</auth>
                <policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
                <allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
                <allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
                <allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
                <allow send_destination="org.freedesktop.DBus"/></policy>{rules}</busconfig>""")
        argv = ["dbus-daemon", "--nofork", "--print-address=1", f"--config-file={config}"]
        self.popen = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if not self.popen.stdout.readline():
            raise RuntimeError("dbus-daemon does not start")
        self.popen.stdout.close()

    def end(self):
        self.popen.terminate()
        self.popen.wait(TIMEOUT)


class Libvirtd:
    """A private libvirtd with the given domains, all running, on an i686 host. Clients share the test driver's default
    host while one of them is connected, so `connection` stays open. Others cannot connect before the domains run.
    """

    def __init__(self, folder, domains, log):
        self.folder = folder
        self.log = log
        self.domains = domains  # their XML; also used by the next start
        self.own_socket = os.path.join(folder, "libvirt-sock")
        self.socket = os.path.join(folder, "ready-sock")
        self.uri = f"test+unix:///default?socket={self.socket}"
        with open(os.path.join(folder, "libvirtd.conf"), "w", encoding="utf-8") as file:
            file.write(f'unix_sock_dir = "{folder}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n')
        if os.getuid() == 0:
            shutil.chown(folder, NOBODY, NOBODY)
        self.process = None
        self.connection = None
        self.start()

    def start(self):
        """Starts libvirtd as another user than root, so that it uses its own folder and shares no files with others."""
        env = {name: self.folder for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
        env["LIBVIRT_DRIVER_DIR"] = self.folder  # the test driver needs no modules, and others take long to start
        argv = ["libvirtd", "-f", os.path.join(self.folder, "libvirtd.conf"), "-p", os.path.join(self.folder, "pid")]
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.own_socket)
        self.process = Process(argv, env=env, user=NOBODY if os.getuid() == 0 else None, log=self.log)
        self.connection = self._connect()
        for domain in self.connection.listAllDomains():
            domain.destroy()
            domain.undefine()
        for domain in self.domains:
            self.define(domain).create()
        os.rename(self.own_socket, self.socket)

    def _connect(self):
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                return libvirt.open(f"test+unix:///default?socket={self.own_socket}")
            except libvirt.libvirtError:
                if time.monotonic() > deadline or self.process.popen.poll() is not None:
                    raise RuntimeError("libvirtd does not start: " + self.process.log()) from None
                time.sleep(0.01)  # no event tells that it is ready

    def end(self, number=signal.SIGKILL):
        if self.process:
            self.process.end(number)
            self.process = None
        self.connection = None

    def restart(self):
        self.end()
        self.start()

    def go_on(self):
        """Continues it after SIGSTOP. If a client left meanwhile with calls under way, libvirtd 9.0 may crash, because
        two of its threads free that client's callbacks (remoteClientFreePrivateCallbacks). It is then started again."""
        self.process.send(signal.SIGCONT)
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, os.pidfd_open(self.process.pid), GLib.IOCondition.IN, self._on_end)

    def _on_end(self, pidfd, _condition):
        os.close(pidfd)
        if self.process and self.process.popen.poll() == -signal.SIGSEGV:
            print("libvirtd crashed after SIGCONT and is started again", file=sys.stderr)
            self.restart()
        return GLib.SOURCE_REMOVE

    def define(self, xml):
        return self.connection.defineXML(xml)

    def domain(self, name):
        return self.connection.lookupByName(name)

    def report(self, name, kernel, more=""):
        """Sets the metadata of a running domain, or removes it."""
        text = None if kernel is None else f"<guest><kernel>{kernel}</kernel>{more}</guest>"
        self.domain(name).setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, text, "compat", "urn:xenpv:compat:1",
                                      libvirt.VIR_DOMAIN_AFFECT_LIVE)


class Client:
    """A client of the bus. Records the signals of the daemon, in order."""

    def __init__(self, address):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self.signals = []
        self.owner = None
        self.bus.signal_subscribe(NAME, None, None, None, None, Gio.DBusSignalFlags.NONE, self._on_signal)
        self.watch = Gio.bus_watch_name_on_connection(self.bus, NAME, Gio.BusNameWatcherFlags.NONE,
                                                      lambda _bus, _name, owner: self._set_owner(owner),
                                                      lambda _bus, _name: self._set_owner(None))

    def _set_owner(self, owner):
        self.owner = owner

    def _on_signal(self, _bus, _sender, path, interface, member, parameters):
        self.signals.append((path, interface, member, parameters.unpack()))

    def end(self):
        Gio.bus_unwatch_name(self.watch)
        if not self.bus.is_closed():
            self.bus.close_sync(None)

    def wait_for(self, condition, what, timeout=TIMEOUT):
        """Runs the main loop until condition() is true, and returns what it returned."""
        context = GLib.MainContext.default()
        expired = []
        timer = GLib.timeout_add(int(timeout * 1000), lambda: expired.append(True) or GLib.SOURCE_REMOVE)
        try:
            while not (result := condition()):
                if expired:
                    raise AssertionError(f"waited {timeout} s in vain: {what}; signals: {self.signals[-10:]}")
                context.iteration(True)
            return result
        finally:
            if not expired:
                GLib.source_remove(timer)

    def call(self, path, interface, method, signature=None, *arguments, timeout=TIMEOUT):
        parameters = GLib.Variant(signature, arguments) if signature else None
        reply = self.bus.call_sync(NAME, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE,
                                   int(timeout * 1000), None)
        return reply.unpack()

    def manager(self, method, signature=None, *arguments):
        return self.call(ROOT, MANAGER, method, signature, *arguments)

    def host(self):
        return self.call(ROOT, PROPERTIES, "GetAll", "(s)", MANAGER)[0]

    def domains(self):
        """A dictionary from UUID to properties, by GetManagedObjects."""
        objects = self.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")[0]
        return {all_[DOMAIN]["Uuid"]: all_[DOMAIN] for all_ in objects.values() if DOMAIN in all_}

    def domain(self, uuid):
        return self.call(path_of(uuid), PROPERTIES, "GetAll", "(s)", DOMAIN)[0]

    def refresh(self):
        self.manager("Refresh")

    def changes(self, uuid):
        """The changed properties of a domain's PropertiesChanged signals, oldest first."""
        return [arguments[1] for path, interface, member, arguments in self.signals
                if path == path_of(uuid) and member == "PropertiesChanged" and arguments[0] == DOMAIN]

    def wait_for_change(self, uuid, **expected):
        """Waits until the last published value of each property is as expected."""
        def told():
            values = {}
            for change in self.changes(uuid):
                values.update(change)
            return all(values.get(name) == value for name, value in expected.items())
        self.wait_for(told, f"{uuid}: {expected}")

    def forget_signals(self):
        """Forgets all signals so far. The reply of a call may come before the main loop delivers earlier signals."""
        while GLib.MainContext.default().iteration(False):
            pass
        self.signals.clear()

    def members(self, name):
        """The arguments of all signals with a name."""
        return [arguments for _path, _interface, member, arguments in self.signals if member == name]


class TestCase(unittest.TestCase):
    """A folder and a bus for each test. All processes that a test starts end after it."""

    policies = ()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="xenpv-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.bus = Bus(self.folder, self.policies)
        self.addCleanup(self.bus.end)
        self.client = Client(self.bus.address)
        self.addCleanup(self.client.end)
        self.daemon = None
        self.runs = 0

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def libvirtd(self, *domains):
        folder = os.path.join(self.folder, "libvirt")
        os.mkdir(folder)
        libvirtd = Libvirtd(folder, list(domains), os.path.join(self.folder, "libvirtd.log"))
        self.addCleanup(libvirtd.end)
        return libvirtd

    def environment(self):
        return {"DBUS_SYSTEM_BUS_ADDRESS": self.bus.address}

    def launch(self, *options, env=None, runtime=True):
        """Starts the daemon without waiting."""
        self.runs += 1
        argv = [os.environ["XPV_DAEMON"], *options]
        if "--config" not in " ".join(options):
            argv += ["--config", self.write("empty.conf", "")]
        environment = dict(self.environment(), **(env or {}))
        if runtime:
            environment.setdefault("RUNTIME_DIRECTORY", os.path.join(self.folder, "run"))
            os.makedirs(environment["RUNTIME_DIRECTORY"], exist_ok=True)
        self.daemon = Process(argv, env=environment, log=os.path.join(self.folder, f"daemon-{self.runs}.log"))
        self.addCleanup(self.stop_daemon)
        return self.daemon

    def start(self, uri, *options, env=None):
        """Starts the daemon and waits for its bus name."""
        daemon = self.launch("--uri", uri, *options, env=env)
        self.client.wait_for(lambda: self.client.owner or daemon.popen.poll() is not None, "the bus name")
        if daemon.popen.poll() is not None:
            raise AssertionError("the daemon ended: " + daemon.log())
        return daemon

    def start_example(self, *options):
        return self.start("test://" + EXAMPLE_HOST, "--host-kernel=2.6.18-53.el5xen", "--host-processor=intel",
                          *options)

    def stop_daemon(self, number=signal.SIGTERM):
        """Ends the daemon, and fails if a sanitizer or valgrind has found an error."""
        if not self.daemon:
            return None
        daemon, self.daemon = self.daemon, None
        status = daemon.end(number)
        log = daemon.log()
        self.assertNotRegex(log, "AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error|CRITICAL|Assertion|"
                                 "==[0-9]+== ", log)
        return status

    def run_daemon(self, *options, env=None):
        """Runs the daemon until it ends by itself. Returns: exit status, standard error."""
        daemon = self.launch(*options, env=env)
        self.daemon = None
        return daemon.end(0), daemon.log()

    def ctl(self, *arguments, stdin=None, env=None, text=True):
        environment = {**os.environ, **self.environment(), **(env or {})}
        return subprocess.run([os.environ["XPV_CTL"], *arguments], env=environment, input=stdin,
                              capture_output=True, text=text, timeout=TIMEOUT, check=False)


def main():
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.skipped else 0)  # meson takes 77 for skipped
