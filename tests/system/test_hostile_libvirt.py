# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hostile libvirt server: a proxy changes the answers of a real libvirtd on their way to the daemon.

XPV_MUTATIONS says how many answers are changed, and XPV_SEED is the seed for it, which is printed. The daemon keeps
running whatever it is sent; when the answers are true again, it publishes the true values.
"""
import os
import random
import socket
import struct
import sys
import threading

import harness
import libvirt
from gi.repository import GLib
from harness import domain_xml, uuid_of

MUTATIONS = int(os.environ.get("XPV_MUTATIONS", "60"))
SEED = int(os.environ.get("XPV_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
COUNT = 12
KERNEL = "2.6.18-398.el5PAE"
WORDS = (0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000, 16384, 16385, 1 << 24)
LIST_ALL = 273


class Proxy:
    """Passes packets between a client and libvirtd. While it is armed, it changes some of those from libvirtd. A packet
    is seven words, length, program, version, procedure, type, serial and status, and then the procedure's data."""

    def __init__(self, path, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.is_armed = False
        self.done = {}  # kind of change → how often it was made
        self.past = []  # the last packets
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def end(self):
        self.listener.close()
        self.hang_up()

    def hang_up(self):
        for pair in self.pairs:
            for end in pair:
                end.close()
        self.pairs.clear()

    def count(self):
        return sum(self.done.values())

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
            except OSError:
                return
            self.pairs.append((client, server))
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._change, args=(server, client), daemon=True).start()

    @staticmethod
    def _shut(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _pass_on(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        self._shut(source, target)

    def _change(self, source, target):
        stream = source.makefile("rb")
        try:
            while head := stream.read(4):
                packet = head + stream.read(struct.unpack(">I", head)[0] - 4)
                with self.lock:
                    out = self.mutate(packet) if self.is_armed and self.random.random() < 0.15 else packet
                    self.past = (self.past + [packet])[-50:]
                target.sendall(out)
        except (OSError, ValueError, struct.error):
            pass
        self._shut(source, target)

    def mutate(self, packet):
        kinds = [self.flip, self.word, self.count_word, self.cut, self.cut_short, self.repeat, self.other, self.header]
        kind = self.random.choice(kinds)
        self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1
        return kind(bytearray(packet))

    def at(self, packet, begin, step=1):
        return self.random.randrange(begin, max(len(packet), begin + step), step)

    def flip(self, packet):
        for _ in range(self.random.choice((1, 1, 1, 8, 64))):
            packet[min(self.at(packet, 4), len(packet) - 1)] ^= 1 << self.random.randrange(8)
        return packet

    def word(self, packet):
        """Replaces four bytes anywhere in the procedure's data."""
        at = min(self.at(packet, 28, 4), len(packet) - 4)
        packet[at:at + 4] = struct.pack(">I", self.random.choice(WORDS))
        return packet

    def count_word(self, packet):
        """Replaces the first or the last word, where lists have their count and strings their length."""
        at = self.random.choice((28, len(packet) - 4)) if len(packet) >= 32 else 24
        packet[at:at + 4] = struct.pack(">I", self.random.choice(WORDS))
        return packet

    def cut(self, packet):
        short = packet[:max(28, self.at(packet, 28))]
        return struct.pack(">I", len(short)) + short[4:]

    def cut_short(self, packet):
        """Cuts the packet but not its length word, so the next packet is taken for the rest."""
        return packet[:self.at(packet, 4)]

    @staticmethod
    def repeat(packet):
        return packet + packet

    def other(self, packet):
        """Replaces the data by that of an earlier answer."""
        other = bytearray(self.random.choice(self.past or [bytes(packet)]))
        other[12:28] = packet[12:28]
        return other

    def header(self, packet):
        at = self.random.choice((4, 8, 12, 16, 20, 24))
        packet[at:at + 4] = struct.pack(">I", self.random.choice((0, 1, 2, 3, 5, LIST_ALL, 0xffffffff)))
        return packet


class Lies(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.virt = self.libvirtd(*(domain_xml(f"guest-{n}", n, KERNEL) for n in range(1, COUNT + 1)))
        path = os.path.join(self.folder, "hostile-sock")
        self.proxy = Proxy(path, self.virt.socket, SEED)
        self.addCleanup(self.proxy.end)
        self.uri = f"test+unix:///default?socket={path}"

    def stir(self):
        """Changes a domain's state and calls Refresh, so that libvirtd sends events and answers."""
        domain = self.virt.domain(f"guest-{self.proxy.random.randrange(1, COUNT + 1)}")
        if domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING:
            domain.suspend()
        else:
            domain.resume()
        self.client.bus.call(harness.NAME, harness.ROOT, harness.MANAGER, "Refresh", None, None, 0, -1, None, None)
        return GLib.SOURCE_CONTINUE

    def ask_until_refreshed(self):
        try:
            self.client.refresh()
        except GLib.Error:
            return False
        return self.client.host()["Connected"]

    def test_lies(self):
        print(f"XPV_SEED={SEED} XPV_MUTATIONS={MUTATIONS}", file=sys.stderr)
        # libvirt's client does not free an answer that it has decoded in part.
        daemon = self.start(self.uri, "--host-architecture=x86_64", "--call-timeout=1",
                            env={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"})
        pid = daemon.pid
        self.proxy.is_armed = True
        timer = GLib.timeout_add(100, self.stir)
        self.client.wait_for(lambda: self.proxy.count() >= MUTATIONS or daemon.popen.poll() is not None,
                             f"{MUTATIONS} lies, not {self.proxy.done}", timeout=20 * harness.TIMEOUT)
        GLib.source_remove(timer)
        self.proxy.is_armed = False
        self.proxy.hang_up()  # half-sent packets are never completed
        self.assertIsNone(daemon.popen.poll(), f"the daemon ended, seed {SEED}: {daemon.log()[-4000:]}")

        self.client.wait_for(self.ask_until_refreshed, "the truth", timeout=2 * harness.TIMEOUT)
        self.client.wait_for(lambda: not any(d["Stale"] for d in self.client.domains().values()), "all to be read")
        words = {libvirt.VIR_DOMAIN_RUNNING: "running", libvirt.VIR_DOMAIN_PAUSED: "paused"}
        self.client.refresh()
        self.assertEqual({d["Name"]: (d["Uuid"], d["State"], d["Kernel"]) for d in self.client.domains().values()},
                         {d.name(): (d.UUIDString(), words[d.state()[0]], KERNEL)
                          for d in self.virt.connection.listAllDomains()}, f"seed {SEED}")
        self.assertEqual(self.client.domain(uuid_of(1))["Verdict"], "compatible")
        self.assertEqual((daemon.pid, daemon.popen.poll()), (pid, None))
        print(f"{self.proxy.done}", file=sys.stderr)
        self.assertEqual(self.stop_daemon(), 0)


if __name__ == "__main__":
    harness.main()
