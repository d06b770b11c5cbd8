# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests on a Xen host share: the daemon as it is installed there, seen through dom0's system bus and journal,
and guests that are driven through dom0's libvirt and xenstore. prove.py sets `host`."""
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

# On this host, x86_64 and AMD.
INCOMPATIBLE = "kernel-smp-2.4.21-50.EL.i686"
COMPATIBLE = "2.6.18-398.el5PAE"

TIMEOUT = 60

numbers = itertools.count(1)


# Says what libvirt tells of a domain's life, beginning when it listens.
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
    """Of dom0's libvirt."""
    return f"xen+unix:///system?socket={host.libvirt}"


def connect():
    return libvirt.open(uri())


class Guest:
    """A domain of dom0's libvirt, and what is done to it."""

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
        """Libvirt's, as it is now."""
        return connect().lookupByUUIDString(self.uuid)

    def start(self):
        self.domain().create()
        return self

    def id(self):
        return self.domain().ID()

    def store(self, key=""):
        """Where xenstore has it."""
        return f"/local/domain/{self.id()}/{key}".rstrip("/")

    def write(self, key, value, id=None):
        """As the guest would. `id`: while libvirt cannot be asked for it."""
        path = f"/local/domain/{id}/{key}" if id else self.store(key)
        host.run(shlex.join(["xenstore-write", path, value]))

    def set_metadata(self, content, flags):
        """As an administrator does. `flags`: of the run, of the configuration, or both."""
        self.domain().setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, f"<guest>{content}</guest>", "compat",
                                  "urn:xenpv:compat:1", flags)

    def listen(self, test):
        """Returns: what to read a line from for each event of its life from now on. Python loads libvirt where what the
        programs under test get preloaded does not find it."""
        listener = subprocess.Popen(["setpriv", "--pdeathsig=KILL", sys.executable, "-c", LISTENER, uri(), self.uuid],
                                    stdout=subprocess.PIPE, text=True, env={**os.environ, "LD_PRELOAD": ""})
        test.addCleanup(listener.stdout.close)
        test.addCleanup(listener.wait)
        test.addCleanup(listener.kill)
        test.assertEqual(listener.stdout.readline(), "listens\n")
        return listener.stdout

    def press_key(self):
        """A fully virtualized guest of ours reboots."""
        host.wait_for_console(f"(d{self.id()}) waits for a key")
        host.run(f"xl qemu-monitor-command {self.name} 'sendkey r'")

    def order(self, command):
        """A paravirtualized guest of ours runs this shell command."""
        self.write("data/order", command)

    def remove(self):
        """Whatever it is doing, and whether it is there."""
        for domain in connect().listAllDomains():
            if domain.UUIDString() == self.uuid:
                if domain.isActive():
                    domain.destroy()
                domain.undefine()


# Its disk has nothing but boot.s. What its guest would write to xenstore, dom0 can write.
FULLY_VIRTUALIZED = """<os><type arch='x86_64' machine='xenfv'>hvm</type><boot dev='hd'/></os>
    <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{self.disk}'/>
    <target dev='hda' bus='ide'/></disk></devices>"""
# What it prints there, its emulator writes.
SERIAL = "<serial type='file'><source path='{self.serial}'/><target port='0'/></serial>"
PARAVIRTUALIZED = """<os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>/root/guest/vmlinuz</kernel>
    <initrd>/root/guest/initrd.gz</initrd><cmdline>console=hvc0 loglevel=3 %s</cmdline></os>"""


class Guests:
    """Of a test, gone with it."""

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
        """Words of the kernel's command line: see guest-init."""
        return self.guest(PARAVIRTUALIZED % words, memory=128)


class TestCase(Guests, unittest.TestCase):
    """`client` is on dom0's system bus."""

    def setUp(self):
        self.client = harness.Client("unix:path=" + host.bus)
        self.addCleanup(self.client.end)
        self.client.wait_for(lambda: self.client.owner, "the bus name")

    def wait_for(self, guest, **expected):
        """Until the last that was told of the guest is this. Returns: all that is published of it."""
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
        """The signals about a guest."""
        return [arguments for arguments in self.client.members("IncompatibleDomain") if arguments[0] == guest.path]

    def configure(self, lines, how="reload"):
        """For this test."""
        self.addCleanup(host.run, f"rm -f {CONFIG}; systemctl {how} {UNIT}")
        host.run(f"printf '[xenpv-compatd]\\n{lines}\\n' >{CONFIG}; systemctl {how} {UNIT}")

    def drop_in(self, text):
        """For this test."""
        folder = f"/run/systemd/system/{UNIT}.d"
        restart = f"systemctl daemon-reload; systemctl restart {UNIT}"
        self.addCleanup(host.run, f"rm -r {folder}; {restart}")
        host.run(f"mkdir {folder}; cat >{folder}/test.conf; {restart}", input=text.encode())

    def wait_for_alerts(self, guest, number):
        self.client.wait_for(lambda: len(self.alerts(guest)) >= number, f"{number} alerts of {guest.name}", TIMEOUT)
        self.assertEqual(len(self.alerts(guest)), number)

    def wait_for_journal(self, *matches, text=""):
        """Until there is such an entry, with this text."""
        host.run(f"journalctl --follow --lines=all --output=cat {shlex.join(matches)} | grep -q -F '{text}'")

    def journal(self, guest, message_id):
        """What it says with that id of a guest."""
        host.run("journalctl --sync")
        lines = host.run(f"journalctl --output=json MESSAGE_ID={message_id} XENPV_DOMAIN_UUID={guest.uuid}")[1]
        return [json.loads(line) for line in lines.splitlines()]

    def assert_told(self, guest, alerts, cleared):
        """So many alerts and ends of alerts, in the journal and of the alerts also on the bus."""
        self.client.refresh()
        self.assertEqual((len(self.journal(guest, ALERT)), len(self.journal(guest, CLEARED))), (alerts, cleared))
        self.assertEqual(len(self.alerts(guest)), alerts)
