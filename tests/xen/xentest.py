# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shared by the tests on a Xen host. They see the installed daemon through dom0's system bus and journal, and control
guests through dom0's libvirt and xenstore. prove.py sets `host`."""
import itertools
import json
import os
import shlex
import subprocess
import sys
import unittest

import harness
import libvirt

host = None

UNIT = "xenpv-compatd.service"
CONFIG = "/etc/xenpv-compat/xenpv-compatd.conf"
ALERT = "8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21"
CLEARED = "3a7e2b9c41d84f6fb0c5d28e96a1f073"

# The verdicts on this host, which is x86_64 with an AMD processor.
INCOMPATIBLE = "kernel-smp-2.4.21-50.EL.i686"
COMPATIBLE = "2.6.18-398.el5PAE"

TIMEOUT = 60

numbers = itertools.count(1)


# Prints "listens", and then libvirt's lifecycle events of a domain.
LISTENER = """import libvirt, sys
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open(sys.argv[1])
connection.domainEventRegisterAny(connection.lookupByUUIDString(sys.argv[2]), libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                  lambda _connection, _domain, event, *_: print(event, flush=True), None)
print("listens", flush=True)
while True:
    libvirt.virEventRunDefaultImpl()
"""


def uri():
    """Returns: the URI of dom0's libvirt."""
    return f"xen+unix:///system?socket={host.libvirt}"


def connect():
    return libvirt.open(uri())


class Guest:
    """A domain of dom0's libvirt."""

    def __init__(self, os_xml, report=None, memory=32):
        number = next(numbers)
        self.name = f"guest-{number}"
        self.uuid = harness.uuid_of(number)
        self.path = harness.path_of(self.uuid)
        self.disk = f"/root/guest/{self.name}.img"
        self.serial = f"/var/log/xen/{self.name}-serial.log"
        metadata = f'<guest xmlns="urn:xenpv:compat:1"><kernel>{report}</kernel></guest>' if report else ""
        connect().defineXML(f"""<domain type='xen'><name>{self.name}</name><uuid>{self.uuid}</uuid>
            <memory unit='MiB'>{memory}</memory><metadata>{metadata}</metadata>{os_xml.format(self=self)}</domain>""")

    def domain(self):
        """Returns: libvirt's handle of the domain."""
        return connect().lookupByUUIDString(self.uuid)

    def start(self):
        self.domain().create()
        return self

    def id(self):
        return self.domain().ID()

    def store(self, key=""):
        """Returns: the path in xenstore of the domain, or of one of its keys."""
        return f"/local/domain/{self.id()}/{key}".rstrip("/")

    def write(self, key, value, id=None):
        """Writes a key as the guest would. `id`: the domain's id, if libvirt cannot be asked for it."""
        path = f"/local/domain/{id}/{key}" if id else self.store(key)
        host.run(shlex.join(["xenstore-write", path, value]))

    def set_metadata(self, content, flags):
        """Sets the metadata as an admin does. `flags`: for the run, the configuration, or both."""
        self.domain().setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, f"<guest>{content}</guest>", "compat",
                                  "urn:xenpv:compat:1", flags)

    def listen(self, test):
        """Returns: a file with a line for each lifecycle event from now on. LD_PRELOAD is emptied, because the
        preloaded library does not find the libvirt that Python loads."""
        listener = subprocess.Popen(["setpriv", "--pdeathsig=KILL", sys.executable, "-c", LISTENER, uri(), self.uuid],
                                    stdout=subprocess.PIPE, text=True, env={**os.environ, "LD_PRELOAD": ""})
        test.addCleanup(listener.stdout.close)
        test.addCleanup(listener.wait)
        test.addCleanup(listener.kill)
        test.assertEqual(listener.stdout.readline(), "listens\n")
        return listener.stdout

    def press_key(self):
        """Makes a guest with boot.s reboot."""
        host.wait_for_console(f"(d{self.id()}) waits for a key")
        host.run(f"xl qemu-monitor-command {self.name} 'sendkey r'")

    def order(self, command):
        """Makes a guest with guest-init run a shell command."""
        self.write("data/order", command)

    def remove(self):
        """Destroys and undefines the domain, if it exists."""
        for domain in connect().listAllDomains():
            if domain.UUIDString() == self.uuid:
                if domain.isActive():
                    domain.destroy()
                domain.undefine()


# The disk has only boot.s. dom0 writes to xenstore in the guest's place.
FULLY_VIRTUALIZED = """<os><type arch='x86_64' machine='xenfv'>hvm</type><boot dev='hd'/></os>
    <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{self.disk}'/>
    <target dev='hda' bus='ide'/></disk></devices>"""
# The guest's emulator writes its serial output to this file.
SERIAL = "<serial type='file'><source path='{self.serial}'/><target port='0'/></serial>"
PARAVIRTUALIZED = """<os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>/root/guest/vmlinuz</kernel>
    <initrd>/root/guest/initrd.gz</initrd><cmdline>console=hvc0 loglevel=3 %s</cmdline></os>"""


class Guests:
    """The guests of a test, which end with it."""

    def guest(self, os_xml, report=None, memory=32):
        guest = Guest(os_xml, report, memory)
        self.addCleanup(guest.remove)
        return guest

    def fully_virtualized(self, report=None, devices=""):
        guest = self.guest(FULLY_VIRTUALIZED.replace("</devices>", devices + "</devices>"), report)
        self.addCleanup(host.run, f"rm {guest.disk}")
        host.run(f"cp /root/guest/disk.img {guest.disk}")
        return guest

    def paravirtualized(self, words=""):
        """Makes a guest with guest-init. `words`: of the kernel's command line."""
        return self.guest(PARAVIRTUALIZED % words, memory=128)


class TestCase(Guests, unittest.TestCase):
    """A test whose `client` is on dom0's system bus."""

    def setUp(self):
        self.client = harness.Client("unix:path=" + host.bus)
        self.addCleanup(self.client.end)
        self.client.wait_for(lambda: self.client.owner, "the bus name")

    def wait_for(self, guest, **expected):
        """Waits until the last signals about the guest have these values. Returns: all of its properties."""
        def is_told():
            told = {}
            for path, _interface, member, arguments in self.client.signals:
                if path == guest.path and member == "PropertiesChanged":
                    told.update(arguments[1])
                elif member == "InterfacesAdded" and arguments[0] == guest.path:
                    told.update(arguments[1][harness.DOMAIN])
            return all(told.get(name) == value for name, value in expected.items())
        self.client.wait_for(is_told, f"{guest.name}: {expected}", TIMEOUT)
        return self.client.domain(guest.uuid)

    def alerts(self, guest):
        """Returns: the alert signals about a guest."""
        return [arguments for arguments in self.client.members("IncompatibleDomain") if arguments[0] == guest.path]

    def configure(self, lines, how="reload"):
        """Configures the daemon during this test."""
        self.addCleanup(host.run, f"rm -f {CONFIG}; systemctl {how} {UNIT}")
        host.run(f"printf '[xenpv-compatd]\\n{lines}\\n' >{CONFIG}; systemctl {how} {UNIT}")

    def drop_in(self, text):
        """Adds a drop-in to the daemon's unit during this test."""
        folder = f"/run/systemd/system/{UNIT}.d"
        restart = f"systemctl daemon-reload; systemctl restart {UNIT}"
        self.addCleanup(host.run, f"rm -r {folder}; {restart}")
        host.run(f"mkdir {folder}; cat >{folder}/test.conf; {restart}", input=text.encode())

    def wait_for_alerts(self, guest, number):
        self.client.wait_for(lambda: len(self.alerts(guest)) >= number, f"{number} alerts of {guest.name}", TIMEOUT)
        self.assertEqual(len(self.alerts(guest)), number)

    def wait_for_journal(self, *matches, text=""):
        """Waits until the journal has an entry that matches, with this text."""
        host.run(f"journalctl --follow --lines=all --output=cat {shlex.join(matches)} | grep -q -F '{text}'")

    def journal(self, guest, message_id):
        """Returns: the journal's entries about a guest with this message id."""
        host.run("journalctl --sync")
        lines = host.run(f"journalctl --output=json MESSAGE_ID={message_id} XENPV_DOMAIN_UUID={guest.uuid}")[1]
        return [json.loads(line) for line in lines.splitlines()]

    def assert_told(self, guest, alerts, cleared):
        """The journal has this many alerts and clearings of a guest, and the bus this many alerts."""
        self.client.refresh()
        self.assertEqual((len(self.journal(guest, ALERT)), len(self.journal(guest, CLEARED))), (alerts, cleared))
        self.assertEqual(len(self.alerts(guest)), alerts)
